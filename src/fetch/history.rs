//! What a repository elsewhere says of its past: its tags, and what changed between two of its commits.

use std::path::Path;

use super::error::Error;
use super::git;
use super::program::Git;
use super::settings::Settings;
use super::source::{Kind, Source};
use super::token::Way;
use crate::host::Host;

/// A repository behind an address.
struct Remote {
    way: Way,
    /// Path behind `//`.
    sub: String,
}

impl Remote {
    /// `None` for what is no repository.
    fn of(host: &Host, settings: &Settings, address: &str) -> Result<Option<Remote>, Error> {
        let Source { kind, sub } = Source::parse_whole(address)?;
        let Kind::Git { url, userinfo, .. } = kind else { return Ok(None) };
        let way = Way::to(host, settings, &url, userinfo.as_deref());
        Ok(Some(Remote { way, sub }))
    }

    fn git<'a>(&self, host: &'a Host, directory: &'a Path) -> Git<'a> {
        Git::with_authorization(host, directory, &self.way.url, self.way.authorization.as_ref())
    }
}

/// The names of all tags of the repository behind an address; `None` where that is no repository.
///
/// # Errors
/// The address means nothing, or the repository cannot be reached.
pub fn tags(host: &Host, settings: &Settings, address: &str) -> Result<Option<Vec<String>>, Error> {
    let Some(remote) = Remote::of(host, settings, address)? else { return Ok(None) };
    let output = remote.git(host, &host.dirs.temp).output(&["ls-remote", "--tags", "--refs", "--", &remote.way.url])?;
    let text = String::from_utf8_lossy(&output);
    let names = text.lines().filter_map(|line| line.split_once("refs/tags/").map(|(_, name)| name.trim().to_owned()));
    Ok(Some(names.collect()))
}

/// What changed between two commits, branches or tags of the repository behind an address, in the path behind `//`, or in
/// one file; `None` where that is no repository. `directory` is empty and goes with what is put there.
///
/// # Errors
/// Those of [`tags`], and a commit that the repository does not have.
pub fn changes(
    host: &Host,
    settings: &Settings,
    address: &str,
    (from, to): (&str, &str),
    file: Option<&str>,
    directory: &Path,
) -> Result<Option<String>, Error> {
    let Some(remote) = Remote::of(host, settings, address)? else { return Ok(None) };
    let git = remote.git(host, directory);
    git.run(&["init", "--quiet", "--bare", "--template="])?;
    let all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
    git.run(&["fetch", "--quiet", "--no-recurse-submodules", "--", &remote.way.url, all[0], all[1]])?;
    let (from, to) = (commit(&git, from)?, commit(&git, to)?);
    let sub = remote.sub.trim_matches('/').trim_start_matches("./");
    let sub = if sub == "." { "" } else { sub };
    let mut paths: Vec<String> = Vec::new();
    match file {
        Some(file) if sub.is_empty() => paths.push(file.to_owned()),
        // A path may be named from the component, or from the top of the repository.
        Some(file) => paths.extend([format!("{sub}/{file}"), file.to_owned()]),
        None if sub.is_empty() => {}
        None => paths.push(sub.to_owned()),
    }
    let git = git.with("GIT_LITERAL_PATHSPECS", "1");
    let mut words = vec!["diff", "--no-color", "--no-ext-diff", "--no-textconv", &from, &to, "--"];
    words.extend(paths.iter().map(String::as_str));
    Ok(Some(String::from_utf8_lossy(&git.output(&words)?).into_owned()))
}

/// The commit that a name stands for. Tags with and without `v` are the same to people.
fn commit(git: &Git<'_>, name: &str) -> Result<String, Error> {
    let other = name.strip_prefix('v').map_or_else(|| format!("v{name}"), str::to_owned);
    let known = |name: &str| {
        [format!("refs/tags/{name}"), format!("refs/remotes/origin/{name}"), name.to_owned()].into_iter().find_map(
            |reference| {
                if !git::is_commit(name) && reference == name {
                    return None;
                }
                let found =
                    git.output(&["rev-parse", "--verify", "--quiet", &format!("{reference}^{{commit}}")]).ok()?;
                Some(String::from_utf8_lossy(&found).trim().to_owned())
            },
        )
    };
    known(name).or_else(|| known(&other)).ok_or_else(|| Error::Failed {
        reason: format!("the repository has no branch, tag or commit `{name}`"),
        help: "correct the version, or give another one".to_owned(),
    })
}
