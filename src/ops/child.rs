//! What terraform and helmfile runs have in common: the identity of a component, held for one run, and the environment
//! of its children.
//!
//! Read [`hold`] first. Row 12.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::App;
use super::access::Access;
use super::audit::{self, Event};
use super::auth::integrations;
use super::auth::scope::lead;
use super::choice::{auth_section, check_keys, choose, own_identity};
use super::guard::{Guarded, Rails, check_choice, check_command};
use super::identity::{ANNOUNCED, Choice};
use super::legacy;
use crate::auth::config::{Identity, Provider};
use crate::auth::delivery::{Delivery, Style, child_env, profile_name};
use crate::auth::given::Credentials;
use crate::auth::resolution::{Flag, Need, Source};
use crate::auth::run::{Extras, Run, RunIdentity, RunSettings};
use crate::auth::store::password_variables;
use crate::auth::{AuthConfig, Description, IdentityName, Session};
use crate::component::Instance;
use crate::diag::{Report, Result};
use crate::exec::environment::{self, Atmos};
use crate::exec::process;
use crate::host::{Env, Host};
use crate::secret::Secret;
use crate::span::Span;
use crate::value::Node;

/// The identity of one run, authenticated, with its private directory. Closing (or dropping) it removes the directory, so it
/// is kept until the last child has ended.
#[derive(Debug, Default)]
pub(super) struct Held {
    run: Option<Run>,
    summary: Option<String>,
    identity: Option<IdentityName>,
    region: Option<String>,
    /// Whoever called switched authentication off, for every atmos inside as well.
    off: bool,
    /// Nobody but a step of the user's own named the identity.
    of_step: bool,
    /// Tokens that are taken back when the run is over, and by whom.
    revocable: Option<(Session, Vec<Secret>)>,
}

impl Held {
    /// Nobody, and nobody for every atmos inside either.
    pub(super) fn switched_off() -> Held {
        Held { off: true, ..Held::default() }
    }

    /// Has an atmos inside be nobody too, where authentication was switched off by more than a variable: that one would
    /// go on by itself, and a flag or the word of a step would not. The setting of a component is that component's.
    fn pass_on(&self, env: &mut Env) {
        if self.off {
            env.set("ATMOS_IDENTITY", "false");
        }
    }

    /// Identity, account and delivery, for the line before the child starts; `None` where nothing is configured.
    pub(super) fn summary(&self) -> Option<&str> {
        self.summary.as_deref()
    }

    pub(super) fn identity(&self) -> Option<&IdentityName> {
        self.identity.as_ref()
    }

    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The identity has a kubeconfig of its own.
    pub(super) fn has_kubeconfig(&self) -> bool {
        let changes = self.run.as_ref().and_then(Run::changes);
        changes.is_some_and(|changes| !changes.joined.is_empty())
    }

    /// Removes everything private. The last child has ended.
    ///
    /// # Errors
    /// The directory cannot be removed.
    pub(super) async fn close(self) -> Result<()> {
        if let Some((session, tokens)) = &self.revocable {
            session.revoke_github_tokens(tokens).await;
        }
        match self.run {
            Some(run) => Ok(run.close()?),
            None => Ok(()),
        }
    }
}

/// The session for runs. Neither keyring nor network is asked before the first identity is held.
pub(super) fn access(app: &App) -> Result<Access> {
    app.access()
}

/// Finds out whether the component's identity for an operation can be told, without asking anybody for credentials.
///
/// # Errors
/// No identity resolves where a run needs one.
pub(super) fn check_identity(app: &App, instance: &Instance, flag: &Flag, operation: &str) -> Result<()> {
    own_identity(app, &access(app)?, instance, flag, operation).map(drop)
}

/// Chooses the component's own identity for an operation (a sub-command), authenticates it and every required one, and
/// prepares its private directory.
///
/// # Errors
/// No identity resolves where `need` says that one must, or authentication fails: then nothing has been started or written.
pub(super) async fn hold(
    app: &App,
    access: &Access,
    instance: &Instance,
    flag: &Flag,
    need: Need,
    operation: &str,
) -> Result<Held> {
    hold_as(app, access, instance, Asked { flag, need, operation, by: None }).await
}

/// How somebody asks for the identity of a component.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) flag: &'a Flag,
    pub(super) need: Need,
    pub(super) operation: &'a str,
    /// Steps of the user's own: who says what the flag says. An atmos in them may know the name that was named.
    pub(super) by: Option<Source>,
}

