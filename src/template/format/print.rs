//! Values in the form of `%v`, without flags: what templates print.

use super::float;
use crate::template::problem::Problem;
use crate::template::value::{MAX_NESTING, Val};
use crate::value::{Node, Value, function_text};

/// The text of one value, as `fmt.Sprint` makes it. A missing value is `<nil>` here.
///
/// # Errors
/// Nesting without end.
pub fn print(val: &Val) -> Result<String, Problem> {
    if let Val::String(text) = val {
        return Ok(text.to_string());
    }
    let mut out = String::new();
    print_to(&mut out, val)?;
    Ok(out)
}

/// Values one after another, with a space between two that are no strings.
pub(in crate::template) fn sprint(vals: &[Val]) -> Result<String, Problem> {
    let mut out = String::new();
    let mut after_string = false;
    for (index, val) in vals.iter().enumerate() {
        let is_string = matches!(val, Val::String(_));
        if index > 0 && !is_string && !after_string {
            out.push(' ');
        }
        print_to(&mut out, val)?;
        after_string = is_string;
    }
    Ok(out)
}

/// Values with spaces between all of them, and a line break.
pub(in crate::template) fn sprintln(vals: &[Val]) -> Result<String, Problem> {
    let mut out = String::new();
    for (index, val) in vals.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        print_to(&mut out, val)?;
    }
    out.push('\n');
    Ok(out)
}

pub(in crate::template) fn print_to(out: &mut String, val: &Val) -> Result<(), Problem> {
    write_val(out, val, 0)
}

fn write_val(out: &mut String, val: &Val, depth: usize) -> Result<(), Problem> {
    use std::fmt::Write as _;
    if depth > MAX_NESTING {
        return Err(Problem::too_deep());
    }
    let written = match val {
        Val::Missing | Val::Nil => out.write_str("<nil>"),
        Val::Bool(flag) => write!(out, "{flag}"),
        Val::Int(number) | Val::Int64(number) => write!(out, "{number}"),
        Val::UInt(number) => write!(out, "{number}"),
        Val::Byte(number) => write!(out, "{number}"),
        Val::Float(number) => out.write_str(&float::shortest(*number)),
        Val::String(text) => out.write_str(text),
        Val::Object(object) => out.write_str(&object.text()),
        Val::Namespace(_) => out.write_str("&{}"),
        Val::List(list) => {
            if let Some(nodes) = list.as_nodes() {
                write_list(out, nodes, depth)?;
                return Ok(());
            }
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_val(out, &item, depth + 1)?;
            }
            out.push(']');
            Ok(())
        }
        Val::Dict(dict) => {
            if let Some(map) = dict.as_nodes() {
                write_map(out, map, depth)?;
                return Ok(());
            }
            out.push_str("map[");
            for (index, (key, item)) in dict.entries().iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_val(out, item, depth + 1)?;
            }
            out.push(']');
            Ok(())
        }
    };
    // Writing to a string cannot fail.
    let _ = written;
    Ok(())
}

/// Data needs no run-time values on the way.
fn write_node(out: &mut String, node: &Node, depth: usize) -> Result<(), Problem> {
    match &node.value {
        Value::Map(map) => write_map(out, map, depth),
        Value::List(list) => write_list(out, list, depth),
        Value::String(text) => {
            out.push_str(text);
            Ok(())
        }
        Value::Function(function) if &*function.tag == "!literal" => write_node(out, &function.argument, depth),
        Value::Function(function) => {
            out.push_str(&function_text(function));
            Ok(())
        }
        _ => write_val(out, &Val::from(node), depth),
    }
}

fn write_list(out: &mut String, nodes: &[Node], depth: usize) -> Result<(), Problem> {
    if depth > MAX_NESTING {
        return Err(Problem::too_deep());
    }
    out.push('[');
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write_node(out, node, depth + 1)?;
    }
    out.push(']');
    Ok(())
}

fn write_map(out: &mut String, map: &crate::value::Map, depth: usize) -> Result<(), Problem> {
    if depth > MAX_NESTING {
        return Err(Problem::too_deep());
    }
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    out.push_str("map[");
    for (index, (key, node)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        write_node(out, node, depth + 1)?;
    }
    out.push(']');
    Ok(())
}
