//! What the arguments of init bring beside the folder: settings of the backend that no configuration has, and files whose
//! content counts as if it stood there. Terraform keeps no trace of them but the backend itself.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::folder::digest;
use crate::host::{Env, fs};

/// Variables of terraform that are arguments of its init.
pub(super) const VARIABLES: [&str; 2] = ["TF_CLI_ARGS", "TF_CLI_ARGS_init"];
/// Longest file whose content is taken for one of settings.
const LONGEST: u64 = 16 << 20;
/// Flags that name settings or files.
const FILES: [&str; 5] = ["backend-config", "var-file", "plugin-dir", "from-module", "test-directory"];
/// So many packages are looked at in a directory of providers.
const MOST: usize = 10_000;

/// The arguments of one init, read.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Settings of the backend and contents of their files, in their order.
    backend: Vec<Vec<u8>>,
    /// Contents of other files, each under what it is.
    others: Vec<(&'static str, Vec<u8>)>,
    /// Directory of tests, whose modules and providers are installed, too.
    pub(super) tests: Option<String>,
    /// Something of it cannot be read, so that nobody knows whether it has changed.
    pub(super) is_open: bool,
}

impl Given {
    /// Reads what `args`, init's own, and the environment name. Paths are relative to the folder, where terraform runs.
    pub(super) fn read(folder: &Path, args: &[&str], env: &Env) -> Given {
        let mut given = Given::default();
        let mut words: Vec<String> = Vec::new();
        for name in VARIABLES {
            let Some(text) = env.get_raw(name) else { continue };
            match text.to_str().map(shell_words::split) {
                Some(Ok(split)) => words.extend(split),
                _ => given.is_open = true,
            }
        }
        words.extend(args.iter().map(|arg| (*arg).to_owned()));
        for (name, value, _) in valued(&words, &FILES) {
            given.flag(folder, name, value);
        }
        given
    }

    fn flag(&mut self, folder: &Path, name: &str, value: &str) {
        let path = folder.join(value);
        match name {
            // What has no `=` is a file, for terraform, too.
            "backend-config" if value.contains('=') => self.backend.push(value.as_bytes().to_vec()),
            "backend-config" if value.is_empty() => {}
            "backend-config" => {
                let content = content(&path);
                self.is_open |= content.is_none();
                self.backend.push(content.unwrap_or_else(|| format!("{value}\0").into_bytes()));
            }
            "var-file" => match content(&path) {
                Some(content) => self.others.push(("var-file", content)),
                None => self.is_open = true,
            },
            "plugin-dir" => match packages(&path) {
                Some(found) => self.others.push(("plugin-dir", found.into_bytes())),
                None => self.is_open = true,
            },
            "from-module" => self.is_open = true,
            "test-directory" => self.tests = Some(value.to_owned()),
            _ => {}
        }
    }

    /// What is said about the backend; `None` where nothing is.
    pub(super) fn backend(&self) -> Option<String> {
        let hashes: Vec<String> = self.backend.iter().map(|part| digest(part)).collect();
        (!hashes.is_empty()).then(|| digest(hashes.join(" ").as_bytes()))
    }

    /// Hands out every content.
    pub(super) fn add(&self, add: &mut impl FnMut(&str, &[u8])) {
        for part in &self.backend {
            add("backend-config", part);
        }
        for (label, content) in &self.others {
            add(label, content);
        }
    }
}

/// Flags of these names with their values, joined by `=` or the next word, and the words that each is made of.
fn valued<'w>(words: &'w [String], names: &[&str]) -> Vec<(&'w str, &'w str, &'w [String])> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(word) = words.get(at) {
        let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or_default();
        let (name, joined) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let is_wanted = names.contains(&name);
        let end = (at + if is_wanted && joined.is_none() { 2 } else { 1 }).min(words.len());
        if is_wanted {
            let next = words.get(at + 1).map_or("", String::as_str);
            found.push((name, joined.unwrap_or(next), &words[at..end]));
        }
        at = end;
    }
    found
}

