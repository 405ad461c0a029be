//! Where a value was written: file ids, line and column, and the source text for diagnostics.
//!
//! Row 0. Read [`Span`] first (it travels with every node), then [`Sources`], which turns a span into a [`Place`].

mod scalar;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, RwLock};

/// Number of a source file in [`Sources`]. Zero means "not from a file". That a value is data does not make it another file.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileId(u32);

impl PartialEq for FileId {
    fn eq(&self, other: &FileId) -> bool {
        self.number() == other.number()
    }
}

impl Eq for FileId {}

impl std::hash::Hash for FileId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number().hash(state);
    }
}

impl Ord for FileId {
    fn cmp(&self, other: &FileId) -> std::cmp::Ordering {
        self.number().cmp(&other.number())
    }
}

impl PartialOrd for FileId {
    fn partial_cmp(&self, other: &FileId) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl FileId {
    /// The id of values that no file contains (defaults, environment, flags).
    pub const NONE: FileId = FileId(0);
    /// The bit of files, and of values without a file, that are data: read by a manifest, not written in one.
    const DATA: u32 = 1 << 31;
    /// The bit of values whose key is.
    const DATA_KEY: u32 = 1 << 30;

    fn number(self) -> u32 {
        self.0 & !(FileId::DATA | FileId::DATA_KEY)
    }
}

/// A range in one line of one file. Lines and columns count from 1 (columns in characters); 16 bytes, `Copy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    pub file: FileId,
    pub line: u32,
    pub column: u32,
    /// Length in characters; 0 when only the start is known.
    pub length: u32,
}

impl Span {
    pub fn new(file: FileId, line: u32, column: u32, length: u32) -> Span {
        Span { file, line, column, length }
    }

    pub fn is_known(&self) -> bool {
        self.file.number() != 0
    }

    /// Whether the value was read by a manifest (`!include`, a variable): nothing of it is ever a template or a function.
    pub fn is_data(&self) -> bool {
        self.file.0 & FileId::DATA != 0
    }

    /// The same place, of data.
    #[must_use]
    pub fn as_data(self) -> Span {
        Span { file: FileId(self.file.0 | FileId::DATA), ..self }
    }

    /// Whether the key of the value was read.
    pub fn has_data_key(&self) -> bool {
        self.file.0 & FileId::DATA_KEY != 0
    }

    /// The same place, of a value whose key was read.
    #[must_use]
    pub fn with_data_key(self) -> Span {
        Span { file: FileId(self.file.0 | FileId::DATA_KEY), ..self }
    }

    /// This place, and what else the span says, where it has none of its own.
    #[must_use]
    pub fn or_at(self, place: Span) -> Span {
        if self.is_known() {
            return self;
        }
        let flags = self.file.0 & (FileId::DATA | FileId::DATA_KEY);
        Span { file: FileId(place.file.number() | flags), ..place }
    }

    /// No place, and what else the span says.
    #[must_use]
    pub fn without_place(self) -> Span {
        Span { file: FileId(self.file.0 & (FileId::DATA | FileId::DATA_KEY)), ..Span::default() }
    }
}

/// One file that was read: its path as shown to the user and its whole text.
#[derive(Debug)]
pub struct Source {
    pub path: PathBuf,
    /// Path as diagnostics show it: relative to the working directory where that is shorter.
    pub name: String,
    pub text: Arc<str>,
    /// Where lines begin, from the first question on: looking for each line from the top takes long in long files.
    starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// Byte offsets at which lines begin; at least one.
    pub fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1);
            std::iter::once(0).chain(breaks).collect()
        })
    }

    /// Index in [`Source::starts`] of the line of a byte.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts().partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// Byte offset of a line, counted from 1; `None` past the last one.
    fn start(&self, line: u32) -> Option<usize> {
        self.starts().get(usize::try_from(line.max(1)).ok()? - 1).copied()
    }

    /// A line, counted from 1, without its break; empty past the last one.
    pub fn line(&self, line: u32) -> &str {
        let text = self.start(line).and_then(|start| self.text[start..].split('\n').next()).unwrap_or_default();
        text.strip_suffix('\r').unwrap_or(text)
    }
}

