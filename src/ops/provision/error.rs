//! Why a folder cannot be made.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::Failure;

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("`source` of {component} in {stack} cannot be used: {reason}{place}")]
    #[diagnostic(code(atmos::provision::source), help("write an address, or a map with `uri` and `version`"))]
    Source { component: String, stack: String, reason: String, place: String },

    #[error("failed to auto-provision the source of {component} in {stack} from `{uri}`: {reason}")]
    #[diagnostic(code(atmos::provision::fetch), help("{help}"))]
    Fetch { component: String, stack: String, uri: String, reason: String, help: String },

    #[error("the working directory of {component} in {stack} cannot be made: `{}` does not exist", path.display())]
    #[diagnostic(
        code(atmos::provision::no_component),
        help("create the component's folder, or give the component a `source`")
    )]
    NoComponent { component: String, stack: String, path: PathBuf },

    #[error(
        "the source of {component} in {stack} cannot be kept in `{}`: that is not below `{}`, where the components of its kind are",
        path.display(),
        base.display()
    )]
    #[diagnostic(
        code(atmos::provision::outside),
        help(
            "correct `metadata.component`, or give the component a folder of its own with `provision.workdir.enabled: true`"
        )
    )]
    Outside { component: String, stack: String, path: PathBuf, base: PathBuf },

    #[error("the stack name `{stack}` cannot be part of a working directory's name")]
    #[diagnostic(code(atmos::provision::stack_name), help("choose a stack name without `..`"))]
    StackName { stack: String },

    #[error("cannot {action} `{}`: {source}", path.display())]
    #[diagnostic(code(atmos::provision::file), help("check the permissions and the free space of that directory"))]
    File { action: &'static str, path: PathBuf, source: std::io::Error },

    #[error("the link `{}` leads {objection}, to `{}`: it cannot be copied", link.display(), target.display())]
    #[diagnostic(code(atmos::provision::link), help("{help}"))]
    Link { link: PathBuf, target: PathBuf, objection: &'static str, help: &'static str },

    #[error("`{}` cannot be copied: {reason}", path.display())]
    #[diagnostic(code(atmos::provision::too_much), help("remove links to folders that are not needed"))]
    TooMuch { path: PathBuf, reason: String },

    #[error("`{what}` is no pattern of paths: {reason}")]
    #[diagnostic(code(atmos::provision::pattern), help("correct `included_paths` and `excluded_paths` of the source"))]
    Pattern { what: String, reason: String },
}

impl Failure for Error {}

impl Error {
    /// For `map_err` of file operations.
    pub(super) fn file(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::File { action, path, source }
    }
}
