//! Reading files that must be ours: no links, no foreign owners, no special files, no wide modes. Row 5.

use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::Error;
use crate::host::fs;

/// Larger than anything that is kept here; a bigger file is not one of ours.
const LARGEST: u64 = 1024 * 1024;

/// Content of a file of ours; `None` when there is no file. A mode that lets others in is narrowed to 0600: whatever is
/// read here is sealed, so the content is not lost by it.
///
/// # Errors
/// [`Error::NotOurs`] for links, foreign owners, special and huge files; [`Error::Io`] for the rest.
pub(in crate::auth) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let mut file = match open(path) {
        Ok(file) => file,
        Err(error) if fs::is_absent(&error) => return Ok(None),
        Err(error) => {
            check(path)?;
            return Err(Error::io("read", path, error));
        }
    };
    let metadata = file.metadata().map_err(|error| Error::io("read", path, error))?;
    verify(path, &metadata)?;
    narrow(&file, &metadata).map_err(|error| Error::io("narrow the mode of", path, error))?;
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0)));
    file.read_to_end(&mut content).map_err(|error| Error::io("read", path, error))?;
    Ok(Some(content))
}

/// That `path` is absent or a file of ours, so that it may be replaced or removed.
pub(in crate::auth) fn check(path: &Path) -> Result<(), Error> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => verify(path, &metadata),
        Err(error) if fs::is_absent(&error) => Ok(()),
        Err(error) => Err(Error::io("look at", path, error)),
    }
}

fn verify(path: &Path, metadata: &std::fs::Metadata) -> Result<(), Error> {
    let refuse = |why| Err(Error::NotOurs { path: path.to_path_buf(), why });
    if !metadata.is_file() {
        return refuse("it is a link or not a regular file");
    }
    if foreign(metadata) {
        return refuse("it belongs to another user");
    }
    if metadata.len() > LARGEST {
        return refuse("it is too large");
    }
    Ok(())
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    // Not through a link, and without waiting for the other end of a pipe.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<std::fs::File> {
    std::fs::File::open(path)
}

#[cfg(unix)]
pub(in crate::auth) fn foreign(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() != rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
pub(in crate::auth) fn foreign(_metadata: &std::fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn narrow(file: &std::fs::File, metadata: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    if metadata.mode() & 0o077 != 0 {
        tracing::debug!(mode = format!("{:o}", metadata.mode() & 0o777), "others could read it; narrowed to 600");
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn narrow(_file: &std::fs::File, _metadata: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn read_narrows_a_wide_file_and_tolerates_absence() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("f");
        assert!(read(&path).unwrap().is_none());
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"x");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn read_refuses_links_directories_and_huge_files() {
        let temp = tempfile::tempdir().unwrap();
        let target = temp.path().join("target");
        std::fs::write(&target, "x").unwrap();
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let huge = temp.path().join("huge");
        std::fs::File::create(&huge).unwrap().set_len(LARGEST + 1).unwrap();
        for path in [link.as_path(), temp.path(), huge.as_path()] {
            assert!(matches!(read(path), Err(Error::NotOurs { .. })), "{}", path.display());
            assert!(matches!(check(path), Err(Error::NotOurs { .. })), "{}", path.display());
        }
    }

    #[test]
    fn read_does_not_wait_for_the_writer_of_a_pipe() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("pipe");
        duct::cmd!("mkfifo", &path).run().unwrap();
        assert!(matches!(read(&path), Err(Error::NotOurs { .. })));
    }
}
