//! The paths that changed.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use crate::git::Changed;
use crate::host::fs::clean;
use crate::stack::glob_matches;

/// Absolute paths of files that are not the same in both trees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedFiles {
    files: BTreeSet<PathBuf>,
    /// Submodules among them: any of their files may have changed.
    repositories: BTreeSet<PathBuf>,
}

impl ChangedFiles {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a file in the folder, or further down, changed.
    pub fn any_below(&self, folder: &Path) -> bool {
        // Paths are ordered by their components: what is in a folder follows it directly.
        let behind = (Bound::Excluded(folder), Bound::Unbounded);
        let is_below = self.files.range::<Path, _>(behind).next().is_some_and(|file| file.starts_with(folder));
        is_below || self.in_repository(folder)
    }

    /// Whether a file that the path or pattern names, seen from one of these folders, changed.
    pub fn any_file(&self, folders: &[&Path], pattern: &str) -> bool {
        folders.iter().any(|folder| {
            let wanted = clean(&folder.join(pattern));
            if is_pattern(pattern) {
                self.any_match(&wanted)
            } else {
                self.files.contains(&wanted) || self.in_repository(&wanted)
            }
        })
    }

    /// Whether a file in a folder that the path or pattern names, seen from one of these folders, changed.
    pub fn any_in_folder(&self, folders: &[&Path], pattern: &str) -> bool {
        folders.iter().any(|folder| {
            let wanted = clean(&folder.join(pattern));
            if !is_pattern(pattern) {
                return self.any_below(&wanted);
            }
            // A submodule is a folder itself.
            let named = |path: &PathBuf| glob_matches(&wanted.to_string_lossy(), &path.to_string_lossy());
            self.any_match(&wanted.join("**")) || self.repositories.iter().any(|path| named(path).unwrap_or(false))
        })
    }

    /// Whether the path is a changed submodule, or lies in one.
    fn in_repository(&self, path: &Path) -> bool {
        !self.repositories.is_empty() && path.ancestors().any(|above| self.repositories.contains(above))
    }

    fn any_match(&self, pattern: &Path) -> bool {
        let plain: PathBuf = pattern.iter().take_while(|part| !is_pattern(&part.to_string_lossy())).collect();
        if self.in_repository(&plain) {
            return true;
        }
        let pattern = pattern.to_string_lossy();
        self.files.iter().any(|file| glob_matches(&pattern, &file.to_string_lossy()).unwrap_or(false))
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

impl FromIterator<PathBuf> for ChangedFiles {
    fn from_iter<I: IntoIterator<Item = PathBuf>>(files: I) -> ChangedFiles {
        ChangedFiles { files: files.into_iter().collect(), repositories: BTreeSet::new() }
    }
}

impl FromIterator<Changed> for ChangedFiles {
    fn from_iter<I: IntoIterator<Item = Changed>>(all: I) -> ChangedFiles {
        let mut found = ChangedFiles::default();
        for Changed { path, is_repository } in all {
            if is_repository {
                found.repositories.insert(path.clone());
            }
            found.files.insert(path);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_files_are_found_whole() {
        let files = ["/r/a-b/x", "/r/a/b/c.tf", "/r/lib/one.json", "/r/lib/deep/two.yaml"];
        let changed: ChangedFiles = files.into_iter().map(PathBuf::from).collect();
        for (folder, found) in [
            ("/r/a", true),
            ("/r/a/b", true),
            ("/r/a/b/c", false),
            ("/r/a/b/c.tf", false),
            ("/r/li", false),
            ("/", true),
        ] {
            assert_eq!(changed.any_below(Path::new(folder)), found, "{folder}");
        }
        let here = [Path::new("/r")];
        for (file, found) in [
            ("lib/one.json", true),
            ("./lib/../lib/one.json", true),
            ("lib/*.json", true),
            ("lib/*.yaml", false),
            ("lib/**/*.yaml", true),
            ("lib", false),
            ("/r/lib/one.json", true),
        ] {
            assert_eq!(changed.any_file(&here, file), found, "{file}");
        }
        for (folder, found) in [("lib", true), ("lib/", true), ("li", false), ("lib/deep", true), ("l*/deep", true)] {
            assert_eq!(changed.any_in_folder(&here, folder), found, "{folder}");
        }
    }

    #[test]
    fn a_submodule_counts_with_everything_in_it() {
        let changed: ChangedFiles =
            [Changed { path: PathBuf::from("/r/sub"), is_repository: true }].into_iter().collect();
        for (folder, found) in [("/r/sub", true), ("/r/sub/deep", true), ("/r", true), ("/r/other", false)] {
            assert_eq!(changed.any_below(Path::new(folder)), found, "{folder}");
        }
        let here = [Path::new("/r")];
        for (file, found) in [("sub/a.json", true), ("sub/*.json", true), ("*/a.json", false), ("subs/a.json", false)] {
            assert_eq!(changed.any_file(&here, file), found, "{file}");
        }
        assert!(changed.any_in_folder(&here, "sub/lib") && changed.any_in_folder(&here, "s*"));
    }
}
