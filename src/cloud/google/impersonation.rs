//! A token of a service account that somebody else may act as.

use serde_json::json;

use super::super::token::{Desk, Token, Trouble, end};
use crate::host::{Env, HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret};

const PUBLIC: &str = "https://iamcredentials.googleapis.com/v1";
/// In seconds.
const LIFETIME: i64 = 3600;

/// The address that terraform's own variable gives for the service, with its version.
pub fn iam_of(env: &Env) -> Option<String> {
    env.get("GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT").filter(|url| !url.is_empty()).map(str::to_owned)
}

/// Whose token is wanted, and of what kind.
#[derive(Debug)]
pub struct Account<'a> {
    pub email: &'a str,
    pub scopes: &'a [&'a str],
    /// Accounts that act for each other on the way, the first one for who asks.
    pub delegates: &'a [String],
    /// In seconds; an hour without one.
    pub lifetime: Option<i64>,
    /// Where the service is in place of the public address, with its version.
    pub base: Option<&'a str>,
}

/// The token, asked for with that of somebody who may act as the account.
///
/// # Errors
/// [`Trouble`]
pub async fn impersonated(desk: Desk<'_>, own: &Secret, account: &Account<'_>) -> Result<Token, Trouble> {
    let base = account.base.unwrap_or(PUBLIC).trim_end_matches('/');
    let url = format!("{base}/projects/-/serviceAccounts/{}:generateAccessToken", percent_encode(account.email));
    impersonated_at(desk, own, &url, account).await
}

/// The same at an address that a document names.
pub(super) async fn impersonated_at(
    desk: Desk<'_>,
    own: &Secret,
    url: &str,
    account: &Account<'_>,
) -> Result<Token, Trouble> {
    let seconds = account.lifetime.unwrap_or(LIFETIME);
    let mut body = json!({"scope": account.scopes, "lifetime": format!("{seconds}s")});
    if !account.delegates.is_empty() {
        let named = |email: &String| {
            if email.contains('/') { email.clone() } else { format!("projects/-/serviceAccounts/{email}") }
        };
        body["delegates"] = account.delegates.iter().map(named).collect();
    }
    let request = HttpRequest::post(url, "application/json", body.to_string());
    let request = request.header("authorization", format!("Bearer {}", own.expose_secret()));
    let answer = desk.ask(&request).await?;
    let token = desk.taken(&answer, "accessToken")?;
    let written = answer["expireTime"].as_str();
    let read = written
        .map(|text| end(text).ok_or_else(|| Trouble::Broken("`expireTime` of the answer is no time".to_owned())));
    let end = read.transpose()?.flatten();
    let left = end.map(|end| end.as_second() - desk.host.now().as_second());
    Ok(Token { lifetime: left.or(Some(seconds)), ..token })
}
