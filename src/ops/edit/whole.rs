//! Files whose values belong to nobody in particular: what is asked for is a path in the file.

use std::path::{Path, PathBuf};

use super::file::{Done, File, shown};
use super::format::formatted;
use super::paths::{PathRow, add_file, chosen};
use super::value::{Said, Type, type_of, value};
use crate::diag::Result;
use crate::ops::App;
use crate::ops::explain::parse;
use crate::value::Node;

/// The value at a path of a file, as it is written.
///
/// # Errors
/// The file cannot be read, or the path is none.
pub(in crate::ops) fn value_in(app: &App, file: &Path, path: &str) -> Result<Option<Node>> {
    let steps = parse(path)?;
    let file = File::open(&app.host, file)?;
    // A file that cannot be parsed says so with the place.
    file.document()?;
    Ok(file.get(&steps))
}

/// Sets the value at a path of a file, or removes it. What is new is a text unless somebody says otherwise.
///
/// # Errors
/// What [`Error`](super::Error) says of the file.
pub(in crate::ops) fn change_in(app: &App, file: &Path, path: &str, new: Option<(&str, Type)>) -> Result<Done> {
    let steps = parse(path)?;
    let file = File::open(&app.host, file)?;
    let Some((text, asked)) = new else { return file.delete(path, &steps) };
    let there = file.get(&steps);
    let mut known: Vec<Said> = Vec::new();
    known.extend(there.map(|node| Said { type_: type_of(&node), who: "the value that is there has this type" }));
    known.push(Said { type_: Type::String, who: "values of this file are texts" });
    file.set(path, &steps, &value(path, text, asked, &known)?)
}

/// Every path that the files set, by file and path.
///
/// # Errors
/// A file that cannot be read.
pub(in crate::ops) fn paths_in(app: &App, files: &[PathBuf], pattern: Option<&str>) -> Result<Vec<PathRow>> {
    let mut rows = Vec::new();
    for file in files {
        let document = File::open(&app.host, file)?.document()?;
        add_file(&shown(&app.host, file), &document, &mut rows);
    }
    Ok(chosen(rows, pattern))
}

/// Lays files out anew. With `check` nothing is written.
///
/// # Errors
/// What cannot be read or written. Files before it are written already.
pub(in crate::ops) fn format_files(app: &App, files: &[PathBuf], check: bool) -> Result<Vec<Done>> {
    files.iter().map(|file| formatted(app, file, check)).collect()
}
