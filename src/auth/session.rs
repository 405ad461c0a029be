//! Credentials for identities: what each kind is asked for, and what is known without asking.
//!
//! Read [`Session::credentials`]; the way along a chain is in `walk`. Row 5.

use std::future::Future;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::cache::Cache;
use super::chain::{Chain, check_provider, find_provider};
use super::config::{AuthConfig, Identity, Provider, Spec};
use super::context::{Context, Options};
use super::creds::AwsCredentials;
use super::error::Error;
use super::federation::{Entry, Proof, Step};
use super::fingerprint::Fingerprint;
use super::given::Credentials;
use super::identity::{
    ambient, assume_role, assume_root, credential_process, mock, permission_set, saml_role, user, web_identity,
};
use super::kind::{IdentityKind, ProviderKind};
use super::name::{IdentityName, ProviderName};
use super::obtained;
use super::provider::browser;
use super::provider::portal::Portal;
use super::provider::sso;
use super::realm::Realm;
use super::record::{CallerIdentity, StepRecord};
use super::user::{Error as UserError, basis};
use crate::host::Host;
use crate::span::Span;

/// Credentials with less left are renewed, or with less than a tenth of their lifetime if that is shorter.
const MARGIN: SignedDuration = SignedDuration::from_mins(15);

/// Gives credentials for identities. Cheap to clone; clones and [`Session::with_settings`] share everything that was
/// obtained, so that a process signs in once per portal and calls once per distinct chain.
#[derive(Debug, Clone)]
pub struct Session {
    pub(super) context: Arc<Context>,
    pub(super) settings: Arc<AuthConfig>,
    /// What credentials have to have left, also those that this process has got itself.
    pub(super) lasting: SignedDuration,
    /// What those that it has not got itself have to have left.
    min_ttl: SignedDuration,
}

/// What is known of an identity without asking anybody.
#[derive(Debug, Clone)]
pub struct Description {
    pub identity: IdentityName,
    pub kind: String,
    /// Root of the chain: a provider, or the identity itself where it stands alone.
    pub provider: String,
    /// Root to target, names.
    pub chain: Vec<String>,
    /// From the configuration, or from an earlier authentication.
    pub account: Option<String>,
    pub region: Option<String>,
    /// Permission set or ARN of the role.
    pub role: Option<String>,
    /// End of the session in the cache, also when it is over.
    pub expiration: Option<Timestamp>,
    /// How long that session lives in all.
    pub lifetime: Option<SignedDuration>,
    /// A session is in the cache and would be used as it is.
    pub is_live: bool,
    /// Who the services said that it is.
    pub caller: Option<CallerIdentity>,
}

impl Description {
    /// Of an identity to which nothing leads.
    pub fn of_nobody(identity: IdentityName, kind: String) -> Description {
        Description {
            identity,
            kind,
            provider: String::new(),
            chain: Vec::new(),
            account: None,
            region: None,
            role: None,
            expiration: None,
            lifetime: None,
            is_live: false,
            caller: None,
        }
    }
}

/// Answer to the question whether credentials work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    Valid,
    /// The service refused them: its answer.
    Invalid(String),
    /// Nobody could be asked: why.
    Unknown(String),
    /// There are no credentials that this program would know of.
    Unmanaged,
}

impl Session {
    /// A session over `settings`. `cache` and `realm` are those of the configuration.
    pub fn new(host: &Host, settings: Arc<AuthConfig>, realm: Realm, cache: Arc<Cache>, options: Options) -> Session {
        let context = Context::new(host.clone(), realm, cache, options);
        Session { context: Arc::new(context), settings, lasting: SignedDuration::ZERO, min_ttl: SignedDuration::ZERO }
    }

    /// The same session with a component's merged settings.
    pub fn with_settings(&self, settings: Arc<AuthConfig>) -> Session {
        Session { settings, ..self.clone() }
    }

    /// The same session for who comes back only when credentials are nearly over: they have at least `minimum` left, or half
    /// of their life where that is shorter.
    #[must_use]
    pub fn lasting(&self, minimum: SignedDuration) -> Session {
        Session { lasting: minimum, ..self.clone() }
    }

