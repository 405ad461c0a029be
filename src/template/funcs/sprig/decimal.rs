//! Sums and products without binary rounding: `addf 0.1 0.2` is `0.3`.

use super::super::golang::number;
use crate::template::{Problem, Val, print};

/// Digits behind the point that a quotient keeps.
const QUOTIENT_DIGITS: u32 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Sub,
    Mul,
    Div,
}

/// `digits * 10^-scale`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: i128,
    scale: u32,
}

/// Applies the operation to all arguments in turn. Numbers that need more than 38 digits fall back to `float64`.
pub(super) fn fold(first: &Val, others: &[Val], op: Op) -> Result<Val, Problem> {
    let mut plain = number::to_float64(first);
    check(plain)?;
    let mut exact = Decimal::of(plain);
    for other in others {
        let next = number::to_float64(other);
        check(next)?;
        if op == Op::Div && next == 0.0 {
            return Err(Problem::new("decimal division by 0"));
        }
        plain = match op {
            Op::Add => plain + next,
            Op::Sub => plain - next,
            Op::Mul => plain * next,
            Op::Div => plain / next,
        };
        exact = exact.zip(Decimal::of(next)).and_then(|(one, two)| one.apply(two, op));
    }
    Ok(Val::Float(exact.map_or(plain, Decimal::to_float)))
}

fn check(number: f64) -> Result<(), Problem> {
    if number.is_finite() {
        return Ok(());
    }
    let text = print(&Val::Float(number))?;
    Err(Problem::new(format!("Cannot create a Decimal from {text}")))
}

impl Decimal {
    /// The shortest decimal that reads as this float.
    fn of(number: f64) -> Option<Decimal> {
        let text = format!("{number}");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let scale = u32::try_from(fraction.len()).ok()?;
        Some(Decimal { digits: format!("{whole}{fraction}").parse().ok()?, scale })
    }

    fn scaled_to(self, scale: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }

    fn apply(self, other: Decimal, op: Op) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let (one, two) = (self.scaled_to(scale), other.scaled_to(scale));
        match op {
            Op::Add => Some(Decimal { digits: one?.checked_add(two?)?, scale }),
            Op::Sub => Some(Decimal { digits: one?.checked_sub(two?)?, scale }),
            Op::Mul => {
                Some(Decimal { digits: self.digits.checked_mul(other.digits)?, scale: self.scale + other.scale })
            }
            Op::Div => {
                let dividend = one?.checked_mul(10_i128.pow(QUOTIENT_DIGITS))?;
                let divisor = two?;
                let (quotient, rest) = (dividend / divisor, dividend % divisor);
                let up = i128::from(rest.unsigned_abs() * 2 >= divisor.unsigned_abs());
                let away = if (dividend < 0) == (divisor < 0) { up } else { -up };
                Some(Decimal { digits: quotient + away, scale: QUOTIENT_DIGITS })
            }
        }
    }

    fn to_float(self) -> f64 {
        format!("{}e-{}", self.digits, self.scale).parse().unwrap_or_default()
    }
}
