//! JSON Schema of manifests. The only file that knows the crate behind it, together with `violation`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use super::deprecated;
use super::error::Error;
use super::violation::{Reader, Violation};
use crate::config::Config;
use crate::host::Host;
use crate::value::{Node, to_json};

/// The schema that the repository publishes, for editors too.
pub const MANIFEST: &str = include_str!("../../schemas/atmos-manifest.json");
/// The schema of `atmos.yaml`.
pub const CONFIG: &str = include_str!("../../schemas/atmos-config.json");
/// Addresses of the embedded schemas.
const OWN: [(&str, &str); 2] =
    [("atmos://schema/atmos/manifest/1.0", MANIFEST), ("atmos://schema/atmos/config/1.0", CONFIG)];

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    pub(super) document: Json,
    validator: jsonschema::Validator,
}

impl Schema {
    /// The schema of this program.
    ///
    /// # Errors
    /// None in practice: a test compiles it.
    pub fn embedded() -> Result<Schema, Error> {
        Schema::parse("embedded", MANIFEST)
    }

    /// A schema in JSON. References to other documents are refused, so that nothing is fetched.
    ///
    /// # Errors
    /// No JSON, or no schema.
    pub fn parse(name: &str, text: &str) -> Result<Schema, Error> {
        let invalid = |message: String| Error::SchemaInvalid { name: name.to_owned(), message };
        let document: Json = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        let validator = jsonschema::options().offline().build(&document).map_err(|error| invalid(error.to_string()))?;
        Ok(Schema { document, validator })
    }

    /// The schema that flag, environment or configuration name: a file, a file below the base path, an address.
    ///
    /// # Errors
    /// A file or address that gives no schema.
    pub fn load(host: &Host, config: &Config, flag: Option<&str>) -> Result<Schema, Error> {
        let setting = config.document.get_path(["schemas", "atmos", "manifest"]).and_then(Node::as_str);
        let Some(asked) = flag.or(setting).filter(|text| !text.is_empty()) else { return Schema::embedded() };
        Schema::named(host, config, asked)
    }

    /// The schema of a source: a file, a file below the base path, an address, `atmos://schema/…` for the embedded ones,
    /// or its own text.
    ///
    /// # Errors
    /// A file or address that gives no schema.
    pub fn named(host: &Host, config: &Config, asked: &str) -> Result<Schema, Error> {
        if let Some((_, text)) = OWN.iter().find(|(address, _)| *address == asked) {
            return Schema::parse(asked, text);
        }
        if asked.trim_start().starts_with('{') {
            return Schema::parse("inline", asked);
        }
        let candidates = [host.absolute(Path::new(asked)), config.base_path.join(asked)];
        if let Some(file) = candidates.iter().find(|file| file.is_file()) {
            return Schema::read(asked, file);
        }
        if !asked.starts_with("http://") && !asked.starts_with("https://") {
            return Err(Error::SchemaNotFound { path: asked.to_owned() });
        }
        let shown = crate::fetch::shown(asked);
        let failed = |error: crate::fetch::Error| Error::SchemaDownload {
            address: shown.clone(),
            message: error.to_string(),
            help: error.next_step(),
        };
        let fetched = config.fetcher.resolve(host, &config.remote, asked, None).map_err(failed)?;
        match fetched.files.first() {
            Some(found) => Schema::read(&shown, &found.path),
            None => Err(Error::SchemaNotFound { path: shown }),
        }
    }

    fn read(name: &str, file: &Path) -> Result<Schema, Error> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Error::SchemaRead { path: name.to_owned(), message: error.to_string() })?;
        Schema::parse(name, &text)
    }

    /// What a manifest does not satisfy. YAML functions satisfy everything.
    pub(super) fn violations(&self, manifest: &Node) -> Vec<Violation> {
        let json = to_json(manifest);
        if self.validator.is_valid(&json) {
            return Vec::new();
        }
        let reader = Reader { schema: &self.document, manifest };
        let mut found: Vec<Violation> = Vec::new();
        for violation in self.validator.iter_errors(&json).flat_map(|error| reader.read(&error)) {
            if !found.contains(&violation) {
                found.push(violation);
            }
        }
        let said: Vec<bool> = found.iter().map(|one| found.iter().any(|other| one.is_said_by(other))).collect();
        let mut said = said.into_iter();
        found.retain(|_| !said.next().unwrap_or_default());
        found
    }

    /// Keys of a manifest that the schema marks as deprecated: their paths, and what replaces them.
    pub(super) fn deprecated(&self, manifest: &Node) -> Vec<(Vec<String>, Option<String>)> {
        deprecated::find(&self.document, manifest)
    }

    /// The names of all keys that the schema marks as deprecated somewhere.
    pub(super) fn deprecated_names(&self) -> BTreeSet<&str> {
        deprecated::names(&self.document)
    }

    /// Keys that the top of a manifest may have.
    pub(super) fn top_keys(&self) -> impl Iterator<Item = &str> {
        self.document
            .get("properties")
            .and_then(Json::as_object)
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    }
}
