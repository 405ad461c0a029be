//! Which program runs a component: what somebody wrote, else what the files around the component ask for, else terraform.
//! `docs/decisions/opentofu-detection.md` has the reasons.

use std::path::Path;

use crate::diag::Warning;
use crate::exec::process;
use crate::exec::terraform::{BACKEND_FILE, OVERRIDE_FILES};
use crate::ops::App;
use crate::value::Node;

const TOFU: &str = "tofu";
/// Files in which tools that install versions keep which one.
const TOFU_VERSION: &str = ".opentofu-version";
const TERRAFORM_VERSION: &str = ".terraform-version";

/// The program for a component in this folder as far as the component itself does not name one, and where that comes from.
pub(in crate::ops) fn configured(app: &App, folder: &Path) -> (String, String) {
    let command = &app.config.terraform.command;
    let setting = app.config.document.get_path(["components", "terraform", "command"]);
    let usual = || {
        let command = if command.is_empty() { "terraform".to_owned() } else { command.clone() };
        (command, "`components.terraform.command`".to_owned())
    };
    if setting.and_then(Node::scalar_text).is_some_and(|text| !text.is_empty()) {
        return usual();
    }
    let Some(sign) = sign(folder, &app.config.base_path) else { return usual() };
    let source = format!("`{}`, without `components.terraform.command`", super::shown(app, &sign));
    if process::find(TOFU, &source, &app.host.env, &app.host.cwd).is_ok() {
        return (TOFU.to_owned(), source);
    }
    let message = format!("`{}` asks for OpenTofu, and there is no `tofu` in PATH: terraform runs", sign.display());
    let help = "install OpenTofu, or say with `components.terraform.command` what is meant";
    app.host.talk.warn(Warning::new("atmos::terraform::no_tofu", message).help(help));
    usual()
}

/// The program is OpenTofu, by its name.
pub(super) fn is_tofu(command: &str) -> bool {
    let name = Path::new(command).file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.starts_with(TOFU) || name.contains("opentofu")
}

/// The file that says that OpenTofu is meant. From the folder up to the base path the first one decides that says anything;
/// what says both decides for terraform.
fn sign(folder: &Path, base: &Path) -> Option<std::path::PathBuf> {
    let is_inside = folder.starts_with(base);
    let last = if is_inside { base } else { folder };
    for directory in folder.ancestors().take_while(|directory| directory.starts_with(last)) {
        let (tofu, terraform) = (directory.join(TOFU_VERSION), directory.join(TERRAFORM_VERSION));
        if terraform.is_file() {
            return None;
        }
        if tofu.is_file() {
            return Some(tofu);
        }
        if directory == folder
            && let Some(name) = only_for_tofu(folder)
        {
            return Some(folder.join(name));
        }
    }
    None
}

/// A configuration file that terraform does not read, where the folder has none that it does.
fn only_for_tofu(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name != BACKEND_FILE && !OVERRIDE_FILES.contains(&name.as_str()));
    let ends = |name: &str, endings: [&str; 2]| endings.iter().any(|ending| name.ends_with(ending));
    if names.iter().any(|name| ends(name, [".tf", ".tf.json"])) {
        return None;
    }
    names.sort();
    names.into_iter().find(|name| ends(name, [".tofu", ".tofu.json"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_that_says_anything_decides() {
        for (files, expected) in [
            ("c/main.tf", None),
            (".opentofu-version c/main.tf", Some(".opentofu-version")),
            (".terraform-version c/.opentofu-version c/main.tf", Some("c/.opentofu-version")),
            (".opentofu-version c/.terraform-version", None),
            (".opentofu-version .terraform-version", None),
            ("c/main.tofu", Some("c/main.tofu")),
            ("c/main.tofu c/backend.tf.json", Some("c/main.tofu")),
            ("c/main.tofu c/main.tf", None),
            ("c/main.tofu .terraform-version", Some("c/main.tofu")),
            (".opentofu-version/x", None),
        ] {
            let temp = tempfile::tempdir().unwrap();
            for file in files.split(' ') {
                let path = temp.path().join("base").join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "").unwrap();
            }
            // Above the base path is somebody else's.
            std::fs::write(temp.path().join(TERRAFORM_VERSION), "").unwrap();
            let base = temp.path().join("base");
            let found = sign(&base.join("c"), &base);
            let found = found.map(|path| path.strip_prefix(&base).unwrap().display().to_string());
            assert_eq!(found.as_deref(), expected, "{files}");
        }
    }

    #[test]
    fn opentofu_is_known_by_its_name() {
        for (command, expected) in [
            ("tofu", true),
            ("/opt/bin/tofu-1.9", true),
            ("opentofu", true),
            ("terraform", false),
            ("/tofu/terraform", false),
        ] {
            assert_eq!(is_tofu(command), expected, "{command}");
        }
    }
}
