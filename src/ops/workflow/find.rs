//! Which workflow is meant, and in which file it stands.

use std::path::{Path, PathBuf};

use super::super::App;
use super::super::workflows::{self, Manifest};
use super::{Found, Request};
use crate::diag::Result;
use crate::host::{fs, prompt};
use crate::value::Node;
use crate::workflow::{Error, Workflow};

/// The workflow that a request means.
///
/// # Errors
/// No such file or workflow, several of the name, a manifest that cannot be read.
pub(super) fn find(app: &App, request: &Request) -> Result<Found> {
    let Some(name) = &request.name else { return choose(app, request) };
    if let Some(file) = &request.file {
        let (manifest, file) = named_file(app, file)?;
        return in_manifest(app, &manifest, &file, name);
    }
    let manifests = workflows::files(app)?;
    let has = |manifest: &&Manifest| manifest.workflows().iter().any(|(known, _)| &***known == name.as_str());
    let matching: Vec<&Manifest> = manifests.iter().filter(has).collect();
    let manifest = match matching.as_slice() {
        [] => {
            let known: Vec<String> =
                manifests.iter().flat_map(Manifest::workflows).map(|(name, _)| name.to_string()).collect();
            return Err(Error::unknown(name, known.iter().map(String::as_str)).into());
        }
        [one] => one,
        several if app.host.terminal.can_prompt() => {
            let files = several.iter().map(|manifest| manifest.name.clone()).collect();
            let title = format!("Several files have the workflow `{name}`. Choose one");
            let index = prompt::pick(title, files).map_err(|_| Error::Aborted)?;
            several.get(index).ok_or(Error::Aborted)?
        }
        several => {
            let files: Vec<&str> = several.iter().map(|manifest| manifest.name.as_str()).collect();
            return Err(Error::Ambiguous { name: name.clone(), files: files.join(", ") }.into());
        }
    };
    in_manifest(app, manifest, &manifest.name, name)
}

/// Has a person choose among all workflows.
fn choose(app: &App, request: &Request) -> Result<Found> {
    if !app.host.terminal.can_prompt() {
        return Err(Error::NoName.into());
    }
    let manifests = match &request.file {
        Some(file) => vec![named_file(app, file)?.0],
        None => workflows::files(app)?,
    };
    let all: Vec<(&Manifest, String)> = manifests
        .iter()
        .flat_map(|manifest| manifest.workflows().into_iter().map(move |(name, _)| (manifest, name.to_string())))
        .collect();
    let shown: Vec<String> = all.iter().map(|(manifest, name)| format!("{name}  ({})", manifest.name)).collect();
    let index = prompt::pick("Choose a workflow", shown).map_err(|_| Error::Aborted)?;
    let (manifest, name) = all.get(index).ok_or(Error::Aborted)?;
    in_manifest(app, manifest, &manifest.name, name)
}

fn in_manifest(app: &App, manifest: &Manifest, file: &str, name: &str) -> Result<Found> {
    let workflows = manifest.workflows();
    let Some((_, node)) = workflows.iter().find(|(known, _)| &***known == name) else {
        let base = Path::new(file).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Err(Error::unknown_in(name, &base, workflows.iter().map(|(name, _)| &***name)).into());
    };
    let workflow = Workflow::read(name, node, &app.host.sources)?;
    Ok(Found { workflow, file: file.to_owned() })
}

/// The file of `--file`: below the directory of workflows, else below the working directory.
fn named_file(app: &App, file: &str) -> Result<(Manifest, String)> {
    let base = &app.config.workflows.base_path;
    let places = [base.join(file), app.host.cwd.join(file)].map(|path| fs::clean(&path));
    let candidates = places.iter().flat_map(|path| match path.extension() {
        Some(_) => vec![path.clone()],
        None => ["yaml", "yml"].map(|extension| with_extension(path, extension)).to_vec(),
    });
    let candidates: Vec<PathBuf> = candidates.collect();
    let shown = |path: &Path| path.strip_prefix(&app.host.cwd).unwrap_or(path).display().to_string();
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        let first = candidates.first().map(|path| shown(path)).unwrap_or_default();
        return Err(Error::File { path: first }.into());
    };
    let manifest = workflows::file(app, path)?;
    if manifest.document.get("workflows").and_then(Node::as_map).is_none() {
        return Err(Error::Manifest { path: shown(path) }.into());
    }
    let below = path.strip_prefix(base).ok().map(|path| path.display().to_string());
    Ok((manifest, below.unwrap_or_else(|| shown(path))))
}

fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".");
    path.push(extension);
    PathBuf::from(path)
}
