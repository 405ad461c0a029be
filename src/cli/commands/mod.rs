//! One function per command: flags and environment to a request, `ops` does the work, the report to the screen.

mod affected;
mod auth;
mod backend;
mod config;
mod custom;
mod dependents;
mod describe;
mod dispatch;
mod explain;
mod generate;
mod helmfile;
mod inspect;
mod list;
mod packer;
mod provision;
mod query;
mod terraform;
mod unknown;
mod validate;
mod version;
mod workflow;
mod write;

pub(super) use custom::run as custom;
pub(super) use dispatch::dispatch;
pub(super) use unknown::is_later;
