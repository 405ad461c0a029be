//! A session of the web console from credentials: the federation endpoint gives a token for them, and an address with that
//! token signs a browser in.
//!
//! Keys travel in the body of one request; the address is a secret for a quarter of an hour. Row 5.

use std::time::Duration;

use miette::Diagnostic;
use serde_json::json;
use zeroize::Zeroizing;

use super::aws::endpoint::check_url;
use super::chain::Chain;
use super::creds::AwsCredentials;
use super::error::Error as AuthError;
use super::kind::IdentityKind;
use super::name::IdentityName;
use super::session::Session;
use crate::diag::{Failure, nearest};
use crate::host::{HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret, without_userinfo};
use crate::value::{DurationForm, parse_duration};

mod destinations;

pub use destinations::{NAMES, destination};

/// Replaces the federation endpoint, for tests and for private networks.
const VARIABLE: &str = "ATMOS_AWS_SIGNIN_ENDPOINT";
const SHORTEST: Duration = Duration::from_mins(15);
const LONGEST: Duration = Duration::from_hours(12);
const USUAL: Duration = Duration::from_hours(1);
const LIMIT: usize = 64 * 1024;

/// What the session is to be.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Where the browser goes; the start page without.
    pub destination: Option<String>,
    /// Who is named as the issuer.
    pub issuer: String,
    pub duration: Duration,
}

/// Hosts of one partition.
struct Places {
    signin: &'static str,
    console: &'static str,
}

fn places(region: &str) -> Places {
    if region.starts_with("cn-") {
        Places { signin: "https://signin.amazonaws.cn", console: "https://console.amazonaws.cn" }
    } else if region.starts_with("us-gov-") {
        Places { signin: "https://signin.amazonaws-us-gov.com", console: "https://console.amazonaws-us-gov.com" }
    } else {
        Places { signin: "https://signin.aws.amazon.com", console: "https://console.aws.amazon.com" }
    }
}

/// The length of a session: what was asked for, else what the provider says, else an hour; between 15 minutes and 12 hours.
///
/// # Errors
/// [`Error::Duration`]
pub fn duration(asked: Option<&str>, provider: Option<&str>) -> Result<Duration, Error> {
    let Some(text) = asked.or(provider) else { return Ok(USUAL) };
    let read = parse_duration(text, DurationForm::DaysAndSeconds);
    let read = read.ok_or_else(|| Error::Duration { text: text.to_owned() })?;
    Ok(read.clamp(SHORTEST, LONGEST))
}

impl Session {
    /// The address that signs a browser in as the identity. It is a secret.
    ///
    /// # Errors
    /// No credentials, credentials that last (the endpoint takes none), an unknown destination, the endpoint refuses.
    pub async fn console(
        &self,
        name: &IdentityName,
        credentials: &AwsCredentials,
        wish: &Wish,
    ) -> Result<Secret, ConsoleError> {
        let chain = self.chain(name)?;
        if chain.is_mock() {
            return Err(
                Error::Unsupported { identity: name.to_string(), kind: chain.target().kind_text.clone() }.into()
            );
        }
        let Some(token) = &credentials.session_token else {
            return Err(Error::NoSession { identity: name.to_string() }.into());
        };
        let region = credentials.region.as_deref().unwrap_or_default();
        let places = places(region);
        let target = destination(wish.destination.as_deref(), places.console)?;
        let host = &self.context.host;
        let base = host.env.get(VARIABLE).unwrap_or(places.signin).trim_end_matches('/').to_owned();
        check_url(&base).map_err(|reason| Error::Endpoint { url: without_userinfo(&base), reason })?;
        let session = Zeroizing::new(
            json!({
                "sessionId": credentials.access_key_id,
                "sessionKey": credentials.secret_access_key.expose_secret(),
                "sessionToken": token.expose_secret(),
            })
            .to_string(),
        );
        let form = Zeroizing::new(format!("Action=getSigninToken&Session={}", percent_encode(&session)));
        // The endpoint refuses a length for what one role made of another.
        let length = (!is_role_of_role(&chain)).then(|| format!("&SessionDuration={}", wish.duration.as_secs()));
        let mut answer = self.signin_token(&base, &form, length.as_deref()).await?;
        if answer.is_none() && length.is_some() {
            answer = self.signin_token(&base, &form, None).await?;
        }
        let Some(signin) = answer else { return Err(Error::Refused { endpoint: base }.into()) };
        let signin = Secret::from(signin);
        host.masker.register(&signin);
        let url = Secret::from(format!(
            "{base}/federation?Action=login&Issuer={}&Destination={}&SigninToken={}",
            percent_encode(&wish.issuer),
            percent_encode(&target),
            percent_encode(signin.expose_secret()),
        ));
        Ok(url)
    }

