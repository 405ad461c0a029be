//! What a shell is offered.

/// A value and its description.
pub(super) type Candidate = (String, String);
