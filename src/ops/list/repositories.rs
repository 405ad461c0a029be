//! Repositories of `git.repositories`, and whether there is a copy of each.

use std::path::PathBuf;

use super::Rows;
use super::facts::record;
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::diag::Result;
use crate::ops::App;
use crate::value::Node;

/// A row for each repository.
///
/// # Errors
/// A view that is wrong.
pub fn repositories(app: &App, view: &View) -> Result<Rows> {
    let shape = Shape::new(app, Subject::Repositories, view)?;
    let section = app.config.document.get_path(["git", "repositories"]).and_then(Node::as_map);
    let row = |(name, entry): (&std::sync::Arc<str>, &Node)| {
        let text = |key: &str| entry.get(key).and_then(Node::as_str).unwrap_or_default();
        let own = Some(text("workdir")).filter(|path| !path.is_empty()).map(|path| app.config.base_path.join(path));
        let folder = own.unwrap_or_else(|| {
            ["atmos", "git", "repositories", name]
                .iter()
                .fold(app.host.dirs.cache.clone(), |path: PathBuf, part| path.join(part))
        });
        let uri = Some(text("uri")).filter(|uri| !uri.is_empty()).unwrap_or_else(|| text("url"));
        let provider = Some(text("provider")).filter(|text| !text.is_empty()).unwrap_or("cli");
        record([
            ("status", Node::from(if folder.join(".git").exists() { "present" } else { "missing" })),
            ("name", Node::from(&**name)),
            // An address may have a password in it.
            ("uri", Node::from(crate::fetch::shown(uri))),
            ("provider", Node::from(provider)),
            ("branch", Node::from(text("branch"))),
            ("workdir", Node::from(folder.display().to_string())),
        ])
    };
    shape.apply(section.into_iter().flatten().map(row).collect())
}
