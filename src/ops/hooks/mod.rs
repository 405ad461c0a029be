//! Hooks: what the user wants done before and after a command of a component.
//!
//! Row 12. Read [`Hooks`] first: it knows the hooks of one run and runs those of an event. `hook` reads one from its
//! section, `event` is what happens and how hooks name it. What they do: `command` starts programs and `report` shows what
//! they found, `sarif` makes it ready for services that keep findings, `store` writes outputs, `steps` runs steps as workflows have them, `git` commits and pushes,
//! `migrate` migrates states. `remarks` is
//! what validation says of them.

mod command;
mod error;
mod event;
mod git;
mod hook;
mod migrate;
mod remarks;
mod report;
mod run;
mod sarif;
mod steps;
mod store;

pub use event::Skip;
pub(super) use remarks::remarks;
pub(super) use report::{Found, Report};
pub(super) use run::{Around, Hooks};
pub(super) use sarif::{Analysis, prepared as sarif};
