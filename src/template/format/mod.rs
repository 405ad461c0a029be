//! How Go prints: `%v` and the other verbs, quoting, floats.

mod flags;
mod float;
mod integer;
mod print;
mod printf;
mod quote;
#[cfg(test)]
mod tests;

pub use print::print;
pub(super) use print::{print_to, sprint, sprintln};
pub use printf::sprintf;
pub(super) use printf::sprintf_within;
pub(super) use quote::{is_printable, quote, unicode, unquote, unquote_char};
