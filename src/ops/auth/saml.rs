//! `atmos auth saml roles`: what an identity provider offers to who signs in.

use miette::Diagnostic;

use super::super::access::Access;
use super::login::outside_only;
use crate::auth::{ProviderName, SamlRole};
use crate::diag::{Failure, Result};

#[derive(Debug)]
pub struct SamlRolesReport {
    pub provider: String,
    /// By account and role.
    pub roles: Vec<SamlRole>,
}

/// Signs in, and asks AWS nothing.
///
/// # Errors
/// No or several providers of kind aws/saml and none is named; the sign-in fails.
pub async fn saml_roles(access: &Access, provider: Option<&str>) -> Result<SamlRolesReport> {
    outside_only(access, "saml roles")?;
    let providers = access.settings.providers.values().filter(|provider| provider.kind_text == "aws/saml");
    let mut names: Vec<&str> = providers.map(|provider| provider.name.as_str()).collect();
    names.sort_unstable();
    let name = match (provider, names.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => *only,
        (None, []) => return Err(SamlError::None.into()),
        (None, several) => return Err(SamlError::Several { names: several.join(", ") }.into()),
    };
    let roles = access.session.saml_roles(&ProviderName::from(name)).await?;
    Ok(SamlRolesReport { provider: name.to_owned(), roles })
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum SamlError {
    #[error("no provider of kind aws/saml is configured")]
    #[diagnostic(code(atmos::auth::saml_none), help("add one below `auth.providers`"))]
    None,

    #[error("several providers of kind aws/saml are configured")]
    #[diagnostic(code(atmos::auth::saml_several), help("name one of them with `--provider`: {names}"))]
    Several { names: String },
}

impl Failure for SamlError {}
