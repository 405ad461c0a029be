//! `!include` and `!include.raw`: the content of another file in place of the tag, before anything is merged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Error, Located};
use super::load::Layout;
use crate::config::{Include, IncludeRefusal};
use crate::content::{self, Tags};
use crate::host::{Host, fs};
use crate::span::Span;
use crate::value::{Function, Map, Node, Value, map_with_capacity};

/// What including needs to know of the manifest.
pub(crate) struct Including<'a> {
    pub host: &'a Host,
    pub layout: &'a Layout,
    /// The manifest, and its name in messages.
    pub file: &'a Path,
    pub name: &'a str,
}

impl Including<'_> {
    /// `node` with the content of every included file. A path that is a template stays for the step that renders it.
    pub(crate) fn resolve(&self, node: &Node) -> Result<Node, Error> {
        if !has_includes(node) {
            return Ok(node.clone());
        }
        let value = match &node.value {
            Value::Map(map) => return self.map(node, map),
            Value::List(list) => {
                let items = list.iter().map(|item| self.resolve(item));
                Value::List(Arc::new(items.collect::<Result<Vec<_>, Error>>()?))
            }
            Value::Function(function) => match argument(function) {
                Some(text) if text.contains("{{") => return Ok(node.clone()),
                Some(text) => {
                    let content = self.content(text, &*function.tag == "!include.raw", node.span);
                    return content.map_err(|refusal| self.error(node, text, refusal));
                }
                None => {
                    let argument = self.resolve(&function.argument)?;
                    Value::Function(Arc::new(Function { tag: function.tag.clone(), argument }))
                }
            },
            other => other.clone(),
        };
        Ok(Node::new(value, node.span))
    }

    /// A map; what `<<: !include …` brings lies below its own keys.
    fn map(&self, node: &Node, map: &Map) -> Result<Node, Error> {
        let mut resolved = map_with_capacity(map.len());
        let mut below = None;
        for (key, item) in map {
            let value = self.resolve(item)?;
            if &**key == "<<" && matches!(item.value, Value::Function(_)) {
                let Value::Map(included) = value.value else {
                    let reason = "map merge requires map or sequence of maps as the value".to_owned();
                    return Err(self.error(item, "", reason.into()));
                };
                below = Some(included);
            } else {
                resolved.insert(key.clone(), value);
            }
        }
        for (key, item) in below.iter().flat_map(|map| map.iter()) {
            if !resolved.contains_key(key) {
                resolved.insert(key.clone(), item.clone());
            }
        }
        Ok(Node::new(Value::Map(Arc::new(resolved)), node.span))
    }

    fn content(&self, argument: &str, raw: bool, at: Span) -> Result<Node, IncludeRefusal> {
        let Layout { fetcher, remote, .. } = self.layout;
        let include = Include { host: self.host, fetcher, remote, tags: Tags::Dropped, at };
        let content = include.value(argument, raw, |name| self.locate(name))?;
        // Files are data: nothing in them is a function or a template.
        Ok(content::inert(&content, self.layout.opening.as_deref()))
    }

    /// The file: absolute, beside the manifest, or a bare path below the working directory, else below the base path.
    fn locate(&self, name: &str) -> Result<PathBuf, String> {
        let base = &self.layout.root;
        let path = Path::new(name);
        let relative = name.starts_with("./") || name.starts_with("../");
        let beside = self.file.parent().unwrap_or(Path::new("/"));
        let first = if relative { fs::clean(&beside.join(path)) } else { self.host.absolute(path) };
        let candidates = [first, fs::clean(&base.join(path))];
        let found = candidates.into_iter().find(|candidate| candidate.is_file());
        found.ok_or_else(|| {
            format!(
                "the !include function references a file that does not exist: could not find local file '{name}' \
                 (tried relative to manifest '{}' and base path '{}')",
                self.name,
                base.display()
            )
        })
    }

    /// A refusal at the character of the argument that it is about, else at the function.
    fn error(&self, node: &Node, argument: &str, refusal: IncludeRefusal) -> Error {
        let whole = self.host.sources.place(node.span);
        let exact = refusal.at.and_then(|at| whole.as_ref()?.within(argument, at));
        let located = exact.or(whole).map(|place| Located::at(&place)).unwrap_or_default();
        let paths = "paths are relative to the manifest when they begin with `./` or `../`; others to the working directory, and \
                     then to `base_path`";
        Error::Manifest {
            message: format!("{}{}", refusal.reason, located.text),
            file: self.name.to_owned(),
            chain: String::new(),
            help: Some(refusal.help.unwrap_or_else(|| paths.to_owned())),
            source_code: located.source,
            at: located.at,
        }
    }
}

/// The argument of an include; `None` for other functions.
fn argument(function: &Function) -> Option<&str> {
    matches!(&*function.tag, "!include" | "!include.raw").then(|| function.argument.as_str().unwrap_or_default())
}

fn has_includes(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.values().any(has_includes),
        Value::List(list) => list.iter().any(has_includes),
        Value::Function(function) => argument(function).is_some() || has_includes(&function.argument),
        _ => false,
    }
}
