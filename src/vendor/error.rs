//! What is wrong with manifests, lock files and what they name.

use std::path::Path;

use miette::Diagnostic;

use crate::diag::Failure;
use crate::host::Host;
use crate::span::Span;
use crate::yaml;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Yaml(Box<yaml::Error>),

    #[error("{reason}{place}")]
    #[diagnostic(code(atmos::vendor::manifest), help("{help}"))]
    Manifest { reason: String, place: String, help: String },

    #[error("cannot read the vendor manifest `{path}`: {cause}")]
    #[diagnostic(code(atmos::vendor::unreadable), help("check that the file exists and may be read"))]
    Unreadable { path: String, cause: std::io::Error },

    #[error("Vendoring is not configured: `vendor.base_path` names `{path}`, which does not exist")]
    #[diagnostic(
        code(atmos::vendor::not_configured),
        help("create the manifest, or correct `vendor.base_path` in atmos.yaml (or ATMOS_VENDOR_BASE_PATH)")
    )]
    NotConfigured { path: String },

    #[error("no YAML configuration files found in directory '{path}'")]
    #[diagnostic(
        code(atmos::vendor::empty_folder),
        help("put a manifest there, or name another place in `vendor.base_path`")
    )]
    EmptyFolder { path: String },

    #[error("`{pattern}` is no pattern of paths: {reason}")]
    #[diagnostic(code(atmos::vendor::pattern), help("correct `included_paths` and `excluded_paths` of the source"))]
    Pattern { pattern: String, reason: String },

    #[error("invalid source path '{source_path}': there is no such file or folder{tried}")]
    #[diagnostic(
        code(atmos::vendor::no_source),
        help("a path is looked for beside the manifest; remote addresses begin with a host, a scheme or `git::`")
    )]
    NoSource { source_path: String, tried: String },

    #[error("{reason}")]
    #[diagnostic(code(atmos::vendor::too_much), help("narrow `included_paths`, or name a folder inside of the source"))]
    TooMuch { reason: String },

    #[error("the name of `{path}` in the source is no UTF-8 text")]
    #[diagnostic(code(atmos::vendor::no_text), help("leave it out by `excluded_paths`, or rename it in the source"))]
    NoText { path: String },

    #[error("the vendor lock file `{path}` cannot be used: {reason}")]
    #[diagnostic(
        code(atmos::vendor::lock),
        help("restore it from version control, or remove it and run `atmos vendor pull` to write a new one")
    )]
    Lock { path: String, reason: String },

    #[error("cannot {action} `{path}`: {cause}")]
    #[diagnostic(code(atmos::vendor::file), help("check the permissions and the free space of that folder"))]
    File { action: &'static str, path: String, cause: std::io::Error },

    #[error("{reason}")]
    #[diagnostic(code(atmos::vendor::version), help("{help}"))]
    Version { reason: String, help: String },
}

impl Failure for Error {
    fn title(&self) -> Option<&'static str> {
        matches!(self, Error::NotConfigured { .. }).then_some("Error")
    }
}

impl From<yaml::Error> for Error {
    fn from(error: yaml::Error) -> Error {
        Error::Yaml(Box::new(error))
    }
}

impl Error {
    /// Something in a manifest, with its place.
    pub(super) fn manifest(host: &Host, span: Span, reason: impl Into<String>, help: impl Into<String>) -> Error {
        let place = host.sources.place(span).map(|place| format!(" ({place})")).unwrap_or_default();
        Error::Manifest { reason: reason.into(), place, help: help.into() }
    }

    /// For `map_err` of file operations.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.display().to_string();
        move |cause| Error::File { action, path, cause }
    }
}
