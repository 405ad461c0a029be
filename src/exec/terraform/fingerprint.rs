//! What `init` reads, as hashes: whether it is as it was when init last ran for the instance.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::folder::{Look, Record, digest, module_dirs};
use super::given::{self, Given, VARIABLES};
use crate::content::{Early, early};
use crate::host::{Env, fs};
use crate::value::hex;

/// The files of a directory that terraform reads.
const CONFIGURATION: [&str; 5] = [".tf", ".tf.json", ".tofu", ".tofu.json", ".tfmirror"];
/// Tests, whose modules and providers init installs as well.
const TESTS: [&str; 4] = [".tftest.hcl", ".tftest.json", ".tofutest.hcl", ".tofutest.json"];
/// Where they are beside the folder itself.
const TEST_DIRECTORY: &str = "tests";

/// The inputs of init.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// `None` where something cannot be told.
    pub fingerprint: Option<String>,
    pub vars: Option<String>,
    pub given: Option<String>,
    pub evaluates: bool,
}

/// A hash of parts that cannot run into each other.
#[derive(Default)]
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, label: &str, content: &[u8]) {
        self.0.update(label.as_bytes());
        self.0.update([0]);
        self.0.update(content.len().to_le_bytes());
        self.0.update(content);
    }

    fn end(self) -> String {
        hex(&self.0.finalize())
    }
}

/// One hash over everything that `init` reads: configuration files of the folder and of its local modules, lock file,
/// module list, installed providers, backend record, program, arguments with the files that they name, and the variables
/// that change it; another one over variables of the configuration, where it evaluates them.
pub(super) fn inputs(look: Look<'_>, data: &Path, record: Option<&Record>) -> Inputs {
    let args = deciding(look.init_args);
    let given = Given::read(look.folder, &args, look.env);
    let mut parts = Parts::default();
    parts.add("program", program_mark(look.program).as_bytes());
    parts.add("args", args.join("\0").as_bytes());
    for name in VARIABLES.into_iter().chain(["TF_PLUGIN_CACHE_DIR"]) {
        parts.add(name, look.env.get_raw(name).unwrap_or_default().as_encoded_bytes());
    }
    given.add(&mut |label, content| parts.add(label, content));
    for name in ["TF_CLI_CONFIG_FILE", "TOFU_CLI_CONFIG_FILE"] {
        // What it says counts: a file that is made for one run has another name each time.
        let file = look.env.get(name).map(|file| std::fs::read(look.folder.join(file)).unwrap_or_default());
        parts.add(name, &file.unwrap_or_default());
    }
    parts.add("record", serde_json::to_string(&record).unwrap_or_default().as_bytes());
    parts.add("lock", &std::fs::read(look.folder.join(".terraform.lock.hcl")).unwrap_or_default());
    let modules = std::fs::read(data.join("modules/modules.json")).unwrap_or_default();
    parts.add("modules", &modules);
    // Of the configuration, where somebody may evaluate it.
    let mut found = look.variables.map(|_| Early::default());
    for directory in module_dirs(&modules) {
        let installed = fs::clean(&look.folder.join(&directory));
        parts.add("module", directory.as_bytes());
        if installed.starts_with(data) {
            parts.add("installed", if installed.is_dir() { b"1" } else { b"0" });
        } else {
            add_sources(&installed, &CONFIGURATION, &mut parts, &mut found);
        }
    }
    add_sources(look.folder, &CONFIGURATION, &mut parts, &mut found);
    let tests = look.folder.join(given.tests.as_deref().unwrap_or(TEST_DIRECTORY));
    for directory in [look.folder, &tests] {
        add_sources(directory, &TESTS, &mut parts, &mut None);
    }
    for provider in providers(&data.join("providers")) {
        parts.add("provider", provider.as_bytes());
    }
    let evaluates = found.is_some_and(|found| found.evaluates);
    // Which files a function reads is not known here.
    let is_open = given.is_open || found.is_some_and(|found| found.evaluates && found.reads_files);
    let vars = match look.variables {
        None => Some(look.init_vars.map(|vars| digest(vars.as_bytes()))),
        Some(_) if !evaluates => Some(None),
        Some(_) => variables(look).map(Some),
    };
    Inputs {
        fingerprint: (!is_open && vars.is_some()).then(|| parts.end()),
        vars: vars.flatten(),
        given: given.backend(),
        evaluates,
    }
}

