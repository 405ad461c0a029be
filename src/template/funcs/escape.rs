//! Escaping for HTML, scripts and queries.

use std::fmt::Write as _;

use crate::template::format;
use crate::template::function::Call;
use crate::template::problem::Problem;
use crate::template::value::Val;

/// One string as it is, anything else as `print` prints it.
fn text(args: &[Val]) -> Result<String, Problem> {
    match args {
        [Val::String(text)] => Ok(text.to_string()),
        [Val::Missing | Val::Nil] => Ok("<no value>".to_owned()),
        _ => {
            let shown: Vec<Val> =
                args.iter().map(|arg| if arg.is_nil() { Val::text("<no value>") } else { arg.clone() }).collect();
            format::sprint(&shown)
        }
    }
}

pub(super) fn html(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let text = text(args)?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    Ok(Val::from(out))
}

pub(super) fn js(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let text = text(args)?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c if c.is_ascii() || format::is_printable(c) => out.push(c),
            c => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
        }
    }
    Ok(Val::from(out))
}

pub(super) fn url(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let text = text(args)?;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    Ok(Val::from(out))
}
