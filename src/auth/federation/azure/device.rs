//! `azure/device-code`: a person who confirms a code in any browser. What renews the sign-in is kept. Row 5.

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::super::super::error::Error as AuthError;
use super::super::super::provider::{Poll, open_browser, plain};
use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::{ENDPOINT, asked, desk, host};
use super::super::setting::Setting;
use super::login::{AzureLogin, CLOUD, Cloud, LOCATION, LOGIN, SUBSCRIPTION, TENANT, Way, issuer, odd_ids};
use crate::cloud::azure::{Application, Device, Granted, Progress, authority, device, progress, renewed};
use crate::secret::{Expose as _, Secret};
use crate::span::Span;
use crate::value::hex;

const CLIENT: Setting = Setting::text("spec.client_id", "Application that signs in; that of the Azure CLI without one");
/// The application of the Azure CLI, which every tenant knows, and whose tokens its program takes.
const CLIENT_OF_PROGRAM: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const HELP: &str = "try again, and confirm the code in time; the tenant may forbid sign-ins by codes";

pub(crate) struct DeviceCode;

impl Module for DeviceCode {
    fn kind(&self) -> &'static str {
        "azure/device-code"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 7] = [TENANT, CLIENT, SUBSCRIPTION, LOCATION, CLOUD, ENDPOINT, LOGIN];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Azure
    }

    fn kept(&self, entry: &Entry<'_>) -> Option<String> {
        let paths =
            [TENANT, CLIENT, CLOUD, ENDPOINT, LOGIN].map(|setting| entry.text(setting.path).unwrap_or_default());
        Some(format!("azure-device-code/{}", hex(&Sha256::digest(paths.join("\n")))))
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        odd_ids(entry, &[TENANT.path, CLIENT.path, SUBSCRIPTION.path])
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let entry = &step.entry;
            let cloud = Cloud::of(entry);
            let (authority, tenant) = (issuer(&step)?, entry.text(TENANT.path).unwrap_or_default());
            let client = entry.text(CLIENT.path).unwrap_or_else(|| CLIENT_OF_PROGRAM.to_owned());
            let scope = format!("{}/.default offline_access openid profile", cloud.management());
            let application = Application { authority: &authority, tenant: &tenant, client: &client, scope: &scope };
            let name = step.context.login_name(&self.kept(entry).unwrap_or_default());
            let _lock = step.context.lock(&name, &format!("signs in to `{}`", entry.name)).await?;
            let renewed = if step.context.options.force { None } else { silently(&step, &application, &name).await? };
            let granted = match renewed {
                Some(granted) => granted,
                None if step.context.may_ask() => {
                    step.context.ask_once(&name, Box::pin(sign_in(&step, &application))).await?
                }
                None => return Err(nobody(&step)),
            };
            step.context.store(&name, granted.refresh.as_ref().map(kept)).await?;
            let (cache, who) = cache(&step, &granted, cloud, &client)?;
            step.context.host.masker.register(&cache);
            let login = AzureLogin::given(&step, &granted.token, Way::User { cache, name: who.clone() })?;
            Ok(Proof::Azure(AzureLogin { who: Some(who), ..login }))
        })
    }
}

fn kept(refresh: &Secret) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(refresh.expose_secret().as_bytes().to_vec())
}

/// By what an earlier sign-in left; `None` where the person has to sign in.
async fn silently(step: &Step<'_>, application: &Application<'_>, name: &str) -> Result<Option<Granted>, AuthError> {
    let Some(bytes) = step.context.load(name).await? else { return Ok(None) };
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let refresh = Secret::from(text.to_owned());
    step.context.host.masker.register(&refresh);
    let call = renewed(desk(step), application, &refresh);
    match asked(step, host(application.authority), call, HELP).await {
        Ok(granted) => Ok(Some(granted)),
        Err(AuthError::Federation(error)) if matches!(&*error, Error::NoToken { reason, .. } if !is_network(reason)) => {
            tracing::debug!(%error, "a new sign-in is needed");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Nobody has said that the sign-in is over.
fn is_network(reason: &str) -> bool {
    reason.contains("cannot be reached") || reason.contains("HTTP status 5")
}

async fn sign_in(step: &Step<'_>, application: &Application<'_>) -> Result<Granted, AuthError> {
    let (context, place) = (step.context, host(application.authority));
    let begun = asked(step, place, device(desk(step), application), HELP).await?;
    show(step, &begun);
    let mut poll = Poll::new(begun.interval, begun.lifetime, context.options.timeout);
    let since = tokio::time::Instant::now();
    let ended = |reason: &str| -> AuthError {
        Error::Browser { who: step.entry.shown(), reason: reason.to_owned(), help: HELP.to_owned() }.into()
    };
    loop {
        let Some(pause) = poll.next(since.elapsed()) else { return Err(ended("nobody confirmed the code in time")) };
        tokio::time::sleep(pause).await;
        match asked(step, place, progress(desk(step), application, &begun), HELP).await? {
            Progress::Granted(granted) => return Ok(granted),
            Progress::Pending => {}
            Progress::SlowDown => poll.slow_down(),
            Progress::Declined => return Err(ended("it was denied")),
            Progress::Expired => return Err(ended("the code expired before it was confirmed")),
        }
    }
}

fn show(step: &Step<'_>, device: &Device) {
    let (url, code) = (plain(&device.url), plain(&device.user_code));
    step.context.host.talk.attention(format!(
        "sign in to `{}`: open the address below and enter the code\n  Verification URL: {url}\n  Code: {code}",
        step.entry.name
    ));
    open_browser(&step.context.host, &url, step.context.options.no_browser);
}

fn nobody(step: &Step<'_>) -> AuthError {
    let (provider, login) = (step.entry.name.to_owned(), format!("atmos auth login --provider {}", step.entry.name));
    if step.context.host.terminal.can_show_device_code() {
        return AuthError::NotSignedIn { provider, login };
    }
    let help = format!("run `{login}` in a terminal, or set ATMOS_FORCE_TTY=true if somebody reads this output");
    AuthError::NeedsTerminal { provider, help }
}

/// The cache of Microsoft's library in which the Azure CLI finds this sign-in, and whose it is.
fn cache(step: &Step<'_>, granted: &Granted, cloud: Cloud, client: &str) -> Result<(Secret, String), AuthError> {
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
