//! `atmos vendor diff`: what changed in a source between two versions.

use super::error::Error;
use super::plan::component_folder;
use super::select::{Selection, not_defined, nothing};
use super::versions::tags;
use crate::component::Kind;
use crate::diag::Result;
use crate::ops::App;
use crate::vendor::{ComponentManifest, Constraints, Loaded, component_file, newest, normalized};

/// What is compared.
#[derive(Debug, Clone, Default)]
pub struct DiffRequest {
    pub selection: Selection,
    /// The version of the manifest where it is absent.
    pub from: Option<String>,
    /// The newest tag where it is absent.
    pub to: Option<String>,
    /// Only this file, by its path in the component or in the repository.
    pub file: Option<String>,
}

/// A source that has versions.
#[derive(Debug, Clone)]
pub(super) struct Versioned {
    pub component: String,
    /// Kind, where the component has a manifest of its own.
    pub kind: Option<Kind>,
    pub source: String,
    pub version: String,
    pub constraints: Constraints,
}

impl Versioned {
    /// The source of a component, in `vendor.yaml` or in a manifest of its own.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn find(app: &App, loaded: Option<&Loaded>, name: &str, kinds: &[Kind]) -> Result<Versioned> {
        let sources = loaded.into_iter().flat_map(|loaded| &loaded.sources);
        if let Some(source) = sources.into_iter().find(|source| source.component == name) {
            return Ok(Versioned {
                component: name.to_owned(),
                kind: None,
                source: source.source.replace("{{ .Component }}", name).replace("{{.Component}}", name),
                version: source.version.clone(),
                constraints: source.constraints.clone(),
            });
        }
        for kind in kinds {
            let Some(file) = component_folder(app, kind, name).ok().and_then(|folder| component_file(&folder)) else {
                continue;
            };
            let manifest = ComponentManifest::read(&app.host, &file)?;
            return Ok(Versioned {
                component: name.to_owned(),
                kind: Some(kind.clone()),
                source: manifest.uri,
                version: manifest.version,
                constraints: manifest.constraints,
            });
        }
        Err(not_defined(app, loaded, name).into())
    }

    /// The address without its query; a version in it is that of the manifest.
    fn address(&self) -> String {
        normalized(self.source.split('?').next().unwrap_or_default())
    }
}

/// The differences of every chosen component, by name.
///
/// # Errors
/// Nothing is chosen, a source is no repository or cannot be reached, a version that it does not have.
pub fn diff(app: &App, request: &DiffRequest) -> Result<Vec<(String, String)>> {
    let selection = &request.selection;
    if selection.is_empty() {
        return Err(Error::selection(
            "One of --component, --tags, --stack, or --labels is required.",
            "name a component: `atmos vendor diff --component vpc`",
        )
        .into());
    }
    let names = selection.names(app)?.ok_or_else(nothing)?;
    let loaded = selection.manifest(app)?;
    let kinds = selection.kinds();
    names
        .into_iter()
        .map(|name| {
            let found = Versioned::find(app, loaded.as_ref(), &name, &kinds)?;
            Ok((name, one(app, request, &found)?))
        })
        .collect()
}

fn one(app: &App, request: &DiffRequest, found: &Versioned) -> Result<String> {
    let address = found.address();
    let uri = || crate::fetch::shown(&address);
    let not_git = || Error::NotGit { component: found.component.clone(), uri: uri() };
    let failed =
        |reason: String, help: String| Error::Fetch { name: found.component.clone(), uri: uri(), reason, help };
    // Paths and archives are told without asking anybody.
    let is_path = address.starts_with(['.', '/']) || address.starts_with("file://") || address.starts_with("oci://");
    if is_path || !address.contains("//") {
        return Err(not_git().into());
    }
    let from = request.from.clone().unwrap_or_else(|| found.version.clone());
    let to = match &request.to {
        Some(to) => to.clone(),
        None => newest(&tags(app, &found.component, &found.source)?, "", &Constraints::default())?.unwrap_or_default(),
    };
    if from.is_empty() || to.is_empty() {
        return Err(Error::selection(
            format!("both --from and --to refs are required for {}: they cannot be inferred", found.component),
            "give both: `--from v1.0.0 --to v1.1.0`",
        )
        .into());
    }
    let parent = &app.host.dirs.temp;
    let directory = tempfile::Builder::new().prefix("atmos-diff-").tempdir_in(parent);
    let directory = directory.map_err(Error::file("create a folder in", parent))?;
    let versions = (from.as_str(), to.as_str());
    let file = request.file.as_deref();
    let changes = crate::fetch::changes(&app.host, &app.config.remote, &address, versions, file, directory.path());
    let changes = changes.map_err(|error| failed(error.to_string(), error.next_step()))?;
    Ok(changes.ok_or_else(not_git)?)
}
