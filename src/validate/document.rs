//! Any document against a schema: components, and files that the configuration has schemas for.

use super::finding::{Finding, SCHEMA, Severity, Site};
use super::place::of_key;
use super::schema::Schema;
use super::violation::{shown, value_at};
use crate::span::Sources;
use crate::value::Node;

/// What the document does not satisfy, with the places of its values where they are known.
pub fn document(sources: &Sources, schema: &Schema, node: &Node) -> Vec<Finding> {
    let violations = schema.violations(node).into_iter();
    violations
        .map(|violation| {
            let value = value_at(node, &violation.path);
            let span = match (&violation.key, value) {
                (Some(key), Some(value)) => of_key(sources, value, key),
                _ => value.unwrap_or(node).span,
            };
            let message = format!("{}: {}", shown(&violation.path), violation.message);
            Finding::new(Severity::Error, SCHEMA, message, Site::at(sources, span)).help(violation.help)
        })
        .collect()
}
