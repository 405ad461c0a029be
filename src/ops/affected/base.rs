//! The tree that the working tree is compared with, and the files that changed between the two.

use std::path::Path;

use super::super::App;
use super::ci::{self, Candidate};
use super::error::Error;
use super::request::Request;
use crate::affected::ChangedFiles;
use crate::config::Config;
use crate::diag::{Result, Warning};
use crate::fetch::SshKey;
use crate::git::{self, Repository};
use crate::host::Host;
use crate::value::Node;

/// The branch that others are made from, as clones remember it.
const DEFAULT: &str = "refs/remotes/origin/HEAD";

/// The other tree.
pub(super) struct Base {
    /// `None` when it has no stacks at all.
    pub app: Option<App>,
    pub changed: ChangedFiles,
    pub shown: String,
    pub head: String,
}

impl Base {
    /// Finds the other tree. What has to be written for that goes into the private directory `place`.
    ///
    /// # Errors
    /// No repository, no such commit, or a tree that cannot be read.
    pub(super) fn open(app: &App, request: &Request, place: &Path) -> Result<Base> {
        let host = &app.host;
        let repository =
            Repository::around(host, &app.config.base_path).or_else(|_| Repository::around(host, &host.cwd))?;
        let head = repository.head()?;
        let (root, mut changed, shown);
        if let Some(path) = &request.base.repo_path {
            let other = Repository::around(host, &host.absolute(path))?;
            changed = repository.changed(&head, &other.head()?, Some(&other))?;
            (root, shown) = (other.root().to_path_buf(), path.display().to_string());
        } else if request.base.clone {
            let tree = place.join("tree");
            make(&tree)?;
            let key = request
                .base
                .ssh_key
                .as_ref()
                .map(|file| SshKey { file: host.absolute(file), password: request.base.ssh_key_password.clone() });
            let (name, url) = (request.base.name.as_deref(), repository.origin()?);
            let other = Repository::cloned(host, &app.config.remote, &url, name, key.as_ref(), &tree)?;
            changed = repository.changed(&head, &other.head()?, Some(&other))?;
            (root, shown) = (tree, name.unwrap_or("origin").to_owned());
        } else {
            let (commit, name) = find(app, &repository, &head, request.base.name.as_deref())?;
            changed = repository.changed(&head, &commit, None)?;
            (root, shown) = (repository.export(&commit, place)?, name);
        }
        if request.include_uncommitted {
            changed.extend(repository.uncommitted()?);
        }
        let config = rerooted(&app.config, repository.root(), &root);
        let head = repository.branch().unwrap_or_else(|| "HEAD".to_owned());
        let links = if changed.is_empty() { Vec::new() } else { repository.links(&changed)? };
        let changed = changed.into_iter().collect::<ChangedFiles>().with_links(links);
        Ok(Base { app: beside(app, config)?, changed, shown, head })
    }
}

fn make(directory: &Path) -> Result<()> {
    crate::host::fs::create_dirs(directory)
        .map_err(|cause| Error::Directory { path: directory.display().to_string(), cause }.into())
}

/// The stacks of the other tree; none is what a branch looks like that introduces them.
fn beside(app: &App, config: Config) -> Result<Option<App>> {
    let found = if config.stacks.base_path.is_dir() { app.beside(config).map(Some) } else { Ok(None) };
    let found = match found {
        Err(error) if error.code().as_deref() == Some("atmos::stack::no_manifests") => None,
        found => found?,
    };
    if found.is_none() {
        let message = "the tree to compare with has no stack manifests: every component counts as new";
        app.host.talk.warn(Warning::new("atmos::affected::no_stacks", message));
    }
    Ok(found)
}

/// The configuration with its paths in another tree. What lies outside of the repository stays where it is.
fn rerooted(config: &Config, from: &Path, to: &Path) -> Config {
    let mut config = config.clone();
    for path in [
        &mut config.base_path,
        &mut config.stacks.base_path,
        &mut config.terraform.base_path,
        &mut config.helmfile.base_path,
        &mut config.workflows.base_path,
    ] {
        if let Ok(below) = path.strip_prefix(from) {
            *path = crate::host::fs::clean(&to.join(below));
        }
    }
    config
}

/// The commit to compare with, and its name.
fn find(app: &App, repository: &Repository<'_>, head: &str, name: Option<&str>) -> Result<(String, String)> {
    if let Some(name) = name {
        let remote = format!("refs/remotes/origin/{name}");
        let found = match repository.commit(name)? {
            Some(commit) => Some(commit),
            // A clone of CI has branches as those of `origin` only.
            None => repository.commit(&remote)?,
        };
        let commit = found.ok_or_else(|| git::Error::UnknownCommit { name: name.to_owned() })?;
        return Ok((commit, name.to_owned()));
    }
    let enabled = app.config.document.get_path(["ci", "enabled"]).and_then(Node::as_bool) == Some(true);
    if enabled && let Some((commit, source)) = of_event(&app.host, repository, head)? {
        app.host.talk.info(format!("comparing with {commit} ({source})"));
        return Ok((commit, source));
    }
    let commit = repository.commit(DEFAULT)?.ok_or_else(|| Error::NoBase { name: DEFAULT.to_owned() })?;
    Ok((commit, DEFAULT.to_owned()))
}

/// The first candidate of the CI event that is here, or can be brought here.
fn of_event(host: &Host, repository: &Repository<'_>, head: &str) -> Result<Option<(String, String)>> {
    for candidate in ci::candidates(host) {
        let found = match &candidate {
            Candidate::MergeBase(branch) => {
                let tip = repository.commit(&format!("refs/remotes/origin/{branch}"))?;
                let here = tip.and_then(|tip| repository.merge_base(head, &tip));
                let fetched = || repository.merge_base(head, &fetch(repository, branch)?);
                here.or_else(fetched).map(|commit| (commit, format!("merge base with origin/{branch}")))
            }
            Candidate::Commit { commit, branch } => {
                let mut found = repository.commit(commit)?;
                if let (None, Some(branch)) = (&found, branch)
                    && fetch(repository, branch).is_some()
                {
                    found = repository.commit(commit)?;
                }
                found.map(|found| (found, "event of the CI".to_owned()))
            }
            Candidate::Parent => repository.commit("HEAD~1")?.map(|commit| (commit, "HEAD~1".to_owned())),
            Candidate::Tip(branch) => {
                let name = format!("refs/remotes/origin/{branch}");
                let tip = repository.commit(&name)?.or_else(|| fetch(repository, branch));
                tip.map(|commit| (commit, name))
            }
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The commit of a branch of `origin`. That it cannot be had leaves the next candidate.
fn fetch(repository: &Repository<'_>, branch: &str) -> Option<String> {
    match repository.fetch_branch(branch) {
        Ok(commit) => Some(commit),
        Err(error) => {
            tracing::debug!(%error, branch, "branch not fetched");
            None
        }
    }
}
