//! `strings.`: text.

use super::super::golang::{args, number, text, words};
use super::super::sprig::split;
use super::slug;
use crate::template::{Call, Function, List, Param, Problem, Val};

const A: Param = Param::Any;
const T: Param = Param::Text;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::variadic("Abbrev", &[], A, abbrev),
    Function::new("ReplaceAll", &[T, T, A], replace_all),
    Function::new("Contains", &[T, A], |_, args| Ok(Val::Bool(text::conv(&args[1])?.contains(args::text(args, 0))))),
    Function::new("HasPrefix", &[T, A], |_, args| {
        Ok(Val::Bool(text::conv(&args[1])?.starts_with(args::text(args, 0))))
    }),
    Function::new("HasSuffix", &[T, A], |_, args| Ok(Val::Bool(text::conv(&args[1])?.ends_with(args::text(args, 0))))),
    Function::new("Repeat", &[Param::Int, A], repeat),
    Function::new("Sort", &[A], sort),
    Function::new("Split", &[T, A], |call, args| {
        let whole = text::conv(&args[1])?;
        parts(call, &whole, args::text(args, 0), -1)
    }),
    Function::new("SplitN", &[T, Param::Int, A], |call, args| {
        let whole = text::conv(&args[2])?;
        parts(call, &whole, args::text(args, 0), args::int(args, 1))
    }),
    Function::new("Trim", &[T, A], |_, args| Ok(trimmed(&text::conv(&args[1])?, args::text(args, 0)))),
    Function::new("TrimPrefix", &[T, A], |_, args| {
        let whole = text::conv(&args[1])?;
        Ok(Val::from(whole.strip_prefix(args::text(args, 0)).unwrap_or(&whole)))
    }),
    Function::new("TrimSuffix", &[T, A], |_, args| {
        let whole = text::conv(&args[1])?;
        Ok(Val::from(whole.strip_suffix(args::text(args, 0)).unwrap_or(&whole)))
    }),
    Function::new("Title", &[A], title),
    Function::new("ToUpper", &[A], to_upper),
    Function::new("ToLower", &[A], to_lower),
    Function::new("TrimSpace", &[A], trim_space),
    Function::new("Trunc", &[Param::Int, A], |_, args| {
        let whole = text::conv(&args[1])?;
        match usize::try_from(args::int(args, 0)) {
            Ok(length) if length < whole.len() => Ok(Val::from(args::slice(&whole, 0, length)?)),
            _ => Ok(Val::from(whole)),
        }
    }),
    Function::variadic("Indent", &[], A, indent),
    Function::new("Slug", &[A], |_, args| Ok(Val::from(slug::make(&text::conv(&args[0])?)))),
    Function::new("Quote", &[A], quote),
    Function::new("ShellQuote", &[A], shell_quote),
    Function::new("Squote", &[A], squote),
    Function::new("SnakeCase", &[A], |_, args| Ok(Val::from(joined(&text::conv(&args[0])?, "_")?))),
    Function::new("KebabCase", &[A], |_, args| Ok(Val::from(joined(&text::conv(&args[0])?, "-")?))),
    Function::new("CamelCase", &[A], |_, args| camel_case(text::conv(&args[0])?.trim())),
    Function::variadic("WordWrap", &[], A, word_wrap),
    Function::variadic("RuneCount", &[], A, |_, args| {
        let mut count = 0;
        for arg in args {
            count += text::conv(arg)?.chars().count();
        }
        Ok(Val::Int(args::count(count)))
    }),
];

/// Names without the namespace; those of older versions take the whole text first.
pub(super) static ALIASES: &[Function] = &[
    Function::new("replaceAll", &[T, T, A], replace_all),
    Function::new("title", &[A], title),
    Function::new("toUpper", &[A], to_upper),
    Function::new("toLower", &[A], to_lower),
    Function::new("trimSpace", &[A], trim_space),
    Function::variadic("indent", &[], A, indent),
    Function::new("quote", &[A], quote),
    Function::new("shellQuote", &[A], shell_quote),
    Function::new("squote", &[A], squote),
    Function::new("contains", &[T, T], |_, args| Ok(Val::Bool(args::text(args, 0).contains(args::text(args, 1))))),
    Function::new("hasPrefix", &[T, T], |_, args| Ok(Val::Bool(args::text(args, 0).starts_with(args::text(args, 1))))),
    Function::new("hasSuffix", &[T, T], |_, args| Ok(Val::Bool(args::text(args, 0).ends_with(args::text(args, 1))))),
    Function::new("split", &[T, T], |call, args| parts(call, args::text(args, 0), args::text(args, 1), -1)),
    Function::new("splitN", &[T, T, Param::Int], |call, args| {
        parts(call, args::text(args, 0), args::text(args, 1), args::int(args, 2))
    }),
    Function::new("trim", &[T, T], |_, args| Ok(trimmed(args::text(args, 0), args::text(args, 1)))),
];

fn trimmed(whole: &str, set: &str) -> Val {
    Val::from(whole.trim_matches(|letter| set.contains(letter)))
}

fn parts(call: &mut Call<'_>, whole: &str, separator: &str, limit: i64) -> Result<Val, Problem> {
    call.allow(whole.len().saturating_mul(16))?;
    Ok(Val::List(List::strings(split(whole, separator, limit))))
}

