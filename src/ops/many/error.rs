//! Errors of runs of many components.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error as ThisError;

use crate::diag::{Failure, SourceText};

/// What is wrong with the selection, or what went wrong in the run.
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("the component `{component}` can't be used with {flag}, which is for bulk operations")]
    #[diagnostic(code(atmos::terraform::component_and_fleet), help("leave out the component, or {flag}"))]
    ComponentAndFleet { component: String, flag: &'static str },

    #[error("--affected can't be used with {flag}: it chooses the components itself")]
    #[diagnostic(code(atmos::terraform::affected_and_fleet), help("leave out --affected, or {flag}"))]
    AffectedAndFleet { flag: &'static str },

    #[error("{flag} needs a selection of many components to begin with")]
    #[diagnostic(
        code(atmos::terraform::closure_alone),
        help("add --all, --affected, --components, --query, --tags, --labels, or a stack without a component")
    )]
    ClosureAlone { flag: &'static str },

    #[error("{flag} chooses many components, and `{command}` is about one")]
    #[diagnostic(code(atmos::terraform::about_one), help("name the component: atmos {command} <component> -s <stack>"))]
    AboutOne { command: String, flag: &'static str },

    #[error("invalid pattern `{pattern}`")]
    #[diagnostic(
        code(atmos::terraform::pattern),
        help("`*` stands for any text without `/`, `**` for any text; close every bracket")
    )]
    Pattern { pattern: String },

    #[error("`{command}` was not confirmed: nothing has been started")]
    #[diagnostic(code(atmos::terraform::declined), help("`--yes` answers the question beforehand"))]
    Declined { command: String },

    #[error("invalid component: no component `{component}` in the chosen stacks")]
    #[diagnostic(code(atmos::terraform::unknown_component), help("{help}"))]
    UnknownComponent { component: String, help: String },

    #[error("invalid stack: stack {stack} does not exist; available stacks: {available}")]
    #[diagnostic(code(atmos::terraform::unknown_stack), help("{help}"))]
    UnknownStack { stack: String, available: String, help: String },

    #[error("invalid dependency of {component} in {stack}: {problem}{place}")]
    #[diagnostic(
        code(atmos::terraform::dependency),
        help("write a list of entries like `{{name: vpc, stack: prod}}`, where `stack` may be left out")
    )]
    Dependency {
        component: String,
        stack: String,
        problem: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this entry")]
        at: Option<SourceSpan>,
    },

    #[error("invalid configuration: concurrent {tool} {command} requires -auto-approve")]
    #[diagnostic(
        code(atmos::terraform::concurrent_confirmation),
        help("add `-auto-approve`, or leave `--max-concurrency` out: of several components at once none can ask")
    )]
    Confirmation { tool: String, command: String },

    #[error("{}", message(failures, skipped))]
    #[diagnostic(code(atmos::terraform::fleet_failed), help("{}", helps(failures)))]
    Failed {
        failures: Vec<NodeFailure>,
        /// `component in stack`, in the order in which they would have run.
        skipped: Vec<String>,
        code: u8,
    },
}

/// One component of many that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFailure {
    /// `terraform` or `helmfile`.
    pub tool: String,
    pub component: String,
    pub stack: String,
    pub reason: String,
    /// The end of what it said, where that was not seen as it came.
    pub output: String,
    /// The next step, as its own error names it.
    pub help: Option<String>,
}

fn helps(failures: &[NodeFailure]) -> String {
    let mut found: Vec<&str> = Vec::new();
    for help in failures.iter().filter_map(|failure| failure.help.as_deref()) {
        if !found.contains(&help) {
            found.push(help);
        }
    }
    if found.is_empty() {
        "the run stops at the first failure; start it again when that is mended".to_owned()
    } else {
        found.join("\n")
    }
}

fn message(failures: &[NodeFailure], skipped: &[String]) -> String {
    let mut lines = Vec::new();
    for failure in failures {
        lines.push(format!(
            "{} execution failed: component={} stack={}: {}",
            failure.tool, failure.component, failure.stack, failure.reason
        ));
        lines.extend(failure.output.lines().map(|line| format!("  {line}")));
    }
    if !skipped.is_empty() {
        let names = skipped.join(", ");
        lines.push(format!("{} component(s) skipped after an earlier failure: {names}", skipped.len()));
    }
    lines.join("\n")
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::Failed { code, .. } => *code,
            _ => 1,
        }
    }
}
