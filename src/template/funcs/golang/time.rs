//! Go's `time.Time` as a value of templates.

use std::any::Any;

use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use jiff::tz::{Offset, TimeZone};

use super::args;
use super::duration::{self, GoDuration};
use super::time_layout::{self, MONTHS, WEEKDAYS};
use crate::template::{Call, Function, Object, Param, Problem, Val};
use crate::value::Node;

/// How a time prints by itself.
const DEFAULT_LAYOUT: &str = "2006-01-02 15:04:05.999999999 -0700 MST";
pub(crate) const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// A moment with the zone in which it is shown.
#[derive(Debug, Clone)]
pub(crate) struct GoTime {
    pub(crate) stamp: Timestamp,
    pub(crate) zone: Zone,
}

#[derive(Debug, Clone)]
pub(crate) enum Zone {
    Utc,
    Named(TimeZone),
    /// What a text with an offset or an unknown abbreviation has.
    Fixed {
        name: String,
        seconds: i32,
    },
}

impl Zone {
    /// Offset in seconds and abbreviation at a moment.
    pub(crate) fn at(&self, stamp: Timestamp) -> (i32, String) {
        match self {
            Zone::Utc => (0, "UTC".to_owned()),
            Zone::Named(zone) => {
                let info = zone.to_offset_info(stamp);
                (info.offset().seconds(), info.abbreviation().to_owned())
            }
            Zone::Fixed { name, seconds } => (*seconds, name.clone()),
        }
    }

    /// The zone of a name of the zone database. Go takes the empty name for UTC, and `Local` for the machine's zone.
    pub(crate) fn named(call: &mut Call<'_>, name: &str) -> Option<Zone> {
        match name {
            "" | "UTC" => Some(Zone::Utc),
            "Local" => Some(Zone::local(call)),
            name => TimeZone::get(name).ok().map(Zone::Named),
        }
    }

    pub(crate) fn local(call: &mut Call<'_>) -> Zone {
        Zone::Named(call.world().now().time_zone().clone())
    }
}

impl GoTime {
    /// Go's zero value: the first second of the year 1.
    pub(crate) fn zero() -> GoTime {
        GoTime { stamp: zero_stamp(), zone: Zone::Utc }
    }

    pub(crate) fn now(call: &mut Call<'_>) -> GoTime {
        let now = call.world().now();
        GoTime { stamp: now.timestamp(), zone: Zone::Named(now.time_zone().clone()) }
    }

    /// Seconds of the epoch, in the machine's zone. Beyond the range of the calendar the nearest moment.
    pub(crate) fn unix(seconds: i64, zone: Zone) -> GoTime {
        let nearest = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
        GoTime { stamp: Timestamp::from_second(seconds).unwrap_or(nearest), zone }
    }

    pub(crate) fn zone_at(&self) -> (i32, String) {
        self.zone.at(self.stamp)
    }

    /// Date and time on the clock of the zone.
    pub(crate) fn civil(&self) -> DateTime {
        let offset = Offset::from_seconds(self.zone_at().0).unwrap_or(Offset::UTC);
        offset.to_datetime(self.stamp)
    }

    /// Days since Sunday.
    pub(crate) fn weekday(&self) -> usize {
        usize::from(self.civil().weekday().to_sunday_zero_offset().unsigned_abs())
    }

    pub(crate) fn format(&self, layout: &str) -> String {
        time_layout::format(self, layout)
    }

    /// `nanos` later; at the ends of the calendar it stays there.
    pub(crate) fn plus(&self, nanos: i64) -> GoTime {
        let stamp = self.stamp.saturating_add(jiff::SignedDuration::from_nanos(nanos)).unwrap_or(self.stamp);
        GoTime { stamp, zone: self.zone.clone() }
    }

    /// Nanoseconds since an earlier moment, as far as `int64` reaches.
    pub(crate) fn since(&self, earlier: &GoTime) -> i64 {
        let nanos = self.stamp.as_nanosecond() - earlier.stamp.as_nanosecond();
        i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
    }

