//! What is wrong with an entry of a kind. Row 5.

use super::module::{Entry, Module};
use super::setting::{Setting, Shape};
use crate::diag::nearest;
use crate::span::Span;
use crate::value::Node;

/// Keys below `spec` that every kind has.
pub(super) const COMMON: [&str; 4] = ["endpoint_url", "endpoint_urls", "files", "aws"];
/// Keys below `principal` that every kind has.
pub(super) const COMMON_OF_PRINCIPAL: [&str; 1] = ["region"];

/// The section below `spec` that says where a token comes from.
const SOURCE: &str = "token_source";

/// Errors, the first one first.
pub(crate) fn problems(module: &dyn Module, entry: &Entry<'_>) -> Vec<(String, Span)> {
    let sections = sections(module, entry);
    if !sections.is_empty() {
        return sections;
    }
    let mut problems: Vec<_> = module.settings().iter().filter_map(|setting| problem(setting, entry)).collect();
    if problems.is_empty() {
        problems = module.problems(entry);
    }
    problems
}

/// Sections on the way to a setting that are none: what is in them would be passed over.
fn sections(module: &dyn Module, entry: &Entry<'_>) -> Vec<(String, Span)> {
    let mut found: Vec<(String, Span)> = Vec::new();
    for setting in module.settings() {
        let mut path: Vec<&str> = setting.path.split('.').collect();
        path.pop();
        // The first level of an entry is checked for every kind alike.
        for length in 2..=path.len() {
            let node = entry.node.get_path(path[..length].iter().copied()).filter(|node| !node.is_null());
            let Some(node) = node.filter(|node| node.as_map().is_none() || (node.is_empty() && path[1] == SOURCE))
            else {
                continue;
            };
            let shown = path[..length].join(".");
            // One with nothing in it would be passed over, and something else taken in its place.
            let message = match node.as_map() {
                Some(_) => format!("{shown} is empty: fill it in, or take it away"),
                None => format!("{shown} must be a map, not {}", node.value.type_name()),
            };
            if found.iter().all(|(known, _)| *known != message) {
                found.push((message, node.span));
            }
        }
    }
    found
}

fn problem(setting: &Setting, entry: &Entry<'_>) -> Option<(String, Span)> {
    let path = setting.path;
    let written = entry.node.get_path(path.split('.'));
    let Some(node) = entry.at(path) else {
        // An empty list or map would be passed over, and something else taken in its place.
        let fits = |node: &&Node| setting.shape == Shape::Texts && node.as_list().is_some();
        if let Some(node) = written.filter(|node| node.as_list().is_some() || node.as_map().is_some())
            && !fits(&node)
        {
            return Some((format!("{path} must be a string, not {}", node.value.type_name()), node.span));
        }
        return setting.required.then(|| (format!("{path} is required"), entry.span));
    };
    let wrong = |wanted: String| Some((format!("{path} must be {wanted}, not {}", node.value.type_name()), node.span));
    match setting.shape {
        // The kind itself says which names there are: some of the reference's want another answer than "unknown".
        Shape::Text | Shape::Secret | Shape::Name(_) if node.scalar_text().is_none() => wrong("a string".to_owned()),
        Shape::Texts => match node.as_list() {
            Some(list) if list.iter().any(|entry| entry.scalar_text().is_none()) => {
                Some((format!("{path} must be a list of strings"), node.span))
            }
            None if node.scalar_text().is_none() => wrong("a list of strings".to_owned()),
            _ => None,
        },
        Shape::Word(words) => {
            let word = node.scalar_text().unwrap_or_default();
            let unknown = !words.contains(&word.as_str());
            unknown.then(|| (format!("{path} `{word}` is not known: use {}", words.join(", ")), node.span))
        }
        Shape::Text | Shape::Secret | Shape::Name(_) => None,
    }
}

/// Warnings: settings that have no effect, or another one than it seems, and keys that nobody knows.
pub(crate) fn remarks(module: &dyn Module, entry: &Entry<'_>) -> Vec<(String, Span)> {
    let mut found = unknown_keys(module, entry);
    found.extend(module.remarks(entry));
    found
}

/// Keys below `spec` and `principal` that the kind does not know, with what may have been meant.
fn unknown_keys(module: &dyn Module, entry: &Entry<'_>) -> Vec<(String, Span)> {
    let known: Vec<Vec<&str>> = module.settings().iter().map(|setting| setting.path.split('.').collect()).collect();
    let mut found = Vec::new();
    let sections = [
        (1, vec!["spec"], &COMMON[..]),
        (1, vec!["principal"], &COMMON_OF_PRINCIPAL[..]),
        (2, vec!["spec", SOURCE], &[]),
    ];
    for (depth, path, common) in sections {
        let Some(map) = entry.node.get_path(path.iter().copied()).and_then(|node| node.as_map()) else { continue };
        let here = || {
            let below = known.iter().filter(|known| known.len() > depth && known[..depth] == path[..]);
            below.map(|known| known[depth]).chain(common.iter().copied())
        };
        for (key, node) in map.iter().filter(|(key, _)| !here().any(|known| known == &***key)) {
            let near = nearest(key, here()).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            found.push((format!("unknown key `{}.{key}`{near}", path.join(".")), node.span));
        }
    }
    found
}
