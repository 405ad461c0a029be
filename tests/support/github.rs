//! The loopback GitHub of `tests/servers/github`, as a process of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::background::{Background, wait_until};
use super::{Sandbox, http};

/// A running server. Its repository is `acme/infra`.
pub(crate) struct GitHub {
    pub(crate) url: String,
    _process: Background,
    _folder: tempfile::TempDir,
}

impl GitHub {
    /// A token that may do everything.
    pub(crate) const TOKEN: &str = "ghs_may_everything_0001";
    /// One that may do nothing.
    pub(crate) const POWERLESS: &str = "ghs_may_nothing_0002";

    pub(crate) fn start() -> GitHub {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port_file = folder.path().join("port");
        let mut command = Background::command(&binary());
        command.arg("--port-file").arg(&port_file).stdin(Stdio::piped());
        let mut process = Background::start("github", command);
        let port = wait_until("github listens", Duration::from_secs(20), || {
            process.assert_alive();
            std::fs::read_to_string(&port_file).ok()
        });
        GitHub { url: format!("http://127.0.0.1:{}", port.trim()), _process: process, _folder: folder }
    }

    /// The variables of a job of GitHub Actions for pull request 7.
    pub(crate) fn runs(&self, sandbox: &mut Sandbox) {
        let event = sandbox.root().join("event.json");
        std::fs::write(&event, r#"{"pull_request": {"number": 7, "head": {"sha": "head-of-the-topic"}}}"#)
            .expect("a new file");
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("CI", "true"),
            ("GITHUB_API_URL", &format!("{}/api", self.url)),
            ("GITHUB_SERVER_URL", "https://github.test"),
            ("GITHUB_REPOSITORY", "acme/infra"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_EVENT_PATH", event.to_str().expect("a path of our own")),
            ("GITHUB_TOKEN", GitHub::TOKEN),
        ] {
            sandbox.set(name, value);
        }
    }

    /// What the runner gives to a job of the run, for artifacts.
    pub(crate) fn runtime(&self, sandbox: &mut Sandbox, job: &str) {
        let claims = format!(r#"{{"scp": "Actions.GenericRead:x Actions.Results:run-1:{job}"}}"#);
        sandbox.set("ACTIONS_RUNTIME_TOKEN", format!("e30.{}.signed", URL_SAFE_NO_PAD.encode(claims)));
        sandbox.set("ACTIONS_RESULTS_URL", format!("{}/results/", self.url));
    }

    /// Does something that nobody asks for by the services: `end`, `comments`.
    pub(crate) fn tell(&self, what: &str) {
        http::expect("POST", &format!("{}/_{what}", self.url), "");
    }

    /// What the services have.
    pub(crate) fn state(&self) -> Value {
        serde_json::from_str(&http::expect("GET", &format!("{}/_state", self.url), "")).expect("JSON")
    }

    /// The statuses so far: context, state, description.
    pub(crate) fn statuses(&self) -> Vec<String> {
        let state = self.state();
        let all = state["statuses"].as_array().into_iter().flatten();
        let text = |status: &Value, key: &str| status[key].as_str().unwrap_or_default().to_owned();
        all.map(|status| ["context", "state", "description"].map(|key| text(status, key)).join(" | ")).collect()
    }

    /// Requests so far, oldest first.
    pub(crate) fn log(&self) -> Vec<Value> {
        serde_json::from_str(&http::expect("GET", &format!("{}/_log", self.url), "")).expect("a list")
    }
}

fn binary() -> PathBuf {
    let suite = std::env::current_exe().expect("the path of this test binary");
    let profile = suite.parent().and_then(std::path::Path::parent).expect("target/<profile>/deps/<test binary>");
    let binary = profile.join("examples/github");
    assert!(binary.exists(), "missing part github: run `cargo build --example github` ({})", binary.display());
    binary
}
