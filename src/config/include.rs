//! `!include` and `!include.raw`: the content of another file, by its extension, filtered by an expression. The same
//! reader serves `atmos.yaml` and stack manifests; only where local files are looked for differs.

use std::path::{Path, PathBuf};

use miette::Diagnostic as _;

use super::function::Functions;
use super::imports;
use crate::content::{self, Tags};
use crate::fetch::{Fetcher, Settings, shown};
use crate::host::{Host, Refused, fs};
use crate::query::Query;
use crate::span::Span;
use crate::value::Node;
use crate::yaml;

/// Directories whose files are looked after as if they lay beside them.
const DROP_IN: [&str; 2] = ["atmos.d", ".atmos.d"];

/// Reads what other files say.
#[derive(Clone, Copy)]
pub struct Include<'a> {
    pub host: &'a Host,
    pub fetcher: &'a Fetcher,
    pub remote: &'a Settings,
    /// What becomes of functions in YAML files.
    pub tags: Tags,
    /// Where the content is asked for. Values of files that do not say where they stand in them have this place.
    pub at: Span,
}

/// Why a file cannot be included.
#[derive(Debug)]
pub struct Refusal {
    pub reason: String,
    /// What to do next, where that is not a matter of paths.
    pub help: Option<String>,
    /// Bytes of the argument before the character that is at fault, where that is one.
    pub at: Option<usize>,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal { reason, help: None, at: None }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        Refusal { reason: refused.to_string(), help: Some(refused.help), at: None }
    }
}

impl Include<'_> {
    /// The value of `!include ARGUMENT`; with `raw` as text whatever the extension. `locate` finds local files.
    ///
    /// # Errors
    /// An argument without a path, a file that cannot be had or is not what its name says, an expression that fails.
    pub fn value(
        &self,
        argument: &str,
        raw: bool,
        locate: impl Fn(&str) -> Result<PathBuf, String>,
    ) -> Result<Node, Refusal> {
        let split = content::split_argument(argument);
        let (name, query) =
            split.ok_or_else(|| format!("invalid number of arguments in the !include function: {argument}"))?;
        let (path, name) = if imports::is_remote(&name) {
            self.fetched(&name)?
        } else {
            let path = locate(&name)?;
            self.host.may_read(&path)?;
            (path, name)
        };
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8 text", path.display()))?;
        let content = if raw {
            Node::from(text)
        } else {
            content::parse(&self.host.sources, &path, &self.host.cwd, &name, text, self.tags)?
        };
        if content.span.is_known() {
            self.host.sources.add_included(content.span.file, self.at);
        }
        if query.text.is_empty() || query.text == "." {
            return Ok(content.placed(self.at));
        }
        // The reference writes the content once more, with its keys sorted, for expressions to read.
        let content = yaml::in_order(&content);
        let selected = Query::parse(&query.text).and_then(|query| query.one(&content)).map(Option::unwrap_or_default);
        let selected = selected.map(|node| node.placed(self.at));
        selected.map_err(|error| Refusal {
            reason: format!("the expression `{}` of !include: {error}", query.text),
            help: error.help().map(|help| help.to_string()).or_else(|| Some("correct the expression".to_owned())),
            at: Some(query.place(error.range().start)),
        })
    }

    /// The one file behind an address, and the name that decides what it is.
    fn fetched(&self, address: &str) -> Result<(PathBuf, String), Refusal> {
        // The line of the file may be shown.
        self.host.masker.register_user(address);
        let shown = shown(address);
        self.host.may_fetch(&shown)?;
        let found = self.fetcher.resolve(self.host, self.remote, address, None).map_err(|error| Refusal {
            reason: format!("the file '{shown}' of !include cannot be had: {error}"),
            help: Some(error.next_step()),
            at: None,
        })?;
        match found.files.as_slice() {
            [file] => {
                let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned());
                Ok((file.path.clone(), name.unwrap_or_default()))
            }
            files => {
                Err(format!("'{shown}' of !include is {} files: name one of them behind `//`", files.len()).into())
            }
        }
    }
}

/// What a function in `atmos.yaml` includes.
pub(super) fn include(functions: &Functions<'_>, argument: &str, raw: bool, at: Span) -> Result<Node, Refusal> {
    let Functions { host, fetcher, remote, .. } = *functions;
    Include { host, fetcher, remote, tags: Tags::Text, at }.value(argument, raw, |name| locate(functions, name))
}

/// The file: beside the including one, else below the working directory.
fn locate(functions: &Functions<'_>, name: &str) -> Result<PathBuf, String> {
    let path = Path::new(name);
    let mut directory = functions.file.parent().unwrap_or(Path::new("/"));
    if directory.file_name().is_some_and(|last| DROP_IN.iter().any(|drop_in| last == *drop_in)) {
        directory = directory.parent().unwrap_or(directory);
    }
    let candidates = [fs::clean(&directory.join(path)), functions.host.absolute(path)];
    let found = candidates.iter().find(|candidate| candidate.is_file());
    found.cloned().ok_or_else(|| {
        format!("could not find local file '{name}', neither in {} nor in the working directory", directory.display())
    })
}
