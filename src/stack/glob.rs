//! File patterns in the dialect of the reference: `*` and `?` within a name, `[...]`, `{a,b}`, and `**` for any number of
//! directories.

use std::collections::HashSet;
use std::fs::FileType;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobMatcher};

/// Symbolic links may form circles; no real tree is deeper than this.
const DEPTH: usize = 64;
/// Patterns that the groups in braces of one pattern may stand for; each group multiplies their number.
const ALTERNATIVES: usize = 1000;

/// What a search came upon.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub files: Vec<PathBuf>,
    /// Directories on the way that may not be read, each with the reason: whatever they hold is missing in `files`.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Files below `root` that match `pattern`, in the order of the reference: directory by directory, each sorted by name.
///
/// # Errors
/// The message of a pattern that is not valid.
pub(crate) fn find(root: &Path, pattern: &str) -> Result<Found, String> {
    let mut found = Found::default();
    for pattern in braces(pattern)? {
        found.files.extend(find_one(root, &pattern, &mut found.unreadable)?);
    }
    if found.files.len() > 1 {
        let mut seen = HashSet::new();
        found.files.retain(|path| seen.insert(path.clone()));
    }
    Ok(found)
}

/// Drops what was there before.
fn keep_first(places: &mut Vec<Place>) {
    if places.len() > 1 {
        let mut seen = HashSet::new();
        places.retain(|place| seen.insert(place.path.clone()));
    }
}

/// A place on the way, and what it is where a directory said so: most need no look of their own.
struct Place {
    path: PathBuf,
    kind: Option<FileType>,
}

impl Place {
    /// A place that nobody has looked at.
    fn unknown(path: PathBuf) -> Place {
        Place { path, kind: None }
    }

    /// What a directory says of a link is not what it leads to.
    fn of(path: PathBuf, kind: std::io::Result<FileType>) -> Place {
        Place { path, kind: kind.ok().filter(|kind| !kind.is_symlink()) }
    }

    fn is_dir(&self) -> bool {
        self.kind.map_or_else(|| self.path.is_dir(), |kind| kind.is_dir())
    }

    fn is_file(&self) -> bool {
        self.kind.map_or_else(|| self.path.is_file(), |kind| kind.is_file())
    }

    /// Whether it is a link to a manifest that leads nowhere: whoever reads the file says so. The locks of an editor
    /// (`.#name`) are such links while a file is open there, and mean nothing to anybody else.
    fn is_lost(&self) -> bool {
        let name = self.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        self.kind.is_none()
            && is_manifest(&name)
            && !name.starts_with(".#")
            && !self.path.exists()
            && self.path.is_symlink()
    }

    /// Whether it is a link to one of the directories in which it was found: behind it lies nothing new.
    fn is_loop(&self, way: &[PathBuf]) -> bool {
        self.kind.is_none() && self.path.is_symlink() && self.path.canonicalize().is_ok_and(|real| way.contains(&real))
    }
}

fn find_one(root: &Path, pattern: &str, unreadable: &mut Unreadable) -> Result<Vec<PathBuf>, String> {
    let start = if pattern.starts_with('/') { Path::new("/") } else { root };
    let mut places = vec![Place::unknown(start.to_path_buf())];
    let mut segments: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    // One of them is any number of directories already.
    segments.dedup_by(|later, earlier| *later == "**" && *earlier == "**");
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        places = match *segment {
            "**" => places.iter().flat_map(|place| below(&place.path, last, unreadable)).collect(),
            ".." => {
                places.iter().filter_map(|place| place.path.parent()).map(|path| Place::unknown(path.into())).collect()
            }
            name if is_plain(name) => {
                let paths = places.iter().map(|place| place.path.join(name));
                paths.filter(|path| path.exists()).map(Place::unknown).collect()
            }
            name => {
                let matcher = compile(name)?.compile_matcher();
                places.iter().flat_map(|place| matching(place, &matcher, unreadable)).collect()
            }
        };
        // Several ways may lead to one place; without this their number multiplies with every `**`.
        keep_first(&mut places);
        if places.is_empty() {
            break;
        }
    }
    Ok(places.into_iter().filter(|place| place.is_file() || place.is_lost()).map(|place| place.path).collect())
}

/// Whether a path relative to the root of the pattern matches; `None` when the pattern is not valid.
pub fn matches(pattern: &str, path: &str) -> Option<bool> {
    Matcher::new(pattern).map(|matcher| matcher.matches(path))
}

/// A pattern for many paths.
pub(crate) struct Matcher(GlobMatcher);

impl Matcher {
    /// `None` when the pattern is not valid.
    pub(crate) fn new(pattern: &str) -> Option<Matcher> {
        compile(pattern).ok().map(|glob| Matcher(glob.compile_matcher()))
    }

