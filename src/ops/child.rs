//! What terraform and helmfile runs have in common: the identity of a component, held for one run, and the environment
//! of its children.
//!
//! Read [`hold`] first. Row 12.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::App;
use super::access::Access;
use super::identity::{Choice, Question};
use super::legacy;
use crate::auth::delivery::{Delivery, Style, child_env, profile_name};
use crate::auth::resolution::{Flag, Need, Source};
use crate::auth::run::{Run, RunIdentity, RunSettings};
use crate::auth::setting;
use crate::auth::store::password_variables;
use crate::auth::validate::scoped_keys;
use crate::auth::{AuthConfig, Error, IdentityName, Session, Severity};
use crate::component::Instance;
use crate::diag::{Result, Warning};
use crate::exec::environment::{self, Atmos};
use crate::exec::process;
use crate::host::{Env, Host, fs};
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
}

impl Held {
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

    /// Removes everything private. The last child has ended.
    ///
    /// # Errors
    /// The directory cannot be removed.
    pub(super) fn close(self) -> Result<()> {
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

/// Finds out before anything starts whether the component's setting can be read.
///
/// # Errors
/// `settings.auth` is malformed.
pub(super) fn check_setting(app: &App, instance: &Instance) -> Result<()> {
    setting::identity(&instance.sections.settings, &app.host.sources, &app.host.talk)?;
    Ok(())
}

/// Chooses the component's own identity, authenticates it and every required one, and prepares its private directory.
///
/// # Errors
/// No identity resolves where `need` says that one must, or authentication fails: then nothing has been started or written.
pub(super) async fn hold(app: &App, access: &Access, instance: &Instance, flag: &Flag, need: Need) -> Result<Held> {
    check_keys(app, instance)?;
    let section = auth_section(app, instance);
    let settings = Arc::new(AuthConfig::read(section));
    let choice = choose(app, access, instance, &settings, flag, need)?;
    let (name, source) = match choice {
        Choice::None => return Ok(Held::default()),
        Choice::Disabled(by) => {
            let summary = Some(format!("no identity (switched off by {by}), environment as it is"));
            return Ok(Held { summary, ..Held::default() });
        }
        Choice::Identity { name, source } => (name, source),
    };
    legacy::notice(access);
    let session = access.session.with_settings(settings.clone());
    let own_delivery = component_delivery(&app.config.auth, section);
    Holding { access, session, settings, own_delivery, announce: false }.hold(name, source).await
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
    done: &mut BTreeSet<String>,
) -> Result<Option<IdentityName>> {
    let section = auth_section(app, instance);
    let settings = Arc::new(AuthConfig::read(section));
    let Choice::Identity { name, .. } = choose(app, access, instance, &settings, flag, Need::Run)? else {
        return Ok(None);
    };
    let session = access.session.with_settings(settings.clone());
    let holding = Holding { access, session, settings, own_delivery: None, announce: false };
    let required = holding.others(&name).into_iter().filter_map(|(other, required)| required.then_some(other));
    for one in std::iter::once(name.clone()).chain(required) {
        if done.insert(holding.session.fingerprint_of(&one)?.as_str().to_owned()) {
            access.credentials(&holding.session, &one).await?;
        }
    }
    Ok(Some(name))
}

/// The `auth` section that counts for a component.
pub(super) fn auth_section<'a>(app: &'a App, instance: &'a Instance) -> &'a Node {
    if instance.sections.auth.is_empty() { &app.config.auth } else { &instance.sections.auth }
}

/// Who a component is.
///
/// # Errors
/// No identity resolves where one is needed.
pub(super) fn choose(
    app: &App,
    access: &Access,
    instance: &Instance,
    settings: &AuthConfig,
    flag: &Flag,
    need: Need,
) -> Result<Choice> {
    access.choose(&Question {
        flag: flag.clone(),
        auth: settings,
        defaults: &instance.auth_defaults,
        setting: setting::identity(&instance.sections.settings, &app.host.sources, &app.host.talk)?,
        need,
        instance: Some((&instance.name, &instance.stack)),
    })
}

/// That nobody tried to choose the identity in the wrong place: the run would silently be somebody else.
fn check_keys(app: &App, instance: &Instance) -> Result<()> {
    let context = format!(" (component `{}` in stack `{}`)", instance.name, instance.stack);
    for problem in scoped_keys(&instance.sections.auth, &app.config.auth) {
        if problem.severity == Severity::Error {
            return Err(Error::misplaced_key(&problem, context, &app.host.sources).into());
        }
        let warning = Warning::new("atmos::auth::unknown_key", format!("{}{context}", problem.message));
        app.host.talk.warn(match app.host.sources.place(problem.span) {
            Some(place) => warning.at(place),
            None => warning,
        });
    }
    Ok(())
}

/// The same for a command of the user's own (`auth exec`), with an identity that is already chosen.
///
/// # Errors
/// Authentication fails: then nothing has been started or written.
pub(super) async fn hold_chosen(
    access: &Access,
    name: IdentityName,
    source: Source,
    delivery: Option<Delivery>,
) -> Result<Held> {
    legacy::notice(access);
    let (session, settings) = (access.session.clone(), access.settings.clone());
    let own_delivery = delivery.map(|delivery| (delivery.name().to_owned(), Span::default()));
    Holding { access, session, settings, own_delivery, announce: true }.hold(name, source).await
}

/// The environment of a command of the user's own: process, `env` of `atmos.yaml`, identity.
pub(super) fn plain_environment(app: &App, access: &Access, held: &Held) -> Env {
    let entries = environment::entries([&app.config.env]);
    match &held.run {
        Some(run) => run.child_env(&app.host.env, &entries),
        None => child_env(&app.host.env, &entries, None, &forbidden(&app.host, access)).0,
    }
}

/// The environment of a step: process, `env` of `atmos.yaml`, the layers that the step adds, identity. A step that is this
/// program itself and has no identity opens the keyring as we could; nobody else gets what opens it.
pub(super) fn step_environment(app: &App, layers: &[(String, Option<String>)], held: &Held, own: bool) -> Env {
    let mut entries = environment::entries([&app.config.env]);
    entries.extend(layers.iter().cloned());
    match &held.run {
        Some(run) => run.child_env(&app.host.env, &entries),
        None if own => child_env(&app.host.env, &entries, None, &[]).0,
        None => {
            let keyring = AuthConfig::read(&app.config.auth).keyring.settings();
            child_env(&app.host.env, &entries, None, &password_variables(&app.host.env, &keyring)).0
        }
    }
}

/// `auth.delivery` of the component where it says something else than the configuration.
fn component_delivery(global: &Node, section: &Node) -> Option<(String, Span)> {
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
}

impl Holding<'_> {
    async fn hold(&self, name: IdentityName, source: Source) -> Result<Held> {
        let credentials = self.access.credentials(&self.session, &name).await?;
        let others = self.others(&name);
        for (other, required) in &others {
            if *required {
                self.access.credentials(&self.session, other).await?;
            }
        }
        let known = self.access.describe(&self.session, &name).await?;
        let region = credentials.region.clone().or_else(|| known.region.clone());
        let own = self.run_identity(&name, &known.provider, region.clone())?;
        let delivery = own.delivery;
        let mut allowed = Vec::with_capacity(others.len());
        for (other, _) in &others {
            let known = self.access.describe(&self.session, other).await?;
            allowed.push(self.run_identity(other, &known.provider, known.region)?);
        }
        let settings = RunSettings {
            identity: Some(own),
            allowed,
            source: self.source(),
            configuration: self.access.configuration.display().to_string(),
            forbidden: forbidden(&self.access.host, self.access),
            announce: self.announce,
        };
        let run = Run::open(&self.access.host, settings).await?;
        let account = known.account.map(|account| format!(", account {account}")).unwrap_or_default();
        let summary = format!("identity {name} ({source}){account}, delivery {delivery}");
        Ok(Held { run: Some(run), summary: Some(summary), identity: Some(name), region })
    }

    /// The run that this process is a child of, else the session itself. A nested atmos may use what its parent allows and
    /// nothing else.
    fn source(&self) -> crate::auth::run::Source {
        match &self.access.parent {
            Some(parent) => parent.source(self.session.clone()),
            None => source_of(self.session.clone()),
        }
    }

    /// The other identities that the run may use, each with whether it is required.
    fn others(&self, own: &IdentityName) -> Vec<(IdentityName, bool)> {
        let allowed = self.settings.node.get("allowed_identities").and_then(Node::as_list).unwrap_or_default();
        let allowed: Vec<&IdentityName> =
            allowed.iter().filter_map(|entry| Some(&self.settings.identity(entry.as_str()?)?.name)).collect();
        self.settings
            .identities
            .values()
            .filter(|identity| identity.name != *own)
            .filter(|identity| identity.required || allowed.contains(&&identity.name))
            .map(|identity| (identity.name.clone(), identity.required))
            .collect()
    }

    fn run_identity(&self, name: &IdentityName, provider: &str, region: Option<String>) -> Result<RunIdentity> {
        let identity = self.settings.identity(name.as_str());
        let provider = self.settings.provider(provider);
        let written = |node: &Node| {
            let delivery = node.get("delivery").filter(|delivery| !delivery.is_null())?;
            Some((delivery.scalar_text()?, delivery.span))
        };
        let word = self
            .own_delivery
            .clone()
            .or_else(|| written(&identity?.node))
            .or_else(|| written(&provider?.node))
            .or_else(|| written(&self.settings.node));
        let delivery = match word {
            Some((word, span)) => Delivery::parse(&word, self.access.host.sources.place(span).as_ref())?,
            None => Delivery::default(),
        };
        let style = match identity.map(|identity| identity.kind_text.as_str()) {
            Some("mock") => Style::Mock,
            Some("mock/aws") => Style::MockAws,
            _ => Style::Aws,
        };
        let env = identity.map(|identity| identity.env.clone()).unwrap_or_default();
        let fingerprint = self.session.fingerprint_of(name)?.as_str().to_owned();
        let (name, profile) = (name.to_string(), profile_name(name.as_str())?);
        Ok(RunIdentity { name, profile, fingerprint, region, style, delivery, env })
    }
}

/// Where the run's helper gets credentials while the child runs: from the session, which renews them.
fn source_of(session: Session) -> crate::auth::run::Source {
    Arc::new(move |name: String| {
        let session = session.clone();
        Box::pin(async move {
            session.credentials(&IdentityName::from(name.as_str())).await.map_err(|error| error.to_string())
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
    let atmos = Atmos {
        config_dir: &app.config.directory,
        base_path: &app.config.base_path,
        terminal: app.host.terminal.stderr,
    };
    environment::add_atmos(&mut env, &atmos);
    env
}

/// The directory of the shared plugin cache, made if it is missing; `None` when it is switched off.
///
/// # Errors
/// The directory cannot be made.
pub(super) fn plugin_cache(app: &App) -> Result<Option<PathBuf>, crate::exec::Error> {
    if !app.config.terraform.plugin_cache {
        return Ok(None);
    }
    let configured = app.config.terraform.plugin_cache_dir.clone();
    let (directory, made) = if let Some(directory) = configured {
        // Somewhere else it may be shared with others.
        let made = std::fs::create_dir_all(&directory);
        (directory, made)
    } else {
        let directory = app.host.dirs.cache.join("atmos/terraform/plugins");
        if !directory.is_absolute() {
            // Without a home it would lie in the working directory.
            return Ok(None);
        }
        let made = fs::create_dirs(&directory);
        (directory, made)
    };
    made.map_err(crate::exec::Error::file("create", &directory))?;
    Ok(Some(directory))
}

/// Terminal, masker and working directory, as [`process::run`] wants them.
pub(super) fn surroundings(host: &Host) -> process::Surroundings<'_> {
    process::Surroundings {
        terminal: host.terminal,
        masker: &host.masker,
        cwd: &host.cwd,
        exe: Some(&host.exe),
        relay: None,
    }
}
