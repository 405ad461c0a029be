//! The `auth` section of the configuration with its session: what every command that needs identities starts from.
//!
//! Read [`Access::open`]. Row 12.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::App;
use super::audit::Event;
use super::identity::{self, Answers, Choice, Question};
use crate::auth::Options;
use crate::auth::Session;
use crate::auth::cache::Cache;
use crate::auth::creds::AwsCredentials;
use crate::auth::given::Credentials;
use crate::auth::resolution::{Flag, Need, Source, Why};
use crate::auth::run::{self, Parent};
use crate::auth::setting::{self, READ};
use crate::auth::{AuthConfig, Description, Error, IdentityName, Realm, store};
use crate::component::Instance;
use crate::config::{Config, GitSts};
use crate::diag::{Failure, Report, Result};
use crate::host::Host;
use crate::secret::{Secret, holds_secret};
use crate::value::Node;

/// Settings, realm, keyring and session. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Access {
    pub host: Host,
    /// The section of the configuration; a component's section is read on top of it.
    pub settings: Arc<AuthConfig>,
    pub realm: Realm,
    pub keyring: store::Settings,
    pub cache: Arc<Cache>,
    pub session: Session,
    /// The run that this process is a child of: it gives the credentials, and the keyring stays closed.
    pub parent: Option<Parent>,
    /// Directory of the configuration.
    pub configuration: PathBuf,
    /// Arguments by which a helper that is started elsewhere finds this configuration.
    pub helper_arguments: Vec<String>,
    /// Stack or component whose section it is, where a command was asked about one.
    owner: Option<Arc<Instance>>,
    /// What tokens of GitHub are given by where an integration does not say it.
    pub git_sts: GitSts,
    answers: Arc<Answers>,
    /// What integrations have done in this process.
    done: Arc<Mutex<BTreeSet<String>>>,
}

impl Access {
    /// Reads the section. Neither keyring nor network is asked before the first credentials are wanted.
    pub fn open(app: &App, options: Options) -> Result<Access> {
        Access::of(&app.host, &app.config, &app.locate, options)
    }

    /// The same without any more than that.
    ///
    /// # Errors
    /// As [`Access::open`].
    pub(super) fn of(host: &Host, config: &Config, locate: &[String], options: Options) -> Result<Access> {
        let host = host.clone();
        let settings = Arc::new(AuthConfig::read(&config.auth));
        mask_section(&host, &settings.node);
        let directory = config.found.then_some(config.directory.as_path());
        let realm = Realm::of(&host, &settings, directory)?;
        let keyring = settings.keyring.settings();
        let cache = Arc::new(Cache::open(&host, &keyring, realm.as_str()));
        let session = Session::new(&host, settings.clone(), realm.clone(), cache.clone(), options);
        let helper_arguments = locate.to_vec();
        let configuration = config.directory.clone();
        let git_sts = config.settings.git_sts.clone();
        let parent = Parent::of(&host.env, &configuration);
        let (answers, done) = (Arc::default(), Arc::default());
        Ok(Access {
            host,
            settings,
            realm,
            keyring,
            cache,
            session,
            parent,
            configuration,
            helper_arguments,
            owner: None,
            git_sts,
            answers,
            done,
        })
    }

    /// The same with the section of a component, or of a stack for one without a name. Realm, keyring and cache stay those
    /// of the configuration.
    pub(super) fn of_owner(self, section: &Node, owner: Arc<Instance>) -> Access {
        let settings = Arc::new(AuthConfig::read(section));
        mask_section(&self.host, &settings.node);
        let session = self.session.with_settings(settings.clone());
        Access { settings, session, owner: Some(owner), ..self }
    }

    /// The stack or component that the command is about.
    pub(super) fn owner(&self) -> Option<&Instance> {
        self.owner.as_deref()
    }

    /// The same where the run around this process has said what its identities are: those of a profile or of a stack too, which
    /// this configuration does not have. Blocks.
    pub(super) fn informed(self) -> Access {
        let Some(parent) = self.parent.clone() else { return self };
        let (parent, complete) = parent.informed(&self.session, self.owner.is_some());
        let parent = Some(parent);
        let Some(settings) = complete.map(Arc::new) else { return Access { parent, ..self } };
        let session = self.session.with_settings(settings.clone());
        Access { settings, session, parent, ..self }
    }

