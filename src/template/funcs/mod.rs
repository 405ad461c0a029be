//! The functions that templates can call, in static tables: built-in ones of the language, the `atmos` namespace, and
//! the two libraries. On a clash of names sprig wins over gomplate, and both over the built-in functions.

mod atmos;
mod builtin;
mod columns;
mod compare;
mod escape;
mod golang;
mod gomplate;
mod registry;
mod sequence;
mod sprig;

pub(crate) use golang::environment::expand as expand_variables;
pub(super) use registry::Registry;
pub(crate) use sprig::{Range, Version};
