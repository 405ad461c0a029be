//! A kubeconfig: clusters of ours in it, beside whatever else it has. There is no secret in it: who uses it asks this program
//! for a token. Row 5.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::eks::Cluster;
use super::error::{Error, real};
use super::target::{ClusterTarget, Home, Update};
use crate::content::{self, Tags};
use crate::host::lock::FileLock;
use crate::host::{Host, fs};
use crate::value::{Map, Node};
use crate::yaml;

const INDENT: usize = 2;
const MODE: u32 = 0o600;
const API: &str = "client.authentication.k8s.io/v1beta1";
const PATIENCE: Duration = Duration::from_secs(10);

/// What is written of a cluster.
#[derive(Debug, Clone)]
pub struct Entry {
    pub cluster: Cluster,
    /// Name of the context.
    pub context: String,
    /// The program that prints tokens, with its arguments.
    pub command: Vec<String>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub path: PathBuf,
    pub context: String,
    pub has_changed: bool,
}

/// The file of a target.
pub fn path(host: &Host, target: &ClusterTarget) -> PathBuf {
    match target.path.as_deref() {
        None => host.dirs.config.join("atmos/kube/config"),
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => host.dirs.home.join(rest),
            None => host.absolute(Path::new(path)),
        },
    }
}

/// Name of the user in a kubeconfig, by which what is ours is found again.
pub fn user_name(target: &ClusterTarget) -> String {
    let ClusterTarget { name, region, home, .. } = target;
    match home {
        Home::Aws => format!("atmos-eks-{name}-{region}"),
        Home::Azure { group, subscription: Some(subscription) } => format!("atmos-aks-{name}-{group}-{subscription}"),
        Home::Azure { group, subscription: None } => format!("atmos-aks-{name}-{group}"),
        Home::Google { project } => format!("atmos-gke-{name}-{project}-{region}"),
    }
}

/// Writes a cluster down, as the target wants it.
///
/// # Errors
/// The file is no kubeconfig, cannot be written, or has an entry that must stay.
pub fn write(host: &Host, target: &ClusterTarget, entry: &Entry) -> Result<Written, Error> {
    let path = path(host, target);
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dirs(folder).map_err(|error| Error::file("create", folder, &error))?;
    let path = real(&path)?;
    let _lock = lock(host, &path)?;
    let old = if target.update == Update::Replace { None } else { read(host, &path)? };
    let mut document = old.clone().unwrap_or_else(empty);
    if target.update == Update::Refuse {
        refuse(&document, entry, (&entry.cluster.id, &entry.context, &user_name(target)), &path)?;
    }
    place(&mut document, target, entry);
    let content = yaml::emit(&document, INDENT);
    let mode = target.mode.unwrap_or(MODE);
    let is_same = std::fs::read_to_string(&path).is_ok_and(|known| known == content) || old.as_ref() == Some(&document);
    let has_changed = !is_same || !has_mode(&path, mode);
    if has_changed {
        fs::write_atomic(&path, content.as_bytes(), mode).map_err(|error| Error::file("write", &path, &error))?;
    }
    Ok(Written { path, context: entry.context.clone(), has_changed })
}

/// A kubeconfig with nothing but these clusters, the last of which is the current one. What stands in it goes before what
/// other files say under the same names.
pub fn only(clusters: &[(ClusterTarget, Entry)]) -> String {
    let mut document = empty();
    for (target, entry) in clusters {
        place(&mut document, target, entry);
    }
    yaml::emit(&document, INDENT)
}

fn place(document: &mut Node, target: &ClusterTarget, entry: &Entry) {
    let (name, context, user) = (entry.cluster.id.as_str(), entry.context.as_str(), user_name(target));
    put(document, "clusters", "cluster", name, &cluster(entry));
    put(document, "contexts", "context", context, &map([("cluster", text(name)), ("user", text(&user))]));
    put(document, "users", "user", &user, &map([("exec", exec(entry))]));
    document.make_map().insert(Arc::from("current-context"), text(context));
}

