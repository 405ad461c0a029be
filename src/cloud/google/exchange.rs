//! The exchange of a token that somebody else signed for one of Google (RFC 8693).

use super::super::token::{Desk, Token, Trouble};
use crate::secret::{Expose as _, Secret};

/// What a token is good for where nobody says less.
pub const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The public address.
pub const TOKENS: &str = "https://sts.googleapis.com/v1/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const WANTED: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// What is exchanged, and where.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The resource name of the provider in the pool that trusts who signed.
    pub audience: &'a str,
    pub subject: &'a Secret,
    /// What the subject's token is; a JSON web token without one.
    pub kind: Option<&'a str>,
    /// Separated by blanks.
    pub scope: &'a str,
    pub url: &'a str,
}

/// The federated token.
///
/// # Errors
/// [`Trouble`]
pub async fn exchanged(desk: Desk<'_>, exchange: &Exchange<'_>) -> Result<Token, Trouble> {
    let fields = [
        ("grant_type", GRANT),
        ("audience", exchange.audience),
        ("scope", exchange.scope),
        ("requested_token_type", WANTED),
        ("subject_token_type", exchange.kind.unwrap_or(JWT)),
        ("subject_token", exchange.subject.expose_secret()),
    ];
    desk.taken(&desk.post_form(exchange.url, &fields).await?, "access_token")
}
