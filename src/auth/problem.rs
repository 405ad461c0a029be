//! One finding of validation, with its place. Row 5.

use crate::span::{Sources, Span};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// Something wrong in the `auth` section. Sorted by place, then by message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    pub message: String,
    pub span: Span,
    /// Exit status of a command that fails because of it: 2 for principals, else 1.
    pub exit: u8,
}

impl Problem {
    pub(crate) fn error(message: impl Into<String>, span: Span) -> Problem {
        Problem { severity: Severity::Error, message: message.into(), span, exit: 1 }
    }

    pub(crate) fn principal(message: impl Into<String>, span: Span) -> Problem {
        Problem { exit: 2, ..Problem::error(message, span) }
    }

    pub(crate) fn warning(message: impl Into<String>, span: Span) -> Problem {
        Problem { severity: Severity::Warning, message: message.into(), span, exit: 0 }
    }

    /// The message with `file:line:column` in front where a file is at fault.
    pub fn line(&self, sources: &Sources) -> String {
        match sources.place(self.span) {
            Some(place) => format!("{place}: {}", self.message),
            None => self.message.clone(),
        }
    }
}
