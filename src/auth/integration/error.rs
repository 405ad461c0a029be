//! What can go wrong with the files that integrations write. No text holds a secret. Row 5.

use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;

use crate::diag::Failure;

#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
pub enum Error {
    /// A file of somebody else that is not what it should be: nothing of it may be lost.
    #[error("{path}{at}: it is not {what}")]
    #[diagnostic(
        code(atmos::auth::integration::unreadable),
        help("correct the file, or choose another one with {instead}")
    )]
    Unreadable { path: String, at: String, what: &'static str, instead: &'static str },

    #[error("cannot {action} {path}: {reason}")]
    #[diagnostic(code(atmos::auth::integration::file), help("{help}"))]
    File { action: &'static str, path: String, reason: String, help: &'static str },

    /// The program that keeps the logins of docker.
    #[error("the credential helper `{program}` {reason}")]
    #[diagnostic(
        code(atmos::auth::integration::helper),
        help("install or unlock it, or take it out of {path} (`credsStore`, `credHelpers`)")
    )]
    Helper { program: String, reason: String, path: String },

    /// Two clusters under one name in one file.
    #[error("context `{context}` of one kubeconfig is that of {first} and of {second}")]
    #[diagnostic(
        code(atmos::auth::integration::same_context),
        help("give one of them another `spec.cluster.alias`, or a file of its own (`spec.cluster.kubeconfig.path`)")
    )]
    SameContext { context: String, first: String, second: String },

    /// A name that somebody else's way to a cluster has.
    #[error(
        "context `{context}` in {path} is not one of atmos (cluster `{cluster}`, user `{user}`), and stays as it is"
    )]
    #[diagnostic(
        code(atmos::auth::integration::taken),
        help(
            "give this cluster another name (`spec.cluster.alias`, --alias) or a file of its own \
             (`spec.cluster.kubeconfig.path`, --kubeconfig); or remove that one: `kubectl config delete-context {context}`"
        )
    )]
    Taken { context: String, path: String, cluster: String, user: String },

    #[error("{what} already exists in {path}, and says something else")]
    #[diagnostic(
        code(atmos::auth::integration::exists),
        help(
            "`kubeconfig.update: error` leaves it alone: remove it, choose an `alias` or another `path`, or use `merge`"
        )
    )]
    Exists { what: String, path: String },
}

impl Error {
    pub(super) fn file(action: &'static str, path: &Path, error: &impl ToString) -> Error {
        let help = "check that the folder exists and may be written to";
        Error::File { action, path: path.display().to_string(), reason: error.to_string(), help }
    }
}

impl Failure for Error {}

/// Where a file really is. A link is followed, so that a file that is kept elsewhere stays there; one that leads nowhere is
/// nothing to write over: what it led to may come back.
pub(super) fn real(path: &Path) -> Result<PathBuf, Error> {
    match std::fs::canonicalize(path) {
        Ok(real) => Ok(real),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => Ok(path.to_owned()),
        Err(error) => {
            let target = std::fs::read_link(path).map(|target| format!(" to {}", target.display())).unwrap_or_default();
            let reason = if path.is_symlink() { format!("it is a link{target}: {error}") } else { error.to_string() };
            let help = "put the file where the link leads, or remove the link";
            Err(Error::File { action: "open", path: path.display().to_string(), reason, help })
        }
    }
}