    /// The same session where credentials from the cache with less than `minimum` left are renewed.
    #[must_use]
    pub fn with_min_ttl(&self, minimum: SignedDuration) -> Session {
        Session { min_ttl: minimum, ..self.clone() }
    }

    pub fn settings(&self) -> &AuthConfig {
        &self.settings
    }

    pub fn realm(&self) -> &Realm {
        &self.context.realm
    }

    /// The steps to an identity, checked.
    pub fn chain(&self, name: &IdentityName) -> Result<Chain, Error> {
        Chain::build(&self.settings, name, &self.context.host.sources)
    }

    /// The fingerprint of the whole chain to an identity: what it is, whatever it is called.
    ///
    /// # Errors
    /// As [`Session::chain`].
    pub fn fingerprint_of(&self, name: &IdentityName) -> Result<Fingerprint, Error> {
        let chain = self.chain(name)?;
        Ok(self.fingerprint(&chain, chain.identities.len() - 1))
    }

    /// Registers credentials that came from elsewhere, before anything else happens with them.
    pub fn mask(&self, credentials: &Credentials) {
        credentials.mask(&self.context.host.masker);
    }

    /// Credentials of the identity with at least 15 minutes or a tenth of their lifetime left: from memory, from the
    /// encrypted cache, else by authenticating, which may ask the user to sign in.
    pub async fn given(&self, name: &IdentityName) -> Result<Credentials, Error> {
        let chain = self.chain(name)?;
        Ok(self.step(&chain, chain.identities.len() - 1).await?.credentials)
    }

    /// The same of an identity on AWS.
    ///
    /// # Errors
    /// As [`Session::given`], and [`Error::NotAws`].
    pub async fn credentials(&self, name: &IdentityName) -> Result<AwsCredentials, Error> {
        let given = self.given(name).await?;
        keys(self.chain(name)?.target(), given)
    }

    /// Credentials that are there and valid for long enough; never asks the network or the user.
    pub async fn cached(&self, name: &IdentityName) -> Result<Option<Credentials>, Error> {
        let chain = self.chain(name)?;
        let record = self.peek(&chain).await?;
        Ok(record.filter(|record| self.accepts(record)).map(|record| record.credentials))
    }

    /// Signs in to a provider without any identity. Returns the end of the token, `None` for mock kinds.
    pub async fn login_provider(&self, name: &ProviderName) -> Result<Option<Timestamp>, Error> {
        let sources = &self.context.host.sources;
        let provider = find_provider(&self.settings, name.as_str(), Span::default(), sources)?;
        check_provider(provider, sources)?;
        if let ProviderKind::Federated(kind) = provider.kind {
            return Ok(abortable(self.proof(provider, kind)).await?.expires());
        }
        if provider.kind != ProviderKind::IdentityCenter {
            return Ok(None);
        }
        let portal = Portal::new(&self.context, provider)?;
        let token = abortable(sso::access_token(&self.context, &portal, sso::Wanted::Live)).await;
        Ok(Some(token.map_err(|error| error.at_provider(provider, sources))?.expires_at))
    }

    /// End of the provider's token in the cache, expired or not; never asks the network.
    pub async fn provider_token(&self, name: &ProviderName) -> Result<Option<Timestamp>, Error> {
        let Some(provider) = self.settings.provider(name.as_str()) else { return Ok(None) };
        if provider.kind != ProviderKind::IdentityCenter {
            return Ok(None);
        }
        let portal = Portal::new(&self.context, provider)?;
        Ok(sso::cached(&self.context, &portal).await?.map(|token| token.expires_at))
    }

    /// A sign-in would go by the browser of this machine.
    pub fn signs_in_by_browser(&self) -> bool {
        browser::is_expected(&self.context.host, self.context.options.no_browser)
    }

    /// Where sign-ins are asked for, by provider; sorted, without those that are not usable.
    pub fn sign_in_addresses(&self) -> Vec<(String, String)> {
        let providers = self.settings.providers.values();
        let portals = providers
            .filter(|provider| provider.kind == ProviderKind::IdentityCenter && provider.region.is_some())
            .filter_map(|provider| Portal::new(&self.context, provider).ok());
        let mut found: Vec<_> = portals.map(|portal| (portal.name.clone(), portal.oidc_url())).collect();
        found.sort();
        found
    }

