//! How an evaluation asks for what lies outside of the repository: outputs of components, and facts of an identity.

use std::sync::Arc;

use super::error::Error;
use super::outputs::Outputs;
use crate::auth::resolution::Flag;
use crate::component::Instance;
use crate::diag::Report;

/// A fact about the AWS account behind an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AwsFact {
    AccountId,
    Arn,
    UserId,
    Region,
    OrganizationId,
}

/// As whom somebody asks, as far as a command says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// `--identity`.
    pub flag: Flag,
    /// The command runs something: it must not be done as nobody where somebody is meant.
    pub runs: bool,
}

/// Why there are no outputs, or no fact.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The component has no state yet.
    NotProvisioned,
    Failed(Arc<Report>),
}

impl<E: Into<Report>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Failed(Arc::new(error.into()))
    }
}

/// Implemented above, where credentials are known and terraform can be started. Everything is done once for each distinct
/// question, whoever asks, and waits where it has to.
pub trait Reach: std::fmt::Debug + Sync {
    /// The outputs in the state of a component, whose backend is evaluated, read as the identity of `owner`.
    ///
    /// # Errors
    /// [`Failure`]
    fn state(&self, component: &Instance, owner: &Instance, wish: &Wish) -> Result<Arc<Outputs>, Failure>;

    /// The outputs that terraform prints for a component, whose sections are evaluated. `what` is what somebody waits for:
    /// `vpc_id output`.
    ///
    /// # Errors
    /// [`Failure`]
    fn terraform(
        &self,
        component: &Instance,
        owner: &Instance,
        wish: &Wish,
        what: &str,
    ) -> Result<Arc<Outputs>, Failure>;

    /// A fact about the identity of `owner`.
    ///
    /// # Errors
    /// [`Failure`]
    fn aws(&self, fact: AwsFact, owner: &Instance, wish: &Wish) -> Result<String, Failure>;
}

/// For evaluations that must not leave the repository: everything is refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct Denied;

impl Denied {
    fn refusal() -> Failure {
        Failure::from(Error::Refused {
            place: "what lies outside of the repository".to_owned(),
            answer: "this evaluation must not ask for it".to_owned(),
            help: "leave the function as text with `--process-functions=false`".to_owned(),
        })
    }
}

impl Reach for Denied {
    fn state(&self, _: &Instance, _: &Instance, _: &Wish) -> Result<Arc<Outputs>, Failure> {
        Err(Denied::refusal())
    }

    fn terraform(&self, _: &Instance, _: &Instance, _: &Wish, _: &str) -> Result<Arc<Outputs>, Failure> {
        Err(Denied::refusal())
    }

    fn aws(&self, _: AwsFact, _: &Instance, _: &Wish) -> Result<String, Failure> {
        Err(Denied::refusal())
    }
}
