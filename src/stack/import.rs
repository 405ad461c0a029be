//! The `import` section of one manifest: syntax, and which files each entry means.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::error::{Error, Located};
use super::file::Origin;
use super::glob;
use crate::fetch;
use crate::span::{Sources, Span};
use crate::value::{Node, Value};

/// Suffixes of manifests, in the order in which the reference tries them.
pub(crate) const EXTENSIONS: [&str; 4] = [".yaml", ".yml", ".yaml.tmpl", ".yml.tmpl"];

/// One entry of an `import` section.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    /// As written.
    pub written: String,
    /// Relative to the base path of the stacks (entries that begin with `./` are already joined to their file).
    pub path: String,
    pub span: Span,
    /// Values for the templates in the imported files: a map that is not empty, or null.
    pub context: Node,
    pub skip_templates: bool,
    /// `ignore_missing_template_values`.
    pub ignore_missing: bool,
    pub skip_if_missing: bool,
    /// `nested_imports`, where it is written.
    pub nested: Option<Nested>,
    /// How long a fetched copy is good.
    pub ttl: Option<String>,
}

/// Where the imports of a fetched manifest are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nested {
    /// Below the base path of the importing repository.
    Local,
    /// Below the base path of the stacks in the fetched tree.
    Remote,
}

/// What an entry means on the disk.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Files(Arc<[PathBuf]>),
    /// What was fetched.
    Fetched(Vec<Origin>),
    Unreachable(fetch::Error),
    /// The path itself is a template.
    Template,
    Missing,
    InvalidPattern(String),
    /// A directory that the pattern leads to may not be read.
    Unreadable(String),
}

/// The entries of the `import` section of the manifest `file` (its path relative to the base path of the stacks).
pub(crate) fn parse(document: &Node, file: &str, sources: &Sources) -> Result<Vec<Import>, Error> {
    parse_each(document, file, sources).into_iter().collect()
}

/// The same entry by entry.
pub(crate) fn parse_each(document: &Node, file: &str, sources: &Sources) -> Vec<Result<Import, Error>> {
    let Some(section) = document.get("import").filter(|section| !section.is_null()) else { return Vec::new() };
    let Some(entries) = section.as_list() else {
        return vec![Err(invalid(format!("invalid import section in the file '{file}'"), section, sources))];
    };
    entries.iter().map(|entry| parse_entry(entry, file, sources)).collect()
}

fn parse_entry(entry: &Node, file: &str, sources: &Sources) -> Result<Import, Error> {
    let fail = |message: String| Err(invalid(message, entry, sources));
    match &entry.value {
        Value::Null => fail(format!("invalid import in the file '{file}'")),
        Value::String(text) if text.is_empty() => fail(format!("invalid import (empty) in the file '{file}'")),
        Value::String(text) => Ok(Import {
            written: text.to_string(),
            path: relative_to(text, file),
            span: entry.span,
            context: Node::default(),
            skip_templates: false,
            ignore_missing: false,
            skip_if_missing: false,
            nested: None,
            ttl: None,
        }),
        Value::Map(_) => parse_object(entry, file, sources),
        _ => {
            let text = entry.scalar_text().unwrap_or_else(|| crate::value::to_json(entry).to_string());
            fail(format!("invalid import '{text}' in the file '{file}'"))
        }
    }
}

fn parse_object(entry: &Node, file: &str, sources: &Sources) -> Result<Import, Error> {
    let wrong = |key: &str| {
        let node = entry.get(key).unwrap_or(entry);
        let message = format!("invalid import in the file '{file}': `{key}` is not a boolean");
        Err(invalid_with(message, format!("write `{key}: true` or `{key}: false`, without quotes"), node, sources))
    };
    let flag = |key: &str| match entry.get(key) {
        None => Ok(false),
        Some(node) if node.is_null() => Ok(false),
        Some(node) => node.as_bool().ok_or(()),
    };
    let Some(path) = entry.get("path").and_then(Node::as_str).filter(|path| !path.is_empty()) else {
        return Err(invalid(format!("invalid import in the manifest '{file}'"), entry, sources));
    };
    let Ok(skip_templates) = flag("skip_templates_processing") else { return wrong("skip_templates_processing") };
    let Ok(ignore_missing) = flag("ignore_missing_template_values") else {
        return wrong("ignore_missing_template_values");
    };
    let Ok(skip_if_missing) = flag("skip_if_missing") else { return wrong("skip_if_missing") };
    let nested = entry.get("nested_imports").and_then(Node::as_str).unwrap_or_default();
    let nested = match nested.trim().to_lowercase().as_str() {
        "" => None,
        "local" => Some(Nested::Local),
        "remote" => Some(Nested::Remote),
        _ => {
            let message =
                format!("invalid import: nested_imports must be either 'local' or 'remote' in the file '{file}'");
            return Err(invalid(message, entry, sources));
        }
    };
    Ok(Import {
        written: path.to_owned(),
        path: relative_to(path, file),
        span: entry.get("path").map_or(entry.span, |node| node.span),
        context: context(entry, file, sources)?,
        skip_templates,
        ignore_missing,
        skip_if_missing,
        nested,
        ttl: entry.get("ttl").and_then(Node::scalar_text),
    })
}

