//! One manifest file as it was read: parsed once, with its imports resolved to paths.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use miette::Diagnostic as _;

use super::error::{Error, Located};
use super::frame::Frame;
use super::import::{self, Import, Nested, Target};
use super::include::Including;
use super::load::Layout;
use super::slim::Slim;
use crate::fetch;
use crate::host::{Host, fs};
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
    /// See [`Origin::base`].
    pub base: Option<Arc<Path>>,
    pub files: OnceLock<Vec<usize>>,
}

/// Which manifest is meant: the number of its file, and the frame in which it was rendered; `None` as it is written.
pub(crate) type Id = (usize, Option<Frame>);

/// What a manifest says, as it is written or as it was rendered.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub id: Id,
    /// What `imports` prints: the relative path without its last extension.
    pub key: Arc<str>,
    pub document: Result<Node, Error>,
    pub imports: Result<Arc<Vec<Entry>>, Error>,
}

/// A manifest to read: where it lies, and for what was fetched how it is called and where its imports are looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub path: PathBuf,
    /// What `imports` prints, where that is not the path below the base path.
    pub key: Option<Arc<str>>,
    /// The base path of the stacks inside a fetched tree, when imports are looked up there.
    pub base: Option<Arc<Path>>,
}

impl Target {
    /// The manifests that are meant; `base` is that of the importing one.
    pub(crate) fn origins(&self, base: Option<&Arc<Path>>) -> Vec<Origin> {
        match self {
            Target::Files(paths) => {
                paths.iter().map(|path| Origin { base: base.cloned(), ..Origin::local(path.clone()) }).collect()
            }
            Target::Fetched(origins) => origins.clone(),
            _ => Vec::new(),
        }
    }
}

impl Origin {
    /// A manifest of this repository.
    pub(crate) fn local(path: PathBuf) -> Origin {
        Origin { path, key: None, base: None }
    }
}

/// A manifest on the disk. A problem is kept with the part that has it and reported by whoever needs that part.
#[derive(Debug)]
pub(crate) struct File {
    pub path: PathBuf,
    /// See [`Origin::base`].
    pub base: Option<Arc<Path>>,
    /// Path relative to the base path of the stacks, with extension.
    pub relative: String,
    pub written: Arc<Manifest>,
    /// `None` when the file could not be read.
    pub text: Option<Arc<str>>,
    /// The first template action in the text.
    pub action: Option<Span>,
    pub template: TemplateFile,
}

impl File {
    /// Reads and parses a manifest; never fails as a whole.
    pub(crate) fn read(host: &Host, layout: &Layout, origin: &Origin, number: usize) -> File {
        let path = origin.path.as_path();
        let base = origin.base.as_deref().unwrap_or(&layout.base);
        let relative = match (path.strip_prefix(base), &origin.key) {
            (Ok(below), _) => below.to_string_lossy().into_owned(),
            (Err(_), Some(key)) => key.to_string(),
            // Where a fetched tree lies is another place each time.
            (Err(_), None) if origin.base.is_some() => beside(base, path),
            (Err(_), None) => path.to_string_lossy().into_owned(),
        };
        let suffix = path.extension().is_some_and(|extension| extension == "tmpl");
        let template = if suffix { TemplateFile::Suffix } else { TemplateFile::No };
        let mut reading = Reading { host, layout, path, relative, text: None, action: None, template };
        let document = match std::fs::read(path) {
            Ok(bytes) => reading.parse(bytes),
            Err(error) => {
                let lost = error.kind() == std::io::ErrorKind::NotFound && path.is_symlink();
                let message = if lost { "the link leads nowhere".to_owned() } else { error.to_string() };
                Err(Error::Read { file: reading.relative.clone(), message })
            }
        };
        let imports = match &document {
            Ok(document) => entries(host, layout, document, &reading.relative, origin.base.as_ref()).map(Arc::new),
            Err(_) => Ok(Arc::default()),
        };
        let Reading { relative, text, action, template, .. } = reading;
        let key = origin.key.clone().unwrap_or_else(|| Arc::from(without_extension(&relative)));
        let written = Arc::new(Manifest { id: (number, None), key, document, imports });
        File { path: path.to_path_buf(), base: origin.base.clone(), relative, written, text, action, template }
    }
}

impl File {
    /// Whether the file was fetched, and what it imports is looked up in this repository.
    pub(crate) fn is_alone(&self) -> bool {
        self.base.is_none() && self.relative != *self.path.to_string_lossy() && import::is_remote(&self.relative)
    }