    /// Who the identity is, with valid credentials. The answer is kept with them, so that the next question asks
    /// nobody; `verify` asks again. What the service says is not an error of this function; what it refuses is not kept.
    pub async fn caller(&self, name: &IdentityName, verify: bool) -> Result<(Option<CallerIdentity>, Validity), Error> {
        let chain = self.chain(name)?;
        let last = chain.identities.len() - 1;
        if chain.target().kind == IdentityKind::Ambient {
            return Ok((None, Validity::Unmanaged));
        }
        let mut record = self.step(&chain, last).await?;
        if chain.is_mock() || (record.caller.is_some() && !verify) {
            return Ok((record.caller, Validity::Valid));
        }
        let Some(keys) = record.credentials.aws() else { return Ok((None, nobody_to_ask(&chain))) };
        let (caller, validity) = self.ask_caller(&chain, keys).await?;
        let Some(caller) = caller else {
            if matches!(validity, Validity::Invalid(_)) {
                self.drop_refused(&chain, keys).await?;
            }
            return Ok((record.caller, validity));
        };
        record.account = Some(caller.account.clone());
        record.caller = Some(caller.clone());
        self.context.steps.enter(&self.fingerprint(&chain, last)).await.value = Some(record.clone());
        self.keep(&chain, last, &record).await?;
        Ok((Some(caller), validity))
    }

    /// Who the identity is by credentials that came from elsewhere. Nothing is kept.
    ///
    /// # Errors
    /// As [`Session::chain`], or the user ends it.
    pub async fn caller_of(
        &self,
        name: &IdentityName,
        credentials: &Credentials,
    ) -> Result<(Option<CallerIdentity>, Validity), Error> {
        let chain = self.chain(name)?;
        if chain.is_mock() {
            return Ok((None, Validity::Valid));
        }
        match credentials {
            Credentials::Aws(keys) => self.ask_caller(&chain, keys).await,
            Credentials::Environment(_) => Ok((None, nobody_to_ask(&chain))),
        }
    }

    async fn ask_caller(
        &self,
        chain: &Chain,
        credentials: &AwsCredentials,
    ) -> Result<(Option<CallerIdentity>, Validity), Error> {
        let asked = assume_role::caller_identity(&self.context, chain.target(), provider_spec(chain), credentials);
        let asked = Box::pin(abortable(async { Ok(asked.await) })).await?;
        Ok(match asked {
            Ok(caller) => (Some(caller), Validity::Valid),
            Err(refusal) if refusal.is_no() => (None, Validity::Invalid(refusal.text)),
            Err(refusal) => (None, Validity::Unknown(refusal.text)),
        })
    }

    /// What is known of the identity from the configuration and the cache; never asks the network.
    pub async fn describe(&self, name: &IdentityName) -> Result<Description, Error> {
        let chain = self.chain(name)?;
        let record = self.peek(&chain).await?;
        Ok(self.description(&chain, record))
    }

    /// The same from the configuration alone: for a run inside another run, which has no keyring to open.
    pub fn outline(&self, name: &IdentityName) -> Result<Description, Error> {
        Ok(self.description(&self.chain(name)?, None))
    }

    fn description(&self, chain: &Chain, record: Option<StepRecord>) -> Description {
        let target = chain.target();
        let principal = &target.principal;
        let configured = || assume_role::configured_account(target).map(str::to_owned);
        let region = record.as_ref().and_then(|record| record.credentials.region().map(str::to_owned));
        Description {
            identity: target.name.clone(),
            kind: target.kind_text.clone(),
            provider: chain.root().to_owned(),
            chain: chain.names(),
            account: record.as_ref().and_then(account_of).or_else(configured),
            region: region.or_else(|| chain.region(chain.identities.len() - 1).map(str::to_owned)),
            role: principal.assume_role.clone().or_else(|| principal.name.clone()),
            expiration: record.as_ref().and_then(|record| record.credentials.expiration()),
            lifetime: record.as_ref().and_then(|record| lifetime_of(&record.credentials)),
            is_live: record.as_ref().is_some_and(|record| self.accepts(record)),
            caller: record.and_then(|record| record.caller),
        }
    }

