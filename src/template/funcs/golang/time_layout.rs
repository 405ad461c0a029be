//! Layouts of Go's package `time`: the reference time as a pattern, and output by it.

use std::fmt::Write as _;

use super::time::GoTime;

/// One element of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    LongMonth,
    ShortMonth,
    Month,
    ZeroMonth,
    LongWeekday,
    ShortWeekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// An offset: with `Z` for UTC, with a colon, and so many of hour, minute and second.
    Offset {
        z: bool,
        colon: bool,
        fields: u8,
    },
    /// Digits of a second with a fixed width behind their separator.
    FixedFraction {
        digits: usize,
        comma: bool,
    },
    /// The same without trailing zeros.
    Fraction {
        digits: usize,
        comma: bool,
    },
}

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(crate) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Elements by their spelling; where one begins like another the longer stands first.
const SPELLINGS: &[(&str, Part)] = &[
    ("January", Part::LongMonth),
    ("Jan", Part::ShortMonth),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::ShortWeekday),
    ("MST", Part::ZoneName),
    ("002", Part::ZeroYearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("1", Part::Month),
    ("2006", Part::LongYear),
    ("2", Part::Day),
    ("__2", Part::UnderYearDay),
    ("_2", Part::UnderDay),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::UpperPm),
    ("pm", Part::LowerPm),
    ("-07:00:00", Part::Offset { z: false, colon: true, fields: 3 }),
    ("-07:00", Part::Offset { z: false, colon: true, fields: 2 }),
    ("-070000", Part::Offset { z: false, colon: false, fields: 3 }),
    ("-0700", Part::Offset { z: false, colon: false, fields: 2 }),
    ("-07", Part::Offset { z: false, colon: false, fields: 1 }),
    ("Z07:00:00", Part::Offset { z: true, colon: true, fields: 3 }),
    ("Z07:00", Part::Offset { z: true, colon: true, fields: 2 }),
    ("Z070000", Part::Offset { z: true, colon: false, fields: 3 }),
    ("Z0700", Part::Offset { z: true, colon: false, fields: 2 }),
    ("Z07", Part::Offset { z: true, colon: false, fields: 1 }),
];

/// Splits a layout before and behind its next element.
pub(crate) fn next(layout: &str) -> (&str, Option<(Part, &str)>, &str) {
    for (index, letter) in layout.char_indices() {
        let rest = &layout[index..];
        if letter == '_' && rest.starts_with("_2006") {
            // An underscore before a year is a plain one.
            return (&layout[..=index], Some((Part::LongYear, "2006")), &rest[5..]);
        }
        if let Some((spelling, part)) = SPELLINGS.iter().find(|(spelling, _)| rest.starts_with(spelling)) {
            let after = &rest[spelling.len()..];
            let cut = *part == Part::ShortMonth || *part == Part::ShortWeekday;
            // `Janet` is no month.
            if cut && after.starts_with(|letter: char| letter.is_ascii_lowercase()) {
                continue;
            }
            return (&layout[..index], Some((*part, spelling)), after);
        }
        if let Some((part, length)) = fraction(rest) {
            return (&layout[..index], Some((part, &rest[..length])), &rest[length..]);
        }
    }
    (layout, None, "")
}

fn fraction(text: &str) -> Option<(Part, usize)> {
    let bytes = text.as_bytes();
    let comma = bytes[0] == b',';
    let digit = *bytes.get(1)?;
    if !(comma || bytes[0] == b'.') || !(digit == b'0' || digit == b'9') {
        return None;
    }
    let digits = bytes[1..].iter().take_while(|byte| **byte == digit).count();
    if bytes.get(digits + 1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let part = if digit == b'0' { Part::FixedFraction { digits, comma } } else { Part::Fraction { digits, comma } };
    Some((part, digits + 1))
}

/// The text of a time.
pub(crate) fn format(time: &GoTime, layout: &str) -> String {
    let (offset, zone) = time.zone_at();
    let civil = time.civil();
    let mut out = String::new();
    let mut rest = layout;
    while !rest.is_empty() {
        let (prefix, part, suffix) = next(rest);
        out.push_str(prefix);
        rest = suffix;
        let Some((part, _)) = part else { break };
        let month = MONTHS[usize::from(civil.month().unsigned_abs()) - 1];
        let weekday = WEEKDAYS[time.weekday()];
        let hour12 = match civil.hour() % 12 {
            0 => 12,
            hour => hour,
        };
        let _ = match part {
            Part::LongMonth => write!(out, "{month}"),
            Part::ShortMonth => write!(out, "{}", &month[..3]),
            Part::Month => write!(out, "{}", civil.month()),
            Part::ZeroMonth => write!(out, "{:02}", civil.month()),
            Part::LongWeekday => write!(out, "{weekday}"),
            Part::ShortWeekday => write!(out, "{}", &weekday[..3]),
            Part::Day => write!(out, "{}", civil.day()),
            Part::UnderDay => write!(out, "{:2}", civil.day()),
            Part::ZeroDay => write!(out, "{:02}", civil.day()),
            Part::UnderYearDay => write!(out, "{:3}", civil.day_of_year()),
            Part::ZeroYearDay => write!(out, "{:03}", civil.day_of_year()),
            Part::Hour => write!(out, "{:02}", civil.hour()),
            Part::Hour12 => write!(out, "{hour12}"),
            Part::ZeroHour12 => write!(out, "{hour12:02}"),
            Part::Minute => write!(out, "{}", civil.minute()),
            Part::ZeroMinute => write!(out, "{:02}", civil.minute()),
            Part::Second => write!(out, "{}", civil.second()),
            Part::ZeroSecond => write!(out, "{:02}", civil.second()),
            Part::LongYear => write!(out, "{:04}", civil.year()),
            Part::Year => write!(out, "{:02}", civil.year().rem_euclid(100)),
            Part::UpperPm => write!(out, "{}", if civil.hour() >= 12 { "PM" } else { "AM" }),
            Part::LowerPm => write!(out, "{}", if civil.hour() >= 12 { "pm" } else { "am" }),
            Part::ZoneName if zone.is_empty() => {
                write!(out, "{}", offset_text(offset, false, 2))
            }
            Part::ZoneName => write!(out, "{zone}"),
            Part::Offset { z: true, .. } if offset == 0 => write!(out, "Z"),
            Part::Offset { colon, fields, .. } => write!(out, "{}", offset_text(offset, colon, fields)),
            Part::FixedFraction { digits, comma } => {
                write!(out, "{}", fraction_text(civil.subsec_nanosecond(), digits, comma, false))
            }
            Part::Fraction { digits, comma } => {
                write!(out, "{}", fraction_text(civil.subsec_nanosecond(), digits, comma, true))
            }
        };
    }
    out
}

fn offset_text(seconds: i32, colon: bool, fields: u8) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let size = seconds.unsigned_abs();
    let colon = if colon { ":" } else { "" };
    let mut out = format!("{sign}{:02}", size / 3600);
    if fields > 1 {
        let _ = write!(out, "{colon}{:02}", size / 60 % 60);
    }
    if fields > 2 {
        let _ = write!(out, "{colon}{:02}", size % 60);
    }
    out
}

fn fraction_text(nanos: i32, digits: usize, comma: bool, trim: bool) -> String {
    let text = format!("{nanos:09}");
    let mut digits: String = text.chars().chain(std::iter::repeat('0')).take(digits).collect();
    if trim {
        digits.truncate(digits.trim_end_matches('0').len());
        if digits.is_empty() {
            return digits;
        }
    }
    digits.insert(0, if comma { ',' } else { '.' });
    digits
}
