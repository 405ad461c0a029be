//! Credentials that trust somebody else (`external_account`), as gcloud and the actions of GitHub write them: a token of a
//! file or an address, exchanged, and perhaps an account that it may act as.

use std::path::Path;

use serde_json::Value as Json;

use super::super::token::{Desk, Token, Trouble, refusal};
use super::PLATFORM;
use super::exchange::{Exchange, TOKENS, exchanged};
use super::impersonation::{Account, impersonated_at};
use super::trouble::unusable;
use crate::host::HttpRequest;
use crate::secret::Secret;

/// Largest token, or answer with one.
const LIMIT: usize = 64 * 1024;

/// The token of such a document.
pub(super) async fn of_external(desk: Desk<'_>, document: &Json, scope: &str) -> Result<Token, Trouble> {
    let field = |key: &str| document[key].as_str().filter(|text| !text.is_empty());
    let audience =
        field("audience").ok_or_else(|| unusable("credentials of the type `external_account` need an `audience`"))?;
    let subject = subject(desk, &document["credential_source"]).await?;
    let account = field("service_account_impersonation_url");
    // Who acts as an account needs the right to do that, whatever the token is for then.
    let wanted = if account.is_some() { PLATFORM } else { scope };
    let kind = field("subject_token_type");
    let url = safe(field("token_url").unwrap_or(TOKENS))?;
    let own = exchanged(desk, &Exchange { audience, subject: &subject, kind, scope: wanted, url }).await?;
    let Some(account) = account else { return Ok(own) };
    let lifetime = document["service_account_impersonation"]["token_lifetime_seconds"].as_i64();
    let scopes: Vec<&str> = scope.split(' ').collect();
    let wanted = Account { email: "", scopes: &scopes, delegates: &[], lifetime, base: None };
    impersonated_at(desk, &own.value, safe(account)?, &wanted).await
}

/// The token of somebody else.
async fn subject(desk: Desk<'_>, source: &Json) -> Result<Secret, Trouble> {
    let text = if let Some(file) = source["file"].as_str() {
        let path = desk.host.absolute(Path::new(file));
        std::fs::read_to_string(path).map_err(|error| unusable(&format!("{file} cannot be read: {error}")))?
    } else if let Some(url) = source["url"].as_str() {
        let mut request = HttpRequest::get(safe(url)?);
        for (name, value) in source["headers"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            if name.eq_ignore_ascii_case("authorization") {
                desk.register(value.rsplit(' ').next().unwrap_or_default());
            }
            request = request.header(name, value);
        }
        let answer = desk.patiently(&request, LIMIT).await;
        let answer = answer.map_err(|error| Trouble::Unreachable {
            endpoint: request.authority().to_owned(),
            reason: error.to_string(),
        })?;
        if answer.status != 200 {
            return Err(refusal(&answer, &serde_json::from_slice(&answer.body).unwrap_or_default()));
        }
        answer.text()
    } else {
        return Err(unusable("the `credential_source` is neither a file nor an address; others are not built yet"));
    };
    let token = if source["format"]["type"] == "json" {
        let json: Json = serde_json::from_str(&text).unwrap_or_default();
        let field = source["format"]["subject_token_field_name"].as_str().unwrap_or_default();
        json[field].as_str().unwrap_or_default().trim().to_owned()
    } else {
        text.trim().to_owned()
    };
    if token.is_empty() { Err(unusable("the `credential_source` has no token")) } else { Ok(desk.register(&token)) }
}

/// Nobody may listen on the way: what is not https stays on this machine.
pub(super) fn safe(url: &str) -> Result<&str, Trouble> {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"].into_iter();
    let local = local.filter_map(|host| url.strip_prefix(host)).any(|rest| rest.starts_with([':', '/']));
    if local || url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) {
        return Ok(url);
    }
    Err(unusable("the credentials name an address that is not https"))
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn tokens_travel_by_https_or_stay_here() {
        for (url, fine) in [
            ("https://sts.googleapis.com/v1/token", true),
            ("HTTPS://x", true),
            ("http://127.0.0.1:1/x", true),
            ("http://localhost/x", true),
            ("http://127.0.0.1.evil.example/x", false),
            ("http://169.254.169.254/x", false),
            ("x", false),
        ] {
            assert_eq!(safe(url).is_ok(), fine, "{url}");
        }
    }
}
