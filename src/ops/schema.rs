//! JSON Schemas for editors.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::App;
use super::names::names;
use crate::auth::{AuthConfig, extend_schema, integration};
use crate::validate::{CONFIG_SCHEMA, MANIFEST_SCHEMA};

/// The schema of `atmos.yaml`, in which editors find the kinds of providers and identities with what can be set at each.
pub fn config() -> String {
    let Ok(mut schema) = serde_json::from_str::<Json>(CONFIG_SCHEMA) else { return CONFIG_SCHEMA.to_owned() };
    extend_schema(&mut schema);
    integration::extend_schema(&mut schema);
    format!("{schema:#}\n")
}

/// The schema of manifests, in which editors find the identities and components of the repository. They are offered, not
/// required: a component may be about to be written.
pub fn manifest(app: &App) -> String {
    let Ok(mut schema) = serde_json::from_str::<Json>(MANIFEST_SCHEMA) else { return MANIFEST_SCHEMA.to_owned() };
    let identities: Vec<String> =
        AuthConfig::read(&app.config.auth).identities.keys().map(ToString::to_string).collect();
    let names = names(app);
    let components = |kind: &str| -> Vec<String> {
        let named = names.iter().filter(|named| named.kind == kind).map(|named| named.component.clone());
        named.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (terraform, helmfile) = (components("terraform"), components("helmfile"));
    let all: BTreeSet<String> = names.iter().map(|named| named.component.clone()).collect();
    let all: Vec<String> = all.into_iter().collect();
    offer_keys(&mut schema, "terraform", "terraform_component", &terraform);
    offer_keys(&mut schema, "helmfile", "helmfile_component", &helmfile);
    offer(&mut schema, "/$defs/metadata/properties/component", &all);
    offer(&mut schema, "/$defs/metadata/properties/inherits/items", &all);
    offer(&mut schema, "/$defs/settings/properties/auth/properties/identity", &identities);
    if let Some(Json::Object(properties)) = schema.pointer_mut("/$defs/settings/properties") {
        let auth = properties.entry("auth").or_insert_with(|| json!({"type": ["object", "null"]}));
        if let Some(auth) = auth.as_object_mut() {
            let identity = json!({"description": "Identity of the component", "anyOf": [
                {"enum": identities}, {"type": ["string", "boolean", "null"]}]});
            let own = auth.entry("properties").or_insert_with(|| json!({}));
            if let Some(own) = own.as_object_mut() {
                own.entry("identity").or_insert(identity);
            }
        }
    }
    format!("{schema:#}\n")
}

/// Values that editors offer where any text is right.
fn offer(schema: &mut Json, pointer: &str, values: &[String]) {
    let Some(place) = schema.pointer_mut(pointer) else { return };
    if values.is_empty() {
        return;
    }
    let old = place.take();
    *place = json!({"anyOf": [{"enum": values}, old]});
}

/// Keys that editors offer below `components.<kind>`.
fn offer_keys(schema: &mut Json, kind: &str, definition: &str, names: &[String]) {
    let Some(section) = schema.pointer_mut(&format!("/$defs/components/properties/{kind}")) else { return };
    let properties = names.iter().map(|name| (name.clone(), json!({"$ref": format!("#/$defs/{definition}")})));
    let properties: serde_json::Map<String, Json> = properties.collect();
    let section = section.as_object_mut();
    if let Some(section) = section {
        section.insert("properties".to_owned(), Json::Object(properties));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::validate::table::{UNKNOWN, changed, section};

    /// Whether editors take a section for one.
    fn is_taken(validator: &jsonschema::Validator, auth: &Json) -> bool {
        validator.is_valid(&json!({ "auth": auth }))
    }

    #[test]
    fn sections_that_are_in_order_are_taken_and_unknown_things_refused() {
        let schema: Json = serde_json::from_str(&config()).unwrap();
        let validator = jsonschema::options().offline().build(&schema).unwrap();
        let sound = section();
        let errors: Vec<String> = validator
            .iter_errors(&json!({ "auth": sound }))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
        for (list, kind, path, _) in UNKNOWN {
            assert!(!is_taken(&validator, &changed(list, kind, path, &json!("x"))), "{kind}: {path}");
        }
        for (list, entry, path, value, taken) in [
            ("providers", "github/oidc", "kind", json!("nope/x"), false),
            ("identities", "exec", "kind", json!("nope/x"), false),
            ("identities", "exec", "kind", json!("aws/emulator"), true),
            ("providers", "aws/saml", "driver", json!("Foo"), false),
            ("providers", "aws/saml", "driver", json!("KeyCloak"), true),
            ("providers", "aws/saml", "provider_type", json!("shell"), true),
            ("providers", "oidc", "spec.token_source.type", json!("vault"), false),
            ("providers", "azure/oidc", "spec.client_id", json!([]), false),
            ("providers", "azure/oidc", "spec.tenant_id", json!({}), false),
        ] {
            assert_eq!(is_taken(&validator, &changed(list, entry, path, &value)), taken, "{entry}: {path} = {value}");
        }
        let cluster = |kubeconfig: Json| {
            let spec = json!({"cluster": {"name": "c", "region": "r", "kubeconfig": kubeconfig}});
            json!({"integrations": {"x": {"kind": "aws/eks", "via": {"identity": "i"}, "spec": spec}}})
        };
        for (section, taken) in [
            (cluster(json!({"mode": "0600"})), true),
            (cluster(json!({"mode": 640})), true),
            (cluster(json!({"mode": 1})), false),
            (cluster(json!({"mode": "rw"})), false),
            (cluster(json!({"modus": "0600"})), false),
            (json!({"integrations": {"x": {"kind": "aws/erc"}}}), false),
            (json!({"integrations": {"x": {"kind": "aws/ecr", "spec": {"cluster": {}}}}}), false),
            (json!({"integrations": {"x": {"kind": "git/credentials", "spec": {"hosts": ["github.com"]}}}}), true),
            (json!({"identities": {"x": {"default": true}}}), true),
            (json!({"keyring": {"type": "kernel"}}), true),
        ] {
            assert_eq!(is_taken(&validator, &section), taken, "{section}");
        }
    }
}
