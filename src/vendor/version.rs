//! Versions of sources: ranges, what they allow, and which one is the newest.

use super::error::Error;
use super::reader::Reader;
use crate::host::Host;
use crate::template::{Version, VersionRange};
use crate::value::Node;

/// `constraints`: which versions may be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Range that updates stay in.
    pub version: String,
    /// Versions, or beginnings with a star: `1.5.*`.
    pub excluded: Vec<String>,
    pub no_prereleases: bool,
}

impl Constraints {
    pub(super) fn read(host: &Host, node: Option<&Node>, what: &str) -> Result<Constraints, Error> {
        let Some(node) = node else { return Ok(Constraints::default()) };
        let what = format!("{what}.constraints");
        let reader = Reader::new(host, node, &what)?;
        reader.knows(&["version", "excluded_versions", "no_prereleases"]);
        let found = Constraints {
            version: reader.text("version")?,
            excluded: reader.texts("excluded_versions")?,
            no_prereleases: reader.flag("no_prereleases")?,
        };
        if !found.version.is_empty() && VersionRange::parse(&found.version).is_err() {
            let reason = format!("`{}` is no range of versions", found.version);
            return Err(Error::manifest(host, node.span, reason, "write for example `^1.2` or `>= 1.0, < 2.0`"));
        }
        Ok(found)
    }
}

fn parsed(text: &str) -> Option<Version> {
    Version::parse(text.trim_start_matches(['v', 'V'])).ok()
}

/// Whether a version is a range and not a single one: a full version is always meant exactly, and what is neither (a
/// commit, a branch) is taken as it is.
pub fn is_range(version: &str) -> bool {
    !version.is_empty() && Version::parse(version).is_err() && VersionRange::parse(version).is_ok()
}

/// The newest of the tags that a range and the constraints allow; `None` where none is.
///
/// # Errors
/// A range that cannot be read.
pub fn newest(tags: &[String], range: &str, constraints: &Constraints) -> Result<Option<String>, Error> {
    let wrong = |text: &str| Error::Version {
        reason: format!("invalid semver constraint \"{text}\""),
        help: "write for example `^1.2`, `~1.4.0` or `>= 1.0, < 2.0`".to_owned(),
    };
    let mut ranges = Vec::new();
    for text in [range, &constraints.version].into_iter().filter(|text| !text.is_empty()) {
        ranges.push(VersionRange::parse(text).map_err(|_| wrong(text))?);
    }
    let excluded = |tag: &str| {
        let is = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => tag.starts_with(start),
            None => tag == pattern,
        };
        let plain = tag.trim_start_matches('v');
        constraints.excluded.iter().any(|pattern| is(pattern) || plain == pattern.as_str())
    };
    let mut best: Option<(Version, &String)> = None;
    for tag in tags {
        let Some(version) = parsed(tag) else { continue };
        let allowed = ranges.iter().all(|range| range.allows(&version));
        if !allowed || excluded(tag) || constraints.no_prereleases && !version.is_release() {
            continue;
        }
        let better = best.as_ref().is_none_or(|(known, name)| {
            // Of `v3` and `v3.0.0` the one that does not move.
            version.precedence(known).then(tag.len().cmp(&name.len())).is_gt()
        });
        if better {
            best = Some((version, tag));
        }
    }
    Ok(best.map(|(_, tag)| tag.clone()))
}

/// Whether `latest` comes after `current`.
pub fn is_newer(current: &str, latest: &str) -> bool {
    match (parsed(current), parsed(latest)) {
        (Some(current), Some(latest)) => latest.precedence(&current).is_gt(),
        _ => !latest.is_empty() && latest != current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_versions_and_names() {
        for (text, range) in [
            ("^1.0", true),
            ("~1.2.3", true),
            (">= 1.0, < 2.0", true),
            ("1.x", true),
            ("*", true),
            ("1.2.3", false),
            ("v1.2", false),
            ("main", false),
            ("3f2a9c1b", false),
            ("", false),
        ] {
            assert_eq!(is_range(text), range, "{text}");
        }
    }

    #[test]
    fn the_newest_that_is_allowed_is_chosen() {
        let tags: Vec<String> =
            ["v1.0.0", "v1.2.0", "v1.3.0-rc.1", "v2", "v2.0.0", "latest", "1.2.9"].map(str::to_owned).to_vec();
        let none = Constraints::default();
        let choose = |range: &str, constraints: &Constraints| newest(&tags, range, constraints).unwrap();
        assert_eq!(choose("^1.0", &none).as_deref(), Some("1.2.9"));
        assert_eq!(choose("", &none).as_deref(), Some("v2.0.0"));
        assert_eq!(choose("^3", &none), None);
        let held = Constraints { version: "< 2".to_owned(), excluded: vec!["1.2.9".to_owned()], no_prereleases: true };
        assert_eq!(choose("", &held).as_deref(), Some("v1.2.0"));
        let excluded = Constraints { excluded: vec!["v2*".to_owned()], no_prereleases: true, ..none };
        assert_eq!(choose("", &excluded).as_deref(), Some("1.2.9"));
        assert!(newest(&tags, "^^", &held).is_err());
    }

    #[test]
    fn newer_is_by_number_and_else_by_name() {
        assert!(is_newer("v1.9.0", "1.10.0") && !is_newer("2.0.0", "v1.0.0") && !is_newer("main", "main"));
        assert!(is_newer("main", "v1.0.0"));
    }
}
