//! Numbers from text and to text, and the conversions of sprig (those of spf13/cast) and of gomplate.

use crate::template::Val;

/// Why text is no number, in the words of `strconv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumError {
    Syntax,
    Range,
}

impl NumError {
    pub(crate) fn text(self) -> &'static str {
        match self {
            NumError::Syntax => "invalid syntax",
            NumError::Range => "value out of range",
        }
    }
}

/// `strconv.ParseUint` for 64 bits. Base 0 takes the base from the prefix and allows underscores.
pub(crate) fn parse_uint(text: &str, base: u32) -> Result<u64, NumError> {
    if text.is_empty() {
        return Err(NumError::Syntax);
    }
    let (digits, radix) = if base == 0 { prefix(text) } else { (text, base) };
    if base == 0 && digits.contains('_') && !underscores_fit(text) {
        return Err(NumError::Syntax);
    }
    if !(2..=36).contains(&radix) || digits.is_empty() {
        return Err(NumError::Syntax);
    }
    let mut number: u64 = 0;
    let mut overflow = false;
    for digit in digits.chars() {
        if digit == '_' && base == 0 {
            continue;
        }
        let value = digit.to_digit(radix).ok_or(NumError::Syntax)?;
        match number.checked_mul(u64::from(radix)).and_then(|number| number.checked_add(u64::from(value))) {
            Some(next) => number = next,
            None => overflow = true,
        }
    }
    if overflow { Err(NumError::Range) } else { Ok(number) }
}

/// Digits and base of text with a prefix such as `0x`.
fn prefix(text: &str) -> (&str, u32) {
    let bytes = text.as_bytes();
    if bytes[0] != b'0' || bytes.len() == 1 {
        return (text, 10);
    }
    if bytes.len() >= 3 {
        match bytes[1].to_ascii_lowercase() {
            b'x' => return (&text[2..], 16),
            b'b' => return (&text[2..], 2),
            b'o' => return (&text[2..], 8),
            _ => {}
        }
    }
    (&text[1..], 8)
}

/// Underscores only between digits, or between the prefix and a digit.
fn underscores_fit(text: &str) -> bool {
    let mut previous = '^';
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (body, hex) = match text.as_bytes() {
        [b'0', b'x' | b'X' | b'b' | b'B' | b'o' | b'O', ..] => {
            previous = '0';
            (&text[2..], matches!(text.as_bytes()[1], b'x' | b'X'))
        }
        _ => (text, false),
    };
    for letter in body.chars() {
        if letter.is_ascii_digit() || hex && letter.is_ascii_hexdigit() {
            previous = '0';
        } else if letter == '_' {
            if previous != '0' {
                return false;
            }
            previous = '_';
        } else {
            if previous == '_' {
                return false;
            }
            previous = '!';
        }
    }
    previous != '_'
}

/// `strconv.ParseInt` for this many bits.
pub(crate) fn parse_int(text: &str, base: u32, bits: u32) -> Result<i64, NumError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let size = parse_uint(digits, base)?;
    let bits = if bits == 0 { 64 } else { bits.min(64) };
    let limit = 1_u64 << (bits - 1);
    match (negative, size) {
        (true, size) if size <= limit => Ok(0_i64.wrapping_sub_unsigned(size)),
        (false, size) if size < limit => i64::try_from(size).map_err(|_| NumError::Range),
        _ => Err(NumError::Range),
    }
}

/// What Go's lenient wrappers give: zero for no number, the nearest one for a number that is too large.
pub(crate) fn parse_int_or_nearest(text: &str, base: u32, bits: u32) -> i64 {
    match parse_int(text, base, bits) {
        Ok(number) => number,
        Err(NumError::Syntax) => 0,
        Err(NumError::Range) => {
            let bits = if bits == 0 { 64 } else { bits.min(64) };
            let limit = 1_i128 << (bits - 1);
            let nearest = if text.starts_with('-') { -limit } else { limit - 1 };
            i64::try_from(nearest).unwrap_or(i64::MAX)
        }
    }
}

/// `strconv.ParseFloat`. Hexadecimal floats are not read.
pub(crate) fn parse_float(text: &str) -> Result<f64, NumError> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = bare.to_ascii_lowercase();
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match lower.as_str() {
        "inf" | "infinity" => return Ok(f64::INFINITY * sign),
        "nan" if bare.len() == text.len() => return Ok(f64::NAN),
        _ => {}
    }
    let joined;
    let (text, bare) = if bare.contains('_') {
        if !underscores_fit(text) {
            return Err(NumError::Syntax);
        }
        joined = text.replace('_', "");
        (joined.as_str(), joined.as_str().trim_start_matches(['+', '-']))
    } else {
        (text, bare)
    };
    if !bare.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return Err(NumError::Syntax);
    }
    let number: f64 = text.parse().map_err(|_| NumError::Syntax)?;
    if number.is_infinite() { Err(NumError::Range) } else { Ok(number) }
}

