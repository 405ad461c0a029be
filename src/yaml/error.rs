//! What can be wrong with a YAML document.

use miette::{Diagnostic, SourceSpan};

use crate::diag::{Failure, Snippet, SourceText};
use crate::span::{Place, Sources, Span};

/// A document that cannot be read, or a value that cannot be written. Every message names `file:line:column`.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("yaml: {place}: {reason}")]
    #[diagnostic(code(atmos::yaml::syntax), help("correct the YAML at the marked place"))]
    Syntax {
        reason: String,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("here")]
        at: SourceSpan,
    },
    #[error("yaml: {place}: mapping key \"{key}\" already defined at line {first_line}")]
    #[diagnostic(
        code(atmos::yaml::duplicate_key),
        help("remove one of the two definitions, or merge them under one key")
    )]
    DuplicateKey {
        key: String,
        first_line: u32,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("defined again here")]
        at: SourceSpan,
        #[label("first defined here")]
        first: SourceSpan,
    },
    #[error("yaml: {place}: {reason}")]
    #[diagnostic(
        code(atmos::yaml::limit),
        help("divide the document, or use fewer aliases: the limits protect against documents that blow up")
    )]
    Limit {
        reason: String,
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("here")]
        at: SourceSpan,
    },
    #[error("yaml: {place}: the file holds more than one YAML document")]
    #[diagnostic(
        code(atmos::yaml::documents),
        help("keep one document per file; everything after the second `---` would be ignored")
    )]
    Documents {
        place: String,
        #[source_code]
        source_code: SourceText,
        #[label("the second document begins here")]
        at: SourceSpan,
    },
    #[error("unsupported value: {value} at '{path}' cannot be written as JSON")]
    #[diagnostic(code(atmos::yaml::not_json), help("quote the value to keep it as text, or choose YAML output"))]
    NotJson { path: String, value: String },
}

impl Failure for Error {}

impl Error {
    /// Where the file is wrong, without a word of what stands there.
    pub fn place(&self) -> &str {
        match self {
            Error::Syntax { place, .. }
            | Error::DuplicateKey { place, .. }
            | Error::Limit { place, .. }
            | Error::Documents { place, .. } => place,
            Error::NotJson { path, .. } => path,
        }
    }

    pub(super) fn syntax(sources: &Sources, span: Span, reason: impl Into<String>) -> Error {
        let (place, source_code, at) = parts(sources, span);
        Error::Syntax { reason: reason.into(), place, source_code, at }
    }

    pub(super) fn limit(sources: &Sources, span: Span, reason: impl Into<String>) -> Error {
        let (place, source_code, at) = parts(sources, span);
        Error::Limit { reason: reason.into(), place, source_code, at }
    }

    pub(super) fn documents(sources: &Sources, span: Span) -> Error {
        let (place, source_code, at) = parts(sources, span);
        Error::Documents { place, source_code, at }
    }

    pub(super) fn duplicate_key(sources: &Sources, key: &str, span: Span, first: Span) -> Error {
        let (place, source_code, at) = parts(sources, span);
        let (_, _, first_at) = parts(sources, first);
        Error::DuplicateKey { key: key.to_owned(), first_line: first.line, place, source_code, at, first: first_at }
    }
}

/// What is missing at the end of a file is missing behind its last letter, not on a line that is not there.
fn within(place: Place) -> Place {
    let end = place.source.text.trim_end().len();
    let is_behind = place.offset() > end && place.source.line(place.line).is_empty();
    if is_behind { Place { length: 0, ..place.at_offset(end) } } else { place }
}

/// Text and label of a place. A span without a file cannot occur while a file is parsed; it gives an empty snippet.
fn parts(sources: &Sources, span: Span) -> (String, SourceText, SourceSpan) {
    sources.place(span).map(within).map_or_else(
        || (String::new(), SourceText::default(), (0, 0).into()),
        |place: Place| (place.to_string(), Snippet::source(&place), Snippet::span(&place)),
    )
}
