//! The loopback STS, IAM and console sign-in of `tests/servers/users`, and a sandbox with a user of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::background::{Background, wait_until};
use super::{Outcome, Sandbox, Scanner, http};

/// The first key of the user.
pub(crate) const FIRST_ID: &str = "AKIAFIRSTKEYOFWORKER";
pub(crate) const FIRST_SECRET: &str = "first/secret+of/the+worker/0123456789abc";
pub(crate) const DEVICE: &str = "arn:aws:iam::111111111111:mfa/worker";

/// A running server.
pub(crate) struct Users {
    pub(crate) url: String,
    pub(crate) sandbox: Sandbox,
    _process: Background,
    _folder: tempfile::TempDir,
}

/// A user, and two roles behind it.
const CONFIGURATION: &str = r#"
base_path: "."
stacks: {base_path: stacks, included_paths: ["**/*"], name_pattern: "{stage}"}
components: {terraform: {base_path: components/terraform}}
auth:
  realm: users
  identities:
    worker: {kind: aws/user, default: true}
    deploy: {kind: aws/assume-role, via: {identity: worker}, principal: {assume_role: "arn:aws:iam::222222222222:role/Deploy"}}
    audit: {kind: aws/assume-role, via: {identity: worker}, principal: {assume_role: "arn:aws:iam::333333333333:role/Audit"}}
"#;

impl Users {
    pub(crate) fn start(knobs: &Value) -> Users {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port_file = folder.path().join("port");
        let mut command = Background::command(&binary());
        command.arg("--exit-with-stdin").arg("--knobs").arg(knobs.to_string()).arg("--port-file").arg(&port_file);
        command.stdin(Stdio::piped());
        let mut process = Background::start("aws-users", command);
        let port = wait_until("aws-users listens", Duration::from_secs(20), || {
            process.assert_alive();
            std::fs::read_to_string(&port_file).ok()
        });
        let url = format!("http://127.0.0.1:{}", port.trim());
        let mut sandbox = Sandbox::empty().with_file_keyring();
        for name in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM", "ATMOS_AWS_SIGNIN_ENDPOINT"] {
            sandbox.set(name, &url);
        }
        sandbox.write("atmos.yaml", CONFIGURATION);
        sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\n");
        Users { url, sandbox, _process: process, _folder: folder }
    }

    /// A line of the configuration exchanged.
    pub(crate) fn configure(&self, from: &str, to: &str) {
        let text = self.sandbox.read("atmos.yaml");
        assert!(text.contains(from), "{from}");
        self.sandbox.write("atmos.yaml", &text.replace(from, to));
    }

    /// Stores the first key.
    pub(crate) fn import(&self) -> Outcome {
        self.import_with(&[])
    }

    pub(crate) fn import_with(&self, more: &[&str]) -> Outcome {
        let mut command = self.sandbox.atmos_command(&[&["auth", "user", "import", "--from-env"], more].concat());
        command.env("AWS_ACCESS_KEY_ID", FIRST_ID).env("AWS_SECRET_ACCESS_KEY", FIRST_SECRET);
        self.sandbox.start(command, "").wait()
    }

    pub(crate) fn control(&self, knobs: &Value) {
        http::expect("POST", &format!("{}/_control", self.url), &knobs.to_string());
    }

    /// Calls so far, each with its role or key.
    pub(crate) fn log(&self) -> Vec<String> {
        self.list("_log")
    }

    pub(crate) fn count(&self, action: &str) -> usize {
        self.log().iter().filter(|line| line.split(' ').next() == Some(action)).count()
    }

    /// Ids of the keys that exist.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.list("_keys")
    }

    /// Every secret that the server knows or gave out, and the password of the keyring.
    pub(crate) fn scanner(&self) -> Scanner {
        let secrets = self.list("_issued").into_iter().map(|secret| ("secret of AWS".to_owned(), secret));
        let password = ("keyring password".to_owned(), Sandbox::KEYRING_PASSWORD.to_owned());
        Scanner::new(secrets.chain([password]))
    }

    /// Fails if a secret rests in the sandbox.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        self.scanner().assert_absent_below(self.sandbox.root());
    }

    fn list(&self, path: &str) -> Vec<String> {
        serde_json::from_str(&http::expect("GET", &format!("{}/{path}", self.url), "")).expect("a JSON list")
    }
}

/// Cargo puts examples beside the folder of the test binaries.
fn binary() -> PathBuf {
    let suite = std::env::current_exe().expect("the path of this test binary");
    let profile = suite.parent().and_then(Path::parent).expect("target/<profile>/deps/<test binary>");
    let binary = profile.join("examples/aws-users");
    assert!(
        binary.exists(),
        "missing part aws-users: run `cargo build --example aws-users` (looked for {})",
        binary.display()
    );
    binary
}
