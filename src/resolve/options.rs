//! What is evaluated, and what a value that cannot be known becomes.

use std::str::FromStr;

use crate::auth::resolution::Flag;

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
    /// Secrets are shown as a mask, and nobody is asked for them.
    pub masks_secrets: bool,
    /// `--identity`: who reads stores that have no identity of their own.
    pub identity: Flag,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            process_templates: true,
            process_functions: true,
            skip: Vec::new(),
            sections: Vec::new(),
            error_mode: ErrorMode::default(),
            masks_secrets: false,
            identity: Flag::default(),
        }
    }
}

impl Options {
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
