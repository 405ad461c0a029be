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
    if let Some(found) = strict.and_then(|sources| Some((sources, merge::conflict(target, over)?))) {
        let (sources, Conflict { path, below, above }) = found;
        let located = Located::new(sources, above.span);
        let path = path.to_string();
        let dot = if section.is_empty() || path.is_empty() { "" } else { "." };
        return Err(Error::TypeConflict {
            path: format!("{section}{dot}{path}"),
            found: above.value.type_name(),
            was: below.value.type_name(),
            below: Located::new(sources, below.span).text,
            place: located.text.replacen(" at ", "; it stands at ", 1),
            chain: String::new(),
            source_code: located.source,
            at: located.at,
        });
    }
    merge_into(target, over, strategy);
    Ok(())
}
