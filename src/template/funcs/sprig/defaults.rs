//! Defaults, conditions and JSON.

use super::super::golang::args;
use super::super::golang::json::{self, Escape};
use super::super::golang::json_read;
use super::reflect::is_empty;
use crate::template::{Call, Function, Param, Problem, Val};

const A: Param = Param::Any;
const T: Param = Param::Text;

pub(super) static TABLE: &[Function] = &[
    Function::variadic("default", &[A], A, |_, args| match args.get(1) {
        Some(given) if !is_empty(given) => Ok(given.clone()),
        _ => Ok(args[0].clone()),
    }),
    Function::new("empty", &[A], |_, args| Ok(Val::Bool(is_empty(&args[0])))),
    Function::variadic("coalesce", &[], A, |_, args| {
        Ok(args.iter().find(|val| !is_empty(val)).cloned().unwrap_or(Val::Nil))
    }),
    Function::variadic("all", &[], A, |_, args| Ok(Val::Bool(!args.iter().any(is_empty)))),
    Function::variadic("any", &[], A, |_, args| Ok(Val::Bool(!args.iter().all(is_empty)))),
    Function::new("ternary", &[A, A, Param::Bool], |_, args| Ok(args[usize::from(!args::flag(args, 2))].clone())),
    Function::new("fromJson", &[T], |call, args| Ok(from_json(call, args).unwrap_or(Val::Nil))),
    Function::new("mustFromJson", &[T], from_json),
    Function::new("toJson", &[A], |call, args| lenient(compact(call, args))),
    Function::new("mustToJson", &[A], compact),
    Function::new("toPrettyJson", &[A], |call, args| lenient(pretty(call, args))),
    Function::new("mustToPrettyJson", &[A], pretty),
    Function::new("toRawJson", &[A], raw),
    Function::new("mustToRawJson", &[A], raw),
];

fn from_json(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    json_read::read(args::text(args, 0)).map_err(Problem::new)
}

/// What has no JSON gives nothing; a limit is still an error.
fn lenient(result: Result<Val, Problem>) -> Result<Val, Problem> {
    result.or_else(|problem| if problem.message().starts_with("json: ") { Ok(Val::text("")) } else { Err(problem) })
}

fn compact(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(json::write(call, &args[0], Escape::Html)?))
}

fn pretty(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(json::indent(&json::write(call, &args[0], Escape::Html)?, "  ")))
}

fn raw(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(json::write(call, &args[0], Escape::Plain)?))
}
