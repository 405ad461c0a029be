//! What is fetched from a bucket: one object, an archive, or everything in a folder.

use std::path::Path;

use super::archive;
use super::error::Error;
use super::object::{Object, Store};
use super::source::Format;
use super::tree::EXTENSIONS;
use super::{gcs, s3};
use crate::host::Host;

/// One object that is no archive.
const FILE_LIMIT: usize = 16 << 20;
/// A packed archive, or all files of a folder together.
const LIMIT: usize = 256 << 20;
/// Objects below one folder.
const COUNT_LIMIT: usize = 10_000;

/// Someone who keeps objects.
pub(super) trait Keeper {
    /// The content of an object; `None` when there is none of this key.
    fn get(&mut self, key: &str, version: Option<&str>, limit: usize) -> Result<Option<Vec<u8>>, Error>;
    /// The keys that begin with `prefix`, at most `limit`, and whether there are more.
    fn list(&mut self, prefix: &str, limit: usize) -> Result<(Vec<String>, bool), Error>;
}

/// Puts what the address means into the empty `directory`. `file` is the name for a single object.
pub(super) fn fetch(
    host: &Host,
    (object, query): (&Object, &str),
    (format, sub): (Option<Format>, &str),
    file: &str,
    directory: &Path,
) -> Result<(), Error> {
    let mut keeper: Box<dyn Keeper> = match object.store {
        Store::S3 => Box::new(s3::Client::new(host, object, query)?),
        Store::Gcs => Box::new(gcs::Client::new(host, object)),
    };
    let is_single = format.is_some() || sub.is_empty() && !object.key.is_empty() && !object.key.ends_with('/');
    if is_single {
        let limit = if format.is_some() { LIMIT } else { FILE_LIMIT };
        let content = keeper.get(&object.key, object.version.as_deref(), limit)?;
        match (content, format) {
            (Some(bytes), Some(format)) => return archive::unpack(&bytes, format, directory),
            (Some(bytes), None) => return write(directory, file, &bytes),
            (None, Some(_)) => return Err(missing(object)),
            (None, None) => {}
        }
    }
    folder(&mut *keeper, object, sub, directory)
}

fn folder(keeper: &mut dyn Keeper, object: &Object, sub: &str, directory: &Path) -> Result<(), Error> {
    let prefix = match object.key.trim_end_matches('/') {
        "" => String::new(),
        key => format!("{key}/"),
    };
    let (keys, more) = keeper.list(&prefix, COUNT_LIMIT)?;
    if more {
        return Err(Error::Unsafe { reason: format!("there are more than {COUNT_LIMIT} objects below `{prefix}`") });
    }
    let mut left = LIMIT;
    let mut found = false;
    for key in keys {
        let Some(path) = key.strip_prefix(&prefix).filter(|path| !path.is_empty() && !path.ends_with('/')) else {
            continue;
        };
        // Manifests, and the one file that the address names.
        if path != sub.trim_start_matches('/') && !EXTENSIONS.iter().any(|end| path.ends_with(end)) {
            continue;
        }
        archive::check(Path::new(path))?;
        if let Some(bytes) = keeper.get(&key, None, FILE_LIMIT.min(left))? {
            left -= bytes.len();
            write(directory, path, &bytes)?;
            found = true;
        }
    }
    if found { Ok(()) } else { Err(missing(object)) }
}

fn missing(object: &Object) -> Error {
    Error::NotFound { pattern: format!("{}/{}", object.bucket, object.key) }
}

pub(super) fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = directory.join(name);
    let failed = |error: std::io::Error| Error::Cache { path: path.display().to_string(), reason: error.to_string() };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(&path, bytes).map_err(failed)
}
