//! The walk over the values of an instance.

use std::sync::Arc;

use super::error::Error;
use super::function::written_as_function;
use crate::component::Instance;
use crate::config::Config;
use crate::host::Host;
use crate::stack::Located;
use crate::value::{Map, Node, Path, Value};

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Render Go templates where `templates.settings.enabled` asks for it.
    pub process_templates: bool,
    /// Evaluate YAML functions.
    pub process_functions: bool,
    /// Functions that stay as they are written, with or without `!`.
    pub skip: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options { process_templates: true, process_functions: true, skip: Vec::new() }
    }
}

/// The instance with every function in its sections replaced by its value.
///
/// # Errors
/// A function or a template that is not built, wrong arguments, or a `settings.auth.identity` that is not a name.
pub fn evaluate(host: &Host, config: &Config, instance: &Instance, options: &Options) -> Result<Instance, Error> {
    let templates = options.process_templates && config.templates.enabled;
    let delimiter = templates.then(|| config.templates.delimiters.as_ref().map_or("{{", |(open, _)| open.as_str()));
    let mut evaluation = Evaluation { host, config, instance, options, delimiter, path: Path::new() };
    evaluation.check_identity()?;
    let mut evaluated = instance.clone();
    for (name, node) in evaluated.sections.named_mut() {
        evaluation.replace(name, node)?;
    }
    for (name, node) in &mut evaluated.sections.extra {
        // Mocks stand in for real things; evaluating them could reach what they replace.
        if &**name != "mocks" {
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
    follow_metadata(&mut evaluated);
    Ok(evaluated)
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

/// One evaluation under way.
pub(crate) struct Evaluation<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub instance: &'a Instance,
    pub options: &'a Options,
    /// What begins a template, where templates are rendered.
    delimiter: Option<&'a str>,
    pub path: Path,
}

impl Evaluation<'_> {
    fn replace(&mut self, name: &str, node: &mut Node) -> Result<(), Error> {
        self.path.push_key(name);
        if let Some(value) = self.node(node)? {
            *node = value;
        }
        self.path.pop();
        Ok(())
    }

    fn replace_text(&mut self, name: &str, text: &mut String) -> Result<(), Error> {
        let mut node = Node::from(text.as_str());
        self.replace(name, &mut node)?;
        if let Some(value) = node.as_str() {
            value.clone_into(text);
        }
        Ok(())
    }

    /// The evaluated node; `None` when nothing in it changes.
    fn node(&mut self, node: &Node) -> Result<Option<Node>, Error> {
        let value = match &node.value {
            Value::String(text) => self.text(text, node)?,
            Value::Function(function) => {
                if &*function.tag != "!literal" {
                    self.check_template(&function.argument, node)?;
                }
                self.call(&function.tag, &function.argument, node)?
            }
            Value::Map(map) => self.map(map)?,
            Value::List(list) => self.list(list)?,
            _ => None,
        };
        Ok(value.map(|value| Node::new(value, node.span)))
    }

    /// A text that is a template, or is written like a function, in a manifest.
    fn text(&mut self, text: &str, node: &Node) -> Result<Option<Value>, Error> {
        self.check_template(node, node)?;
        match written_as_function(text) {
            Some((tag, argument)) => self.call(tag, &Node::from(argument), node),
            None => Ok(None),
        }
    }

    fn map(&mut self, map: &Map) -> Result<Option<Value>, Error> {
        let mut changed: Option<Map> = None;
        for (key, node) in map {
            self.path.push_key(key);
            if let Some(value) = self.node(node)? {
                changed.get_or_insert_with(|| map.clone()).insert(key.clone(), value);
            }
            self.path.pop();
        }
        Ok(changed.map(|map| Value::Map(Arc::new(map))))
    }

    fn list(&mut self, list: &[Node]) -> Result<Option<Value>, Error> {
        let mut changed: Option<Vec<Node>> = None;
        for (index, node) in list.iter().enumerate() {
            self.path.push_index(index);
            if let Some(value) = self.node(node)? {
                changed.get_or_insert_with(|| list.to_vec())[index] = value;
            }
            self.path.pop();
        }
        Ok(changed.map(|list| Value::List(Arc::new(list))))
    }

    fn check_template(&self, text: &Node, node: &Node) -> Result<(), Error> {
        let Some(delimiter) = self.delimiter else { return Ok(()) };
        if !text.as_str().is_some_and(|text| text.contains(delimiter)) {
            return Ok(());
        }
        let located = self.located(node);
        Err(Error::TemplateNotBuilt {
            path: self.path.to_string(),
            component: self.instance.name.clone(),
            stack: self.instance.stack.clone(),
            place: located.text,
            source_code: located.source,
            at: located.at,
        })
    }

    /// Who a component runs as must be known before anything that needs credentials is evaluated.
    fn check_identity(&self) -> Result<(), Error> {
        let Some(node) = self.instance.sections.settings.get_path(["auth", "identity"]) else { return Ok(()) };
        let found = match &node.value {
            Value::Null | Value::Bool(_) => return Ok(()),
            Value::String(text) => match written_as_function(text) {
                None | Some(("!env" | "!repo-root" | "!git.root", _)) => return Ok(()),
                Some((tag, _)) => tag.to_owned(),
            },
            Value::Function(function) if matches!(&*function.tag, "!env" | "!repo-root" | "!git.root" | "!literal") => {
                return Ok(());
            }
            Value::Function(function) => function.tag.to_string(),
            value => format!("a value of type {}", value.type_name()),
        };
        let located = self.located(node);
        Err(Error::Identity {
            component: self.instance.name.clone(),
            stack: self.instance.stack.clone(),
            found,
            place: located.text,
            source_code: located.source,
            at: located.at,
        })
    }

    pub(crate) fn located(&self, node: &Node) -> Located {
        Located::new(&self.host.sources, node.span)
    }
}
