//! `source` of a component, and fetching it.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::tree::Choice;
use super::walk::Bounds;
use crate::component::Instance;
use crate::config::Config;
use crate::fetch::{self, parse_ttl};
use crate::host::{fs, percent_encode_path};
use crate::ops::App;
use crate::step::text_of;
use crate::value::Node;
use crate::vendor::normalized;

/// The section, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Source {
    pub uri: String,
    pub version: String,
    pub included: Vec<String>,
    pub excluded: Vec<String>,
    pub ttl: Option<String>,
}

/// The source of an instance; `None` where it has none.
///
/// # Errors
/// A section that is neither an address nor a map, a time to live that is none.
pub(crate) fn source(app: &App, instance: &Instance) -> Result<Option<Source>, Error> {
    let node = &instance.sections.source;
    let wrong = |reason: String, node: &Node| Error::Source {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        reason,
        place: app.host.sources.place(node.span).map(|place| format!(" ({place})")).unwrap_or_default(),
    };
    if node.is_null() {
        return Ok(None);
    }
    let mut source = Source::default();
    if node.as_map().is_some() {
        let text = |key: &str| node.get(key).and_then(text_of).unwrap_or_default();
        let texts = |key: &str| -> Vec<String> {
            node.get(key).and_then(Node::as_list).unwrap_or_default().iter().filter_map(text_of).collect()
        };
        source.uri = text("uri");
        source.version = text("version");
        (source.included, source.excluded) = (texts("included_paths"), texts("excluded_paths"));
        source.ttl = Some(text("ttl")).filter(|ttl| !ttl.is_empty());
        if let (Some(ttl), Some(node)) = (&source.ttl, node.get("ttl"))
            && parse_ttl(ttl).is_none()
        {
            return Err(wrong(format!("`ttl: {ttl}` is no duration"), node));
        }
    } else {
        let what = || wrong(format!("it must be an address or a map, not {}", node.value.type_name()), node);
        source.uri = text_of(node).ok_or_else(what)?;
    }
    source.ttl = source.ttl.or_else(|| usual_ttl(&app.config, instance.kind.key()));
    Ok(Some(source).filter(|source| !source.uri.trim().is_empty()))
}

/// `components.<kind>.source.ttl`.
fn usual_ttl(config: &Config, kind: &str) -> Option<String> {
    config
        .document
        .get_path(["components", kind, "source", "ttl"])
        .and_then(Node::scalar_text)
        .filter(|ttl| !ttl.is_empty())
}

/// The files of a source on this machine.
pub(super) struct Files {
    pub path: PathBuf,
    /// How far links among them may lead.
    pub bounds: Bounds,
}

impl Source {
    pub(super) fn choice(&self) -> Result<Choice, Error> {
        Choice::new(&self.included, &self.excluded)
    }

    /// Whether it names a folder of this machine.
    pub(super) fn is_local(&self) -> bool {
        let uri = &self.uri;
        let elsewhere = ["://", "::", "github.com", "gitlab.com", "bitbucket."];
        // `git@host:org/repo`
        let is_scp = uri.split('/').next().is_some_and(|first| first.contains('@') && first.contains(':'));
        uri.starts_with("file://")
            || uri.starts_with(['.', '/'])
            || !is_scp && !elsewhere.iter().any(|sign| uri.contains(sign))
    }

    /// The address with the version as its reference; a repository without a path behind `//` is all of it, as it is where
    /// sources are vendored.
    fn address(&self) -> String {
        let uri = &self.uri;
        if self.version.is_empty() || uri.contains("?ref=") || uri.contains("&ref=") {
            return normalized(uri);
        }
        normalized(&format!("{uri}{}ref={}", if uri.contains('?') { '&' } else { '?' }, self.version))
    }

