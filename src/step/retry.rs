//! How often a step is tried, and how long it waits in between. Pure but for the chance that is handed in.

use std::time::Duration;

use regex::Regex;

use super::Error;
use super::error::place;
use super::read::{text_of, wrong};
use crate::span::Sources;
use crate::value::{DurationForm, Node, parse_duration};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strategy {
    Constant,
    Linear,
    Exponential,
}

/// `retry`.
#[derive(Debug, Clone)]
pub struct Retry {
    /// Without it there is no end.
    pub max_attempts: Option<u64>,
    /// No attempt begins later than this.
    pub max_elapsed: Option<Duration>,
    strategy: Strategy,
    initial_delay: Duration,
    max_delay: Option<Duration>,
    multiplier: f64,
    jitter: f64,
    conditions: Vec<Regex>,
}

/// Reads a section of retries outside of a step; `what` names it in messages.
///
/// # Errors
/// As [`Retry::read`].
pub fn retry(node: &Node, what: &str, sources: &Sources) -> Result<Option<Retry>, Error> {
    Retry::read(node, what, sources)
}

impl Retry {
    /// Reads the section; `None` when it is empty of meaning (null).
    ///
    /// # Errors
    /// A value of a wrong type or out of its bounds, a pattern that is none.
    pub(super) fn read(node: &Node, what: &str, sources: &Sources) -> Result<Option<Retry>, Error> {
        if node.is_null() {
            return Ok(None);
        }
        if node.as_map().is_none() {
            return Err(wrong(what.to_owned(), "a map", node, sources));
        }
        let reader = Reader { node, what, sources };
        let strategy = match reader.text("backoff_strategy").as_deref() {
            None | Some("" | "constant") => Strategy::Constant,
            Some("linear") => Strategy::Linear,
            Some("exponential") => Strategy::Exponential,
            Some(_) => return Err(reader.value("backoff_strategy", "constant, linear or exponential")),
        };
        Ok(Some(Retry {
            max_attempts: reader.attempts()?,
            max_elapsed: reader.duration("max_elapsed_time", false)?,
            strategy,
            initial_delay: reader.duration("initial_delay", true)?.unwrap_or_default(),
            max_delay: reader.duration("max_delay", false)?,
            multiplier: reader.number("multiplier", |number| number > 0.0, "a number above 0")?.unwrap_or(2.0),
            jitter: reader
                .number("random_jitter", |number| (0.0..=1.0).contains(&number), "a number from 0 to 1")?
                .unwrap_or(0.0),
            conditions: reader.conditions()?,
        }))
    }

    /// The wait after this attempt, counted from 1. `chance` is between -1 and 1 and moves it within the jitter.
    pub fn delay(&self, attempt: u32, chance: f64) -> Duration {
        let initial = self.initial_delay.as_secs_f64();
        if initial == 0.0 {
            // Nothing does not grow, however often it is multiplied.
            return Duration::ZERO;
        }
        let seconds = match self.strategy {
            Strategy::Constant => initial,
            Strategy::Linear => initial * f64::from(attempt),
            Strategy::Exponential => initial * self.multiplier.powi(i32::try_from(attempt - 1).unwrap_or(i32::MAX)),
        };
        let most = self.max_delay.map_or(LONGEST, |most| most.as_secs_f64().min(LONGEST));
        let seconds = seconds.min(most);
        Duration::from_secs_f64((seconds + seconds * self.jitter * chance.clamp(-1.0, 1.0)).max(0.0))
    }

    /// Only failures with certain words are tried again, so the output has to be kept.
    pub fn looks_at_output(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Whether a failure with this output is tried again.
    pub fn concerns(&self, output: &str) -> bool {
        self.conditions.is_empty() || self.conditions.iter().any(|condition| condition.is_match(output))
    }
}

/// A day: growing delays end somewhere.
const LONGEST: f64 = 86_400.0;

struct Reader<'a> {
    node: &'a Node,
    what: &'a str,
    sources: &'a Sources,
}

