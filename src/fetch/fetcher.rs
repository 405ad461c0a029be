//! From an address to files on this machine.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::address::{self, shown};
use super::cache::{Entry, hold};
use super::docker::Login;
use super::error::Error;
use super::settings::{Settings, parse_ttl};
use super::source::{Kind, Source, archive_format};
use super::token::{self, Way};
use super::{archive, bucket, docker, git, http, oci, tree};
use crate::diag::Warning;
use crate::host::lock::FileLock;
use crate::host::{Host, fs};

/// A single file.
const FILE_LIMIT: usize = 16 << 20;
/// A packed archive.
const ARCHIVE_LIMIT: usize = 256 << 20;
/// What the address of a file of this machine begins with.
const FILE: &str = "file://";

type Slot = Arc<OnceLock<Result<Copied, Error>>>;

/// A copy in the cache, and what it is a copy of.
#[derive(Debug, Clone)]
struct Copied {
    directory: PathBuf,
    identity: Option<String>,
    held: Option<Arc<FileLock>>,
}

impl Copied {
    /// Holds it, so that nobody removes it before the process ends. The source is locked.
    fn of(directory: PathBuf, identity: Option<String>) -> Copied {
        let held = hold(&directory).map(Arc::new);
        Copied { directory, identity, held }
    }
}

/// What an address of a folder or a file means on this machine.
#[derive(Debug, Clone)]
pub struct Fetched {
    pub path: PathBuf,
    /// The whole of the source, in which the path lies.
    pub top: PathBuf,
    /// It is a folder of this machine and no copy of anything.
    pub in_place: bool,
    /// The commit or the digest that was fetched; absent for sources that have none, and for copies of earlier runs.
    pub identity: Option<String>,
    /// Keeps the copy where it is.
    _held: Option<Arc<FileLock>>,
}

/// Fetches sources and remembers which, so that each is fetched once per run however often it is imported.
#[derive(Debug, Default)]
pub struct Fetcher {
    done: Mutex<HashMap<String, Slot>>,
}

/// The files behind an address.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// In the order in which they are merged; never empty.
    pub files: Vec<Found>,
    /// Folder of the fetched tree; absent for single files.
    pub root: Option<PathBuf>,
    sub: String,
}

/// One imported file.
#[derive(Debug, Clone)]
pub struct Found {
    pub path: PathBuf,
    /// What lists of imports print: the address, for files of a repository with `#<path inside>`.
    pub key: String,
}

impl Resolved {
    /// The base path of the stacks inside the fetched tree, for `nested_imports: remote`: the part of the address up to
    /// and including a folder like `stacks_base`.
    ///
    /// # Errors
    /// There is no tree, or the address does not pass through such a folder.
    pub fn nested_base(&self, stacks_base: &str) -> Result<PathBuf, Error> {
        let Some(root) = &self.root else {
            return Err(Error::invalid(
                "`nested_imports: remote` needs a repository or an archive with a path behind `//`",
                "import the file from its repository, or leave `nested_imports` away",
            ));
        };
        let stacks_base = if stacks_base.is_empty() { "stacks" } else { stacks_base };
        tree::stacks_base(root, &self.sub, stacks_base).ok_or_else(|| {
            Error::invalid(
                format!("`nested_imports: remote` cannot tell where the stacks of `{}` begin", self.sub),
                format!("the path behind `//` has to pass through the folder `{stacks_base}`"),
            )
        })
    }
}

impl Fetcher {
    /// The files behind `address`. `ttl` is that of the import; without one that of the settings counts.
    ///
    /// # Errors
    /// Addresses that mean nothing, sources that cannot be reached, paths that are not in them.
    pub fn resolve(
        &self,
        host: &Host,
        settings: &Settings,
        address: &str,
        ttl: Option<&str>,
    ) -> Result<Resolved, Error> {
        let source = Source::parse(address)?;
        let key = shown(address);
        if let Kind::Local(path) = &source.kind {
            return local(path, &source.sub, &key);
        }
        let slot = self.slot(source.identity());
        let fetch = || Fetch { host, settings, source: &source, key: &key, ttl }.copy();
        let directory = slot.get_or_init(fetch).clone()?.directory;
        match &source.kind {
            Kind::File { url, .. } => {
                let path = directory.join(file_name(url));
                host.sources.add_copy(&fs::clean(&path), key.clone());
                Ok(Resolved { files: vec![Found { path, key }], root: None, sub: String::new() })
            }
            Kind::Object { object, .. } if source.sub.is_empty() => {
                let path = directory.join(file_name(&object.key));
                // What was unpacked may have a link of this name.
                if path.is_file() && !path.is_symlink() {
                    host.sources.add_copy(&fs::clean(&path), key.clone());
                    return Ok(Resolved { files: vec![Found { path, key }], root: None, sub: String::new() });
                }
                copied_tree(host, &directory, "", &key)
            }
            _ => copied_tree(host, &directory, &source.sub, &key),
        }
    }