    /// Whether a path relative to the root of the pattern matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// Whether the text has no character with a meaning in patterns.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.contains(['*', '?', '[', '{', '\\'])
}

fn compile(pattern: &str) -> Result<Glob, String> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| error.kind().to_string())
}

type Unreadable = Vec<(PathBuf, String)>;

/// Remembers what is there and may not be read. That something is not there, or no directory, is nobody's fault.
fn note(place: &Path, error: &std::io::Error, unreadable: &mut Unreadable) {
    if error.kind() == std::io::ErrorKind::PermissionDenied && !unreadable.iter().any(|(known, _)| known == place) {
        unreadable.push((place.to_path_buf(), error.to_string()));
    }
}

/// What is in a directory, sorted by name.
fn entries(place: &Path, unreadable: &mut Unreadable) -> Vec<(String, Place)> {
    let entries = match std::fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) => {
            note(place, &error, unreadable);
            return Vec::new();
        }
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                note(place, &error, unreadable);
                continue;
            }
        };
        let there = Place::of(entry.path(), entry.file_type());
        match entry.file_name().into_string() {
            Ok(name) => names.push((name, there)),
            // A manifest that no pattern can name must not be missing without a word.
            Err(name) if there.is_dir() || is_manifest(&name.to_string_lossy()) => {
                unreadable.push((there.path, "its name is not valid UTF-8".to_owned()));
            }
            Err(_) => {}
        }
    }
    names.sort_by(|(left, _), (right, _)| left.cmp(right));
    // A directory whose names may be listed and not looked at. One of them tells for all.
    if let Some(error) = names.first().and_then(|(_, first)| first.path.symlink_metadata().err()) {
        note(place, &error, unreadable);
    }
    names
}

/// Whether the name is that of a file that patterns are for.
fn is_manifest(name: &str) -> bool {
    [".yaml", ".yml", ".tmpl"].iter().any(|extension| name.ends_with(extension))
}

fn matching(place: &Place, matcher: &GlobMatcher, unreadable: &mut Unreadable) -> Vec<Place> {
    let entries = entries(&place.path, unreadable).into_iter();
    entries.filter(|(name, _)| matcher.is_match(name)).map(|(_, place)| place).collect()
}

/// A walk through everything below a directory.
struct Walk<'u> {
    /// Not directories alone.
    files: bool,
    /// Where the directories really are that lead to this one.
    way: Vec<PathBuf>,
    found: Vec<Place>,
    unreadable: &'u mut Unreadable,
}

impl Walk<'_> {
    fn enter(&mut self, place: &Path) {
        if self.way.len() > DEPTH {
            return;
        }
        let real = match self.way.last() {
            // Below a directory that is no link stands what is no link.
            Some(above) if !place.is_symlink() => above.join(place.file_name().unwrap_or_default()),
            _ => place.canonicalize().unwrap_or_else(|_| place.to_path_buf()),
        };
        self.way.push(real);
        for (_, entry) in entries(place, self.unreadable) {
            if entry.is_dir() {
                if entry.is_loop(&self.way) {
                    continue;
                }
                let path = entry.path.clone();
                self.found.push(entry);
                self.enter(&path);
            } else if self.files {
                self.found.push(entry);
            }
        }
        self.way.pop();
    }
}

/// The directories at and below `place`, parents before children; with `files` the files, too.
fn below(place: &Path, files: bool, unreadable: &mut Unreadable) -> Vec<Place> {
    let mut walk = Walk { files, way: Vec::new(), found: vec![Place::unknown(place.to_path_buf())], unreadable };
    walk.enter(place);
    walk.found
}

/// The pattern with every group in braces that holds a slash written out, since names are matched one at a time.
fn braces(pattern: &str) -> Result<Vec<String>, String> {
    let (mut done, mut open) = (Vec::new(), vec![pattern.to_owned()]);
    while let Some(next) = open.pop() {
        match first_group(&next) {
            Some(alternatives) => open.extend(alternatives.into_iter().rev()),
            None => done.push(next),
        }
        if done.len() + open.len() > ALTERNATIVES {
            return Err(format!("its groups in braces stand for more than {ALTERNATIVES} paths"));
        }
    }
    Ok(done)
}

