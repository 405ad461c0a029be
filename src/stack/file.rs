//! One manifest file as it was read: parsed once, with its imports resolved to paths.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic as _;

use super::error::{Error, Located};
use super::import::{self, Import, Target};
use super::include::Including;
use crate::config::Config;
use crate::host::Host;
use crate::span::{FileId, Span};
use crate::value::{Node, Value};
use crate::yaml;

/// Why a file is rendered before it is parsed, whatever imports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemplateFile {
    No,
    /// Its name ends in `.tmpl`.
    Suffix,
    /// It has a `locals` section.
    Locals,
}

/// One entry of the `import` section with the files that it means, as numbers of the loaded files.
#[derive(Debug)]
pub(crate) struct Entry {
    pub import: Import,
    pub target: Target,
    pub files: Vec<usize>,
}

/// A manifest on the disk. A problem is kept with the part that has it and reported by whoever needs that part.
#[derive(Debug)]
pub(crate) struct File {
    pub path: PathBuf,
    /// Path relative to the base path of the stacks, with extension.
    pub relative: String,
    /// What `imports` prints: the relative path without its last extension.
    pub key: Arc<str>,
    pub document: Result<Node, Error>,
    pub imports: Result<Vec<Entry>, Error>,
    /// The first template action in the text.
    pub action: Option<Span>,
    pub template: TemplateFile,
}

impl File {
    /// Reads and parses `path`; never fails as a whole.
    pub(crate) fn read(host: &Host, config: &Config, path: &Path) -> File {
        let base = &config.stacks.base_path;
        let relative = path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned();
        let mut file = File {
            path: path.to_path_buf(),
            key: Arc::from(without_extension(&relative)),
            document: Ok(Node::empty_map()),
            imports: Ok(Vec::new()),
            action: None,
            template: if path.extension().is_some_and(|extension| extension == "tmpl") {
                TemplateFile::Suffix
            } else {
                TemplateFile::No
            },
            relative,
        };
        match std::fs::read(path) {
            Ok(bytes) => file.parse(host, config, bytes),
            Err(error) => {
                file.document = Err(Error::Read { file: file.relative.clone(), message: error.to_string() });
            }
        }
        file
    }