/// Go's conversion of a float to `int64` on the usual machines: what does not fit becomes the smallest number.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the range is checked before")]
pub(crate) fn truncate(number: f64) -> i64 {
    if number >= i64::MIN as f64 && number < -(i64::MIN as f64) { number as i64 } else { i64::MIN }
}

#[allow(clippy::cast_precision_loss, reason = "that is what the conversion is")]
pub(crate) fn float_of(number: i64) -> f64 {
    number as f64
}

#[allow(clippy::cast_precision_loss, reason = "that is what the conversion is")]
fn float_of_unsigned(number: u64) -> f64 {
    number as f64
}

/// `cast.ToInt64`: what cannot be converted is zero.
pub(crate) fn to_int64(val: &Val) -> i64 {
    match val {
        Val::Bool(flag) => i64::from(*flag),
        Val::Int(number) | Val::Int64(number) => *number,
        Val::UInt(number) => number.cast_signed(),
        Val::Byte(number) => i64::from(*number),
        Val::Float(number) => truncate(*number),
        Val::String(text) if !text.is_empty() => parse_int(whole_part(text), 0, 64).unwrap_or(0),
        Val::Object(_) => underlying(val).unwrap_or(0),
        _ => 0,
    }
}

/// The integer behind a named type, such as the nanoseconds of a duration.
fn underlying(val: &Val) -> Option<i64> {
    val.as_object::<super::duration::GoDuration>().map(|duration| duration.0)
}

/// The digits before the point of a plain decimal number; all other text as it is.
fn whole_part(text: &str) -> &str {
    let Some((whole, fraction)) = text.split_once('.') else { return text };
    let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(digits) || !plain(fraction) {
        return text;
    }
    if digits.is_empty() { "0" } else { whole }
}

/// `cast.ToFloat64`.
pub(crate) fn to_float64(val: &Val) -> f64 {
    match val {
        Val::Bool(flag) => f64::from(u8::from(*flag)),
        Val::Int(number) | Val::Int64(number) => float_of(*number),
        Val::UInt(number) => float_of_unsigned(*number),
        Val::Byte(number) => f64::from(*number),
        Val::Float(number) => *number,
        Val::String(text) => parse_float(text).unwrap_or(0.0),
        Val::Object(_) => underlying(val).map_or(0.0, float_of),
        _ => 0.0,
    }
}

/// gomplate's `conv.ToInt64`: thousands separators are dropped, and floats in text count.
pub(crate) fn conv_int64(val: &Val) -> i64 {
    match val {
        Val::String(text) => {
            let text = text.replace(',', "");
            parse_int(&text, 0, 64).unwrap_or_else(|_| parse_float(&text).map_or(0, truncate))
        }
        Val::Int(_) | Val::Int64(_) | Val::UInt(_) | Val::Byte(_) | Val::Float(_) | Val::Bool(_) | Val::Object(_) => {
            to_int64(val)
        }
        _ => 0,
    }
}

/// gomplate's `conv.ToFloat64`.
pub(crate) fn conv_float64(val: &Val) -> f64 {
    match val {
        Val::String(text) => {
            let text = text.replace(',', "");
            parse_int(&text, 0, 64).map_or_else(|_| parse_float(&text).unwrap_or(0.0), float_of)
        }
        other => to_float64(other),
    }
}

/// gomplate's `conv.ToBool`.
pub(crate) fn conv_bool(val: &Val) -> bool {
    match val {
        Val::Bool(flag) => *flag,
        Val::String(text) => {
            let text = text.to_lowercase();
            #[allow(clippy::float_cmp, reason = "exactly one is asked for")]
            let one = || conv_float64(&Val::text(text.as_str())) == 1.0;
            matches!(text.as_str(), "1" | "t" | "true" | "yes") || one()
        }
        Val::Int(number) | Val::Int64(number) => *number == 1,
        Val::UInt(number) => *number == 1,
        Val::Byte(number) => *number == 1,
        #[allow(clippy::float_cmp, reason = "exactly one is asked for")]
        Val::Float(number) => *number == 1.0,
        Val::Object(_) => underlying(val) == Some(1),
        _ => false,
    }
}
