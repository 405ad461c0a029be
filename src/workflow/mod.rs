//! Workflows: named lists of steps in files of their own.
//!
//! Row 11. Read [`Workflow`] first. Pure: which steps there are, where a run begins, which stack a step gets and how its
//! command becomes words. `ops` finds the files and runs the steps.

mod check;
mod command;
mod definition;
mod error;

pub use check::{faults, remarks, remarks_of_steps};
pub use command::{StepFlags, atmos_words, resume_hint, shown_words, stack_of};
pub use definition::Workflow;
pub use error::Error;
