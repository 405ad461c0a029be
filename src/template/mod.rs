//! Go's text/template: the language, its built-in functions and its printing rules, over the nodes of manifests.
//!
//! Row 3. Read [`Template`] first: compiled once from a [`Source`], rendered many times, on any thread. [`Val`] is a
//! value at run time, [`Function`] how a function is declared (`funcs` holds them), [`World`] what templates reach
//! outside themselves. [`field_reference`], [`Template::reads`] and [`Template::atmos_calls`] tell without rendering what a text
//! refers to.

mod analysis;
mod ast;
mod call;
mod calls;
mod dict;
mod error;
mod eval;
mod eval_expr;
mod format;
mod funcs;
mod function;
mod lex;
mod list;
mod number;
mod param;
mod parse;
mod parse_expr;
mod parts;
mod problem;
mod settings;
#[cfg(test)]
mod tests;
mod value;
mod world;

pub use analysis::{Reads, field_reference};
pub use call::Call;
pub use calls::{Argument, AtmosCall};
pub use dict::Dict;
pub use error::{Error, Kind as ErrorKind};
pub use format::{print, sprintf};
pub(crate) use funcs::{Range as VersionRange, Version, expand_variables};
pub use function::{Function, Namespace, Param, Run};
pub use list::{Elem, List};
pub use problem::Problem;
pub use settings::{Delimiters, Functions, Limits, MissingKey, Options, Source, Template};
pub use value::{MAX_NESTING, Object, Val};
pub use world::{FileKind, Lookup, Nothing, World};
