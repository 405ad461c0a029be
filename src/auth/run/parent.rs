//! The run that this process is a child of. It gives the credentials here: the keyring is out of reach. Row 5.
//!
//! Every question carries the fingerprint of the chain that is meant, because two configurations may use one name for
//! unlike accounts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::client::{Meant, Question, request, told};
use super::directory::{CONFIG, CREDENTIALS};
use super::{Error, Source, Tokens};
use crate::auth::delivery::parse_given;
use crate::auth::given::Credentials;
use crate::auth::{AuthConfig, IdentityName, Session};
use crate::host::{Env, threads};

/// The variable by which a run tells its children where it listens.
pub const SOCKET_VARIABLE: &str = "ATMOS_RUN_SOCKET";

/// The run may be waiting for a person who logs in.
const PATIENCE: Duration = Duration::from_mins(10);
/// For that it waits for nobody.
const MOMENT: Duration = Duration::from_secs(10);

/// The run around this process, as seen from a configuration of our own.
#[derive(Debug, Clone)]
pub struct Parent {
    socket: PathBuf,
    configuration: String,
    /// Identities that only the run knows: what it means by their names is what is meant.
    only_there: Arc<[String]>,
    /// The identity that the run is, once it was asked.
    own: Option<IdentityName>,
}

impl Parent {
    /// The run that the environment names. `configuration` is the directory of our own configuration.
    pub fn of(env: &Env, configuration: &Path) -> Option<Parent> {
        let socket = env.get(SOCKET_VARIABLE).filter(|socket| !socket.is_empty())?;
        let (only_there, own) = (Arc::default(), None);
        let configuration = configuration.display().to_string();
        Some(Parent { socket: PathBuf::from(socket), configuration, only_there, own })
    }

    /// The same once it is asked who the run is; with the section of `session` as it is with the identities of the run that it
    /// lacks. `scoped`: it is that of a stack or component that somebody named. A run that does not answer says so when credentials
    /// are wanted. Blocks.
    #[must_use]
    pub fn informed(mut self, session: &Session, scoped: bool) -> (Parent, Option<AuthConfig>) {
        let Some(told) = told(&self.socket, MOMENT) else { return (self, None) };
        self.own = told.own.as_deref().map(IdentityName::from);
        let place_of_run = !scoped && told.configuration == self.configuration;
        let Some((complete, names)) = told.complete(session, place_of_run) else { return (self, None) };
        self.only_there = names.into();
        (self, Some(complete))
    }

    /// The identity that the run is, if it has said that.
    pub fn own(&self) -> Option<&IdentityName> {
        self.own.as_ref()
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// AWS configuration file of the run, which has a profile for each identity that it may use.
    pub fn config_file(&self) -> PathBuf {
        self.socket.with_file_name(CONFIG)
    }

    pub fn credentials_file(&self) -> PathBuf {
        self.socket.with_file_name(CREDENTIALS)
    }

    /// That the run may use the identity that `session` knows by this name. Nobody authenticates for that.
    ///
    /// # Errors
    /// The run is gone, may not use the identity, or means another one by its name.
    pub async fn check(&self, session: &Session, name: &IdentityName) -> Result<(), Error> {
        let question = self.question(session, name)?;
        self.ask(Question { only_check: true, ..question }).await?;
        Ok(())
    }

    /// Credentials as `credential_process` prints them.
    ///
    /// # Errors
    /// As [`Parent::check`], or the run has none to give.
    pub async fn answer(&self, session: &Session, name: &IdentityName) -> Result<Zeroizing<String>, Error> {
        let question = self.question(session, name)?;
        self.ask(question).await
    }

    /// The same, read and known to the masker.
    ///
    /// # Errors
    /// As [`Parent::answer`].
    pub async fn credentials(&self, session: &Session, name: &IdentityName) -> Result<Credentials, Error> {
        let answer = self.answer(session, name).await?;
        let read = parse_given(&answer, Timestamp::now());
        let credentials = read.ok_or_else(|| Error::BadAnswer { socket: self.socket.clone() })?;
        session.mask(&credentials);
        Ok(credentials)
    }

    /// A token of the identity for something of its cloud.
    ///
    /// # Errors
    /// As [`Parent::answer`].
    pub async fn token(&self, session: &Session, name: &IdentityName, resource: &str) -> Result<Credentials, Error> {
        let question = self.question(session, name)?;
        let answer = self.ask(Question { resource: Some(resource.to_owned()), ..question }).await?;
        let read = parse_given(&answer, Timestamp::now());
        let credentials = read.ok_or_else(|| Error::BadAnswer { socket: self.socket.clone() })?;
        session.mask(&credentials);
        Ok(credentials)
    }

    /// What a run inside this one gets such tokens from.
    pub fn tokens(&self, session: Session) -> Tokens {
        let parent = self.clone();
        Arc::new(move |identity, resource| {
            let (parent, session) = (parent.clone(), session.clone());
            Box::pin(async move {
                let name = IdentityName::from(identity.as_str());
                parent.token(&session, &name, &resource).await.map_err(|error| error.to_string())
            })
        })
    }

    /// What a run inside this one gets its credentials from.
    pub fn source(&self, session: Session) -> Source {
        let parent = self.clone();
        Arc::new(move |identity| {
            let (parent, session) = (parent.clone(), session.clone());
            Box::pin(async move {
                let name = IdentityName::from(identity.as_str());
                parent.credentials(&session, &name).await.map_err(|error| error.to_string())
            })
        })
    }

    fn question(&self, session: &Session, name: &IdentityName) -> Result<Question, Error> {
        if self.only_there.iter().any(|known| known == name.as_str()) {
            return Ok(Question::by_name(name.as_str()));
        }
        let fingerprint = session.fingerprint_of(name).map_err(Box::new)?;
        let meant = Meant { fingerprint: fingerprint.as_str().to_owned(), configuration: self.configuration.clone() };
        Ok(Question { meant: Some(meant), ..Question::by_name(name.as_str()) })
    }

    async fn ask(&self, question: Question) -> Result<Zeroizing<String>, Error> {
        let socket = self.socket.clone();
        let asked = threads::blocking(move || request(&socket, &question, PATIENCE)).await;
        asked.unwrap_or_else(|error| Err(Error::io("ask", &self.socket, std::io::Error::other(error))))
    }
}
