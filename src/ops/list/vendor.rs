//! What is copied into the repository from elsewhere: the targets of vendor manifests, and components with a manifest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Rows;
use super::error::Error;
use super::facts::{Stacks, named, record};
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::component::{Asked, Kind};
use crate::diag::{Report, Result, Warning};
use crate::ops::App;
use crate::value::Node;
use crate::yaml;

/// How deep below a component its manifest may lie.
const DEPTH: usize = 10;

/// What `list vendor` shows.
#[derive(Debug, Clone, Default)]
pub struct VendorRequest {
    /// Pattern for the names of components.
    pub component: Option<String>,
    pub view: View,
}

struct Target {
    component: String,
    kind: &'static str,
    manifest: String,
    folder: String,
    tags: Vec<String>,
}

/// A row for each target.
///
/// # Errors
/// A view that is wrong, or a `vendor.base_path` that does not exist.
pub fn vendor(app: &App, request: &VendorRequest) -> Result<Rows> {
    let pattern = Stacks::new(request.component.as_deref())?;
    let tags = request.view.tags.clone();
    // Tags of vendor manifests are no tags of metadata.
    let view = View { tags: Vec::new(), ..request.view.clone() };
    let shape = Shape::new(app, Subject::Vendor, &view)?;
    let mut targets = of_components(app);
    targets.extend(of_manifests(app)?);
    targets.retain(|target| {
        pattern.has(&target.component) && (tags.is_empty() || target.tags.iter().any(|tag| tags.contains(tag)))
    });
    targets.sort_by(|left, right| left.component.cmp(&right.component));
    shape.apply(targets.iter().map(Target::row).collect())
}

impl Target {
    fn row(&self) -> Node {
        let tags = self.tags.join(", ");
        let list = self.tags.iter().map(|tag| Node::from(tag.as_str())).collect::<Vec<_>>();
        record([
            ("component", Node::from(self.component.as_str())),
            ("type", Node::from(self.kind)),
            ("tags", Node::from(tags.as_str())),
            ("manifest", Node::from(self.manifest.as_str())),
            ("folder", Node::from(self.folder.as_str())),
            ("tags_list", Node::from(list)),
            ("atmos_component", Node::from(self.component.as_str())),
            ("atmos_vendor_type", Node::from(self.kind)),
            ("atmos_vendor_file", Node::from(self.manifest.as_str())),
            ("atmos_vendor_target", Node::from(self.folder.as_str())),
            ("atmos_vendor_tags", Node::from(tags)),
        ])
    }
}

/// Terraform components of the stacks that have a manifest in their directory.
fn of_components(app: &App) -> Vec<Target> {
    if app.config.require_stacks().is_err() {
        return Vec::new();
    }
    let found = match named(app, &Asked::default()) {
        Err(error) if error.code().as_deref() == Some("atmos::stack::no_manifests") => Vec::new(),
        Ok(found) => found,
        Err(error) => {
            warn_of_stacks(app, &error);
            return Vec::new();
        }
    };
    let names: BTreeSet<String> =
        found.into_iter().filter(|one| one.kind == Kind::Terraform).map(|one| one.name).collect();
    let below = |path: &Path| path.strip_prefix(&app.config.base_path).unwrap_or(path).display().to_string();
    let mut targets = Vec::new();
    for name in names {
        let folder = app.config.terraform.base_path.join(&name);
        let Some(manifest) = component_manifest(&folder, DEPTH) else { continue };
        let Some(document) = read(app, &manifest) else { continue };
        if document.get("kind").and_then(Node::as_str) != Some("Component") {
            continue;
        }
        targets.push(Target {
            component: name,
            kind: "Component Manifest",
            manifest: below(&manifest),
            folder: below(&folder),
            tags: Vec::new(),
        });
    }
    targets
}

