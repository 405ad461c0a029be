//! Commands from the merged configuration. Nothing fails here: what is wrong with a command is kept, and said when it is
//! called.

use super::definition::{Argument, ComponentConfig, Definition, Flag, FlagKind, Origin, Variable};
use crate::config::Config;
use crate::diag::Remark;
use crate::span::Sources;
use crate::step::{self, Directory, template_of, text_of};
use crate::value::Node;

/// The commands of a configuration, in its order. Entries without a name are passed over.
pub fn definitions(config: &Config, sources: &Sources) -> Vec<Definition> {
    config.document.get("commands").map_or_else(Vec::new, |list| commands(list, None, sources))
}

fn commands(list: &Node, around: Option<&Directory>, sources: &Sources) -> Vec<Definition> {
    let nodes = list.as_list().unwrap_or_default();
    let mut found: Vec<Definition> = Vec::new();
    for node in nodes {
        let Some(name) = node.get("name").and_then(Node::scalar_text) else { continue };
        let name = name.trim();
        if name.is_empty() || name.starts_with('-') {
            continue;
        }
        let command = definition(name, node, around, sources);
        match found.iter_mut().find(|known| known.name == name) {
            // Of one name in one list the later wins; sub-commands of both stay.
            Some(known) => {
                let earlier = std::mem::replace(known, command);
                let missing = |old: &Definition| !known.commands.iter().any(|new| new.name == old.name);
                let kept: Vec<Definition> = earlier.commands.into_iter().filter(missing).collect();
                known.commands.extend(kept);
            }
            None => found.push(command),
        }
    }
    found
}

fn definition(name: &str, node: &Node, around: Option<&Directory>, sources: &Sources) -> Definition {
    let owner = format!("the command `{name}`");
    let text = |key: &str| node.get(key).and_then(text_of).unwrap_or_default();
    let filled = |key: &str| Some(text(key).trim().to_owned()).filter(|text| !text.is_empty());
    let flag = |key: &str| node.get(key).and_then(Node::as_bool) == Some(true);
    let mut problem = unspeakable(name);
    let own = step::directory(node.get("working_directory"), &owner, sources)
        .unwrap_or_else(|error| {
            problem = Some(error.to_string());
            None
        })
        .or_else(|| around.cloned());
    for (key, list) in [("arguments", true), ("flags", true), ("steps", true), ("commands", true), ("component", false)]
    {
        let value = node.get(key).filter(|value| !value.is_empty());
        let wrong = value.filter(|value| if list { value.as_list().is_none() } else { value.as_map().is_none() });
        if let Some(wrong) = wrong {
            let place = sources.place(wrong.span).map(|place| format!("{place}: ")).unwrap_or_default();
            let expected = if list { "a list" } else { "a map" };
            problem =
                Some(format!("{place}`{key}` of {owner} must be {expected}, but it is a {}", wrong.value.type_name()));
        }
    }
    if let Some(wrong) = node.get("identity").filter(|value| !value.is_null() && text_of(value).is_none()) {
        // Passed over it would run the steps with whatever the shell holds.
        let place = sources.place(wrong.span).map(|place| format!("{place}: ")).unwrap_or_default();
        let found = wrong.value.type_name();
        problem = Some(format!("{place}`identity` of {owner} must be the name of one, but it is a {found}"));
    }
    let list = |key: &str| node.get(key).and_then(Node::as_list).unwrap_or_default();
    let component_config = node.get("component_config").and_then(|section| {
        let part = |key: &str| section.get(key).and_then(template_of).filter(|text| !text.is_empty());
        Some(ComponentConfig { component: part("component")?, stack: part("stack")?, span: section.span })
    });
    Definition {
        name: name.to_owned(),
        description: text("description").trim_end().to_owned(),
        aliases: list("aliases").iter().filter_map(Node::scalar_text).collect(),
        internal: flag("internal"),
        default: filled("default"),
        identity: filled("identity"),
        verbose: flag("verbose"),
        env: node.get("env").map(variables).unwrap_or_default(),
        arguments: list("arguments").iter().map(argument).collect(),
        flags: list("flags").iter().map(flag_of).collect(),
        component_config,
        component_type: node
            .get_path(["component", "type"])
            .and_then(Node::scalar_text)
            .filter(|kind| !kind.is_empty()),
        steps: node.get("steps").cloned().unwrap_or_default(),
        commands: node.get("commands").map(|list| commands(list, own.as_ref(), sources)).unwrap_or_default(),
        working_directory: own,
        dependencies: node.get("dependencies").cloned().unwrap_or_default(),
        span: node.span,
        problem,
        strange: strange(node, &owner, sources),
    }
}

