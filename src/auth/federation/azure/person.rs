//! A person who signs in, in whatever way: what the kinds have in common. What renews the sign-in is kept. Row 5.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::super::super::error::Error as AuthError;
use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::{ENDPOINT, asked, desk, host};
use super::super::setting::Setting;
use super::library::cache;
use super::login::{AzureLogin, CLOUD, Cloud, LOCATION, LOGIN, SUBSCRIPTION, TENANT, Way, issuer, odd_ids};
use crate::cloud::Token;
use crate::cloud::azure::{Application, Granted, renewed};
use crate::secret::{Expose as _, Secret};
use crate::span::Span;
use crate::value::hex;

const CLIENT: Setting = Setting::text("spec.client_id", "Application that signs in; that of the Azure CLI without one");
/// The application of the Azure CLI, which every tenant knows, and whose tokens its program takes.
const CLIENT_OF_PROGRAM: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
pub(super) const HELP: &str = "try again, and finish the sign-in in time; the tenant may forbid this way to sign in";
const SETTINGS: [Setting; 7] = [TENANT, CLIENT, SUBSCRIPTION, LOCATION, CLOUD, ENDPOINT, LOGIN];

/// A way to sign in: asks the person, once.
pub(super) type SignIn = for<'a> fn(&'a Step<'a>, &'a Application<'a>) -> Pending<'a, Granted>;

/// A kind of provider that is a way to sign in.
pub(crate) struct ByPerson {
    pub(super) kind: &'static str,
    pub(super) sign_in: SignIn,
}

impl ByPerson {
    /// Below which name what renews the sign-in is kept: that of the kind, and of all that decides whose it is.
    fn name(&self, entry: &Entry<'_>) -> String {
        let paths =
            [TENANT, CLIENT, CLOUD, ENDPOINT, LOGIN].map(|setting| entry.text(setting.path).unwrap_or_default());
        format!("{}/{}", self.kind.replace('/', "-"), hex(&Sha256::digest(paths.join("\n"))))
    }
}

impl Module for ByPerson {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Azure
    }

    fn kept(&self, entry: &Entry<'_>) -> Option<String> {
        Some(self.name(entry))
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        odd_ids(entry, &[TENANT.path, CLIENT.path, SUBSCRIPTION.path])
    }

    fn token_for<'a>(&'a self, step: Step<'a>, resource: &'a str) -> Pending<'a, Token> {
        Box::pin(async move { token_for(&step, &self.name(&step.entry), self.sign_in, resource).await })
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move { authenticate(&step, &self.name(&step.entry), self.sign_in).await })
    }
}

/// Whom a step asks, without what it asks for.
struct Asked {
    authority: String,
    tenant: String,
    client: String,
}

impl Asked {
    fn of(step: &Step<'_>) -> Result<Asked, AuthError> {
        let entry = &step.entry;
        Ok(Asked {
            authority: issuer(step)?,
            tenant: entry.text(TENANT.path).unwrap_or_default(),
            client: entry.text(CLIENT.path).unwrap_or_else(|| CLIENT_OF_PROGRAM.to_owned()),
        })
    }

    fn application<'a>(&'a self, scope: &'a str) -> Application<'a> {
        Application { authority: &self.authority, tenant: &self.tenant, client: &self.client, scope }
    }
}

/// The scopes of a sign-in.
fn scope(resource: &str) -> String {
    format!("{resource}/.default offline_access openid profile")
}

/// The sign-in: by what an earlier one left, else by asking the person.
async fn authenticate(step: &Step<'_>, kept: &str, sign_in: SignIn) -> Result<Proof, AuthError> {
    let (asked, cloud) = (Asked::of(step)?, Cloud::of(&step.entry));
    let granted = granted(step, &asked, kept, step.context.options.force, sign_in).await?;
    let (cache, who) = cache(step, &granted, cloud, &asked.client)?;
    step.context.host.masker.register(&cache);
    let login = AzureLogin::given(step, &granted.token, Way::User { cache, name: who.clone() })?;
    Ok(Proof::Azure(AzureLogin { who: Some(who), ..login }))
}

/// A token for something else, by what the sign-in left; the person signs in first where there is nothing.
async fn token_for(step: &Step<'_>, kept: &str, sign_in: SignIn, resource: &str) -> Result<Token, AuthError> {
    let asked = Asked::of(step)?;
    let scope = scope(resource);
    let application = asked.application(&scope);
    let stored = step.context.login_name(kept);
    {
        let _lock = step.context.lock(&stored, &format!("signs in to `{}`", step.entry.name)).await?;
        if let Some(granted) = silently(step, &application, &stored).await? {
            step.context.store(&stored, granted.refresh.as_ref().map(bytes)).await?;
            return Ok(granted.token);
        }
    }
    let first = granted(step, &asked, kept, false, sign_in).await?;
    let Some(refresh) = first.refresh else {
        let reason = "the sign-in gives nothing that other tokens are got by".to_owned();
        return Err(Error::NoToken { who: step.entry.shown(), reason, help: HELP.to_owned() }.into());
    };
    let granted = self::asked(step, host(&asked.authority), renewed(desk(step), &application, &refresh), HELP).await?;
    step.context.store(&stored, granted.refresh.as_ref().map(bytes)).await?;
    Ok(granted.token)
}

/// A token for the management of the cloud; what renews it is kept.
async fn granted(
    step: &Step<'_>,
    asked: &Asked,
    kept: &str,
    anew: bool,
    sign_in: SignIn,
) -> Result<Granted, AuthError> {
    let scope = scope(Cloud::of(&step.entry).management());
    let application = asked.application(&scope);
    let name = step.context.login_name(kept);
    let _lock = step.context.lock(&name, &format!("signs in to `{}`", step.entry.name)).await?;
    let renewed = if anew { None } else { silently(step, &application, &name).await? };
    let granted = match renewed {
        Some(granted) => granted,
        None if step.context.may_ask() => step.context.ask_once(&name, sign_in(step, &application)).await?,
        None => return Err(nobody(step)),
    };
    step.context.store(&name, granted.refresh.as_ref().map(bytes)).await?;
    Ok(granted)
}

fn bytes(refresh: &Secret) -> Zeroizing<Vec<u8>> {
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

fn nobody(step: &Step<'_>) -> AuthError {
    let provider = step.entry.name.to_owned();
    let login = format!("atmos auth login --provider {}", crate::diag::hint::word(&provider));
    if step.context.host.terminal.can_show_device_code() {
        return AuthError::NotSignedIn { provider, login };
    }
    let help = format!("run `{login}` in a terminal, or set ATMOS_FORCE_TTY=true if somebody reads this output");
    AuthError::NeedsTerminal { provider, help }
}
