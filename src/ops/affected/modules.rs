//! The local modules of a terraform component, those that they call in turn included.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::Error;
use crate::affected::ChangedFiles;
use crate::content::{module_sources, module_sources_in_json};
use crate::host::fs::clean;

/// The folders of called modules by the folder that calls them; each folder is read once.
#[derive(Debug, Default)]
pub(super) struct Modules {
    calls: Mutex<HashMap<PathBuf, Arc<Vec<PathBuf>>>>,
}

impl Modules {
    /// Whether a file of a module that the component in `folder` uses changed.
    ///
    /// # Errors
    /// A folder or file that is there and cannot be read.
    pub(super) fn changed(&self, folder: &Path, changed: &ChangedFiles) -> Result<bool, Error> {
        if changed.is_empty() {
            return Ok(false);
        }
        // Terraform works in the folder itself, so `..` begins behind a link; paths of modules are only joined.
        let folder = changed.behind_links(folder);
        let mut seen: BTreeSet<PathBuf> = BTreeSet::from([folder.clone()]);
        let mut open = vec![folder];
        while let Some(next) = open.pop() {
            for module in self.calls(&next)?.iter() {
                if seen.insert(module.clone()) {
                    if changed.any_below(module) {
                        return Ok(true);
                    }
                    open.push(module.clone());
                }
            }
        }
        Ok(false)
    }

    fn calls(&self, folder: &Path) -> Result<Arc<Vec<PathBuf>>, Error> {
        if let Some(known) = self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Ok(known.clone());
        }
        let calls = Arc::new(read(folder)?);
        let mut all = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(all.entry(folder.to_path_buf()).or_insert(calls).clone())
    }
}

/// The folders that local module calls in a folder lead to. A folder that is not there calls nothing.
fn read(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |cause: String| Error::Modules { folder: folder.display().to_string(), cause };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    let mut found = BTreeSet::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let is = |suffixes: [&str; 2]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        let (json, native) = (is([".tf.json", ".tofu.json"]), is([".tf", ".tofu"]));
        if !(json || native) || !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        let text = String::from_utf8_lossy(&bytes);
        let sources = if json { module_sources_in_json(&text) } else { module_sources(&text) };
        // What does not begin with a dot comes from elsewhere.
        let local = |source: &String| matches!(source.split('/').next(), Some("." | ".."));
        found.extend(sources.iter().filter(|source| local(source)).map(|source| clean(&folder.join(source))));
    }
    Ok(found.into_iter().collect())
}
