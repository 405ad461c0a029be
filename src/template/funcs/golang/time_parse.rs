//! Input of times by a layout, with the error texts of Go's package `time`.

use jiff::civil::{Date, DateTime};

use super::text::quote;
use super::time::{GoTime, Zone, to_stamp};
use super::time_layout::{MONTHS, Part, WEEKDAYS, next};

/// Reads a time. `default` is the zone of texts without one, `local` the one whose abbreviations are known.
///
/// # Errors
/// Go's error text.
pub(crate) fn parse(layout: &str, value: &str, default: &Zone, local: &Zone) -> Result<GoTime, String> {
    let mut fields = Fields { month: -1, day: -1, year_day: -1, ..Fields::default() };
    let mut pattern = layout;
    let mut rest = value;
    loop {
        let (prefix, part, suffix) = next(pattern);
        let cannot = |at: &str, element: &str| {
            format!(
                "parsing time {} as {}: cannot parse {} as {}",
                quote(value),
                quote(layout),
                quote(at),
                quote(element)
            )
        };
        rest = skip(rest, prefix).map_err(|at| cannot(at, prefix))?;
        let Some((part, spelling)) = part else {
            if !rest.is_empty() {
                return Err(format!("parsing time {}: extra text: {}", quote(value), quote(rest)));
            }
            break;
        };
        pattern = suffix;
        match fields.read(part, rest, suffix) {
            Ok(after) => rest = after,
            Err(Failure::Syntax) => return Err(cannot(rest, spelling)),
            Err(Failure::Range(what)) => {
                return Err(format!("parsing time {}: {what} out of range", quote(value)));
            }
        }
    }
    fields.finish(default, local).map_err(|what| format!("parsing time {}: {what} out of range", quote(value)))
}

/// Text behind what the layout has literally; runs of spaces match each other.
fn skip<'v>(value: &'v str, prefix: &str) -> Result<&'v str, &'v str> {
    let (mut value, mut prefix) = (value, prefix);
    while let Some(letter) = prefix.chars().next() {
        if letter == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return Err(value);
            }
            prefix = prefix.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(letter).ok_or(value)?;
        prefix = &prefix[letter.len_utf8()..];
    }
    Ok(value)
}

