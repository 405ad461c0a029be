//! What cannot be delivered. Row 5.

use miette::{Diagnostic, SourceSpan};

use crate::diag::{Failure, SourceText};

/// A delivery, a name or a value that cannot be rendered.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("unknown delivery `{value}`{}", place(at_text.as_ref()))]
    #[diagnostic(code(atmos::auth::delivery::unknown), help("the deliveries are process, files, endpoint and env"))]
    UnknownDelivery {
        value: String,
        at_text: Option<String>,
        #[source_code]
        source_text: Option<SourceText>,
        #[label("not a delivery")]
        at: Option<SourceSpan>,
    },

    #[error("unsupported format: {value}")]
    #[diagnostic(
        code(atmos::auth::delivery::unsupported_format),
        help("the formats are bash, zsh, fish, powershell, cmd, dotenv, env, json and github")
    )]
    UnsupportedFormat { value: String },

    #[error("invalid variable name {name:?}")]
    #[diagnostic(
        code(atmos::auth::delivery::variable_name),
        help("use letters, digits and underscores, and no digit first (`env` of the identity)")
    )]
    VariableName { name: String },

    #[error("the value of `{name}` cannot be written in format {format}: {why}")]
    #[diagnostic(code(atmos::auth::delivery::value), help("use format json, bash or dotenv"))]
    Value { name: String, format: &'static str, why: &'static str },

    #[error("identity {name:?} cannot be an AWS profile: {why}")]
    #[diagnostic(code(atmos::auth::delivery::profile), help("rename the identity"))]
    Profile { name: String, why: &'static str },

    #[error("the path {path:?} cannot stand in an AWS configuration file: {why}")]
    #[diagnostic(code(atmos::auth::delivery::path), help("use a path of plain text on one line"))]
    Path { path: String, why: &'static str },
}

fn place(at: Option<&String>) -> String {
    at.map(|at| format!(" ({at})")).unwrap_or_default()
}

impl Failure for Error {}
