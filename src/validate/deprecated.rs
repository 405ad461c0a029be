//! Keys that a schema marks as deprecated, with `x-atmos-replacement` for what to write instead.

use std::collections::{BTreeSet, HashMap, HashSet};

use regex::Regex;
use serde_json::{Map, Value as Json};

use crate::value::{Node, Value};

/// What was found: the path of a key, and its replacement.
type Found = Vec<(Vec<String>, Option<String>)>;

/// References of a schema that refer to each other deeper than this are not followed.
const DEPTH: usize = 64;

pub(super) fn find(schema: &Json, manifest: &Node) -> Found {
    let mut walk = Walk { root: schema, path: Vec::new(), found: Vec::new(), patterns: HashMap::new() };
    walk.node(schema, manifest, 0);
    // Branches of a schema may find the same key, and a key around it.
    let around: HashSet<Vec<String>> =
        walk.found.iter().flat_map(|(path, _)| (0..path.len()).map(|end| path[..end].to_vec())).collect();
    let mut known = HashSet::new();
    let mut found = walk.found;
    found.retain(|(path, _)| !around.contains(path) && known.insert(path.clone()));
    found
}

/// The names of keys that are marked anywhere in a schema.
pub(super) fn names(schema: &Json) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut open = vec![schema];
    while let Some(next) = open.pop() {
        let marked = |(_, inner): &(&String, &Json)| inner.get("deprecated") == Some(&Json::Bool(true));
        match next {
            Json::Object(map) => {
                found.extend(map.iter().filter(marked).map(|(name, _)| name.as_str()));
                open.extend(map.values());
            }
            Json::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

struct Walk<'s> {
    root: &'s Json,
    path: Vec<String>,
    found: Found,
    /// Compiled once: every key of a manifest is tried.
    patterns: HashMap<&'s str, Option<Regex>>,
}

impl<'s> Walk<'s> {
    fn node(&mut self, schema: &'s Json, node: &Node, depth: usize) {
        if depth > DEPTH {
            return;
        }
        let schema = self.resolved(schema);
        for branch in branches(schema) {
            self.node(branch, node, depth + 1);
        }
        match &node.value {
            Value::Map(map) => {
                for (key, item) in map.iter() {
                    let Some(inner) = self.property(schema, key) else { continue };
                    self.path.push(key.to_string());
                    if let Some(marked) = self.marked(inner) {
                        let replacement = marked.get("x-atmos-replacement").and_then(Json::as_str).map(str::to_owned);
                        self.found.push((self.path.clone(), replacement));
                    }
                    self.node(inner, item, depth + 1);
                    self.path.pop();
                }
            }
            Value::List(list) => {
                let Some(items) = schema.get("items") else { return };
                for (index, item) in list.iter().enumerate() {
                    self.path.push(format!("[{index}]"));
                    self.node(items, item, depth + 1);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    /// The schema that says that a key is deprecated.
    fn marked(&self, schema: &'s Json) -> Option<&'s Json> {
        let is_marked = |schema: &&Json| schema.get("deprecated") == Some(&Json::Bool(true));
        [schema, self.resolved(schema)].into_iter().find(is_marked)
    }

    /// The schema of a key. Patterns are taken as they match; those that are no pattern match nothing.
    fn property(&mut self, schema: &'s Json, key: &str) -> Option<&'s Json> {
        let map = |name: &str| schema.get(name).and_then(Json::as_object);
        let mut matches = |pattern: &'s str| {
            let pattern = self.patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
            pattern.as_ref().is_some_and(|pattern| pattern.is_match(key))
        };
        let by_pattern =
            |patterns: &'s Map<String, Json>| patterns.iter().find(|(pattern, _)| matches(pattern.as_str()));
        map("properties")
            .and_then(|properties| properties.get(key))
            .or_else(|| map("patternProperties").and_then(by_pattern).map(|(_, schema)| schema))
            .or_else(|| schema.get("additionalProperties").filter(|schema| schema.is_object()))
    }

    /// The schema that a local reference means.
    fn resolved(&self, schema: &'s Json) -> &'s Json {
        let pointer = schema.get("$ref").and_then(Json::as_str).and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }
}

fn branches(schema: &Json) -> impl Iterator<Item = &Json> {
    ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten()
}
