//! What became of each component of a run.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::diag::Report;
use crate::exec::changes::Changes;

/// How one component ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Succeeded,
    Failed,
    Skipped,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        }
    }
}

/// One component of a run.
#[derive(Debug, Clone)]
pub struct NodeResult {
    pub component: String,
    pub stack: String,
    pub identity: Option<String>,
    pub status: Status,
    /// Whether anything changes or has changed; `None` where that is not known.
    pub changed: Option<bool>,
    pub changes: Option<Changes>,
    /// Of the child; of this program where none ran.
    pub code: Option<u8>,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub log_files: Vec<PathBuf>,
    /// Why it failed or did not run.
    pub error: Option<String>,
}

impl NodeResult {
    /// One that has not run.
    pub(in crate::ops) fn waiting(component: &str, stack: &str, identity: Option<String>) -> NodeResult {
        NodeResult {
            component: component.to_owned(),
            stack: stack.to_owned(),
            identity,
            status: Status::Skipped,
            changed: None,
            changes: None,
            code: None,
            started: None,
            finished: None,
            log_files: Vec::new(),
            error: None,
        }
    }

    /// One that was never meant to run.
    pub(in crate::ops) fn locked(component: &str, stack: &str) -> NodeResult {
        let error = Some("locked (metadata.locked: true)".to_owned());
        NodeResult { error, ..NodeResult::waiting(component, stack, None) }
    }

    /// It has done what it was asked to: whether that changes anything, as its exit code or what it said tells.
    pub(in crate::ops) fn succeeded(&mut self, code: u8, detailed: bool) {
        self.status = Status::Succeeded;
        self.code = Some(code);
        self.changed = match code {
            2 => Some(true),
            _ if detailed => Some(false),
            _ => self.changes.map(|changes| !changes.is_none()),
        };
    }

    pub(in crate::ops) fn failed(&mut self, report: &Report) {
        self.status = Status::Failed;
        self.code = Some(report.exit_code());
        self.error = Some(report.to_string());
    }

    pub fn milliseconds(&self) -> Option<i64> {
        let (started, finished) = (self.started?, self.finished?);
        Some(finished.as_millisecond().saturating_sub(started.as_millisecond()))
    }
}

/// A whole run.
#[derive(Debug, Default)]
pub struct Fleet {
    /// In the order of the run.
    pub results: Vec<NodeResult>,
    /// What the caller returns once the results have been shown.
    pub failure: Option<Report>,
    /// The sub-command, for headings.
    pub command: String,
    /// The command is about changes: what nobody knows about them is unknown, and not nothing.
    pub changes: bool,
}

impl Fleet {
    /// 2 where something changes and the command was asked to say so.
    pub(in crate::ops) fn code(&self) -> u8 {
        if self.results.iter().any(|result| result.code == Some(2) && result.status == Status::Succeeded) {
            2
        } else {
            0
        }
    }
}
