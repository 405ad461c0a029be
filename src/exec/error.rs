//! What can go wrong between a decision and the end of a child.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error as ThisError;

use super::launch::Redirect;
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

    #[error(
        "process start failed: `{program}`: its arguments and environment are larger than the system allows; the largest \
         variable is `{variable}` with {kib} KiB"
    )]
    #[diagnostic(
        code(atmos::exec::too_large),
        help("shorten what is large: Linux takes at most 128 KiB as one variable or argument, and a few MiB of all")
    )]
    TooLarge { program: String, variable: String, kib: usize },

    /// The child ran and failed; it has said why itself.
    #[error("subcommand exited with code {code}")]
    #[diagnostic(code(atmos::exec::child_failed), help("{help}"))]
    ChildFailed { command: String, code: u8, help: String },

    /// Whoever reads our output has seen enough; nothing is said of it.
    #[error("nobody reads the output any more")]
    #[diagnostic(code(atmos::exec::unread))]
    Unread { code: u8 },

    #[error("cannot write the output: {source}")]
    #[diagnostic(code(atmos::exec::unwritten), help("make room there, or send the output elsewhere"))]
    Unwritten { source: std::sync::Arc<std::io::Error> },

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

    #[error("another atmos process still works in `{}` after {limit:?}", folder.display())]
    #[diagnostic(
        code(atmos::exec::folder_busy),
        help(
            "wait for it, or allow more time with --folder-lock-timeout; without a limit it is waited for as long as it takes"
        )
    )]
    FolderBusy { folder: PathBuf, limit: std::time::Duration },

    #[error("`{}` is in use by the run around this command", folder.display())]
    #[diagnostic(code(atmos::exec::folder_in_use), help("do it when the run has ended"))]
    FolderInUse { folder: PathBuf },

    #[error("`{text}` is no length of time to wait for a folder")]
    #[diagnostic(
        code(atmos::exec::folder_limit),
        help("write it as `30s` or `10m`; it comes from --folder-lock-timeout or ATMOS_FOLDER_LOCK_TIMEOUT")
    )]
    FolderLimit { text: String },

    #[error("cannot listen for signals: {source}")]
    #[diagnostic(code(atmos::exec::signals))]
    Signals { source: std::io::Error },

    #[error("the child took longer than {limit:?} and was ended")]
    #[diagnostic(code(atmos::exec::late), help("give it more time, or find out what it waits for"))]
    Late { limit: std::time::Duration },

    #[error("lost sight of the child process: {source}")]
    #[diagnostic(code(atmos::exec::wait))]
    Wait { source: std::io::Error },

    #[error(
        "invalid {kind} component: `{component}` points to the {kind} component `{folder}`, but it does not exist in `{base}`"
    )]
    #[diagnostic(code(atmos::exec::folder_not_found), help("{}", folder_help(kind, component, base)))]
    FolderNotFound { kind: &'static str, component: String, folder: String, base: String },

    #[error(
        "abstract component cannot be provisioned: the component `{component}` cannot be provisioned because it's marked as \
         abstract (metadata.type: abstract)"
    )]
    #[diagnostic(code(atmos::exec::abstract_component), help("run a component that inherits from `{component}`"))]
    Abstract { component: String },

    #[error(
        "locked component cannot be provisioned: component '{component}' cannot be modified (metadata.locked: true)"
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

    #[error(
        "Backend configuration changed: {component} in {stack} had another backend when it last ran here, and its state \
         would be left behind"
    )]
    #[diagnostic(
        code(atmos::exec::backend_moved),
        help(
            "undo the change; or, if the state has been moved or may stay behind, say so once with \
             `--init-run-reconfigure true`"
        )
    )]
    BackendMoved { component: String, stack: String },

    #[error(
        "the folder of {component} in {stack} was last initialised for `{owner}`, with another backend: the state there \
         would be taken for the one of {component} in {stack}"
    )]
    #[diagnostic(
        code(atmos::exec::backend_of_another),
        help("run init for this one: {init}\nor let this command do it: {help}")
    )]
    BackendOfAnother { component: String, stack: String, owner: String, init: String, help: &'static str },

    /// A program that only prepares the command; its code is not ours.
    #[error("`{command}` failed with code {code}")]
    #[diagnostic(code(atmos::exec::helper_failed), help("its own output above says why"))]
    HelperFailed { command: String, code: u8 },

    #[error("the state `{name}` has masked values ({}): pushing it would destroy them", crate::secret::MASK)]
    #[diagnostic(
        code(atmos::exec::masked_state),
        help("pull the state again with `--mask=false`; `-force` pushes this one all the same")
    )]
    MaskedState { name: String },

    #[error("the planfile `{}` does not exist", path.display())]
    #[diagnostic(
        code(atmos::exec::planfile_not_found),
        help("make it first: atmos terraform plan {component} -s {stack}")
    )]
    PlanfileNotFound { path: PathBuf, component: String, stack: String },

    #[error("the saved plan `{planfile}` is not of {component} in {stack} as it is now: {what}")]
    #[diagnostic(
        code(atmos::exec::plan_outdated),
        help(
            "plan again: atmos terraform plan {component} -s {stack}\nor apply it all the same: atmos terraform apply \
             {component} -s {stack} --planfile {planfile}"
        )
    )]
    PlanOutdated { planfile: String, component: String, stack: String, what: String },

    #[error("no TTY attached: `{command}` asks for a confirmation that nobody can give here")]
    #[diagnostic(code(atmos::exec::no_tty), help("{help}"))]
    NoTty { command: String, help: &'static str },

    #[error("`{command}` takes no further word, but got `{word}`")]
    #[diagnostic(
        code(atmos::exec::workspace_name),
        help("the workspace is always the one of the component in its stack, here `{workspace}`; leave `{word}` out")
    )]
    WorkspaceName { command: String, word: String, workspace: String },

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
        help(
            "names in `generate:` are relative and stay inside the component folder (no `..`, no link that leads out)"
        )
    )]
    GenerateName { name: String },
}

