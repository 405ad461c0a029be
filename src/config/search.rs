//! Configuration files behind a path: a file, a directory with everything below it, or a glob.

use std::path::{Path, PathBuf};

/// Directories nested deeper than this are not searched, so that a link to a parent ends.
const DEPTH_LIMIT: usize = 32;

/// The YAML files that `path` stands for, shallow directories first, then by name; of `x.yaml` and `x.yml` in one
/// directory only the first. Empty when nothing matches.
pub(super) fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_path_buf()];
    }
    if path.is_dir() {
        return arrange(walk(path, &|file| is_yaml(file)));
    }
    let text = path.to_string_lossy();
    let patterns: Vec<String> = match path.extension() {
        None => ["yaml", "yml"].map(|extension| format!("{text}.{extension}")).to_vec(),
        Some(_) => vec![text.into_owned()],
    };
    if !patterns[0].contains(['*', '?', '[', '{']) {
        return arrange(patterns.into_iter().map(PathBuf::from).filter(|file| file.is_file()).collect());
    }
    let matchers: Vec<_> = patterns.iter().filter_map(|pattern| matcher(pattern)).collect();
    let matches = |file: &Path| is_yaml(file) && matchers.iter().any(|matcher| matcher.is_match(file));
    arrange(walk(&fixed_part(path), &matches))
}

fn matcher(pattern: &str) -> Option<globset::GlobMatcher> {
    let glob = globset::GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build().ok()?;
    Some(glob.compile_matcher())
}

/// The leading directories of a glob that contain no wildcard.
fn fixed_part(pattern: &Path) -> PathBuf {
    pattern.iter().take_while(|part| !part.to_string_lossy().contains(['*', '?', '[', '{'])).collect()
}

fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// All files below `directory` that `wanted` accepts; unreadable directories are passed over.
fn walk(directory: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![(directory.to_path_buf(), 0)];
    while let Some((directory, depth)) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                if depth < DEPTH_LIMIT {
                    open.push((path, depth + 1));
                }
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    found
}

fn arrange(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.sort_by(|left, right| left.components().count().cmp(&right.components().count()).then(left.cmp(right)));
    // Sorting puts `x.yaml` directly before `x.yml` unless a name such as `x.yaml.yml` lies between them.
    let long: Vec<PathBuf> =
        files.iter().filter(|file| file.extension().is_some_and(|e| e == "yaml")).cloned().collect();
    files.retain(|file| {
        file.extension().is_none_or(|extension| extension != "yml") || !long.contains(&file.with_extension("yaml"))
    });
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_globs_and_names_find_yaml_files() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        for file in ["d/b.yaml", "d/a.yml", "d/a.yaml", "d/deep/c.yml", "d/notes.txt", "d/.hidden.yaml", "e.yml"] {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::write(root.join(file), "").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = files(&root.join(pattern));
            found.iter().map(|file| file.strip_prefix(root).unwrap().display().to_string()).collect()
        };
        assert_eq!(names("d"), ["d/.hidden.yaml", "d/a.yaml", "d/b.yaml", "d/deep/c.yml"]);
        assert_eq!(names("d/**/*"), ["d/.hidden.yaml", "d/a.yaml", "d/b.yaml", "d/deep/c.yml"]);
        assert_eq!(names("d/*.yaml"), ["d/.hidden.yaml", "d/a.yaml", "d/b.yaml"]);
        assert_eq!(names("d/a"), ["d/a.yaml"]);
        assert_eq!(names("e"), ["e.yml"]);
        assert_eq!(names("e.yml"), ["e.yml"]);
        assert!(names("nothing").is_empty() && names("nothing/*").is_empty());
    }
}