/// The same for who may have chosen by something else than a flag.
///
/// # Errors
/// As [`hold`].
pub(super) async fn hold_as(app: &App, access: &Access, instance: &Instance, asked: Asked<'_>) -> Result<Held> {
    let held = hold_for(app, access, instance, asked).await;
    held.map_err(|report| lead(app, access, instance, report))
}

async fn hold_for(app: &App, access: &Access, instance: &Instance, asked: Asked<'_>) -> Result<Held> {
    let Asked { flag, need, operation, by } = asked;
    check_keys(app, instance)?;
    let section = auth_section(app, instance);
    let settings = Arc::new(AuthConfig::read(section));
    let said = |source: Source| by.filter(|_| source == Source::Flag).unwrap_or(source);
    let event = Event {
        name: "run",
        component: Some(instance.name.clone()),
        stack: Some(instance.stack.clone()),
        ..Event::default()
    };
    let choice = match choose(access, instance, &settings, flag, need, operation) {
        Ok(choice) => choice,
        Err(report) => return Err(unchosen(access, &settings, event, flag, report)?),
    };
    let rails = Rails::read(&settings, &app.host)?;
    let as_nobody = |by: &str| -> Result<()> {
        let Err(report) = rails.without_identity(by) else { return Ok(()) };
        let event = Event { source: Some(by.to_owned()), refused: Some(reason(&report)), ..event.clone() };
        audit::record(access, &settings, &event)?;
        Err(report)
    };
    let (name, source) = match choice {
        Choice::None => {
            as_nobody("the configuration, which names no identity")?;
            return Ok(Held::default());
        }
        Choice::Disabled(source) => {
            as_nobody(&said(source).to_string())?;
            let summary = Some(format!("no identity (switched off by {}), environment as it is", said(source)));
            return Ok(Held { summary, off: source == Source::Flag, ..Held::default() });
        }
        Choice::Identity { name, source } => (name, source),
    };
    let announce = by.is_some() && source == Source::Flag;
    legacy::notice(access);
    let session = access.session.with_settings(settings.clone());
    let own_delivery = component_delivery(&app.config.auth, section);
    // Who wrote it down for a step chose as much as who gives a flag.
    let (by, is_of_step) = (said(source), announce && by == Some(Source::Step));
    let chosen = if is_of_step { Source::Around } else { source };
    let allowed = check_choice(access, &settings, instance, &name, chosen, operation);
    let source = by;
    let holding = Holding { access, session, settings, own_delivery, announce, rails, event };
    match allowed {
        Ok(()) => Ok(Held { of_step: is_of_step, ..holding.hold(name, source).await? }),
        Err(report) => Err(holding.refuse(&name, source, report)?),
    }
}

/// Obtains the credentials of a component, and of the identities that it requires, so that everybody is asked before
/// anything starts. Chains in `done` are not asked for again.
///
/// # Errors
/// As [`hold`].
pub(super) async fn sign_in(
    app: &App,
    access: &Access,
    instance: &Instance,
    flag: &Flag,
    operation: &str,
    done: &mut BTreeSet<String>,
) -> Result<Option<IdentityName>> {
    let section = auth_section(app, instance);
    let settings = Arc::new(AuthConfig::read(section));
    let choice = choose(access, instance, &settings, flag, Need::Run, operation)?;
    let Choice::Identity { name, source } = choice else { return Ok(None) };
    check_choice(access, &settings, instance, &name, source, operation)?;
    let session = Rails::read(&settings, &app.host)?.session(&access.session.with_settings(settings.clone()));
    let others = others(&settings, &name).into_iter();
    let required = others.filter_map(|(other, required)| required.then_some(other));
    for one in std::iter::once(name.clone()).chain(required) {
        let ambient = settings.identity(one.as_str()).is_some_and(|identity| identity.kind.is_ambient());
        if !ambient && done.insert(session.fingerprint_of(&one)?.as_str().to_owned()) {
            access.given(&session, &one).await?;
        }
    }
    Ok(Some(name))
}

/// What a command of the user's own wants beside an identity.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    pub(super) delivery: Option<Delivery>,
    /// Credentials with less left are renewed, or refused.
    pub(super) min_ttl: Option<std::time::Duration>,
    /// For the audit log.
    pub(super) event: &'static str,
}

