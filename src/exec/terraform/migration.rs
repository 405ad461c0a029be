//! What tfmigrate is told of an instance: where its history is kept, and how it is called. Pure.

use crate::content::hcl_attributes;
use crate::value::{Map, Node};

/// The program.
pub const TFMIGRATE: &str = "tfmigrate";

/// Its own configuration in a component's folder.
pub const CONFIG_FILE: &str = ".tfmigrate.hcl";

/// Directory of migrations in a component's folder.
pub const MIGRATIONS: &str = "migrations";

/// What chooses among migrations, and where the program's settings are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migration {
    /// `plan` or `apply`
    pub action: String,
    /// One file; without it all that are not recorded yet.
    pub file: Option<String>,
    /// `--tfmigrate-config`
    pub config: Option<String>,
    pub backend_config: Vec<String>,
    /// What stands behind `--`.
    pub extra: Vec<String>,
}

impl Migration {
    /// The words behind the program's name. `made` is the configuration that was made for the run.
    pub fn arguments(&self, made: Option<&str>) -> Vec<String> {
        let mut args = vec![self.action.clone()];
        if let Some(config) = made.or(self.config.as_deref()) {
            args.extend(["--config".to_owned(), config.to_owned()]);
        }
        let given = self.backend_config.iter().filter(|text| !text.is_empty());
        args.extend(given.map(|text| format!("--backend-config={text}")));
        args.extend(self.extra.iter().cloned());
        // Files are looked for below the directory of migrations, which the made configuration names already.
        args.extend(
            self.file.as_deref().map(|file| if made.is_some() { below_migrations(file) } else { file }.to_owned()),
        );
        args
    }
}

fn below_migrations(file: &str) -> &str {
    let bare = file.strip_prefix("./").unwrap_or(file);
    bare.strip_prefix(MIGRATIONS).and_then(|rest| rest.strip_prefix('/')).unwrap_or(file)
}

/// Where the migrations of an instance are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub stack: String,
    pub component: String,
    pub workspace: String,
    pub namespace: String,
    pub key: String,
}

impl History {
    /// `folder` is the component's folder below the base path: its last part names the history.
    pub fn of(stack: &str, folder: &str, workspace: &str) -> History {
        let component = folder.rsplit('/').next().unwrap_or(folder);
        let workspace = if workspace.is_empty() { "default" } else { workspace };
        let parts = ["tfmigrate", stack, component, workspace].map(|part| part.trim_matches('/'));
        let namespace = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
        History {
            stack: stack.to_owned(),
            component: component.to_owned(),
            workspace: workspace.to_owned(),
            key: format!("{namespace}/history.json"),
            namespace,
        }
    }

