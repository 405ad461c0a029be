//! The entrance: parse once, evaluate often.

use std::sync::Arc;

use super::error::{Error, Fault, Outcome};
use super::eval::{Environment, Evaluation};
use super::op::Expr;
use super::parse::parse;
use super::tree::Limits;
use crate::value::{Map, Node, Value};
use crate::yaml::structure;

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Query {
    text: Arc<str>,
    root: Option<Expr>,
}

impl Query {
    /// # Errors
    /// Text that is no expression, or one with an operator that is not supported; the place is marked.
    pub fn parse(text: &str) -> Result<Query, Error> {
        let text: Arc<str> = Arc::from(text);
        let root = parse(&text).map_err(|fault| fault.into_error(&text))?;
        Ok(Query { text, root })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every result, in order. The document itself does not change, whatever the expression assigns. Keys are seen in
    /// the order of the document.
    ///
    /// # Errors
    /// Data that an operator cannot work on, `env`, `error`, and the bounds on depth, size and steps.
    pub fn evaluate(&self, document: &Node) -> Result<Vec<Node>, Error> {
        self.run(document, None, usize::MAX, Limits::default())
    }

    /// [`Query::evaluate`] with an environment that `env` and `strenv` read.
    ///
    /// # Errors
    /// Those of [`Query::evaluate`].
    pub fn evaluate_with(&self, document: &Node, environment: Environment<'_>) -> Result<Vec<Node>, Error> {
        self.run(document, Some(environment), usize::MAX, Limits::default())
    }

    /// The first result; null without one.
    ///
    /// # Errors
    /// Those of [`Query::evaluate`].
    pub fn first(&self, document: &Node) -> Result<Node, Error> {
        Ok(self.run(document, None, 1, Limits::default())?.into_iter().next().unwrap_or_default())
    }

    /// All results as one value: lists one behind the other, maps with different keys as one map, scalars as one text with
    /// blanks between them. `None` without a result. A text of JSON or YAML is [what it writes down](structure),
    /// a blank one null.
    ///
    /// # Errors
    /// Those of [`Query::evaluate`], and results that make no single value.
    pub fn one(&self, document: &Node) -> Result<Option<Node>, Error> {
        let mut results = self.evaluate(document)?;
        if results.len() < 2 {
            return Ok(results.pop().map(|result| read_once_more(&result).unwrap_or(result)));
        }
        together(&results).map(Some).ok_or_else(|| {
            let fault = Fault::failed("it gives several values, which together are no single one");
            fault.help("put the expression in brackets for a list of them: `[ … ]`").into_error(&self.text)
        })
    }

    /// Whether the first result is the boolean true, as filters ask.
    ///
    /// # Errors
    /// Those of [`Query::evaluate`].
    pub fn is_true(&self, document: &Node) -> Result<bool, Error> {
        Ok(self.first(document)?.as_bool() == Some(true))
    }

    /// At most `most` results, within bounds.
    pub(super) fn run(
        &self,
        document: &Node,
        environment: Option<Environment<'_>>,
        most: usize,
        limits: Limits,
    ) -> Result<Vec<Node>, Error> {
        let mut evaluation = Evaluation::new(environment, limits);
        let mut run = || -> Outcome<Vec<Node>> {
            let root = evaluation.tree.add_document(document)?;
            let found = evaluation.run(&Evaluation::start(vec![root]), self.root.as_ref())?;
            found.matches.iter().take(most).map(|id| evaluation.tree.node(*id)).collect()
        };
        run().map_err(|fault| fault.into_error(&self.text))
    }
}

/// What a text is where the reference reads it once more, as far as nothing of it is lost: a map or list that it writes down, null
/// if it is blank.
fn read_once_more(result: &Node) -> Option<Node> {
    let text = result.as_str()?;
    if text.trim().is_empty() { Some(Node::default()) } else { structure(text) }
}

/// Several values as one, as they would be read if they were written one below the other.
fn together(results: &[Node]) -> Option<Node> {
    let filled = |node: &&Node| !node.is_empty();
    if results.iter().all(|node| node.as_list().is_some() && filled(&node)) {
        return Some(Node::from(results.iter().filter_map(Node::as_list).flatten().cloned().collect::<Vec<_>>()));
    }
    if results.iter().all(|node| node.as_map().is_some() && filled(&node)) {
        let mut map = Map::default();
        for (key, node) in results.iter().filter_map(Node::as_map).flatten() {
            if map.insert(key.clone(), node.clone()).is_some() {
                return None;
            }
        }
        return Some(Node::from(map));
    }
    let text = |node: &Node| match node.value {
        Value::Null => Some("null".to_owned()),
        _ => node.scalar_text(),
    };
    let texts: Option<Vec<String>> = results.iter().map(text).collect();
    Some(Node::from(texts?.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{from_json, to_json};

    #[test]
    fn several_results_are_one_value_or_none() {
        let document = from_json(&serde_json::json!({
            "l": ["a", "b"], "n": [1, true, null, 1.5], "m": {"x": 1}, "o": {"y": 2}, "e": [], "s": "t"
        }));
        let one = |text: &str| Query::parse(text).unwrap().one(&document);
        for (text, expected) in [
            (".l[]", r#""a b""#),
            (".n[]", r#""1 true null 1.5""#),
            (".l, .n", r#"["a","b",1,true,null,1.5]"#),
            (".m, .o", r#"{"x":1,"y":2}"#),
            (".l[] | select(. == \"q\")", "null"),
            (".l[] | select(. == \"b\")", r#""b""#),
            ("[.l[], .m]", r#"["a","b",{"x":1}]"#),
        ] {
            assert_eq!(to_json(&one(text).unwrap().unwrap_or_default()).to_string(), expected, "{text}");
        }
        for text in [".l, .s", ".m, .m", ".m, .l", ".e, .l"] {
            assert!(one(text).unwrap_err().to_string().contains("several values"), "{text}");
        }
    }
}
