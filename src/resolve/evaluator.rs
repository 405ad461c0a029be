//! One instance evaluated, and what evaluations of one run share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::datasource;
use super::error::Error;
use super::options::Options;
use super::render::Templates;
use super::stores::Identities;
use super::walk::Evaluation;
use crate::component::Instance;
use crate::config::Config;
use crate::host::Host;
use crate::stack::StackIndex;
use crate::store::Stores;
use crate::value::{Map, Node};
use crate::yaml_fn;

/// Components that ask for each other deeper than this are refused.
const DEPTH: usize = 64;

/// Evaluates instances. Cheap to copy; usable from many threads at once.
#[derive(Clone, Copy)]
pub struct Evaluator<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub index: &'a StackIndex,
    pub memo: &'a Memo,
    /// Who components run as.
    pub identities: &'a dyn Identities,
}

/// What was compiled, run and read already: commands, templates, components that templates ask for, data sources.
#[derive(Debug, Default)]
pub struct Memo {
    pub(super) functions: yaml_fn::Memo,
    pub(super) templates: Templates,
    pub(super) sources: datasource::Known,
    /// Made by the first who asks for one.
    pub(super) stores: OnceLock<Stores>,
    components: Mutex<HashMap<(String, String), Node>>,
}

impl Memo {
    /// What `atmos.Component` gave for a component in a stack.
    pub(super) fn component(&self, component: &str, stack: &str) -> Option<Node> {
        let known = self.components.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(component.to_owned(), stack.to_owned())).cloned()
    }

    pub(super) fn keep_component(&self, component: &str, stack: &str, node: &Node) {
        let mut known = self.components.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((component.to_owned(), stack.to_owned()), node.clone());
    }
}

/// The components that are being evaluated because one asked for the other, innermost first.
#[derive(Clone, Copy)]
pub(super) struct Chain<'c> {
    component: &'c str,
    stack: &'c str,
    above: Option<&'c Chain<'c>>,
}

impl<'c> Chain<'c> {
    fn new(instance: &'c Instance, above: Option<&'c Chain<'c>>) -> Chain<'c> {
        Chain { component: &instance.name, stack: &instance.stack, above }
    }

    fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::successors(Some(self), |link| link.above).map(|link| (link.component, link.stack))
    }

    /// Refuses a component that is asked for while it is being evaluated.
    pub(super) fn check(&self, component: &str, stack: &str) -> Result<(), Error> {
        let is_known = self.links().any(|link| link == (component, stack));
        if !is_known && self.links().count() < DEPTH {
            return Ok(());
        }
        let mut links: Vec<(&str, &str)> = self.links().collect();
        links.reverse();
        links.push((component, stack));
        let lines = links.iter().enumerate().map(|(index, (component, stack))| {
            format!("\n  {}. Component '{component}' in stack '{stack}'", index + 1)
        });
        let end = if is_known { " (cycle detected)" } else { " (too deep)" };
        Err(Error::Cycle { chain: lines.collect::<String>() + end })
    }
}

impl Evaluator<'_> {
    /// The instance with every template rendered and every function in its sections replaced by its value.
    ///
    /// # Errors
    /// A template that cannot be rendered, a function that fails or is not built, wrong arguments, or a
    /// `settings.auth.identity` that is not a name.
    pub fn evaluate(&self, instance: &Instance, options: &Options) -> Result<Instance, Error> {
        self.evaluate_for(instance, options, None)
    }

    /// Begins to read from stores what these instances will ask for, so that one does not wait for the other. Whatever is
    /// wrong with it, their evaluation says.
    pub fn begin<'i>(&self, instances: impl IntoIterator<Item = &'i Instance>, options: &Options) {
        for instance in instances {
            let evaluation = Evaluation::new(*self, instance, options, Chain::new(instance, None));
            if evaluation.stores().is_empty() {
                return;
            }
            evaluation.begin();
        }
    }

    /// The same, for a component that asks for this one.
    pub(super) fn evaluate_for(
        &self,
        instance: &Instance,
        options: &Options,
        above: Option<&Chain<'_>>,
    ) -> Result<Instance, Error> {
        let chain = Chain::new(instance, above);
        let evaluation = Evaluation::new(*self, instance, options, chain);
        evaluation.check_identity()?;
        evaluation.begin();
        let mut evaluated = instance.clone();
        for (name, node) in evaluated.sections.named_mut() {
            if options.needs(name) {
                evaluation.replace(name, node)?;
            }
        }
        for (name, node) in &mut evaluated.sections.extra {
            // Mocks stand in for real things; evaluating them could reach what they replace.
            if &**name != "mocks" && options.needs(name) {
                evaluation.replace(name, node)?;
            }
        }
        let sections = &mut evaluated.sections;
        for (name, text) in [
            ("backend_type", &mut sections.backend_type),
            ("remote_state_backend_type", &mut sections.remote_state_backend_type),
            ("required_version", &mut sections.required_version),
            ("command", &mut evaluated.command),
            ("workspace", &mut evaluated.workspace),
            ("component", &mut evaluated.component),
        ] {
            evaluation.replace_text(name, text)?;
        }
        merge_layers(&evaluation, &mut evaluated)?;
        evaluation.check_evaluated_identity(&evaluated.sections.settings)?;
        follow_metadata(&mut evaluated);
        Ok(evaluated)
    }
}

/// Puts the merged value in place where functions of one layer met values of others.
fn merge_layers(evaluation: &Evaluation<'_>, evaluated: &mut Instance) -> Result<(), Error> {
    for layered in &evaluation.instance.layered {
        let Some((section, keys)) = layered.path.split_first() else { continue };
        let Some((last, parents)) = keys.split_last() else { continue };
        if !evaluation.options.needs(section) {
            continue;
        }
        let values = evaluation.layers(layered)?;
        let mut sections = evaluated.sections.named_mut().into_iter();
        let section = sections.find(|(name, _)| **name == **section).map(|(_, node)| node);
        let Some(map) = section.and_then(|node| inner(node, parents)) else { continue };
        if evaluation.options.process_functions {
            map.insert(last.clone(), layered.merged(values));
        } else if map.get(last).is_some_and(Node::is_null) {
            // A function as text is a value like any other, but null takes nothing away from it.
            map.insert(last.clone(), values.into_iter().next_back().unwrap_or_default());
        }
    }
    Ok(())
}

/// The map behind a chain of keys.
fn inner<'n>(node: &'n mut Node, keys: &[Arc<str>]) -> Option<&'n mut Map> {
    node.as_map()?;
    let map = node.make_map();
    match keys.split_first() {
        Some((key, rest)) => inner(map.get_mut(key)?, rest),
        None => Some(map),
    }
}

/// The facts that metadata decides, from its evaluated values.
fn follow_metadata(instance: &mut Instance) {
    let metadata = &instance.sections.metadata;
    let is = |key: &str, value: bool| metadata.get(key).and_then(Node::as_bool) == Some(value);
    let (enabled, locked) = (!is("enabled", false), is("locked", true));
    let directory = metadata.get("component").and_then(Node::as_str).unwrap_or(&instance.component).to_owned();
    instance.enabled = enabled;
    instance.locked = locked;
    instance.base_component = (directory != instance.name && !directory.is_empty()).then_some(directory);
    instance.folder = instance.base_component.clone().unwrap_or_else(|| instance.name.clone());
}
