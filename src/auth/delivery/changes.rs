//! The variables that carry an identity to a child, and those that must not reach it. Row 5.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Error;
use super::ambient::{AMBIENT, is_ambient};
use super::helper::seconds;
use crate::auth::creds::AwsCredentials;
use crate::auth::given::EnvironmentCredentials;
use crate::host::Env;
use crate::secret::{Expose as _, Secret};

/// Files that `auth env` prints for kind `mock/aws`, as the reference does. They do not exist, and anybody could make them:
/// no child of ours ever gets them.
const MOCK_CONFIG: &str = "/tmp/mock-config";
const MOCK_CREDENTIALS: &str = "/tmp/mock-credentials";
const MOCK_REGION: &str = "us-east-1";

/// What kind of variables an identity has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    #[default]
    Aws,
    /// Kind `mock/aws`: as any other for a child, and [`printable`] has the fixed values of the reference.
    MockAws,
    /// Kind `mock`: no variables of any cloud.
    Mock,
    /// Clouds whose credentials are variables and private files.
    Environment,
    /// Kinds `ambient` and `aws/ambient`: everything stays as it is; a region is added where there is one.
    Ambient,
}

/// What the variables of an identity are made of.
#[derive(Debug, Clone, Copy)]
pub struct Wiring<'a> {
    /// Name of the identity.
    pub identity: &'a str,
    /// Its AWS profile.
    pub profile: &'a str,
    pub region: Option<&'a str>,
    pub style: Style,
    /// AWS configuration file with the profile.
    pub config_file: &'a Path,
    pub credentials_file: &'a Path,
    /// Socket of the run, by which a nested atmos asks for credentials.
    pub socket: Option<&'a Path>,
    /// Credentials to put into the environment itself (delivery `env`).
    pub keys: Option<&'a AwsCredentials>,
    /// What a child of another cloud gets, and the directory of its files.
    pub given: Option<(&'a EnvironmentCredentials, &'a Path)>,
    /// Address and token to ask for them (delivery `endpoint`).
    pub endpoint: Option<(&'a str, &'a Secret)>,
    /// `env` entries of the identity; `None` takes a variable away.
    pub env: &'a [(String, Option<String>)],
    /// Sets `ATMOS_IDENTITY` too: for shells and `auth exec`, never for terraform and helmfile, where it would outrank
    /// what nested runs are configured to use.
    pub announce: bool,
}

/// An identity's part of an environment.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Variables that carry the identity, sorted; nothing overrides them.
    pub set: Vec<(String, OsString)>,
    /// The well-known variables that must not reach the child, sorted; [`Changes::removes`] knows all.
    pub remove: Vec<String>,
    /// What else must not, of another cloud than AWS: names, or beginnings with a `*` behind.
    pub foreign: Option<Vec<String>>,
    /// Lists of paths of which the identity has a part.
    pub joined: Vec<Joined>,
    /// `env` entries of the identity: ordinary variables, above the component's, below `set`. `None` takes one away.
    pub extra: Vec<(String, Option<String>)>,
}

/// Paths that are put behind what the child has in a variable already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    pub name: String,
    /// In this order, even where one of them is there already.
    pub paths: Vec<OsString>,
    /// Paths that leave the list: `paths` say more.
    pub instead_of: Vec<OsString>,
}

impl Joined {
    fn onto(&self, list: &OsStr) -> OsString {
        let ours = |path: &PathBuf| self.paths.iter().chain(&self.instead_of).any(|own| path.as_os_str() == own);
        let others = std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty() && !ours(path));
        let paths = others.chain(self.paths.iter().map(PathBuf::from));
        // Paths that cannot be in a list: the first says the most.
        std::env::join_paths(paths).unwrap_or_else(|_| self.paths.first().cloned().unwrap_or_default())
    }
}

/// Only names: values may be secrets.
impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>().join(" ");
        f.debug_struct("Changes")
            .field("set", &names(self.set.iter().map(|(name, _)| name).collect()))
            .field("remove", &names(self.remove.iter().collect()))
            .field("foreign", &self.foreign)
            .field("joined", &names(self.joined.iter().map(|joined| &joined.name).collect()))
            .field("extra", &names(self.extra.iter().map(|(name, _)| name).collect()))
            .finish()
    }
}

impl Changes {
    /// That configuration cannot set this variable while the identity is in force.
    pub fn manages(&self, name: &str) -> bool {
        self.removes(name) || self.sets(name)
    }

