//! View of the report of `auth import`.

use std::fmt::Write as _;

use super::printable::on_one_line;
use crate::auth::import::Remark;
use crate::ops::auth::{ImportReport, Written};

/// What was read, and everything that is not as it was.
pub fn said(report: &ImportReport) -> String {
    let sources: Vec<String> = report.sources.iter().map(|path| path.display().to_string()).collect();
    let mut text = if report.is_diff {
        match report.replaced {
            0 => format!("{}: no line is to be replaced", sources.join(", ")),
            count => format!(
                "{}: {}; the file stays as it is",
                sources.join(", "),
                counted(count, "line to replace", "lines to replace")
            ),
        }
    } else {
        let providers = counted(report.providers, "provider", "providers");
        let identities = counted(report.identities, "identity", "identities");
        format!("{}: {providers}, {identities}", sources.join(", "))
    };
    for (title, is_skipped) in [("skipped", true), ("to know", false)] {
        let remarks: Vec<&Remark> = report.remarks.iter().filter(|remark| remark.is_skipped == is_skipped).collect();
        if remarks.is_empty() {
            continue;
        }
        let _ = write!(text, "\n{title}:");
        for remark in remarks {
            let _ = write!(text, "\n  {}: {}", on_one_line(&remark.about), on_one_line(&remark.text));
        }
    }
    if let Some((path, written)) = &report.file {
        let verb = match (written, report.dry_run) {
            (Written::New, false) => "is written",
            (Written::New, true) => "would be written",
            (Written::Replaced, false) => "is replaced",
            (Written::Replaced, true) => "would be replaced",
            (Written::Unchanged, _) => "says this already",
        };
        let _ = write!(text, "\n{} {verb}", path.display());
    }
    text
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
