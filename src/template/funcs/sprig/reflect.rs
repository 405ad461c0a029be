//! Types and equality.

use super::super::golang::args;
use super::super::golang::duration;
use crate::template::{Function, MAX_NESTING, Param, Problem, Val};

const A: Param = Param::Any;
const T: Param = Param::Text;

pub(super) static TABLE: &[Function] = &[
    Function::new("typeOf", &[A], |_, args| Ok(Val::from(args::any(args, 0).type_name()))),
    Function::new("typeIs", &[T, A], |_, args| Ok(Val::Bool(args::any(args, 1).type_name() == args::text(args, 0)))),
    Function::new("typeIsLike", &[T, A], |_, args| {
        let (wanted, found) = (args::text(args, 0), args::any(args, 1).type_name());
        Ok(Val::Bool(found == wanted || found.strip_prefix('*') == Some(wanted)))
    }),
    Function::new("kindOf", &[A], |_, args| Ok(Val::from(args::kind(args::any(args, 0))))),
    Function::new("kindIs", &[T, A], |_, args| Ok(Val::Bool(args::kind(args::any(args, 1)) == args::text(args, 0)))),
    Function::new("deepEqual", &[A, A], |_, args| Ok(Val::Bool(deep_equal(&args[0], &args[1])?))),
];

/// sprig's `empty`: nothing, zero, or without content.
pub(in crate::template::funcs) fn is_empty(val: &Val) -> bool {
    match val {
        Val::Object(_) => duration::of(val) == Some(0),
        other => !other.truth(),
    }
}

/// `reflect.DeepEqual`: types count, so `1` and `int64` `1` differ.
///
/// # Errors
/// Nesting without end.
pub(in crate::template::funcs) fn deep_equal(one: &Val, two: &Val) -> Result<bool, Problem> {
    equal_at(one, two, 0)
}

fn equal_at(one: &Val, two: &Val, depth: usize) -> Result<bool, Problem> {
    if depth > MAX_NESTING {
        return Err(Problem::new("the values are nested too deep to be compared"));
    }
    if one.type_name() != two.type_name() {
        return Ok(false);
    }
    Ok(match (one, two) {
        (Val::Nil | Val::Missing, _) => true,
        (Val::Bool(one), Val::Bool(two)) => one == two,
        (Val::Int(one), Val::Int(two)) | (Val::Int64(one), Val::Int64(two)) => one == two,
        (Val::UInt(one), Val::UInt(two)) => one == two,
        (Val::Byte(one), Val::Byte(two)) => one == two,
        #[allow(clippy::float_cmp, reason = "equality is what is asked for")]
        (Val::Float(one), Val::Float(two)) => one == two,
        (Val::String(one), Val::String(two)) => one == two,
        (Val::List(one), Val::List(two)) => {
            if one.len() != two.len() {
                return Ok(false);
            }
            for (one, two) in one.iter().zip(two.iter()) {
                if !equal_at(&one, &two, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Dict(one), Val::Dict(two)) => {
            if one.is(two) {
                return Ok(true);
            }
            let (one, two) = (one.entries(), two.entries());
            if one.len() != two.len() {
                return Ok(false);
            }
            for ((key, one), (other, two)) in one.iter().zip(&two) {
                if key != other || !equal_at(one, two, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Object(one), Val::Object(two)) => one.same(&**two),
        (Val::Namespace(one), Val::Namespace(two)) => one.name == two.name,
        _ => false,
    })
}