    /// That this variable must not reach the child.
    pub fn removes(&self, name: &str) -> bool {
        let ambient = match &self.foreign {
            Some(patterns) => self.remove.iter().any(|other| other == name) || matches(patterns, name),
            // An identity that stands for no cloud removes nothing at all.
            None => !self.remove.is_empty() && is_ambient(name),
        };
        ambient && !self.sets(name)
    }

    fn sets(&self, name: &str) -> bool {
        self.set.iter().any(|(other, _)| other == name)
    }
}

fn matches(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    })
}

/// Variables that are set and variables that are taken away, as [`super::render`] takes them.
pub type Printable = (Vec<(String, String)>, Vec<String>);

/// The variables of an identity for `auth env`: those that a child would get, and those that would be taken from it. The
/// mock kinds take nothing away there. `env` is where the text will be used: it tells the ambient variables that are known
/// by their beginning only.
///
/// # Errors
/// A path that is not valid UTF-8.
pub fn printable(wiring: &Wiring<'_>, env: &Env) -> Result<Printable, Error> {
    let mut changes = changes(wiring);
    if wiring.style == Style::MockAws {
        changes.set = mock_aws(wiring);
        changes.set.push(("MOCK_IDENTITY".to_owned(), wiring.identity.into()));
    }
    let present = env.iter().filter_map(|(name, _)| name.to_str()).filter(|name| changes.removes(name));
    let unset: BTreeSet<String> = changes.remove.iter().cloned().chain(present.map(str::to_owned)).collect();
    let unset = if matches!(wiring.style, Style::Aws | Style::Environment) { unset } else { BTreeSet::new() };
    let gone = changes.extra.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.clone());
    let unset: BTreeSet<String> = unset.into_iter().chain(gone).collect();
    let mut set: Vec<(String, String)> =
        changes.extra.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    for (name, value) in changes.set {
        let value = value
            .into_string()
            .map_err(|value| Error::Path { path: value.display().to_string(), why: "it is not valid UTF-8" })?;
        set.push((name, value));
    }
    set.sort();
    Ok((set, unset.into_iter().collect()))
}

/// The variables of an identity.
pub fn changes(wiring: &Wiring<'_>) -> Changes {
    let mut set: Vec<(String, OsString)> = match wiring.style {
        Style::Aws | Style::MockAws => aws(wiring),
        Style::Mock => Vec::new(),
        Style::Ambient => region(wiring),
        Style::Environment => environment(wiring),
    };
    if matches!(wiring.style, Style::Mock | Style::MockAws) {
        set.push(("MOCK_IDENTITY".to_owned(), wiring.identity.into()));
    }
    if wiring.announce {
        set.push(("ATMOS_IDENTITY".to_owned(), wiring.identity.into()));
    }
    set.sort();
    let mut remove: Vec<String> = AMBIENT
        .iter()
        .filter(|name| !set.iter().any(|(other, _)| other == *name))
        .map(|&name| name.to_owned())
        .collect();
    if matches!(wiring.style, Style::Mock | Style::Ambient) {
        // It stands for no cloud, so what others left in the environment is not its business. A run around it goes on,
        // and what is inside asks that one and no keyring.
        remove.clear();
    }
    let foreign = wiring.given.map(|(given, _)| given.removed.clone());
    if let Some(patterns) = &foreign {
        // A region of AWS, or its endpoints, are no business of another cloud; the run around this one is.
        remove = patterns.iter().filter(|pattern| !pattern.ends_with('*')).cloned().collect();
        remove.push("ATMOS_RUN_SOCKET".to_owned());
        remove.retain(|name| !set.iter().any(|(other, _)| other == name));
    }
    remove.sort();
    let mut changes = Changes { set, remove, foreign, joined: Vec::new(), extra: Vec::new() };
    changes.extra = wiring.env.iter().filter(|(name, _)| !changes.manages(name)).cloned().collect();
    changes
}