/// What vendor manifests say needs no stacks.
fn warn_of_stacks(app: &App, error: &Report) {
    let message = format!("manifests of components are missing, because the stacks cannot be read: {error}");
    let warning = Warning::new("atmos::list::vendor_stacks", message)
        .help("`atmos validate stacks` shows all that is wrong with them");
    app.host.talk.warn(warning);
}

/// The first `component.yaml` in or below a folder, by the order of names.
fn component_manifest(folder: &Path, depth: usize) -> Option<PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().ok()?;
        if kind.is_dir() && depth > 1 {
            if let Some(found) = component_manifest(&entry.path(), depth - 1) {
                return Some(found);
            }
        } else if !kind.is_dir() && entry.file_name() == "component.yaml" {
            return Some(entry.path());
        }
    }
    None
}

/// The targets of the manifests at `vendor.base_path`, which is a file or a directory of them.
fn of_manifests(app: &App) -> Result<Vec<Target>, Error> {
    let setting = app.config.document.get_path(["vendor", "base_path"]).and_then(Node::as_str);
    let setting = setting.filter(|path| !path.is_empty());
    let path = crate::host::fs::clean(&app.config.base_path.join(setting.unwrap_or("vendor.yaml")));
    if !path.exists() {
        let missing = |setting: &str| Error::VendorPath { path: setting.to_owned() };
        return setting.map_or(Ok(Vec::new()), |setting| Err(missing(setting)));
    }
    let mut files = vec![path.clone()];
    if path.is_dir() {
        let entries = std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        files = entries.filter(is_yaml).collect();
        files.sort();
    }
    Ok(files.iter().flat_map(|file| of_manifest(app, file)).collect())
}

fn of_manifest(app: &App, file: &Path) -> Vec<Target> {
    let Some(document) = read(app, file) else { return Vec::new() };
    if document.get("kind").and_then(Node::as_str) != Some("AtmosVendorConfig") {
        return Vec::new();
    }
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::scalar_text).unwrap_or_default();
    let mut found = Vec::new();
    for source in document.get_path(["spec", "sources"]).and_then(Node::as_list).unwrap_or_default() {
        let own = text(source, "file");
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        for target in source.get("targets").and_then(Node::as_list).unwrap_or_default() {
            let path = target.as_str().map_or_else(|| text(target, "path"), str::to_owned);
            let version = text(target, "version");
            let version = if version.is_empty() { text(source, "version") } else { version };
            found.push(Target {
                component: text(source, "component"),
                kind: "Vendor Manifest",
                manifest: if own.is_empty() { name.clone().into_owned() } else { own.clone() },
                folder: filled(&path, &text(source, "component"), &version),
                tags: source
                    .get("tags")
                    .and_then(Node::as_list)
                    .into_iter()
                    .flatten()
                    .filter_map(Node::scalar_text)
                    .collect(),
            });
        }
    }
    found
}

/// A target with component and version in their places; without a version its place stays.
fn filled(path: &str, component: &str, version: &str) -> String {
    let mut path = path.replace("{{ .Component }}", component).replace("{{.Component}}", component);
    if !version.is_empty() {
        path = path.replace("{{ .Version }}", version).replace("{{.Version}}", version);
    }
    path
}

/// A manifest; `None`, with a warning, when it cannot be read.
fn read(app: &App, file: &Path) -> Option<Node> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let parsed = text.and_then(|text| {
        yaml::parse(&app.host.sources, file, &app.host.cwd, Arc::from(text)).map_err(|error| error.to_string())
    });
    parsed
        .map_err(|cause| {
            let message = format!("the manifest '{}' is passed over: {cause}", file.display());
            app.host.talk.warn(Warning::new("atmos::list::vendor_manifest", message));
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_targets_are_filled() {
        assert_eq!(filled("c/{{ .Component }}/{{.Version}}", "vpc", "1.2"), "c/vpc/1.2");
        assert_eq!(filled("c/{{.Component}}/{{ .Version }}", "vpc", ""), "c/vpc/{{ .Version }}");
    }
}
