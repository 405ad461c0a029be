//! The error that travels up to `cli`, and the source snippet that it can carry.

use std::fmt::Display;
use std::sync::Arc;

use miette::{Diagnostic, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::span::{Place, Source};

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

    /// What the configuration in force does not have, and one with another profile may.
    fn lacking(&self) -> Option<Lacking<'_>> {
        None
    }
}

/// Something that a profile could bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking<'a> {
    /// An identity of this name.
    Identity(&'a str),
    /// An identity that is default.
    Default,
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

    pub fn lacking(&self) -> Option<Lacking<'_>> {
        self.inner.lacking()
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

/// An error that others got, too: the question was asked once for all of them.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Shared(pub Arc<Report>);

impl Diagnostic for Shared {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.0.code().map(|code| Box::new(code) as Box<dyn Display>)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.0.diagnostic().help()
    }
}

impl Failure for Shared {
    fn exit_code(&self) -> u8 {
        self.0.exit_code()
    }

    fn lacking(&self) -> Option<Lacking<'_>> {
        self.0.lacking()
    }
}

/// An error with another help, by somebody further up who knows more.
#[derive(Debug)]
pub struct Helped {
    pub report: Report,
    /// Instead of the help that the error has itself.
    pub help: String,
}

impl Helped {
    /// With this before the help that the error has itself.
    pub fn before(help: String, report: Report) -> Helped {
        let own = report.diagnostic().help().map(|own| format!("{help}\n{own}"));
        Helped { help: own.unwrap_or(help), report }
    }
}

impl Display for Helped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.report)
    }
}

impl std::error::Error for Helped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.report.diagnostic().source()
    }
}

impl Diagnostic for Helped {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.report.diagnostic().code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.report.diagnostic().source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        self.report.diagnostic().labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.report.diagnostic().related()
    }
}

impl Failure for Helped {
    fn exit_code(&self) -> u8 {
        self.report.exit_code()
    }

    fn title(&self) -> Option<&'static str> {
        self.report.title()
    }

    fn lacking(&self) -> Option<Lacking<'_>> {
        self.report.lacking()
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

/// The file that a diagnostic points into, as error enums carry it: `#[source_code] source_code: SourceText` and
/// `#[label] at: SourceSpan`, both from one [`Place`] by [`Snippet`]. Unlike `miette::NamedSource` it knows where lines
/// begin: a long manifest may have thousands of errors, and none of them looks for its line from the top.
#[derive(Debug, Clone, Default)]
pub struct SourceText(Option<Arc<Source>>);

impl SourceCode for SourceText {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> std::result::Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let source = self.0.as_deref().ok_or(MietteError::OutOfBounds)?;
        let end = span.offset().checked_add(span.len()).ok_or(MietteError::OutOfBounds)?;
        if source.text.get(span.offset()..end).is_none() {
            return Err(MietteError::OutOfBounds);
        }
        let line = source.line_of(span.offset());
        let first = line.saturating_sub(lines_before);
        // Without lines before it, what is shown begins with the span itself.
        let (begin, column) = match lines_before {
            0 => (span.offset(), span.offset() - source.starts()[line]),
            _ => (source.starts()[first], 0),
        };
        let after = source.line_of(end.saturating_sub(1).max(span.offset())) + lines_after + 1;
        let until = source.starts().get(after).copied().unwrap_or(source.text.len()).max(end);
        let shown = &source.text.as_bytes()[begin..until];
        let place = (begin, until - begin).into();
        let name = source.name.clone();
        Ok(Box::new(MietteSpanContents::new_named(name, shown, place, first, column, source.starts().len())))
    }
}

/// The two halves of a place that error enums carry.
pub struct Snippet;

impl Snippet {
    pub fn source(place: &Place) -> SourceText {
        SourceText(Some(place.source.clone()))
    }

    pub fn span(place: &Place) -> SourceSpan {
        (place.offset(), place.byte_length()).into()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use miette::NamedSource;

    use super::*;
    use crate::span::{Sources, Span};

    proptest::proptest! {
        #[test]
        fn spans_are_read_as_the_library_reads_them(
            text in "([a-zä]{0,3}\n?){0,8}",
            (line, column, length) in (1..9_u32, 1..5_u32, 0..4_u32),
            around in 0..3_usize,
        ) {
            let sources = Sources::new();
            let file = sources.add(Path::new("/r/a.yaml"), Path::new("/r"), Arc::from(text.as_str()));
            let place = sources.place(Span::new(file, line, column, length)).unwrap();
            let span = Snippet::span(&place);
            let ours = Snippet::source(&place);
            let theirs = NamedSource::new("a.yaml", text.clone());
            let both = [ours.read_span(&span, around, around).ok(), theirs.read_span(&span, around, around).ok()];
            if let [Some(ours), Some(theirs)] = both {
                proptest::prop_assert_eq!((ours.name(), ours.line(), ours.column()), (Some("a.yaml"), theirs.line(), theirs.column()));
                let lines = |data: &[u8]| String::from_utf8_lossy(data).lines().map(str::to_owned).collect::<Vec<_>>();
                // For an empty span at the end of a line the library shows one line more than was asked for.
                if around > 0 && !span.is_empty() {
                    proptest::prop_assert_eq!(lines(ours.data()), lines(theirs.data()));
                }
            }
        }
    }
}
