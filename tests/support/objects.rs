//! The loopback object store and registry of `tests/servers/objects`, as a process of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::background::{Background, wait_until};
use super::http;

/// A running server with the folder that it serves.
pub(crate) struct Objects {
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    _process: Background,
    folder: tempfile::TempDir,
}

impl Objects {
    /// With these files, as paths below the folder.
    pub(crate) fn start(flags: &[&str], files: &[(&str, &[u8])]) -> Objects {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, bytes) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a new folder");
            std::fs::write(path, bytes).expect("a new file");
        }
        let port_file = folder.path().join("port");
        let mut command = Background::command(&binary());
        command.arg("--folder").arg(folder.path()).arg("--port-file").arg(&port_file).args(flags);
        let mut process = Background::start("objects", command);
        let port = wait_until("objects listens", Duration::from_secs(20), || {
            process.assert_alive();
            std::fs::read_to_string(&port_file).ok()
        });
        Objects { address: format!("127.0.0.1:{port}"), _process: process, folder }
    }

    /// Another content of a file.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(path), bytes).expect("a file of the server");
    }

    /// The paths that were asked for so far, oldest first.
    pub(crate) fn log(&self) -> Vec<String> {
        serde_json::from_str(&http::expect("GET", &format!("http://{}/_log", self.address), "")).expect("a list")
    }
}

/// Cargo puts examples beside the folder of the test binaries.
fn binary() -> PathBuf {
    let suite = std::env::current_exe().expect("the path of this test binary");
    let profile = suite.parent().and_then(Path::parent).expect("target/<profile>/deps/<test binary>");
    let binary = profile.join("examples/objects");
    assert!(binary.exists(), "missing part objects: run `cargo build --example objects` ({})", binary.display());
    binary
}
