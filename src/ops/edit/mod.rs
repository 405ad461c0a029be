//! Changes single values in files of the configuration and in manifests; all else in the files stays as it is. Lists what
//! can be changed, and lays files out anew.
//!
//! Row 12. Read [`config`](mod@config) and [`stack`] for which file a value goes to, [`file`](mod@file) for the change.

mod config;
mod error;
mod file;
mod format;
mod paths;
mod stack;
mod value;
mod whole;

pub use config::config;
pub use error::Error;
pub use file::{Done, What};
pub use format::{format_config, format_stack};
pub use paths::{PathRow, config_paths, stack_paths};
pub use stack::{Shown, StackWish, look, stack};
pub use value::Type;
pub(super) use whole::{change_in, format_files, paths_in, value_in};