    /// Asks the service of the step at `index`; `base` is what the step before it gave. An error says which entry it is about.
    pub(super) async fn authenticate(
        &self,
        chain: &Chain,
        index: usize,
        base: Option<StepRecord>,
    ) -> Result<StepRecord, Error> {
        let asked = self.ask_service(chain, index, base).await;
        asked.map_err(|error| {
            error.at_identity(&chain.identities[index], chain.provider.as_ref(), &self.context.host.sources)
        })
    }

    async fn ask_service(&self, chain: &Chain, index: usize, base: Option<StepRecord>) -> Result<StepRecord, Error> {
        let identity = &chain.identities[index];
        let region = chain.region(index);
        tracing::debug!(identity = %identity.name, kind = identity.kind_text, "authenticating");
        match (&identity.kind, &chain.provider) {
            (IdentityKind::PermissionSet, Some(provider)) => {
                let portal = Portal::new(&self.context, provider)?.for_identity(&self.context, &identity.spec)?;
                permission_set::authenticate(&self.context, &portal, identity, region).await
            }
            (IdentityKind::AssumeRole, Some(provider @ Provider { kind: ProviderKind::Federated(kind), .. }))
                if index == 0 =>
            {
                match self.proof(provider, *kind).await? {
                    Proof::Jwt(token) => {
                        web_identity::authenticate(&self.context, identity, Some(&provider.spec), &token, region).await
                    }
                    Proof::Saml(assertion) => {
                        saml_role::authenticate(&self.context, identity, provider, &assertion, region).await
                    }
                    Proof::Google(_) | Proof::Azure(_) | Proof::Pro(_) | Proof::Aws(_) | Proof::Environment(..) => {
                        Err(Error::NotAws { identity: provider.name.to_string(), kind: provider.kind_text.clone() })
                    }
                }
            }
            (IdentityKind::AssumeRole, _) => {
                // Directly behind a mock provider: the only kind of provider that signs requests.
                let base = base.unwrap_or_else(|| self.mock(chain, index));
                let provider = provider_spec(chain);
                let before = &chain.identities[index.saturating_sub(1)];
                let (context, keys) = (&self.context, keys(before, base.credentials)?);
                let record = assume_role::authenticate(context, identity, provider, &keys, region).await?;
                Ok(StepRecord { basis: base.basis, ..record })
            }
            (IdentityKind::AssumeRoot, _) => {
                // A chain without a step before it is refused when it is built.
                let base = base.unwrap_or_else(|| self.mock(chain, index));
                let before = &chain.identities[index.saturating_sub(1)];
                let (context, spec, keys) = (&self.context, provider_spec(chain), keys(before, base.credentials)?);
                let record = assume_root::authenticate(context, identity, spec, &keys, region).await?;
                Ok(StepRecord { basis: base.basis, ..record })
            }
            (IdentityKind::User, _) => user::authenticate(&self.context, identity, region).await,
            (IdentityKind::CredentialProcess, _) => {
                credential_process::authenticate(&self.context, identity, region).await
            }
            (IdentityKind::AwsAmbient, _) => ambient::authenticate(&self.context, identity, region).await,
            (IdentityKind::Federated(kind), _) => {
                let before = self.before(chain, base).await?;
                let (context, entry) = (&*self.context, Entry::identity(identity));
                let provider = chain.provider.as_ref().map(Entry::provider);
                let step = Step { context, entry, provider, region, before };
                kind.module().authenticate(step).await?.into_record(identity)
            }
            (IdentityKind::Ambient, _) => {
                let (identity, kind) = (identity.name.to_string(), identity.kind_text.clone());
                Err(UserError::Unmanaged { identity, kind }.into())
            }
            _ => Err(Error::NotBuilt {
                what: format!("identity `{}`", identity.name),
                kind: identity.kind_text.clone(),
                place: String::new(),
                text: None,
                at: None,
            }),
        }
    }

