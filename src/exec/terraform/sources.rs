//! The files that a component is made of, by what is in them: those that terraform reads as configuration in its folder
//! and in the local modules that it uses, and whatever else git knows there (templates, policies).
//!
//! What a run writes into the folder is none of them, and neither is what git does not know and terraform does not read
//! by itself: an apply may make such a file, and the next instance over the same folder is no other for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::Target;
use super::folder::{self, digest};
use super::target::{BACKEND_FILE, OVERRIDE_FILES};
use crate::exec::names::is_of_runs;
use crate::git::Repository;
use crate::host::fs;

/// Endings of what terraform reads by itself.
const CONFIGURATION: [&str; 6] = [".tf", ".tf.json", ".tofu", ".tofu.json", ".auto.tfvars", ".auto.tfvars.json"];
/// Names of the same.
const VALUES: [&str; 2] = ["terraform.tfvars", "terraform.tfvars.json"];
/// Endings of what no plan depends on.
const ASIDE: [&str; 3] = [".md", ".tftest.hcl", ".tofutest.hcl"];

/// What is in each file, by its path below the component's folder.
pub(super) type Contents = BTreeMap<String, String>;

/// The local modules that terraform has noted, relative to the folder. Those that it has fetched are pinned by their
/// addresses.
pub(super) fn modules(folder: &Path, data: &Path) -> Vec<String> {
    let noted = std::fs::read(data.join("modules/modules.json")).unwrap_or_default();
    let mut found = folder::module_dirs(&noted);
    found.retain(|directory| !fs::clean(&folder.join(directory)).starts_with(data));
    found
}

/// Whether the configuration in a folder calls modules, which have to be installed before most commands. A mention in a
/// comment counts: the consequence is an init too many.
pub fn calls_modules(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).any(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is = |endings: [&str; 2]| endings.iter().any(|ending| name.ends_with(ending));
        let text = || std::fs::read_to_string(&path).unwrap_or_default();
        if is([".tf.json", ".tofu.json"]) {
            let json: serde_json::Value = serde_json::from_str(&text()).unwrap_or_default();
            return json.get("module").is_some();
        }
        is([".tf", ".tofu"])
            && text().lines().any(|line| {
                line.trim_start().strip_prefix("module").is_some_and(|rest| rest.starts_with([' ', '\t', '"']))
            })
    })
}

/// Hosts with a port whose providers the configuration requires or the lock file names: terraform cannot ask a network
/// mirror for those.
pub fn hosts_with_ports(folder: &Path, data: &Path) -> BTreeSet<String> {
    // Of every component of a run.
    static ADDRESS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#""([A-Za-z0-9.-]+:[0-9]+)/[\w-]+/[\w-]+""#).ok());
    let mut found = BTreeSet::new();
    let Some(address) = ADDRESS.as_ref() else { return found };
    for directory in directories(folder, &modules(folder, data)) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == ".terraform.lock.hcl" || CONFIGURATION.iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                found.extend(address.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    found
}

/// The directories of a component, its own folder first.
pub(super) fn directories(folder: &Path, modules: &[String]) -> Vec<PathBuf> {
    let modules = modules.iter().map(|module| fs::clean(&folder.join(module)));
    std::iter::once(folder.to_path_buf()).chain(modules).collect()
}

/// Files that are written for the instance whenever it runs.
fn written(target: &Target) -> BTreeSet<String> {
    let generated = target.generated.iter().map(|file| file.name.clone());
    let fixed = OVERRIDE_FILES.iter().chain([&BACKEND_FILE]).map(|name| (*name).to_owned());
    generated.chain(folder::written(&target.folder).into_keys()).chain(fixed).collect()
}

/// What terraform reads by itself.
pub(super) fn configuration(target: &Target, modules: &[String]) -> Contents {
    configuration_but(target, modules, &written(target))
}

fn configuration_but(target: &Target, modules: &[String], written: &BTreeSet<String>) -> Contents {
    let mut found = Contents::new();
    for directory in directories(&target.folder, modules) {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let reads = CONFIGURATION.iter().any(|ending| name.ends_with(ending)) || VALUES.contains(&name.as_str());
            if reads && !(directory == target.folder && written.contains(&name)) {
                add(&mut found, &target.folder, &entry.path());
            }
        }
    }
    found
}

/// Everything, with what only git tells.
pub(super) fn all(repository: Option<&Repository<'_>>, target: &Target, modules: &[String]) -> Contents {
    let written = written(target);
    let mut found = configuration_but(target, modules, &written);
    let Some(repository) = repository else { return found };
    match repository.known_below(&directories(&target.folder, modules)) {
        Ok(known) => {
            let real = target.folder.canonicalize().unwrap_or_else(|_| target.folder.clone());
            for path in known.iter().filter(|path| counts(path)) {
                let own = path.strip_prefix(&target.folder).or_else(|_| path.strip_prefix(&real));
                if !own.is_ok_and(|own| own.to_str().is_some_and(|own| written.contains(own))) {
                    add(&mut found, &target.folder, path);
                }
            }
        }
        Err(error) => tracing::debug!(%error, "only what terraform reads by itself counts as a source"),
    }
    found
}

