//! Tokens of OpenID Connect that a CI service, or anybody else who vouches for a program, gives out at an address.

use std::time::Duration;

use super::token::{Desk, Token, Trouble, refusal};
use crate::host::{HttpRequest, percent_encode};
use crate::secret::Expose as _;

/// Largest answer.
const LIMIT: usize = 256 * 1024;
/// Where a token may stand in an answer: GitHub's name, then what others call it.
const KEYS: [&str; 4] = ["value", "id_token", "token", "access_token"];

/// Where a token is asked for.
#[derive(Debug)]
pub struct Place<'a> {
    pub url: &'a str,
    /// What shows that one may ask.
    pub bearer: Option<&'a str>,
    /// For whom the token shall be good.
    pub audience: Option<&'a str>,
    /// For one attempt.
    pub patience: Duration,
}

/// The token: of a JSON object, or the whole text of the answer.
///
/// # Errors
/// [`Trouble`]
pub async fn token(desk: Desk<'_>, place: &Place<'_>) -> Result<Token, Trouble> {
    let joint = if place.url.contains('?') { '&' } else { '?' };
    let audience = place.audience.map(|audience| format!("{joint}audience={}", percent_encode(audience)));
    let request = HttpRequest::get(format!("{}{}", place.url, audience.unwrap_or_default()));
    let mut request = HttpRequest { timeout: Some(place.patience), ..request.header("accept", "application/json") };
    if let Some(bearer) = place.bearer {
        let bearer = desk.register(bearer);
        request = request.header("authorization", format!("Bearer {}", bearer.expose_secret()));
    }
    let answer = desk.patiently(&request, LIMIT).await.map_err(|error| Trouble::Unreachable {
        endpoint: request.authority().to_owned(),
        reason: error.to_string(),
    })?;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != 200 {
        return Err(refusal(&answer, &json));
    }
    let text = answer.text();
    let whole = Some(text.trim()).filter(|text| json.is_null() && text.matches('.').count() == 2);
    let value = KEYS.iter().find_map(|key| json[*key].as_str()).or(whole).map(str::trim);
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| Trouble::Broken("the answer has no token".to_owned()))?;
    Ok(Token { value: desk.register(value), lifetime: None })
}
