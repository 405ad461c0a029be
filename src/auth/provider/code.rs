//! The authorization code grant with PKCE (RFC 6749, 7636, 8252) at the OIDC service of a portal: the browser of this
//! machine signs in and comes back to a listener on 127.0.0.1, no code has to be compared.
//!
//! Read [`authorize`]. Row 5.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::super::aws::endpoint::check_url;
use super::super::aws::refusal::Refusal;
use super::super::context::Context;
use super::super::creds::PortalToken;
use super::super::error::Error;
use super::browser;
use super::callback::{Answer, Callback, Page, Visitor};
use super::grant::{self, HELP, Registration, SCOPE, failed};
use super::portal::Portal;
use crate::host::percent_encode;
use crate::secret::{Expose, Secret};

const CODE_GRANT: &str = "authorization_code";
/// How long the user has at the portal; as long as for a device code.
const PATIENCE: Duration = Duration::from_mins(10);
/// Bytes of the state and of the verifier.
const ENTROPY: usize = 32;

/// Signs the user in with the browser of this machine. `Ok(None)`: it cannot be done this way here (no browser starts, or
/// the service does not know the grant), so that another way has to be taken.
///
/// # Errors
/// [`Error::TokenCreation`] when it was denied or nobody answered, [`Error::Unreachable`] without an answer.
pub(crate) async fn authorize(context: &Context, portal: &Portal) -> Result<Option<PortalToken>, Error> {
    let (Some(state), Some(verifier)) = (random(), random()) else { return Ok(None) };
    let callback = match Callback::listen(state.clone()).await {
        Ok(callback) => callback,
        Err(error) => {
            tracing::debug!(%error, "no listener for the browser");
            return Ok(None);
        }
    };
    let client = context.clients.oidc(&portal.region, portal.oidc_endpoint.as_deref())?;
    let registered = grant::register(context, portal, &client, CODE_GRANT, Some(Callback::REGISTERED)).await;
    let registration = match registered {
        Ok(registration) => registration.ok_or_else(|| grant::no_client(portal))?,
        Err(refusal) if is_unknown_grant(&refusal) => {
            tracing::debug!(provider = %portal.name, reason = refusal.text, "no authorization code here");
            return Ok(None);
        }
        Err(refusal) => return Err(failed(portal, "RegisterClient", refusal)),
    };
    context.host.masker.register(&verifier);
    let redirect = callback.address();
    let url = address(portal, &registration, &redirect, &state, &verifier);
    if !browser::open(&context.host, &url, context.options.no_browser) {
        return Ok(None);
    }
    show(context, portal, &url);
    let limit = context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let answered = tokio::time::timeout(limit, callback.wait()).await;
    let answered = answered.map_err(|_| portal.creation("timed out waiting for the browser", WITHOUT_BROWSER))?;
    let (answer, visitor) =
        answered.map_err(|error| portal.creation(&format!("listener: {error}"), WITHOUT_BROWSER))?;
    let outcome = match answer {
        Answer::Refused(reason) => Err(portal.creation(&format!("the sign-in was denied: {reason}"), HELP)),
        Answer::Code(code) => exchange(context, portal, &registration, &Proof { code, redirect, verifier }).await,
    };
    tell(visitor, portal, &outcome).await;
    outcome.map(Some)
}

const WITHOUT_BROWSER: &str = "try again; `atmos auth login --no-browser` shows a code that any browser can confirm";

/// What shows that the code was asked for here.
struct Proof {
    code: Secret,
    redirect: String,
    verifier: Secret,
}

async fn exchange(
    context: &Context,
    portal: &Portal,
    registration: &Registration,
    proof: &Proof,
) -> Result<PortalToken, Error> {
    context.host.masker.register(&proof.code);
    let client = context.clients.oidc(&portal.region, portal.oidc_endpoint.as_deref())?;
    let call = client
        .create_token()
        .client_id(&registration.id)
        .client_secret(registration.secret.expose_secret())
        .grant_type(CODE_GRANT)
        .code(proof.code.expose_secret())
        .redirect_uri(&proof.redirect)
        .code_verifier(proof.verifier.expose_secret())
        .send();
    let answer = context.ask(&portal.shown_oidc(), call).await;
    let answer = answer.map_err(|error| failed(portal, "CreateToken", Refusal::new(&error)))?;
    grant::token(context, portal, &answer, registration, None)
}

