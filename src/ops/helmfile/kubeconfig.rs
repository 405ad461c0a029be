//! The kubeconfig of a run, and the one that people read afterwards. Row 12.
//!
//! `aws eks update-kubeconfig` adds a cluster to a file and makes it the current one. Were that the file of the settings, of two
//! components of a stack that run at once one would work on the cluster of the other. So each run has a copy of its own,
//! and what came of it is put back whole.

use std::path::Path;

use crate::diag::Warning;
use crate::exec::Error;
use crate::exec::folder_lock::{self, FolderLock};
use crate::host::{Host, fs};

/// More than any kubeconfig has.
const LIMIT: u64 = 16 << 20;

/// The file of the settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shared<'a> {
    pub host: &'a Host,
    pub path: &'a Path,
}

/// The file, kept from others while a cluster is added to its copy.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    shared: Shared<'a>,
    own: &'a Path,
    /// Absent where its folder cannot be had; that has been said.
    lock: Option<FolderLock>,
}

impl<'a> Shared<'a> {
    /// Copies what is in it, so that a configuration may name clusters of earlier runs.
    pub(super) async fn take(self, own: &'a Path) -> Result<Taken<'a>, Error> {
        let folder = self.path.parent().unwrap_or(self.path);
        if let Err(error) = std::fs::create_dir_all(folder) {
            self.warn("create", folder, &error);
            return Ok(Taken { shared: self, own, lock: None });
        }
        let lock = Some(folder_lock::acquire(self.host, folder).await?);
        match fs::read_regular(self.path, LIMIT, "it is no kubeconfig") {
            Ok(content) => fs::write_atomic(own, &content, 0o600).map_err(Error::file("write", own))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.warn("read", self.path, &error),
        }
        Ok(Taken { shared: self, own, lock })
    }

    fn warn(self, action: &str, path: &Path, error: &std::io::Error) {
        let message = format!("cannot {action} `{}`: {error}", path.display());
        let help = "the run has a kubeconfig of its own and goes on; correct `components.helmfile.kubeconfig_path`";
        self.host.talk.warn(Warning::new("atmos::helmfile::kubeconfig", message).help(help));
    }
}

impl Taken<'_> {
    /// Puts the copy with the new cluster in the place of the file. The run keeps its own.
    pub(super) fn give(self) {
        if self.lock.is_none() {
            return;
        }
        let Ok(content) = std::fs::read(self.own) else { return };
        if let Err(error) = fs::write_atomic(self.shared.path, &content, 0o600) {
            self.shared.warn("write", self.shared.path, &error);
        }
    }
}
