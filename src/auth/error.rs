//! What can go wrong between an identity's name and its credentials.
//!
//! Read [`Error`] first; [`Mark`] is how an error carries the place in a file. Row 5.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, SourceSpan};
use thiserror::Error as ThisError;

use crate::diag::hint::word;
use crate::diag::{Failure, Lacking, Snippet, SourceText, nearest};
use crate::span::{Place, Sources, Span};

/// Exit status after the user pressed Ctrl-C.
const ABORTED: u8 = 130;
/// Exit status where a person is needed and nobody is there, and for an identity whose principal is not usable.
const UNUSABLE: u8 = 2;

/// Every failure of authentication. Cheap to clone, so that callers who waited for one attempt all get its error.
#[derive(Debug, Clone, ThisError, Diagnostic)]
pub enum Error {
    /// A name that is neither an identity nor an alias.
    #[error("identity not found: `{name}`{context}{place}")]
    #[diagnostic(code(atmos::auth::identity_not_found), help("{help}"))]
    IdentityNotFound {
        name: String,
        /// ` (component `x` in stack `y`)` or nothing.
        context: String,
        place: String,
        help: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("this name")]
        at: Option<SourceSpan>,
    },

    /// An identity was named, and there is nothing that could authenticate anybody.
    #[error("authentication not configured in atmos.yaml: identity not found: `{name}`{context}")]
    #[diagnostic(
        code(atmos::auth::not_configured),
        help("add `auth.providers` and `auth.identities` to atmos.yaml, or leave --identity and ATMOS_IDENTITY away")
    )]
    NotConfigured { name: String, context: String },

    #[error("provider not found: `{name}`{place}")]
    #[diagnostic(code(atmos::auth::provider_not_found), help("{help}"))]
    ProviderNotFound {
        name: String,
        place: String,
        help: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("this name")]
        at: Option<SourceSpan>,
    },

    #[error("no default identity configured for authentication{context}")]
    #[diagnostic(code(atmos::auth::no_default), help("{help}"))]
    NoDefault { context: String, help: String },

    #[error("multiple default identities found: [{names}]{context}")]
    #[diagnostic(
        code(atmos::auth::multiple_defaults),
        help("choose one with `--identity <name>`, or leave `default: true` at one of them")
    )]
    MultipleDefaults { names: String, context: String },

    #[error("interactive identity selection: requires a TTY")]
    #[diagnostic(code(atmos::auth::selection_needs_tty), help("name the identity: `--identity <name>`; {known}"))]
    SelectionNeedsTty { known: String },

    #[error("authentication is disabled by --identity/ATMOS_IDENTITY")]
    #[diagnostic(
        code(atmos::auth::disabled),
        help("this command needs an identity: name one with `--identity <name>` or unset ATMOS_IDENTITY")
    )]
    Disabled,

    #[error("an identity is required{context}, but none is in force")]
    #[diagnostic(
        code(atmos::auth::identity_required),
        help("`auth.require_identity` is true here: set `settings.auth.identity` or pass `--identity <name>`")
    )]
    IdentityRequired { context: String },

    /// Who there is cannot be told.
    #[error("invalid auth config: {reason}{place}")]
    #[diagnostic(code(atmos::auth::malformed), help("`atmos auth validate` lists every problem of the section"))]
    Malformed {
        reason: String,
        place: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("unknown operation `{operation}`: there is no sub-command of that name")]
    #[diagnostic(code(atmos::auth::unknown_operation), help("{help}"))]
    UnknownOperation { operation: String, help: String },

    #[error("invalid value of {key}: {reason}{place}")]
    #[diagnostic(code(atmos::auth::invalid_setting), help("{help}"))]
    InvalidSetting {
        /// `settings.auth` or `settings.auth.identity`.
        key: &'static str,
        reason: String,
        help: String,
        place: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("invalid identity config: {reason}{place}")]
    #[diagnostic(code(atmos::auth::invalid_identity), help("`atmos auth validate` lists every problem of the section"))]
    InvalidIdentity {
        reason: String,
        place: String,
        /// 2 for an unusable principal, else 1.
        exit: u8,
        #[source_code]
        text: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("invalid provider config: {reason}{place}")]
    #[diagnostic(code(atmos::auth::invalid_provider), help("`atmos auth validate` lists every problem of the section"))]
    InvalidProvider {
        reason: String,
        place: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("identity cycle detected: circular dependency {chain}{place}")]
    #[diagnostic(code(atmos::auth::cycle), help("let one of them start at a provider: `via: {{provider: <name>}}`"))]
    Cycle {
        /// `a -> b -> a`.
        chain: String,
        place: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("this reference closes the circle")]
        at: Option<SourceSpan>,
    },

    #[error("{what} of kind `{kind}` cannot be used yet (not built){place}")]
    #[diagnostic(
        code(atmos::auth::not_built),
        help("`atmos auth validate` names every kind that this version cannot use")
    )]
    NotBuilt {
        /// `identity `x``, `provider `x``.
        what: String,
        kind: String,
        place: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("invalid realm value from {from}: {reason}{place}")]
    #[diagnostic(
        code(atmos::auth::invalid_realm),
        help("use 1 to 64 of a-z, 0-9, `-` and `_`, with no separator at an end or beside another")
    )]
    InvalidRealm {
        /// `ATMOS_AUTH_REALM` or `auth.realm`.
        from: &'static str,
        reason: String,
        place: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
    },

    #[error("signing in to provider `{provider}` requires an interactive terminal")]
    #[diagnostic(code(atmos::auth::needs_terminal), help("{help}"))]
    NeedsTerminal { provider: String, help: String },

    /// Somebody is there, but this command does not ask.
    #[error("not signed in to provider `{provider}`")]
    #[diagnostic(code(atmos::auth::not_signed_in), help("this command does not ask; sign in first: `{login}`"))]
    NotSignedIn { provider: String, login: String },

    /// A key of a stack or component that was meant to choose the identity.
    #[error("{reason}{context}{place}")]
    #[diagnostic(
        code(atmos::auth::misplaced_key),
        help("a component chooses its identity with `settings.auth.identity`; `auth` itself defines identities")
    )]
    MisplacedKey {
        reason: String,
        context: String,
        place: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("this has no effect here")]
        at: Option<SourceSpan>,
    },

    #[error("gave up after {seconds} s of waiting for another process{who} that {work}")]
    #[diagnostic(
        code(atmos::auth::busy),
        help("it may be waiting for a person at the portal: finish or end it there, then try this again")
    )]
    Busy {
        /// ` (process 123)`, or nothing.
        who: String,
        work: String,
        seconds: u64,
    },

    #[error("aws sso token creation failed for provider `{provider}`: {reason}")]
    #[diagnostic(code(atmos::auth::token_creation), help("{help}"))]
    TokenCreation { provider: String, reason: String, help: String },

    #[error("user aborted")]
    #[diagnostic(code(atmos::auth::aborted))]
    Aborted,

    #[error("aws auth error: account \"{account}\" not found at provider `{provider}`")]
    #[diagnostic(code(atmos::auth::account_not_found), help("{help}"))]
    AccountNotFound { account: String, provider: String, help: String },

    /// Fresh from the service, and over already.
    #[error("{what}: the credentials ended at {expiration}, before they arrived ({now} by the clock of this machine)")]
    #[diagnostic(
        code(atmos::auth::expired_on_arrival),
        help("the clock of this machine is probably ahead: compare it with `date -u` elsewhere and set it right")
    )]
    ExpiredOnArrival {
        /// `GetRoleCredentials for identity `x``.
        what: String,
        expiration: String,
        now: String,
    },

    /// The cloud refused, or could not be reached.
    #[error("authentication failed: {what}: {answer}")]
    #[diagnostic(code(atmos::auth::refused), help("{help}"))]
    Refused {
        /// `GetRoleCredentials for identity `x``.
        what: String,
        /// `<API code>: <message>`, or why there was no answer.
        answer: String,
        help: String,
    },

    #[error("cannot reach {endpoint} ({what}): {reason}")]
    #[diagnostic(
        code(atmos::auth::unreachable),
        help("check the network, the proxy variables and the endpoint overrides in force")
    )]
    Unreachable { what: String, endpoint: String, reason: String },

    /// A step or a command signs requests of AWS.
    #[error("identity `{identity}` of kind {kind} gives no credentials of AWS")]
    #[diagnostic(
        code(atmos::auth::not_aws),
        help(
            "name an identity on AWS here; programs get what this one gives by `atmos auth exec -i {}` and by runs",
            word(identity)
        )
    )]
    NotAws { identity: String, kind: String },

    #[error("invalid endpoint `{url}` from {from}: {reason}")]
    #[diagnostic(code(atmos::auth::invalid_endpoint), help("give an http or https URL with a host"))]
    InvalidEndpoint { url: String, from: String, reason: &'static str },

    #[error("the CA bundle {path} of {from} cannot be read: {reason}")]
    #[diagnostic(code(atmos::auth::ca_bundle), help("point {from} to a PEM file with certificates"))]
    CaBundle { path: String, from: &'static str, reason: String },

    #[error("what the portal offers cannot be written down in {path}: {reason}")]
    #[diagnostic(code(atmos::auth::provisioning), help("check that the directory is yours and can be written to"))]
    Provisioning { path: String, reason: String },

    #[error("no providers available")]
    #[diagnostic(code(atmos::auth::no_providers), help("add one below `auth.providers` in atmos.yaml"))]
    NoProviders,

    #[error(transparent)]
    #[diagnostic(transparent)]
    Cache(Arc<super::cache::Error>),

    #[error(transparent)]
    #[diagnostic(transparent)]
    User(Arc<super::user::Error>),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Federation(Arc<super::federation::Error>),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Placed(Arc<Placed>),

    /// A worker thread of this process died; its own message went to stderr.
    #[error("internal: a worker of authentication stopped: {reason}")]
    #[diagnostic(code(atmos::auth::worker))]
    Worker { reason: String },
}

/// A failure, and the entry of the configuration that it is about. Its lines are not shown: one of them may be a password.
#[derive(Debug)]
pub struct Placed {
    pub(super) error: Error,
    pub(super) place: Place,
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.error, self.place)
    }
}

