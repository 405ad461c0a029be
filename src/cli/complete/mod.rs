//! Completion: scripts for shells, and the hidden command `__complete` that they ask.
//!
//! Read [`answer`] first. `line` finds out what the last word of a line stands for, `kind` what may stand there, `values`
//! has the candidates. Whatever goes wrong, the answer is a shorter list: the line of a shell is no place for errors.

mod answer;
mod candidate;
mod kind;
mod line;
mod script;
mod values;

pub(super) use answer::answer;
pub(super) use script::{SHELLS, script};
