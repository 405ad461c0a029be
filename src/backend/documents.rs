//! The documents.

use serde_json::{Map, Value as Json, json};

use super::error::Error;
use crate::component::{Instance, Tokens, replace_tokens};
use crate::value::to_json;

/// The content of `backend.tf.json`.
///
/// # Errors
/// [`Error::TypeRequired`] when the instance has no backend type.
pub fn backend_json(instance: &Instance) -> Result<Json, Error> {
    let sections = &instance.sections;
    if sections.backend_type.is_empty() {
        return Err(Error::TypeRequired { component: instance.name.clone(), stack: instance.stack.clone() });
    }
    let settings = to_json(&sections.backend);
    if sections.backend_type == "cloud" {
        let settings = if instance.workspace.is_empty() { settings } else { cloud(settings, &instance.workspace) };
        return Ok(json!({"terraform": {"cloud": settings}}));
    }
    Ok(json!({"terraform": {"backend": {&*sections.backend_type: settings}}}))
}

/// Fills `{terraform_workspace}`; the other tokens are empty here, as in the reference.
fn cloud(settings: Json, workspace: &str) -> Json {
    let tokens = Tokens { terraform_workspace: workspace.to_owned(), ..Tokens::default() };
    replace(settings, &tokens)
}

fn replace(json: Json, tokens: &Tokens) -> Json {
    match json {
        Json::String(text) => Json::String(replace_tokens(tokens, &text)),
        Json::Array(list) => list.into_iter().map(|item| replace(item, tokens)).collect(),
        Json::Object(map) => {
            map.into_iter().map(|(key, item)| (replace_tokens(tokens, &key), replace(item, tokens))).collect()
        }
        other => other,
    }
}

/// The content of `providers_override.tf.json`; `None` when the instance has no providers. `aws` and `aws.use1` become
/// one list, the dotted one with its alias.
pub fn providers_override(instance: &Instance) -> Option<Json> {
    let providers = to_json(&instance.sections.providers);
    let providers = providers.as_object().filter(|providers| !providers.is_empty())?;
    let mut document = Map::default();
    for (key, settings) in providers {
        let base = key.split_once('.').map_or(key.as_str(), |(base, _)| base);
        if base.is_empty() || !providers.keys().any(|other| is_alias_of(other, base)) {
            document.insert(key.clone(), settings.clone());
        } else if !document.contains_key(base) {
            document.insert(base.to_owned(), aliased(base, providers));
        }
    }
    Some(json!({"provider": document}))
}

fn is_alias_of(key: &str, base: &str) -> bool {
    key.split_once('.').is_some_and(|(name, _)| name == base)
}

fn aliased(base: &str, providers: &Map<String, Json>) -> Json {
    let mut keys: Vec<&String> = providers.keys().filter(|key| is_alias_of(key, base)).collect();
    keys.sort();
    let plain = providers.get(base).cloned();
    let aliases = keys.into_iter().map(|key| {
        let mut settings = providers[key].clone();
        if let (Some(map), Some((_, alias))) = (settings.as_object_mut(), key.split_once('.')) {
            map.entry("alias").or_insert_with(|| Json::from(alias));
        }
        settings
    });
    plain.into_iter().chain(aliases).collect()
}

/// The content of `terraform_override.tf.json`; `None` when neither a version nor providers are required.
///
/// # Errors
/// [`Error::ProviderSource`] for a provider without `source`.
pub fn terraform_override(instance: &Instance) -> Result<Option<Json>, Error> {
    let mut document = Map::default();
    let version = &instance.sections.required_version;
    if !version.is_empty() {
        document.insert("required_version".to_owned(), Json::from(version.as_str()));
    }
    let providers = to_json(&instance.sections.required_providers);
    let providers: Map<String, Json> = providers
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, entry)| entry.is_object())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    for (provider, entry) in &providers {
        if entry.get("source").and_then(Json::as_str).is_none_or(str::is_empty) {
            return Err(Error::ProviderSource { component: instance.name.clone(), provider: provider.clone() });
        }
    }
    if !providers.is_empty() {
        document.insert("required_providers".to_owned(), Json::Object(providers));
    }
    Ok((!document.is_empty()).then(|| json!({"terraform": document})))
}

