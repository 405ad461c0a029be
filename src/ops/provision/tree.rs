//! Makes a folder the copy of another one and leaves alone what terraform and atmos keep there.

use std::collections::BTreeSet;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest, Sha256};

use super::error::Error;
use super::place::OWN;
use crate::exec::files::check_name;
use crate::exec::names::is_of_runs;
use crate::host::fs;
use crate::value::hex;

/// The list of files that came from the source, inside of our own directory.
const LIST: &str = "files.json";
/// Directories that are nobody's source.
const SKIPPED: [&str; 4] = [OWN, ".terraform", WORKSPACES, ".git"];
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

    fn takes(&self, file: &str) -> bool {
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
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub changed: bool,
    /// Of names and contents.
    pub hash: String,
}

/// Copies what differs, and removes what an earlier copy brought and the source has no more. Files of others stay.
pub(super) fn copy(from: &Path, to: &Path, choice: &Choice) -> Result<Copied, Error> {
    let root = from.canonicalize().map_err(Error::file("read", from))?;
    let files: BTreeSet<String> = files(&root)?.into_iter().filter(|file| choice.takes(file)).collect();
    std::fs::create_dir_all(to).map_err(Error::file("create", to))?;
    let mut hash = Sha256::new();
    let mut changed = false;
    for file in &files {
        let (source, target) = (root.join(file), to.join(file));
        let content = std::fs::read(&source).map_err(Error::file("read", &source))?;
        hash.update(file.as_bytes());
        hash.update(Sha256::digest(&content));
        let mode = mode(&source);
        if std::fs::read(&target).is_ok_and(|present| present == content) && self::mode(&target) == mode {
            continue;
        }
        changed = true;
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        fs::write_again(&target, &content, mode).map_err(Error::file("write", &target))?;
    }
    let list = to.join(OWN).join(LIST);
    let before = brought(to).unwrap_or_default();
    for gone in before.difference(&files) {
        // The list lies where others may write it.
        if check_name(to, gone).is_err() {
            continue;
        }
        let path = to.join(gone);
        changed |= fs::remove_file_if_present(&path).map_err(Error::file("remove", &path))?;
    }
    if before != files {
        let own = to.join(OWN);
        std::fs::create_dir_all(&own).map_err(Error::file("create", &own))?;
        let text = serde_json::to_string(&files).unwrap_or_default();
        fs::write_atomic(&list, text.as_bytes(), 0o644).map_err(Error::file("write", &list))?;
    }
    Ok(Copied { changed, hash: hex(&hash.finalize()) })
}

/// The files that a copy brought into a folder, relative to it; `None` where there was none.
pub(super) fn brought(folder: &Path) -> Option<BTreeSet<String>> {
    serde_json::from_slice(&std::fs::read(folder.join(OWN).join(LIST)).ok()?).ok()
}

/// Every file below a folder, relative to it. A link counts as the file behind it, as long as that is in the folder.
fn files(root: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(Error::file("read", &folder))?;
        for entry in entries {
            let path = entry.map_err(Error::file("read", &folder))?.path();
            let Ok(relative) = path.strip_prefix(root) else { continue };
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let relative = relative.to_string_lossy().into_owned();
            let inside = path.canonicalize().is_ok_and(|real| real.starts_with(root));
            if !inside {
                continue;
            }
            if path.is_dir() {
                let is_link = path.is_symlink();
                if !SKIPPED.contains(&&*name) && !is_link {
                    open.push(path);
                }
            } else if !is_of_runs(&name) && !STATES.contains(&relative.as_str()) {
                found.push(relative);
            }
        }
    }
    Ok(found)
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
        let all = Choice::default();
        let first = copy(&from, &to, &all).unwrap();
        assert!(first.changed && to.join("m/a.tf").is_file() && !to.join(".terraform/x").exists());
        assert_eq!(copy(&from, &to, &all).unwrap(), Copied { changed: false, hash: first.hash.clone() });
        std::fs::remove_file(from.join("m/a.tf")).unwrap();
        let third = copy(&from, &to, &all).unwrap();
        assert!(third.changed && third.hash != first.hash && !to.join("m/a.tf").exists());
        assert!(to.join("plan.planfile").is_file() && to.join(".terraform/y").is_file());
        std::fs::write(temp.path().join("mine"), "").unwrap();
        std::fs::write(to.join(OWN).join(LIST), r#"["../mine", "main.tf"]"#).unwrap();
        copy(&from, &to, &all).unwrap();
        assert!(temp.path().join("mine").is_file(), "a list leads nowhere else");
        std::fs::write(to.join("main.tf"), "spoilt").unwrap();
        assert!(copy(&from, &to, &all).unwrap().changed);
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
