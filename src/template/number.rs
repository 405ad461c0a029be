//! Number and character constants, in all the forms of Go.

use super::ast::Number;
use super::format::{quote, unquote_char};

/// A number constant.
///
/// # Errors
/// The words in which Go says that it is none.
pub(super) fn number(text: &str) -> Result<Number, String> {
    if text.ends_with('i') && !is_hex(text) {
        return Err(format!("imaginary numbers are not supported: {}", quote(text)));
    }
    let unsigned = parse_unsigned(text);
    let int = parse_signed(text);
    let mut number = Number { written: text.into(), int, float: None, is_float: false };
    if let Some(int) = int {
        number.float = Some(to_float(i128::from(int)));
    } else if let Some(unsigned) = unsigned {
        number.float = Some(to_float(i128::from(unsigned)));
    } else if let Some(float) = parse_float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", quote(text)));
        }
        number.float = Some(float);
        number.int = whole(float);
    }
    if number.float.is_none() {
        return Err(format!("illegal number syntax: {}", quote(text)));
    }
    let hex = text.len() > 2 && (text.starts_with("0x") || text.starts_with("0X")) && !text.contains(['p', 'P']);
    number.is_float = !hex && text.contains(['.', 'e', 'E', 'p', 'P']);
    Ok(number)
}

/// A character constant with its quotes: the number of the character.
///
/// # Errors
/// The words in which Go says that it is none.
pub(super) fn character(text: &str) -> Result<Number, String> {
    let (code, rest) = unquote_char(&text[1..], '\'').ok_or("invalid syntax")?;
    if rest != "'" {
        return Err(format!("malformed character constant: {text}"));
    }
    let int = i64::from(code.code());
    Ok(Number { written: text.into(), int: Some(int), float: Some(to_float(i128::from(int))), is_float: false })
}

#[expect(clippy::cast_precision_loss, reason = "a constant that is asked for as a float becomes the nearest one")]
fn to_float(int: i128) -> f64 {
    int as f64
}

/// The integer that a float is, where it is one.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float))
        .then_some(float as i64)
}

fn is_hex(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.starts_with("0x") || digits.starts_with("0X")
}

/// Go's `ParseUint` with base 0: prefixes and underscores, no sign.
fn parse_unsigned(text: &str) -> Option<u64> {
    if !underscores_fit(text) {
        return None;
    }
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'o' | b'O', ..] => (&text[2..], 8),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    let digits = digits.replace('_', "");
    // The standard library would accept a sign here.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u64::from_str_radix(&digits, radix).ok()).flatten()
}

fn parse_signed(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = parse_unsigned(digits)?;
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Underscores only between digits, or between a prefix and the first digit.
fn underscores_fit(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let hex = is_hex(text);
    let (mut last, rest) = match text.as_bytes() {
        [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..] => (b'0', &text[2..]),
        _ => (b'^', text),
    };
    for byte in rest.bytes() {
        if byte.is_ascii_digit() || hex && byte.is_ascii_hexdigit() {
            last = b'0';
        } else if byte == b'_' {
            if last != b'0' {
                return false;
            }
            last = b'_';
        } else {
            if last == b'_' {
                return false;
            }
            last = b'!';
        }
    }
    last != b'_'
}

fn parse_float(text: &str) -> Option<f64> {
    if !underscores_fit(text) {
        return None;
    }
    let plain = text.replace('_', "");
    if is_hex(&plain) {
        return parse_hex_float(&plain);
    }
    let fits = plain.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    fits.then(|| plain.parse::<f64>().ok()).flatten().filter(|float| float.is_finite())
}

/// `0x1.8p3`; the exponent is required. More digits than a float holds are cut.
fn parse_hex_float(text: &str) -> Option<f64> {
    let negative = text.starts_with('-');
    let digits = &text.trim_start_matches(['+', '-'])[2..];
    let (mantissa, exponent) = digits.split_once(['p', 'P'])?;
    let mut exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for (index, c) in whole.chars().chain(fraction.chars()).enumerate() {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
        if index >= whole.len() {
            exponent = exponent.checked_sub(4)?;
        }
    }
    let value = value * 2.0_f64.powi(exponent);
    value.is_finite().then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_base() {
        for (text, expected) in [
            ("0", 0),
            ("1_000", 1000),
            ("0x_FF", 255),
            ("0X1e", 30),
            ("017", 15),
            ("0o17", 15),
            ("0b101", 5),
            ("-0x10", -16),
            ("+3", 3),
            ("-9223372036854775808", i64::MIN),
        ] {
            let number = number(text).unwrap();
            assert_eq!((number.int, number.is_float), (Some(expected), false), "{text}");
        }
    }

    #[test]
    fn floats_know_whether_they_are_whole() {
        for (text, float, int) in
            [("1.0", 1.0, Some(1)), ("1e3", 1000.0, Some(1000)), (".5", 0.5, None), ("0x1.8p1", 3.0, Some(3))]
        {
            let number = number(text).unwrap();
            assert_eq!((number.float, number.int, number.is_float), (Some(float), int, true), "{text}");
        }
    }

    #[test]
    fn wrong_numbers_are_refused() {
        for text in ["1__0", "_1", "1_", "08", "0x", "1.2.3", "1e", "1e999", "18446744073709551616", "1i", "+-1"] {
            assert!(number(text).is_err(), "{text}");
        }
    }
}
