//! A section `auth` as it may be shown: one answer for every command that shows one, whole or in part. Row 5.
//!
//! Functions (`!env NAME`) say where a secret is, and stay. Read [`redacted`].

use std::sync::Arc;

use crate::secret::{MASK, holds_secret, is_open_credential, is_secret_name, without_userinfo};
use crate::value::{Map, Node, Value};
use crate::yaml::Step;

/// Entries of these sections have names of the user's own.
const NAMED: [&str; 3] = ["providers", "identities", "integrations"];

/// What a node is in the section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The section itself.
    Section,
    /// A map of the user's own names.
    Named,
    /// Settings, whose names say what is secret, and users of URLs.
    Settings,
    /// Below `credentials`: what is not known to be open is secret.
    Credentials,
    /// `env`: what is secret among the values of variables, no name says for sure.
    Variables,
    /// `{key, value}` of a variable.
    Variable,
    Secret,
}

impl Part {
    fn below(self, key: &str, is_map: bool) -> Part {
        match (self, key) {
            (Part::Section, key) if NAMED.contains(&key) => Part::Named,
            (Part::Named, _) | (Part::Variable, "key") => Part::Settings,
            (Part::Section | Part::Settings, "credentials") => Part::Credentials,
            (Part::Section | Part::Settings, "env") => Part::Variables,
            (Part::Section | Part::Settings, key) => {
                // Where a token comes from is no token.
                let secret = is_secret_name(key) && (!is_map || holds_secret(key, true));
                if secret { Part::Secret } else { Part::Settings }
            }
            (Part::Credentials, key) if is_open_credential(key) => Part::Settings,
            (Part::Credentials, _) if is_map => Part::Credentials,
            (Part::Credentials | Part::Variables | Part::Variable | Part::Secret, _) => Part::Secret,
        }
    }

    /// An entry of a list.
    fn entry(self) -> Part {
        if self == Part::Variables { Part::Variable } else { self }
    }
}

/// What stands at `steps` below `auth`, where there is something to hide.
pub fn redacted(steps: &[Step], node: &Node) -> Option<Node> {
    let is_map = |at: usize| at + 1 < steps.len() || node.as_map().is_some();
    let part = steps.iter().enumerate().fold(Part::Section, |part, (at, step)| match step {
        Step::Key(key) => part.below(key, is_map(at)),
        Step::Index(_) => part.entry(),
    });
    hidden(part, node)
}

fn hidden(part: Part, node: &Node) -> Option<Node> {
    let value = match &node.value {
        Value::Map(map) => {
            let part = if is_secret_variable(part, map) { Part::Variable } else { part };
            let mut new: Option<Map> = None;
            for (key, item) in &**map {
                if let Some(item) = hidden(part.below(key, item.as_map().is_some()), item) {
                    new.get_or_insert_with(|| Map::clone(map)).insert(key.clone(), item);
                }
            }
            Value::Map(Arc::new(new?))
        }
        Value::List(list) => {
            let items: Vec<Option<Node>> = list.iter().map(|item| hidden(part.entry(), item)).collect();
            if items.iter().all(Option::is_none) {
                return None;
            }
            let items = items.into_iter().zip(&**list).map(|(new, item)| new.unwrap_or_else(|| item.clone()));
            Value::List(Arc::new(items.collect()))
        }
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) if matches!(part, Part::Section | Part::Named | Part::Settings) => {
            let shown = Some(text).filter(|text| text.contains("://")).map(|text| without_userinfo(text));
            Value::String(shown.filter(|shown| **shown != **text)?.into())
        }
        Value::String(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_)
            if !matches!(part, Part::Section | Part::Named | Part::Settings) =>
        {
            Value::String(MASK.into())
        }
        _ => return None,
    };
    Some(Node::new(value, node.span))
}

/// `{key, value}` among settings: a variable in its other spelling, and one of a secret.
fn is_secret_variable(part: Part, map: &Map) -> bool {
    part == Part::Settings
        && map.get("value").is_some()
        && map.get("key").and_then(Node::as_str).is_some_and(is_secret_name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::{from_json, to_json};

    /// A part looks as it does in the whole.
    fn compare(steps: &mut Vec<Step>, node: &Node, shown: &Node) {
        let seen = redacted(steps, node).unwrap_or_else(|| node.clone());
        assert_eq!(to_json(&seen), to_json(shown), "{steps:?}");
        for (key, item) in node.as_map().into_iter().flatten() {
            steps.push(Step::Key(key.to_string()));
            compare(steps, item, shown.get(key).unwrap());
            steps.pop();
        }
        // What an entry is stands in its `key`, which is not on the way.
        for (at, item) in node.as_list().into_iter().flatten().enumerate().filter(|(_, item)| item.get("key").is_none())
        {
            steps.push(Step::Index(at));
            compare(steps, item, &shown.as_list().unwrap()[at]);
            steps.pop();
        }
    }

    #[test]
    fn what_is_secret_is_hidden_wherever_one_looks() {
        let section = json!({
            "keyring": {"type": "file", "spec": {"password_env": "MINE"}},
            "providers": {"token": {"kind": "oidc", "url": "https://me:pw@x/y", "password": 5, "spec": {
                "client_id": "c", "client_secret": "s", "token_source": {"file_path": "/t", "request_token": "r"},
                "deep": [{"private_key": {"pem": "k"}}]}}},
            "identities": {"secret": {"default": true, "env": {"STAGE": "prod", "key": "k"}, "credentials": {
                "access_key_id": "AKIA", "region": "eu", "mfa_arn": "", "more": {"pin": 1}}},
                "v": {"env": [{"key": "A", "value": "b"}], "spec": [{"key": "DB_PASSWORD", "value": "p"}, {"key": "A", "value": "b"}]}},
        });
        let shown = json!({
            "keyring": {"type": "file", "spec": {"password_env": "MINE"}},
            "providers": {"token": {"kind": "oidc", "url": "https://<MASKED>@x/y", "password": MASK, "spec": {
                "client_id": "c", "client_secret": MASK, "token_source": {"file_path": "/t", "request_token": MASK},
                "deep": [{"private_key": {"pem": MASK}}]}}},
            "identities": {"secret": {"default": true, "env": {"STAGE": MASK, "key": MASK}, "credentials": {
                "access_key_id": MASK, "region": "eu", "mfa_arn": "", "more": {"pin": MASK}}},
                "v": {"env": [{"key": "A", "value": MASK}], "spec": [{"key": "DB_PASSWORD", "value": MASK}, {"key": "A", "value": "b"}]}},
        });
        let (section, shown) = (from_json(&section), from_json(&shown));
        assert_eq!(to_json(&redacted(&[], &section).unwrap()), to_json(&shown));
        compare(&mut Vec::new(), &section, &shown);
    }
}
