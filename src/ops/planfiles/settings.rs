//! `components.terraform.planfiles` of `atmos.yaml`.

use super::error::Error;
use crate::ci::Platform;
use crate::diag::nearest;
use crate::host::Env;
use crate::value::{Map, Node};

/// Name of a planfile in its store, where nothing else is configured.
const KEY: &str = "{{ .Stack }}/{{ .Component }}/{{ .SHA }}.tfplan.tar";
/// The folder of planfiles, where no store is configured.
const FOLDER: &str = ".atmos/planfiles";

/// Variables by which AWS is asked as somebody.
const AMBIENT: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/// What becomes of a deploy whose plan is not the stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    Fail,
    Warn,
    Off,
}

/// One store as it is configured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spec {
    pub name: String,
    pub kind: String,
    pub options: Node,
}

/// The section.
#[derive(Debug, Clone, Default)]
pub(in crate::ops) struct Settings {
    stores: Vec<Spec>,
    default: Option<String>,
    priority: Vec<String>,
    pub(super) key_pattern: String,
    verify: Option<Verify>,
    required: Option<bool>,
    /// `auth` has identities, which may be for a bucket.
    has_identities: bool,
}

impl Settings {
    pub(in crate::ops) fn read(document: &Node) -> Settings {
        let at = |key: &str| document.get_path(["components", "terraform", "planfiles", key]);
        let text = |node: Option<&Node>| node.and_then(Node::scalar_text).filter(|text| !text.is_empty());
        let stores = at("stores").and_then(Node::as_map).into_iter().flatten();
        let spec = |(name, node): (&std::sync::Arc<str>, &Node)| Spec {
            name: name.to_string(),
            kind: text(node.get("type")).unwrap_or_default(),
            options: node.get("options").cloned().unwrap_or_default(),
        };
        Settings {
            stores: stores.map(spec).collect(),
            default: text(at("default")),
            priority: at("priority")
                .and_then(Node::as_list)
                .map(|names| names.iter().filter_map(Node::scalar_text).collect())
                .unwrap_or_default(),
            key_pattern: text(at("key_pattern")).unwrap_or_else(|| KEY.to_owned()),
            verify: match text(at("verify")).as_deref() {
                Some("fail" | "true") => Some(Verify::Fail),
                Some("warn") => Some(Verify::Warn),
                // YAML 1.1 reads `off` as a boolean.
                Some("off" | "false") => Some(Verify::Off),
                _ => None,
            },
            required: at("required").and_then(Node::as_bool),
            has_identities: document.get_path(["auth", "identities"]).is_some_and(|node| !node.is_empty()),
        }
    }

    /// Whether planfiles are kept at all.
    pub(in crate::ops) fn is_configured(&self) -> bool {
        self.default.is_some() || !self.priority.is_empty() || !self.stores.is_empty()
    }

    /// Whether a deploy looks at the stored plan. `asked` is the flag, `ci` says that a CI system runs us.
    pub(in crate::ops) fn verify(&self, asked: Option<Verify>, ci: bool) -> Verify {
        let usual = if ci && self.is_configured() { Verify::Fail } else { Verify::Off };
        asked.or(self.verify).unwrap_or(usual)
    }

    /// Whether a deploy without a stored plan is refused.
    pub(in crate::ops) fn is_required(&self, verify: Verify) -> bool {
        verify != Verify::Off && self.required.unwrap_or(verify == Verify::Fail)
    }

    /// The store that is meant: by name or type, the default one, the first of the order that can be used here, one of the
    /// environment, a folder.
    pub(super) fn store(&self, name: Option<&str>, env: &Env) -> Result<Spec, Error> {
        let known = |name: &str| self.stores.iter().find(|spec| spec.name == name).cloned();
        if let Some(name) = name {
            if let Some(spec) = known(name) {
                return Ok(spec);
            }
            if is_built(name) {
                return Ok(Spec { name: name.to_owned(), kind: name.to_owned(), options: Node::default() });
            }
            return Err(self.unknown(name));
        }
        if let Some(name) = &self.default {
            return known(name).ok_or_else(|| self.unknown(name));
        }
        let ordered = self.priority.iter().filter_map(|name| known(name)).chain(self.stores.iter().cloned());
        let configured: Vec<Spec> = ordered.collect();
        let available = configured.iter().find(|spec| self.is_available(&spec.kind, env));
        let built = || configured.iter().find(|spec| is_built(&spec.kind));
        if let Some(spec) = available.or_else(built).or(configured.first()) {
            return Ok(spec.clone());
        }
        let text = |name: &str| env.get(name).filter(|text| !text.is_empty());
        let Some(bucket) = text("ATMOS_PLANFILE_BUCKET") else {
            let options = options([("path", FOLDER)]);
            return Ok(Spec { name: "local".to_owned(), kind: "local/dir".to_owned(), options });
        };
        let prefix = text("ATMOS_PLANFILE_PREFIX").unwrap_or_default();
        let region = text("AWS_REGION").unwrap_or_default();
        let options = options([("bucket", bucket), ("prefix", prefix), ("region", region)]);
        Ok(Spec { name: "ATMOS_PLANFILE_BUCKET".to_owned(), kind: "aws/s3".to_owned(), options })
    }

