//! Reading: the manifests that the configuration includes, and everything that they import, each file once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::error::Error;
use super::file::File;
use super::glob;
use super::import::{EXTENSIONS, Target};
use crate::config::Config;
use crate::host::Host;

/// Every manifest that was read. Files are numbered in an order that depends on their contents only, not on timing.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub list: Vec<File>,
    by_path: HashMap<PathBuf, usize>,
}

impl Files {
    /// Reads `parents` and everything that they import, wave by wave, each wave in parallel.
    pub(crate) fn read(host: &Host, config: &Config, parents: &[PathBuf]) -> Files {
        let mut files = Files::default();
        let mut wave: Vec<PathBuf> = Vec::new();
        for path in parents {
            files.number(path, &mut wave);
        }
        while !wave.is_empty() {
            let first = files.list.len();
            files.list.par_extend(wave.par_iter().map(|path| File::read(host, config, path)));
            wave = Vec::new();
            for index in first..files.list.len() {
                files.follow(index, &mut wave);
            }
        }
        files
    }

    /// Gives a file its number; a file seen for the first time joins the next wave.
    fn number(&mut self, path: &Path, wave: &mut Vec<PathBuf>) -> usize {
        if let Some(index) = self.by_path.get(path) {
            return *index;
        }
        let index = self.by_path.len();
        self.by_path.insert(path.to_path_buf(), index);
        wave.push(path.to_path_buf());
        index
    }

    fn follow(&mut self, index: usize, wave: &mut Vec<PathBuf>) {
        let Ok(mut entries) = std::mem::replace(&mut self.list[index].imports, Ok(Vec::new())).map_err(|error| {
            self.list[index].imports = Err(error);
        }) else {
            return;
        };
        for entry in &mut entries {
            if let Target::Files(paths) = &entry.target {
                entry.files = paths.iter().map(|path| self.number(path, wave)).collect();
            }
        }
        self.list[index].imports = Ok(entries);
    }

    pub(crate) fn index_of(&self, path: &Path) -> Option<usize> {
        self.by_path.get(path).copied()
    }
}

/// The manifests that `included_paths` names and `excluded_paths` does not, with their keys, sorted by key.
///
/// # Errors
/// A pattern that is not valid, or no manifest at all.
pub(crate) fn discover(config: &Config) -> Result<Vec<(Arc<str>, PathBuf)>, Error> {
    let base = &config.stacks.base_path;
    let excluded: Vec<String> = config.stacks.excluded_paths.iter().map(|pattern| below(base, pattern)).collect();
    let mut found = Vec::new();
    for included in &config.stacks.included_paths {
        let pattern = below(base, included);
        let name = pattern.rsplit('/').next().unwrap_or("");
        let extensions: &[&str] = if name.contains('.') { &[""] } else { &EXTENSIONS };
        for extension in extensions {
            let here = glob::find(base, &format!("{pattern}{extension}"))
                .map_err(|message| Error::Pattern { pattern: included.clone(), message })?;
            if let Some((path, message)) =
                here.unreadable.into_iter().find(|(path, _)| !is_excluded(base, &excluded, path))
            {
                return Err(Error::Directory { path: path.display().to_string(), message });
            }
            found.extend(here.files);
        }
    }
    let mut manifests: Vec<(Arc<str>, PathBuf)> = found
        .into_iter()
        .map(|path| crate::host::fs::clean(&path))
        .filter_map(|path| {
            let relative = path.strip_prefix(base).unwrap_or(&path).to_string_lossy().into_owned();
            // A pattern that is not valid excludes everything, as in the reference.
            let dropped = excluded.iter().any(|pattern| glob::matches(pattern, &relative).unwrap_or(true));
            (!dropped).then(|| (manifest_key(&relative), path))
        })
        .collect();
    manifests.sort();
    manifests.dedup();
    if manifests.is_empty() {
        let paths: Vec<String> =
            config.stacks.included_paths.iter().map(|path| base.join(path).display().to_string()).collect();
        return Err(Error::NoManifests { paths: paths.join(", ") });
    }
    Ok(manifests)
}

/// Whether everything in a directory is excluded, as far as its patterns can say that without a look at the names.
fn is_excluded(base: &Path, excluded: &[String], directory: &Path) -> bool {
    let directory = crate::host::fs::clean(directory);
    let inside = directory.strip_prefix(base).unwrap_or(&directory).join("any.yaml");
    excluded.iter().any(|pattern| glob::matches(pattern, &inside.to_string_lossy()).unwrap_or(true))
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