    /// The files of the source on this machine.
    ///
    /// # Errors
    /// They cannot be had.
    pub(super) fn fetch(&self, app: &App, instance: &Instance) -> Result<Files, Error> {
        let failed = |reason: String, help: String| Error::Fetch {
            component: instance.name.clone(),
            stack: instance.stack.clone(),
            uri: crate::fetch::shown(&self.uri),
            reason,
            help,
        };
        let (host, config) = (&app.host, &app.config);
        let mut address = self.address();
        if self.is_local() && !self.uri.starts_with("file://") {
            let places = |path: &str| [host.absolute(Path::new(path)), fs::clean(&config.base_path.join(path))];
            let [here, below] = places(&self.uri.replacen("//", "/", 1));
            if let Some(found) = [&here, &below].into_iter().find(|place| place.is_dir()) {
                let top = places(self.uri.split_once("//").map_or(&*self.uri, |(top, _)| top));
                let around = [&*config.base_path, &*top[0], &*top[1]];
                return Ok(Files { path: found.clone(), bounds: Bounds::of_machine(found, &around) });
            }
            let (file, part) = self.uri.split_once("//").unwrap_or((&self.uri, "."));
            let Some(file) = places(file).into_iter().find(|place| place.is_file()) else {
                let help = "the path is looked for below the working directory, then below the base path";
                return Err(failed(format!("there is no folder `{}`", here.display()), help.to_owned()));
            };
            address = format!("file://{}//{part}", percent_encode_path(&file.to_string_lossy()));
        }
        // Whoever fetches now wants what is there now. Some ways out have a runtime of their own.
        let fetch = || config.fetcher.fetched(host, &config.remote, &address, Some("0s"));
        let fetched = std::thread::scope(|scope| scope.spawn(fetch).join());
        let fetched = fetched.map_err(|_| failed("the fetch ended early".to_owned(), String::new()))?;
        let fetched = fetched.map_err(|error| {
            let help = error.next_step();
            match error {
                // Its own words are about imports of stacks.
                fetch::Error::Invalid { reason, .. } => failed(reason, help),
                error => failed(error.to_string(), help),
            }
        })?;
        if fetched.path.is_dir() {
            let bounds = if fetched.in_place {
                Bounds::of_machine(&fetched.path, &[&config.base_path, &fetched.top])
            } else {
                Bounds::of_copy(&fetched.top)
            };
            return Ok(Files { path: fetched.path, bounds });
        }
        let help = "name a folder, an archive (`.zip`, `.tar`, `.tar.gz`) or a repository (`git::https://…`)";
        Err(failed("that is a single file and no folder".to_owned(), help.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_references() {
        for (uri, version, expected) in [
            ("git::https://h/r//m", "v1", "git::https://h/r//m?ref=v1"),
            ("git::https://h/r//m?depth=1", "v1", "git::https://h/r//m?depth=1&ref=v1"),
            ("git::https://h/r//m?ref=x", "v1", "git::https://h/r//m?ref=x"),
            ("https://h/a.zip", "", "https://h/a.zip"),
            ("github.com/o/r", "v1", "github.com/o/r//.?ref=v1"),
            ("github.com/o/r?ref=v1", "", "github.com/o/r//.?ref=v1"),
            ("git::https://h/x.git", "v1", "git::https://h/x.git//.?ref=v1"),
            ("https://gitlab.com/o/r", "", "https://gitlab.com/o/r//."),
            ("git@h.example:o/r.git", "v1", "git@h.example:o/r.git//.?ref=v1"),
            ("git::ssh://git@h.example/o/r.git", "", "git::ssh://git@h.example/o/r.git//."),
        ] {
            let source = Source { uri: uri.to_owned(), version: version.to_owned(), ..Source::default() };
            assert_eq!(source.address(), expected);
        }
    }

    #[test]
    fn paths_are_of_this_machine() {
        for (uri, local) in [
            ("./modules/vpc", true),
            ("/srv/modules", true),
            ("modules/vpc", true),
            ("file:///srv/modules", true),
            ("github.com/acme/modules//vpc", false),
            ("git::ssh://git@host/r", false),
            ("git@host.example:o/r.git", false),
            ("s3::https://s3.amazonaws.com/b/k", false),
        ] {
            assert_eq!(Source { uri: uri.to_owned(), ..Source::default() }.is_local(), local, "{uri}");
        }
    }
}
