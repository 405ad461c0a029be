//! The environment of a child, as far as it is not about credentials. Pure.
//!
//! Later layers win: this process, `env` of `atmos.yaml`, `env` of the component ([`entries`]), the identity
//! (`auth::delivery::child_env`), our own variables (the `add_` functions).

use std::path::{Path, PathBuf};

use crate::host::Env;
use crate::value::{Node, to_json};

/// The variables of some `env` sections, later sections last. `None` (a null) unsets the variable.
pub fn entries<'a>(sections: impl IntoIterator<Item = &'a Node>) -> Vec<(String, Option<String>)> {
    let maps = sections.into_iter().filter_map(Node::as_map);
    maps.flatten().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// The text of a value in an environment; `None` for null. Lists and maps are JSON.
fn text(value: &Node) -> Option<String> {
    if value.is_null() {
        return None;
    }
    Some(value.scalar_text().unwrap_or_else(|| to_json(value).to_string()))
}

/// What atmos itself adds for every child.
#[derive(Debug, Clone)]
pub struct Atmos<'a> {
    /// Directory of `atmos.yaml`.
    pub config_dir: &'a Path,
    pub base_path: &'a Path,
    /// Our standard error is a terminal.
    pub terminal: bool,
}

/// Adds the variables by which a nested atmos finds its configuration.
pub fn add_atmos(env: &mut Env, atmos: &Atmos<'_>) {
    env.set("ATMOS_CLI_CONFIG_PATH", atmos.config_dir);
    env.set("ATMOS_BASE_PATH", atmos.base_path);
    add_level(env);
    if atmos.terminal {
        env.set("ATMOS_FORCE_TTY", "true");
    }
}

/// Counts how deep a nested atmos is.
pub fn add_level(env: &mut Env) {
    let level = env.get("ATMOS_SHLVL").and_then(|level| level.parse::<u32>().ok()).unwrap_or(0);
    env.set("ATMOS_SHLVL", level.saturating_add(1).to_string());
}

/// What is added for terraform.
#[derive(Debug, Clone, Default)]
pub struct Terraform {
    pub user_agent: String,
    /// Directory of the shared plugin cache; `None` when it is switched off.
    pub plugin_cache: Option<PathBuf>,
}

/// Adds terraform's variables. True when the user's plugin cache setting was not usable and ours took its place.
pub fn add_terraform(env: &mut Env, process: &Env, terraform: &Terraform) -> bool {
    env.set("TF_IN_AUTOMATION", "true");
    match process.get("TF_APPEND_USER_AGENT") {
        Some(own) => env.set("TF_APPEND_USER_AGENT", own.to_owned()),
        None if terraform.user_agent.is_empty() => {}
        None => env.set("TF_APPEND_USER_AGENT", &terraform.user_agent),
    }
    let Some(cache) = &terraform.plugin_cache else { return false };
    let own = env.get_raw("TF_PLUGIN_CACHE_DIR").map(std::ffi::OsStr::to_os_string);
    let usable = own.as_ref().is_some_and(|own| !own.is_empty() && own != "/");
    if !usable {
        env.set("TF_PLUGIN_CACHE_DIR", cache);
        env.set("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE", "true");
    }
    own.is_some() && !usable
}

/// Variables of the caller that change what terraform does behind our back, sorted.
pub fn interfering(process: &Env) -> Vec<String> {
    let exact = ["TF_CLI_ARGS", "TF_WORKSPACE"];
    let mut names: Vec<_> = process
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?, value)))
        .filter(|(name, value)| {
            !value.is_empty()
                && (exact.contains(name) || name.starts_with("TF_VAR_") || name.starts_with("TF_CLI_ARGS_"))
        })
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    names
}

