//! What the user asked for, as plain data.

use crate::exec::Redirect;
use crate::exec::argv::Raw;

/// One terraform command on one component.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The sub-command's words: `["plan"]`, `["state", "rm"]`, `["workspace"]`.
    pub words: Vec<String>,
    /// Terraform's own arguments, in their order (see [`Split::native`](crate::exec::argv::Split::native)).
    pub native: Vec<String>,
    /// What those of them mean that are no text.
    pub raw: Raw,
    /// Terraform's flags before the sub-command, of commands without a component.
    pub globals: Vec<String>,
    /// Of those: no sub-command at all.
    pub bare: bool,
    pub skip_init: bool,
    /// `--init`: run init although nothing changed.
    pub force_init: bool,
    /// `--init-pass-vars`; `None` takes the configuration's value.
    pub init_pass_vars: Option<bool>,
    /// `--init-run-reconfigure`.
    pub init_run_reconfigure: Option<bool>,
    /// `--deploy-run-init`.
    pub deploy_run_init: Option<bool>,
    /// `--auto-generate-backend-file`.
    pub auto_generate_backend_file: Option<bool>,
    pub skip_planfile: bool,
    /// `--upload-status`: adds `-detailed-exitcode` to a plan.
    pub upload_status: bool,
    /// `--planfile F`: applied as it is written.
    pub planfile: Option<String>,
    pub from_plan: Option<FromPlan>,
    /// One of many components (`--all`); a saved plan is not for them.
    pub many: bool,
    pub redirect_stderr: Option<Redirect>,
    /// A person can answer questions.
    pub interactive: bool,
    /// Nothing will be started.
    pub dry_run: bool,
    /// Something can be read from standard input (a terminal, a pipe or a file; not `/dev/null`).
    pub stdin_readable: bool,
}

/// `--from-plan` with and without a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromPlan {
    /// The planfile that `plan` of the same instance writes.
    Canonical,
    File(String),
}

impl Request {
    /// The sub-command as one text, for messages.
    pub fn command(&self) -> String {
        self.words.join(" ")
    }
}
