//! A sign-in at Azure on its way along a chain, and what its providers have in common. Row 5.

use jiff::Timestamp;

use super::super::super::error::Error as AuthError;
use super::super::module::{Entry, Step};
use super::super::network::{end, endpoint, fit};
use super::super::setting::Setting;
use crate::cloud::azure::authority;
use crate::cloud::{self, Token};
use crate::secret::{Expose as _, Secret, without_userinfo};
use crate::span::Span;

pub(super) const TENANT: Setting =
    Setting::text("spec.tenant_id", "The tenant: its id, or one of its domains").required();
pub(super) const SUBSCRIPTION: Setting = Setting::text("spec.subscription_id", "Subscription to ask for");
pub(super) const LOCATION: Setting = Setting::text("spec.location", "Location that tools work in");
pub(super) const CLOUD: Setting =
    Setting::word("spec.cloud_environment", &["public", "usgovernment", "china"], "Which of Azure's clouds");
pub(super) const LOGIN: Setting =
    Setting::text("spec.endpoint_urls.login", "Address in place of that of Microsoft Entra");
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";

/// Somebody at Azure.
#[derive(Debug, Clone)]
pub(crate) struct AzureLogin {
    pub(crate) tenant: String,
    pub(crate) location: Option<String>,
    pub(crate) cloud: Cloud,
    pub(crate) expires: Option<Timestamp>,
    /// Name of a person or id of an application, where the token says it.
    pub(crate) who: Option<String>,
    pub(crate) way: Way,
}

/// How tools sign in.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// By what `az login` left on this machine.
    Program,
    /// As an application, by a token of somebody whom it trusts: itself, and the file where it lies, if there is one.
    Assertion { client: String, token: Secret, file: Option<String> },
    /// As a person, by a cache of Microsoft's library.
    User { cache: Secret, name: String },
}

/// One of Azure's clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cloud {
    Public,
    Government,
    China,
}

impl Cloud {
    pub(crate) fn of(entry: &Entry<'_>) -> Cloud {
        match entry.text(CLOUD.path).as_deref() {
            Some("usgovernment") => Cloud::Government,
            Some("china") => Cloud::China,
            _ => Cloud::Public,
        }
    }

    /// As terraform calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Cloud::Public => "public",
            Cloud::Government => "usgovernment",
            Cloud::China => "china",
        }
    }

    /// As the `az` program calls it.
    pub(super) fn name_of_program(self) -> &'static str {
        match self {
            Cloud::Public => "AzureCloud",
            Cloud::Government => "AzureUSGovernment",
            Cloud::China => "AzureChinaCloud",
        }
    }

    /// The older name of what tokens are for, which the `az` program uses.
    pub(super) fn classic_management(self) -> &'static str {
        match self {
            Cloud::Public => "https://management.core.windows.net",
            Cloud::Government => "https://management.core.usgovcloudapi.net",
            Cloud::China => "https://management.core.chinacloudapi.cn",
        }
    }

    /// What tokens are for.
    pub(crate) fn management(self) -> &'static str {
        match self {
            Cloud::Public => "https://management.azure.com",
            Cloud::Government => "https://management.usgovcloudapi.net",
            Cloud::China => "https://management.chinacloudapi.cn",
        }
    }
}

impl AzureLogin {
    /// A login whose token has just been given.
    pub(super) fn given(step: &Step<'_>, token: &Token, way: Way) -> Result<AzureLogin, AuthError> {
        let expires = token.lifetime.map(|seconds| end(step, seconds)).transpose()?;
        // For people only: whoever takes the token reads it itself.
        let claims = cloud::claims(token.value.expose_secret()).unwrap_or_default();
        let who = ["upn", "unique_name", "preferred_username", "appid"].into_iter();
        let who = who.filter_map(|key| claims[key].as_str()).find(|who| !who.is_empty());
        let who = who.map(|who| who.chars().filter(|c| !c.is_control()).take(200).collect());
        Ok(AzureLogin {
            tenant: step.entry.text(TENANT.path).unwrap_or_default(),
            location: step.entry.text(LOCATION.path),
            cloud: Cloud::of(&step.entry),
            expires,
            who,
            way,
        })
    }
}

/// Where tokens are asked for: of the entry, of the variable that Azure's own libraries read, or of the cloud.
pub(super) fn issuer(step: &Step<'_>) -> Result<String, AuthError> {
    let cloud = Cloud::of(&step.entry).name();
    if let Some(root) = endpoint(step, "login")? {
        return Ok(root);
    }
    let given = step.context.host.env.get(AUTHORITY).filter(|host| !host.is_empty());
    let issuer = authority(cloud, given);
    fit(&issuer).map_err(|reason| AuthError::InvalidEndpoint {
        url: without_userinfo(&issuer),
        from: AUTHORITY.to_owned(),
        reason,
    })?;
    Ok(issuer)
}

/// What is wrong with ids that go into addresses and onto command lines.
pub(super) fn odd_ids(entry: &Entry<'_>, paths: &[&str]) -> Vec<(String, Span)> {
    let odd = |c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c));
    let wrong = |path: &&str| {
        let text = entry.text(path).filter(|text| text.starts_with('-') || text.contains(odd))?;
        Some((format!("{path} `{}` is no id of Azure", text.escape_debug()), entry.span_of(path)))
    };
    paths.iter().filter_map(wrong).collect()
}
