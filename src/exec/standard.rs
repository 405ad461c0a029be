//! What our own standard streams are, and why a program is none that can be started.

use std::io;
use std::path::Path;

use crate::host::Env;

/// Whether an answer could come from standard input: a terminal, a pipe or a file, not `/dev/null` (which is also what a
/// closed one becomes).
#[cfg(unix)]
pub fn stdin_is_readable() -> bool {
    use rustix::fs::{FileType, fstat, stat};
    let (Ok(own), Ok(null)) = (fstat(io::stdin()), stat("/dev/null")) else { return false };
    FileType::from_raw_mode(own.st_mode) != FileType::CharacterDevice || own.st_rdev != null.st_rdev
}

#[cfg(not(unix))]
pub fn stdin_is_readable() -> bool {
    true
}

/// Whether standard output is written into a file, where nobody reads along.
#[cfg(unix)]
pub fn stdout_is_file() -> bool {
    use rustix::fs::{FileType, fstat};
    fstat(io::stdout()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

#[cfg(not(unix))]
pub fn stdout_is_file() -> bool {
    false
}

/// Why nothing that can be started was found under this name.
pub(super) fn why_not(program: &str, env: &Env, cwd: &Path) -> &'static str {
    let is_path = program.contains(std::path::is_separator);
    let search = env.get_raw("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let folders: Vec<std::path::PathBuf> = if is_path { vec![cwd.to_path_buf()] } else { search };
    let there: Vec<_> = folders.iter().map(|folder| folder.join(program)).filter(|path| path.exists()).collect();
    match (there.iter().any(|path| path.is_file()), there.is_empty()) {
        (true, _) => "permission denied (the file is not executable)",
        (false, false) => "it is a directory",
        (false, true) => "no such file or directory (not found on PATH)",
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_started_is_not_called_absent() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join("plain"), "").unwrap();
        std::fs::create_dir(temp.path().join("folder")).unwrap();
        let env = Env::from_iter([("PATH", temp.path().display().to_string())]);
        for (program, phrase) in [
            ("plain", "not executable"),
            ("./plain", "not executable"),
            ("./folder", "directory"),
            ("folder", "it is a directory"),
            ("none", "not found on PATH"),
            ("/none", "not found on PATH"),
        ] {
            let why = why_not(program, &env, temp.path());
            assert!(why.contains(phrase), "{program}: {why}");
        }
        let path = temp.path().join("plain").display().to_string();
        assert!(why_not(&path, &Env::default(), Path::new("/")).contains("not executable"));
    }
}
