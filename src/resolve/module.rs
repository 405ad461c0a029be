//! What the terraform module of a component asks for and gives, from its files.

use std::path::{Path, PathBuf};

use miette::Diagnostic;

use crate::content::{Module, Names};
use crate::diag::Failure;
use crate::value::Node;

#[derive(Debug, thiserror::Error, Diagnostic)]
enum Error {
    #[error("failed to load terraform component: {file}:{line}: {reason}")]
    #[diagnostic(code(atmos::describe::module), help("`atmos terraform validate` says more about the module"))]
    Syntax { file: String, line: usize, reason: String },

    #[error("failed to load terraform component: {path}: {cause}")]
    #[diagnostic(code(atmos::describe::module_file), help("make the file readable"))]
    Read { path: String, cause: std::io::Error },
}

impl Failure for Error {}

/// The description of the module in a folder, null without the folder.
///
/// # Errors
/// A file that cannot be read, or that is no terraform.
pub fn describe_module(folder: &Path, names: Names) -> crate::diag::Result<Node> {
    if !folder.is_dir() {
        return Ok(Node::default());
    }
    let mut module = Module::default();
    for path in files(folder)? {
        let bytes = std::fs::read(&path).map_err(|cause| failed(&path, cause))?;
        let file = path.display().to_string();
        module.read(&file, &String::from_utf8_lossy(&bytes)).map_err(|wrong| Error::Syntax {
            file,
            line: wrong.line,
            reason: wrong.reason,
        })?;
    }
    Ok(module.describe(&folder.display().to_string(), names))
}

fn failed(path: &Path, cause: std::io::Error) -> Error {
    Error::Read { path: path.display().to_string(), cause }
}

/// The files of a module as terraform reads them: overrides last.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| failed(folder, cause))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let base = name.strip_suffix(".tf.json").or_else(|| name.strip_suffix(".tf"));
        let Some(base) = base.filter(|_| !name.starts_with('.')) else { continue };
        if entry.path().is_file() {
            found.push((base == "override" || base.ends_with("_override"), entry.path()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
