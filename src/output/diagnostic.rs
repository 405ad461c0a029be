//! Errors as text: message, place with the lines around it, causes, what to do next.

use std::fmt::Write as _;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, SourceCode, SourceSpan};

use super::printable::printable;
use crate::diag::Report;
use crate::diag::hint::Advice;

/// The text of a report for stderr. `verbose` adds the stable code; colour is never used inside, so that the same
/// words can be searched in a pipe and on a terminal.
pub fn render(report: &Report, verbose: bool, advice: &Advice) -> String {
    let diagnostic = report.diagnostic();
    let mut out = String::from("\n");
    if let Some(title) = report.title() {
        let _ = writeln!(out, "# {title}\n");
    }
    let _ = writeln!(out, "**Error:** {diagnostic}");
    write_causes(&mut out, diagnostic);
    write_snippets(&mut out, diagnostic);
    if let Some(related) = diagnostic.related() {
        for other in related {
            let _ = writeln!(out, "\n  - {other}");
            write_snippets(&mut out, other);
            write_help(&mut out, other, advice);
        }
    }
    write_help(&mut out, diagnostic, advice);
    if verbose && let Some(code) = diagnostic.code() {
        let _ = writeln!(out, "\ncode: {code}");
    }
    out
}

/// A report as one line of JSON, for programs that read stderr.
pub(super) fn as_json(report: &Report, advice: &Advice) -> String {
    let diagnostic = report.diagnostic();
    let labels = diagnostic.labels().into_iter().flatten();
    let places: Vec<String> = labels
        .filter_map(|label| {
            let source = diagnostic.source_code()?;
            let exact = source.read_span(&SourceSpan::from((label.offset(), 0)), 0, 0).ok()?;
            let name = exact.name().unwrap_or("input");
            Some(format!("{name}:{}:{}", exact.line() + 1, exact.column() + 1))
        })
        .collect();
    let help = diagnostic.help().map(|help| advice.of(&help.to_string()).into_owned()).unwrap_or_default();
    let hints: Vec<&str> = help.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut causes = Vec::new();
    let mut source = diagnostic.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    serde_json::json!({
        "title": report.title().unwrap_or("Error"),
        "message": diagnostic.to_string(),
        "code": report.code(),
        "places": places,
        "causes": causes,
        "hints": hints,
        "exit_code": report.exit_code(),
    })
    .to_string()
}

/// Causes whose text the message does not already contain.
fn write_causes(out: &mut String, diagnostic: &dyn Diagnostic) {
    let mut shown = diagnostic.to_string();
    let mut source = diagnostic.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !shown.contains(&text) {
            let _ = writeln!(out, "  caused by: {text}");
            shown.push_str(&text);
        }
        source = cause.source();
    }
}

fn write_help(out: &mut String, diagnostic: &dyn Diagnostic, advice: &Advice) {
    if let Some(help) = diagnostic.help() {
        for line in advice.of(&help.to_string()).lines().filter(|line| !line.trim().is_empty()) {
            let _ = writeln!(out, "\n💡 {line}");
        }
    }
}

fn write_snippets(out: &mut String, diagnostic: &dyn Diagnostic) {
    let (Some(source), Some(labels)) = (diagnostic.source_code(), diagnostic.labels()) else { return };
    for label in labels {
        if let Some(text) = snippet(source, &label) {
            out.push('\n');
            out.push_str(&text);
        }
    }
}

