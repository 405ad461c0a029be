//! `math.`: arithmetic that becomes floating as soon as one number is.

use super::super::golang::number;
use crate::template::{Call, Elem, Function, List, Param, Problem, Val};

const A: Param = Param::Any;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("IsInt", &[A], |_, args| Ok(Val::Bool(is_int(&args[0])))),
    Function::new("IsFloat", &[A], |_, args| Ok(Val::Bool(is_float(&args[0])))),
    Function::new("IsNum", &[A], |_, args| Ok(Val::Bool(is_int(&args[0]) || is_float(&args[0])))),
    Function::new("Abs", &[A], |_, args| {
        let size = number::conv_float64(&args[0]).abs();
        Ok(if is_int(&args[0]) { Val::Int64(number::truncate(size)) } else { Val::Float(size) })
    }),
    Function::variadic("Add", &[], A, add),
    Function::variadic("Mul", &[], A, mul),
    Function::new("Sub", &[A, A], sub),
    Function::new("Div", &[A, A], div),
    Function::new("Rem", &[A, A], rem),
    Function::new("Pow", &[A, A], pow),
    Function::variadic("Seq", &[], A, seq),
    Function::variadic("Max", &[A], A, |_, args| Ok(extreme(args, true))),
    Function::variadic("Min", &[A], A, |_, args| Ok(extreme(args, false))),
    Function::new("Ceil", &[A], |_, args| Ok(Val::Float(number::conv_float64(&args[0]).ceil()))),
    Function::new("Floor", &[A], |_, args| Ok(Val::Float(number::conv_float64(&args[0]).floor()))),
    Function::new("Round", &[A], |_, args| Ok(Val::Float(number::conv_float64(&args[0]).round()))),
];

/// Names without the namespace.
pub(super) static ALIASES: &[Function] = &[
    Function::variadic("add", &[], A, add),
    Function::new("sub", &[A, A], sub),
    Function::variadic("mul", &[], A, mul),
    Function::new("div", &[A, A], div),
    Function::new("rem", &[A, A], rem),
    Function::new("pow", &[A, A], pow),
    Function::variadic("seq", &[], A, seq),
];

fn is_int(val: &Val) -> bool {
    match val {
        Val::Int(_) | Val::Int64(_) | Val::UInt(_) | Val::Byte(_) => true,
        Val::String(text) => number::parse_int(text, 0, 64).is_ok(),
        _ => false,
    }
}

fn is_float(val: &Val) -> bool {
    match val {
        Val::Float(_) => true,
        Val::String(text) => number::parse_float(text).is_ok() && !is_int(val),
        _ => false,
    }
}

fn floats(args: &[Val]) -> Option<Vec<f64>> {
    args.iter().any(is_float).then(|| args.iter().map(number::conv_float64).collect())
}

fn ints(args: &[Val]) -> impl Iterator<Item = i64> + '_ {
    args.iter().map(number::conv_int64)
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn add(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(match floats(args) {
        Some(numbers) => Val::Float(numbers.into_iter().fold(0.0, |sum, number| sum + number)),
        None => Val::Int64(ints(args).fold(0, i64::wrapping_add)),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn mul(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(match floats(args) {
        Some(numbers) => Val::Float(numbers.into_iter().product()),
        None => Val::Int64(ints(args).fold(1, i64::wrapping_mul)),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn sub(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(match floats(args) {
        Some(numbers) => Val::Float(numbers[0] - numbers[1]),
        None => Val::Int64(number::conv_int64(&args[0]).wrapping_sub(number::conv_int64(&args[1]))),
    })
}

fn div(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (one, two) = (number::conv_float64(&args[0]), number::conv_float64(&args[1]));
    if two == 0.0 {
        return Err(Problem::new("error: division by 0"));
    }
    Ok(Val::Float(one / two))
}

fn rem(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    match number::conv_int64(&args[1]) {
        0 => Err(Problem::new("runtime error: integer divide by zero")),
        divisor => Ok(Val::Int64(number::conv_int64(&args[0]).wrapping_rem(divisor))),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn pow(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let power = number::conv_float64(&args[0]).powf(number::conv_float64(&args[1]));
    Ok(if is_float(&args[0]) { Val::Float(power) } else { Val::Int64(number::truncate(power)) })
}

fn extreme(args: &[Val], largest: bool) -> Val {
    let Some(numbers) = floats(args) else {
        let best = if largest { ints(args).max() } else { ints(args).min() };
        return Val::Int64(best.unwrap_or_default());
    };
    let best = numbers.into_iter().reduce(|best, next| match (best.is_nan() || next.is_nan(), largest) {
        (true, _) => f64::NAN,
        (false, true) => best.max(next),
        (false, false) => best.min(next),
    });
    Val::Float(best.unwrap_or_default())
}

/// From start to end with both, the sign of the step does not matter.
fn seq(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let numbers: Vec<i64> = ints(args).collect();
    let (start, end, step) = match numbers[..] {
        [] => return Err(Problem::new("math.Seq must be given at least an 'end' value")),
        [end] => (1, end, 1),
        [start, end] => (start, end, 1),
        [start, end, step] => (start, end, step),
        // More numbers than that leave the defaults.
        _ => (1, 0, 1),
    };
    let count = match step.unsigned_abs() {
        0 => 0,
        step => usize::try_from(start.abs_diff(end) / step).unwrap_or(usize::MAX).saturating_add(1),
    };
    call.allow(count.saturating_mul(16))?;
    let step = if end < start { step.saturating_abs().wrapping_neg() } else { step.saturating_abs() };
    let items = std::iter::successors(Some(start), |number| number.checked_add(step)).take(count);
    Ok(Val::List(List::typed(Elem::Int64, items.map(Val::Int64).collect())))
}
