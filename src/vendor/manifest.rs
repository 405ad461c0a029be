//! One `vendor.yaml`, or a file that it imports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::reader::{Reader, read, shown, written};
use super::version::{Constraints, is_range};
use crate::fetch::shown as shown_address;
use crate::host::Host;
use crate::span::Span;
use crate::value::Node;

/// The `kind` of these manifests.
pub(super) const KIND: &str = "AtmosVendorConfig";

/// A manifest, read and checked on its own.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub file: PathBuf,
    /// As they are written.
    pub imports: Vec<(String, Span)>,
    pub sources: Vec<Source>,
}

/// One entry of `spec.sources`. Texts may be templates.
#[derive(Debug, Clone)]
pub struct Source {
    /// Empty where the source has no name.
    pub component: String,
    pub source: String,
    pub version: String,
    pub targets: Vec<Target>,
    pub included: Vec<String>,
    pub excluded: Vec<String>,
    pub tags: Vec<String>,
    pub constraints: Constraints,
    /// As it is written.
    pub retry: Node,
    /// The file that has it, and which one it is there.
    pub file: PathBuf,
    pub index: usize,
    pub span: Span,
}

/// Where a source goes to.
#[derive(Debug, Clone)]
pub struct Target {
    pub path: String,
    /// Instead of the version of the source; empty for that one.
    pub version: String,
    pub span: Span,
}

impl Source {
    /// The name in messages; that of a source without one is its address without credentials.
    pub fn name(&self) -> String {
        if self.component.is_empty() { shown_address(&self.source) } else { self.component.clone() }
    }

    /// Whether it has one of these tags, or none are asked for.
    pub fn has_tags(&self, tags: &[String]) -> bool {
        tags.is_empty() || self.tags.iter().any(|tag| tags.contains(tag))
    }
}

impl Manifest {
    /// # Errors
    /// The file cannot be read, or says what cannot be meant.
    pub(super) fn read(host: &Host, file: &Path) -> Result<Manifest, Error> {
        let document = read(host, file)?;
        let whole = Reader::new(host, &document, "the manifest")?;
        whole.checks_kind(KIND)?;
        whole.knows(&["apiVersion", "kind", "metadata", "spec"]);
        let null = Node::default();
        let spec = whole.get("spec").unwrap_or(&null);
        let spec = Reader::new(host, spec, "spec")?;
        spec.knows(&["imports", "sources"]);
        let mut imports = Vec::new();
        for node in spec.list("imports")? {
            let path = node.as_str().map(str::trim).filter(|path| !path.is_empty());
            let path = path.ok_or_else(|| {
                Error::manifest(host, node.span, "an import must be the path of a file", "correct `spec.imports`")
            })?;
            imports.push((path.to_owned(), node.span));
        }
        let mut sources = Vec::new();
        for (index, node) in spec.list("sources")?.iter().enumerate() {
            sources.push(source(host, file, index, node)?);
        }
        if imports.is_empty() && sources.is_empty() {
            let reason = format!(
                "either 'spec.sources' or 'spec.imports' (or both) must be defined in the vendor config file '{}'",
                shown(host, file)
            );
            return Err(Error::manifest(host, document.span, reason, "list what is to be vendored in `spec.sources`"));
        }
        Ok(Manifest { file: file.to_owned(), imports, sources })
    }
}

const KEYS: [&str; 10] = [
    "component",
    "source",
    "version",
    "targets",
    "included_paths",
    "excluded_paths",
    "tags",
    "retry",
    "constraints",
    "file",
];

fn source(host: &Host, file: &Path, index: usize, node: &Node) -> Result<Source, Error> {
    let what = format!("spec.sources[{index}]");
    let reader = Reader::new(host, node, &what)?;
    reader.knows(&KEYS);
    let written = reader.text("source")?;
    if written.is_empty() {
        let reason =
            format!("'source' must be specified in 'sources' in the vendor config file '{}'", shown(host, file));
        return Err(Error::manifest(host, node.span, reason, "say where the files come from: `source: <address>`"));
    }
    register(host, &written);
    let mut targets = Vec::new();
    for target in reader.list("targets")? {
        targets.push(self::target(host, target)?);
    }
    if targets.is_empty() {
        let reason = format!(
            "'targets' must be specified for the source in the vendor config file for source '{}' in file '{}'",
            shown_address(&written),
            shown(host, file)
        );
        return Err(Error::manifest(host, node.span, reason, "list the folders that the files go to in `targets`"));
    }
    let found = Source {
        component: reader.text("component")?,
        source: written,
        version: reader.text("version")?,
        targets,
        included: reader.texts("included_paths")?,
        excluded: reader.texts("excluded_paths")?,
        tags: reader.texts("tags")?,
        constraints: Constraints::read(host, reader.get("constraints"), &what)?,
        retry: reader.get("retry").cloned().unwrap_or_default(),
        file: file.to_owned(),
        index,
        span: node.span,
    };
    check_range(host, &found.version, &found.constraints, node.span)?;
    Ok(found)
}

/// What is this long before an `@` is a token.
const TOKEN: usize = 20;

/// What an address has for a password never leaves this program, whoever repeats the address.
pub(super) fn register(host: &Host, address: &str) {
    let authority = address.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    let userinfo = authority.and_then(|authority| authority.rsplit_once('@')).map(|(userinfo, _)| userinfo);
    let password = userinfo.and_then(|userinfo| match userinfo.split_once(':') {
        Some((_, password)) => Some(password),
        // A token may stand in the place of the user; names of users are shorter.
        None => Some(userinfo).filter(|token| token.len() >= TOKEN && address.contains("http")),
    });
    if let Some(password) = password.filter(|password| !password.is_empty() && !password.contains("{{")) {
        host.masker.register(&password.into());
    }
}

/// A range and a ceiling for updates would be two answers to one question.
pub(super) fn check_range(host: &Host, version: &str, constraints: &Constraints, span: Span) -> Result<(), Error> {
    if constraints.version.is_empty() || !is_range(version) {
        return Ok(());
    }
    let reason = format!(
        "`version: {version}` is a range already, `constraints.version: {}` beside it says another one",
        constraints.version
    );
    Err(Error::manifest(host, span, reason, "keep one of the two"))
}

fn target(host: &Host, node: &Node) -> Result<Target, Error> {
    let target = if node.as_map().is_some() {
        let reader = Reader::new(host, node, "targets")?;
        reader.knows(&["path", "version"]);
        Target { path: reader.text("path")?, version: reader.text("version")?, span: node.span }
    } else {
        let path = written(host, node).map(|path| path.trim().to_owned()).unwrap_or_default();
        Target { path, version: String::new(), span: node.span }
    };
    if target.path.is_empty() {
        let help = "write the path of a folder, or a map with `path` and `version`";
        return Err(Error::manifest(host, node.span, "a target has no path", help));
    }
    Ok(target)
}

/// Two sources of one name.
///
/// # Errors
/// The second of them.
pub(super) fn check_names<'s>(
    host: &Host,
    sources: impl Iterator<Item = &'s Source>,
    main: Option<&Path>,
) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for source in sources.filter(|source| !source.component.is_empty()) {
        if seen.insert(source.component.as_str()) {
            continue;
        }
        let name = &source.component;
        let reason = match main {
            None => format!("duplicate component '{name}' found in config file '{}'", shown(host, &source.file)),
            Some(main) => format!(
                "duplicate component names [{name}] in the vendor config file '{}' and the imports",
                shown(host, main)
            ),
        };
        return Err(Error::manifest(host, source.span, reason, "give each source a name of its own"));
    }
    Ok(())
}
