//! What can go wrong with the cache. Row 5.

use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;

use crate::auth::store;
use crate::diag::Failure;
use crate::host::trust;

/// The cache could not be read or written. That an entry is absent or cannot be opened any more is no error.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] store::Error),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Directory(#[from] trust::Error),

    #[error("failed to {action} `{}`: {cause}", path.display())]
    #[diagnostic(
        code(atmos::auth::cache::io),
        help("check that the directory is yours and writable; ATMOS_XDG_CACHE_HOME chooses another one")
    )]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },

    #[error("failed to acquire file lock within timeout: `{}`", path.display())]
    #[diagnostic(
        code(atmos::auth::cache::locked),
        help("another atmos is logging in with the same portal or identity; wait for it or end it, then try again")
    )]
    Locked { path: PathBuf },
}

impl Error {
    pub(super) fn io(action: &'static str, path: &Path, cause: io::Error) -> Error {
        Error::Io { action, path: path.to_path_buf(), cause }
    }
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::Store(error) => error.exit_code(),
            Error::Directory(_) | Error::Io { .. } | Error::Locked { .. } => 1,
        }
    }
}