    /// Whether a store may work here: for a bucket somebody has to say as whom it is asked.
    fn is_available(&self, kind: &str, env: &Env) -> bool {
        let someone =
            || self.has_identities || AMBIENT.iter().any(|name| env.get(name).is_some_and(|text| !text.is_empty()));
        match kind {
            "local/dir" => true,
            "aws/s3" => someone(),
            // Elsewhere nothing can be put there.
            "github/artifacts" => Platform::is_github(env),
            _ => false,
        }
    }

    /// What the names of planfiles end with, where that is always the same.
    pub(super) fn ending(&self) -> &str {
        self.key_pattern.rsplit_once("}}").map_or(self.key_pattern.as_str(), |(_, ending)| ending)
    }

    fn unknown(&self, name: &str) -> Error {
        let near = nearest(name, self.stores.iter().map(|spec| spec.name.as_str()));
        let help = near.map_or_else(
            || "name one of the stores, or a type: local/dir, aws/s3, github/artifacts".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Error::UnknownStore { name: name.to_owned(), help }
    }
}

fn is_built(kind: &str) -> bool {
    matches!(kind, "local/dir" | "aws/s3" | "github/artifacts")
}

fn options<const N: usize>(entries: [(&str, &str); N]) -> Node {
    let filled = entries.into_iter().filter(|(_, value)| !value.is_empty());
    Node::from(filled.map(|(key, value)| (key.into(), Node::from(value))).collect::<Map>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    fn settings(planfiles: &serde_json::Value) -> Settings {
        Settings::read(&from_json(&json!({"components": {"terraform": {"planfiles": planfiles}}})))
    }

    #[test]
    fn the_store_is_the_one_that_is_meant() {
        let stores =
            json!({"hub": {"type": "github/artifacts"}, "s3": {"type": "aws/s3"}, "here": {"type": "local/dir"}});
        let ordered = settings(&json!({"priority": ["hub", "here"], "stores": stores}));
        let by_key = settings(&json!({"priority": ["hub", "s3", "here"], "stores": stores}));
        let only = settings(&json!({"stores": {"s3": {"type": "aws/s3"}}}));
        let actions = Env::from_iter([("GITHUB_ACTIONS", "true")]);
        let profile = Env::from_iter([("AWS_PROFILE", "p")]);
        let chosen = settings(&json!({"default": "s3", "stores": stores}));
        let none = settings(&json!({}));
        let bucket = Env::from_iter([("ATMOS_PLANFILE_BUCKET", "b")]);
        for (settings, name, env, expected) in [
            (&ordered, None, &bucket, Ok("here")),
            (&ordered, None, &actions, Ok("hub")),
            (&ordered, Some("hub"), &bucket, Ok("hub")),
            (&by_key, None, &profile, Ok("s3")),
            (&by_key, None, &Env::default(), Ok("here")),
            (&only, None, &Env::default(), Ok("s3")),
            (&chosen, None, &bucket, Ok("s3")),
            (&none, None, &bucket, Ok("ATMOS_PLANFILE_BUCKET")),
            (&none, None, &Env::default(), Ok("local")),
            (&none, Some("local/dir"), &bucket, Ok("local/dir")),
            (&chosen, Some("s4"), &bucket, Err("s3")),
        ] {
            let found = settings.store(name, env).map(|spec| spec.name);
            match expected {
                Ok(expected) => assert_eq!(found.unwrap(), expected),
                Err(near) => assert!(matches!(found, Err(Error::UnknownStore { help, .. }) if help.contains(near))),
            }
        }
    }

    #[test]
    fn plans_are_verified_where_ci_keeps_them() {
        let kept = settings(&json!({"stores": {"a": {"type": "local/dir"}}}));
        assert_eq!((kept.verify(None, true), kept.verify(None, false)), (Verify::Fail, Verify::Off));
        assert_eq!(kept.verify(Some(Verify::Off), true), Verify::Off);
        assert!(kept.is_required(Verify::Fail) && !kept.is_required(Verify::Warn));
        let warned = settings(&json!({"verify": "warn", "required": true}));
        assert_eq!(warned.verify(None, false), Verify::Warn);
        assert!(warned.is_required(Verify::Warn));
        assert_eq!(settings(&json!({})).verify(None, true), Verify::Off);
    }
}
