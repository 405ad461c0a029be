//! Text: case, trimming, cutting, quoting.

use super::super::golang::{args, text, words};
use crate::template::{Call, Function, List, Param, Problem, Val, print};

const T: Param = Param::Text;

pub(super) static TABLE: &[Function] = &[
    Function::new("hello", &[], |_, _| Ok(Val::text("Hello!"))),
    Function::new("upper", &[T], |_, args| Ok(Val::from(text::upper(args::text(args, 0))))),
    Function::new("lower", &[T], |_, args| Ok(Val::from(text::lower(args::text(args, 0))))),
    Function::new("title", &[T], |_, args| Ok(Val::from(text::title(args::text(args, 0))))),
    Function::new("untitle", &[T], |_, args| Ok(Val::from(words::untitle(args::text(args, 0))))),
    Function::new("swapcase", &[T], |_, args| Ok(Val::from(words::swap_case(args::text(args, 0))))),
    Function::new("trim", &[T], |_, args| Ok(Val::from(args::text(args, 0).trim()))),
    Function::new("trimall", &[T, T], trim_all),
    Function::new("trimAll", &[T, T], trim_all),
    Function::new("trimSuffix", &[T, T], |_, args| {
        let whole = args::text(args, 1);
        Ok(Val::from(whole.strip_suffix(args::text(args, 0)).unwrap_or(whole)))
    }),
    Function::new("trimPrefix", &[T, T], |_, args| {
        let whole = args::text(args, 1);
        Ok(Val::from(whole.strip_prefix(args::text(args, 0)).unwrap_or(whole)))
    }),
    Function::new("contains", &[T, T], |_, args| Ok(Val::Bool(args::text(args, 1).contains(args::text(args, 0))))),
    Function::new("hasPrefix", &[T, T], |_, args| Ok(Val::Bool(args::text(args, 1).starts_with(args::text(args, 0))))),
    Function::new("hasSuffix", &[T, T], |_, args| Ok(Val::Bool(args::text(args, 1).ends_with(args::text(args, 0))))),
    Function::new("repeat", &[Param::Int, T], repeat),
    Function::new("substr", &[Param::Int, Param::Int, T], substr),
    Function::new("trunc", &[Param::Int, T], trunc),
    Function::new("abbrev", &[Param::Int, T], |_, args| abbreviate(0, args::int(args, 0), args::text(args, 1))),
    Function::new("abbrevboth", &[Param::Int, Param::Int, T], |_, args| {
        let (left, right, whole) = (args::int(args, 0), args::int(args, 1), args::text(args, 2));
        if left > 0 && right < 7 { Ok(Val::from(whole)) } else { abbreviate(left, right, whole) }
    }),
    Function::new("nospace", &[T], |_, args| Ok(Val::from(no_space(args::text(args, 0))))),
    Function::new("initials", &[T], |_, args| Ok(Val::from(initials(args::text(args, 0))))),
    Function::new("wrap", &[Param::Int, T], |call, args| {
        let whole = args::text(args, 1);
        call.allow(whole.len().saturating_mul(2))?;
        Ok(Val::from(words::wrap(whole, args::int(args, 0), "", false)?))
    }),
    Function::new("wrapWith", &[Param::Int, T, T], |call, args| {
        let (separator, whole) = (args::text(args, 1), args::text(args, 2));
        let width = args::length(args::int(args, 0).max(1));
        call.allow(whole.len().saturating_add((whole.len() / width + 1).saturating_mul(separator.len().max(1))))?;
        Ok(Val::from(words::wrap(whole, args::int(args, 0), separator, true)?))
    }),
    Function::variadic("quote", &[], Param::Any, |_, args| quoted(args, |val| Ok(text::quote(&text::strval(val)?)))),
    Function::variadic("squote", &[], Param::Any, |_, args| quoted(args, |val| Ok(format!("'{}'", print(val)?)))),
    Function::variadic("cat", &[], Param::Any, |_, args| quoted(args, print)),
    Function::new("indent", &[Param::Int, T], |call, args| Ok(Val::from(indent(call, args)?))),
    Function::new("nindent", &[Param::Int, T], |call, args| Ok(Val::from(format!("\n{}", indent(call, args)?)))),
    Function::new("replace", &[T, T, T], replace),
    Function::new("plural", &[T, T, Param::Int], |_, args| {
        Ok(Val::from(args::text(args, usize::from(args::int(args, 2) != 1))))
    }),
    Function::new("snakecase", &[T], |_, args| Ok(Val::from(words::lower_with(args::text(args, 0), '_')))),
    Function::new("kebabcase", &[T], |_, args| Ok(Val::from(words::lower_with(args::text(args, 0), '-')))),
    Function::new("camelcase", &[T], |_, args| Ok(Val::from(words::pascal_case(args::text(args, 0))))),
    Function::new("toString", &[Param::Any], |_, args| Ok(Val::from(text::strval(args::any(args, 0))?))),
    Function::new("toStrings", &[Param::Any], |_, args| Ok(args::strings(string_list(args::any(args, 0))?))),
    Function::new("join", &[T, Param::Any], |_, args| {
        Ok(Val::from(string_list(args::any(args, 1))?.join(args::text(args, 0))))
    }),
    Function::new("splitList", &[T, T], |call, args| {
        call.allow(args::text(args, 1).len().saturating_mul(16))?;
        Ok(Val::List(List::strings(split(args::text(args, 1), args::text(args, 0), -1))))
    }),
    Function::new("sortAlpha", &[Param::Any], |_, args| {
        let mut items = string_list(args::any(args, 0))?;
        if matches!(args::any(args, 0), Val::Nil) {
            items.push("<nil>".to_owned());
        }
        items.sort();
        Ok(args::strings(items))
    }),
];

