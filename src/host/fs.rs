//! Files as credentials need them: private from their first moment, whole or absent.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// The content of a file that is one and no larger than `most`, links followed: a pipe would keep its reader for ever.
///
/// # Errors
/// It cannot be read, or is no such file, which is told as `otherwise`.
pub fn read_regular(path: &Path, most: u64, otherwise: &str) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new();
    file.read(true);
    // A pipe without a writer does not keep who opens it either.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut file, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let mut file = file.open(path)?;
    let about = file.metadata()?;
    if !about.is_file() || about.len() > most {
        return Err(io::Error::other(otherwise));
    }
    let mut content = Vec::new();
    io::Read::read_to_end(&mut file, &mut content)?;
    Ok(content)
}

/// The same of a text.
///
/// # Errors
/// As [`read_regular`], and what is no UTF-8.
pub fn read_text(path: &Path, most: u64, otherwise: &str) -> io::Result<String> {
    let content = read_regular(path, most, otherwise)?;
    String::from_utf8(content)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

/// Creates `path` and its missing parents with mode 0700, and narrows `path` itself if it was wider.
///
/// # Errors
/// Any failure of the system, and `PermissionDenied` when `path` is a symbolic link or belongs to another user.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    create_dirs(path)?;
    check_own_dir(path)
}

