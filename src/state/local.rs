//! The local backend: files beside the component.

use std::path::PathBuf;

use super::error::Error;
use super::reader::Reader;

/// The file of the state. `path` counts for the workspace `default` only, as for terraform.
fn file(reader: &Reader<'_>) -> PathBuf {
    let settings = reader.backend("local");
    let relative = match reader.named_workspace() {
        None => settings.text("path").map_or_else(|| PathBuf::from("terraform.tfstate"), PathBuf::from),
        Some(workspace) => {
            let folder = settings.text("workspace_dir").unwrap_or_else(|| "terraform.tfstate.d".to_owned());
            PathBuf::from(folder).join(workspace).join("terraform.tfstate")
        }
    };
    reader.folder.join(relative)
}

pub(super) fn place(reader: &Reader<'_>) -> String {
    let file = file(reader);
    format!("the state {}", file.strip_prefix(&reader.host.cwd).unwrap_or(&file).display())
}

pub(super) fn read(reader: &Reader<'_>) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(file(reader)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(Error::Denied {
            place: place(reader),
            answer: error.to_string(),
            help: "run this as the user who owns the file".to_owned(),
        }),
        Err(error) => Err(Error::Refused {
            place: place(reader),
            answer: error.to_string(),
            help: "check the path of the local backend".to_owned(),
        }),
    }
}
