//! The files of a folder that is copied, links followed as far as they may lead.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::place::OWN;
use super::tree::{Choice, STATES, WORKSPACES};
use crate::exec::names::is_of_runs;

/// Names that are nobody's source.
const SKIPPED: [&str; 4] = [OWN, ".terraform", WORKSPACES, ".git"];
/// More than these are not looked at behind links, which can make a few folders look like any number of them.
const MOST_LINKED: usize = 100_000;
const DEPTH: usize = 128;

/// How far links may lead.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// Folders without links in their paths.
    tops: Vec<PathBuf>,
    /// The folder came from elsewhere.
    fetched: bool,
}

impl Bounds {
    /// For files of this machine: the folder itself, and the repositories and folders around it.
    pub(super) fn of_machine(folder: &Path, around: &[&Path]) -> Bounds {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        let around = around.iter().filter_map(|top| top.canonicalize().ok()).filter(|top| real.starts_with(top));
        let mut tops: Vec<PathBuf> = around.collect();
        tops.extend(tops.iter().chain([&real]).filter_map(|top| crate::config::git_root(top)).collect::<Vec<_>>());
        tops.push(real);
        Bounds { tops, fetched: false }
    }

    /// For what was fetched: nothing but that, however it lies on this machine.
    pub(super) fn of_copy(top: &Path) -> Bounds {
        Bounds { tops: vec![top.canonicalize().unwrap_or_else(|_| top.to_path_buf())], fetched: true }
    }

    /// What speaks against a place that a link leads to.
    fn objection(&self, real: &Path) -> Option<&'static str> {
        let Some(below) = self.tops.iter().find_map(|top| real.strip_prefix(top).ok()) else {
            return Some(if self.fetched { "out of its source" } else { "out of the repository" });
        };
        below.iter().any(|part| part.eq_ignore_ascii_case(".git")).then_some("to what belongs to git")
    }
}

/// A file that is taken.
#[derive(Debug)]
pub(super) struct File {
    /// Relative to the top of the copy.
    pub path: String,
    /// Where its content is.
    pub real: PathBuf,
}

/// Every file below a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub files: Vec<File>,
    /// What cannot be copied, and why.
    pub left_out: Vec<String>,
}

/// The files below `root`, which has no links in its path, that the choice takes. A link counts as what it leads to.
///
/// # Errors
/// A link that leads nowhere or out of the bounds, a folder that cannot be read, a name that is no text.
pub(super) fn walk(root: &Path, to: &Path, choice: &Choice, bounds: &Bounds) -> Result<Found, Error> {
    let to = to.canonicalize().unwrap_or_else(|_| to.to_path_buf());
    let (around, found) = (Vec::new(), Found::default());
    let mut walk = Walk { root, to: &to, choice, bounds, around, behind_links: 0, seen: 0, found };
    walk.folder(root, "")?;
    Ok(walk.found)
}

