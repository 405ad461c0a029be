//! What is evaluated, and what a value that cannot be known becomes.

use std::str::FromStr;

use crate::state::Wish;

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Render Go templates where `templates.settings.enabled` asks for it.
    pub process_templates: bool,
    /// Evaluate YAML functions.
    pub process_functions: bool,
    /// Functions that stay as they are written, with or without `!`.
    pub skip: Vec<String>,
    /// Sections that somebody needs; all of them when empty. `metadata` is always evaluated.
    pub sections: Vec<String>,
    /// What becomes of values that depend on something which is not there yet.
    pub error_mode: ErrorMode,
    /// As whom functions ask outside of the repository.
    pub identity: Wish,
    /// Functions that need an identity are errors: it is just being found out.
    pub without_identity: bool,
    /// Secrets are shown as a mask, and nobody is asked for them.
    pub masks_secrets: bool,
    /// The component is one of many that are evaluated, of which tags and labels choose: they run nothing.
    pub selects: bool,
    /// Somebody who asks for this component may do without values that cannot be read now.
    pub within_lenient: bool,
    /// `mocks` of components stand for their outputs, and nobody is asked for real ones.
    pub mocks: bool,
    /// The parts of what functions give have the place of the function, for somebody who asks where values come from.
    pub places: bool,
    /// What templates of hooks are told about the command that they belong to.
    pub ending: Ending,
}

/// How a command ended: `.status`, `.exit_code` and `.error` of templates in hooks. Before its end everything is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub status: &'static str,
    pub code: u8,
    pub error: String,
}

impl Default for Ending {
    fn default() -> Ending {
        Ending { status: "success", code: 0, error: String::new() }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            process_templates: true,
            process_functions: true,
            skip: Vec::new(),
            sections: Vec::new(),
            error_mode: ErrorMode::default(),
            identity: Wish::default(),
            without_identity: false,
            masks_secrets: false,
            selects: false,
            within_lenient: false,
            mocks: false,
            places: false,
            ending: Ending::default(),
        }
    }
}

impl Options {
    /// Values are shown and nothing is done with them: a default stands in for what a store does not give.
    pub(super) fn is_lenient(&self) -> bool {
        self.within_lenient || self.error_mode != ErrorMode::Strict
    }

    /// How a component is evaluated for a template of another one: what is not there yet is a matter of that template.
    pub(super) fn inner(&self) -> Options {
        Options {
            identity: self.identity.clone(),
            masks_secrets: self.masks_secrets,
            mocks: self.mocks,
            within_lenient: self.is_lenient(),
            ..Options::default()
        }
    }

    pub(super) fn needs(&self, section: &str) -> bool {
        self.sections.is_empty() || section == "metadata" || self.sections.iter().any(|wanted| wanted == section)
    }
}

/// `--error-mode`: concerns only values that depend on infrastructure which was not created yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorMode {
    /// An error. What runs do.
    #[default]
    Strict,
    /// `(computed)`, with a note.
    Warn,
    /// `(computed)`.
    Silent,
}

impl FromStr for ErrorMode {
    type Err = String;

    fn from_str(text: &str) -> Result<ErrorMode, String> {
        match text {
            "strict" => Ok(ErrorMode::Strict),
            "warn" => Ok(ErrorMode::Warn),
            "silent" => Ok(ErrorMode::Silent),
            _ => Err(format!("invalid error mode '{text}': the modes are strict, warn and silent")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_modes_have_three_names() {
        assert_eq!("warn".parse(), Ok(ErrorMode::Warn));
        assert!("Warn".parse::<ErrorMode>().unwrap_err().contains("strict, warn and silent"));
    }
}
