//! What can be wrong with an expression, and what can go wrong while it runs.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

use crate::diag::Failure;

/// Name under which diagnostics show the expression.
const NAME: &str = "yq expression";

/// A range of bytes in the expression.
pub(super) type Range = (usize, usize);

/// An expression that cannot be read, or an evaluation that failed. Every variant shows the expression and marks the
/// place in it. Values of the document are never part of a message.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    /// The text is not an expression.
    #[error("failed to evaluate YQ expression '{expression}': {cause}")]
    #[diagnostic(code(atmos::query::syntax))]
    Syntax {
        expression: String,
        cause: String,
        #[help]
        help: Option<String>,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("here")]
        at: SourceSpan,
    },
    /// An operator of yq that is left out here.
    #[error("failed to evaluate YQ expression '{expression}': the operator `{operator}` is not supported")]
    #[diagnostic(code(atmos::query::unsupported), help("{reason}; docs/query.md lists what is supported"))]
    Unsupported {
        expression: String,
        operator: String,
        reason: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("not supported")]
        at: SourceSpan,
    },
    /// The expression does not fit the data.
    #[error("failed to evaluate YQ expression '{expression}': {cause}")]
    #[diagnostic(code(atmos::query::evaluation))]
    Evaluation {
        expression: String,
        cause: String,
        #[help]
        help: Option<String>,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("failed here")]
        at: SourceSpan,
    },
    /// A bound that protects against expressions that blow up.
    #[error("failed to evaluate YQ expression '{expression}': {cause}")]
    #[diagnostic(
        code(atmos::query::limit),
        help("the limits protect against expressions that never end or blow up; ask for less at once")
    )]
    Limit {
        expression: String,
        cause: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("here")]
        at: SourceSpan,
    },
}

impl Error {
    /// Bytes of the expression that it is about.
    pub fn range(&self) -> std::ops::Range<usize> {
        let (Error::Syntax { at, .. }
        | Error::Unsupported { at, .. }
        | Error::Evaluation { at, .. }
        | Error::Limit { at, .. }) = self;
        at.offset()..at.offset() + at.len()
    }
}

impl Failure for Error {}

/// What went wrong, before the expression that it belongs to is known.
#[derive(Debug)]
pub(super) enum Cause {
    Syntax { text: String, help: Option<String> },
    Unsupported { operator: String, reason: &'static str },
    Evaluation { text: String, help: Option<String> },
    Limit(String),
}

/// A cause with the place in the expression, once that is known.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) cause: Box<Cause>,
    pub(super) at: Option<Range>,
}

/// Result of everything inside this module.
pub(super) type Outcome<T> = Result<T, Fault>;

impl Fault {
    pub(super) fn syntax(text: impl Into<String>, at: Range) -> Fault {
        Fault { cause: Box::new(Cause::Syntax { text: text.into(), help: None }), at: Some(at) }
    }

    pub(super) fn unsupported(operator: impl Into<String>, reason: &'static str, at: Range) -> Fault {
        Fault { cause: Box::new(Cause::Unsupported { operator: operator.into(), reason }), at: Some(at) }
    }

    pub(super) fn limit(text: impl Into<String>) -> Fault {
        Fault { cause: Box::new(Cause::Limit(text.into())), at: None }
    }

    /// A failure while the expression runs; the operator that notices it adds its place.
    pub(super) fn failed(text: impl Into<String>) -> Fault {
        Fault { cause: Box::new(Cause::Evaluation { text: text.into(), help: None }), at: None }
    }

    pub(super) fn help(mut self, advice: impl Into<String>) -> Fault {
        if let Cause::Syntax { help, .. } | Cause::Evaluation { help, .. } = self.cause.as_mut() {
            *help = Some(advice.into());
        }
        self
    }

    /// Adds the place unless a narrower one is known.
    pub(super) fn at(mut self, place: Range) -> Fault {
        self.at.get_or_insert(place);
        self
    }

    /// Moves the place to that of the string literal in which the expression was found.
    pub(super) fn within(mut self, place: Range) -> Fault {
        self.at = Some(place);
        self
    }

    /// The public error for this expression.
    pub(super) fn into_error(self, expression: &Arc<str>) -> Error {
        let (start, end) = self.at.unwrap_or((0, expression.len()));
        let at = SourceSpan::from((start, end.saturating_sub(start)));
        let source_code = NamedSource::new(NAME, expression.clone());
        let expression = expression.to_string();
        match *self.cause {
            Cause::Syntax { text: cause, help } => Error::Syntax { expression, cause, help, source_code, at },
            Cause::Unsupported { operator, reason } => {
                Error::Unsupported { expression, operator, reason: reason.to_owned(), source_code, at }
            }
            Cause::Evaluation { text: cause, help } => Error::Evaluation { expression, cause, help, source_code, at },
            Cause::Limit(cause) => Error::Limit { expression, cause, source_code, at },
        }
    }
}
