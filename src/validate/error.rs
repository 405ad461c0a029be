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

    #[error("Schema file '{path}' not found")]
    #[diagnostic(
        code(atmos::validate::schema_not_found),
        help(
            "`schemas.{name}.schema` names it: give an absolute path, one below the working directory or `base_path`, \
             or an http(s) address"
        )
    )]
    EntrySchemaNotFound { path: String, name: String },

    #[error("invalid pattern '{pattern}' in --exclude")]
    #[diagnostic(code(atmos::validate::exclude), help("write a path or a pattern such as `stacks/catalog/**`"))]
    Exclude { pattern: String },

    #[error("failed to read '{path}': {message}")]
    #[diagnostic(code(atmos::validate::read), help("make the file readable, or remove what leads nowhere"))]
    Read { path: String, message: String },

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

    #[error("{flag} needs {needs}: the component has no entry in `settings.validation` that it could change")]
    #[diagnostic(code(atmos::validate::flag_alone), help("give both: --schema-path FILE --schema-type jsonschema|opa"))]
    FlagAlone { flag: &'static str, needs: &'static str },

    #[error("invalid schema type '{kind}'. Supported types: jsonschema, opa{place}")]
    #[diagnostic(code(atmos::validate::schema_type), help("{help}"))]
    SchemaType { kind: String, place: String, help: String },

    #[error("the file '{path}' does not exist for schema type '{kind}'{place}")]
    #[diagnostic(
        code(atmos::validate::schema_file),
        help(
            "give an absolute path, one below the working directory, or one below `schemas.{kind}.base_path` ({base})"
        )
    )]
    SchemaFile { path: String, kind: &'static str, base: String, place: String },

    #[error("`settings.validation` of the component `{component}`{place}: {problem}")]
    #[diagnostic(
        code(atmos::validate::entry),
        help(
            "each entry is a map with `schema_type` (jsonschema or opa) and `schema_path`; `module_paths`, `timeout` (seconds), `description` and `disabled` are optional"
        )
    )]
    Entry { component: String, place: String, problem: String },

    #[error("failed to read the policy file '{path}': {message}")]
    #[diagnostic(code(atmos::validate::policy_read), help("correct the path, or make the file readable"))]
    PolicyRead { path: String, message: String },

    #[error("the Rego policy '{path}' cannot be evaluated: {message}")]
    #[diagnostic(
        code(atmos::validate::policy),
        help("policies are evaluated without network; `http.send` and functions that ask a server do not exist here")
    )]
    Policy { path: String, message: String },

    #[error("invalid Rego policy: {path}: it has no set `errors` in the package `atmos`")]
    #[diagnostic(
        code(atmos::validate::policy_without_errors),
        help("begin the file with `package atmos` and write rules such as `errors[message] {{ ... }}`")
    )]
    PolicyWithoutErrors { path: String },

    #[error("Timeout evaluating the OPA policy '{path}' after {seconds} s")]
    #[diagnostic(
        code(atmos::validate::policy_timeout),
        help("look for rules that combine large lists; `timeout` of the entry, or `--timeout`, gives more seconds")
    )]
    PolicyTimeout { path: String, seconds: u64 },

    #[error("no schema named '{name}' is configured")]
    #[diagnostic(code(atmos::validate::unknown_schema), help("{help}"))]
    UnknownSchema { name: String, help: String },

    #[error("invalid pattern '{pattern}' in `schemas.{name}.matches`")]
    #[diagnostic(code(atmos::validate::matches), help("write a path or a pattern such as `stacks/**/*.yaml`"))]
    Matches { name: String, pattern: String },
}

impl Failure for Error {}
