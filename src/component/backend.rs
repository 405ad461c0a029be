//! The effective backend and remote state backend of a terraform component.

use std::sync::Arc;

use super::error::Error;
use super::mark::{attribute, is_marked, marked, unmarked};
use super::own::Own;
use super::scope::Scope;
use super::section::Section;
use crate::merge::{ListStrategy, is_unset, merge_all};
use crate::stack::Located;
use crate::value::Node;

/// What the backends are derived from.
pub(crate) struct Input<'a> {
    pub scope: &'a Scope<'a>,
    pub component: &'a str,
    /// What `component` prints.
    pub base: &'a str,
    /// Final metadata.
    pub metadata: &'a Node,
    pub bases: &'a Own,
    pub own: &'a Own,
}

/// A type and the settings for it.
pub(crate) struct Backend {
    pub kind: String,
    pub settings: Node,
}

/// The last text that is not empty.
fn last_non_empty<const N: usize>(texts: [&str; N]) -> String {
    texts.into_iter().rev().find(|text| !text.is_empty()).unwrap_or("").to_owned()
}

impl Input<'_> {
    /// The backend that terraform uses, with the prefix or key that keeps the states of components apart.
    pub(crate) fn backend(&self) -> Result<Backend, Error> {
        let kind = last_non_empty([&self.scope.backend_type, &self.bases.backend_type, &self.own.backend_type]);
        let sections = self.layers(Section::Backend);
        let all = merge_all(sections.into_iter().flatten(), self.scope.index.strategy());
        let mut settings = match all.get(unmarked(&kind)) {
            Some(settings) if settings.as_map().is_some() => settings.clone(),
            Some(other) => return Err(self.wrong("invalid terraform.backend section", "backend", other)),
            None if kind.is_empty() || all.is_empty() || is_unset(&all) => Node::empty_map(),
            None => return Err(self.mismatch("backend_type", "backend", &kind, &keys([Some(&all)]), &all)),
        };
        match unmarked(&kind) {
            "s3" => default_text(&mut settings, "workspace_key_prefix", &self.identity()),
            "gcs" => default_text(&mut settings, "prefix", &self.identity()),
            "azurerm" => self.azure_key(&mut settings),
            _ => {}
        }
        Ok(Backend { kind, settings })
    }

    /// The backend that other components read the state of this one from.
    pub(crate) fn remote_state(&self, backend: &Backend, strategy: ListStrategy) -> Result<Backend, Error> {
        let kind = last_non_empty([
            &backend.kind,
            &self.scope.remote_state_backend_type,
            &self.bases.remote_state_backend_type,
            &self.own.remote_state_backend_type,
        ]);
        let sections = self.layers(Section::RemoteStateBackend);
        let mut maps = sections.into_iter().flatten().filter_map(Node::as_map);
        if !kind.is_empty()
            && maps.clone().any(|map| !map.is_empty())
            && !maps.any(|map| map.contains_key(unmarked(&kind)))
            && let Some(section) = sections.into_iter().flatten().next_back()
        {
            let known = keys(sections);
            return Err(self.mismatch("remote_state_backend_type", "remote_state_backend", &kind, &known, section));
        }
        let mut layers = Vec::new();
        if kind == backend.kind {
            layers.push(&backend.settings);
        }
        for section in sections.into_iter().flatten() {
            let Some(settings) = section.get(unmarked(&kind)) else { continue };
            if settings.as_map().is_none() {
                let phrase = "invalid terraform.remote_state_backend section";
                return Err(self.wrong(phrase, "remote_state_backend", settings));
            }
            layers.push(settings);
        }
        let settings = if layers.is_empty() { Node::empty_map() } else { merge_all(layers, strategy) };
        Ok(Backend { kind, settings })
    }

    /// Kind, bases and component, from weak to strong.
    fn layers(&self, section: Section) -> [Option<&Node>; 3] {
        [self.scope.defaults.get(section), self.bases.bag.get(section), self.own.bag.get(section)]
    }

    /// The part of the place of a state that tells components apart, with `/` replaced.
    fn identity(&self) -> String {
        let name = self.metadata.get("name").and_then(Node::as_str).filter(|name| !name.is_empty());
        let name = name.unwrap_or(if self.base.is_empty() { self.component } else { self.base });
        let is_read = is_marked(name);
        let separator = self.scope.config.terraform.workspace_prefix_separator.as_str();
        let text = unmarked(name).replace('/', if separator.is_empty() { "-" } else { separator });
        if is_read { marked(&text) } else { text }
    }

    /// A key that the component or one of its bases wrote is kept; a global one becomes the directory of the key.
    fn azure_key(&self, settings: &mut Node) {
        let text =
            |node: Option<&Node>| node.and_then(|node| node.get_path(["azurerm", "key"])).and_then(super::own::text_of);
        if text(self.own.bag.get(Section::Backend)).is_some() {
            return;
        }
        let global = text(self.scope.defaults.get(Section::Backend));
        let present = settings.get("key").and_then(super::own::text_of).filter(|key| !key.is_empty());
        if present.is_some() && present != global {
            return;
        }
        let name = format!("{}.terraform.tfstate", self.identity());
        let key = match &global {
            None => name,
            Some(directory) if is_marked(directory) || is_marked(&name) => {
                marked(&format!("{}/{}", unmarked(directory), unmarked(&name)))
            }
            Some(directory) => format!("{directory}/{name}"),
        };
        settings.make_map().insert(Arc::from("key"), attribute(&key));
    }

    fn wrong(&self, phrase: &str, key: &str, node: &Node) -> Error {
        let located = Located::new(&self.scope.host.sources, node.span);
        Error::Section {
            phrase: format!("{phrase} for the component '{}'", self.component),
            path: format!("components.{}.{}.{key}", self.scope.kind, self.component),
            file: self.scope.stack.key.to_string(),
            found: format!("found {}", node.value.type_name()),
            place: located.text,
            source_code: located.source,
            at: located.at,
        }
    }

    fn mismatch(
        &self,
        attribute: &'static str,
        section: &'static str,
        kind: &str,
        keys: &[String],
        node: &Node,
    ) -> Error {
        let located = Located::new(&self.scope.host.sources, node.span);
        Error::BackendType {
            component: self.component.to_owned(),
            file: self.scope.stack.key.to_string(),
            attribute,
            section,
            backend_type: unmarked(kind).to_owned(),
            keys: keys.join(", "),
            place: located.text,
            source_code: located.source,
            at: located.at,
        }
    }
}

fn keys<const N: usize>(sections: [Option<&Node>; N]) -> Vec<String> {
    let maps = sections.into_iter().flatten().filter_map(Node::as_map);
    let mut keys: Vec<String> = maps.flat_map(|map| map.keys().map(ToString::to_string)).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Sets a text where there is none.
fn default_text(settings: &mut Node, key: &str, value: &str) {
    let written = settings.get(key).and_then(super::own::text_of).is_some_and(|text| !text.is_empty());
    if !written {
        settings.make_map().insert(Arc::from(key), attribute(value));
    }
}
