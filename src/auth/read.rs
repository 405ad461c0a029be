//! Typed reading of nodes that never fails: a value of the wrong type becomes a problem and counts as absent. Row 5.

use super::problem::Problem;
use crate::value::Node;

/// The problem of a value of the wrong type.
pub(crate) fn unexpected(path: &str, wanted: &str, node: &Node) -> Problem {
    Problem::error(format!("`{path}` must be {wanted}, not {}", node.value.type_name()), node.span)
}

/// A scalar as text; null counts as absent.
pub(crate) fn text(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let value = node.get(key).filter(|value| !value.is_null())?;
    let text = value.scalar_text();
    if text.is_none() {
        problems.push(unexpected(key, "a string", value));
    }
    text
}

/// A boolean. `"true"` and `"false"` are taken as what they say.
pub(crate) fn boolean(value: &Node) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_str() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    })
}

/// A boolean, false when absent.
pub(crate) fn flag(node: &Node, key: &str, problems: &mut Vec<Problem>) -> bool {
    let Some(value) = node.get(key).filter(|value| !value.is_null()) else { return false };
    boolean(value).unwrap_or_else(|| {
        problems.push(unexpected(key, "a boolean", value));
        false
    })
}

/// A list of strings; a single string is a list of one.
pub(crate) fn texts(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Vec<String> {
    let Some(value) = node.get(key).filter(|value| !value.is_null()) else { return Vec::new() };
    if let Some(text) = value.as_str() {
        return vec![text.to_owned()];
    }
    let Some(list) = value.as_list() else {
        problems.push(unexpected(key, "a list of strings", value));
        return Vec::new();
    };
    list.iter()
        .filter_map(|entry| {
            let text = entry.scalar_text();
            if text.is_none() {
                problems.push(unexpected(key, "a list of strings", entry));
            }
            text
        })
        .collect()
}

/// Pairs of a map, or of a list of `{key, value}`, in their order.
pub(crate) fn pairs(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let all = variables(node, key, problems).into_iter();
    all.map(|(name, value)| (name, value.unwrap_or_default())).collect()
}

/// The same where null has a meaning of its own: the variable is taken away.
pub(crate) fn variables(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Vec<(String, Option<String>)> {
    let Some(value) = node.get(key).filter(|value| !value.is_null()) else { return Vec::new() };
    let scalar = |node: &Node| if node.is_null() { Some(None) } else { node.scalar_text().map(Some) };
    let candidates: Vec<Option<(String, Option<String>)>> = match (value.as_map(), value.as_list()) {
        (Some(map), _) => map.iter().map(|(name, node)| Some((name.to_string(), scalar(node)?))).collect(),
        (None, Some(list)) => {
            list.iter().map(|entry| Some((entry.get("key")?.scalar_text()?, scalar(entry.get("value")?)?))).collect()
        }
        (None, None) => vec![None],
    };
    if candidates.iter().any(Option::is_none) {
        problems.push(unexpected(key, "a map of strings, or a list of `{key, value}`", value));
    }
    candidates.into_iter().flatten().collect()
}
