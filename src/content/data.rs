//! What is read is data: no text of it is ever taken for a YAML function or a template.
//!
//! [`inert`] marks what a file says; the marks go with the values through the merge. What a rendering made of such values
//! has no marks any more: [`Foreign`] remembers what was read, and tells which of the templates and functions in the
//! result somebody wrote.

use std::sync::Arc;

use crate::value::{Function, Map, Node, Value};

/// The tag of texts that are never rendered and never run.
const LITERAL: &str = "!literal";

/// Whether a later step would take a text for a template: one in the usual delimiters, or in those of the repository, of which
/// `opening` is the first. Never without one.
pub fn opens_template(text: &str, opening: Option<&str>) -> bool {
    opening.is_some_and(|opening| text.contains(opening) || text.contains("{{"))
}

/// The same value as data: every text that could be taken for a YAML function or a template is marked as a literal, and
/// every place says that it is one of data, which is what keeps the keys.
pub fn inert(node: &Node, opening: Option<&str>) -> Node {
    let mut node = literal_where(node, &|text| text.starts_with('!') || opens_template(text, opening));
    if opening.is_some() {
        mark(&mut node);
    }
    node
}

/// The same value, every place of which says that it is one of data. Its texts stay texts.
pub fn as_data(node: &Node) -> Node {
    let mut node = node.clone();
    mark(&mut node);
    node
}

/// The same value, in which texts that are data and could be taken for a YAML function or a template are literals.
pub fn literal_data(node: &Node, opening: Option<&str>) -> Node {
    let each = |item: &Node| literal_data(item, opening);
    let value = match &node.value {
        Value::Map(map) => Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), each(item))).collect())),
        Value::List(list) => Value::List(Arc::new(list.iter().map(each).collect())),
        Value::String(_) if node.span.is_data() && opening.is_some() => return inert(node, opening),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// A template that gives this text.
pub fn verbatim(text: &str) -> String {
    text.replace("{{", "{{`{{`}}")
}

fn mark(node: &mut Node) {
    node.span = node.span.as_data();
    match &mut node.value {
        Value::Map(map) => {
            for item in Arc::make_mut(map).values_mut() {
                mark(item);
                item.span = item.span.with_data_key();
            }
        }
        Value::List(list) => Arc::make_mut(list).iter_mut().for_each(mark),
        Value::Function(function) => mark(&mut Arc::make_mut(function).argument),
        _ => {}
    }
}

/// The same value, with every text that `is_data` names marked as a literal, and every such key at its value.
pub fn literal_where(node: &Node, is_data: &impl Fn(&str) -> bool) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let items = map.iter().map(|(key, item)| {
                let mut item = literal_where(item, is_data);
                if is_data(key) {
                    item.span = item.span.with_data_key();
                }
                (key.clone(), item)
            });
            Value::Map(Arc::new(items.collect::<Map>()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(|item| literal_where(item, is_data)).collect())),
        Value::String(text) if is_data(text) => {
            let argument = Node::new(node.value.clone(), node.span.as_data());
            Value::Function(Arc::new(Function { tag: Arc::from(LITERAL), argument }))
        }
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// What a rendering read that nobody wrote into a manifest.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    /// Anything at all: even a text without a template may become one, decoded or put together.
    touched: bool,
    /// What looks like a template or a function, as [`normal`] has it.
    texts: Vec<String>,
}

impl Foreign {
    pub fn is_empty(&self) -> bool {
        !self.touched
    }

    pub fn add(&mut self, other: Foreign) {
        self.touched |= other.touched;
        self.texts.extend(other.texts);
    }

    /// A text was read: a variable, a file.
    pub fn note_text(&mut self, text: &str, opening: Option<&str>) {
        self.touched = true;
        if text.contains('!') || opens_template(text, opening) {
            self.texts.push(normal(text));
        }
    }

    /// A whole value was read: of a store, a function, another component.
    pub fn note(&mut self, node: &Node, opening: Option<&str>) {
        self.touched = true;
        match &node.value {
            Value::String(text) => self.note_text(text, opening),
            Value::List(list) => list.iter().for_each(|item| self.note(item, opening)),
            Value::Map(map) => {
                for (key, item) in map.iter() {
                    self.note_text(key, opening);
                    self.note(item, opening);
                }
            }
            Value::Function(function) => self.note(&function.argument, opening),
            _ => {}
        }
    }

