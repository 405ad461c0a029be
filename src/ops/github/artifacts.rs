//! Files in artifacts of GitHub Actions: an archive, and what is said of it.

use std::io::{Cursor, Read as _, Write as _};

use serde_json::Value as Json;

use super::client::{Call, GitHub, json, next_page};
use super::error::Error;
use super::runtime::{Runtime, after_days, fetched};
use crate::host::Host;

/// Names inside of an artifact, which are those of the reference.
const ARCHIVE: &str = "archive.tar";
const NOTE: &str = "metadata.json";
const PAGE: u32 = 100;
const PERMISSION: &str = "actions: write";

/// Whose artifacts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::ops) struct Place {
    pub owner: Option<String>,
    pub repository: Option<String>,
    /// What their names begin with.
    pub prefix: Option<String>,
    pub days: i64,
}

/// One of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct Artifact {
    id: u64,
    pub key: String,
    pub size: u64,
    pub created: String,
}

/// The artifacts of a repository.
pub(in crate::ops) struct Artifacts<'a> {
    hub: GitHub<'a>,
    place: &'a Place,
}

impl<'a> Artifacts<'a> {
    /// # Errors
    /// No token, no repository.
    pub(in crate::ops) fn open(host: &'a Host, place: &'a Place) -> Result<Artifacts<'a>, Error> {
        let hub = GitHub::of(host, place.owner.as_deref(), place.repository.as_deref())?;
        Ok(Artifacts { hub, place })
    }

    fn name(&self, key: &str) -> String {
        // Slashes may not stand in names.
        let plain = key.replace(['/', '\\'], "--");
        self.place.prefix.as_ref().map_or_else(|| plain.clone(), |prefix| format!("{prefix}-{plain}"))
    }

    fn key(&self, name: &str) -> Option<String> {
        let plain = match &self.place.prefix {
            Some(prefix) => name.strip_prefix(prefix.as_str())?.strip_prefix('-')?,
            None => name,
        };
        Some(plain.replace("--", "/"))
    }

    /// # Errors
    /// It is no job of GitHub Actions that asks, or the service refuses.
    pub(in crate::ops) async fn put(&self, key: &str, archive: &[u8], note: &[u8]) -> Result<(), Error> {
        let runtime = Runtime::of(self.hub.host, &self.hub.http)?.ok_or(Error::NoRuntime)?;
        let name = self.name(key);
        let zip = packed(archive, note).map_err(|error| unusable(&name, &error))?;
        runtime.upload(&name, zip, after_days(self.hub.host.now(), self.place.days)).await
    }

    /// Archive and note: of this run, else the newest of the repository. `None` where there is none.
    ///
    /// # Errors
    /// The service refuses, or the artifact is none of ours.
    pub(in crate::ops) async fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Vec<u8>)>, Error> {
        let name = self.name(key);
        let mut zip = None;
        if let Some(runtime) = Runtime::of(self.hub.host, &self.hub.http)? {
            // What this run has made is known to the runner only, as long as the run goes on.
            zip = runtime.download(&name).await?;
        }
        if zip.is_none() {
            let Some(artifact) = self.find(&name).await?.into_iter().next() else { return Ok(None) };
            zip = Some(self.fetch(artifact.id).await?);
        }
        unpacked(zip.unwrap_or_default()).map(Some).map_err(|reason| Error::Artifact { name, reason })
    }

    /// Those that may be meant: every word is in their names.
    ///
    /// # Errors
    /// The service refuses.
    pub(in crate::ops) async fn list(&self, words: &[&str]) -> Result<Vec<Artifact>, Error> {
        let words: Vec<String> = words.iter().map(|word| word.replace(['/', '\\'], "--")).collect();
        let mut found = self.listed("").await?;
        found.retain(|(name, _)| words.iter().all(|word| name.contains(word.as_str())));
        Ok(found.into_iter().map(|(_, artifact)| artifact).collect())
    }

    /// # Errors
    /// The service refuses. One that is not there is no error.
    pub(in crate::ops) async fn delete(&self, key: &str) -> Result<(), Error> {
        for artifact in self.find(&self.name(key)).await? {
            let path = format!("actions/artifacts/{}", artifact.id);
            let answer = self.hub.call(&Call { method: "DELETE", ..call(&path, "delete the artifact") }).await;
            answer?;
        }
        Ok(())
    }

    /// Those of a name, the newest first.
    async fn find(&self, name: &str) -> Result<Vec<Artifact>, Error> {
        let mut found = self.listed(&format!("&name={}", crate::host::percent_encode(name))).await?;
        found.retain(|(known, _)| known == name);
        let mut found: Vec<Artifact> = found.into_iter().map(|(_, artifact)| artifact).collect();
        found.sort_by(|one, two| two.created.cmp(&one.created));
        Ok(found)
    }

    async fn listed(&self, filter: &str) -> Result<Vec<(String, Artifact)>, Error> {
        let what = "list the artifacts";
        let mut found = Vec::new();
        let mut page = Some(1);
        while let Some(number) = page {
            let path = format!("actions/artifacts?per_page={PAGE}&page={number}{filter}");
            let response = self.hub.call(&call(&path, what)).await?;
            let listed = json(what, &response)?;
            let all = listed.get("artifacts").and_then(Json::as_array).into_iter().flatten();
            found.extend(all.filter_map(|artifact| {
                let text = |key: &str| artifact.get(key).and_then(Json::as_str);
                let number = |key: &str| artifact.get(key).and_then(Json::as_u64);
                let expired = artifact.get("expired").and_then(Json::as_bool) == Some(true);
                let name = text("name").filter(|_| !expired)?;
                let size = number("size_in_bytes").unwrap_or_default();
                let created = text("created_at").unwrap_or_default().to_owned();
                Some((name.to_owned(), Artifact { id: number("id")?, key: self.key(name)?, size, created }))
            }));
            page = next_page(&response).filter(|next| *next > number);
        }
        Ok(found)
    }

    /// The zip archive: GitHub says where it lies, and whoever is asked there must not see the token.
    async fn fetch(&self, id: u64) -> Result<Vec<u8>, Error> {
        let what = "hand out the artifact";
        let path = format!("actions/artifacts/{id}/zip");
        let answer = self.hub.send(&call(&path, what)).await?;
        match (answer.status, answer.header("location")) {
            (302, Some(url)) => fetched(&self.hub.http, url, what).await,
            (status, _) => Err(Error::Refused {
                what,
                answer: format!("HTTP status {status}"),
                help: "an artifact of a run that goes on can be had by the variables of its runner only \
                       (ACTIONS_RUNTIME_TOKEN, ACTIONS_RESULTS_URL)"
                    .to_owned(),
            }),
        }
    }
}

fn call<'c>(path: &'c str, what: &'static str) -> Call<'c> {
    Call { method: "GET", path, body: None, what, permission: PERMISSION, once: false }
}

fn unusable(name: &str, error: &zip::result::ZipError) -> Error {
    Error::Artifact { name: name.to_owned(), reason: error.to_string() }
}

fn packed(archive: &[u8], note: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .unix_permissions(0o600);
    for (name, content) in [(ARCHIVE, archive), (NOTE, note)] {
        writer.start_file(name, options)?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Archive and note, which may be missing.
fn unpacked(bytes: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>), String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut content = |name: &str| {
        let mut file = zip.by_name(name).map_err(|error| format!("{name}: {error}"))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|error| format!("{name}: {error}"))?;
        Ok::<_, String>(content)
    };
    Ok((content(ARCHIVE)?, content(NOTE).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let zip = packed(b"tar", b"{}").unwrap();
        assert_eq!(unpacked(zip), Ok((b"tar".to_vec(), b"{}".to_vec())));
        assert!(unpacked(b"no zip".to_vec()).is_err());
    }
}
