//! The outputs of a component, as a state has them, terraform prints them, or a manifest states them.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::content::register_secrets;
use crate::query::{self, Query};
use crate::secret::Masker;
use crate::value::{Map, Node, from_json};

/// The newest format of states that is known; terraform has written it since version 0.12.
const NEWEST: u64 = 4;

/// Values by name. They are data: nothing in them is ever run.
#[derive(Clone, Default)]
pub struct Outputs {
    values: Node,
}

/// Only names: values may be secrets.
impl std::fmt::Debug for Outputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.as_map().into_iter().flat_map(Map::keys)).finish()
    }
}

/// A state that cannot be read: why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub reason: String,
    pub help: String,
}

impl Outputs {
    /// The outputs in a state. What the state marks as sensitive is made known to the masker. `None` for an empty file.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn of_state(bytes: &[u8], masker: &Masker) -> Result<Option<Outputs>, Unreadable> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let unreadable = |reason: &str, help: &str| Unreadable { reason: reason.to_owned(), help: help.to_owned() };
        let json: Json = serde_json::from_slice(bytes).map_err(|error| {
            // The error of the parser names a place and a kind, and repeats nothing of the content.
            let what = format!("it is not JSON ({error})");
            unreadable(&what, "check that the backend's settings lead to a state of terraform")
        })?;
        if json.get("encrypted_data").is_some() {
            return Err(unreadable(
                "it is encrypted by OpenTofu",
                "`!terraform.output` asks tofu itself, which has the key",
            ));
        }
        if let Some(version) = json.get("version").and_then(Json::as_u64)
            && version != NEWEST
        {
            let help = if version > NEWEST {
                "update atmos, or use `!terraform.output`, which asks terraform itself"
            } else {
                "apply the component once with terraform 0.12 or newer, which writes the state anew"
            };
            return Err(unreadable(&format!("it has version {version}, and version {NEWEST} is known"), help));
        }
        let outputs = json.get("outputs").cloned().unwrap_or_default();
        Ok(Some(Outputs { values: named(&outputs, masker) }))
    }

    /// What `terraform output -json` prints.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn of_terraform(bytes: &[u8], masker: &Masker) -> Result<Outputs, String> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        Ok(Outputs { values: named(&json, masker) })
    }

    /// The values of a `static` remote state backend.
    pub fn of_manifest(values: Node) -> Outputs {
        Outputs { values }
    }

    /// A map of all outputs.
    pub fn values(&self) -> &Node {
        if self.values.is_null() { empty() } else { &self.values }
    }

    /// What an expression of yq gives for the outputs; one without a dot at its beginning gets it. `None` for no result.
    ///
    /// # Errors
    /// What is no expression, or does not fit the outputs.
    pub fn select(&self, expression: &str) -> Result<Option<Node>, query::Error> {
        let dotted = if expression.starts_with('.') { expression.to_owned() } else { format!(".{expression}") };
        Query::parse(&dotted)?.one(self.values())
    }
}

fn empty() -> &'static Node {
    static EMPTY: std::sync::OnceLock<Node> = std::sync::OnceLock::new();
    EMPTY.get_or_init(Node::empty_map)
}

/// Whether an expression that is the plain name of an output names one that there is; `true` for any other expression.
pub fn exists_as_key(outputs: &Outputs, expression: &str) -> bool {
    let name = expression.strip_prefix('.').unwrap_or(expression);
    let plain = expression != "." && !name.contains(['.', '/', '|', '=', '[', ']', '{', '"', '\'', ' ']);
    !plain || outputs.values().get(name).is_some()
}

fn named(outputs: &Json, masker: &Masker) -> Node {
    let entries = outputs.as_object().into_iter().flatten().map(|(name, output)| {
        let value = from_json(output.get("value").unwrap_or(&Json::Null));
        if output.get("sensitive") == Some(&Json::Bool(true)) {
            register_secrets(&value, masker);
        }
        (Arc::from(name.as_str()), value)
    });
    Node::from(entries.collect::<Map>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::to_json;

    const STATE: &[u8] = br#"{"version": 4, "outputs": {
        "id": {"value": "vpc-1", "type": "string"},
        "port": {"value": 8080}, "map": {"value": {"a": {"b": [1, "two"]}}},
        "secret": {"value": "hunter22hunter22", "sensitive": true}, "pin": {"value": 7391, "sensitive": true},
        "run": {"value": "!exec echo {{ .x }}"}, "on": {"value": true, "sensitive": true}}}"#;

    #[test]
    fn expressions_select_from_outputs() {
        let outputs = Outputs::of_state(STATE, &Masker::default()).unwrap().unwrap();
        for (expression, expected) in [
            ("id", r#""vpc-1""#),
            (".id", r#""vpc-1""#),
            ("map.a.b", r#"[1,"two"]"#),
            (".map.a.b[1]", r#""two""#),
            (".id | \"pre-\" + .", r#""pre-vpc-1""#),
            (".nope // \"dflt\"", r#""dflt""#),
            (".nope // [\"x\", 1]", r#"["x",1]"#),
            ("nope", "null"),
            ("port", "8080"),
            ("run", r#""!exec echo {{ .x }}""#),
        ] {
            let found = outputs.select(expression).unwrap().unwrap();
            assert_eq!(to_json(&found).to_string(), expected, "{expression}");
        }
        assert_eq!(outputs.select(".id, .port").unwrap().unwrap().as_str(), Some("vpc-1 8080"));
        assert!(outputs.select(".id, .map").is_err());
        assert!(outputs.select(".id |").is_err());
        assert!(!exists_as_key(&outputs, "nope") && exists_as_key(&outputs, ".id"));
        assert!(exists_as_key(&outputs, ".") && outputs.select(".").unwrap().unwrap() == *outputs.values());
        assert!(exists_as_key(&outputs, ".nope // 1") && exists_as_key(&outputs, "nope.a"));
    }

    #[test]
    fn what_is_sensitive_is_known_to_the_masker() {
        let masker = Masker::default();
        let outputs = Outputs::of_state(STATE, &masker).unwrap().unwrap();
        assert_eq!(masker.mask("x hunter22hunter22"), format!("x {}", crate::secret::MASK));
        assert!(masker.is_secret("7391") && !masker.is_secret("true") && !masker.is_secret("vpc-1"));
        assert!(!format!("{outputs:?}").contains("hunter22"));
    }

    #[test]
    fn states_of_other_formats_say_so() {
        let state = |text: &str| Outputs::of_state(text.as_bytes(), &Masker::default());
        assert!(state(" \n").unwrap().is_none());
        assert!(state("{\"version\": 4}").unwrap().unwrap().values().is_empty());
        assert!(state("{\"outputs\": {}}").unwrap().is_some());
        for (text, phrase) in [
            ("{\"version\": 5}", "version 5"),
            ("{\"version\": 3}", "version 3"),
            ("<html>", "not JSON"),
            ("{\"serial\":1,\"encrypted_data\":\"x\"}", "encrypted"),
        ] {
            assert!(state(text).unwrap_err().reason.contains(phrase), "{text}");
        }
    }

    #[test]
    fn terraform_prints_the_same_shape() {
        let printed = br#"{"a": {"sensitive": false, "type": "string", "value": "x"}}"#;
        let outputs = Outputs::of_terraform(printed, &Masker::default()).unwrap();
        assert_eq!(outputs.select("a").unwrap().unwrap().as_str(), Some("x"));
        assert!(Outputs::of_terraform(b"no", &Masker::default()).is_err());
    }
}
