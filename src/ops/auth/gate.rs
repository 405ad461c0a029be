//! Credentials that leave this program by a command of the user's own: guard rails first, then the line of the audit log.
//!
//! Read [`Gate`].

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::access::Access;
use super::super::audit::{self, Event};
use super::super::child::reason;
use super::super::guard::{Rails, check_command};
use super::validate_rails::lifetime;
use crate::auth::delivery::Delivery;
use crate::auth::given::Credentials;
use crate::auth::resolution::Source;
use crate::auth::{IdentityName, Session};
use crate::diag::{Report, Result};

/// What stands between a command and the credentials of one identity. Whatever it refuses is written down.
pub(super) struct Gate<'a> {
    access: &'a Access,
    name: &'a IdentityName,
    rails: Rails,
    session: Session,
    event: Event,
    /// The end of the credentials that were looked at.
    expiration: OnceLock<Timestamp>,
}

impl<'a> Gate<'a> {
    /// Reads the guard rails of the configuration and asks whether the identity may be used at all. `event` is what the audit
    /// log calls it; `min_ttl`: what a flag says goes first.
    ///
    /// # Errors
    /// A guard rail that cannot be read; an identity that is not allowed.
    pub(super) fn open(
        access: &'a Access,
        (name, source): (&'a IdentityName, Source),
        event: &'static str,
        min_ttl: Option<Duration>,
    ) -> Result<Gate<'a>> {
        let mut rails = Rails::read(&access.settings, &access.host)?;
        rails.min_ttl = min_ttl.or(rails.min_ttl);
        let session = rails.session(&access.session);
        // A chain that cannot be told is named when credentials are asked for.
        let (chain, account) = match access.session.outline(name) {
            Ok(known) => (known.chain, known.account),
            Err(_) => (Vec::new(), None),
        };
        let (identity, source_text) = (Some(name.to_string()), Some(source.to_string()));
        let event = Event { identity, source: source_text, chain, account, ..access.event(event) };
        let gate = Gate { access, name, rails, session, event, expiration: OnceLock::new() };
        match check_command(access, name, source) {
            Ok(()) => Ok(gate),
            Err(report) => Err(gate.refuse(report)?),
        }
    }

    /// The session by which credentials with enough time left are got.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Credentials that may be used.
    ///
    /// # Errors
    /// As [`Access::given`], and a guard rail that was touched.
    pub(super) async fn given(&self) -> Result<Credentials> {
        let asked = async {
            let credentials = self.access.given(&self.session, self.name).await?;
            self.check(&credentials).await?;
            Ok(credentials)
        };
        match asked.await {
            Ok(credentials) => Ok(credentials),
            Err(report) => Err(self.refuse(report)?),
        }
    }

    /// The same of credentials that are there, if there are any.
    ///
    /// # Errors
    /// A guard rail that was touched.
    pub(super) async fn cached(&self) -> Result<Option<Credentials>> {
        let Some(credentials) = self.session.cached(self.name).await? else { return Ok(None) };
        self.allows(&credentials).await?;
        Ok(Some(credentials))
    }

    /// That credentials which are there already may be used.
    ///
    /// # Errors
    /// A guard rail that was touched.
    pub(super) async fn allows(&self, credentials: &Credentials) -> Result<()> {
        match self.check(credentials).await {
            Ok(()) => Ok(()),
            Err(report) => Err(self.refuse(report)?),
        }
    }

    /// That the account of the identity, as far as it is known, is one that is expected: where nothing is given out yet, but
    /// what leads to it.
    ///
    /// # Errors
    /// Another account.
    pub(super) fn check_known(&self, account: Option<&str>) -> Result<()> {
        let Some(account) = account else { return Ok(()) };
        self.rails.check_known_account(self.name, account).or_else(|report| Err(self.refuse(report)?))
    }

    /// That credentials of the identity can have as much time left as is wanted, as far as it is known how long they live.
    ///
    /// # Errors
    /// They never have.
    pub(super) fn check_lifetime(&self, session: Option<SignedDuration>) -> Result<()> {
        let configured = self.access.settings.identity(self.name.as_str()).and_then(lifetime);
        let life = session.or_else(|| SignedDuration::try_from(configured?).ok());
        let Some(life) = life else { return Ok(()) };
        self.rails.check_lifetime(self.name, life).or_else(|report| Err(self.refuse(report)?))
    }

    /// That the run around this process gives credentials that may be used; it is asked only where that matters.
    ///
    /// # Errors
    /// As [`Gate::given`].
    pub(super) async fn check_run(&self) -> Result<()> {
        if self.rails.are_for_credentials() {
            self.given().await?;
        }
        Ok(())
    }

    /// Writes down that the credentials are given out, and how where that is one of the deliveries.
    ///
    /// # Errors
    /// The line cannot be written: then they are not.
    pub(super) async fn write_down(&self, delivery: Option<Delivery>) -> Result<()> {
        if !audit::is_kept(self.access, &self.access.settings)? {
            return Ok(());
        }
        let known = self.access.describe(&self.session, self.name).await?;
        let event = Event {
            account: known.account,
            delivery: delivery.map(Delivery::name),
            expiration: self.expiration.get().or(known.expiration.as_ref()).map(ToString::to_string),
            ..self.event.clone()
        };
        audit::record(self.access, &self.access.settings, &event)
    }

    async fn check(&self, credentials: &Credentials) -> Result<()> {
        if let Some(expiration) = credentials.expiration() {
            // Of several the first: those that are given out.
            let _ = self.expiration.set(expiration);
        }
        self.rails.check_ttl(self.name, credentials, self.access.host.now())?;
        self.rails.check_account(self.access, &self.session, self.name, credentials).await
    }

    /// The reason of a refusal, once it is written down.
    ///
    /// # Errors
    /// The line cannot be written.
    pub(super) fn refuse(&self, report: Report) -> Result<Report> {
        let event = Event { refused: Some(reason(&report)), ..self.event.clone() };
        audit::record(self.access, &self.access.settings, &event)?;
        Ok(report)
    }
}
