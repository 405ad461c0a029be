//! What `scripts/bench` measures against: `bench floor DIRECTORY` reads and parses every YAML file of a repository once,
//! on one thread, with the program's own parser; `bench generate DIRECTORY STACKS` writes a repository.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

mod repository;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["floor", directory] => floor(Path::new(directory)),
        ["generate", directory, stacks] => match stacks.parse() {
            Ok(stacks) => repository::write(Path::new(directory), stacks).map(|files| format!("{} files", files.len())),
            Err(error) => Err(std::io::Error::other(error)),
        },
        _ => Err(std::io::Error::other("usage: bench floor DIRECTORY | bench generate DIRECTORY STACKS")),
    };
    match outcome {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn floor(root: &Path) -> std::io::Result<String> {
    let sources = atmos::span::Sources::new();
    let (mut files, mut bytes, mut faults) = (0, 0, 0);
    let mut open: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                let text: Arc<str> = Arc::from(std::fs::read_to_string(&path)?);
                (files, bytes) = (files + 1, bytes + text.len());
                // A file with templates may be no YAML; it was read all the same.
                faults += usize::from(atmos::yaml::parse(&sources, &path, root, text).is_err());
            }
        }
    }
    Ok(format!("{files} files, {bytes} bytes, {faults} that are no YAML"))
}
