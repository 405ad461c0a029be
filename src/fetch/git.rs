//! The git program: it fetches trees, and answers questions about the repository around the working directory.
//!
//! It never asks a person, never runs a hook, and gets credentials by its environment only.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::address::Parts;
use super::error::Error;
use crate::host::Host;
use crate::secret::{Expose, Secret};

/// One call of git.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Variables that tie git to a repository, as they are set while a hook runs.
const TIES: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// Puts the files of a repository at `reference` (its default branch without one) into the empty `directory`.
pub(super) fn fetch(
    host: &Host,
    url: &str,
    reference: Option<&str>,
    authorization: Option<&Secret>,
    directory: &Path,
) -> Result<(), Error> {
    let git = Git { host, directory, env: environment(host, url, authorization) };
    git.run(&["init", "--quiet", "--template="])?;
    let wanted = reference.unwrap_or("HEAD");
    let shallow = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", url, wanted];
    match git.run(&shallow) {
        Ok(()) => git.run(&["checkout", "--quiet", "--detach", "FETCH_HEAD"])?,
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
            git.run(&["checkout", "--quiet", "--detach", wanted])?;
        }
        Err(error) => return Err(error),
    }
    std::fs::remove_dir_all(directory.join(".git"))
        .map_err(|error| Error::Cache { path: directory.display().to_string(), reason: error.to_string() })
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

fn is_commit(reference: &str) -> bool {
    (7..=64).contains(&reference.len()) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

struct Git<'a> {
    host: &'a Host,
    directory: &'a Path,
    env: Vec<(OsString, OsString)>,
}

impl Git<'_> {
    fn run(&self, arguments: &[&str]) -> Result<(), Error> {
        let command = duct::cmd("git", arguments).dir(self.directory).full_env(self.env.iter().cloned());
        let started = command.stdin_null().stdout_null().stderr_capture().unchecked().start();
        let handle = started.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::Failed {
                reason: "the program `git` was not found".to_owned(),
                help: "install git, or put it on the PATH".to_owned(),
            },
            _ => Error::failed(format!("git cannot be started: {error}")),
        })?;
        let output = handle.wait_timeout(TIMEOUT).map_err(|error| Error::failed(format!("git failed: {error}")))?;
        let Some(output) = output else {
            // It has ended already if this fails.
            let _ = handle.kill();
            return Err(Error::failed(format!("git {} took longer than {} s", arguments[0], TIMEOUT.as_secs())));
        };
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        Err(Error::failed(format!("git {}: {}", arguments[0], self.host.masker.mask(&said))))
    }
}

/// The environment of git: what the user has, without ties to another repository, and nothing that asks or runs code.
fn environment(host: &Host, url: &str, authorization: Option<&Secret>) -> Vec<(OsString, OsString)> {
    let mut env = host.env.clone();
    for name in TIES {
        env.remove(name);
    }
    env.set("GIT_TERMINAL_PROMPT", "0");
    env.set("GCM_INTERACTIVE", "never");
    env.set("LC_ALL", "C");
    for (name, value) in [
        // `true` answers every question with nothing.
        ("GIT_ASKPASS", "true"),
        ("SSH_ASKPASS", "true"),
        ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        ("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh"),
    ] {
        if !env.is_set(name) {
            env.set(name, value);
        }
    }
    let mut settings = vec![
        ("core.hooksPath".to_owned(), "/dev/null".to_owned()),
        ("core.fsmonitor".to_owned(), "false".to_owned()),
        ("advice.detachedHead".to_owned(), "false".to_owned()),
    ];
    if let (Some(header), Some(parts)) = (authorization, Parts::of(url)) {
        let key = format!("http.{}://{}/.extraHeader", parts.scheme, parts.authority);
        settings.push((key, format!("Authorization: {}", header.expose_secret())));
    }
    let before: usize = host.env.get("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or_default();
    for (index, (key, value)) in settings.iter().enumerate() {
        env.set(format!("GIT_CONFIG_KEY_{}", before + index), key);
        env.set(format!("GIT_CONFIG_VALUE_{}", before + index), value);
    }
    env.set("GIT_CONFIG_COUNT", (before + settings.len()).to_string());
    env.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
