//! What templates see: the component as `describe component` shows it in full, as it is before anything is evaluated.

use std::sync::Arc;

use super::evaluator::Evaluator;
use super::options::Ending;
use crate::component::{self, Instance, Sources};
use crate::content::{self, Written};
use crate::value::{Map, Node, Value};

/// The sections of a component with its names. Nodes are shared with the instance. `opening` is what templates begin with,
/// unless data may be templates.
pub(super) fn section(instance: &Instance, opening: Option<&str>) -> Map {
    let mut map = instance.to_map();
    map.shift_remove("mocks");
    let mut names = instance.names().map(|(key, text)| (key, derived(text, &map, opening))).to_vec();
    let workspace = &instance.workspace;
    let workspace =
        if has_template(instance) { component::attribute(workspace) } else { derived(workspace, &map, opening) };
    names.push(("workspace", workspace));
    map.extend(names.into_iter().map(|(key, node)| (Arc::from(key), node)));
    let imports = instance.imports.iter().map(|key| Node::from(Value::String(key.clone())));
    map.insert(Arc::from("imports"), Node::from(imports.collect::<Vec<_>>()));
    map
}

/// A text that was put together from values of a component: a template in it that none of its sections says is data.
fn derived(text: &str, sections: &Map, opening: Option<&str>) -> Node {
    let node = component::attribute(text);
    if is_read(text, sections, opening) { content::inert(&node, opening) } else { node }
}

/// Whether a template made the workspace: then it is marked where it is data, and otherwise it is none.
pub(super) fn has_template(instance: &Instance) -> bool {
    instance.sections.metadata.get("terraform_workspace_template").is_some()
}

/// Whether a text that was put together has a template that nobody wrote.
pub(super) fn is_read(text: &str, sections: &Map, opening: Option<&str>) -> bool {
    if opening.is_none() || !content::opens_template(text, opening) {
        return false;
    }
    let mut written = Written::default();
    sections.values().for_each(|section| written.node(section, opening));
    !written.has_all(text, opening)
}

/// The names that other services know the component by.
pub(super) fn add_integrations(evaluator: &Evaluator<'_>, instance: &Instance, map: &mut Map) {
    if let Some(name) = component::spacelift_stack(evaluator.config, instance) {
        // The name of a stack is part of it, perhaps.
        let node = derived(&name, map, evaluator.config.opening());
        map.insert(Arc::from("spacelift_stack"), node);
    }
    if let Some(name) = component::atlantis_project(evaluator.config, instance) {
        map.insert(Arc::from("atlantis_project"), component::attribute(&name));
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