impl std::error::Error for Placed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl Diagnostic for Placed {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.help()
    }
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::NeedsTerminal { .. } | Error::NotSignedIn { .. } => UNUSABLE,
            Error::Aborted => ABORTED,
            Error::InvalidIdentity { exit, .. } => *exit,
            Error::Cache(error) => error.exit_code(),
            Error::Federation(error) => error.exit_code(),
            Error::User(error) => error.exit_code(),
            Error::Placed(placed) => placed.error.exit_code(),
            _ => 1,
        }
    }

    fn lacking(&self) -> Option<Lacking<'_>> {
        match self {
            Error::IdentityNotFound { name, .. } | Error::NotConfigured { name, .. } => Some(Lacking::Identity(name)),
            Error::NoDefault { .. } => Some(Lacking::Default),
            _ => None,
        }
    }
}

impl Error {
    /// A sign-in that was asked for and not completed: refused, or nobody came.
    pub(crate) fn is_of_sign_in(&self) -> bool {
        match self {
            Error::TokenCreation { .. } => true,
            Error::Placed(placed) => placed.error.is_of_sign_in(),
            Error::User(error) => matches!(**error, super::user::Error::SignIn { .. }),
            Error::Federation(error) => {
                matches!(**error, super::federation::Error::Browser { .. } | super::federation::Error::SignIn { .. })
            }
            _ => false,
        }
    }

