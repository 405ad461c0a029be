//! What can go wrong with the private side of a run. Row 5.

use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;

use crate::auth::{delivery, store};
use crate::diag::Failure;
use crate::diag::hint::word;
use crate::host::trust;

/// A run could not be set up, or a helper did not get its credentials.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] store::Error),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Directory(#[from] trust::Error),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Delivery(#[from] delivery::Error),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Identity(#[from] Box<crate::auth::Error>),

    #[error("failed to {action} `{}`: {cause}", path.display())]
    #[diagnostic(
        code(atmos::auth::run::io),
        help("check that its directory is yours and writable, and that the disk is not full")
    )]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },

    #[error("no loopback address for the credentials of the run: {cause}")]
    #[diagnostic(code(atmos::auth::run::endpoint), help("use another delivery: `delivery: process`"))]
    Endpoint {
        #[source]
        cause: io::Error,
    },

    #[error("failed to acquire file lock within timeout: `{}`", path.display())]
    #[diagnostic(code(atmos::auth::run::locked), help("another atmos holds it; wait for it or end it, then try again"))]
    Locked { path: PathBuf },

    #[error("no directory for the socket of a run has a path that is short enough (`{}`)", path.display())]
    #[diagnostic(code(atmos::auth::run::path_too_long), help("set XDG_RUNTIME_DIR or TMPDIR to a shorter path"))]
    PathTooLong { path: PathBuf },

    #[error("identities `{first}` and `{second}` would have the same AWS profile `{profile}`")]
    #[diagnostic(code(atmos::auth::run::same_profile), help("rename one of them"))]
    SameProfile { profile: String, first: String, second: String },

    #[error("no credentials for identity `{identity}`: {reason}")]
    #[diagnostic(code(atmos::auth::run::no_credentials))]
    NoCredentials { identity: String, reason: String },

    #[error("the run that gives the credentials here has ended (`{}`)", socket.display())]
    #[diagnostic(
        code(atmos::auth::run::gone),
        help(
            "start the command again through atmos; nothing inside a run opens the keyring in its place. If this is a \
             shell of your own, unset ATMOS_RUN_SOCKET"
        )
    )]
    Gone { socket: PathBuf },

    #[error("`{}` belongs to another user", socket.display())]
    #[diagnostic(code(atmos::auth::run::foreign_socket), help("do not use a socket that you did not start"))]
    ForeignSocket { socket: PathBuf },

    #[error("the run gave no credentials for identity `{identity}`: {reason}")]
    #[diagnostic(code(atmos::auth::run::refused))]
    Refused { identity: String, reason: String },

    #[error("the run around this command could not get credentials of `{identity}`: {reason}")]
    #[diagnostic(
        code(atmos::auth::run::failed),
        help(
            "mend that outside of the run (`atmos auth login -i {}` where somebody has to sign in); the run takes it up",
            word(identity)
        )
    )]
    Failed { identity: String, reason: String },

    #[error(
        "the run around this command gives no credentials of `{identity}`: it has not started the process that asks"
    )]
    #[diagnostic(
        code(atmos::auth::run::stranger),
        help(
            "start it through `atmos auth exec` or `atmos auth shell`, or unset ATMOS_RUN_SOCKET to ask without that run"
        )
    )]
    Stranger { identity: String },

    #[error(
        "identity `{identity}` of the configuration in `{here}` is not the identity `{identity}` of the run around this \
         command, whose configuration is in `{there}`: kind, account, role, region, realm or endpoint differ"
    )]
    #[diagnostic(
        code(atmos::auth::run::differs),
        help(
            "run this outside of the run, or rename one of the two identities; where both configurations are one, look \
             at the `auth` section of the outer component and at ATMOS_AUTH_REALM and AWS_ENDPOINT_URL*"
        )
    )]
    Differs { identity: String, here: String, there: String },

    #[error("the run did not answer within {seconds} s (`{}`)", socket.display())]
    #[diagnostic(
        code(atmos::auth::run::timeout),
        help("look at the terminal of the run: it may be waiting for a login")
    )]
    Timeout { socket: PathBuf, seconds: u64 },

    #[error("the run answered something that is no credentials (`{}`)", socket.display())]
    #[diagnostic(code(atmos::auth::run::bad_answer), help("use the same version of atmos on both sides"))]
    BadAnswer { socket: PathBuf },

    #[error("runs with cloud identities are not built yet on this platform")]
    #[diagnostic(code(atmos::auth::run::not_built))]
    NotBuilt,
}

impl Error {
    pub(super) fn io(action: &'static str, path: &Path, cause: io::Error) -> Error {
        Error::Io { action, path: path.to_path_buf(), cause }
    }

    /// An error of taking a lock.
    pub(super) fn lock(path: &Path, cause: io::Error) -> Error {
        match cause.kind() {
            io::ErrorKind::TimedOut => Error::Locked { path: path.to_path_buf() },
            _ => Error::io("lock", path, cause),
        }
    }
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::File(error) => error.exit_code(),
            Error::Delivery(error) => error.exit_code(),
            Error::Identity(error) => error.exit_code(),
            _ => 1,
        }
    }
}
