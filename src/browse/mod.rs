//! The full-screen browser of stacks and components: `atmos` without words, at a terminal.
//!
//! Row 13. [`Model`] is what the browser knows and what keys do to it; [`draw`] makes a frame of it; [`run`] connects both
//! to the terminal and to a thread that reads the repository. Nothing but [`run`] touches the terminal.

mod action;
mod column;
mod draw;
mod fuzzy;
mod keys;
mod model;
mod run;
mod screen;
#[cfg(test)]
mod tests;

pub use draw::{Look, draw};
pub use keys::Key;
pub use model::{Effect, Entry, Model, Target};
pub use run::{End, Repository, run};
pub use screen::pause;
