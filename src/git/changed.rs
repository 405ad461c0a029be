//! What git says of paths that are not the same in two trees.

use std::path::{Path, PathBuf};

/// The mode of a submodule in a tree.
const LINK: &str = "160000";

/// A path that is not the same in two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub path: PathBuf,
    /// A repository of its own: which of its files changed cannot be told from here.
    pub is_repository: bool,
}

impl Changed {
    fn new(root: &Path, name: &[u8], is_repository: bool) -> Changed {
        Changed { path: root.join(path(name)), is_repository }
    }
}

/// The answer of `git diff-tree -r -z --raw`: modes, ids and kind of the change, then the name.
pub(super) fn between_commits(root: &Path, output: &[u8]) -> Vec<Changed> {
    let mut fields = output.split(|byte| *byte == 0);
    let mut found = Vec::new();
    while let (Some(facts), Some(name)) = (fields.next(), fields.next()) {
        let facts = String::from_utf8_lossy(facts);
        let mut modes = facts.trim_start_matches(':').split(' ').take(2);
        found.push(Changed::new(root, name, modes.any(|mode| mode == LINK)));
    }
    found
}

/// The answer of `git status --porcelain=v2 -z` without renames.
pub(super) fn uncommitted(root: &Path, output: &[u8]) -> Vec<Changed> {
    let entries = output.split(|byte| *byte == 0);
    entries
        .filter_map(|entry| {
            let fields = match entry.first()? {
                b'1' => 9,
                b'u' => 11,
                // A folder with a repository that nobody added has a stroke at its end.
                b'?' => return entry.get(2..).map(|name| Changed::new(root, name, name.ends_with(b"/"))),
                _ => return None,
            };
            let mut fields = entry.splitn(fields, |byte| *byte == b' ');
            let module = fields.nth(2)?;
            Some(Changed::new(root, fields.last()?, module.starts_with(b"S")))
        })
        .collect()
}

/// The answer of `git status --porcelain=v2 --branch -z`: the commit, if there is one, and whether anything is not as in it.
pub(super) fn standing(output: &[u8]) -> (Option<String>, bool) {
    let (heads, entries): (Vec<&[u8]>, Vec<&[u8]>) =
        output.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).partition(|entry| entry.starts_with(b"# "));
    let commit = heads.iter().find_map(|head| head.strip_prefix(b"# branch.oid "));
    let commit = commit.filter(|commit| *commit != b"(initial)");
    (commit.map(|commit| String::from_utf8_lossy(commit).into_owned()), !entries.is_empty())
}

/// The symbolic links in the answer of `git ls-files -s -z`: mode, id and stage, then the name behind a tab.
pub(super) fn links(root: &Path, output: &[u8]) -> Vec<PathBuf> {
    let entries = output.split(|byte| *byte == 0).filter(|entry| entry.starts_with(b"120000 "));
    let names = entries.filter_map(|entry| entry.splitn(2, |byte| *byte == b'\t').nth(1));
    names.map(|name| root.join(path(name))).collect()
}

#[cfg(unix)]
pub(super) fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
pub(super) fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: &[Changed]) -> Vec<(&str, bool)> {
        found.iter().map(|one| (one.path.to_str().unwrap(), one.is_repository)).collect()
    }

    #[test]
    fn what_is_checked_out_and_whether_it_was_changed() {
        let head = "# branch.oid 0123abc\0# branch.head main\0";
        assert_eq!(standing(head.as_bytes()), (Some("0123abc".to_owned()), false));
        let entry = format!("{head}1 .M N... 100644 100644 100644 ab ab a\0");
        assert_eq!(standing(entry.as_bytes()), (Some("0123abc".to_owned()), true));
        assert_eq!(standing(b"# branch.oid (initial)\0# branch.head main\0"), (None, false));
    }

    #[test]
    fn submodules_are_told_from_files() {
        let raw = b":100644 100644 ab cd M\0a b\0:160000 160000 ab cd M\0sub\0:000000 160000 00 cd A\0new\0:100644 000000 ab 00 D\0c\0";
        let root = Path::new("/r");
        let expected = [("/r/a b", false), ("/r/sub", true), ("/r/new", true), ("/r/c", false)];
        assert_eq!(told(&between_commits(root, raw)), expected);
        let status = b"1 .M N... 100644 100644 100644 ab cd a b\x001 .M SC.. 160000 160000 160000 ab cd sub\0? new file\0? other/\0u UU N... 1 2 3 4 a b c both ways\0";
        let expected =
            [("/r/a b", false), ("/r/sub", true), ("/r/new file", false), ("/r/other/", true), ("/r/both ways", false)];
        assert_eq!(told(&uncommitted(root, status)), expected);
        let known = b"100644 ab 0\ta\x00120000 ab 0\tb\tc/d\x00120000 ab 0\te\0";
        assert_eq!(links(root, known), [Path::new("/r/b\tc/d"), Path::new("/r/e")]);
        assert!(between_commits(root, b"").is_empty() && uncommitted(root, b"").is_empty());
    }
}
