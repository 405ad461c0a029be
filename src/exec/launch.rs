//! One child that is to be started, as plain data.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::host::Env;

/// Everything about one child. Nothing of it depends on the process that starts it.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program as configured: a name to look up in the child's `PATH`, or a path.
    pub program: String,
    /// Where the program was configured, for the error when it does not start (`components.terraform.command`).
    pub configured: String,
    pub args: Vec<OsString>,
    /// Working directory. Absolute.
    pub cwd: PathBuf,
    /// The complete environment; nothing is added to it.
    pub env: Env,
    pub output: Output,
    /// Where the child's standard error goes, if not to ours.
    pub stderr: Option<Redirect>,
    pub hangup: Hangup,
}

impl Launch {
    /// Why the system did not start the program.
    pub(super) fn unstarted(&self, file: &Path, error: &std::io::Error) -> Error {
        let program = self.program.clone();
        let size = |(name, value): &(&OsStr, &OsStr)| name.len() + value.len();
        let largest = self.env.iter().max_by_key(size);
        if let Some(pair) = largest.filter(|_| error.kind() == std::io::ErrorKind::ArgumentListTooLong) {
            let variable = pair.0.to_string_lossy().into_owned();
            return Error::TooLarge { program, variable, kib: size(&pair).div_ceil(1 << 10) };
        }
        let reason = format!("fork/exec {}: {error}", file.display());
        Error::StartFailed { program, configured: self.configured.clone(), reason }
    }

    /// Terraform was asked for JSON, or for a state, which is JSON.
    pub(super) fn says_json(&self) -> bool {
        let is = |at: usize, word: &str| self.args.get(at).is_some_and(|arg| arg == word);
        self.args.iter().any(|arg| arg == "-json" || arg == "-json=true") || is(0, "state") && is(1, "pull")
    }
}

/// What becomes of SIGHUP, which the whole group gets when its terminal closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hangup {
    /// Kept from the child, which gets SIGTERM from us: terraform dies of SIGHUP at once and leaves the state locked,
    /// but ends in good order on SIGTERM.
    #[default]
    Terminates,
    /// The child's own business, as with a command of the user's own.
    PassesOn,
    /// The same for what the configuration has run on the way. Every request to stop reaches what its shells have
    /// started, too: shells do not pass it on, and wait.
    Shells,
}

/// Where the child's standard output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// To ours, through the masker unless it is a terminal.
    Inherit,
    /// To ours byte for byte, whatever it is: the data of a command of the user's own.
    Given,
    /// To our standard error, so that preparatory steps never spoil data.
    Stderr,
    /// Kept, with standard error mixed in as it comes, and shown only if the step fails.
    Capture,
    /// Kept without standard error and as it is, for a caller that reads it (`output -json`) or hands it to another child:
    /// what is masked is what people see, never what terraform gets.
    Value,
    /// Both kept, each by itself and as it is, and shown to nobody.
    Apart,
    /// To ours, both through the masker, and kept as it is, for steps that use what this one said.
    Shared,
    /// Both to our standard error through the masker, and kept as they are.
    SharedStderr,
}

/// `--redirect-stderr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    Stdout,
    Stderr,
    Null,
    File(PathBuf),
}

impl Redirect {
    /// Reads the value of the flag; relative files are below `cwd`. Empty means no redirection.
    pub fn parse(value: &str, cwd: &std::path::Path) -> Option<Redirect> {
        match value {
            "" => None,
            "/dev/stdout" => Some(Redirect::Stdout),
            "/dev/stderr" => Some(Redirect::Stderr),
            "/dev/null" => Some(Redirect::Null),
            file => Some(Redirect::File(cwd.join(file))),
        }
    }
}
