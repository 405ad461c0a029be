//! Changes single values in files of the configuration and in manifests; all else in the files stays as it is.
//!
//! Row 12. Read [`config`](mod@config) and [`stack`] for which file a value goes to, [`file`](mod@file) for the change.

mod config;
mod error;
mod file;
mod stack;
mod value;

pub use config::config;
pub use error::Error;
pub use file::{Done, What};
pub use stack::{Shown, StackWish, look, stack};
pub use value::Type;
