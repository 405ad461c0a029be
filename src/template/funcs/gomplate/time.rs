//! `time.`: moments, durations and layouts.

use super::super::golang::duration::{self, GoDuration};
use super::super::golang::time::{self, GoTime, Zone};
use super::super::golang::{args, number, text, time_parse};
use super::files::variable;
use crate::template::{Call, Function, Param, Problem, Val};

const A: Param = Param::Any;
const T: Param = Param::Text;
const TIME: Param = Param::Named("time.Time");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("ANSIC", &[], |_, _| Ok(Val::text("Mon Jan _2 15:04:05 2006"))),
    Function::new("UnixDate", &[], |_, _| Ok(Val::text("Mon Jan _2 15:04:05 MST 2006"))),
    Function::new("RubyDate", &[], |_, _| Ok(Val::text("Mon Jan 02 15:04:05 -0700 2006"))),
    Function::new("RFC822", &[], |_, _| Ok(Val::text("02 Jan 06 15:04 MST"))),
    Function::new("RFC822Z", &[], |_, _| Ok(Val::text("02 Jan 06 15:04 -0700"))),
    Function::new("RFC850", &[], |_, _| Ok(Val::text("Monday, 02-Jan-06 15:04:05 MST"))),
    Function::new("RFC1123", &[], |_, _| Ok(Val::text("Mon, 02 Jan 2006 15:04:05 MST"))),
    Function::new("RFC1123Z", &[], |_, _| Ok(Val::text("Mon, 02 Jan 2006 15:04:05 -0700"))),
    Function::new("RFC3339", &[], |_, _| Ok(Val::text("2006-01-02T15:04:05Z07:00"))),
    Function::new("RFC3339Nano", &[], |_, _| Ok(Val::text(time::RFC3339_NANO))),
    Function::new("Kitchen", &[], |_, _| Ok(Val::text("3:04PM"))),
    Function::new("Stamp", &[], |_, _| Ok(Val::text("Jan _2 15:04:05"))),
    Function::new("StampMilli", &[], |_, _| Ok(Val::text("Jan _2 15:04:05.000"))),
    Function::new("StampMicro", &[], |_, _| Ok(Val::text("Jan _2 15:04:05.000000"))),
    Function::new("StampNano", &[], |_, _| Ok(Val::text("Jan _2 15:04:05.000000000"))),
    Function::new("ZoneName", &[], |call, _| Ok(Val::from(here(call).1))),
    Function::new("ZoneOffset", &[], |call, _| Ok(Val::Int(here(call).0.into()))),
    Function::new("Now", &[], |call, _| Ok(Val::object(GoTime::now(call)))),
    Function::new("Parse", &[T, A], |call, args| {
        let local = Zone::local(call);
        parsed(args::text(args, 0), &args[1], &Zone::Utc, &local)
    }),
    Function::new("ParseLocal", &[T, A], |call, args| {
        let zone = named_zone(call, "Local")?;
        parsed(args::text(args, 0), &args[1], &zone, &zone)
    }),
    Function::new("ParseInLocation", &[T, T, A], |call, args| {
        let name = args::text(args, 1);
        let zone = Zone::named(call, name).ok_or_else(|| Problem::new(format!("unknown time zone {name}")))?;
        parsed(args::text(args, 0), &args[2], &zone, &zone)
    }),
    Function::new("Unix", &[A], unix),
    Function::new("Nanosecond", &[A], |_, args| Ok(times(args, 1))),
    Function::new("Microsecond", &[A], |_, args| Ok(times(args, 1000))),
    Function::new("Millisecond", &[A], |_, args| Ok(times(args, 1_000_000))),
    Function::new("Second", &[A], |_, args| Ok(times(args, duration::SECOND))),
    Function::new("Minute", &[A], |_, args| Ok(times(args, duration::MINUTE))),
    Function::new("Hour", &[A], |_, args| Ok(times(args, duration::HOUR))),
    Function::new("ParseDuration", &[A], |_, args| {
        let nanos = duration::parse(&text::conv(&args[0])?).map_err(Problem::new)?;
        Ok(Val::object(GoDuration(nanos)))
    }),
    Function::new("Since", &[TIME], |call, args| {
        let then = time::of(&args[0]).unwrap_or_else(GoTime::zero);
        Ok(Val::object(GoDuration(GoTime::now(call).since(&then))))
    }),
    Function::new("Until", &[TIME], |call, args| {
        let then = time::of(&args[0]).unwrap_or_else(GoTime::zero);
        Ok(Val::object(GoDuration(then.since(&GoTime::now(call)))))
    }),
];

fn times(args: &[Val], unit: i64) -> Val {
    Val::object(GoDuration(number::conv_int64(&args[0]).wrapping_mul(unit)))
}

fn parsed(layout: &str, val: &Val, default: &Zone, local: &Zone) -> Result<Val, Problem> {
    let time = time_parse::parse(layout, &text::conv(val)?, default, local).map_err(Problem::new)?;
    Ok(Val::object(time))
}

/// The zone of the variable `TZ`, or the one that is given.
fn named_zone(call: &mut Call<'_>, default: &str) -> Result<Zone, Problem> {
    let name = match variable(call, "TZ") {
        name if name.is_empty() => default.to_owned(),
        name => name,
    };
    Zone::named(call, &name).ok_or_else(|| Problem::new(format!("unknown time zone {name}")))
}

/// Offset and name of the zone here and now.
fn here(call: &mut Call<'_>) -> (i32, String) {
    let zone = named_zone(call, "Local").unwrap_or_else(|_| Zone::local(call));
    zone.at(GoTime::now(call).stamp)
}

/// Seconds of the epoch; with a fraction only as text.
fn unix(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (seconds, nanos) = match &args[0] {
        Val::String(text) => seconds(text)?,
        Val::Int(seconds) => (*seconds, 0),
        Val::UInt(seconds) => (seconds.cast_signed(), 0),
        Val::Float(number) => {
            return Err(Problem::new(format!(
                "can not parse floating point number ({number:.6}) - use a string instead"
            )));
        }
        Val::Object(_) => seconds(&text::conv(&args[0])?)?,
        _ => (0, 0),
    };
    let zone = Zone::local(call);
    Ok(Val::object(GoTime::unix(seconds, zone).plus(nanos)))
}

fn seconds(text: &str) -> Result<(i64, i64), Problem> {
    let number = |digits: &str| {
        number::parse_int(digits, 0, 64).map_err(|error| {
            Problem::new(format!("strconv.ParseInt: parsing {}: {}", text::quote(digits), error.text()))
        })
    };
    match text.split('.').collect::<Vec<_>>()[..] {
        [whole] => Ok((number(whole)?, 0)),
        [whole, fraction] => {
            let whole = number(whole)?;
            let nine: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
            Ok((whole, number(&nine)?))
        }
        _ => Err(Problem::new(format!("can not parse '{text}' as a number - too many decimal points"))),
    }
}
