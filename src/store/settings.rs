//! `stores:` of the configuration.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::problem::{Fault, Problem};
use crate::diag::nearest;
use crate::span::Sources;
use crate::value::{Node, Value};

/// One store, as it is configured.
#[derive(Debug, Clone)]
pub struct Spec {
    pub name: String,
    pub kind: Kind,
    /// Only `!secret` reads it, and its values are secrets.
    pub secret: bool,
    /// Who reads it, whoever the component runs as.
    pub identity: Option<String>,
    options: Node,
    /// ` (file:line:column)`, or nothing.
    place: String,
}

/// Every store by its name. One that is wrong matters only to who asks for it.
#[derive(Debug, Default)]
pub(super) struct Settings {
    stores: BTreeMap<String, Result<Spec, Problem>>,
}

impl Settings {
    pub(super) fn read(document: &Node, sources: &Sources) -> Settings {
        let entries = document.get("stores").and_then(Node::as_map).into_iter().flatten();
        let stores = entries.map(|(name, node)| (name.to_string(), Spec::read(name, node, sources)));
        Settings { stores: stores.collect() }
    }

    pub(super) fn get(&self, name: &str) -> Result<&Spec, Problem> {
        match self.stores.get(name) {
            Some(Ok(spec)) => Ok(spec),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(self.unknown(name)),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.stores.keys().map(String::as_str)
    }

    fn unknown(&self, name: &str) -> Problem {
        let help = match nearest(name, self.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.stores.is_empty() => {
                "configure it below `stores` of `atmos.yaml`; there is none yet".to_owned()
            }
            None => format!("configured are {}", self.names().collect::<Vec<_>>().join(", ")),
        };
        Problem::new(Fault::Unknown, format!("Store {name} not found"), help)
    }
}

impl Spec {
    fn read(name: &str, node: &Node, sources: &Sources) -> Result<Spec, Problem> {
        let place = sources.place(node.span).map(|place| format!(" ({place})")).unwrap_or_default();
        let wrong = |reason: String| Problem::settings(format!("store `{name}`: {reason}{place}"));
        if node.as_map().is_none() {
            return Err(wrong(format!("it must be a map, not a value of type {}", node.value.type_name())));
        }
        let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        let word = text("kind").or_else(|| text("type")).ok_or_else(|| wrong("it has no `kind`".to_owned()))?;
        let kind = Kind::parse(word).ok_or_else(|| {
            let near = nearest(word, Kind::names()).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            wrong(format!("store type not found: `{word}`{near}"))
        })?;
        let secret = node.get("secret").and_then(Node::as_bool).unwrap_or(false) || kind.is_secret();
        if secret && kind.is_open() {
            return Err(wrong(format!(
                "it cannot be marked secret: `{}` does not encrypt values at rest",
                kind.name()
            )));
        }
        let options = node.get("options").cloned().unwrap_or_default();
        if !options.is_null() && options.as_map().is_none() {
            return Err(wrong(format!("`options` must be a map, not a value of type {}", options.value.type_name())));
        }
        let identity = text("identity").map(str::to_owned);
        Ok(Spec { name: name.to_owned(), kind, secret, identity, options, place })
    }

    /// An option that is not empty. Scalars of other types are read as text.
    pub(super) fn option(&self, key: &str) -> Option<String> {
        let node = self.options.get(key)?;
        match &node.value {
            Value::Null | Value::List(_) | Value::Map(_) | Value::Function(_) => None,
            _ => node.scalar_text().filter(|text| !text.is_empty()),
        }
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.option(key).is_some_and(|text| text == "true")
    }

    /// The texts of a list.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let list = self.options.get(key).and_then(Node::as_list).unwrap_or_default();
        list.iter().filter_map(Node::scalar_text).collect()
    }

    pub(super) fn required(&self, key: &str) -> Result<String, Problem> {
        self.option(key).ok_or_else(|| self.wrong(&format!("`{key}` is required in `options`")))
    }

    /// Something of the settings is wrong, at their place.
    pub(super) fn wrong(&self, reason: &str) -> Problem {
        Problem::settings(format!("{reason}{}", self.place))
    }

    pub(super) fn prefix(&self) -> String {
        self.option("prefix").unwrap_or_default()
    }

    pub(super) fn stack_delimiter(&self) -> String {
        let node = self.options.get("stack_delimiter").and_then(Node::as_str);
        node.unwrap_or_else(|| self.kind.stack_delimiter()).to_owned()
    }

    /// `endpoint` or `endpoint_url`.
    pub(super) fn endpoint(&self) -> Option<String> {
        self.option("endpoint").or_else(|| self.option("endpoint_url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    fn read(json: &serde_json::Value) -> Result<Spec, Problem> {
        let document = from_json(&serde_json::json!({"stores": {"first": json}}));
        Settings::read(&document, &Sources::new()).get("first").cloned()
    }

    #[test]
    fn kinds_have_new_and_old_names() {
        for (word, key, kind) in [
            ("aws/ssm", "kind", Kind::Ssm),
            ("aws-ssm-parameter-store", "type", Kind::Ssm),
            ("aws/ssm", "type", Kind::Ssm),
            ("gsm", "kind", Kind::SecretManager),
            ("redis", "type", Kind::Redis),
        ] {
            assert_eq!(read(&serde_json::json!({key: word})).unwrap().kind, kind, "{word}");
        }
        assert!(read(&serde_json::json!({"kind": "1password"})).unwrap().secret);
    }

    #[test]
    fn settings_that_cannot_be_used_say_why() {
        for (json, phrase) in [
            (serde_json::json!({}), "it has no `kind`"),
            (serde_json::json!([]), "it must be a map"),
            (serde_json::json!({"kind": "reddis"}), "did you mean `redis`?"),
            (serde_json::json!({"kind": "redis", "secret": true}), "cannot be marked secret"),
            (serde_json::json!({"kind": "redis", "options": []}), "`options` must be a map"),
        ] {
            let problem = read(&json).unwrap_err();
            assert!(problem.reason.contains(phrase), "{problem:?}");
        }
        let settings = Settings::read(&from_json(&serde_json::json!({"stores": {"prod-ssm": {}}})), &Sources::new());
        assert!(settings.get("prod-sm").unwrap_err().help.contains("`prod-ssm`"));
    }
}