    pub(super) fn mock(&self, chain: &Chain, index: usize) -> StepRecord {
        let record = mock::authenticate(&chain.identities[index]);
        self.mask(&record.credentials);
        record
    }

    /// The target's session in memory or cache, valid or not.
    async fn peek(&self, chain: &Chain) -> Result<Option<StepRecord>, Error> {
        let last = chain.identities.len() - 1;
        if chain.is_mock() {
            return Ok(Some(self.mock(chain, last)));
        }
        self.peek_at(chain, &self.fingerprint(chain, last)).await
    }

    /// The same of a chain whose fingerprint is known.
    pub(super) async fn peek_at(&self, chain: &Chain, fingerprint: &Fingerprint) -> Result<Option<StepRecord>, Error> {
        let mut flight = self.context.steps.enter(fingerprint).await;
        if flight.value.is_none() {
            flight.value = if chain.is_ambient() { None } else { self.load(chain, fingerprint).await? };
        }
        Ok(flight.value.clone())
    }

    pub(super) fn fingerprint(&self, chain: &Chain, index: usize) -> Fingerprint {
        chain.fingerprint(index, &self.context.realm, &self.context.endpoints)
    }

    pub(super) fn cache_name(&self, fingerprint: &Fingerprint) -> String {
        format!("chain/{}/{}", self.context.realm, fingerprint.as_str())
    }

    pub(super) async fn load(&self, chain: &Chain, fingerprint: &Fingerprint) -> Result<Option<StepRecord>, Error> {
        let bytes = self.context.load(&self.cache_name(fingerprint)).await?;
        let mut record = bytes.and_then(|bytes| StepRecord::from_bytes(&bytes));
        if let Some(found) = &record
            // Earlier versions kept those, too.
            && (is_asked_each_time(chain, found) || !self.has_its_basis(chain, found).await?)
        {
            record = None;
        }
        if let Some(record) = &record {
            self.mask(&record.credentials);
        }
        Ok(record)
    }

    /// It was made from the key that the user has now, or by the sign-in of who would sign in now.
    async fn has_its_basis(&self, chain: &Chain, found: &StepRecord) -> Result<bool, Error> {
        if let Some(user) = chain.user() {
            return Ok(found.basis == basis(&self.context, user).await?);
        }
        let Some(provider @ Provider { kind: ProviderKind::Federated(kind), .. }) = &chain.provider else {
            return Ok(true);
        };
        let (context, entry) = (&*self.context, Entry::provider(provider));
        let wanted = kind.module().whose(&Step { context, entry, provider: None, region: None, before: None });
        Ok(wanted.is_none() || wanted == found.basis)
    }

    pub(super) async fn keep(&self, chain: &Chain, index: usize, record: &StepRecord) -> Result<(), Error> {
        if chain.is_ambient() {
            return Ok(());
        }
        let fingerprint = self.fingerprint(chain, index);
        if is_asked_each_time(chain, record) {
            return self.context.remove(&self.cache_name(&fingerprint)).await.map(drop);
        }
        self.context.store(&self.cache_name(&fingerprint), record.to_bytes()).await?;
        self.index(chain, index, &fingerprint).await
    }

    /// Valid for long enough, and young enough for a session that is to have everything anew.
    pub(super) fn accepts(&self, record: &StepRecord) -> bool {
        let options = &self.context.options;
        let credentials = &record.credentials;
        let own = credentials.issued() >= self.context.started;
        // Credentials of this process are as long-lived as they get: asking again would not help `min_ttl`.
        let minimum = if own { SignedDuration::ZERO } else { self.min_ttl };
        let minimum = minimum.max(lasting_of(credentials, self.lasting));
        (own || !(options.force || options.renew)) && is_fresh(credentials, self.context.host.now(), minimum)
    }
}

