//! What a kind of provider or identity is. Row 5.

use std::pin::Pin;

use jiff::{SignedDuration, Timestamp};

use super::super::config::{Identity, Provider};
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::given::{Credentials, EnvironmentCredentials};
use super::super::record::{CallerIdentity, StepRecord};
use super::azure::AzureLogin;
use super::error::Error as FederationError;
use super::google::GoogleToken;
use super::oidc::Jwt;
use super::pro_session::ProSession;
use super::saml::Assertion;
use super::setting::Setting;
use crate::cloud::Token;
use crate::span::Span;
use crate::value::Node;

/// A proof with less left is asked for anew: the cloud has to take it yet.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// Clocks that differ by less are usual, and nobody here knows which one is right. Whether a proof is over by less is for
/// the cloud to judge, by its own clock.
pub(super) const LEEWAY: SignedDuration = SignedDuration::from_mins(5);

/// Work that may wait for the network or for a person.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A kind of provider or identity: one step of a chain, from what the step before gave to what the next one takes.
pub(crate) trait Module: Sync {
    /// The word of `kind:`.
    fn kind(&self) -> &'static str;

    /// What can be set beside the keys that every kind has. Checks, the fingerprint of a chain and the JSON Schema are made
    /// of it.
    fn settings(&self) -> &'static [Setting];

    /// What comes out. An identity gives credentials.
    fn gives(&self) -> Form;

    /// What an identity wants of the step before; `None`: there is none, it stands alone.
    fn takes(&self) -> Option<Form> {
        None
    }

    /// It may be used without a step before.
    fn stands_alone(&self) -> bool {
        self.takes().is_none()
    }

    /// The step before may be an identity that takes the same.
    fn follows_identities(&self) -> bool {
        false
    }

    /// What it asks for each time: the cloud's answer belongs to this moment and is never kept.
    fn is_ambient(&self) -> bool {
        false
    }

    /// Who a sign-in would be of, where that is said beforehand: a session of anybody else is not taken in its place.
    fn whose(&self, _step: &Step<'_>) -> Option<String> {
        None
    }

    /// A folder in which a sign-in leaves something, as names below the one for data: a logout of the provider removes it.
    fn folder(&self, _entry: &Entry<'_>) -> Option<String> {
        None
    }

    /// Below which name something of a sign-in is kept that a logout of the provider has to remove.
    fn kept(&self, _entry: &Entry<'_>) -> Option<String> {
        None
    }

    /// What a child would be given, as far as it is known before anybody signs in; `None`: nothing can be told, not even of
    /// which cloud it is.
    fn outline(&self, _seen: &Seen<'_>) -> Option<Outline> {
        None
    }

    /// What is wrong beyond the settings one by one, with the place to mend.
    fn problems(&self, _entry: &Entry<'_>) -> Vec<(String, Span)> {
        Vec::new()
    }

    /// What works, and not as it seems.
    fn remarks(&self, _entry: &Entry<'_>) -> Vec<(String, Span)> {
        Vec::new()
    }

    /// A provider's token for something else than what its identities work with: the name of that in its cloud. `step` is as
    /// in [`Module::authenticate`].
    fn token_for<'a>(&'a self, step: Step<'a>, resource: &'a str) -> Pending<'a, Token> {
        let who = step.entry.shown();
        let reason = format!("it gives no token for {resource}");
        let help = "use a provider of kind azure/…".to_owned();
        Box::pin(std::future::ready(Err(FederationError::Unavailable { who, reason, help }.into())))
    }

    /// Makes the step.
    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof>;
}

/// The forms in which one step gives something to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A signed token of OpenID Connect.
    Jwt,
    /// An assertion of SAML for AWS.
    Saml,
    /// An access token of Google.
    Google,
    /// A sign-in at Azure.
    Azure,
    /// A session at Atmos Pro.
    Pro,
    /// Credentials that programs use, of AWS or another cloud.
    Credentials,
}