fn abbrev(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (offset, width, whole) = match args {
        [] | [_] => return Err(Problem::new("abbrev requires a 'maxWidth' and 'input' argument")),
        [width, whole] => (0, number::conv_int64(width), text::conv(whole)?),
        [offset, width, whole] => (number::conv_int64(offset), number::conv_int64(width), text::conv(whole)?),
        _ => (0, 0, String::new()),
    };
    if args::count(whole.len()) <= width {
        return Ok(Val::from(whole));
    }
    Ok(Val::from(words::abbreviate(&whole, offset, width)?))
}

fn replace_all(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (old, new, whole) = (args::text(args, 0), args::text(args, 1), text::conv(&args[2])?);
    let hits = if new.len() > old.len() { whole.matches(old).count() } else { 0 };
    call.allow(whole.len().saturating_add(hits.saturating_mul(new.len())))?;
    Ok(Val::from(whole.replace(old, new)))
}

fn repeat(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let count = args::int(args, 0);
    if count < 0 {
        return Err(Problem::new(format!("negative count {count}")));
    }
    let whole = text::conv(&args[1])?;
    let size = whole.len().checked_mul(args::length(count));
    call.allow(size.ok_or_else(|| Problem::new(format!("count {count} too long: causes overflow")))?)?;
    Ok(Val::from(if whole.is_empty() { String::new() } else { whole.repeat(args::length(count)) }))
}

fn sort(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let Val::List(list) = &args[0] else {
        let found = args[0].type_name();
        return Err(Problem::new(format!("wrong type for value; expected []string; got {found}")));
    };
    let mut items = list.iter().map(|item| text::conv(&item)).collect::<Result<Vec<_>, _>>()?;
    items.sort();
    Ok(args::strings(items))
}

fn title(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(text::title_words(&text::conv(&args[0])?)))
}

fn to_upper(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(text::conv(&args[0])?.to_uppercase()))
}

fn to_lower(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(text::conv(&args[0])?.to_lowercase()))
}

fn trim_space(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(text::conv(&args[0])?.trim()))
}

/// `indent [width] [text] input`.
fn indent(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let invalid = || Problem::new("indent: invalid arguments");
    let Some(input) = args.last() else {
        return Err(args::out_of_range("index out of range [-1]"));
    };
    let input = text::conv(input)?;
    let (width, pad) = match args {
        [Val::String(pad), _] => (1, pad.to_string()),
        [Val::Int(width), _] => (*width, " ".to_owned()),
        [Val::Int(width), Val::String(pad), _] => (*width, pad.to_string()),
        [_, _] | [_, _, _] => return Err(invalid()),
        _ => (1, " ".to_owned()),
    };
    let Ok(width) = usize::try_from(width) else { return Ok(Val::from(input)) };
    if width == 0 || pad.contains('\n') {
        return Ok(Val::from(input));
    }
    let lines = input.matches('\n').count() + 1;
    call.allow(input.len().saturating_add(lines.saturating_mul(pad.len().saturating_mul(width))))?;
    let pad = pad.repeat(width);
    let indented =
        input.split_inclusive('\n').map(|line| if line == "\n" { line.to_owned() } else { format!("{pad}{line}") });
    Ok(Val::from(indented.collect::<String>()))
}

fn quote(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(text::quote(&text::conv(&args[0])?)))
}

fn squote(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(format!("'{}'", text::conv(&args[0])?.replace('\'', "''"))))
}

/// A word for POSIX shells, or several.
fn shell_quote(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let word = |text: &str| format!("'{}'", text.replace('\'', "'\"'\"'"));
    let Val::List(list) = &args[0] else { return Ok(Val::from(word(&text::conv(&args[0])?))) };
    let words = list.iter().map(|item| Ok(word(&text::conv(&item)?))).collect::<Result<Vec<_>, Problem>>()?;
    Ok(Val::from(words.join(" ")))
}

/// Words in small letters, but with the first letter as it was.
fn prepared(whole: &str, lower: &str) -> Result<String, Problem> {
    let (Some(first), Some(small)) = (whole.chars().next(), lower.chars().next()) else {
        return Err(args::out_of_range("index out of range [0] with length 0"));
    };
    // The library replaces the first occurrence of the letter, which is the first letter.
    Ok(format!("{first}{}", &lower[small.len_utf8()..]))
}

fn joined(whole: &str, separator: &str) -> Result<String, Problem> {
    let whole = whole.trim();
    let prepared = prepared(whole, &text::lower(whole))?;
    let words: Vec<&str> = prepared.split(|letter: char| !is_word(letter)).filter(|word| !word.is_empty()).collect();
    Ok(words.join(separator))
}

fn camel_case(whole: &str) -> Result<Val, Problem> {
    let prepared = prepared(whole, &text::title_words(whole))?;
    Ok(Val::from(prepared.chars().filter(|letter| is_word(*letter)).collect::<String>()))
}

/// `\pL` and `\pN`.
fn is_word(letter: char) -> bool {
    letter.is_alphanumeric()
}

/// `wordwrap [width] [line break] input`.
fn word_wrap(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (width, separator, input) = match args {
        [input] => (0, String::new(), input),
        [Val::String(separator), input] => (0, separator.to_string(), input),
        [width, input] => (number::conv_int64(width), String::new(), input),
        [width, separator, input] => (number::conv_int64(width), text::conv(separator)?, input),
        _ => return Err(Problem::new(format!("expected 1, 2, or 3 args, got {}", args.len()))),
    };
    let input = text::conv(input)?;
    call.allow(input.len().saturating_mul(separator.len().max(1)))?;
    let width = if width == 0 { 80 } else { width };
    Ok(Val::from(words::wrap(&input, width, &separator, false)?))
}
