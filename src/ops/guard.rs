//! What has to be true before a child starts as somebody: the account, the identities that may be chosen, the time that
//! credentials have left.
//!
//! Read [`Rails`]. Row 12.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use miette::Diagnostic;

use super::access::Access;
use crate::auth::given::Credentials;
use crate::auth::resolution::{Flag, Inputs, Need, Resolution, Source, resolve};
use crate::auth::setting::{self, READ};
use crate::auth::validate::check_rails;
use crate::auth::{AuthConfig, IdentityName, Session, Validity};
use crate::component::Instance;
use crate::diag::hint::word;
use crate::diag::{Failure, Result};
use crate::host::Host;
use crate::span::Span;
use crate::value::{DurationForm, Node, parse_duration};

/// The guard rails of one `auth` section.
#[derive(Debug, Clone, Default)]
pub(super) struct Rails {
    /// `expected_account`: one account, or several. Empty: any.
    accounts: Vec<String>,
    accounts_place: String,
    /// `min_ttl`, or a flag of that name.
    pub(super) min_ttl: Option<Duration>,
    require_identity: bool,
}

impl Rails {
    /// Reads the section of a component or of the configuration.
    ///
    /// # Errors
    /// One that cannot be read: it must not be passed over.
    pub(super) fn read(settings: &AuthConfig, host: &Host) -> Result<Rails> {
        let section = &settings.node;
        check_rails(section, &host.sources)?;
        let place = |span: Span| host.sources.place(span).map(|place| format!(" ({place})")).unwrap_or_default();
        let mut rails = Rails { require_identity: settings.require_identity, ..Rails::default() };
        if let Some(node) = section.get("expected_account").filter(|node| !node.is_null()) {
            let several = node.as_list().map_or_else(|| vec![node.clone()], <[Node]>::to_vec);
            rails.accounts = several.iter().filter_map(Node::scalar_text).collect();
            rails.accounts_place = place(node.span);
        }
        let minimum = section.get("min_ttl").and_then(Node::scalar_text);
        rails.min_ttl = minimum.and_then(|text| parse_duration(&text, DurationForm::DaysAndSeconds));
        Ok(rails)
    }

    /// Credentials have to be looked at before they are used.
    pub(super) fn are_for_credentials(&self) -> bool {
        self.min_ttl.is_some() || self.has_account()
    }

    /// The accounts that are expected; empty: any.
    pub(super) fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// The account matters here.
    pub(super) fn has_account(&self) -> bool {
        !self.accounts.is_empty()
    }

    /// Refuses to go on without an identity where one is needed, or where the account could not be told.
    ///
    /// # Errors
    /// [`Guarded::SwitchedOff`]
    pub(super) fn without_identity(&self, by: &str) -> Result<()> {
        let what = match (self.require_identity, self.accounts.is_empty()) {
            (true, _) => "auth.require_identity",
            (false, false) => "auth.expected_account",
            (false, true) => return Ok(()),
        };
        Err(Guarded::SwitchedOff { by: by.to_owned(), what }.into())
    }

    /// The session by which credentials with enough time left are got.
    pub(super) fn session(&self, session: &Session) -> Session {
        let minimum = self.min_ttl.and_then(|ttl| SignedDuration::try_from(ttl).ok());
        minimum.map_or_else(|| session.clone(), |minimum| session.with_min_ttl(minimum))
    }

    /// That credentials have enough time left, after they were renewed if that helped.
    ///
    /// # Errors
    /// [`Guarded::TooShort`]
    pub(super) fn check_ttl(&self, name: &IdentityName, credentials: &Credentials, now: Timestamp) -> Result<()> {
        let (Some(minimum), Some(expiration)) = (self.min_ttl, credentials.expiration()) else { return Ok(()) };
        long_enough(name, expiration.duration_since(now), minimum)
    }

    /// The same of credentials that are to be had later, by how long they live in all.
    ///
    /// # Errors
    /// [`Guarded::TooShort`]
    pub(super) fn check_lifetime(&self, name: &IdentityName, life: SignedDuration) -> Result<()> {
        self.min_ttl.map_or(Ok(()), |minimum| long_enough(name, life, minimum))
    }

