//! What validation found, each thing once, in the order of places.

use std::collections::{BTreeMap, HashSet};

use miette::{Diagnostic, SourceSpan};

use crate::diag::{Remark, Snippet, SourceText, Warning};
use crate::span::{Place, Sources, Span};

/// Whether the command fails because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// A place in a file, with the text of the file where it is at hand.
#[derive(Debug, Clone)]
pub struct Site {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub source: Option<(SourceText, SourceSpan)>,
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Site {
    fn of(place: &Place) -> Site {
        Site {
            file: place.source.name.clone(),
            line: place.line,
            column: place.column,
            source: Some((Snippet::source(place), Snippet::span(place))),
        }
    }

    pub(super) fn at(sources: &Sources, span: Span) -> Option<Site> {
        sources.place(span).map(|place| Site::of(&place))
    }

    /// `file:line:column`, as warnings carry it.
    fn parse(text: &str) -> Option<Site> {
        let mut parts = text.rsplitn(3, ':');
        let (column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Site { file: file.to_owned(), line: line.parse().ok()?, column: column.parse().ok()?, source: None })
    }

    /// The first label of a diagnostic.
    fn labelled(diagnostic: &dyn Diagnostic) -> Option<Site> {
        let label = diagnostic.labels()?.next()?;
        let source = diagnostic.source_code()?;
        let exact = source.read_span(&SourceSpan::from((label.offset(), 0)), 0, 0).ok()?;
        // The line of the label, with what comes before the label in it.
        let around = source.read_span(&SourceSpan::from((label.offset(), 0)), 1, 1).ok()?;
        let text = std::str::from_utf8(around.data()).ok()?;
        let line = text.lines().nth(exact.line() - around.line()).unwrap_or_default();
        let column = line.get(..exact.column()).map_or(exact.column(), |before| before.chars().count());
        let narrow = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        let file = exact.name().or(around.name()).unwrap_or_default().to_owned();
        Some(Site { file, line: narrow(exact.line()), column: narrow(column), source: None })
    }

    fn key(&self) -> (String, u32, u32) {
        (self.file.clone(), self.line, self.column)
    }
}

/// One thing that validation found.
#[derive(Debug, Clone)]
pub struct Finding {
    pub severity: Severity,
    /// Stable, for example `atmos::validate::schema`.
    pub code: String,
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    pub site: Option<Site>,
    /// Another place, and what is there.
    pub also: Option<(Site, &'static str)>,
    /// Whom it concerns: components, manifests; sorted, each once. Empty where the message says it.
    pub subjects: Vec<String>,
    /// Met once for each stack, with the name of the stack in the message: the place says which one it is.
    once: bool,
}

impl Finding {
    pub(super) fn new(severity: Severity, code: &str, message: impl Into<String>, site: Option<Site>) -> Finding {
        let (code, message) = (code.to_owned(), message.into());
        Finding { severity, code, message, help: None, site, also: None, subjects: Vec::new(), once: false }
    }

    pub(super) fn help(mut self, help: Option<String>) -> Finding {
        self.help = help;
        self
    }

    pub(super) fn of(mut self, subject: impl Into<String>) -> Finding {
        self.subjects.push(subject.into());
        self
    }

    /// An error of the modules below. `fallback` is the place of one that has none itself.
    pub fn error(sources: &Sources, diagnostic: &dyn Diagnostic, fallback: Span) -> Finding {
        let site = Site::labelled(diagnostic).map(|site| with_source(sources, site));
        let message = diagnostic.to_string();
        // The place stands before the message.
        let message = match &site {
            Some(site) => message.replace(&format!(" at {site}"), "").replace(&format!("{site}: "), ""),
            None => message,
        };
        let code = diagnostic.code().map(|code| code.to_string()).unwrap_or_default();
        let site = site.or_else(|| Site::at(sources, fallback));
        let help = diagnostic.help().map(|help| help.to_string());
        Finding { once: true, ..Finding::new(Severity::Error, &code, message, site).help(help) }
    }

    /// An error at its own place.
    pub fn of_diagnostic(sources: &Sources, diagnostic: &dyn Diagnostic) -> Finding {
        Finding::error(sources, diagnostic, Span::default())
    }

