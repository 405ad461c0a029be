//! Google Cloud: who vouches for a program there, and whom it becomes.
//!
//! Row 5. Read [`GoogleToken`] (what goes from step to step), then the kinds, then `environment` (what a child gets).

mod adc;
mod environment;
mod project;
mod service_account;
mod token;
mod workload;

pub(crate) use adc::Defaults;
pub(crate) use project::Project;
pub(crate) use service_account::ServiceAccount;
pub(crate) use token::{GoogleToken, TOKEN};
pub(crate) use workload::Workload;
