//! `random.` and `uuid.`.

use super::super::golang::left_out::left_out;
use super::super::golang::{args, chance, number, regex, text};
use super::coll;
use crate::template::{Call, Function, Param, Problem, Val};

const A: Param = Param::Any;

pub(super) static RANDOM: &[Function] = &[
    Function::new("ASCII", &[A], |call, args| characters(call, &args[0], &(' '..='~').collect::<Vec<_>>())),
    Function::new("Alpha", &[A], |call, args| characters(call, &args[0], &ascii(char::is_ascii_alphabetic))),
    Function::new("AlphaNum", &[A], |call, args| characters(call, &args[0], &ascii(char::is_ascii_alphanumeric))),
    Function::variadic("String", &[A], A, string),
    Function::new("Item", &[A], |call, args| {
        let items = coll::items(&args[0])?;
        if items.is_empty() {
            return Err(Problem::new("expected a non-empty array or slice"));
        }
        let index = chance::index(call, items.len())?;
        Ok(items[index].clone())
    }),
    Function::variadic("Number", &[], A, random_number),
    Function::variadic("Float", &[], A, |call, args| {
        let (min, max) = match args {
            [max] => (0.0, number::conv_float64(max)),
            [min, max] => (number::conv_float64(min), number::conv_float64(max)),
            _ => (0.0, 1.0),
        };
        let part = chance::below(call, 1 << 53)?;
        #[allow(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
        let part = part as f64 / (1_u64 << 53) as f64;
        Ok(Val::Float(min + part * (max - min)))
    }),
];

fn ascii(keep: fn(&char) -> bool) -> Vec<char> {
    (' '..='~').filter(keep).collect()
}

fn characters(call: &mut Call<'_>, count: &Val, set: &[char]) -> Result<Val, Problem> {
    let count = number::conv_int64(count);
    if count < 0 {
        return Err(args::out_of_range("makeslice: len out of range"));
    }
    Ok(Val::from(chance::text(call, args::length(count), set)?))
}

/// `random.String count [pattern | lower upper]`.
fn string(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    if number::conv_int64(&args[0]) == 0 {
        return Err(Problem::new("count must be greater than 0"));
    }
    let set = match args {
        [_, pattern] => {
            let pattern = text::conv(pattern)?;
            let regex = regex::compile(&pattern)?;
            let mut letter_text = [0; 4];
            printable('\0', char::MAX).filter(|letter| regex.is_match(letter.encode_utf8(&mut letter_text))).collect()
        }
        [_, lower, upper] => {
            let (lower, upper) = bounds(lower, upper)?;
            let set: Vec<char> = printable(lower, upper).collect();
            if set.is_empty() {
                let (lower, upper) = (u32::from(lower), u32::from(upper));
                return Err(Problem::new(format!(
                    "no printable codepoints found between U+{lower:04X} and U+{upper:04X}"
                )));
            }
            set
        }
        _ => {
            let mut set = ascii(char::is_ascii_alphanumeric);
            set.extend(['-', '.', '_']);
            set
        }
    };
    if set.is_empty() {
        return Err(Problem::new("no printable character matches the pattern"));
    }
    characters(call, &args[0], &set)
}

fn printable(lower: char, upper: char) -> impl Iterator<Item = char> {
    (lower..=upper).filter(|letter| text::is_print(*letter))
}

/// Two characters, or two code points in figures.
fn bounds(lower: &Val, upper: &Val) -> Result<(char, char), Problem> {
    let single = |val: &Val| {
        let text = val.as_str()?;
        let mut letters = text.chars();
        letters.next().filter(|_| letters.next().is_none())
    };
    if let (Some(lower), Some(upper)) = (single(lower), single(upper)) {
        return Ok((lower, upper));
    }
    let code = |val: &Val| {
        let code = match val {
            Val::String(text) => number::parse_int(text, 0, 32).map_err(|error| {
                let quoted = text::quote(text);
                Problem::new(format!("strconv.ParseInt: parsing {quoted}: {}", error.text()))
            })?,
            other => number::conv_int64(other),
        };
        let letter = u32::try_from(code).ok().and_then(char::from_u32);
        letter.ok_or_else(|| Problem::new(format!("{code} is no character")))
    };
    Ok((code(lower)?, code(upper)?))
}

fn random_number(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (min, max) = match args {
        [max] => (0, number::conv_int64(max)),
        [min, max] => (number::conv_int64(min), number::conv_int64(max)),
        _ => (0, 100),
    };
    if min > max {
        return Err(Problem::new(format!("min must not be greater than max (was {min}, {max})")));
    }
    let min = min.max(i64::MIN + 1);
    let spread = max.wrapping_sub(min);
    if spread >= i64::MAX >> 1 {
        return Err(Problem::new(format!(
            "spread between min and max too high - must not be greater than 63-bit maximum ({max} - {min} = {spread})"
        )));
    }
    let limit = spread.unsigned_abs() + 1;
    Ok(Val::Int64(min.wrapping_add_unsigned(chance::below(call, limit)?)))
}

pub(super) static UUID: &[Function] = &[
    left_out!("V1" as "uuid.V1"),
    Function::new("V4", &[], |call, _| Ok(Val::from(chance::uuid(call)?))),
    Function::new("Nil", &[], |_, _| Ok(Val::from(chance::uuid_text([0; 16])))),
    Function::new("IsValid", &[A], |_, args| Ok(Val::Bool(parse(&text::conv(&args[0])?).is_ok()))),
    Function::new("Parse", &[A], |_, args| Ok(Val::from(parse(&text::conv(&args[0])?).map_err(Problem::new)?))),
];

/// The usual spelling of an identifier in any of its four spellings.
fn parse(whole: &str) -> Result<String, String> {
    let invalid = || "invalid UUID format".to_owned();
    let body = match whole.len() {
        36 => whole,
        45 => {
            let prefix = whole.get(..9).ok_or_else(invalid)?;
            if !prefix.eq_ignore_ascii_case("urn:uuid:") {
                return Err(format!("invalid urn prefix: {}", text::quote(prefix)));
            }
            &whole[9..]
        }
        38 => whole.get(1..37).ok_or_else(invalid)?,
        32 => {
            if !whole.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(invalid());
            }
            let lower = whole.to_ascii_lowercase();
            return Ok([&lower[..8], &lower[8..12], &lower[12..16], &lower[16..20], &lower[20..]].join("-"));
        }
        length => return Err(format!("invalid UUID length: {length}")),
    };
    let fits = body.bytes().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    if fits { Ok(body.to_ascii_lowercase()) } else { Err(invalid()) }
}
