//! Reading: the manifests that the configuration includes, and everything that they import, each file once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rayon::prelude::*;

use super::beside::Known;
use super::error::Error;
use super::file::{Entry, File, Origin};
use super::glob;
use super::import::{EXTENSIONS, Resolved, Target};
use super::slim::Slim;
use super::versions::Versions;
use crate::config::{Config, Engine};
use crate::fetch::{self, Fetcher};
use crate::host::Host;
use crate::value::Node;

/// Every manifest that was read. Files that the included ones import are read at the start, wave by wave, and numbered in
/// an order that depends on their contents only; files that only a rendered manifest names are read when they are named.
/// Numbers say which file is meant, nothing else: no result depends on the number that a file got.
#[derive(Debug, Default)]
pub(crate) struct Files {
    list: Vec<Arc<File>>,
    /// A fetched file that is imported in two ways counts as two: its imports may mean other files.
    by_origin: HashMap<Origin, usize>,
    late: RwLock<Late>,
}

/// The numbers of the files of imports, by the address of their paths: most stacks import the same, and equal imports
/// have one list of paths, see [`Resolved`].
type Numbers = HashMap<usize, Vec<usize>>;

/// Files that were read after the start.
#[derive(Debug, Default)]
struct Late {
    list: Vec<Arc<File>>,
    by_origin: HashMap<Origin, usize>,
}

impl Files {
    /// Reads `parents` and everything that they import, wave by wave, each wave in parallel.
    pub(crate) fn read(host: &Host, layout: &Layout, parents: &[PathBuf]) -> Files {
        let mut files = Files::default();
        let mut wave: Vec<Origin> = Vec::new();
        for path in parents {
            files.number(Origin::local(path.clone()), &mut wave);
        }
        let mut known = Numbers::default();
        while !wave.is_empty() {
            let first = files.list.len();
            let read = wave.par_iter().enumerate().map(|(at, origin)| File::read(host, layout, origin, first + at));
            files.list.par_extend(read.map(Arc::new));
            wave = Vec::new();
            for index in first..files.list.len() {
                files.follow(index, &mut wave, &mut known);
            }
        }
        files
    }

    /// Gives a file its number; a file seen for the first time joins the next wave.
    fn number(&mut self, origin: Origin, wave: &mut Vec<Origin>) -> usize {
        if let Some(index) = self.by_origin.get(&origin) {
            return *index;
        }
        let index = self.by_origin.len();
        self.by_origin.insert(origin.clone(), index);
        wave.push(origin);
        index
    }

    fn follow(&mut self, index: usize, wave: &mut Vec<Origin>, known: &mut Numbers) {
        let file = self.list[index].clone();
        for entry in file.written.imports.iter().flat_map(|entries| entries.iter()) {
            let files = match &entry.target {
                Target::Files(paths) if entry.base.is_none() => {
                    let number = || self.numbers(entry, wave);
                    known.entry(Arc::as_ptr(paths).addr()).or_insert_with(number).clone()
                }
                Target::Files(_) | Target::Fetched(_) => self.numbers(entry, wave),
                _ => continue,
            };
            let _ = entry.files.set(files);
        }
    }

    fn numbers(&mut self, entry: &Entry, wave: &mut Vec<Origin>) -> Vec<usize> {
        let origins = entry.target.origins(entry.base.as_ref());
        origins.into_iter().map(|origin| self.number(origin, wave)).collect()
    }

    pub(crate) fn index_of(&self, path: &Path) -> Option<usize> {
        self.by_origin.get(&Origin::local(path.to_path_buf())).copied()
    }

    /// How many files were read at the start.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The files that were read at the start.
    pub(crate) fn list(&self) -> &[Arc<File>] {
        &self.list
    }

    pub(crate) fn get(&self, index: usize) -> Arc<File> {
        if let Some(file) = self.list.get(index) {
            return file.clone();
        }
        let late = self.late.read().unwrap_or_else(PoisonError::into_inner);
        late.list[index - self.list.len()].clone()
    }