enum Failure {
    Syntax,
    Range(&'static str),
}

#[derive(Default)]
struct Fields {
    year: i32,
    month: i32,
    day: i32,
    year_day: i32,
    hour: i32,
    minute: i32,
    second: i32,
    nanos: i32,
    pm: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: String,
}

impl Fields {
    /// Reads one element; gives what follows it.
    fn read<'v>(&mut self, part: Part, value: &'v str, suffix: &str) -> Result<&'v str, Failure> {
        match part {
            Part::Year => {
                let (year, rest) = digits(value, 2)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
                Ok(rest)
            }
            Part::LongYear => {
                let (year, rest) = digits(value, 4)?;
                self.year = year;
                Ok(rest)
            }
            Part::ShortMonth | Part::LongMonth => {
                let (index, rest) = lookup(&MONTHS, value, part == Part::ShortMonth)?;
                self.month = index + 1;
                Ok(rest)
            }
            Part::Month | Part::ZeroMonth => {
                let (month, rest) = number(value, part == Part::ZeroMonth)?;
                self.month = within(month, 1, 12, "month")?;
                Ok(rest)
            }
            Part::ShortWeekday | Part::LongWeekday => Ok(lookup(&WEEKDAYS, value, part == Part::ShortWeekday)?.1),
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                let value = if part == Part::UnderDay { value.strip_prefix(' ').unwrap_or(value) } else { value };
                let (day, rest) = number(value, part == Part::ZeroDay)?;
                self.day = day;
                Ok(rest)
            }
            Part::UnderYearDay | Part::ZeroYearDay => {
                let text = if part == Part::UnderYearDay { value.trim_start_matches(' ') } else { value };
                let padding = value.len() - text.len();
                let width = 3_usize.checked_sub(padding).filter(|width| *width > 0).ok_or(Failure::Syntax)?;
                let (day, rest) = digits(text, width)?;
                self.year_day = day;
                Ok(rest)
            }
            Part::Hour => {
                let (hour, rest) = number(value, false)?;
                self.hour = within(hour, 0, 23, "hour")?;
                Ok(rest)
            }
            Part::Hour12 | Part::ZeroHour12 => {
                let (hour, rest) = number(value, part == Part::ZeroHour12)?;
                self.hour = within(hour, 0, 12, "hour")?;
                Ok(rest)
            }
            Part::Minute | Part::ZeroMinute => {
                let (minute, rest) = number(value, part == Part::ZeroMinute)?;
                self.minute = within(minute, 0, 59, "minute")?;
                Ok(rest)
            }
            Part::Second | Part::ZeroSecond => self.second(part, value, suffix),
            Part::UpperPm | Part::LowerPm => {
                let (before, after) = if part == Part::UpperPm { ("AM", "PM") } else { ("am", "pm") };
                let pm = value.starts_with(after);
                if !pm && !value.starts_with(before) {
                    return Err(Failure::Syntax);
                }
                self.pm = Some(pm);
                Ok(&value[2..])
            }
            Part::Offset { z, colon, fields } => self.offset(z, colon, fields, value),
            Part::ZoneName => self.zone(value),
            Part::FixedFraction { digits, .. } => self.fraction(value, digits + 1),
            Part::Fraction { .. } => match fraction_length(value) {
                // A digit more in the text than in the layout counts too.
                Some(length) => self.fraction(value, length),
                None => Ok(value),
            },
        }
    }

    fn second<'v>(&mut self, part: Part, value: &'v str, suffix: &str) -> Result<&'v str, Failure> {
        let (second, rest) = number(value, part == Part::ZeroSecond)?;
        self.second = within(second, 0, 59, "second")?;
        // A fraction may follow that the layout does not have.
        let (prefix, following, _) = next(suffix);
        let named =
            prefix.is_empty() && matches!(following, Some((Part::FixedFraction { .. } | Part::Fraction { .. }, _)));
        match fraction_length(rest) {
            Some(length) if !named => self.fraction(rest, length),
            _ => Ok(rest),
        }
    }

    fn fraction<'v>(&mut self, value: &'v str, length: usize) -> Result<&'v str, Failure> {
        let text = value.get(..length).ok_or(Failure::Syntax)?;
        let digits = text.strip_prefix(['.', ',']).ok_or(Failure::Syntax)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Failure::Syntax);
        }
        let nine: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
        self.nanos = nine.parse().map_err(|_| Failure::Syntax)?;
        Ok(&value[length..])
    }

    fn offset<'v>(&mut self, z: bool, colon: bool, fields: u8, value: &'v str) -> Result<&'v str, Failure> {
        if z && let Some(rest) = value.strip_prefix('Z') {
            self.utc = true;
            return Ok(rest);
        }
        let sign = match value.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(Failure::Syntax),
        };
        let mut rest = &value[1..];
        let mut seconds = 0;
        let limits = [("time zone offset hour", 24), ("time zone offset minute", 60), ("time zone offset second", 60)];
        for (index, (what, limit)) in limits.into_iter().enumerate().take(usize::from(fields)) {
            if index > 0 && colon {
                rest = rest.strip_prefix(':').ok_or(Failure::Syntax)?;
            }
            let (field, after) = digits(rest, 2)?;
            within(field, 0, limit, what)?;
            seconds += field * [3600, 60, 1][index];
            rest = after;
        }
        self.offset = Some(sign * seconds);
        Ok(rest)
    }

    fn zone<'v>(&mut self, value: &'v str) -> Result<&'v str, Failure> {
        if let Some(rest) = value.strip_prefix("UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let length = abbreviation(value).ok_or(Failure::Syntax)?;
        value[..length].clone_into(&mut self.zone);
        Ok(&value[length..])
    }

    fn finish(mut self, default: &Zone, local: &Zone) -> Result<GoTime, &'static str> {
        match self.pm {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let date = self.date()?;
        let part = |number: i32| i8::try_from(number).unwrap_or_default();
        let civil = date.at(part(self.hour), part(self.minute), part(self.second), self.nanos);
        if self.utc {
            return moment(civil, Zone::Utc);
        }
        if let Some(seconds) = self.offset {
            let fixed = Zone::Fixed { name: self.zone.clone(), seconds };
            let stamp = to_stamp(civil, &fixed).ok_or("year")?;
            let (known, name) = local.at(stamp);
            if known == seconds && (self.zone.is_empty() || name == self.zone) {
                return Ok(GoTime { stamp, zone: local.clone() });
            }
            return Ok(GoTime { stamp, zone: fixed });
        }
        if !self.zone.is_empty() {
            let there = to_stamp(civil, local).ok_or("year")?;
            // The abbreviation of this place, in the other half of the year too: then its offset is meant.
            let near = [0, 26, -26].into_iter().find_map(|weeks| {
                let at = there.checked_add(jiff::SignedDuration::from_hours(weeks * 7 * 24)).ok()?;
                Some(local.at(at)).filter(|(_, name)| *name == self.zone)
            });
            if let Some((seconds, name)) = near {
                let stamp = to_stamp(civil, &Zone::Fixed { name, seconds }).ok_or("year")?;
                return Ok(GoTime { stamp, zone: local.clone() });
            }
            // An abbreviation that is not of this place has the offset zero, unless it says one: GMT+3.
            // Go shows that moment in the zone then, instead of reading it there.
            let hours = self.zone.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok()).unwrap_or(0);
            let read = moment(civil, Zone::Utc)?;
            return Ok(GoTime { zone: Zone::Fixed { name: self.zone, seconds: hours * 3600 }, ..read });
        }
        moment(civil, default.clone())
    }

    fn date(&self) -> Result<Date, &'static str> {
        let year = i16::try_from(self.year).map_err(|_| "year")?;
        if self.year_day >= 0 {
            let first = Date::new(year, 1, 1).map_err(|_| "year")?;
            if self.year_day < 1 || self.year_day > i32::from(first.days_in_year()) {
                return Err("day-of-year");
            }
            let date = first.checked_add(jiff::Span::new().days(self.year_day - 1)).map_err(|_| "day-of-year")?;
            let differs = |field: i32, own: i8| field >= 0 && field != i32::from(own);
            if differs(self.month, date.month()) {
                return Err("day-of-year does not match month");
            }
            return if differs(self.day, date.day()) { Err("day-of-year does not match day") } else { Ok(date) };
        }
        let month = if self.month < 0 { 1 } else { self.month };
        let day = if self.day < 0 { 1 } else { self.day };
        let month = i8::try_from(month).map_err(|_| "month")?;
        i8::try_from(day).ok().and_then(|day| Date::new(year, month, day).ok()).ok_or("day")
    }
}

