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
    fn entries_come_in_many_forms() {
        let settings = json!({"depends_on": ["a", {"component": "b", "stack": "s"}, {"file": "x"}, 5]});
        assert_eq!(show(&json!({}), &settings), ["a@", "b@s"]);
    }
}