/// Takes a cluster out again: our user, the contexts with it, and clusters that only these used. A file with nothing left in it
/// goes. Returns whether there is anything of it; `dry_run` changes nothing.
///
/// # Errors
/// As [`write`].
pub fn remove(host: &Host, target: &ClusterTarget, dry_run: bool) -> Result<Option<PathBuf>, Error> {
    let path = path(host, target);
    if !path.exists() {
        return Ok(None);
    }
    let path = real(&path)?;
    let _lock = if dry_run { None } else { Some(lock(host, &path)?) };
    let Some(mut document) = read(host, &path)? else { return Ok(None) };
    let user = user_name(target);
    let of = |node: &Node, key: &str| node.get_path(["context", key]).and_then(Node::as_str).map(str::to_owned);
    let contexts = document.get("contexts").and_then(Node::as_list).unwrap_or_default();
    let (ours, others): (Vec<_>, Vec<_>) =
        contexts.iter().partition(|context| of(context, "user").as_deref() == Some(user.as_str()));
    let used: Vec<String> = others.iter().filter_map(|context| of(context, "cluster")).collect();
    let mut clusters: Vec<String> = ours.iter().filter_map(|context| of(context, "cluster")).collect();
    clusters.retain(|name| !used.contains(name));
    let contexts: Vec<String> = ours.iter().filter_map(|context| name_of(context)).collect();
    let is_there = !contexts.is_empty() || names(&document, "users").contains(&user);
    if !is_there || dry_run {
        return Ok(is_there.then_some(path));
    }
    take(&mut document, "clusters", &clusters);
    take(&mut document, "contexts", &contexts);
    take(&mut document, "users", &[user]);
    let current = document.get("current-context").and_then(Node::as_str).map(str::to_owned);
    if current.is_some_and(|current| contexts.contains(&current)) {
        document.make_map().insert(Arc::from("current-context"), text(""));
    }
    if ["clusters", "contexts", "users"].iter().all(|list| names(&document, list).is_empty()) {
        fs::remove_file_if_present(&path).map_err(|error| Error::file("remove", &path, &error))?;
    } else {
        let mode = mode_of(&path).unwrap_or(MODE);
        let content = yaml::emit(&document, INDENT);
        fs::write_atomic(&path, content.as_bytes(), mode).map_err(|error| Error::file("write", &path, &error))?;
    }
    Ok(Some(path))
}

/// What is there under our names has to be ours already.
fn refuse(
    document: &Node,
    entry: &Entry,
    (cluster_name, context, user): (&str, &str, &str),
    path: &Path,
) -> Result<(), Error> {
    let exists = |what: String| Error::Exists { what, path: path.display().to_string() };
    if find(document, "clusters", cluster_name).is_some_and(|known| known.get("cluster") != Some(&cluster(entry))) {
        return Err(exists(format!("cluster {cluster_name}")));
    }
    let of = |known: &Node, key: &str| known.get_path(["context", key]).and_then(Node::as_str).map(str::to_owned);
    let is_ours = |known: &Node| {
        of(known, "cluster").as_deref() == Some(cluster_name) && of(known, "user").as_deref() == Some(user)
    };
    if find(document, "contexts", context).is_some_and(|known| !is_ours(known)) {
        return Err(exists(format!("context {context}")));
    }
    Ok(())
}

fn cluster(entry: &Entry) -> Node {
    let mut node = map([("server", text(&entry.cluster.endpoint))]);
    if !entry.cluster.authority.is_empty() {
        node.make_map().insert(Arc::from("certificate-authority-data"), text(&entry.cluster.authority));
    }
    node
}

fn exec(entry: &Entry) -> Node {
    let (program, arguments) =
        entry.command.split_first().map_or(("atmos", &[][..]), |(first, rest)| (first.as_str(), rest));
    map([
        ("apiVersion", text(API)),
        ("command", text(program)),
        ("args", Node::from(arguments.iter().map(|word| text(word)).collect::<Vec<_>>())),
        ("interactiveMode", text("Never")),
        ("provideClusterInfo", Node::from(false)),
    ])
}

