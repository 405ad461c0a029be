//! Errors of templates, at the place in the manifest where that is known.

use std::fmt::{Display, Formatter};
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::Source;
use super::problem::Problem;
use crate::diag::{Failure, Report, Snippet, SourceText};
use crate::span::Place;

/// A template that cannot be compiled or rendered. The message has the shape of Go's:
/// `template: NAME:LINE:COLUMN: executing "NAME" at <.a.b>: map has no entry for key "a"`, with the place in the
/// manifest instead of the one in the text where the manifest is known.
pub struct Error(Box<Detail>);

#[derive(Debug)]
struct Detail {
    kind: Kind,
    /// Template that was compiled.
    name: Arc<str>,
    line: u32,
    /// Bytes before the place in its line; unknown for errors of syntax.
    column: Option<usize>,
    /// Defined template that was running, and the expression.
    executing: Option<(Arc<str>, String)>,
    phrase: String,
    help: Option<String>,
    place: Option<Place>,
    source_code: Option<SourceText>,
    /// What a function reported from a deeper layer.
    cause: Option<Box<Report>>,
}

/// What kind of failure it is; decides the stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The text is no template.
    Syntax,
    /// Rendering failed: a missing key, a wrong type, an error of a function.
    Execution,
    /// A bound on nesting, loops or size.
    Limit,
}

impl Error {
    pub(super) fn syntax(kind: Kind, source: &Source<'_>, line: u32, at: usize, phrase: String) -> Error {
        let place = source.place.as_ref().map(|start| locate(start, source.text, at));
        Error::new(Detail {
            kind,
            name: Arc::from(source.name),
            line,
            column: None,
            executing: None,
            phrase,
            help: None,
            place,
            source_code: None,
            cause: None,
        })
    }

    /// A failure at a byte of a compiled template.
    pub(super) fn execution(
        compiled: &super::ast::Compiled,
        at: usize,
        executing: (Arc<str>, String),
        problem: Problem,
    ) -> Error {
        let before = compiled.text.get(..at).unwrap_or_default();
        let line = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX - 1) + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |index| index + 1);
        let kind = if problem.is_limit { Kind::Limit } else { Kind::Execution };
        Error::new(Detail {
            kind,
            name: compiled.name.clone(),
            line,
            column: Some(column),
            executing: Some(executing),
            phrase: problem.message,
            help: problem.help,
            place: compiled.place.as_ref().map(|start| locate(start, &compiled.text, at)),
            source_code: None,
            cause: problem.cause,
        })
    }

    fn new(mut detail: Detail) -> Error {
        detail.source_code = detail.place.as_ref().map(Snippet::source);
        Error(Box::new(detail))
    }

    #[must_use]
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Error {
        self.0.help = Some(help.into());
        self
    }

    #[must_use]
    pub(super) fn of_kind(mut self, kind: Kind) -> Error {
        self.0.kind = kind;
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What went wrong, without place and expression: `map has no entry for key "x"`.
    pub fn phrase(&self) -> &str {
        &self.0.phrase
    }

    /// The expression that failed: `.vars.x`. None for errors of syntax.
    pub fn expression(&self) -> Option<&str> {
        self.0.executing.as_ref().map(|(_, expression)| &**expression)
    }

    /// Line in the text of the template, from 1.
    pub fn line(&self) -> u32 {
        self.0.line
    }

    /// Bytes before the place in its line, as Go counts columns. None for errors of syntax.
    pub fn column(&self) -> Option<usize> {
        self.0.column
    }

    /// The place in the manifest.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    pub(super) fn into_cause(self) -> Option<Box<Report>> {
        self.0.cause
    }

    /// The diagnostic of a deeper layer that made a function fail.
    pub fn cause(&self) -> Option<&Report> {
        self.0.cause.as_deref()
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let detail = &self.0;
        match &detail.place {
            Some(place) => write!(f, "template: {place}: ")?,
            None => match detail.column {
                Some(column) => write!(f, "template: {}:{}:{column}: ", detail.name, detail.line)?,
                None => write!(f, "template: {}:{}: ", detail.name, detail.line)?,
            },
        }
        if let Some((name, expression)) = &detail.executing {
            write!(f, "executing {} at <{expression}>: ", super::format::quote(name))?;
        }
        f.write_str(&detail.phrase)
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {}

impl Diagnostic for Error {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        if let Some(code) = self.0.cause.as_ref().and_then(|cause| cause.code()) {
            return Some(Box::new(code));
        }
        Some(Box::new(match self.0.kind {
            Kind::Syntax => "atmos::template::syntax",
            Kind::Execution => "atmos::template::execution",
            Kind::Limit => "atmos::template::limit",
        }))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        if let Some(help) = &self.0.help {
            return Some(Box::new(help));
        }
        if let Some(help) = self.0.cause.as_ref().and_then(|cause| cause.diagnostic().help()) {
            return Some(Box::new(help.to_string()));
        }
        let help: &str = match self.0.kind {
            Kind::Syntax => "correct the template at the marked place",
            Kind::Execution => "correct the expression, or give it the value that it asks for",
            Kind::Limit => "templates are bounded so that a mistake cannot fill the memory; do less in one template",
        };
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.0.place.as_ref()?;
        let label = self.0.executing.as_ref().map_or_else(|| "here".to_owned(), |(_, text)| text.clone());
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some(label), Snippet::span(place)))))
    }
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        self.0.cause.as_ref().map_or(1, |cause| cause.exit_code())
    }
}

/// The place in a file of a byte of a template that begins at `start`. Of scalars only the start is known, and quotes,
/// folding and indentation lie between their text and the file. Where those do not explain the text, the line of the
/// template is looked for in the file from there on, and the start stands where it is not found.
fn locate(start: &Place, text: &str, at: usize) -> Place {
    let at = (0..=at.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
    let is_whole_file = start.line <= 1 && start.column <= 1 && *start.source.text == *text;
    if !is_whole_file && let Some(place) = start.within(text, at) {
        return place;
    }
    let line_start = text[..at].rfind('\n').map_or(0, |index| index + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let shown = line.trim();
    let indent = line.len() - line.trim_start().len();
    let source = &start.source.text;
    let from = if is_whole_file {
        Some(line_start + indent)
    } else {
        let offset = start.offset();
        (!shown.is_empty()).then(|| source[offset..].find(shown).map(|index| offset + index)).flatten()
    };
    let Some(from) = from else { return start.clone() };
    start.at_offset(from + (at - line_start).saturating_sub(indent).min(shown.len()))
}

/// The known name that is nearest to one that is unknown.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (name.chars().count() / 3).max(1);
    let lower = name.to_lowercase();
    known
        .map(|candidate| {
            // Names differ in their capitals more often than in their letters.
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, name.len().abs_diff(candidate.len()), candidate)
        })
        .filter(|(distance, ..)| *distance <= limit)
        .min()
        .map(|(.., candidate)| candidate)
}
