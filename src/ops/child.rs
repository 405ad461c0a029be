//! What terraform and helmfile runs have in common: the identity of a component, held for one run, and the environment
//! of its children.
//!
//! Read [`hold`] first. Row 12.

mod holding;

use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) use self::holding::delivery_word;
use self::holding::{Holding, others};
use super::App;
use super::access::Access;
use super::audit::{self, Event};
use super::auth::scope::lead;
use super::choice::{auth_section, check_keys, choose, own_identity};
use super::guard::{Rails, check_choice, check_command};
use super::identity::{ANNOUNCED, Choice};
use super::legacy;
use crate::auth::delivery::{Delivery, child_env};
use crate::auth::resolution::{Flag, Need, Source};
use crate::auth::run::Run;
use crate::auth::{AuthConfig, IdentityName, Session};
use crate::component::Instance;
use crate::diag::{Report, Result};
use crate::exec::environment::{self, Atmos};
use crate::exec::{process, shell_variables};
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
    revocable: Option<Revocable>,
}

/// Tokens that are taken back when the run is over, and by whom.
type Revocable = (Session, Vec<Secret>);

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

    /// Removes everything private when the last child has ended, however that was: the failure of the work counts for more
    /// than one of the cleaning.
    ///
    /// # Errors
    /// That of the work, else the directory cannot be removed.
    pub(super) async fn close_after<T, E>(self, work: Result<T, E>) -> Result<T>
    where
        E: Into<Report>,
    {
        let closed = self.close().await;
        let done = work.map_err(Into::into)?;
        closed.map(|()| done)
    }

    async fn close(self) -> Result<()> {
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
    access.command_identity(flag).or_else(|report| Err(unchosen_by_user(access, event, flag, report)?))
}

/// The same for commands that make no sense without one, with who chose it.
///
/// # Errors
/// As [`Access::needed_choice`], once that is written down.
pub(super) fn needed_choice(access: &Access, event: &'static str, flag: &Flag) -> Result<(IdentityName, Source)> {
    access.needed_choice(flag).or_else(|report| Err(unchosen_by_user(access, event, flag, report)?))
}

/// [`unchosen`] of a command of the user's own.
pub(super) fn unchosen_by_user(access: &Access, event: &'static str, flag: &Flag, report: Report) -> Result<Report> {
    unchosen(access, &access.settings, access.event(event), flag, report)
}

/// The reason why nobody was chosen, once it is written down. Who leaves a selection was refused nothing.
///
/// # Errors
/// The line cannot be written.
fn unchosen(access: &Access, settings: &AuthConfig, event: Event, flag: &Flag, report: Report) -> Result<Report> {
    let lost = report.lacking().is_some() || report.code().as_deref() == Some("atmos::auth::malformed");
    if lost {
        let identity = if let Flag::Name(name) = flag { Some(name.clone()) } else { None };
        audit::record(access, settings, &Event { identity, refused: Some(reason(&report)), ..event })?;
    }
    Ok(report)
}

/// The environment of a command of the user's own: process, `env` of `atmos.yaml`, identity.
pub(super) fn plain_environment(app: &App, held: &Held) -> Env {
    let entries = environment::entries([&app.config.env]);
    let mut env = match &held.run {
        Some(run) => run.child_env(&app.host.env, &entries),
        None => child_env(&app.host.env, &entries, None).0,
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
        None if own => child_env(&app.host.env, &entries, None).0.with_passwords(),
        None => child_env(&app.host.env, &entries, None).0,
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

/// Why something was refused, in the words of the audit log.
pub(super) fn reason(report: &Report) -> String {
    report.code().unwrap_or_else(|| "error".to_owned())
}

/// The environment of a component's children: process, `env` of `atmos.yaml`, `env` of the component, identity, then the
/// variables by which a nested atmos finds its way.
pub(super) fn environment(app: &App, component_env: &Node, held: &Held) -> Env {
    let entries = environment::entries([&app.config.env, component_env]);
    let own = shell_variables::without(&app.host.env);
    let mut env = match &held.run {
        Some(run) => run.child_env(&own, &entries),
        None => child_env(&own, &entries, None).0,
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

/// What is known of that before anybody has signed in.
pub(super) fn early_environment(app: &App, component_env: &Node) -> Env {
    let mut env = shell_variables::without(&app.host.env).into_owned();
    for (name, value) in environment::entries([&app.config.env, component_env]) {
        env.change(&name, value.as_deref());
    }
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
