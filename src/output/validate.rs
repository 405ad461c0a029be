//! Views of what validation found.

use std::fmt::Write as _;

use miette::LabeledSpan;
use serde_json::{Value as Json, json};

use super::diagnostic::snippet;
use super::printable::printable;
use crate::diag::Warning;
use crate::ops::validate::{Objection, Report};
use crate::validate::{Finding, Severity, Site};

/// Whom a finding concerns: this many are named.
const NAMED: usize = 3;

/// The warnings, to be said one by one.
pub fn warnings(report: &Report) -> Vec<Warning> {
    report
        .of(Severity::Warning)
        .map(|finding| {
            let help: Vec<String> = [also(finding), finding.help.clone()].into_iter().flatten().collect();
            Warning {
                code: "atmos::validate",
                message: format!("warning: {}", sentence(finding)),
                place: finding.site.as_ref().map(ToString::to_string),
                help: Some(help.join("\n  ")).filter(|help| !help.is_empty()),
            }
        })
        .collect()
}

/// The errors as a block for stderr.
pub fn errors(report: &Report) -> String {
    let count = report.of(Severity::Error).count();
    let noun = if count == 1 { "error" } else { "errors" };
    let mut text = format!("✗ Stack validation failed\n\n**Error:** {count} {noun} in the stack manifests\n\n");
    for finding in report.of(Severity::Error) {
        let place = finding.site.as_ref().map(|site| format!("{site}: ")).unwrap_or_default();
        let _ = writeln!(text, "- {place}error: {}", sentence(finding));
        for line in also(finding).iter().chain(&finding.help).flat_map(|help| help.lines()) {
            let _ = writeln!(text, "  💡 {line}");
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Every finding with the lines around it.
pub fn rich(report: &Report) -> String {
    rich_findings(&report.findings)
}

/// Findings for programs.
pub fn records<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<Json> {
    findings.into_iter().map(record).collect()
}

fn record(finding: &Finding) -> Json {
    let place = |site: &Site| json!({"file": site.file, "line": site.line, "column": site.column});
    let mut record = json!({
        "severity": if finding.severity == Severity::Error { "error" } else { "warning" },
        "code": finding.code,
        "message": finding.message,
        "subjects": finding.subjects,
        "help": finding.help,
    });
    if let Some(site) = &finding.site {
        (record["file"], record["line"], record["column"]) = (json!(site.file), json!(site.line), json!(site.column));
    }
    if let Some((site, what)) = &finding.also {
        record["related"] = place(site);
        record["related"]["message"] = json!(what);
    }
    record
}

/// What schemas and policies have against a component, for programs.
pub fn objections(objections: &[Objection]) -> Vec<Json> {
    let of = |objection: &Objection| -> Vec<Json> {
        let about = |mut record: Json| {
            (record["check"], record["policy"]) = (json!(objection.check), json!(objection.file));
            record
        };
        if objection.findings.is_empty() {
            let plain = |message: &String| json!({"severity": "error", "code": null, "message": message});
            return objection.messages.iter().map(plain).map(about).collect();
        }
        objection.findings.iter().map(record).map(about).collect()
    };
    objections.iter().flat_map(of).collect()
}

/// What one file has against its schema.
pub fn of_file(file: &str, findings: &[Finding]) -> String {
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    let mut text = format!("{} {file}", if failed { "✗" } else { "⚠" });
    for finding in findings {
        let place = finding.site.as_ref().map(|site| format!("{site}: ")).unwrap_or_default();
        let word = if finding.severity == Severity::Error { "error" } else { "warning" };
        let _ = write!(text, "\n- {place}{word}: {}", sentence(finding));
        for line in finding.help.iter().flat_map(|help| help.lines()) {
            let _ = write!(text, "\n  💡 {line}");
        }
    }
    text
}

/// The same for findings of any check.
pub fn rich_findings<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> String {
    let mut text = String::new();
    for finding in findings {
        let word = if finding.severity == Severity::Error { "error" } else { "warning" };
        let _ = writeln!(text, "{word}: {}", sentence(finding));
        match finding.site.as_ref().map(|site| (site, &site.source)) {
            Some((_, Some((source, span)))) => {
                let label = LabeledSpan::new_with_span(None, *span);
                text.push_str(&snippet(source, &label).unwrap_or_default());
            }
            Some((site, None)) => {
                let _ = writeln!(text, "  --> {site}");
            }
            None => {}
        }
        for line in also(finding).iter().chain(&finding.help).flat_map(|help| help.lines()) {
            let _ = writeln!(text, "  💡 {line}");
        }
        text.push('\n');
    }
    printable(text.trim_end()).into_owned()
}

/// The message, whom it concerns, and the stable code; further lines of the message stand behind.
fn sentence(finding: &Finding) -> String {
    let named = finding.subjects.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = match finding.subjects.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let subjects = if named.is_empty() { named } else { format!(" ({named}{more})") };
    let (first, rest) = finding.message.split_once('\n').unwrap_or((&finding.message, ""));
    let rest: String = rest.lines().fold(String::new(), |mut text, line| {
        let _ = write!(text, "\n  {line}");
        text
    });
    format!("{first}{subjects} [{}]{rest}", finding.code)
}

fn also(finding: &Finding) -> Option<String> {
    finding.also.as_ref().map(|(site, what)| format!("{what}: {site}"))
}
