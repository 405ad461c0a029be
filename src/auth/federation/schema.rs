//! The JSON Schema of entries by kind, made of what the kinds say of themselves. Row 5.

use serde_json::{Map, Value as Json, json};

use super::super::validate::{CREDENTIALS_KEYS, PRINCIPAL_KEYS, SPEC_KEYS};
use super::check::{COMMON, COMMON_OF_PRINCIPAL};
use super::module::Module;
use super::registry::modules;
use super::setting::{Setting, Shape};

/// Kinds that are no modules, those of the reference that are not built among them: `auth validate` says which.
const PROVIDERS: [&str; 3] = ["aws/iam-identity-center", "mock", "mock/aws"];
const IDENTITIES: [&str; 13] = [
    "ambient",
    "aws/ambient",
    "aws/assume-role",
    "aws/assume-root",
    "aws/credential-process",
    "aws/emulator",
    "aws/permission-set",
    "aws/user",
    "azure/emulator",
    "gcp/emulator",
    "kubernetes/emulator",
    "mock",
    "mock/aws",
];
/// Those of AWS, whose sections have keys in common.
const PROVIDERS_OF_AWS: [&str; 1] = ["aws/iam-identity-center"];
const IDENTITIES_OF_AWS: [&str; 6] =
    ["aws/ambient", "aws/assume-role", "aws/assume-root", "aws/credential-process", "aws/permission-set", "aws/user"];

/// Adds to the schema of `atmos.yaml` which kinds there are, and what can be set at each. What `auth validate` refuses or warns
/// of as unknown, the schema refuses: editors have no other word for it.
pub fn extend(schema: &mut Json) {
    for (section, identities, others) in [("providers", false, &PROVIDERS[..]), ("identities", true, &IDENTITIES[..])] {
        let pointer = format!("/$defs/auth/properties/{section}/additionalProperties");
        let Some(entry) = schema.pointer_mut(&pointer).and_then(Json::as_object_mut) else { continue };
        let modules = modules(identities);
        let mut kinds: Vec<&str> = modules.iter().map(|module| module.kind()).chain(others.iter().copied()).collect();
        kinds.sort_unstable();
        if let Some(kind) = entry.get_mut("properties").and_then(|properties| properties.get_mut("kind")) {
            *kind = json!({"description": "Its kind", "enum": kinds});
        }
        let own = modules.iter().map(|module| condition(*module));
        entry.insert("allOf".to_owned(), own.chain([of_aws(identities)]).collect());
    }
}

/// What can be set where the kind is this one.
fn condition(module: &dyn Module) -> Json {
    let mut then = json!({"properties": {}});
    for setting in module.settings() {
        let parts: Vec<&str> = setting.path.split('.').collect();
        put(&mut then, &parts, setting);
    }
    for (section, common) in [("spec", &COMMON[..]), ("principal", &COMMON_OF_PRINCIPAL[..])] {
        close(&mut then["properties"][section], common);
    }
    if let Some(source) = then.pointer_mut("/properties/spec/properties/token_source") {
        close(source, &[]);
    }
    json!({
        "if": {"properties": {"kind": {"const": module.kind()}}, "required": ["kind"]},
        "then": then,
    })
}

/// A section has the keys that it has, those that are common to all kinds, and no others.
fn close(section: &mut Json, common: &[&str]) {
    if section.is_null() {
        *section = json!({"properties": {}});
    }
    if let Some(properties) = section["properties"].as_object_mut() {
        for key in common {
            properties.entry(*key).or_insert(Json::Bool(true));
        }
    }
    section["additionalProperties"] = Json::Bool(false);
}

/// Sections of the kinds of AWS.
fn of_aws(identities: bool) -> Json {
    let kinds = if identities { &IDENTITIES_OF_AWS[..] } else { &PROVIDERS_OF_AWS };
    let keys = |keys: &[&str]| json!({"propertyNames": {"enum": keys}});
    let mut then = Map::new();
    then.insert("spec".to_owned(), keys(&SPEC_KEYS));
    if identities {
        then.insert("principal".to_owned(), keys(&PRINCIPAL_KEYS));
        then.insert("credentials".to_owned(), keys(&CREDENTIALS_KEYS));
    }
    json!({"if": {"properties": {"kind": {"enum": kinds}}, "required": ["kind"]}, "then": {"properties": then}})
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
    let scalar = json!(["string", "number", "boolean", "null"]);
    *slot = match setting.shape {
        Shape::Text | Shape::Secret => json!({"description": setting.about, "type": scalar}),
        Shape::Texts => {
            json!({"description": setting.about, "type": ["string", "number", "array", "null"], "items": {"type": scalar}})
        }
        Shape::Word(words) => json!({"description": setting.about, "enum": words}),
        Shape::Name(names) => {
            json!({"description": setting.about, "anyOf": [{"enum": names}, {"type": "string", "pattern": in_any_case(names)}]})
        }
    };
}

/// Schemas have no other way to say that the case does not matter.
fn in_any_case(names: &[&str]) -> String {
    let letter = |c: char| match (c.to_ascii_uppercase(), c.to_ascii_lowercase()) {
        (upper, lower) if upper != lower => format!("[{upper}{lower}]"),
        _ => c.to_string(),
    };
    let names: Vec<String> = names.iter().map(|name| name.chars().map(letter).collect()).collect();
    format!("^({})$", names.join("|"))
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
        let kinds = providers["properties"]["kind"]["enum"].as_array().unwrap();
        for kind in ["aws/saml", "github/oidc", "gitlab/oidc", "oidc", "aws/iam-identity-center"] {
            assert!(kinds.iter().any(|known| known == kind), "{kind}: {kinds:?}");
        }
        let conditions = providers["allOf"].as_array().unwrap();
        assert_eq!(conditions.len(), modules(false).len() + 1);
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
