//! The authorization code grant with PKCE (RFC 6749, 7636) of Microsoft Entra.

use super::super::token::{Desk, Trouble};
use super::device::{Application, Granted, granted};
use crate::host::percent_encode;
use crate::secret::{Expose as _, Secret};

/// What the browser brought, and what shows that it was asked for here.
#[derive(Debug)]
pub struct Brought {
    pub code: Secret,
    pub redirect: String,
    pub verifier: Secret,
}

/// Where a person is sent to sign in.
pub fn sign_in_address(application: &Application<'_>, redirect: &str, state: &Secret, challenge: &str) -> String {
    let parameters = [
        ("client_id", application.client),
        ("response_type", "code"),
        ("response_mode", "query"),
        ("redirect_uri", redirect),
        ("scope", application.scope),
        ("state", state.expose_secret()),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
        // Whoever is signed in to something else in this browser need not be who is meant.
        ("prompt", "select_account"),
    ];
    let parameters: Vec<_> =
        parameters.iter().map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    format!("{}?{}", application.url("authorize"), parameters.join("&"))
}

/// What the code is good for.
///
/// # Errors
/// [`Trouble`]
pub async fn redeemed(desk: Desk<'_>, application: &Application<'_>, brought: &Brought) -> Result<Granted, Trouble> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", application.client),
        ("scope", application.scope),
        ("code", brought.code.expose_secret()),
        ("redirect_uri", &brought.redirect),
        ("code_verifier", brought.verifier.expose_secret()),
    ];
    granted(desk, &desk.post_form(&application.url("token"), &fields).await?)
}