    /// The value of a manifest at a path was read, of which parts may be marked as data.
    pub fn note_marked_at<'k>(&mut self, node: &Node, path: impl IntoIterator<Item = &'k str>, opening: Option<&str>) {
        let mut at = node;
        for key in path {
            match at.get(key) {
                Some(inner) => at = inner,
                // Nothing is there, unless it is below a literal.
                None if at.as_map().is_some() => return,
                None => break,
            }
        }
        self.note_marked(at, opening);
    }

    /// The same of a value.
    pub fn note_marked(&mut self, node: &Node, opening: Option<&str>) {
        if opening.is_none() {
            return;
        }
        self.touched |= node.span.is_data();
        match &node.value {
            Value::Function(function) if &*function.tag == LITERAL => self.note(&function.argument, opening),
            Value::Function(function) => self.note_marked(&function.argument, opening),
            Value::List(list) => list.iter().for_each(|item| self.note_marked(item, opening)),
            Value::Map(map) => {
                for (key, item) in map.iter() {
                    if item.span.has_data_key() {
                        self.note_text(key, opening);
                    }
                    self.note_marked(item, opening);
                }
            }
            Value::String(text) if node.span.is_data() => self.note_text(text, opening),
            _ => {}
        }
    }

    /// Whether `rendered` has a template that nobody wrote: one that was read, or that stands in none of the texts of
    /// `written`, which are asked for only then.
    pub fn made_template(&self, rendered: &str, opening: Option<&str>, written: impl FnOnce() -> Written) -> bool {
        if self.is_empty() || !opens_template(rendered, opening) {
            return false;
        }
        let actions: Vec<String> = actions(rendered, opening).into_iter().map(normal).collect();
        if actions.iter().any(|action| self.texts.iter().any(|text| text.contains(action.as_str()))) {
            return true;
        }
        !written().has_all(rendered, opening)
    }

    /// Whether `rendered`, which begins like a function, was read or does not go on as `written` says behind the tag.
    pub fn made_function(&self, rendered: &str, written: &str) -> bool {
        if self.is_empty() || !rendered.starts_with('!') {
            return false;
        }
        let tag = rendered.split(char::is_whitespace).next().unwrap_or(rendered);
        let argument = rendered[tag.len()..].trim();
        let read = normal(rendered);
        if self.texts.iter().any(|text| text.contains(read.as_str())) {
            return true;
        }
        !written.match_indices(tag).any(|(at, _)| goes_on(&written[at + tag.len()..], argument))
    }
}

/// Whether a text has a template that does not stand in `written`, where everything else is data.
pub fn is_made(text: &str, written: &str) -> bool {
    let foreign = Foreign { touched: true, texts: Vec::new() };
    foreign.made_template(text, Some("{{"), || {
        let mut all = Written::default();
        all.text(written);
        all
    })
}

/// Texts of manifests.
#[derive(Debug, Default)]
pub struct Written(Vec<String>);

impl Written {
    /// Whether every template of a text stands in one of these.
    pub fn has_all(&self, text: &str, opening: Option<&str>) -> bool {
        let mut actions = actions(text, opening).into_iter().map(normal);
        actions.all(|action| self.0.iter().any(|text| text.contains(action.as_str())))
    }

    pub fn text(&mut self, text: &str) {
        self.0.push(normal(text));
    }

    /// All texts of a value that are not marked as data and may have templates.
    pub fn node(&mut self, node: &Node, opening: Option<&str>) {
        match &node.value {
            Value::String(text) if !node.span.is_data() && opens_template(text, opening) => self.text(text),
            Value::List(list) => list.iter().for_each(|item| self.node(item, opening)),
            Value::Map(map) => {
                for (key, item) in map.iter() {
                    if !item.span.has_data_key() && opens_template(key, opening) {
                        self.text(key);
                    }
                    self.node(item, opening);
                }
            }
            Value::Function(function) if &*function.tag != LITERAL => self.node(&function.argument, opening),
            _ => {}
        }
    }
}

/// What follows a tag in a manifest, up to the next template or the end of the line, against the argument that the
/// function has.
fn goes_on(written: &str, argument: &str) -> bool {
    let fixed = written.split("{{").next().unwrap_or_default();
    let fixed = fixed.split('\n').next().unwrap_or_default().trim_start();
    if argument.starts_with(fixed.trim_end()) {
        return true;
    }
    // What closes the scalar, and what stands behind it.
    let rest = fixed.strip_prefix(argument);
    rest.is_some_and(|rest| rest.trim_start().starts_with(['"', '\'', ',', '}', ']', '#']) || rest.trim().is_empty())
}