    fn method_of(args: &[Val]) -> GoTime {
        of(args::any(args, 0)).unwrap_or_else(GoTime::zero)
    }
}

fn zero_stamp() -> Timestamp {
    Offset::UTC.to_timestamp(date(1, 1, 1).at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN)
}

/// The time that a value is.
pub(crate) fn of(val: &Val) -> Option<GoTime> {
    val.as_object::<GoTime>().cloned()
}

impl Object for GoTime {
    fn type_name(&self) -> &'static str {
        "time.Time"
    }

    fn text(&self) -> String {
        self.format(DEFAULT_LAYOUT)
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        METHODS.iter().find(|function| function.name == name)
    }

    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<GoTime>().is_some_and(|other| other.stamp == self.stamp)
    }

    fn to_node(&self) -> Node {
        Node::from(self.format(RFC3339_NANO))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A month or weekday: a number with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    kind: &'static str,
    pub(crate) number: i64,
    name: &'static str,
}

impl Object for Named {
    fn type_name(&self) -> &'static str {
        self.kind
    }

    fn text(&self) -> String {
        self.name.to_owned()
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        static STRING: Function =
            Function::new("String", &[], |_, args| Ok(Val::from(crate::template::print(&args[0])?)));
        (name == "String").then_some(&STRING)
    }

    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Named>() == Some(self)
    }

    fn to_node(&self) -> Node {
        Node::from(self.number)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const TIME: Param = Param::Named("time.Time");

static METHODS: &[Function] = &[
    Function::new("Format", &[Param::Text], |_, args| {
        Ok(Val::from(GoTime::method_of(args).format(args::text(args, 1))))
    }),
    Function::new("String", &[], |_, args| Ok(Val::from(GoTime::method_of(args).text()))),
    Function::new("Year", &[], |_, args| Ok(Val::Int(GoTime::method_of(args).civil().year().into()))),
    Function::new("Month", &[], |_, args| {
        let number = GoTime::method_of(args).civil().month();
        let name = MONTHS[usize::from(number.unsigned_abs()) - 1];
        Ok(Val::object(Named { kind: "time.Month", number: number.into(), name }))
    }),
    Function::new("Day", &[], |_, args| Ok(Val::Int(GoTime::method_of(args).civil().day().into()))),
    Function::new("Hour", &[], |_, args| Ok(Val::Int(GoTime::method_of(args).civil().hour().into()))),
    Function::new("Minute", &[], |_, args| Ok(Val::Int(GoTime::method_of(args).civil().minute().into()))),
    Function::new("Second", &[], |_, args| Ok(Val::Int(GoTime::method_of(args).civil().second().into()))),
    Function::new("Nanosecond", &[], |_, args| {
        Ok(Val::Int(GoTime::method_of(args).civil().subsec_nanosecond().into()))
    }),
    Function::new("YearDay", &[], |_, args| Ok(Val::Int(GoTime::method_of(args).civil().day_of_year().into()))),
    Function::new("Weekday", &[], |_, args| {
        let number = GoTime::method_of(args).weekday();
        Ok(Val::object(Named { kind: "time.Weekday", number: args::count(number), name: WEEKDAYS[number] }))
    }),
    Function::new("Unix", &[], |_, args| Ok(Val::Int64(GoTime::method_of(args).stamp.as_second()))),
    Function::new("UnixMilli", &[], |_, args| Ok(Val::Int64(GoTime::method_of(args).stamp.as_millisecond()))),
    Function::new("UnixMicro", &[], |_, args| Ok(Val::Int64(GoTime::method_of(args).stamp.as_microsecond()))),
    Function::new("UnixNano", &[], |_, args| {
        let nanos = GoTime::method_of(args).stamp.as_nanosecond();
        Ok(Val::Int64(i64::try_from(nanos).unwrap_or(i64::MIN)))
    }),
    Function::new("UTC", &[], |_, args| Ok(Val::object(GoTime { zone: Zone::Utc, ..GoTime::method_of(args) }))),
    Function::new("Local", &[], |call, args| {
        Ok(Val::object(GoTime { zone: Zone::local(call), ..GoTime::method_of(args) }))
    }),
    Function::new("IsZero", &[], |_, args| Ok(Val::Bool(GoTime::method_of(args).stamp == zero_stamp()))),
    Function::new("Add", &[Param::Named("time.Duration")], |_, args| {
        let nanos = duration::of(args::any(args, 1)).unwrap_or_default();
        Ok(Val::object(GoTime::method_of(args).plus(nanos)))
    }),
    Function::new("AddDate", &[Param::Int, Param::Int, Param::Int], add_date),
    Function::new("Sub", &[TIME], |_, args| Ok(Val::object(GoDuration(GoTime::method_of(args).since(&other(args)))))),
    Function::new("After", &[TIME], |_, args| Ok(Val::Bool(GoTime::method_of(args).stamp > other(args).stamp))),
    Function::new("Before", &[TIME], |_, args| Ok(Val::Bool(GoTime::method_of(args).stamp < other(args).stamp))),
    Function::new("Equal", &[TIME], |_, args| Ok(Val::Bool(GoTime::method_of(args).stamp == other(args).stamp))),
    Function::new("Round", &[Param::Named("time.Duration")], |_, args| Ok(to_multiple(args, true))),
    Function::new("Truncate", &[Param::Named("time.Duration")], |_, args| Ok(to_multiple(args, false))),
];

fn other(args: &[Val]) -> GoTime {
    of(args::any(args, 1)).unwrap_or_else(GoTime::zero)
}

/// Years, months and days later. Months beyond twelve and days beyond the month carry over, as in Go.
fn add_date(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let time = GoTime::method_of(args);
    let civil = time.civil();
    let far = || Problem::new("the date is outside the calendar");
    let months = (i64::from(civil.month()) - 1).saturating_add(args::int(args, 2));
    let year = i64::from(civil.year())
        .checked_add(args::int(args, 1))
        .and_then(|year| year.checked_add(months.div_euclid(12)))
        .ok_or_else(far)?;
    let month = months.rem_euclid(12) + 1;
    let first =
        jiff::civil::Date::new(i16::try_from(year).map_err(|_| far())?, i8::try_from(month).map_err(|_| far())?, 1)
            .map_err(|_| far())?;
    let days = (i64::from(civil.day()) - 1).saturating_add(args::int(args, 3));
    let span = jiff::Span::new().try_days(days).map_err(|_| far())?;
    let moved = first.checked_add(span).map_err(|_| far())?.to_datetime(civil.time());
    let stamp = to_stamp(moved, &time.zone).ok_or_else(far)?;
    Ok(Val::object(GoTime { stamp, zone: time.zone }))
}

/// The moment of a time on the clock of a zone.
pub(crate) fn to_stamp(civil: DateTime, zone: &Zone) -> Option<Timestamp> {
    match zone {
        Zone::Utc => Offset::UTC.to_timestamp(civil).ok(),
        // Where clocks are set, the choice is that of Go: the offset that holds before or after, by where the first guess leads.
        Zone::Named(zone) => {
            let first = zone.to_offset(Offset::UTC.to_timestamp(civil).ok()?);
            zone.to_offset(first.to_timestamp(civil).ok()?).to_timestamp(civil).ok()
        }
        Zone::Fixed { seconds, .. } => Offset::from_seconds(*seconds).ok()?.to_timestamp(civil).ok(),
    }
}

/// To a multiple of a duration since the zero time.
fn to_multiple(args: &[Val], round: bool) -> Val {
    let time = GoTime::method_of(args);
    let unit = i128::from(duration::of(args::any(args, 1)).unwrap_or_default());
    if unit <= 0 {
        return Val::object(time);
    }
    let rest = (time.stamp.as_nanosecond() - zero_stamp().as_nanosecond()).rem_euclid(unit);
    let step = if round && rest * 2 >= unit { unit - rest } else { -rest };
    Val::object(time.plus(i64::try_from(step).unwrap_or_default()))
}