    fn parse(&mut self, host: &Host, config: &Config, bytes: Vec<u8>) {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                self.document = Err(self.not_text(host, &error));
                return;
            }
        };
        let text: Arc<str> = Arc::from(text);
        self.document = match yaml::parse(&host.sources, &self.path, &host.cwd, text.clone()) {
            Ok(node) => {
                self.action = action(&text, node.span.file);
                let (base, name) = (config.base_path.as_path(), self.relative.as_str());
                let including = Including { host, base, file: &self.path, name };
                // Parsing the text for tags would cost more than looking for the word.
                let node = if text.contains("!include") { including.resolve(&node) } else { Ok(node) };
                node.and_then(|node| self.top_level(host, node))
            }
            Err(error) => {
                if text.contains("{{") {
                    self.action = action(&text, host.sources.add(&self.path, &host.cwd, text.clone()));
                }
                Err(self.invalid(&error))
            }
        };
        let Ok(document) = &self.document else {
            // Locals are rendered before the file is YAML, so look for them in the text.
            if self.template == TemplateFile::No && text.lines().any(|line| line.starts_with("locals:")) {
                self.template = TemplateFile::Locals;
            }
            return;
        };
        if self.template == TemplateFile::No && has_locals(document) {
            self.template = TemplateFile::Locals;
        }
        self.imports = import::parse(document, &self.relative, &host.sources).map(|imports| {
            let base = &config.stacks.base_path;
            imports
                .into_iter()
                .map(|import| {
                    let target = import::resolve(&import, base, config.templates.enabled);
                    Entry { import, target, files: Vec::new() }
                })
                .collect()
        });
    }

    fn top_level(&self, host: &Host, node: Node) -> Result<Node, Error> {
        match node.value {
            Value::Map(_) => Ok(node),
            Value::Null => Ok(Node::empty_map()),
            _ => {
                let located = Located::new(&host.sources, node.span);
                let found = node.value.type_name();
                Err(Error::Manifest {
                    message: format!("cannot unmarshal {found} into map: a manifest is a map{}", located.text),
                    file: self.relative.clone(),
                    chain: String::new(),
                    help: Some("begin with a key at the top, such as `import:`, `vars:` or `components:`".to_owned()),
                    source_code: located.source,
                    at: located.at,
                })
            }
        }
    }

    /// A file with bytes that are no UTF-8; the place is that of the first one.
    fn not_text(&self, host: &Host, error: &std::string::FromUtf8Error) -> Error {
        let text = String::from_utf8_lossy(error.as_bytes());
        let file = host.sources.add(&self.path, &host.cwd, Arc::from(&*text));
        // What comes before the byte is the same in both texts.
        let (line, column) = position(&text[..error.utf8_error().valid_up_to()]);
        let located = Located::new(&host.sources, Span::new(file, line, column, 1));
        Error::Manifest {
            message: format!("the file is not valid UTF-8{}", located.text),
            file: self.relative.clone(),
            chain: String::new(),
            help: Some("save the file in the encoding UTF-8".to_owned()),
            source_code: located.source,
            at: located.at,
        }
    }

    fn invalid(&self, error: &yaml::Error) -> Error {
        let (source_code, at) = match error {
            yaml::Error::Syntax { source_code, at, .. }
            | yaml::Error::DuplicateKey { source_code, at, .. }
            | yaml::Error::Limit { source_code, at, .. }
            | yaml::Error::Documents { source_code, at, .. } => (Some(source_code.clone()), Some(*at)),
            yaml::Error::NotJson { .. } => (None, None),
        };
        let help = if self.template == TemplateFile::No && self.action.is_some() {
            Some("if this file holds Go template directives, rename it to `.yaml.tmpl`".to_owned())
        } else {
            error.help().map(|help| help.to_string())
        };
        Error::Manifest {
            message: error.to_string(),
            file: self.relative.clone(),
            chain: String::new(),
            help,
            source_code,
            at,
        }
    }
}

/// `a/b.yaml.tmpl` is `a/b.yaml`, as in the reference.
fn without_extension(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    path[name..].rfind('.').map_or(path, |dot| &path[..name + dot])
}

/// Whether the file has a `locals` section in one of the scopes of a file.
fn has_locals(document: &Node) -> bool {
    document.get("locals").is_some()
        || ["terraform", "helmfile", "packer"].iter().any(|kind| document.get_path([*kind, "locals"]).is_some())
}

/// The place of the first template action.
fn action(text: &str, file: FileId) -> Option<Span> {
    let offset = text.find("{{")?;
    let (line, column) = position(&text[..offset]);
    let whole = text[offset..].lines().next().unwrap_or("");
    let length = whole.find("}}").map_or(2, |end| whole[..end].chars().count() + 2);
    Some(Span::new(file, line, column, number(length)))
}

/// Line and column of what comes after `before`.
fn position(before: &str) -> (u32, u32) {
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (number(line), number(column))
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_extension_is_dropped() {
        for (path, key) in
            [("a/b.yaml", "a/b"), ("a.b/c", "a.b/c"), ("a/b.yaml.tmpl", "a/b.yaml"), ("v1.0/x.yml", "v1.0/x")]
        {
            assert_eq!(without_extension(path), key);
        }
    }

    #[test]
    fn the_first_action_has_its_place() {
        let sources = crate::span::Sources::new();
        let text = "a: 1\nb: x {{ .y }} {{ .z }}\n";
        let file = sources.add(Path::new("/r/a.yaml"), Path::new("/r"), Arc::from(text));
        let span = action(text, file).unwrap();
        assert_eq!((span.line, span.column, span.length), (2, 6, 8));
        assert_eq!(action("a: 1", file), None);
    }
}
