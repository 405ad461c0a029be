//! The paths that changed.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::links::Links;
use crate::git::Changed;
use crate::host::fs::clean;
use crate::stack::glob_matches;

/// Absolute paths of files that are not the same in both trees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedFiles {
    files: BTreeSet<PathBuf>,
    /// Submodules and links among them: any of what lies behind them may have changed.
    repositories: BTreeSet<PathBuf>,
    links: Links,
}

impl ChangedFiles {
    /// The same where the tree has symbolic links, each with the absolute path that it leads to: what changed there has
    /// changed behind the link, too.
    #[must_use]
    pub fn with_links(mut self, links: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> ChangedFiles {
        for (link, target) in links {
            if self.files.contains(&link) {
                self.repositories.insert(link.clone());
            }
            self.links.insert(link, target);
        }
        self
    }

    /// Where a path leads to when its links are followed: what programs call the folder that they work in.
    pub fn behind_links(&self, path: &Path) -> PathBuf {
        self.links.route(path).pop().unwrap_or_else(|| path.to_path_buf())
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a file in the folder, or further down, changed. Links lead on.
    pub fn any_below(&self, folder: &Path) -> bool {
        let reached = || self.links.reached(folder);
        self.any_within(folder) || reached().iter().any(|path| self.files.contains(path) || self.any_within(path))
    }

    fn any_within(&self, folder: &Path) -> bool {
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
                self.links.route(&wanted).iter().any(|path| self.files.contains(path) || self.in_repository(path))
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
            // A submodule is a folder itself, and a link may stand for one.
            let named = |path: &Path| matches(&wanted, path);
            self.any_match(&wanted.join("**"))
                || self.repositories.iter().any(|path| named(path))
                || self.links.iter().any(|(link, _)| named(link) && self.any_below(link))
        })
    }

    /// Whether the path is a changed submodule, or lies in one.
    fn in_repository(&self, path: &Path) -> bool {
        !self.repositories.is_empty() && path.ancestors().any(|above| self.repositories.contains(above))
    }

    fn any_match(&self, pattern: &Path) -> bool {
        let plain: PathBuf = pattern.iter().take_while(|part| !is_pattern(&part.to_string_lossy())).collect();
        let rest = pattern.strip_prefix(&plain).unwrap_or(Path::new(""));
        let routes = self.links.route(&plain);
        routes.iter().any(|plain| {
            let pattern = plain.join(rest);
            self.in_repository(plain)
                || self.files.iter().any(|file| matches(&pattern, file))
                || self.any_linked(&pattern)
        })
    }

    /// Whether the name that a changed file has behind a link matches.
    fn any_linked(&self, pattern: &Path) -> bool {
        self.links.iter().any(|(link, target)| {
            let below = |file: &&PathBuf| file.starts_with(target);
            self.files.range::<Path, _>((Bound::Included(target), Bound::Unbounded)).take_while(below).any(|file| {
                let rest = file.strip_prefix(target).unwrap_or(Path::new(""));
                matches(pattern, &clean(&link.join(rest)))
            })
        })
    }
}

fn matches(pattern: &Path, path: &Path) -> bool {
    glob_matches(&pattern.to_string_lossy(), &path.to_string_lossy()).unwrap_or(false)
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

impl FromIterator<PathBuf> for ChangedFiles {
    fn from_iter<I: IntoIterator<Item = PathBuf>>(files: I) -> ChangedFiles {
        ChangedFiles { files: files.into_iter().collect(), ..ChangedFiles::default() }
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

    #[test]
    fn links_lead_to_what_changed() {
        let with = |changed: &str| {
            let links =
                [("/r/c/lnk", "/r/shared"), ("/r/c/b/common.tf", "/r/shared/common.tf"), ("/r/conf/l", "/r/deep")];
            let links = links.map(|(link, target)| (PathBuf::from(link), PathBuf::from(target)));
            [PathBuf::from(changed)].into_iter().collect::<ChangedFiles>().with_links(links)
        };
        let here = [Path::new("/r")];
        let changed = with("/r/shared/common.tf");
        for (folder, found) in [("/r/c/lnk", true), ("/r/c/b", true), ("/r/c", true), ("/r/c/d", false)] {
            assert_eq!(changed.any_below(Path::new(folder)), found, "{folder}");
        }
        for (file, found) in
            [("c/lnk/common.tf", true), ("c/*/common.tf", true), ("c/lnk/*.tf", true), ("c/lnk/x", false)]
        {
            assert_eq!(changed.any_file(&here, file), found, "{file}");
        }
        assert!(with("/r/deep/a/b").any_in_folder(&here, "con*") && with("/r/deep/a/b").any_in_folder(&here, "conf/*"));
        assert!(!with("/r/deeper/a").any_below(Path::new("/r/conf")));
        assert!(with("/r/c/lnk").any_below(Path::new("/r/c/lnk")), "it leads elsewhere now");
        assert_eq!(changed.behind_links(Path::new("/r/c/lnk/x")), Path::new("/r/shared/x"));
    }
}
