//! The JSON Schema of entries by kind, made of what the kinds say of themselves. Row 5.

use serde_json::{Value as Json, json};

use super::module::Module;
use super::registry::modules;
use super::setting::{Setting, Shape};

/// Kinds that are no modules.
const PROVIDERS: [&str; 3] = ["aws/iam-identity-center", "mock", "mock/aws"];
const IDENTITIES: [&str; 9] = [
    "ambient",
    "aws/ambient",
    "aws/assume-role",
    "aws/assume-root",
    "aws/credential-process",
    "aws/permission-set",
    "aws/user",
    "mock",
    "mock/aws",
];

/// Adds to the schema of `atmos.yaml` which kinds there are, and what can be set at each. Kinds are offered, not required:
/// what cannot be used is the word of `auth validate`.
pub fn extend(schema: &mut Json) {
    for (section, identities, others) in [("providers", false, &PROVIDERS[..]), ("identities", true, &IDENTITIES[..])] {
        let pointer = format!("/$defs/auth/properties/{section}/additionalProperties");
        let Some(entry) = schema.pointer_mut(&pointer).and_then(Json::as_object_mut) else { continue };
        let modules = modules(identities);
        let mut kinds: Vec<&str> = modules.iter().map(|module| module.kind()).chain(others.iter().copied()).collect();
        kinds.sort_unstable();
        if let Some(kind) = entry.get_mut("properties").and_then(|properties| properties.get_mut("kind")) {
            *kind = json!({"description": "Its kind", "anyOf": [{"enum": kinds}, {"type": "string"}]});
        }
        entry.insert("allOf".to_owned(), modules.iter().map(|module| condition(*module)).collect());
    }
}

/// What can be set where the kind is this one.
fn condition(module: &dyn Module) -> Json {
    let mut then = json!({"properties": {}});
    for setting in module.settings() {
        let parts: Vec<&str> = setting.path.split('.').collect();
        put(&mut then, &parts, setting);
    }
    json!({
        "if": {"properties": {"kind": {"const": module.kind()}}, "required": ["kind"]},
        "then": then,
    })
}

fn put(schema: &mut Json, path: &[&str], setting: &Setting) {
    let [key, rest @ ..] = path else { return };
    if setting.required {
        let list = &mut schema["required"];
        match list.as_array_mut() {
            Some(list) if list.iter().any(|known| known == key) => {}
            Some(list) => list.push(json!(key)),
            None => *list = json!([key]),
        }
    }
    let slot = &mut schema["properties"][*key];
    if !rest.is_empty() {
        if slot.is_null() {
            *slot = json!({"properties": {}});
        }
        return put(slot, rest, setting);
    }
    let scalar = json!(["string", "number", "boolean"]);
    *slot = match setting.shape {
        Shape::Text | Shape::Secret => json!({"description": setting.about, "type": scalar}),
        Shape::Texts => json!({"description": setting.about, "type": ["string", "array"], "items": {"type": scalar}}),
        Shape::Word(words) => json!({"description": setting.about, "enum": words}),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_schema_with_its_settings() {
        let entry = json!({"properties": {"kind": {"type": "string"}}});
        let section = || json!({"additionalProperties": entry});
        let mut schema = json!({"$defs": {"auth": {"properties": {"providers": section(), "identities": section()}}}});
        extend(&mut schema);
        let providers = &schema["$defs"]["auth"]["properties"]["providers"]["additionalProperties"];
        let kinds = providers["properties"]["kind"]["anyOf"][0]["enum"].as_array().unwrap();
        for kind in ["aws/saml", "github/oidc", "gitlab/oidc", "oidc", "aws/iam-identity-center"] {
            assert!(kinds.iter().any(|known| known == kind), "{kind}: {kinds:?}");
        }
        let conditions = providers["allOf"].as_array().unwrap();
        assert_eq!(conditions.len(), modules(false).len());
        let token =
            conditions.iter().find(|condition| condition["if"]["properties"]["kind"]["const"] == "oidc").unwrap();
        let source = &token["then"]["properties"]["spec"]["properties"]["token_source"];
        assert_eq!(source["properties"]["type"]["enum"], json!(["environment", "file", "url"]));
        assert_eq!(source["required"], json!(["type"]));
        for module in modules(false).iter().chain(modules(true)) {
            assert!(module.settings().iter().all(|setting| !setting.about.is_empty()), "{}", module.kind());
        }
    }
}