/// The labelled line with one line before and after it, and a mark under the label.
pub(super) fn snippet(source: &dyn SourceCode, label: &LabeledSpan) -> Option<String> {
    let contents = source.read_span(label.inner(), 1, 1).ok()?;
    let exact = source.read_span(&SourceSpan::from((label.offset(), 0)), 0, 0).ok()?;
    let text = std::str::from_utf8(contents.data()).ok()?;
    let (line, column) = (exact.line() + 1, exact.column() + 1);
    let width = (contents.line() + text.lines().count()).to_string().len();
    let mut out = String::new();
    let _ = writeln!(out, "  --> {}:{line}:{column}", contents.name().unwrap_or("input"));
    for (index, source_line) in text.lines().enumerate() {
        let number = contents.line() + index + 1;
        let labelled = if number == line { exact.column()..exact.column() + label.len() } else { 0..0 };
        let shown = Shown::of(source_line, labelled);
        let _ = writeln!(out, "  {number:>width$} | {}", shown.text);
        if number == line {
            let (indent, marks) = (" ".repeat(shown.before), "^".repeat(shown.marked.max(1)));
            let note = label.label().map(|note| format!(" {note}")).unwrap_or_default();
            let _ = writeln!(out, "  {:>width$} | {indent}{marks}{note}", "");
        }
    }
    Some(out)
}

/// Columns of a source line that are shown; a generated manifest may have millions.
const COLUMNS: usize = 200;
/// Columns of them in front of the label.
const LEAD: usize = 80;

/// A source line as it is shown: printable, and cut around its label.
struct Shown {
    text: String,
    /// Width of what stands before the label, and of the label.
    before: usize,
    marked: usize,
}

impl Shown {
    /// `label` is in bytes of the line.
    fn of(line: &str, label: Range<usize>) -> Shown {
        let lead = line.char_indices().take_while(|(at, _)| *at < label.start).count();
        let cut = line.chars().nth(COLUMNS).is_some();
        let skip = if cut { lead.saturating_sub(LEAD) } else { 0 };
        let mut shown = Shown { text: String::new(), before: 0, marked: 0 };
        if skip > 0 {
            shown.text.push('…');
            shown.before = 1;
        }
        for (at, character) in line.char_indices().skip(skip).take(COLUMNS) {
            let mut buffer = [0; 4];
            let piece = printable(character.encode_utf8(&mut buffer)).into_owned();
            let width = piece.chars().count();
            if at < label.start {
                shown.before += width;
            } else if at < label.end {
                shown.marked += width;
            }
            shown.text.push_str(&piece);
        }
        if line.chars().nth(skip + COLUMNS).is_some() {
            shown.text.push('…');
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use miette::NamedSource;

    use super::*;
    use crate::diag::Failure;

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("stack import not found: `nope`")]
    #[diagnostic(code(atmos::stack::import_not_found), help("check the spelling"))]
    struct Missing {
        #[source_code]
        source_text: NamedSource<Arc<str>>,
        #[label("here")]
        at: SourceSpan,
    }

    impl Failure for Missing {}

    #[test]
    fn shows_message_place_mark_and_help() {
        let source_text = NamedSource::new("stacks/a.yaml", Arc::from("import:\n  - nope\nvars: {}\n"));
        let report = Report::from(Missing { source_text, at: (12, 4).into() });
        insta::assert_snapshot!(render(&report, true, &Advice::default()), @r"

        **Error:** stack import not found: `nope`

          --> stacks/a.yaml:2:5
          1 | import:
          2 |   - nope
            |     ^^^^ here
          3 | vars: {}

        💡 check the spelling

        code: atmos::stack::import_not_found
        ");
    }

    #[test]
    fn long_lines_are_cut_around_the_label_and_control_characters_are_written_out() {
        let line = format!("{}\u{1b}[31mnope{}", "a".repeat(1_000_000), "b".repeat(1_000_000));
        let source_text = NamedSource::new("stacks/a.yaml", Arc::from(line));
        let report = Report::from(Missing { source_text, at: (1_000_005, 1_000_004).into() });
        let text = render(&report, false, &Advice::default());
        assert!(text.len() < 2_000, "{}", text.len());
        assert!(!text.contains('\u{1b}'), "{text}");
        let (before, marks) = (format!("…{}\\u{{1b}}[31m", "a".repeat(75)), "^".repeat(120));
        assert!(text.contains(&format!("1 | {before}nope{}…\n", "b".repeat(116))), "{text}");
        assert!(text.contains(&format!("  | {}{marks} here\n", " ".repeat(before.chars().count()))), "{text}");
    }
}
