//! `conv.`: conversions.

use super::super::golang::url::Url;
use super::super::golang::{args, number, text};
use super::coll;
use crate::template::{Call, Elem, Function, List, Param, Problem, Val};

const A: Param = Param::Any;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("Bool", &[A], bool),
    Function::new("ToBool", &[A], |_, args| Ok(Val::Bool(number::conv_bool(&args[0])))),
    Function::variadic("ToBools", &[], A, |_, args| {
        Ok(typed(Elem::Bool, args.iter().map(|val| Val::Bool(number::conv_bool(val)))))
    }),
    Function::variadic("Slice", &[], A, |_, args| Ok(Val::List(List::new(args.to_vec())))),
    Function::new("Join", &[A, Param::Text], join),
    Function::new("Has", &[A, Param::Text], |_, args| Ok(Val::Bool(coll::has(&args[0], &args[1])?))),
    Function::new("ParseInt", &[A, Param::Int, Param::Int], |_, args| {
        let text = text::conv(&args[0])?;
        let (base, bits) = (size(args, 1), size(args, 2));
        Ok(Val::Int64(number::parse_int_or_nearest(&text, base, bits)))
    }),
    Function::new("ParseUint", &[A, Param::Int, Param::Int], |_, args| {
        let text = text::conv(&args[0])?;
        let bits = match size(args, 2) {
            0 => 64,
            bits => bits.min(64),
        };
        let most = u64::MAX >> (64 - bits);
        let parsed = number::parse_uint(&text, size(args, 1));
        Ok(Val::UInt(match parsed {
            Ok(number) => number.min(most),
            Err(number::NumError::Range) => most,
            Err(number::NumError::Syntax) => 0,
        }))
    }),
    Function::new("ParseFloat", &[A, Param::Int], |_, args| {
        let text = text::conv(&args[0])?;
        let nearest = if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
        Ok(Val::Float(match number::parse_float(&text) {
            Ok(number) => number,
            Err(number::NumError::Range) => nearest,
            Err(number::NumError::Syntax) => 0.0,
        }))
    }),
    Function::new("Atoi", &[A], |_, args| Ok(Val::Int(number::parse_int_or_nearest(&text::conv(&args[0])?, 10, 64)))),
    Function::new("URL", &[A], |_, args| url(args)),
    Function::new("ToInt64", &[A], |_, args| Ok(Val::Int64(number::conv_int64(&args[0])))),
    Function::new("ToInt", &[A], |_, args| Ok(Val::Int(number::conv_int64(&args[0])))),
    Function::variadic("ToInt64s", &[], A, |_, args| {
        Ok(typed(Elem::Int64, args.iter().map(|val| Val::Int64(number::conv_int64(val)))))
    }),
    Function::variadic("ToInts", &[], A, |_, args| {
        Ok(typed(Elem::Int, args.iter().map(|val| Val::Int(number::conv_int64(val)))))
    }),
    Function::new("ToFloat64", &[A], |_, args| Ok(Val::Float(number::conv_float64(&args[0])))),
    Function::variadic("ToFloat64s", &[], A, |_, args| {
        Ok(typed(Elem::Float, args.iter().map(|val| Val::Float(number::conv_float64(val)))))
    }),
    Function::new("ToString", &[A], |_, args| Ok(Val::from(text::conv(&args[0])?))),
    Function::variadic("ToStrings", &[], A, |_, args| {
        Ok(args::strings(args.iter().map(text::conv).collect::<Result<_, _>>()?))
    }),
    Function::new("Default", &[A, A], |_, args| Ok(args[usize::from(args[1].truth())].clone())),
    Function::variadic("Dict", &[], A, |_, args| Ok(Val::Dict(coll::dict(args)?))),
];

/// Names without the namespace.
pub(super) static ALIASES: &[Function] = &[
    Function::new("urlParse", &[A], |_, args| url(args)),
    Function::new("bool", &[A], bool),
    Function::new("join", &[A, Param::Text], join),
    Function::new("default", &[A, A], |_, args| Ok(args[usize::from(args[1].truth())].clone())),
];

fn typed(elem: Elem, items: impl Iterator<Item = Val>) -> Val {
    Val::List(List::typed(elem, items.collect()))
}

fn size(args: &[Val], index: usize) -> u32 {
    u32::try_from(args::int(args, index)).unwrap_or(0)
}

fn bool(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::Bool(crate::value::parse_bool(&text::conv(&args[0])?).unwrap_or(false)))
}

fn join(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let items = coll::items(&args[0])
        .map_err(|problem| Problem::new(format!("input to Join must be an array: {}", problem.message())))?;
    let parts = items.iter().map(text::conv).collect::<Result<Vec<_>, _>>()?;
    Ok(Val::from(parts.join(args::text(args, 1))))
}

fn url(args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::object(Url::parse(&text::conv(&args[0])?).map_err(Problem::new)?))
}
