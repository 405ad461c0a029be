//! `version.constraint`: which releases of the reference a repository wants.

use std::cmp::Ordering;

use super::error::Error;
use crate::diag::{Talk, Warning};

/// Release of the reference whose behaviour this program matches. Constraints are checked against it.
pub const REFERENCE_VERSION: &str = "1.227.0";

/// A release number: as many segments as were written, and a pre-release.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    segments: Vec<u64>,
    pre_release: String,
}

impl Version {
    fn parse(text: &str) -> Option<Version> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split('+').next().unwrap_or_default();
        let (numbers, pre_release) = text.split_once('-').unwrap_or((text, ""));
        let segments: Option<Vec<u64>> = numbers.split('.').map(|segment| segment.parse().ok()).collect();
        Some(Version { segments: segments?, pre_release: pre_release.to_owned() })
    }

    fn compare(&self, other: &Version) -> Ordering {
        let length = self.segments.len().max(other.segments.len());
        let segment = |version: &Version, index: usize| version.segments.get(index).copied().unwrap_or_default();
        let numbers = (0..length).map(|index| segment(self, index).cmp(&segment(other, index)));
        numbers.fold(Ordering::Equal, Ordering::then).then_with(|| {
            match (self.pre_release.is_empty(), other.pre_release.is_empty()) {
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                _ => self.pre_release.cmp(&other.pre_release),
            }
        })
    }
}

/// Whether `version` meets every comma-separated comparison; `None` when one of them cannot be read.
fn satisfies(version: &str, constraint: &str) -> Option<bool> {
    let version = Version::parse(version)?;
    let mut all = true;
    for part in constraint.split(',') {
        let part = part.trim();
        let (operator, wanted) = match part.find(|c: char| c.is_ascii_digit() || c == 'v') {
            Some(index) => (part[..index].trim(), Version::parse(part[index..].trim())?),
            None => return None,
        };
        let order = version.compare(&wanted);
        all &= match operator {
            "" | "=" => order == Ordering::Equal,
            "!=" => order != Ordering::Equal,
            ">" => order == Ordering::Greater,
            "<" => order == Ordering::Less,
            ">=" => order != Ordering::Less,
            "<=" => order != Ordering::Greater,
            // All but the last segment that was written are fixed.
            "~>" => {
                let fixed = wanted.segments.len().saturating_sub(1);
                order != Ordering::Less && version.segments.iter().take(fixed).eq(wanted.segments[..fixed].iter())
            }
            _ => return None,
        };
    }
    Some(all)
}

/// Whether the release that this program matches meets a constraint that can be read.
pub fn meets_constraint(require: &str) -> bool {
    satisfies(REFERENCE_VERSION, require) == Some(true)
}

/// The section as configured.
pub(super) struct Constraint<'a> {
    pub require: &'a str,
    /// `fatal` (also for the empty text), `warn` or `silent`.
    pub enforcement: &'a str,
    pub message: &'a str,
    /// Another version was asked for explicitly, so a failure only warns.
    pub overridden: bool,
}

impl Constraint<'_> {
    pub(super) fn check(&self, talk: &Talk) -> Result<(), Error> {
        if self.require.is_empty() || self.enforcement == "silent" {
            return Ok(());
        }
        let error = match satisfies(REFERENCE_VERSION, self.require) {
            Some(true) => return Ok(()),
            Some(false) => Error::VersionConstraint {
                required: self.require.to_owned(),
                current: REFERENCE_VERSION,
                help: if self.message.is_empty() {
                    "use a version that the constraint allows, or change `version.constraint.require`".to_owned()
                } else {
                    self.message.to_owned()
                },
            },
            None => Error::InvalidVersionConstraint { constraint: self.require.to_owned() },
        };
        let unmet = matches!(error, Error::VersionConstraint { .. });
        if self.overridden || (unmet && self.enforcement == "warn") {
            talk.warn(Warning::new("atmos::config::version_constraint", error.to_string()).help(self.message));
            return Ok(());
        }
        // Any other word of `enforcement` is as good as none in the reference.
        if unmet && !matches!(self.enforcement, "" | "fatal") { Ok(()) } else { Err(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_compare_releases() {
        for (constraint, expected) in [
            (">= 1.200.0", Some(true)),
            (">=1.200.0, <1.227.0", Some(false)),
            ("1.227.0", Some(true)),
            ("= v1.227", Some(true)),
            ("!= 1.227.0", Some(false)),
            ("~> 1.200", Some(true)),
            ("~> 1.200.0", Some(false)),
            ("~> 1.227.0", Some(true)),
            ("~> 2", Some(false)),
            ("> 1.227.0-rc.1", Some(true)),
            ("<= 1.226", Some(false)),
            ("not a version", None),
            ("^1.0.0", None),
            ("", None),
        ] {
            assert_eq!(satisfies(REFERENCE_VERSION, constraint), expected, "{constraint}");
        }
    }

    #[test]
    fn enforcement_decides_what_happens() {
        let check = |enforcement, overridden| {
            Constraint { require: "> 9", enforcement, message: "", overridden }.check(&Talk::silent()).is_ok()
        };
        assert_eq!(
            [check("", false), check("fatal", false), check("warn", false), check("silent", false), check("", true)],
            [false, false, true, true, true]
        );
    }
}
