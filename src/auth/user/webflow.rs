//! Signing in by the browser, without a key that lasts: authorization code with PKCE on a loopback address, and proofs of
//! possession on every request for tokens.
//!
//! Read [`sign_in`]. What refreshes a session rests in the encrypted cache, with the key that it is bound to. Row 5.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::Error;
use super::dpop::ProofKey;
use crate::auth::aws::endpoint::check_url;
use crate::auth::config::Identity;
use crate::auth::context::Context;
use crate::auth::creds::AwsCredentials;
use crate::auth::error::Error as AuthError;
use crate::auth::provider::browser;
use crate::auth::provider::callback::{Answer as Answered, Callback, Page};
use crate::auth::store::seal::random;
use crate::host::{HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret, without_userinfo};

const CLIENT: &str = "arn:aws:signin:::devtools/same-device";
const DEFAULT_REGION: &str = "us-east-1";
/// Replaces the sign-in service, for tests and for private networks.
const VARIABLE: &str = "ATMOS_AWS_SIGNIN_ENDPOINT";
/// How long the person may take in the browser.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long a sign-in can be refreshed.
const REFRESHABLE: SignedDuration = SignedDuration::from_hours(12);
/// Lifetime of credentials whose answer does not say it.
const LIFETIME: u64 = 900;
const LIMIT: usize = 64 * 1024;

/// What refreshes a session. Zeroed when dropped.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    refresh_token: String,
    key: String,
    region: String,
    endpoint: String,
    expires_at: Timestamp,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.refresh_token.zeroize();
        self.key.zeroize();
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: Keys,
    #[serde(default)]
    expires_in: u64,
    #[serde(default)]
    refresh_token: String,
}

#[derive(Deserialize)]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

/// The service as one identity reaches it.
struct Service<'a> {
    context: &'a Context,
    identity: &'a Identity,
    region: String,
    base: String,
}

/// Credentials by an earlier sign-in that can be refreshed, else by a new one; `None` where nobody would see the browser.
pub(crate) async fn sign_in(
    context: &Context,
    identity: &Identity,
    region: Option<&str>,
) -> Result<Option<AwsCredentials>, AuthError> {
    let service = Service::new(context, identity, region)?;
    let name = cache_name(context, identity);
    let earlier = if context.options.webflow { None } else { service.refreshed(&name).await? };
    if let Some(credentials) = earlier {
        return Ok(Some(credentials));
    }
    if !context.may_ask() {
        return Ok(None);
    }
    context.ask_once(&name, Box::pin(service.by_browser(&name))).await.map(Some)
}

/// Forgets what refreshes the sign-in of an identity; true when there was something.
pub(crate) async fn forget(context: &Context, identity: &Identity) -> Result<bool, AuthError> {
    context.remove(&cache_name(context, identity)).await
}

fn cache_name(context: &Context, identity: &Identity) -> String {
    format!("webflow/{}/{}", context.realm, identity.name)
}

fn store(error: crate::auth::store::Error) -> AuthError {
    crate::auth::cache::Error::from(error).into()
}