/// The same for a command of the user's own (`auth exec`), with an identity that is already chosen.
///
/// # Errors
/// Authentication fails: then nothing has been started or written.
pub(super) async fn hold_chosen(access: &Access, name: IdentityName, source: Source, wish: Wish) -> Result<Held> {
    legacy::notice(access);
    let (session, settings) = (access.session.clone(), access.settings.clone());
    let own_delivery = wish.delivery.map(|delivery| (delivery.name().to_owned(), Span::default()));
    let mut rails = Rails::read(&settings, &access.host)?;
    rails.min_ttl = wish.min_ttl.or(rails.min_ttl);
    let event = access.event(wish.event);
    let allowed = check_command(access, &name, source);
    let holding = Holding { access, session, settings, own_delivery, announce: true, rails, event };
    match allowed {
        Ok(()) => Ok(Held { of_step: source == Source::Step, ..holding.hold(name, source).await? }),
        Err(report) => Err(holding.refuse(&name, source, report)?),
    }
}

/// The identity of a command of the user's own.
///
/// # Errors
/// As [`Access::command_identity`], once that is written down.
pub(super) fn command_identity(access: &Access, event: &'static str, flag: &Flag) -> Result<Choice> {
    match access.command_identity(flag) {
        Ok(choice) => Ok(choice),
        Err(report) => {
            let event = access.event(event);
            Err(unchosen(access, &access.settings, event, flag, report)?)
        }
    }
}

/// The reason why nobody was chosen, once it is written down. Who leaves a selection was refused nothing.
///
/// # Errors
/// The line cannot be written.
pub(super) fn unchosen(
    access: &Access,
    settings: &AuthConfig,
    event: Event,
    flag: &Flag,
    report: Report,
) -> Result<Report> {
    let lost = report.lacking().is_some() || report.code().as_deref() == Some("atmos::auth::malformed");
    if lost {
        let identity = if let Flag::Name(name) = flag { Some(name.clone()) } else { None };
        audit::record(access, settings, &Event { identity, refused: Some(reason(&report)), ..event })?;
    }
    Ok(report)
}

/// The environment of a command of the user's own: process, `env` of `atmos.yaml`, identity.
pub(super) fn plain_environment(app: &App, access: &Access, held: &Held) -> Env {
    let entries = environment::entries([&app.config.env]);
    let mut env = match &held.run {
        Some(run) => run.child_env(&app.host.env, &entries),
        None => child_env(&app.host.env, &entries, None, &forbidden(&app.host, access)).0,
    };
    held.pass_on(&mut env);
    env
}

/// The environment of a step: process, `env` of `atmos.yaml`, the layers that the step adds, identity. A step that is this
/// program itself and has no identity opens the keyring as we could; nobody else gets what opens it.
pub(super) fn step_environment(app: &App, layers: &[(String, Option<String>)], held: &Held, own: bool) -> Env {
    let mut entries = environment::entries([&app.config.env]);
    entries.extend(layers.iter().cloned());
    let mut env = match &held.run {
        Some(run) => run.child_env(&app.host.env, &entries),
        None if own => child_env(&app.host.env, &entries, None, &[]).0.with_passwords(),
        None => {
            let keyring = AuthConfig::read(&app.config.auth).keyring.settings();
            child_env(&app.host.env, &entries, None, &password_variables(&app.host.env, &keyring)).0
        }
    };
    if held.of_step
        && let Some(name) = &held.identity
    {
        env.set(ANNOUNCED, name.as_str());
    }
    held.pass_on(&mut env);
    env
}

/// `auth.delivery` of the component where it says something else than the configuration.
pub(super) fn component_delivery(global: &Node, section: &Node) -> Option<(String, Span)> {
    let of = |node: &Node| node.get("delivery").and_then(|node| Some((node.as_str()?.to_owned(), node.span)));
    of(section).filter(|(own, _)| of(global).is_none_or(|(global, _)| global != *own))
}

/// The pieces of one [`hold`].
struct Holding<'a> {
    access: &'a Access,
    session: Session,
    settings: Arc<AuthConfig>,
    /// With its place, if it has one.
    own_delivery: Option<(String, Span)>,
    /// The child is a command of the user's own, which may know the identity's name.
    announce: bool,
    rails: Rails,
    /// What the audit log says of it, as far as it is known from the start.
    event: Event,
}