fn context(entry: &Node, file: &str, sources: &Sources) -> Result<Node, Error> {
    let Some(context) = entry.get("context").filter(|context| !context.is_empty()) else { return Ok(Node::default()) };
    if context.as_map().is_some() {
        return Ok(context.clone());
    }
    let message = format!("invalid import in the file '{file}': `context` is not a map");
    Err(invalid_with(message, "write `context:` as a map from names to values".to_owned(), context, sources))
}

fn invalid(message: String, node: &Node, sources: &Sources) -> Error {
    invalid_with(message, "an import is a path, or a map with `path`".to_owned(), node, sources)
}

fn invalid_with(message: String, help: String, node: &Node, sources: &Sources) -> Error {
    let located = Located::new(sources, node.span);
    Error::Import {
        message,
        help,
        place: located.text,
        chain: String::new(),
        source_code: located.source,
        at: located.at,
    }
}

/// An entry that begins with `.`, `..` or `/` is relative to its file, as in the reference, any other one to the base path
/// of the stacks.
fn relative_to(path: &str, file: &str) -> String {
    let first = path.split('/').next().unwrap_or("");
    if path.is_empty() || !matches!(first, "." | ".." | "") || is_remote(path) {
        return path.to_owned();
    }
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let joined = crate::host::fs::clean(Path::new(&format!("{directory}/./{path}")));
    let joined = joined.to_string_lossy().into_owned();
    if file.starts_with('/') { joined } else { joined.trim_start_matches('/').to_owned() }
}

/// The import with another path: what a template in its path gave.
pub(crate) fn with_path(import: &Import, path: String) -> Import {
    Import { path, ..import.clone() }
}

/// What paths below the base path of the stacks mean. Many manifests import the same files, and each look at the disk
/// costs more than the import.
#[derive(Debug, Default)]
pub(crate) struct Resolved(RwLock<HashMap<String, Option<Target>>>);

impl Resolved {
    /// [`resolve`], once for each path.
    pub(crate) fn resolve(&self, import: &Import, base: &Path, templates: bool) -> Option<Target> {
        if import.path.contains("{{") {
            return resolve(import, base, templates);
        }
        if let Some(target) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&import.path) {
            return target.clone();
        }
        let target = resolve(import, base, templates);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(import.path.clone(), target.clone());
        target
    }
}

/// The files that an entry means; `None` for a URL, or another form that has to be fetched. `base` is the absolute base
/// path of the stacks.
pub(crate) fn resolve(import: &Import, base: &Path, templates: bool) -> Option<Target> {
    let path = import.path.as_str();
    if templates && !import.skip_templates && path.contains("{{") {
        return Some(Target::Template);
    }
    (!is_remote(path)).then(|| local(path, base))
}

fn local(path: &str, base: &Path) -> Target {
    let pattern = with_extension(path, base);
    if glob::is_plain(&pattern) {
        let file = crate::host::fs::clean(&base.join(&pattern));
        return if file.is_file() { Target::Files(Arc::from([file])) } else { Target::Missing };
    }
    match glob::find(base, &pattern) {
        Ok(found) => match found.unreadable.into_iter().next() {
            Some((path, message)) => Target::Unreadable(format!("'{}': {message}", path.display())),
            None if found.files.is_empty() => Target::Missing,
            None => Target::Files(found.files.into()),
        },
        Err(message) => Target::InvalidPattern(message),
    }
}

