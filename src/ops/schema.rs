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
