//! Files and folders that a component depends on beside its own.

use crate::sops::derived_file;
use crate::value::{Node, Value};

/// A path, or a pattern of paths, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    File(String),
    Folder(String),
}

/// The files and folders of `dependencies` where it has any, else those of the older `settings.depends_on`.
pub fn watched(dependencies: &Node, settings: &Node) -> Vec<Watched> {
    let mut found = Vec::new();
    for entry in items(dependencies.get("components")) {
        let path = entry.get("path").and_then(Node::as_str).unwrap_or_default();
        found.extend(match entry.get("kind").and_then(Node::as_str) {
            Some("file") => file(path),
            Some("folder") => folder(path),
            _ => None,
        });
    }
    found.extend(items(dependencies.get("files")).filter_map(|entry| file(path_of(entry))));
    found.extend(items(dependencies.get("folders")).filter_map(|entry| folder(path_of(entry))));
    if found.is_empty() {
        for entry in items(settings.get("depends_on")) {
            let path = |key: &str| entry.get(key).and_then(Node::as_str).unwrap_or_default();
            found.extend(file(path("file")));
            found.extend(folder(path("folder")));
        }
    }
    found
}

/// Whether the sections may name files or folders once they are evaluated.
pub fn may_watch(dependencies: &Node, settings: &Node) -> bool {
    let holds = |node: Option<&Node>| node.is_some_and(|node| is_function(node) || !node.is_empty());
    let of_paths = |entry: &Node| {
        is_function(entry)
            || ["path", "file", "folder"].iter().any(|key| entry.get(key).is_some())
            || entry.get("kind").is_some_and(is_function)
    };
    let entries = |node: Option<&Node>| node.is_some_and(is_function) || items(node).any(of_paths);
    is_function(dependencies)
        || is_function(settings)
        || holds(dependencies.get("files"))
        || holds(dependencies.get("folders"))
        || entries(dependencies.get("components"))
        || entries(settings.get("depends_on"))
}

fn is_function(node: &Node) -> bool {
    matches!(node.value, Value::Function(_))
}

/// The files in which the declared secrets of a component lie: those of sops providers, which `secrets.providers` of the
/// component or of the configuration describe. A path may be a template with `atmos_stack` and `atmos_component`.
pub fn secret_files(secrets: &Node, configured: Option<&Node>, stack: &str, component: &str) -> Vec<Node> {
    let provider = |name: &str| {
        let own = secrets.get_path(["providers", name]);
        own.or_else(|| configured?.get(name))
    };
    let mut found: Vec<Node> = Vec::new();
    for declared in items(secrets.get("vars")) {
        let Some(provider) = declared.get("sops").and_then(Node::as_str).and_then(provider) else { continue };
        let spec = provider.get("spec");
        let written = spec.and_then(|spec| spec.get("file")).filter(|file| !file.is_empty());
        let file = written.cloned().unwrap_or_else(|| {
            let of_stack = declared.get("scope").and_then(Node::as_str) == Some("stack");
            Node::from(derived_file(spec, of_stack, stack, component))
        });
        if !found.contains(&file) {
            found.push(file);
        }
    }
    found
}

/// The entries of a list, or the values of a map.
fn items(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    let list = node.and_then(Node::as_list).unwrap_or_default();
    list.iter().chain(node.and_then(Node::as_map).into_iter().flat_map(|map| map.values()))
}

fn path_of(entry: &Node) -> &str {
    entry.as_str().or_else(|| entry.get("path").and_then(Node::as_str)).unwrap_or_default()
}

fn file(path: &str) -> Option<Watched> {
    (!path.is_empty()).then(|| Watched::File(path.to_owned()))
}

fn folder(path: &str) -> Option<Watched> {
    (!path.is_empty()).then(|| Watched::Folder(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn both_forms_name_files_and_folders() {
        let (a, b) = (|path: &str| Watched::File(path.to_owned()), |path: &str| Watched::Folder(path.to_owned()));
        let older = json!({"depends_on": {"1": {"component": "x"}, "2": {"file": "a"}, "3": {"folder": "b"}}});
        for (dependencies, settings, expected) in [
            (json!({"files": ["a", {"path": "c"}], "folders": ["b"]}), json!({}), vec![a("a"), a("c"), b("b")]),
            (json!({"components": [{"kind": "file", "path": "a"}, {"component": "x"}]}), older.clone(), vec![a("a")]),
            (json!({"components": [{"component": "x"}]}), older.clone(), vec![a("a"), b("b")]),
            (json!({}), older, vec![a("a"), b("b")]),
            (json!({}), json!({"depends_on": [{"folder": "b", "file": "a"}]}), vec![a("a"), b("b")]),
        ] {
            assert_eq!(watched(&from_json(&dependencies), &from_json(&settings)), expected, "{dependencies}");
        }
        let secrets = json!({
            "vars": {
                "A": {"sops": "files", "scope": "instance"}, "B": {"sops": "files", "scope": "stack"},
                "C": {"sops": "named"}, "D": {"store": "ssm"}, "E": {"sops": "nobody"}, "F": {"sops": "files"}
            },
            "providers": {"files": {"kind": "sops/age", "spec": {"path": "keys"}}}
        });
        let configured = from_json(&json!({"named": {"spec": {"file": "{{ .atmos_stack }}.yaml"}}, "files": {}}));
        let files = secret_files(&from_json(&secrets), Some(&configured), "dev", "a/b");
        let files: Vec<&str> = files.iter().filter_map(Node::as_str).collect();
        assert_eq!(files, ["keys/dev.a/b.enc.yaml", "keys/dev.enc.yaml", "{{ .atmos_stack }}.yaml"]);
        assert!(may_watch(&from_json(&json!({"files": ["x"]})), &Node::default()));
        for (dependencies, settings, may) in [
            (json!({"tools": {"x": "1"}}), json!({"x": 1}), false),
            (json!({"components": [{"name": "x"}, "y"]}), json!({"depends_on": {"1": {"component": "x"}}}), false),
            (json!({"components": [{"kind": "file", "path": "x"}]}), json!({}), true),
            (json!({}), json!({"depends_on": {"1": {"component": "x"}, "2": {"folder": "x"}}}), true),
        ] {
            assert_eq!(may_watch(&from_json(&dependencies), &from_json(&settings)), may, "{dependencies} {settings}");
        }
    }
}
