//! `component.yaml` in the folder of a component.

use std::path::{Component, Path, PathBuf};

use super::error::Error;
use super::manifest::{check_range, register};
use super::reader::{Reader, read, shown};
use super::tree::is_of_git;
use super::version::Constraints;
use crate::host::Host;
use crate::value::Node;

/// Names of the manifest, the first one first.
pub const COMPONENT_FILES: [&str; 2] = ["component.yaml", "component.yml"];

const KIND: &str = "ComponentVendorConfig";

/// The manifest, read and checked. Texts may be templates.
#[derive(Debug, Clone)]
pub struct ComponentManifest {
    pub file: PathBuf,
    pub uri: String,
    pub version: String,
    pub included: Vec<String>,
    pub excluded: Vec<String>,
    pub constraints: Constraints,
    pub retry: Node,
    pub mixins: Vec<Mixin>,
}

/// A single file that is put beside those of the source.
#[derive(Debug, Clone)]
pub struct Mixin {
    pub uri: String,
    pub version: String,
    pub filename: String,
}

/// The manifest in a folder.
pub fn component_file(folder: &Path) -> Option<PathBuf> {
    COMPONENT_FILES.map(|name| folder.join(name)).into_iter().find(|file| file.is_file())
}

impl ComponentManifest {
    /// # Errors
    /// The file cannot be read, is of another kind, or lacks what it must have.
    pub fn read(host: &Host, file: &Path) -> Result<ComponentManifest, Error> {
        let document = read(host, file)?;
        let whole = Reader::new(host, &document, "the manifest")?;
        let kind = whole.text("kind")?;
        if kind.is_empty() {
            let reason = format!("`{}` has no `kind`", shown(host, file));
            return Err(Error::manifest(host, document.span, reason, format!("write `kind: {KIND}`")));
        }
        whole.checks_kind(KIND)?;
        let null = Node::default();
        let spec = Reader::new(host, whole.get("spec").unwrap_or(&null), "spec")?;
        let source = Reader::new(host, spec.get("source").unwrap_or(&null), "spec.source")?;
        source.knows(&["type", "uri", "version", "included_paths", "excluded_paths", "retry", "ttl", "constraints"]);
        let uri = source.text("uri")?;
        if uri.is_empty() {
            let reason = format!(
                "'uri' must be specified in 'source.uri' in the component vendoring config file '{}'",
                shown(host, file)
            );
            let span = spec.get("source").map_or(document.span, |node| node.span);
            return Err(Error::manifest(host, span, reason, "say where the files come from: `uri: <address>`"));
        }
        register(host, &uri);
        let mut mixins = Vec::new();
        for node in spec.list("mixins")? {
            mixins.push(mixin(host, file, node)?);
        }
        let version = source.text("version")?;
        let constraints = Constraints::read(host, source.get("constraints"), "spec.source")?;
        check_range(host, &version, &constraints, source.node.span)?;
        Ok(ComponentManifest {
            file: file.to_owned(),
            uri,
            version,
            included: source.texts("included_paths")?,
            excluded: source.texts("excluded_paths")?,
            constraints,
            retry: source.get("retry").cloned().unwrap_or_default(),
            mixins,
        })
    }
}

fn mixin(host: &Host, file: &Path, node: &Node) -> Result<Mixin, Error> {
    let reader = Reader::new(host, node, "mixins")?;
    reader.knows(&["type", "uri", "version", "filename"]);
    let mixin =
        Mixin { uri: reader.text("uri")?, version: reader.text("version")?, filename: reader.text("filename")? };
    for (key, text) in [("uri", &mixin.uri), ("filename", &mixin.filename)] {
        if text.is_empty() {
            let reason = format!("'{key}' must be specified for each 'mixin' in the '{}' file", shown(host, file));
            return Err(Error::manifest(host, node.span, reason, format!("add `{key}` to the mixin")));
        }
    }
    register(host, &mixin.uri);
    let path = Path::new(&mixin.filename);
    if is_of_git(path) || !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        let reason = format!("the mixin `{}` would be written outside of its component", mixin.filename);
        return Err(Error::manifest(host, node.span, reason, "give a name inside of the folder of the component"));
    }
    Ok(mixin)
}
