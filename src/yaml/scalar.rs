//! Types of plain scalars, by the rules of the reference: neither YAML 1.1 (`yes` is text) nor the 1.2 core schema
//! (`010` is octal, `1_000` is a number).

use std::sync::Arc;

use crate::value::Value;

/// The value of an untagged plain scalar.
pub fn resolve(text: &str) -> Value {
    word(text).or_else(|| number(text)).unwrap_or_else(|| Value::String(Arc::from(text)))
}

/// The value of a scalar with a core tag (`!!int "5"`); `None` when the text does not fit the tag.
pub(super) fn tagged(tag: &str, text: &str) -> Option<Value> {
    let value = resolve(text);
    match (tag, value) {
        ("str" | "timestamp", _) => Some(Value::String(Arc::from(text))),
        ("binary", _) => binary(text),
        ("null", Value::Null) => Some(Value::Null),
        ("bool", value @ Value::Bool(_))
        | ("int", value @ (Value::Int(_) | Value::UInt(_)))
        | ("float", value @ Value::Float(_)) => Some(value),
        #[expect(clippy::cast_precision_loss, reason = "a number tagged as float is asked to be one")]
        ("float", Value::Int(number)) => Some(Value::Float(number as f64)),
        #[expect(clippy::cast_precision_loss, reason = "a number tagged as float is asked to be one")]
        ("float", Value::UInt(number)) => Some(Value::Float(number as f64)),
        _ => None,
    }
}

/// Whether an untagged plain scalar is text by its first letter and what it is not.
pub(super) fn is_text(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && word(text).is_none()
}

/// True when a string must be quoted in output, because this text in plain form would be read as another type, by us
/// or by a YAML 1.1 reader.
pub(super) fn is_ambiguous(text: &str) -> bool {
    !matches!(resolve(text), Value::String(_))
        || matches!(text, "<<")
        || is_old_bool(text)
        || is_sexagesimal(text)
        || is_timestamp(text)
}

fn word(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(text: &str) -> Option<Value> {
    let first = *text.as_bytes().first()?;
    if first == b'.' {
        return float(text);
    }
    if !(first.is_ascii_digit() || first == b'+' || first == b'-') {
        return None;
    }
    if text.contains('_') {
        let plain = text.replace('_', "");
        return integer(&plain).or_else(|| float(&plain));
    }
    integer(text).or_else(|| float(text))
}

/// Decimal, `0x`, `0o`, `0b` and `0`-prefixed octal, with a sign.
fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // A second sign would be accepted by the parser of the standard library.
    if !digits.bytes().next()?.is_ascii_hexdigit() {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Value::Int);
    }
    Some(i64::try_from(magnitude).map_or(Value::UInt(magnitude), Value::Int))
}

/// Digits with an optional point and exponent; a number too large for a float is text.
fn float(text: &str) -> Option<Value> {
    is_float_form(text)
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .filter(|number| number.is_finite())
        .map(Value::Float)
}

fn is_float_form(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    mantissa_fits
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

fn binary(text: &str) -> Option<Value> {
    use base64::Engine as _;
    let compact: String = text.split_ascii_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact).ok()?;
    String::from_utf8(bytes).ok().map(|text| Value::String(Arc::from(text)))
}

fn is_old_bool(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF"
    )
}

/// `12:30:45`: a number to base 60 in YAML 1.1.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut groups = unsigned.split(':');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let head_fits = groups.next().is_some_and(|head| head.starts_with(|c: char| c.is_ascii_digit()) && digits(head));
    let rest: Vec<&str> = groups.collect();
    let Some((last, middle)) = rest.split_last() else { return false };
    let group = |text: &str| matches!(text.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
    head_fits && middle.iter().all(|text| group(text)) && group(last) && digits(fraction)
}

/// `2001-01-01`, with or without a time of day.
/// Whether a reader with timestamps takes the text for one: `2006-1-2`, `2006-1-2 15:4:5.9`, `2006-1-2T15:4:5.9Z` with
/// `Z` or an offset. Days and times have to exist.
pub(super) fn is_date(text: &str) -> bool {
    if text.as_bytes().get(4) != Some(&b'-') || !text.is_ascii() {
        return false;
    }
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((text.as_bytes()[at], &text[at + 1..]))),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4, 4), digits(month, 1, 2), digits(day, 1, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
        && match time {
            None => true,
            Some((b' ', time)) => is_clock(time),
            Some((_, time)) => match time.strip_suffix('Z') {
                Some(time) => is_clock(time),
                None => time.rfind(['+', '-']).is_some_and(|at| is_clock(&time[..at]) && is_offset(&time[at + 1..])),
            },
        }
}

