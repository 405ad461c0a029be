//! Packs a folder or a file: zip, tar, tar with gzip.

use std::collections::HashSet;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use super::At;
use super::entries::{Choice, Entry, Times};
use crate::diag::Result;
use crate::host::fs;
use crate::step::{self, Archive};
use crate::value::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Zip,
    Tar,
    TarGz,
}

type Packed = std::result::Result<Vec<u8>, String>;

/// Packs what the step says into its destination, which is there as a whole or not at all.
///
/// # Errors
/// What cannot be read or written, and what no archive can be made of.
pub(in super::super) fn archive(at: &At<'_>, wanted: &Archive) -> Result<step::Outcome> {
    let (source, destination) = (at.render(&at.step.command)?, at.render(&wanted.destination)?);
    let (from, to) = (at.path(&source), at.path(&destination));
    let given = wanted.format.as_deref().map(|text| at.render(text)).transpose()?;
    let failed = |reason: String| at.failed(reason, "correct it there; nothing was written");
    let format = format(given.as_deref(), &destination).map_err(failed)?;
    if wanted.update && format == Format::TarGz {
        let reason = "`action: update` cannot add to a compressed tar".to_owned();
        return Err(at.failed(reason, "leave it out, or write a zip or a tar").into());
    }
    let times = match at.render(&wanted.mtime)?.as_str() {
        "" | "filesystem" => Times::Files,
        "epoch" => Times::Epoch,
        "git" => Times::Git,
        other => {
            let reason = format!("`mtime` is `{other}`, but it must be filesystem, epoch or git");
            return Err(failed(reason).into());
        }
    };
    let (include, exclude) = (at.rendered(&wanted.include)?, at.rendered(&wanted.exclude)?);
    let subpath = at.render(&wanted.subpath)?;
    let choice =
        Choice { source: &from, destination: &to, subpath: &subpath, include: &include, exclude: &exclude, times };
    let entries = choice.entries(&at.app.host).map_err(failed)?;
    let before = if wanted.update { existing(&to).map_err(failed)? } else { None };
    let packed = match format {
        Format::Zip => zipped(&entries, before.as_deref()),
        Format::Tar => tarred(&entries, before.as_deref()),
        Format::TarGz => tarred(&entries, None).and_then(|tar| compressed(&tar)),
    };
    let packed = packed.map_err(failed)?;
    let written = to.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = written.and_then(|()| fs::write_named(&to, &packed, 0o644));
    written.map_err(|error| failed(format!("{} cannot be written: {error}", to.display())))?;
    at.app.host.talk.info(format!("{destination}: {} files", entries.len()));
    let action = if wanted.update { "update" } else { "replace" };
    let more = vec![
        ("action", Node::from(action)),
        ("destination", Node::from(destination.as_str())),
        ("source", Node::from(source.as_str())),
    ];
    Ok(step::Outcome { value: destination, more, ..step::Outcome::default() })
}

/// The format that is given, else the one that the name says.
fn format(given: Option<&str>, destination: &str) -> std::result::Result<Format, String> {
    let name = destination.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let text = match given.filter(|text| !text.is_empty()) {
        Some(text) => text,
        None if ends(&[".zip"]) => "zip",
        None if ends(&[".tar"]) => "tar",
        None if ends(&[".tar.gz", ".tgz"]) => "tgz",
        None if ends(&[".tar.bz2", ".tbz2"]) => "tar.bz2",
        None if ends(&[".tar.xz", ".txz"]) => "tar.xz",
        None => return Err(format!("the name `{destination}` does not say which format; set `format`")),
    };
    match text {
        "zip" => Ok(Format::Zip),
        "tar" => Ok(Format::Tar),
        "tgz" | "tar.gz" => Ok(Format::TarGz),
        other => Err(format!("the format `{other}` cannot be written; zip, tar and tgz can")),
    }
}

fn existing(path: &Path) -> std::result::Result<Option<Vec<u8>>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

fn content(entry: &Entry) -> Packed {
    std::fs::read(&entry.path).map_err(|error| format!("{} cannot be read: {error}", entry.path.display()))
}

fn broken(error: impl std::fmt::Display) -> String {
    format!("the archive cannot be made: {error}")
}

