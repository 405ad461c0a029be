//! Where planfiles are kept: a folder, a bucket of S3, or artifacts of GitHub Actions.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::note::Note;
use super::settings::Spec;
use crate::component::Instance;
use crate::diag::Result;
use crate::exec::Error as ExecError;
use crate::host::fs;
use crate::ops::App;
use crate::ops::github::{self, Artifacts};
use crate::state::{Wish, bucket};
use crate::value::Node;

/// End of the names of notes.
const NOTE: &str = ".metadata.json";

/// A planfile in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub size: u64,
    pub modified: String,
    pub note: Option<Note>,
}

/// Days that an artifact is kept, where nobody says it.
const DAYS: i64 = 7;

#[derive(Debug)]
enum Place {
    Files(Files),
    Artifacts(github::Place),
}

/// Where an archive and its note are two files.
#[derive(Debug)]
enum Files {
    Folder(PathBuf),
    Bucket {
        name: String,
        prefix: String,
        /// As a backend of S3 has them.
        settings: Node,
    },
}

/// A store of planfiles.
pub(super) struct Shelf<'a> {
    app: &'a App,
    /// Whose identity asks a bucket.
    owner: Option<(&'a Instance, &'a Wish)>,
    place: Place,
    pub kind: String,
}

impl<'a> Shelf<'a> {
    /// # Errors
    /// A type that is not built, an option that is missing.
    pub(super) fn open(app: &'a App, spec: &Spec, owner: Option<(&'a Instance, &'a Wish)>) -> Result<Shelf<'a>, Error> {
        let text = |key: &str| spec.options.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty());
        let place = match spec.kind.as_str() {
            "local/dir" => {
                let path = text("path").unwrap_or_else(|| ".atmos/planfiles".to_owned());
                let home = app.host.env.get("HOME").map(PathBuf::from);
                Place::Files(Files::Folder(match (path.strip_prefix("~/"), home) {
                    (Some(rest), Some(home)) => home.join(rest),
                    _ => app.config.base_path.join(path),
                }))
            }
            "aws/s3" => {
                let name = text("bucket").ok_or(Error::Option { name: spec.name.clone(), option: "bucket" })?;
                let prefix = text("prefix").unwrap_or_default();
                // What a store knows beside its bucket means the same in a backend.
                let mut settings = spec.options.as_map().cloned().unwrap_or_default();
                for key in ["prefix", "key_pattern"] {
                    settings.shift_remove(key);
                }
                let prefix = prefix.trim_matches('/').to_owned();
                Place::Files(Files::Bucket { name, prefix, settings: Node::from(settings) })
            }
            "github/artifacts" => Place::Artifacts(github::Place {
                owner: text("owner"),
                repository: text("repo"),
                prefix: text("prefix"),
                days: text("retention_days")
                    .and_then(|days| days.parse().ok())
                    .filter(|days| *days > 0)
                    .unwrap_or(DAYS),
            }),
            kind => return Err(Error::StoreKind { name: spec.name.clone(), kind: kind.to_owned() }),
        };
        Ok(Shelf { app, owner, place, kind: spec.kind.clone() })
    }

    /// For messages.
    pub(super) fn shown(&self) -> String {
        match &self.place {
            Place::Files(Files::Folder(path)) => {
                path.strip_prefix(&self.app.host.cwd).unwrap_or(path).display().to_string()
            }
            Place::Files(Files::Bucket { name, prefix, .. }) if prefix.is_empty() => format!("s3://{name}"),
            Place::Files(Files::Bucket { name, prefix, .. }) => format!("s3://{name}/{prefix}"),
            Place::Artifacts(_) => "the artifacts of GitHub Actions".to_owned(),
        }
    }

    /// Puts an archive and its note there, the note last: a list shows what is complete.
    pub(super) async fn put(&self, key: &str, archive: Vec<u8>, note: &Note) -> Result<()> {
        checked(key)?;
        let note = serde_json::to_vec_pretty(note).unwrap_or_default();
        match &self.place {
            Place::Artifacts(place) => Ok(Artifacts::open(&self.app.host, place)?.put(key, &archive, &note).await?),
            Place::Files(files) => {
                self.write(files, key, archive).await?;
                self.write(files, &format!("{key}{NOTE}"), note).await
            }
        }
    }

