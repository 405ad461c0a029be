//! The merge of two layers where the repository may want no value to replace one of another shape.

use super::error::{Error, Located};
use crate::merge::{self, Conflict, ListStrategy, merge_into};
use crate::span::Sources;
use crate::value::Node;

/// Puts `over` on top of `target`; with `strict` no value may replace one of another shape. `section` is what `target` is
/// the value of.
pub(crate) fn put(
    target: &mut Node,
    over: &Node,
    strategy: ListStrategy,
    strict: Option<&Sources>,
    section: &str,
) -> Result<(), Error> {
    if let Some(sources) = strict {
        let mut found = Vec::new();
        merge::conflicts(&[target, over], &mut Vec::new(), &mut found);
        if let Some(conflict) = found.first() {
            return Err(refused(sources, conflict, section));
        }
    }
    merge_into(target, over, strategy);
    Ok(())
}

fn refused(sources: &Sources, conflict: &Conflict, section: &str) -> Error {
    let Conflict { path, below, above } = conflict;
    let located = Located::new(sources, above.0);
    let dot = if section.is_empty() || path.is_empty() { "" } else { "." };
    Error::TypeConflict {
        path: format!("{section}{dot}{path}"),
        found: above.1,
        was: below.1,
        below: Located::new(sources, below.0).text,
        place: located.text.replacen(" at ", "; it stands at ", 1),
        chain: String::new(),
        source_code: located.source,
        at: located.at,
    }
}