fn empty() -> Node {
    map([("apiVersion", text("v1")), ("kind", text("Config"))])
}

fn name_of(node: &Node) -> Option<String> {
    node.get("name").and_then(Node::scalar_text)
}

fn names(document: &Node, list: &str) -> Vec<String> {
    document.get(list).and_then(Node::as_list).unwrap_or_default().iter().filter_map(name_of).collect()
}

fn find<'a>(document: &'a Node, list: &str, name: &str) -> Option<&'a Node> {
    let entries = document.get(list).and_then(Node::as_list).unwrap_or_default();
    entries.iter().find(|entry| name_of(entry).as_deref() == Some(name))
}

/// Puts an entry into its place in a list, or at its end. Keys of a context that are not ours (the namespace) stay.
fn put(document: &mut Node, list: &str, key: &str, name: &str, value: &Node) {
    let mut entries = document.get(list).and_then(Node::as_list).unwrap_or_default().to_vec();
    let at = entries.iter().position(|entry| name_of(entry).as_deref() == Some(name));
    let mut value = value.clone();
    let known = at.and_then(|at| entries[at].get(key)).filter(|_| key == "context").and_then(Node::as_map);
    for (key, other) in known.into_iter().flatten() {
        value.make_map().entry(key.clone()).or_insert_with(|| other.clone());
    }
    let entry = map([("name", text(name)), (key, value)]);
    match at {
        Some(at) => entries[at] = entry,
        None => entries.push(entry),
    }
    document.make_map().insert(Arc::from(list), Node::from(entries));
}

fn take(document: &mut Node, list: &str, gone: &[String]) {
    let mut entries = document.get(list).and_then(Node::as_list).unwrap_or_default().to_vec();
    entries.retain(|entry| name_of(entry).is_none_or(|name| !gone.contains(&name)));
    document.make_map().insert(Arc::from(list), Node::from(entries));
}

/// One lock for all: kubectl has a form of its own, which must not be mistaken for it.
fn lock(host: &Host, path: &Path) -> Result<FileLock, Error> {
    let folder = host.dirs.cache.join("atmos");
    fs::create_dirs(&folder).map_err(|error| Error::file("create", &folder, &error))?;
    let lock = FileLock::acquire(&folder.join("kubeconfig.lock"), Some(PATIENCE), || {});
    lock.map_err(|error| Error::file("lock", path, &error))
}

/// The document; none where there is no file or nothing in it.
fn read(host: &Host, path: &Path) -> Result<Option<Node>, Error> {
    let content = match fs::read_text(path, u64::MAX, "it is not a regular file") {
        Ok(content) => content,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("read", path, &error)),
    };
    let unreadable = || Error::Unreadable {
        path: path.display().to_string(),
        at: String::new(),
        what: "a kubeconfig",
        instead: "`spec.cluster.kubeconfig.path`",
    };
    // What is wrong may be a part of a secret of somebody else: it is not repeated.
    let node = content::parse(&host.sources, path, &host.cwd, "config.yaml", content, Tags::Text);
    let node = node.map_err(|_| unreadable())?;
    let lists = ["clusters", "contexts", "users"].map(|list| node.get(list));
    let fits = |list: &Node| list.is_null() || list.as_list().is_some();
    match () {
        () if node.is_null() => Ok(None),
        () if node.as_map().is_none() || !lists.into_iter().flatten().all(fits) => Err(unreadable()),
        () => Ok(Some(node)),
    }
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode_of(_path: &Path) -> Option<u32> {
    None
}

fn has_mode(path: &Path, mode: u32) -> bool {
    mode_of(path).is_none_or(|known| known == mode)
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::from(entries.into_iter().map(|(key, value)| (Arc::from(key), value)).collect::<Map>())
}

fn text(text: &str) -> Node {
    Node::from(text)
}

#[cfg(test)]
#[path = "kube_tests.rs"]
mod tests;
