//! `atmos.Component` and its like: what the program itself knows.

use crate::template::function::{Call, Function, Namespace, Param};
use crate::template::problem::Problem;
use crate::template::value::Val;

pub(super) static NAMESPACE: Namespace =
    Namespace { name: "atmos", type_name: "*exec.AtmosFuncs", functions: FUNCTIONS };

static FUNCTIONS: &[Function] = &[
    Function::new("Component", &[Param::Text, Param::Text], component),
    Function::new("Store", &[Param::Text, Param::Text, Param::Text, Param::Text], store),
    Function::variadic("GomplateDatasource", &[Param::Text], Param::Any, datasource),
    Function::new("Resolve", &[Param::Text], resolve),
];

fn text(args: &[Val], index: usize) -> &str {
    args.get(index).and_then(Val::as_str).unwrap_or_default()
}

fn component(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    call.world().lookup().component(text(args, 0), text(args, 1)).map(Val::from)
}

fn store(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (name, stack, component, key) = (text(args, 0), text(args, 1), text(args, 2), text(args, 3));
    call.world().lookup().store(name, stack, component, key).map(Val::from)
}

fn datasource(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    call.world().lookup().data(text(args, 0), args.get(1..).unwrap_or_default()).map(Val::from)
}

fn resolve(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    call.world().lookup().resolve(text(args, 0)).map(Val::from)
}
