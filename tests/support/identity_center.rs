//! The loopback IAM Identity Center of `tests/servers/identity_center`, as a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::background::{Background, wait_until};
use super::http;

/// A running server. Its flags are described by `identity-center --help`.
pub(crate) struct IdentityCenter {
    pub(crate) url: String,
    _process: Background,
    _folder: tempfile::TempDir,
}

impl IdentityCenter {
    pub(crate) fn start(flags: &[&str]) -> IdentityCenter {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port_file = folder.path().join("port");
        let mut command = Background::command(&binary());
        command
            .args(flags)
            .arg("--exit-with-stdin")
            .arg("--exit-after")
            .arg("14400")
            .arg("--port-file")
            .arg(&port_file);
        command.stdin(Stdio::piped());
        let mut process = Background::start("identity-center", command);
        let port = wait_until("identity-center listens", Duration::from_secs(20), || {
            process.assert_alive();
            std::fs::read_to_string(&port_file).ok()
        });
        IdentityCenter { url: format!("http://127.0.0.1:{}", port.trim()), _process: process, _folder: folder }
    }

    /// Turns knobs; `json` is an object.
    pub(crate) fn control(&self, json: &Value) {
        http::expect("POST", &format!("{}/_control", self.url), &json.to_string());
    }

    /// Requests so far, oldest first.
    pub(crate) fn log(&self) -> Vec<Value> {
        list(&http::expect("GET", &format!("{}/_log", self.url), ""))
    }

    /// Names of the operations asked for so far, without the approve page.
    pub(crate) fn operations(&self) -> Vec<String> {
        let names = self.log().into_iter().filter_map(|entry| entry["operation"].as_str().map(str::to_owned));
        names.filter(|name| name != "Page").collect()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.operations().iter().filter(|name| *name == operation).count()
    }

    /// Everything secret that left the server: objects with `kind`, `secret`, and for keys `access_key_id`, `account`,
    /// `role`.
    pub(crate) fn issued(&self) -> Vec<Value> {
        list(&http::expect("GET", &format!("{}/_issued", self.url), ""))
    }

    /// Presses the button of the approve page for the code that a terminal shows.
    pub(crate) fn decide(&self, user_code: &str, decision: &str) {
        let form = format!("user_code={user_code}&decision={decision}");
        http::expect("POST", &format!("{}/device", self.url), &form);
    }
}

fn list(text: &str) -> Vec<Value> {
    serde_json::from_str(text).expect("a JSON list")
}

/// Cargo puts examples beside the folder of the test binaries.
fn binary() -> PathBuf {
    let suite = std::env::current_exe().expect("the path of this test binary");
    let profile = suite.parent().and_then(Path::parent).expect("target/<profile>/deps/<test binary>");
    let binary = profile.join("examples/identity-center");
    assert!(
        binary.exists(),
        "missing part identity-center: run `cargo build --example identity-center` (looked for {})",
        binary.display()
    );
    binary
}
