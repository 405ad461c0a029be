//! The data of manifests and configuration: values with their places, cheap to share, ordered maps, paths.
//!
//! Row 1. Read [`Node`] and [`Value`] first. Containers and strings sit behind `Arc`: a clone of a node copies
//! pointers, never a tree, and a merge copies only the maps along the path that changes.

mod duration;
mod json;
mod node;
mod path;
mod quoted;
mod text;

pub use duration::{DurationForm, parse_duration};
pub(crate) use json::function_text;
pub use json::{from_json, to_json};
pub use node::{Function, Map, Node, Value, fixed_key, format_float, format_json_float, map_with_capacity};
pub use path::Path;
pub use quoted::Quoted;
pub use text::{hex, parse_bool};
