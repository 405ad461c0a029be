//! `base64.`, `regexp.` and `test.`.

use super::super::golang::{args, base, number, regex, text};
use super::crypto::{byte_list, bytes};
use crate::template::{Call, Function, Param, Problem, Val};

const A: Param = Param::Any;
const RAW: Param = Param::Raw;

pub(super) static BASE64: &[Function] = &[
    Function::new("Encode", &[A], |_, args| Ok(Val::from(base::encode64(&bytes(&args[0])?)))),
    Function::new("Decode", &[A], |_, args| args::utf8(decoded(&args[0])?)),
    Function::new("DecodeBytes", &[A], |_, args| Ok(byte_list(&decoded(&args[0])?))),
];

/// Either alphabet; the error is that of the alphabet of URLs.
fn decoded(val: &Val) -> Result<Vec<u8>, Problem> {
    let whole = text::conv(val)?;
    base::decode64(&whole, false).or_else(|_| base::decode64(&whole, true)).map_err(Problem::new)
}

pub(super) static REGEXP: &[Function] = &[
    Function::new("Find", &[A, A], |_, args| {
        let regex = regex::compile(&text::conv(&args[0])?)?;
        Ok(Val::from(regex.find(&text::conv(&args[1])?).map_or("", |found| found.as_str())))
    }),
    Function::variadic("FindAll", &[], A, |call, args| {
        let (pattern, limit, input) = with_limit(args)?;
        call.allow(input.len().saturating_mul(16))?;
        Ok(regex::find_all(&regex::compile(&pattern)?, &input, limit))
    }),
    Function::new("Match", &[A, A], |_, args| {
        let regex = regex::must_compile(&text::conv(&args[0])?)?;
        Ok(Val::Bool(regex.is_match(&text::conv(&args[1])?)))
    }),
    Function::new("QuoteMeta", &[A], |_, args| Ok(Val::from(regex::quote_meta(&text::conv(&args[0])?)))),
    Function::new("Replace", &[A, A, A], |call, args| {
        let regex = regex::must_compile(&text::conv(&args[0])?)?;
        let (replacement, input) = replacement(call, args)?;
        Ok(Val::from(regex::replace(&regex, &input, &replacement)))
    }),
    Function::new("ReplaceLiteral", &[A, A, A], |call, args| {
        let regex = regex::compile(&text::conv(&args[0])?)?;
        let (replacement, input) = replacement(call, args)?;
        Ok(Val::from(regex::replace_literal(&regex, &input, &replacement)))
    }),
    Function::variadic("Split", &[], A, |call, args| {
        let (pattern, limit, input) = with_limit(args)?;
        call.allow(input.len().saturating_mul(16))?;
        Ok(regex::split(&regex::compile(&pattern)?, &pattern, &input, limit))
    }),
];

fn replacement(call: &mut Call<'_>, args: &[Val]) -> Result<(String, String), Problem> {
    let (replacement, input) = (text::conv(&args[1])?, text::conv(&args[2])?);
    call.allow(input.len().saturating_add((input.len() + 1).saturating_mul(replacement.len())))?;
    Ok((replacement, input))
}

/// `pattern [limit] input`.
fn with_limit(args: &[Val]) -> Result<(String, i64, String), Problem> {
    match args {
        [pattern, input] => Ok((text::conv(pattern)?, -1, text::conv(input)?)),
        [pattern, limit, input] => Ok((text::conv(pattern)?, number::conv_int64(limit), text::conv(input)?)),
        _ => Err(Problem::new(format!("wrong number of args: want 2 or 3, got {}", args.len()))),
    }
}

pub(super) static TEST: &[Function] = &[
    Function::variadic("Assert", &[], A, assert),
    Function::variadic("Fail", &[], A, fail),
    Function::variadic("Required", &[], A, required),
    Function::new("Ternary", &[A, A, A], ternary),
    Function::new("Kind", &[RAW], |_, args| Ok(Val::from(args::kind(&args[0])))),
    Function::new("IsKind", &[Param::Text, RAW], |_, args| Ok(Val::Bool(is_kind(args)))),
];

/// Names without the namespace.
pub(super) static TEST_ALIASES: &[Function] = &[
    Function::variadic("assert", &[], A, assert),
    Function::variadic("fail", &[], A, fail),
    Function::variadic("required", &[], A, required),
    Function::new("ternary", &[A, A, A], ternary),
    Function::new("kind", &[RAW], |_, args| Ok(Val::from(args::kind(&args[0])))),
    Function::new("isKind", &[Param::Text, RAW], |_, args| Ok(Val::Bool(is_kind(args)))),
];

/// A message, if there is one, and the value behind it.
fn with_message(args: &[Val]) -> Result<(&str, &Val), Problem> {
    match args {
        [val] => Ok(("", val)),
        [Val::String(message), val] => Ok((message, val)),
        [other, _] => Err(Problem::new(format!("at <1>: expected string; found {}", other.type_name()))),
        _ => Err(Problem::new(format!("wrong number of args: want 1 or 2, got {}", args.len()))),
    }
}

fn assert(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    if args.is_empty() {
        return Err(args::out_of_range("index out of range [-1]"));
    }
    let (message, val) = with_message(args)?;
    match (number::conv_bool(val), message) {
        (true, _) => Ok(Val::text("")),
        (false, "") => Err(Problem::new("assertion failed")),
        (false, message) => Err(Problem::new(format!("assertion failed: {message}"))),
    }
}

fn fail(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let message = match args {
        [] => String::new(),
        [message] => text::conv(message)?,
        _ => return Err(Problem::new(format!("wrong number of args: want 0 or 1, got {}", args.len()))),
    };
    let reason = if message.is_empty() { message } else { format!(": {message}") };
    Err(Problem::new(format!("template generation failed{reason}")))
}

fn required(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (message, val) = with_message(args)?;
    if val.is_nil() || val.as_str() == Some("") {
        let default = "can not render template: a required value was not set";
        return Err(Problem::new(if message.is_empty() { default } else { message }));
    }
    Ok(val.clone())
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn ternary(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(args[usize::from(!number::conv_bool(&args[2]))].clone())
}

fn is_kind(args: &[Val]) -> bool {
    let kind = args::kind(&args[1]);
    let number = matches!(kind, "int" | "int64" | "uint64" | "uint8" | "float64");
    args::text(args, 0) == kind || (args::text(args, 0) == "number" && number)
}
