//! What `explain` and the comments of `describe component` look like.

use std::fmt::Write as _;
use std::sync::Arc;

use super::printable::{on_one_line, printable};
use crate::ops::explain::{Explanation, Setting};
use crate::ops::provenance::Provenance;
use crate::value::{Map, Node, to_json};
use crate::yaml;

/// Where comments begin.
const COLUMN: usize = 50;

/// What the comments mean, and the manifest of the component.
const LEGEND: &str = "\
# Provenance Legend:
#   ● [1] written in the manifest of the stack
#   ○ [N] imported or included; N counts the manifests on the way, [0] is the configuration
#   ∴ [N] given by a function or a template that is written there
";

/// The YAML text of a component with the place of each value beside it.
pub fn with_provenance(document: &Node, provenance: &Provenance, indent: usize) -> String {
    let manifest = yaml::emit(&Node::from(provenance.manifest.as_str()), 2);
    let body = yaml::emit_noted(document, indent, COLUMN, &|node| provenance.note(node).as_deref().map(shown));
    format!("{LEGEND}#\n# Stack: {manifest}\n{body}")
}

/// A comment stays one, whatever the name of the file is.
fn shown(note: &str) -> String {
    on_one_line(note).into_owned()
}

/// An explanation for people. Names of files, sections and functions come from others, and steer no terminal.
pub fn explanation(explanation: &Explanation) -> String {
    let mut text = String::new();
    let value = yaml::emit(&explanation.value, 2);
    let holds = explanation.value.as_map().is_some() || explanation.value.as_list().is_some();
    if value.trim_end().contains('\n') || (holds && !explanation.value.is_empty()) {
        let _ = writeln!(text, "{}:", explanation.path);
        for line in value.lines() {
            let _ = writeln!(text, "  {line}");
        }
    } else {
        let _ = write!(text, "{}: {value}", explanation.path);
    }
    let _ = writeln!(text, "\ncomponent  {} in {}", explanation.component, explanation.stack);
    if let Some(winner) = &explanation.winner {
        let _ = writeln!(text, "set at     {}", place(winner));
        if !winner.section.is_empty() {
            let _ = writeln!(text, "section    {}", section(winner));
        }
        if let Some(included) = &winner.included {
            let _ = writeln!(text, "included   at {included}");
        }
        if winner.imports.len() > 1 {
            let _ = writeln!(text, "imported   {}", winner.imports.join(" → "));
        }
    }
    if let Some(computed) = explanation.computed.as_ref().map(in_a_line) {
        let _ = writeln!(text, "computed   {computed}");
    }
    if explanation.winner.is_some() || !explanation.others.is_empty() {
        let _ = writeln!(text, "strategy   {}", explanation.strategy);
    }
    if !explanation.others.is_empty() {
        let what = if explanation.merged { "merged with" } else { "overrides" };
        let _ = writeln!(text, "\n{what}, the strongest first:");
    }
    for other in &explanation.others {
        let _ = writeln!(text, "  {}  {}: {}", place(other), section(other), to_json(&other.value));
        if other.imports.len() > 1 {
            let _ = writeln!(text, "    imported {}", other.imports.join(" → "));
        }
    }
    printable(&text).into_owned()
}

fn place(setting: &Setting) -> String {
    if setting.file.is_empty() {
        "defaults, environment or flags".to_owned()
    } else {
        format!("{}:{}:{}", setting.file, setting.line, setting.column)
    }
}

fn section(setting: &Setting) -> String {
    match &setting.base {
        Some(base) => format!("{} (base component {base})", setting.section),
        None => setting.section.clone(),
    }
}

/// A text as it is, anything else as JSON.
fn in_a_line(node: &Node) -> String {
    let json = to_json(node);
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// The same as a document.
pub fn explanation_document(explanation: &Explanation) -> Node {
    let optional = |text: Option<&str>| text.map(Node::from).unwrap_or_default();
    Node::from(Map::from_iter([
        (Arc::from("component"), Node::from(explanation.component.as_str())),
        (Arc::from("stack"), Node::from(explanation.stack.as_str())),
        (Arc::from("path"), Node::from(explanation.path.as_str())),
        (Arc::from("value"), explanation.value.clone()),
        (Arc::from("computed"), optional(explanation.computed.as_ref().map(in_a_line).as_deref())),
        (Arc::from("strategy"), Node::from(explanation.strategy.as_str())),
        (Arc::from("set"), explanation.winner.as_ref().map(setting).unwrap_or_default()),
        (
            Arc::from(if explanation.merged { "merged" } else { "overridden" }),
            Node::from(explanation.others.iter().map(setting).collect::<Vec<_>>()),
        ),
    ]))
}

fn setting(setting: &Setting) -> Node {
    let text = |text: &str| if text.is_empty() { Node::default() } else { Node::from(text) };
    let imports: Vec<Node> = setting.imports.iter().map(|key| Node::from(&**key)).collect();
    Node::from(Map::from_iter([
        (Arc::from("file"), text(&setting.file)),
        (Arc::from("line"), Node::from(i64::from(setting.line))),
        (Arc::from("column"), Node::from(i64::from(setting.column))),
        (Arc::from("section"), text(&setting.section)),
        (Arc::from("base_component"), setting.base.as_deref().map(Node::from).unwrap_or_default()),
        (Arc::from("included_at"), setting.included.as_deref().map(Node::from).unwrap_or_default()),
        (Arc::from("imports"), Node::from(imports)),
        (Arc::from("value"), setting.value.clone()),
    ]))
}
