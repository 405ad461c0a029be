//! `vendor.lock.yaml`: what was installed, from where, and with which content. The form is that of the reference, which
//! reads it, too; `reference` of a source is ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::error::Error;
use super::reader::shown;
use super::tree::is_of_git;
use crate::config::Config;
use crate::host::{Host, fs};
use crate::value::{Map, Node, hex};
use crate::yaml;

const NAME: &str = "vendor.lock.yaml";
const VERSION: i64 = 1;

/// The file, read.
#[derive(Debug, Clone)]
pub struct Lock {
    path: PathBuf,
    /// There is a file already.
    pub exists: bool,
    pub artifacts: BTreeMap<String, Artifact>,
}

/// What one source put into one target, or one mixin into its component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifact {
    pub name: String,
    /// `local`, `remote`, `oci`, or `version-range` for what a range was found to mean.
    pub kind: String,
    /// Folder below the base path.
    pub target: String,
    pub source: Origin,
    pub files: Vec<LockedFile>,
    pub order: i64,
    pub included: Vec<String>,
    pub excluded: Vec<String>,
    /// Its files are being replaced: `files` has those of the earlier version and of the new one, some paths twice. Where a
    /// pull finds it, the one before was killed on the way.
    pub unfinished: bool,
}

/// Where an artifact came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Address without credentials and query.
    pub declared: String,
    /// Branch, tag or commit that was asked for; `None` in files of the reference, which does not keep it.
    pub reference: Option<String>,
    pub resolved: String,
    /// The commit, the digest of the artifact, or that of the files.
    pub digest: String,
    /// The range that was written instead of a version, and what it was found to mean.
    pub version_constraint: String,
    pub resolved_version: String,
}

/// A file that belongs to an artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockedFile {
    /// Below the target, with slashes.
    pub path: String,
    /// `file`, or `symlink` in files of the reference.
    pub kind: String,
    pub mode: u32,
    /// Of the content; of a link that of the text it leads to.
    pub sha256: String,
}

/// The key of an artifact. The address is no part of it: another version of the same source replaces it.
pub fn artifact_id(kind: &str, target: &str, writers: &[&str]) -> String {
    let parts: Vec<&str> = [kind, target].into_iter().chain(writers.iter().copied()).collect();
    hex(&Sha256::digest(parts.join("\0").as_bytes()))
}

impl Lock {
    /// The file of this configuration; empty where there is none yet.
    ///
    /// # Errors
    /// It cannot be read, or is of a later version.
    pub fn open(host: &Host, config: &Config) -> Result<Lock, Error> {
        let setting = config.document.get_path(["vendor", "lock_file"]).and_then(Node::as_str);
        let setting = setting.filter(|setting| !setting.is_empty()).unwrap_or(NAME);
        let path = fs::clean(&config.base_path.join(setting));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Lock { path, exists: false, artifacts: BTreeMap::new() });
            }
            Err(cause) => return Err(Error::Unreadable { path: shown(host, &path), cause }),
        };
        let node = yaml::parse(&host.sources, &path, &host.cwd, Arc::from(text))?;
        let wrong = |reason: String| Error::Lock { path: shown(host, &path), reason };
        let version = node.get("version").and_then(Node::scalar_text).unwrap_or_default();
        if version != VERSION.to_string() {
            return Err(wrong(format!("unsupported vendor lock version `{version}`, version {VERSION} is understood")));
        }
        let mut artifacts = BTreeMap::new();
        for (id, node) in node.get("artifacts").and_then(Node::as_map).into_iter().flatten() {
            let artifact = artifact(node).map_err(|reason| wrong(format!("artifact `{id}`: {reason}")))?;
            artifacts.insert(id.to_string(), artifact);
        }
        Ok(Lock { path, exists: true, artifacts })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts an artifact in, in the place of an earlier one of the same key.
    pub fn put(&mut self, id: &str, artifact: Artifact) {
        let before = self.artifacts.get(id).map(|known| known.order);
        let last = self.artifacts.values().map(|known| known.order).max().unwrap_or(0);
        let order = before.unwrap_or(last + 1);
        self.artifacts.insert(id.to_owned(), Artifact { order, ..artifact });
    }

    /// Replaces the file as a whole.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self) -> Result<(), Error> {
        let artifacts = self.artifacts.iter().map(|(id, artifact)| (Arc::from(id.as_str()), record(artifact)));
        let document =
            map([("version", Some(Node::from(VERSION))), ("artifacts", Some(Node::from(artifacts.collect::<Map>())))]);
        let text = format!("{}\n", yaml::emit_record(&document, 2).trim_end());
        if let Some(parent) = self.path.parent() {
            std::fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        fs::write_atomic(&self.path, text.as_bytes(), 0o644).map_err(Error::file("write", &self.path))
    }

    /// The absolute folder of an artifact, which is always below the base path: a lock that somebody crafted cannot point
    /// elsewhere.
    ///
    /// # Errors
    /// It does.
    pub fn folder(&self, config: &Config, artifact: &Artifact) -> Result<PathBuf, Error> {
        self.inside(&config.base_path, &artifact.target)
    }

    /// The absolute path of a file of an artifact.
    ///
    /// # Errors
    /// It leads out of the folder of the artifact.
    pub fn file(&self, config: &Config, artifact: &Artifact, file: &LockedFile) -> Result<PathBuf, Error> {
        self.inside(&self.folder(config, artifact)?, &file.path)
    }

    fn inside(&self, folder: &Path, written: &str) -> Result<PathBuf, Error> {
        let path = fs::clean(Path::new(written));
        let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if plain && !is_of_git(&path) {
            return Ok(folder.join(path));
        }
        let fault = if plain { "is inside of `.git`" } else { "leads out of its folder" };
        let reason = format!("the path `{written}` {fault}");
        Err(Error::Lock { path: self.path.display().to_string(), reason })
    }
}

