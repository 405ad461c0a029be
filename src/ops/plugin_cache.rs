//! The shared plugin cache of terraform. Row 12.

use std::path::PathBuf;

use super::App;
use crate::diag::Warning;
use crate::host::fs;

/// The directory of the shared plugin cache, made if it is missing; `None` when it is switched off, and where it cannot be
/// made: runs work without it, and it is said once.
pub(super) fn directory(app: &App) -> Option<PathBuf> {
    app.plugin_cache.get_or_init(|| made_cache(app)).clone()
}

fn made_cache(app: &App) -> Option<PathBuf> {
    // Without a home there is no place for one.
    let directory = app.config.terraform.plugin_cache_dir.clone().filter(|_| app.config.terraform.plugin_cache)?;
    let made = if directory.starts_with(&app.host.dirs.cache) {
        // Secrets lie beside it.
        fs::create_dirs(&directory)
    } else {
        // Somewhere else it may be shared with others.
        std::fs::create_dir_all(&directory)
    };
    if let Err(error) = made {
        let message = format!("cannot create the plugin cache `{}`, going on without it: {error}", directory.display());
        app.host.talk.warn(Warning::new("atmos::terraform::plugin_cache", message).help(
            "set `components.terraform.plugin_cache_dir` to a directory that can be written, or `plugin_cache: false`",
        ));
        return None;
    }
    Some(directory)
}
