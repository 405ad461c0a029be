//! What of a directory is terraform's, where the directory's name comes from a setting and may be anything: of a data
//! directory, and of a cache of plugins.

use std::path::{Path, PathBuf};

/// What may go of a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// The directory itself where everything in it is terraform's or ours, else those parts.
    pub paths: Vec<PathBuf>,
    /// Names of what is somebody else's.
    pub others: Vec<String>,
}

/// How deep packages lie: `<host>/<namespace>/<name>/<version>/<platform>`.
const PACKAGES: usize = 4;

/// Names of a data directory that others use, too: `/etc` has an `environment`.
const COMMON: [&str; 2] = ["environment", "plugin_path"];

/// Of a data directory (`TF_DATA_DIR`).
pub fn of_data_dir(directory: &Path) -> Owned {
    let mut owned = parts_of_data_dir(directory);
    let is_common = |path: &PathBuf| path.file_name().is_some_and(|name| COMMON.iter().any(|common| name == *common));
    if !owned.others.is_empty() && owned.paths.iter().all(is_common) {
        // Nothing shows that terraform has ever been here.
        let names = owned.paths.drain(..).filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        owned.others.extend(names);
        owned.others.sort();
    }
    owned
}

fn parts_of_data_dir(directory: &Path) -> Owned {
    of(directory, |path, name| {
        let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        match name {
            "environment" => whole(path, is_file && is_workspace(path)),
            "plugin_path" => whole(path, is_file),
            // The state of a workspace has the same name.
            "terraform.tfstate" => whole(path, is_file && super::folder::has_backend_record(path)),
            "modules" => whole(path, path.join("modules.json").is_file()),
            "providers" => of_packages(path),
            // Where terraform kept providers before it had hosts for them.
            "plugins" => of(path, |path, name| match name {
                "selections.json" => whole(path, path.is_file()),
                _ if is_platform(name) => whole(path, path.join("lock.json").is_file()),
                _ => level(path, name, 0),
            }),
            _ => whole(path, is_file && (name.starts_with("atmos.") || name.starts_with("atmos-"))),
        }
    })
}

/// Of a cache of plugins.
pub fn of_packages(directory: &Path) -> Owned {
    of(directory, |path, name| level(path, name, 0))
}

/// Of one entry at some depth of the layout of packages.
fn level(path: &Path, name: &str, depth: usize) -> Owned {
    let is_link = path.is_symlink();
    let fits = match depth {
        0 => is_host(name),
        3 => is_version(name) || name.starts_with("terraform-provider-"),
        PACKAGES => is_platform(name.trim_end_matches(".lock")),
        _ => !name.starts_with('.'),
    };
    // A package may be a link into another cache; it goes, and what it leads to stays.
    if fits && (depth == PACKAGES || depth == 3 && name.starts_with("terraform-provider-")) {
        return whole(path, true);
    }
    if !fits || is_link || !path.is_dir() {
        return whole(path, false);
    }
    of(path, |path, name| level(path, name, depth + 1))
}

/// Everything in a directory that is there, each entry judged.
fn of(directory: &Path, judge: impl Fn(&Path, &str) -> Owned) -> Owned {
    let Ok(entries) = std::fs::read_dir(directory) else { return Owned::default() };
    let mut owned = Owned::default();
    for entry in entries.filter_map(Result::ok) {
        let part = judge(&entry.path(), &entry.file_name().to_string_lossy());
        owned.paths.extend(part.paths);
        owned.others.extend(part.others);
    }
    owned.paths.sort();
    owned.others.sort();
    // What a link leads to is emptied, and the link is left to whoever made it.
    if owned.others.is_empty() && !directory.is_symlink() {
        owned.paths = vec![directory.to_path_buf()];
    }
    owned
}

fn whole(path: &Path, is_ours: bool) -> Owned {
    if is_ours {
        return Owned { paths: vec![path.to_path_buf()], others: Vec::new() };
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Owned { paths: Vec::new(), others: vec![name] }
}

fn is_host(name: &str) -> bool {
    !name.starts_with('.') && (name.contains(['.', ':']) || name == "localhost")
}

/// The file has the name of a workspace in it and nothing else.
fn is_workspace(file: &Path) -> bool {
    let plain = |letter: char| letter.is_alphanumeric() || "-_.~%+".contains(letter);
    std::fs::read_to_string(file).is_ok_and(|text| text.trim().chars().all(plain))
}

/// `1.2.3`, with whatever follows.
fn is_version(name: &str) -> bool {
    let mut parts = name.splitn(3, '.');
    let number = |part: Option<&str>| part.is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    number(parts.next()) && number(parts.next()) && number(parts.next())
}

/// `linux_amd64`
fn is_platform(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.split_once('_').is_some_and(|(system, machine)| word(system) && word(machine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::put;

    const RECORD: &str = r#"{"version": 3, "backend": {"type": "local", "hash": 1}}"#;
    const PACKAGE: &str = "registry.terraform.io/hashicorp/null/3.2.1/linux_amd64/terraform-provider-null";

    fn names(root: &Path, owned: &Owned) -> Vec<String> {
        let relative = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
        owned.paths.iter().map(relative).collect()
    }

    #[test]
    fn a_data_directory_goes_whole_where_all_of_it_is_terraforms() {
        let temp = tempfile::tempdir().unwrap();
        let provider = format!("providers/{PACKAGE}");
        let files = [("environment", "dev"), ("terraform.tfstate", RECORD), ("modules/modules.json", "{}")];
        put(temp.path(), &files);
        put(temp.path(), &[(&provider, ""), ("modules/net/main.tf", ""), ("atmos.json", "{}")]);
        assert_eq!(of_data_dir(temp.path()), Owned { paths: vec![temp.path().to_path_buf()], others: Vec::new() });
    }

    #[test]
    fn what_terraform_did_not_write_stays() {
        let temp = tempfile::tempdir().unwrap();
        let state = r#"{"version": 4, "resources": [{}]}"#;
        put(temp.path(), &[("environment", "dev"), ("main.tf", ""), ("terraform.tfstate", state)]);
        put(temp.path(), &[("modules/mine/main.tf", ""), ("providers/notes.txt", ""), (".git/HEAD", "")]);
        let owned = of_data_dir(temp.path());
        assert_eq!(owned.paths, Vec::<PathBuf>::new(), "nothing shows that it is a data directory");
        assert_eq!(owned.others, [".git", "environment", "main.tf", "modules", "notes.txt", "terraform.tfstate"]);
        put(temp.path(), &[("atmos.json", "{}")]);
        assert_eq!(names(temp.path(), &of_data_dir(temp.path())), ["atmos.json", "environment"]);
        put(temp.path(), &[("environment", "PATH=\"/bin\"\n")]);
        assert_eq!(names(temp.path(), &of_data_dir(temp.path())), ["atmos.json"]);
        assert_eq!(of_data_dir(&temp.path().join("gone")), Owned::default());
    }

    #[test]
    fn a_cache_of_plugins_is_told_by_its_layout() {
        let temp = tempfile::tempdir().unwrap();
        put(temp.path(), &[(PACKAGE, "")]);
        assert_eq!(of_packages(temp.path()).paths, [temp.path()]);
        put(temp.path(), &[("mine/f", ""), ("my.project/a/b/1.0.0/notes.txt", ""), ("example.org/a/b/c/d", "")]);
        let owned = of_packages(temp.path());
        assert_eq!(names(temp.path(), &owned), ["registry.terraform.io"]);
        assert_eq!(owned.others, ["c", "mine", "notes.txt"]);
    }
}
