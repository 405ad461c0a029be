//! `atmos.Component` and its like: what the program itself knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::template::function::{Call, Function, Namespace, Param};
use crate::template::list::{Elem, List};
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

/// What the reference adds to the libraries; it hides a function of the same name there.
pub(super) static OWN: &[Function] =
    &[Function::variadic("collectKeys", &[Param::Any], Param::Text, |_, args| collect_keys(args))];

/// The keys of a map, sorted; with a key the keys of what the maps in it have there, each once.
fn collect_keys(args: &[Val]) -> Result<Val, Problem> {
    let Some(Val::Dict(map)) = args.first() else {
        let found = args.first().map_or("<nil>", Val::type_name);
        return Err(Problem::new(format!("collectKeys: expected a map, got {found}")));
    };
    let mut keys: BTreeSet<Arc<str>> = BTreeSet::new();
    match args.get(1).and_then(Val::as_str) {
        None => keys.extend(map.keys()),
        Some(nested) => {
            for (_, item) in map.entries() {
                if let Val::Dict(inner) = item
                    && let Some(Val::Dict(inner)) = inner.get(nested)
                {
                    keys.extend(inner.keys());
                }
            }
        }
    }
    Ok(Val::List(List::typed(Elem::String, keys.into_iter().map(Val::String).collect())))
}

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
