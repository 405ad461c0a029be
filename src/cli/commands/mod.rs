//! One function per command: flags and environment to a request, `ops` does the work, the report to the screen.

mod affected;
mod auth;
mod config;
mod dependents;
mod describe;
mod dispatch;
mod explain;
mod helmfile;
mod list;
mod query;
mod terraform;
mod unknown;
mod version;
mod write;

pub(super) use dispatch::dispatch;