    /// The identity that the run around this process is, where nothing else is named.
    fn identity_around(&self, flag: &Flag) -> Option<IdentityName> {
        let is_named = self.host.env.lossy("ATMOS_IDENTITY").is_some_and(|name| !name.trim().is_empty());
        if *flag != Flag::NotGiven || is_named {
            return None;
        }
        let own = self.parent.as_ref()?.own()?;
        Some(self.settings.identity(own.as_str())?.name.clone())
    }

    /// The flags by which another call is about the same stack and component.
    pub(super) fn scope_arguments(&self) -> Vec<String> {
        let Some(owner) = &self.owner else { return Vec::new() };
        let stack = ["--stack".to_owned(), owner.stack.clone()];
        let component = Some(&owner.name).filter(|name| !name.is_empty());
        let component = component.map(|name| ["--component".to_owned(), name.clone()]);
        stack.into_iter().chain(component.into_iter().flatten()).collect()
    }

    /// An event for the audit log that says whose section counted.
    pub(super) fn event(&self, name: &'static str) -> Event {
        let (component, stack) = match &self.owner {
            Some(owner) => (Some(owner.name.clone()).filter(|name| !name.is_empty()), Some(owner.stack.clone())),
            None => (None, None),
        };
        Event { name, component, stack, ..Event::default() }
    }

    /// Refuses a section from which nobody can tell who there is.
    ///
    /// # Errors
    /// [`Error::Malformed`]
    pub fn sound(self) -> Result<Access> {
        self.settings.sound(&self.host.sources)?;
        Ok(self)
    }

    /// What an identity of `session` gives: from the run around this process, which may use some identities and nothing
    /// else, or by the session itself.
    ///
    /// # Errors
    /// As [`Session::given`]; the run is gone, refuses, or means another identity by the name.
    pub async fn given(&self, session: &Session, name: &IdentityName) -> Result<Credentials> {
        match &self.parent {
            Some(parent) => parent.credentials(session, name).await.map_err(refused),
            None => Ok(session.given(name).await?),
        }
    }

    /// The same where keys of AWS are wanted.
    ///
    /// # Errors
    /// As [`Access::given`], and [`Error::NotAws`].
    pub async fn credentials(&self, session: &Session, name: &IdentityName) -> Result<AwsCredentials> {
        Self::keys(session, name, self.given(session, name).await?)
    }

    /// Of what an identity gave the keys of AWS.
    ///
    /// # Errors
    /// [`Error::NotAws`].
    pub(super) fn keys(session: &Session, name: &IdentityName, given: Credentials) -> Result<AwsCredentials> {
        match given {
            Credentials::Aws(keys) => Ok(keys),
            Credentials::Environment(_) => {
                let kind = session.settings().identity(name.as_str()).map(|known| known.kind_text.clone());
                Err(Error::NotAws { identity: name.to_string(), kind: kind.unwrap_or_default() }.into())
            }
        }
    }

    /// What is known of an identity. Within a run that is what the configuration says: nothing is cached here.
    ///
    /// # Errors
    /// As [`Session::chain`]; the keyring cannot be opened.
    pub async fn describe(&self, session: &Session, name: &IdentityName) -> Result<Description> {
        match &self.parent {
            Some(_) => Ok(session.outline(name)?),
            None => Ok(session.describe(name).await?),
        }
    }

