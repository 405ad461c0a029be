//! The complete environment of a child, from its layers. Pure.
//!
//! Later layers win: this process, `env` of `atmos.yaml`, `env` of the component, the identity, our own variables. With
//! an identity in force every variable that could lead to other credentials is taken out of all layers; without one
//! nothing is taken out but what opens the keyring.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::host::Env;
use crate::value::{Node, to_json};

/// The identity's part of an environment.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The variables that carry the identity; nothing overrides them.
    pub set: Vec<(String, OsString)>,
    /// Variables that must not reach the child, whoever set them.
    pub remove: Vec<String>,
    /// `env` entries of the identity itself: ordinary variables, below `set`.
    pub extra: Vec<(String, String)>,
}

/// What the environment is made of, lowest first.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    pub process: &'a Env,
    /// `env` of `atmos.yaml`.
    pub global: &'a Node,
    /// Merged `env` of the component.
    pub component: &'a Node,
    pub identity: Option<&'a Identity>,
    /// Names that never reach a child (the keyring's password).
    pub forbidden: &'a [String],
}

/// An environment and what was remarkable about it.
#[derive(Debug, Clone, Default)]
pub struct Built {
    pub env: Env,
    /// Variables of configuration that lost against the identity, sorted.
    pub overruled: Vec<String>,
}

/// Puts the layers together. A `null` in configuration unsets the variable.
pub fn build(layers: Layers<'_>) -> Built {
    let mut env = layers.process.clone();
    let mut overruled = BTreeSet::new();
    let managed = |name: &str| {
        layers.identity.is_some_and(|identity| {
            identity.remove.iter().any(|other| other == name) || identity.set.iter().any(|(other, _)| other == name)
        })
    };
    for layer in [layers.global, layers.component] {
        for (name, value) in layer.as_map().into_iter().flatten() {
            if managed(name) {
                overruled.insert(name.to_string());
            }
            match text(value) {
                Some(value) => env.set(&**name, value),
                None => {
                    env.remove(name);
                }
            }
        }
    }
    if let Some(identity) = layers.identity {
        for name in &identity.remove {
            env.remove(name);
        }
        for (name, value) in &identity.extra {
            env.set(name, value);
        }
        for (name, value) in &identity.set {
            env.set(name, value);
        }
    }
    for name in layers.forbidden {
        env.remove(name);
    }
    Built { env, overruled: overruled.into_iter().collect() }
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
    let level = env.get("ATMOS_SHLVL").and_then(|level| level.parse::<u32>().ok()).unwrap_or(0);
    env.set("ATMOS_SHLVL", level.saturating_add(1).to_string());
    if atmos.terminal {
        env.set("ATMOS_FORCE_TTY", "true");
    }
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

    fn build_from(
        process: &[(&str, &str)],
        global: &serde_json::Value,
        component: &serde_json::Value,
        identity: Option<&Identity>,
    ) -> Built {
        build(Layers {
            process: &process.iter().copied().collect(),
            global: &from_json(global),
            component: &from_json(component),
            identity,
            forbidden: &["ATMOS_KEYRING_PASSWORD".to_owned()],
        })
    }

    fn identity() -> Identity {
        Identity {
            set: vec![("AWS_PROFILE".to_owned(), "admin".into()), ("AWS_REGION".to_owned(), "us-east-2".into())],
            remove: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(str::to_owned).to_vec(),
            extra: vec![("TEAM".to_owned(), "net".to_owned()), ("AWS_REGION".to_owned(), "lost".to_owned())],
        }
    }

    #[test]
    fn without_an_identity_the_environment_stays_as_it_was() {
        let process = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_PROFILE", "mine"), ("HOME", "/h")];
        let built = build_from(&process, &json!({}), &json!({}), None);
        assert_eq!(show(&built.env), ["AWS_ACCESS_KEY_ID=AKIA", "AWS_PROFILE=mine", "HOME=/h"]);
    }

    #[test]
    fn component_beats_global_beats_process_and_null_unsets() {
        let process = [("A", "process"), ("B", "process"), ("C", "process")];
        let built =
            build_from(&process, &json!({"A": 1, "B": "global"}), &json!({"B": true, "C": null, "D": [1]}), None);
        assert_eq!(show(&built.env), ["A=1", "B=true", "D=[1]"]);
        assert!(built.overruled.is_empty());
    }

    #[test]
    fn an_identity_wins_over_every_layer_and_ambient_keys_are_gone() {
        let process = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_PROFILE", "mine"), ("AWS_CA_BUNDLE", "/ca")];
        let component = json!({"AWS_PROFILE": "component", "AWS_SECRET_ACCESS_KEY": "s", "X": "x"});
        let built = build_from(&process, &json!({}), &component, Some(&identity()));
        assert_eq!(
            show(&built.env),
            ["AWS_CA_BUNDLE=/ca", "AWS_PROFILE=admin", "AWS_REGION=us-east-2", "TEAM=net", "X=x"]
        );
        assert_eq!(built.overruled, ["AWS_PROFILE", "AWS_SECRET_ACCESS_KEY"]);
    }

    #[test]
    fn the_keyring_password_never_reaches_a_child() {
        let built =
            build_from(&[("ATMOS_KEYRING_PASSWORD", "p")], &json!({"ATMOS_KEYRING_PASSWORD": "q"}), &json!({}), None);
        assert!(show(&built.env).is_empty());
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
