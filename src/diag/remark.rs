//! What works, and probably not as it was meant.

use super::Warning;
use crate::span::{Sources, Span};

/// A finding in what was read: every module can make one, validation shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Stable code, for example `atmos::stack::type_conflict`.
    pub code: &'static str,
    /// Whom it concerns, where the same place may concern many: a component, a manifest. May be empty.
    pub subject: String,
    /// Does not name the subject.
    pub message: String,
    pub help: String,
    pub span: Span,
    /// Another place that belongs to it, with what is there.
    pub also: Option<(Span, &'static str)>,
}

impl Remark {
    /// The same as something that is said at once.
    pub fn warning(&self, sources: &Sources) -> Warning {
        let warning = Warning::new(self.code, self.message.as_str());
        let warning = if self.help.is_empty() { warning } else { warning.help(self.help.as_str()) };
        match sources.place(self.span) {
            Some(place) => warning.at(place),
            None => warning,
        }
    }

    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Remark {
        Remark { code, subject: String::new(), message: message.into(), help: String::new(), span, also: None }
    }

    #[must_use]
    pub fn of(mut self, subject: impl Into<String>) -> Remark {
        self.subject = subject.into();
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Remark {
        self.help = help.into();
        self
    }

    #[must_use]
    pub fn also(mut self, span: Span, what: &'static str) -> Remark {
        self.also = Some((span, what));
        self
    }
}
