//! What follows from an identity: logins of registries, kubeconfigs and tokens of clusters, passwords for git
//! (`auth.integrations`).
//!
//! Row 5. Read [`Integration`] (what is written), [`Target`] (what one leads to), then the calls of
//! [`Session`](super::Session): `registry_login`, `cluster`, `cluster_token`. [`docker`] and [`kube`] write the files.
//! Whose credentials, when, and what a failure means is the business of `ops`.

mod azure;
mod call;
mod check;
mod config;
pub mod docker;
mod ecr;
mod eks;
mod error;
mod git;
mod github;
mod google;
pub mod kube;
mod schema;
mod target;
mod text;

pub use azure::CLUSTERS_OF_AZURE;
pub use check::conflict;
pub(super) use check::problems;
pub use config::{Integration, Kind, linked};
pub use ecr::RegistryLogin;
pub use eks::{Cluster, ClusterToken};
pub use error::Error;
pub use git::{GitLogin, GitTarget};
pub use github::{GithubTarget, provider_of, rewrites, rewriting_file};
pub use schema::extend as extend_schema;
pub use target::{ClusterTarget, Home, Registry, RegistryService, Target, Update};
