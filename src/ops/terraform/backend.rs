//! A backend that is configured but reaches terraform by no file: its state would stay on this machine.

use crate::backend::declares_backend;
use crate::diag::Warning;
use crate::exec::terraform::Target;
use crate::value::Node;

/// Warns when the component has a configured backend, atmos writes no backend file because nobody said that it should,
/// and the folder has no backend block of its own.
pub(super) fn state_stays_here(target: &Target, configured: &Node, setting: Option<&Node>) -> Option<Warning> {
    let wants = !configured.is_empty() && !matches!(target.backend_type.as_str(), "" | "local");
    if !wants || target.backend.is_some() || setting.is_some() || declares_backend(&target.folder) {
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
