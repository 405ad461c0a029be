//! Runs of many components: which ones, in which order, how many at once, and what became of each.
//!
//! [`choose`] finds the components and what has to come before each of them, [`Schedule`](schedule::Schedule) decides which
//! one is next (pure), [`run`] starts them and keeps their outputs apart. Terraform and helmfile say what one of them does.

mod choose;
mod confirm;
mod crew;
mod error;
mod names;
mod options;
mod prerequisites;
mod refused;
mod results;
mod schedule;
mod selectors;
mod sign_in;

pub(super) use choose::{Asked, Chosen, choose};
pub(super) use confirm::confirm;
pub(super) use crew::{Crew, Member, Outcome, Work, run};
pub use error::{Error, NodeFailure};
pub use options::{Affected, Options};
pub(super) use refused::Refused;
pub use results::{Fleet, NodeResult, Status};
pub use schedule::FailureMode;
pub use selectors::Selectors;
pub(super) use sign_in::{Signing, sign_in};