    /// That the keyring stayed shut because its password is missing or wrong, or its file is damaged: what is sealed cannot
    /// be read, only removed.
    pub(crate) fn is_locked(&self) -> bool {
        use super::store::Error as Store;
        let shut = matches!(self, Error::Cache(error) if matches!(
            **error,
            super::cache::Error::Store(
                Store::NoPassword { .. } | Store::Withheld { .. } | Store::ShortPassword { .. } | Store::WrongPassword { .. } | Store::Prompt { .. }
            )
        ));
        shut || self.is_damaged()
    }

    /// That no password opens the keyring any more.
    pub(crate) fn is_damaged(&self) -> bool {
        use super::store::Error as Store;
        matches!(self, Error::Cache(error) if matches!(**error, super::cache::Error::Store(Store::Damaged { .. })))
    }
}

impl From<super::user::Error> for Error {
    fn from(error: super::user::Error) -> Error {
        Error::User(Arc::new(error))
    }
}

impl From<super::federation::Error> for Error {
    fn from(error: super::federation::Error) -> Error {
        Error::Federation(Arc::new(error))
    }
}

impl From<super::cache::Error> for Error {
    fn from(error: super::cache::Error) -> Error {
        Error::Cache(Arc::new(error))
    }
}

/// The place of an error in the three forms that a variant takes.
pub(crate) struct Mark {
    /// ` (file:line:column)`, or nothing.
    pub(crate) place: String,
    pub(crate) text: Option<SourceText>,
    pub(crate) at: Option<SourceSpan>,
}

