//! Reading of the fields of a manifest: wrong types are errors with a place, unknown keys are warnings.

use std::path::Path;
use std::sync::Arc;

use super::error::Error;
use crate::diag::{Warning, nearest};
use crate::host::Host;
use crate::value::{Node, Value};
use crate::yaml;

/// A map of a manifest.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub host: &'a Host,
    pub node: &'a Node,
    /// How messages name it: `spec.sources[0]`.
    pub what: &'a str,
}

impl<'a> Reader<'a> {
    /// A null counts as an empty map.
    pub(super) fn new(host: &'a Host, node: &'a Node, what: &'a str) -> Result<Reader<'a>, Error> {
        if node.as_map().is_none() && !node.is_null() {
            let reason = format!("`{what}` must be a map, not {}", node.value.type_name());
            return Err(Error::manifest(host, node.span, reason, "write it as `key: value` lines"));
        }
        Ok(Reader { host, node, what })
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.node.get(key).filter(|node| !node.is_null())
    }

    fn wrong(&self, key: &str, wanted: &str, node: &Node) -> Error {
        let reason = format!("`{}.{key}` must be {wanted}, not {}", self.what, node.value.type_name());
        Error::manifest(self.host, node.span, reason, "correct the manifest")
    }

    /// A scalar as text; empty where there is none.
    pub(super) fn text(&self, key: &str) -> Result<String, Error> {
        let Some(node) = self.get(key) else { return Ok(String::new()) };
        let text = written(self.host, node).ok_or_else(|| self.wrong(key, "a text", node))?;
        Ok(text.trim().to_owned())
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, Error> {
        let Some(node) = self.get(key) else { return Ok(false) };
        node.as_bool().ok_or_else(|| self.wrong(key, "true or false", node))
    }

    pub(super) fn list(&self, key: &str) -> Result<&'a [Node], Error> {
        let Some(node) = self.get(key) else { return Ok(&[]) };
        node.as_list().ok_or_else(|| self.wrong(key, "a list", node))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, Error> {
        let one = |node: &Node| written(self.host, node).ok_or_else(|| self.wrong(key, "a list of texts", node));
        self.list(key)?.iter().map(one).collect()
    }

    /// Warns of keys that nothing reads: a filter with a slip would let everything through.
    pub(super) fn knows(&self, known: &[&str]) {
        for (key, node) in self.node.as_map().into_iter().flatten() {
            if known.contains(&&**key) {
                continue;
            }
            let message = format!("`{}` has the unknown key `{key}`, which has no effect", self.what);
            let mut warning = Warning::new("atmos::vendor::unknown_key", message);
            if let Some(near) = nearest(key, known.iter().copied()) {
                warning = warning.help(format!("did you mean `{near}`?"));
            }
            self.host.talk.warn(match self.host.sources.place(node.span) {
                Some(place) => warning.at(place),
                None => warning,
            });
        }
    }

    /// The `kind` and `apiVersion` of a whole manifest. The reference reads neither; what says that it is something else is
    /// most likely in the wrong place.
    pub(super) fn checks_kind(&self, wanted: &str) -> Result<(), Error> {
        for (key, wanted) in [("kind", wanted), ("apiVersion", "atmos/v1")] {
            let found = self.text(key)?;
            if !found.is_empty() && found != wanted {
                let span = self.get(key).map_or(self.node.span, |node| node.span);
                let reason = format!("`{key}: {found}` is no vendor manifest of this kind");
                return Err(Error::manifest(self.host, span, reason, format!("write `{key}: {wanted}`")));
            }
        }
        Ok(())
    }
}

/// A scalar as it is written: the version `1.10` is not the number 1.1.
pub(super) fn written(host: &Host, node: &Node) -> Option<String> {
    let text = node.scalar_text()?;
    if matches!(node.value, Value::String(_)) {
        return Some(text);
    }
    let place = host.sources.place(node.span)?;
    let start = place.offset();
    let slice = place.source.text.get(start..start + place.byte_length()).unwrap_or_default();
    Some(if yaml::plain_scalar(slice) == node.value { slice.to_owned() } else { text })
}

/// The document of a manifest.
pub(super) fn read(host: &Host, file: &Path) -> Result<Node, Error> {
    let unreadable = |cause| Error::Unreadable { path: shown(host, file), cause };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    Ok(yaml::parse(&host.sources, file, &host.cwd, Arc::from(text))?)
}

/// A path as people see it.
pub(super) fn shown(host: &Host, path: &Path) -> String {
    path.strip_prefix(&host.cwd).unwrap_or(path).display().to_string()
}
