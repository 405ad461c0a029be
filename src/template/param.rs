//! Types of parameters: what fits, and how Go says that something does not.

use super::ast::{Expr, ExprKind};
use super::function::Param;
use super::list::Elem;
use super::value::Val;

pub(super) fn name(param: Param) -> &'static str {
    match param {
        Param::Any => "interface {}",
        Param::Raw => "reflect.Value",
        Param::Text => "string",
        Param::Int => "int",
        Param::Int64 => "int64",
        Param::Float => "float64",
        Param::Bool => "bool",
        Param::List => "[]interface {}",
        Param::Dict => "map[string]interface {}",
        Param::Named(name) => name,
    }
}

/// What the constant `nil` is for a parameter; `None` for types that have no nil.
pub(super) fn nil(param: Param) -> Option<Val> {
    match param {
        Param::Raw => Some(Val::Missing),
        param if can_be_nil(param) => Some(Val::Nil),
        _ => None,
    }
}

fn can_be_nil(param: Param) -> bool {
    match param {
        Param::Any | Param::Raw | Param::List | Param::Dict => true,
        Param::Named(name) => name.starts_with("[]") || name.starts_with("map[") || name.starts_with('*'),
        Param::Text | Param::Int | Param::Int64 | Param::Float | Param::Bool => false,
    }
}

/// A value for a parameter, or why it does not fit.
pub(super) fn accept(val: Val, param: Param) -> Result<Val, String> {
    let fits = match (param, &val) {
        (param, Val::Missing) => {
            return nil(param).ok_or_else(|| format!("invalid value; expected {}", name(param)));
        }
        (Param::Raw | Param::Any, _)
        | (Param::Text, Val::String(_))
        | (Param::Int, Val::Int(_))
        | (Param::Int64, Val::Int64(_))
        | (Param::Float, Val::Float(_))
        | (Param::Bool, Val::Bool(_)) => true,
        (Param::List, Val::List(list)) => list.elem() == Elem::Any,
        (Param::Dict, Val::Dict(dict)) => dict.elem() == Elem::Any,
        (Param::Named(name), val) => val.type_name() == name,
        _ => false,
    };
    if fits {
        return Ok(val);
    }
    let found = if val.is_nil() { "interface {}" } else { val.type_name() };
    Err(format!("wrong type for value; expected {}; got {found}", name(param)))
}

/// A constant for a parameter of a certain type.
pub(super) fn constant(expr: &Expr, param: Param) -> Result<Val, String> {
    let expected = |what: &str| Err(format!("expected {what}; found {expr}"));
    match (param, &expr.kind) {
        (Param::Text, ExprKind::String { val, .. }) => Ok(val.clone()),
        (Param::Text, _) => expected("string"),
        (Param::Bool, ExprKind::Bool(flag)) => Ok(Val::Bool(*flag)),
        (Param::Bool, _) => expected("bool"),
        (Param::Int | Param::Int64, kind) => match kind {
            ExprKind::Number(number) => match number.int {
                Some(int) if param == Param::Int => Ok(Val::Int(int)),
                Some(int) => Ok(Val::Int64(int)),
                None => expected("integer"),
            },
            _ => expected("integer"),
        },
        (Param::Float, ExprKind::Number(number)) => match number.float {
            Some(float) => Ok(Val::Float(float)),
            None => expected("float"),
        },
        (Param::Float, _) => expected("float"),
        _ => Err(format!("can't handle {expr} for arg of type {}", name(param))),
    }
}
