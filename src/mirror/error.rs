//! What can go wrong with the cache itself.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::Failure;

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("cannot {action} `{}` of the registry cache: {source}", path.display())]
    #[diagnostic(
        code(atmos::mirror::file),
        help(
            "check the permissions and the free space there; `components.terraform.cache.location` names another place"
        )
    )]
    File { action: &'static str, path: PathBuf, source: std::io::Error },

    #[error("invalid cache key `{key}`")]
    #[diagnostic(
        code(atmos::mirror::key),
        help("keys begin with `providers/` or `modules/`: `atmos terraform cache list` shows them")
    )]
    Key { key: String },

    #[error("there is no `{key}` in the registry cache")]
    #[diagnostic(code(atmos::mirror::missing), help("`atmos terraform cache list` shows what there is"))]
    Missing { key: String },

    #[error("the server of the registry cache cannot start: {reason}")]
    #[diagnostic(
        code(atmos::mirror::start),
        help(
            "without it: `components.terraform.cache.enabled: false`, or ATMOS_COMPONENTS_TERRAFORM_CACHE_ENABLED=false"
        )
    )]
    Start { reason: String },
}

impl Failure for Error {}

impl Error {
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::File { action, path, source }
    }

    pub(super) fn start(reason: impl std::fmt::Display) -> Error {
        Error::Start { reason: reason.to_string() }
    }
}