    /// Whether the file is rendered before it is used.
    pub(crate) fn is_rendered(&self, frame: Frame) -> bool {
        self.action.is_some() && !frame.skip && (self.template != TemplateFile::No || frame.context != 0)
    }
}

/// The imports of a manifest with what they mean on the disk. `base` is [`Origin::base`] of the manifest.
pub(crate) fn entries(
    host: &Host,
    layout: &Layout,
    document: &Node,
    file: &str,
    base: Option<&Arc<Path>>,
) -> Result<Vec<Entry>, Error> {
    let imports = import::parse(document, file, &host.sources)?;
    Ok(imports.into_iter().map(|import| entry(host, layout, import, base)).collect())
}

/// One import with what it means on the disk.
pub(crate) fn entry(host: &Host, layout: &Layout, import: Import, base: Option<&Arc<Path>>) -> Entry {
    let target = target(host, layout, &import, base, layout.templates);
    Entry { import, target, base: base.cloned(), files: OnceLock::new() }
}

/// What an import means; what is remote is fetched now. `templates` says that a path may have to be rendered first.
pub(crate) fn target(
    host: &Host,
    layout: &Layout,
    import: &Import,
    base: Option<&Arc<Path>>,
    templates: bool,
) -> Target {
    let local = match base {
        Some(base) => import::resolve(import, base, templates),
        None => layout.resolved.resolve(import, &layout.base, templates),
    };
    local.unwrap_or_else(|| fetch(host, layout, import, base.is_some()))
}

/// The manifests behind a remote import. Where their imports are looked up is inherited unless the import says it.
fn fetch(host: &Host, layout: &Layout, import: &Import, inside_fetched: bool) -> Target {
    let inherited = if inside_fetched { Nested::Remote } else { Nested::Local };
    // A path that was rendered is the address; otherwise what was written is.
    let address = if import.written.contains("{{") { &import.path } else { &import.written };
    let fetched = layout.fetcher.resolve(host, &layout.remote, address, import.ttl.as_deref());
    let origins = fetched.and_then(|resolved| {
        let base = match import.nested.unwrap_or(inherited) {
            Nested::Local => None,
            // The directory of the cache may be written with `..`, and imported paths are cleaned.
            Nested::Remote => Some(Arc::from(fs::clean(&resolved.nested_base(&layout.base_setting)?))),
        };
        let origin = |found: fetch::Found| {
            let (path, key) = (fs::clean(&found.path), Some(Arc::from(found.key)));
            Origin { path, key, base: base.clone() }
        };
        Ok(resolved.files.into_iter().map(origin).collect())
    });
    origins.map_or_else(Target::Unreachable, Target::Fetched)
}

/// The content of other files in place of `!include`. `file` is the name of the manifest in messages.
pub(crate) fn include(host: &Host, layout: &Layout, path: &Path, file: &str, node: &Node) -> Result<Node, Error> {
    Including { host, layout, file: path, name: file }.resolve(node)
}

/// A manifest is a map; one without content is an empty one.
pub(crate) fn top_level(host: &Host, node: Node, file: &str) -> Result<Node, Error> {
    match node.value {
        Value::Map(_) => Ok(node),
        Value::Null => Ok(Node::empty_map()),
        _ => {
            let located = Located::new(&host.sources, node.span);
            let found = node.value.type_name();
            Err(Error::Manifest {
                message: format!("cannot unmarshal {found} into map: a manifest is a map{}", located.text),
                file: file.to_owned(),
                chain: String::new(),
                help: Some("begin with a key at the top, such as `import:`, `vars:` or `components:`".to_owned()),
                source_code: located.source,
                at: located.at,
            })
        }
    }
}

/// A text that is no YAML.
pub(crate) fn invalid(error: &yaml::Error, file: &str, help: Option<String>) -> Error {
    let (source_code, at) = match error {
        yaml::Error::Syntax { source_code, at, .. }
        | yaml::Error::DuplicateKey { source_code, at, .. }
        | yaml::Error::Limit { source_code, at, .. }
        | yaml::Error::Documents { source_code, at, .. } => (Some(source_code.clone()), Some(*at)),
        yaml::Error::NotJson { .. } => (None, None),
    };
    Error::Manifest {
        message: error.to_string(),
        file: file.to_owned(),
        chain: String::new(),
        help: help.or_else(|| error.help().map(|help| help.to_string())),
        source_code,
        at,
    }
}

