//! `source` of a component, and fetching it.

use std::path::PathBuf;

use super::error::Error;
use super::tree::Choice;
use crate::component::Instance;
use crate::config::Config;
use crate::fetch::parse_ttl;
use crate::host::fs;
use crate::ops::App;
use crate::step::text_of;
use crate::value::Node;

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

impl Source {
    pub(super) fn choice(&self) -> Result<Choice, Error> {
        Choice::new(&self.included, &self.excluded)
    }

    /// Whether it names a folder of this machine.
    pub(super) fn is_local(&self) -> bool {
        let uri = &self.uri;
        let elsewhere = ["://", "::", "github.com", "gitlab.com", "bitbucket."];
        uri.starts_with("file://") || uri.starts_with(['.', '/']) || !elsewhere.iter().any(|sign| uri.contains(sign))
    }

    /// The address with the version as its reference.
    fn address(&self) -> String {
        let uri = &self.uri;
        if self.version.is_empty() || uri.contains("?ref=") || uri.contains("&ref=") {
            return uri.clone();
        }
        format!("{uri}{}ref={}", if uri.contains('?') { '&' } else { '?' }, self.version)
    }

    /// The files of the source on this machine.
    ///
    /// # Errors
    /// They cannot be had.
    pub(super) fn fetch(&self, app: &App, instance: &Instance) -> Result<PathBuf, Error> {
        let failed = |reason: String, help: String| Error::Fetch {
            component: instance.name.clone(),
            stack: instance.stack.clone(),
            uri: crate::fetch::shown(&self.uri),
            reason,
            help,
        };
        if self.is_local() && !self.uri.starts_with("file://") {
            let path = self.uri.replacen("//", "/", 1);
            let here = app.host.absolute(std::path::Path::new(&path));
            let places = [here.clone(), fs::clean(&app.config.base_path.join(&path))];
            let found = places.into_iter().find(|place| place.is_dir());
            let help = "the path is looked for below the working directory, then below the base path";
            return found.ok_or_else(|| failed(format!("there is no folder `{}`", here.display()), help.to_owned()));
        }
        let (host, config) = (&app.host, &app.config);
        let address = self.address();
        // Whoever fetches now wants what is there now. Some ways out have a runtime of their own.
        let fetch = || config.fetcher.folder(host, &config.remote, &address, Some("0s"));
        let fetched = std::thread::scope(|scope| scope.spawn(fetch).join());
        let fetched = fetched.map_err(|_| failed("the fetch ended early".to_owned(), String::new()))?;
        fetched.map_err(|error| {
            let help = miette::Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default();
            failed(error.to_string(), help)
        })
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
            ("s3::https://s3.amazonaws.com/b/k", false),
        ] {
            assert_eq!(Source { uri: uri.to_owned(), ..Source::default() }.is_local(), local, "{uri}");
        }
    }
}