    /// That the credentials are of the account that is expected here, by what the cloud says of them.
    ///
    /// # Errors
    /// Another account, or nobody could be asked.
    pub(super) async fn check_account(
        &self,
        access: &Access,
        session: &Session,
        name: &IdentityName,
        credentials: &Credentials,
    ) -> Result<()> {
        if self.accounts.is_empty() {
            return Ok(());
        }
        let (caller, validity) = match &access.parent {
            Some(_) => session.caller_of(name, credentials).await?,
            None => session.caller(name, false).await?,
        };
        let expected = self.accounts.join(" or ");
        let (identity, place) = (name.to_string(), self.accounts_place.clone());
        let found = match (caller, validity) {
            (Some(caller), _) => caller.account,
            (None, Validity::Invalid(reason) | Validity::Unknown(reason)) => {
                return Err(Guarded::UnknownAccount { identity, expected, reason, place }.into());
            }
            (None, Validity::Valid | Validity::Unmanaged) => {
                let reason = "nobody says whose account it is".to_owned();
                return Err(Guarded::UnknownAccount { identity, expected, reason, place }.into());
            }
        };
        self.check_known_account(name, &found)
    }

    /// The same of an account that is known without asking anybody.
    ///
    /// # Errors
    /// Another account than the expected ones.
    pub(super) fn check_known_account(&self, name: &IdentityName, found: &str) -> Result<()> {
        if self.accounts.is_empty() || self.accounts.iter().any(|account| account == found) {
            return Ok(());
        }
        let (identity, expected) = (name.to_string(), self.accounts.join(" or "));
        let (found, place) = (found.to_owned(), self.accounts_place.clone());
        Err(Guarded::WrongAccount { identity, found, expected, place }.into())
    }
}

fn long_enough(name: &IdentityName, left: SignedDuration, minimum: Duration) -> Result<()> {
    if SignedDuration::try_from(minimum).is_ok_and(|minimum| left >= minimum) {
        return Ok(());
    }
    let (left, minimum) = (left.as_secs().max(0), minimum.as_secs());
    Err(Guarded::TooShort { identity: name.to_string(), left, minimum }.into())
}

/// That an identity which somebody named for this run is one of those that the component may use: its own, the required
/// ones, and `allowed_identities`. Without that list everybody may.
///
/// # Errors
/// [`Guarded::NotAllowed`]
pub(super) fn check_choice(
    access: &Access,
    settings: &AuthConfig,
    instance: &Instance,
    name: &IdentityName,
    source: Source,
    operation: &str,
) -> Result<()> {
    if !is_named(source) {
        return Ok(());
    }
    check_reader(access, settings, instance, name, source, operation)
}

/// The same for who reads the component and was chosen by another one, in whatever way.
///
/// # Errors
/// [`Guarded::NotAllowed`]
pub(super) fn check_reader(
    access: &Access,
    settings: &AuthConfig,
    instance: &Instance,
    name: &IdentityName,
    source: Source,
    operation: &str,
) -> Result<()> {
    let Some(mut allowed) = listed(settings) else { return Ok(()) };
    let host = &access.host;
    let inputs = Inputs {
        flag: Flag::NotGiven,
        env: None,
        setting: setting::identity(&instance.sections.settings, operation, &host.sources, &host.talk)?,
        auth: settings,
        defaults: &instance.auth_defaults,
        can_prompt: false,
        need: Need::Optional,
        instance: (!instance.name.is_empty()).then_some((&instance.name, &instance.stack)),
    };
    if let Ok(Resolution::Identity { name, .. }) = resolve(&inputs, &host.sources) {
        allowed.push(name);
    }
    let context = match instance.name.as_str() {
        "" => format!(" for stack `{}`", instance.stack),
        component => format!(" for component `{component}` in stack `{}`", instance.stack),
    };
    one_of(allowed, name, source, context)
}

