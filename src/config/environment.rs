//! Environment variables that override single keys.

use std::collections::BTreeMap;

use super::defaults::set_path;
use super::error::Error;
use crate::diag::{Talk, Warning};
use crate::host::Env;
use crate::value::{Node, parse_bool};

/// How the text of a variable becomes a value.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Flag,
    /// A boolean that is ignored with a warning when it is none.
    LenientFlag,
    /// Comma-separated.
    Words,
}

use Kind::{Flag, LenientFlag, Text, Words};

/// Variables and their keys. Of two variables for one key the later wins. The base path, profiles, colours and tokens
/// have rules of their own and are not here.
const TABLE: &[(&str, &str, Kind)] = &[
    ("ATMOS_SETTINGS_FUNCTIONS_EXEC", "settings.functions.exec", Text),
    ("ATMOS_SETTINGS_FUNCTIONS_EXEC_OUTPUT_LIMIT", "settings.functions.exec_output_limit", Text),
    ("ATMOS_SETTINGS_FUNCTIONS_OUTSIDE_READS", "settings.functions.outside_reads", Text),
    ("ATMOS_CI_CACHE_AUTO", "ci.cache.auto", Text),
    ("ATMOS_CI_CACHE_ENABLED", "ci.cache.enabled", LenientFlag),
    ("ATMOS_CI_COMMENTS_ENABLED", "ci.comments.enabled", LenientFlag),
    ("ATMOS_COMPONENTS_HELMFILE_AUTO_GENERATE_FILES", "components.helmfile.auto_generate_files", Flag),
    ("ATMOS_COMPONENTS_HELMFILE_BASE_PATH", "components.helmfile.base_path", Text),
    ("ATMOS_COMPONENTS_HELMFILE_CLUSTER_NAME", "components.helmfile.cluster_name", Text),
    ("ATMOS_COMPONENTS_HELMFILE_CLUSTER_NAME_PATTERN", "components.helmfile.cluster_name_pattern", Text),
    ("ATMOS_COMPONENTS_HELMFILE_CLUSTER_NAME_TEMPLATE", "components.helmfile.cluster_name_template", Text),
    ("ATMOS_COMPONENTS_HELMFILE_COMMAND", "components.helmfile.command", Text),
    ("ATMOS_COMPONENTS_HELMFILE_HELM_AWS_PROFILE_PATTERN", "components.helmfile.helm_aws_profile_pattern", Text),
    ("ATMOS_COMPONENTS_HELMFILE_KUBECONFIG_PATH", "components.helmfile.kubeconfig_path", Text),
    ("ATMOS_COMPONENTS_HELMFILE_USE_EKS", "components.helmfile.use_eks", Flag),
    ("ATMOS_COMPONENTS_PACKER_BASE_PATH", "components.packer.base_path", Text),
    ("ATMOS_COMPONENTS_PACKER_COMMAND", "components.packer.command", Text),
    ("ATMOS_COMPONENTS_TERRAFORM_APPEND_USER_AGENT", "components.terraform.append_user_agent", Text),
    ("ATMOS_COMPONENTS_TERRAFORM_APPLY_AUTO_APPROVE", "components.terraform.apply_auto_approve", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_AUTO_GENERATE_BACKEND_FILE", "components.terraform.auto_generate_backend_file", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_AUTO_GENERATE_FILES", "components.terraform.auto_generate_files", Flag),
    (
        "ATMOS_COMPONENTS_TERRAFORM_AUTO_PROVISION_WORKDIR_FOR_OUTPUTS",
        "components.terraform.auto_provision_workdir_for_outputs",
        Flag,
    ),
    ("ATMOS_COMPONENTS_TERRAFORM_BASE_PATH", "components.terraform.base_path", Text),
    ("ATMOS_COMPONENTS_TERRAFORM_CACHE_ENABLED", "components.terraform.cache.enabled", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_CACHE_LOCATION", "components.terraform.cache.location", Text),
    ("ATMOS_COMPONENTS_TERRAFORM_COMMAND", "components.terraform.command", Text),
    ("ATMOS_COMPONENTS_TERRAFORM_DEPLOY_RUN_INIT", "components.terraform.deploy_run_init", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_INIT_PASS_VARS", "components.terraform.init.pass_vars", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_INIT_QUIET", "components.terraform.init.quiet", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_INIT_RUN_RECONFIGURE", "components.terraform.init_run_reconfigure", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_ISOLATE_DATA_DIR", "components.terraform.isolate_data_dir", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_PLAN_SKIP_PLANFILE", "components.terraform.plan.skip_planfile", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_PLUGIN_CACHE", "components.terraform.plugin_cache", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_PLUGIN_CACHE_DIR", "components.terraform.plugin_cache_dir", Text),
    ("ATMOS_COMPONENTS_TERRAFORM_REMOVE_VARFILES", "components.terraform.remove_varfiles", Flag),
    ("ATMOS_COMPONENTS_TERRAFORM_WORKSPACES_ENABLED", "components.terraform.workspaces_enabled", Flag),
    ("THEME", "settings.terminal.theme", Text),
    ("ATMOS_THEME", "settings.terminal.theme", Text),
    ("PAGER", "settings.terminal.pager", Text),
    ("ATMOS_PAGER", "settings.terminal.pager", Text),
    ("COLOR", "settings.terminal.color", LenientFlag),
    ("ATMOS_COLOR", "settings.terminal.color", LenientFlag),
    ("ATMOS_DESCRIBE_COMPONENT_FILTER", "describe.component.filter", Text),
    ("ATMOS_DESCRIBE_ERROR_MODE", "describe.error_mode", Text),
    ("ATMOS_DESCRIBE_PROVENANCE", "describe.provenance", Flag),
    ("ATMOS_EDITION", "edition", Text),
    ("ATMOS_EXPERIMENTAL", "settings.experimental", Text),
    ("ATMOS_INJECT_BITBUCKET_TOKEN", "settings.inject_bitbucket_token", Flag),
    ("ATMOS_INJECT_GITHUB_TOKEN", "settings.inject_github_token", Flag),
    ("ATMOS_INJECT_GITLAB_TOKEN", "settings.inject_gitlab_token", Flag),
    ("ATMOS_LIST_ERROR_MODE", "list.error_mode", Text),
    ("ATMOS_LOGS_FILE", "logs.file", Text),
    ("ATMOS_LOGS_LEVEL", "logs.level", Text),
    ("ATMOS_SCHEMAS_ATMOS_MANIFEST", "schemas.atmos.manifest", Text),
    ("ATMOS_SCHEMAS_CUE_BASE_PATH", "schemas.cue.base_path", Text),
    ("ATMOS_SCHEMAS_JSONSCHEMA_BASE_PATH", "schemas.jsonschema.base_path", Text),
    ("ATMOS_SCHEMAS_OPA_BASE_PATH", "schemas.opa.base_path", Text),
    ("ATMOS_SETTINGS_LIST_MERGE_STRATEGY", "settings.list_merge_strategy", Text),
    ("ATMOS_STACKS_BASE_PATH", "stacks.base_path", Text),
    ("ATMOS_STACKS_EXCLUDED_PATHS", "stacks.excluded_paths", Words),
    ("ATMOS_STACKS_INCLUDED_PATHS", "stacks.included_paths", Words),
    ("ATMOS_STACKS_NAME_PATTERN", "stacks.name_pattern", Text),
    ("ATMOS_STACKS_NAME_TEMPLATE", "stacks.name_template", Text),
    ("ATMOS_TELEMETRY_ENABLED", "settings.telemetry.enabled", Flag),
    ("ATMOS_TELEMETRY_ENDPOINT", "settings.telemetry.endpoint", Text),
    ("ATMOS_TELEMETRY_LOGGING", "settings.telemetry.logging", Flag),
    ("ATMOS_TELEMETRY_TOKEN", "settings.telemetry.token", Text),
    ("ATMOS_VENDOR_BASE_PATH", "vendor.base_path", Text),
    ("ATMOS_VERSION_CHECK_ENABLED", "version.check.enabled", LenientFlag),
    ("ATMOS_VERSION_ENFORCEMENT", "version.constraint.enforcement", Text),
    ("ATMOS_WORKFLOWS_BASE_PATH", "workflows.base_path", Text),
];

/// The process environment, below it the `ATMOS_*` names of the configuration's own `env:` section.
pub(super) struct Variables<'a> {
    env: &'a Env,
    promoted: BTreeMap<String, String>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(env: &'a Env, document: &Node) -> Variables<'a> {
        let section = document.get("env").and_then(Node::as_map);
        let promoted =
            section.into_iter().flatten().filter(|(name, _)| name.starts_with("ATMOS_") && !env.is_set(name));
        let promoted = promoted.filter_map(|(name, node)| Some((name.to_string(), node.scalar_text()?))).collect();
        Variables { env, promoted }
    }

    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let promoted = || self.promoted.get(name).map(String::as_str).filter(|value| !value.is_empty());
        self.env.get(name).or_else(promoted)
    }

    pub(super) fn into_promoted(self) -> BTreeMap<String, String> {
        self.promoted
    }
}

/// The variables that override a key.
pub(super) fn variable_of(key: &str) -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter(move |(_, known, _)| *known == key).map(|(variable, ..)| *variable)
}

