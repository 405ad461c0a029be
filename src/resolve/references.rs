//! Which components the values of a component refer to by `!terraform.state`, `!terraform.output` and `atmos.Component`, as
//! far as that can be seen without evaluating anything: what closes a circle could never be applied for the first time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::chain::Chain;
use super::data;
use super::error::Error;
use super::evaluator::Evaluator;
use super::settings::Templating;
use crate::component::{self, Instance, Kind};
use crate::config::Config;
use crate::template::{Argument, AtmosCall, Source, Template};
use crate::value::{Node, Value};
use crate::yaml_fn::{OutputArguments, written_as_function};

/// A component in a stack.
pub(super) type Key = (String, String);

/// One reference: what is written, and the component it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub tag: String,
    pub text: String,
    pub component: String,
    pub stack: String,
}

impl Reference {
    fn key(&self) -> Key {
        (self.component.clone(), self.stack.clone())
    }

    pub(super) fn call(&self) -> String {
        if self.tag == COMPONENT {
            return format!("{COMPONENT}(\"{}\", \"{}\")", self.component, self.stack);
        }
        format!("{} {}", self.tag, self.text)
    }
}

/// The function of templates that gives another component.
const COMPONENT: &str = "atmos.Component";

/// What a component leads to: each with the one before it and the call.
type Reachable = BTreeMap<Key, (Key, String)>;

/// The steps from the start to a component. Every entry leads one step back.
fn way_to<'r>(reachable: &'r Reachable, end: &'r Key, start: &Key) -> Vec<(&'r Key, &'r str)> {
    let mut path: Vec<(&Key, &str)> = Vec::new();
    let mut at = end;
    while let Some((before, call)) = reachable.get(at).filter(|_| path.len() <= reachable.len()) {
        path.push((at, call));
        at = before;
        if *at == *start {
            break;
        }
    }
    path.reverse();
    path
}

/// What was found already.
#[derive(Debug, Default)]
pub(super) struct Known {
    instances: Mutex<HashMap<Key, Arc<Instance>>>,
    references: Mutex<HashMap<Key, Arc<[Reference]>>>,
    reachable: Mutex<HashMap<Key, Arc<Reachable>>>,
}

pub(super) fn is_output(tag: &str) -> bool {
    matches!(tag, "!terraform.state" | "!terraform.output")
}

/// Whether values of a component may depend on outputs of others, so that they change when those are applied.
pub fn depends_on_outputs(instance: &Instance) -> bool {
    depends(instance, &["!terraform.", "atmos.Component"])
}

/// Whether values of a component may come from a store, so that they change when the hooks of others write there.
pub fn depends_on_stores(instance: &Instance) -> bool {
    depends(instance, &["!store", "!secret", "atmos.Store"])
}

fn depends(instance: &Instance, words: &[&str]) -> bool {
    fn mentions(node: &Node, words: &[&str]) -> bool {
        match &node.value {
            Value::Map(map) => map.values().any(|item| mentions(item, words)),
            Value::List(list) => list.iter().any(|item| mentions(item, words)),
            Value::Function(function) => {
                words.iter().any(|word| function.tag.starts_with(word)) || mentions(&function.argument, words)
            }
            Value::String(text) => words.iter().any(|word| text.contains(word)),
            _ => false,
        }
    }
    let sections = instance.sections.named().into_iter().map(|(_, node)| node);
    sections.chain(instance.sections.extra.values()).any(|node| mentions(node, words))
}

/// What every evaluation of a component looks at.
fn values(instance: &Instance) -> impl Iterator<Item = &Node> {
    let sections = instance.sections.named().into_iter().map(|(_, node)| node);
    sections.chain(instance.sections.extra.iter().filter(|(name, _)| &***name != "mocks").map(|(_, node)| node))
}

