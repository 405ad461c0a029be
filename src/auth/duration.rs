//! Durations as people write them in `auth`: `1h30m`, `900`, `90s`. Row 5.

use std::time::Duration;

/// A duration of number and unit pairs (`1h30m`, `1.5h`; units `ns us µs ms s m h`), or `0`. `None` when it is
/// anything else, negative included.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim().trim_start_matches('+');
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = &rest[unit..];
    }
    (!text.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_parse_or_are_refused() {
        for (text, seconds) in
            [("30m", Some(1800)), ("1h30m", Some(5400)), ("1.5h", Some(5400)), ("90s", Some(90)), ("0", Some(0))]
        {
            assert_eq!(parse_duration(text).map(|d| d.as_secs()), seconds, "{text}");
        }
        for text in ["", "900", "1d", "-5m", "h", "5 m", "m5"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
