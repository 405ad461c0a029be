//! The loopback storage services of `tests/servers/storage`, as a process of their own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::background::{Background, wait_until};
use super::{http, parts};

/// A running server, and the key of the service account that it knows.
pub(crate) struct Storage {
    pub(crate) url: String,
    /// Private key of the service account, PEM.
    pub(crate) google_key: String,
    _process: Background,
    _folder: tempfile::TempDir,
}

impl Storage {
    pub(crate) fn start() -> Storage {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        let openssl = |args: &[&str]| {
            let outcome =
                std::process::Command::new(parts::program("openssl")).args(args).output().expect("openssl starts");
            assert!(outcome.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&outcome.stderr));
        };
        let (private, public) = (at("private.pem"), at("public.der"));
        let text = |path: &Path| path.to_str().expect("a path of our own").to_owned();
        openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &text(&private)]);
        openssl(&["rsa", "-in", &text(&private), "-RSAPublicKey_out", "-outform", "DER", "-out", &text(&public)]);
        let port_file = at("port");
        let mut command = Background::command(&binary());
        command.arg("--port-file").arg(&port_file).arg("--google-key").arg(&public).stdin(Stdio::piped());
        let mut process = Background::start("storage", command);
        let port = wait_until("storage listens", Duration::from_secs(20), || {
            process.assert_alive();
            std::fs::read_to_string(&port_file).ok()
        });
        let google_key = std::fs::read_to_string(&private).expect("the key that openssl made");
        Storage { url: format!("http://127.0.0.1:{}", port.trim()), google_key, _process: process, _folder: folder }
    }

    /// Requests so far, as `GET /path`.
    pub(crate) fn log(&self) -> Vec<String> {
        serde_json::from_str(&http::expect("GET", &format!("{}/_log", self.url), "")).expect("a list")
    }
}

/// Cargo puts examples beside the folder of the test binaries.
fn binary() -> PathBuf {
    let suite = std::env::current_exe().expect("the path of this test binary");
    let profile = suite.parent().and_then(Path::parent).expect("target/<profile>/deps/<test binary>");
    let binary = profile.join("examples/storage");
    assert!(
        binary.exists(),
        "missing part storage: run `cargo build --example storage` (looked for {})",
        binary.display()
    );
    binary
}