    /// An error that has its place in its text, if anywhere.
    pub fn placed(sources: &Sources, diagnostic: &dyn Diagnostic, fallback: Span) -> Finding {
        let mut finding = Finding::error(sources, diagnostic, fallback);
        let text = std::mem::take(&mut finding.message);
        let (head, message) = text.split_once(": ").unwrap_or(("", &text));
        // The place begins a line, which need not be the first.
        let (before, at) = head.rfind('\n').map_or(("", head), |end| head.split_at(end + 1));
        if let Some(site) = Site::parse(at) {
            finding.site = Some(with_source(sources, site));
            finding.message = format!("{before}{message}");
        } else if let Some(site) = &finding.site {
            let said = [format!("{site}: "), format!(" ({site})")];
            finding.message = said.iter().fold(text, |message, said| message.replace(said, ""));
        } else {
            finding.message = text;
        }
        Finding { once: false, ..finding }
    }

    /// The same as something that is no reason to fail.
    #[must_use]
    pub fn as_warning(self) -> Finding {
        Finding { severity: Severity::Warning, ..self }
    }

    pub fn remark(sources: &Sources, remark: &Remark) -> Finding {
        let site = Site::at(sources, remark.span);
        let help = Some(remark.help.clone()).filter(|help| !help.is_empty());
        let mut finding = Finding::new(Severity::Warning, remark.code, remark.message.as_str(), site).help(help);
        finding.also = remark.also.and_then(|(span, what)| Some((Site::at(sources, span)?, what)));
        finding.subjects.extend(Some(remark.subject.clone()).filter(|subject| !subject.is_empty()));
        finding
    }

    pub(super) fn warning(warning: &Warning) -> Finding {
        let site = warning.place.as_deref().and_then(Site::parse);
        Finding::new(Severity::Warning, warning.code, warning.message.as_str(), site).help(warning.help.clone())
    }

    /// What makes two findings one: the same thing at the same place. Errors without a place differ by their text.
    fn key(&self) -> Key {
        let site = self.site.as_ref().map(Site::key);
        let also = self.also.as_ref().map(|(site, _)| site.key());
        let text = if self.once && site.is_some() { String::new() } else { self.message.clone() };
        (site, self.severity, self.code.clone(), text, also)
    }
}

/// Findings of several checks, each once and by their places.
pub fn sorted(all: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.extend(all);
    findings.finish()
}

/// The code of what a schema refuses.
pub(super) const SCHEMA: &str = "atmos::validate::schema";

type At = (String, u32, u32);
type Key = (Option<At>, Severity, String, String, Option<At>);

/// Diagnostics do not give their text away, and the registry has it.
fn with_source(sources: &Sources, site: Site) -> Site {
    let Some(source) = sources.by_name(&site.file) else { return site };
    let place = Place { source, line: site.line, column: site.column, length: 1 };
    Site { source: Some((Snippet::source(&place), Snippet::span(&place))), ..site }
}

/// Findings as they come in.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: BTreeMap<Key, Finding>,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        match self.found.entry(finding.key()) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(finding);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                for subject in finding.subjects {
                    if let Err(at) = known.subjects.binary_search(&subject) {
                        known.subjects.insert(at, subject);
                    }
                }
            }
        }
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.add(finding));
    }

    /// Everything, sorted by place; what the loader says about a value is not said again by the schema.
    pub(super) fn finish(self) -> Vec<Finding> {
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        let said: HashSet<At> = self
            .found
            .values()
            .filter(is_error)
            .filter(|finding| finding.code != SCHEMA)
            .filter_map(|finding| finding.site.as_ref().map(Site::key))
            .collect();
        // The loader marks the value of a key of `metadata` that no manifest may have, the schema the key.
        let lines: HashSet<(String, u32)> = self
            .found
            .values()
            .filter(|finding| finding.code == "atmos::stack::global_metadata")
            .filter_map(|finding| finding.site.as_ref().map(|site| (site.file.clone(), site.line)))
            .collect();
        let is_said = |finding: &Finding| {
            finding.code == SCHEMA
                && finding
                    .site
                    .as_ref()
                    .is_some_and(|site| said.contains(&site.key()) || lines.contains(&(site.file.clone(), site.line)))
        };
        self.found.into_values().filter(|finding| !is_said(finding)).collect()
    }
}
