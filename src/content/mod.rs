//! Values that are written in files of other kinds: JSON, YAML, variable files of terraform, dotenv, text.
//!
//! Row 3. Read [`parse`] first; `hcl_write` is the other direction, for files of terraform: the extension of the name decides, never the content. What such a file says is data:
//! [`inert`] makes sure that no text in it is ever taken for a YAML function or a template.

mod blocks;
mod data;
mod dotenv;
mod early;
mod file;
mod hcl;
mod hcl_tokens;
mod hcl_write;
mod module_calls;
mod module_interface;
mod secrets;

pub use blocks::Wrong;
pub use data::{Foreign, Written, as_data, inert, is_made, literal_data, literal_where, opens_template, verbatim};
pub use early::{Early, early};
pub use file::{Tags, is_text, parse, split_argument};
pub use hcl_write::{
    attributes as hcl_attributes, expression as hcl_expression, module as hcl_module, nested_block as hcl_nested_block,
    variables as hcl_variables,
};
pub use module_calls::{module_sources, module_sources_in_json};
pub use module_interface::{Module, Names};
pub use secrets::register_secrets;
