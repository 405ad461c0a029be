//! What a stack gives to all its components of one kind.

use std::sync::Arc;

use super::auth_layers;
use super::common::Common;
use super::error::Error;
use super::kind::Kind;
use super::section::{Bag, Section};
use crate::config::Config;
use crate::host::Host;
use crate::merge::{ListStrategy, is_unset};
use crate::span::Sources;
use crate::stack::{self, Document, Located, Stack, StackIndex};
use crate::value::{Map, Node, Value};

/// Keys that `metadata` may have at the top of a manifest.
const GLOBAL_METADATA: [&str; 6] = ["labels", "tags", "custom", "enabled", "locked", "terraform_workspace_pattern"];

/// One kind of components in one stack, with the merged defaults of the manifest and of the kind.
pub(crate) struct Scope<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub index: &'a StackIndex,
    pub stack: &'a Stack,
    pub kind: Kind,
    pub document: Arc<Document>,
    /// What was read and merged for other stacks, where many are put together.
    pub common: Option<&'a Common>,
    /// Global and kind sections, merged.
    pub defaults: Bag,
    pub command: String,
    pub backend_type: String,
    pub remote_state_backend_type: String,
    pub provider: String,
}

impl<'a> Scope<'a> {
    /// The scope of a kind in a stack; `None` when the stack has no component of the kind.
    ///
    /// # Errors
    /// A manifest that cannot be used, or a section of the wrong type.
    pub(crate) fn new(
        host: &'a Host,
        config: &'a Config,
        index: &'a StackIndex,
        stack: &'a Stack,
        kind: Kind,
    ) -> Result<Option<Scope<'a>>, Error> {
        Scope::of(host, config, index, stack, kind, index.document(stack)?)
    }

    /// The same with the merged manifest of the stack.
    ///
    /// # Errors
    /// Those of [`Scope::new`].
    pub(crate) fn of(
        host: &'a Host,
        config: &'a Config,
        index: &'a StackIndex,
        stack: &'a Stack,
        kind: Kind,
        document: Arc<Document>,
    ) -> Result<Option<Scope<'a>>, Error> {
        let mut scope = Scope {
            host,
            config,
            index,
            stack,
            kind,
            document,
            common: None,
            defaults: Bag::default(),
            command: String::new(),
            backend_type: String::new(),
            remote_state_backend_type: String::new(),
            provider: String::new(),
        };
        scope.check_globals()?;
        if scope.components()?.is_none_or(Map::is_empty) {
            return Ok(None);
        }
        if !matches!(scope.kind, Kind::Custom(_)) {
            scope.read_defaults()?;
        }
        Ok(Some(scope))
    }

    /// `name:` of the manifest.
    pub(crate) fn name(&self) -> Option<&str> {
        self.document.node.get("name").and_then(Node::as_str).filter(|name| !name.is_empty())
    }

    /// The components of the kind.
    pub(crate) fn components(&self) -> Result<Option<&Map>, Error> {
        let Some(node) = self.document.node.get_path(["components", self.kind.key()]) else { return Ok(None) };
        match node.as_map() {
            Some(map) => Ok(Some(map)),
            // Unknown keys below `components` are nobody's business unless they hold components.
            None if matches!(self.kind, Kind::Custom(_)) => Ok(None),
            None => Err(self.wrong(&format!("invalid components.{} section in file", self.kind), node)),
        }
    }

    /// One component of the kind, which must be a map.
    pub(crate) fn component(&self, name: &str) -> Result<Option<&Node>, Error> {
        let Some(node) = self.components()?.and_then(|components| components.get(name)) else { return Ok(None) };
        if node.as_map().is_some() {
            return Ok(Some(node));
        }
        let located = Located::new(&self.host.sources, node.span);
        Err(Error::Section {
            phrase: format!("invalid component map type for component {name}"),
            path: format!("components.{}.{name}", self.kind),
            file: self.stack.key.to_string(),
            found: format!("found {}; write `{{}}` for a component without settings", node.value.type_name()),
            place: located.text,
            source_code: located.source,
            at: located.at,
        })
    }

    /// Effective `overrides` of a component.
    pub(crate) fn overrides(&self, name: &str, component: &Node) -> Option<Node> {
        // Asking the index would merge the stack once more where its document is nobody else's.
        let scoped = self.document.has_overrides.then(|| self.index.overrides(self.stack, self.kind.key(), name));
        scoped.flatten().or_else(|| component.get("overrides").cloned())
    }

    /// The list strategy that the settings in `layers` ask for, the last one wins.
    pub(crate) fn strategy<'n>(
        &self,
        component: &str,
        start: ListStrategy,
        layers: impl IntoIterator<Item = Option<&'n Node>>,
    ) -> Result<ListStrategy, Error> {
        let mut strategy = start;
        for node in layers.into_iter().flatten().filter_map(|settings| settings.get("list_merge_strategy")) {
            let Some(text) = node.as_str().filter(|text| !text.is_empty()) else { continue };
            strategy = text.parse().map_err(|error| {
                let located = Located::new(&self.host.sources, node.span);
                Error::Strategy {
                    component: component.to_owned(),
                    file: self.stack.key.to_string(),
                    message: format!("{error}"),
                    place: located.text,
                    source_code: located.source,
                    at: located.at,
                }
            })?;
        }
        Ok(strategy)
    }

    /// The sources for errors where values of different shapes may not meet.
    pub(crate) fn strict(&self) -> Option<&'a Sources> {
        self.config.engine.conflicts_are_errors.then_some(&self.host.sources)
    }

    fn wrong(&self, phrase: &str, node: &Node) -> Error {
        Error::from(stack::section_error(phrase, &self.stack.key, node, &self.host.sources))
    }

    /// Sections at the top of the manifest must be maps.
    fn check_globals(&self) -> Result<(), Error> {
        let top = &self.document.node;
        // Names are needed before anything is evaluated.
        if let Some(name) = top.get("name").filter(|name| matches!(name.value, Value::Function(_)) && !is_unset(name)) {
            return Err(
                self.wrong("invalid stack name: `name` must be a text, functions are not evaluated in it", name)
            );
        }
        for (key, phrase) in [
            ("vars", "invalid vars section in file"),
            ("hooks", "invalid 'hooks' section in the file"),
            ("settings", "invalid settings section in file"),
            ("env", "invalid env section in file"),
            ("generate", "invalid generate section in file"),
            ("terraform", "invalid terraform section in file"),
            ("helmfile", "invalid helmfile section in file"),
            ("packer", "invalid packer section in file"),
            ("ansible", "invalid ansible section in file"),
            ("kubernetes", "invalid configuration in file"),
            ("helm", "invalid configuration in file"),
            ("components", "invalid components section in file"),
            ("auth", "invalid auth section in file"),
            ("metadata", "invalid metadata section in file"),
            ("secrets", "invalid component secrets section in file"),
            ("dependencies", "invalid dependencies section in file"),
        ] {
            if let Some(node) = top.get(key)
                && node.as_map().is_none()
                && !is_unset(node)
            {
                return Err(self.wrong(phrase, node));
            }
        }
        let metadata = top.get("metadata").and_then(Node::as_map);
        let mut fields: Vec<_> =
            metadata.into_iter().flatten().filter(|(key, _)| !GLOBAL_METADATA.contains(&&***key)).collect();
        fields.sort_by(|left, right| left.0.cmp(right.0));
        let Some((_, first)) = fields.first() else { return Ok(()) };
        let names: Vec<&str> = fields.iter().map(|(key, _)| &***key).collect();
        Err(Error::from(stack::global_metadata_error(&names.join(", "), &self.stack.key, first, &self.host.sources)))
    }

    fn read_defaults(&mut self) -> Result<(), Error> {
        let strategy = self.index.strategy();
        let document = self.document.clone();
        let kind_section = document.node.get(self.kind.key());
        for section in Section::ALL {
            let mut layers: Vec<&Node> = Vec::new();
            if section == Section::Env {
                layers.push(&self.config.shared().env);
            }
            let global = section.has_global(&self.kind).then(|| document.node.get(section.key())).flatten();
            layers.extend(global);
            if section.has_kind_level(&self.kind)
                && let Some(node) = kind_section.and_then(|kind| kind.get(section.key()))
            {
                if section.is_map() && node.as_map().is_none() && !is_unset(node) {
                    return Err(self.wrong(&self.kind_phrase(section.key()), node));
                }
                layers.push(node);
            }
            let mut merged: Option<Node> = None;
            for layer in layers.into_iter().filter(|node| !node.is_null()) {
                match &mut merged {
                    Some(merged) => auth_layers::put(merged, layer, strategy, self, section)?,
                    None => merged = Some(layer.clone()),
                }
            }
            // Below the kind and the manifest lies nothing more.
            if let Some(node) = merged.filter(|node| !is_unset(node)) {
                self.defaults.set(section, node);
            }
        }
        self.read_attributes(kind_section)
    }

    fn read_attributes(&mut self, kind_section: Option<&Node>) -> Result<(), Error> {
        let read = |key: &str| -> Result<String, Error> {
            let Some(node) = kind_section.and_then(|kind| kind.get(key)) else { return Ok(String::new()) };
            match &node.value {
                Value::String(text) => Ok(text.to_string()),
                _ => super::own::text_of(node).ok_or_else(|| self.wrong(&self.kind_phrase(key), node)),
            }
        };
        let command = read("command")?;
        let (mut backend, mut remote, mut provider) = (String::new(), String::new(), String::new());
        if self.kind == Kind::Terraform {
            backend = read("backend_type")?;
            remote = read("remote_state_backend_type")?;
        }
        if self.kind == Kind::Kubernetes {
            provider = read("provider")?;
        }
        self.command = command;
        self.backend_type = backend;
        self.remote_state_backend_type = remote;
        self.provider = provider;
        Ok(())
    }

    /// The stable phrase for a value of the wrong type in the section of the kind.
    fn kind_phrase(&self, key: &str) -> String {
        match (&self.kind, key) {
            (Kind::Terraform, "hooks") => "invalid 'terraform.hooks' section in the file".to_owned(),
            (Kind::Terraform, "backend") => "invalid terraform.backend section in file".to_owned(),
            (Kind::Kubernetes | Kind::Helm, "command") => "invalid component command attribute in file".to_owned(),
            (Kind::Kubernetes | Kind::Helm, "source" | "provision") => {
                format!("invalid component {key} section in file")
            }
            (Kind::Kubernetes, "provider" | "render") => "invalid configuration in file".to_owned(),
            (Kind::Kubernetes | Kind::Helm, key) => format!("invalid {key} section in file"),
            (kind, "command" | "backend_type" | "remote_state_backend_type") => format!("invalid {kind} {key} in file"),
            (kind, key) => format!("invalid {kind} {key} section in file"),
        }
    }
}