/// The layer above all files.
pub(super) fn layer(variables: &Variables<'_>, talk: &Talk) -> Result<Node, Error> {
    let mut root = Node::empty_map();
    for (variable, key, kind) in TABLE {
        let Some(text) = variables.get(variable) else { continue };
        let value = match kind {
            Text => Node::from(text),
            Flag => Node::from(parse_bool(text).ok_or(Error::Boolean { variable })?),
            LenientFlag => {
                let Some(flag) = parse_bool(text) else {
                    let message = format!("{variable} is neither true nor false, and ignored");
                    talk.warn(Warning::new("atmos::config::boolean", message));
                    continue;
                };
                Node::from(flag)
            }
            Words => Node::from(text.split(',').map(Node::from).collect::<Vec<_>>()),
        };
        set_path(&mut root, key, value);
    }
    let switched_on = |name: &str| variables.get(name).is_some_and(|value| !matches!(value, "0" | "false"));
    if switched_on("NO_PAGER") {
        set_path(&mut root, "settings.terminal.pager", Node::from("false"));
    }
    if switched_on("NO_COLOR") || switched_on("ATMOS_NO_COLOR") {
        set_path(&mut root, "settings.terminal.no_color", Node::from(true));
        set_path(&mut root, "settings.terminal.color", Node::from(false));
    }
    if variables.get("ATMOS_VERBOSE") == Some("true") {
        set_path(&mut root, "logs.level", Node::from("Debug"));
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    #[test]
    fn variables_become_keys() {
        let env = Env::from_iter([
            ("ATMOS_STACKS_INCLUDED_PATHS", "a/**,b"),
            ("ATMOS_COMPONENTS_TERRAFORM_INIT_PASS_VARS", "T"),
            ("ATMOS_VERSION_CHECK_ENABLED", "perhaps"),
            ("ATMOS_LOGS_LEVEL", ""),
        ]);
        let node = layer(&Variables::new(&env, &Node::empty_map()), &Talk::silent()).unwrap();
        let expected = serde_json::json!({
            "stacks": {"included_paths": ["a/**", "b"]}, "components": {"terraform": {"init": {"pass_vars": true}}}
        });
        assert_eq!(node, from_json(&expected));
    }

    #[test]
    fn booleans_are_checked() {
        let env = Env::from_iter([("ATMOS_COMPONENTS_HELMFILE_USE_EKS", "yes")]);
        let error = layer(&Variables::new(&env, &Node::empty_map()), &Talk::silent()).unwrap_err();
        assert_eq!(error.to_string(), "cannot parse the value of ATMOS_COMPONENTS_HELMFILE_USE_EKS as a boolean");
    }

    /// Every variable of the table changes its key, and a boolean is checked.
    #[test]
    fn every_variable_overrides_its_key() {
        for (variable, key, kind) in TABLE {
            let (text, expected) = match kind {
                Text => ("x", Node::from("x")),
                Flag | LenientFlag => ("true", Node::from(true)),
                Words => ("a,b", Node::from(vec![Node::from("a"), Node::from("b")])),
            };
            let env = Env::from_iter([(*variable, text)]);
            let node = layer(&Variables::new(&env, &Node::empty_map()), &Talk::silent()).unwrap();
            assert_eq!(node.get_path(key.split('.')), Some(&expected), "{variable}");
            let wrong = Env::from_iter([(*variable, "perhaps")]);
            let wrong = layer(&Variables::new(&wrong, &Node::empty_map()), &Talk::silent());
            assert_eq!(wrong.is_err(), matches!(kind, Flag), "{variable}");
        }
    }

    #[test]
    fn colours_and_pager_have_switches_of_their_own() {
        let node = |pairs: &[(&str, &str)]| {
            let env: Env = pairs.iter().copied().collect();
            layer(&Variables::new(&env, &Node::empty_map()), &Talk::silent()).unwrap()
        };
        let terminal = |node: &Node, key: &str| node.get_path(["settings", "terminal", key]).cloned();
        let plain = node(&[("NO_COLOR", "1"), ("ATMOS_COLOR", "true"), ("PAGER", "less"), ("NO_PAGER", "true")]);
        assert_eq!(terminal(&plain, "color"), Some(Node::from(false)));
        assert_eq!(terminal(&plain, "pager"), Some(Node::from("false")));
        let own = node(&[("PAGER", "less"), ("ATMOS_PAGER", "more"), ("THEME", "a"), ("ATMOS_THEME", "b")]);
        assert_eq!((terminal(&own, "pager"), terminal(&own, "theme")), (Some("more".into()), Some("b".into())));
    }

    #[test]
    fn own_env_section_is_promoted_below_the_process() {
        let document =
            from_json(&serde_json::json!({"env": {"ATMOS_PROFILE": "a", "ATMOS_EDITION": "2025", "X": "1"}}));
        let env = Env::from_iter([("ATMOS_PROFILE", "b")]);
        let variables = Variables::new(&env, &document);
        assert_eq!((variables.get("ATMOS_PROFILE"), variables.get("ATMOS_EDITION")), (Some("b"), Some("2025")));
        assert_eq!(variables.get("X"), None);
    }
}
