//! Which manifest each value of a component comes from, and names that other tools derive from a component.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::instance::Instance;
use super::mark::{filled, is_marked, marked, unmarked};
use super::own::{name_of, text_of};
use super::workspace::{Tokens, name_template};
use crate::config::Config;
use crate::content;
use crate::stack::StackIndex;
use crate::value::{Map, Node, from_json};

/// One place that gives a value to a key.
#[derive(Debug, PartialEq)]
struct Source {
    file: Arc<str>,
    section: String,
    imported: bool,
    value: Node,
}

/// The origins of one first-level key of a section, the strongest first.
struct Key {
    name: Arc<str>,
    value: Node,
    sources: Vec<Source>,
}

/// The origins of the values of a component, as they are written.
pub struct Sources {
    sections: Vec<(&'static str, Vec<Key>)>,
}

impl Sources {
    pub fn of(index: &StackIndex, instance: &Instance) -> Sources {
        let finder = Finder::new(index, instance);
        let sections = &instance.sections;
        let of = |name: &'static str, node: &Node| {
            let keys = node.as_map().into_iter().flatten();
            // A variable that is taken away again comes from nowhere.
            let keys = keys.filter(|(_, value)| name != "env" || !value.is_null());
            (name, keys.map(|(key, value)| finder.key(name, key, value)).collect::<Vec<_>>())
        };
        Sources {
            sections: vec![
                of("vars", &sections.vars),
                of("env", &sections.env),
                of("settings", &sections.settings),
                of("backend", &sections.backend),
            ],
        }
    }

    /// The manifests that give at least one final value, sorted.
    pub fn winners(&self) -> Vec<String> {
        let files: BTreeSet<&str> = self.keys().filter_map(|key| Some(&*key.sources.first()?.file)).collect();
        files.into_iter().map(str::to_owned).collect()
    }

    /// The manifests that give any value, overridden or not, and the component's own one, sorted.
    pub fn all(&self, manifest: &str) -> Vec<String> {
        let files = self.keys().flat_map(|key| key.sources.iter().map(|source| &*source.file));
        let files: BTreeSet<&str> = files.chain([manifest]).collect();
        files.into_iter().map(str::to_owned).collect()
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.sections.iter().flat_map(|(_, keys)| keys)
    }

    pub fn into_node(self) -> Node {
        let sections = self.sections.into_iter().map(|(name, keys)| {
            let keys: Map = keys.into_iter().map(|key| (key.name.clone(), key.into_node())).collect();
            (Arc::from(name), Node::from(keys))
        });
        Node::from(sections.collect::<Map>())
    }
}

impl Key {
    fn into_node(self) -> Node {
        let sources: Vec<Node> = self.sources.into_iter().map(Source::into_node).collect();
        Node::from(Map::from_iter([
            (Arc::from("name"), Node::from(&*self.name)),
            (Arc::from("final_value"), self.value),
            (Arc::from("stack_dependencies"), Node::from(sources)),
        ]))
    }
}

impl Source {
    fn into_node(self) -> Node {
        Node::from(Map::from_iter([
            (Arc::from("stack_file"), Node::from(&*self.file)),
            (Arc::from("stack_file_section"), Node::from(self.section)),
            (Arc::from("dependency_type"), Node::from(if self.imported { "import" } else { "inline" })),
            (Arc::from("variable_value"), self.value),
        ]))
    }
}

/// The manifest of an instance and the files that it imports, as written.
struct Finder<'a> {
    instance: &'a Instance,
    own: Node,
    imported: Vec<(Arc<str>, Node)>,
}

