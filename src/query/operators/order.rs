//! The order of values across types: null, booleans, then numbers among numbers and texts among texts.

use std::cmp::Ordering;

use crate::query::error::Outcome;
use crate::query::eval::Evaluation;
use crate::query::tree::{Id, Tag};

impl Evaluation<'_> {
    fn compare(&self, left: Id, right: Id) -> Ordering {
        let (first, second) = (&self.tree.get(left).text, &self.tree.get(right).text);
        let by_text = || first.cmp(second);
        match (self.guessed(left), self.guessed(right)) {
            (Tag::Null, Tag::Null) => by_text(),
            (Tag::Null, _) => Ordering::Less,
            (_, Tag::Null) => Ordering::Greater,
            (Tag::Bool, Tag::Bool) => self.is_true(left).cmp(&self.is_true(right)),
            (Tag::Bool, _) => Ordering::Less,
            (_, Tag::Bool) => Ordering::Greater,
            (Tag::Int, Tag::Int) => match (self.integer(left), self.integer(right)) {
                (Ok((_, left)), Ok((_, right))) => left.cmp(&right),
                _ => by_text(),
            },
            (Tag::Int | Tag::Float, Tag::Int | Tag::Float) => match (self.float(left), self.float(right)) {
                (Ok(left), Ok(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Greater),
                _ => by_text(),
            },
            _ => by_text(),
        }
    }

    /// Sorts values with their sort keys. Stable. The order is none across all types, so this merges by hand: the sort
    /// of the standard library may refuse such an order.
    pub(in crate::query) fn sorted(&mut self, items: Vec<(Id, Vec<Id>)>) -> Outcome<Vec<Id>> {
        let mut runs: Vec<Vec<(Id, Vec<Id>)>> = items.into_iter().map(|item| vec![item]).collect();
        while runs.len() > 1 {
            let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
            let mut pairs = runs.into_iter();
            while let Some(left) = pairs.next() {
                merged.push(match pairs.next() {
                    Some(right) => self.merged_runs(left, right)?,
                    None => left,
                });
            }
            runs = merged;
        }
        Ok(runs.pop().unwrap_or_default().into_iter().map(|(id, _)| id).collect())
    }

    fn merged_runs(&mut self, left: Vec<(Id, Vec<Id>)>, right: Vec<(Id, Vec<Id>)>) -> Outcome<Vec<(Id, Vec<Id>)>> {
        self.tree.charge(left.len() + right.len())?;
        let mut out = Vec::with_capacity(left.len() + right.len());
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        while let (Some((_, first)), Some((_, second))) = (left.peek(), right.peek()) {
            let next = if self.is_before(second, first) { right.next() } else { left.next() };
            out.extend(next);
        }
        out.extend(left);
        out.extend(right);
        Ok(out)
    }

    fn is_before(&self, left: &[Id], right: &[Id]) -> bool {
        for (left, right) in left.iter().zip(right) {
            match self.compare(*left, *right) {
                Ordering::Equal => {}
                order => return order == Ordering::Less,
            }
        }
        left.len() < right.len()
    }
}

/// A moment in the form `2006-01-02T15:04:05Z`, with an offset or a fraction, or a day.
pub(in crate::query) fn time(text: &str) -> Option<jiff::Timestamp> {
    let bytes = text.as_bytes();
    let shape = |pattern: &[u8]| {
        bytes.len() >= pattern.len()
            && pattern.iter().zip(bytes).all(|(wanted, byte)| match wanted {
                b'0' => byte.is_ascii_digit(),
                wanted => wanted == byte,
            })
    };
    if bytes.len() == 10 && shape(b"0000-00-00") {
        let day: jiff::civil::Date = text.parse().ok()?;
        return jiff::tz::TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok();
    }
    if !shape(b"0000-00-00T00:00:00") || text.contains(['[', ' ', 'z']) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_one_form() {
        assert!(time("2024-01-02").is_some());
        assert_eq!(time("2024-01-02T00:00:00Z"), time("2024-01-02"));
        assert_eq!(time("2024-01-02T01:00:00+01:00"), time("2024-01-02"));
        for text in ["2024-1-2", "2024-01-32", "", "x", "20240102", "2024-01-02T00:00", "2024-01-02 00:00:00Z"] {
            assert!(time(text).is_none(), "{text}");
        }
    }
}
