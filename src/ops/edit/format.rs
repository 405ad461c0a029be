//! `atmos config format` and `stack format`: which files are laid out anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::config::chosen;
use super::file::{Done, File};
use super::paths;
use crate::diag::Result;
use crate::ops::App;

/// Lays the file of the configuration out anew. With `check` nothing is written.
///
/// # Errors
/// No file, or what [`Error`](super::Error) says of it.
pub fn format_config(app: &App, given: &[PathBuf], check: bool) -> Result<Vec<Done>> {
    Ok(vec![formatted(app, &chosen(app, given)?, check)?])
}

/// Does the same with the manifests in which a component has values of its own, or with the one that was named.
///
/// # Errors
/// The component cannot be found, or what [`Error`](super::Error) says of a file. Files before it are written already.
pub fn format_stack(app: &App, component: &str, stack: &str, file: Option<&Path>, check: bool) -> Result<Vec<Done>> {
    let files: BTreeSet<PathBuf> = match file {
        Some(file) => BTreeSet::from([app.host.absolute(file)]),
        None => paths::files(app, component, stack)?,
    };
    files.iter().map(|file| formatted(app, file, check)).collect()
}

pub(super) fn formatted(app: &App, path: &Path, check: bool) -> Result<Done> {
    File::open(&app.host, path)?.format(check)
}
