//! Go's `time.Duration`.

use std::any::Any;

use super::args;
use super::number;
use crate::template::{Call, Function, Object, Param, Problem, Val};
use crate::value::Node;

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// Nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GoDuration(pub(crate) i64);

impl Object for GoDuration {
    fn type_name(&self) -> &'static str {
        "time.Duration"
    }

    fn text(&self) -> String {
        format(self.0)
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        METHODS.iter().find(|function| function.name == name)
    }

    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<GoDuration>() == Some(self)
    }

    fn to_node(&self) -> Node {
        Node::from(self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

static METHODS: &[Function] = &[
    Function::new("Hours", &[], |_, args| Ok(Val::Float(number::float_of(nanos(args)) / number::float_of(HOUR)))),
    Function::new("Minutes", &[], |_, args| Ok(Val::Float(number::float_of(nanos(args)) / number::float_of(MINUTE)))),
    Function::new("Seconds", &[], |_, args| Ok(Val::Float(number::float_of(nanos(args)) / number::float_of(SECOND)))),
    Function::new("Milliseconds", &[], |_, args| Ok(Val::Int64(nanos(args) / 1_000_000))),
    Function::new("Microseconds", &[], |_, args| Ok(Val::Int64(nanos(args) / 1000))),
    Function::new("Nanoseconds", &[], |_, args| Ok(Val::Int64(nanos(args)))),
    Function::new("String", &[], |_, args| Ok(Val::from(format(nanos(args))))),
    Function::new("Abs", &[], |_, args| Ok(Val::object(GoDuration(nanos(args).saturating_abs())))),
    Function::new("Round", &[Param::Named("time.Duration")], rounded),
    Function::new("Truncate", &[Param::Named("time.Duration")], truncated),
];

fn nanos(args: &[Val]) -> i64 {
    of(args::any(args, 0)).unwrap_or_default()
}

/// The nanoseconds of a duration value.
pub(crate) fn of(val: &Val) -> Option<i64> {
    val.as_object::<GoDuration>().map(|duration| duration.0)
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn rounded(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let unit = of(args::any(args, 1)).unwrap_or_default();
    Ok(Val::object(GoDuration(round(nanos(args), unit))))
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn truncated(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let unit = of(args::any(args, 1)).unwrap_or_default();
    let nanos = nanos(args);
    Ok(Val::object(GoDuration(if unit <= 0 { nanos } else { nanos - nanos % unit })))
}

/// To the nearest multiple, halves away from zero.
pub(crate) fn round(nanos: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return nanos;
    }
    let rest = (nanos % unit).abs();
    let down = nanos - nanos % unit;
    if rest.saturating_mul(2) < unit {
        down
    } else if nanos < 0 {
        down.saturating_sub(unit)
    } else {
        down.saturating_add(unit)
    }
}

/// `1h2m3.5s`, as `%v` prints it.
pub(crate) fn format(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let second = SECOND.unsigned_abs();
    if size == 0 {
        return "0s".to_owned();
    }
    if size < second {
        let (unit, digits) = match size {
            0..1000 => ("ns", 0),
            1000..1_000_000 => ("µs", 3),
            _ => ("ms", 6),
        };
        return format!("{sign}{}{unit}", decimal(size, digits));
    }
    let seconds = format!("{}s", decimal(size % (60 * second), 9));
    let minutes = size / (60 * second);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}"),
    }
}

/// A number with so many digits behind the point, without trailing zeros.
fn decimal(number: u64, digits: u32) -> String {
    let unit = 10_u64.pow(digits);
    let fraction = format!("{:0width$}", number % unit, width = digits as usize);
    match fraction.trim_end_matches('0') {
        "" => (number / unit).to_string(),
        fraction => format!("{}.{fraction}", number / unit),
    }
}

/// `time.ParseDuration`, with its error text.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let quoted = super::text::quote(text);
    let invalid = || format!("time: invalid duration {quoted}");
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (digits, tail) = rest.split_at(end);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(invalid());
        }
        let end = tail.find(|letter: char| letter == '.' || letter.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {quoted}"));
        }
        let size = unit_size(unit)
            .ok_or_else(|| format!("time: unknown unit {} in duration {quoted}", super::text::quote(unit)))?;
        let part = part(whole, fraction, size).ok_or_else(invalid)?;
        total = total.checked_add(part).filter(|total| *total <= 1 << 63).ok_or_else(invalid)?;
        rest = tail;
    }
    if negative {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn unit_size(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1000,
        "ms" => 1_000_000,
        "s" => SECOND.unsigned_abs(),
        "m" => MINUTE.unsigned_abs(),
        "h" => HOUR.unsigned_abs(),
        _ => return None,
    })
}

fn part(whole: &str, fraction: &str, size: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = &fraction[..fraction.len().min(18)];
    let numerator: u128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let scale = 10_u128.pow(u32::try_from(digits.len()).ok()?);
    let fraction = u64::try_from(numerator * u128::from(size) / scale).ok()?;
    whole.checked_mul(size)?.checked_add(fraction)
}
