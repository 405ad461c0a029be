//! What tests of several modules need: folders with files, and a host that says nothing.

use std::path::Path;
use std::sync::Arc;

use super::{Dirs, Env, Host, Terminal};
use crate::diag::Talk;

/// A host without terminal, in this directory, with this environment.
pub(crate) fn host(cwd: &Path, env: Env) -> Host {
    Host {
        guard: Arc::default(),
        dirs: Dirs::from_env(&env),
        env,
        cwd: cwd.to_path_buf(),
        terminal: Terminal::default(),
        exe: "/bin/atmos".into(),
        talk: Talk::silent(),
        masker: Arc::default(),
        sources: Arc::default(),
    }
}

/// Writes files, given by their names below a folder and their texts, with the folders that they are in.
pub(crate) fn put(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