    /// Whether this process has not done this yet; from now on it has.
    pub(super) fn is_first(&self, what: &str) -> bool {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned())
    }

    /// It has failed: the next one tries again.
    pub(super) fn has_failed(&self, what: &str) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }

    /// Answers a question about an identity, at a terminal with the user's help.
    pub fn choose(&self, question: &Question<'_>) -> Result<Choice> {
        identity::choose(&self.host, &self.answers, question)
    }

    /// The identity of an `auth` command: flag, variable, setting of the component or stack that it is about, the run
    /// around it, default.
    pub fn command_identity(&self, flag: &Flag) -> Result<Choice> {
        if let Some(owner) = &self.owner {
            let setting = setting::identity(&owner.sections.settings, READ, &self.host.sources, &self.host.talk)?;
            return self.choose(&Question {
                flag: flag.clone(),
                auth: &self.settings,
                defaults: &owner.auth_defaults,
                setting,
                need: Need::Identity,
                instance: (!owner.name.is_empty()).then_some((&owner.name, &owner.stack)),
            });
        }
        if let Some(name) = self.identity_around(flag) {
            return Ok(Choice::Identity { name, source: Source::Run });
        }
        self.choose(&Question {
            flag: flag.clone(),
            auth: &self.settings,
            defaults: &[],
            setting: None,
            need: Need::Identity,
            instance: None,
        })
    }

    /// One of several identities, at a terminal with the user's help.
    ///
    /// # Errors
    /// Nobody can be asked, or the user leaves the selection.
    pub fn pick(&self, candidates: Vec<IdentityName>) -> Result<IdentityName> {
        if !self.host.terminal.can_prompt() {
            let names: Vec<&str> = candidates.iter().map(IdentityName::as_str).collect();
            return Err(Error::SelectionNeedsTty { known: format!("known: {}", names.join(", ")) }.into());
        }
        self.answers.select(&self.host, candidates, Why::Asked)
    }

    /// The same for commands that make no sense without one.
    pub fn needed_identity(&self, flag: &Flag) -> Result<IdentityName> {
        Ok(self.needed_choice(flag)?.0)
    }

    /// The same with who chose it.
    pub(super) fn needed_choice(&self, flag: &Flag) -> Result<(IdentityName, Source)> {
        match self.command_identity(flag)? {
            Choice::Identity { name, source } => Ok((name, source)),
            Choice::Disabled(_) => Err(Error::Disabled.into()),
            Choice::None => Err(Error::NoDefault { context: String::new(), help: NO_DEFAULT_HELP.to_owned() }.into()),
        }
    }
}

/// Registers what is secret by its name, and the users of all URLs of the section and of the endpoint variables: an error
/// shows the lines of a file as they are.
pub(super) fn mask_section(host: &Host, node: &Node) {
    let register = |text: &str, secret: bool| {
        if secret {
            host.masker.register(&Secret::from(text.to_owned()));
        } else {
            host.masker.register_user(text);
        }
    };
    let mut open = Vec::new();
    for (key, value) in node.as_map().into_iter().flatten() {
        match value.as_map().filter(|_| ["providers", "identities"].contains(&&**key)) {
            // Their names are the user's own and say nothing of what is below.
            Some(entries) => open.extend(entries.iter().map(|(_, entry)| (entry, false))),
            None => open.push((value, holds_secret(key, value.as_map().is_some()))),
        }
    }
    while let Some((node, secret)) = open.pop() {
        let entries = node.as_map().into_iter().flatten();
        open.extend(entries.map(|(key, value)| (value, secret || holds_secret(key, value.as_map().is_some()))));
        open.extend(node.as_list().into_iter().flatten().map(|entry| (entry, secret)));
        node.as_str().into_iter().for_each(|text| register(text, secret));
    }
    let endpoints = host.env.iter().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_ENDPOINT_URL"));
    endpoints.filter_map(|(_, value)| value.to_str()).for_each(|url| register(url, false));
}

/// What the run around this process said, with the way out.
pub(super) fn refused(error: run::Error) -> Report {
    match error {
        run::Error::Refused { identity, reason } => ParentRefused { name: identity, cause: reason }.into(),
        other => other.into(),
    }
}

/// The run around this process gives no credentials of that identity.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the run around this command gives no credentials of `{name}`: {cause}")]
#[diagnostic(
    code(atmos::auth::parent_refused),
    help("let the outer component use it (`required: true`, or `auth.allowed_identities`), or run this outside of it")
)]
struct ParentRefused {
    name: String,
    cause: String,
}

impl Failure for ParentRefused {}

const NO_DEFAULT_HELP: &str = "name an identity with `--identity <name>`, or set `default: true` at one of them";
