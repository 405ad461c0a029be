//! Constraints on versions: `>= 1.2, < 2 || ~3.1 || ^4 || 5.x || 1.0 - 2.0`.

use std::cmp::Ordering;

use super::semver::{Parts, Version};
use crate::template::Problem;

/// Alternatives, each a list of conditions.
#[derive(Debug)]
pub(crate) struct Range(Vec<Vec<Condition>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    /// Nothing or `=`: the same version, or any that fits the wildcard.
    Same,
    Not,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Tilde,
    Caret,
}

/// Longest spelling first.
const OPERATORS: [(&str, Op); 11] = [
    ("!=", Op::Not),
    (">=", Op::AtLeast),
    ("=>", Op::AtLeast),
    ("<=", Op::AtMost),
    ("=<", Op::AtMost),
    ("~>", Op::Tilde),
    ("=", Op::Same),
    (">", Op::Greater),
    ("<", Op::Less),
    ("~", Op::Tilde),
    ("^", Op::Caret),
];

#[derive(Debug)]
struct Condition {
    op: Op,
    version: Version,
    /// A number is missing or a wildcard: any of them, only the minor one, only the patch.
    open: bool,
    open_minor: bool,
    open_patch: bool,
}

fn digit_or_wildcard(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, 'x' | 'X' | '*' | '|')
}

impl Range {
    /// # Errors
    /// In the library's words.
    pub(crate) fn parse(text: &str) -> Result<Range, Problem> {
        let alternatives = hyphens(text);
        alternatives.split("||").map(conditions).collect::<Result<Vec<_>, _>>().map(Range)
    }

    pub(crate) fn allows(&self, version: &Version) -> bool {
        self.0.iter().any(|conditions| {
            // A pre-release is only taken where one is asked for.
            let with_pre = conditions.iter().any(|condition| !condition.version.pre.is_empty());
            (version.pre.is_empty() || with_pre) && conditions.iter().all(|condition| condition.holds(version))
        })
    }
}

/// Rewrites `1.0 - 2.0` to two conditions.
fn hyphens(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    'text: while !rest.is_empty() {
        if let Some(low) = Parts::read(rest, digit_or_wildcard) {
            let first = &rest[..rest.len() - low.rest.len()];
            let after = low.rest.trim_start();
            if after.len() < low.rest.len()
                && let Some(behind) = after.strip_prefix('-')
                && behind.starts_with(char::is_whitespace)
                && let Some(high) = Parts::read(behind.trim_start(), digit_or_wildcard)
            {
                let second = behind.trim_start();
                let second = &second[..second.len() - high.rest.len()];
                for part in [">= ", first, ", <= ", second, " "] {
                    out.push_str(part);
                }
                rest = high.rest.trim_start();
                continue 'text;
            }
            out.push_str(first);
            rest = low.rest;
            continue;
        }
        let letter = rest.chars().next().unwrap_or_default();
        out.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    out
}

fn conditions(text: &str) -> Result<Vec<Condition>, Problem> {
    let improper = || Problem::new(format!("improper constraint: {text}"));
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    loop {
        let operator = OPERATORS.iter().find(|(spelling, _)| rest.starts_with(spelling));
        let (op, after) =
            operator.map_or((Op::Same, rest), |(spelling, op)| (*op, rest[spelling.len()..].trim_start()));
        let parts = Parts::read(after, digit_or_wildcard).ok_or_else(improper)?;
        found.push(Condition::new(op, &parts).ok_or_else(improper)?);
        let spaceless = parts.rest.trim_start();
        if spaceless.is_empty() {
            return Ok(found);
        }
        let next = spaceless.strip_prefix(',').map(str::trim_start);
        rest = match next {
            Some(next) => next,
            None if spaceless.len() < parts.rest.len() => spaceless,
            None => return Err(improper()),
        };
    }
}

impl Condition {
    fn new(op: Op, parts: &Parts<'_>) -> Option<Condition> {
        let wild = |part: Option<&str>| part.is_none_or(|part| matches!(part, "x" | "X" | "*"));
        let [major, minor, patch] = parts.numbers;
        let open_major = wild(major);
        let open_minor = !open_major && wild(minor);
        let open_patch = !open_major && !open_minor && wild(patch);
        let number = |part: Option<&str>, open: bool| if open { Some(0) } else { part?.parse().ok() };
        let numbers = [
            number(major, open_major)?,
            number(minor, open_major || open_minor)?,
            number(patch, open_major || open_minor || open_patch)?,
        ];
        let version = Version::new(numbers, parts.pre.unwrap_or_default());
        Some(Condition { op, version, open: open_major || open_minor || open_patch, open_minor, open_patch })
    }

    fn holds(&self, version: &Version) -> bool {
        let own = &self.version;
        let order = version.precedence(own);
        match self.op {
            Op::Same if self.open => self.tilde(version),
            Op::Same => order.is_eq(),
            Op::Not => self.differs(version, order),
            Op::Greater if !self.open => order.is_gt(),
            Op::Greater => match version.major.cmp(&own.major) {
                Ordering::Equal if self.open_minor => false,
                Ordering::Equal if self.open_patch => version.minor > own.minor,
                Ordering::Equal => order.is_gt(),
                order => order.is_gt(),
            },
            Op::Less => order.is_lt(),
            Op::AtLeast => order.is_ge(),
            Op::AtMost if !self.open => order.is_le(),
            Op::AtMost => {
                version.major < own.major
                    || version.major == own.major && (version.minor <= own.minor || self.open_minor)
            }
            Op::Tilde => self.tilde(version),
            Op::Caret => self.caret(version),
        }
    }

    fn differs(&self, version: &Version, order: Ordering) -> bool {
        let own = &self.version;
        if !self.open {
            return order.is_ne();
        }
        if own.major != version.major {
            return true;
        }
        if own.minor != version.minor && !self.open_minor {
            return true;
        }
        if self.open_minor {
            return false;
        }
        if self.open_patch {
            return own.pre != version.pre;
        }
        own.patch != version.patch || order.is_ne()
    }

    /// The same minor version, or the same major one when no minor is given.
    fn tilde(&self, version: &Version) -> bool {
        let own = &self.version;
        if version.precedence(own).is_lt() {
            return false;
        }
        let zero = own.major == 0 && own.minor == 0 && own.patch == 0;
        if zero && !self.open_minor && !self.open_patch {
            return true;
        }
        version.major == own.major && (version.minor == own.minor || self.open_minor)
    }

    /// The same leftmost number that is not zero.
    fn caret(&self, version: &Version) -> bool {
        let own = &self.version;
        if version.precedence(own).is_lt() {
            return false;
        }
        if own.major > 0 || self.open_minor {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.open_patch {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}
