//! Attributes that are texts and not nodes (`command`, the workspace): the tag of a literal before the text says that it was read,
//! so that it is neither rendered nor run.

use std::sync::Arc;

use super::workspace::{Tokens, replace_tokens};
use crate::config::Config;
use crate::content::Foreign;
use crate::value::{Function, Node, Value};

const TAG: &str = "!literal";

/// The text without its mark, if it has one.
pub fn unmarked(text: &str) -> &str {
    text.strip_prefix(TAG).and_then(|rest| rest.strip_prefix(' ')).unwrap_or(text)
}

/// Whether the text is data.
pub fn is_marked(text: &str) -> bool {
    unmarked(text).len() < text.len()
}

/// The text as data.
pub(crate) fn marked(text: &str) -> String {
    if is_marked(text) { text.to_owned() } else { format!("{TAG} {text}") }
}

/// The value that an attribute is: a text, or a literal where it is data.
pub fn attribute(text: &str) -> Node {
    if !is_marked(text) {
        return Node::from(text);
    }
    let mut argument = Node::from(unmarked(text));
    argument.span = argument.span.as_data();
    let span = argument.span;
    Node::new(Value::Function(Arc::new(Function { tag: Arc::from(TAG), argument })), span)
}

/// `pattern` with every known token replaced, marked where a value that was read made a template or a function of it.
pub(crate) fn filled(config: &Config, tokens: &Tokens, pattern: &str) -> String {
    let text = replace_tokens(tokens, pattern);
    let opening = config.opening();
    let mut foreign = Foreign::default();
    for (name, value) in &tokens.read {
        if pattern.contains(&format!("{{{name}}}")) {
            foreign.note_text(value, opening);
        }
    }
    let written = || {
        let mut written = crate::content::Written::default();
        written.text(pattern);
        written
    };
    let made = foreign.made_function(&text, pattern) || foreign.made_template(&text, opening, written);
    if made { marked(&text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        for (text, bare) in [("x", "x"), ("!literal {{ x }}", "{{ x }}"), ("!literally", "!literally"), ("", "")] {
            assert_eq!((unmarked(text), is_marked(text)), (bare, text != bare), "{text}");
            assert_eq!(unmarked(&marked(text)), bare);
            assert_eq!(attribute(text).span.is_data(), text != bare);
        }
    }
}