/// The same for a command of the user's own: as in a run of the stack or component that it is about, else by the list of the
/// configuration, beside which the default may be used. Within a run the run says who may.
///
/// # Errors
/// [`Guarded::NotAllowed`]
pub(super) fn check_command(access: &Access, name: &IdentityName, source: Source) -> Result<()> {
    if access.parent.is_some() || !is_named(source) {
        return Ok(());
    }
    if let Some(owner) = access.owner() {
        return check_reader(access, &access.settings, owner, name, source, READ);
    }
    let Some(mut allowed) = listed(&access.settings) else { return Ok(()) };
    allowed.extend(access.settings.defaults().into_iter().map(|identity| identity.name.clone()));
    one_of(allowed, name, source, String::new())
}

/// Somebody named an identity for this run.
fn is_named(source: Source) -> bool {
    matches!(source, Source::Flag | Source::Environment | Source::Around)
}

/// Those of `allowed_identities`, and the required ones; nothing where everybody may.
fn listed(settings: &AuthConfig) -> Option<Vec<IdentityName>> {
    let list = settings.node.get("allowed_identities").and_then(Node::as_list)?;
    let named = list.iter().filter_map(|entry| Some(settings.identity(entry.as_str()?)?.name.clone()));
    Some(named.chain(settings.required().into_iter().map(|identity| identity.name.clone())).collect())
}

fn one_of(mut allowed: Vec<IdentityName>, name: &IdentityName, source: Source, context: String) -> Result<()> {
    if allowed.contains(name) {
        return Ok(());
    }
    allowed.sort();
    allowed.dedup();
    let allowed = allowed.iter().map(IdentityName::as_str).collect::<Vec<_>>().join(", ");
    let allowed = if allowed.is_empty() { "nobody".to_owned() } else { allowed };
    Err(Guarded::NotAllowed { identity: name.to_string(), by: source.to_string(), context, allowed }.into())
}

/// A guard rail that was touched. Nothing has been started.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(super) enum Guarded {
    #[error("wrong account: identity `{identity}` is in account {found}, and {expected} is expected here{place}")]
    #[diagnostic(
        code(atmos::auth::wrong_account),
        help("choose the identity of that account (`settings.auth.identity`), or correct `auth.expected_account`")
    )]
    WrongAccount { identity: String, found: String, expected: String, place: String },

    #[error("the account of identity `{identity}` cannot be told, and {expected} is expected here{place}: {reason}")]
    #[diagnostic(
        code(atmos::auth::unknown_account),
        help(
            "`atmos auth whoami -i {} --verify` asks again; without `auth.expected_account` nobody asks",
            word(identity)
        )
    )]
    UnknownAccount { identity: String, expected: String, reason: String, place: String },

    #[error("identity `{identity}` (from {by}) may not be used{context}")]
    #[diagnostic(
        code(atmos::auth::identity_not_allowed),
        help("allowed here: {allowed}; `auth.allowed_identities` adds others")
    )]
    NotAllowed { identity: String, by: String, context: String, allowed: String },

    #[error("identity `{required}` is required beside `{identity}`, and a run is given credentials of one cloud only")]
    #[diagnostic(
        code(atmos::auth::required_of_another_cloud),
        help(
            "take `required` away from `{required}`; a program in the run gets at it by `atmos auth exec -i {}` with `allowed_identities`",
            word(required)
        )
    )]
    OtherCloud { identity: String, required: String },

    #[error("authentication is switched off by {by}, and `{what}` is set here")]
    #[diagnostic(code(atmos::auth::guard_without_identity), help("name an identity, or take `{what}` away"))]
    SwitchedOff { by: String, what: &'static str },

    #[error("credentials of identity `{identity}` have {left} s left, and at least {minimum} s are wanted (min_ttl)")]
    #[diagnostic(
        code(atmos::auth::min_ttl),
        help("let the session be longer (`principal.duration`, `session.duration`), or the minimum be shorter")
    )]
    TooShort { identity: String, left: i64, minimum: u64 },
}

impl Failure for Guarded {}