/// A file while it is read.
struct Reading<'a> {
    host: &'a Host,
    layout: &'a Layout,
    path: &'a Path,
    relative: String,
    text: Option<Arc<str>>,
    action: Option<Span>,
    template: TemplateFile,
}

impl Reading<'_> {
    fn parse(&mut self, bytes: Vec<u8>) -> Result<Node, Error> {
        let host = self.host;
        let text: Arc<str> = match decoded(bytes) {
            Ok(text) => Arc::from(text),
            Err(error) => return Err(self.not_text(&error)),
        };
        self.text = Some(text.clone());
        if let Some(document) = self.layout.known.as_ref().and_then(|known| known.document(&text)) {
            self.action = action(&text, document.span.file);
            if self.template == TemplateFile::No && has_locals(&document) {
                self.template = TemplateFile::Locals;
            }
            return Ok(document);
        }
        match self.document(&text) {
            Ok(node) => {
                self.action = action(&text, node.span.file);
                // Parsing the text for tags would cost more than looking for the word.
                let node = if text.contains("!include") {
                    include(host, self.layout, self.path, &self.relative, &node)?
                } else {
                    node
                };
                let mut document = top_level(host, node, &self.relative)?;
                if self.template == TemplateFile::No && has_locals(&document) {
                    self.template = TemplateFile::Locals;
                }
                if let Some(slim) = self.layout.slim.as_ref().filter(|_| Slim::is_for(&text)) {
                    slim.apply(&mut document);
                }
                Ok(document)
            }
            Err(error) => {
                if text.contains("{{") {
                    self.action = action(&text, host.sources.add(self.path, &host.cwd, text.clone()));
                }
                let rename = "if this file holds Go template directives, rename it to `.yaml.tmpl`";
                let renamed = self.template == TemplateFile::No && self.action.is_some();
                Err(invalid(&error, &self.relative, renamed.then(|| rename.to_owned())))
            }
        }
    }

    fn document(&self, text: &Arc<str>) -> Result<Node, yaml::Error> {
        let (host, delimiter) = (self.host, self.layout.delimiter());
        match self.layout.slim.as_ref().filter(|_| Slim::is_for(text)) {
            Some(slim) => {
                let choice = |path: &[&str]| slim.choice(path);
                yaml::skim_manifest(&host.sources, self.path, &host.cwd, text.clone(), delimiter, &choice)
            }
            None => yaml::parse_manifest(&host.sources, self.path, &host.cwd, text.clone(), delimiter),
        }
    }

    /// A file with bytes that are no UTF-8; the place is that of the first one.
    fn not_text(&self, error: &std::string::FromUtf8Error) -> Error {
        let text = String::from_utf8_lossy(error.as_bytes());
        let host = self.host;
        let file = host.sources.add(self.path, &host.cwd, Arc::from(&*text));
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
}

/// The text of a file: UTF-8, or UTF-16 that says so at its start.
fn decoded(bytes: Vec<u8>) -> Result<String, std::string::FromUtf8Error> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => return String::from_utf8(bytes),
    };
    let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let whole = bytes.len().is_multiple_of(2);
    let text: Option<String> = char::decode_utf16(units).map(Result::ok).collect();
    // What is neither is told as what is not UTF-8.
    text.filter(|_| whole).map_or_else(|| String::from_utf8(bytes), Ok)
}

/// The path from a directory to a file that does not lie in it.
fn beside(directory: &Path, file: &Path) -> String {
    let common = directory.components().zip(file.components()).take_while(|(left, right)| left == right).count();
    let up = directory.components().skip(common).map(|_| Component::ParentDir);
    up.chain(file.components().skip(common)).collect::<PathBuf>().to_string_lossy().into_owned()
}

/// `a/b.yaml.tmpl` is `a/b.yaml`, as in the reference.
fn without_extension(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    path[name..].rfind('.').map_or(path, |dot| &path[..name + dot])
}

/// Whether the file has a `locals` section in one of the scopes of a file.
pub(crate) fn has_locals(document: &Node) -> bool {
    document.get("locals").is_some()
        || ["terraform", "helmfile", "packer"].iter().any(|kind| document.get_path([*kind, "locals"]).is_some())
}

/// The place of the first template action.
fn action(text: &str, file: FileId) -> Option<Span> {
    let offset = memchr::memmem::find(text.as_bytes(), b"{{")?;
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
