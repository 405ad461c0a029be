//! JSON output with the rules of `encoding/json`: sorted keys, Go's number forms, HTML characters escaped on request.

use std::fmt::Write as _;

use crate::template::{Call, MAX_NESTING, Problem, Val, print};

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// `<`, `>`, `&` as escapes, as `json.Marshal` does.
    Html,
    /// Only what JSON needs.
    Plain,
    /// As gomplate's encoder does.
    Codec,
}

/// Compact JSON.
///
/// # Errors
/// What has no JSON: infinite numbers, namespaces, nesting without end.
pub(crate) fn write(call: &mut Call<'_>, val: &Val, escape: Escape) -> Result<String, Problem> {
    let mut out = String::new();
    value(call, &mut out, val, escape, 0)?;
    Ok(out)
}

/// Asks for the memory that a value takes when every part of it is written out.
///
/// # Errors
/// More than there may be, or nesting without end.
pub(crate) fn weigh(call: &mut Call<'_>, val: &Val) -> Result<(), Problem> {
    weigh_at(call, val, 0)
}

fn weigh_at(call: &mut Call<'_>, val: &Val, depth: usize) -> Result<(), Problem> {
    if depth > MAX_NESTING {
        return Err(Problem::new("the value is nested without end"));
    }
    call.allow(val.as_str().map_or(16, str::len))?;
    match val {
        Val::List(list) => list.iter().try_for_each(|item| weigh_at(call, &item, depth + 1)),
        Val::Dict(dict) => {
            let entries = call.view(dict).entries();
            entries.iter().try_for_each(|(_, item)| weigh_at(call, item, depth + 1))
        }
        _ => Ok(()),
    }
}

fn value(call: &mut Call<'_>, out: &mut String, val: &Val, escape: Escape, depth: usize) -> Result<(), Problem> {
    if depth > MAX_NESTING {
        return Err(Problem::new("json: unsupported value: encountered a cycle"));
    }
    // A map can stand in many places of one value, so that little data makes much text.
    call.allow(val.as_str().map_or(16, str::len))?;
    match val {
        Val::Nil | Val::Missing => out.push_str("null"),
        Val::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Val::Int(number) | Val::Int64(number) => push(out, number),
        Val::UInt(number) => push(out, number),
        Val::Byte(number) => push(out, number),
        Val::Float(number) => float(out, *number, escape)?,
        Val::String(text) => string(out, text, escape),
        Val::List(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                value(call, out, &item, escape, depth + 1)?;
            }
            out.push(']');
        }
        Val::Dict(dict) => {
            out.push('{');
            for (index, (key, item)) in call.view(dict).entries().into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                string(out, &key, escape);
                out.push(':');
                value(call, out, &item, escape, depth + 1)?;
            }
            out.push('}');
        }
        Val::Object(object) => value(call, out, &Val::from(object.to_node()), escape, depth + 1)?,
        Val::Namespace(_) => out.push_str("{}"),
    }
    Ok(())
}

fn push(out: &mut String, number: impl std::fmt::Display) {
    let _ = write!(out, "{number}");
}

fn float(out: &mut String, number: f64, escape: Escape) -> Result<(), Problem> {
    if !number.is_finite() {
        let text = print(&Val::Float(number))?;
        return Err(Problem::new(format!("json: unsupported value: {text}")));
    }
    let codec = escape == Escape::Codec;
    let size = number.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        push(out, number);
        // gomplate's encoder marks whole floats, unless they are so large that all of them are whole.
        if codec && number.fract() == 0.0 && size < 4_503_599_627_370_496.0 {
            out.push_str(".0");
        }
        return Ok(());
    }
    let text = format!("{number:e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    let width = if codec { 2 } else { 1 };
    push(out, format_args!("{mantissa}e{sign}{power:0>width$}"));
    Ok(())
}

/// A JSON string.
pub(crate) fn string(out: &mut String, text: &str, escape: Escape) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '<' | '>' | '&' if escape != Escape::Plain => code(out, letter),
            '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => code(out, letter),
            letter => out.push(letter),
        }
    }
    out.push('"');
}

fn code(out: &mut String, letter: char) {
    let _ = write!(out, "\\u{:04x}", u32::from(letter));
}

/// Line breaks and indentation for compact JSON, as `json.Indent` sets them.
pub(crate) fn indent(compact: &str, step: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    let mut depth = 0_usize;
    let (mut quoted, mut escaped) = (false, false);
    let mut letters = compact.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(step);
        }
    };
    while let Some(letter) = letters.next() {
        if quoted {
            out.push(letter);
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        match letter {
            '{' | '[' => {
                out.push(letter);
                if let Some(close) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                quoted = true;
                out.push('"');
            }
            letter => out.push(letter),
        }
    }
    out
}
