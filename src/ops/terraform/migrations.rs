//! What tfmigrate is told of a component: where its migrations are and where it keeps their history. Pure, but for a look
//! whether a folder is there.

use std::path::Path;

use crate::component::Sections;
use crate::exec::terraform::Target;
use crate::value::Node;

/// Where migrations of a component are, below its folder.
pub(super) const FOLDER: &str = "migrations";

/// A configuration of our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Generated {
    pub text: String,
    /// The file of the history below the component's folder, where it is one.
    pub history_file: Option<String>,
}

/// Name of the history: different for every instance, so that a bucket may have those of many.
pub(super) fn key(target: &Target) -> String {
    format!("{}/history.json", namespace(target))
}

fn namespace(target: &Target) -> String {
    let workspace = if target.workspace.is_empty() { "default" } else { &target.workspace };
    let parts = ["tfmigrate", &target.stack, &target.component, workspace];
    parts.map(|part| part.trim_matches('/')).join("/")
}

/// Variables that a configuration of the user's own may use.
pub(super) fn variables(target: &Target, sections: &Sections) -> Vec<(&'static str, String)> {
    let key = key(target);
    let workspace = if target.workspace.is_empty() { "default" } else { &target.workspace };
    let mut variables = vec![
        ("ATMOS_STACK", target.stack.clone()),
        ("ATMOS_COMPONENT", target.component.clone()),
        ("ATMOS_TERRAFORM_WORKSPACE", workspace.to_owned()),
        ("ATMOS_TFMIGRATE_HISTORY_NAMESPACE", namespace(target)),
        ("ATMOS_TFMIGRATE_HISTORY_KEY", key.clone()),
        ("ATMOS_TFMIGRATE_HISTORY_PATH", key),
    ];
    let kind = sections.backend_type.as_str();
    if kind.is_empty() {
        return variables;
    }
    variables.push(("ATMOS_TFMIGRATE_HISTORY_STORAGE", kind.to_owned()));
    let facts = facts(sections);
    let named = [
        ("ATMOS_TFMIGRATE_HISTORY_BUCKET", "bucket"),
        ("ATMOS_TFMIGRATE_HISTORY_REGION", "region"),
        ("ATMOS_TFMIGRATE_HISTORY_PROFILE", "profile"),
        ("ATMOS_TFMIGRATE_HISTORY_ROLE_ARN", "role_arn"),
        ("ATMOS_TFMIGRATE_HISTORY_ENDPOINT", "endpoint"),
        ("ATMOS_TFMIGRATE_HISTORY_KMS_KEY_ID", "kms_key_id"),
    ];
    for (variable, name) in named {
        variables.extend(facts.iter().find(|(known, _)| *known == name).map(|(_, value)| (variable, value.clone())));
    }
    variables
}

