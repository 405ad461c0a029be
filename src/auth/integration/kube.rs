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
const CURRENT: &str = "current-context";
const API: &str = "client.authentication.k8s.io/v1beta1";
const PATIENCE: Duration = Duration::from_secs(10);
/// What the names of our users begin with.
const USERS: [&str; 3] = ["atmos-eks-", "atmos-aks-", "atmos-gke-"];
/// Name of the extension of a context in which we keep what was current before.
const EXTENSION: &str = "atmos";
const BEFORE: &str = "previous-context";

/// What becomes of the current context of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Somebody asked for this cluster.
    Always,
    /// It follows from something else: the choice of a person stays.
    IfFree,
}

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
    /// The current context of the file, where that is another one.
    pub current: Option<String>,
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
/// The file is no kubeconfig, cannot be written, or has an entry that must stay: a context of somebody else is one.
pub fn write(host: &Host, target: &ClusterTarget, entry: &Entry, switch: Switch) -> Result<Written, Error> {
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
    spare(&document, &entry.context, &path)?;
    place(&mut document, target, entry);
    if switch == Switch::Always || is_free(&document) {
        make_current(&mut document, &entry.context);
    }
    let current = current(&document).filter(|current| *current != entry.context);
    let content = yaml::emit(&document, INDENT);
    let mode = target.mode.unwrap_or(MODE);
    let is_same = std::fs::read_to_string(&path).is_ok_and(|known| known == content) || old.as_ref() == Some(&document);
    let has_changed = !is_same || !has_mode(&path, mode);
    if has_changed {
        fs::write_atomic(&path, content.as_bytes(), mode).map_err(|error| Error::file("write", &path, &error))?;
    }
    Ok(Written { path, context: entry.context.clone(), has_changed, current })
}

/// A kubeconfig with nothing but these clusters, the last of which is the current one. What stands in it goes before what
/// other files say under the same names.
pub fn only(clusters: &[(ClusterTarget, Entry)]) -> String {
    let mut document = empty();
    for (target, entry) in clusters {
        place(&mut document, target, entry);
        document.make_map().insert(Arc::from(CURRENT), text(&entry.context));
    }
    yaml::emit(&document, INDENT)
}

fn place(document: &mut Node, target: &ClusterTarget, entry: &Entry) {
    let (name, context, user) = (entry.cluster.id.as_str(), entry.context.as_str(), user_name(target));
    let known =
        find(document, "contexts", context).filter(|known| is_ours(known)).and_then(|known| of(known, "cluster"));
    put(document, "clusters", "cluster", name, &cluster(entry));
    put(document, "contexts", "context", context, &map([("cluster", text(name)), ("user", text(&user))]));
    put(document, "users", "user", &user, &map([("exec", exec(entry))]));
    // The cluster that our context led to before, where nobody else leads there.
    if let Some(known) = known {
        let contexts = document.get("contexts").and_then(Node::as_list).unwrap_or_default();
        if !contexts.iter().any(|other| of(other, "cluster").as_deref() == Some(known.as_str())) {
            take(document, "clusters", &[known]);
        }
    }
}

/// A context of that name which is not ours is left alone: it is somebody's way to another cluster, and nobody could bring it
/// back.
fn spare(document: &Node, context: &str, path: &Path) -> Result<(), Error> {
    let Some(known) = find(document, "contexts", context).filter(|known| !is_ours(known)) else { return Ok(()) };
    let shown = |key: &str| of(known, key).unwrap_or_default();
    Err(Error::Taken {
        context: context.to_owned(),
        path: path.display().to_string(),
        cluster: shown("cluster"),
        user: shown("user"),
    })
}

fn of(context: &Node, key: &str) -> Option<String> {
    context.get_path(["context", key]).and_then(Node::as_str).map(str::to_owned)
}

/// A context whose user asks this program for tokens.
fn is_ours(context: &Node) -> bool {
    of(context, "user").is_some_and(|user| USERS.iter().any(|prefix| user.starts_with(prefix)))
}

fn current(document: &Node) -> Option<String> {
    document.get(CURRENT).and_then(Node::scalar_text).filter(|current| !current.is_empty())
}

/// Nobody has chosen a context, or one of ours.
fn is_free(document: &Node) -> bool {
    let Some(current) = current(document) else { return true };
    find(document, "contexts", &current).is_some_and(is_ours)
}

/// Makes a context of ours the current one, and keeps in it what was current before any of ours.
fn make_current(document: &mut Node, context: &str) {
    let known = current(document);
    document.make_map().insert(Arc::from(CURRENT), text(context));
    let Some(known) = known.filter(|known| known != context) else { return };
    let before = match find(document, "contexts", &known) {
        Some(other) if is_ours(other) => before(other),
        _ => Some(known),
    };
    remember(document, context, before.as_deref());
}

/// What was current before a context of ours.
fn before(context: &Node) -> Option<String> {
    let extensions = context.get_path(["context", "extensions"]).and_then(Node::as_list).unwrap_or_default();
    let own = extensions.iter().find(|entry| name_of(entry).as_deref() == Some(EXTENSION))?;
    own.get_path(["extension", BEFORE]).and_then(Node::scalar_text)
}

fn remember(document: &mut Node, context: &str, before: Option<&str>) {
    let mut entries = document.get("contexts").and_then(Node::as_list).unwrap_or_default().to_vec();
    let Some(entry) = entries.iter_mut().find(|entry| name_of(entry).as_deref() == Some(context)) else { return };
    let known = entry.get_path(["context", "extensions"]).and_then(Node::as_list).unwrap_or_default();
    let mut extensions: Vec<Node> =
        known.iter().filter(|entry| name_of(entry).as_deref() != Some(EXTENSION)).cloned().collect();
    if let Some(before) = before {
        extensions.push(map([("name", text(EXTENSION)), ("extension", map([(BEFORE, text(before))]))]));
    }
    let mut own = entry.get("context").cloned().unwrap_or_else(|| map([]));
    if extensions.is_empty() {
        own.make_map().shift_remove("extensions");
    } else {
        own.make_map().insert(Arc::from("extensions"), Node::from(extensions));
    }
    entry.make_map().insert(Arc::from("context"), own);
    document.make_map().insert(Arc::from("contexts"), Node::from(entries));
}

/// Takes a cluster out again: our user, the contexts with it, and clusters that only these used. Where one of these was current,
/// what was so before is it again. A file with nothing left in it goes. Returns whether there is anything of it; `dry_run` changes nothing.
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
    let current = current(&document).filter(|current| contexts.contains(current));
    let old = current.as_ref().and_then(|current| find(&document, "contexts", current)).and_then(before);
    take(&mut document, "clusters", &clusters);
    take(&mut document, "contexts", &contexts);
    take(&mut document, "users", &[user]);
    if current.is_some() {
        let old = old.filter(|old| find(&document, "contexts", old).is_some());
        document.make_map().insert(Arc::from(CURRENT), text(&old.unwrap_or_default()));
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