/// The templates in a text, each with its delimiters. In those of the repository a template counts up to the end of its line.
fn actions<'t>(text: &'t str, opening: Option<&str>) -> Vec<&'t str> {
    let mut found = Vec::new();
    let end = |from: usize, close: &str| text[from..].find(close).map_or(text.len(), |at| from + at + close.len());
    found.extend(text.match_indices("{{").map(|(at, _)| &text[at..end(at, "}}")]));
    if let Some(opening) = opening.filter(|opening| *opening != "{{") {
        found.extend(text.match_indices(opening).map(|(at, _)| text[at..end(at, "\n")].trim_end()));
    }
    found
}

/// A text without what depends on how a scalar is quoted and folded.
fn normal(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\\' | '\'')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    const USUAL: Option<&str> = Some("{{");

    fn written(texts: &[&str]) -> Written {
        let mut written = Written::default();
        for text in texts {
            written.text(text);
        }
        written
    }

    #[test]
    fn texts_of_files_are_no_functions() {
        let node = inert(&from_json(&serde_json::json!({"a": ["!env HOME", "x"]})), None);
        let list = node.get("a").and_then(Node::as_list).unwrap();
        assert!(matches!(&list[0].value, Value::Function(function) if &*function.tag == "!literal"));
        assert_eq!(list[1].as_str(), Some("x"));
    }

    #[test]
    fn everything_of_a_file_is_marked() {
        let node = inert(&from_json(&serde_json::json!({"{{ k }}": ["{{ v }}", 1]})), USUAL);
        let list = node.get("{{ k }}").unwrap();
        assert!(list.span.is_data() && list.span.has_data_key() && list.as_list().unwrap()[1].span.is_data());
        assert!(!node.span.has_data_key());
        let mut foreign = Foreign::default();
        foreign.note_marked(&node, USUAL);
        assert_eq!(foreign.texts, ["{{k}}", "{{v}}"]);
    }

    #[test]
    fn a_template_counts_where_somebody_wrote_it_and_nobody_read_it() {
        let made = |read: &[&str], rendered: &str, texts: &[&str]| {
            let mut foreign = Foreign::default();
            for text in read {
                foreign.note_text(text, USUAL);
            }
            foreign.made_template(rendered, USUAL, || written(texts))
        };
        for (read, rendered, texts, expected) in [
            (&["x"][..], "{{ .a }} x", &["`{{ .a }}` {{ env `X` }}"][..], false),
            (&["{{ .b }}"], "{{ .a }}", &["{{ .a }}"], false),
            (&["{{ .a }}"], "{{ .a }}", &["{{ .a }}"], true),
            (&["e3sgLmIgfX0="], "{{ .b }}", &["{{ env `X` | b64dec }}"], true),
            (&["{"], "{{ .b }}", &["{{ env `X` }}{ .b }}"], true),
            (&["x"], "{{ index .a \"b\" }}", &[r#""{{ index .a \"b\" }}""#], false),
            (&[], "{{ .b }}", &[], false),
            (&["{{ .b }}"], "plain", &[], false),
        ] {
            assert_eq!(made(read, rendered, texts), expected, "{read:?} {rendered}");
        }
    }

    #[test]
    fn a_function_counts_as_it_goes_on_behind_its_tag() {
        let made = |read: &str, rendered: &str, text: &str| {
            let mut foreign = Foreign::default();
            foreign.note_text(read, USUAL);
            foreign.made_function(rendered, text)
        };
        for (read, rendered, text, expected) in [
            ("x", "!exec date", "a: !exec date\nb: 1", false),
            ("x", "!env HOME", "{a: !env HOME, b: 1}", false),
            ("x", "!env x", "a: !env {{ .x }}", false),
            ("!exec rm", "!exec rm", "a: !exec date\nb: {{ env `X` }}", true),
            ("IWV4ZWMgcm0=", "!exec rm", "a: !exec date\nb: {{ env `X` | b64dec }}", true),
            ("x", "!exec rm -rf /", "a: !exec rm -rf /tmp/x", true),
        ] {
            assert_eq!(made(read, rendered, text), expected, "{read} {rendered} {text}");
        }
    }
}
