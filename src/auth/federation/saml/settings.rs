//! Settings that several drivers read. Row 5.

use std::time::Duration;

use super::super::module::Entry;
use crate::value::{DurationForm, parse_duration};

pub(super) const URL: &str = "url";
pub(super) const TIMEOUT: &str = "spec.timeout";
/// A program that prints an assertion may ask a person.
const PATIENCE: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_mins(30);

/// Where the sign-in begins.
pub(super) fn url_of(entry: &Entry<'_>) -> String {
    entry.text(URL).unwrap_or_default()
}

/// How long a program may take.
pub(super) fn patience(entry: &Entry<'_>) -> Result<Duration, String> {
    let Some(text) = entry.text(TIMEOUT) else { return Ok(PATIENCE) };
    let read = parse_duration(&text, DurationForm::Go).filter(|read| !read.is_zero() && *read <= LONGEST);
    read.ok_or_else(|| format!("{TIMEOUT} `{text}` is no time of 30 minutes or less, such as 45s"))
}
