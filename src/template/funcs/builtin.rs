//! The functions of the language itself.

use super::{compare, escape, sequence};
use crate::template::format;
use crate::template::function::{Call, Function, Param};
use crate::template::problem::Problem;
use crate::template::value::Val;

pub(super) static FUNCTIONS: &[Function] = &[
    // The first two are evaluated by the engine, which stops at the argument that decides, and so is `call`: data
    // holds no functions, so there is never anything to call.
    Function::variadic("and", &[Param::Raw], Param::Raw, last),
    Function::variadic("or", &[Param::Raw], Param::Raw, last),
    Function::variadic("call", &[Param::Raw], Param::Raw, last),
    Function::new("not", &[Param::Raw], not),
    Function::new("len", &[Param::Raw], sequence::len),
    Function::variadic("index", &[Param::Raw], Param::Raw, sequence::index),
    Function::variadic("slice", &[Param::Raw], Param::Raw, sequence::slice),
    Function::variadic("eq", &[Param::Raw], Param::Raw, compare::eq),
    Function::new("ne", &[Param::Raw, Param::Raw], compare::ne),
    Function::new("lt", &[Param::Raw, Param::Raw], compare::lt),
    Function::new("le", &[Param::Raw, Param::Raw], compare::le),
    Function::new("gt", &[Param::Raw, Param::Raw], compare::gt),
    Function::new("ge", &[Param::Raw, Param::Raw], compare::ge),
    Function::variadic("print", &[], Param::Any, print),
    Function::variadic("printf", &[Param::Text], Param::Any, printf),
    Function::variadic("println", &[], Param::Any, println),
    Function::variadic("html", &[], Param::Any, escape::html),
    Function::variadic("js", &[], Param::Any, escape::js),
    Function::variadic("urlquery", &[], Param::Any, escape::url),
];

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn last(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(args.last().cloned().unwrap_or_default())
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn not(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::Bool(!args.first().is_some_and(Val::truth)))
}

fn print(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    format::sprint(args).map(Val::from)
}

fn println(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    format::sprintln(args).map(Val::from)
}

fn printf(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let Some((pattern, args)) = args.split_first() else { return Ok(Val::text("")) };
    let text = format::sprintf_within(pattern.as_str().unwrap_or_default(), args, call.room())?;
    Ok(Val::from(text))
}
