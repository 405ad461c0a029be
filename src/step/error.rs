//! What can be wrong with a step before it runs.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use super::{Kind, Step};
use crate::diag::Failure;
use crate::span::{Sources, Span};
use crate::template;

/// Errors of [`crate::step`]. `place` is `file:line:column`, or nothing where no file is known.
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("{place}{what} must be {expected}, but it is a {found}")]
    #[diagnostic(code(atmos::step::wrong_type), help("correct it there"))]
    Type { what: String, expected: &'static str, found: &'static str, place: String },

    #[error("{place}{what} is `{value}`, but it must be {expected}")]
    #[diagnostic(code(atmos::step::value), help("correct it there"))]
    Value { what: String, value: String, expected: String, place: String },

    #[error("{place}{what} is missing")]
    #[diagnostic(code(atmos::step::missing), help("{help}"))]
    Missing { what: String, help: String, place: String },

    #[error("{place}{what}: {problem}")]
    #[diagnostic(code(atmos::step::children), help("{help}"))]
    Children { what: String, problem: String, help: &'static str, place: String },

    #[error("{place}`{what}` of {owner} is not built yet")]
    #[diagnostic(code(atmos::step::not_built), help("{help}"))]
    NotBuilt { what: String, owner: String, place: String, help: String },

    #[error("{place}the step `{step}` has the type exec, but it is not the last one: nothing could run after it")]
    #[diagnostic(code(atmos::step::exec_not_last), help("move it to the end, or make it a step of the type shell"))]
    ExecNotLast { step: String, place: String },

    #[error("{place}the condition of the step `{step}` cannot be evaluated: {problem}")]
    #[diagnostic(
        code(atmos::step::condition),
        help(
            "conditions know ci, status, stack, component, workflow, step, hook, event, os, arch, platform and env.NAME"
        )
    )]
    Condition { step: String, problem: String, place: String },

    #[error("{place}the template of {what} cannot be rendered")]
    #[diagnostic(code(atmos::step::template), help("{help}"))]
    Template {
        what: String,
        #[source]
        cause: template::Error,
        help: String,
        place: String,
    },
}

impl Failure for Error {}

impl Error {
    /// A step of a kind that is not built.
    pub fn kind_not_built(step: &Step, owner: &str, sources: &Sources) -> Error {
        let kind = match &step.kind {
            Kind::NotBuilt(kind) | Kind::Unknown(kind) => kind.as_str(),
            _ => "",
        };
        Error::NotBuilt {
            what: format!("type: {kind}"),
            owner: format!("the step `{}` of {owner}", step.name),
            place: place(sources, step.span),
            help: "nothing was run; docs/status.md lists the types that are built".to_owned(),
        }
    }
}

/// `file:line:column: `, or nothing where no file is known.
pub(super) fn place(sources: &Sources, span: Span) -> String {
    sources.place(span).map(|place| format!("{place}: ")).unwrap_or_default()
}
