//! What an instance depends on, from its sections.

use crate::span::Span;
use crate::value::Node;

/// One prerequisite: another component, in a stack that defaults to the instance's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub component: String,
    /// `None`: the same stack.
    pub stack: Option<String>,
    /// `None`: the same kind of component.
    pub kind: Option<String>,
    /// Where it was written.
    pub span: Span,
}

/// The prerequisites of an instance: `dependencies.components` where it has entries, else the older
/// `settings.depends_on`. Entries for files and folders are no prerequisites.
pub fn dependencies(dependencies: &Node, settings: &Node) -> Vec<Dependency> {
    let modern = entries(dependencies.get("components"));
    if modern.is_empty() { entries(settings.get("depends_on")) } else { modern }
}

/// A list or a map of entries; the keys of a map have no meaning.
fn entries(node: Option<&Node>) -> Vec<Dependency> {
    let Some(node) = node else { return Vec::new() };
    match (node.as_list(), node.as_map()) {
        (Some(list), _) => list.iter().filter_map(entry).collect(),
        (_, Some(map)) => map.values().filter_map(entry).collect(),
        _ => Vec::new(),
    }
}

fn entry(node: &Node) -> Option<Dependency> {
    let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let component = match node.as_str() {
        Some(name) => name.to_owned(),
        None => text("name").or_else(|| text("component"))?,
    };
    if component.is_empty() || matches!(text("kind").as_deref(), Some("file" | "folder")) {
        return None;
    }
    Some(Dependency { component, stack: text("stack"), kind: text("kind"), span: node.span })
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
