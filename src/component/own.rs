//! The sections that one component, or one section of overrides, has itself.

use std::sync::Arc;

use super::error::Error;
use super::scope::Scope;
use super::section::{Bag, Section};
use crate::merge::is_unset;
use crate::stack::Located;
use crate::value::{Map, Node, Value};

/// What is written at one component.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub bag: Bag,
    pub command: String,
    pub required_version: String,
    pub backend_type: String,
    pub remote_state_backend_type: String,
    /// Kubernetes: `provider`.
    pub provider: String,
}

impl Own {
    /// The sections of the component `name`, checked for their types.
    pub(crate) fn read(scope: &Scope<'_>, name: &str, component: &Node) -> Result<Own, Error> {
        let reader = Reader { scope, path: format!("components.{}.{name}", scope.kind) };
        let mut own = Own::default();
        for section in Section::ALL {
            let Some(node) = component.get(section.key()).filter(|_| section.applies_to(&scope.kind)) else {
                continue;
            };
            let node = if section == Section::Source { source(node) } else { node.clone() };
            if section.is_map() && node.as_map().is_none() && !is_unset(&node) {
                return Err(reader.wrong(&section.component_phrase(), section.key(), &node));
            }
            if node.is_null() {
                continue;
            }
            own.bag.set(section, node);
        }
        own.check_details(&reader)?;
        let attribute = |key: &str| format!("invalid component {key} attribute");
        own.command = reader.text(component, "command", &attribute("command"))?;
        if scope.kind == super::Kind::Terraform {
            own.required_version = reader.text(component, "required_version", &attribute("required_version"))?;
            own.backend_type = reader.text(component, "backend_type", &attribute("backend_type"))?;
            let key = "remote_state_backend_type";
            own.remote_state_backend_type = reader.text(component, key, &attribute(key))?;
        }
        if scope.kind == super::Kind::Kubernetes {
            own.provider = reader.text(component, "provider", "invalid configuration")?;
        }
        Ok(own)
    }

    fn check_details(&self, reader: &Reader<'_, '_>) -> Result<(), Error> {
        if let Some(spacelift) = self.bag.get(Section::Settings).and_then(|settings| settings.get("spacelift"))
            && spacelift.as_map().is_none()
            && reader.scope.kind == super::Kind::Terraform
        {
            return Err(reader.wrong("invalid spacelift settings section", "settings.spacelift", spacelift));
        }
        let Some(metadata) = self.bag.get(Section::Metadata) else { return Ok(()) };
        if let Some(directory) = metadata.get("component")
            && directory.as_str().is_none()
            && !text_of(directory).is_some_and(|text| super::mark::is_marked(&text))
        {
            return Err(reader.wrong(
                "invalid component metadata.component attribute",
                "metadata.component",
                directory,
            ));
        }
        Ok(())
    }

    /// The sections of `overrides` that count.
    pub(crate) fn read_overrides(scope: &Scope<'_>, name: &str, overrides: &Node) -> Result<Own, Error> {
        let reader = Reader { scope, path: format!("components.{}.{name}", scope.kind) };
        if is_unset(overrides) {
            return Ok(Own::default());
        }
        if overrides.as_map().is_none() {
            return Err(reader.wrong("invalid component overrides section", "overrides", overrides));
        }
        let mut own = Own::default();
        for section in Section::ALL {
            if !section.has_overrides() || !section.applies_to(&scope.kind) {
                continue;
            }
            let Some(node) = overrides.get(section.key()) else { continue };
            if node.as_map().is_none() && !is_unset(node) {
                let phrase = match section {
                    Section::Secrets => "invalid component secrets section".to_owned(),
                    Section::Retry => "invalid configuration".to_owned(),
                    section => format!("invalid component overrides {} section", section.key()),
                };
                return Err(reader.wrong(&phrase, &format!("overrides.{}", section.key()), node));
            }
            own.bag.set(section, node.clone());
        }
        let attribute = |key: &str| format!("invalid component overrides {key} attribute");
        own.command = reader.text(overrides, "command", &attribute("command"))?;
        if scope.kind == super::Kind::Terraform {
            own.required_version = reader.text(overrides, "required_version", &attribute("required_version"))?;
        }
        Ok(own)
    }
}

/// Where values are read from, for errors.
struct Reader<'s, 'a> {
    scope: &'s Scope<'a>,
    path: String,
}

impl Reader<'_, '_> {
    fn text(&self, map: &Node, key: &str, phrase: &str) -> Result<String, Error> {
        match map.get(key) {
            None => Ok(String::new()),
            Some(node) => match text_of(node) {
                Some(text) => Ok(text),
                None => Err(self.wrong(phrase, key, node)),
            },
        }
    }

    fn wrong(&self, phrase: &str, key: &str, node: &Node) -> Error {
        let located = Located::new(&self.scope.host.sources, node.span);
        Error::Section {
            phrase: phrase.to_owned(),
            path: format!("{}.{key}", self.path),
            file: self.scope.stack.key.to_string(),
            found: format!("found {}", node.value.type_name()),
            place: located.text,
            source_code: located.source,
            at: located.at,
        }
    }
}

/// The text of a string, or of a function that is evaluated later.
pub(crate) fn text_of(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.to_string()),
        // The tag stays, since the text is neither rendered nor run.
        Value::Function(function) if &*function.tag == "!literal" => {
            function.argument.scalar_text().map(|text| super::mark::marked(&text))
        }
        Value::Function(_) => crate::value::to_json(node).as_str().map(str::to_owned),
        _ => None,
    }
}

/// The same, for names that are put together: without the mark of what was read.
pub(crate) fn name_of(node: &Node) -> Option<String> {
    Some(super::mark::unmarked(&text_of(node)?).to_owned())
}

/// The short form of `source`, a text, is the address of the long form.
fn source(node: &Node) -> Node {
    match node.as_str() {
        None => node.clone(),
        Some("") => Node::empty_map(),
        Some(_) => Node::from(Map::from_iter([(Arc::from("uri"), node.clone())])),
    }
}
