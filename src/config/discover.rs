//! Which files make up the configuration: chosen explicitly, or found in their usual places.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::flags::Flags;
use super::paths::has_local_config;
use super::reader::{Reader, overlay};
use crate::host::Env;
use crate::merge::{ListStrategy, merge_into};
use crate::value::Node;

/// Where an administrator puts configuration for everybody.
const SYSTEM_DIRECTORY: &str = "/usr/local/etc/atmos";
/// Accepted names of a configuration file, the preferred one first.
const NAMES: [&str; 3] = ["atmos.yaml", "atmos.yml", "atmos"];
/// Names that only `--config-path` falls back to.
const HIDDEN_NAMES: [&str; 3] = [".atmos.yaml", ".atmos.yml", ".atmos"];

/// All files merged, before profiles, environment and flags.
pub(super) struct Found {
    pub document: Node,
    /// At least one configuration file exists.
    pub any: bool,
    /// Directories of the configuration: one after discovery, one per argument after an explicit choice.
    pub directories: Vec<PathBuf>,
    /// Directory that a relative `base_path` starts at.
    pub base_anchor: Option<PathBuf>,
    /// Directory that a relative `profiles.base_path` starts at.
    pub profiles_anchor: Option<PathBuf>,
}

impl Found {
    fn new() -> Found {
        Found {
            document: Node::empty_map(),
            any: false,
            directories: Vec::new(),
            base_anchor: None,
            profiles_anchor: None,
        }
    }

    /// Remembers which directory declared the relative paths that are resolved later.
    fn note(&mut self, own: &Node, directory: &Path) {
        if self.base_anchor.is_none() || own.get("base_path").is_some() {
            self.base_anchor = Some(directory.to_path_buf());
        }
        if own.get_path(["profiles", "base_path"]).is_some() {
            self.profiles_anchor = Some(directory.to_path_buf());
        }
    }
}

/// Finds and merges the files.
pub(super) fn find(reader: &mut Reader<'_>, flags: &Flags) -> Result<Found, Error> {
    let env = &reader.host.env;
    let files = chosen(&flags.config_files, env, "ATMOS_CONFIG");
    let directories = chosen(&flags.config_paths, env, "ATMOS_CONFIG_PATH");
    if files.is_empty() && directories.is_empty() { discovered(reader) } else { explicit(reader, &files, &directories) }
}

/// Paths of a flag, else of its comma-separated variable.
fn chosen(flag: &[PathBuf], env: &Env, variable: &str) -> Vec<PathBuf> {
    if !flag.is_empty() {
        return flag.to_vec();
    }
    let text = env.get(variable).unwrap_or_default();
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(PathBuf::from).collect()
}

fn explicit(reader: &mut Reader<'_>, files: &[PathBuf], directories: &[PathBuf]) -> Result<Found, Error> {
    files.iter().try_for_each(|file| check_file(reader, file))?;
    directories.iter().try_for_each(|directory| check_directory(reader, directory))?;
    let mut found = Found { any: true, ..Found::new() };
    for file in files {
        let file = reader.host.absolute(file);
        let directory = file.parent().unwrap_or(Path::new("/")).to_path_buf();
        let own = reader.document(&file)?;
        found.note(&own, &directory);
        overlay(&mut found.document, &own);
        put_imports_above(reader, &mut found, &own, &file, &directory)?;
        found.directories.push(directory);
    }
    for directory in directories {
        let directory = reader.host.absolute(directory);
        let file = match named(&directory, &NAMES)? {
            Some(file) => Some(file),
            None => named(&directory, &HIDDEN_NAMES)?,
        };
        let Some(file) = file else {
            return Err(Error::NothingInDirectory { path: directory.display().to_string() });
        };
        let merged = reader.with_imports(&file)?;
        found.note(&reader.document(&file)?, &directory);
        merge_into(&mut found.document, &merged, ListStrategy::Replace);
        found.directories.push(directory);
    }
    Ok(found)
}

/// Imports of a `--config` file. In the reference they lie above the file that names them, unlike those of a file that
/// was discovered; repositories see the same values here.
fn put_imports_above(
    reader: &mut Reader<'_>,
    found: &mut Found,
    own: &Node,
    file: &Path,
    directory: &Path,
) -> Result<(), Error> {
    let base_path = found.document.get("base_path").cloned();
    let unset = base_path.as_ref().is_none_or(Node::is_empty);
    let anchor = match &found.base_anchor {
        Some(anchor) if !unset => anchor.clone(),
        _ => directory.to_path_buf(),
    };
    let mut importing = own.clone();
    if let Some(base_path) = base_path {
        importing.make_map().insert("base_path".into(), base_path);
    }
    let declaring = reader.put_imports(&mut found.document, &importing, &anchor, file)?;
    if unset && declaring.is_some() {
        found.base_anchor = declaring;
    }
    Ok(())
}