/// Calls of the functions of `atmos.` in the templates of a value.
fn calls(node: &Node, templating: &Templating, found: &mut Vec<AtmosCall>) {
    match &node.value {
        Value::Map(map) => map.values().for_each(|item| calls(item, templating, found)),
        Value::List(list) => list.iter().for_each(|item| calls(item, templating, found)),
        Value::Function(function) => calls(&function.argument, templating, found),
        Value::String(text) if text.contains("atmos.") && text.contains(templating.delimiters.left()) => {
            let (delimiters, functions) = (templating.delimiters.clone(), templating.functions);
            // What is no template is an error of the evaluation.
            if let Ok(template) = Template::parse(&Source { name: "", text, delimiters, functions, place: None }) {
                found.extend(template.atmos_calls());
            }
        }
        _ => {}
    }
}

/// The values of a component whose templates ask for others perhaps: behind a condition, in a loop, in a defined template.
pub(super) fn conditional_calls<'i>(instance: &'i Instance, config: &Config) -> Vec<&'i Node> {
    fn search<'n>(node: &'n Node, templating: &Templating, found: &mut Vec<&'n Node>) {
        match &node.value {
            Value::Map(map) => map.values().for_each(|item| search(item, templating, found)),
            Value::List(list) => list.iter().for_each(|item| search(item, templating, found)),
            Value::Function(_) | Value::String(_) => {
                let text = match &node.value {
                    Value::Function(function) => function.argument.as_str(),
                    _ => node.as_str(),
                };
                let written =
                    text.map_or(0, |text| text.matches(COMPONENT).count() + text.matches("atmos.Resolve").count());
                let mut certain = Vec::new();
                if written > 0 {
                    calls(node, templating, &mut certain);
                }
                if certain.iter().filter(|call| matches!(&*call.name, "Component" | "Resolve")).count() < written {
                    found.push(node);
                }
            }
            _ => {}
        }
    }
    let (templating, mut found) = (Templating::new(config), Vec::new());
    values(instance).for_each(|node| search(node, &templating, &mut found));
    found
}

/// The references in one value by functions whose arguments are no templates.
pub(super) fn collect(node: &Node, instance: &Instance, left: &str, found: &mut Vec<Reference>) {
    let mut add = |tag: &str, text: &str| {
        if !is_output(tag) || text.contains(left) {
            return;
        }
        let Ok(arguments) = OutputArguments::parse(text) else { return };
        found.push(Reference {
            tag: tag.to_owned(),
            text: text.trim().to_owned(),
            component: arguments.component,
            stack: arguments.stack.unwrap_or_else(|| instance.stack.clone()),
        });
    };
    match &node.value {
        Value::Map(map) => map.values().for_each(|item| collect(item, instance, left, found)),
        Value::List(list) => list.iter().for_each(|item| collect(item, instance, left, found)),
        Value::Function(function) => {
            if let Some(text) = function.argument.as_str() {
                add(&function.tag, text);
            }
        }
        Value::String(text) if text.starts_with('!') => {
            if let Some((tag, text)) = written_as_function(text) {
                add(tag, text);
            }
        }
        _ => {}
    }
}