fn aws(wiring: &Wiring<'_>) -> Vec<(String, OsString)> {
    let mut set: Vec<(&str, OsString)> = vec![
        ("AWS_CONFIG_FILE", wiring.config_file.into()),
        ("AWS_SHARED_CREDENTIALS_FILE", wiring.credentials_file.into()),
        ("AWS_SDK_LOAD_CONFIG", "1".into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
    ];
    match (wiring.keys, wiring.endpoint) {
        // A profile beside keys would make some tools prefer the one and some the other.
        (None, None) => set.push(("AWS_PROFILE", wiring.profile.into())),
        (None, Some((url, token))) => {
            set.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.into()));
            set.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.expose_secret().into()));
        }
        (Some(keys), _) => {
            set.push(("AWS_ACCESS_KEY_ID", keys.access_key_id.clone().into()));
            set.push(("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.expose_secret().into()));
            if let Some(token) = &keys.session_token {
                set.push(("AWS_SESSION_TOKEN", token.expose_secret().into()));
            }
            if let Some(expiration) = keys.expiration {
                set.push(("AWS_CREDENTIAL_EXPIRATION", seconds(expiration).into()));
            }
        }
    }
    if let Some(socket) = wiring.socket {
        set.push(("ATMOS_RUN_SOCKET", socket.into()));
    }
    set.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(region(wiring)).collect()
}

/// Variables and paths of private files; AWS is as it was.
fn environment(wiring: &Wiring<'_>) -> Vec<(String, OsString)> {
    let Some((given, directory)) = wiring.given else { return Vec::new() };
    let value = |secret: &Secret| OsString::from(secret.expose_secret());
    let variables = given.variables.iter().map(|variable| (variable.name.clone(), value(&variable.value)));
    let paths = given.paths.iter().map(|(name, path)| (name.clone(), directory.join(path).into()));
    let socket = wiring.socket.map(|socket| ("ATMOS_RUN_SOCKET".to_owned(), socket.into()));
    variables.chain(paths).chain(socket).collect()
}

/// Both variables: the old command line program reads only the second.
fn region(wiring: &Wiring<'_>) -> Vec<(String, OsString)> {
    let Some(region) = wiring.region.filter(|region| !region.is_empty()) else { return Vec::new() };
    ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| (name.to_owned(), region.into())).to_vec()
}

fn mock_aws(wiring: &Wiring<'_>) -> Vec<(String, OsString)> {
    let region = wiring.region.filter(|region| !region.is_empty()).unwrap_or(MOCK_REGION);
    let set: [(&str, &str); 5] = [
        ("AWS_CONFIG_FILE", MOCK_CONFIG),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_PROFILE", wiring.identity),
        ("AWS_REGION", region),
        ("AWS_SHARED_CREDENTIALS_FILE", MOCK_CREDENTIALS),
    ];
    set.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// Variables that name kubeconfigs, for kubectl and for terraform.
pub const KUBECONFIGS: [&str; 2] = ["KUBECONFIG", "KUBE_CONFIG_PATH"];

/// A list of paths with one more at its end, unless it has that already.
pub fn joined(list: &OsStr, path: &OsStr) -> OsString {
    let mut paths: Vec<PathBuf> = std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect();
    if !paths.iter().any(|known| known.as_os_str() == path) {
        paths.push(path.into());
    }
    // A path that cannot be in a list is better alone than not at all.
    std::env::join_paths(paths).unwrap_or_else(|_| path.to_owned())
}

/// The environment of a child: `base`, then `component` (`None` unsets a variable), then the identity. Beside it,
/// sorted, the variables of the component that lost against the identity. Without an identity the environment stays as it
/// was but for the component's own.
pub fn child_env(base: &Env, component: &[(String, Option<String>)], identity: Option<&Changes>) -> (Env, Vec<String>) {
    let mut env = base.clone();
    let mut overruled = BTreeSet::new();
    for (name, value) in component {
        if identity.is_some_and(|identity| identity.manages(name)) {
            overruled.insert(name.clone());
            continue;
        }
        env.change(name, value.as_deref());
    }
    if let Some(identity) = identity {
        let ambient: Vec<String> = env
            .iter()
            .filter_map(|(name, _)| name.to_str())
            .filter(|name| identity.removes(name))
            .map(str::to_owned)
            .collect();
        for name in ambient {
            env.remove(&name);
        }
        for (name, value) in &identity.extra {
            env.change(name, value.as_deref());
        }
        for (name, value) in &identity.set {
            env.set(name, value);
        }
        for joined in &identity.joined {
            let value = joined.onto(env.get_raw(&joined.name).unwrap_or_default());
            env.set(&joined.name, value);
        }
    }
    (env, overruled.into_iter().collect())
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
