//! The cache of providers and modules: for runs of terraform, and by itself. Row 12.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;

use super::App;
use crate::auth::run::Directory;
use crate::diag::{Result, Warning};
use crate::host::Env;
use crate::mirror::{Entry, Error, Kind, Server, Setup, Shelf};
use crate::secret::Secret;
use crate::value::{DurationForm, Map, Node, parse_duration};

/// Hosts whose modules go through the cache. Providers of every host do.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
const DAY: u64 = 24 * 3600;

/// The server of a run, once somebody needed it.
pub(super) type Running = OnceLock<std::result::Result<Started, String>>;

/// A server and its private directory, which goes after it, or is swept when this process was killed.
#[derive(Debug)]
pub(super) struct Started {
    server: Server,
    directory: Directory,
}

impl Started {
    /// Where to leave what only this run's children read.
    pub(super) fn private(&self) -> &Path {
        self.directory.path()
    }
}

/// How much is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub root: PathBuf,
    pub objects: usize,
    pub bytes: u64,
    pub providers: usize,
    pub modules: usize,
    pub largest: Option<Entry>,
    pub oldest: Option<Entry>,
}

/// What is kept.
pub fn shelf(app: &App) -> Shelf {
    Shelf::at(root(app))
}

/// What is kept, in short.
///
/// # Errors
/// A folder that cannot be read.
pub fn summary(app: &App) -> Result<Summary> {
    let shelf = shelf(app);
    let all = shelf.list()?;
    let of = |group: &str| all.iter().filter(|entry| entry.group == group).count();
    Ok(Summary {
        root: shelf.root().to_path_buf(),
        objects: all.len(),
        bytes: all.iter().map(|entry| entry.size).sum(),
        providers: of("provider"),
        modules: of("module"),
        largest: all.iter().max_by_key(|entry| entry.size).cloned(),
        oldest: all.iter().min_by_key(|entry| entry.modified).cloned(),
    })
}

/// Removes what is old; `dry`: only tells it.
///
/// # Errors
/// What cannot be read or removed.
pub fn prune(app: &App, older: Duration, artifacts: bool, dry: bool) -> Result<Vec<Entry>> {
    Ok(shelf(app).prune(older, artifacts, dry, Timestamp::now())?)
}

/// The name of a kind, as documents have it.
pub fn kind(entry: &Entry) -> &'static str {
    match entry.kind {
        kind @ (Kind::Metadata | Kind::Artifact) => kind.name(),
    }
}

/// `components.terraform.platforms`, else that of this machine.
pub fn platforms(app: &App) -> Vec<String> {
    let configured = super::terraform::platforms(app);
    if !configured.is_empty() {
        return configured;
    }
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    vec![format!("{system}_{architecture}")]
}

fn setting<'a>(app: &'a App, key: &str) -> Option<&'a Node> {
    app.config.document.get_path(["components", "terraform", "cache", key])
}

fn root(app: &App) -> PathBuf {
    let location = setting(app, "location").and_then(Node::as_str).map(str::trim).filter(|text| !text.is_empty());
    match location {
        None => app.host.dirs.cache.join("atmos/terraform/registry"),
        Some(text) => match text.strip_prefix("~/").zip(app.host.env.get("HOME")) {
            Some((rest, home)) => PathBuf::from(home).join(rest),
            None => app.config.base_path.join(text),
        },
    }
}

fn duration(app: &App, key: &str, usual: u64) -> Duration {
    let Some(text) = setting(app, key).and_then(Node::scalar_text).filter(|text| !text.is_empty()) else {
        return Duration::from_secs(usual);
    };
    parse_duration(&text, DurationForm::Go).unwrap_or_else(|| {
        let message = format!("`components.terraform.cache.{key}: {text}` is no duration and has no effect");
        app.host.talk.warn(Warning::new("atmos::mirror::duration", message).help("write `24h` or `90m`"));
        Duration::from_secs(usual)
    })
}

/// Whether runs go through the cache.
pub(super) fn is_on(app: &App) -> bool {
    setting(app, "enabled").and_then(Node::as_bool) == Some(true)
}

/// The server, started at the first call and shared by everything that this process runs.
///
/// # Errors
/// It cannot start, or is to keep its objects where that is not built.
pub(super) fn server(app: &App) -> Result<&Started> {
    let reason = |error: Error| match error {
        Error::Start { reason } => reason,
        other => other.to_string(),
    };
    let started = app.registry_cache.get_or_init(|| started(app).map_err(reason));
    Ok(started.as_ref().map_err(|reason| Error::Start { reason: reason.clone() })?)
}

