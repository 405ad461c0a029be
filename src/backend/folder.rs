//! What the configuration in a component's folder says about its backend.

use std::path::Path;

use regex::Regex;

/// Whether the folder has a `backend` or `cloud` block of its own.
pub fn declares_backend(folder: &Path) -> bool {
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
