//! What belongs to a configuration file: `atmos.d` directories and its `import:` list.

use std::path::{Path, PathBuf};

use super::error::{Error, Location};
use super::paths::{Anchors, Origin};
use super::provisioned;
use super::reader::{Reader, overlay};
use super::search;
use crate::diag::Warning;
use crate::fetch::{Settings, shown};
use crate::value::{Node, Value};

/// Levels of imports below a file that is not itself imported.
const DEPTH_LIMIT: usize = 10;
/// Directories whose files are merged without being asked for, the stronger one last.
const DIRECTORIES: [&str; 2] = ["atmos.d", ".atmos.d"];
/// Beginnings of imports that have to be fetched, besides every `scheme://` and `getter::`.
const REMOTE: [&str; 4] = ["git@", "github.com/", "gitlab.com/", "bitbucket.org/"];

/// The imports of one file.
struct Importer<'a> {
    /// Directory that relative imports are looked up in first.
    base: PathBuf,
    /// Directory of the importing file, looked up second.
    beside: PathBuf,
    /// Files from the outermost to the importing one.
    chain: &'a mut Vec<PathBuf>,
}

impl Reader<'_> {
    /// A file with everything that belongs to it: `atmos.d` of the git root, `atmos.d` beside it, its imports, and on
    /// top the file itself.
    pub(super) fn with_imports(&mut self, path: &Path) -> Result<Node, Error> {
        let own = self.document(path)?;
        let directory = path.parent().unwrap_or(Path::new("/")).to_path_buf();
        let mut merged = Node::empty_map();
        if let Some(root) = self.git_root.clone().filter(|root| *root != directory) {
            self.put_directories(&mut merged, &root)?;
        }
        self.put_directories(&mut merged, &directory)?;
        let mut preview = merged.clone();
        overlay(&mut preview, &own);
        self.put_imports(&mut merged, &preview, &directory, path)?;
        overlay(&mut merged, &own);
        Ok(merged)
    }

    /// Merges `atmos.d` and `.atmos.d` of a directory.
    pub(super) fn put_directories(&mut self, merged: &mut Node, directory: &Path) -> Result<(), Error> {
        for name in DIRECTORIES {
            let path = directory.join(name);
            if path.is_dir() {
                for file in search::files(&path) {
                    overlay(merged, &self.document(&file)?);
                }
            }
        }
        Ok(())
    }

    /// Merges what the `import:` of `document` names. `directory` anchors its base path. Returns the directory of the
    /// last imported file that declares a base path.
    pub(super) fn put_imports(
        &mut self,
        merged: &mut Node,
        document: &Node,
        directory: &Path,
        file: &Path,
    ) -> Result<Option<PathBuf>, Error> {
        provisioned::put(self.host, merged, document);
        if document.get("import").is_none() {
            return Ok(None);
        }
        self.remote = Settings::of(document, &self.host.env);
        let base = self.import_base(document, directory);
        let beside = file.parent().unwrap_or(directory).to_path_buf();
        let mut chain = vec![file.to_path_buf()];
        self.put_list(merged, document, Importer { base, beside, chain: &mut chain })
    }

    fn import_base(&self, document: &Node, directory: &Path) -> PathBuf {
        let anchors = Anchors { cwd: &self.host.cwd, git_root: self.path_root.as_deref(), config: Some(directory) };
        if let Some(value) = &self.runtime_base_path {
            return anchors.resolve(value, Origin::Runtime);
        }
        let value = document.get("base_path").and_then(Node::scalar_text).unwrap_or_default();
        anchors.resolve(&value, Origin::File)
    }

    fn put_list(
        &mut self,
        merged: &mut Node,
        document: &Node,
        importer: Importer<'_>,
    ) -> Result<Option<PathBuf>, Error> {
        let Importer { base, beside, chain } = importer;
        let mut declaring = None;
        for (import, node) in self.import_list(document)? {
            let files = self.resolve_import(&import, &node, &base, &beside)?;
            for file in files {
                if let Some(start) = chain.iter().position(|open| *open == file) {
                    return Err(cycle(&chain[start..], &file));
                }
                if chain.len() > DEPTH_LIMIT {
                    let Location { place, source_code, at } = Location::of(self.host, node.span);
                    return Err(Error::ImportDepth { limit: DEPTH_LIMIT, place, source_code, at });
                }
                let imported = self.document(&file)?;
                overlay(merged, &imported);
                let directory = file.parent().unwrap_or(&base).to_path_buf();
                let declares = imported.get("base_path").is_some();
                if declares {
                    declaring = Some(directory.clone());
                }
                if imported.get("import").is_some() {
                    let base = if declares { self.declared_base(&imported, &directory) } else { base.clone() };
                    chain.push(file);
                    // As in the reference, what an imported file imports lies above that file.
                    let below = Importer { base, beside: directory, chain: &mut *chain };
                    let nested = self.put_list(merged, &imported, below)?;
                    chain.pop();
                    declaring = nested.or(declaring);
                }
            }
        }
        Ok(declaring)
    }

    /// The base path that an imported file declares for its own imports.
    fn declared_base(&self, imported: &Node, directory: &Path) -> PathBuf {
        let value = imported.get("base_path").and_then(Node::scalar_text).unwrap_or_default();
        Anchors { cwd: &self.host.cwd, git_root: self.path_root.as_deref(), config: Some(directory) }
            .resolve(&value, Origin::File)
    }

    /// The entries of `import:` with their places; one string may hold several, separated by commas.
    fn import_list(&self, document: &Node) -> Result<Vec<(String, Node)>, Error> {
        let Some(imports) = document.get("import") else { return Ok(Vec::new()) };
        let nodes: Vec<Node> = match &imports.value {
            Value::Null => Vec::new(),
            Value::List(list) => list.to_vec(),
            Value::String(text) => {
                text.split(',').map(|part| Node::new(Value::String(part.trim().into()), imports.span)).collect()
            }
            _ => return Err(self.invalid_import(imports)),
        };
        let mut entries = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node.as_str() {
                Some("") => {}
                Some(text) => entries.push((text.to_owned(), node)),
                None if node.is_null() => {}
                None => return Err(self.invalid_import(&node)),
            }
        }
        Ok(entries)
    }

    fn invalid_import(&self, node: &Node) -> Error {
        let Location { place, source_code, at } = Location::of(self.host, node.span);
        Error::InvalidImport { found: node.value.type_name(), place, source_code, at }
    }

    /// The files of one import; none and a warning when it cannot be resolved, as in the reference.
    fn resolve_import(&self, import: &str, node: &Node, base: &Path, beside: &Path) -> Result<Vec<PathBuf>, Error> {
        if is_remote(import) {
            // The line of the file may be shown.
            self.host.masker.register_user(import);
            return self.fetch_import(import, node);
        }
        let found = search::files(&crate::host::fs::clean(&base.join(import)));
        let found = if found.is_empty() && beside != base {
            search::files(&crate::host::fs::clean(&beside.join(import)))
        } else {
            found
        };
        if found.is_empty() {
            let reason = format!("nothing found in {} nor beside the importing file", base.display());
            self.warn(node, import, &reason, "correct the path, or remove the import");
        }
        Ok(found)
    }

    /// A remote import that cannot be had is an error: going on without it could drop an `auth:` section and run as
    /// somebody else.
    fn fetch_import(&self, import: &str, node: &Node) -> Result<Vec<PathBuf>, Error> {
        let found = self.fetcher.resolve(self.host, &self.remote, import, None);
        found.map(|found| found.files.into_iter().map(|file| file.path).collect()).map_err(|cause| {
            let Location { place, source_code, at } = Location::of(self.host, node.span);
            let (import, help) = (shown(import), cause.next_step());
            Error::RemoteImport { import, cause, help, place, source_code, at }
        })
    }

    fn warn(&self, node: &Node, import: &str, reason: &str, help: &str) {
        let message = format!("failed to resolve import path={import}: {reason}");
        let warning = Warning::new("atmos::config::import_unresolved", message).help(help);
        self.host.talk.warn(match self.host.sources.place(node.span) {
            Some(place) => warning.at(place),
            None => warning,
        });
    }
}

fn cycle(open: &[PathBuf], file: &Path) -> Error {
    let names: Vec<String> =
        open.iter().map(PathBuf::as_path).chain([file]).map(|path| path.display().to_string()).collect();
    Error::ImportCycle { chain: names.join(" → ") }
}

/// Whether a path has to be fetched.
pub(super) fn is_remote(import: &str) -> bool {
    let lower = import.to_ascii_lowercase();
    lower.contains("://") || lower.contains("::") || REMOTE.iter().any(|prefix| lower.starts_with(prefix))
}
