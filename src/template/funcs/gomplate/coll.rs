//! `coll.`: lists and maps.

use super::super::golang::{args, number, text};
use super::super::sprig::deep_equal;
use super::jsonpath;
use crate::template::{Call, Dict, Function, List, MAX_NESTING, Param, Problem, Val};

const A: Param = Param::Any;
const D: Param = Param::Dict;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::variadic("Slice", &[], A, slice),
    Function::new("Has", &[A, Param::Text], |_, args| Ok(Val::Bool(has(&args[0], &args[1])?))),
    Function::variadic("Dict", &[], A, |_, args| Ok(Val::Dict(dict(args)?))),
    Function::variadic("Keys", &[], D, keys),
    Function::variadic("Values", &[], D, values),
    Function::new("Append", &[A, A], append),
    Function::new("Prepend", &[A, A], prepend),
    Function::new("Uniq", &[A], uniq),
    Function::new("Reverse", &[A], reverse),
    Function::variadic("Merge", &[D], D, |call, args| Ok(merge(call, args))),
    Function::variadic("Sort", &[], A, sort),
    Function::new("JSONPath", &[Param::Text, A], |_, args| jsonpath::find(args::text(args, 0), &args[1])),
    Function::variadic("Flatten", &[], A, flatten),
    Function::variadic("Pick", &[], A, |_, args| chosen(args, true)),
    Function::variadic("Omit", &[], A, |_, args| chosen(args, false)),
];

/// Names without the namespace.
pub(super) static ALIASES: &[Function] = &[
    Function::variadic("slice", &[], A, slice),
    Function::new("has", &[A, Param::Text], |_, args| Ok(Val::Bool(has(&args[0], &args[1])?))),
    Function::variadic("dict", &[], A, |_, args| Ok(Val::Dict(dict(args)?))),
    Function::variadic("keys", &[], D, keys),
    Function::variadic("values", &[], D, values),
    Function::new("append", &[A, A], append),
    Function::new("prepend", &[A, A], prepend),
    Function::new("uniq", &[A], uniq),
    Function::new("reverse", &[A], reverse),
    Function::variadic("merge", &[D], D, |call, args| Ok(merge(call, args))),
    Function::variadic("sort", &[], A, sort),
    Function::new("jsonpath", &[Param::Text, A], |_, args| jsonpath::find(args::text(args, 0), &args[1])),
    Function::variadic("flatten", &[], A, flatten),
];

/// The list that an argument is. The library names its own type in the message, whatever the argument is.
pub(super) fn items(val: &Val) -> Result<Vec<Val>, Problem> {
    match val {
        Val::List(list) => Ok(list.to_vec()),
        _ => Err(Problem::new("expected an array or slice, but got a reflect.Value")),
    }
}

