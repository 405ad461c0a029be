//! What can be wrong with a workflow, and how one fails.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::{Failure, nearest};
use crate::span::Sources;
use crate::step::{self, Kind, Step};

/// Errors of workflows.
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("workflow file not found\n\nThe workflow manifest file {path} does not exist")]
    #[diagnostic(code(atmos::workflow::file_not_found), help("`atmos list workflows` shows the files there are"))]
    File { path: String },

    #[error(
        "invalid workflow manifest\n\nThe workflow manifest {path} must be a map with the top-level workflows: key"
    )]
    #[diagnostic(code(atmos::workflow::manifest), help("Add a top-level `workflows:` key to the manifest file"))]
    Manifest { path: String },

    #[error("no workflow found\n\nNo workflow exists with name {name}")]
    #[diagnostic(code(atmos::workflow::unknown), help("{help}"))]
    Unknown { name: String, help: String },

    #[error("no workflow found\n\nMultiple workflow files contain workflow {name}\n\nMatching files: {files}")]
    #[diagnostic(
        code(atmos::workflow::ambiguous),
        help("Use the --file flag to say which one: atmos workflow {name} --file <file>")
    )]
    Ambiguous { name: String, files: String },

    #[error("incorrect usage: `atmos workflow` needs the name of a workflow: nobody can be asked here")]
    #[diagnostic(
        code(atmos::workflow::no_name),
        help("atmos workflow <name> [--file <file>]\n`atmos list workflows` shows what there is")
    )]
    NoName,

    #[error("no workflow was chosen")]
    #[diagnostic(code(atmos::workflow::aborted), help("give the name: atmos workflow <name>"))]
    Aborted,

    #[error("invalid workflow manifest\n\nThe workflow `{name}` is no map{place}")]
    #[diagnostic(code(atmos::workflow::no_map), help("a workflow has `steps:`"))]
    NoMap { name: String, place: String },

    #[error("{place}a workflow has no `identity`, and the workflow `{name}` has one")]
    #[diagnostic(
        code(atmos::workflow::identity),
        help("write it at each step that is to run as somebody, or call the workflow with `--identity`")
    )]
    Identity { name: String, place: String },

    #[error("workflow has no steps defined\n\nWorkflow {name} is empty and requires at least one step to execute.")]
    #[diagnostic(code(atmos::workflow::no_steps), help("add `steps:` to it"))]
    NoSteps { name: String },

    #[error(
        "invalid from-step flag\n\nThe --from-step flag was set to {step}, but this step does not exist in workflow \
         {name}.\n\n### Available steps:\n\n{steps}"
    )]
    #[diagnostic(code(atmos::workflow::from_step), help("{help}"))]
    FromStep { step: String, name: String, steps: String, help: String },

    #[error("invalid workflow step type\n\n{place}{owner} step {step} uses unsupported type {kind}.")]
    #[diagnostic(
        code(atmos::workflow::step_type),
        help(
            "Step type '{kind}' is not supported\nEach step must specify a valid type: 'atmos', 'shell', 'script', 'exec', or \
             another one of the reference"
        )
    )]
    StepType { owner: String, step: String, kind: String, place: String },

    #[error("workflow step execution failed: {reason}\n\nThe following command failed to execute:\n\n{command}")]
    #[diagnostic(code(atmos::workflow::step_failed), help("To resume the workflow from this step, run:\n{resume}"))]
    Failed { reason: String, command: String, resume: String, code: u8 },

    #[error(transparent)]
    #[diagnostic(transparent)]
    Step(#[from] step::Error),
}

impl Error {
    /// A step of a type that nobody has.
    pub fn step_type(owner: &str, step: &Step, sources: &Sources) -> Error {
        let kind = if let Kind::Unknown(kind) = &step.kind { kind.clone() } else { String::new() };
        let place = sources.place(step.span).map(|place| format!("{place}: ")).unwrap_or_default();
        Error::StepType { owner: owner.to_owned(), step: step.name.clone(), kind, place }
    }

    /// A workflow that a file does not have.
    pub fn unknown_in<'a>(name: &str, file: &str, names: impl Iterator<Item = &'a str> + Clone) -> Error {
        let near = nearest(name, names.clone()).map(|near| format!("did you mean `{near}`?\n")).unwrap_or_default();
        let list: Vec<String> = names.map(|name| format!("  • {name}")).collect();
        let help = format!("{near}Available workflows in {file}:\n{}", list.join("\n"));
        Error::Unknown { name: name.to_owned(), help }
    }

    /// A workflow that no file has.
    pub fn unknown<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Error {
        let near = nearest(name, names).map(|near| format!("did you mean `{near}`?\n")).unwrap_or_default();
        let help = format!("{near}Use 'atmos describe workflows' to see all available workflows");
        Error::Unknown { name: name.to_owned(), help }
    }

    pub(super) fn from_step<'a>(step: &str, name: &str, steps: impl Iterator<Item = &'a str> + Clone) -> Error {
        let near = nearest(step, steps.clone());
        let help =
            near.map_or_else(|| "give the name of one of them".to_owned(), |near| format!("did you mean `{near}`?"));
        let steps: Vec<String> = steps.map(|step| format!("  • {step}")).collect();
        Error::FromStep { step: step.to_owned(), name: name.to_owned(), steps: steps.join("\n"), help }
    }
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::Failed { code, .. } => *code,
            _ => 1,
        }
    }

    fn title(&self) -> Option<&'static str> {
        match self {
            Error::File { .. } | Error::Manifest { .. } | Error::Unknown { .. } | Error::Ambiguous { .. } => {
                Some("Error")
            }
            Error::NoName => Some("Incorrect Usage"),
            _ => Some("Workflow Error"),
        }
    }
}