/// At least the smaller of 15 minutes and a tenth of the lifetime is left, and at least `minimum`.
pub fn is_fresh(credentials: &Credentials, now: Timestamp, minimum: SignedDuration) -> bool {
    let Some(expiration) = credentials.expiration() else { return true };
    let tenth = expiration.duration_since(credentials.issued()) / 10;
    let left = expiration.duration_since(now);
    left > SignedDuration::ZERO && left >= MARGIN.min(tenth).max(minimum)
}

/// What credentials must have left so that nobody comes back for the same ones: never more than half of their life.
fn lasting_of(credentials: &Credentials, wanted: SignedDuration) -> SignedDuration {
    let Some(expiration) = credentials.expiration() else { return SignedDuration::ZERO };
    obtained::share(expiration.duration_since(credentials.issued()), wanted)
}

/// Keys of AWS, which the next step signs with.
fn keys(identity: &Identity, given: Credentials) -> Result<AwsCredentials, Error> {
    match given {
        Credentials::Aws(keys) => Ok(keys),
        Credentials::Environment(_) => {
            Err(Error::NotAws { identity: identity.name.to_string(), kind: identity.kind_text.clone() })
        }
    }
}

fn lifetime_of(credentials: &Credentials) -> Option<SignedDuration> {
    Some(credentials.expiration()?.duration_since(credentials.issued()))
}

/// Keys without an end, of a program: they are good until somebody exchanges them, which only the program knows. Tools of AWS ask
/// it again in each process, too.
fn is_asked_each_time(chain: &Chain, record: &StepRecord) -> bool {
    chain.identities[0].kind == IdentityKind::CredentialProcess
        && record.credentials.aws().is_some_and(|keys| keys.expiration.is_none())
}

fn account_of(record: &StepRecord) -> Option<String> {
    record.account.clone().or_else(|| record.credentials.account().map(str::to_owned))
}

fn nobody_to_ask(chain: &Chain) -> Validity {
    Validity::Unknown(format!("nobody says who an identity of kind {} is", chain.target().kind_text))
}

fn provider_spec(chain: &Chain) -> Option<&Spec> {
    chain.provider.as_ref().map(|provider| &provider.spec)
}

/// Ctrl-C ends the work. Only what may take long is wrapped, so that the warm path leaves signals alone.
pub(super) async fn abortable<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::select! {
        result = work => result,
        Ok(()) = tokio::signal::ctrl_c() => Err(Error::Aborted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn who_comes_back_early_gets_others_unless_they_would_be_no_longer_lived() {
        let issued = Timestamp::from_second(1_000_000).unwrap();
        for (lifetime, wanted) in [(Some(3600), 300), (Some(308), 300), (Some(300), 150), (Some(20), 10), (None, 0)] {
            let credentials = Credentials::Aws(AwsCredentials {
                access_key_id: String::new(),
                secret_access_key: Secret::from(String::new()),
                session_token: None,
                expiration: lifetime.map(|seconds| issued + SignedDuration::from_secs(seconds)),
                issued,
                region: None,
            });
            assert_eq!(lasting_of(&credentials, SignedDuration::from_mins(5)).as_secs(), wanted, "{lifetime:?}");
        }
    }

    #[test]
    fn reuse_needs_fifteen_minutes_or_a_tenth_of_the_lifetime() {
        let issued = Timestamp::from_second(1_000_000).unwrap();
        let minutes = |count: i64| SignedDuration::from_mins(count);
        let fresh = |lifetime: i64, age: i64, minimum: i64| {
            let credentials = Credentials::Aws(AwsCredentials {
                access_key_id: String::new(),
                secret_access_key: Secret::from(String::new()),
                session_token: None,
                expiration: Some(issued + minutes(lifetime)),
                issued,
                region: None,
            });
            is_fresh(&credentials, issued + minutes(age), minutes(minimum))
        };
        for (lifetime, age, minimum, expected) in [
            (60, 54, 0, true),
            (60, 55, 0, false),
            (600, 585, 0, true),
            (600, 586, 0, false),
            (60, 40, 30, false),
            (60, 30, 30, true),
            (0, 0, 0, false),
            (10, 20, 0, false),
        ] {
            assert_eq!(fresh(lifetime, age, minimum), expected, "{lifetime} {age} {minimum}");
        }
    }
}
