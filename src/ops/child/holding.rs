//! One identity, held for one run: credentials, what integrations give beside them, and the private directory.

use std::sync::Arc;

use super::super::access::Access;
use super::super::audit::{self, Event};
use super::super::auth::{self, integrations};
use super::super::guard::{Guarded, Rails};
use super::{Held, Revocable, reason};
use crate::auth::config::{Identity, Provider};
use crate::auth::delivery::{Delivery, Style, profile_name};
use crate::auth::given::Credentials;
use crate::auth::resolution::Source;
use crate::auth::run::{Extras, Run, RunIdentity, RunSettings};
use crate::auth::told::Told;
use crate::auth::{AuthConfig, Description, IdentityName, Session};
use crate::diag::{Report, Result};
use crate::span::Span;
use crate::value::Node;

/// The pieces of one [`super::hold`].
pub(super) struct Holding<'a> {
    pub(super) access: &'a Access,
    pub(super) session: Session,
    pub(super) settings: Arc<AuthConfig>,
    /// With its place, if it has one.
    pub(super) own_delivery: Option<(String, Span)>,
    /// The child is a command of the user's own, which may know the identity's name.
    pub(super) announce: bool,
    pub(super) rails: Rails,
    /// What the audit log says of it, as far as it is known from the start.
    pub(super) event: Event,
}

impl Holding<'_> {
    /// Holds the identity, and writes down that it did or why it did not.
    pub(super) async fn hold(&self, name: IdentityName, source: Source) -> Result<Held> {
        match self.guarded(name.clone(), source).await {
            Ok(held) => Ok(held),
            Err(report) => Err(self.refuse(&name, source, report)?),
        }
    }

    /// The reason of a refusal, once it is written down.
    pub(super) fn refuse(&self, name: &IdentityName, source: Source, report: Report) -> Result<Report> {
        let event = Event {
            identity: Some(name.to_string()),
            source: Some(source.to_string()),
            refused: Some(reason(&report)),
            ..self.event.clone()
        };
        audit::record(self.access, &self.settings, &event)?;
        Ok(report)
    }

    /// The environment stays as it is, but for a region.
    async fn unmanaged(&self, name: IdentityName, source: Source) -> Result<Held> {
        let known = self.access.describe(&self.session, &name).await?;
        if self.rails.has_account() {
            let credentials = self.session.given(&name).await?;
            self.rails.check_account(self.access, &self.session, &name, &credentials).await?;
        }
        let own = self.run_identity(&name, &known.provider, known.region.clone())?;
        let kind = &known.kind;
        self.write_down(&name, source, &known, None, None)?;
        let mut settings = RunSettings { identity: Some(own), ..self.settings_of_run(Vec::new()) };
        if kind == "aws/ambient" && integrations::has_any(self.access, &self.session, &name) {
            let credentials = self.session.given(&name).await?;
            settings.extras = Box::pin(integrations::for_run(self.access, &self.session, &name, &credentials)).await;
        }
        let (run, revocable) = self.opened(settings).await?;
        let summary = Some(format!("identity {name} ({source}), {kind}: the environment as it is"));
        let (run, identity, region) = (Some(run), Some(name), known.region);
        Ok(Held { run, summary, identity, region, revocable, ..Held::default() })
    }

    fn write_down(
        &self,
        name: &IdentityName,
        source: Source,
        known: &Description,
        delivery: Option<Delivery>,
        expiration: Option<jiff::Timestamp>,
    ) -> Result<()> {
        let event = Event {
            identity: Some(name.to_string()),
            source: Some(source.to_string()),
            chain: known.chain.clone(),
            account: known.account.clone(),
            delivery: delivery.map(Delivery::name),
            expiration: expiration.map(|expiration| expiration.to_string()),
            ..self.event.clone()
        };
        audit::record(self.access, &self.settings, &event)
    }

    async fn guarded(&self, name: IdentityName, source: Source) -> Result<Held> {
        if self.settings.identity(name.as_str()).is_some_and(|identity| identity.kind.is_ambient()) {
            return self.unmanaged(name, source).await;
        }
        let session = self.rails.session(&self.session);
        let credentials = self.access.given(&session, &name).await?;
        self.rails.check_ttl(&name, &credentials, self.access.host.now())?;
        self.rails.check_account(self.access, &session, &name, &credentials).await?;
        let others = others(&self.settings, &name);
        for (other, required) in &others {
            if *required {
                let given = self.access.given(&self.session, other).await?;
                // What the child gets is of one cloud; the other's ambient credentials would go by unseen.
                let is_aws = |credentials: &Credentials| matches!(credentials, Credentials::Aws(_));
                if !is_aws(&given) || !is_aws(&credentials) {
                    let (identity, required) = (name.to_string(), other.to_string());
                    return Err(Guarded::OtherCloud { identity, required }.into());
                }
            }
        }
        let known = self.access.describe(&self.session, &name).await?;
        let region = credentials.region().map(str::to_owned).or_else(|| known.region.clone());
        let mut own = self.run_identity(&name, &known.provider, region.clone())?;
        let mut allowed = Vec::with_capacity(others.len());
        for (other, _) in &others {
            let known = self.access.describe(&self.session, other).await?;
            allowed.push(self.run_identity(other, &known.provider, known.region)?);
        }
        let delivery = own.delivery;
        self.write_down(&name, source, &known, Some(delivery), credentials.expiration())?;
        // They are the last that can be had: whoever fails before has none to take back.
        let extras = integrations::for_run(self.access, &self.session, &name, &credentials);
        let extras = Box::pin(extras).await;
        if let Credentials::Environment(given) = credentials {
            own = RunIdentity { style: Style::Environment, given: Some(given), ..own };
        }
        let names = std::iter::once(&own).chain(&allowed).map(|identity| identity.name.as_str());
        let told = Told::of(&self.session, &self.access.configuration.display().to_string(), names);
        let settings = RunSettings { identity: Some(own), extras, told, ..self.settings_of_run(allowed) };
        let (run, revocable) = self.opened(settings).await?;
        let account = known.account.map(|account| format!(", account {account}")).unwrap_or_default();
        let summary = format!("identity {name} ({source}){account}, delivery {delivery}");
        let (run, summary, identity) = (Some(run), Some(summary), Some(name));
        Ok(Held { run, summary, identity, region, revocable, ..Held::default() })
    }

    /// Opens the run. Where it cannot be opened nobody needs the tokens that were given for it.
    async fn opened(&self, settings: RunSettings) -> Result<(Run, Option<Revocable>)> {
        let revocable = (self.session.clone(), settings.extras.revocable.clone());
        match Run::open(&self.access.host, settings).await {
            Ok(run) => Ok((run, Some(revocable))),
            Err(error) => {
                revocable.0.revoke_github_tokens(&revocable.1).await;
                Err(error.into())
            }
        }
    }

    /// Everything of a run but its own identity.
    fn settings_of_run(&self, allowed: Vec<RunIdentity>) -> RunSettings {
        RunSettings {
            identity: None,
            allowed,
            source: self.source(),
            tokens: Some(self.tokens()),
            configuration: self.access.configuration.display().to_string(),
            announce: self.announce,
            told: Told::default(),
            extras: Extras::default(),
        }
    }

    /// The run that this process is a child of, else the session itself. A nested atmos may use what its parent allows and
    /// nothing else.
    fn source(&self) -> crate::auth::run::Source {
        match &self.access.parent {
            Some(parent) => parent.source(self.session.clone()),
            None => source_of(self.session.clone()),
        }
    }

    fn tokens(&self) -> crate::auth::run::Tokens {
        match &self.access.parent {
            Some(parent) => parent.tokens(self.session.clone()),
            None => tokens_of(self.session.clone()),
        }
    }

    fn run_identity(&self, name: &IdentityName, provider: &str, region: Option<String>) -> Result<RunIdentity> {
        let identity = self.settings.identity(name.as_str());
        let provider = self.settings.provider(provider);
        let word = delivery_word(self.own_delivery.clone(), identity, provider, &self.settings);
        let delivery = match word {
            Some((word, span)) => Delivery::parse(&word, self.access.host.sources.place(span).as_ref())?,
            None => Delivery::default(),
        };
        let style = auth::style(identity.map(|identity| identity.kind_text.as_str()).unwrap_or_default());
        let env = identity.map(|identity| identity.env.clone()).unwrap_or_default();
        let fingerprint = self.session.fingerprint_of(name)?.as_str().to_owned();
        let (name, profile) = (name.to_string(), profile_name(name.as_str())?);
        Ok(RunIdentity { name, profile, fingerprint, region, style, delivery, env, given: None })
    }
}

