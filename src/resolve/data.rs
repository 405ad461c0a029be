//! What templates see: the component as `describe component` shows it in full, as it is before anything is evaluated.

use std::sync::Arc;

use super::evaluator::Evaluator;
use super::options::Ending;
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

/// Names under which a hook finds how its command ended.
pub(super) const ENDING: [&str; 3] = ["status", "exit_code", "error"];

/// How the command ended that a hook belongs to.
pub(super) fn add_ending(ending: &Ending, map: &mut Map) {
    let values = [Node::from(ending.status), Node::from(i64::from(ending.code)), Node::from(ending.error.as_str())];
    for (name, value) in ENDING.into_iter().zip(values) {
        map.insert(Arc::from(name), value);
    }
}

/// Which manifests the component depends on. Takes a walk over all of them, so only who asks gets it.
pub(super) fn add_dependencies(evaluator: &Evaluator<'_>, instance: &Instance, map: &mut Map) {
    let sources = Sources::of(evaluator.index, instance);
    map.insert(Arc::from("deps"), texts(&sources.winners()));
    map.insert(Arc::from("deps_all"), texts(&sources.all(&instance.manifest)));
}

/// What else templates see of another component: where its values were written, its directory, the settings of components.
pub(super) fn add_origins(evaluator: &Evaluator<'_>, instance: &Instance, map: &mut Map) {
    let sources = Sources::of(evaluator.index, instance);
    let mut put = |key: &str, node: Node| drop(map.insert(Arc::from(key), node));
    put("deps", texts(&sources.winners()));
    put("deps_all", texts(&sources.all(&instance.manifest)));
    put("sources", with_field_names(&sources.into_node()));
    let mut information = Map::from_iter([(Arc::from("component_type"), Node::from(instance.kind.key()))]);
    if let Some(path) = instance.path(evaluator.config) {
        information.insert(Arc::from("component_path"), Node::from(path.display().to_string()));
    }
    put("component_info", Node::from(information));
    put("atmos_cli_config", evaluator.config.for_component(false));
}

/// The entries of `sources` have names of fields in templates, and those that are printed.
fn with_field_names(sources: &Node) -> Node {
    let entry = |node: &Node, fields: &[(&str, &str)]| {
        let mut map = node.as_map().cloned().unwrap_or_default();
        for (key, field) in fields {
            if let Some(value) = map.get(*key).cloned() {
                map.insert(Arc::from(*field), value);
            }
        }
        map
    };
    let place = |node: &Node| {
        let fields = [
            ("stack_file", "StackFile"),
            ("stack_file_section", "StackFileSection"),
            ("dependency_type", "DependencyType"),
            ("variable_value", "VariableValue"),
        ];
        Node::from(entry(node, &fields))
    };
    let value = |node: &Node| {
        let mut map = entry(node, &[("name", "Name"), ("final_value", "FinalValue")]);
        let places = node.get("stack_dependencies").and_then(Node::as_list).unwrap_or_default();
        let places = Node::from(places.iter().map(place).collect::<Vec<_>>());
        map.insert(Arc::from("stack_dependencies"), places.clone());
        map.insert(Arc::from("StackDependencies"), places);
        Node::from(map)
    };
    let each = |node: &Node, of: &dyn Fn(&Node) -> Node| {
        let entries = node.as_map().into_iter().flatten();
        Node::from(entries.map(|(key, node)| (key.clone(), of(node))).collect::<Map>())
    };
    each(sources, &|section| each(section, &value))
}

fn texts(texts: &[String]) -> Node {
    Node::from(texts.iter().map(|text| Node::from(text.as_str())).collect::<Vec<_>>())
}
