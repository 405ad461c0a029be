//! What a function says when it fails.

use crate::diag::Report;

/// Failure of one function. The engine adds the name of the function and the place in the template:
/// `error calling fail: <message>`.
#[derive(Debug)]
pub struct Problem {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The diagnostic of a deeper layer (a stack that does not exist), whose exit status and code are kept.
    pub(super) cause: Option<Box<Report>>,
}

impl Problem {
    pub fn new(message: impl Into<String>) -> Problem {
        Problem { message: message.into(), help: None, cause: None }
    }

    /// The next step for the user.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn too_deep() -> Problem {
        Problem::new(format!("value is nested more than {} levels deep", super::value::MAX_NESTING))
            .help("a map that was put into itself cannot be printed or converted")
    }
}

impl From<Report> for Problem {
    fn from(report: Report) -> Problem {
        Problem { message: report.to_string(), help: None, cause: Some(Box::new(report)) }
    }
}