impl Mark {
    pub(crate) fn new(place: Option<Place>) -> Mark {
        match place {
            Some(place) => Mark {
                place: format!(" ({place})"),
                text: Some(Snippet::source(&place)),
                at: Some(Snippet::span(&place)),
            },
            None => Mark { place: String::new(), text: None, at: None },
        }
    }

    pub(crate) fn of(sources: &Sources, span: Span) -> Mark {
        Mark::new(sources.place(span))
    }
}

impl Error {
    /// For a key that has no effect where it stands.
    pub fn misplaced_key(problem: &super::Problem, context: String, sources: &Sources) -> Error {
        let Mark { place, text, at } = Mark::of(sources, problem.span);
        Error::MisplacedKey { reason: problem.message.clone(), context, place, text, at }
    }

    /// For a name that was typed and is no identity.
    pub fn identity_not_found(auth: &super::AuthConfig, name: &str) -> Error {
        let known = auth.identities.keys().map(super::IdentityName::as_str);
        let help = known_names(name, known, "atmos auth list");
        let (context, place) = (String::new(), String::new());
        Error::IdentityNotFound { name: name.to_owned(), context, place, help, text: None, at: None }
    }

    /// For a name that was typed and is no provider.
    pub fn provider_not_found(auth: &super::AuthConfig, name: &str) -> Error {
        let known = auth.providers.keys().map(super::ProviderName::as_str);
        let help = known_names(name, known, "atmos auth list --providers");
        Error::ProviderNotFound { name: name.to_owned(), place: String::new(), help, text: None, at: None }
    }
}

/// Help for an unknown name: the nearest one, then all of them.
pub(crate) fn known_names<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>, command: &str) -> String {
    format!("{}; `{command}` shows them", known_among(wanted, known))
}

/// The same where no command shows them.
pub(crate) fn known_among<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let list = match known.as_slice() {
        [] => "none is configured".to_owned(),
        names => format!("known: {}", names.join(", ")),
    };
    match nearest(wanted, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? {list}"),
        None => list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_for_an_unknown_name_lists_the_known_ones() {
        assert_eq!(
            known_names("network-admn", ["reader", "network-admin"], "atmos auth list"),
            "did you mean `network-admin`? known: network-admin, reader; `atmos auth list` shows them"
        );
        assert_eq!(known_names("x", [], "atmos auth list"), "none is configured; `atmos auth list` shows them");
        assert_eq!(known_among("y", ["x", "z", "x"]), "known: x, z");
    }

    #[test]
    fn exit_codes_follow_the_catalogue() {
        let terminal = Error::NeedsTerminal { provider: "p".into(), help: String::new() };
        assert_eq!((terminal.exit_code(), Error::Aborted.exit_code(), Error::Disabled.exit_code()), (2, 130, 1));
    }
}