/// Creates `path` and its missing parents with mode 0700, whatever the umask: who is to keep secrets below finds them
/// safe. What is there already stays as it is.
#[cfg(unix)]
pub fn create_dirs(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
pub fn create_dirs(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// A new directory with mode 0700 below `parent`, which is removed when it is dropped.
///
/// # Errors
/// Any failure of the system.
pub fn private_temp_dir(parent: &Path, prefix: &str) -> io::Result<tempfile::TempDir> {
    let directory = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?;
    create_private_dir(directory.path())?;
    Ok(directory)
}

/// Refuses links and foreign owners; repairs a mode that lets others in.
#[cfg(unix)]
fn check_own_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let metadata = std::fs::symlink_metadata(path)?;
    let refuse = |why: &str| io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {why}", path.display()));
    if !metadata.is_dir() {
        return Err(refuse("is not a directory of its own (a link or a file)"));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refuse("belongs to another user"));
    }
    // A directory for everybody's files (`/tmp`) stays one, whatever leads here.
    let is_shared = metadata.mode() & 0o1000 != 0;
    if metadata.mode() & 0o077 != 0 && !is_shared {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_own_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes a file whole or not at all: temporary file in the same directory with `mode` at creation, fsync, rename.
pub fn write_atomic(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    replace(path, content, mode, true)
}

/// The same without waiting for the disk, for the many files of one command that can simply be made again.
///
/// # Errors
/// Any failure of the system.
pub fn write_again(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    replace(path, content, mode, false)
}

fn replace(path: &Path, content: &[u8], mode: u32, lasting: bool) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".atmos-").suffix(".tmp");
    // 0600 at creation; a wider mode is given only when the content is complete.
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(content)?;
    set_mode(file.as_file(), mode)?;
    if lasting {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes a file that the user named. A regular file is replaced whole, as [`write_atomic`] does it; a link, a device or
/// a pipe is written through, never replaced. What is private afterwards (`mode` without group and others) was narrowed
/// before the first byte.
///
/// # Errors
/// Any failure of the system; that a wider file cannot be narrowed is one.
pub fn write_named(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    match standard_stream(path) {
        // Opened anew it would be written from its beginning, over what others wrote to the same file.
        Some(Stream::Output) => return write_stream(io::stdout().lock(), content),
        Some(Stream::Error) => return write_stream(io::stderr().lock(), content),
        None => {}
    }
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => write_through(path, content, mode),
        _ => write_atomic(path, content, mode),
    }
}

/// Adds to the end of a file, which only its owner can read where it is new.
///
/// # Errors
/// Any failure of the system.
pub fn append_private(path: &Path, content: &[u8]) -> io::Result<()> {
    match standard_stream(path) {
        Some(Stream::Output) => return write_stream(io::stdout().lock(), content),
        Some(Stream::Error) => return write_stream(io::stderr().lock(), content),
        None => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

enum Stream {
    Output,
    Error,
}

/// The standard stream that a path stands for, directly or through links.
fn standard_stream(path: &Path) -> Option<Stream> {
    /// Longer chains of links end elsewhere.
    const LINKS: usize = 8;
    let mut path = clean(path);
    for _ in 0..LINKS {
        match path.to_str() {
            Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => return Some(Stream::Output),
            Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => return Some(Stream::Error),
            _ => {}
        }
        let target = std::fs::read_link(&path).ok()?;
        path = clean(&path.parent()?.join(target));
    }
    None
}

fn write_stream(mut stream: impl io::Write, content: &[u8]) -> io::Result<()> {
    stream.write_all(content)?;
    stream.flush()
}

fn write_through(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    narrow(&file, mode)?;
    file.write_all(content)
}

/// Takes from a regular file what `mode` does not allow, if it is to be private.
#[cfg(unix)]
fn narrow(file: &std::fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    let open = |mode: u32| mode & 0o077 != 0;
    if metadata.is_file() && !open(mode) && open(metadata.permissions().mode()) {
        set_mode(file, mode)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn narrow(_file: &std::fs::File, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &std::fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &std::fs::File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// That there is no such file, also since one of the levels above it is no directory.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Finds out whether something can be written into a directory, or into the nearest one above it that is there. Nothing of it is
/// left, not even where the process ends meanwhile.
///
/// # Errors
/// What a write there would end with.
pub fn try_writing(directory: &Path) -> io::Result<()> {
    // More than what a file system still finds room for in its own records.
    const MUCH: [u8; 1 << 14] = [0; 1 << 14];
    let there = directory.ancestors().find(|level| level.exists()).unwrap_or(directory);
    tempfile::tempfile_in(there)?.write_all(&MUCH)
}

/// Removes a file; that it was not there is fine. True when something was removed.
pub fn remove_file_if_present(path: &Path) -> io::Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Cleans a path of `.`, `..` and doubled separators without looking at the disk.
pub fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => {
                    cleaned.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => cleaned.push(".."),
            },
            other => cleaned.push(other),
        }
    }
    if cleaned.as_os_str().is_empty() { PathBuf::from(".") } else { cleaned }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn private_dir_is_narrowed_and_links_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let wide = temp.path().join("a/b");
        std::fs::create_dir_all(&wide).unwrap();
        std::fs::set_permissions(&wide, std::fs::Permissions::from_mode(0o755)).unwrap();
        create_private_dir(&wide).unwrap();
        assert_eq!(mode(&wide), 0o700);
        std::fs::set_permissions(&wide, std::fs::Permissions::from_mode(0o1777)).unwrap();
        create_private_dir(&wide).unwrap();
        assert_eq!(mode(&wide), 0o777, "everybody's");
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&wide, &link).unwrap();
        assert_eq!(create_private_dir(&link).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn write_atomic_sets_the_mode_and_replaces_whole_files() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("f");
        write_atomic(&path, b"one", 0o600).unwrap();
        write_atomic(&path, b"two", 0o600).unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (b"two".to_vec(), 0o600));
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1);
    }

    #[test]
    fn write_named_writes_through_links() {
        let temp = tempfile::tempdir().unwrap();
        let (target, link, plain) = (temp.path().join("target"), temp.path().join("link"), temp.path().join("plain"));
        std::fs::write(&target, "older and longer").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write_named(&link, b"x", 0o644).unwrap();
        write_named(&plain, b"y", 0o644).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!((std::fs::read(&target).unwrap(), std::fs::read(&plain).unwrap()), (b"x".to_vec(), b"y".to_vec()));
    }

    #[test]
    fn write_named_narrows_what_becomes_private_and_makes_what_a_link_promises() {
        let temp = tempfile::tempdir().unwrap();
        let (target, link) = (temp.path().join("target"), temp.path().join("link"));
        std::os::unix::fs::symlink("target", &link).unwrap();
        write_named(&link, b"first and long", 0o600).unwrap();
        assert_eq!(mode(&target), 0o600);
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o664)).unwrap();
        write_named(&link, b"open", 0o644).unwrap();
        assert_eq!((std::fs::read(&target).unwrap(), mode(&target)), (b"open".to_vec(), 0o664));
        write_named(&link, b"private", 0o600).unwrap();
        assert_eq!((std::fs::read(&target).unwrap(), mode(&target)), (b"private".to_vec(), 0o600));
    }

    #[test]
    fn standard_streams_are_known_by_every_name() {
        let temp = tempfile::tempdir().unwrap();
        let link = temp.path().join("out");
        std::os::unix::fs::symlink("/dev/stdout", &link).unwrap();
        for path in ["/dev/stdout", "/dev/../dev/fd/1", "/proc/self/fd/1", link.to_str().unwrap()] {
            assert!(matches!(standard_stream(Path::new(path)), Some(Stream::Output)), "{path}");
        }
        assert!(matches!(standard_stream(Path::new("/dev/stderr")), Some(Stream::Error)));
        assert!(standard_stream(temp.path()).is_none() && standard_stream(Path::new("/dev/null")).is_none());
    }

    #[test]
    fn clean_resolves_dots() {
        for (from, to) in [("/a/./b/../c", "/a/c"), ("../x/..", ".."), ("a/..", "."), ("/..", "/")] {
            assert_eq!(clean(Path::new(from)), PathBuf::from(to));
        }
    }
}
