//! The base path of the project, and the root of the git repository that it may be anchored at.

use std::path::{Path, PathBuf};

use crate::host::fs;

/// Names whose presence makes a directory a project of its own, so that nothing is searched above it.
const LOCAL_INDICATORS: [&str; 5] = ["atmos.yaml", ".atmos.yaml", ".atmos", ".atmos.d", "atmos.d"];

/// Root of the git repository (or worktree) that `start` lies in. No git program is run.
pub fn git_root(start: &Path) -> Option<PathBuf> {
    let (root, marker) = start.ancestors().find_map(|directory| {
        let marker = directory.join(".git");
        marker.symlink_metadata().is_ok().then_some((directory, marker))
    })?;
    // A directory called `.git` without a HEAD is no repository; a file points to the repository of a worktree.
    (marker.is_file() || marker.join("HEAD").is_file()).then(|| root.to_path_buf())
}

/// Whether `directory` has configuration of its own.
pub(super) fn has_local_config(directory: &Path) -> bool {
    LOCAL_INDICATORS.iter().any(|name| directory.join(name).exists())
}

/// Where a base path was written, which decides what a leading dot means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// In a file: a dot is the directory of that file.
    File,
    /// Flag or environment: a dot is the working directory.
    Runtime,
}

/// Everything that resolving a base path depends on.
pub(super) struct Anchors<'a> {
    pub cwd: &'a Path,
    /// `None` outside a repository and when its use was switched off.
    pub git_root: Option<&'a Path>,
    /// Directory of the configuration file that declares the base path; `None` without any file.
    pub config: Option<&'a Path>,
}

impl Anchors<'_> {
    /// The absolute base path for a value as written.
    pub(super) fn resolve(&self, value: &str, origin: Origin) -> PathBuf {
        let path = Path::new(value);
        let resolved = if path.is_absolute() {
            path.to_path_buf()
        } else if is_dotted(value) {
            match (origin, self.config) {
                (Origin::File, Some(config)) => config.join(path),
                _ => self.cwd.join(path),
            }
        } else {
            self.resolve_bare(value, origin)
        };
        fs::clean(&resolved)
    }

    /// Values without a leading dot, the empty one included: git root first.
    fn resolve_bare(&self, value: &str, origin: Origin) -> PathBuf {
        let in_cwd = self.cwd.join(value);
        if let Some(root) = self.git_root {
            let in_root = root.join(value);
            return if value.is_empty() || in_root.exists() || !in_cwd.exists() { in_root } else { in_cwd };
        }
        let Some(config) = self.config else { return in_cwd };
        let in_config = config.join(value);
        let cwd_first = origin == Origin::Runtime && !value.is_empty();
        if cwd_first && in_cwd.exists() {
            in_cwd
        } else if value.is_empty() || in_config.exists() || !in_cwd.exists() {
            in_config
        } else {
            in_cwd
        }
    }
}

fn is_dotted(value: &str) -> bool {
    matches!(value, "." | "..") || value.starts_with("./") || value.starts_with("../")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_resolve_by_form_and_origin() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        for directory in ["repo/in_root", "repo/sub/in_cwd", "conf/in_conf"] {
            std::fs::create_dir_all(root.join(directory)).unwrap();
        }
        let (repo, sub, conf) = (root.join("repo"), root.join("repo/sub"), root.join("conf"));
        let git = Anchors { cwd: &sub, git_root: Some(&repo), config: Some(&conf) };
        let plain = Anchors { cwd: &sub, git_root: None, config: Some(&conf) };
        let bare = Anchors { cwd: &sub, git_root: None, config: None };
        let table = [
            (&git, "", Origin::File, "repo"),
            (&git, ".", Origin::File, "conf"),
            (&git, "../x", Origin::File, "x"),
            (&git, ".", Origin::Runtime, "repo/sub"),
            (&git, "in_root", Origin::File, "repo/in_root"),
            (&git, "in_cwd", Origin::File, "repo/sub/in_cwd"),
            (&git, "nowhere", Origin::Runtime, "repo/nowhere"),
            (&plain, "", Origin::File, "conf"),
            (&plain, "in_conf", Origin::File, "conf/in_conf"),
            (&plain, "in_cwd", Origin::Runtime, "repo/sub/in_cwd"),
            (&plain, "nowhere", Origin::Runtime, "conf/nowhere"),
            (&bare, "", Origin::File, "repo/sub"),
            (&bare, "./a", Origin::File, "repo/sub/a"),
        ];
        for (anchors, value, origin, expected) in table {
            assert_eq!(anchors.resolve(value, origin), root.join(expected), "{value:?} {origin:?}");
        }
        assert_eq!(git.resolve("/abs/./x", Origin::File), PathBuf::from("/abs/x"));
    }

    #[test]
    fn git_root_needs_a_repository() {
        let temp = tempfile::tempdir().unwrap();
        let inner = temp.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::create_dir_all(temp.path().join(".git")).unwrap();
        assert_eq!(git_root(&inner), None);
        std::fs::write(temp.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        assert_eq!(git_root(&inner).as_deref(), Some(temp.path()));
        std::fs::write(temp.path().join("a/.git"), "gitdir: ../.git/worktrees/a\n").unwrap();
        assert_eq!(git_root(&inner), Some(temp.path().join("a")));
    }
}
