//! The entrance: parse once, evaluate often.

use std::sync::Arc;

use super::error::{Error, Outcome};
use super::eval::{Environment, Evaluation};
use super::op::Expr;
use super::parse::parse;
use super::tree::Limits;
use crate::value::Node;

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
