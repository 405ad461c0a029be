//! What can go wrong in a function. Who calls it knows the place.

/// A function that gives no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Wrong arguments.
    Arguments(String),
    /// Nobody wrote it yet. Never replaced by a computed value.
    NotBuilt,
    /// Something outside is missing or failed: the reason, and the next step.
    Failed { reason: String, help: String },
}

impl Problem {
    pub(super) fn arguments(reason: impl Into<String>) -> Problem {
        Problem::Arguments(reason.into())
    }

    pub(super) fn failed(reason: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem::Failed { reason: reason.into(), help: help.into() }
    }
}
