//! One function per command: flags and environment to a request, `ops` does the work, the report to the screen.

mod about;
mod affected;
mod auth;
mod auth_look;
mod auth_tools;
mod completion;
mod config;
mod custom;
mod dependents;
mod describe;
mod diff;
mod dispatch;
mod docs;
mod doctor;
mod env;
mod explain;
mod fleet;
mod generate;
mod helmfile;
mod inspect;
mod list;
mod man;
mod profile;
mod query;
mod stack;
mod terraform;
mod theme;
mod unknown;
mod validate;
mod version;
mod workflow;
mod write;

pub(super) use custom::run as custom;
pub(super) use dispatch::dispatch;
pub(super) use unknown::is_later;
