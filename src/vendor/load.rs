//! Where the manifest is, and everything that it imports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::error::Error;
use super::manifest::{Manifest, Source, check_names};
use super::reader::shown;
use crate::config::Config;
use crate::host::{Host, fs};
use crate::span::Span;
use crate::value::Node;

/// Chains of imports end here at the latest.
const DEPTH: usize = 32;

/// Where the manifest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// A file, or a folder of them.
    There(PathBuf),
    /// `vendor.base_path` names this, and there is nothing.
    Missing(PathBuf),
    Nowhere,
}

/// All sources, with what they need to be understood.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The manifest, or the folder of manifests.
    pub main: PathBuf,
    /// What relative paths of sources and targets are against, whichever file has them.
    pub directory: PathBuf,
    /// Every file that was read, in reading order, the main one first.
    pub files: Vec<PathBuf>,
    /// In the order in which they are installed: imports before what imports them.
    pub sources: Vec<Source>,
}

/// Looks for the manifest: `--file`, else `vendor.base_path`, else `vendor.yaml` here, else below the base path.
pub fn find(host: &Host, config: &Config, given: Option<&Path>) -> Where {
    let checked = |path: PathBuf| if path.exists() { Where::There(path) } else { Where::Missing(path) };
    if let Some(given) = given {
        return checked(host.absolute(given));
    }
    let setting = config.document.get_path(["vendor", "base_path"]).and_then(Node::as_str);
    if let Some(setting) = setting.filter(|setting| !setting.is_empty()) {
        return checked(fs::clean(&config.base_path.join(setting)));
    }
    let places = [&host.cwd, &config.base_path];
    let files = places.iter().flat_map(|place| ["vendor.yaml", "vendor.yml"].map(|name| place.join(name)));
    files.into_iter().find(|file| file.is_file()).map_or(Where::Nowhere, Where::There)
}

/// Reads the manifest and everything that it imports.
///
/// # Errors
/// A file that cannot be read or used, an import that leads nowhere or in circles, two sources of one name.
pub fn load(host: &Host, config: &Config, main: &Path) -> Result<Loaded, Error> {
    let mut files = vec![main.to_owned()];
    if main.is_dir() {
        files = manifests_in(main)?;
        if files.is_empty() {
            return Err(Error::EmptyFolder { path: shown(host, main) });
        }
    }
    let directory = main.parent().unwrap_or(main).to_owned();
    let mut walk = Walk { host, config, seen: BTreeSet::new(), files: Vec::new(), sources: Vec::new() };
    let mut own = Vec::new();
    let mut imports: Vec<(PathBuf, String, Span)> = Vec::new();
    for file in &files {
        walk.seen.insert(file.clone());
        let manifest = Manifest::read(host, file)?;
        walk.files.push(file.clone());
        for (path, span) in manifest.imports {
            // Files of one folder may import the same thing.
            if !imports.iter().any(|(_, known, _)| *known == path) || files.len() == 1 {
                imports.push((file.clone(), path, span));
            }
        }
        own.extend(manifest.sources);
    }
    check_names(host, own.iter(), None)?;
    for (file, path, span) in &imports {
        walk.import(file, path, *span, 1)?;
    }
    walk.sources.extend(own);
    check_names(host, walk.sources.iter(), Some(main))?;
    Ok(Loaded { main: main.to_owned(), directory, files: walk.files, sources: walk.sources })
}

fn manifests_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(Error::file("read", folder))?;
    let is_manifest = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") && path.is_file()
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_manifest).collect();
    files.sort();
    Ok(files)
}

struct Walk<'a> {
    host: &'a Host,
    config: &'a Config,
    seen: BTreeSet<PathBuf>,
    files: Vec<PathBuf>,
    sources: Vec<Source>,
}

impl Walk<'_> {
    fn import(&mut self, by: &Path, written: &str, span: Span, depth: usize) -> Result<(), Error> {
        let shown_by = shown(self.host, by);
        if depth > DEPTH {
            let reason = format!("the imports of '{shown_by}' are nested deeper than {DEPTH} levels");
            return Err(Error::manifest(self.host, span, reason, "import the files from fewer levels"));
        }
        let is_pattern = written.contains(['*', '?', '[', '{']);
        let found = if is_pattern { self.matches(by, written, span)? } else { self.named(by, written, span)? };
        for file in found {
            if !self.seen.insert(file.clone()) {
                // A pattern means whatever is not there yet.
                if is_pattern {
                    continue;
                }
                let reason = if file == by {
                    format!("vendor config file imports itself in 'spec.imports' file '{shown_by}'")
                } else {
                    format!(
                        "Duplicate import '{written}' in the vendor config file '{shown_by}'. It was already imported in the import chain"
                    )
                };
                return Err(Error::manifest(self.host, span, reason, "remove one of the imports"));
            }
            let manifest = Manifest::read(self.host, &file)?;
            check_names(self.host, manifest.sources.iter(), None)?;
            self.files.push(file.clone());
            for (path, span) in &manifest.imports {
                self.import(&file, path, *span, depth + 1)?;
            }
            self.sources.extend(manifest.sources);
        }
        Ok(())
    }

    /// The places that a relative import may mean, the best one first.
    fn places(&self, by: &Path) -> [PathBuf; 3] {
        [by.parent().unwrap_or(by).to_owned(), self.config.base_path.clone(), self.host.cwd.clone()]
    }

    fn named(&self, by: &Path, written: &str, span: Span) -> Result<Vec<PathBuf>, Error> {
        for place in self.places(by) {
            let path = fs::clean(&place.join(written));
            if path.is_dir() {
                return manifests_in(&path);
            }
            for ending in ["", ".yaml", ".yml"] {
                let file = PathBuf::from(format!("{}{ending}", path.display()));
                if file.is_file() {
                    return Ok(vec![file]);
                }
            }
        }
        let reason = format!("the import '{written}' of '{}' does not exist", shown(self.host, by));
        let help = "a path is looked for beside the importing file, then below the base path; `.yaml` may be left away";
        Err(Error::manifest(self.host, span, reason, help))
    }

    fn matches(&self, by: &Path, written: &str, span: Span) -> Result<Vec<PathBuf>, Error> {
        let fails = |reason: String| {
            Error::manifest(self.host, span, reason, "correct the pattern, or remove it from `spec.imports`")
        };
        let glob = GlobBuilder::new(written.trim_start_matches("./")).literal_separator(true).build();
        let glob = glob.map_err(|error| fails(format!("`{written}` is no pattern: {error}")))?.compile_matcher();
        for place in self.places(by) {
            let top = place.join(fixed_part(written));
            let mut found = Vec::new();
            collect(&top, 0, &mut found);
            found.retain(|file| file.strip_prefix(&place).is_ok_and(|below| glob.is_match(below)) && file != by);
            if !found.is_empty() {
                found.sort();
                return Ok(found);
            }
        }
        Err(fails(format!("no file matches the import '{written}' of '{}'", shown(self.host, by))))
    }
}

/// The folders of a pattern before its first special sign.
fn fixed_part(pattern: &str) -> &str {
    let special = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    pattern[..special].rfind('/').map_or("", |slash| &pattern[..slash])
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth < DEPTH && !matches!(entry.file_name().to_str(), Some(".git" | ".terraform")) {
                collect(&path, depth + 1, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(fs::clean(&path));
        }
    }
}
