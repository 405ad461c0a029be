//! Durations as configuration files write them.

use std::time::Duration;

/// What counts as a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationForm {
    /// Numbers with units (`1h30m`, `90s`, `1.5h`, `250ms`), or `0`.
    Go,
    /// Days (`7d`) and plain whole seconds (`3600`) too.
    DaysAndSeconds,
}

/// Reads a duration. `None` for anything else, negative durations included.
pub fn parse_duration(text: &str, form: DurationForm) -> Option<Duration> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().ok().map(Duration::from_secs)?;
        return (form == DurationForm::DaysAndSeconds || seconds.is_zero()).then_some(seconds);
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        if unit == "d" && form == DurationForm::Go {
            return None;
        }
        total = total.checked_add(part(number, unit)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

/// One number with its unit, exact to the nanosecond.
fn part(number: &str, unit: &str) -> Option<Duration> {
    let nanos_per_unit: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Nanoseconds have nine digits behind the second, fifteen behind the day; more digits change nothing.
    let digits = &fraction[..fraction.len().min(18)];
    let scale = 10_u128.pow(u32::try_from(digits.len()).ok()?);
    let fraction: u128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let nanos = whole.checked_mul(nanos_per_unit)?.checked_add(fraction * nanos_per_unit / scale)?;
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    Some(Duration::new(seconds, u32::try_from(nanos % 1_000_000_000).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_configuration_files() {
        let table = [
            ("1h30m", Some(5_400_000)),
            ("30m", Some(1_800_000)),
            ("90s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            (".5s", Some(500)),
            ("250ms", Some(250)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("3600", Some(3_600_000)),
            ("7d", Some(604_800_000)),
            ("1d12h", Some(129_600_000)),
            (" 15m ", Some(900_000)),
            ("+5s", Some(5_000)),
            ("", None),
            ("h", None),
            ("1", Some(1_000)),
            ("1x", None),
            ("1h30", None),
            ("-5s", None),
            ("1.2.3s", None),
            (".s", None),
            ("daily", None),
            ("999999999999999999999999999999999999999999h", None),
        ];
        for (text, expected) in table {
            let read = parse_duration(text, DurationForm::DaysAndSeconds);
            assert_eq!(read, expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn durations_of_sessions_need_units_and_have_no_days() {
        for (text, seconds) in [
            ("30m", Some(1800)),
            ("1h30m", Some(5400)),
            ("1.5h", Some(5400)),
            ("0", Some(0)),
            ("", None),
            ("900", None),
            ("1d", None),
            ("1d12h", None),
            ("-5m", None),
            ("5 m", None),
            ("m5", None),
        ] {
            assert_eq!(parse_duration(text, DurationForm::Go), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
