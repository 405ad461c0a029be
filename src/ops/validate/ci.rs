//! `atmos validate ci`: workflows of GitHub Actions.

use std::path::{Path, PathBuf};

use super::files::{Checked, FilesReport, read, shown};
use crate::diag::Result;
use crate::ops::{App, changed};
use crate::stack::glob_matches;
use crate::validate::{Error, workflow};

/// Which files are checked.
#[derive(Debug, Clone, Default)]
pub struct CiRequest {
    /// Only these; else those of the folder.
    pub files: Vec<PathBuf>,
    /// All below it, instead of those in `.github/workflows`.
    pub folder: Option<PathBuf>,
    pub exclude: Vec<String>,
    /// Only files that were changed since the base.
    pub affected: bool,
    pub base: Option<String>,
}

/// Checks the workflows.
///
/// # Errors
/// A pattern that is none, and no base to compare with.
pub fn ci(app: &App, request: &CiRequest) -> Result<FilesReport> {
    if let Some(pattern) = request.exclude.iter().find(|pattern| glob_matches(pattern, "").is_none()) {
        return Err(Error::Exclude { pattern: pattern.clone() }.into());
    }
    let changed = if request.affected { Some(changed::files(&app.host, request.base.as_deref())?) } else { None };
    let mut report = FilesReport::default();
    for path in paths(app, request) {
        let file = shown(app, &path);
        let excluded = request.exclude.iter().any(|pattern| glob_matches(pattern, &file).unwrap_or(false));
        if excluded || changed.as_ref().is_some_and(|changed| !changed.contains(&path)) {
            continue;
        }
        let findings = match read(app, &path) {
            Ok(node) => workflow(&app.host.sources, &node),
            Err(findings) => findings,
        };
        report.files.push(Checked { file, findings });
    }
    Ok(report)
}

/// Whether there are workflows where they usually are.
pub fn has_workflows(app: &App) -> bool {
    !paths(app, &CiRequest::default()).is_empty()
}

fn paths(app: &App, request: &CiRequest) -> Vec<PathBuf> {
    if !request.files.is_empty() {
        return request.files.iter().map(|file| app.host.absolute(file)).collect();
    }
    let mut found = Vec::new();
    match &request.folder {
        Some(folder) => add(&app.host.absolute(folder), true, &mut found),
        // Those in folders below are none for GitHub.
        None => add(&app.host.cwd.join(".github/workflows"), false, &mut found),
    }
    found.sort();
    found
}

fn add(folder: &Path, deep: bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && deep => add(&path, deep, found),
            Ok(kind) if !kind.is_dir() && is_yaml => found.push(path),
            _ => {}
        }
    }
}
