//! A backend that is configured but reaches terraform by no file: its state would stay on this machine.

use std::path::Path;

use regex::Regex;

use crate::diag::Warning;
use crate::exec::terraform::Target;
use crate::value::Node;

/// Warns when the component has a configured backend, atmos writes no backend file because nobody said that it should,
/// and the folder has no backend block of its own.
pub(super) fn state_stays_here(target: &Target, configured: &Node, setting: Option<&Node>) -> Option<Warning> {
    let wants = !configured.is_empty() && !matches!(target.backend_type.as_str(), "" | "local");
    if !wants || target.backend.is_some() || setting.is_some() || has_block(&target.folder) {
        return None;
    }
    let message = format!(
        "the `{}` backend of {} in {} is configured but not written, so its state would be kept on this machine",
        target.backend_type, target.component, target.stack
    );
    Some(
        Warning::new("atmos::terraform::state_stays_local", message)
            .help("set `components.terraform.auto_generate_backend_file: true` (or `false` to keep it so on purpose)"),
    )
}

/// A `backend` or `cloud` block in the folder's configuration.
fn has_block(folder: &Path) -> bool {
    let Ok(block) = Regex::new(r#"(?m)^\s*(backend\s+"|cloud\s*\{)"#) else { return false };
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).any(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Ok(text) = std::fs::read_to_string(&path) else { return false };
        if name.ends_with(".tf.json") || name.ends_with(".tofu.json") {
            let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let terraform = &json["terraform"];
            return terraform.get("backend").is_some() || terraform.get("cloud").is_some();
        }
        (name.ends_with(".tf") || name.ends_with(".tofu")) && block.is_match(&text)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn q35_a_configured_backend_without_a_file_is_a_warning() {
        let temp = tempfile::tempdir().unwrap();
        let target = |type_: &str| Target {
            backend_type: type_.to_owned(),
            folder: temp.path().to_path_buf(),
            ..Target::default()
        };
        let configured = from_json(&json!({"bucket": "b"}));
        assert!(state_stays_here(&target("s3"), &configured, None).is_some());
        assert!(state_stays_here(&target("local"), &configured, None).is_none());
        assert!(state_stays_here(&target("s3"), &Node::empty_map(), None).is_none());
        assert!(state_stays_here(&target("s3"), &configured, Some(&Node::from(false))).is_none());
        std::fs::write(temp.path().join("backend.tf"), "terraform {\n  backend \"s3\" {}\n}\n").unwrap();
        assert!(state_stays_here(&target("s3"), &configured, None).is_none());
    }
}
