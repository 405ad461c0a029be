//! `when` and `continue`: whether a step runs, and whether its failure is forgiven. Pure.

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

/// A condition: any of some words. None at all is `success`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    words: Vec<Word>,
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

    /// A boolean: a step that is switched on still waits for success.
    pub(super) fn of(flag: bool) -> Condition {
        Condition { words: if flag { Vec::new() } else { vec![Word::Never] } }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn holds(&self, status: Status, ci: bool) -> bool {
        self.words.iter().any(|word| match word {
            Word::Success => status == Status::Success,
            Word::Failure => status == Status::Failure,
            Word::Always => true,
            Word::Never => false,
            Word::Ci => ci,
            Word::Local => !ci,
        })
    }

    /// Whether the step runs. A condition that says nothing about success waits for it.
    pub fn runs(&self, status: Status, ci: bool) -> bool {
        let about_status = self.words.iter().any(|word| matches!(word, Word::Success | Word::Failure | Word::Always));
        let reached = about_status || status == Status::Success;
        reached && (self.words.is_empty() || self.holds(status, ci))
    }

    /// Whether a failure of the step is forgiven.
    pub fn forgives(&self, ci: bool) -> bool {
        self.holds(Status::Failure, ci)
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

    #[test]
    fn steps_wait_for_success_unless_they_say_otherwise() {
        use Status::{Failure, Success};
        for (words, status, ci, runs) in [
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
            assert_eq!(condition(words).runs(status, ci), runs, "{words:?} {status:?} {ci}");
        }
        assert!(!Condition::of(false).runs(Success, false));
        assert!(Condition::of(true).runs(Success, false));
        assert!(!Condition::of(true).runs(Failure, false));
    }

    #[test]
    fn failures_are_forgiven_by_what_holds_then() {
        assert!(condition(&["always"]).forgives(false));
        assert!(condition(&["failure"]).forgives(false));
        assert!(!condition(&["success"]).forgives(false));
        assert!(!Condition::default().forgives(false));
        assert!(!Condition::default().add("stack == \"prod\""));
    }
}