fn check_file(reader: &Reader<'_>, file: &Path) -> Result<(), Error> {
    if file.as_os_str().is_empty() {
        return Err(Error::EmptyPath { flag: "--config" });
    }
    let path = || file.display().to_string();
    match std::fs::metadata(reader.host.absolute(file)) {
        Ok(metadata) if metadata.is_dir() => Err(Error::ExpectedFile { path: path() }),
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Err(Error::FileNotFound { path: path() }),
        Err(cause) => Err(Error::Unreadable { path: path(), cause }),
    }
}

fn check_directory(reader: &Reader<'_>, directory: &Path) -> Result<(), Error> {
    if directory.as_os_str().is_empty() {
        return Err(Error::EmptyPath { flag: "--config-path" });
    }
    let path = || directory.display().to_string();
    match std::fs::metadata(reader.host.absolute(directory)) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(Error::ExpectedDirectory { path: path() }),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Err(Error::DirectoryNotFound { path: path() }),
        Err(cause) => Err(Error::Unreadable { path: path(), cause }),
    }
}

fn discovered(reader: &mut Reader<'_>) -> Result<Found, Error> {
    let mut found = Found::new();
    let system = named(&system_directory(&reader.host.env), &NAMES)?;
    if let Some(file) = &system {
        let document = reader.document(file)?;
        merge_into(&mut found.document, &document, ListStrategy::Replace);
    }
    let files = places(reader)?;
    for file in &files {
        let merged = reader.with_imports(file)?;
        merge_into(&mut found.document, &merged, ListStrategy::Replace);
    }
    match files.last().or(system.as_ref()).and_then(|file| file.parent()) {
        Some(directory) => {
            found.any = true;
            found.directories = vec![directory.to_path_buf()];
            found.base_anchor = Some(directory.to_path_buf());
            found.profiles_anchor = Some(directory.to_path_buf());
        }
        None => {
            if let Some(root) = reader.git_root.clone() {
                reader.put_directories(&mut found.document, &root)?;
            }
        }
    }
    Ok(found)
}

/// The files of the usual places that exist, lowest first. A file that two places name counts at the higher one.
fn places(reader: &Reader<'_>) -> Result<Vec<PathBuf>, Error> {
    let host = reader.host;
    let named_directory = host.env.get("ATMOS_CLI_CONFIG_PATH").map(|path| host.absolute(Path::new(path)));
    // Without a known home the path would be relative to the working directory.
    let home = Some(host.dirs.home.join(".atmos")).filter(|path| path.is_absolute());
    let mut directories: Vec<PathBuf> = home.into_iter().collect();
    if named_directory.is_none() && !has_local_config(&host.cwd) {
        let parents = host.cwd.ancestors().skip(1);
        directories.extend(
            parents
                .map(Path::to_path_buf)
                .find(|parent| parent.join("atmos.yaml").exists() || parent.join(".atmos.yaml").exists()),
        );
        directories.extend(reader.path_root.clone().filter(|root| *root != host.cwd));
    }
    directories.push(host.cwd.clone());
    directories.extend(named_directory);
    let mut files: Vec<PathBuf> = Vec::new();
    for directory in &directories {
        let Some(file) = named(directory, &NAMES)? else { continue };
        files.retain(|known| *known != file);
        files.push(file);
    }
    Ok(files)
}

/// The configuration file of a directory. What has its name and cannot be one is an error: to pass it over would be to
/// run with another configuration. A name without ending may be anything.
fn named(directory: &Path, names: &[&str]) -> Result<Option<PathBuf>, Error> {
    for name in names {
        let path = directory.join(name);
        if path.is_file() {
            return Ok(Some(path));
        }
        if path.extension().is_some()
            && let Some(what) = what_else(&path)
        {
            return Err(Error::NoFile { path: path.display().to_string(), what });
        }
    }
    Ok(None)
}

/// What is there that is not a file; `None` where nothing is.
fn what_else(path: &Path) -> Option<String> {
    let own = path.symlink_metadata().ok()?;
    let what = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => "a directory",
        Ok(_) => "a pipe, socket or device",
        Err(error) if own.is_symlink() && error.kind() == std::io::ErrorKind::NotFound => "a link to nothing",
        Err(error) if own.is_symlink() => return Some(format!("a link that leads nowhere ({error})")),
        Err(_) => return None,
    };
    Some(what.to_owned())
}

fn system_directory(env: &Env) -> PathBuf {
    match env.get("LOCALAPPDATA").filter(|_| cfg!(windows)) {
        Some(directory) => PathBuf::from(directory),
        None => PathBuf::from(SYSTEM_DIRECTORY),
    }
}
