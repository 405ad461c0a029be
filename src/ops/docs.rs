//! The README of a component.

use std::collections::BTreeSet;
use std::path::PathBuf;

use miette::Diagnostic;

use super::App;
use super::names::names;
use crate::component::Kind;
use crate::diag::{Failure, Result, nearest};

#[derive(Debug, thiserror::Error, Diagnostic)]
enum Error {
    #[error("there is no component `{name}`")]
    #[diagnostic(code(atmos::docs::component), help("{help}"))]
    Component { name: String, help: String },

    #[error("the component `{name}` has no README.md")]
    #[diagnostic(code(atmos::docs::no_readme), help("looked for: {searched}"))]
    NoReadme { name: String, searched: String },

    #[error("cannot read {path}: {cause}")]
    #[diagnostic(code(atmos::docs::read), help("make the file readable"))]
    Read { path: String, cause: std::io::Error },
}

impl Failure for Error {}

/// The text of the README of a component: that of the directory which stacks give it, or of the directory of its name.
///
/// # Errors
/// No such component, or one without a README.
pub fn readme(app: &App, component: &str) -> Result<String> {
    let folders = folders(app, component);
    let existing: Vec<&PathBuf> = folders.iter().filter(|folder| folder.is_dir()).collect();
    if existing.is_empty() {
        let known: BTreeSet<String> = names(app).into_iter().map(|named| named.component).collect();
        let near = nearest(component, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let help = near.unwrap_or_else(|| "`atmos list components` shows the components".to_owned());
        return Err(Error::Component { name: component.to_owned(), help }.into());
    }
    let files: Vec<PathBuf> =
        existing.iter().flat_map(|folder| ["README.md", "readme.md"].map(|name| folder.join(name))).collect();
    let Some(file) = files.iter().find(|file| file.is_file()) else {
        let searched: Vec<String> =
            existing.iter().map(|folder| folder.join("README.md").display().to_string()).collect();
        return Err(Error::NoReadme { name: component.to_owned(), searched: searched.join(", ") }.into());
    };
    let text =
        std::fs::read_to_string(file).map_err(|cause| Error::Read { path: file.display().to_string(), cause })?;
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}

/// Directories that the component may have, the likeliest first.
fn folders(app: &App, component: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let found = app.index().ok().and_then(|index| crate::component::summaries(&app.host, &app.config, index).ok());
    for summary in found.into_iter().flatten().filter(|summary| summary.name == component) {
        folders.extend(summary.kind.base_path(&app.config).map(|base| base.join(&summary.folder)));
    }
    for kind in [Kind::Terraform, Kind::Helmfile, Kind::Packer] {
        folders.extend(kind.base_path(&app.config).map(|base| base.join(component)));
    }
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}
