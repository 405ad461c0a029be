//! Hooks: what the user wants done before and after a command of a component.
//!
//! Row 12. Read [`Hooks`] first: it knows the hooks of one run and runs those of an event. `hook` reads one from its
//! section, `condition` is `when`, `event` what happens and how hooks name it, `run` starts commands, `report` shows what
//! they found, `store` writes outputs, `remarks` what validation says of them.

mod condition;
mod error;
mod event;
mod hook;
mod remarks;
mod report;
mod run;
mod store;

pub use event::Skip;
pub(super) use remarks::remarks;
pub(super) use run::{Around, Hooks};