impl Holding<'_> {
    /// Holds the identity, and writes down that it did or why it did not.
    async fn hold(&self, name: IdentityName, source: Source) -> Result<Held> {
        match self.guarded(name.clone(), source).await {
            Ok(held) => Ok(held),
            Err(report) => Err(self.refuse(&name, source, report)?),
        }
    }

    /// The reason of a refusal, once it is written down.
    fn refuse(&self, name: &IdentityName, source: Source, report: Report) -> Result<Report> {
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
        let revocable = Some((self.session.clone(), settings.extras.revocable.clone()));
        let run = Run::open(&self.access.host, settings).await?;
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
        let extras = integrations::for_run(self.access, &self.session, &name, &credentials);
        let extras = Box::pin(extras).await;
        let expiration = credentials.expiration();
        if let Credentials::Environment(given) = credentials {
            own = RunIdentity { style: Style::Environment, given: Some(given), ..own };
        }
        let delivery = own.delivery;
        let mut allowed = Vec::with_capacity(others.len());
        for (other, _) in &others {
            let known = self.access.describe(&self.session, other).await?;
            allowed.push(self.run_identity(other, &known.provider, known.region)?);
        }
        self.write_down(&name, source, &known, Some(delivery), expiration)?;
        let revocable = Some((self.session.clone(), extras.revocable.clone()));
        let settings = RunSettings { identity: Some(own), extras, ..self.settings_of_run(allowed) };
        let run = Run::open(&self.access.host, settings).await?;
        let account = known.account.map(|account| format!(", account {account}")).unwrap_or_default();
        let summary = format!("identity {name} ({source}){account}, delivery {delivery}");
        let (run, summary, identity) = (Some(run), Some(summary), Some(name));
        Ok(Held { run, summary, identity, region, revocable, ..Held::default() })
    }

    /// Everything of a run but its own identity.
    fn settings_of_run(&self, allowed: Vec<RunIdentity>) -> RunSettings {
        RunSettings {
            identity: None,
            allowed,
            source: self.source(),
            tokens: Some(self.tokens()),
            configuration: self.access.configuration.display().to_string(),
            forbidden: forbidden(&self.access.host, self.access),
            announce: self.announce,
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
        let style = super::auth::style(identity.map(|identity| identity.kind_text.as_str()).unwrap_or_default());
        let env = identity.map(|identity| identity.env.clone()).unwrap_or_default();
        let fingerprint = self.session.fingerprint_of(name)?.as_str().to_owned();
        let (name, profile) = (name.to_string(), profile_name(name.as_str())?);
        Ok(RunIdentity { name, profile, fingerprint, region, style, delivery, env, given: None })
    }
}

/// Why something was refused, in the words of the audit log.
pub(super) fn reason(report: &Report) -> String {
    report.code().unwrap_or_else(|| "error".to_owned())
}

/// The other identities that the run may use, each with whether it is required.
fn others(settings: &AuthConfig, own: &IdentityName) -> Vec<(IdentityName, bool)> {
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
pub(super) fn delivery_word(
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

fn forbidden(host: &Host, access: &Access) -> Vec<String> {
    password_variables(&host.env, &access.keyring)
}

/// The environment of a component's children: process, `env` of `atmos.yaml`, `env` of the component, identity, then the
/// variables by which a nested atmos finds its way.
pub(super) fn environment(app: &App, access: &Access, component_env: &Node, held: &Held) -> Env {
    let entries = environment::entries([&app.config.env, component_env]);
    let mut env = match &held.run {
        Some(run) => run.child_env(&app.host.env, &entries),
        None => child_env(&app.host.env, &entries, None, &forbidden(&app.host, access)).0,
    };
    held.pass_on(&mut env);
    let atmos = Atmos {
        config_dir: &app.config.directory,
        base_path: &app.config.base_path,
        terminal: app.host.terminal.stderr,
    };
    environment::add_atmos(&mut env, &atmos);
    env
}

/// Terminal, masker and working directory, as [`process::run`] wants them.
pub(super) fn surroundings(host: &Host) -> process::Surroundings<'_> {
    process::Surroundings {
        terminal: host.terminal,
        masker: &host.masker,
        cwd: &host.cwd,
        exe: Some(&host.exe),
        relay: None,
        lock: None,
        aside: None,
        input: None,
    }
}
