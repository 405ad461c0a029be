//! What an instance depends on, from its sections.

use super::Context;
use crate::span::Span;
use crate::value::{Node, Value};

/// One prerequisite: another component, in a stack that defaults to the instance's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub component: String,
    /// `None`: the same stack.
    pub stack: Option<String>,
    /// `None`: the same kind of component.
    pub kind: Option<String>,
    /// Coordinates of the stack, which only `settings.depends_on` can give. [`order`](super::order) goes by the stack.
    pub context: Option<Context>,
    /// Where it was written.
    pub span: Span,
}

/// The prerequisites of an instance: `dependencies.components` where it has entries, else the older
/// `settings.depends_on`. Entries for files and folders are no prerequisites.
pub fn dependencies(dependencies: &Node, settings: &Node) -> Vec<Dependency> {
    let modern = entries(dependencies.get("components"), false);
    if modern.is_empty() { entries(settings.get("depends_on"), true) } else { modern }
}

/// Whether the sections may hold prerequisites once they are evaluated.
pub fn may_depend(dependencies: &Node, settings: &Node) -> bool {
    let unknown = |node: &Node| matches!(node.value, Value::Function(_));
    let holds = |node: Option<&Node>| node.is_some_and(|node| !node.is_empty());
    unknown(dependencies)
        || unknown(settings)
        || holds(dependencies.get("components"))
        || holds(settings.get("depends_on"))
}

/// The sections, `dependencies` and `settings`, that have to be evaluated before the prerequisites are known.
pub fn unsettled(dependencies: &Node, settings: &Node) -> Vec<&'static str> {
    let is_open = |section: &Node, key: &str| match &section.value {
        Value::Function(_) => true,
        _ => section.get(key).is_some_and(is_computed),
    };
    let modern = is_open(dependencies, "components");
    let older =
        is_open(settings, "depends_on") && (modern || dependencies.get("components").is_none_or(Node::is_empty));
    [(modern, "dependencies"), (older, "settings")]
        .into_iter()
        .filter_map(|(open, name)| open.then_some(name))
        .collect()
}

/// Whether evaluation could make another value of this one.
pub fn is_computed(node: &Node) -> bool {
    match &node.value {
        // Delimiters of templates can be configured; names have none of these anyway.
        Value::String(text) => text.contains(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.' | '/')),
        Value::List(list) => list.iter().any(is_computed),
        Value::Map(map) => map.values().any(is_computed),
        Value::Function(_) => true,
        _ => false,
    }
}

/// What is wrong with the form of evaluated `dependencies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    pub span: Span,
    pub problem: String,
}

/// The first entry of evaluated `dependencies.components` that cannot be read.
pub fn malformed(dependencies: &Node) -> Option<Malformed> {
    let components = dependencies.get("components").filter(|node| !matches!(node.value, Value::Null))?;
    let wrong = |node: &Node, problem: &str| Some(Malformed { span: node.span, problem: problem.to_owned() });
    let Some(list) = components.as_list() else {
        return wrong(components, "`dependencies.components` is not a list");
    };
    list.iter().find_map(|entry| match entry.as_map() {
        None => wrong(entry, "an entry of `dependencies.components` is not a map"),
        Some(_) => conflict(entry),
    })
}

/// Every entry of `dependencies.components` that says two names.
pub fn conflicts(dependencies: &Node) -> impl Iterator<Item = Malformed> {
    let list = dependencies.get("components").and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(conflict)
}

fn conflict(entry: &Node) -> Option<Malformed> {
    let text = |key: &str| entry.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let (name, component) = text("name").zip(text("component")).filter(|(name, component)| name != component)?;
    let problem = format!("both `name` and `component` are set, to `{name}` and `{component}`");
    Some(Malformed { span: entry.span, problem })
}

/// A list or a map of entries; the keys of a map have no meaning. Only the older form has coordinates.
fn entries(node: Option<&Node>, older: bool) -> Vec<Dependency> {
    let Some(node) = node else { return Vec::new() };
    match (node.as_list(), node.as_map()) {
        (Some(list), _) => list.iter().filter_map(|node| entry(node, older)).collect(),
        (_, Some(map)) => map.values().filter_map(|node| entry(node, older)).collect(),
        _ => Vec::new(),
    }
}

fn entry(node: &Node, older: bool) -> Option<Dependency> {
    let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let component = match node.as_str() {
        Some(name) => name.to_owned(),
        None => text("name").or_else(|| text("component"))?,
    };
    if component.is_empty() || matches!(text("kind").as_deref(), Some("file" | "folder")) {
        return None;
    }
    let (stack, kind) = (text("stack"), text("kind"));
    let context = older.then(|| Context::of(node));
    Some(Dependency { component, stack, kind, context, span: node.span })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    fn show(deps: &serde_json::Value, settings: &serde_json::Value) -> Vec<String> {
        dependencies(&from_json(deps), &from_json(settings))
            .into_iter()
            .map(|dependency| format!("{}@{}", dependency.component, dependency.stack.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn components_win_over_depends_on() {
        let settings = json!({"depends_on": {"1": {"component": "old"}}});
        assert_eq!(show(&json!({"components": [{"name": "new", "stack": "prod"}]}), &settings), ["new@prod"]);
        assert_eq!(show(&json!({"components": []}), &settings), ["old@"]);
        assert_eq!(show(&json!({}), &settings), ["old@"]);
    }

    #[test]
    fn sections_with_templates_and_functions_are_evaluated_first() {
        for (modern, older, expected) in [
            (json!({"components": [{"name": "a", "stack": "{{ .vars.x }}"}]}), json!({}), &["dependencies"][..]),
            (
                json!({"components": [{"name": "eks/a", "stack": "plat-ue2.x"}]}),
                json!({"depends_on": ["[[ x ]]"]}),
                &[],
            ),
            (json!({"files": ["{{ x }}"]}), json!({"depends_on": {"1": {"component": "{{ x }}"}}}), &["settings"]),
        ] {
            assert_eq!(unsettled(&from_json(&modern), &from_json(&older)), expected, "{modern} {older}");
        }
    }

    #[test]
    fn forms_that_the_list_does_not_have_are_told() {
        for (components, expected) in [
            (json!([{"name": "a"}, {"component": "b", "stack": "s"}, {"name": "c", "component": "c"}]), None),
            (json!(null), None),
            (json!({"z": {"stack": "prod"}}), Some("`dependencies.components` is not a list")),
            (json!(["z"]), Some("an entry of `dependencies.components` is not a map")),
            (json!([{"name": "z", "component": "y"}]), Some("both `name` and `component` are set, to `z` and `y`")),
        ] {
            let found = malformed(&from_json(&json!({"components": components})));
            assert_eq!(found.map(|wrong| wrong.problem).as_deref(), expected, "{components}");
        }
    }

    #[test]
    fn entries_come_in_many_forms() {
        let settings = json!({"depends_on": ["a", {"component": "b", "stack": "s"}, {"file": "x"}, 5]});
        assert_eq!(show(&json!({}), &settings), ["a@", "b@s"]);
    }
}