/// Adds helmfile's context variables. Those of `vars` only where the caller has not set them; a missing one is empty.
pub fn add_helmfile(env: &mut Env, process: &Env, stack: &str, vars: &Node, kubeconfig: Option<&Path>) {
    env.set("STACK", stack);
    for (name, key) in [
        ("NAMESPACE", "namespace"),
        ("TENANT", "tenant"),
        ("ENVIRONMENT", "environment"),
        ("STAGE", "stage"),
        ("REGION", "region"),
    ] {
        if process.get(name).is_none() {
            env.set(name, vars.get(key).and_then(Node::scalar_text).unwrap_or_default());
        }
    }
    if let Some(path) = kubeconfig {
        env.set("KUBECONFIG", path);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    fn show(env: &Env) -> Vec<String> {
        env.iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect()
    }

    #[test]
    fn q13_values_become_text_and_null_unsets() {
        let global = from_json(&json!({"A": 1, "B": "global"}));
        let component = from_json(&json!({"B": true, "C": null, "D": [1]}));
        let entries = entries([&global, &Node::default(), &component]);
        let shown: Vec<_> =
            entries.iter().map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("-"))).collect();
        assert_eq!(shown, ["A=1", "B=global", "B=true", "C=-", "D=[1]"]);
    }

    #[test]
    fn atmos_variables_count_the_level() {
        for (level, expected) in [(None, "1"), (Some("2"), "3"), (Some("x"), "1")] {
            let mut env: Env = level.map(|level| ("ATMOS_SHLVL", level)).into_iter().collect();
            let atmos = Atmos { config_dir: Path::new("/r"), base_path: Path::new("/r"), terminal: false };
            add_atmos(&mut env, &atmos);
            assert_eq!(env.get("ATMOS_SHLVL"), Some(expected));
            assert_eq!(env.get("ATMOS_FORCE_TTY"), None);
        }
    }

    #[test]
    fn the_plugin_cache_is_ours_unless_the_user_has_a_usable_one() {
        let terraform = Terraform { user_agent: "Atmos/1".to_owned(), plugin_cache: Some(PathBuf::from("/cache")) };
        for (own, expected, warned) in
            [(None, "/cache", false), (Some("/mine"), "/mine", false), (Some("/"), "/cache", true)]
        {
            let mut env: Env = own.map(|own| ("TF_PLUGIN_CACHE_DIR", own)).into_iter().collect();
            assert_eq!(add_terraform(&mut env, &Env::default(), &terraform), warned, "{own:?}");
            assert_eq!(env.get("TF_PLUGIN_CACHE_DIR"), Some(expected));
            assert_eq!(env.is_set("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"), expected == "/cache");
        }
    }

    #[test]
    fn the_callers_user_agent_wins() {
        let process = Env::from_iter([("TF_APPEND_USER_AGENT", "mine")]);
        let mut env = Env::default();
        let terraform = Terraform { user_agent: "Atmos/1".to_owned(), plugin_cache: None };
        add_terraform(&mut env, &process, &terraform);
        assert_eq!(env.get("TF_APPEND_USER_AGENT"), Some("mine"));
    }

    #[test]
    fn interfering_variables_are_named_in_order() {
        let process = Env::from_iter([
            ("TF_VAR_b", "1"),
            ("TF_CLI_ARGS", "-x"),
            ("TF_WORKSPACE", ""),
            ("TF_CLI_ARGS_plan", "y"),
            ("TF_LOG", "x"),
        ]);
        assert_eq!(interfering(&process), ["TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_VAR_b"]);
    }

    #[test]
    fn helmfile_context_comes_from_vars_unless_the_caller_has_it() {
        let process = Env::from_iter([("STAGE", "mine")]);
        let mut env = process.clone();
        add_helmfile(
            &mut env,
            &process,
            "dev",
            &from_json(&json!({"tenant": "t", "stage": "s"})),
            Some(Path::new("/k")),
        );
        assert_eq!(
            show(&env),
            ["ENVIRONMENT=", "KUBECONFIG=/k", "NAMESPACE=", "REGION=", "STACK=dev", "STAGE=mine", "TENANT=t"]
        );
    }
}