fn started(app: &App) -> std::result::Result<Started, Error> {
    let backend = app.config.document.get_path(["components", "terraform", "cache", "backend", "type"]);
    let backend = backend.and_then(Node::as_str).unwrap_or("filesystem");
    if !matches!(backend, "" | "filesystem" | "local") {
        let reason = format!("`cache.backend.type: {backend}` is not built yet, `filesystem` is");
        return Err(Error::Start { reason });
    }
    let directory = Directory::create(&app.host).map_err(|error| Error::Start { reason: error.to_string() })?;
    let setup = Setup {
        root: root(app),
        private: directory.path().to_path_buf(),
        fresh: duration(app, "metadata_ttl", DAY),
        stale: duration(app, "stale_while_revalidate", 7 * DAY),
        tokens: tokens(app),
        settings: app.config.remote.clone(),
    };
    Ok(Started { server: Server::start(&app.host, setup)?, directory })
}

/// Tokens for registries: of `components.terraform.rc`, else what `terraform login` left.
fn tokens(app: &App) -> BTreeMap<String, Secret> {
    let mut found = BTreeMap::new();
    let home = app.host.env.get("HOME").map(PathBuf::from).unwrap_or_default();
    let file = std::fs::read_to_string(home.join(".terraform.d/credentials.tfrc.json")).unwrap_or_default();
    let file = serde_json::from_str::<serde_json::Value>(&file).unwrap_or_default();
    for (host, about) in file["credentials"].as_object().into_iter().flatten() {
        found.extend(about["token"].as_str().map(|token| (host.clone(), Secret::from(token.to_owned()))));
    }
    let written = app.config.document.get_path(["components", "terraform", "rc", "credentials"]);
    for (host, about) in written.and_then(Node::as_map).into_iter().flatten() {
        let token = about.get("token").and_then(Node::as_str);
        found.extend(token.map(|token| (host.to_string(), Secret::from(token.to_owned()))));
    }
    for token in found.values() {
        app.host.masker.register(token);
    }
    found
}

/// The configuration of terraform that leads through the cache. What the user has of it stays.
/// Hosts with a port are asked directly.
pub(super) fn contribute(started: &Started, section: &Map, with_ports: &BTreeSet<String>) -> Map {
    let map = |entries: Vec<(&str, Node)>| -> Node {
        Node::from(entries.into_iter().map(|(key, node)| (key.into(), node)).collect::<Map>())
    };
    let (mut section, server) = (section.clone(), &started.server);
    if !section.contains_key("provider_installation") {
        // Nothing beside it for the others: terraform asks every way for versions, and one that is down would fail the run.
        let of_hosts: Vec<Node> = with_ports.iter().map(|host| Node::from(format!("{host}/*/*"))).collect();
        let mut mirror = vec![("url", Node::from(server.providers()))];
        let mut ways = Vec::new();
        if !of_hosts.is_empty() {
            mirror.push(("exclude", Node::from(of_hosts.clone())));
            ways.push(map(vec![("direct", map(vec![("include", Node::from(of_hosts))]))]));
        }
        ways.insert(0, map(vec![("network_mirror", map(mirror))]));
        section.insert("provider_installation".into(), Node::from(ways));
    }
    let mut hosts = section.get("host").and_then(Node::as_map).cloned().unwrap_or_default();
    for host in HOSTS {
        if !hosts.contains_key(host) {
            let services = map(vec![
                ("modules.v1", Node::from(server.modules(host))),
                // The block takes the place of all that the host says of itself.
                ("providers.v1", Node::from(format!("https://{host}/v1/providers/"))),
            ]);
            hosts.insert(host.into(), map(vec![("services", services)]));
        }
    }
    section.insert("host".into(), Node::from(hosts));
    section
}

/// Has children trust the server.
pub(super) fn trust(started: &Started, env: &mut Env) {
    env.set("SSL_CERT_FILE", started.server.bundle());
}

/// Says at the end what the cache has saved, if anything.
pub(super) fn report(app: &App) {
    let Some(Ok(started)) = app.registry_cache.get() else { return };
    let stats = started.server.stats();
    if stats.bytes > 0 {
        let answers = if stats.hits == 1 { "answer" } else { "answers" };
        app.host.talk.info(format!("Registry cache: {} {answers}, {} not fetched", stats.hits, size(stats.bytes)));
    }
}

/// A size for people, in units of a thousand.
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let (mut rest, mut unit) = (bytes, "B");
    let mut tenths = 0;
    for next in units {
        if rest < 1000 {
            break;
        }
        tenths = rest % 1000 / 100;
        rest /= 1000;
        unit = next;
    }
    if unit == "B" || rest >= 10 { format!("{rest} {unit}") } else { format!("{rest}.{tenths} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (12_345, "12 kB"), (3_200_000, "3.2 MB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
