//! Go's text/template: the language, its built-in functions and its printing rules, over the nodes of manifests.

mod dict;
mod function;
pub mod funcs;
mod list;
mod problem;
mod value;
mod world;

pub use dict::Dict;
pub use function::{Call, Function, Namespace, Param, Run};
pub use list::{Elem, List};
pub use problem::Problem;
pub use value::{MAX_NESTING, Object, Val};
pub use world::{FileKind, Lookup, Nothing, World};
