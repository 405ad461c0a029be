//! A repository on this machine.

use std::path::{Path, PathBuf};

use super::changed::{self, Changed};
use super::error::Error;
use crate::config;
use crate::fetch::{self, Git, SshKey};
use crate::host::{Host, fs};

/// A clone or a worktree.
#[derive(Debug, Clone)]
pub struct Repository<'a> {
    host: &'a Host,
    root: PathBuf,
}

impl<'a> Repository<'a> {
    /// The repository that a directory lies in.
    ///
    /// # Errors
    /// There is none.
    pub fn around(host: &'a Host, directory: &Path) -> Result<Repository<'a>, Error> {
        match config::git_root(directory) {
            Some(root) => Ok(Repository { host, root }),
            None => Err(Error::NoRepository { directory: directory.display().to_string() }),
        }
    }

    /// Clones one commit of a remote repository into the empty `directory`.
    ///
    /// # Errors
    /// It cannot be reached, or has no such commit.
    pub fn cloned(
        host: &'a Host,
        settings: &fetch::Settings,
        url: &str,
        reference: Option<&str>,
        key: Option<&SshKey>,
        directory: &Path,
    ) -> Result<Repository<'a>, Error> {
        fetch::git_clone(host, settings, url, reference, key, directory)?;
        Ok(Repository { host, root: directory.to_path_buf() })
    }

