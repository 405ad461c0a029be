//! A step as its file says it.

use std::time::Duration;

use super::{Condition, Retry};
use crate::span::Span;

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A command of this program.
    Atmos,
    /// A text for a shell.
    Shell,
    /// The same, as the last step.
    Exec,
    /// Variables for the steps that follow.
    Env,
    /// The reference has it, this program does not yet.
    NotBuilt(String),
    /// Nobody has it.
    Unknown(String),
}

/// `working_directory`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directory {
    /// Absolute, or below the base path.
    Path(String),
    /// `!repo-root`
    RepositoryRoot,
}

/// One step. Texts may be templates.
#[derive(Debug, Clone)]
pub struct Step {
    /// As written, else `step` and its number.
    pub name: String,
    pub kind: Kind,
    pub command: String,
    /// Variables that a step of the kind env sets.
    pub vars: Vec<(String, String)>,
    /// Those variables reach processes too, and not only templates.
    pub export: bool,
    pub stack: Option<String>,
    pub working_directory: Option<Directory>,
    /// `None` unsets the variable.
    pub env: Vec<(String, Option<String>)>,
    pub identity: Option<String>,
    pub retry: Option<Retry>,
    pub when: Condition,
    /// `continue`
    pub forgiven: Condition,
    pub outputs: Vec<(String, String)>,
    /// Every attempt may take so long.
    pub timeout: Option<Duration>,
    pub span: Span,
}

impl Step {
    /// The texts that are rendered.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let env = self.env.iter().filter_map(|(_, value)| value.as_deref());
        let vars = self.vars.iter().chain(&self.outputs).map(|(_, value)| value.as_str());
        std::iter::once(self.command.as_str()).chain(env).chain(vars)
    }
}

/// Whether some text asks for what another step gave: only then is the output of steps kept.
pub fn uses_results<'a>(steps: &'a [Step], more: impl IntoIterator<Item = &'a str>) -> bool {
    let asks = |text: &str| text.contains("{{") && text.contains("steps");
    steps.iter().any(|step| !step.outputs.is_empty() || step.texts().any(asks)) || more.into_iter().any(asks)
}
