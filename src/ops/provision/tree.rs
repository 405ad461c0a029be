//! Makes a folder the copy of another one and leaves alone what terraform and atmos keep there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest, Sha256};

use super::error::Error;
use super::place::OWN;
use super::walk::{Bounds, walk};
use crate::exec::files::check_name;
use crate::host::fs;
use crate::value::hex;

/// The list of files that came from the source, inside of our own directory.
const LIST: &str = "files.json";
/// Where terraform keeps the local states of workspaces.
pub(super) const WORKSPACES: &str = "terraform.tfstate.d";
pub(super) const STATES: [&str; 3] = ["terraform.tfstate", "terraform.tfstate.backup", ".terraform.tfstate.lock.info"];

/// Which files are taken.
#[derive(Debug, Default)]
pub(super) struct Choice {
    included: Option<GlobSet>,
    excluded: GlobSet,
    /// Files by their names.
    left_out: BTreeSet<String>,
}

impl Choice {
    pub(super) fn new(included: &[String], excluded: &[String]) -> Result<Choice, Error> {
        let included = if included.is_empty() { None } else { Some(set(included)?) };
        Ok(Choice { included, excluded: set(excluded)?, left_out: BTreeSet::new() })
    }

    /// The same without these files.
    pub(super) fn without(self, left_out: BTreeSet<String>) -> Choice {
        Choice { left_out, ..self }
    }

    /// Whether everything below a folder is excluded.
    pub(super) fn leaves_out_folder(&self, folder: &str) -> bool {
        self.excluded.is_match(folder) || self.excluded.is_match(format!("{folder}/\u{1}"))
    }

    pub(super) fn takes(&self, file: &str) -> bool {
        let is_included = self.included.as_ref().is_none_or(|set| set.is_match(file));
        is_included && !self.excluded.is_match(file) && !self.left_out.contains(file)
    }
}

fn set(patterns: &[String]) -> Result<GlobSet, Error> {
    let wrong =
        |what: &str, error: &globset::Error| Error::Pattern { what: what.to_owned(), reason: error.to_string() };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob =
            GlobBuilder::new(pattern.trim_start_matches("./").trim_start_matches('/')).literal_separator(true).build();
        set.add(glob.map_err(|error| wrong(pattern, &error))?);
    }
    set.build().map_err(|error| wrong(&patterns.join(", "), &error))
}

/// What a copy came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copied {
    pub changed: bool,
    /// Of names and contents.
    pub hash: String,
    /// What could not be copied, and why.
    pub left_out: Vec<String>,
}

/// Copies what differs, and removes what an earlier copy brought and the source has no more. Files of others stay. Links
/// become what they lead to, and none leads out of the bounds.
pub(super) fn copy(from: &Path, to: &Path, choice: &Choice, bounds: &Bounds) -> Result<Copied, Error> {
    let root = from.canonicalize().map_err(Error::file("read", from))?;
    let found = walk(&root, to, choice, bounds)?;
    let sources: BTreeMap<String, PathBuf> = found.files.into_iter().map(|file| (file.path, file.real)).collect();
    let files: BTreeSet<String> = sources.keys().cloned().collect();
    std::fs::create_dir_all(to).map_err(Error::file("create", to))?;
    let before = brought(to).unwrap_or_default();
    // First, as a folder may take the place of a file.
    let mut changed = remove(to, before.difference(&files))?;
    let mut hash = Sha256::new();
    for (file, source) in &sources {
        let target = to.join(file);
        let content = fs::read_regular(source, u64::MAX, "it is no regular file any more");
        let content = content.map_err(Error::file("read", source))?;
        hash.update(file.as_bytes());
        hash.update(Sha256::digest(&content));
        let mode = mode(source);
        let is_file = target.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        if is_file && std::fs::read(&target).is_ok_and(|present| present == content) && self::mode(&target) == mode {
            continue;
        }
        changed = true;
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        fs::write_again(&target, &content, mode).map_err(Error::file("write", &target))?;
    }
    if before != files {
        let own = to.join(OWN);
        std::fs::create_dir_all(&own).map_err(Error::file("create", &own))?;
        let (list, text) = (own.join(LIST), serde_json::to_string(&files).unwrap_or_default());
        fs::write_atomic(&list, text.as_bytes(), 0o644).map_err(Error::file("write", &list))?;
    }
    Ok(Copied { changed, hash: hex(&hash.finalize()), left_out: found.left_out })
}

