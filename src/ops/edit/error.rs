//! Why a file is not changed.

use miette::Diagnostic;

use crate::diag::Failure;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("{file}:{line}: `{path}` is not changed: {reason}")]
    #[diagnostic(code(atmos::edit::refused), help("nothing was written; change the file in an editor"))]
    Refused { file: String, line: usize, path: String, reason: String },

    #[error("{file}:{line}: the file is not formatted: {reason}")]
    #[diagnostic(code(atmos::edit::format), help("nothing was written to it; change the file in an editor"))]
    Format { file: String, line: usize, reason: String },

    #[error("no manifest has values of `{component}` in `{stack}` in a section of its own")]
    #[diagnostic(code(atmos::edit::no_manifest), help("name the manifest: `--file <manifest>`"))]
    NoManifest { component: String, stack: String },

    #[error("{file} is a template and is not changed")]
    #[diagnostic(
        code(atmos::edit::template),
        help("what it gives depends on what imports it; change the file in an editor")
    )]
    Template { file: String },

    #[error("cannot {act} {file}: {cause}")]
    #[diagnostic(code(atmos::edit::file), help("check that the file exists and that you may change it"))]
    File { act: &'static str, file: String, cause: std::io::Error },

    #[error("`{value}` is no {type_name}")]
    #[diagnostic(
        code(atmos::edit::value),
        help("{why}; `--type` says otherwise: string, int, bool, float, null, or yaml for lists and maps")
    )]
    Value { value: String, type_name: &'static str, why: String },

    #[error("`{path}` holds a list or a map")]
    #[diagnostic(
        code(atmos::edit::container),
        help(
            "give the whole of it with `--type yaml '[a, b]'`, set a key or an item in it, or replace it by text with `--type string`"
        )
    )]
    Container { path: String },

    #[error("invalid type `{name}`")]
    #[diagnostic(code(atmos::edit::type_name), help("use auto, string, int, bool, float, null or yaml"))]
    Type { name: String },

    #[error("several files were given with --config")]
    #[diagnostic(code(atmos::edit::which_file), help("give the one that is to be changed"))]
    WhichFile,

    #[error("`{path}` of `{component}` in `{stack}` is not set in the component's own section: {why}")]
    #[diagnostic(code(atmos::edit::elsewhere), help("{help}"))]
    Elsewhere { path: String, component: String, stack: String, why: String, help: String },

    #[error("`{path}` is not set for `{component}` in `{stack}`")]
    #[diagnostic(code(atmos::edit::not_set), help("`atmos describe component` shows what is"))]
    NotSet { path: String, component: String, stack: String },
}

impl Failure for Error {}
