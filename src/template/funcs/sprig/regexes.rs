//! Regular expressions.

use super::super::golang::{args, regex};
use crate::template::{Call, Function, Param, Problem, Val};

const T: Param = Param::Text;
const I: Param = Param::Int;

type Compile = fn(&str) -> Result<::regex::Regex, Problem>;

pub(super) static TABLE: &[Function] = &[
    Function::new("regexMatch", &[T, T], |_, args| {
        let found = regex::compile(args::text(args, 0)).is_ok_and(|regex| regex.is_match(args::text(args, 1)));
        Ok(Val::Bool(found))
    }),
    Function::new("mustRegexMatch", &[T, T], |_, args| {
        Ok(Val::Bool(regex::compile(args::text(args, 0))?.is_match(args::text(args, 1))))
    }),
    Function::new("regexFind", &[T, T], |_, args| find(args, regex::must_compile)),
    Function::new("mustRegexFind", &[T, T], |_, args| find(args, regex::compile)),
    Function::new("regexFindAll", &[T, T, I], |call, args| find_all(call, args, regex::must_compile)),
    Function::new("mustRegexFindAll", &[T, T, I], |call, args| find_all(call, args, regex::compile)),
    Function::new("regexReplaceAll", &[T, T, T], |call, args| replace(call, args, regex::must_compile)),
    Function::new("mustRegexReplaceAll", &[T, T, T], |call, args| replace(call, args, regex::compile)),
    Function::new("regexReplaceAllLiteral", &[T, T, T], |call, args| literal(call, args, regex::must_compile)),
    Function::new("mustRegexReplaceAllLiteral", &[T, T, T], |call, args| literal(call, args, regex::compile)),
    Function::new("regexSplit", &[T, T, I], |call, args| split(call, args, regex::must_compile)),
    Function::new("mustRegexSplit", &[T, T, I], |call, args| split(call, args, regex::compile)),
    Function::new("regexQuoteMeta", &[T], |_, args| Ok(Val::from(regex::quote_meta(args::text(args, 0))))),
];

fn find(args: &[Val], compile: Compile) -> Result<Val, Problem> {
    let regex = compile(args::text(args, 0))?;
    Ok(Val::from(regex.find(args::text(args, 1)).map_or("", |found| found.as_str())))
}

fn find_all(call: &mut Call<'_>, args: &[Val], compile: Compile) -> Result<Val, Problem> {
    let regex = compile(args::text(args, 0))?;
    call.allow(args::text(args, 1).len().saturating_mul(16))?;
    Ok(regex::find_all(&regex, args::text(args, 1), args::int(args, 2)))
}

/// What a replacement may grow to.
fn allow(call: &mut Call<'_>, args: &[Val]) -> Result<(), Problem> {
    let text = args::text(args, 1).len();
    call.allow(text.saturating_add((text + 1).saturating_mul(args::text(args, 2).len())))
}

fn replace(call: &mut Call<'_>, args: &[Val], compile: Compile) -> Result<Val, Problem> {
    let regex = compile(args::text(args, 0))?;
    allow(call, args)?;
    Ok(Val::from(regex::replace(&regex, args::text(args, 1), args::text(args, 2))))
}

fn literal(call: &mut Call<'_>, args: &[Val], compile: Compile) -> Result<Val, Problem> {
    let regex = compile(args::text(args, 0))?;
    allow(call, args)?;
    Ok(Val::from(regex::replace_literal(&regex, args::text(args, 1), args::text(args, 2))))
}

fn split(call: &mut Call<'_>, args: &[Val], compile: Compile) -> Result<Val, Problem> {
    let regex = compile(args::text(args, 0))?;
    call.allow(args::text(args, 1).len().saturating_mul(16))?;
    Ok(regex::split(&regex, args::text(args, 0), args::text(args, 1), args::int(args, 2)))
}