/// The words that give variables, of a command's arguments.
pub(super) fn variables(words: &[String]) -> Vec<String> {
    valued(words, &["var", "var-file"]).into_iter().flat_map(|(_, _, words)| words).cloned().collect()
}

/// The files that such words name.
pub(super) fn variable_files(words: &[String]) -> impl Iterator<Item = &str> {
    valued(words, &["var-file"]).into_iter().map(|(_, value, _)| value)
}

/// A file. Nothing is taken from a pipe, which gives what it has once.
pub(super) fn content(path: &Path) -> Option<Vec<u8>> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    fs::read_regular(path, LONGEST, "it is no file of settings").ok()
}

/// What tells the packages in a directory of providers apart without reading them.
fn packages(directory: &Path) -> Option<String> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).ok()? {
            let path = entry.ok()?.path();
            let about = std::fs::metadata(&path).ok()?;
            if about.is_dir() {
                open.push(path);
                continue;
            }
            let changed = about.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            found.push(format!("{} {} {changed:?}", path.display(), about.len()));
            if found.len() + open.len() > MOST {
                return None;
            }
        }
    }
    found.sort();
    Some(found.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(folder: &Path, args: &[&str], variable: &str) -> Given {
        Given::read(folder, args, &Env::from_iter([("TF_CLI_ARGS_init", variable)]))
    }

    #[test]
    fn contents_count_however_files_are_named() {
        let temp = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(temp.path().join(name), text).unwrap();
        write("a.hcl", "bucket = \"one\"");
        write("b.hcl", "bucket = \"one\"");
        let backend = |args: &[&str], variable: &str| {
            let given = read(temp.path(), args, variable);
            assert!(!given.is_open, "{args:?} {variable}");
            given.backend()
        };
        let one = backend(&[], "-backend-config=a.hcl");
        assert!(one.is_some() && backend(&[], "-input=false").is_none());
        let absolute = temp.path().join("a.hcl").display().to_string();
        for (args, variable) in [
            (&[][..], "-backend-config a.hcl"),
            (&[], "--backend-config='b.hcl' -no-color"),
            (&["-backend-config", "a.hcl"], ""),
            (&["-backend-config", &absolute], "-backend-config="),
        ] {
            assert_eq!(backend(args, variable), one, "{args:?} {variable}");
        }
        assert_ne!(backend(&[], "-backend-config=bucket=one"), one);
        write("a.hcl", "bucket = \"two\"");
        assert_ne!(backend(&[], "-backend-config=a.hcl"), one);
    }

    #[test]
    fn what_cannot_be_read_leaves_it_open() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir(temp.path().join("plugins")).unwrap();
        for variable in [
            "-backend-config=none.hcl",
            "-backend-config=.",
            "-backend-config 'open",
            "-plugin-dir=none",
            "-var-file none.tfvars",
            "-from-module=./x",
        ] {
            assert!(read(temp.path(), &[], variable).is_open, "{variable}");
        }
        let plugins = |temp: &Path| {
            let (mut text, given) = (String::new(), read(temp, &[], "-plugin-dir plugins"));
            assert!(!given.is_open);
            given.add(&mut |label, content| text.extend([label, &String::from_utf8_lossy(content)]));
            text
        };
        let before = plugins(temp.path());
        std::fs::create_dir_all(temp.path().join("plugins/h/n/p")).unwrap();
        std::fs::write(temp.path().join("plugins/h/n/p/x.zip"), "x").unwrap();
        assert_ne!(plugins(temp.path()), before);
    }

    #[test]
    fn variables_are_found_among_other_words() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let found = variables(&words("-target x.y -var a=b --var-file=x -variable -var-file c -lock=false"));
        assert_eq!(found, words("-var a=b --var-file=x -var-file c"));
        assert_eq!(variable_files(&found).collect::<Vec<_>>(), ["x", "c"]);
    }
}
