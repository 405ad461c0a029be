//! What a run is made of. Row 5.

use std::path::PathBuf;

use super::server::{Source, Tokens};
use crate::auth::delivery::{Delivery, Style};
use crate::auth::given::EnvironmentCredentials;
use crate::auth::integration::{ClusterTarget, RegistryLogin, kube};
use crate::auth::told::Told;
use crate::secret::Secret;

/// An identity that a run may use.
#[derive(Debug, Clone, Default)]
pub struct RunIdentity {
    pub name: String,
    /// Its AWS profile, from [`crate::auth::delivery::profile_name`].
    pub profile: String,
    /// Fingerprint of its chain: a nested atmos must mean the same identity by the name.
    pub fingerprint: String,
    pub region: Option<String>,
    pub style: Style,
    /// How the child gets its credentials. `Env` is for the run's own identity; any other is then asked for by profile.
    pub delivery: Delivery,
    /// `env` entries of the identity; those of the run's own identity reach the child. `None` takes a variable away.
    pub env: Vec<(String, Option<String>)>,
    /// Credentials that are no keys of AWS; those of the run's own identity reach the child.
    pub given: Option<EnvironmentCredentials>,
}

/// What a run is made of.
#[derive(Clone)]
pub struct RunSettings {
    /// The identity in force; `None`: the child runs without.
    pub identity: Option<RunIdentity>,
    /// Other identities that the child may use: required and allowed ones.
    pub allowed: Vec<RunIdentity>,
    pub source: Source,
    /// Tokens of its identities for other things than their own cloud's management.
    pub tokens: Option<Tokens>,
    /// Directory of the configuration that names the identities, for people.
    pub configuration: String,
    /// Tells the child the identity's name in `ATMOS_IDENTITY` (shells, `auth exec`).
    pub announce: bool,
    /// What an atmos inside is told of its identities.
    pub told: Told,
    /// Logins of registries and kubeconfigs.
    pub extras: Extras,
}

/// What integrations give, beside credentials.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// For a private configuration of docker.
    pub logins: Vec<RegistryLogin>,
    /// For a private kubeconfig: in the one that everybody uses, another run with another identity may have the last word about
    /// the current context, and about who the user of a cluster is.
    pub clusters: Vec<(ClusterTarget, kube::Entry)>,
    /// The files in which these clusters stand for everybody.
    pub kubeconfigs: Vec<PathBuf>,
    /// Settings of git, in their order. A key may have a token in it.
    pub git: Vec<(Secret, String)>,
    /// A file of settings of git.
    pub git_file: Option<Secret>,
    /// Further variables.
    pub variables: Vec<(String, Secret)>,
    /// What has to be taken back when the run is over.
    pub revocable: Vec<Secret>,
}
