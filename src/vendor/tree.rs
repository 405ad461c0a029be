//! The files of a source on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::pattern::Choice;

/// More files than this are no component.
const MOST: usize = 100_000;
/// More than this are not looked at, taken or not: links can make a few folders look like any number of them.
const MOST_SEEN: usize = 1_000_000;
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

/// Whether a path passes through what belongs to git; there are systems on which `.GIT` is the same folder.
pub fn is_of_git(path: &Path) -> bool {
    path.iter().any(|part| part.eq_ignore_ascii_case(".git"))
}

/// The files of a source that the choice takes, by their paths. A link counts as what it leads to, as long as that is in
/// the source and not excluded; other links are left out, as is what belongs to git.
///
/// # Errors
/// A folder that cannot be read, too many files, a name that is no text.
pub fn items(root: &Path, choice: &Choice) -> Result<Vec<Item>, Error> {
    let real = root.canonicalize().map_err(Error::file("read", root))?;
    let mut walk = Walk { root: &real, choice, found: BTreeMap::new(), around: Vec::new(), seen: 0 };
    walk.folder(&real, "")?;
    Ok(walk.found.into_values().collect())
}

struct Walk<'a> {
    root: &'a Path,
    choice: &'a Choice,
    found: BTreeMap<String, Item>,
    /// The folders around the one that is looked at, links followed.
    around: Vec<PathBuf>,
    seen: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<(), Error> {
        if self.around.len() > DEPTH {
            return Err(Error::TooMuch { reason: format!("the folders of the source are deeper than {DEPTH} levels") });
        }
        self.around.push(folder.to_owned());
        for entry in std::fs::read_dir(folder).map_err(Error::file("read", folder))? {
            let entry = entry.map_err(Error::file("read", folder))?;
            let name = entry.file_name();
            self.seen += 1;
            if self.seen > MOST_SEEN {
                let reason = format!("the source has more than {MOST_SEEN} files and folders");
                return Err(Error::TooMuch { reason });
            }
            let shown = name.to_string_lossy();
            if is_of_git(Path::new(&*shown)) {
                continue;
            }
            let path = if prefix.is_empty() { shown.clone().into_owned() } else { format!("{prefix}/{shown}") };
            if self.choice.excludes(&path) {
                continue;
            }
            let Some(real) = self.followed(&entry.path(), folder) else { continue };
            let is_folder = real.is_dir();
            if name.to_str().is_none() && (is_folder || self.choice.takes(&path)) {
                // The lock holds texts only; without such a file the component would not be the one of the source.
                return Err(Error::NoText { path });
            }
            if is_folder {
                self.folder(&real, &path)?;
            } else if real.is_file() && self.choice.takes(&path) {
                if self.found.len() >= MOST {
                    return Err(Error::TooMuch { reason: format!("the source has more than {MOST} files") });
                }
                let mode = mode(&real).map_err(Error::file("read", &real))?;
                self.found.insert(path.clone(), Item { path, real, mode });
            }
        }
        self.around.pop();
        Ok(())
    }

    /// What is at a path, behind all links; `None` for links that are left out.
    fn followed(&self, path: &Path, folder: &Path) -> Option<PathBuf> {
        if !path.is_symlink() {
            return Some(path.to_owned());
        }
        let real = path.canonicalize().ok()?;
        let below = real.strip_prefix(self.root).ok()?;
        // A folder that contains the link, or that led here by another link, would never end.
        let around = folder.starts_with(&real) || self.around.contains(&real);
        let left_out = is_of_git(below) || self.choice.excludes(below.to_str()?);
        (!left_out && !around).then_some(real)
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> std::io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    // Nobody but its owner writes to what was reviewed, whatever the source says.
    Ok(path.metadata()?.permissions().mode() & 0o755 | 0o600)
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

    fn paths(root: &Path) -> Result<Vec<String>, Error> {
        Ok(items(root, &Choice::default())?.into_iter().map(|item| item.path).collect())
    }

    #[test]
    fn folders_that_link_to_each_other_end() {
        let temp = tempfile::tempdir().unwrap();
        for (folder, other) in [("a", "b"), ("b", "a")] {
            std::fs::create_dir(temp.path().join(folder)).unwrap();
            std::fs::write(temp.path().join(folder).join("main.tf"), "").unwrap();
            for link in ["x", "y"] {
                symlink(format!("../{other}"), temp.path().join(folder).join(link)).unwrap();
            }
        }
        let found = paths(temp.path()).unwrap();
        assert_eq!(found, ["a/main.tf", "a/x/main.tf", "a/y/main.tf", "b/main.tf", "b/x/main.tf", "b/y/main.tf"]);
    }

    #[test]
    fn names_that_are_no_texts_are_not_passed_over() {
        use std::os::unix::ffi::OsStrExt as _;
        let temp = tempfile::tempdir().unwrap();
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.tf");
        std::fs::write(temp.path().join(name), "").unwrap();
        assert!(matches!(paths(temp.path()), Err(Error::NoText { .. })));
        let choice = Choice::new(&[], &["*.tf".to_owned()]).unwrap();
        assert!(items(temp.path(), &choice).unwrap().is_empty(), "what is left out need not be one");
    }

    #[test]
    fn others_may_not_write_and_git_has_any_case() {
        use std::os::unix::fs::PermissionsExt as _;
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("run");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o6777)).unwrap();
        std::fs::create_dir(temp.path().join(".Git")).unwrap();
        std::fs::write(temp.path().join(".Git/config"), "").unwrap();
        let found = items(temp.path(), &Choice::default()).unwrap();
        assert_eq!(found.iter().map(|item| (item.path.as_str(), item.mode)).collect::<Vec<_>>(), [("run", 0o755)]);
    }
}
