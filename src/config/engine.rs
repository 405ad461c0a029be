//! What a repository opts in to that the reference does not have, or has as an experiment: how manifests are read and
//! merged, and in which order bases come.

use std::sync::Arc;

use super::error::{Error, Origin};
use crate::host::Host;
use crate::value::Node;

/// The order in which the bases of a component are merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Linearization {
    /// Depth first; a base that is reached twice is merged twice. As in the reference.
    #[default]
    DepthFirst,
    /// C3: each base once, after everything that inherits from it was decided.
    C3,
}

/// Settings of the engine.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    /// `stacks.inherit.linearization`
    pub linearization: Linearization,
    /// `settings.merge.type_conflict: error`: a map over a list, a text over a map and so on is an error.
    pub conflicts_are_errors: bool,
    /// `settings.yaml.key_delimiter`: unquoted keys of manifests are split at it.
    pub key_delimiter: Option<Arc<str>>,
    /// `templates.settings.missing_values: error`: templates of components fail on a value that is missing.
    pub missing_values_are_errors: bool,
}

impl Engine {
    pub(super) fn of(host: &Host, document: &Node) -> Result<Engine, Error> {
        let linearization = ["stacks", "inherit", "linearization"];
        let conflict = ["settings", "merge", "type_conflict"];
        let missing = ["templates", "settings", "missing_values"];
        let is_c3 = choice(host, document, &linearization, ["depth_first", "c3"])?;
        let delimiter = ["settings", "yaml", "key_delimiter"];
        let written = document.get_path(delimiter).and_then(Node::scalar_text).filter(|text| !text.is_empty());
        let experimental = document.get_path(["settings", "experimental"]).and_then(Node::as_str);
        if written.is_some() && matches!(experimental, Some("error" | "disable")) {
            let Origin { place, source_code, at } = Origin::of(host, document, &delimiter, "configuration");
            return Err(Error::Experimental { key: delimiter.join("."), place, source_code, at });
        }
        Ok(Engine {
            linearization: if is_c3 { Linearization::C3 } else { Linearization::DepthFirst },
            conflicts_are_errors: choice(host, document, &conflict, ["replace", "error"])?,
            key_delimiter: written.map(Arc::from),
            missing_values_are_errors: choice(host, document, &missing, ["default", "error"])?,
        })
    }
}

/// Whether a setting has the second of its two values; the first is the default.
fn choice(host: &Host, document: &Node, path: &[&str], choices: [&'static str; 2]) -> Result<bool, Error> {
    let Some(node) = document.get_path(path.iter().copied()).filter(|node| !node.is_null()) else { return Ok(false) };
    match node.as_str() {
        Some("") => Ok(false),
        Some(text) if text == choices[0] => Ok(false),
        Some(text) if text == choices[1] => Ok(true),
        _ => {
            let Origin { place, source_code, at } = Origin::of(host, document, path, "configuration");
            let (key, choices) = (path.join("."), choices.join(" or "));
            Err(Error::Choice { key, choices, place, source_code, at })
        }
    }
}
