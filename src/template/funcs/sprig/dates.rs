//! Dates and durations.

use super::super::golang::duration;
use super::super::golang::time::{self, GoTime, Zone};
use super::super::golang::{args, number, time_parse};
use crate::template::{Call, Function, Param, Problem, Val};

const A: Param = Param::Any;
const T: Param = Param::Text;
const TIME: Param = Param::Named("time.Time");
const HTML: &str = "2006-01-02";

pub(super) static TABLE: &[Function] = &[
    Function::new("now", &[], |call, _| Ok(Val::object(GoTime::now(call)))),
    Function::new("date", &[T, A], |call, args| Ok(shown(call, args::text(args, 0), &args[1], "Local"))),
    Function::new("htmlDate", &[A], |call, args| Ok(shown(call, HTML, &args[0], "Local"))),
    Function::new("htmlDateInZone", &[A, T], |call, args| Ok(shown(call, HTML, &args[0], args::text(args, 1)))),
    Function::new("dateInZone", &[T, A, T], in_zone),
    Function::new("date_in_zone", &[T, A, T], in_zone),
    Function::new("dateModify", &[T, TIME], |_, args| Ok(modified(args).unwrap_or_else(|_| args[1].clone()))),
    Function::new("date_modify", &[T, TIME], |_, args| Ok(modified(args).unwrap_or_else(|_| args[1].clone()))),
    Function::new("mustDateModify", &[T, TIME], |_, args| modified(args)),
    Function::new("must_date_modify", &[T, TIME], |_, args| modified(args)),
    Function::new("ago", &[A], ago),
    Function::new("duration", &[A], |_, args| {
        let seconds = match &args[0] {
            Val::String(text) => number::parse_int_or_nearest(text, 10, 64),
            Val::Int64(seconds) => *seconds,
            _ => 0,
        };
        Ok(Val::from(duration::format(seconds.wrapping_mul(duration::SECOND))))
    }),
    Function::new("durationRound", &[A], duration_round),
    Function::new("toDate", &[T, T], |call, args| {
        Ok(Val::object(parsed(call, args).unwrap_or_else(|_| GoTime::zero())))
    }),
    Function::new("mustToDate", &[T, T], |call, args| Ok(Val::object(parsed(call, args)?))),
    Function::new("unixEpoch", &[TIME], |_, args| {
        Ok(Val::from(time::of(&args[0]).map_or(0, |time| time.stamp.as_second()).to_string()))
    }),
];

/// What sprig takes for a time: times, seconds, and the present for all else.
fn moment(call: &mut Call<'_>, val: &Val) -> GoTime {
    match val {
        Val::Int(seconds) | Val::Int64(seconds) => {
            let zone = Zone::local(call);
            GoTime::unix(*seconds, zone)
        }
        other => time::of(other).unwrap_or_else(|| GoTime::now(call)),
    }
}

fn shown(call: &mut Call<'_>, layout: &str, val: &Val, zone: &str) -> Val {
    let stamp = moment(call, val).stamp;
    let zone = Zone::named(call, zone).unwrap_or(Zone::Utc);
    Val::from(GoTime { stamp, zone }.format(layout))
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn in_zone(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(shown(call, args::text(args, 0), &args[1], args::text(args, 2)))
}

fn modified(args: &[Val]) -> Result<Val, Problem> {
    let nanos = duration::parse(args::text(args, 0)).map_err(Problem::new)?;
    let time = time::of(&args[1]).unwrap_or_else(GoTime::zero);
    Ok(Val::object(time.plus(nanos)))
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn ago(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let then = moment(call, &args[0]);
    let since = GoTime::now(call).since(&then);
    Ok(Val::from(duration::format(duration::round(since, duration::SECOND))))
}

/// The largest unit only: `2h`, `5d`.
#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn duration_round(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let nanos = match &args[0] {
        Val::String(text) => duration::parse(text).unwrap_or(0),
        Val::Int64(nanos) => *nanos,
        other => match time::of(other) {
            Some(then) => GoTime::now(call).since(&then),
            None => 0,
        },
    };
    let size = nanos.unsigned_abs();
    let hour = duration::HOUR.unsigned_abs();
    let units = [
        (hour * 24 * 365, "y"),
        (hour * 24 * 30, "mo"),
        (hour * 24, "d"),
        (hour, "h"),
        (hour / 60, "m"),
        (duration::SECOND.unsigned_abs(), "s"),
    ];
    let unit = units.into_iter().find(|(unit, _)| size > *unit);
    Ok(Val::from(unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", size / unit))))
}

fn parsed(call: &mut Call<'_>, args: &[Val]) -> Result<GoTime, Problem> {
    let local = Zone::local(call);
    time_parse::parse(args::text(args, 0), args::text(args, 1), &local, &local).map_err(Problem::new)
}