    /// `None`: the endpoint does not want these parameters.
    async fn signin_token(
        &self,
        base: &str,
        form: &Zeroizing<String>,
        more: Option<&str>,
    ) -> Result<Option<String>, ConsoleError> {
        let body = format!("{}{}", form.as_str(), more.unwrap_or_default());
        let request =
            HttpRequest::post(format!("{base}/federation"), "application/x-www-form-urlencoded", body.into_bytes());
        let sent = self.context.ask(base, self.context.http.send(&request, LIMIT)).await;
        // Of the answer nothing is repeated: it could contain what was sent.
        let answer = sent.map_err(|error| AuthError::Unreachable {
            what: "getSigninToken".to_owned(),
            endpoint: without_userinfo(base),
            reason: error.to_string(),
        })?;
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = document["SigninToken"].as_str().map(str::to_owned);
        match (answer.status, token) {
            (200, Some(token)) => Ok(Some(token)),
            (status, _) if (400..500).contains(&status) && more.is_some() => Ok(None),
            (status, _) => Err(Error::Status { endpoint: without_userinfo(base), status }.into()),
        }
    }
}

/// More than one role stands between the first key and these credentials.
fn is_role_of_role(chain: &Chain) -> bool {
    let roles = chain.identities.iter().filter(|identity| {
        matches!(identity.kind, IdentityKind::PermissionSet | IdentityKind::AssumeRole | IdentityKind::AwsAmbient)
    });
    roles.count() > 1
}

/// Why there is no address.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("the console cannot be opened as identity `{identity}`: kind {kind} has none")]
    #[diagnostic(code(atmos::auth::console::unsupported), help("use an identity of AWS"))]
    Unsupported { identity: String, kind: String },

    #[error("the console cannot be opened as identity `{identity}`: its credentials have no session token")]
    #[diagnostic(code(atmos::auth::console::no_session), help("use an identity of kind aws/assume-role behind it"))]
    NoSession { identity: String },

    #[error("unknown destination `{name}`{}", near(name))]
    #[diagnostic(
        code(atmos::auth::console::destination),
        help("give an https address of the console, or the name of a service such as s3, ec2, iam")
    )]
    Destination { name: String },

    #[error("invalid session duration `{text}`")]
    #[diagnostic(code(atmos::auth::console::duration), help("give a duration between 15m and 12h"))]
    Duration { text: String },

    #[error("invalid sign-in endpoint `{url}`: {reason}")]
    #[diagnostic(code(atmos::auth::console::endpoint), help("correct ATMOS_AWS_SIGNIN_ENDPOINT"))]
    Endpoint { url: String, reason: &'static str },

    #[error("the sign-in endpoint {endpoint} answered with HTTP status {status}")]
    #[diagnostic(
        code(atmos::auth::console::status),
        help("the credentials may be over: `atmos auth login --force` renews them")
    )]
    Status { endpoint: String, status: u16 },

    #[error("the sign-in endpoint {endpoint} gave no token")]
    #[diagnostic(
        code(atmos::auth::console::refused),
        help("the credentials may be over: `atmos auth login --force` renews them")
    )]
    Refused { endpoint: String },
}

impl Failure for Error {}

fn near(name: &str) -> String {
    nearest(name, NAMES.iter().map(|(name, _)| *name))
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

/// Authentication failed, or the endpoint did.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ConsoleError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Console(#[from] Error),
}

impl Failure for ConsoleError {
    fn exit_code(&self) -> u8 {
        match self {
            ConsoleError::Auth(error) => error.exit_code(),
            ConsoleError::Console(error) => error.exit_code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_stay_between_a_quarter_of_an_hour_and_twelve_hours() {
        for (asked, provider, seconds) in [
            (None, None, 3600),
            (Some("2h"), Some("4h"), 7200),
            (None, Some("4h"), 14_400),
            (Some("1m"), None, 900),
            (Some("24h"), None, 43_200),
        ] {
            assert_eq!(duration(asked, provider).unwrap().as_secs(), seconds);
        }
        assert!(duration(Some("soon"), None).is_err());
    }

    #[test]
    fn each_partition_has_places_of_its_own() {
        assert_eq!(places("eu-west-1").console, "https://console.aws.amazon.com");
        assert_eq!(places("us-gov-west-1").signin, "https://signin.amazonaws-us-gov.com");
        assert_eq!(places("cn-north-1").console, "https://console.amazonaws.cn");
    }
}
