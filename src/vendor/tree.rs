//! The files of a source on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::pattern::Choice;

/// More files than this are no component.
const MOST: usize = 100_000;
const DEPTH: usize = 64;

/// A file that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Path from the top of the source, with slashes.
    pub path: String,
    /// Where its content is.
    pub real: PathBuf,
    /// Permissions.
    pub mode: u32,
}

impl Item {
    /// A single file under another name.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn single(file: &Path, path: String) -> Result<Item, Error> {
        let real = file.canonicalize().map_err(Error::file("read", file))?;
        let mode = mode(&real).map_err(Error::file("read", &real))?;
        Ok(Item { path, real, mode })
    }
}

/// The files of a source that the choice takes, by their paths. A link counts as what it leads to, as long as that is in
/// the source and taken, too; other links are left out, as is what belongs to git.
///
/// # Errors
/// A folder that cannot be read, too many files.
pub fn items(root: &Path, choice: &Choice) -> Result<Vec<Item>, Error> {
    let real = root.canonicalize().map_err(Error::file("read", root))?;
    let mut walk = Walk { root: &real, choice, found: BTreeMap::new() };
    walk.folder(&real, "", 0)?;
    Ok(walk.found.into_values().collect())
}

struct Walk<'a> {
    root: &'a Path,
    choice: &'a Choice,
    found: BTreeMap<String, Item>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), Error> {
        if depth > DEPTH {
            return Err(Error::TooMuch { reason: format!("the folders of the source are deeper than {DEPTH} levels") });
        }
        for entry in std::fs::read_dir(folder).map_err(Error::file("read", folder))? {
            let entry = entry.map_err(Error::file("read", folder))?;
            let name = entry.file_name();
            // The lock and the files that others can read hold texts only.
            let Some(name) = name.to_str().filter(|name| *name != ".git") else { continue };
            let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            if self.choice.excludes(&path) {
                continue;
            }
            let Some(real) = self.followed(&entry.path(), folder) else { continue };
            if real.is_dir() {
                self.folder(&real, &path, depth + 1)?;
            } else if real.is_file() && self.choice.takes(&path) {
                if self.found.len() >= MOST {
                    return Err(Error::TooMuch { reason: format!("the source has more than {MOST} files") });
                }
                let mode = mode(&real).map_err(Error::file("read", &real))?;
                self.found.insert(path.clone(), Item { path, real, mode });
            }
        }
        Ok(())
    }

    /// What is at a path, behind all links; `None` for links that are left out.
    fn followed(&self, path: &Path, folder: &Path) -> Option<PathBuf> {
        if !path.is_symlink() {
            return Some(path.to_owned());
        }
        let real = path.canonicalize().ok()?;
        let below = real.strip_prefix(self.root).ok()?.to_str()?.to_owned();
        let hidden = below.split('/').any(|part| part == ".git");
        // A folder that contains the link would never end.
        let around = folder.starts_with(&real);
        (!hidden && !around && !self.choice.excludes(&below)).then_some(real)
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> std::io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(path.metadata()?.permissions().mode() & 0o777 | 0o600)
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> std::io::Result<u32> {
    Ok(0o644)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_inside_are_followed_and_others_left_out() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("source");
        for file in ["a/main.tf", ".git/config", "b/.git/x", ".hidden", "secret/key"] {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::write(root.join(file), file).unwrap();
        }
        std::fs::write(temp.path().join("outside"), "").unwrap();
        for (target, link) in [
            ("a/main.tf", "linked.tf"),
            ("a", "folder"),
            ("../outside", "out"),
            ("nowhere", "gone"),
            (".git/config", "config"),
            ("..", "a/up"),
            ("secret/key", "key"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        let choice = Choice::new(&[], &["secret".to_owned()]).unwrap();
        let found: Vec<String> = items(&root, &choice).unwrap().into_iter().map(|item| item.path).collect();
        assert_eq!(found, [".hidden", "a/main.tf", "folder/main.tf", "linked.tf"]);
    }
}
