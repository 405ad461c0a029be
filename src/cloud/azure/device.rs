//! The device authorization grant (RFC 8628) of Microsoft Entra, and the renewal of what it gave.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use super::super::token::{Desk, Token, Trouble};
use crate::host::percent_encode;
use crate::secret::{Expose as _, Secret};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Who is asked, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    pub authority: &'a str,
    pub tenant: &'a str,
    pub client: &'a str,
    /// Separated by blanks.
    pub scope: &'a str,
}

impl Application<'_> {
    pub(super) fn url(&self, action: &str) -> String {
        format!("{}/{}/oauth2/v2.0/{action}", self.authority, percent_encode(self.tenant))
    }
}

/// What a person has to confirm.
#[derive(Debug)]
pub struct Device {
    code: Secret,
    pub user_code: String,
    pub url: String,
    /// Seconds between two questions, and of the code's life.
    pub interval: i32,
    pub lifetime: i32,
}

/// What a person has signed in for.
#[derive(Debug, Clone)]
pub struct Granted {
    pub token: Token,
    pub refresh: Option<Secret>,
    /// What the issuer says of the person.
    pub claims: Json,
}

/// How far a sign-in is.
#[derive(Debug)]
pub enum Progress {
    Granted(Granted),
    Pending,
    /// It was asked too often.
    SlowDown,
    Declined,
    Expired,
}

/// Begins a sign-in.
///
/// # Errors
/// [`Trouble`]
pub async fn device(desk: Desk<'_>, application: &Application<'_>) -> Result<Device, Trouble> {
    let fields = [("client_id", application.client), ("scope", application.scope)];
    let answer = desk.post_form(&application.url("devicecode"), &fields).await?;
    let text = |key: &str| answer[key].as_str().unwrap_or_default();
    let number = |key: &str| answer[key].as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or_default();
    if text("device_code").is_empty() || text("user_code").is_empty() {
        return Err(Trouble::Refused("the answer has no code".to_owned()));
    }
    Ok(Device {
        code: desk.register(text("device_code")),
        user_code: text("user_code").to_owned(),
        url: text("verification_uri").to_owned(),
        interval: number("interval"),
        lifetime: number("expires_in"),
    })
}

/// Asks whether the person has confirmed.
///
/// # Errors
/// [`Trouble`]
pub async fn progress(desk: Desk<'_>, application: &Application<'_>, device: &Device) -> Result<Progress, Trouble> {
    let fields =
        [("grant_type", GRANT), ("client_id", application.client), ("device_code", device.code.expose_secret())];
    match desk.post_form_or_word(&application.url("token"), &fields).await {
        Ok(answer) => granted(desk, &answer).map(Progress::Granted),
        Err((word, trouble)) => match word.as_str() {
            "authorization_pending" => Ok(Progress::Pending),
            "slow_down" => Ok(Progress::SlowDown),
            "authorization_declined" | "access_denied" => Ok(Progress::Declined),
            "expired_token" | "code_expired" => Ok(Progress::Expired),
            _ => Err(trouble),
        },
    }
}

/// The same as after a sign-in, without one.
///
/// # Errors
/// [`Trouble::Refused`] where the person has to sign in again.
pub async fn renewed(desk: Desk<'_>, application: &Application<'_>, refresh: &Secret) -> Result<Granted, Trouble> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", application.client),
        ("scope", application.scope),
        ("refresh_token", refresh.expose_secret()),
    ];
    let granted = granted(desk, &desk.post_form(&application.url("token"), &fields).await?)?;
    Ok(Granted { refresh: granted.refresh.or_else(|| Some(refresh.clone())), ..granted })
}

pub(super) fn granted(desk: Desk<'_>, answer: &Json) -> Result<Granted, Trouble> {
    let token = desk.taken(answer, "access_token")?;
    let refresh = answer["refresh_token"].as_str().map(|refresh| desk.register(refresh));
    let claims = answer["id_token"]
        .as_str()
        .and_then(|token| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?).ok());
    if let Some(token) = answer["id_token"].as_str() {
        desk.register(token);
    }
    Ok(Granted { token, refresh, claims: claims.unwrap_or_default() })
}