/// Every key that a command may have.
const KEYS: [&str; 17] = [
    "aliases",
    "arguments",
    "commands",
    "component",
    "component_config",
    "default",
    "dependencies",
    "description",
    "env",
    "flags",
    "hidden",
    "identity",
    "internal",
    "name",
    "steps",
    "verbose",
    "working_directory",
];
const ARGUMENT_KEYS: [&str; 6] = ["default", "description", "name", "required", "type", "values"];
const FLAG_KEYS: [&str; 9] =
    ["default", "description", "name", "required", "semantic_type", "shorthand", "type", "usage", "values"];

fn strange(node: &Node, owner: &str, sources: &Sources) -> Vec<Remark> {
    let mut found = step::unknown_keys(node, &KEYS, owner, sources);
    for (key, known, what) in [("arguments", &ARGUMENT_KEYS[..], "argument"), ("flags", &FLAG_KEYS[..], "flag")] {
        for entry in node.get(key).and_then(Node::as_list).unwrap_or_default() {
            let name = entry.get("name").and_then(text_of).unwrap_or_default();
            let whose = format!("the {what} `{name}` of {owner}");
            found.extend(step::unknown_keys(entry, known, &whose, sources));
        }
    }
    found
}

/// Why nobody can call a command of this name.
fn unspeakable(name: &str) -> Option<String> {
    if name == "help" {
        Some("`help` is the word for the help of every command; give it another name".to_owned())
    } else {
        name.contains(char::is_whitespace).then(|| "its name has a blank in it and cannot be typed".to_owned())
    }
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    node.get(key).and_then(Node::as_list).unwrap_or_default().iter().filter_map(text_of).collect()
}

fn argument(node: &Node) -> Argument {
    let text = |key: &str| node.get(key).and_then(text_of).unwrap_or_default();
    Argument {
        name: text("name"),
        description: text("description").trim_end().to_owned(),
        required: node.get("required").and_then(Node::as_bool) == Some(true),
        default: Some(text("default")).filter(|default| !default.is_empty()),
        meaning: Some(text("type")).filter(|kind| !kind.is_empty()),
        values: texts(node, "values"),
        span: node.span,
    }
}

fn flag_of(node: &Node) -> Flag {
    let text = |key: &str| node.get(key).and_then(text_of).unwrap_or_default();
    let filled = |key: &str| Some(text(key)).filter(|text| !text.is_empty());
    let type_text = text("type");
    Flag {
        name: text("name"),
        shorthand: filled("shorthand"),
        kind: match type_text.as_str() {
            "" | "string" => Some(FlagKind::Text),
            "bool" => Some(FlagKind::Bool),
            _ => None,
        },
        type_text,
        description: filled("description").or_else(|| filled("usage")).unwrap_or_default().trim_end().to_owned(),
        required: node.get("required").and_then(Node::as_bool) == Some(true),
        default: filled("default"),
        meaning: filled("semantic_type"),
        values: texts(node, "values"),
        span: node.span,
    }
}

/// `env` is a list of `key` and `value` or `valueCommand`; a map of names to values is taken too.
fn variables(node: &Node) -> Vec<Variable> {
    if let Some(map) = node.as_map() {
        let variable = |(name, value): (&std::sync::Arc<str>, &Node)| Variable {
            name: name.trim().to_owned(),
            origin: Origin::Text(template_of(value).unwrap_or_default()),
            span: value.span,
        };
        return map.iter().map(variable).collect();
    }
    let variable = |entry: &Node| {
        let text = |keys: [&str; 2]| {
            let found = keys.into_iter().find_map(|key| entry.get(key));
            let found = found.and_then(if keys[0] == "value" { template_of } else { text_of });
            found.filter(|text| !text.is_empty())
        };
        let origin = match (text(["value", "value"]), text(["valueCommand", "value_command"])) {
            (Some(_), Some(_)) => Origin::Both,
            (None, Some(command)) => Origin::Command(command),
            (value, None) => Origin::Text(value.unwrap_or_default()),
        };
        let name = entry.get("key").and_then(text_of).map(|name| name.trim().to_owned())?;
        Some(Variable { name, origin, span: entry.span })
    };
    node.as_list()
        .unwrap_or_default()
        .iter()
        .filter_map(variable)
        .filter(|variable| !variable.name.is_empty())
        .collect()
}