/// What a history in the bucket of the states needs.
fn facts(sections: &Sections) -> Vec<(&'static str, String)> {
    let backend = &sections.backend;
    let text = |path: &[&str]| {
        let node = backend.get_path(path.iter().copied());
        node.and_then(Node::scalar_text).filter(|text| !text.is_empty())
    };
    let first = |one: &[&str], other: &[&str]| text(one).or_else(|| text(other));
    let found = match sections.backend_type.as_str() {
        "s3" => vec![
            ("bucket", text(&["bucket"])),
            ("region", text(&["region"])),
            ("profile", text(&["profile"])),
            ("role_arn", first(&["assume_role", "role_arn"], &["role_arn"])),
            ("kms_key_id", text(&["kms_key_id"])),
            ("endpoint", first(&["endpoint"], &["endpoints", "s3"])),
        ],
        "gcs" => vec![("bucket", text(&["bucket"]))],
        _ => Vec::new(),
    };
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A configuration that keeps the history where the states are: in the same bucket, else in a file.
pub(super) fn generated(target: &Target, sections: &Sections) -> Generated {
    let key = key(target);
    let mut facts = facts(sections);
    let (storage, history_file) = match sections.backend_type.as_str() {
        "s3" => {
            facts.insert(facts.len().min(1), ("key", key));
            ("s3", None)
        }
        "gcs" => {
            facts.push(("name", key));
            ("gcs", None)
        }
        kind => {
            let beside = sections.backend.get("path").and_then(Node::scalar_text).filter(|_| kind == "local");
            let folder = beside.as_deref().and_then(|path| Path::new(path).parent().map(Path::to_path_buf));
            let file = folder.map_or_else(|| key.clone(), |folder| folder.join(&key).display().to_string());
            facts.push(("path", file.clone()));
            ("local", Some(file))
        }
    };
    let mut lines: Vec<String> = facts.iter().map(|(name, value)| format!("{name} = {}", quoted(value))).collect();
    if storage == "s3" && facts.iter().any(|(name, _)| *name == "endpoint") {
        // What stands in for S3 has neither accounts nor names of buckets in its host.
        let more = ["force_path_style", "skip_credentials_validation", "skip_metadata_api_check"];
        lines.extend(more.map(|name| format!("{name} = true")));
    }
    let lines = lines.iter().flat_map(|line| ["      ", line, "\n"]).collect::<String>();
    let place = if target.folder.join(FOLDER).is_dir() { format!("./{FOLDER}") } else { ".".to_owned() };
    let text = format!(
        "tfmigrate {{\n  migration_dir = {}\n  history {{\n    storage \"{storage}\" {{\n{lines}    }}\n  }}\n}}\n",
        quoted(&place)
    );
    Generated { text, history_file }
}

/// A path as the program wants it, which begins in the folder of migrations by itself.
pub(super) fn below_the_folder(path: &str, folder: &Path) -> String {
    let plain = path.strip_prefix("./").unwrap_or(path);
    let inside = plain.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/'));
    inside.filter(|_| folder.join(FOLDER).is_dir()).unwrap_or(path).to_owned()
}

/// Whether a configuration of the user's own has its history in the file that we name.
pub(super) fn keeps_history_in_a_file(content: &str) -> bool {
    let names = ["ATMOS_TFMIGRATE_HISTORY_PATH", "ATMOS_TFMIGRATE_HISTORY_KEY"];
    content.contains("\"local\"") && names.iter().any(|name| content.contains(name))
}

/// A text of HCL in which nothing is an expression.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    fn sections(kind: &str, backend: &serde_json::Value) -> Sections {
        Sections { backend_type: kind.to_owned(), backend: from_json(backend), ..Sections::default() }
    }

    fn target() -> Target {
        Target {
            component: "infra/vpc".to_owned(),
            stack: "dev".to_owned(),
            workspace: String::new(),
            ..Target::default()
        }
    }

    #[test]
    fn the_history_is_kept_beside_the_states() {
        let key = "tfmigrate/dev/infra/vpc/default/history.json";
        for (kind, backend, storage, parts, file) in [
            (
                "s3",
                json!({"bucket": "b", "region": "r", "assume_role": {"role_arn": "a"}, "endpoints": {"s3": "http://e"}}),
                "s3",
                vec!["bucket = \"b\"", "role_arn = \"a\"", "force_path_style = true"],
                None,
            ),
            ("gcs", json!({"bucket": "b"}), "gcs", vec!["bucket = \"b\"", "name = \"tfmigrate/dev"], None),
            ("local", json!({"path": "/states/x.tfstate"}), "local", vec![], Some(format!("/states/{key}"))),
            ("azurerm", json!({"key": "k"}), "local", vec![], Some(key.to_owned())),
        ] {
            let generated = generated(&target(), &sections(kind, &backend));
            assert!(generated.text.contains(&format!("storage \"{storage}\"")), "{}", generated.text);
            assert!(generated.text.contains(key) && parts.iter().all(|part| generated.text.contains(part)));
            assert_eq!(generated.history_file, file);
        }
    }

    #[test]
    fn a_configuration_of_the_users_own_has_variables() {
        let sections = sections("s3", &json!({"bucket": "b", "profile": "p"}));
        let found = variables(&target(), &sections);
        let value = |name: &str| found.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(value("ATMOS_TFMIGRATE_HISTORY_BUCKET"), Some("b"));
        assert_eq!(value("ATMOS_TFMIGRATE_HISTORY_KEY"), Some("tfmigrate/dev/infra/vpc/default/history.json"));
        assert_eq!(value("ATMOS_TERRAFORM_WORKSPACE"), Some("default"));
        assert_eq!(value("ATMOS_TFMIGRATE_HISTORY_REGION"), None);
    }

    #[test]
    fn texts_are_no_expressions() {
        assert_eq!(quoted("a\"${b}%{c}"), "\"a\\\"$${b}%%{c}\"");
    }
}