    /// Whether something is true of a file that was read so far.
    pub(crate) fn any(&self, is: impl Fn(&File) -> bool) -> bool {
        let late = self.late.read().unwrap_or_else(PoisonError::into_inner);
        self.list.iter().chain(&late.list).any(|file| is(file))
    }

    /// The numbers of the files of an entry, read now unless they are known.
    pub(crate) fn of_entry<'e>(&self, host: &Host, layout: &Layout, entry: &'e Entry) -> &'e [usize] {
        entry.files.get_or_init(|| self.at_origins(host, layout, entry.target.origins(entry.base.as_ref())))
    }

    /// The numbers of these manifests, read now unless they are known.
    pub(crate) fn at_origins(&self, host: &Host, layout: &Layout, origins: Vec<Origin>) -> Vec<usize> {
        origins.into_iter().map(|origin| self.at_origin(host, layout, origin)).collect()
    }

    fn at_origin(&self, host: &Host, layout: &Layout, origin: Origin) -> usize {
        if let Some(index) = self.by_origin.get(&origin) {
            return *index;
        }
        let mut late = self.late.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = late.by_origin.get(&origin) {
            return *index;
        }
        // Read under the lock: nobody reads a file twice, and late files are few.
        let index = self.list.len() + late.list.len();
        late.list.push(Arc::new(File::read(host, layout, &origin, index)));
        late.by_origin.insert(origin, index);
        index
    }
}

/// Where manifests are, and what decides how they are read.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// `base_path`, absolute.
    pub root: PathBuf,
    /// Base path of the stacks, absolute.
    pub base: PathBuf,
    /// The same as it is written, for fetched trees.
    pub base_setting: String,
    /// `templates.settings.enabled`.
    pub templates: bool,
    /// What data must not have, since a later step would take it for a template. `None` where data may be templates.
    pub opening: Option<Arc<str>>,
    /// What local imports mean.
    pub resolved: Arc<Resolved>,
    pub fetcher: Arc<Fetcher>,
    pub remote: fetch::Settings,
    /// What the repository opts in to.
    pub engine: Engine,
    pub versions: Arc<Versions>,
    /// What another tree of the same repository has parsed.
    pub known: Option<Arc<Known>>,
    /// What is kept of manifests, unless it is everything.
    pub slim: Option<Arc<Slim>>,
}

impl Layout {
    pub(crate) fn new(config: &Config) -> Layout {
        Layout {
            root: config.base_path.clone(),
            base: config.stacks.base_path.clone(),
            base_setting: config.stacks.base_path_setting.clone(),
            templates: config.templates.enabled,
            opening: config.opening().map(Arc::from),
            resolved: Arc::default(),
            fetcher: config.fetcher.clone(),
            remote: config.remote.clone(),
            engine: config.engine.clone(),
            versions: Arc::new(Versions::new(config)),
            known: None,
            slim: None,
        }
    }

    /// What unquoted keys of manifests are split at.
    pub(crate) fn delimiter(&self) -> Option<&str> {
        self.engine.key_delimiter.as_deref()
    }
}

/// The manifests that `included_paths` names and `excluded_paths` does not, with their keys, sorted by key.
///
/// # Errors
/// A pattern that is not valid, or no manifest at all.
pub(crate) fn discover(config: &Config) -> Result<Vec<(Arc<str>, PathBuf)>, Error> {
    let base = &config.stacks.base_path;
    let excluded = Excluded::all(config);
    let is_excluded = |relative: &str| excluded.iter().any(|pattern| pattern.matches(relative));
    let mut found = Vec::new();
    for included in &config.stacks.included_paths {
        for pattern in with_extensions(&below(base, included)) {
            let invalid = |message| Error::Pattern { pattern: included.clone(), setting: setting(config), message };
            let here = glob::find(base, &pattern).map_err(invalid)?;
            // A directory counts as excluded as far as the patterns can say that without a look at its names.
            let inside = |path: &Path| relative_to(base, &crate::host::fs::clean(path).join("any.yaml"));
            if let Some((path, message)) = here.unreadable.into_iter().find(|(path, _)| !is_excluded(&inside(path))) {
                return Err(Error::Directory { path: path.display().to_string(), message });
            }
            found.extend(here.files);
        }
    }
    let mut manifests: Vec<(Arc<str>, PathBuf)> = found
        .into_iter()
        .map(|path| crate::host::fs::clean(&path))
        .filter_map(|path| {
            let relative = relative_to(base, &path);
            (!is_excluded(&relative)).then(|| (manifest_key(&relative), path))
        })
        .collect();
    manifests.sort();
    manifests.dedup();
    if manifests.is_empty() {
        let paths: Vec<String> =
            config.stacks.included_paths.iter().map(|path| base.join(path).display().to_string()).collect();
        return Err(Error::NoManifests { paths: paths.join(", "), setting: setting(config) });
    }
    Ok(manifests)
}

