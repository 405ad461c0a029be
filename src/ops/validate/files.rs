//! `atmos validate schema`: YAML files against the schemas that `schemas.<name>` of `atmos.yaml` has for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diag::{Result, nearest};
use crate::ops::{App, changed};
use crate::stack::{glob_find, glob_matches};
use crate::validate::{Error, Finding, Schema, Severity, document};
use crate::value::Node;
use crate::yaml;

/// Entries of `schemas` that are about other things.
const OTHERS: [&str; 4] = ["atmos", "cue", "jsonschema", "opa"];
/// The entry for the configuration itself, which need not be configured.
const CONFIG: &str = "config";
const MANIFEST: &str = "atmos";

/// Which files are checked.
#[derive(Debug, Clone, Default)]
pub struct FilesRequest {
    /// One entry of `schemas`; all without.
    pub name: Option<String>,
    /// A schema instead of that of the entry.
    pub schema: Option<String>,
    pub exclude: Vec<String>,
    /// Only files that were changed since the base.
    pub affected: bool,
    pub base: Option<String>,
}

/// One file that was checked.
#[derive(Debug)]
pub struct Checked {
    /// Relative to the working directory where it lies below it.
    pub file: String,
    pub findings: Vec<Finding>,
}

impl Checked {
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// All files of all entries, in order.
#[derive(Debug, Default)]
pub struct FilesReport {
    pub files: Vec<Checked>,
}

impl FilesReport {
    pub fn has_errors(&self) -> bool {
        self.files.iter().any(Checked::has_errors)
    }
}

/// Checks the files of one entry, or of all.
///
/// # Errors
/// An entry that is not there, and a schema that cannot be had.
pub fn files(app: &App, request: &FilesRequest) -> Result<FilesReport> {
    let changed = if request.affected { Some(changed::files(&app.host, request.base.as_deref())?) } else { None };
    for pattern in &request.exclude {
        if glob_matches(pattern, "").is_none() {
            return Err(Error::Exclude { pattern: pattern.clone() }.into());
        }
    }
    let mut report = FilesReport::default();
    for name in names(app, request.name.as_deref())? {
        let entry = app.config.document.get_path(["schemas", &name]);
        let text = |key: &str| entry.and_then(|entry| entry.get(key)).and_then(Node::as_str);
        let source = request.schema.as_deref().or_else(|| text("schema")).or_else(|| text("manifest"));
        let own = if name == CONFIG { "atmos://schema/atmos/config/1.0" } else { "atmos://schema/atmos/manifest/1.0" };
        let source = source.filter(|text| !text.is_empty()).unwrap_or(own);
        let schema = match Schema::named(&app.host, &app.config, source) {
            Ok(schema) => schema,
            // Of one entry: what the others find is told, too.
            Err(error) if request.schema.is_none() => {
                report.files.push(unusable(app, &name, source, entry, error));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        for path in matching(app, &name, entry)? {
            let shown = shown(app, &path);
            let excluded = request.exclude.iter().any(|pattern| glob_matches(pattern, &shown).unwrap_or(false));
            if !excluded && changed.as_ref().is_none_or(|changed| changed.contains(&path)) {
                report.files.push(Checked { findings: check(app, &schema, &path), file: shown });
            }
        }
    }
    Ok(report)
}

/// What there is to say of an entry whose schema cannot be had.
fn unusable(app: &App, name: &str, source: &str, entry: Option<&Node>, error: Error) -> Checked {
    let error = match error {
        Error::SchemaNotFound { path } => Error::EntrySchemaNotFound { path, name: name.to_owned() },
        other => other,
    };
    let is_it = |node: &&Node| node.as_str() == Some(source);
    let written = entry.and_then(|entry| ["schema", "manifest"].iter().find_map(|key| entry.get(key).filter(is_it)));
    let span = written.map(|node| node.span).unwrap_or_default();
    let file = app.host.sources.place(span).map_or_else(|| "atmos.yaml".to_owned(), |place| place.source.name.clone());
    Checked { file, findings: vec![Finding::error(&app.host.sources, &error, span)] }
}

/// The entries that are checked.
fn names(app: &App, name: Option<&str>) -> Result<Vec<String>, Error> {
    let schemas = app.config.document.get("schemas").and_then(Node::as_map);
    let keys = schemas.into_iter().flatten().map(|(key, _)| key.to_string());
    let mut known: Vec<String> = keys.filter(|key| !OTHERS.contains(&key.as_str())).collect();
    if !known.iter().any(|key| key == CONFIG) {
        known.push(CONFIG.to_owned());
    }
    let Some(name) = name else { return Ok(known) };
    if known.iter().any(|key| key == name) || name == MANIFEST {
        return Ok(vec![name.to_owned()]);
    }
    let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?\n"));
    let help = format!("{}schemas: {}", near.unwrap_or_default(), known.join(", "));
    Err(Error::UnknownSchema { name: name.to_owned(), help })
}

/// The files of an entry: those of the configuration, the manifests, or what its patterns match.
fn matching(app: &App, name: &str, entry: Option<&Node>) -> Result<Vec<PathBuf>, Error> {
    let patterns = entry.and_then(|entry| entry.get("matches")).and_then(Node::as_list).unwrap_or_default();
    let patterns: Vec<&str> = patterns.iter().filter_map(Node::as_str).collect();
    if patterns.is_empty() && name == CONFIG {
        let is_yaml =
            |file: &&PathBuf| file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        let local = |file: &&PathBuf| file.starts_with(&app.config.directory);
        return Ok(app.config.files.iter().filter(is_yaml).filter(local).cloned().collect());
    }
    let invalid = |pattern: &str| Error::Matches { name: name.to_owned(), pattern: pattern.to_owned() };
    let mut files = Vec::new();
    let (root, patterns) = if patterns.is_empty() && name == MANIFEST {
        (app.config.stacks.base_path.clone(), vec!["**/*.yaml", "**/*.yml"])
    } else {
        (app.host.cwd.clone(), patterns)
    };
    for pattern in patterns {
        let below = |root: &Path| glob_find(root, pattern).map_err(|_| invalid(pattern));
        let mut found = below(&root)?.files;
        if found.is_empty() && root != app.config.base_path {
            found = below(&app.config.base_path)?.files;
        }
        files.extend(found);
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn check(app: &App, schema: &Schema, path: &Path) -> Vec<Finding> {
    match read(app, path) {
        Ok(node) => document(&app.host.sources, schema, &node),
        Err(findings) => findings,
    }
}

/// What is in a file, or why that cannot be told.
pub(super) fn read(app: &App, path: &Path) -> std::result::Result<Node, Vec<Finding>> {
    let error = |diagnostic: &dyn miette::Diagnostic| vec![Finding::of_diagnostic(&app.host.sources, diagnostic)];
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(cause) => {
            return Err(error(&Error::Read { path: shown(app, path), message: cause.to_string() }));
        }
    };
    yaml::parse(&app.host.sources, path, &app.host.cwd, Arc::from(text)).map_err(|cause| error(&cause))
}

pub(super) fn shown(app: &App, path: &Path) -> String {
    path.strip_prefix(&app.host.cwd).unwrap_or(path).display().to_string()
}
