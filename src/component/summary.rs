//! What lists need of a component: its name, its stack, and a few keys of its metadata. Nothing is merged for that: each
//! value is taken from the strongest layer that has it.

use std::sync::Arc;

use rayon::prelude::*;

use super::chain::Chain;
use super::error::Error;
use super::kind::Kind;
use super::left_out::{self, Answer, Asked, Fault, Nameless};
use super::own::name_of;
use super::scope::Scope;
use super::section::Section;
use super::workspace::{self, Naming, StackName};
use crate::config::Config;
use crate::host::Host;
use crate::merge::{is_unset, merge_into, settle};
use crate::stack::{Document, Stack, StackIndex};
use crate::template::Reads;
use crate::value::{Map, Node};

/// A component in a stack, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Canonical name of the stack.
    pub stack: String,
    pub manifest: String,
    pub kind: Kind,
    pub name: String,
    /// Directory below the base path of the kind.
    pub folder: String,
    pub abstract_: bool,
    pub enabled: bool,
    pub locked: bool,
}

/// Every component of every stack, sorted by manifest, kind and name.
///
/// # Errors
/// The first manifest, by key, that cannot be used.
pub fn summaries(host: &Host, config: &Config, index: &StackIndex) -> Result<Vec<Summary>, Error> {
    let per_stack: Result<Vec<Vec<Summary>>, Error> = index
        .stacks()
        .par_iter()
        .map(|stack| summaries_of(host, config, index, stack))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    Ok(per_stack?.into_iter().flatten().collect())
}

/// The same, without what cannot be used as long as something is left. It is said what that is, and
/// whether it is a part of what was asked for.
///
/// # Errors
/// The first problem, when nothing is left, or when a component has no stack and that is refused.
pub fn usable(
    host: &Host,
    config: &Config,
    index: &StackIndex,
    nameless: Nameless,
    asked: &Asked,
) -> Result<Vec<Summary>, Error> {
    let mut all: Vec<Summary> = Vec::new();
    let mut faults = Vec::new();
    let per_stack: Vec<Partial> = index.stacks().par_iter().map(|stack| partial(host, config, index, stack)).collect();
    for (found, wrong) in per_stack {
        all.extend(found);
        faults.extend(wrong);
    }
    if faults.is_empty() {
        return Ok(all);
    }
    let answer = Answer::new(asked, all.iter().map(|one| (one.manifest.as_str(), one.stack.as_str())));
    left_out::tell(host, faults, all.is_empty(), nameless, &answer)?;
    Ok(all)
}

pub(super) type Partial = (Vec<Summary>, Vec<Fault>);

/// The components of a manifest that can be used, and what is wrong with the others.
pub(super) fn partial(host: &Host, config: &Config, index: &StackIndex, stack: &Stack) -> Partial {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    let manifest = stack.key.to_string();
    let whole = walk(host, config, index, stack, |name, summary| {
        match summary {
            Ok(summary) => found.extend(summary),
            Err(error) => {
                faults.push(Fault { manifest: manifest.clone(), component: Some(name.to_owned()), error });
            }
        }
        Ok(())
    });
    match whole {
        Ok(()) => (found, faults),
        Err(error) => (Vec::new(), vec![Fault { manifest, component: None, error }]),
    }
}

/// Every component of one manifest.
///
/// # Errors
/// The first component, by kind and name, that cannot be used.
pub fn summaries_of(host: &Host, config: &Config, index: &StackIndex, stack: &Stack) -> Result<Vec<Summary>, Error> {
    let mut found = Vec::new();
    walk(host, config, index, stack, |_, summary| {
        found.extend(summary?);
        Ok(())
    })?;
    Ok(found)
}

/// Hands over each component of a manifest, by kind and name.
fn walk(
    host: &Host,
    config: &Config,
    index: &StackIndex,
    stack: &Stack,
    mut take: impl FnMut(&str, Result<Option<Summary>, Error>) -> Result<(), Error>,
) -> Result<(), Error> {
    for kind in kinds(index, stack)? {
        let Some(scope) = Scope::new(host, config, index, stack, kind)? else { continue };
        let mut names: Vec<&Arc<str>> = scope.components()?.into_iter().flat_map(Map::keys).collect();
        names.sort();
        for name in names {
            let light = Light::of(&scope, name);
            take(name, light.and_then(|light| light.map(|light| light.summary()).transpose()))?;
        }
    }
    Ok(())
}

/// The kinds of components that a manifest has.
pub(crate) fn kinds(index: &StackIndex, stack: &Stack) -> Result<Vec<Kind>, Error> {
    Ok(kinds_in(&*index.document(stack)?))
}

/// The same of a merged manifest.
pub(super) fn kinds_in(document: &Document) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = document
        .node
        .get("components")
        .and_then(Node::as_map)
        .into_iter()
        .flat_map(Map::keys)
        .map(|key| Kind::from_key(key))
        .collect();
    kinds.sort();
    kinds
}

/// The sections of which single values are enough for a template of names.
const SECTIONS: [Section; 4] = [Section::Vars, Section::Settings, Section::Env, Section::Metadata];

/// A component whose layers are looked at, not merged.
pub(crate) struct Light<'s, 'a> {
    scope: &'s Scope<'a>,
    name: &'s str,
    component: &'s Node,
    overrides: Option<Node>,
    chain: Chain,
}

impl<'s, 'a> Light<'s, 'a> {
    pub(crate) fn of(scope: &'s Scope<'a>, name: &'s str) -> Result<Option<Light<'s, 'a>>, Error> {
        let Some(component) = scope.component(name)? else { return Ok(None) };
        let chain = match scope.kind {
            Kind::Custom(_) => Chain::default(),
            _ => Chain::of(scope, name, component)?,
        };
        Ok(Some(Light { scope, name, component, overrides: scope.overrides(name, component), chain }))
    }

