//! Why a text is not changed.

/// Why a text is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it cannot be read: {reason}")]
    Syntax { reason: String },
    #[error("line {line}: `{path}` is {what}")]
    NotThere { path: String, what: &'static str, line: usize },
    #[error("line {line}: `{path}` is an alias: what it stands for is written elsewhere and used by others, too")]
    Alias { path: String, line: usize },
    #[error("line {line}: `{path}` has an anchor, by which others use it, too")]
    Anchor { path: String, line: usize },
    #[error("line {line}: the layout around `{path}` cannot be changed without touching other values")]
    Layout { path: String, line: usize },
    #[error("line {line}: it cannot be laid out anew without saying something else")]
    Lines { line: usize },
}

impl Refused {
    /// The line in question; the first where the file as a whole is.
    pub fn line(&self) -> usize {
        match self {
            Refused::Syntax { .. } => 1,
            Refused::NotThere { line, .. }
            | Refused::Alias { line, .. }
            | Refused::Anchor { line, .. }
            | Refused::Layout { line, .. }
            | Refused::Lines { line } => *line,
        }
    }
}
