//! Steps that do something themselves: requests over http, archives, results of tests, and what must be there.
//!
//! Row 12. [`At`] is one step at work; [`special`](super::special) calls these.

mod archive;
mod at;
mod entries;
mod error;
mod http;
mod junit;
mod require;

pub(super) use archive::archive;
pub(super) use at::At;
pub(super) use http::http;
pub(super) use junit::junit;
pub(super) use require::require;
