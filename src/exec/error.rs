//! What can go wrong between a decision and the end of a child.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error as ThisError;

use super::signals::Stop;
use crate::diag::Failure;

/// Errors of [`crate::exec`].
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("process start failed: `{program}`: {reason}")]
    #[diagnostic(
        code(atmos::exec::start_failed),
        help("`{program}` comes from {configured}; install it, put it on PATH, or configure another command")
    )]
    StartFailed { program: String, configured: String, reason: String },

    /// The child ran and failed; it has said why itself.
    #[error("subcommand exited with code {code}")]
    #[diagnostic(code(atmos::exec::child_failed), help("`{command}` failed; its own output is above"))]
    ChildFailed { command: String, code: u8 },

    /// A preparatory step failed whose output nobody has seen yet.
    #[error("`{command}` failed:\n{output}\nsubcommand exited with code {code}")]
    #[diagnostic(code(atmos::exec::step_failed))]
    StepFailed { command: String, code: u8, output: String },

    #[error("stopped by {stop}")]
    #[diagnostic(code(atmos::exec::interrupted))]
    Interrupted { stop: Stop },

    #[error("cannot {action} `{}`: {source}", path.display())]
    #[diagnostic(code(atmos::exec::file), help("check the permissions and the free space of that directory"))]
    File { action: &'static str, path: PathBuf, source: std::io::Error },

    #[error("cannot listen for signals: {source}")]
    #[diagnostic(code(atmos::exec::signals))]
    Signals { source: std::io::Error },

    #[error("lost sight of the child process: {source}")]
    #[diagnostic(code(atmos::exec::wait))]
    Wait { source: std::io::Error },

    #[error(
        "invalid {kind} component: `{component}` points to the {kind} component `{folder}`, but it does not exist in `{base}`"
    )]
    #[diagnostic(
        code(atmos::exec::folder_not_found),
        help("create the folder, or set `metadata.component` of `{component}` to a folder that exists")
    )]
    FolderNotFound { kind: &'static str, component: String, folder: String, base: String },

    #[error(
        "abstract component cannot be provisioned: the component `{component}` cannot be provisioned because it's marked as \
         abstract (metadata.type: abstract)"
    )]
    #[diagnostic(code(atmos::exec::abstract_component), help("run a component that inherits from `{component}`"))]
    Abstract { component: String },

    #[error(
        "locked component cannot be provisioned: component `{component}` cannot be modified (metadata.locked: true)"
    )]
    #[diagnostic(code(atmos::exec::locked_component), help("remove `metadata.locked` to change it"))]
    Locked { component: String },

    #[error("workspaces are not supported for the HTTP backend")]
    #[diagnostic(code(atmos::exec::http_workspaces))]
    HttpWorkspaces,

    #[error("the workspace name of `{component}` in `{stack}` {reason}")]
    #[diagnostic(
        code(atmos::exec::bad_workspace),
        help(
            "a token of `metadata.terraform_workspace_pattern` is probably empty; `atmos describe component` shows the name"
        )
    )]
    BadWorkspace { component: String, stack: String, reason: String },

    #[error("the planfile `{}` does not exist", path.display())]
    #[diagnostic(
        code(atmos::exec::planfile_not_found),
        help("make it first: atmos terraform plan {component} -s {stack}")
    )]
    PlanfileNotFound { path: PathBuf, component: String, stack: String },

    #[error("no TTY attached: `{command}` asks for a confirmation that nobody can give here")]
    #[diagnostic(
        code(atmos::exec::no_tty),
        help("add `-auto-approve`, apply a saved plan with `--from-plan`, or use `atmos terraform deploy`")
    )]
    NoTty { command: String },

    #[error("`{what}` is not built yet")]
    #[diagnostic(code(atmos::exec::not_built), help("{help}"))]
    NotBuilt { what: String, help: String },

    #[error("Unknown command {command} for atmos {tool}")]
    #[diagnostic(code(atmos::exec::unknown_command), help("`atmos {tool} --help` lists the sub-commands"))]
    UnknownCommand { command: String, tool: &'static str },

    #[error("unknown flag `{flag}` for `{command}`: {reason}")]
    #[diagnostic(code(atmos::exec::bad_request))]
    BadRequest { flag: String, command: String, reason: String },

    #[error("helmfile cluster name is required")]
    #[diagnostic(
        code(atmos::exec::cluster_name_missing),
        help("pass `--cluster-name`, or set `components.helmfile.cluster_name`")
    )]
    ClusterNameMissing,

    #[error("`{key}` is required with `components.helmfile.use_eks: true`")]
    #[diagnostic(code(atmos::exec::eks_setting_missing), help("{help}"))]
    EksSettingMissing { key: &'static str, help: &'static str },

    #[error("cannot make a file name of `{name}` below the component folder")]
    #[diagnostic(
        code(atmos::exec::generate_name),
        help("names in `generate:` are relative and stay inside the component folder (no `..`)")
    )]
    GenerateName { name: String },
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::ChildFailed { code, .. } | Error::StepFailed { code, .. } => *code,
            Error::Interrupted { stop } => stop.exit_code(),
            _ => 1,
        }
    }
}

impl Error {
    /// For `map_err` of file operations.
    pub(crate) fn file(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::File { action, path, source }
    }
}
