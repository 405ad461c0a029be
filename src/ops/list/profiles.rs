//! Profiles that could be asked for.

use super::Rows;
use super::facts::record;
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::config::Profile;
use crate::diag::Result;
use crate::ops::App;
use crate::value::Node;

/// A row for each profile.
///
/// # Errors
/// A view that is wrong.
pub fn profiles(app: &App, profiles: &[Profile], view: &View) -> Result<Rows> {
    let shape = Shape::new(app, Subject::Profiles, view)?;
    let row = |profile: &Profile| {
        let path = profile.directory.strip_prefix(&app.host.cwd).unwrap_or(&profile.directory);
        let count = i64::try_from(profile.files.len()).unwrap_or(i64::MAX);
        let description = profile.metadata.get("description").and_then(Node::as_str).unwrap_or_default();
        record([
            ("name", Node::from(profile.name.as_str())),
            ("location", Node::from(profile.location)),
            ("path", Node::from(path.display().to_string())),
            ("files", Node::from(count)),
            ("description", Node::from(description)),
            ("tags", profile.metadata.get("tags").cloned().unwrap_or_default()),
        ])
    };
    shape.apply(profiles.iter().map(row).collect())
}