    /// The folder or the file behind `address`, which may be a whole repository or archive: a path behind `//` is not needed.
    ///
    /// # Errors
    /// As [`Fetcher::resolve`].
    pub fn fetched(
        &self,
        host: &Host,
        settings: &Settings,
        address: &str,
        ttl: Option<&str>,
    ) -> Result<Fetched, Error> {
        let source = packed(Source::parse_whole(address)?);
        let key = shown(address);
        if let Kind::Local(path) = &source.kind {
            let entry = tree::entry(path, &source.sub)?;
            return Ok(Fetched { path: entry, top: path.clone(), in_place: true, identity: None, _held: None });
        }
        let slot = self.slot(source.identity());
        let fetch = || Fetch { host, settings, source: &source, key: &key, ttl }.copy();
        let copied = slot.get_or_init(fetch).clone();
        if copied.is_err() {
            // Who asks again wants another attempt.
            self.done.lock().unwrap_or_else(PoisonError::into_inner).remove(&source.identity());
        }
        let Copied { directory, identity, held } = copied?;
        let single = match &source.kind {
            Kind::File { url, .. } => Some(file_name(url)),
            Kind::Object { object, .. } if source.sub.is_empty() => Some(file_name(&object.key)),
            _ => None,
        };
        let single = single.filter(|name| directory.join(name).is_file());
        let path = tree::entry(&directory, single.as_deref().unwrap_or(&source.sub))?;
        Ok(Fetched { path, top: directory, in_place: false, identity, _held: held })
    }

    fn slot(&self, identity: String) -> Slot {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).entry(identity).or_default().clone()
    }
}

/// An archive on this machine stands for what is in it, as one of the web does.
fn packed(source: Source) -> Source {
    match &source.kind {
        Kind::Local(path) if path.is_file() => match archive_format(&path.to_string_lossy().to_ascii_lowercase()) {
            Some(format) => {
                let url = format!("{FILE}{}", path.display());
                Source { kind: Kind::Archive { url, userinfo: None, format }, ..source }
            }
            None => source,
        },
        _ => source,
    }
}

/// The same of a copy, whose files people know by the address.
fn copied_tree(host: &Host, root: &Path, sub: &str, key: &str) -> Result<Resolved, Error> {
    let resolved = from_tree(root, sub, key)?;
    host.sources.add_copy(&fs::clean(root), key.to_owned());
    for file in &resolved.files {
        host.sources.add_copy(&fs::clean(&file.path), file.key.clone());
    }
    Ok(resolved)
}

fn from_tree(root: &Path, sub: &str, key: &str) -> Result<Resolved, Error> {
    let files = tree::files(root, sub)?
        .into_iter()
        .map(|file| Found { path: root.join(&file), key: format!("{key}#{file}") })
        .collect();
    Ok(Resolved { files, root: Some(root.to_path_buf()), sub: sub.to_owned() })
}

/// A file address is read in place: a copy could only be older.
fn local(path: &Path, sub: &str, key: &str) -> Result<Resolved, Error> {
    if !sub.is_empty() || path.is_dir() {
        return from_tree(path, sub, key);
    }
    if path.is_file() {
        let file = Found { path: path.to_path_buf(), key: key.to_owned() };
        return Ok(Resolved { files: vec![file], root: None, sub: String::new() });
    }
    Err(Error::NotFound { pattern: path.display().to_string() })
}

/// The name of a file in the cache, which keeps its suffix: a `.tmpl` is a template wherever it lies.
fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let clean: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if clean.is_empty() || clean.starts_with('.') { format!("import{clean}") } else { clean }
}

/// One source that is needed now.
struct Fetch<'a> {
    host: &'a Host,
    settings: &'a Settings,
    source: &'a Source,
    key: &'a str,
    ttl: Option<&'a str>,
}

