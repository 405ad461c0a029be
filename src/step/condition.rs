//! `when` and `continue`: whether a step runs, and whether its failure is forgiven. Pure.

use super::expression::{Expression, Lookup, Value};
use crate::host::{Env, platform};

/// How the steps before this one have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Success,
    /// One of them failed and was not forgiven.
    Failure,
}

/// One of the words that a condition can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Success,
    Failure,
    Always,
    Never,
    Ci,
    Local,
}

/// A condition: any of some words and expressions. None at all is `success`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    words: Vec<Word>,
    expressions: Vec<Expression>,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub status: Status,
    pub ci: bool,
    pub stack: &'a str,
    /// The workflow, or the words of the command.
    pub owner: &'a str,
    pub step: &'a str,
    pub env: &'a Env,
}

impl Lookup for Facts<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        let (os, arch) = platform();
        let status = if self.status == Status::Success { "success" } else { "failure" };
        let text = match name {
            "ci" => return Some(Value::Bool(self.ci)),
            "status" => status.to_owned(),
            "stack" => self.stack.to_owned(),
            "workflow" => self.owner.to_owned(),
            "step" => self.step.to_owned(),
            "os" => os.to_owned(),
            "arch" => arch.to_owned(),
            "platform" => format!("{os}/{arch}"),
            _ => return None,
        };
        Some(Value::Text(text))
    }

    fn variable(&self, name: &str) -> String {
        self.env.get(name).unwrap_or_default().to_owned()
    }
}

impl Condition {
    /// The words of a condition.
    pub const WORDS: [&'static str; 6] = ["success", "failure", "always", "never", "ci", "local"];

    /// Adds a word. False when it is none: then the condition is left as it was.
    pub(super) fn add(&mut self, word: &str) -> bool {
        let word = match word {
            "success" => Word::Success,
            "failure" => Word::Failure,
            "always" | "true" => Word::Always,
            "never" | "false" => Word::Never,
            "ci" => Word::Ci,
            "local" => Word::Local,
            _ => return false,
        };
        self.words.push(word);
        true
    }

    /// Adds an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn add_expression(&mut self, text: &str) -> Result<(), String> {
        self.expressions.push(Expression::parse(text)?);
        Ok(())
    }

    /// A boolean: a step that is switched on still waits for success.
    pub(super) fn of(flag: bool) -> Condition {
        Condition { words: if flag { Vec::new() } else { vec![Word::Never] }, expressions: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.expressions.is_empty()
    }

    fn holds(&self, facts: &Facts<'_>) -> Result<bool, String> {
        let by_word = self.words.iter().any(|word| match word {
            Word::Success => facts.status == Status::Success,
            Word::Failure => facts.status == Status::Failure,
            Word::Always => true,
            Word::Never => false,
            Word::Ci => facts.ci,
            Word::Local => !facts.ci,
        });
        if by_word {
            return Ok(true);
        }
        for expression in &self.expressions {
            if expression.holds(facts)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the step runs. A condition that says nothing about success waits for it.
    ///
    /// # Errors
    /// An expression whose values do not fit each other.
    pub fn runs(&self, facts: &Facts<'_>) -> Result<bool, String> {
        let by_word = self.words.iter().any(|word| matches!(word, Word::Success | Word::Failure | Word::Always));
        let about_status = by_word || self.expressions.iter().any(Expression::is_about_status);
        if !about_status && facts.status != Status::Success {
            return Ok(false);
        }
        Ok(self.is_empty() || self.holds(facts)?)
    }

    /// Whether a failure of the step is forgiven.
    ///
    /// # Errors
    /// As [`Condition::runs`].
    pub fn forgives(&self, facts: &Facts<'_>) -> Result<bool, String> {
        self.holds(&Facts { status: Status::Failure, ..*facts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(words: &[&str]) -> Condition {
        let mut condition = Condition::default();
        assert!(words.iter().all(|word| condition.add(word)));
        condition
    }

    fn facts(env: &Env, status: Status, ci: bool) -> Facts<'_> {
        Facts { status, ci, stack: "prod", owner: "deploy", step: "plan", env }
    }

    fn runs(condition: &Condition, status: Status, ci: bool) -> bool {
        condition.runs(&facts(&Env::default(), status, ci)).unwrap()
    }

    fn forgives(condition: &Condition) -> bool {
        condition.forgives(&facts(&Env::default(), Status::Success, false)).unwrap()
    }

    #[test]
    fn expressions_wait_for_success_unless_they_ask_for_the_status() {
        use Status::{Failure, Success};
        let expression = |text: &str| {
            let mut condition = Condition::default();
            condition.add_expression(text).unwrap();
            condition
        };
        for (text, status, ci, expected) in [
            ("stack == 'prod' && ci", Success, true, true),
            ("stack == 'prod' && ci", Success, false, false),
            ("stack == 'prod' && ci", Failure, true, false),
            ("status == 'failure' && workflow == 'deploy' && step == 'plan'", Failure, false, true),
        ] {
            assert_eq!(runs(&expression(text), status, ci), expected, "{text}");
        }
        assert!(forgives(&expression("status == 'failure'")));
    }

    #[test]
    fn steps_wait_for_success_unless_they_say_otherwise() {
        use Status::{Failure, Success};
        for (words, status, ci, expected) in [
            (&[][..], Success, false, true),
            (&[], Failure, false, false),
            (&["failure"], Success, false, false),
            (&["failure"], Failure, false, true),
            (&["always"], Failure, false, true),
            (&["never"], Success, false, false),
            (&["ci"], Success, false, false),
            (&["ci"], Success, true, true),
            (&["ci"], Failure, true, false),
            (&["local"], Success, false, true),
            (&["ci", "failure"], Failure, false, true),
        ] {
            assert_eq!(runs(&condition(words), status, ci), expected, "{words:?} {status:?} {ci}");
        }
        assert!(!runs(&Condition::of(false), Success, false));
        assert!(runs(&Condition::of(true), Success, false));
        assert!(!runs(&Condition::of(true), Failure, false));
    }

    #[test]
    fn failures_are_forgiven_by_what_holds_then() {
        assert!(forgives(&condition(&["always"])));
        assert!(forgives(&condition(&["failure"])));
        assert!(!forgives(&condition(&["success"])));
        assert!(!forgives(&Condition::default()));
        assert!(!Condition::default().add("stack == \"prod\""));
    }
}
