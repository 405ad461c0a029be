//! Where a value was written: file ids, line and column, and the source text for diagnostics.
//!
//! Row 0. Read [`Span`] first (it travels with every node), then [`Sources`], which turns a span into a [`Place`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, RwLock};

/// Number of a source file in [`Sources`]. Zero means "not from a file".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(u32);

impl FileId {
    /// The id of values that no file contains (defaults, environment, flags).
    pub const NONE: FileId = FileId(0);
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
        self.file != FileId::NONE
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
    /// Byte offset of a line, counted from 1; `None` past the last one.
    fn start(&self, line: u32) -> Option<usize> {
        let starts = self.starts.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1);
            std::iter::once(0).chain(breaks).collect()
        });
        starts.get(usize::try_from(line.max(1)).ok()? - 1).copied()
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
}

impl Sources {
    pub fn new() -> Sources {
        Sources::default()
    }

    /// Registers a file and returns its id. `cwd` shortens the shown name.
    pub fn add(&self, path: &Path, cwd: &Path, text: Arc<str>) -> FileId {
        let name = path.strip_prefix(cwd).unwrap_or(path).display().to_string();
        let mut files = self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.push(Arc::new(Source { path: path.to_path_buf(), name, text, starts: OnceLock::new() }));
        FileId(u32::try_from(files.len()).unwrap_or(u32::MAX))
    }

    pub fn get(&self, id: FileId) -> Option<Arc<Source>> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        usize::try_from(id.0).ok()?.checked_sub(1).and_then(|index| files.get(index).cloned())
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
