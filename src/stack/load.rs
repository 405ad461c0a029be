//! Reading: the manifests that the configuration includes, and everything that they import, each file once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::error::Error;
use super::file::{File, Origin};
use super::glob;
use super::import::{EXTENSIONS, Target};
use crate::config::Config;
use crate::host::Host;

/// Every manifest that was read. Files are numbered in an order that depends on their contents only, not on timing.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub list: Vec<File>,
    /// A fetched file that is imported in two ways counts as two: its imports may mean other files.
    by_origin: HashMap<Origin, usize>,
}

impl Files {
    /// Reads `parents` and everything that they import, wave by wave, each wave in parallel.
    pub(crate) fn read(host: &Host, config: &Config, parents: &[PathBuf]) -> Files {
        let mut files = Files::default();
        let mut wave: Vec<Origin> = Vec::new();
        for path in parents {
            files.number(Origin::local(path.clone()), &mut wave);
        }
        while !wave.is_empty() {
            let first = files.list.len();
            files.list.par_extend(wave.par_iter().map(|origin| File::read(host, config, origin)));
            wave = Vec::new();
            for index in first..files.list.len() {
                files.follow(index, &mut wave);
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

    fn follow(&mut self, index: usize, wave: &mut Vec<Origin>) {
        let Ok(mut entries) = std::mem::replace(&mut self.list[index].imports, Ok(Vec::new())).map_err(|error| {
            self.list[index].imports = Err(error);
        }) else {
            return;
        };
        let base = self.list[index].base.clone();
        for entry in &mut entries {
            let origins: Vec<Origin> = match &entry.target {
                Target::Files(paths) => {
                    paths.iter().map(|path| Origin { base: base.clone(), ..Origin::local(path.clone()) }).collect()
                }
                Target::Fetched(origins) => origins.clone(),
                _ => continue,
            };
            entry.files = origins.into_iter().map(|origin| self.number(origin, wave)).collect();
        }
        self.list[index].imports = Ok(entries);
    }

    pub(crate) fn index_of(&self, path: &Path) -> Option<usize> {
        self.by_origin.get(&Origin::local(path.to_path_buf())).copied()
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
            let paths = glob::find(base, &format!("{pattern}{extension}"))
                .map_err(|message| Error::Pattern { pattern: included.clone(), message })?;
            found.extend(paths);
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