    /// Variables that a configuration of the user's own may refer to.
    pub fn variables(&self) -> [(&'static str, &str); 6] {
        [
            ("ATMOS_STACK", &self.stack),
            ("ATMOS_COMPONENT", &self.component),
            ("ATMOS_TERRAFORM_WORKSPACE", &self.workspace),
            ("ATMOS_TFMIGRATE_HISTORY_NAMESPACE", &self.namespace),
            ("ATMOS_TFMIGRATE_HISTORY_KEY", &self.key),
            ("ATMOS_TFMIGRATE_HISTORY_PATH", &self.key),
        ]
    }
}

/// What of a backend keeps histories, too: names of fields, the variables `ATMOS_TFMIGRATE_HISTORY_…` in capitals.
pub fn storage(kind: &str, backend: &Node) -> Vec<(&'static str, String)> {
    if kind.is_empty() {
        return Vec::new();
    }
    let mut found = vec![("storage", kind.to_owned())];
    let text = |path: &[&str]| {
        let node = backend.get_path(path.iter().copied())?;
        node.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let fields: Vec<(&'static str, Option<String>)> = match kind {
        "s3" => vec![
            ("bucket", text(&["bucket"])),
            ("region", text(&["region"])),
            ("profile", text(&["profile"])),
            ("role_arn", text(&["assume_role", "role_arn"]).or_else(|| text(&["role_arn"]))),
            ("endpoint", text(&["endpoint"]).or_else(|| text(&["endpoints", "s3"]))),
            ("kms_key_id", text(&["kms_key_id"])),
        ],
        "gcs" => vec![("bucket", text(&["bucket"]))],
        _ => Vec::new(),
    };
    found.extend(fields.into_iter().filter_map(|(name, value)| Some((name, value?))));
    found
}

/// Path of the history in a local file: beside a local state that has a path of its own.
pub fn local_history(kind: &str, backend: &Node, history: &History) -> String {
    let state = backend.get("path").and_then(Node::as_str).filter(|path| kind == "local" && !path.is_empty());
    match state.and_then(|path| path.rsplit_once('/')) {
        Some((folder, _)) => format!("{folder}/{}", history.key),
        None => history.key.clone(),
    }
}

/// A configuration for who has none: the backend of the component keeps its history, too.
pub fn configuration(migrations: bool, kind: &str, backend: &Node, history: &History) -> String {
    let mut fields = Map::default();
    let mut put = |name: &str, value: Node| {
        fields.insert(name.into(), value);
    };
    let known = storage(kind, backend);
    let storage = match kind {
        "s3" => {
            put("key", Node::from(history.key.as_str()));
            for (name, value) in known.iter().filter(|(name, _)| *name != "storage") {
                put(name, Node::from(value.as_str()));
            }
            // Other services than Amazon's know neither accounts nor names of buckets in front of hosts.
            if known.iter().any(|(name, _)| *name == "endpoint") {
                for name in ["force_path_style", "skip_credentials_validation", "skip_metadata_api_check"] {
                    put(name, Node::from(true));
                }
            }
            "s3"
        }
        "gcs" => {
            put("name", Node::from(history.key.as_str()));
            for (name, value) in known.iter().filter(|(name, _)| *name == "bucket") {
                put(name, Node::from(value.as_str()));
            }
            "gcs"
        }
        _ => {
            put("path", Node::from(local_history(kind, backend, history).as_str()));
            "local"
        }
    };
    let directory = if migrations { format!("./{MIGRATIONS}") } else { ".".to_owned() };
    let fields = hcl_attributes(&fields).lines().fold(String::new(), |text, line| text + "      " + line + "\n");
    format!(
        "tfmigrate {{\n  migration_dir = \"{directory}\"\n  history {{\n    storage \"{storage}\" {{\n{fields}    }}\n  }}\n}}\n"
    )
}

/// The path of a local history in a configuration of the user's own, with the variables that it refers to.
pub fn local_path(text: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let block = text.split_once("storage \"local\"")?.1.split_once('{')?.1;
    let line = block.lines().map(str::trim).take_while(|line| *line != "}").find_map(|line| {
        line.strip_prefix("path")?.trim_start().strip_prefix('=')?.trim().strip_prefix('"')?.split_once('"')
    })?;
    let mut path = String::new();
    let mut rest = line.0;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}')?;
        path += before;
        path += &variable(name.trim().strip_prefix("env.")?)?;
        rest = behind;
    }
    path += rest;
    Some(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn histories_are_named_after_stack_folder_and_workspace() {
        let history = History::of("plat-dev", "infra/vpc", "plat-dev-main");
        assert_eq!(history.key, "tfmigrate/plat-dev/vpc/plat-dev-main/history.json");
        assert_eq!(History::of("dev", "app", "").namespace, "tfmigrate/dev/app/default");
    }

    #[test]
    fn a_backend_keeps_the_history_too() {
        let history = History::of("dev", "app", "dev");
        let s3 = from_json(&json!({
            "bucket": "b", "region": "eu-west-1", "assume_role": {"role_arn": "arn:r"}, "endpoints": {"s3": "http://127.0.0.1:1"},
        }));
        let text = configuration(true, "s3", &s3, &history);
        for part in [
            "migration_dir = \"./migrations\"",
            "storage \"s3\" {",
            "\"b\"",
            "arn:r",
            "force_path_style",
            "history.json",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let local = from_json(&json!({"path": "states/app.tfstate"}));
        assert!(
            configuration(false, "local", &local, &history).contains("\"states/tfmigrate/dev/app/dev/history.json\"")
        );
        assert!(configuration(false, "azurerm", &local, &history).contains("\"tfmigrate/dev/app/dev/history.json\""));
        assert!(storage("", &local).is_empty());
        assert_eq!(storage("gcs", &s3), [("storage", "gcs".to_owned()), ("bucket", "b".to_owned())]);
    }

    #[test]
    fn words_say_what_was_asked() {
        let migration = Migration {
            action: "apply".to_owned(),
            file: Some("migrations/one.hcl".to_owned()),
            config: Some("own.hcl".to_owned()),
            backend_config: vec!["bucket=x".to_owned(), String::new()],
            extra: vec!["--out=x".to_owned()],
        };
        let own = ["apply", "--config", "own.hcl", "--backend-config=bucket=x", "--out=x", "migrations/one.hcl"];
        assert_eq!(migration.arguments(None), own);
        assert_eq!(migration.arguments(Some("/tmp/x.hcl")).last().unwrap(), "one.hcl");
        assert_eq!(Migration { action: "plan".to_owned(), ..Migration::default() }.arguments(None), ["plan"]);
    }

    #[test]
    fn paths_of_own_configurations_are_found() {
        let text = "tfmigrate {\n history {\n  storage \"local\" {\n   path = \"h/${env.A}/x.json\"\n  }\n }\n}\n";
        assert_eq!(local_path(text, |name| Some(name.to_lowercase())).as_deref(), Some("h/a/x.json"));
        assert_eq!(local_path(text, |_| None), None);
        assert_eq!(local_path("storage \"s3\" {\n path = \"x\"\n}", |_| None), None);
    }
}
