//! Views of what files have against `.editorconfig`.

use std::fmt::Write as _;
use std::str::FromStr;

use serde_json::json;

use crate::ci::{command_data, command_property};
use crate::ops::validate::EditorConfigReport;
use crate::validate::editorconfig::Complaint;

/// How complaints are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Default,
    Gcc,
    Annotations,
    CodeClimate,
    Sarif,
    Json,
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Format, ()> {
        Ok(match text {
            "" | "default" | "text" => Format::Default,
            "gcc" | "rich" => Format::Gcc,
            "github-actions" => Format::Annotations,
            "codeclimate" => Format::CodeClimate,
            "sarif" => Format::Sarif,
            "json" => Format::Json,
            _ => return Err(()),
        })
    }
}

/// The text for stdout; nothing where nothing was found, except for documents that programs read.
pub fn text(report: &EditorConfigReport, format: Format) -> String {
    match format {
        Format::Default => by_file(report),
        Format::Gcc => lines(report, |file, complaint| {
            format!("{file}:{}:0: error: {}", complaint.first.unwrap_or(0), complaint.message)
        }),
        Format::Annotations => lines(report, |file, complaint| {
            let end = complaint.last.map(|last| format!(",endLine={last}")).unwrap_or_default();
            let (file, message) = (command_property(file), command_data(&complaint.message));
            format!("::error file={file},line={}{end}::{message}", complaint.first.unwrap_or(1))
        }),
        Format::CodeClimate => document(&json!(each(report, |file, complaint| json!({
            "type": "issue",
            "check_name": "editorconfig",
            "description": complaint.message,
            "severity": "minor",
            "location": {"path": file, "lines": {"begin": complaint.first.unwrap_or(1), "end": complaint.last.unwrap_or(1)}},
        })))),
        Format::Json => document(&json!(records(report))),
        Format::Sarif => document(&json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {"name": "atmos", "version": env!("CARGO_PKG_VERSION"), "rules": [{"id": "editorconfig"}]}},
                "results": each(report, |file, complaint| json!({
                    "ruleId": "editorconfig",
                    "level": "error",
                    "message": {"text": complaint.message},
                    "locations": [{"physicalLocation": {
                        "artifactLocation": {"uri": file},
                        "region": {"startLine": complaint.first.unwrap_or(1), "endLine": complaint.last.unwrap_or(1)},
                    }}],
                })),
            }],
        })),
    }
}

/// Complaints for programs.
pub fn records(report: &EditorConfigReport) -> Vec<serde_json::Value> {
    each(report, |file, complaint| {
        json!({
            "severity": "error",
            "code": "editorconfig",
            "message": complaint.message,
            "file": file,
            "line": complaint.first,
            "end_line": complaint.last,
        })
    })
}

fn by_file(report: &EditorConfigReport) -> String {
    let mut text = String::new();
    for (file, complaints) in &report.complaints {
        let _ = writeln!(text, "{file}:");
        for complaint in complaints {
            let _ = match (complaint.first, complaint.last) {
                (Some(first), Some(last)) if first != last => writeln!(text, "\t{first}-{last}: {}", complaint.message),
                (Some(first), _) => writeln!(text, "\t{first}: {}", complaint.message),
                _ => writeln!(text, "\t{}", complaint.message),
            };
        }
    }
    match report.count() {
        0 => text,
        count => format!("{text}\n{count} errors found\n"),
    }
}

fn each<T>(report: &EditorConfigReport, make: impl Fn(&str, &Complaint) -> T) -> Vec<T> {
    let of_file = |(file, complaints): &(String, Vec<Complaint>)| {
        complaints.iter().map(|complaint| make(file, complaint)).collect::<Vec<T>>()
    };
    report.complaints.iter().flat_map(of_file).collect()
}

fn lines(report: &EditorConfigReport, line: impl Fn(&str, &Complaint) -> String) -> String {
    each(report, line).into_iter().fold(String::new(), |text, line| text + &line + "\n")
}

fn document(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
}
