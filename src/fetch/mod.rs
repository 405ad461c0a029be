//! Remote files that configuration and stack manifests import: git repositories, single files and archives over http,
//! objects of S3 and of Google Cloud Storage, artifacts of OCI registries, `file://`. Fetched once per source and run, kept across runs in the user's cache.
//!
//! Row 3. Read [`Fetcher::resolve`] first, then `source` (what an address means), `cache` (what is kept and for how
//! long) and `tree` (which files of a fetched tree an address names). No credential is ever an argument of a process,
//! part of a message or of a file name.

mod address;
mod archive;
mod bucket;
mod cache;
mod docker;
mod error;
mod fetcher;
mod gcs;
mod git;
mod history;
mod http;
mod object;
mod oci;
mod owner;
mod program;
mod s3;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod token;
mod tree;

pub use address::{join, shown};
pub use error::Error;
pub use fetcher::{Fetched, Fetcher, Found, Resolved};
pub use git::{SshKey, answer as git_answer, clone as git_clone};
pub use history::{changes, tags};
pub use http::{answer, follow, follow_into};
pub use program::Git;
pub use settings::{Settings, Tokens, parse_ttl};