impl Fetch<'_> {
    /// The directory of a copy that is good enough, fetched if there is none.
    fn copy(&self) -> Result<Copied, Error> {
        let entry = Entry::open(self.host, &self.source.identity())?;
        let _lock = entry.lock(self.host, self.key)?;
        let now = self.host.now();
        let current = entry.current(now);
        if let Some(copy) = current.as_ref().filter(|copy| self.is_fresh(copy.age)) {
            return Ok(Copied::of(copy.directory.clone(), None));
        }
        tracing::debug!(target: "atmos", "Fetching {}", self.key);
        let mut identity = None;
        let fill = |directory: &Path| {
            identity = self.fill(directory)?;
            Ok(())
        };
        let renewed = entry.renew(now, (self.key, self.is_for_once()), fill).map_err(|error| match (error, current) {
            (Error::Failed { reason, help }, Some(copy)) => Error::Failed {
                reason,
                help: format!(
                    "{help}\na copy that was fetched {} ago is in the cache: `imports.ttl: {}` (or `ttl` of this import) uses it",
                    age(copy.age),
                    ttl_for(copy.age)
                ),
            },
            (error, _) => error,
        });
        Ok(Copied::of(renewed?, identity))
    }

    /// Every run fetches it anew.
    fn is_for_once(&self) -> bool {
        self.ttl.and_then(parse_ttl).is_some_and(|ttl| ttl.is_zero())
    }

    /// Without a time to live repositories, objects and artifacts are fetched by every run unless they are pinned, and
    /// single files and archives of the web never again.
    fn is_fresh(&self, age: Duration) -> bool {
        let ttl = self.ttl.or(self.settings.ttl.as_deref()).filter(|ttl| !ttl.trim().is_empty());
        let Some(text) = ttl else { return self.source.is_pinned() };
        let Some(ttl) = parse_ttl(text) else {
            let message = format!("`ttl: {text}` of the remote import `{}` is no duration", self.key);
            let help = "write for example `5m`, `1h`, `7d` or `daily`; until then it is fetched by every run";
            self.host.talk.warn(Warning::new("atmos::fetch::ttl", message).help(help));
            return false;
        };
        age < ttl
    }

    /// Returns the commit or the digest of what is there now, where the source has one.
    fn fill(&self, directory: &Path) -> Result<Option<String>, Error> {
        let (host, settings) = (self.host, self.settings);
        match &self.source.kind {
            Kind::Git { url, reference, userinfo } => {
                let way = Way::to(host, settings, url, userinfo.as_deref());
                return git::fetch(host, &way, reference.as_deref(), directory).map(Some);
            }
            Kind::File { url, userinfo } => {
                let bytes = self.download(url, userinfo.as_deref(), FILE_LIMIT)?;
                let path = directory.join(file_name(url));
                std::fs::write(&path, bytes)
                    .map_err(|error| Error::Cache { path: path.display().to_string(), reason: error.to_string() })?;
            }
            Kind::Archive { url, userinfo, format } => {
                let bytes = match url.strip_prefix(FILE) {
                    Some(path) => fs::read_regular(Path::new(path), ARCHIVE_LIMIT as u64, "it is no archive")
                        .map_err(|error| Error::failed(format!("`{path}` cannot be read: {error}")))?,
                    None => self.download(url, userinfo.as_deref(), ARCHIVE_LIMIT)?,
                };
                archive::unpack(&bytes, *format, directory)?;
            }
            Kind::Object { object, query, format } => {
                let name = file_name(&object.key);
                bucket::fetch(host, (object, query), (*format, &self.source.sub), &name, directory)?;
            }
            Kind::Artifact { artifact, userinfo } => {
                let own = userinfo.as_deref().and_then(|info| info.split_once(':'));
                let own = own.map(|(user, password)| Login { user: user.to_owned(), password: password.into() });
                let login = match own {
                    Some(login) => {
                        host.masker.register(&login.password);
                        Some(login)
                    }
                    None => docker::login(host, settings, &artifact.registry)?,
                };
                return oci::fetch(host, artifact, login, directory).map(Some);
            }
            Kind::Local(path) => return Err(Error::NotFound { pattern: path.display().to_string() }),
        }
        Ok(None)
    }

    fn download(&self, url: &str, userinfo: Option<&str>, limit: usize) -> Result<Vec<u8>, Error> {
        let header = token::for_file(self.host, self.settings, url, userinfo);
        register_parameters(self.host, url);
        http::get(self.host, url, header.as_ref(), limit)
    }
}

/// Parameters such as signatures are as good as passwords.
pub(super) fn register_parameters(host: &Host, url: &str) {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let pairs = query.split('&').filter_map(|parameter| parameter.split_once('='));
    // The name of a branch would be hidden everywhere else, too.
    for (_, value) in pairs.filter(|(name, _)| !address::HARMLESS.contains(name)) {
        host.masker.register(&address::decode(value).into());
    }
}

/// An age for people, in its largest unit.
fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A time to live in whole days that covers `age`.
fn ttl_for(age: Duration) -> String {
    format!("{}d", age.as_secs() / 86_400 + 1)
}
