//! The settings of one backend, read by key.

use super::error::Error;
use crate::host::Env;
use crate::value::Node;

/// A backend section with the environment that terraform would have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings<'a> {
    pub kind: &'static str,
    pub node: &'a Node,
    pub env: &'a Env,
}

impl<'a> Settings<'a> {
    /// A scalar that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text(self.node, key)
    }

    /// The setting, else the first of the variables that is set.
    pub(super) fn text_or(&self, key: &str, variables: &[&str]) -> Option<String> {
        self.text(key).or_else(|| self.variable(variables))
    }

    pub(super) fn variable(&self, variables: &[&str]) -> Option<String> {
        variables.iter().find_map(|name| self.env.get(name)).map(str::to_owned)
    }

    /// A switch; also by variable.
    pub(super) fn flag_or(&self, key: &str, variables: &[&str]) -> bool {
        let on = |text: String| matches!(text.to_ascii_lowercase().as_str(), "true" | "1");
        self.text_or(key, variables).is_some_and(on)
    }

    /// # Errors
    /// The setting is missing.
    pub(super) fn needed(&self, key: &'static str, variables: &[&str]) -> Result<String, Error> {
        self.text_or(key, variables).ok_or_else(|| {
            self.wrong(key, "it is missing", format!("set `backend.{}.{key}` in the stack of the component", self.kind))
        })
    }

    pub(super) fn wrong(&self, key: &'static str, reason: impl Into<String>, help: impl Into<String>) -> Error {
        Error::Setting { kind: self.kind, key, reason: reason.into(), help: help.into() }
    }

    pub(super) fn map(&self, key: &str) -> Option<&'a Node> {
        self.node.get(key).filter(|node| node.as_map().is_some())
    }
}

pub(super) fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty())
}

/// A list of scalars, or one scalar.
pub(super) fn texts(node: &Node, key: &str) -> Vec<String> {
    match node.get(key) {
        Some(node) if node.as_list().is_some() => {
            node.as_list().unwrap_or_default().iter().filter_map(Node::scalar_text).collect()
        }
        Some(node) => node.scalar_text().into_iter().collect(),
        None => Vec::new(),
    }
}

/// A map of scalars.
pub(super) fn pairs(node: &Node, key: &str) -> Vec<(String, String)> {
    let entries = node.get(key).and_then(Node::as_map).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.to_string(), value.scalar_text()?))).collect()
}