impl<'a> Finder<'a> {
    fn new(index: &StackIndex, instance: &'a Instance) -> Finder<'a> {
        let stack = index.stacks().iter().find(|stack| *stack.key == *instance.manifest);
        Finder {
            instance,
            own: stack.map_or_else(Node::empty_map, |stack| index.own(stack)),
            imported: stack.map(|stack| index.imported(stack)).unwrap_or_default(),
        }
    }

    fn key(&self, section: &str, key: &Arc<str>, value: &Node) -> Key {
        let kind = self.instance.kind.key();
        let mut sources = Vec::new();
        for component in [&self.instance.name].into_iter().chain(&self.instance.inheritance) {
            let path = ["components", kind, component.as_str()];
            self.add_own(&path, &format!("components.{kind}."), section, key, &mut sources);
            self.add_imported(&path, &format!("components.{kind}."), section, key, &mut sources);
        }
        self.add_own(&[kind], &format!("{kind}."), section, key, &mut sources);
        self.add_own(&[], "", section, key, &mut sources);
        self.add_imported(&[kind], &format!("{kind}."), section, key, &mut sources);
        self.add_imported(&[], "", section, key, &mut sources);
        Key { name: key.clone(), value: value.clone(), sources }
    }

    fn add_own(&self, path: &[&str], prefix: &str, section: &str, key: &str, found: &mut Vec<Source>) {
        let manifest = Arc::from(self.instance.manifest.as_str());
        self.add(&manifest, false, &self.own, (path, prefix, section, key), found);
    }

    fn add_imported(&self, path: &[&str], prefix: &str, section: &str, key: &str, found: &mut Vec<Source>) {
        for (file, document) in &self.imported {
            self.add(file, true, document, (path, prefix, section, key), found);
        }
    }

    fn add(
        &self,
        file: &Arc<str>,
        imported: bool,
        document: &Node,
        (path, prefix, section, key): (&[&str], &str, &str, &str),
        found: &mut Vec<Source>,
    ) {
        // Backends are written by type and described without it.
        let kind = if section == "backend" { unmarked(&self.instance.sections.backend_type) } else { "" };
        let Some(mut node) = document.get_path(path.iter().copied()).and_then(|node| node.get(section)) else { return };
        let mut name = format!("{prefix}{section}");
        if !kind.is_empty() {
            let Some(inner) = node.get(kind) else { return };
            node = inner;
            name = format!("{name}.{kind}");
        }
        let Some(value) = node.get(key) else { return };
        let source = Source { file: file.clone(), section: name, imported, value: value.clone() };
        if !found.contains(&source) {
            found.push(source);
        }
    }
}

/// The Spacelift stack of a component that asks for one; marked like an attribute where it is data.
pub fn spacelift_stack(config: &Config, instance: &Instance) -> Option<String> {
    let spacelift = instance.sections.settings.get("spacelift")?;
    if spacelift.get("workspace_enabled").and_then(Node::as_bool) != Some(true) {
        return None;
    }
    if let Some(pattern) = spacelift.get("stack_name_pattern").and_then(text) {
        return Some(fill(config, instance, &pattern));
    }
    if let Some(name) = spacelift.get("stack_name").and_then(text) {
        return Some(name);
    }
    let prefix = if name_template(config).is_some() {
        instance.template_name.clone()
    } else {
        let pattern = config.stacks.name_pattern.as_deref().unwrap_or("");
        let value =
            |token: &str| instance.sections.vars.get(token).filter(|node| text(node).is_some()).and_then(name_of);
        crate::stack::pattern_name(pattern, value).ok()
    };
    let prefix = prefix.filter(|prefix| !prefix.is_empty()).unwrap_or_else(|| instance.stack.clone());
    Some(format!("{prefix}-{}", tokens(instance).component).replace('/', "-"))
}

/// The Atlantis project of a component with a project template; marked like an attribute where it is data.
pub fn atlantis_project(config: &Config, instance: &Instance) -> Option<String> {
    let atlantis = instance.sections.settings.get("atlantis")?;
    let own = atlantis.get("project_template").filter(|template| template.as_map().is_some());
    let named = || {
        let name = atlantis.get("project_template_name").and_then(Node::as_str)?;
        config.document.get_path(["integrations", "atlantis", "project_templates", name])
    };
    let template = own.or_else(named)?;
    let name = content::literal_data(template.get("name")?, config.opening());
    let name = text(&name).filter(|name| !name.is_empty())?;
    Some(fill(config, instance, &name))
}

/// A text, or a literal with its mark. Functions are not known yet.
fn text(node: &Node) -> Option<String> {
    text_of(node).filter(|text| node.as_str().is_some() || is_marked(text))
}

fn fill(config: &Config, instance: &Instance, pattern: &str) -> String {
    let filled = filled(config, &tokens(instance), unmarked(pattern));
    if is_marked(pattern) { marked(&filled) } else { filled }
}

fn tokens(instance: &Instance) -> Tokens {
    Tokens { component: instance.name.replace('/', "-"), ..Tokens::from_vars(&instance.sections.vars) }
}

/// The variables in terraform arguments: `-var name=value` and `-var=name=value`, JSON values decoded.
pub fn cli_variables(arguments: &[String]) -> Map {
    let mut variables = Map::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let assignment = match argument.strip_prefix("-var=") {
            Some(assignment) => Some(assignment),
            None if argument == "-var" => rest.next().map(String::as_str),
            None => None,
        };
        let Some((name, text)) = assignment.and_then(|assignment| assignment.split_once('=')) else { continue };
        let json = text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten();
        let value = json.map_or_else(|| Node::from(text.trim()), |json| from_json(&json));
        variables.insert(Arc::from(name), value);
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_both_forms() {
        let arguments = ["plan", "-var", "a=1", "-var=b={\"c\":2}", "-x", "-var"].map(str::to_owned);
        let variables = Node::from(cli_variables(&arguments));
        assert_eq!(crate::value::to_json(&variables).to_string(), r#"{"a":"1","b":{"c":2}}"#);
    }
}