/// Refuses workspaces that terraform would take for something else: an empty name, or one that begins with `-`.
///
/// # Errors
/// [`Error::WorkspaceName`].
pub fn check_workspace_name(instance: &Instance) -> Result<(), Error> {
    if instance.workspace.is_empty() || instance.workspace.starts_with('-') {
        return Err(Error::WorkspaceName {
            workspace: instance.workspace.clone(),
            component: instance.name.clone(),
            stack: instance.stack.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{Kind, Sections};
    use crate::value::{Node, from_json};

    fn instance(set: impl FnOnce(&mut Sections)) -> Instance {
        let mut sections = Sections::default();
        set(&mut sections);
        Instance {
            name: "vpc".to_owned(),
            kind: Kind::Terraform,
            stack: "dev".to_owned(),
            manifest: "orgs/dev".to_owned(),
            folder: "vpc".to_owned(),
            component: "vpc".to_owned(),
            base_component: None,
            inheritance: Vec::new(),
            imports: std::sync::Arc::default(),
            abstract_: false,
            enabled: true,
            locked: false,
            command: "terraform".to_owned(),
            command_set: false,
            workspace: "dev".to_owned(),
            auth_defaults: Vec::new(),
            template_name: None,
            sections,
            described_auth: None,
            layered: Vec::new(),
        }
    }

    fn node(json: &Json) -> Node {
        from_json(json)
    }

    #[test]
    fn backend_is_keyed_by_its_type() {
        let s3 = instance(|sections| {
            sections.backend_type = "s3".to_owned();
            sections.backend = node(&json!({"bucket": "b"}));
        });
        assert_eq!(backend_json(&s3), Ok(json!({"terraform": {"backend": {"s3": {"bucket": "b"}}}})));
        assert!(backend_json(&instance(|_| {})).unwrap_err().to_string().contains("backend_type is required"));
    }

    #[test]
    fn cloud_backend_knows_the_workspace() {
        let cloud = instance(|sections| {
            sections.backend_type = "cloud".to_owned();
            sections.backend = node(&json!({"workspaces": {"name": "x-{terraform_workspace}-{stage}"}}));
        });
        assert_eq!(backend_json(&cloud), Ok(json!({"terraform": {"cloud": {"workspaces": {"name": "x-dev-"}}}})));
    }

    #[test]
    fn provider_aliases_become_a_list() {
        let aliased = instance(|sections| {
            sections.providers =
                node(&json!({"aws.use1": {"region": "us-east-1"}, "aws": {"region": "eu"}, "null": {}}));
        });
        assert_eq!(
            providers_override(&aliased),
            Some(json!({"provider": {
                "aws": [{"region": "eu"}, {"region": "us-east-1", "alias": "use1"}],
                "null": {},
            }}))
        );
        assert_eq!(providers_override(&instance(|_| {})), None);
    }

    #[test]
    fn required_providers_need_a_source() {
        let with = |providers: Json| {
            instance(|sections| {
                sections.required_version = ">= 1.5".to_owned();
                sections.required_providers = node(&providers);
            })
        };
        let good = terraform_override(&with(json!({"aws": {"source": "hashicorp/aws"}}))).unwrap().unwrap();
        assert_eq!(good["terraform"]["required_version"], json!(">= 1.5"));
        let error = terraform_override(&with(json!({"aws": {"version": "1"}}))).unwrap_err().to_string();
        assert!(error.contains("required_providers entry missing 'source' field"), "{error}");
    }

    #[test]
    fn workspace_names_must_not_look_like_flags() {
        for (name, good) in [("dev", true), ("", false), ("--wsp", false)] {
            let mut instance = instance(|_| {});
            instance.workspace = name.to_owned();
            assert_eq!(check_workspace_name(&instance).is_ok(), good, "{name}");
        }
    }
}