/// The page says what became of it, not what was hoped for.
async fn tell(visitor: Visitor, portal: &Portal, outcome: &Result<PortalToken, Error>) {
    match outcome {
        Ok(_) => visitor.tell(&Page::SignedIn { provider: &portal.name }).await,
        Err(error) => visitor.tell(&Page::Failed { reason: &error.to_string() }).await,
    }
}

/// The state in the address is no secret for who sits here: it proves that the answer belongs to this sign-in.
fn show(context: &Context, portal: &Portal, url: &str) {
    context.host.talk.attention(format!(
        "sign in to `{}` in the window of your browser that opens now; if none does, open this address on this machine\n  \
         {}\n  in a browser elsewhere: stop this, and use `atmos auth login --no-browser`",
        portal.name,
        grant::plain(url)
    ));
}

/// Refusals that say that the service does not know this way, rather than that something is wrong with us.
fn is_unknown_grant(refusal: &Refusal) -> bool {
    const UNKNOWN: [&str; 5] = [
        "InvalidClientMetadataException",
        "InvalidRedirectUriException",
        "InvalidRequestException",
        "UnauthorizedClientException",
        "UnsupportedGrantTypeException",
    ];
    refusal.code.as_deref().is_some_and(|code| UNKNOWN.contains(&code))
}

fn address(portal: &Portal, registration: &Registration, redirect: &str, state: &Secret, verifier: &Secret) -> String {
    let challenge = challenge(verifier);
    let parameters = [
        ("response_type", "code"),
        ("client_id", &registration.id),
        ("redirect_uri", redirect),
        ("state", state.expose_secret()),
        ("code_challenge_method", "S256"),
        ("code_challenge", &challenge),
        ("scopes", SCOPE),
    ];
    let parameters: Vec<_> =
        parameters.iter().map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    format!("{}?{}", endpoint(portal, registration), parameters.join("&"))
}

/// Where the user is sent: what the service says, if it is a web page, else beside its other operations.
fn endpoint(portal: &Portal, registration: &Registration) -> String {
    let told = registration.authorization_endpoint.as_deref();
    if let Some(told) = told.filter(|url| url.starts_with("https://") && check_url(url).is_ok() && !url.contains('?')) {
        return told.to_owned();
    }
    format!("{}/authorize", portal.oidc_url())
}

/// What a service is told of the verifier before it sees it (RFC 7636).
pub(crate) fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret().as_bytes()))
}

/// 32 random bytes as text; `None` when the system has none.
pub(crate) fn random() -> Option<Secret> {
    let mut bytes = zeroize::Zeroizing::new([0; ENTROPY]);
    getrandom::fill(&mut *bytes).ok()?;
    Some(Secret::from(URL_SAFE_NO_PAD.encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::super::super::aws::refusal::Answer;
    use super::*;

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let (one, two) = (random().unwrap(), random().unwrap());
        assert_eq!(one.expose_secret().len(), 43, "RFC 7636 wants 43 to 128 characters");
        assert_ne!(one.expose_secret(), two.expose_secret());
    }

    #[test]
    fn only_refusals_of_the_way_itself_lead_to_another_way() {
        let refusal = |code: Option<&str>| {
            let code = code.map(str::to_owned);
            Refusal { answer: Answer::Service, status: Some(400), code, text: String::new() }
        };
        assert!(is_unknown_grant(&refusal(Some("InvalidClientMetadataException"))));
        assert!(!is_unknown_grant(&refusal(Some("InternalServerException"))));
        assert!(!is_unknown_grant(&refusal(None)));
    }
}
