//! Why nothing can be checked.

use miette::Diagnostic;

use crate::diag::Failure;

/// A schema that cannot be had or used.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("Schema file '{path}' not found")]
    #[diagnostic(
        code(atmos::validate::schema_not_found),
        help(
            "the schema of manifests is configured by `schemas.atmos.manifest` in `atmos.yaml`, \
             ATMOS_SCHEMAS_ATMOS_MANIFEST or --schemas-atmos-manifest\ngive an absolute path, a path below `base_path`, \
             or an http(s) address; leave it out for the embedded schema"
        )
    )]
    SchemaNotFound { path: String },

    #[error("invalid pattern '{pattern}' in --exclude")]
    #[diagnostic(code(atmos::validate::exclude), help("write a path or a pattern such as `stacks/catalog/**`"))]
    Exclude { pattern: String },

    #[error("failed to read the schema file '{path}': {message}")]
    #[diagnostic(code(atmos::validate::schema_read), help("make the file readable"))]
    SchemaRead { path: String, message: String },

    #[error("failed to download the Atmos JSON Schema from '{address}': {message}")]
    #[diagnostic(code(atmos::validate::schema_download), help("{help}"))]
    SchemaDownload { address: String, message: String, help: String },

    #[error("the Atmos manifest JSON Schema '{name}' is not valid: {message}")]
    #[diagnostic(
        code(atmos::validate::schema_invalid),
        help("correct the schema; references to other documents are not followed")
    )]
    SchemaInvalid { name: String, message: String },
}

impl Failure for Error {}