/// The pattern once for each alternative of its first group in braces that holds a slash; `None` when there is none.
fn first_group(pattern: &str) -> Option<Vec<String>> {
    let mut depth = 0_usize;
    let mut open = 0;
    let mut commas = Vec::new();
    for (index, character) in pattern.char_indices() {
        match character {
            '{' => {
                if depth == 0 {
                    open = index;
                    commas.clear();
                }
                depth += 1;
            }
            ',' if depth == 1 => commas.push(index),
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 && pattern[open..index].contains('/') {
                    let mut start = open + 1;
                    let mut alternatives = Vec::new();
                    for end in commas.iter().copied().chain([index]) {
                        alternatives.push(format!(
                            "{}{}{}",
                            &pattern[..open],
                            &pattern[start..end],
                            &pattern[index + 1..]
                        ));
                        start = end + 1;
                    }
                    return Some(alternatives);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        for file in files {
            let path = temp.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        temp
    }

    #[test]
    fn find_lists_directories_before_their_children() {
        let temp = tree(&["a/z.yaml", "a/b/y.yaml", "a-b/x.yaml", "a/b.txt", "w.yaml"]);
        for (pattern, expected) in [
            ("**/*.yaml", vec!["w.yaml", "a/z.yaml", "a/b/y.yaml", "a-b/x.yaml"]),
            ("a/*.yaml", vec!["a/z.yaml"]),
            ("a/**/*.yaml", vec!["a/z.yaml", "a/b/y.yaml"]),
            ("{a/b,a-b}/*.yaml", vec!["a/b/y.yaml", "a-b/x.yaml"]),
            ("*/[xy].yaml", vec!["a-b/x.yaml"]),
            ("a/z.yaml", vec!["a/z.yaml"]),
            ("a/none*", vec![]),
        ] {
            let found: Vec<_> = find(temp.path(), pattern)
                .unwrap()
                .files
                .iter()
                .map(|path| path.strip_prefix(temp.path()).unwrap().display().to_string())
                .collect();
            // Sorted by name, `a` comes before `a-b`.
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn links_that_lead_back_add_nothing() {
        let temp = tree(&["a/x.yaml", "b/y.yaml"]);
        let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, temp.path().join(at)).unwrap();
        link(".", "a/loop");
        link("..", "a/up");
        link("../b", "a/b");
        link("user@host.1:2", "a/.#x.yaml");
        link("nowhere", "a/z.yaml");
        let found = find(temp.path(), "**/*.yaml").unwrap();
        let mut names: Vec<_> =
            found.files.iter().map(|path| path.strip_prefix(temp.path()).unwrap().display().to_string()).collect();
        names.sort();
        // A link that leads nowhere is for those who read the file to report.
        assert_eq!(names, ["a/b/y.yaml", "a/x.yaml", "a/z.yaml", "b/y.yaml"]);
        assert!(found.unreadable.is_empty());
    }

    #[test]
    fn matches_crosses_directories_only_with_two_stars() {
        for (pattern, path, expected) in [
            ("**/_defaults.yaml", "_defaults.yaml", true),
            ("**/_defaults.yaml", "a/b/_defaults.yaml", true),
            ("*/_defaults.yaml", "a/b/_defaults.yaml", false),
            ("orgs/**/*", "orgs/a.yaml", true),
        ] {
            assert_eq!(matches(pattern, path), Some(expected), "{pattern} {path}");
        }
        assert_eq!(matches("[", "a"), None);
    }

    const PLACES: [&str; 8] =
        ["a.yaml", "a/a.yaml", "a/b/a.yaml", "a/b/c.yml", "b.yaml", "b/a/a.yaml", "b/b.yaml", "c/a/b/a.yaml"];

    proptest::proptest! {
        #[test]
        fn a_search_finds_what_the_pattern_matches(
            segments in proptest::collection::vec(proptest::sample::select(&["**", "*", "a", "?", "[ab]", "{a,b}", "{a/b,c}"][..]), 0..4),
            name in proptest::sample::select(&["*", "a.yaml", "*.yaml", "?.y*", "{a,b}.yaml", "[!b].*", "**/a.yaml"][..]),
        ) {
            let tree = tree(&PLACES);
            let pattern = segments.iter().chain([&name]).copied().collect::<Vec<_>>().join("/");
            let mut found: Vec<String> = find(tree.path(), &pattern).unwrap().files.iter()
                .map(|path| path.strip_prefix(tree.path()).unwrap().to_string_lossy().into_owned())
                .collect();
            found.sort();
            let expected: Vec<&str> = PLACES.into_iter().filter(|place| matches(&pattern, place).unwrap()).collect();
            proptest::prop_assert_eq!(found, expected, "{}", pattern);
        }

        #[test]
        fn any_text_is_a_pattern_or_an_error(pattern in "[ab*?{},/\\[\\]!\\\\.-]{0,24}") {
            let _ = matches(&pattern, "a/b.yaml");
            // Groups may lead out of the tree, where somebody else's whole disk lies.
            let stays = |one: &String| !one.starts_with('/') && !one.contains("..");
            if braces(&pattern).is_ok_and(|all| all.iter().all(stays)) {
                let _ = find(tree(&PLACES[..3]).path(), &pattern);
            }
        }
    }
}
