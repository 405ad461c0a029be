//! Local state in a folder that is about to go.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::folder::{has_backend_record, has_state};

/// Folders in which nobody keeps state: what terraform and atmos keep for themselves.
const SKIPPED: [&str; 3] = [".terraform", ".atmos", ".git"];

/// What every state of terraform has, whatever its file is called.
#[derive(Deserialize)]
struct Marks {
    #[serde(rename = "lineage")]
    _lineage: String,
    #[serde(rename = "serial")]
    _serial: IgnoredAny,
}

/// Every state with something in it below a folder, relative to it, sorted. Links are not followed: removing a folder leaves
/// alone what they lead to. An older state that terraform set aside is none.
pub fn states_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !SKIPPED.contains(&&*name) => open.push(path),
                Ok(kind) if kind.is_file() && !name.ends_with(".backup") && is_state(&path, &name) => {
                    found.extend(path.strip_prefix(folder).map(Path::to_path_buf));
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

fn is_state(path: &Path, name: &str) -> bool {
    (name.ends_with(".tfstate") || has_marks(path)) && !has_backend_record(path) && has_state(path)
}

/// A backend may be told to keep its state under any name.
fn has_marks(path: &Path) -> bool {
    let mut first = [0];
    let begins = std::fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok());
    begins && first == *b"{" && std::fs::read(path).is_ok_and(|text| serde_json::from_slice::<Marks>(&text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_found_under_any_name_and_empty_ones_are_none() {
        let temp = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = temp.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let state = r#"{"version": 4, "serial": 1, "lineage": "l", "resources": [{}]}"#;
        let empty = r#"{"version": 4, "serial": 2, "lineage": "l", "resources": [], "outputs": {}}"#;
        put("terraform.tfstate.d/dev/terraform.tfstate", state);
        put("terraform.tfstate.d/gone/terraform.tfstate", empty);
        put("terraform.tfstate.d/gone/terraform.tfstate.backup", state);
        put("kept/elsewhere.json", state);
        put("broken.tfstate", "not a state");
        put(".terraform/terraform.tfstate", state);
        put(".data/terraform.tfstate", r#"{"version": 3, "backend": {"type": "local"}, "modules": [{}]}"#);
        put("dev.terraform.tfvars.json", r#"{"resources": [{}]}"#);
        put("main.tf", "{");
        let found: Vec<String> = states_below(temp.path()).iter().map(|path| path.display().to_string()).collect();
        assert_eq!(found, ["broken.tfstate", "kept/elsewhere.json", "terraform.tfstate.d/dev/terraform.tfstate"]);
    }
}