fn names(entries: &[Entry]) -> HashSet<&str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

fn zipped(entries: &[Entry], before: Option<&[u8]>) -> Packed {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    if let Some(before) = before {
        let mut old = zip::ZipArchive::new(Cursor::new(before)).map_err(broken)?;
        let replaced = names(entries);
        for index in 0..old.len() {
            let file = old.by_index_raw(index).map_err(broken)?;
            let stays = !file.name().is_ok_and(|name| replaced.contains(&*name));
            if stays {
                writer.raw_copy_file(file).map_err(broken)?;
            }
        }
    }
    for entry in entries {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .last_modified_time(zip_time(entry.time))
            .unix_permissions(entry.mode);
        writer.start_file(entry.name.as_str(), options).map_err(broken)?;
        writer.write_all(&content(entry)?).map_err(broken)?;
    }
    Ok(writer.finish().map_err(broken)?.into_inner())
}

/// The time in UTC; a zip tells only those from 1980 on.
fn zip_time(seconds: i64) -> zip::DateTime {
    let read = || {
        let time = jiff::Timestamp::from_second(seconds).ok()?.to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let part = |number: i8| u8::try_from(number).ok();
        let year = u16::try_from(time.year()).ok()?;
        let (month, day, hour) = (part(time.month())?, part(time.day())?, part(time.hour())?);
        zip::DateTime::from_date_and_time(year, month, day, hour, part(time.minute())?, part(time.second())?).ok()
    };
    read().unwrap_or_default()
}

fn tarred(entries: &[Entry], before: Option<&[u8]>) -> Packed {
    let mut builder = tar::Builder::new(Vec::new());
    if let Some(before) = before {
        let mut old = tar::Archive::new(before);
        let replaced = names(entries);
        for file in old.entries().map_err(broken)? {
            let mut file = file.map_err(broken)?;
            let path = file.path().map_err(broken)?.into_owned();
            if !path.to_str().is_some_and(|name| replaced.contains(name)) {
                let mut header = file.header().clone();
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(broken)?;
                builder.append_data(&mut header, &path, bytes.as_slice()).map_err(broken)?;
            }
        }
    }
    for entry in entries {
        let bytes = content(entry)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(entry.mode);
        header.set_mtime(u64::try_from(entry.time).unwrap_or_default());
        builder.append_data(&mut header, &entry.name, bytes.as_slice()).map_err(broken)?;
    }
    builder.into_inner().map_err(broken)
}

fn compressed(tar: &[u8]) -> Packed {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(tar).map_err(broken)?;
    writer.finish().map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_format() {
        assert_eq!(format(None, "a/B.ZIP"), Ok(Format::Zip));
        assert_eq!(format(None, "a.tar.gz"), Ok(Format::TarGz));
        assert_eq!(format(Some("tar"), "a.zip"), Ok(Format::Tar));
        assert!(format(None, "a.txz").unwrap_err().contains("tar.xz"));
        assert!(format(None, "a").unwrap_err().contains("`format`"));
    }

    #[test]
    fn what_is_there_stays_in_an_update() {
        let temp = tempfile::tempdir().unwrap();
        let entry = |name: &str, text: &str| {
            let path = temp.path().join(format!("{name}{text}"));
            std::fs::write(&path, text).unwrap();
            Entry { path, name: name.to_owned(), time: 315_532_800, mode: 0o644 }
        };
        let (before, after) = ([entry("a", "1"), entry("b", "2")], [entry("b", "3")]);
        let first = zipped(&before, None).unwrap();
        assert_eq!(zipped(&before, None).unwrap(), first);
        let packed = zipped(&after, Some(&first)).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(&packed)).unwrap();
        let mut text = String::new();
        zip.by_name("b").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((zip.len(), text.as_str()), (2, "3"));
        let packed = tarred(&after, Some(&tarred(&before, None).unwrap())).unwrap();
        let mut tar = tar::Archive::new(packed.as_slice());
        let names = tar.entries().unwrap().map(|file| file.unwrap().path().unwrap().display().to_string());
        assert_eq!(names.collect::<Vec<_>>(), ["a", "b"]);
    }
}