    /// The archive with its note; `None` where there is none.
    pub(super) async fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Option<Note>)>> {
        checked(key)?;
        match &self.place {
            Place::Artifacts(place) => {
                let found = Artifacts::open(&self.app.host, place)?.get(key).await?;
                Ok(found.map(|(archive, note)| (archive, read_note(&note))))
            }
            Place::Files(files) => {
                let Some(archive) = self.read(files, key).await? else { return Ok(None) };
                Ok(Some((archive, self.note(key).await?)))
            }
        }
    }

    /// The note; `None` where it is missing or cannot be read.
    pub(super) async fn note(&self, key: &str) -> Result<Option<Note>> {
        let bytes = match &self.place {
            Place::Artifacts(place) => {
                let found = Artifacts::open(&self.app.host, place)?.get(key).await?;
                found.map(|(_, note)| note)
            }
            Place::Files(files) => self.read(files, &format!("{key}{NOTE}")).await?,
        };
        Ok(bytes.and_then(|bytes| read_note(&bytes)))
    }

    /// Everything that is there, the newest first. Artifacts are looked into only where these words are in their names.
    pub(super) async fn list(&self, words: &[&str]) -> Result<Vec<Entry>> {
        let mut entries = match &self.place {
            Place::Artifacts(place) => {
                let found = Artifacts::open(&self.app.host, place)?.list(words).await?;
                let entry = |found: github::Artifact| {
                    let github::Artifact { key, size, created, .. } = found;
                    Entry { key, size, modified: created, note: None }
                };
                found.into_iter().map(entry).collect()
            }
            Place::Files(Files::Folder(path)) => {
                let mut entries = Vec::new();
                collect(path, path, &mut entries).map_err(ExecError::file("read", path))?;
                entries
            }
            Place::Files(Files::Bucket { prefix, settings, .. }) => {
                let shelf = self.app.shelf(self.owner, settings).await?;
                let start = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
                let found = bucket::list(&shelf.reader(), &start).await?;
                let entry = |object: bucket::Object| {
                    let key = object.key.strip_prefix(&start)?.to_owned();
                    Some(Entry { key, size: object.size, modified: object.modified, note: None })
                };
                found.into_iter().filter_map(entry).filter(|entry| !entry.key.ends_with(NOTE)).collect()
            }
        };
        for entry in &mut entries {
            entry.note = self.note(&entry.key).await?;
        }
        entries.sort_by(|one, two| (&two.modified, &one.key).cmp(&(&one.modified, &two.key)));
        Ok(entries)
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        checked(key)?;
        let files = match &self.place {
            Place::Artifacts(place) => return Ok(Artifacts::open(&self.app.host, place)?.delete(key).await?),
            Place::Files(files) => files,
        };
        for name in [key.to_owned(), format!("{key}{NOTE}")] {
            match files {
                Files::Folder(folder) => {
                    let path = folder.join(&name);
                    fs::remove_file_if_present(&path).map_err(ExecError::file("remove", &path))?;
                    // Folders that are empty now go, too; one that is not stays.
                    let above = path.ancestors().skip(1).take_while(|above| *above != folder.as_path());
                    let _: Vec<_> = above.map_while(|above| std::fs::remove_dir(above).ok()).collect();
                }
                Files::Bucket { prefix, settings, .. } => {
                    let shelf = self.app.shelf(self.owner, settings).await?;
                    bucket::delete(&shelf.reader(), &object(prefix, &name)).await?;
                }
            }
        }
        Ok(())
    }

    async fn write(&self, files: &Files, key: &str, content: Vec<u8>) -> Result<()> {
        match files {
            Files::Folder(folder) => {
                let path = folder.join(key);
                let parent = path.parent().unwrap_or(folder);
                // A plan has secrets in it.
                fs::create_dirs(parent).map_err(ExecError::file("create", parent))?;
                fs::write_atomic(&path, &content, 0o600).map_err(ExecError::file("write", &path))?;
                Ok(())
            }
            Files::Bucket { prefix, settings, .. } => {
                let shelf = self.app.shelf(self.owner, settings).await?;
                Ok(bucket::put(&shelf.reader(), &object(prefix, key), content).await?)
            }
        }
    }

    async fn read(&self, files: &Files, key: &str) -> Result<Option<Vec<u8>>> {
        match files {
            Files::Folder(folder) => {
                let path = folder.join(key);
                match std::fs::read(&path) {
                    Ok(content) => Ok(Some(content)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(ExecError::file("read", &path)(error).into()),
                }
            }
            Files::Bucket { prefix, settings, .. } => {
                let shelf = self.app.shelf(self.owner, settings).await?;
                Ok(bucket::get(&shelf.reader(), &object(prefix, key)).await?)
            }
        }
    }
}

fn object(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}/{key}") }
}

fn read_note(bytes: &[u8]) -> Option<Note> {
    serde_json::from_slice(bytes).ok()
}

/// A key stays below the place of its store.
fn checked(key: &str) -> Result<(), Error> {
    let sound = !key.is_empty() && key.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if sound && !key.contains('\\') { Ok(()) } else { Err(Error::Key { key: key.to_owned() }) }
}

/// The archives below a folder that have a note.
fn collect(base: &Path, folder: &Path, entries: &mut Vec<Entry>) -> std::io::Result<()> {
    let listed = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        listed => listed?,
    };
    for item in listed {
        let path = item?.path();
        if path.is_dir() {
            collect(base, &path, entries)?;
            continue;
        }
        let name = path.to_string_lossy();
        let Some(archive) = name.strip_suffix(NOTE).map(Path::new).filter(|archive| archive.is_file()) else {
            continue;
        };
        let metadata = archive.metadata()?;
        let modified = jiff::Timestamp::try_from(metadata.modified()?).map(|time| time.to_string()).unwrap_or_default();
        let key = archive.strip_prefix(base).unwrap_or(archive).display().to_string();
        entries.push(Entry { key, size: metadata.len(), modified, note: None });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_below_their_store() {
        for (key, sound) in
            [("dev/vpc/abc.tar", true), ("../x", false), ("a//b", false), ("/a", false), ("", false), ("a\\b", false)]
        {
            assert_eq!(checked(key).is_ok(), sound, "{key}");
        }
    }
}