/// An empty base path is far more often forgotten than meant.
fn folder_help(kind: &str, component: &str, base: &str) -> String {
    let create = format!("create the folder, or set `metadata.component` of `{component}` to a folder that exists");
    if !base.is_empty() {
        return create;
    }
    let (lower, upper) = (kind.to_lowercase(), kind.to_uppercase());
    format!(
        "`components.{lower}.base_path` is empty: set it or ATMOS_COMPONENTS_{upper}_BASE_PATH to the directory of the \
         components; otherwise {create}"
    )
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::ChildFailed { code, .. } | Error::StepFailed { code, .. } | Error::Unread { code } => *code,
            Error::Interrupted { stop } => stop.exit_code(),
            _ => 1,
        }
    }
}

impl Error {
    /// A child that ran and failed, with the way to what it said.
    pub(crate) fn child_failed(command: String, code: u8, stderr: Option<&Redirect>) -> Error {
        let help = match stderr {
            Some(Redirect::File(path)) => format!("`{command}` failed; its own errors are in `{}`", path.display()),
            Some(Redirect::Null) => format!("`{command}` failed; run it without `--redirect-stderr` to see why"),
            _ => format!("`{command}` failed; its own output is above"),
        };
        Error::ChildFailed { command, code, help }
    }

    /// What the output of a child could not be written on for.
    pub(crate) fn unwritten(source: std::sync::Arc<std::io::Error>, code: u8) -> Error {
        match source.kind() {
            std::io::ErrorKind::BrokenPipe => Error::Unread { code },
            _ => Error::Unwritten { source },
        }
    }

    /// For `map_err` of file operations.
    pub(crate) fn file(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::File { action, path, source }
    }
}
