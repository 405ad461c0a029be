//! Where planfiles are kept: a folder, or a bucket of S3.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::note::Note;
use super::settings::Spec;
use crate::component::Instance;
use crate::diag::Result;
use crate::exec::Error as ExecError;
use crate::host::fs;
use crate::ops::App;
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

#[derive(Debug)]
enum Place {
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
                Place::Folder(match (path.strip_prefix("~/"), home) {
                    (Some(rest), Some(home)) => home.join(rest),
                    _ => app.config.base_path.join(path),
                })
            }
            "aws/s3" => {
                let name = text("bucket").ok_or(Error::Option { name: spec.name.clone(), option: "bucket" })?;
                let prefix = text("prefix").unwrap_or_default();
                // What a store knows beside its bucket means the same in a backend.
                let mut settings = spec.options.as_map().cloned().unwrap_or_default();
                for key in ["prefix", "key_pattern"] {
                    settings.shift_remove(key);
                }
                Place::Bucket { name, prefix: prefix.trim_matches('/').to_owned(), settings: Node::from(settings) }
            }
            kind => return Err(Error::StoreKind { name: spec.name.clone(), kind: kind.to_owned() }),
        };
        Ok(Shelf { app, owner, place, kind: spec.kind.clone() })
    }

    /// For messages.
    pub(super) fn shown(&self) -> String {
        match &self.place {
            Place::Folder(path) => path.strip_prefix(&self.app.host.cwd).unwrap_or(path).display().to_string(),
            Place::Bucket { name, prefix, .. } if prefix.is_empty() => format!("s3://{name}"),
            Place::Bucket { name, prefix, .. } => format!("s3://{name}/{prefix}"),
        }
    }

    /// Puts an archive and its note there, the note last: a list shows what is complete.
    pub(super) async fn put(&self, key: &str, archive: Vec<u8>, note: &Note) -> Result<()> {
        checked(key)?;
        let note = serde_json::to_vec_pretty(note).unwrap_or_default();
        self.write(key, archive).await?;
        self.write(&format!("{key}{NOTE}"), note).await
    }

    /// The archive with its note; `None` where there is none.
    pub(super) async fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Option<Note>)>> {
        checked(key)?;
        let Some(archive) = self.read(key).await? else { return Ok(None) };
        Ok(Some((archive, self.note(key).await?)))
    }

    /// The note; `None` where it is missing or cannot be read.
    pub(super) async fn note(&self, key: &str) -> Result<Option<Note>> {
        let bytes = self.read(&format!("{key}{NOTE}")).await?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Everything that is there, the newest first.
    pub(super) async fn list(&self) -> Result<Vec<Entry>> {
        let mut entries = match &self.place {
            Place::Folder(path) => {
                let mut entries = Vec::new();
                collect(path, path, &mut entries).map_err(ExecError::file("read", path))?;
                entries
            }
            Place::Bucket { prefix, settings, .. } => {
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
        for name in [key.to_owned(), format!("{key}{NOTE}")] {
            match &self.place {
                Place::Folder(folder) => {
                    let path = folder.join(&name);
                    fs::remove_file_if_present(&path).map_err(ExecError::file("remove", &path))?;
                    // Folders that are empty now go, too; one that is not stays.
                    let above = path.ancestors().skip(1).take_while(|above| *above != folder.as_path());
                    let _: Vec<_> = above.map_while(|above| std::fs::remove_dir(above).ok()).collect();
                }
                Place::Bucket { settings, .. } => {
                    let shelf = self.app.shelf(self.owner, settings).await?;
                    bucket::delete(&shelf.reader(), &self.object(&name)).await?;
                }
            }
        }
        Ok(())
    }

    fn object(&self, key: &str) -> String {
        match &self.place {
            Place::Bucket { prefix, .. } if !prefix.is_empty() => format!("{prefix}/{key}"),
            _ => key.to_owned(),
        }
    }

    async fn write(&self, key: &str, content: Vec<u8>) -> Result<()> {
        match &self.place {
            Place::Folder(folder) => {
                let path = folder.join(key);
                let parent = path.parent().unwrap_or(folder);
                // A plan has secrets in it.
                fs::create_dirs(parent).map_err(ExecError::file("create", parent))?;
                fs::write_atomic(&path, &content, 0o600).map_err(ExecError::file("write", &path))?;
                Ok(())
            }
            Place::Bucket { settings, .. } => {
                let shelf = self.app.shelf(self.owner, settings).await?;
                Ok(bucket::put(&shelf.reader(), &self.object(key), content).await?)
            }
        }
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        match &self.place {
            Place::Folder(folder) => {
                let path = folder.join(key);
                match std::fs::read(&path) {
                    Ok(content) => Ok(Some(content)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(ExecError::file("read", &path)(error).into()),
                }
            }
            Place::Bucket { settings, .. } => {
                let shelf = self.app.shelf(self.owner, settings).await?;
                Ok(bucket::get(&shelf.reader(), &self.object(key)).await?)
            }
        }
    }
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