    /// Top of the working tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn git(&self) -> Git<'_> {
        Git::new(self.host, &self.root)
    }

    /// What git says in one line.
    fn line(&self, arguments: &[&str]) -> Result<String, Error> {
        let output = self.git().output(arguments)?;
        Ok(String::from_utf8_lossy(&output).trim().to_owned())
    }

    /// The commit that a name stands for; `None` when there is no such commit here.
    ///
    /// # Errors
    /// Git cannot be asked at all.
    pub fn commit(&self, name: &str) -> Result<Option<String>, Error> {
        // Git would take it for an option.
        if name.starts_with('-') {
            return Ok(None);
        }
        let revision = format!("{name}^{{commit}}");
        if let Ok(commit) = self.line(&["rev-parse", "--verify", "--quiet", &revision]) {
            return Ok(Some(commit));
        }
        // A repository that git refuses would otherwise be one without the commit.
        self.git().run(&["rev-parse", "--git-dir"])?;
        Ok(None)
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// There is none, or git cannot be asked.
    pub fn head(&self) -> Result<String, Error> {
        if let Some(commit) = self.commit("HEAD")? {
            return Ok(commit);
        }
        // A name that stands for a commit whose object cannot be read.
        Err(match self.line(&["rev-parse", "--verify", "--quiet", "HEAD"]) {
            Ok(commit) => Error::Damaged { commit },
            Err(_) => Error::NoCommit,
        })
    }

    /// Full name of the branch that is checked out.
    pub fn branch(&self) -> Option<String> {
        self.line(&["symbolic-ref", "--quiet", "HEAD"]).ok().filter(|name| !name.is_empty())
    }

    /// Where two histories part; `None` when no common commit is here.
    pub fn merge_base(&self, left: &str, right: &str) -> Option<String> {
        self.line(&["merge-base", left, right]).ok().filter(|commit| !commit.is_empty())
    }

    /// The address of `origin`.
    ///
    /// # Errors
    /// There is no such remote.
    pub fn origin(&self) -> Result<String, Error> {
        self.line(&["remote", "get-url", "origin"]).map_err(|_| Error::NoOrigin)
    }

    /// Brings a branch of `origin` here, with the history that a shallow clone lacks, and gives its commit. No ref is
    /// written.
    ///
    /// # Errors
    /// The remote cannot be reached, or has no such branch.
    pub fn fetch_branch(&self, branch: &str) -> Result<String, Error> {
        let full = format!("refs/heads/{branch}");
        let listed = self.line(&["ls-remote", "--exit-code", "origin", &full])?;
        let commit = listed.split_whitespace().next().unwrap_or_default().to_owned();
        let shallow = self.line(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer == "true");
        let mut words = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        words.push("--refmap=");
        words.extend(shallow.then_some("--unshallow"));
        words.extend(["origin", full.as_str()]);
        self.git().run(&words)?;
        Ok(commit)
    }

    /// The files that differ between two commits, renamed ones under both names. `other` is the repository of `to` where
    /// that is another one.
    ///
    /// # Errors
    /// Git cannot compare them.
    pub fn changed(&self, from: &str, to: &str, other: Option<&Repository<'_>>) -> Result<Vec<Changed>, Error> {
        let mut git = self.git();
        if let Some(other) = other {
            git = git.with("GIT_ALTERNATE_OBJECT_DIRECTORIES", other.objects()?);
        }
        let words = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--ignore-submodules=none", from, to];
        Ok(changed::between_commits(&self.root, &git.output(&words)?))
    }

    /// The files of the working tree that differ from what is checked out, those that git does not know yet included.
    ///
    /// # Errors
    /// Git cannot compare them.
    pub fn uncommitted(&self) -> Result<Vec<Changed>, Error> {
        let git = self.git().with("GIT_OPTIONAL_LOCKS", "0");
        let words =
            ["status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=none"];
        Ok(changed::uncommitted(&self.root, &git.output(&words)?))
    }

    /// The files below these directories that git knows, as they stand in the working tree.
    ///
    /// # Errors
    /// Git cannot be asked.
    pub fn known_below(&self, directories: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
        let output = self.below(&["ls-files", "-z"], directories)?;
        let names = output.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| self.root.join(changed::path(name))).collect())
    }

    /// The commit that is checked out, and whether files below these directories that git knows differ from it.
    ///
    /// # Errors
    /// There is no commit, or git cannot compare them.
    pub fn standing_below(&self, directories: &[PathBuf]) -> Result<(String, bool), Error> {
        let words = ["status", "--porcelain=v2", "--branch", "--no-ahead-behind", "-z"];
        let aside = ["--untracked-files=no", "--ignore-submodules=none"];
        let output = self.below(&[&words[..], &aside].concat(), directories)?;
        let (head, changed) = changed::standing(&output);
        Ok((head.map_or_else(|| self.head(), Ok)?, changed))
    }

    /// What git says of directories; those outside of the repository are nothing to it.
    fn below(&self, words: &[&str], directories: &[PathBuf]) -> Result<Vec<u8>, Error> {
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        let inside = directories.iter().filter_map(|directory| {
            let real = directory.canonicalize().ok()?;
            let relative = real.strip_prefix(&root).ok()?.to_str()?;
            Some(if relative.is_empty() { "." } else { relative }.to_owned())
        });
        let inside: Vec<String> = inside.collect();
        if inside.is_empty() {
            return Ok(Vec::new());
        }
        let git = self.git().with("GIT_OPTIONAL_LOCKS", "0").with("GIT_LITERAL_PATHSPECS", "1");
        let paths = inside.iter().map(String::as_str);
        Ok(git.output(&words.iter().copied().chain(std::iter::once("--")).chain(paths).collect::<Vec<_>>())?)
    }

    /// The symbolic links of the working tree with the absolute paths that they lead to: those that git knows, and those
    /// among `more`.
    ///
    /// # Errors
    /// Git cannot be asked.
    pub fn links(&self, more: &[Changed]) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
        let output = self.git().output(&["ls-files", "-s", "-z"])?;
        let known = changed::links(&self.root, &output);
        let more = more.iter().map(|changed| changed.path.clone());
        let physical = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        let led = |link: PathBuf| {
            let target = std::fs::read_link(&link).ok()?;
            let target = fs::clean(&link.parent()?.join(target));
            // An absolute target may name the repository otherwise than it was found.
            let target = match target.strip_prefix(&physical) {
                Ok(below) if target.is_absolute() => fs::clean(&self.root.join(below)),
                _ => target,
            };
            Some((link, target))
        };
        Ok(known.into_iter().chain(more).filter_map(led).collect())
    }

    fn objects(&self) -> Result<PathBuf, Error> {
        Ok(fs::clean(&self.root.join(self.line(&["rev-parse", "--git-path", "objects"])?)))
    }

    /// Writes the files of a commit into `tree` below the private folder `place`, where the index lies that it takes.
    ///
    /// # Errors
    /// Git cannot write them.
    pub fn export(&self, commit: &str, place: &Path) -> Result<PathBuf, Error> {
        let tree = place.join("tree");
        // Large files of other servers are no configuration.
        let git = || self.git().with("GIT_INDEX_FILE", place.join("index")).with("GIT_LFS_SKIP_SMUDGE", "1");
        git().run(&["-c", "core.splitIndex=false", "read-tree", commit])?;
        let prefix = format!("--prefix={}/", tree.display());
        git().run(&["checkout-index", "--all", "--force", "--quiet", &prefix])?;
        std::fs::create_dir_all(&tree)
            .map_err(|error| fetch::Error::Cache { path: tree.display().to_string(), reason: error.to_string() })?;
        Ok(tree)
    }
}
