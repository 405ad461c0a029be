//! What a function says when it fails.

use crate::diag::Report;

/// Failure of one function. The engine adds the name of the function and the place in the template:
/// `error calling fail: <message>`.
#[derive(Debug)]
pub struct Problem {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// A bound of the engine, not a mistake of the caller.
    pub(super) is_limit: bool,
    /// The diagnostic of a deeper layer (a stack that does not exist), whose exit status and code are kept.
    pub(super) cause: Option<Box<Report>>,
}

impl Problem {
    pub fn new(message: impl Into<String>) -> Problem {
        Problem { message: message.into(), help: None, is_limit: false, cause: None }
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

    pub(super) fn limit(message: impl Into<String>) -> Problem {
        Problem { is_limit: true, ..Problem::new(message) }
    }

    /// The failure of a template that a function rendered.
    pub(super) fn from_error(error: super::Error) -> Problem {
        let is_limit = error.kind() == super::ErrorKind::Limit;
        let message = error.to_string();
        Problem { message, help: None, is_limit, cause: error.into_cause() }
    }

    /// A text that was read and shall be rendered.
    pub fn is_data() -> Problem {
        Problem::new("a text that was read is data and is not rendered").help(
            "write the template into the manifest and give it the data, or set `templates.settings.allow_generated_functions: true`",
        )
    }

    pub(super) fn too_deep() -> Problem {
        Problem::limit(format!("value is nested more than {} levels deep", super::value::MAX_NESTING))
            .help("a map that was put into itself cannot be printed or converted")
    }
}

impl From<Report> for Problem {
    fn from(report: Report) -> Problem {
        Problem { message: report.to_string(), help: None, is_limit: false, cause: Some(Box::new(report)) }
    }
}
