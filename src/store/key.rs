//! How a value is called in a store.

use super::kind::Kind;
use super::problem::{Fault, Problem};
use super::settings::Spec;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// A value of a component in a stack. Secrets of a whole stack, or of all stacks, leave parts empty.
    Scoped { stack: &'a str, component: &'a str, key: &'a str },
    /// A key as it is in the store, below the prefix.
    Direct(&'a str),
}

impl Key<'_> {
    /// The name in the store.
    pub(super) fn name(&self, spec: &Spec) -> Result<String, Problem> {
        match *self {
            Key::Scoped { stack, component, key } => {
                let needs_all = matches!(spec.kind, Kind::Redis | Kind::Artifactory | Kind::KeyVault);
                for (part, text) in [("stack", stack), ("component", component)] {
                    if needs_all && text.is_empty() {
                        return Err(empty(part));
                    }
                }
                if key.is_empty() {
                    return Err(empty("key"));
                }
                scoped(spec, stack, component, key)
            }
            Key::Direct("") => Err(empty("key")),
            Key::Direct(key) => direct(spec, key),
        }
    }
}

fn empty(what: &str) -> Problem {
    Problem::new(Fault::Settings, format!("{what} cannot be empty"), "give all parts of the key")
}

fn scoped(spec: &Spec, stack: &str, component: &str, key: &str) -> Result<String, Problem> {
    let prefix = match spec.kind {
        Kind::Artifactory => format!("{}/{}", spec.required("repo_name")?, spec.prefix()),
        _ => spec.prefix(),
    };
    let delimiter = spec.stack_delimiter();
    let mut parts = vec![prefix];
    if !stack.is_empty() {
        parts.extend(split(stack, &delimiter));
    }
    if !component.is_empty() {
        parts.extend(split(component, "/"));
    }
    parts.push(key.to_owned());
    let between = match spec.kind {
        Kind::KeyVault => "-",
        Kind::SecretManager => "_",
        _ => "/",
    };
    let name = parts.join(between).replace("//", "/");
    Ok(match spec.kind {
        Kind::KeyVault => key_vault(&name),
        Kind::SecretManager => name.replace('/', "_").replace("__", "_").trim_matches('_').to_owned(),
        _ => name,
    })
}

/// An empty delimiter stands between all characters.
fn split(text: &str, delimiter: &str) -> Vec<String> {
    if delimiter.is_empty() {
        return text.chars().map(String::from).collect();
    }
    text.split(delimiter).map(str::to_owned).collect()
}

fn direct(spec: &Spec, key: &str) -> Result<String, Problem> {
    let prefix = spec.prefix();
    let below = |between: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}{between}{key}") };
    Ok(match spec.kind {
        Kind::Ssm => {
            let name = below("/");
            if name.starts_with('/') { name } else { format!("/{name}") }
        }
        Kind::Redis => below(":"),
        Kind::SecretManager => below("_"),
        // The prefix is left out, as in the reference.
        Kind::KeyVault => key_vault(key),
        Kind::Artifactory => {
            let name = below("/");
            let name = name.strip_suffix(".json").unwrap_or(&name);
            clean(&format!("{}/{name}.json", spec.required("repo_name")?))
        }
        _ => below("/"),
    })
}

/// Names in a vault hold letters, digits and single hyphens.
fn key_vault(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let plain: String = plain.collect();
    let name = plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if name.is_empty() { "default".to_owned() } else { name }
}