/// `strings.Split` and `strings.SplitN`: at most `limit` parts, all of them if it is negative.
pub(in crate::template::funcs) fn split<'t>(whole: &'t str, separator: &str, limit: i64) -> Vec<&'t str> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit == 0 {
        return Vec::new();
    }
    if separator.is_empty() {
        let mut parts: Vec<&str> = Vec::new();
        let mut rest = whole;
        while let Some(letter) = rest.chars().next() {
            if parts.len() + 1 == limit {
                break;
            }
            let (first, after) = rest.split_at(letter.len_utf8());
            parts.push(first);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(rest);
        }
        return parts;
    }
    whole.splitn(limit, separator).collect()
}

/// sprig's `toStrings`: nil elements are left out, a single value is a list of one.
pub(super) fn string_list(val: &Val) -> Result<Vec<String>, Problem> {
    match val {
        Val::Nil | Val::Missing => Ok(Vec::new()),
        Val::List(list) => list.iter().filter(|item| !item.is_nil()).map(|item| text::strval(&item)).collect(),
        single => Ok(vec![text::strval(single)?]),
    }
}

fn quoted(args: &[Val], one: impl Fn(&Val) -> Result<String, Problem>) -> Result<Val, Problem> {
    let parts = args.iter().filter(|val| !val.is_nil()).map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(Val::from(parts.join(" ")))
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn trim_all(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let set = args::text(args, 0);
    Ok(Val::from(args::text(args, 1).trim_matches(|letter| set.contains(letter))))
}

fn repeat(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let whole = args::text(args, 1);
    let count = args::int(args, 0);
    if count < 0 {
        return Err(Problem::new("strings: negative Repeat count"));
    }
    let count = args::length(count);
    let size = whole.len().checked_mul(count);
    call.allow(size.ok_or_else(|| Problem::new("strings: Repeat output length overflow"))?)?;
    // Nothing, repeated, is nothing, however often.
    Ok(Val::from(if whole.is_empty() { String::new() } else { whole.repeat(count) }))
}

fn substr(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (start, end, whole) = (args::int(args, 0), args::int(args, 1), args::text(args, 2));
    let size = args::count(whole.len());
    let (from, to) = if start < 0 {
        (0, end)
    } else if end < 0 || end > size {
        if start > size {
            return Err(args::out_of_range(format!("slice bounds out of range [{start}:{size}]")));
        }
        (start, size)
    } else {
        (start, end)
    };
    if to < 0 {
        return Err(args::out_of_range(format!("slice bounds out of range [:{to}]")));
    }
    Ok(Val::from(args::slice(whole, args::length(from), args::length(to))?))
}

fn trunc(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (width, whole) = (args::int(args, 0), args::text(args, 1));
    let size = args::count(whole.len());
    if width < 0 && size + width > 0 {
        return Ok(Val::from(args::slice(whole, args::length(size + width), whole.len())?));
    }
    if width >= 0 && size > width {
        return Ok(Val::from(args::slice(whole, 0, args::length(width))?));
    }
    Ok(args[1].clone())
}

/// sprig's `abbrev`: too narrow a width leaves the text as it is.
fn abbreviate(offset: i64, width: i64, whole: &str) -> Result<Val, Problem> {
    if width < 4 {
        return Ok(Val::from(whole));
    }
    Ok(Val::from(words::abbreviate(whole, offset, width)?))
}

/// The library goes byte by byte and takes each for a character, and so do its users' values.
fn no_space(whole: &str) -> String {
    let kept: Vec<char> = whole.bytes().map(char::from).filter(|letter| !text::is_space(*letter)).collect();
    if kept.len() == whole.len() { whole.to_owned() } else { kept.into_iter().collect() }
}

fn initials(whole: &str) -> String {
    let mut start = true;
    whole
        .bytes()
        .map(char::from)
        .filter(|letter| {
            let first = start && !text::is_space(*letter);
            start = text::is_space(*letter);
            first
        })
        .collect()
}

fn indent(call: &mut Call<'_>, args: &[Val]) -> Result<String, Problem> {
    let width = args::int(args, 0);
    if width < 0 {
        return Err(Problem::new("strings: negative Repeat count"));
    }
    let width = args::length(width);
    let whole = args::text(args, 1);
    let lines = whole.matches('\n').count() + 1;
    call.allow(whole.len().saturating_add(lines.saturating_mul(width)))?;
    let pad = " ".repeat(width);
    Ok(format!("{pad}{}", whole.replace('\n', &format!("\n{pad}"))))
}

fn replace(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (old, new, whole) = (args::text(args, 0), args::text(args, 1), args::text(args, 2));
    let hits = if new.len() > old.len() { whole.matches(old).count() } else { 0 };
    call.allow(whole.len().saturating_add(hits.saturating_mul(new.len())))?;
    Ok(Val::from(whole.replace(old, new)))
}
