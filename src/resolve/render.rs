//! Templates of single scalars: compiled once for the whole run, rendered with the data of the component.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use super::data;
use super::error::Error;
use super::outside::Outside;
use super::settings::{self, Templating};
use super::walk::Evaluation;
use crate::config::Config;
use crate::span::{Place, Span};
use crate::template::{self, MissingKey, Options, Reads, Source, Template, Val};
use crate::value::{Map, Node};

/// A template: where it stands, and its text.
type Key = (Span, Arc<str>);

/// Compiled templates by place and text. A text that many stacks import is compiled once.
#[derive(Debug, Default)]
pub(super) struct Templates {
    known: RwLock<HashMap<Key, Arc<Compiled>>>,
}

#[derive(Debug)]
pub(super) struct Compiled {
    template: Result<Template, Arc<template::Error>>,
    needs: Needs,
}

/// Parts of the data that take an effort to put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Needs {
    dependencies: bool,
    versions: bool,
    integrations: bool,
    /// How the command ended that a hook belongs to.
    ending: bool,
}

/// The data of one component, put together at the first template, and the variables that its templates see.
#[derive(Debug, Default)]
pub(super) struct Data {
    vals: RefCell<BTreeMap<Needs, Val>>,
    pub variables: OnceCell<BTreeMap<String, String>>,
}

impl Compiled {
    fn new(templating: &Templating, name: &str, text: &str, place: Option<crate::span::Place>) -> Compiled {
        let (delimiters, functions) = (templating.delimiters.clone(), templating.functions);
        let template = Template::parse(&Source { name, text, delimiters, functions, place }).map_err(Arc::new);
        let reads = template.as_ref().map_or_else(|_| Reads::Paths(BTreeSet::default()), Template::reads);
        let dependencies = reads.touches(&["deps"]) || reads.touches(&["deps_all"]);
        let versions = matches!(&reads, Reads::Paths(_)) && reads.touches(&["version"]) || text.contains(".version");
        let integrations = reads.touches(&["spacelift_stack"]) || reads.touches(&["atlantis_project"]);
        let ending = data::ENDING.iter().any(|name| reads.touches(&[name]));
        Compiled { template, needs: Needs { dependencies, versions, integrations, ending } }
    }
}

/// What is wrong with a text of a component as a template. A text that is no template, and one in a repository whose
/// templates are not rendered, has no such fault.
pub fn template_fault(config: &Config, name: &str, text: &str, place: Option<Place>) -> Option<template::Error> {
    let Templating { delimiters, functions, .. } = Templating::new(config);
    if !config.templates.enabled || !text.contains(delimiters.left()) {
        return None;
    }
    Template::parse(&Source { name, text, delimiters, functions, place }).err()
}

impl Evaluation<'_> {
    /// Whether a text is a template here.
    pub(super) fn is_template(&self, text: &str) -> bool {
        self.templating.as_ref().is_some_and(|templating| {
            // Nearly every text of a repository goes through here, and nearly none has the first byte.
            let left = templating.delimiters.left();
            let first = left.as_bytes().first().and_then(|first| memchr::memchr(*first, text.as_bytes()));
            first.is_some_and(|at| text[at..].contains(left))
        })
    }

    /// What the template gives; `None` when the text is none. `node` has its place.
    pub(super) fn render(&self, text: &Arc<str>, node: &Node) -> Result<Option<String>, Error> {
        let Some(templating) = self.templating.as_ref().filter(|_| self.is_template(text)) else { return Ok(None) };
        let compiled = self.compiled(templating, text, node.span);
        let (mut result, mut foreign) = self.pass(&compiled, text, node)?;
        for _ in 1..templating.passes {
            // Values of stores, functions and other components are data. Who wants them rendered says so.
            let is_data = foreign && !settings::allows_generated_functions(self.evaluator.config);
            if is_data || !self.is_template(&result) {
                break;
            }
            let name = self.site(node).path;
            let place = self.evaluator.host.sources.place(node.span);
            let again = Compiled::new(templating, &name, &result, place);
            (result, foreign) = self.pass(&again, &result, node)?;
        }
        Ok(Some(result))
    }

    fn compiled(&self, templating: &Templating, text: &Arc<str>, span: Span) -> Arc<Compiled> {
        let templates = &self.evaluator.memo.templates.known;
        let key = (span, text.clone());
        if let Some(known) = templates.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let name = self.site(&Node::default()).path;
        let new = Arc::new(Compiled::new(templating, &name, text, self.evaluator.host.sources.place(span)));
        templates.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(new).clone()
    }

    /// What a template gives, and whether what looks like a template in it may be data.
    fn pass(&self, compiled: &Compiled, text: &str, node: &Node) -> Result<(String, bool), Error> {
        let failed = |cause: Arc<template::Error>| Error::Template { cause, site: self.site(node) };
        let template = compiled.template.as_ref().map_err(|cause| failed(cause.clone()))?;
        let data = self.template_data(compiled.needs, node)?;
        let mut outside = Outside::new(self, text);
        let result = template.render(data, &self.missing_key(), &mut outside);
        Ok((result.map_err(|cause| failed(Arc::new(cause)))?, outside.foreign.get()))
    }

    /// What a value that is missing becomes: `<no value>` unless the repository wants an error.
    fn missing_key(&self) -> Options {
        let strict = self.evaluator.config.engine.missing_values_are_errors;
        Options { missing_key: if strict { MissingKey::Error } else { MissingKey::Default }, ..Options::default() }
    }

    fn template_data(&self, needs: Needs, node: &Node) -> Result<Val, Error> {
        let needs = Needs { ending: needs.ending && self.is_below("hooks"), ..needs };
        if let Some(known) = self.data.vals.borrow().get(&needs) {
            return Ok(known.clone());
        }
        let mut map: Map = data::section(self.instance);
        if needs.dependencies {
            data::add_dependencies(&self.evaluator, self.instance, &mut map);
        }
        if needs.integrations {
            data::add_integrations(&self.evaluator, self.instance, &mut map);
        }
        if needs.versions && !map.contains_key("version") {
            let versions =
                self.versions().map_err(|problem| self.failed(".version", &Node::default(), problem, node))?;
            map.insert(Arc::from("version"), versions);
        }
        if needs.ending {
            data::add_ending(&self.options.ending, &mut map);
        }
        let val = Val::from(Node::from(map));
        self.data.vals.borrow_mut().insert(needs, val.clone());
        Ok(val)
    }

    /// A variable of `templates.settings.env`.
    pub(super) fn template_variables(&self) -> &BTreeMap<String, String> {
        self.data.variables.get_or_init(|| settings::variables(self.evaluator.config, self.instance))
    }
}