fn artifact(node: &Node) -> Result<Artifact, String> {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::scalar_text).unwrap_or_default();
    let texts = |key: &str| {
        node.get(key).and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::scalar_text).collect()
    };
    let null = Node::default();
    let source = node.get("source").unwrap_or(&null);
    let mut files = Vec::new();
    for file in node.get("files").and_then(Node::as_list).unwrap_or_default() {
        let (path, sha256) = (text(file, "path"), text(file, "sha256"));
        if path.is_empty() || sha256.is_empty() {
            return Err("a file without path or checksum".to_owned());
        }
        let mode = text(file, "mode").parse().unwrap_or(0o644);
        files.push(LockedFile { path, kind: text(file, "type"), mode, sha256 });
    }
    let target = text(node, "target");
    if target.is_empty() {
        return Err("it has no target".to_owned());
    }
    Ok(Artifact {
        name: text(node, "name"),
        kind: text(node, "kind"),
        target,
        source: Origin {
            declared: text(source, "declared"),
            reference: source.get("reference").and_then(Node::scalar_text),
            resolved: text(source, "resolved"),
            digest: text(source, "digest"),
            version_constraint: text(source, "version_constraint"),
            resolved_version: text(source, "resolved_version"),
        },
        files,
        order: text(node, "order").parse().unwrap_or(0),
        included: texts("included_paths"),
        excluded: texts("excluded_paths"),
        unfinished: node.get("unfinished").and_then(Node::as_bool).unwrap_or_default(),
    })
}

fn record(artifact: &Artifact) -> Node {
    let text = |text: &str| Some(Node::from(text));
    let some = |text: &str| Some(Node::from(text)).filter(|_| !text.is_empty());
    let list = |texts: &[String]| {
        let nodes: Vec<Node> = texts.iter().map(|text| Node::from(text.as_str())).collect();
        Some(Node::from(nodes)).filter(|_| !texts.is_empty())
    };
    let origin = &artifact.source;
    let source = map([
        ("declared", text(&origin.declared)),
        ("reference", origin.reference.as_deref().map(Node::from)),
        ("resolved", some(&origin.resolved)),
        ("digest", some(&origin.digest)),
        ("version_constraint", some(&origin.version_constraint)),
        ("resolved_version", some(&origin.resolved_version)),
    ]);
    let file = |file: &LockedFile| {
        map([
            ("path", text(&file.path)),
            ("type", text(&file.kind)),
            ("mode", Some(Node::from(i64::from(file.mode)))),
            ("sha256", text(&file.sha256)),
        ])
    };
    map([
        ("name", some(&artifact.name)),
        ("kind", text(&artifact.kind)),
        ("target", text(&artifact.target)),
        ("source", Some(source)),
        ("files", Some(Node::from(artifact.files.iter().map(file).collect::<Vec<_>>()))),
        ("order", Some(Node::from(artifact.order))),
        ("included_paths", list(&artifact.included)),
        ("excluded_paths", list(&artifact.excluded)),
        ("unfinished", artifact.unfinished.then(|| Node::from(true))),
    ])
}

fn map<const N: usize>(entries: [(&str, Option<Node>); N]) -> Node {
    let entries = entries.into_iter().filter_map(|(key, node)| Some((Arc::from(key), node?)));
    Node::from(entries.collect::<Map>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_reference() {
        let expected = "c0c04c2d335c5bd2d57ebe7a3b694f106c8b63758f9f425a537a49ea6bb85262";
        assert_eq!(artifact_id("local", "components/terraform/vpc", &["vpc"]), expected);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let file =
            LockedFile { path: "a/b.tf".to_owned(), kind: "file".to_owned(), mode: 0o755, sha256: "12".to_owned() };
        let source = Origin {
            declared: "github.com/o/r//m".to_owned(),
            reference: Some("1.10".to_owned()),
            digest: "1e5".to_owned(),
            version_constraint: "^1".to_owned(),
            resolved_version: "1.10".to_owned(),
            ..Origin::default()
        };
        let wanted = Artifact {
            name: "vpc".to_owned(),
            kind: "remote".to_owned(),
            target: "components/terraform/vpc".to_owned(),
            source,
            files: vec![file],
            order: 3,
            included: vec!["**/*.tf".to_owned()],
            excluded: Vec::new(),
            unfinished: true,
        };
        let text = yaml::emit_record(&record(&wanted), 2);
        assert_eq!(artifact(&yaml::parse_text(&text).unwrap()).unwrap(), wanted, "{text}");
        assert!(artifact(&yaml::parse_text("kind: local\n").unwrap()).is_err());
    }
}