/// Every file that this process has read, in reading order. Shared by reference between threads.
#[derive(Debug, Default)]
pub struct Sources {
    files: RwLock<Vec<Arc<Source>>>,
    /// Where files that others include are included.
    included: RwLock<BTreeMap<FileId, Span>>,
    /// What copies of files and folders from elsewhere are called.
    copies: RwLock<BTreeMap<PathBuf, String>>,
}

impl Sources {
    pub fn new() -> Sources {
        Sources::default()
    }

    /// Registers a file and returns its id. `cwd` shortens the shown name.
    pub fn add(&self, path: &Path, cwd: &Path, text: Arc<str>) -> FileId {
        let name = self.origin(path).unwrap_or_else(|| path.strip_prefix(cwd).unwrap_or(path).display().to_string());
        let mut files = self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.push(Arc::new(Source { path: path.to_path_buf(), name, text, starts: OnceLock::new() }));
        FileId(u32::try_from(files.len()).unwrap_or(u32::MAX))
    }

    pub fn get(&self, id: FileId) -> Option<Arc<Source>> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        usize::try_from(id.number()).ok()?.checked_sub(1).and_then(|index| files.get(index).cloned())
    }

    /// A file, or a folder, is a copy of something that people know by this address.
    pub fn add_copy(&self, path: &Path, address: String) {
        self.copies.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(path.to_path_buf(), address);
    }

    /// Whether a file is such a copy.
    pub fn is_copy(&self, file: FileId) -> bool {
        self.get(file).is_some_and(|source| self.origin(&source.path).is_some())
    }

    /// The address of a file that was copied, or that lies in a folder that was.
    fn origin(&self, path: &Path) -> Option<String> {
        let copies = self.copies.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if copies.is_empty() {
            return None;
        }
        path.ancestors().find_map(|above| {
            let address = copies.get(above)?;
            let below = path.strip_prefix(above).ok().filter(|below| !below.as_os_str().is_empty());
            Some(below.map_or_else(|| address.clone(), |below| format!("{address}#{}", below.display())))
        })
    }

    /// A file was included at a place of another one.
    pub fn add_included(&self, file: FileId, at: Span) {
        self.included.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(file, at);
    }

    /// Where a file is included.
    pub fn included(&self, file: FileId) -> Option<Span> {
        self.included.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&file).copied()
    }

    /// The file that diagnostics call so.
    pub fn by_name(&self, name: &str) -> Option<Arc<Source>> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.iter().find(|source| source.name == name).cloned()
    }

    /// Whether any file that was read holds one of the texts.
    pub fn mention(&self, texts: &[&str]) -> bool {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let finders: Vec<_> = texts.iter().map(memchr::memmem::Finder::new).collect();
        files.iter().any(|file| finders.iter().any(|finder| finder.find(file.text.as_bytes()).is_some()))
    }

    /// The place of a span, with the source text; `None` for values that no file contains.
    pub fn place(&self, span: Span) -> Option<Place> {
        let source = self.get(span.file)?;
        Some(Place { source, line: span.line, column: span.column, length: span.length })
    }
}

/// A span together with its source, ready for a diagnostic. Displays as `file:line:column`.
#[derive(Debug, Clone)]
pub struct Place {
    pub source: Arc<Source>,
    pub line: u32,
    pub column: u32,
    pub length: u32,
}

impl Place {
    /// Byte offset of the start in the source text, clamped to its length.
    pub fn offset(&self) -> usize {
        let text = &self.source.text;
        let Some(start) = self.source.start(self.line) else { return text.len() };
        let line = text[start..].split('\n').next().unwrap_or("");
        let skip = usize::try_from(self.column.saturating_sub(1)).unwrap_or(0);
        start + line.char_indices().nth(skip).map_or(line.len(), |(index, _)| index)
    }

    /// The place of a byte of the scalar that begins here and whose text is `text`; `None` where text and file do not fit
    /// together, which is so when a template made the text.
    pub fn within(&self, text: &str, at: usize) -> Option<Place> {
        scalar::position(&self.source.text, self.offset(), text, at).map(|offset| self.at_offset(offset))
    }

