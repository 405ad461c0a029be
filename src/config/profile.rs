//! Profiles: directories of files that lie above the rest of the configuration when they are asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::discover::Found;
use super::environment::Variables;
use super::error::{Error, Mismatch};
use super::flags::Flags;
use super::reader::{Reader, overlay};
use super::search;
use crate::host::Host;
use crate::value::Node;

/// Names of the profiles in force, lowest first: the flag, else the variable, else `profiles.default` of the files.
///
/// # Errors
/// `profiles.default` is no text: that nothing was chosen would be silence, and other values than meant.
pub(super) fn selected(
    host: &Host,
    flags: &Flags,
    variables: &Variables<'_>,
    document: &Node,
) -> Result<Vec<String>, Error> {
    let names = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let flagged: Vec<String> = flags.profiles.iter().flat_map(|text| names(text)).collect();
    if !flagged.is_empty() {
        return Ok(flagged);
    }
    if let Some(text) = variables.get("ATMOS_PROFILE") {
        return Ok(names(text));
    }
    let path = ["profiles", "default"];
    let Some(default) = document.get_path(path).filter(|node| !node.is_null()) else { return Ok(Vec::new()) };
    let Some(name) = default.scalar_text() else {
        return Err(Mismatch::of(host, document, &path, ("string", "configuration files")).with(&[]));
    };
    Ok(Some(name.trim().to_owned()).filter(|name| !name.is_empty()).into_iter().collect())
}

/// Merges the files of the profiles, left to right.
pub(super) fn put(reader: &mut Reader<'_>, found: &mut Found, names: &[String]) -> Result<(), Error> {
    if names.is_empty() {
        return Ok(());
    }
    // The places are those of the configuration without any profile.
    let places = places(reader, found);
    for name in names {
        let directory = places.iter().map(|place| place.join(name)).find(|directory| directory.is_dir());
        let directory = directory.ok_or_else(|| not_found(name, &places, &found.document))?;
        for file in search::files(&directory) {
            let own = reader.document(&file)?;
            let beside = file.parent().unwrap_or(&directory).to_path_buf();
            reader.put_imports(&mut found.document, &own, &beside, &file)?;
            overlay(&mut found.document, &own);
        }
    }
    Ok(())
}

/// Directories that hold profiles, the strongest first.
fn places(reader: &Reader<'_>, found: &Found) -> Vec<PathBuf> {
    let host = reader.host;
    let working = [host.cwd.clone()];
    let directories = if found.directories.is_empty() { &working[..] } else { &found.directories };
    let mut places = Vec::new();
    if let Some(base) = found.document.get_path(["profiles", "base_path"]).and_then(Node::scalar_text) {
        let anchor = found.profiles_anchor.as_ref().unwrap_or(&directories[0]);
        places.push(crate::host::fs::clean(&anchor.join(base)));
    }
    places.extend(directories.iter().map(|directory| directory.join(".atmos").join("profiles")));
    places.push(host.dirs.config.join("atmos").join("profiles"));
    places.extend(directories.iter().map(|directory| directory.join("profiles")));
    places
}

/// The names of all profiles, sorted.
pub(super) fn available(reader: &Reader<'_>, found: &Found) -> Vec<String> {
    let names: BTreeSet<String> = places(reader, found).iter().flat_map(|place| directories_in(place)).collect();
    names.into_iter().collect()
}

/// A profile that could be asked for.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    pub name: String,
    /// Where it was found: `project`, `project-hidden`, `xdg` or `configured`.
    pub location: &'static str,
    pub directory: PathBuf,
    /// Its files, relative to the directory.
    pub files: Vec<String>,
    /// `metadata` of its files.
    pub metadata: Node,
}

/// All profiles, sorted by name; of several with one name the strongest.
pub(super) fn all(reader: &Reader<'_>, found: &Found) -> Vec<Profile> {
    let mut profiles: Vec<Profile> = Vec::new();
    for place in places(reader, found) {
        for name in directories_in(&place) {
            if profiles.iter().any(|known| known.name == name) {
                continue;
            }
            let directory = place.join(&name);
            let relative = |file: &PathBuf| file.strip_prefix(&directory).unwrap_or(file).display().to_string();
            let files = search::files(&directory).iter().map(relative).collect();
            let location = location(reader, &place);
            profiles.push(Profile { name, location, directory, files, metadata: Node::default() });
        }
    }
    profiles.sort_by(|left, right| left.name.cmp(&right.name));
    profiles
}

fn location(reader: &Reader<'_>, place: &Path) -> &'static str {
    if place == reader.host.dirs.config.join("atmos").join("profiles") {
        "xdg"
    } else if place.ends_with(Path::new(".atmos").join("profiles")) {
        "project-hidden"
    } else if place.ends_with("profiles") {
        "project"
    } else {
        "configured"
    }
}

/// What the files of a profile say of it; nothing where they cannot be read.
pub(super) fn metadata(reader: &mut Reader<'_>, profile: &Profile) -> Node {
    document(reader, profile).get("metadata").cloned().unwrap_or_default()
}

/// What the files of a profile say, without what they import; nothing where they cannot be read.
pub(super) fn document(reader: &mut Reader<'_>, profile: &Profile) -> Node {
    let mut document = Node::default();
    for file in search::files(&profile.directory) {
        if let Ok(own) = reader.document(&file) {
            overlay(&mut document, &own);
        }
    }
    document
}

fn not_found(name: &str, places: &[PathBuf], document: &Node) -> Error {
    let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let searched = list(places.iter().map(|place| place.join(name).display().to_string()).collect());
    let available: BTreeSet<String> = places.iter().flat_map(|place| directories_in(place)).collect();
    let identities = document.get_path(["auth", "identities"]).and_then(Node::as_map);
    let is_identity = identities.is_some_and(|map| map.keys().any(|key| key.eq_ignore_ascii_case(name)));
    let help = if is_identity {
        format!("`{name}` is an auth identity: select it with `--identity {name}` or ATMOS_IDENTITY")
    } else {
        "correct the name, or create a directory of that name in one of the places".to_owned()
    };
    Error::ProfileNotFound { name: name.to_owned(), searched, available: list(available.into_iter().collect()), help }
}

fn directories_in(place: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
