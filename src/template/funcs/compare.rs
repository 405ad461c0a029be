//! `eq`, `lt` and the like, with Go's rules: no conversion between kinds, but integers of any type compare.

use std::cmp::Ordering;

use crate::template::format;
use crate::template::function::Call;
use crate::template::problem::Problem;
use crate::template::value::Val;

/// Kinds between which values compare. `None` for nil, containers and objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    UInt,
    Float,
    String,
}

fn kind(val: &Val) -> Option<Kind> {
    Some(match val {
        Val::Bool(_) => Kind::Bool,
        Val::Int(_) | Val::Int64(_) => Kind::Int,
        Val::UInt(_) | Val::Byte(_) => Kind::UInt,
        Val::Float(_) => Kind::Float,
        Val::String(_) => Kind::String,
        Val::Object(_) if number(val).is_some() => Kind::Int,
        _ => return None,
    })
}

/// The number that an object of a named integer type is: a duration, a month.
fn number(val: &Val) -> Option<i64> {
    match val {
        Val::Object(object) => match object.to_node().value {
            crate::value::Value::Int(number) => Some(number),
            _ => None,
        },
        _ => None,
    }
}

/// Order of two integers of any type.
fn integers(one: &Val, two: &Val) -> Option<Ordering> {
    let wide = |val: &Val| match val {
        Val::Int(number) | Val::Int64(number) => Some(i128::from(*number)),
        Val::UInt(number) => Some(i128::from(*number)),
        Val::Byte(number) => Some(i128::from(*number)),
        val => number(val).map(i128::from),
    };
    Some(wide(one)?.cmp(&wide(two)?))
}

fn incompatible(one: &Val, two: &Val) -> Problem {
    Problem::new(format!("incompatible types for comparison: {} and {}", one.type_name(), two.type_name()))
}

#[expect(clippy::float_cmp, reason = "equality of floats is what the template asks for")]
pub(in crate::template) fn equal(one: &Val, two: &Val) -> Result<bool, Problem> {
    if let Some(order) = integers(one, two) {
        return Ok(order == Ordering::Equal);
    }
    match (one, two) {
        (Val::Bool(one), Val::Bool(two)) => Ok(one == two),
        (Val::Float(one), Val::Float(two)) => Ok(one == two),
        (Val::String(one), Val::String(two)) => Ok(one == two),
        (one, two) if one.is_nil() || two.is_nil() => Ok(one.is_nil() && two.is_nil()),
        (one, two) if kind(one).is_some() || kind(two).is_some() => Err(incompatible(one, two)),
        (Val::List(_), Val::List(_)) | (Val::Dict(_), Val::Dict(_)) => {
            let shown = format::sprintf("%s", std::slice::from_ref(two))?;
            Err(Problem::new(format!("non-comparable type {shown}: {}", two.type_name())))
        }
        (Val::Namespace(one), Val::Namespace(two)) => Ok(std::ptr::eq(*one, *two)),
        (Val::Object(one), Val::Object(two)) => Ok(one.type_name() == two.type_name() && one.same(&**two)),
        (one, two) => {
            let (first, second) = (std::slice::from_ref(one), std::slice::from_ref(two));
            let (first, second) = (format::sprintf("%s", first)?, format::sprintf("%v", second)?);
            let (one, two) = (one.type_name(), two.type_name());
            Err(Problem::new(format!("non-comparable types {first}: {one}, {two}: {second}")))
        }
    }
}

fn less(one: &Val, two: &Val) -> Result<bool, Problem> {
    let invalid = || Problem::new("invalid type for comparison");
    let (first, second) = (kind(one).ok_or_else(invalid)?, kind(two).ok_or_else(invalid)?);
    if let Some(order) = integers(one, two) {
        return Ok(order == Ordering::Less);
    }
    match (one, two) {
        (Val::Float(one), Val::Float(two)) => Ok(one < two),
        (Val::String(one), Val::String(two)) => Ok(one < two),
        _ if first != second => Err(incompatible(one, two)),
        _ => Err(invalid()),
    }
}

fn pair(args: &[Val]) -> (&Val, &Val) {
    static MISSING: Val = Val::Missing;
    (args.first().unwrap_or(&MISSING), args.get(1).unwrap_or(&MISSING))
}

pub(super) fn eq(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    match args.split_first() {
        None | Some((_, [])) => Err(Problem::new("missing argument for comparison")),
        Some((one, others)) => {
            for two in others {
                if equal(one, two)? {
                    return Ok(Val::Bool(true));
                }
            }
            Ok(Val::Bool(false))
        }
    }
}

pub(super) fn ne(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (one, two) = pair(args);
    equal(one, two).map(|same| Val::Bool(!same))
}

pub(super) fn lt(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (one, two) = pair(args);
    less(one, two).map(Val::Bool)
}

pub(super) fn le(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (one, two) = pair(args);
    Ok(Val::Bool(less(one, two)? || equal(one, two)?))
}

pub(super) fn gt(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (one, two) = pair(args);
    Ok(Val::Bool(!(less(one, two)? || equal(one, two)?)))
}

pub(super) fn ge(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (one, two) = pair(args);
    less(one, two).map(|less| Val::Bool(!less))
}
