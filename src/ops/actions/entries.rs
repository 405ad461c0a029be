//! What goes into an archive: files, their names in it, times and permissions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::fetch::git_answer;
use crate::host::Host;

/// The first moment that a zip can tell, for what has no history.
const BEGINNING: i64 = 315_532_800;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub path: PathBuf,
    /// In the archive, with slashes.
    pub name: String,
    /// Seconds since 1970.
    pub time: i64,
    pub mode: u32,
}

/// Where times come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Files,
    /// One for all: the last commit that touched the source.
    Epoch,
    /// For each file the last commit that touched it.
    Git,
}

/// Which files.
pub(super) struct Choice<'a> {
    pub source: &'a Path,
    pub destination: &'a Path,
    pub subpath: &'a str,
    pub include: &'a [String],
    pub exclude: &'a [String],
    pub times: Times,
}

impl Choice<'_> {
    /// The files, sorted by name.
    ///
    /// # Errors
    /// In words: what cannot be read, and patterns and paths that are none.
    pub(super) fn entries(&self, host: &Host) -> Result<Vec<Entry>, String> {
        let subpath = self.subpath.trim_matches('/');
        let inside = |part: &str| !matches!(part, "." | ".." | "");
        if self.subpath.starts_with('/') || (!subpath.is_empty() && !subpath.split(['/', '\\']).all(inside)) {
            return Err(format!("`subpath` is `{}`, but it must be a relative path without `..`", self.subpath));
        }
        let (include, exclude) = (matchers(self.include)?, matchers(self.exclude)?);
        let mut found = Vec::new();
        let (folder, is_folder) = match std::fs::metadata(self.source) {
            Ok(metadata) if metadata.is_dir() => (self.source, true),
            Ok(_) => (self.source.parent().unwrap_or(self.source), false),
            Err(error) => return Err(format!("{} cannot be read: {error}", self.source.display())),
        };
        if is_folder {
            walk(folder, &mut found)?;
        } else {
            found.push(self.source.to_owned());
        }
        found.retain(|path| path != self.destination);
        let history = History::of(host, folder, if is_folder { None } else { self.source.file_name() }, self.times);
        let mut entries = Vec::with_capacity(found.len());
        for path in found {
            let relative = path.strip_prefix(folder).unwrap_or(&path);
            let name =
                relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            let any = |patterns: &[GlobMatcher]| patterns.iter().any(|pattern| pattern.is_match(&name));
            if any(&exclude) || !(include.is_empty() || any(&include)) {
                continue;
            }
            let metadata =
                std::fs::metadata(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
            if !metadata.is_file() {
                return Err(format!("{} is no regular file", path.display()));
            }
            let (time, mode) = (history.time(&name, &metadata), self.mode(&metadata));
            let name = if subpath.is_empty() { name } else { format!("{subpath}/{name}") };
            entries.push(Entry { path, name, time, mode });
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// Permissions as they are; where archives are to be the same everywhere, only whether it is a program.
    fn mode(&self, metadata: &std::fs::Metadata) -> u32 {
        #[cfg(unix)]
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        #[cfg(not(unix))]
        let mode = if metadata.permissions().readonly() { 0o444 } else { 0o644 };
        match (self.times, mode & 0o111) {
            (Times::Files, _) => mode,
            (_, 0) => 0o644,
            _ => 0o755,
        }
    }
}

/// Everything below a folder but folders. Links to folders are not followed.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let failed = |error: std::io::Error| format!("{} cannot be read: {error}", next.display());
        for entry in std::fs::read_dir(&next).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() { open.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    Ok(())
}

fn matchers(patterns: &[String]) -> Result<Vec<GlobMatcher>, String> {
    let matcher = |pattern: &String| {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        glob.map(|glob| glob.compile_matcher()).map_err(|_| format!("`{pattern}` is no pattern of paths"))
    };
    patterns.iter().map(matcher).collect()
}

/// When files were last changed by a commit.
struct History {
    times: Times,
    epoch: i64,
    files: HashMap<String, i64>,
}

impl History {
    fn of(host: &Host, folder: &Path, file: Option<&std::ffi::OsStr>, times: Times) -> History {
        let mut history = History { times, epoch: BEGINNING, files: HashMap::new() };
        if times == Times::Files {
            return history;
        }
        let (folder, file) = (folder.to_string_lossy(), file.map_or(".".into(), std::ffi::OsStr::to_string_lossy));
        let mut words = vec!["-C", &*folder, "-c", "core.quotePath=off", "log", "--format=format:\u{1}%ct"];
        if times == Times::Git {
            words.extend(["--name-only", "--relative"]);
        } else {
            words.push("-1");
        }
        words.extend(["--", &*file]);
        let (mut time, mut first) = (BEGINNING, true);
        for line in git_answer(host, &words).unwrap_or_default().lines() {
            match line.strip_prefix('\u{1}') {
                Some(seconds) => {
                    time = seconds.trim().parse().unwrap_or(BEGINNING);
                    if std::mem::take(&mut first) {
                        history.epoch = time;
                    }
                }
                None if line.is_empty() => {}
                // The latest commit comes first.
                None => drop(history.files.entry(line.to_owned()).or_insert(time)),
            }
        }
        history
    }

    fn time(&self, name: &str, metadata: &std::fs::Metadata) -> i64 {
        let own = || {
            let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_secs()).ok()
        };
        match self.times {
            Times::Files => own().unwrap_or(BEGINNING),
            Times::Epoch => self.epoch,
            Times::Git => self.files.get(name).copied().unwrap_or(self.epoch),
        }
    }
}
