//! The error that travels up to `cli`, and the source snippet that it can carry.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

use crate::span::Place;

/// Exit status of a failure that no specification gives another one.
const FAILURE: u8 = 1;

/// An error of one module, with the exit status of the process if it reaches the top.
pub trait Failure: Diagnostic + Send + Sync + 'static {
    fn exit_code(&self) -> u8 {
        FAILURE
    }

    /// The headline above the message, for failures that a specification gives one.
    fn title(&self) -> Option<&'static str> {
        None
    }
}

/// Any module's error on its way up. Made with `?` or [`Report::from`].
pub struct Report {
    inner: Box<dyn Failure>,
}

/// Result of everything above the module level.
pub type Result<T, E = Report> = std::result::Result<T, E>;

impl Report {
    pub fn exit_code(&self) -> u8 {
        self.inner.exit_code()
    }

    pub fn title(&self) -> Option<&'static str> {
        self.inner.title()
    }

    pub fn diagnostic(&self) -> &(dyn Diagnostic + Send + Sync + 'static) {
        self.inner.as_diagnostic()
    }

    /// The stable code, for example `atmos::stack::import_not_found`.
    pub fn code(&self) -> Option<String> {
        self.inner.code().map(|code| code.to_string())
    }
}

impl<E: Failure> From<E> for Report {
    fn from(error: E) -> Report {
        Report { inner: Box::new(error) }
    }
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.inner)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.inner)
    }
}

/// Upcast that a trait object needs to reach `dyn Diagnostic`.
trait AsDiagnostic {
    fn as_diagnostic(&self) -> &(dyn Diagnostic + Send + Sync + 'static);
}

impl AsDiagnostic for dyn Failure {
    fn as_diagnostic(&self) -> &(dyn Diagnostic + Send + Sync + 'static) {
        self
    }
}

/// A place in a file, as error enums carry it: `#[source_code] source: NamedSource<Arc<str>>` and
/// `#[label] at: SourceSpan`, both from one [`Place`].
pub struct Snippet;

impl Snippet {
    pub fn source(place: &Place) -> NamedSource<Arc<str>> {
        NamedSource::new(&place.source.name, place.source.text.clone())
    }

    pub fn span(place: &Place) -> SourceSpan {
        (place.offset(), place.byte_length()).into()
    }
}
