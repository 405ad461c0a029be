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
use crate::content::{Foreign, Written};
use crate::merge::is_unset;
use crate::span::{Place, Span};
use crate::template::{self, MissingKey, Options, Reads, Source, Template, Val};
use crate::value::{Map, Node, Value, to_json};

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
    reads: Reads,
    needs: Needs,
}

/// A text that is rendered.
#[derive(Debug)]
pub(super) struct Step {
    pub text: Arc<str>,
    compiled: Arc<Compiled>,
}

/// One rendering of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass<'t> {
    /// What stands in the manifest, then what each pass made of it. Never empty.
    pub steps: &'t [Step],
    span: Span,
    /// The result says whether it is data, since templates in it are rendered once more in the file that it becomes.
    pub marks: bool,
}

impl<'t> Pass<'t> {
    /// What is rendered now.
    pub(super) fn step(&self) -> &'t Step {
        &self.steps[self.steps.len() - 1]
    }
}

/// What a text became.
#[derive(Debug)]
pub(super) struct Rendered {
    pub text: String,
    /// It has what looks like a template and was read.
    pub data: bool,
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
    pub variables: OnceCell<BTreeMap<String, Node>>,
    /// Those that are functions, evaluated.
    evaluated: RefCell<BTreeMap<String, Option<(String, bool)>>>,
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
        Compiled { template, reads, needs: Needs { dependencies, versions, integrations, ending } }
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
    pub(super) fn render(&self, text: &Arc<str>, node: &Node) -> Result<Option<Rendered>, Error> {
        let Some(templating) = self.templating.as_ref().filter(|_| self.is_template(text)) else { return Ok(None) };
        let mut steps = vec![Step { text: text.clone(), compiled: self.compiled(templating, text, node.span) }];
        let mut foreign = Foreign::default();
        let marks = self.is_below("generate");
        loop {
            let pass = Pass { steps: &steps, span: node.span, marks };
            let (result, read) = self.pass(&pass, node)?;
            let is_last = steps.len() == templating.passes as usize;
            if is_last && !marks || !self.is_template(&result) {
                return Ok(Some(Rendered { text: result, data: false }));
            }
            // Values of stores, functions and other components are data. Who wants them rendered says so.
            if templating.opening.is_some() {
                foreign.add(read);
                foreign.add(self.marked(&pass));
                if foreign.made_template(&result, self.opening(), || self.written(&steps)) {
                    return Ok(Some(Rendered { text: result, data: true }));
                }
            }
            if is_last {
                return Ok(Some(Rendered { text: result, data: false }));
            }
            let place = self.evaluator.host.sources.place(node.span);
            let compiled = Compiled::new(templating, &self.site(node).path, &result, place);
            steps.push(Step { text: Arc::from(result), compiled: Arc::new(compiled) });
        }
    }

    /// With what a template begins, unless data may be templates.
    pub(super) fn opening(&self) -> Option<&str> {
        self.templating.as_ref()?.opening.as_deref()
    }

    /// What a template reads of the component that is marked as data.
    pub(super) fn marked(&self, pass: &Pass<'_>) -> Foreign {
        let mut foreign = Foreign::default();
        let opening = self.opening();
        foreign.note_marked(&Node::new(Value::Null, pass.span), opening);
        let mut section = data::section(self.instance, self.opening());
        if pass.step().compiled.needs.integrations {
            data::add_integrations(&self.evaluator, self.instance, &mut section);
        }
        let section = Node::from(section);
        match &pass.step().compiled.reads {
            Reads::Paths(paths) => {
                for path in paths {
                    foreign.note_marked_at(&section, path.iter().map(|key| &**key), opening);
                }
            }
            Reads::Everything => foreign.note_marked(&section, opening),
        }
        foreign
    }

    /// What was rendered so far, and what the component has of templates that somebody wrote.
    pub(super) fn written(&self, steps: &[Step]) -> Written {
        let mut written = Written::default();
        for step in steps {
            written.text(&step.text);
            if let Ok(template) = &step.compiled.template {
                written.text(&template.constants());
            }
        }
        written.node(&Node::from(data::section(self.instance, self.opening())), self.opening());
        written
    }

    /// Whether a text that was put together from values of the component has a template that nobody wrote.
    pub(super) fn is_read(&self, text: &str) -> bool {
        self.is_template(text) && data::is_read(text, &self.instance.to_map(), self.opening())
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

    /// What a template gives, and what was read for it.
    fn pass(&self, pass: &Pass<'_>, node: &Node) -> Result<(String, Foreign), Error> {
        let failed = |cause: Arc<template::Error>| Error::Template { cause, site: self.site(node) };
        let compiled = &pass.step().compiled;
        let template = compiled.template.as_ref().map_err(|cause| failed(cause.clone()))?;
        let data = self.template_data(compiled.needs, node)?;
        let mut outside = Outside::new(self, *pass);
        let result = template.render(data, &self.missing_key(), &mut outside);
        if let Some(error) = outside.failed.take() {
            return Err(error);
        }
        Ok((result.map_err(|cause| failed(Arc::new(cause)))?, outside.foreign.into_inner()))
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
        let mut map: Map = data::section(self.instance, self.opening());
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

    /// Names of the variables of `templates.settings.env`.
    pub(super) fn template_variables(&self) -> &BTreeMap<String, Node> {
        self.data.variables.get_or_init(|| settings::variables(self.evaluator.config, self.instance))
    }

    /// A variable of `templates.settings.env`, evaluated, with whether it is data. One that asks for itself means the one
    /// outside.
    pub(super) fn template_variable(&self, name: &str) -> Result<Option<(String, bool)>, Error> {
        let Some(node) = self.template_variables().get(name) else { return Ok(None) };
        if let Value::String(text) = &node.value {
            return Ok(Some((text.to_string(), node.span.is_data())));
        }
        if let Some(known) = self.data.evaluated.borrow().get(name) {
            return Ok(known.clone());
        }
        // Marks the variable as one that is being evaluated.
        self.data.evaluated.borrow_mut().insert(name.to_owned(), None);
        let path = format!("settings.templates.settings.env.{name}");
        let text = self.elsewhere(&path, || self.evaluated(node)).map(|value| {
            let value = value.unwrap_or_else(|| node.clone());
            let text = value.scalar_text().unwrap_or_else(|| text_of(&value));
            Some((text, true)).filter(|_| !is_unset(&value))
        });
        match &text {
            Ok(text) => drop(self.data.evaluated.borrow_mut().insert(name.to_owned(), text.clone())),
            Err(_) => drop(self.data.evaluated.borrow_mut().remove(name)),
        }
        text
    }
}

/// What is no scalar, as JSON; a function that is not evaluated, as it is written.
fn text_of(node: &Node) -> String {
    match to_json(node) {
        serde_json::Value::String(text) => text,
        json => json.to_string(),
    }
}
