//! Lists. Each function has a twin whose name begins with `must`; here both report errors.

use super::super::golang::{args, number};
use super::reflect::{deep_equal, is_empty};
use super::strings::split;
use crate::template::{Call, Dict, Elem, Function, List, Param, Problem, Val};

const A: Param = Param::Any;

pub(super) static TABLE: &[Function] = &[
    Function::variadic("list", &[], A, |_, args| Ok(Val::List(List::new(args.to_vec())))),
    Function::variadic("tuple", &[], A, |_, args| Ok(Val::List(List::new(args.to_vec())))),
    Function::new("first", &[A], first),
    Function::new("rest", &[A], rest),
    Function::new("last", &[A], last),
    Function::new("initial", &[A], initial),
    Function::new("append", &[A, A], push),
    Function::new("push", &[A, A], push),
    Function::new("prepend", &[A, A], prepend),
    Function::new("reverse", &[A], reverse),
    Function::new("uniq", &[A], uniq),
    Function::new("compact", &[A], compact),
    Function::variadic("without", &[A], A, without),
    Function::new("has", &[A, A], has),
    Function::variadic("slice", &[A], A, slice),
    Function::new("chunk", &[Param::Int, A], chunk),
    Function::variadic("concat", &[], A, concat),
    Function::new("split", &[Param::Text, Param::Text], |_, args| {
        Ok(numbered(&split(args::text(args, 1), args::text(args, 0), -1)))
    }),
    Function::new("splitn", &[Param::Text, Param::Int, Param::Text], |_, args| {
        Ok(numbered(&split(args::text(args, 2), args::text(args, 0), args::int(args, 1))))
    }),
];

pub(super) static MUST: &[Function] = &[
    Function::new("mustFirst", &[A], first),
    Function::new("mustRest", &[A], rest),
    Function::new("mustLast", &[A], last),
    Function::new("mustInitial", &[A], initial),
    Function::new("mustAppend", &[A, A], push),
    Function::new("mustPush", &[A, A], push),
    Function::new("mustPrepend", &[A, A], prepend),
    Function::new("mustReverse", &[A], reverse),
    Function::new("mustUniq", &[A], uniq),
    Function::new("mustCompact", &[A], compact),
    Function::variadic("mustWithout", &[A], A, without),
    Function::new("mustHas", &[A, A], has),
    Function::variadic("mustSlice", &[A], A, slice),
    Function::new("mustChunk", &[Param::Int, A], chunk),
];

/// Parts under the keys `_0`, `_1`, ….
fn numbered(parts: &[&str]) -> Val {
    let entries = parts.iter().enumerate().map(|(index, part)| (format!("_{index}").into(), Val::from(*part)));
    Val::Dict(Dict::typed(Elem::String, entries.collect()))
}

/// The list that an argument is; `doing` says in Go's words what cannot be done with others.
fn list<'v>(val: &'v Val, doing: &str) -> Result<&'v List, Problem> {
    match val {
        Val::List(list) => Ok(list),
        Val::Nil | Val::Missing => Err(args::nil_pointer()),
        other => Err(Problem::new(format!("{doing} type {}", args::kind(other)))),
    }
}

fn anything(items: Vec<Val>) -> Val {
    Val::List(List::new(items))
}

fn first(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(list(&args[0], "Cannot find first on")?.get(0).unwrap_or(Val::Nil))
}

fn last(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(list(&args[0], "Cannot find last on")?.iter().next_back().unwrap_or(Val::Nil))
}

fn rest(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(anything(list(&args[0], "Cannot find rest on")?.iter().skip(1).collect()))
}

fn initial(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let list = list(&args[0], "Cannot find initial on")?;
    Ok(anything(list.iter().take(list.len().saturating_sub(1)).collect()))
}

fn push(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut items = list(&args[0], "Cannot push on")?.to_vec();
    items.push(args[1].clone());
    Ok(anything(items))
}

fn prepend(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut items = vec![args[1].clone()];
    items.extend(list(&args[0], "Cannot prepend on")?.iter());
    Ok(anything(items))
}

fn reverse(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(anything(list(&args[0], "Cannot find reverse on")?.iter().rev().collect()))
}

fn uniq(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut kept: Vec<Val> = Vec::new();
    for item in list(&args[0], "Cannot find uniq on")?.iter() {
        if !contains(&kept, &item)? {
            kept.push(item);
        }
    }
    Ok(anything(kept))
}

fn contains(items: &[Val], sought: &Val) -> Result<bool, Problem> {
    for item in items {
        if deep_equal(item, sought)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn compact(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut kept = Vec::new();
    for item in list(&args[0], "Cannot compact on")?.iter() {
        if !is_empty(&item) {
            kept.push(item);
        }
    }
    Ok(anything(kept))
}

fn without(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut kept = Vec::new();
    for item in list(&args[0], "Cannot find without on")?.iter() {
        if !contains(args::rest(args, 1), &item)? {
            kept.push(item);
        }
    }
    Ok(anything(kept))
}

fn has(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    if args[1].is_nil() {
        return Ok(Val::Bool(false));
    }
    let items = list(&args[1], "Cannot find has on")?.to_vec();
    Ok(Val::Bool(contains(&items, &args[0])?))
}

fn slice(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let list = match &args[0] {
        Val::List(list) => list,
        Val::Nil | Val::Missing => return Err(args::nil_pointer()),
        other => return Err(Problem::new(format!("list should be type of slice or array but {}", args::kind(other)))),
    };
    if list.is_empty() {
        return Ok(Val::Nil);
    }
    let bound = |index: usize, default: i64| args.get(index).map_or(default, number::to_int64);
    let (from, to) = (bound(1, 0), bound(2, args::count(list.len())));
    match (usize::try_from(from), usize::try_from(to)) {
        (Ok(from), Ok(to)) if from <= to && to <= list.len() => Ok(Val::List(list.part(from..to))),
        _ => Err(Problem::new("reflect.Value.Slice: slice index out of bounds")),
    }
}

fn chunk(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let list = list(&args[1], "Cannot chunk")?;
    let size = args::int(args, 0);
    if size <= 0 {
        return Err(Problem::new(format!("the size of a chunk must be positive, and is {size}")));
    }
    call.allow(list.len().saturating_mul(32))?;
    let items = list.to_vec();
    Ok(anything(items.chunks(args::length(size)).map(|part| anything(part.to_vec())).collect()))
}

fn concat(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut items = Vec::new();
    for arg in args {
        match arg {
            Val::List(list) => {
                call.allow(list.len().saturating_mul(16))?;
                items.extend(list.iter());
            }
            Val::Nil | Val::Missing => return Err(args::nil_pointer()),
            other => return Err(Problem::new(format!("Cannot concat type {} as list", args::kind(other)))),
        }
    }
    Ok(anything(items))
}
