//! What ranges of versions mean: asked of the tags of the repository once, then kept in the lock.

use super::error::Error;
use crate::diag::Result;
use crate::ops::App;
use crate::vendor::{Artifact, Constraints, Lock, Origin, artifact_id, is_range, newest, normalized, redacted};

/// The kind and the target of such entries in the lock. They own no files.
pub(super) const KIND: &str = "version-range";
const TARGET: &str = ".atmos/vendor-version-resolutions";

/// A version as it is written, and what it belongs to.
pub(super) struct Asked<'a> {
    pub name: &'a str,
    /// Tells several versions of one name apart.
    pub discriminator: Option<&'a str>,
    /// Address before templates are rendered.
    pub source: &'a str,
    pub version: &'a str,
    pub constraints: &'a Constraints,
}

/// A version that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub text: String,
    /// The range that was written; empty where it was a version.
    pub range: String,
}

/// Finds out what ranges mean.
pub(super) struct Versions {
    pub lock: Lock,
    /// Whether every range is asked for anew.
    pub refresh: bool,
    /// Something was added to the lock.
    pub changed: bool,
}

impl Versions {
    /// # Errors
    /// The source is no repository, cannot be reached, or has no tag that fits.
    pub(super) fn resolve(&mut self, app: &App, asked: &Asked<'_>) -> Result<Version> {
        if !is_range(asked.version) {
            return Ok(Version { text: asked.version.to_owned(), range: String::new() });
        }
        let range = asked.version.to_owned();
        let repository = repository(asked.source);
        let mut writers = vec![asked.name];
        writers.extend(asked.discriminator);
        writers.push(&repository);
        let id = artifact_id(KIND, TARGET, &writers);
        let known = self.lock.artifacts.get(&id).map(|known| &known.source);
        if let Some(known) =
            known.filter(|known| known.version_constraint == range && !known.resolved_version.is_empty())
            && !self.refresh
        {
            return Ok(Version { text: known.resolved_version.clone(), range });
        }
        let tags = tags(app, asked.name, asked.source)?;
        let text = newest(&tags, &range, asked.constraints)?.ok_or_else(|| Error::Content {
            name: asked.name.to_owned(),
            reason: format!("no tag of `{repository}` fits the version `{range}`"),
            help: "widen the range, or write a version; `constraints` narrow it further".to_owned(),
        })?;
        let source = Origin {
            declared: range.clone(),
            version_constraint: range.clone(),
            resolved_version: text.clone(),
            ..Origin::default()
        };
        let (name, kind, target) = (asked.name.to_owned(), KIND.to_owned(), TARGET.to_owned());
        self.lock.put(&id, Artifact { name, kind, target, source, ..Artifact::default() });
        self.changed = true;
        Ok(Version { text, range })
    }
}

/// The tags of the repository that a source is in.
///
/// # Errors
/// It is no repository, or cannot be reached.
pub(super) fn tags(app: &App, name: &str, source: &str) -> Result<Vec<String>, Error> {
    let address = repository_address(source);
    let failed = |error: &crate::fetch::Error| Error::Fetch {
        name: name.to_owned(),
        uri: crate::fetch::shown(&address),
        reason: error.to_string(),
        help: error.next_step(),
    };
    let found = crate::fetch::tags(&app.host, &app.config.remote, &address).map_err(|error| failed(&error))?;
    found.ok_or_else(|| Error::NotGit { component: name.to_owned(), uri: repository(source) })
}

/// The address of the repository as the lock has it.
fn repository(source: &str) -> String {
    redacted(&repository_address(source)).trim_end_matches("//.").to_owned()
}

/// The address without the path behind `//` and without templates, which may stand in either.
fn repository_address(source: &str) -> String {
    let body = source.split('?').next().unwrap_or_default();
    let start = body.find("://").map_or(0, |at| at + 3);
    let start = start + (body.len() - start - body[start..].trim_start_matches('/').len());
    let end = body[start..].find("//").map_or(body.len(), |at| start + at);
    normalized(&body[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_of_a_source_has_no_path() {
        for (source, expected) in [
            ("github.com/o/r.git//m/{{ .Component }}?ref={{.Version}}", "github.com/o/r.git"),
            ("git::https://h/o/r.git//m?ref=x", "git::https://h/o/r.git"),
            ("git::file:///srv/r//m", "git::file:///srv/r"),
            ("https://u:p@github.com/o/r.git", "https://github.com/o/r.git"),
        ] {
            assert_eq!(repository(source), expected, "{source}");
        }
    }
}