/// The other identities that the run may use, each with whether it is required.
pub(super) fn others(settings: &AuthConfig, own: &IdentityName) -> Vec<(IdentityName, bool)> {
    let allowed = settings.node.get("allowed_identities").and_then(Node::as_list).unwrap_or_default();
    let allowed: Vec<&IdentityName> =
        allowed.iter().filter_map(|entry| Some(&settings.identity(entry.as_str()?)?.name)).collect();
    settings
        .identities
        .values()
        .filter(|identity| identity.name != *own)
        .filter(|identity| identity.required || allowed.contains(&&identity.name))
        .map(|identity| (identity.name.clone(), identity.required))
        .collect()
}

/// SDKs are told to come back this long before the end, or do so by themselves; then they get others.
const LASTING: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);
/// The `delivery` that counts, with its place: the component's own, else that of the identity, of the provider, of the
/// section.
pub(in crate::ops) fn delivery_word(
    own: Option<(String, Span)>,
    identity: Option<&Identity>,
    provider: Option<&Provider>,
    settings: &AuthConfig,
) -> Option<(String, Span)> {
    let written = |node: &Node| {
        let delivery = node.get("delivery").filter(|delivery| !delivery.is_null())?;
        Some((delivery.scalar_text()?, delivery.span))
    };
    own.or_else(|| written(&identity?.node)).or_else(|| written(&provider?.node)).or_else(|| written(&settings.node))
}

/// Where a child of the run gets tokens for clusters.
fn tokens_of(session: Session) -> crate::auth::run::Tokens {
    Arc::new(move |name: String, resource: String| {
        let session = session.clone();
        Box::pin(async move {
            let chain = session.chain(&IdentityName::from(name.as_str())).map_err(|error| error.to_string())?;
            let token = session.azure_cluster_token(&chain, &resource).await.map_err(|error| error.to_string())?;
            Ok(Credentials::Environment(token.given(crate::auth::run::TOKEN, jiff::Timestamp::now())))
        })
    })
}

/// Where the run's helper gets credentials while the child runs: from the session, which renews them.
fn source_of(session: Session) -> crate::auth::run::Source {
    Arc::new(move |name: String| {
        let session = session.clone();
        Box::pin(async move {
            let session = session.lasting(LASTING);
            session.given(&IdentityName::from(name.as_str())).await.map_err(|error| error.to_string())
        })
    })
}
