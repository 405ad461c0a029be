//! `merge` and `mergeOverwrite`, with mergo's idea of which values win.

use super::super::golang::args;
use super::reflect::is_empty;
use crate::template::{Call, Dict, Function, MAX_NESTING, Param, Problem, Val};

const D: Param = Param::Dict;

pub(super) static TABLE: &[Function] = &[
    Function::variadic("merge", &[D], D, |call, args| merge(call, args, false)),
    Function::variadic("mustMerge", &[D], D, |call, args| merge(call, args, false)),
    Function::variadic("mergeOverwrite", &[D], D, |call, args| merge(call, args, true)),
    Function::variadic("mustMergeOverwrite", &[D], D, |call, args| merge(call, args, true)),
];

/// Merges the other maps into the first one, which changes.
fn merge(call: &mut Call<'_>, args: &[Val], overwrite: bool) -> Result<Val, Problem> {
    let target = match &args[0] {
        Val::Dict(dict) => call.writable(dict),
        _ => Dict::default(),
    };
    for source in args::rest(args, 1) {
        if let Val::Dict(source) = source {
            merge_into(call, &target, source, overwrite, 0)?;
        }
    }
    Ok(Val::Dict(target))
}

/// Maps merge with maps. Anything else of the target gives way when it is empty, or with `overwrite`, even to
/// something empty.
fn merge_into(call: &mut Call<'_>, target: &Dict, source: &Dict, overwrite: bool, depth: usize) -> Result<(), Problem> {
    if depth > MAX_NESTING {
        return Err(Problem::new("the maps are nested too deep to be merged"));
    }
    if target.is(source) {
        return Ok(());
    }
    for (key, theirs) in call.view(source).entries() {
        let ours = target.get(&key);
        match &theirs {
            Val::Nil | Val::Missing => {
                if overwrite {
                    target.set(key, Val::Nil);
                }
                continue;
            }
            Val::Dict(inner) => {
                if let Some(Val::Dict(own)) = &ours
                    && !own.is_empty()
                {
                    let own = call.writable(own);
                    merge_into(call, &own, inner, overwrite, depth + 1)?;
                    target.set(key, Val::Dict(own));
                    continue;
                }
            }
            _ => {}
        }
        let free = ours.as_ref().is_none_or(is_empty);
        if overwrite || free {
            target.set(key, theirs);
        }
    }
    Ok(())
}