/// Whether a file that git knows is a source of the component. What is configuration has been looked at where terraform
/// does: below the folder it is that of others.
fn counts(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let within = path.components().any(|part| {
        let part = part.as_os_str();
        part == ".terraform" || part == "terraform.tfstate.d"
    });
    !within && !ends(&CONFIGURATION) && !ends(&ASIDE) && !is_of_runs(&name) && !name.starts_with("terraform.tfstate")
}

fn add(found: &mut Contents, folder: &Path, path: &Path) {
    if let Some(content) = content(path) {
        found.insert(relative(folder, path), content);
    }
}

/// What is in a file, in one word; `None` where there is none.
pub(super) fn content(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|content| digest(&content))
}

/// The way from a folder to a file, with `..` where it leads out.
fn relative(folder: &Path, path: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let base = if path.starts_with(&real) { &real } else { folder };
    let common = base.components().zip(path.components()).take_while(|(left, right)| left == right).count();
    let ups = base.components().count() - common;
    let parts = std::iter::repeat_n(std::path::Component::ParentDir, ups).chain(path.components().skip(common));
    parts.collect::<PathBuf>().display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::files::{File, ORDINARY};
    use crate::host::testing::put;

    #[test]
    fn configuration_is_what_terraform_reads_and_no_run_writes() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("ct/app");
        put(&folder, &[("main.tf", "1"), ("x.auto.tfvars", ""), ("terraform.tfvars", ""), ("notes.txt", "")]);
        put(&folder, &[("backend.tf.json", "{}"), ("made.tf", ""), ("dev-app.terraform.tfvars.json", "{}")]);
        put(&folder, &[("sub/other.tf", ""), (".terraform/modules/far/main.tf", "")]);
        let modules_json =
            r#"{"Modules": [{"Dir": "."}, {"Dir": "../../modules/net"}, {"Dir": ".terraform/modules/far"}]}"#;
        put(&folder, &[(".terraform/modules/modules.json", modules_json)]);
        put(temp.path(), &[("modules/net/main.tf", "")]);
        let made = File { name: "made.tf".to_owned(), content: String::new(), mode: ORDINARY };
        let target = Target { folder: folder.clone(), generated: vec![made], ..Target::default() };
        let modules = modules(&folder, &folder.join(".terraform"));
        assert_eq!(modules, ["../../modules/net"]);
        let found: Vec<String> = configuration(&target, &modules).into_keys().collect();
        assert_eq!(found, ["../../modules/net/main.tf", "main.tf", "terraform.tfvars", "x.auto.tfvars"]);
    }

    #[test]
    fn hosts_with_ports_are_found_where_providers_are_named() {
        let temp = tempfile::tempdir().unwrap();
        put(temp.path(), &[("v.tf", "foo = { source = \"reg.corp:8443/acme/foo\" }\n# \"https://x:1/a/b/c\"\n")]);
        put(
            temp.path(),
            &[(".terraform.lock.hcl", "provider \"127.0.0.1:99/acme/bar\" {\n}\n"), ("notes", "\"n:1/a/b\"")],
        );
        put(temp.path(), &[("w.tf", "source = \"registry.terraform.io/hashicorp/aws\"\nsource = \"hashicorp/aws\"\n")]);
        let found: Vec<String> = hosts_with_ports(temp.path(), &temp.path().join(".terraform")).into_iter().collect();
        assert_eq!(found, ["127.0.0.1:99", "reg.corp:8443"]);
    }

    #[test]
    fn modules_are_seen_where_they_are_called() {
        for (name, text, expected) in [
            ("main.tf", "variable \"module\" {}\nlocals {\n  modules = 1\n}\n", false),
            ("main.tf", "module \"m\" {\n  source = \"./m\"\n}\n", true),
            ("main.tofu", "  module m {}", true),
            ("main.tf.json", r#"{"module": {"m": {"source": "./m"}}}"#, true),
            ("notes.txt", "module \"m\" {}", false),
        ] {
            let temp = tempfile::tempdir().unwrap();
            put(temp.path(), &[(name, text)]);
            assert_eq!(calls_modules(temp.path()), expected, "{name} {text}");
        }
    }

    #[test]
    fn what_git_knows_counts_unless_it_is_of_runs_or_of_people() {
        for (path, expected) in [
            ("/r/app/policy.json", true),
            ("/r/app/sub/x.tftpl", true),
            ("/r/app/sub/other.tf", false),
            ("/r/app/README.md", false),
            ("/r/app/tests/a.tftest.hcl", false),
            ("/r/app/.terraform.lock.hcl", false),
            ("/r/app/dev-app.planfile", false),
            ("/r/app/terraform.tfstate.backup", false),
            ("/r/app/terraform.tfstate.d/dev/x", false),
            ("/r/app/.terraform/x", false),
        ] {
            assert_eq!(counts(Path::new(path)), expected, "{path}");
        }
    }
}
