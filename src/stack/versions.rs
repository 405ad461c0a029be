//! The locked versions of `versions.lock.yaml`: `.version.NAME` in templates and `!version NAME`.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::config::Config;
use crate::host::Host;
use crate::value::{Map, Node};
use crate::yaml;

/// The lock file, read at the first question.
#[derive(Debug)]
pub struct Versions {
    path: PathBuf,
    /// `version.track` of the configuration.
    track: String,
    lock: OnceLock<Result<Node, String>>,
}

impl Versions {
    pub(crate) fn new(config: &Config) -> Versions {
        let text = |key: &str, default: &str| {
            let written = config.document.get_path(["version", key]).and_then(Node::as_str);
            written.filter(|text| !text.is_empty()).unwrap_or(default).to_owned()
        };
        let path = config.base_path.join(text("lock_file", "versions.lock.yaml"));
        Versions { path, track: text("track", "default"), lock: OnceLock::new() }
    }

    /// The track that counts: the one that the stack names, else that of the configuration.
    pub fn track<'a>(&'a self, stack: Option<&'a str>) -> &'a str {
        stack.filter(|track| !track.is_empty()).unwrap_or(&self.track)
    }

    /// The version of one dependency; `None` when it is not locked.
    ///
    /// # Errors
    /// A lock file that cannot be read.
    pub fn version(&self, host: &Host, track: &str, name: &str) -> Result<Option<String>, String> {
        let locked = self.lock(host)?.get_path(["tracks", track, name, "version"]).and_then(Node::scalar_text);
        Ok(locked.filter(|version| !version.is_empty()))
    }

    /// All locked versions of a track, as templates see them.
    ///
    /// # Errors
    /// A lock file that cannot be read.
    pub fn all(&self, host: &Host, track: &str) -> Result<Node, String> {
        let entries = self.lock(host)?.get_path(["tracks", track]).and_then(Node::as_map);
        let entries = entries.into_iter().flatten().filter_map(|(name, entry)| {
            let version = entry.get("version")?.scalar_text()?;
            Some((name.clone(), Node::from(version)))
        });
        Ok(Node::from(entries.collect::<Map>()))
    }

    fn lock(&self, host: &Host) -> Result<&Node, String> {
        self.lock.get_or_init(|| self.read(host)).as_ref().map_err(Clone::clone)
    }

    fn read(&self, host: &Host) -> Result<Node, String> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => yaml::parse(&host.sources, &self.path, &host.cwd, Arc::from(text)).map_err(|e| e.to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Node::empty_map()),
            Err(error) => Err(format!("{}: {error}", self.path.display())),
        }
    }
}
