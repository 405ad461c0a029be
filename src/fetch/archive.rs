//! Unpacking of archives: regular files only, none outside of the folder, within limits.

use std::io::{Cursor, Read};
use std::path::{Component, Path, PathBuf};

use super::error::Error;
use super::source::Format;
use crate::host::fs;

/// All files of one archive together.
const SIZE_LIMIT: u64 = 1 << 30;
const COUNT_LIMIT: usize = 100_000;

/// Puts the files of an archive into the empty `directory`.
pub(super) fn unpack(bytes: &[u8], format: Format, directory: &Path) -> Result<(), Error> {
    let mut budget = Budget { bytes: SIZE_LIMIT, files: COUNT_LIMIT };
    match format {
        Format::Tar => unpack_tar(bytes, directory, &mut budget),
        Format::TarGz => {
            // One byte more than allowed shows that it is too much, without unpacking it all.
            let limited = flate2::read::MultiGzDecoder::new(bytes).take(SIZE_LIMIT + 1);
            unpack_tar(limited, directory, &mut budget)
        }
        Format::Zip => unpack_zip(bytes, directory, &mut budget),
    }
}

struct Budget {
    bytes: u64,
    files: usize,
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::failed(format!("the archive cannot be read: {error}"))
}

fn unpack_tar(reader: impl Read, directory: &Path, budget: &mut Budget) -> Result<(), Error> {
    let mut archive = tar::Archive::new(reader);
    let mut links = Vec::new();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        check(&path)?;
        let kind = entry.header().entry_type();
        // Devices and the like are left out.
        if kind.is_file() {
            let mode = entry.header().mode().unwrap_or_default();
            write(directory, &path, &mut entry, budget)?;
            mark(&directory.join(&path), mode)?;
        } else if (kind.is_symlink() || kind.is_hard_link())
            && let Some(target) = entry.link_name().map_err(broken)?
        {
            // What a hard link leads to is named from the top, what a symbolic one does from its own folder.
            let base = if kind.is_hard_link() { Path::new("") } else { path.parent().unwrap_or(Path::new("")) };
            links.push(Link { file: fs::clean(&base.join(&target)), path: path.clone(), target: target.into_owned() });
        }
    }
    follow(directory, links, budget)
}

/// A link of an archive.
struct Link {
    path: PathBuf,
    /// As it is written in the archive.
    target: PathBuf,
    /// Where that is, from the top of the archive.
    file: PathBuf,
}

/// Makes links copies of the files of the same archive that they lead to. Others are links as those of a repository: who
/// reads what is unpacked decides how far it follows them.
fn follow(directory: &Path, mut links: Vec<Link>, budget: &mut Budget) -> Result<(), Error> {
    loop {
        let before = links.len();
        let mut rest = Vec::new();
        for link in links {
            let inside = check(&link.file).is_ok();
            let file = directory.join(&link.file);
            // A link to a link waits for that one.
            match std::fs::File::open(&file).ok().filter(|_| inside && file.is_file()) {
                Some(mut content) if !directory.join(&link.path).exists() => {
                    write(directory, &link.path, &mut content, budget)?;
                }
                Some(_) => {}
                None => rest.push(link),
            }
        }
        if rest.len() == before {
            // Last, so that nothing is written through one of them.
            return rest.iter().try_for_each(|link| keep(directory, link, budget));
        }
        links = rest;
    }
}

#[cfg(unix)]
fn keep(directory: &Path, link: &Link, budget: &mut Budget) -> Result<(), Error> {
    let place = directory.join(&link.path);
    let failed = |error: std::io::Error| Error::Cache { path: place.display().to_string(), reason: error.to_string() };
    let is_through_link = place.ancestors().skip(1).take_while(|above| *above != directory).any(Path::is_symlink);
    if is_through_link || place.symlink_metadata().is_ok() {
        return Ok(());
    }
    let too_many = || Error::Unsafe { reason: "the archive has more files than it may have".to_owned() };
    budget.files = budget.files.checked_sub(1).ok_or_else(too_many)?;
    if let Some(parent) = place.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::os::unix::fs::symlink(&link.target, &place).map_err(failed)
}

#[cfg(not(unix))]
fn keep(_directory: &Path, link: &Link, _budget: &mut Budget) -> Result<(), Error> {
    let (path, target) = (link.path.display(), link.target.display());
    Err(Error::Unsafe { reason: format!("its link `{path}` leads to `{target}`, which is none of its files") })
}

/// Keeps of the mode in an archive whether the file is a program.
#[cfg(unix)]
fn mark(file: &Path, mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    if mode & 0o111 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| Error::Cache { path: file.display().to_string(), reason: error.to_string() })
}

#[cfg(not(unix))]
fn mark(_file: &Path, _mode: u32) -> Result<(), Error> {
    Ok(())
}

