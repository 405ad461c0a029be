//! Numbers in their text form.

/// How an integer was written, which its results keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Decimal,
    Octal,
    Hexadecimal,
}

/// Decimal, `0x` and `0o` integers with a sign and underscores.
pub(super) fn integer(text: &str) -> Option<(Base, i64)> {
    let plain = if text.contains('_') { text.replace('_', "") } else { text.to_owned() };
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let sign = &plain[..plain.len() - digits.len()];
    let parse = |digits: &str, radix| {
        let unsigned = digits.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        i64::from_str_radix(&format!("{sign}{digits}"), radix).ok().filter(|_| unsigned)
    };
    if let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return parse(digits, 16).map(|number| (Base::Hexadecimal, number));
    }
    if let Some(digits) = digits.strip_prefix("0o") {
        return parse(digits, 8).map(|number| (Base::Octal, number));
    }
    parse(digits, 10).map(|number| (Base::Decimal, number))
}

pub(super) fn integer_text(base: Base, number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let magnitude = number.unsigned_abs();
    match base {
        Base::Decimal => number.to_string(),
        Base::Octal => format!("0o{sign}{magnitude:o}"),
        Base::Hexadecimal => {
            if number < 0 {
                format!("-0x{magnitude:X}")
            } else {
                format!("0x{magnitude:X}")
            }
        }
    }
}

/// A decimal float, or an infinity in the spelling of YAML or of [`float_text`].
pub(super) fn float(text: &str) -> Option<f64> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        _ => text.parse().ok(),
    }
}

/// Shortest text of a float; very large and very small ones with an exponent.
pub(super) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..21).contains(&power) {
        return format!("{number}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_three_bases() {
        for (text, expected) in [
            ("12", Some((Base::Decimal, 12))),
            ("-0x1F", Some((Base::Hexadecimal, -31))),
            ("0o17", Some((Base::Octal, 15))),
            ("1_000", Some((Base::Decimal, 1000))),
            ("+5", Some((Base::Decimal, 5))),
            ("--5", None),
            ("1.5", None),
            ("", None),
            ("0x", None),
            ("9223372036854775808", None),
        ] {
            assert_eq!(integer(text), expected, "{text}");
        }
        assert_eq!(integer_text(Base::Hexadecimal, 31), "0x1F");
        assert_eq!(integer_text(Base::Decimal, i64::MIN), i64::MIN.to_string());
    }

    #[test]
    fn floats_are_short() {
        for (number, text) in
            [(2.0, "2"), (0.1, "0.1"), (1e21, "1e+21"), (1e-5, "1e-05"), (123_456_789.5, "123456789.5")]
        {
            assert_eq!(float_text(number), text);
        }
    }
}