fn with_extension(path: &str, base: &Path) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rfind('.').map(|dot| &name[dot..]) {
        None => {
            let found = EXTENSIONS.iter().find(|extension| base.join(format!("{path}{extension}")).exists());
            format!("{path}{}", found.unwrap_or(&EXTENSIONS[0]))
        }
        Some(".yaml" | ".yml") if base.join(format!("{path}.tmpl")).exists() => format!("{path}.tmpl"),
        Some(_) => path.to_owned(),
    }
}

/// Manifests that a pattern without extension passes over.
pub(crate) fn overlooked(import: &Import, base: &Path) -> Vec<PathBuf> {
    let path = import.path.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    if glob::is_plain(path) || name.contains('.') || path.contains("{{") || is_remote(path) {
        return Vec::new();
    }
    let find = |extension: &&str| glob::find(base, &format!("{path}{extension}")).unwrap_or_default().files;
    EXTENSIONS[1..].iter().flat_map(find).collect()
}

/// Whether the reference would fetch this import instead of reading a local file.
pub(crate) fn is_remote(path: &str) -> bool {
    if path.starts_with('/') || path.starts_with("./") || path.starts_with("../") {
        return false;
    }
    if path.contains("://") || path.contains("::") || path.contains("//") || path.starts_with("git@") {
        return true;
    }
    let Some((host, rest)) = path.split_once('/') else { return is_known_domain(path) };
    is_known_domain(host)
        || rest.contains(".git")
        || rest.contains("_git/")
        || host.split_once('.').is_some_and(|(name, after)| !name.is_empty() && after.len() >= 2 && !is_version(host))
}

fn is_known_domain(host: &str) -> bool {
    const SUFFIXES: [&str; 19] = [
        "com", "org", "net", "io", "dev", "co", "edu", "gov", "mil", "uk", "de", "fr", "jp", "cn", "au", "ca", "nl",
        "se", "no",
    ];
    host.split_once('.').is_some_and(|(name, after)| {
        let last = after.rsplit('.').next().unwrap_or("").to_lowercase();
        !name.is_empty() && SUFFIXES.contains(&last.as_str())
    })
}

fn is_version(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or(text);
    !digits.is_empty() && digits.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_forms_are_recognised() {
        for (path, remote) in [
            ("catalog/vpc", false),
            ("catalog/vpc.yaml", false),
            ("base.yaml", false),
            ("v1.0/base", false),
            ("./x", false),
            ("github.com/org/repo//path?ref=v1", true),
            ("git.company.internal/repo", true),
            ("https://example.com/x.yaml", true),
            ("git::https://example.com/x//y", true),
            ("git@github.com:org/repo.git", true),
        ] {
            assert_eq!(is_remote(path), remote, "{path}");
        }
    }

    #[test]
    fn dots_are_relative_to_the_importing_file() {
        for (path, file, expected) in [
            ("./_defaults", "orgs/acme/dev.yaml", "orgs/acme/_defaults"),
            ("../x/y.yaml", "orgs/acme/dev.yaml", "orgs/x/y.yaml"),
            ("./x", "dev.yaml", "x"),
            ("catalog/x", "orgs/dev.yaml", "catalog/x"),
            ("/catalog/x", "orgs/dev.yaml", "orgs/catalog/x"),
            ("/../catalog/*", "orgs/dev.yaml", "catalog/*"),
            ("/x", "dev.yaml", "x"),
        ] {
            assert_eq!(relative_to(path, file), expected, "{path}");
        }
    }

    #[test]
    fn extensions_are_probed_in_order() {
        let temp = tempfile::tempdir().unwrap();
        for file in ["a.yml", "b.yaml", "b.yaml.tmpl", "c.yaml.tmpl", "d.json"] {
            std::fs::write(temp.path().join(file), "").unwrap();
        }
        for (path, expected) in [
            ("a", "a.yml"),
            ("b", "b.yaml"),
            ("b.yaml", "b.yaml.tmpl"),
            ("c", "c.yaml.tmpl"),
            ("d", "d.yaml"),
            ("g/*", "g/*.yaml"),
            ("d.json", "d.json"),
        ] {
            assert_eq!(with_extension(path, temp.path()), expected, "{path}");
        }
    }
}
