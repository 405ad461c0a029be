//! Short access to arguments whose types the engine has checked already.

use crate::template::{List, Problem, Val};

/// Text of a `string` parameter.
pub(crate) fn text(args: &[Val], index: usize) -> &str {
    args.get(index).and_then(Val::as_str).unwrap_or_default()
}

/// An `int` or `int64` parameter.
pub(crate) fn int(args: &[Val], index: usize) -> i64 {
    args.get(index).and_then(Val::as_int).unwrap_or_default()
}

/// A `float64` parameter.
pub(crate) fn float(args: &[Val], index: usize) -> f64 {
    match args.get(index) {
        Some(Val::Float(number)) => *number,
        _ => 0.0,
    }
}

/// A `bool` parameter.
pub(crate) fn flag(args: &[Val], index: usize) -> bool {
    matches!(args.get(index), Some(Val::Bool(true)))
}

/// Any parameter; nil when it was left out.
pub(crate) fn any(args: &[Val], index: usize) -> &Val {
    args.get(index).unwrap_or(&Val::Nil)
}

/// Arguments from this one on.
pub(crate) fn rest(args: &[Val], from: usize) -> &[Val] {
    args.get(from..).unwrap_or_default()
}

/// A list of `string`.
pub(crate) fn strings(items: Vec<String>) -> Val {
    Val::List(List::strings(items))
}

/// Name of the kind of a value, as Go's reflection has it.
pub(crate) fn kind(val: &Val) -> &'static str {
    match val {
        Val::Missing | Val::Nil => "invalid",
        Val::Bool(_) => "bool",
        Val::Int(_) => "int",
        Val::Int64(_) => "int64",
        Val::UInt(_) => "uint64",
        Val::Byte(_) => "uint8",
        Val::Float(_) => "float64",
        Val::String(_) => "string",
        Val::List(_) => "slice",
        Val::Dict(_) => "map",
        Val::Namespace(_) => "ptr",
        Val::Object(object) => match object.type_name() {
            "time.Duration" => "int64",
            "time.Month" | "time.Weekday" => "int",
            "uuid.UUID" => "array",
            name if name.starts_with('*') => "ptr",
            _ => "struct",
        },
    }
}

/// Go strings are bytes; these are text. A function that cuts inside a character says so.
pub(crate) fn slice(text: &str, from: usize, to: usize) -> Result<&str, Problem> {
    if to > text.len() {
        return Err(out_of_range(format!("slice bounds out of range [:{to}] with length {}", text.len())));
    }
    if from > to {
        return Err(out_of_range(format!("slice bounds out of range [{from}:{to}]")));
    }
    text.get(from..to).ok_or_else(|| {
        Problem::new(format!("cannot cut text at bytes {from} to {to}: that is inside a character"))
            .help("lengths are counted in bytes here; choose others, or keep to ASCII text")
    })
}

/// Text of bytes that a function made.
pub(crate) fn utf8(bytes: Vec<u8>) -> Result<Val, Problem> {
    utf8_text(bytes).map(Val::from)
}

pub(crate) fn utf8_text(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|_| Problem::new("the result is not text (invalid UTF-8)"))
}

/// The bytes of a list of them.
pub(crate) fn bytes(list: &List) -> Vec<u8> {
    let byte = |item| match item {
        Val::Byte(byte) => byte,
        _ => 0,
    };
    list.iter().map(byte).collect()
}

/// What Go says when a program goes outside a slice.
pub(crate) fn out_of_range(what: impl std::fmt::Display) -> Problem {
    Problem::new(format!("runtime error: {what}"))
}

/// What Go says when reflection meets nil.
pub(crate) fn nil_pointer() -> Problem {
    Problem::new("runtime error: invalid memory address or nil pointer dereference")
}

/// A length from an argument. Negative ones are for the caller to refuse in its own words.
pub(crate) fn length(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// A length as Go's `int`.
pub(crate) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
