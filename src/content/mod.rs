//! Values that are written in files of other kinds: JSON, YAML, variable files of terraform, dotenv, text.
//!
//! Row 3. Read [`parse`] first: the extension of the name decides, never the content. What such a file says is data:
//! [`inert`] makes sure that no text in it is ever taken for a YAML function.

mod dotenv;
mod file;
mod hcl;

pub use file::{Tags, inert, is_text, parse, split_argument};
