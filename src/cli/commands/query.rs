//! `--query` on documents: one expression, any number of results.

use std::sync::Arc;

use super::super::error::Error;
use super::write::Format;
use crate::diag::Result;
use crate::output;
use crate::query::{self, Query};
use crate::secret::Masker;
use crate::value::{Map, Node, Value};
use crate::yaml;

/// A `--query` that was read before anything else was done.
#[derive(Debug)]
pub(super) struct Selection {
    query: Query,
}

impl Selection {
    /// # Errors
    /// Text that is no expression.
    pub(super) fn parse(text: Option<&str>) -> Result<Option<Selection>> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let query = match Query::parse(text) {
            Ok(query) => query,
            // A path without its first dot is what was meant where the text is nothing else, and no operator of yq.
            Err(error) if is_path(text) && !matches!(error, query::Error::Unsupported { .. }) => {
                Query::parse(&format!(".{}", text.trim())).map_err(|_| Error::from(error))?
            }
            Err(error) => return Err(Error::from(error).into()),
        };
        Ok(Some(Selection { query }))
    }

    /// The expression as it is evaluated.
    pub(super) fn text(&self) -> &str {
        self.query.text()
    }

    /// The results as text: one as a document, several one per line, or as documents where one of them is a map or list.
    ///
    /// # Errors
    /// An expression that does not fit the document, or a result that JSON cannot express.
    pub(super) fn apply(&self, document: &Node, format: Format, indent: usize, masker: &Masker) -> Result<String> {
        let results = self.query.evaluate(&sorted(document)).map_err(Error::from)?;
        // Expressions work on values as they are; what they give is shown like any other document.
        let results: Vec<Node> = results.iter().map(|result| output::masked(result, masker).into_owned()).collect();
        match format {
            Format::Yaml => Ok(as_yaml(&results, indent)),
            Format::Json => as_json(&results),
        }
    }
}

/// Names, dots and brackets only, and no dot in front.
fn is_path(text: &str) -> bool {
    let text = text.trim();
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '[' | ']' | '"' | '*');
    !text.is_empty() && !text.starts_with('.') && text.chars().all(part)
}

/// The document in the order in which YAML shows it: an expression such as `keys` makes the order visible. Functions
/// that were not evaluated are the text in which they were written.
fn sorted(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|(left, _), (right, _)| yaml::natural(left, right));
            let entries = entries.into_iter().map(|(key, node)| (key.clone(), sorted(node)));
            Value::Map(Arc::new(entries.collect::<Map>()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(sorted).collect())),
        Value::Function(function) => Value::String(Arc::from(crate::value::function_text(function))),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

fn is_container(node: &Node) -> bool {
    matches!(node.value, Value::Map(_) | Value::List(_))
}

fn as_yaml(results: &[Node], indent: usize) -> String {
    let separator = if results.iter().any(is_container) { "---\n" } else { "" };
    let texts: Vec<String> = results.iter().map(|result| bare(result, indent)).collect();
    texts.join(separator)
}

/// A text stands bare, without quotes, unless it could change what a terminal shows.
fn bare(node: &Node, indent: usize) -> String {
    match node.as_str() {
        Some(text) if !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) => {
            if text.ends_with('\n') {
                text.to_owned()
            } else {
                format!("{text}\n")
            }
        }
        _ => yaml::emit(node, indent),
    }
}

fn as_json(results: &[Node]) -> Result<String> {
    if let [result] = results {
        return Ok(yaml::try_emit_json(result)?);
    }
    let mut lines = String::new();
    for result in results {
        // Refuses what JSON cannot express.
        yaml::try_emit_json(result)?;
        lines.push_str(&yaml::emit_json_line(result));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    fn select(expression: &str, format: Format) -> Result<String> {
        let document = from_json(&serde_json::json!({
            "vars": {"z": "10", "a-b": [{"c": 5}], "name": "x: y", "esc": "\u{1b}[2J"}, "enabled": false
        }));
        Selection::parse(Some(expression))?.unwrap().apply(&document, format, 2, &Masker::default())
    }

    #[test]
    fn results_are_documents_or_lines() {
        for (expression, yaml, json) in [
            (".vars.a-b[0].c", "5\n", "5\n"),
            ("vars.a-b[0].c", "5\n", "5\n"),
            (".nope.x", "null\n", "null\n"),
            (".vars.name", "x: y\n", "\"x: y\"\n"),
            (".vars.z", "10\n", "\"10\"\n"),
            (".vars.esc", "\"\\e[2J\"\n", "\"\\u001b[2J\"\n"),
            (".vars | keys", "- a-b\n- esc\n- name\n- z\n", "[\n  \"a-b\",\n  \"esc\",\n  \"name\",\n  \"z\"\n]\n"),
            (".vars | (.z, .name)", "10\nx: y\n", "\"10\"\n\"x: y\"\n"),
            (".vars.a-b[0], .enabled", "c: 5\n---\nfalse\n", "{\"c\":5}\nfalse\n"),
            (".vars.name | select(. == \"q\")", "", ""),
        ] {
            assert_eq!(select(expression, Format::Yaml).unwrap(), yaml, "{expression}");
            assert_eq!(select(expression, Format::Json).unwrap(), json, "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused_with_the_stable_phrase() {
        for expression in [".vars | |", "vars x", ".a[", "now", "filename"] {
            let error = Selection::parse(Some(expression)).unwrap_err().to_string();
            let phrase = format!("EvaluateYqExpression: failed to evaluate YQ expression '{expression}': ");
            assert!(error.starts_with(&phrase), "{error}");
        }
        assert!(Selection::parse(Some("")).unwrap().is_none());
    }
}
