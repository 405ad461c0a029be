//! Data sources, which the caller knows, and templates inside templates.

use super::super::golang::args;
use super::super::golang::left_out::left_out;
use crate::template::{Call, Function, Param, Problem, Val};

const A: Param = Param::Any;
const T: Param = Param::Text;

pub(super) static ALIASES: &[Function] = &[
    Function::variadic("datasource", &[T], T, datasource),
    Function::variadic("ds", &[T], T, datasource),
    Function::variadic("include", &[T], T, |call, args| {
        let text = call.world().lookup().data_text(args::text(args, 0), args::rest(args, 1))?;
        call.allow(text.len())?;
        Ok(Val::from(text))
    }),
    Function::new("datasourceExists", &[T], |call, args| {
        Ok(Val::Bool(call.world().lookup().has_data(args::text(args, 0))))
    }),
    Function::variadic("datasourceReachable", &[T], T, |call, args| {
        let lookup = call.world().lookup();
        let known = lookup.has_data(args::text(args, 0));
        Ok(Val::Bool(known && lookup.data_text(args::text(args, 0), args::rest(args, 1)).is_ok()))
    }),
    Function::new("defineDatasource", &[T, T], |call, args| {
        let (alias, address) = (args::text(args, 0), args::text(args, 1));
        if alias.is_empty() {
            return Err(Problem::new("datasource alias must be provided"));
        }
        call.world().lookup().define_data(alias, address)?;
        Ok(Val::text(""))
    }),
    left_out!("listDatasources" as "listDatasources"),
];

fn datasource(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let node = call.world().lookup().data(args::text(args, 0), args::rest(args, 1))?;
    Ok(Val::from(&node))
}

/// `tmpl.`: templates inside templates. The data must be given, since a function does not see that of its caller.
pub(super) static TMPL: &[Function] = &[
    Function::variadic("Exec", &[T], A, |call, args| {
        Ok(Val::from(call.render_named(args::text(args, 0), args::any(args, 1))?))
    }),
    Function::variadic("Inline", &[T], A, |call, args| {
        let (name, text, data) = match args {
            [Val::String(name), Val::String(text), rest @ ..] => (&**name, &**text, rest.first()),
            [Val::String(text), rest @ ..] => ("<inline>", &**text, rest.first()),
            _ => return Err(Problem::new("wrong input: first arg must be string")),
        };
        Ok(Val::from(call.render(name, text, data.unwrap_or(&Val::Nil))?))
    }),
    Function::new("Path", &[], |_, _| Ok(Val::text(""))),
    Function::new("PathDir", &[], |_, _| Ok(Val::text(""))),
];
