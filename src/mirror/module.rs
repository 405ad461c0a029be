//! The protocol of module registries. What a module's address leads to is kept as one archive, wherever that is.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::intake::{Intake, digest};
use super::state::State;
use super::upstream::{ANSWER, Trouble};
use crate::fetch::{self, Fetcher};

/// A module, as its address has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    pub host: String,
    pub namespace: String,
    pub name: String,
    pub provider: String,
}

impl Module {
    pub(super) fn key(&self, file: &str) -> String {
        format!("modules/{}/{}/{}/{}/{file}", self.host, self.namespace, self.name, self.provider)
    }

    async fn url(&self, state: &State, rest: &str) -> Result<String, Trouble> {
        let base = state.upstream.service(&self.host, "modules.v1").await?;
        Ok(format!("{base}{}/{}/{}/{rest}", self.namespace, self.name, self.provider))
    }
}

/// Where an archive of a source is kept.
pub(super) fn archive_key(digest: &str) -> String {
    format!("modules/_source/{digest}.tar.gz")
}

/// What the registry says of the versions.
pub(super) async fn versions(state: &State, module: &Module) -> Result<Vec<u8>, Trouble> {
    let url = module.url(state, "versions").await?;
    Ok(state.upstream.json(&url, &module.host).await?.to_string().into_bytes())
}

/// Where a version is, as a small document.
pub(super) async fn download(state: &State, module: &Module, version: &str) -> Result<Vec<u8>, Trouble> {
    let url = module.url(state, &format!("{version}/download")).await?;
    let answer = state.upstream.get(&url, &module.host, ANSWER).await?;
    let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let source = answer.header("x-terraform-get").or_else(|| body["location"].as_str());
    let Some(source) = source.filter(|source| !source.is_empty()) else {
        return Err(Trouble::broken(format!("{} says nothing of where the module is", fetch::shown(&url))));
    };
    let relative = ["/", "./", "../"].iter().any(|start| source.starts_with(start));
    let source = if relative { fetch::join(&url, source) } else { source.to_owned() };
    Ok(json!({ "source": source }).to_string().into_bytes())
}

/// The source behind a [`download`], and the folder in it.
pub(super) fn source(document: &[u8]) -> Option<(String, String)> {
    let document: Json = serde_json::from_slice(document).ok()?;
    Some(split(document["source"].as_str()?))
}

/// The whole of a source, and the folder behind `//`. What stands behind `?` belongs to the source.
fn split(source: &str) -> (String, String) {
    let begin = source.find("://").map_or(0, |at| at + 3);
    let (path, query) = match source.find('?') {
        Some(at) => source.split_at(at),
        None => (source, ""),
    };
    match path.get(begin..).and_then(|rest| rest.find("//")) {
        Some(at) => {
            let at = begin + at;
            (format!("{}{query}", &path[..at]), path[at + 2..].trim_matches('/').to_owned())
        }
        None => (source.to_owned(), String::new()),
    }
}

/// The digest under which a source is kept.
pub(super) fn of(source: &str) -> String {
    digest(source.as_bytes())
}

/// Fetches a source and packs it. Takes its time; waits on the thread it is called on.
pub(super) fn pack(state: &State, source: &str, into: &mut Intake) -> Result<(), Trouble> {
    let fetched = Fetcher::default().fetched(&state.host, &state.settings, source, Some("0s"));
    let trouble = |reason: String| Trouble::broken(format!("{}: {reason}", fetch::shown(source)));
    let path = fetched.map_err(|error| trouble(error.to_string()))?.path;
    packed(&path, into).map_err(|error| trouble(error.to_string()))
}

fn packed(path: &Path, into: &mut Intake) -> std::io::Result<()> {
    let packing = flate2::write::GzEncoder::new(into, flate2::Compression::default());
    let mut archive = tar::Builder::new(packing);
    archive.follow_symlinks(false);
    if path.is_dir() {
        append(&mut archive, path)?;
    } else {
        archive.append_path_with_name(path, path.file_name().unwrap_or_default())?;
    }
    archive.into_inner()?.finish().map(drop)
}

/// Everything in a folder but the history of git.
fn append<W: std::io::Write>(archive: &mut tar::Builder<W>, top: &Path) -> std::io::Result<()> {
    let mut open = vec![top.to_path_buf()];
    while let Some(folder) = open.pop() {
        let mut entries = std::fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries.into_iter().filter(|entry| entry.file_name() != ".git") {
            let path = entry.path();
            let name = path.strip_prefix(top).unwrap_or(&path);
            if entry.file_type()?.is_dir() {
                archive.append_dir(name, &path)?;
                open.push(path.clone());
            } else {
                archive.append_path_with_name(&path, name)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_sources_are_told_apart() {
        for (source, whole, folder) in [
            ("git::https://h/r.git//a/b?ref=v1", "git::https://h/r.git?ref=v1", "a/b"),
            ("https://h/x.tar.gz", "https://h/x.tar.gz", ""),
            ("https://h/x.zip//*?archive=zip", "https://h/x.zip?archive=zip", "*"),
            ("github.com/o/r//m", "github.com/o/r", "m"),
        ] {
            assert_eq!(split(source), (whole.to_owned(), folder.to_owned()), "{source}");
        }
    }
}
