//! The git program: it fetches trees, and answers questions about the repository around the working directory.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::address::Parts;
use super::error::Error;
use super::program::Git;
use super::settings::Settings;
use super::token::Way;
use crate::host::{Host, fs};
use crate::secret::{Expose as _, Secret};

/// A private key for ssh servers, beside what the user has configured.
#[derive(Debug, Clone)]
pub struct SshKey {
    pub file: PathBuf,
    pub password: Option<Secret>,
}

/// Puts the files of a repository at `reference` (its default branch without one) into the empty `directory`, and returns
/// the commit.
pub(super) fn fetch(host: &Host, way: &Way, reference: Option<&str>, directory: &Path) -> Result<String, Error> {
    let git = Git::with_authorization(host, directory, &way.url, way.authorization.as_ref());
    check_out(&git, &way.url, reference)?;
    let commit = String::from_utf8_lossy(&git.output(&["rev-parse", "HEAD"])?).trim().to_owned();
    std::fs::remove_dir_all(directory.join(".git"))
        .map_err(|error| Error::Cache { path: directory.display().to_string(), reason: error.to_string() })?;
    Ok(commit)
}

/// Makes the empty `directory` a repository of one commit: that of `reference` at `url`, of its default branch without
/// one. `directory` has a private folder for itself.
///
/// # Errors
/// The repository cannot be reached, or has no such commit.
pub fn clone(
    host: &Host,
    settings: &Settings,
    url: &str,
    reference: Option<&str>,
    key: Option<&SshKey>,
    directory: &Path,
) -> Result<(), Error> {
    let userinfo = Parts::of(url).filter(|parts| parts.scheme.starts_with("http")).and_then(|parts| parts.userinfo);
    let plain = Parts::of(url).filter(|_| userinfo.is_some()).map_or_else(|| url.to_owned(), |parts| parts.plain());
    let Some(key) = key else {
        let way = Way::to(host, settings, &plain, userinfo);
        let git = Git::with_authorization(host, directory, &way.url, way.authorization.as_ref());
        return check_out(&git, &way.url, reference);
    };
    let plain = match plain.strip_prefix("https://") {
        Some(rest) => format!("ssh://git@{rest}"),
        None => plain,
    };
    let file = key.file.display().to_string();
    let ssh = format!("ssh -i {} -o IdentitiesOnly=yes", shell_words::quote(&file));
    let git = Git::new(host, directory);
    match &key.password {
        None => check_out(&git.with("GIT_SSH_COMMAND", format!("{ssh} -o BatchMode=yes")), &plain, reference),
        Some(password) => {
            let ask = asking(directory)?;
            let git = git.with("GIT_SSH_COMMAND", ssh).with("SSH_ASKPASS", ask).with("SSH_ASKPASS_REQUIRE", "force");
            check_out(&git.with(PASSWORD, password.expose_secret()), &plain, reference)
        }
    }
}

/// The variable by which the password of a key reaches [`asking`].
const PASSWORD: &str = "ATMOS_SSH_KEY_PASSWORD";

/// A program beside `directory` that tells ssh the password of the key. It holds only the name of a variable.
fn asking(directory: &Path) -> Result<PathBuf, Error> {
    let path = directory.with_extension("askpass");
    fs::write_atomic(&path, format!("#!/bin/sh\nprintf '%s\\n' \"${PASSWORD}\"\n").as_bytes(), 0o700)
        .map_err(|error| Error::Cache { path: path.display().to_string(), reason: error.to_string() })?;
    Ok(path)
}

fn check_out(git: &Git<'_>, url: &str, reference: Option<&str>) -> Result<(), Error> {
    git.run(&["init", "--quiet", "--template="])?;
    let wanted = reference.unwrap_or("HEAD");
    let shallow = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", url, wanted];
    match git.run(&shallow) {
        Ok(()) => git.run(&["checkout", "--quiet", "--detach", "FETCH_HEAD"]),
        // Some servers give single commits only with their branches.
        Err(_) if is_commit(wanted) => {
            git.run(&[
                "fetch",
                "--quiet",
                "--no-recurse-submodules",
                "--",
                url,
                "+refs/heads/*:refs/remotes/origin/*",
                "+refs/tags/*:refs/tags/*",
            ])?;
            git.run(&["checkout", "--quiet", "--detach", wanted])
        }
        Err(error) => Err(error),
    }
}

/// What a question about the repository around the working directory is answered with; `None` without an answer.
pub fn answer(host: &Host, arguments: &[&str]) -> Option<String> {
    let env: Vec<(OsString, OsString)> =
        host.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let command = duct::cmd("git", arguments).dir(&host.cwd).full_env(env);
    let output = command.stdin_null().stdout_capture().stderr_null().unchecked().run().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| output.status.success() && !text.is_empty())
}

pub(super) fn is_commit(reference: &str) -> bool {
    (7..=64).contains(&reference.len()) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}