/// Where the patterns of manifests come from. What no file has and no default gives is a variable's.
fn setting(config: &Config) -> String {
    let written = config.document.get_path(["stacks", "included_paths"]);
    let items = written.and_then(Node::as_list).unwrap_or_default();
    let in_file = [written, items.first()].into_iter().flatten().any(|node| node.span.is_known());
    let setting = if config.found && !in_file {
        "ATMOS_STACKS_INCLUDED_PATHS"
    } else {
        "`stacks.included_paths` in `atmos.yaml`"
    };
    setting.to_owned()
}

/// Whether a text names the file of a manifest: it holds a `/` and is the end of its path, with or without extension.
pub(crate) fn is_end_of(text: &str, path: &Path) -> bool {
    if text.find('/').is_none_or(|slash| slash == 0) {
        return false;
    }
    let path = path.to_string_lossy();
    let before = |suffix: &str| path.strip_suffix(suffix).is_some_and(|stem| stem.ends_with(text));
    path.ends_with(text) && Path::new(text).extension().is_some() || EXTENSIONS.iter().any(|suffix| before(suffix))
}

/// A pattern of `excluded_paths`.
struct Excluded(Option<glob::Matcher>);

impl Excluded {
    fn all(config: &Config) -> Vec<Excluded> {
        let base = &config.stacks.base_path;
        let pattern = |pattern: &String| Excluded(glob::Matcher::new(&below(base, pattern)));
        config.stacks.excluded_paths.iter().map(pattern).collect()
    }

    fn matches(&self, relative: &str) -> bool {
        // A pattern that is not valid excludes everything, as in the reference.
        self.0.as_ref().is_none_or(|matcher| matcher.matches(relative))
    }
}

/// The patterns of the manifests that an included path means.
fn with_extensions(pattern: &str) -> Vec<String> {
    let name = pattern.rsplit('/').next().unwrap_or("");
    if name.contains('.') {
        vec![pattern.to_owned()]
    } else if glob::is_plain(name) {
        EXTENSIONS.iter().map(|extension| format!("{pattern}{extension}")).collect()
    } else {
        // One walk for all of them.
        vec![format!("{pattern}{{{}}}", EXTENSIONS.join(","))]
    }
}

fn relative_to(base: &Path, path: &Path) -> String {
    path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned()
}

/// Every manifest below the base path that is not excluded, sorted; templates of manifests are left out, since they may
/// be no YAML before they are rendered.
pub fn all_manifests(config: &Config) -> Vec<PathBuf> {
    let base = &config.stacks.base_path;
    let excluded = Excluded::all(config);
    let mut found = glob::find(base, "**/*.{yaml,yml}").unwrap_or_default().files;
    found.retain(|path| {
        let relative = relative_to(base, path);
        !excluded.iter().any(|pattern| pattern.matches(&relative))
    });
    found.sort();
    found
}

/// The pattern relative to the base path of the stacks, or absolute when it leads elsewhere.
fn below(base: &Path, pattern: &str) -> String {
    let pattern = Path::new(pattern);
    let relative = pattern.strip_prefix(base).unwrap_or(pattern);
    relative.to_string_lossy().trim_start_matches("./").to_owned()
}

/// The relative path without `.yaml` or `.yml`; `.tmpl` stays, as in the reference.
fn manifest_key(relative: &str) -> Arc<str> {
    let key = relative.strip_suffix(".yaml").unwrap_or(relative);
    Arc::from(key.strip_suffix(".yml").unwrap_or(key))
}