/// What a step gave.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    Jwt(Jwt),
    Saml(Assertion),
    Google(GoogleToken),
    Azure(AzureLogin),
    Pro(ProSession),
    Aws(AwsCredentials),
    /// With who it is, where that has been shown.
    Environment(EnvironmentCredentials, Option<CallerIdentity>),
}

impl Proof {
    /// Lives long enough to be used once more.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.expires().is_none_or(|end| end.duration_since(now) > MARGIN)
    }

    pub(crate) fn expires(&self) -> Option<Timestamp> {
        match self {
            Proof::Jwt(token) => token.claims.expires,
            Proof::Saml(assertion) => assertion.ends,
            Proof::Google(token) => token.expires,
            Proof::Azure(login) => login.expires,
            Proof::Pro(session) => session.expires,
            Proof::Aws(keys) => keys.expiration,
            Proof::Environment(given, _) => given.expiration,
        }
    }

    /// What the identity of the step gives, if this is something that programs can use.
    pub(crate) fn into_record(self, identity: &Identity) -> Result<StepRecord, Error> {
        let (credentials, caller) = match self {
            Proof::Aws(keys) => (Credentials::Aws(keys), None),
            Proof::Environment(given, caller) => (Credentials::Environment(given), caller),
            Proof::Jwt(_) | Proof::Saml(_) | Proof::Google(_) | Proof::Azure(_) | Proof::Pro(_) => {
                return Err(Error::NotAws { identity: identity.name.to_string(), kind: identity.kind_text.clone() });
            }
        };
        Ok(StepRecord { credentials, account: None, caller, basis: None })
    }
}

/// One step at work.
#[derive(Clone)]
pub(crate) struct Step<'a> {
    pub(crate) context: &'a Context,
    pub(crate) entry: Entry<'a>,
    /// The provider at the root of an identity's chain.
    pub(crate) provider: Option<Entry<'a>>,
    /// The region that the chain resolved to.
    pub(crate) region: Option<&'a str>,
    /// What the step before gave.
    pub(crate) before: Option<Proof>,
}

/// An entry of the configuration as its kind sees it.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// `provider` or `identity`.
    pub(crate) what: &'static str,
    pub(crate) name: &'a str,
    pub(crate) node: &'a Node,
    pub(crate) span: Span,
}

impl<'a> Entry<'a> {
    pub(crate) fn provider(provider: &'a Provider) -> Entry<'a> {
        Entry { what: "provider", name: provider.name.as_str(), node: &provider.node, span: provider.span }
    }

    pub(crate) fn identity(identity: &'a Identity) -> Entry<'a> {
        Entry { what: "identity", name: identity.name.as_str(), node: &identity.node, span: identity.span }
    }

    /// For messages.
    pub(crate) fn shown(&self) -> String {
        format!("{} `{}`", self.what, self.name)
    }

    /// What is written at a path such as `spec.audience`, unless it is empty.
    pub(crate) fn at(&self, path: &str) -> Option<&'a Node> {
        self.node.get_path(path.split('.')).filter(|node| !node.is_empty())
    }

    /// The text there.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        self.at(path)?.scalar_text()
    }

    /// Its place, or that of the entry.
    pub(crate) fn span_of(&self, path: &str) -> Span {
        self.at(path).map_or(self.span, |node| node.span)
    }

    /// The texts there; one text is a list of one.
    pub(crate) fn texts(&self, path: &str) -> Vec<String> {
        let Some(node) = self.at(path) else { return Vec::new() };
        match node.as_list() {
            Some(list) => list.iter().filter_map(Node::scalar_text).collect(),
            None => node.scalar_text().into_iter().collect(),
        }
    }
}

/// An identity as it is written, with what stands before it.
pub(crate) struct Seen<'a> {
    pub(crate) entry: Entry<'a>,
    pub(crate) provider: Option<Entry<'a>>,
    pub(crate) region: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// What its children would be given of what is no secret: where they work, and what is taken from them.
#[derive(Debug, Clone)]
pub struct Outline {
    pub given: EnvironmentCredentials,
    /// There is nothing else that they would be given.
    pub is_all: bool,
}