    /// The value of one key of a section in the strongest layer that has it.
    fn value(&self, section: Section, key: &str) -> Option<Node> {
        let in_layer = |layer: &Node| in_layer(layer, section, key);
        let overrides = self.overrides.as_ref().filter(|_| section.has_overrides());
        overrides
            .and_then(in_layer)
            .or_else(|| in_layer(self.component))
            .or_else(|| self.inherited(section, key))
            .or_else(|| match self.scope.kind {
                Kind::Custom(_) => in_layer(&self.scope.document.node),
                _ => self.scope.defaults.get(section).and_then(|defaults| defaults.get(key)).cloned(),
            })
    }

    /// A variable of the component, as it is written.
    pub(crate) fn variable(&self, name: &str) -> Option<Node> {
        self.value(Section::Vars, name)
    }

    fn inherited(&self, section: Section, key: &str) -> Option<Node> {
        if !self.is_inherited(section, key) {
            return None;
        }
        let components = self.scope.components().ok().flatten()?;
        self.chain.order.iter().rev().find_map(|base| in_layer(components.get(base)?, section, key))
    }

    fn is_inherited(&self, section: Section, key: &str) -> bool {
        match section {
            Section::Metadata => self.scope.config.stacks.inherit_metadata && !matches!(key, "inherits" | "type"),
            _ => true,
        }
    }

    /// The name of the stack that the component is in.
    pub(crate) fn stack_name(&self) -> Result<StackName, Error> {
        if matches!(self.scope.kind, Kind::Custom(_)) {
            // Custom kinds merge whole components, bases without a chain: there is no short way.
            let built = super::custom::build(self.scope, self.name, self.component)?;
            return Ok(built.name);
        }
        let mut data = Node::default();
        if self.scope.name().is_none()
            && let Some(template) = workspace::name_template(self.scope.config).filter(|text| text.contains("{{"))
        {
            let Some(read) =
                self.scope.index.reads(workspace::NAME_TEMPLATE, template).and_then(|reads| self.read(&reads))
            else {
                // The template reads more than the sections of the layers: then nothing less than the component will do.
                let built = super::build::build(self.scope, self.name)?;
                return Ok(built.map_or(StackName::Key, |built| built.name));
            };
            data = read;
        }
        let value = |token: &str| self.value(Section::Vars, token).as_ref().and_then(name_of);
        workspace::stack_name(self.scope, &Naming { value: &value, data: &|| data.clone() })
    }

    /// What a template reads, merged; `None` when it reads more than values of plain sections.
    fn read(&self, reads: &Reads) -> Option<Node> {
        let Reads::Paths(paths) = reads else { return None };
        let mut data: Map = SECTIONS.iter().map(|section| (Arc::from(section.key()), Node::empty_map())).collect();
        for path in paths {
            let section = *SECTIONS.iter().find(|section| section.key() == &*path[0])?;
            let key = path.get(1)?;
            if let Some(node) = self.merged(section, key) {
                data.get_mut(section.key())?.make_map().insert(key.clone(), node);
            }
        }
        Some(Node::from(data))
    }

    /// The value of one key of a section, merged from all layers that have it.
    fn merged(&self, section: Section, key: &str) -> Option<Node> {
        let strategy = self.scope.index.strategy();
        let mut merged = Node::empty_map();
        for layer in self.layers(section, key) {
            merge_into(&mut merged, &Node::from(Map::from_iter([(Arc::from(key), layer)])), strategy);
        }
        settle(&merged).get(key).cloned()
    }

    /// The values of one key of a section, weakest layer first.
    fn layers(&self, section: Section, key: &str) -> Vec<Node> {
        let in_layer = |layer: &Node| in_layer(layer, section, key);
        let mut layers: Vec<Node> = Vec::new();
        layers.extend(self.scope.defaults.get(section).and_then(|defaults| defaults.get(key)).cloned());
        if self.is_inherited(section, key)
            && let Some(components) = self.scope.components().ok().flatten()
        {
            layers.extend(self.chain.order.iter().filter_map(|base| in_layer(components.get(base)?)));
        }
        layers.extend(in_layer(self.component));
        layers.extend(self.overrides.as_ref().filter(|_| section.has_overrides()).and_then(in_layer));
        layers
    }

    /// Directory below the base path of the kind.
    pub(crate) fn folder(&self) -> String {
        let written = self.value(Section::Metadata, "component").as_ref().and_then(name_of);
        written
            .or_else(|| self.chain.legacy.clone())
            .filter(|folder| !folder.is_empty())
            .unwrap_or_else(|| self.name.to_owned())
    }

    /// Whether it is only there to be inherited from.
    pub(crate) fn is_abstract(&self) -> bool {
        self.component.get_path(["metadata", "type"]).and_then(Node::as_str) == Some("abstract")
    }

    pub(crate) fn summary(&self) -> Result<Summary, Error> {
        let name = self.stack_name()?;
        let flag = |key: &str| self.value(Section::Metadata, key).and_then(|node| node.as_bool());
        Ok(Summary {
            stack: name.canonical(&self.scope.stack.key).to_owned(),
            manifest: self.scope.stack.key.to_string(),
            kind: self.scope.kind.clone(),
            name: self.name.to_owned(),
            folder: self.folder(),
            abstract_: self.is_abstract(),
            enabled: flag("enabled") != Some(false),
            locked: flag("locked") == Some(true),
        })
    }
}

/// The value that one layer has; a section that is `!unset` takes each of its keys away.
fn in_layer(layer: &Node, section: Section, key: &str) -> Option<Node> {
    let node = layer.get(section.key())?;
    if is_unset(node) { Some(node.clone()) } else { node.get(key).cloned() }
}
