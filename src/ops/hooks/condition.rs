//! `when` of a hook. Pure.

use crate::value::{Node, Value};

/// How the command ended that a hook runs after. Before it everything is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Failure,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Failure => "failure",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    Success,
    Failure,
    Always,
    Never,
    Ci,
    Local,
    All(Vec<When>),
    Any(Vec<When>),
    Not(Box<When>),
}

/// Words of a condition, for messages.
pub(super) const WORDS: &str = "success, failure, always, never, ci, local";

impl When {
    /// Reads the value of `when`: a word, a list of which all hold, or `all`, `any`, `not`.
    ///
    /// # Errors
    /// The part that is none of them.
    pub(super) fn read(node: &Node) -> Result<When, Node> {
        let list = |node: &Node| match node.as_list() {
            Some(items) => items.iter().map(When::read).collect::<Result<Vec<_>, _>>(),
            None => Ok(vec![When::read(node)?]),
        };
        match &node.value {
            Value::Null => Ok(When::All(Vec::new())),
            Value::List(_) => Ok(When::All(list(node)?)),
            Value::Map(map) => {
                let mut parts = Vec::new();
                for (key, value) in map.iter() {
                    parts.push(match &**key {
                        "all" => When::All(list(value)?),
                        "any" => When::Any(list(value)?),
                        "not" => When::Not(Box::new(When::read(value)?)),
                        _ => return Err(node.clone()),
                    });
                }
                Ok(When::All(parts))
            }
            _ => match node.scalar_text().as_deref().map(str::trim) {
                Some("" | "true") => Ok(When::All(Vec::new())),
                Some("success") => Ok(When::Success),
                Some("failure") => Ok(When::Failure),
                Some("always") => Ok(When::Always),
                Some("never" | "false") => Ok(When::Never),
                Some("ci") => Ok(When::Ci),
                Some("local") => Ok(When::Local),
                _ => Err(node.clone()),
            },
        }
    }

    /// Whether the hook runs. A condition that says nothing about the end of the command waits for its success.
    pub(super) fn runs(&self, status: Status, ci: bool) -> bool {
        (status == Status::Success || self.is_about_the_end()) && self.holds(status, ci)
    }

    fn is_about_the_end(&self) -> bool {
        match self {
            When::Success | When::Failure | When::Always => true,
            When::Never | When::Ci | When::Local => false,
            When::All(parts) | When::Any(parts) => parts.iter().any(When::is_about_the_end),
            When::Not(part) => part.is_about_the_end(),
        }
    }

    fn holds(&self, status: Status, ci: bool) -> bool {
        match self {
            When::Success => status == Status::Success,
            When::Failure => status == Status::Failure,
            When::Always => true,
            When::Never => false,
            When::Ci => ci,
            When::Local => !ci,
            When::All(parts) => parts.iter().all(|part| part.holds(status, ci)),
            When::Any(parts) => parts.iter().any(|part| part.holds(status, ci)),
            When::Not(part) => !part.holds(status, ci),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn conditions_are_words_lists_and_combinations() {
        use Status::{Failure, Success};
        for (when, status, ci, runs) in [
            (json!(null), Success, false, true),
            (json!(null), Failure, false, false),
            (json!("failure"), Failure, false, true),
            (json!("failure"), Success, false, false),
            (json!("always"), Failure, false, true),
            (json!(["always", "ci"]), Failure, false, false),
            (json!(["always", "ci"]), Failure, true, true),
            (json!("ci"), Failure, true, false),
            (json!({"any": ["ci", "failure"]}), Success, false, false),
            (json!({"any": ["local", "failure"]}), Failure, true, true),
            (json!({"not": "ci"}), Success, false, true),
            (json!({"not": ["ci", "success"]}), Failure, true, true),
            (json!({"all": ["success", {"not": "local"}]}), Success, true, true),
            (json!(false), Success, false, false),
            (json!(true), Success, false, true),
        ] {
            let condition = When::read(&from_json(&when)).unwrap();
            assert_eq!(condition.runs(status, ci), runs, "{when} {status:?} {ci}");
        }
    }

    #[test]
    fn what_is_no_condition_is_an_error() {
        for when in [json!("stack == 'prod'"), json!({"some": []}), json!([3])] {
            assert!(When::read(&from_json(&when)).is_err(), "{when}");
        }
    }
}
