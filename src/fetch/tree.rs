//! Which files of a fetched tree an address names: a file, a directory with everything below it, or a glob.

use std::path::{Component, Path, PathBuf};

use super::error::Error;

/// Suffixes of what can be imported, in the order in which a name without suffix is tried.
pub(super) const EXTENSIONS: [&str; 4] = [".yaml", ".yml", ".yaml.tmpl", ".yml.tmpl"];
/// Directories nested deeper than this are not searched.
const DEPTH_LIMIT: usize = 32;

/// The files that `sub` names below `root`, as paths relative to it, sorted.
pub(super) fn files(root: &Path, sub: &str) -> Result<Vec<String>, Error> {
    let sub = clean(sub)?;
    let not_found = || Error::NotFound { pattern: sub.clone() };
    if sub.contains(['*', '?', '[']) {
        let glob = globset::GlobBuilder::new(&sub).literal_separator(true).backslash_escape(true).build();
        let matcher =
            glob.map_err(|error| Error::invalid(format!("`{sub}` is no pattern: {error}"), "correct the pattern"))?;
        let matcher = matcher.compile_matcher();
        return some(root, walk(root, "").into_iter().filter(|file| matcher.is_match(file)).collect(), not_found);
    }
    if Path::new(&sub).extension().is_none()
        && let Some(file) =
            EXTENSIONS.iter().map(|suffix| format!("{sub}{suffix}")).find(|file| root.join(file).is_file())
    {
        return some(root, vec![file], not_found);
    }
    let target = root.join(&sub);
    if target.is_dir() {
        let below = walk(&target, &sub).into_iter().filter(|file| EXTENSIONS.iter().any(|end| file.ends_with(end)));
        return some(root, below.collect(), not_found);
    }
    some(root, if target.is_file() { vec![sub.clone()] } else { Vec::new() }, not_found)
}

/// The folder or the file that `sub` names below `root`.
pub(super) fn entry(root: &Path, sub: &str) -> Result<PathBuf, Error> {
    let sub = clean(sub)?;
    let entry = if sub.is_empty() { root.to_path_buf() } else { root.join(&sub) };
    if !entry.exists() {
        return Err(Error::NotFound { pattern: if sub.is_empty() { root.display().to_string() } else { sub } });
    }
    match (root.canonicalize(), entry.canonicalize()) {
        (Ok(root), Ok(real)) if real.starts_with(&root) => Ok(entry),
        _ => Err(Error::Unsafe { reason: format!("`{sub}` is a link that leads outside of the source") }),
    }
}

fn some(root: &Path, mut files: Vec<String>, not_found: impl Fn() -> Error) -> Result<Vec<String>, Error> {
    files.sort();
    if files.is_empty() {
        return Err(not_found());
    }
    let outside = |file: &String| match (root.canonicalize(), root.join(file).canonicalize()) {
        (Ok(root), Ok(file)) => !file.starts_with(root),
        _ => true,
    };
    // A link of the repository could name any file of this machine.
    match files.iter().find(|file| outside(file)) {
        Some(file) => Err(Error::Unsafe { reason: format!("`{file}` is a link that leads outside of the source") }),
        None => Ok(files),
    }
}

/// The path without `.` and empty parts; never one that leads out of the tree.
fn clean(sub: &str) -> Result<String, Error> {
    let mut parts: Vec<String> = Vec::new();
    for component in Path::new(sub.trim_start_matches('/')).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir if parts.pop().is_some() => {}
            _ => return Err(Error::Unsafe { reason: format!("the path `{sub}` leads outside of the source") }),
        }
    }
    Ok(parts.join("/"))
}

/// Every file below `directory`, with `prefix` before its path. Directories behind links are not entered.
fn walk(directory: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(directory.to_path_buf(), prefix.to_owned(), 0)];
    while let Some((directory, prefix, depth)) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEPTH_LIMIT => open.push((entry.path(), path, depth + 1)),
                Ok(kind) if kind.is_dir() => {}
                _ if entry.path().is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found
}

/// The base path of stacks inside a tree: the leading part of `sub` up to and including `stacks_base`.
pub(super) fn stacks_base(root: &Path, sub: &str, stacks_base: &str) -> Option<PathBuf> {
    let sub = clean(sub).ok()?;
    let wanted = clean(stacks_base).ok()?;
    if wanted.is_empty() {
        return Some(root.to_path_buf());
    }
    let (sub, wanted): (Vec<&str>, Vec<&str>) = (sub.split('/').collect(), wanted.split('/').collect());
    let start = sub.windows(wanted.len()).position(|window| window == wanted)?;
    Some(root.join(sub[..start + wanted.len()].join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_directories_and_globs_are_found() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        for file in ["s/a.yaml", "s/b.yml", "s/c.yaml.tmpl", "s/d/e.yaml", "s/notes.txt", "x.yaml"] {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::write(root.join(file), "").unwrap();
        }
        for (sub, expected) in [
            ("s/a", vec!["s/a.yaml"]),
            ("s/a.yaml", vec!["s/a.yaml"]),
            ("/s/./c", vec!["s/c.yaml.tmpl"]),
            ("s", vec!["s/a.yaml", "s/b.yml", "s/c.yaml.tmpl", "s/d/e.yaml"]),
            ("s/*.yaml", vec!["s/a.yaml"]),
            ("s/**/*.yaml", vec!["s/a.yaml", "s/d/e.yaml"]),
        ] {
            assert_eq!(files(root, sub).unwrap(), expected, "{sub}");
        }
        assert!(matches!(files(root, "s/nothing"), Err(Error::NotFound { .. })));
        assert!(matches!(files(root, "../x"), Err(Error::Unsafe { .. })));
        assert!(matches!(files(root, "s/../../x"), Err(Error::Unsafe { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_tree_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("tree");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(temp.path().join("secret.yaml"), "").unwrap();
        std::os::unix::fs::symlink("../secret.yaml", root.join("x.yaml")).unwrap();
        assert!(matches!(files(&root, "x"), Err(Error::Unsafe { .. })));
        assert!(matches!(files(&root, "*"), Err(Error::Unsafe { .. })));
    }

    #[test]
    fn the_base_of_remote_stacks_is_part_of_the_path() {
        let root = Path::new("/t");
        for (sub, base, expected) in [
            ("stacks/catalog/vpc", "stacks", Some("/t/stacks")),
            ("infra/stacks/catalog/vpc", "./stacks", Some("/t/infra/stacks")),
            ("a/b/c/x", "b/c", Some("/t/a/b/c")),
            ("catalog/vpc", "stacks", None),
            ("catalog/vpc", ".", Some("/t")),
        ] {
            assert_eq!(stacks_base(root, sub, base), expected.map(PathBuf::from), "{sub} {base}");
        }
    }
}