fn moment(civil: DateTime, zone: Zone) -> Result<GoTime, &'static str> {
    let stamp = to_stamp(civil, &zone).ok_or("year")?;
    Ok(GoTime { stamp, zone })
}

fn within(number: i32, low: i32, high: i32, what: &'static str) -> Result<i32, Failure> {
    if (low..=high).contains(&number) { Ok(number) } else { Err(Failure::Range(what)) }
}

/// Exactly so many digits.
fn digits(value: &str, width: usize) -> Result<(i32, &str), Failure> {
    let text = value.get(..width).ok_or(Failure::Syntax)?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::Syntax);
    }
    Ok((text.parse().map_err(|_| Failure::Syntax)?, &value[width..]))
}

/// Two digits, or one where the width is free.
fn number(value: &str, fixed: bool) -> Result<(i32, &str), Failure> {
    let digit = |index: usize| value.as_bytes().get(index).is_some_and(u8::is_ascii_digit);
    if digit(0) && !digit(1) && !fixed { digits(value, 1) } else { digits(value, 2) }
}

fn lookup<'v>(names: &[&str], value: &'v str, short: bool) -> Result<(i32, &'v str), Failure> {
    for (index, name) in (0..).zip(names) {
        let name = if short { &name[..3] } else { name };
        if value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return Ok((index, &value[name.len()..]));
        }
    }
    Err(Failure::Syntax)
}

/// Length of a fraction with its separator.
fn fraction_length(value: &str) -> Option<usize> {
    let rest = value.strip_prefix(['.', ','])?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then_some(digits + 1)
}

/// Length of an abbreviation such as `CEST`, `GMT+3` or `+03`.
fn abbreviation(value: &str) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with("ChST") || value.starts_with("MeST") {
        return Some(4);
    }
    let signed = |text: &str| {
        let digits = text.get(1..)?.bytes().take_while(u8::is_ascii_digit).count();
        let hours: u32 = text.get(1..=digits)?.parse().ok()?;
        (text.starts_with(['+', '-']) && hours <= 23).then_some(digits + 1)
    };
    if let Some(rest) = value.strip_prefix("GMT") {
        return Some(3 + signed(rest).unwrap_or(0));
    }
    if value.starts_with(['+', '-']) {
        return signed(value);
    }
    let letters = value.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match letters {
        5 if value.as_bytes()[4] == b'T' => Some(5),
        4 if value.as_bytes()[3] == b'T' || value.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}
