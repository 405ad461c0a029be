//! Children: which program, with which arguments, in which environment, and what became of it.
//!
//! Row 9. Everything that decides is a pure function of plain data ([`argv`], [`environment`], `terraform::steps`,
//! `helmfile::steps`); what acts is small ([`files`], [`process`], `terraform::run`). Read [`launch::Launch`] first, then
//! `terraform::steps`.

pub mod argv;
pub mod changes;
pub mod environment;
mod error;
pub mod files;
pub mod folder_lock;
mod heirloom;
pub mod helmfile;
mod json;
#[cfg(unix)]
pub mod keeper;
pub mod launch;
pub mod names;
pub mod outlet;
pub mod process;
mod pty;
pub mod relay;
pub mod shell_variables;
pub mod signals;
mod standard;
#[cfg(unix)]
mod stopped;
pub mod terraform;

pub use error::Error;
pub use launch::{Hangup, Launch, Output, Redirect};
pub use process::find as find_program;
pub use standard::{stdin_is_readable, stdout_is_file};
