//! The git program as it is started here: it never asks a person, never runs a hook, and gets credentials by its
//! environment only.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::address::Parts;
use super::error::Error;
use crate::host::{Env, Host};
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

/// Git in one directory.
pub struct Git<'a> {
    host: &'a Host,
    directory: &'a Path,
    env: Env,
}

impl<'a> Git<'a> {
    pub fn new(host: &'a Host, directory: &'a Path) -> Git<'a> {
        Git { host, directory, env: environment(host, None) }
    }

    /// With a header for the server of `url`.
    pub(super) fn with_authorization(
        host: &'a Host,
        directory: &'a Path,
        url: &str,
        authorization: Option<&Secret>,
    ) -> Git<'a> {
        let header = authorization.zip(Parts::of(url)).map(|(header, parts)| {
            let key = format!("http.{}://{}/.extraHeader", parts.scheme, parts.authority);
            (key, format!("Authorization: {}", header.expose_secret()))
        });
        Git { host, directory, env: environment(host, header) }
    }

    /// With a further variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Git<'a> {
        self.env.set(name, value);
        self
    }

    /// Runs git to its end.
    ///
    /// # Errors
    /// There is no git, it fails, or it takes too long.
    pub fn run(&self, arguments: &[&str]) -> Result<(), Error> {
        self.output(arguments).map(drop)
    }

    /// What git writes to its standard output.
    ///
    /// # Errors
    /// Those of [`Git::run`].
    pub fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let command = duct::cmd("git", arguments).dir(self.directory).full_env(self.env.iter());
        let started = command.stdin_null().stdout_capture().stderr_capture().unchecked().start();
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
            return Ok(output.stdout.clone());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        Err(Error::failed(format!("git {}: {}", arguments[0], self.host.masker.mask(&said))))
    }
}

/// The environment of git: what the user has, without ties to another repository, and nothing that asks or runs code.
fn environment(host: &Host, header: Option<(String, String)>) -> Env {
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
    settings.extend(header);
    let before: usize = host.env.get("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or_default();
    for (index, (key, value)) in settings.iter().enumerate() {
        env.set(format!("GIT_CONFIG_KEY_{}", before + index), key);
        env.set(format!("GIT_CONFIG_VALUE_{}", before + index), value);
    }
    env.set("GIT_CONFIG_COUNT", (before + settings.len()).to_string());
    env
}
