//! What goes wrong while a manifest is rendered, before it is known which imports led to it.

use super::super::error::{Error, Located};
use crate::host::Host;
use crate::span::Span;
use crate::template;

use miette::Diagnostic as _;

/// A failure at a place of a manifest.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    message: String,
    help: Option<String>,
    at: At,
}

#[derive(Debug, Clone)]
enum At {
    Span(Span),
    Place(Option<crate::span::Place>),
}

impl Failure {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Failure {
        Failure { message: message.into(), help: None, at: At::Span(span) }
    }

    /// The failure of a template. It knows its place.
    pub(super) fn template(error: &template::Error) -> Failure {
        let help = error.help().map(|help| help.to_string());
        Failure { message: error.to_string(), help, at: At::Place(error.place().cloned()) }
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// The failure with something said before and after it.
    #[must_use]
    pub(super) fn wrapped(mut self, before: &str, after: &str) -> Failure {
        self.message = format!("{before}{}{after}", self.message);
        self
    }

    pub(super) fn into_error(self, host: &Host, file: &str) -> Error {
        let (message, located) = match self.at {
            At::Span(span) => {
                let located = Located::new(&host.sources, span);
                (format!("{}{}", self.message, located.text), located)
            }
            // The text of a template's error names the place.
            At::Place(place) => (self.message, place.map(|place| Located::at(&place)).unwrap_or_default()),
        };
        Error::Manifest {
            message,
            file: file.to_owned(),
            chain: String::new(),
            help: self.help,
            source_code: located.source,
            at: located.at,
        }
    }
}
