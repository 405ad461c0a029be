//! A token of Google on its way along a chain. Row 5.

use jiff::Timestamp;

use super::super::super::error::Error as AuthError;
use super::super::error::Error;
use super::super::module::{Entry, Proof, Step};
use super::super::network::{end, endpoint};
use super::super::setting::Setting;
use crate::cloud::Token;
use crate::cloud::google::{self, PLATFORM};
use crate::secret::Secret;
use crate::span::Span;

pub(super) const PROJECT: Setting = Setting::text("spec.project_id", "Project that tools work in");
pub(super) const REGION: Setting = Setting::text("spec.region", "Region that tools work in");
pub(super) const SCOPES: Setting =
    Setting::texts("spec.scopes", "What tokens are good for; cloud-platform without any");
pub(super) const IAM: Setting =
    Setting::text("spec.endpoint_urls.iamcredentials", "Address in place of that of the IAM credentials service");

/// The token for terraform and all that asks Google's services itself.
pub(crate) const TOKEN: &str = "GOOGLE_OAUTH_ACCESS_TOKEN";
/// Seconds that a token of Google lives where nobody says another time.
const LIFETIME: i64 = 3600;
/// Scopes that are no addresses.
const WORDS: [&str; 3] = ["email", "openid", "profile"];

/// A token, and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct GoogleToken {
    pub(crate) token: Secret,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) project: Option<String>,
    /// The service account that it is of, where that is known.
    pub(crate) email: Option<String>,
    pub(crate) region: Option<String>,
}

impl GoogleToken {
    /// What the step before gave: a provider, or an identity that has become somebody already.
    pub(super) fn before(step: &Step<'_>) -> Result<GoogleToken, AuthError> {
        match &step.before {
            Some(Proof::Google(token)) => Ok(token.clone()),
            Some(Proof::Environment(given, caller)) => {
                let token = given.variables.iter().find(|variable| variable.name == TOKEN);
                let token = token.ok_or_else(|| none(step))?;
                Ok(GoogleToken {
                    token: token.value.clone(),
                    expires: given.expiration,
                    project: given.account.clone(),
                    email: caller.as_ref().map(|caller| caller.arn.clone()),
                    region: given.region.clone(),
                })
            }
            _ => Err(none(step)),
        }
    }

    /// A token that has just been given, with what its provider says beside it.
    pub(super) fn given(step: &Step<'_>, token: Token, project: Option<String>) -> Result<GoogleToken, AuthError> {
        let expires = Some(end(step, token.lifetime.unwrap_or(LIFETIME))?);
        let region = step.region.map(str::to_owned).or_else(|| step.entry.text(REGION.path));
        Ok(GoogleToken { token: token.value, expires, project, email: None, region })
    }
}

fn none(step: &Step<'_>) -> AuthError {
    let help = "let `via` lead to an identity or provider of kind gcp/… that has a token".to_owned();
    Error::Unavailable { who: step.entry.shown(), reason: "the step before gives no token of Google".to_owned(), help }
        .into()
}

/// The root of the IAM credentials service, with its version: of the entries, of terraform's own variable, or the public one.
pub(super) fn iam(step: &Step<'_>) -> Result<Option<String>, AuthError> {
    let root = endpoint(step, "iamcredentials")?.map(|root| format!("{root}/v1"));
    Ok(root.or_else(|| google::iam_of(&step.context.host.env)))
}

/// Scopes of a token, or the one for everything.
pub(super) fn scopes(entry: &Entry<'_>, path: &str) -> Vec<String> {
    let written = entry.texts(path);
    if written.is_empty() { vec![PLATFORM.to_owned()] } else { written }
}

/// What is wrong with scopes: addresses, or one of the few words that there were before them.
pub(super) fn odd_scopes(entry: &Entry<'_>, path: &str) -> Option<(String, Span)> {
    let known = |scope: &str| scope.starts_with("https://") || WORDS.contains(&scope);
    let odd = entry.texts(path).into_iter().find(|scope| !known(scope))?;
    let message = format!("{path} `{}` is no scope, such as {PLATFORM}", odd.escape_debug());
    Some((message, entry.span_of(path)))
}

/// What is wrong with names that go into files and addresses.
pub(super) fn odd_names(entry: &Entry<'_>, paths: &[&str]) -> Vec<(String, Span)> {
    let odd = |c: char| !(c.is_ascii_alphanumeric() || "-_.:@".contains(c));
    let wrong = |path: &&str| {
        let text = entry.texts(path).into_iter().find(|text| text.is_empty() || text.contains(odd))?;
        Some((format!("{path} `{}` is not a name that Google has", text.escape_debug()), entry.span_of(path)))
    };
    paths.iter().filter_map(wrong).collect()
}
