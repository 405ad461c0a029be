//! Terraform and OpenTofu: from a component and a request to the children that do it.
//!
//! Read [`Target`] and [`Request`] first, then [`steps`](steps::steps), which is pure and decides everything that can be
//! decided without the disk; [`init`] decides by what is on the disk whether `init` has to run and how; [`run`] acts.

mod attempts;
pub mod clean;
mod fingerprint;
pub mod folder;
mod given;
pub mod init;
pub mod layout;
pub mod migration;
mod owned;
pub mod planned;
mod request;
mod run;
pub mod sensitive;
mod sources;
mod states;
mod steps;
mod target;
mod verb;

pub use attempts::{Next, Retries, is_init};
pub use clean::Options as CleanOptions;
pub use owned::{Owned, of_data_dir, of_packages};
pub use request::{FromPlan, Request};
pub use run::{Context, Finished, Folds, run};
pub use sources::{calls_modules, hosts_with_ports};
pub use states::states_below;
pub use steps::{InitWish, Plan, Workspace, is_approved, steps, with_varfile};
pub use target::{BACKEND_FILE, Backend, HCL_BACKEND_FILE, OVERRIDE_FILES, Settings, Target};
pub use verb::Verb;