impl Reader<'_> {
    fn get(&self, key: &str) -> Option<&Node> {
        self.node.get(key).filter(|value| !value.is_null())
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(text_of)
    }

    fn value(&self, key: &str, expected: &str) -> Error {
        let node = self.get(key).unwrap_or(self.node);
        let value = text_of(node).unwrap_or_else(|| node.value.type_name().to_owned());
        let what = format!("`{key}` in {}", self.what);
        Error::Value { what, value, expected: expected.to_owned(), place: place(self.sources, node.span) }
    }

    fn attempts(&self) -> Result<Option<u64>, Error> {
        if self.get("max_attempts").is_none() {
            return Ok(None);
        }
        let number = self.text("max_attempts").and_then(|text| text.parse().ok()).filter(|number| *number > 0);
        number.map(Some).ok_or_else(|| self.value("max_attempts", "a whole number above 0"))
    }

    fn duration(&self, key: &str, zero: bool) -> Result<Option<Duration>, Error> {
        if self.get(key).is_none() {
            return Ok(None);
        }
        let read = self.text(key).and_then(|text| parse_duration(&text, DurationForm::DaysAndSeconds));
        let read = read.filter(|duration| zero || !duration.is_zero());
        read.map(Some).ok_or_else(|| self.value(key, "a duration such as 500ms, 2s or 1m"))
    }

    fn number(&self, key: &str, bounds: impl Fn(f64) -> bool, expected: &str) -> Result<Option<f64>, Error> {
        if self.get(key).is_none() {
            return Ok(None);
        }
        let number = self.text(key).and_then(|text| text.parse().ok()).filter(|number| bounds(*number));
        number.map(Some).ok_or_else(|| self.value(key, expected))
    }

    fn conditions(&self) -> Result<Vec<Regex>, Error> {
        let Some(node) = self.get("conditions") else { return Ok(Vec::new()) };
        let mut conditions = Vec::new();
        for pattern in node.as_list().unwrap_or(std::slice::from_ref(node)) {
            let text = text_of(pattern).unwrap_or_default();
            let text = text.trim();
            let inner = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')).unwrap_or(text);
            if inner.is_empty() {
                continue;
            }
            conditions.push(Regex::new(inner).map_err(|_| Error::Value {
                what: format!("a pattern of `conditions` in {}", self.what),
                value: text.to_owned(),
                expected: "a regular expression".to_owned(),
                place: place(self.sources, pattern.span),
            })?);
        }
        Ok(conditions)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    fn read(document: &serde_json::Value) -> Result<Retry, Error> {
        Retry::read(&from_json(document), "`retry`", &Sources::new()).map(|retry| retry.unwrap())
    }

    fn delays(document: &serde_json::Value, chance: f64) -> Vec<u128> {
        let retry = read(document).unwrap();
        (1..4).map(|attempt| retry.delay(attempt, chance).as_millis()).collect()
    }

    #[test]
    fn delays_follow_the_strategy() {
        for (document, expected) in [
            (json!({}), [0, 0, 0]),
            (json!({"initial_delay": "100ms"}), [100, 100, 100]),
            (json!({"initial_delay": "100ms", "backoff_strategy": "linear"}), [100, 200, 300]),
            (json!({"initial_delay": "100ms", "backoff_strategy": "exponential"}), [100, 200, 400]),
            (
                json!({"initial_delay": "100ms", "backoff_strategy": "exponential", "multiplier": 3, "max_delay": "500ms"}),
                [100, 300, 500],
            ),
        ] {
            assert_eq!(delays(&document, 0.0), expected, "{document}");
        }
        let jittery = json!({"initial_delay": "1s", "random_jitter": 0.5});
        assert_eq!(delays(&jittery, 1.0), [1500; 3]);
        assert_eq!(delays(&jittery, -1.0), [500; 3]);
    }

    #[test]
    fn endless_growth_is_no_panic() {
        let retry = read(&json!({"initial_delay": "1h", "backoff_strategy": "exponential"})).unwrap();
        assert_eq!(retry.delay(u32::MAX, 0.0), Duration::from_hours(24));
        let at_once = read(&json!({"backoff_strategy": "exponential"})).unwrap();
        assert_eq!(at_once.delay(u32::MAX, 0.0), Duration::ZERO);
    }

    #[test]
    fn without_a_number_of_attempts_there_is_no_end() {
        assert_eq!(read(&json!({})).unwrap().max_attempts, None);
        assert_eq!(read(&json!({"max_attempts": 3})).unwrap().max_attempts, Some(3));
    }

    #[test]
    fn patterns_choose_the_failures_that_are_tried_again() {
        let retry = read(&json!({"conditions": ["/Bad Gateway/", "(?i)timeout"]})).unwrap();
        assert!(retry.looks_at_output());
        for (output, again) in [("502 Bad Gateway", true), ("TIMEOUT", true), ("denied", false), ("", false)] {
            assert_eq!(retry.concerns(output), again, "{output}");
        }
    }

    #[test]
    fn values_out_of_bounds_are_errors() {
        for document in [
            json!({"max_attempts": 0}),
            json!({"max_attempts": -1}),
            json!({"initial_delay": "soon"}),
            json!({"max_delay": "0s"}),
            json!({"multiplier": 0}),
            json!({"random_jitter": 1.5}),
            json!({"backoff_strategy": "wild"}),
            json!({"conditions": ["("]}),
            json!(3),
        ] {
            assert!(read(&document).is_err(), "{document}");
        }
    }
}