/// A path without empty parts, `.` and `..`.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::settings::Settings;
    use super::*;
    use crate::span::Sources;
    use crate::value::from_json;

    fn name(kind: &str, options: &serde_json::Value, key: Key<'_>) -> String {
        let document = serde_json::json!({"stores": {"s": {"kind": kind, "options": options}}});
        let settings = Settings::read(&from_json(&document), &Sources::new());
        key.name(settings.get("s").unwrap()).unwrap_or_else(|problem| problem.reason)
    }

    #[test]
    fn keys_of_components_are_laid_out_by_kind() {
        let vpc = |stack| Key::Scoped { stack, component: "net/vpc", key: "id" };
        for (kind, options, key, expected) in [
            ("aws/ssm", serde_json::json!({"prefix": "/atmos"}), vpc("ue1-dev"), "/atmos/ue1/dev/net/vpc/id"),
            ("aws/ssm", serde_json::json!({}), vpc("ue1-dev"), "/ue1/dev/net/vpc/id"),
            ("aws/ssm", serde_json::json!({"stack_delimiter": "/"}), vpc("ue1-dev"), "/ue1-dev/net/vpc/id"),
            ("aws/ssm", serde_json::json!({"prefix": "/a/"}), vpc("dev"), "/a/dev/net/vpc/id"),
            ("aws/asm", serde_json::json!({"prefix": "app"}), vpc("ue1-dev"), "app/ue1/dev/net/vpc/id"),
            ("redis", serde_json::json!({"prefix": "app"}), vpc("ue1-dev"), "app/ue1-dev/net/vpc/id"),
            ("redis", serde_json::json!({"stack_delimiter": "-"}), vpc("ue1-dev"), "/ue1/dev/net/vpc/id"),
            ("azure/keyvault", serde_json::json!({"prefix": "a_b"}), vpc("ue1-dev"), "a-b-ue1-dev-net-vpc-id"),
            ("azure/keyvault", serde_json::json!({}), vpc("ue1-dev"), "ue1-dev-net-vpc-id"),
            ("gsm", serde_json::json!({"prefix": "app"}), vpc("ue1-dev"), "app_ue1_dev_net_vpc_id"),
            ("gsm", serde_json::json!({}), vpc("ue1-dev"), "ue1_dev_net_vpc_id"),
            (
                "artifactory",
                serde_json::json!({"repo_name": "repo", "prefix": "p"}),
                vpc("ue1/dev"),
                "repo/p/ue1/dev/net/vpc/id",
            ),
            ("artifactory", serde_json::json!({"repo_name": "repo"}), vpc("dev"), "repo/dev/net/vpc/id"),
            ("aws/ssm", serde_json::json!({"stack_delimiter": ""}), vpc("dev"), "/d/e/v/net/vpc/id"),
            ("redis", serde_json::json!({}), vpc(""), "stack cannot be empty"),
            ("aws/asm", serde_json::json!({"prefix": "p"}), vpc(""), "p/net/vpc/id"),
            ("aws/ssm", serde_json::json!({}), Key::Scoped { stack: "", component: "", key: "k" }, "/k"),
            (
                "aws/ssm",
                serde_json::json!({}),
                Key::Scoped { stack: "a", component: "b", key: "" },
                "key cannot be empty",
            ),
        ] {
            assert_eq!(name(kind, &options, key), expected, "{kind} {key:?}");
        }
    }

    #[test]
    fn direct_keys_stand_below_the_prefix() {
        let prefix = || serde_json::json!({"prefix": "p", "repo_name": "repo"});
        for (kind, options, key, expected) in [
            ("aws/ssm", prefix(), "a/b", "/p/a/b"),
            ("aws/ssm", serde_json::json!({}), "a/b", "/a/b"),
            ("aws/ssm", serde_json::json!({}), "/a/b", "/a/b"),
            ("aws/asm", prefix(), "a", "p/a"),
            ("redis", prefix(), "a", "p:a"),
            ("gsm", prefix(), "a", "p_a"),
            ("azure/keyvault", prefix(), "a/b__c", "a-b-c"),
            ("azure/keyvault", prefix(), "//", "default"),
            ("artifactory", prefix(), "a/../b", "repo/p/b.json"),
            ("artifactory", prefix(), "b.json", "repo/p/b.json"),
            ("aws/ssm", prefix(), "", "key cannot be empty"),
        ] {
            assert_eq!(name(kind, &options, Key::Direct(key)), expected, "{kind} {key}");
        }
    }
}
