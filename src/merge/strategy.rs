//! What happens when two lists meet.

use std::str::FromStr;

use miette::Diagnostic;

use crate::diag::Failure;

/// How a later list is put over an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ListStrategy {
    /// The later list takes the place of the earlier one.
    #[default]
    Replace,
    /// The later items follow the earlier ones.
    Append,
    /// Position by position: two maps merge deeply, otherwise the earlier item stays; surplus later items follow.
    Merge,
}

impl ListStrategy {
    pub fn as_str(self) -> &'static str {
        match self {
            ListStrategy::Replace => "replace",
            ListStrategy::Append => "append",
            ListStrategy::Merge => "merge",
        }
    }
}

impl std::fmt::Display for ListStrategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A setting of the merge that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error(
        "merge error: invalid list merge strategy: '{value}'. Supported list merge strategies are: replace, append, merge"
    )]
    #[diagnostic(
        code(atmos::merge::list_strategy),
        help("set settings.list_merge_strategy to replace, append or merge")
    )]
    ListStrategy { value: String },
}

impl Failure for Error {}

impl FromStr for ListStrategy {
    type Err = Error;

    /// The empty text is the default.
    fn from_str(text: &str) -> Result<ListStrategy, Error> {
        match text {
            "" | "replace" => Ok(ListStrategy::Replace),
            "append" => Ok(ListStrategy::Append),
            "merge" => Ok(ListStrategy::Merge),
            _ => Err(Error::ListStrategy { value: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_read_from_text() {
        for strategy in [ListStrategy::Replace, ListStrategy::Append, ListStrategy::Merge] {
            assert_eq!(strategy.as_str().parse(), Ok(strategy));
        }
        assert_eq!("".parse(), Ok(ListStrategy::Replace));
        assert!("bogus".parse::<ListStrategy>().unwrap_err().to_string().contains(
            "invalid list merge strategy: 'bogus'. Supported list merge strategies are: replace, append, merge"
        ));
    }
}
