//! Semantic versions, read as leniently as sprig does: `v1.2` is `1.2.0`.

use std::any::Any;
use std::cmp::Ordering;
use std::fmt;

use super::super::golang::args;
use super::semver_range::Range;
use crate::template::{Call, Function, Object, Param, Problem, Val};

const VERSION: Param = Param::Named("*semver.Version");

pub(super) static TABLE: &[Function] = &[
    Function::new("semver", &[Param::Text], |_, args| Ok(Val::object(Version::parse(args::text(args, 0))?))),
    Function::new("semverCompare", &[Param::Text, Param::Text], |_, args| {
        let range = Range::parse(args::text(args, 0))?;
        Ok(Val::Bool(range.allows(&Version::parse(args::text(args, 1))?)))
    }),
];

/// A version. Who chooses among the tags of repositories knows it, too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    pub(super) pre: String,
    metadata: String,
    original: String,
}

/// Numbers, pre-release and metadata of a version as text; missing ones are `None`.
pub(super) struct Parts<'t> {
    pub(super) numbers: [Option<&'t str>; 3],
    pub(super) pre: Option<&'t str>,
    metadata: Option<&'t str>,
    /// What follows the version.
    pub(super) rest: &'t str,
}

impl<'t> Parts<'t> {
    /// Reads as much as belongs to a version whose numbers consist of what `digit` says.
    pub(super) fn read(text: &'t str, digit: fn(char) -> bool) -> Option<Parts<'t>> {
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        let take = |rest: &mut &'t str, keep: fn(char) -> bool| {
            let end = rest.find(|letter| !keep(letter)).unwrap_or(rest.len());
            let (taken, after) = rest.split_at(end);
            *rest = after;
            (!taken.is_empty()).then_some(taken)
        };
        let mut numbers = [Some(take(&mut rest, digit)?), None, None];
        for number in &mut numbers[1..] {
            let Some(mut after) = rest.strip_prefix('.') else { break };
            let Some(taken) = take(&mut after, digit) else { break };
            *number = Some(taken);
            rest = after;
        }
        let dotted = |rest: &mut &'t str, mark: char| {
            let start = rest.strip_prefix(mark)?;
            let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
            let mut after = start;
            take(&mut after, word)?;
            while let Some(mut next) = after.strip_prefix('.') {
                if take(&mut next, word).is_none() {
                    break;
                }
                after = next;
            }
            *rest = after;
            Some(&start[..start.len() - after.len()])
        };
        let pre = dotted(&mut rest, '-');
        let metadata = dotted(&mut rest, '+');
        Some(Parts { numbers, pre, metadata, rest })
    }
}

impl Version {
    pub(super) fn new([major, minor, patch]: [u64; 3], pre: &str) -> Version {
        Version { major, minor, patch, pre: pre.to_owned(), ..Version::default() }
    }

    /// # Errors
    /// In the library's words.
    pub(crate) fn parse(text: &str) -> Result<Version, Problem> {
        let invalid = || Problem::new("invalid semantic version");
        let parts = Parts::read(text, |letter| letter.is_ascii_digit()).ok_or_else(invalid)?;
        if !parts.rest.is_empty() {
            return Err(invalid());
        }
        let number = |part: Option<&str>| {
            part.unwrap_or("0").parse::<u64>().map_err(|_| {
                let quoted = super::super::golang::text::quote(part.unwrap_or_default());
                Problem::new(format!(
                    "error parsing version segment: strconv.ParseUint: parsing {quoted}: value out of range"
                ))
            })
        };
        let pre = parts.pre.unwrap_or_default();
        // A number of a pre-release has no leading zeros.
        if pre
            .split('.')
            .any(|part| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(Problem::new("version segment starts with 0"));
        }
        Ok(Version {
            major: number(parts.numbers[0])?,
            minor: number(parts.numbers[1])?,
            patch: number(parts.numbers[2])?,
            pre: pre.to_owned(),
            metadata: parts.metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        })
    }

    /// Order of precedence; metadata does not count.
    pub(crate) fn precedence(&self, other: &Version) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_pre(&self.pre, &other.pre))
    }

    pub(crate) fn is_release(&self) -> bool {
        self.pre.is_empty()
    }

    /// The next version; `level` counts from the major number.
    fn next(&self, level: usize) -> Version {
        let mut next = Version { ..Version::default() };
        match level {
            0 => next.major = self.major.saturating_add(1),
            1 => (next.major, next.minor) = (self.major, self.minor.saturating_add(1)),
            _ => {
                // The next patch of a pre-release is its release.
                let step = u64::from(self.pre.is_empty());
                (next.major, next.minor, next.patch) = (self.major, self.minor, self.patch.saturating_add(step));
            }
        }
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{prefix}{next}");
        next
    }
}

/// A release comes after its pre-releases; numbers come before words.
fn compare_pre(one: &str, two: &str) -> Ordering {
    match (one.is_empty(), two.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut one, mut two) = (one.split('.'), two.split('.'));
    loop {
        let order = match (one.next(), two.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(two)) => match (one.parse::<u64>(), two.parse::<u64>()) {
                (Ok(one), Ok(two)) => one.cmp(&two),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => one.cmp(two),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(out, "-{}", self.pre)?;
        }
        if !self.metadata.is_empty() {
            write!(out, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl Object for Version {
    fn type_name(&self) -> &'static str {
        "*semver.Version"
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        METHODS.iter().find(|function| function.name == name)
    }

    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Version>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn this(args: &[Val]) -> Version {
    args.first().and_then(Val::as_object::<Version>).cloned().unwrap_or_default()
}

#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn compare(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::Int(order(args) as i64))
}

fn order(args: &[Val]) -> Ordering {
    let other = args.get(1).and_then(Val::as_object::<Version>).cloned().unwrap_or_default();
    this(args).precedence(&other)
}

static METHODS: &[Function] = &[
    Function::new("Major", &[], |_, args| Ok(Val::UInt(this(args).major))),
    Function::new("Minor", &[], |_, args| Ok(Val::UInt(this(args).minor))),
    Function::new("Patch", &[], |_, args| Ok(Val::UInt(this(args).patch))),
    Function::new("Prerelease", &[], |_, args| Ok(Val::from(this(args).pre))),
    Function::new("Metadata", &[], |_, args| Ok(Val::from(this(args).metadata))),
    Function::new("Original", &[], |_, args| Ok(Val::from(this(args).original))),
    Function::new("String", &[], |_, args| Ok(Val::from(this(args).to_string()))),
    Function::new("IncMajor", &[], |_, args| Ok(Val::object(this(args).next(0)))),
    Function::new("IncMinor", &[], |_, args| Ok(Val::object(this(args).next(1)))),
    Function::new("IncPatch", &[], |_, args| Ok(Val::object(this(args).next(2)))),
    Function::new("Compare", &[VERSION], compare),
    Function::new("Equal", &[VERSION], |_, args| Ok(Val::Bool(order(args).is_eq()))),
    Function::new("LessThan", &[VERSION], |_, args| Ok(Val::Bool(order(args).is_lt()))),
    Function::new("GreaterThan", &[VERSION], |_, args| Ok(Val::Bool(order(args).is_gt()))),
    Function::new("LessThanEqual", &[VERSION], |_, args| Ok(Val::Bool(order(args).is_le()))),
    Function::new("GreaterThanEqual", &[VERSION], |_, args| Ok(Val::Bool(order(args).is_ge()))),
];
