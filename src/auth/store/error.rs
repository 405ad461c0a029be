//! What can go wrong with a keyring. Row 5.

use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;

use crate::diag::Failure;
use crate::host::trust;

/// Exit status after the user broke off a question.
const ABORTED: u8 = 130;

/// A keyring could not be used. A system without a keyring is no error: [`super::Store`] says so and goes on in memory.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Directory(#[from] trust::Error),

    #[error("failed to {action} `{}`: {cause}", path.display())]
    #[diagnostic(code(atmos::auth::store::io), help("check that the directory exists, is yours, and is writable"))]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },

    #[error("`{}` is not used: {why}", path.display())]
    #[diagnostic(
        code(atmos::auth::store::not_ours),
        help("look at the file; remove it if it is not yours, then run the command again")
    )]
    NotOurs { path: PathBuf, why: &'static str },

    #[error("the file keyring needs a password, and `{variable}` is not set")]
    #[diagnostic(
        code(atmos::auth::store::no_password),
        help("set {variable} (8 characters or more), or run the command in a terminal, which asks for it")
    )]
    NoPassword { variable: String },

    #[error(
        "the file keyring needs a password, and `{variable}` is not set: the atmos around this command keeps the password from \
         what it starts, on purpose"
    )]
    #[diagnostic(
        code(atmos::auth::store::withheld),
        help(
            "give the step or command around it an `identity`, so that the run gives the credentials; or make it a step with \
             `type: atmos`, which opens the keyring itself; or sign in with ATMOS_KEYRING_UNLOCK=8h, so that no password is needed"
        )
    )]
    Withheld { variable: String },

    #[error("the password of the file keyring in `{variable}` has fewer than 8 characters")]
    #[diagnostic(code(atmos::auth::store::short_password), help("set {variable} to 8 characters or more"))]
    ShortPassword { variable: String },

    #[error("wrong password for the file keyring: it does not open `{}`", path.display())]
    #[diagnostic(
        code(atmos::auth::store::wrong_password),
        help(
            "give the password that was used before ({variable}); if it is lost, so are the keys of users that are kept there: \
             remove the files in that directory, log in again, and store those keys anew (`atmos auth user import`)"
        )
    )]
    WrongPassword { path: PathBuf, variable: String },

    #[error("`{}` is damaged or not a file of this keyring", path.display())]
    #[diagnostic(
        code(atmos::auth::store::damaged),
        help(
            "put a copy of it back; without one, log out (`atmos auth logout --all`, which works all the same), remove the file, and log \
             in again: what it held is lost"
        )
    )]
    Damaged { path: PathBuf },

    #[error("user aborted")]
    #[diagnostic(code(atmos::auth::store::aborted))]
    Aborted,

    #[error("failed to ask for the password of the file keyring: {reason}")]
    #[diagnostic(code(atmos::auth::store::prompt), help("set {variable} instead"))]
    Prompt { reason: String, variable: String },

    #[error("failed to derive a key from the password of the file keyring: {reason}")]
    #[diagnostic(code(atmos::auth::store::derive))]
    Derive { reason: String },

    #[error("the system gave no random bytes: {reason}")]
    #[diagnostic(code(atmos::auth::store::random))]
    Random { reason: String },

    #[error("failed to seal a value")]
    #[diagnostic(code(atmos::auth::store::seal))]
    Seal,
}

impl Error {
    pub(in crate::auth) fn io(action: &'static str, path: &Path, cause: io::Error) -> Error {
        Error::Io { action, path: path.to_path_buf(), cause }
    }
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        if matches!(self, Error::Aborted) { ABORTED } else { 1 }
    }
}
