//! Nothing becomes a YAML function by rendering: a text that begins like one is run only where its tag is written in the
//! manifest. What came out of a template or of the environment is marked as `!literal`, which later steps take as it is.

use std::sync::Arc;

use crate::content::{self, Foreign};
use crate::span::Span;
use crate::value::{Function, Map, Node, Value, function_text};

/// The tag of texts that are never rendered and never run.
pub(super) const LITERAL: &str = "!literal";

/// A rendered text. `written` is what stood in the manifest, `foreign` what was read.
pub(super) fn text(rendered: Arc<str>, written: &str, foreign: &Foreign) -> Value {
    if !rendered.starts_with('!') || written.contains(tag(&rendered)) && !foreign.made_function(&rendered, written) {
        return Value::String(rendered);
    }
    literal(rendered)
}

/// A text that nobody wrote into the manifest, of a variable or a file: it is no template either.
pub(super) fn data(text: Arc<str>, span: Span, opening: Option<&str>) -> Node {
    content::inert(&Node::new(Value::String(text), span), opening)
}

/// A rendered document. `written` is the whole text of the manifest, `foreign` what was read.
pub(super) fn guarded(node: &Node, written: &str, foreign: &Foreign) -> Node {
    let each = |item: &Node| guarded(item, written, foreign);
    let value = match &node.value {
        Value::String(rendered) => text(rendered.clone(), written, foreign),
        Value::Function(function) if &*function.tag == LITERAL && written.contains(LITERAL) => node.value.clone(),
        Value::Function(function) => {
            let text = function_text(function);
            if !written.contains(&*function.tag) || foreign.made_function(&text, written) {
                literal(Arc::from(text))
            } else {
                Value::Function(Arc::new(Function { tag: function.tag.clone(), argument: each(&function.argument) }))
            }
        }
        Value::Map(map) => Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), each(item))).collect())),
        Value::List(list) => Value::List(Arc::new(list.iter().map(each).collect())),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// The data of templates: what is marked as literal is its text there.
pub(super) fn readable(node: &Node) -> Node {
    if !has_literals(node) {
        return node.clone();
    }
    let value = match &node.value {
        Value::Function(function) if &*function.tag == LITERAL => function.argument.value.clone(),
        Value::Map(map) => {
            Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), readable(item))).collect::<Map>()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(readable).collect())),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

fn has_literals(node: &Node) -> bool {
    match &node.value {
        Value::Function(function) => &*function.tag == LITERAL,
        Value::Map(map) => map.values().any(has_literals),
        Value::List(list) => list.iter().any(has_literals),
        _ => false,
    }
}

fn literal(text: Arc<str>) -> Value {
    Value::Function(Arc::new(Function {
        tag: Arc::from(LITERAL),
        argument: Node::new(Value::String(text), Span::default().as_data()),
    }))
}

/// The first word of a text.
fn tag(text: &str) -> &str {
    text.split(char::is_whitespace).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_that_are_written_stay_functions() {
        let kept = |rendered: &str, written: &str| {
            matches!(text(Arc::from(rendered), written, &Foreign::default()), Value::String(_))
        };
        assert!(kept("!env HOME", "!env {{ .x }}"));
        assert!(kept("plain", "{{ .x }}"));
        assert!(!kept("!exec id", "{{ .x }}"));
        assert!(!kept("!exec id", "!{{ .x }}"));
    }
}
