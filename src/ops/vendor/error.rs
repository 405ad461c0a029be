//! What a command of `vendor` cannot do.

use miette::Diagnostic;

use crate::diag::Failure;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(
        "Vendoring is not configured: there is no `vendor.yaml` here or at the base path, and no component `{component}` with a component.yaml"
    )]
    #[diagnostic(
        code(atmos::vendor::component_unknown),
        help("write a vendor.yaml, or a component.yaml into the folder of the component")
    )]
    NothingFor { component: String },

    #[error("{reason}")]
    #[diagnostic(code(atmos::vendor::selection), help("{help}"))]
    Selection { reason: String, help: String },

    #[error(
        "the component '{component}' is not defined in any of the 'sources' in the vendor config file '{file}' and the imports"
    )]
    #[diagnostic(code(atmos::vendor::component_not_defined), help("{help}"))]
    NotDefined { component: String, file: String, help: String },

    #[error("there are no components in the vendor config file '{file}' tagged with the tags [{tags}]")]
    #[diagnostic(code(atmos::vendor::no_tags), help("`atmos list vendor` shows the tags of all sources"))]
    NoTags { file: String, tags: String },

    #[error("no vendor.yaml found and no component.yaml manifests were discovered under any component type")]
    #[diagnostic(
        code(atmos::vendor::nothing),
        help("write a vendor.yaml, or a component.yaml into the folder of a component")
    )]
    Nothing,

    #[error("vendor lock drift blocked by enforcement: strict: {drifted}")]
    #[diagnostic(
        code(atmos::vendor::drift),
        help(
            "`--refresh-lock` pulls everything again and renews the lock; `--lock-enforcement warn` pulls what drifted"
        )
    )]
    Drift { drifted: String },

    #[error("failed to vendor components\nFailed to vendor {failed} of {all} components: {names}{reasons}")]
    #[diagnostic(code(atmos::vendor::failed), help("{help}"))]
    Failed { failed: usize, all: usize, names: String, reasons: String, help: String },

    #[error("the target `{target}` of {name} is refused: {reason}")]
    #[diagnostic(code(atmos::vendor::target), help("choose a folder below the base path of the repository"))]
    Target { target: String, name: String, reason: String },

    #[error("{name}: {reason}")]
    #[diagnostic(code(atmos::vendor::content), help("{help}"))]
    Content { name: String, reason: String, help: String },

    #[error("failed to fetch {name} from `{uri}`: {reason}")]
    #[diagnostic(code(atmos::vendor::fetch), help("{help}"))]
    Fetch { name: String, uri: String, reason: String, help: String },

    #[error("cannot {action} `{path}`: {cause}")]
    #[diagnostic(code(atmos::vendor::write), help("check the permissions and the free space of that folder"))]
    File { action: &'static str, path: String, cause: std::io::Error },

    #[error("vendor source is not a Git repository: {component} comes from `{uri}`")]
    #[diagnostic(code(atmos::vendor::not_git), help("only sources in git have versions that can be compared"))]
    NotGit { component: String, uri: String },

    #[error("{what} is not built yet")]
    #[diagnostic(code(atmos::not_built), help("{help}"))]
    NotBuilt { what: &'static str, help: &'static str },
}

impl Failure for Error {}

impl Error {
    pub(super) fn selection(reason: impl Into<String>, help: impl Into<String>) -> Error {
        Error::Selection { reason: reason.into(), help: help.into() }
    }

    /// For `map_err` of file operations.
    pub(super) fn file(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.display().to_string();
        move |cause| Error::File { action, path, cause }
    }
}
