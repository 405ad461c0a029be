//! What can go wrong in a function. Who calls it knows the place.

use std::ops::Range;

use miette::Diagnostic as _;

use crate::query;
use crate::value::Quoted;

/// A function that gives no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Wrong arguments.
    Arguments(Mistake),
    /// Nobody wrote it yet. Never replaced by a computed value.
    NotBuilt,
    /// Something outside is missing or failed: the reason, and the next step.
    Failed { reason: String, help: String },
}

impl Problem {
    pub(super) fn arguments(reason: impl Into<String>) -> Problem {
        Problem::Arguments(Mistake::new(reason))
    }

    pub(super) fn failed(reason: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem::Failed { reason: reason.into(), help: help.into() }
    }
}

/// What is wrong with arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub message: String,
    pub help: Option<String>,
    /// Bytes of the arguments that it is about, where that is not all of them.
    pub at: Option<Range<usize>>,
}

impl Mistake {
    pub(super) fn new(message: impl Into<String>) -> Mistake {
        Mistake { message: message.into(), help: None, at: None }
    }

    /// A fault at one byte of the arguments, which the message names in the way of the reference.
    pub(super) fn syntax(arguments: &str, at: usize, message: &str) -> Mistake {
        let before = &arguments[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let message = format!("invalid function arguments at {line}:{column}: {message}");
        Mistake { message, help: None, at: Some(at..at + 1) }
    }

    /// A fault of one part of the arguments.
    pub fn about(part: &Quoted, message: &str) -> Mistake {
        Mistake { at: Some(part.place(0)..part.place(part.text.len())), ..Mistake::new(message) }
    }

    /// A fault in an expression that stands in the arguments. `added` bytes were put before it to make it one.
    pub fn expression(error: &query::Error, written: &Quoted, added: usize) -> Mistake {
        let range = error.range();
        let place = |at: usize| written.place(at.saturating_sub(added));
        let help = error.help().map(|help| help.to_string());
        Mistake { message: error.to_string(), help, at: Some(place(range.start)..place(range.end)) }
    }
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}
