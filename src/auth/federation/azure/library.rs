//! The cache of Microsoft's library, in which its tools find a sign-in. Row 5.

use serde_json::{Value as Json, json};

use super::super::super::error::Error as AuthError;
use super::super::error::Error;
use super::super::module::Step;
use super::super::network::host;
use super::login::Cloud;
use crate::cloud::azure::{Granted, authority};
use crate::secret::{Expose as _, Secret};

const HELP: &str = "sign in again; where that lasts, the tenant hides the claims `oid` and `tid` from this application";

/// The cache of Microsoft's library in which the Azure CLI finds this sign-in, and whose it is.
pub(super) fn cache(
    step: &Step<'_>,
    granted: &Granted,
    cloud: Cloud,
    client: &str,
) -> Result<(Secret, String), AuthError> {
    let claim = |key: &str| granted.claims[key].as_str().map(str::to_owned).filter(|text| !text.is_empty());
    let (Some(oid), Some(realm)) = (claim("oid"), claim("tid")) else {
        let (who, reason) = (step.entry.shown(), "the answer does not say whose it is".to_owned());
        return Err(Error::NoToken { who, reason, help: HELP.to_owned() }.into());
    };
    let who = claim("preferred_username").or_else(|| claim("upn")).unwrap_or_else(|| oid.clone());
    let who: String = who.chars().filter(|c| !c.is_control()).take(200).collect();
    let authority = authority(cloud.name(), None);
    let (place, home) = (host(&authority), format!("{oid}.{realm}"));
    let now = step.context.host.now().as_second();
    let end = now + granted.token.lifetime.unwrap_or(3600);
    let legacy = cloud.classic_management();
    let scopes = format!("{}/.default {legacy}/.default {legacy}//.default", cloud.management());
    let one =
        |key: String, value: Json| -> Json { std::iter::once((key, value)).collect::<serde_json::Map<_, _>>().into() };
    let token = json!({
        "credential_type": "AccessToken", "secret": granted.token.value.expose_secret(), "home_account_id": home,
        "environment": place, "client_id": client, "target": scopes, "realm": realm, "token_type": "Bearer",
        "cached_at": now.to_string(), "expires_on": end.to_string(), "extended_expires_on": end.to_string(),
    });
    let account = json!({
        "home_account_id": home, "environment": place, "realm": realm, "local_account_id": oid, "username": who,
        "authority_type": "MSSTS",
    });
    let mut cache = json!({
        "AccessToken": one(format!("{home}-{place}-accesstoken-{client}-{realm}-{scopes}"), token),
        "Account": one(format!("{home}-{place}-{realm}"), account),
    });
    if let Some(refresh) = &granted.refresh {
        let refresh = json!({
            "credential_type": "RefreshToken", "secret": refresh.expose_secret(), "home_account_id": home,
            "environment": place, "client_id": client, "target": scopes,
        });
        cache["RefreshToken"] = one(format!("{home}-{place}-refreshtoken-{client}--"), refresh);
    }
    Ok((Secret::from(cache.to_string()), who))
}
