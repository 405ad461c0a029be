//! Names of stacks and components for completion: as quick as possible, and never an error.
//!
//! They are kept in the cache of the user as long as no file of the configuration or of the stacks changes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::App;
use crate::component::{self, Asked};
use crate::diag::Result;
use crate::host::fs;

/// A component in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub stack: String,
    pub kind: String,
    pub component: String,
    pub abstract_: bool,
}

/// Everything that has a name, sorted by manifest, kind and name. Nothing where the stacks cannot be read.
pub fn names(app: &App) -> Vec<Named> {
    try_names(app, &Asked::default()).unwrap_or_default()
}

/// The same for somebody who wants to know why there is nothing, and whose answer is about these stacks.
///
/// # Errors
/// The stacks cannot be read.
pub fn try_names(app: &App, asked: &Asked) -> Result<Vec<Named>> {
    let state = state(app);
    let file = file(app);
    if let Some(names) = std::fs::read_to_string(&file).ok().and_then(|text| parse(&text, &state)) {
        return Ok(names);
    }
    let (names, whole) = read(app, asked)?;
    // A cache that cannot be written costs only time. What is left out may be there the next time, whatever the files say:
    // an import that could not be fetched.
    if whole
        && let Some(folder) = file.parent()
        && fs::create_private_dir(folder).is_ok()
    {
        let _ = fs::write_atomic(&file, print(&names, &state).as_bytes(), 0o600);
    }
    Ok(names)
}

/// The names, and whether none is left out.
fn read(app: &App, asked: &Asked) -> Result<(Vec<Named>, bool)> {
    let index = app.index()?;
    let (found, whole) = match component::summaries(&app.host, &app.config, index) {
        Ok(found) => (found, true),
        Err(_) => (component::usable(&app.host, &app.config, index, component::Nameless::LeftOut, asked)?, false),
    };
    let named = found.into_iter().map(|summary| Named {
        stack: summary.stack,
        kind: summary.kind.key().to_owned(),
        component: summary.name,
        abstract_: summary.abstract_,
    });
    Ok((named.collect(), whole))
}

/// One file for each configuration.
fn file(app: &App) -> PathBuf {
    let mut hash = Sha256::new();
    hash.update(app.config.directory.as_os_str().as_encoded_bytes());
    hash.update([0]);
    hash.update(app.config.stacks.base_path.as_os_str().as_encoded_bytes());
    app.host.dirs.cache.join("atmos").join("names").join(&hex(&hash.finalize())[..32])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What the names depend on: the files, by their times and sizes, and the settings that come from elsewhere.
fn state(app: &App) -> String {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    let stacks = &app.config.stacks;
    hash.update(format!("{:?}{:?}{:?}", stacks.name_pattern, stacks.name_template, app.config.profiles));
    for (name, value) in app.host.env.iter() {
        if name.as_encoded_bytes().starts_with(b"ATMOS_") {
            hash.update(name.as_encoded_bytes());
            hash.update(value.as_encoded_bytes());
        }
    }
    for path in &app.config.files {
        add(&mut hash, path);
    }
    walk(&mut hash, &stacks.base_path, 0);
    hex(&hash.finalize())
}

/// Symbolic links may form circles.
const DEPTH: usize = 32;

fn walk(hash: &mut Sha256, folder: &Path, depth: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir() || (kind.is_symlink() && path.is_dir()));
        if is_folder && depth < DEPTH {
            walk(hash, &path, depth + 1);
        } else {
            add(hash, &path);
        }
    }
}

fn add(hash: &mut Sha256, path: &Path) {
    hash.update(path.as_os_str().as_encoded_bytes());
    let Ok(metadata) = std::fs::metadata(path) else { return };
    hash.update(metadata.len().to_le_bytes());
    let time = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    hash.update(time.map(|time| time.as_nanos()).unwrap_or_default().to_le_bytes());
}

/// The state first; then a line for each stack and kind: stack, kind, and its components, abstract ones with a mark.
fn print(names: &[Named], state: &str) -> String {
    let mut text = format!("{state}\n");
    let mut before: Option<(&str, &str)> = None;
    for named in names {
        let here = (named.stack.as_str(), named.kind.as_str());
        if before != Some(here) {
            if before.is_some() {
                text.push('\n');
            }
            let _ = write!(text, "{}\t{}", named.stack, named.kind);
            before = Some(here);
        }
        let _ = write!(text, "\t{}{}", if named.abstract_ { "*" } else { "" }, named.component);
    }
    text.push('\n');
    text
}

/// The names of a cache that is still true.
fn parse(text: &str, state: &str) -> Option<Vec<Named>> {
    let (head, rest) = text.split_once('\n')?;
    if head != state || !text.ends_with('\n') {
        return None;
    }
    let mut names = Vec::new();
    for line in rest.lines().filter(|line| !line.is_empty()) {
        let mut cells = line.split('\t');
        let (stack, kind) = (cells.next()?, cells.next()?);
        for cell in cells {
            let abstract_ = cell.starts_with('*');
            let component = cell.trim_start_matches('*').to_owned();
            names.push(Named { stack: stack.to_owned(), kind: kind.to_owned(), component, abstract_ });
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_read_back_only_in_its_state() {
        let named = |stack: &str, component: &str, abstract_| Named {
            stack: stack.to_owned(),
            kind: "terraform".to_owned(),
            component: component.to_owned(),
            abstract_,
        };
        let names = [named("dev", "a", false), named("dev", "b/c", true), named("prod", "a", false)];
        let text = print(&names, "s1");
        assert_eq!(text, "s1\ndev\tterraform\ta\t*b/c\nprod\tterraform\ta\n");
        assert_eq!(parse(&text, "s1").unwrap(), names);
        assert_eq!(parse(&text, "s2"), None);
        assert_eq!(parse("s1\ndev", "s1"), None);
    }
}