fn anything(items: Vec<Val>) -> Val {
    Val::List(List::new(items))
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn slice(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(anything(args.to_vec()))
}

/// Whether a map has a key, or a list an element.
pub(super) fn has(whole: &Val, key: &Val) -> Result<bool, Problem> {
    match whole {
        Val::Dict(dict) => Ok(key.as_str().is_some_and(|key| dict.contains(key))),
        Val::List(list) => {
            for item in list.iter() {
                if deep_equal(&item, key)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// Alternating keys and values; a key without a value gets the empty text.
pub(super) fn dict(args: &[Val]) -> Result<Dict, Problem> {
    let entries =
        args.chunks(2).map(|pair| Ok((text::conv(&pair[0])?, pair.get(1).cloned().unwrap_or_else(|| Val::text("")))));
    Ok(entries.collect::<Result<Vec<_>, Problem>>()?.into_iter().collect())
}

fn at_least_one(args: &[Val]) -> Result<(), Problem> {
    if args.is_empty() { Err(Problem::new("need at least one argument")) } else { Ok(()) }
}

fn keys(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    at_least_one(args)?;
    Ok(Val::List(List::strings(args.iter().filter_map(Val::as_dict).flat_map(Dict::keys))))
}

fn values(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    at_least_one(args)?;
    let entries = args.iter().filter_map(Val::as_dict).flat_map(Dict::entries);
    Ok(anything(entries.map(|(_, val)| val).collect()))
}

fn append(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut items = items(&args[1])?;
    items.push(args[0].clone());
    Ok(anything(items))
}

fn prepend(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut items = items(&args[1])?;
    items.insert(0, args[0].clone());
    Ok(anything(items))
}

fn uniq(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut kept: Vec<Val> = Vec::new();
    'items: for item in items(&args[0])? {
        for known in &kept {
            if deep_equal(known, &item)? {
                continue 'items;
            }
        }
        kept.push(item);
    }
    Ok(anything(kept))
}

fn reverse(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let mut items = items(&args[0])?;
    items.reverse();
    Ok(anything(items))
}

/// Maps further left win; nothing changes in place.
fn merge(call: &mut Call<'_>, args: &[Val]) -> Val {
    let mut merged = args[0].as_dict().cloned().unwrap_or_default();
    for source in args::rest(args, 1).iter().filter_map(Val::as_dict) {
        merged = layered(call, source, &merged, 0);
    }
    Val::Dict(merged)
}

fn layered(call: &Call<'_>, below: &Dict, above: &Dict, depth: usize) -> Dict {
    let mut entries: std::collections::BTreeMap<_, _> = call.view(below).entries().into_iter().collect();
    for (key, val) in call.view(above).entries() {
        let merged = match (entries.get(&key), &val) {
            (Some(Val::Dict(below)), Val::Dict(above)) if depth < MAX_NESTING => {
                Val::Dict(layered(call, below, above, depth + 1))
            }
            _ => val,
        };
        entries.insert(key, merged);
    }
    Dict::new(entries)
}

/// One or two arguments; the list comes last.
fn optional_first(args: &[Val]) -> Result<(Option<&Val>, &Val), Problem> {
    match args {
        [list] => Ok((None, list)),
        [first, list] => Ok((Some(first), list)),
        _ => Err(Problem::new(format!("wrong number of args: wanted 1 or 2, got {}", args.len()))),
    }
}

fn sort(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (key, list) = optional_first(args)?;
    if list.is_nil() {
        return Ok(anything(Vec::new()));
    }
    let key = key.map(text::conv).transpose()?.unwrap_or_default();
    let mut items = items(list)?;
    let alike = items.iter().all(|item| args::kind(item) == args::kind(&items[0]));
    if alike {
        sort_items(&mut items, &key);
    }
    Ok(anything(items))
}

/// What an element is sorted by.
#[derive(PartialEq, PartialOrd)]
enum Rank {
    Int(i64),
    UInt(u64),
    Float(f64),
    Text(std::sync::Arc<str>),
}

impl Rank {
    fn of(val: &Val, key: &str) -> Option<Rank> {
        match val {
            Val::Int(number) | Val::Int64(number) => Some(Rank::Int(*number)),
            Val::UInt(number) => Some(Rank::UInt(*number)),
            Val::Float(number) if !number.is_nan() => Some(Rank::Float(*number)),
            Val::String(text) => Some(Rank::Text(text.clone())),
            Val::Dict(dict) if !key.is_empty() => dict.get(key).and_then(|val| Rank::of(&val, "")),
            _ => None,
        }
    }
}

/// Stable. Lists with elements that cannot be compared stay as they are; there is no order that they could have.
fn sort_items(items: &mut Vec<Val>, key: &str) {
    let ranks: Option<Vec<Rank>> = items.iter().map(|item| Rank::of(item, key)).collect();
    let Some(ranks) = ranks else { return };
    let mixed = ranks.iter().any(|rank| std::mem::discriminant(rank) != std::mem::discriminant(&ranks[0]));
    if mixed {
        return;
    }
    let mut ranked: Vec<(Rank, Val)> = ranks.into_iter().zip(items.drain(..)).collect();
    ranked.sort_by(|(one, _), (two, _)| one.partial_cmp(two).unwrap_or(std::cmp::Ordering::Equal));
    items.extend(ranked.into_iter().map(|(_, item)| item));
}

fn flatten(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (depth, list) = optional_first(args)?;
    let depth = depth.map_or(-1, number::conv_int64);
    let mut out = Vec::new();
    flatten_into(call, &mut out, items(list)?, depth, 0)?;
    Ok(anything(out))
}

fn flatten_into(
    call: &mut Call<'_>,
    out: &mut Vec<Val>,
    items: Vec<Val>,
    depth: i64,
    level: usize,
) -> Result<(), Problem> {
    if level > MAX_NESTING {
        return Err(Problem::new("the list is nested too deep to be flattened"));
    }
    call.allow(items.len().saturating_mul(16))?;
    for item in items {
        match item {
            Val::List(list) if depth != 0 => flatten_into(call, out, list.to_vec(), depth - 1, level + 1)?,
            other => out.push(other),
        }
    }
    Ok(())
}

/// Keys first, then the map.
fn chosen(args: &[Val], keep: bool) -> Result<Val, Problem> {
    let [keys @ .., whole] = args else {
        return Err(Problem::new("wrong number of args: wanted 2 or more, got 0"));
    };
    if keys.is_empty() {
        return Err(Problem::new("wrong number of args: wanted 2 or more, got 1"));
    }
    let Val::Dict(dict) = whole else {
        let found = whole.type_name();
        return Err(Problem::new(format!("wrong map type: must be map[string]interface{{}}, got {found}")));
    };
    if let Some(key) = keys.iter().find(|key| key.as_str().is_none()) {
        let shown = text::strval(key)?;
        return Err(Problem::new(format!("wrong key type: must be string, got {} ({shown})", key.type_name())));
    }
    let named = |key: &str| keys.iter().any(|name| name.as_str() == Some(key));
    Ok(Val::Dict(dict.entries().into_iter().filter(|(key, _)| named(key) == keep).collect()))
}