/// Every value that a variable of the configuration may have; `None` where it cannot be told.
fn variables(look: Look<'_>) -> Option<String> {
    let variables = look.variables?;
    let mut parts = Parts::default();
    parts.add("varfile", look.init_vars.unwrap_or_default().as_bytes());
    for (name, value) in of_environment(look.env) {
        if !variables.secret.contains_key(name) {
            parts.add(name, value.as_encoded_bytes());
        }
    }
    let entries = std::fs::read_dir(look.folder).into_iter().flatten();
    let mut files: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    files.retain(|name| {
        let bare = name.strip_suffix(".json").unwrap_or(name);
        bare == "terraform.tfvars" || bare.ends_with(".auto.tfvars")
    });
    files.sort();
    for name in files {
        parts.add(&name, &given::content(&look.folder.join(&name))?);
    }
    parts.add("words", variables.words.join("\0").as_bytes());
    for file in given::variable_files(variables.words) {
        parts.add(file, &given::content(&look.folder.join(file))?);
    }
    Some(parts.end())
}

/// The variables of the environment that are some of the configuration, by their names there, sorted.
fn of_environment(env: &Env) -> Vec<(&str, &std::ffi::OsStr)> {
    let mut found: Vec<_> =
        env.iter().filter_map(|(name, value)| Some((name.to_str()?.strip_prefix("TF_VAR_")?, value))).collect();
    found.sort();
    found
}

/// The arguments of init that decide what it does, and not how it says it or whom it asks. Variables count by themselves:
/// not every run has them.
fn deciding(args: &[String]) -> Vec<&str> {
    const OTHERS: [&str; 5] = ["-no-color", "-json", "-input", "-lock", "-lock-timeout"];
    let mut args = args.iter();
    let mut kept = Vec::new();
    while let Some(arg) = args.next() {
        let name = arg.strip_prefix('-').filter(|rest| rest.starts_with('-')).unwrap_or(arg);
        let name = name.split_once('=').map_or(name, |(name, _)| name);
        if arg == "-var-file" {
            args.next();
        } else if !OTHERS.contains(&name) {
            kept.push(arg.as_str());
        } else if arg.ends_with("-lock-timeout") {
            // Its value is the next word.
            args.next();
        }
    }
    kept
}

fn program_mark(program: &Path) -> String {
    let Ok(metadata) = std::fs::metadata(program) else { return program.display().to_string() };
    format!("{} {} {:?}", program.display(), metadata.len(), metadata.modified().ok())
}

/// Files of one directory, by name and content. `found` is what is evaluated in them, where that counts.
fn add_sources(directory: &Path, endings: &[&str], parts: &mut Parts, found: &mut Option<Early>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| endings.iter().any(|ending| name.ends_with(ending)))
        .collect();
    names.sort();
    for name in names {
        let content = std::fs::read(directory.join(&name)).unwrap_or_default();
        parts.add(&name, &content);
        if let Some(found) = found {
            let of_file = early(
                &String::from_utf8_lossy(&content),
                Path::new(&name).extension().is_some_and(|ending| ending == "json"),
            );
            found.evaluates |= of_file.evaluates;
            found.reads_files |= of_file.reads_files;
        }
    }
}

/// Installed provider packages (`<host>/<namespace>/<name>/<version>/<platform>`) whose files are really there.
fn providers(directory: &Path) -> Vec<String> {
    const DEPTH: usize = 5;
    let mut found = Vec::new();
    let mut open = vec![(directory.to_path_buf(), String::new(), 0)];
    while let Some((path, name, depth)) = open.pop() {
        if depth == DEPTH {
            // A package may be a link into a cache that is gone.
            if std::fs::read_dir(&path).is_ok_and(|mut files| files.next().is_some()) {
                found.push(name);
            }
            continue;
        }
        for entry in std::fs::read_dir(&path).into_iter().flatten().filter_map(Result::ok) {
            open.push((entry.path(), format!("{name}/{}", entry.file_name().display()), depth + 1));
        }
    }
    found.sort();
    found
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
pub(super) mod tests;
