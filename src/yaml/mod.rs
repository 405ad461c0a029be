//! YAML in and out: text to [`Node`](crate::value::Node) with places, nodes to YAML and JSON text.
//!
//! Row 2. Read [`parse`] first: a composer over parser events that owns anchors, merge keys, duplicate keys, limits and
//! the rules by which plain scalars get their types (`scalar`). [`emit`] and [`emit_json`] write documents in the form
//! of the reference.

mod compose;
mod edit;
#[cfg(test)]
mod edit_tests;
mod edit_tree;
mod emit;
mod error;
mod format;
mod format_lines;
#[cfg(test)]
mod format_tests;
mod json;
mod order;
mod part;
mod plain;
mod records;
mod refused;
mod requote;
mod reread;
mod scalar;
mod shared;
mod skim;
mod split;
#[cfg(test)]
mod tests;
mod text;

pub use compose::{Limits, NODE_BUDGET};
pub use compose::{parse, parse_manifest, parse_texts, parse_with, skim_manifest};
pub use edit::{Edited, Step, delete, get, set};
pub use emit::{emit, emit_noted, emit_record};
pub use error::Error;
pub use format::format;
pub use json::{NotJson, emit_json, emit_json_line, emit_json_record, not_json, try_emit_json, try_emit_json_record};
pub use order::{in_order, natural};
pub use part::{Form, Parts};
pub use refused::Refused;
pub use reread::{reread, reread_text};
pub use scalar::resolve as plain_scalar;
pub use shared::{Text, Texts};
pub use skim::{Choice, Wanted};
pub use text::{parse_text, structure};