impl Evaluator<'_> {
    /// The component as it is written; looked for once.
    pub(super) fn written(&self, component: &str, stack: &str) -> Result<Arc<Instance>, component::Error> {
        let key = (component.to_owned(), stack.to_owned());
        let known = || self.memo.known.instances.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(instance) = known().get(&key) {
            return Ok(instance.clone());
        }
        // Found without the lock: others may look for the same meanwhile, which costs little and blocks nobody.
        let kind = Some(Kind::Terraform);
        let found = component::find(self.host, self.config, self.index, component, stack, kind)?;
        Ok(known().entry(key).or_insert_with(|| Arc::new(found)).clone())
    }

    /// Refuses a component whose own references lead back to one that is being evaluated.
    pub(super) fn check_circle(
        &self,
        start: &Instance,
        call: &str,
        chain: &Chain<'_>,
        renders: bool,
    ) -> Result<(), Error> {
        let reachable = self.reachable(start, renders);
        let own: Key = (start.name.clone(), start.stack.clone());
        let closing = reachable.keys().filter(|key| **key == own || chain.has(&key.0, &key.1));
        // What is met first ends the round; the next one would say the same again.
        let Some(path) = closing.map(|key| way_to(&reachable, key, &own)).min_by_key(Vec::len) else { return Ok(()) };
        let first = (start.name.as_str(), start.stack.as_str(), call);
        let more = path.into_iter().map(|(key, call)| (key.0.as_str(), key.1.as_str(), call));
        let steps: Vec<_> = std::iter::once(first).chain(more).collect();
        Err(chain.circle(&steps, " (cycle detected)"))
    }

    /// `renders`: the command evaluates templates, too.
    fn reachable(&self, start: &Instance, renders: bool) -> Arc<Reachable> {
        let own: Key = (start.name.clone(), start.stack.clone());
        let known = || self.memo.known.reachable.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reachable) = known().get(&own) {
            return reachable.clone();
        }
        let mut reachable = Reachable::new();
        let mut open = vec![(own.clone(), self.references(start, renders))];
        while let Some((from, references)) = open.pop() {
            for reference in references.iter() {
                // What is not there is an error of the one who asks for it, when it does.
                let next = self.written(&reference.component, &reference.stack).ok();
                // The name of the stack may be another one than the canonical.
                let key = next.as_ref().map_or_else(|| reference.key(), |next| (next.name.clone(), next.stack.clone()));
                if reachable.contains_key(&key) {
                    continue;
                }
                reachable.insert(key.clone(), (from.clone(), reference.call()));
                if let Some(next) = next.filter(|_| key != own) {
                    open.push((key, self.references(&next, renders)));
                }
            }
        }
        known().entry(own).or_insert_with(|| Arc::new(reachable)).clone()
    }

    /// The references of a component; looked for once.
    fn references(&self, instance: &Instance, renders: bool) -> Arc<[Reference]> {
        let key: Key = (instance.name.clone(), instance.stack.clone());
        let known = || self.memo.known.references.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(references) = known().get(&key) {
            return references.clone();
        }
        let left = self.left_delimiter();
        let mut found = Vec::new();
        values(instance).for_each(|node| collect(node, instance, &left, &mut found));
        // A component that is disabled sees nothing of others.
        if renders && self.config.templates.enabled && instance.enabled {
            self.rendered_references(instance, &left, &mut found);
        }
        known().entry(key).or_insert_with(|| found.into()).clone()
    }

    /// The references that templates make whatever the data is: a condition may keep a component from asking for itself.
    fn rendered_references(&self, instance: &Instance, left: &str, found: &mut Vec<Reference>) {
        let templating = Templating::new(self.config);
        let mut all = Vec::new();
        values(instance).for_each(|node| calls(node, &templating, &mut all));
        if all.is_empty() {
            return;
        }
        let data = Node::from(data::section(instance, None));
        let text = |argument: &Argument| match argument {
            Argument::Text(text) => Some(text.clone()),
            Argument::Path(path) => data.get_path(path.iter().map(|key| &**key))?.as_str().map(str::to_owned),
            Argument::Other => None,
        };
        for call in all {
            let arguments: Option<Vec<String>> = call.arguments.iter().map(text).collect();
            let Some(arguments) = arguments.filter(|texts| !texts.iter().any(|text| text.contains(left))) else {
                continue;
            };
            match (&*call.name, arguments.as_slice()) {
                ("Component", [component, stack]) => found.push(Reference {
                    tag: COMPONENT.to_owned(),
                    text: String::new(),
                    component: component.clone(),
                    stack: stack.clone(),
                }),
                ("Resolve", [text]) => collect(&Node::from(text.as_str()), instance, left, found),
                _ => {}
            }
        }
    }

    pub(super) fn left_delimiter(&self) -> String {
        let delimiters = self.config.templates.delimiters.as_ref();
        delimiters.map_or_else(|| "{{".to_owned(), |(left, _)| left.clone())
    }
}
