//! What was fetched into a folder of the repository, and what of it may go again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::place::OWN;
use super::tree;
use crate::component::Instance;
use crate::exec::names::is_of_runs;
use crate::exec::terraform::{BACKEND_FILE, folder};
use crate::host::fs;
use crate::ops::App;

/// A folder that a source was fetched into.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    /// What was fetched, and what runs made of it, local state too. Absolute, sorted.
    pub paths: Vec<PathBuf>,
    /// Files that came from elsewhere.
    pub others: Vec<String>,
}

/// What atmos brought into a folder; `None` where it fetched nothing.
pub(crate) fn fetched(app: &App, path: &Path) -> Option<Fetched> {
    let brought = tree::brought(path)?;
    let written: BTreeSet<String> = folder::written(path).into_keys().collect();
    let writes_backend = app.config.terraform.auto_generate_backend_file;
    let mut found = Fetched::default();
    let mut open = vec![path.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let (file, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let Ok(relative) = file.strip_prefix(path).map(|relative| relative.to_string_lossy().into_owned()) else {
                continue;
            };
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_ours = if is_dir {
                relative == OWN || [".terraform", tree::WORKSPACES].contains(&&*name)
            } else {
                let is_made =
                    is_of_runs(&name) || tree::STATES.contains(&&*name) || name == BACKEND_FILE && writes_backend;
                is_made || brought.contains(&relative) || written.contains(&relative)
            };
            if is_ours {
                found.paths.push(file);
            } else if is_dir {
                open.push(file);
            } else {
                found.others.push(relative);
            }
        }
    }
    found.paths.sort();
    found.others.sort();
    Some(found)
}

impl Fetched {
    /// Removes it, and the folders that are empty then.
    pub(crate) fn remove(&self, folder: &Path) -> Result<(), Error> {
        if self.others.is_empty() {
            return std::fs::remove_dir_all(folder).map_err(Error::file("remove", folder));
        }
        for path in &self.paths {
            let is_dir = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
            let removed = if is_dir { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            removed.map_err(Error::file("remove", path))?;
            for above in path.ancestors().skip(1).take_while(|above| *above != folder) {
                // One that somebody else has something in stays.
                if std::fs::remove_dir(above).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Refuses a folder that is not strictly below the folder of the components of its kind, by its name or by links on the way.
pub(crate) fn checked_place(app: &App, instance: &Instance, path: &Path) -> Result<(), Error> {
    let base = instance.kind.base_path(&app.config).unwrap_or_default();
    let below = |path: &Path, base: &Path| path != base && path.starts_with(base);
    if base.is_absolute() && below(&fs::clean(path), &fs::clean(&base)) && below(&real(path), &real(&base)) {
        return Ok(());
    }
    let (component, stack) = (instance.name.clone(), instance.stack.clone());
    Err(Error::Outside { component, stack, path: path.to_path_buf(), base })
}

/// The path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (above.canonicalize(), path.strip_prefix(above)) {
            return real.join(rest);
        }
    }
    path.to_path_buf()
}
