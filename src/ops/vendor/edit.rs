//! `atmos vendor get`, `set` and `config …`: values of manifests, changed in place.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::plan::component_folder;
use super::select::{KINDS, Selection, not_defined, shown};
use crate::component::Kind;
use crate::diag::Result;
use crate::ops::App;
use crate::ops::edit::{self, Done, PathRow, Type};
use crate::value::Node;
use crate::vendor::{self, component_file};

/// The version of a component; empty where the manifest has none.
///
/// # Errors
/// No manifest has the component.
pub fn get(app: &App, component: &str, file: Option<&Path>) -> Result<String> {
    let (file, path) = version_path(app, None, component, file)?;
    let value = edit::value_in(app, &file, &path)?;
    Ok(value.and_then(|node| node.scalar_text()).unwrap_or_default())
}

/// Sets the version of a component, and returns the path at which it is.
///
/// # Errors
/// No manifest has the component, or its file cannot be changed.
pub fn set(app: &App, component: &str, version: &str, file: Option<&Path>) -> Result<(Done, String)> {
    set_in(app, None, component, version, file)
}

/// The same for a component of a kind, which is not looked for below the others; without one the first that has it counts.
///
/// # Errors
/// Those of [`set`].
pub(super) fn set_in(
    app: &App,
    kind: Option<&Kind>,
    component: &str,
    version: &str,
    file: Option<&Path>,
) -> Result<(Done, String)> {
    let (file, path) = version_path(app, kind, component, file)?;
    let done = edit::change_in(app, &file, &path, Some((version, Type::String)))?;
    Ok((done, path))
}

/// The file that has the version of a component, and the path in it.
///
/// # Errors
/// No manifest has the component.
fn version_path(app: &App, kind: Option<&Kind>, component: &str, file: Option<&Path>) -> Result<(PathBuf, String)> {
    let selection = Selection { file: file.map(Path::to_path_buf), ..Selection::default() };
    let loaded = selection.manifest(app)?;
    let mut sources = loaded.iter().flat_map(|loaded| &loaded.sources);
    if let Some(source) = sources.find(|source| source.component == component) {
        return Ok((source.file.clone(), format!("spec.sources[{}].version", source.index)));
    }
    for kind in KINDS.into_iter().filter(|known| kind.is_none_or(|kind| kind == known)) {
        if let Some(file) = component_folder(app, &kind, component).ok().and_then(|folder| component_file(&folder)) {
            return Ok((file, "spec.source.version".to_owned()));
        }
    }
    Err(not_defined(app, loaded.as_ref(), component).into())
}

/// The file that `vendor config` is about: `--file`, else the manifest; of a folder of them the first.
fn main_file(app: &App, file: Option<&Path>) -> Result<(PathBuf, Vec<PathBuf>)> {
    let selection = Selection { file: file.map(Path::to_path_buf), ..Selection::default() };
    match vendor::find(&app.host, &app.config, selection.file.as_deref()) {
        vendor::Where::There(path) if path.is_file() => {
            // Formatting and lists are about imports, too; a manifest that is broken is still to be mended.
            let files = vendor::load(&app.host, &app.config, &path).map(|loaded| loaded.files);
            Ok((path.clone(), files.unwrap_or_else(|_| vec![path])))
        }
        vendor::Where::There(path) => {
            let loaded = vendor::load(&app.host, &app.config, &path)?;
            let first = loaded.files.first().cloned().unwrap_or(path);
            Ok((first, loaded.files))
        }
        vendor::Where::Missing(path) => Err(vendor::Error::NotConfigured { path: shown(app, &path) }.into()),
        vendor::Where::Nowhere => Err(Error::selection(
            "No vendor.yaml found in the current directory.",
            "change to the folder of the manifest, or name it with --file",
        )
        .into()),
    }
}

/// A value of the manifest as it is written.
///
/// # Errors
/// There is none at the path.
pub fn config_value(app: &App, path: &str, file: Option<&Path>) -> Result<Node> {
    let (main, files) = main_file(app, file)?;
    let others: Vec<String> = files.iter().skip(1).map(|file| shown(app, file)).collect();
    edit::value_in(app, &main, path)?.ok_or_else(|| {
        let help = if others.is_empty() {
            "`atmos vendor config list` shows every path".to_owned()
        } else {
            format!("the manifest imports {}: name one of them with --file", others.join(", "))
        };
        Error::selection(format!("`{path}` is not set in {}", shown(app, &main)), help).into()
    })
}

/// Sets a value of the manifest, or removes it. Without a type a new value is a text, an old one keeps its type.
///
/// # Errors
/// The file cannot be changed there.
pub fn config_set(app: &App, path: &str, new: Option<(&str, Type)>, file: Option<&Path>) -> Result<Done> {
    edit::change_in(app, &main_file(app, file)?.0, path, new)
}

/// The paths that the manifest and its imports set.
///
/// # Errors
/// A file that cannot be read.
pub fn config_list(app: &App, pattern: Option<&str>, file: Option<&Path>) -> Result<Vec<PathRow>> {
    edit::paths_in(app, &main_file(app, file)?.1, pattern)
}

/// Lays the manifest and its imports out anew. With `check` nothing is written.
///
/// # Errors
/// What cannot be read or written. Files before it are written already.
pub fn format(app: &App, file: Option<&Path>, check: bool) -> Result<Vec<Done>> {
    edit::format_files(app, &main_file(app, file)?.1, check)
}
