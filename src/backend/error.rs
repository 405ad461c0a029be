//! What can be wrong with backends and workspaces.

use miette::Diagnostic;

use crate::diag::Failure;

/// A backend or workspace that terraform cannot be run with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("backend_type is required: the component '{component}' in the stack '{stack}' has no backend type")]
    #[diagnostic(
        code(atmos::backend::type_required),
        help(
            "set `terraform.backend_type`, or `components.terraform.auto_generate_backend_file: false` in `atmos.yaml`"
        )
    )]
    TypeRequired { component: String, stack: String },

    #[error("required_providers entry missing 'source' field: '{provider}' of the component '{component}'")]
    #[diagnostic(
        code(atmos::backend::provider_source),
        help("add `source`, for example `source: hashicorp/{provider}`")
    )]
    ProviderSource { component: String, provider: String },

    #[error("invalid terraform workspace name '{workspace}' of the component '{component}' in the stack '{stack}'")]
    #[diagnostic(
        code(atmos::backend::workspace_name),
        help(
            "the name is empty or begins with `-`, mostly because a token of the pattern has no value; set \
             `metadata.terraform_workspace`, or the variables that the pattern needs"
        )
    )]
    WorkspaceName { workspace: String, component: String, stack: String },
}

impl Failure for Error {}
