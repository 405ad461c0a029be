//! A walk over a manifest that renders every scalar.

use std::sync::Arc;

use super::failure::Failure;
use super::manifest::Rendering;
use super::scalar::{Scope, text_of};
use crate::span::Span;
use crate::value::{Function, Map, Node, Value, map_with_capacity};

/// Which templates stay for the step that renders components, because others of the same part have to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Deferral {
    /// Those that cannot be rendered yet.
    #[default]
    No,
    /// All but single references and those with locals: the reference renders a file as a whole or not at all.
    File,
    /// The same for a section, where single references to values of components stay too.
    Section,
}

/// One walk: how it is done, and what came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    pub deferral: Deferral,
    /// In the `settings`, `vars` or `env` of a file, before all three are known.
    pub section: bool,
    /// Whatever is missing is an error.
    pub strict: bool,
    /// In a value that a reference alone was replaced by.
    pub again: bool,
    /// A template stays.
    pub left: bool,
    /// A template was rendered that a deferral would have left.
    pub rendered: bool,
    /// The first scalar that is no template of its own.
    pub broken: Option<Failure>,
}

/// Whether anything in a tree may be a template.
pub(super) fn has_templates(node: &Node) -> bool {
    match &node.value {
        Value::String(text) => text.contains("{{"),
        Value::Map(map) => map.iter().any(|(key, item)| is_template_key(key, item.span) || has_templates(item)),
        Value::List(list) => list.iter().any(has_templates),
        Value::Function(function) => &*function.tag != "!literal" && has_templates(&function.argument),
        _ => false,
    }
}

/// Whether a key is a template; `span` is the place of its value. A key of what was read never is.
fn is_template_key(key: &str, span: Span) -> bool {
    key.contains("{{") && !span.has_data_key()
}

impl Rendering<'_> {
    /// `node` rendered. What holds no template is shared.
    pub(super) fn walk(&self, pass: &mut Pass, scope: &Scope, node: &Node) -> Result<Node, Failure> {
        if !has_templates(node) || self.is_included(node.span) {
            return Ok(node.clone());
        }
        let value = match &node.value {
            Value::String(text) => return self.scalar(pass, scope, text, node.span, true),
            Value::Map(map) => {
                let mut rendered = Rendered::with_capacity(map.len());
                for (key, item) in map.iter() {
                    let value = self.walk(pass, scope, item)?;
                    rendered.insert(self.key(pass, scope, key, item.span)?, value)?;
                }
                Value::Map(Arc::new(rendered.map))
            }
            Value::List(list) => {
                let items = list.iter().map(|item| self.walk(pass, scope, item));
                Value::List(Arc::new(items.collect::<Result<Vec<_>, _>>()?))
            }
            Value::Function(function) => {
                let argument = match &function.argument.value {
                    Value::String(text) => {
                        let value = self.scalar(pass, scope, text, function.argument.span, false)?.value;
                        let text = text_of(&value).map_or(Value::Null, Value::String);
                        Node::new(text, function.argument.span)
                    }
                    _ => self.walk(pass, scope, &function.argument)?,
                };
                Value::Function(Arc::new(Function { tag: function.tag.clone(), argument }))
            }
            other => other.clone(),
        };
        Ok(Node::new(value, node.span))
    }

    pub(super) fn is_included(&self, span: Span) -> bool {
        span.is_data() || span.is_known() && self.own.is_some_and(|own| own != span.file)
    }

    /// A key rendered; `span` is the place of its value.
    pub(super) fn key(&self, pass: &mut Pass, scope: &Scope, key: &Arc<str>, span: Span) -> Result<Arc<str>, Failure> {
        if !is_template_key(key, span) {
            return Ok(key.clone());
        }
        let value = self.scalar(pass, scope, key, span, false)?.value;
        text_of(&value).ok_or_else(|| Failure::new(span, format!("the key `{key}` renders to nothing")))
    }
}

/// A map whose keys were rendered: two may have become one.
pub(super) struct Rendered {
    pub map: Map,
}

impl Rendered {
    pub(super) fn with_capacity(capacity: usize) -> Rendered {
        Rendered { map: map_with_capacity(capacity) }
    }

    pub(super) fn insert(&mut self, key: Arc<str>, item: Node) -> Result<(), Failure> {
        if self.map.contains_key(&key) {
            return Err(Failure::new(item.span, format!("mapping key \"{key}\" already defined, after rendering"))
                .help("make the keys of this map different"));
        }
        self.map.insert(key, item);
        Ok(())
    }
}
