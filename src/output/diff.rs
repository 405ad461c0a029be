//! The view of differences.

use std::fmt::Write as _;

use super::mask::masked;
use super::printable::printable;
use crate::ops::diff::Difference;
use crate::secret::Masker;
use crate::value::{Node, to_json};

/// The differences below the components that have them.
pub fn differences(differences: &[Difference], masker: &Masker) -> String {
    let mut text = String::new();
    let mut before: Option<(&str, &str)> = None;
    for difference in differences {
        let here = (difference.component_type.as_str(), difference.component.as_str());
        if before != Some(here) {
            let gap = if before.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{gap}{} ({})", difference.component, difference.component_type);
            before = Some(here);
        }
        let shown = |node: &Option<Node>| node.as_ref().map(|node| value(&masked(node, masker))).unwrap_or_default();
        let (from, to) = (shown(&difference.from), shown(&difference.to));
        let path = &difference.path;
        let _ = match difference.change() {
            _ if path.is_empty() && difference.from.is_none() => writeln!(text, "  + only in the second stack"),
            _ if path.is_empty() => writeln!(text, "  - only in the first stack"),
            "added" => writeln!(text, "  + {path}: {to}"),
            "removed" => writeln!(text, "  - {path}: {from}"),
            _ => writeln!(text, "  ~ {path}: {from} → {to}"),
        };
    }
    printable(&text).into_owned()
}

/// A value on one line.
fn value(node: &Node) -> String {
    to_json(node).to_string()
}
