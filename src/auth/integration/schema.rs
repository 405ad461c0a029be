//! The JSON Schema of `auth.integrations`. Row 5.

use serde_json::{Value as Json, json};

use super::check::known;
use super::config::{BUILT, Kind};
use super::target::UPDATES;

/// Adds to the schema of `atmos.yaml` what an integration may be: the kinds, and what each section of a kind can have.
pub fn extend(schema: &mut Json) {
    let Some(section) = schema.pointer_mut("/$defs/auth/properties/integrations").and_then(Json::as_object_mut) else {
        return;
    };
    section.insert("additionalProperties".to_owned(), entry());
}

fn entry() -> Json {
    let kinds: Vec<&str> = BUILT.iter().map(|(name, _)| *name).collect();
    let updates: Vec<&str> = UPDATES.iter().map(|(name, _)| *name).collect();
    let text = |about: &str| json!({"description": about, "type": ["string", "number"]});
    let map = |about: &str, properties: Json| json!({"description": about, "type": ["object", "null"], "properties": properties});
    let kubeconfig = json!({
        "path": text("Path of the file"),
        // A number is taken as its digits, where its owner could write the file then.
        "mode": {"description": "Mode of the file, in quotes", "anyOf": [
            {"type": "string", "pattern": "^(0o)?0*[4-7][0-7]{2}$"},
            {"type": "integer", "minimum": 600, "maximum": 777},
        ]},
        "update": {"description": "What becomes of what is there", "enum": updates},
    });
    let cluster = json!({
        "name": text("Name of the cluster"),
        "region": text("Region of the cluster"),
        "resource_group": text("Resource group of a cluster of Azure"),
        "subscription_id": text("Subscription of a cluster of Azure; that of the identity without"),
        "project_id": text("Project of a cluster of Google"),
        "location": text("Region or zone of a cluster of Google"),
        "alias": text("Name of the context"),
        "kubeconfig": map("The file that is written", kubeconfig),
    });
    let registry = json!({
        "account_id": text("Account of the registry, in quotes"),
        "region": text("Region of the registry"),
        "name": text("Name of a registry of Azure"),
        "tenant_id": text("Tenant of a registry of Azure; that of the provider without"),
    });
    let spec = json!({
        "auto_provision": {"description": "It follows a login and a run by itself", "type": "boolean"},
        "registry": map("A registry", registry),
        "cluster": map("A cluster", cluster),
        "hosts": {"description": "Hosts that git gets passwords for", "type": ["string", "array"], "items": {"type": "string"}},
        "token": text("The variable of the identity whose value is the password"),
        "username": text("The user of that password"),
        "repos": {"description": "Repositories of GitHub", "type": ["string", "array"], "items": {"type": "string"}},
        "policy_name": text("Trust policy of the repositories"),
        "git_config_mode": {"description": "How tokens reach git", "enum": ["env", "file"]},
        "revoke_on_exit": {"description": "Tokens are taken back at the end of a run in CI", "type": "boolean"},
        "token_env": text("Variable with the token; `{{ .owner }}` in it for one of each owner"),
    });
    let via = json!({
        "identity": text("The identity that it follows"),
        "provider": text("The provider whose identities it follows"),
    });
    let kind = json!({"description": "Its kind", "enum": kinds});
    let properties = json!({"kind": kind, "via": map("Whom it follows", via), "spec": map("Its settings", spec)});
    let mut entry = map("An integration", properties);
    entry["allOf"] = BUILT.iter().map(|(name, kind)| condition(name, *kind)).collect();
    entry
}

/// Which keys the sections of a kind have.
fn condition(name: &str, kind: Kind) -> Json {
    let mut then = json!({});
    for (path, keys) in known(kind) {
        let mut slot = &mut then;
        for part in path {
            slot = &mut slot["properties"][*part];
        }
        slot["propertyNames"] = json!({"enum": keys});
    }
    json!({"if": {"properties": {"kind": {"const": name}}, "required": ["kind"]}, "then": then})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrations_are_in_the_schema_with_their_settings() {
        let mut schema = json!({"$defs": {"auth": {"properties": {"integrations": {"properties": {}}}}}});
        extend(&mut schema);
        let entry = &schema["$defs"]["auth"]["properties"]["integrations"]["additionalProperties"]["properties"];
        assert!(entry["kind"]["enum"].as_array().unwrap().contains(&json!("aws/eks")));
        let update = &entry["spec"]["properties"]["cluster"]["properties"]["kubeconfig"]["properties"]["update"];
        assert_eq!(update["enum"], json!(["merge", "replace", "error"]));
    }
}
