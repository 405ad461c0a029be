//! What templates see: the component as `describe component` shows it in full, as it is before anything is evaluated.

use std::sync::Arc;

use super::evaluator::Evaluator;
use crate::component::{Instance, Sources, atlantis_project, spacelift_stack};
use crate::value::{Map, Node, Value};

/// The sections of a component with its names. Nodes are shared with the instance.
pub(super) fn section(instance: &Instance) -> Map {
    let mut map = instance.to_map();
    map.shift_remove("mocks");
    let mut put = |key: &str, node: Node| drop(map.insert(Arc::from(key), node));
    for (key, text) in instance.names() {
        put(key, Node::from(text));
    }
    put("component_type", Node::from(instance.kind.key()));
    put("workspace", Node::from(instance.workspace.as_str()));
    let imports = instance.imports.iter().map(|key| Node::from(Value::String(key.clone())));
    put("imports", Node::from(imports.collect::<Vec<_>>()));
    map
}

/// The names that other services know the component by.
pub(super) fn add_integrations(evaluator: &Evaluator<'_>, instance: &Instance, map: &mut Map) {
    let mut put = |key: &str, node: Node| drop(map.insert(Arc::from(key), node));
    if let Some(name) = spacelift_stack(evaluator.config, instance) {
        put("spacelift_stack", Node::from(name));
    }
    if let Some(name) = atlantis_project(evaluator.config, instance) {
        put("atlantis_project", Node::from(name));
    }
}

/// Which manifests the component depends on. Takes a walk over all of them, so only who asks gets it.
pub(super) fn add_dependencies(evaluator: &Evaluator<'_>, instance: &Instance, map: &mut Map) {
    let sources = Sources::of(evaluator.index, instance);
    map.insert(Arc::from("deps"), texts(&sources.winners()));
    map.insert(Arc::from("deps_all"), texts(&sources.all(&instance.manifest)));
}

fn texts(texts: &[String]) -> Node {
    Node::from(texts.iter().map(|text| Node::from(text.as_str())).collect::<Vec<_>>())
}
