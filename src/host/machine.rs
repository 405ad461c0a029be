//! The outside world in one struct.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Dirs, Env, Guard, Terminal, fs};
use crate::diag::Talk;
use crate::secret::Masker;
use crate::span::Sources;

/// Operating system and architecture, by the names that Go has for them.
pub fn platform() -> (&'static str, &'static str) {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    (os, arch)
}

/// Everything that a command may know of the machine it runs on.
#[derive(Debug, Clone)]
pub struct Host {
    /// The process environment at start.
    pub env: Env,
    /// Working directory, after `--chdir`. Absolute.
    pub cwd: PathBuf,
    pub dirs: Dirs,
    pub terminal: Terminal,
    /// Path of this executable, for helpers that children start (`credential_process`).
    pub exe: PathBuf,
    pub talk: Talk,
    pub masker: Arc<Masker>,
    pub sources: Arc<Sources>,
    /// What functions may do outside of the repository.
    pub guard: Arc<Guard>,
}

/// A compiled zone; `None` for a file that is none.
fn zone_of_file(path: &Path, name: &str) -> Option<TimeZone> {
    TimeZone::tzif(name, &std::fs::read(path).ok()?).ok()
}

impl Host {
    /// The wall clock. The only place that reads it.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// The zone of the machine: the one that `TZ` names (the path of a file, or a name of the zone database), else the one that is
    /// set for all. A zone that nobody knows is UTC.
    pub fn zone(&self) -> TimeZone {
        let Some(name) = self.env.get_raw("TZ").map(|name| name.to_string_lossy().into_owned()) else {
            return zone_of_file(Path::new("/etc/localtime"), "Local")
                .unwrap_or_else(|| if cfg!(unix) { TimeZone::UTC } else { TimeZone::system() });
        };
        let name = name.strip_prefix(':').unwrap_or(&name);
        let found = if name.starts_with('/') {
            zone_of_file(Path::new(name), name)
        } else {
            TimeZone::get(name).ok().filter(|_| !name.is_empty())
        };
        found.unwrap_or(TimeZone::UTC)
    }

    /// `path` made absolute against the working directory and cleaned of `.` and `..` without touching the disk.
    pub fn absolute(&self, path: &std::path::Path) -> PathBuf {
        fs::clean(&self.cwd.join(path))
    }
}
