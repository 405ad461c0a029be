//! The `auth` section of the configuration with its session: what every command that needs identities starts from.
//!
//! Read [`Access::open`]. Row 12.

use std::sync::Arc;

use super::App;
use super::identity::{self, Answers, Choice, Question};
use crate::auth::Options;
use crate::auth::Session;
use crate::auth::cache::Cache;
use crate::auth::resolution::{Flag, Need};
use crate::auth::{AuthConfig, Error, IdentityName, Realm, store};
use crate::diag::Result;
use crate::host::Host;

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
    /// Arguments by which a helper that is started elsewhere finds this configuration.
    pub helper_arguments: Vec<String>,
    answers: Arc<Answers>,
}

impl Access {
    /// Reads the section. Neither keyring nor network is asked before the first credentials are wanted.
    pub fn open(app: &App, options: Options) -> Result<Access> {
        let host = app.host.clone();
        let settings = Arc::new(AuthConfig::read(&app.config.auth));
        let directory = app.config.found.then_some(app.config.directory.as_path());
        let realm = Realm::of(&host, &settings, directory)?;
        let keyring = settings.keyring.settings();
        let cache = Arc::new(Cache::open(&host, &keyring, realm.as_str()));
        let session = Session::new(&host, settings.clone(), realm.clone(), cache.clone(), options);
        let helper_arguments = app.locate.clone();
        Ok(Access { host, settings, realm, keyring, cache, session, helper_arguments, answers: Arc::default() })
    }

    /// Answers a question about an identity, at a terminal with the user's help.
    pub fn choose(&self, question: &Question<'_>) -> Result<Choice> {
        identity::choose(&self.host, &self.answers, question)
    }

    /// The identity of an `auth` command: flag, variable, default of the configuration.
    pub fn command_identity(&self, flag: &Flag) -> Result<Choice> {
        self.choose(&Question {
            flag: flag.clone(),
            auth: &self.settings,
            defaults: &[],
            setting: None,
            need: Need::Identity,
            instance: None,
        })
    }

    /// The same for commands that make no sense without one.
    pub fn needed_identity(&self, flag: &Flag) -> Result<IdentityName> {
        match self.command_identity(flag)? {
            Choice::Identity { name, .. } => Ok(name),
            Choice::Disabled(_) => Err(Error::Disabled.into()),
            Choice::None => Err(Error::NoDefault { context: String::new(), help: NO_DEFAULT_HELP.to_owned() }.into()),
        }
    }
}

const NO_DEFAULT_HELP: &str = "name an identity with `--identity <name>`, or set `default: true` at one of them";
