//! Files that a run writes into a component's folder: whole or not at all, readable by their owner only.

use std::path::{Component, Path, PathBuf};

use super::Error;
use crate::host::fs;
use crate::value::Node;

/// Mode of everything that may carry a value of the stack: varfiles, backend, overrides.
pub const PRIVATE: u32 = 0o600;
/// Mode of files that the user asked to generate into the folder.
pub const ORDINARY: u32 = 0o644;

/// One file, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Name relative to the component's folder.
    pub name: String,
    pub content: String,
    pub mode: u32,
}

/// What became of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Created,
    Updated,
    Unchanged,
}

impl File {
    /// A JSON file of a node: 2 spaces, sorted keys, nulls kept.
    pub fn json(name: impl Into<String>, node: &Node) -> File {
        File { name: name.into(), content: crate::yaml::emit_json(node), mode: PRIVATE }
    }

    /// A JSON file: 2 spaces, sorted keys, no HTML escapes.
    pub fn from_json(name: impl Into<String>, json: &serde_json::Value) -> File {
        let mut content = format!("{:#}", sorted(json));
        content.push('\n');
        File { name: name.into(), content, mode: PRIVATE }
    }

    /// Writes the file below `folder`, making its parent directories. An equal file is left alone, apart from its mode.
    ///
    /// # Errors
    /// [`Error::GenerateName`] for a name that leaves the folder, [`Error::File`] for anything of the system.
    pub fn write(&self, folder: &Path) -> Result<Written, Error> {
        self.put(&inside(folder, &self.name)?, fs::write_atomic)
    }

    /// The file is there as it would be written.
    pub fn is_current(&self, folder: &Path) -> bool {
        inside(folder, &self.name).is_ok_and(|path| self.is_at(&path))
    }

    fn is_at(&self, path: &Path) -> bool {
        std::fs::read(path).is_ok_and(|present| present == self.content.as_bytes()) && mode_is(path, self.mode)
    }

    fn put(&self, path: &Path, write: fn(&Path, &[u8], u32) -> std::io::Result<()>) -> Result<Written, Error> {
        let present = std::fs::read(path).ok();
        if present.as_deref() == Some(self.content.as_bytes()) && mode_is(path, self.mode) {
            return Ok(Written::Unchanged);
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        write(path, self.content.as_bytes(), self.mode).map_err(Error::file("write", path))?;
        Ok(if present.is_some() { Written::Updated } else { Written::Created })
    }
}

impl File {
    /// Writes the content to a place of the user's choice. A link or a device such as `/dev/stdout` is written through,
    /// never replaced.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write_to(&self, path: &Path) -> Result<(), Error> {
        self.write_at(path, fs::write_atomic)
    }

    /// The same for one of many files, without waiting for the disk.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write_among_many(&self, path: &Path) -> Result<(), Error> {
        self.write_at(path, fs::write_again)
    }

    fn write_at(&self, path: &Path, write: fn(&Path, &[u8], u32) -> std::io::Result<()>) -> Result<(), Error> {
        if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return fs::write_named(path, self.content.as_bytes(), self.mode).map_err(Error::file("write", path));
        }
        self.put(path, write).map(drop)
    }
}

/// Removes a file of the folder; that it is not there is fine.
///
/// # Errors
/// [`Error::File`].
pub fn remove(folder: &Path, name: &str) -> Result<bool, Error> {
    let path = folder.join(name);
    fs::remove_file_if_present(&path).map_err(Error::file("remove", &path))
}

/// Refuses a name that would lead out of the folder.
///
/// # Errors
/// [`Error::GenerateName`].
pub fn check_name(folder: &Path, name: &str) -> Result<(), Error> {
    inside(folder, name).map(drop)
}

/// Makes a file that another program wrote readable by its owner only; that it is not there is fine.
///
/// # Errors
/// [`Error::File`].
#[cfg(unix)]
pub fn narrow(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::set_permissions(path, std::fs::Permissions::from_mode(PRIVATE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file("narrow", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub fn narrow(_path: &Path) -> Result<(), Error> {
    Ok(())
}

/// `name` below `folder`, refused when it would lead out of it.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let mut components = Path::new(name).components().peekable();
    let stays = components.peek().is_some()
        && components.all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    let path = folder.join(name);
    if stays && !leads_out(folder, &path) { Ok(path) } else { Err(Error::GenerateName { name: name.to_owned() }) }
}

/// A link among the folders on the way leads out of the folder.
fn leads_out(folder: &Path, path: &Path) -> bool {
    let ways = path.ancestors().skip(1).take_while(|above| *above != folder);
    ways.filter(|above| above.is_symlink()).any(|link| match (folder.canonicalize(), link.canonicalize()) {
        (Ok(folder), Ok(real)) => !real.starts_with(folder),
        _ => true,
    })
}

#[cfg(unix)]
fn mode_is(path: &Path, mode: u32) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o777 == mode)
}

#[cfg(not(unix))]
fn mode_is(_path: &Path, _mode: u32) -> bool {
    true
}

/// An empty file that only its owner reads, with the directory that it is in; one that is there keeps its mode.
pub(super) fn open_private(path: &Path) -> Result<std::fs::File, Error> {
    if let Some(parent) = path.parent() {
        fs::create_dirs(parent).map_err(Error::file("create", parent))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    options.open(path).map_err(Error::file("open", path))
}

pub(super) fn open_for_append(path: &Path) -> Result<std::fs::File, Error> {
    std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(Error::file("open", path))
}

/// The same JSON with the keys of every object sorted bytewise.
pub(super) fn sorted(json: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match json {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|left, right| left.0.cmp(right.0));
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_sorted_indented_and_not_escaped() {
        let file = File::from_json("v.json", &json!({"b": null, "a": {"z": "<&>", "y": []}}));
        assert_eq!(file.content, "{\n  \"a\": {\n    \"y\": [],\n    \"z\": \"<&>\"\n  },\n  \"b\": null\n}\n");
    }

    #[test]
    fn q15_parents_are_made_and_names_that_leave_the_folder_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let file = |name: &str| File { name: name.to_owned(), content: "x".to_owned(), mode: ORDINARY };
        assert_eq!(file("sub/a.tf").write(temp.path()).unwrap(), Written::Created);
        assert_eq!(file("sub/a.tf").write(temp.path()).unwrap(), Written::Unchanged);
        for name in ["../x", "/etc/x", "a/../../x", ""] {
            assert!(matches!(file(name).write(temp.path()), Err(Error::GenerateName { .. })), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_wide_file_is_narrowed_even_when_its_content_is_right() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let file = File::from_json("v.json", &json!({}));
        std::fs::write(temp.path().join("v.json"), &file.content).unwrap();
        assert_eq!(file.write(temp.path()).unwrap(), Written::Updated);
        assert_eq!(std::fs::metadata(temp.path().join("v.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