fn unpack_zip(bytes: &[u8], directory: &Path, budget: &mut Budget) -> Result<(), Error> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        let path = Path::new(&*entry.name().map_err(broken)?).to_path_buf();
        check(&path)?;
        if entry.is_symlink() {
            let mut target = String::new();
            // The content of a link is where it leads; longer than this no path is.
            if (&mut entry).take(4096).read_to_string(&mut target).is_ok() {
                let file = fs::clean(&path.parent().unwrap_or(Path::new("")).join(&target));
                links.push(Link { file, path: path.clone(), target: target.into() });
            }
        } else if entry.is_file() {
            let mode = entry.unix_mode().unwrap_or_default();
            write(directory, &path, &mut entry, budget)?;
            mark(&directory.join(&path), mode)?;
        }
    }
    follow(directory, links, budget)
}

/// Refuses a path that would lead out of its folder.
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if inside && !path.to_string_lossy().contains('\\') {
        return Ok(());
    }
    Err(Error::Unsafe { reason: format!("it contains the path `{}`", path.display()) })
}

fn write(directory: &Path, path: &Path, content: &mut impl Read, budget: &mut Budget) -> Result<(), Error> {
    let target = directory.join(path);
    let failed = |error: std::io::Error| Error::Cache { path: target.display().to_string(), reason: error.to_string() };
    let too_large = || Error::Unsafe { reason: "the archive is larger than it may be when it is unpacked".to_owned() };
    budget.files = budget.files.checked_sub(1).ok_or_else(too_large)?;
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = std::fs::File::create(&target).map_err(failed)?;
    let written = std::io::copy(&mut content.take(budget.bytes + 1), &mut file).map_err(broken)?;
    budget.bytes = budget.bytes.checked_sub(written).ok_or_else(too_large)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn tar_of(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in entries {
            let mut header = tar::Header::new_old();
            // `set_path` would refuse the bad paths that the tests need.
            header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zip_of(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, text) in entries {
            writer.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn archives_of_every_format_are_unpacked() {
        let entries = [("a/b.yaml", "x: 1\n"), ("c.yaml", "y: 2\n")];
        let table = [
            (Format::Tar, tar_of(&entries)),
            (Format::TarGz, gzip(&tar_of(&entries))),
            (Format::Zip, zip_of(&entries)),
        ];
        for (format, bytes) in table {
            let temp = tempfile::tempdir().unwrap();
            unpack(&bytes, format, temp.path()).unwrap();
            assert_eq!(std::fs::read_to_string(temp.path().join("a/b.yaml")).unwrap(), "x: 1\n", "{format:?}");
            assert_eq!(std::fs::read_to_string(temp.path().join("c.yaml")).unwrap(), "y: 2\n", "{format:?}");
        }
    }

    #[test]
    fn paths_that_lead_outside_are_refused() {
        for path in ["../evil.yaml", "/etc/evil.yaml", "a/../../evil.yaml"] {
            for (format, bytes) in [(Format::Tar, tar_of(&[(path, "x")])), (Format::Zip, zip_of(&[(path, "x")]))] {
                let temp = tempfile::tempdir().unwrap();
                let folder = temp.path().join("in");
                std::fs::create_dir(&folder).unwrap();
                let error = unpack(&bytes, format, &folder).unwrap_err();
                assert!(matches!(error, Error::Unsafe { .. }), "{path} {format:?}: {error}");
                assert!(!temp.path().join("evil.yaml").exists());
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_files_and_programs_stay_programs() {
        use std::os::unix::fs::PermissionsExt as _;
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        header.set_mode(0o750);
        header.set_cksum();
        builder.append_data(&mut header, "bin/run", &b"x"[..]).unwrap();
        for (path, target) in [
            ("again", "one"),
            ("one", "bin/run"),
            ("out", "../../etc/passwd"),
            ("gone", "nowhere"),
            ("programs", "bin"),
            ("out/x", "../bin/run"),
            ("programs/y", "nowhere"),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, path, target).unwrap();
        }
        let temp = tempfile::tempdir().unwrap();
        unpack(&builder.into_inner().unwrap(), Format::Tar, temp.path()).unwrap();
        let mode = temp.path().join("bin/run").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(std::fs::read(temp.path().join("again")).unwrap(), b"x");
        assert!(!temp.path().join("one").is_symlink() && temp.path().join("programs").is_symlink());
        assert_eq!(std::fs::read(temp.path().join("programs/run")).unwrap(), b"x");
        assert!(!temp.path().join("bin/y").is_symlink(), "nothing is written through a link");
        // A folder has the name already.
        assert!(temp.path().join("out").is_dir() && !temp.path().join("out").is_symlink());
        assert_eq!(std::fs::read_link(temp.path().join("gone")).unwrap(), Path::new("nowhere"));
    }

    #[test]
    fn garbage_is_an_error() {
        for format in [Format::TarGz, Format::Zip] {
            let temp = tempfile::tempdir().unwrap();
            assert!(unpack(b"nonsense", format, temp.path()).is_err(), "{format:?}");
        }
    }

    #[test]
    fn what_grows_beyond_its_budget_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let mut budget = Budget { bytes: 3, files: 1 };
        let error = write(temp.path(), Path::new("a"), &mut &b"1234"[..], &mut budget).unwrap_err();
        assert!(matches!(error, Error::Unsafe { .. }));
        assert!(write(temp.path(), Path::new("b"), &mut &b"1"[..], &mut budget).is_err());
    }
}