    /// The place of a byte of the same file.
    pub fn at_offset(&self, offset: usize) -> Place {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX - 1) + 1;
        let line = self.source.line_of(offset);
        let column = self.source.text[self.source.starts()[line]..offset].chars().count();
        Place { source: self.source.clone(), line: count(line), column: count(column), length: 1 }
    }

    /// Length in bytes from [`Place::offset`], at least 1 where there is text, never past the end of the line.
    pub fn byte_length(&self) -> usize {
        let rest = &self.source.text[self.offset()..];
        let line = rest.split('\n').next().unwrap_or("");
        let wanted = usize::try_from(self.length.max(1)).unwrap_or(1);
        line.char_indices().nth(wanted).map_or(line.len(), |(index, _)| index)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, line: u32, column: u32, length: u32) -> (usize, usize) {
        let sources = Sources::new();
        let file = sources.add(Path::new("/r/a.yaml"), Path::new("/r"), Arc::from(text));
        let place = sources.place(Span::new(file, line, column, length)).unwrap();
        (place.offset(), place.byte_length())
    }

    #[test]
    fn data_keeps_its_place() {
        let sources = Sources::new();
        let file = sources.add(Path::new("/r/a.yaml"), Path::new("/r"), Arc::from("a: 1"));
        let span = Span::new(file, 1, 4, 1).as_data();
        assert!(span.is_known() && span.is_data());
        assert_eq!(sources.place(span).unwrap().to_string(), "a.yaml:1:4");
        let nowhere = Span::default().as_data();
        assert!(!nowhere.is_known() && nowhere.is_data() && !Span::default().is_data());
        assert!(sources.place(nowhere).is_none());
        let entry = span.with_data_key();
        assert!(entry.has_data_key() && !span.has_data_key() && entry == span);
        let bare = entry.without_place();
        assert!(bare.is_data() && bare.has_data_key() && !bare.is_known());
        let placed = bare.or_at(Span::new(file, 1, 4, 1));
        assert!(placed.is_data() && placed.has_data_key() && placed == entry);
        assert_eq!(placed.or_at(Span::new(file, 2, 1, 1)).line, 1);
    }

    #[test]
    fn copies_are_called_by_their_address() {
        let sources = Sources::new();
        sources.add_copy(Path::new("/cache/x"), "https://h/r".to_owned());
        sources.add_copy(Path::new("/cache/x/a.yaml"), "https://h/r//a#a.yaml".to_owned());
        for (path, expected) in [
            ("/cache/x/a.yaml", "https://h/r//a#a.yaml"),
            ("/cache/x/b/c.yaml", "https://h/r#b/c.yaml"),
            ("/cache/y.yaml", "cache/y.yaml"),
        ] {
            let file = sources.add(Path::new(path), Path::new("/"), Arc::from("a: 1"));
            assert_eq!(sources.get(file).unwrap().name, expected);
        }
    }

    #[test]
    fn offset_counts_characters_not_bytes() {
        assert_eq!(place("ä: 1\nb: wörld\n", 2, 4, 5), (9, 6));
    }

    #[test]
    fn offset_past_the_end_is_clamped() {
        assert_eq!(place("a: 1", 7, 3, 2), (4, 0));
        assert_eq!(place("a: 1", 1, 90, 2), (4, 0));
    }

    #[test]
    fn lines_count_from_one_and_have_no_break() {
        let sources = Sources::new();
        let file = sources.add(Path::new("/r/a.yaml"), Path::new("/r"), Arc::from("a: 1\r\nb: 2\n\nc"));
        let source = sources.get(file).unwrap();
        assert_eq!((0..7).map(|line| source.line(line)).collect::<Vec<_>>(), ["a: 1", "a: 1", "b: 2", "", "c", "", ""]);
    }

    #[test]
    fn display_is_file_line_column() {
        let sources = Sources::new();
        let file = sources.add(Path::new("/r/stacks/a.yaml"), Path::new("/r"), Arc::from("a: 1"));
        assert_eq!(sources.place(Span::new(file, 1, 4, 1)).unwrap().to_string(), "stacks/a.yaml:1:4");
        assert!(sources.place(Span::default()).is_none());
    }
}
