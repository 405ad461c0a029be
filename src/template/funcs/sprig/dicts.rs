//! Maps.

use super::super::golang::{args, text};
use crate::template::{Call, Dict, Function, List, MAX_NESTING, Param, Problem, Val};

const D: Param = Param::Dict;
const T: Param = Param::Text;
const A: Param = Param::Any;

pub(super) static TABLE: &[Function] = &[
    Function::variadic("dict", &[], A, |_, args| Ok(Val::Dict(pairs(args)?))),
    Function::new("get", &[D, T], |_, args| {
        Ok(dict(&args[0]).and_then(|dict| dict.get(args::text(args, 1))).unwrap_or_else(|| Val::text("")))
    }),
    Function::new("set", &[D, T, A], set),
    Function::new("unset", &[D, T], unset),
    Function::new("hasKey", &[D, T], |_, args| {
        Ok(Val::Bool(dict(&args[0]).is_some_and(|dict| dict.contains(args::text(args, 1)))))
    }),
    Function::variadic("pluck", &[T], D, |_, args| {
        let found = args::rest(args, 1).iter().filter_map(|val| dict(val)?.get(args::text(args, 0)));
        Ok(Val::List(found.collect()))
    }),
    Function::variadic("keys", &[], D, |_, args| {
        Ok(Val::List(List::strings(args.iter().filter_map(dict).flat_map(Dict::keys))))
    }),
    Function::new("values", &[D], |_, args| {
        let entries = dict(&args[0]).map(Dict::entries).unwrap_or_default();
        Ok(Val::List(entries.into_iter().map(|(_, val)| val).collect()))
    }),
    Function::variadic("pick", &[D], T, |_, args| {
        let keys = args::rest(args, 1).iter().filter_map(Val::as_str);
        Ok(Val::Dict(keys.filter_map(|key| Some((key, dict(&args[0])?.get(key)?))).collect()))
    }),
    Function::variadic("omit", &[D], T, |_, args| {
        let omitted: Vec<&str> = args::rest(args, 1).iter().filter_map(Val::as_str).collect();
        let entries = dict(&args[0]).map(Dict::entries).unwrap_or_default();
        Ok(Val::Dict(entries.into_iter().filter(|(key, _)| !omitted.contains(&&**key)).collect()))
    }),
    Function::variadic("dig", &[], A, dig),
    Function::new("deepCopy", &[A], |call, args| deep_copy(call, &args[0], 0)),
    Function::new("mustDeepCopy", &[A], |call, args| deep_copy(call, &args[0], 0)),
];

/// Go's nil map is an empty one to all that only look.
pub(super) fn dict(val: &Val) -> Option<&Dict> {
    val.as_dict()
}

/// Alternating keys and values; a key without a value gets the empty text.
fn pairs(args: &[Val]) -> Result<Dict, Problem> {
    args.chunks(2)
        .map(|pair| Ok((text::strval(&pair[0])?, pair.get(1).cloned().unwrap_or_else(|| Val::text("")))))
        .collect::<Result<Vec<_>, Problem>>()
        .map(|entries| entries.into_iter().collect())
}

fn set(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let Some(dict) = dict(&args[0]) else { return Err(Problem::new("assignment to entry in nil map")) };
    let dict = call.writable(dict);
    dict.set(args::text(args, 1), args[2].clone());
    Ok(Val::Dict(dict))
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn unset(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let Some(dict) = dict(&args[0]) else { return Ok(Val::Nil) };
    let dict = call.writable(dict);
    dict.remove(args::text(args, 1));
    Ok(Val::Dict(dict))
}

/// `dig "a" "b" default dict`.
fn dig(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let [keys @ .., default, whole] = args else { return Err(Problem::new("dig needs at least three arguments")) };
    if keys.is_empty() {
        return Err(Problem::new("dig needs at least three arguments"));
    }
    let mut here = Some(whole.clone());
    let conversion = |val: &Val, wanted: &str| {
        let found = if val.is_nil() { "nil" } else { val.type_name() };
        Problem::new(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
    };
    if !matches!(whole, Val::Dict(_)) {
        return Err(conversion(whole, "map[string]interface {}"));
    }
    if let Some(key) = keys.iter().find(|key| key.as_str().is_none()) {
        return Err(conversion(key, "string"));
    }
    for key in keys.iter().filter_map(Val::as_str) {
        let Some(val) = here else { break };
        let Val::Dict(dict) = &val else { return Err(conversion(&val, "map[string]interface {}")) };
        here = dict.get(key);
    }
    Ok(here.unwrap_or_else(|| default.clone()))
}

/// New maps and lists all the way down.
fn deep_copy(call: &mut Call<'_>, val: &Val, depth: usize) -> Result<Val, Problem> {
    if depth > MAX_NESTING {
        return Err(Problem::new("deepCopy error: the value is nested too deep"));
    }
    match val {
        Val::List(list) => {
            call.allow(list.len().saturating_mul(16))?;
            let items = list.iter().map(|item| deep_copy(call, &item, depth + 1)).collect::<Result<Vec<_>, _>>()?;
            Ok(Val::List(List::typed(list.elem(), items)))
        }
        Val::Dict(dict) => {
            call.allow(dict.len().saturating_mul(32))?;
            let mut copy = std::collections::BTreeMap::new();
            for (key, item) in call.view(dict).entries() {
                copy.insert(key, deep_copy(call, &item, depth + 1)?);
            }
            Ok(Val::Dict(Dict::typed(dict.elem(), copy)))
        }
        other => Ok(other.clone()),
    }
}
