//! Commands that `atmos.yaml` adds: `commands:` and `aliases:`.
//!
//! Row 11. Read [`Definition`] first: what one command says. [`Definition::check`] tells whether it can be used at all, so
//! that a wrong one breaks nothing but itself; [`Values`] are arguments and flags after defaults and checks. Pure: `cli`
//! puts the commands into the command table, `ops` runs their steps.

mod alias;
mod definition;
mod error;
mod read;
mod values;

pub use alias::aliases;
pub use definition::{Argument, ComponentConfig, Definition, Flag, FlagKind, Origin, Reserved, Variable, remarks};
pub use error::Error;
pub use read::definitions;
pub use values::{Given, Values};
