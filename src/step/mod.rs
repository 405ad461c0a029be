//! One step of a workflow or of a custom command: what it says, when it runs, how often it is tried, and what its
//! templates give.
//!
//! Row 10. Read [`Step`] first: [`read`] makes them from a list in a file. [`Condition`] and [`Retry`] are pure; [`Texts`]
//! renders the templates. Nothing here starts a process: `ops` does.

mod action;
mod children;
mod condition;
mod definition;
mod error;
mod expression;
mod keys;
mod read;
mod retry;
mod special;
mod text;

pub use condition::{Condition, Facts, Fault, Status, Style, Subject};
pub use definition::{
    Answer, Archive, Asked, Directory, FailMode, Form, Http, Junit, Kind, Level, Outputs, Parallel, Require, Said,
    Step, stages, uses_results,
};
pub use error::Error;
pub use keys::{remarks, unknown_keys};
pub use read::{directory, entries, faults, read, readable, template_of, text_of};
pub use retry::{Retry, retry};
pub use text::{Outcome, Texts};