fn digits(text: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn is_clock(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let parts: Vec<Option<u32>> = whole.split(':').map(|part| digits(part, 1, 2)).collect();
    matches!(parts.as_slice(), [Some(0..=23), Some(0..=59), Some(0..=59)])
        && fraction.is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_offset(text: &str) -> bool {
    let parts: Vec<Option<u32>> = text.split(':').map(|part| digits(part, 2, 2)).collect();
    matches!(parts.as_slice(), [Some(0..=24), Some(0..=60)])
}

fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return false;
    }
    let mut parts = text[5..].splitn(2, '-');
    let month = parts.next().unwrap_or_default();
    let rest = parts.next().unwrap_or_default();
    let day_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let time = &rest[day_end..];
    matches!(month.len(), 1..=2)
        && month.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(day_end, 1..=2)
        && (time.is_empty() || time.starts_with(['T', 't', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Value {
        Value::String(Arc::from(value))
    }

    #[test]
    fn dates_have_the_forms_of_the_reference() {
        for date in [
            "2024-01-01",
            "2024-1-2",
            "2024-02-29",
            "2021-01-02T03:04:05Z",
            "2021-01-02t3:4:5.25Z",
            "2021-01-02T03:04:05+01:00",
            "2021-01-02 03:04:05.9",
        ] {
            assert!(is_date(date), "{date}");
        }
        for other in [
            "2024-13-01",
            "2023-02-29",
            "24-01-01",
            "2024-01",
            "2024-01-01-",
            "2021-01-02T03:04:05",
            "2021-01-02 03:04:05Z",
            "2021-01-02T25:04:05Z",
            "2024-01-01x",
            "",
        ] {
            assert!(!is_date(other), "{other}");
        }
    }

    #[test]
    fn plain_scalars_get_the_types_of_the_reference() {
        let table = [
            ("yes", text("yes")),
            ("On", text("On")),
            ("y", text("y")),
            ("true", Value::Bool(true)),
            ("TRUE", Value::Bool(true)),
            ("tRUE", text("tRUE")),
            ("~", Value::Null),
            ("Null", Value::Null),
            ("", Value::Null),
            ("1_000", Value::Int(1000)),
            ("1__0", Value::Int(10)),
            ("_1", text("_1")),
            ("12:30:45", text("12:30:45")),
            ("0777", Value::Int(511)),
            ("010", Value::Int(8)),
            ("0", Value::Int(0)),
            ("-0", Value::Int(0)),
            ("00", Value::Int(0)),
            ("0o17", Value::Int(15)),
            ("0b11", Value::Int(3)),
            ("0x1F", Value::Int(31)),
            ("-0x1F", Value::Int(-31)),
            ("08", Value::Float(8.0)),
            ("0x", text("0x")),
            ("0b2", text("0b2")),
            ("+5", Value::Int(5)),
            ("--5", text("--5")),
            ("+-5", text("+-5")),
            ("1.0", Value::Float(1.0)),
            (".5", Value::Float(0.5)),
            ("1.", Value::Float(1.0)),
            (".", text(".")),
            ("1e3", Value::Float(1000.0)),
            ("1e", text("1e")),
            ("1e999", text("1e999")),
            ("12345678901234567890", Value::UInt(12_345_678_901_234_567_890)),
            ("-9223372036854775808", Value::Int(i64::MIN)),
            ("99999999999999999999999", Value::Float(1e23)),
            ("012345678901", Value::Float(12_345_678_901.0)),
            (".inf", Value::Float(f64::INFINITY)),
            ("-.Inf", Value::Float(f64::NEG_INFINITY)),
            ("inf", text("inf")),
            ("2001-01-01", text("2001-01-01")),
            ("1.2.3", text("1.2.3")),
            ("10.0.0.0/16", text("10.0.0.0/16")),
            ("-", text("-")),
            ("1a", text("1a")),
        ];
        for (plain, expected) in table {
            assert_eq!(resolve(plain), expected, "{plain}");
        }
    }

    #[test]
    fn core_tags_force_a_type() {
        for (tag, plain, expected) in [
            ("str", "5", Some(text("5"))),
            ("int", "5", Some(Value::Int(5))),
            ("float", "3", Some(Value::Float(3.0))),
            ("bool", "true", Some(Value::Bool(true))),
            ("null", "", Some(Value::Null)),
            ("int", "abc", None),
            ("binary", "aGVs\n bG8=", Some(text("hello"))),
            ("timestamp", "2001-01-01", Some(text("2001-01-01"))),
        ] {
            assert_eq!(tagged(tag, plain), expected, "!!{tag} {plain}");
        }
    }

    #[test]
    fn ambiguous_strings_are_known() {
        for plain in ["", "true", "1.0", "y", "Off", "12:30:45", "1:5.5", "2001-01-01", "2001-1-1 10:00", "<<", "~"] {
            assert!(is_ambiguous(plain), "{plain}");
        }
        for plain in ["yess", "12:99", "2001-0101", "a", "10.0.0.0/8", "1.2.3", "a:b", "2001-01-01x"] {
            assert!(!is_ambiguous(plain), "{plain}");
        }
    }
}