struct Walk<'a> {
    root: &'a Path,
    to: &'a Path,
    choice: &'a Choice,
    bounds: &'a Bounds,
    /// The folders around the one that is looked at, links followed.
    around: Vec<PathBuf>,
    /// How many of them were links.
    behind_links: usize,
    /// Entries behind links.
    seen: usize,
    found: Found,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<(), Error> {
        if self.around.len() > DEPTH {
            return Err(self.too_much(prefix, format!("its folders are deeper than {DEPTH} levels")));
        }
        self.around.push(folder.to_owned());
        for entry in std::fs::read_dir(folder).map_err(Error::file("read", folder))? {
            let entry = entry.map_err(Error::file("read", folder))?;
            self.seen += usize::from(self.behind_links > 0);
            if self.seen > MOST_LINKED {
                let reason = format!("there are more than {MOST_LINKED} files and folders behind its links");
                return Err(self.too_much("", reason));
            }
            self.entry(&entry, prefix)?;
        }
        self.around.pop();
        Ok(())
    }

    fn entry(&mut self, entry: &std::fs::DirEntry, prefix: &str) -> Result<(), Error> {
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let what = std::io::Error::new(std::io::ErrorKind::InvalidData, "its name is no text");
            return Err(Error::file("copy", &path)(what));
        };
        if SKIPPED.contains(&name) {
            return Ok(());
        }
        let relative = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type().map_err(Error::file("read", &path))?;
        if kind.is_dir() {
            return self.folder(&path, &relative);
        }
        // The states of a component that is linked as a folder are not those of this one.
        let is_state = STATES.contains(&if self.behind_links > 0 { name } else { &*relative });
        if is_state || is_of_runs(name) {
            return Ok(());
        }
        if kind.is_symlink() {
            return self.link(&path, name, relative);
        }
        self.file(path, relative, kind.is_file());
        Ok(())
    }

    fn file(&mut self, real: PathBuf, path: String, is_regular: bool) {
        if !self.choice.takes(&path) {
            return;
        }
        if is_regular {
            self.found.files.push(File { path, real });
        } else {
            // To read a pipe would wait for whoever writes to it.
            self.found.left_out.push(format!("`{path}`, which is no regular file"));
        }
    }

    fn link(&mut self, path: &Path, name: &str, relative: String) -> Result<(), Error> {
        let Ok(real) = path.canonicalize() else {
            // Editors write who has a file open into a link that leads nowhere.
            if name.starts_with(".#") || !self.choice.takes(&relative) {
                return Ok(());
            }
            return Err(self.refused(path, "nowhere"));
        };
        let is_folder = real.is_dir();
        if is_folder && self.choice.leaves_out_folder(&relative) || !is_folder && !self.choice.takes(&relative) {
            return Ok(());
        }
        if let Some(objection) = self.bounds.objection(&real) {
            return Err(self.refused(path, objection));
        }
        if !is_folder {
            let is_regular = real.is_file();
            self.file(real, relative, is_regular);
            return Ok(());
        }
        let holds_itself = self.around.iter().any(|folder| folder.starts_with(&real));
        if holds_itself || self.to.starts_with(&real) || real.starts_with(self.to) {
            self.found.left_out.push(format!("`{relative}`, a link to a folder that it would be in itself"));
            return Ok(());
        }
        self.behind_links += 1;
        self.folder(&real, &relative)?;
        self.behind_links -= 1;
        Ok(())
    }

    fn refused(&self, link: &Path, objection: &'static str) -> Error {
        let target = std::fs::read_link(link).unwrap_or_default();
        let help = if self.bounds.fetched {
            "links of a source may lead to its own files only; ask its owners to correct it, or leave the link out with `excluded_paths` of the source"
        } else {
            "move what it leads to into the repository, or remove the link; `excluded_paths` of a source leaves links out"
        };
        Error::Link { link: link.to_path_buf(), target, objection, help }
    }

    fn too_much(&self, below: &str, reason: String) -> Error {
        Error::TooMuch { path: self.root.join(below), reason }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::host::testing::put;

    fn names(root: &Path, bounds: &Bounds, choice: &Choice) -> Result<(Vec<String>, Vec<String>), Error> {
        let mut found = walk(&root.canonicalize().unwrap(), &root.join("../to"), choice, bounds)?;
        found.files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok((found.files.into_iter().map(|file| file.path).collect(), found.left_out))
    }

    #[test]
    fn links_within_the_bounds_are_what_they_lead_to() {
        let temp = tempfile::tempdir().unwrap();
        let top = temp.path();
        put(top, &[("app/main.tf", ""), ("common/a.tf", ""), ("common/m/b.tf", ""), ("common/terraform.tfstate", "")]);
        for (target, link) in [("../common/a.tf", "a.tf"), ("../common", "shared"), ("shared/m", "again")] {
            symlink(target, top.join("app").join(link)).unwrap();
        }
        symlink("me@host.1", top.join("app/.#main.tf")).unwrap();
        symlink("/nowhere", top.join("app/.terraform")).unwrap();
        let found = names(&top.join("app"), &Bounds::of_copy(top), &Choice::default()).unwrap();
        let expected = ["a.tf", "again/b.tf", "main.tf", "shared/a.tf", "shared/m/b.tf"];
        assert_eq!(found, (expected.map(str::to_owned).to_vec(), Vec::new()));
        let alone = names(&top.join("app"), &Bounds::of_copy(&top.join("app")), &Choice::default());
        assert!(matches!(alone, Err(Error::Link { objection: "out of its source", .. })), "{alone:?}");
    }

    #[test]
    fn links_that_lead_elsewhere_are_named() {
        for (target, objection) in [
            ("/etc/passwd", "out of the repository"),
            ("../../..", "out of the repository"),
            ("nowhere", "nowhere"),
            ("me", "nowhere"),
            ("../.git/HEAD", "to what belongs to git"),
        ] {
            let temp = tempfile::tempdir().unwrap();
            let top = temp.path().join("repo");
            put(&top, &[("app/main.tf", ""), (".git/HEAD", "")]);
            symlink(target, top.join("app/me")).unwrap();
            let bounds = Bounds::of_machine(&top.join("app"), &[]);
            let error = names(&top.join("app"), &bounds, &Choice::default()).unwrap_err();
            assert!(matches!(&error, Error::Link { objection: found, .. } if *found == objection), "{target}: {error}");
            assert!(error.to_string().contains(target), "{error}");
            let choice = Choice::new(&[], &["me".to_owned()]).unwrap();
            assert_eq!(names(&top.join("app"), &bounds, &choice).unwrap().0, ["main.tf"], "{target}");
        }
    }

    #[test]
    fn links_in_a_circle_end_and_are_told() {
        let temp = tempfile::tempdir().unwrap();
        put(temp.path(), &[("a/main.tf", ""), ("b/main.tf", "")]);
        for (target, link) in [("../b", "a/x"), ("../a", "b/x"), (".", "self")] {
            symlink(target, temp.path().join(link)).unwrap();
        }
        let (files, left_out) = names(temp.path(), &Bounds::of_copy(temp.path()), &Choice::default()).unwrap();
        assert_eq!(files, ["a/main.tf", "a/x/main.tf", "b/main.tf", "b/x/main.tf"]);
        assert_eq!(left_out.len(), 3, "{left_out:?}");
    }

    #[test]
    fn what_is_no_file_is_left_out_by_name() {
        let temp = tempfile::tempdir().unwrap();
        put(temp.path(), &[("main.tf", "")]);
        let _socket = std::os::unix::net::UnixListener::bind(temp.path().join("socket")).unwrap();
        symlink("socket", temp.path().join("link")).unwrap();
        let (files, mut left_out) = names(temp.path(), &Bounds::of_copy(temp.path()), &Choice::default()).unwrap();
        left_out.sort();
        assert_eq!(files, ["main.tf"]);
        assert!(left_out.len() == 2 && left_out[1].starts_with("`socket`"), "{left_out:?}");
    }
}