/// Removes files that an earlier copy brought, and the folders that are empty then. Tells whether there were any.
fn remove<'a>(to: &Path, gone: impl Iterator<Item = &'a String>) -> Result<bool, Error> {
    let mut changed = false;
    // The list lies where others may write it.
    for gone in gone.filter(|gone| check_name(to, gone).is_ok()) {
        let path = to.join(gone);
        if !fs::remove_file_if_present(&path).map_err(Error::file("remove", &path))? {
            continue;
        }
        changed = true;
        for above in path.ancestors().skip(1).take_while(|above| *above != to) {
            if std::fs::remove_dir(above).is_err() {
                break;
            }
        }
    }
    Ok(changed)
}

/// The files that a copy brought into a folder, relative to it; `None` where there was none.
pub(super) fn brought(folder: &Path) -> Option<BTreeSet<String>> {
    serde_json::from_slice(&std::fs::read(folder.join(OWN).join(LIST)).ok()?).ok()
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().map_or(0, |metadata| metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> u32 {
    0o644
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::put;

    #[test]
    fn what_differs_is_copied_and_what_is_gone_is_removed() {
        let temp = tempfile::tempdir().unwrap();
        let (from, to) = (temp.path().join("from"), temp.path().join("to"));
        put(&from, &[("main.tf", "1"), ("m/a.tf", "2"), (".terraform/x", "no"), (".terraform.lock.hcl", "no")]);
        put(&to, &[("plan.planfile", "mine"), (".terraform/y", "mine")]);
        let (all, bounds) = (Choice::default(), Bounds::of_copy(&from));
        let first = copy(&from, &to, &all, &bounds).unwrap();
        assert!(first.changed && to.join("m/a.tf").is_file() && !to.join(".terraform/x").exists());
        assert_eq!(copy(&from, &to, &all, &bounds).unwrap(), Copied { changed: false, ..first.clone() });
        std::fs::remove_file(from.join("m/a.tf")).unwrap();
        let third = copy(&from, &to, &all, &bounds).unwrap();
        assert!(third.changed && third.hash != first.hash && !to.join("m/a.tf").exists());
        assert!(to.join("plan.planfile").is_file() && to.join(".terraform/y").is_file());
        std::fs::write(temp.path().join("mine"), "").unwrap();
        std::fs::write(to.join(OWN).join(LIST), r#"["../mine", "main.tf"]"#).unwrap();
        copy(&from, &to, &all, &bounds).unwrap();
        assert!(temp.path().join("mine").is_file(), "a list leads nowhere else");
        std::fs::write(to.join("main.tf"), "spoilt").unwrap();
        assert!(copy(&from, &to, &all, &bounds).unwrap().changed);
    }

    #[test]
    fn a_folder_may_take_the_place_of_a_file_and_a_file_that_of_a_folder() {
        let temp = tempfile::tempdir().unwrap();
        let (from, to) = (temp.path().join("from"), temp.path().join("to"));
        for files in [[("a", "1"), ("b/c/d", "2")], [("a/x/y", "1"), ("b", "2")], [("a", "3"), ("b/c", "4")]] {
            let _ = std::fs::remove_dir_all(&from);
            put(&from, &files);
            copy(&from, &to, &Choice::default(), &Bounds::of_copy(&from)).unwrap();
            for (file, text) in files {
                assert_eq!(std::fs::read_to_string(to.join(file)).unwrap(), text);
            }
        }
    }

    #[test]
    fn paths_are_included_and_excluded() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let choice = Choice::new(&texts(&["**/*.tf", "*.md"]), &texts(&["**/test.tf"])).unwrap();
        for (file, taken) in
            [("main.tf", true), ("a/b.tf", true), ("README.md", true), ("a/b.md", false), ("a/test.tf", false)]
        {
            assert_eq!(choice.takes(file), taken, "{file}");
        }
        assert!(Choice::new(&texts(&["[a"]), &[]).is_err());
    }
}
