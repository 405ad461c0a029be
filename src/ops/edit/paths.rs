//! The paths that files set: what `config set` and `stack set` can change.

use std::collections::BTreeSet;
use std::path::{Path as FilePath, PathBuf};

use regex::Regex;

use super::Error;
use super::file::{File, shown};
use crate::component::{Instance, Origins};
use crate::diag::Result;
use crate::ops::{App, config};
use crate::value::{Node, Path, Value};

/// One value in one file.
#[derive(Debug, Clone)]
pub struct PathRow {
    /// As people see it: below the base path of the stacks, or the working directory.
    pub file: String,
    pub path: String,
    pub value: Node,
}

impl PathRow {
    /// The type as the reference names it.
    pub fn type_name(&self) -> &'static str {
        match &self.value.value {
            Value::Map(_) => "object",
            Value::List(_) => "array",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::UInt(_) | Value::Float(_) => "number",
            Value::Null => "null",
            Value::String(_) | Value::Function(_) => "string",
        }
    }
}

/// The paths that the files of the configuration set, by file.
///
/// # Errors
/// A file that cannot be read.
pub fn config_paths(app: &App, pattern: Option<&str>) -> Result<Vec<PathRow>> {
    let mut rows = Vec::new();
    for path in &app.config.files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let node = crate::yaml::parse(&app.host.sources, path, &app.host.cwd, text.into())?;
        let node = if app.host.masker.is_on() { config::masked(&node) } else { node };
        add_file(&shown(&app.host, path), &node, &mut rows);
    }
    Ok(chosen(rows, pattern))
}

/// The paths that a component has in manifests of its own, by file; with `file` all that this manifest sets.
///
/// # Errors
/// The component cannot be found, or a file cannot be read.
pub fn stack_paths(
    app: &App,
    component: &str,
    stack: &str,
    file: Option<&FilePath>,
    pattern: Option<&str>,
) -> Result<Vec<PathRow>> {
    if let Some(file) = file {
        let path = app.host.absolute(file);
        let node = File::open(&app.host, &path)?.document()?;
        let node = if app.host.masker.is_on() { config::masked_manifest(&node) } else { node };
        let mut rows = Vec::new();
        add_file(&shown(&app.host, &path), &node, &mut rows);
        return Ok(chosen(rows, pattern));
    }
    let instance = app.find(component, stack, None)?;
    let base = &app.config.stacks.base_path;
    let name = |file: &FilePath| file.strip_prefix(base).unwrap_or(file).display().to_string();
    let row = |(file, path, value): Own| PathRow { file: name(&file), path, value };
    Ok(chosen(own(app, &instance)?.into_iter().map(row).collect(), pattern))
}

/// The manifests in which a component has values of its own.
///
/// # Errors
/// The component cannot be found, or no manifest has one.
pub(super) fn files(app: &App, component: &str, stack: &str) -> Result<BTreeSet<PathBuf>> {
    let instance = app.find(component, stack, None)?;
    let files: BTreeSet<PathBuf> = own(app, &instance)?.into_iter().map(|(file, ..)| file).collect();
    if files.is_empty() {
        let (component, stack) = (component.to_owned(), stack.to_owned());
        return Err(Error::NoManifest { component, stack }.into());
    }
    Ok(files)
}

type Own = (PathBuf, String, Node);

/// What the component's own section gives, and where.
fn own(app: &App, instance: &Instance) -> Result<Vec<Own>> {
    let origins = Origins::of(&app.host, &app.config, app.index_of(instance)?, instance)?;
    let section = format!("components.{}.{}", instance.kind.key(), instance.name);
    let mut walk = Walk { app, origins, section, found: Vec::new() };
    let mut document = instance.to_map();
    config::hide_auth(app, &mut document);
    for (key, node) in &document {
        walk.value(&[key], node);
    }
    Ok(walk.found)
}

struct Walk<'a> {
    app: &'a App,
    origins: Origins<'a>,
    /// Of the component, in manifests.
    section: String,
    found: Vec<Own>,
}

impl Walk<'_> {
    fn value(&mut self, keys: &[&str], node: &Node) {
        let Some((section, below)) = keys.split_first() else { return };
        let strongest = self.origins.candidates(section, below).into_iter().next();
        let own = strongest.filter(|candidate| {
            candidate.base.is_none()
                && candidate
                    .section
                    .strip_prefix(&self.section)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        let file = own.and_then(|own| self.app.host.sources.get(own.node.span.file).map(|source| source.path.clone()));
        let mut path = Path::new();
        for key in keys {
            path.push_key(key);
        }
        match (&node.value, file) {
            (Value::Map(map), file) => {
                self.found.extend(file.map(|file| (file, path.to_string(), node.clone())));
                for (key, node) in map.iter() {
                    self.value(&[keys, &[&**key]].concat(), node);
                }
            }
            (_, Some(file)) => {
                let mut rows = Vec::new();
                add(node, &path.to_string(), &mut |path, node| rows.push((file.clone(), path, node.clone())));
                self.found.append(&mut rows);
            }
            _ => {}
        }
    }
}

/// Everything below the root of a file.
pub(super) fn add_file(file: &str, node: &Node, rows: &mut Vec<PathRow>) {
    add(node, "", &mut |path, node| rows.push(PathRow { file: file.to_owned(), path, value: node.clone() }));
}

fn add(node: &Node, path: &str, row: &mut impl FnMut(String, &Node)) {
    if !path.is_empty() {
        row(path.to_owned(), node);
    }
    match &node.value {
        Value::Map(map) => {
            for (key, node) in map.iter() {
                let mut last = Path::new();
                last.push_key(key);
                let path = if path.is_empty() { last.to_string() } else { format!("{path}.{last}") };
                add(node, &path, row);
            }
        }
        Value::List(list) => {
            for (index, node) in list.iter().enumerate() {
                add(node, &format!("{path}[{index}]"), row);
            }
        }
        _ => {}
    }
}

/// The rows whose path matches, by file and path.
pub(super) fn chosen(mut rows: Vec<PathRow>, pattern: Option<&str>) -> Vec<PathRow> {
    let expression = pattern.filter(|pattern| !pattern.is_empty()).map(|pattern| {
        let escaped = regex::escape(pattern).replace("\\*", ".*").replace("\\?", ".");
        Regex::new(&format!("(?s)^{escaped}$"))
    });
    if let Some(Ok(expression)) = expression {
        rows.retain(|row| expression.is_match(&row.path));
    }
    rows.sort_by(|one, other| (&one.file, &one.path).cmp(&(&other.file, &other.path)));
    rows
}