impl Service<'_> {
    fn new<'a>(context: &'a Context, identity: &'a Identity, region: Option<&str>) -> Result<Service<'a>, AuthError> {
        let region = region.unwrap_or(DEFAULT_REGION).to_owned();
        let usual = if region == DEFAULT_REGION {
            "https://signin.aws.amazon.com".to_owned()
        } else {
            format!("https://{region}.signin.aws.amazon.com")
        };
        let base = context.host.env.get(VARIABLE).unwrap_or(&usual).trim_end_matches('/').to_owned();
        check_url(&base).map_err(|reason| AuthError::InvalidEndpoint {
            url: without_userinfo(&base),
            from: VARIABLE.to_owned(),
            reason,
        })?;
        Ok(Service { context, identity, region, base })
    }

    fn failed(&self, reason: String) -> Error {
        Error::SignIn { identity: self.identity.name.to_string(), reason }
    }

    fn address(&self, verifier: &str, state: &str, redirect: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        format!(
            "{}/v1/authorize?client_id={}&redirect_uri={}&response_type=code&code_challenge={challenge}\
             &code_challenge_method=SHA-256&scope=openid&state={state}",
            self.base,
            percent_encode(CLIENT),
            percent_encode(redirect),
        )
    }

    /// A new sign-in.
    async fn by_browser(&self, name: &str) -> Result<AwsCredentials, AuthError> {
        let context = self.context;
        context.prepare().await?;
        let key = ProofKey::generate().map_err(|reason| self.failed(reason))?;
        let verifier = Zeroizing::new(URL_SAFE_NO_PAD.encode(random::<32>().map_err(store)?));
        let state = Secret::from(URL_SAFE_NO_PAD.encode(random::<16>().map_err(store)?));
        let callback = Callback::listen(state.clone()).await.map_err(|error| self.failed(error.to_string()))?;
        let redirect = callback.address();
        let address = self.address(&verifier, state.expose_secret(), &redirect);
        context.host.talk.attention(format!(
            "sign in as `{}`: open the address below in a browser of this machine\n  {address}",
            self.identity.name
        ));
        browser::open(&context.host, &address, context.options.no_browser);
        let patience = context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
        let answered = tokio::time::timeout(patience, callback.wait()).await;
        let answered = answered.map_err(|_| self.failed("timed out waiting for the browser".to_owned()))?;
        let (answer, visitor) = answered.map_err(|error| self.failed(error.to_string()))?;
        let outcome = match answer {
            Answered::Refused(why) => Err(self.failed(format!("the sign-in was not completed ({why})")).into()),
            Answered::Code(code) => self.exchange(name, &code, &verifier, &redirect, &key).await,
        };
        // The page says what became of it, not what was hoped for.
        match &outcome {
            Ok(_) => visitor.tell(&Page::SignedIn { provider: self.identity.name.as_str() }).await,
            Err(error) => visitor.tell(&Page::Failed { reason: &error.to_string() }).await,
        }
        outcome
    }

    /// Credentials for a code that the browser brought.
    async fn exchange(
        &self,
        name: &str,
        code: &Secret,
        verifier: &str,
        redirect: &str,
        key: &ProofKey,
    ) -> Result<AwsCredentials, AuthError> {
        self.context.host.masker.register(code);
        let form = Zeroizing::new(format!(
            "client_id={}&grant_type=authorization_code&code={}&code_verifier={}&redirect_uri={}",
            percent_encode(CLIENT),
            percent_encode(code.expose_secret()),
            percent_encode(verifier),
            percent_encode(redirect),
        ));
        match self.token(&form, key).await? {
            Ok(answer) => self.accept(name, answer, key, None).await,
            Err(refusal) => Err(self.failed(refusal).into()),
        }
    }

    /// New credentials by what an earlier sign-in left. What the service does not accept any more is forgotten.
    async fn refreshed(&self, name: &str) -> Result<Option<AwsCredentials>, AuthError> {
        let Some(bytes) = self.context.load(name).await? else { return Ok(None) };
        let Ok(kept) = serde_json::from_slice::<Kept>(&bytes) else { return Ok(None) };
        // A token must never go to another place than the one that gave it out.
        let usable =
            kept.region == self.region && kept.endpoint == self.base && kept.expires_at > self.context.host.now();
        let Some(key) = ProofKey::from_text(&kept.key).filter(|_| usable) else { return Ok(None) };
        self.context.host.masker.register(&Secret::from(kept.refresh_token.clone()));
        let form = Zeroizing::new(format!(
            "client_id={}&grant_type=refresh_token&refresh_token={}",
            percent_encode(CLIENT),
            percent_encode(&kept.refresh_token),
        ));
        match self.token(&form, &key).await? {
            Ok(answer) => self.accept(name, answer, &key, Some(&kept)).await.map(Some),
            Err(refusal) if refusal.starts_with("invalid_grant") || refusal.starts_with("invalid_token") => {
                self.context.remove(name).await?;
                Ok(None)
            }
            Err(refusal) => Err(self.failed(refusal).into()),
        }
    }

    /// One request for tokens; the inner error is the service's refusal. No body is ever repeated.
    async fn token(&self, form: &Zeroizing<String>, key: &ProofKey) -> Result<Result<Answer, String>, AuthError> {
        let url = format!("{}/v1/token", self.base);
        let mut nonce: Option<String> = None;
        loop {
            let now = self.context.now_there();
            let proof = key.proof("POST", &url, now, nonce.as_deref()).map_err(|reason| self.failed(reason))?;
            let request = HttpRequest::post(&*url, "application/x-www-form-urlencoded", form.as_bytes().to_vec());
            let request = request.header("dpop", proof);
            let sent = self.context.ask(&self.base, self.context.http.send(&request, LIMIT)).await;
            let answer = sent.map_err(|error| AuthError::Unreachable {
                what: format!("sign-in of identity `{}`", self.identity.name),
                endpoint: without_userinfo(&self.base),
                reason: error.to_string(),
            })?;
            if answer.status == 200 {
                let body = Zeroizing::new(answer.body);
                let read = serde_json::from_slice(&body);
                return Ok(read.map_err(|_| "the answer has no credentials".to_owned()));
            }
            let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let code = document["error"].as_str().unwrap_or_default().to_owned();
            let wanted = answer.header("dpop-nonce").map(str::to_owned);
            if code == "use_dpop_nonce" && nonce.is_none() && wanted.is_some() {
                nonce = wanted;
                continue;
            }
            let status = answer.status;
            let code = if code.is_empty() { format!("HTTP status {status}") } else { code };
            return Ok(Err(code));
        }
    }

    async fn accept(
        &self,
        name: &str,
        answer: Answer,
        key: &ProofKey,
        before: Option<&Kept>,
    ) -> Result<AwsCredentials, AuthError> {
        let now = self.context.host.now();
        let lifetime = if answer.expires_in == 0 { LIFETIME } else { answer.expires_in };
        let lifetime = SignedDuration::from_secs(i64::try_from(lifetime).unwrap_or(i64::MAX));
        let Answer { access_token: keys, refresh_token, .. } = answer;
        let credentials = AwsCredentials {
            access_key_id: keys.access_key_id,
            secret_access_key: Secret::from(keys.secret_access_key),
            session_token: Some(Secret::from(keys.session_token)),
            expiration: Some(now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)),
            issued: now,
            region: Some(self.region.clone()),
        };
        self.context.mask(&credentials);
        // A service that rotates sends a new one; one that does not leaves the old one valid.
        let token = Some(refresh_token).filter(|token| !token.is_empty());
        let Some(token) = token.or_else(|| before.map(|kept| kept.refresh_token.clone())) else {
            return Ok(credentials);
        };
        self.context.host.masker.register(&Secret::from(token.clone()));
        let end = now.saturating_add(REFRESHABLE).unwrap_or(Timestamp::MAX);
        let kept = Kept {
            refresh_token: token,
            key: key.to_text().to_string(),
            region: self.region.clone(),
            endpoint: self.base.clone(),
            expires_at: before.map_or(end, |kept| kept.expires_at),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
        let written = serde_json::to_writer(&mut *bytes, &kept).is_ok();
        self.context.store(name, written.then_some(bytes)).await?;
        Ok(credentials)
    }
}
