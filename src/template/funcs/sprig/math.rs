//! Arithmetic: in `int64` with wrap-around, in `float64`, and in decimals.

use super::super::golang::{args, number};
use super::decimal;
use crate::template::{Call, Elem, Function, List, Param, Problem, Val, print};

const A: Param = Param::Any;

pub(super) static TABLE: &[Function] = &[
    Function::new("atoi", &[Param::Text], |_, args| {
        Ok(Val::Int(number::parse_int_or_nearest(args::text(args, 0), 10, 64)))
    }),
    Function::new("int", &[A], |_, args| Ok(Val::Int(number::to_int64(&args[0])))),
    Function::new("int64", &[A], |_, args| Ok(Val::Int64(number::to_int64(&args[0])))),
    Function::new("float64", &[A], |_, args| Ok(Val::Float(number::to_float64(&args[0])))),
    Function::new("toDecimal", &[A], |_, args| {
        let text = print(&args[0])?;
        Ok(Val::Int64(number::parse_int(&text, 8, 64).unwrap_or(0)))
    }),
    Function::variadic("add", &[], A, |_, args| {
        Ok(Val::Int64(args.iter().map(number::to_int64).fold(0, i64::wrapping_add)))
    }),
    Function::new("add1", &[A], |_, args| Ok(Val::Int64(number::to_int64(&args[0]).wrapping_add(1)))),
    Function::new("sub", &[A, A], |_, args| {
        Ok(Val::Int64(number::to_int64(&args[0]).wrapping_sub(number::to_int64(&args[1]))))
    }),
    Function::variadic("mul", &[A], A, |_, args| {
        Ok(Val::Int64(args.iter().map(number::to_int64).fold(1, i64::wrapping_mul)))
    }),
    Function::new("div", &[A, A], |_, args| divide(args, i64::wrapping_div)),
    Function::new("mod", &[A, A], |_, args| divide(args, i64::wrapping_rem)),
    Function::variadic("max", &[A], A, |_, args| Ok(largest(args))),
    Function::variadic("biggest", &[A], A, |_, args| Ok(largest(args))),
    Function::variadic("min", &[A], A, |_, args| {
        Ok(Val::Int64(args.iter().map(number::to_int64).min().unwrap_or_default()))
    }),
    Function::variadic("maxf", &[A], A, |_, args| Ok(extreme(args, true))),
    Function::variadic("minf", &[A], A, |_, args| Ok(extreme(args, false))),
    Function::new("ceil", &[A], |_, args| Ok(Val::Float(number::to_float64(&args[0]).ceil()))),
    Function::new("floor", &[A], |_, args| Ok(Val::Float(number::to_float64(&args[0]).floor()))),
    Function::variadic("round", &[A, Param::Int], Param::Float, round),
    Function::new("add1f", &[A], |_, args| decimal::fold(&args[0], &[Val::Int(1)], decimal::Op::Add)),
    Function::variadic("addf", &[], A, |_, args| decimal::fold(&Val::Int(0), args, decimal::Op::Add)),
    Function::variadic("subf", &[A], A, |_, args| decimal::fold(&args[0], &args[1..], decimal::Op::Sub)),
    Function::variadic("mulf", &[A], A, |_, args| decimal::fold(&args[0], &args[1..], decimal::Op::Mul)),
    Function::variadic("divf", &[A], A, |_, args| decimal::fold(&args[0], &args[1..], decimal::Op::Div)),
    Function::new("until", &[Param::Int], |call, args| {
        let stop = args::int(args, 0);
        Ok(numbers(steps(call, 0, stop, if stop < 0 { -1 } else { 1 })?))
    }),
    Function::new("untilStep", &[Param::Int, Param::Int, Param::Int], |call, args| {
        Ok(numbers(steps(call, args::int(args, 0), args::int(args, 1), args::int(args, 2))?))
    }),
    Function::variadic("seq", &[], Param::Int, seq),
];

fn divide(args: &[Val], operation: fn(i64, i64) -> i64) -> Result<Val, Problem> {
    let (one, two) = (number::to_int64(&args[0]), number::to_int64(&args[1]));
    if two == 0 {
        return Err(Problem::new("runtime error: integer divide by zero"));
    }
    Ok(Val::Int64(operation(one, two)))
}

fn largest(args: &[Val]) -> Val {
    Val::Int64(args.iter().map(number::to_int64).max().unwrap_or_default())
}

/// Go's `math.Max` and `math.Min`: not-a-number wins, and zero has a sign.
fn extreme(args: &[Val], largest: bool) -> Val {
    let numbers = args.iter().map(number::to_float64);
    let best = numbers.reduce(|best, next| {
        if best.is_nan() || next.is_nan() {
            f64::NAN
        } else if largest == (next > best) && next.total_cmp(&best).is_ne() {
            next
        } else {
            best
        }
    });
    Val::Float(best.unwrap_or_default())
}

/// Rounds to so many digits, up from `.5` or from what the third argument says.
#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn round(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let number = number::to_float64(&args[0]);
    let limit = if args.len() > 2 { args::float(args, 2) } else { 0.5 };
    let power = 10_f64.powf(number::float_of(args::int(args, 1)));
    let shifted = power * number;
    let whole = if shifted.fract() >= limit { shifted.ceil() } else { shifted.floor() };
    Ok(Val::Float(whole / power))
}

fn numbers(items: Vec<i64>) -> Val {
    Val::List(List::typed(Elem::Int, items.into_iter().map(Val::Int).collect()))
}

/// From `start` to before `stop`.
fn steps(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Problem> {
    let forward = stop >= start;
    if step == 0 || forward != (step > 0) {
        return Ok(Vec::new());
    }
    let count = start.abs_diff(stop).div_ceil(step.unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    call.allow(count.saturating_mul(16))?;
    let next = |number: &i64| number.checked_add(step);
    Ok(std::iter::successors(Some(start), next).take(count).collect())
}

/// Numbers with spaces between them, both ends included.
fn seq(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let numbers: Vec<i64> = args.iter().filter_map(Val::as_int).collect();
    let toward = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, end, step) = match numbers[..] {
        [end] => (1, end, toward(1, end)),
        [start, end] => (start, end, toward(start, end)),
        [start, step, end] => {
            if end < start && step > 0 {
                return Ok(Val::text(""));
            }
            (start, end, step)
        }
        _ => return Ok(Val::text("")),
    };
    let items = steps(call, start, end.saturating_add(toward(start, end)), step)?;
    Ok(Val::from(items.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")))
}
