//! `when` and `continue`: whether a step or a hook runs, and whether the failure of a step is forgiven. Pure.

use super::expression::{Expression, Lookup, NAMES, Value};
use super::read::text_of;
use crate::host::{Env, platform};
use crate::value::{Node, Value as Tree};

/// How what went before has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Success,
    /// It failed and was not forgiven.
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

/// A condition as a tree.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Word(Word),
    Expression(Expression),
    All(Vec<Part>),
    Any(Vec<Part>),
    Not(Box<Part>),
}

/// A condition: a word, an expression, a list of them, or `all`, `any` and `not` around them. None at all is `success`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    root: Option<Part>,
}

/// Whose condition it is. The two read some values in their own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One entry of a list has to hold; `true` in a list is `always`.
    Step,
    /// All entries of a list have to hold; `true` says nothing.
    Hook,
}

/// What is wrong with a condition, and the part that it is about.
#[derive(Debug)]
pub struct Fault {
    pub node: Node,
    /// `None` where the value is of a wrong type.
    pub problem: Option<String>,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// `owner` is the workflow, or the words of the command.
    Step {
        owner: &'a str,
        step: &'a str,
    },
    Hook {
        component: &'a str,
        hook: &'a str,
        event: &'a str,
    },
}

/// What a condition is about.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub status: Status,
    pub ci: bool,
    pub stack: &'a str,
    pub subject: Subject<'a>,
    pub env: &'a Env,
}

impl Lookup for Facts<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        let (os, arch) = platform();
        let status = if self.status == Status::Success { "success" } else { "failure" };
        let text = match (name, self.subject) {
            ("ci", _) => return Some(Value::Bool(self.ci)),
            ("status", _) => status.to_owned(),
            ("stack", _) => self.stack.to_owned(),
            ("workflow", Subject::Step { owner: text, .. })
            | ("step", Subject::Step { step: text, .. })
            | ("component", Subject::Hook { component: text, .. })
            | ("hook", Subject::Hook { hook: text, .. })
            | ("event", Subject::Hook { event: text, .. }) => text.to_owned(),
            ("os", _) => os.to_owned(),
            ("arch", _) => arch.to_owned(),
            ("platform", _) => format!("{os}/{arch}"),
            // What the other kind of subject would say.
            (known, _) if NAMES.contains(&known) => String::new(),
            _ => return None,
        };
        Some(Value::Text(text))
    }

    fn variable(&self, name: &str) -> String {
        self.env.get(name).unwrap_or_default().to_owned()
    }
}

impl Word {
    fn read(text: &str) -> Option<Word> {
        Some(match text {
            "success" => Word::Success,
            "failure" => Word::Failure,
            "always" => Word::Always,
            "never" | "false" => Word::Never,
            "ci" => Word::Ci,
            "local" => Word::Local,
            _ => return None,
        })
    }

    fn holds(self, facts: &Facts<'_>) -> bool {
        match self {
            Word::Success => facts.status == Status::Success,
            Word::Failure => facts.status == Status::Failure,
            Word::Always => true,
            Word::Never => false,
            Word::Ci => facts.ci,
            Word::Local => !facts.ci,
        }
    }
}

impl Part {
    /// Reads one value; `None` says nothing.
    fn read(node: &Node, style: Style) -> Result<Option<Part>, Fault> {
        let wrong = || Fault { node: node.clone(), problem: None };
        match &node.value {
            Tree::Null => Ok(None),
            Tree::List(items) => {
                let parts = Part::read_all(items, style)?;
                Ok(match style {
                    Style::Step => Some(parts).filter(|parts| !parts.is_empty()).map(Part::Any),
                    Style::Hook => Some(Part::All(parts)),
                })
            }
            Tree::Map(map) => {
                let mut parts = Vec::new();
                for (key, value) in map.iter() {
                    let items = value.as_list().unwrap_or(std::slice::from_ref(value));
                    parts.push(match &**key {
                        "all" => Part::All(Part::read_all(items, style)?),
                        "any" => Part::Any(Part::read_all(items, style)?),
                        "not" => Part::Not(Box::new(Part::read(value, style)?.unwrap_or(Part::All(Vec::new())))),
                        _ => return Err(wrong()),
                    });
                }
                Ok(Some(Part::All(parts)))
            }
            _ => match text_of(node).as_deref().map(str::trim) {
                None => Err(wrong()),
                Some("") => Ok(None),
                Some("true") => Ok((style == Style::Step).then_some(Part::Word(Word::Always))),
                Some(text) => match Word::read(text) {
                    Some(word) => Ok(Some(Part::Word(word))),
                    None => Part::expression(text, node).map(Some),
                },
            },
        }
    }

    fn read_all(items: &[Node], style: Style) -> Result<Vec<Part>, Fault> {
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            parts.extend(Part::read(item, style)?);
        }
        Ok(parts)
    }

    /// The tag says that it is an expression, which every other text is too.
    fn expression(text: &str, node: &Node) -> Result<Part, Fault> {
        let expression = Expression::parse(text.strip_prefix("!cel").map_or(text, str::trim));
        expression.map(Part::Expression).map_err(|problem| Fault { node: node.clone(), problem: Some(problem) })
    }

    /// Whether it says anything about the end of what went before.
    fn is_about_status(&self) -> bool {
        match self {
            Part::Word(word) => matches!(word, Word::Success | Word::Failure | Word::Always),
            Part::Expression(expression) => expression.is_about_status(),
            Part::All(parts) | Part::Any(parts) => parts.iter().any(Part::is_about_status),
            Part::Not(part) => part.is_about_status(),
        }
    }

    fn holds(&self, facts: &Facts<'_>) -> Result<bool, String> {
        match self {
            Part::Word(word) => Ok(word.holds(facts)),
            Part::Expression(expression) => expression.holds(facts),
            Part::Not(part) => Ok(!part.holds(facts)?),
            Part::All(parts) => {
                for part in parts {
                    if !part.holds(facts)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Part::Any(parts) => {
                for part in parts {
                    if part.holds(facts)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

impl Condition {
    /// The words of a condition.
    pub const WORDS: [&'static str; 6] = ["success", "failure", "always", "never", "ci", "local"];

    /// Reads the value of `when` or `continue`.
    ///
    /// # Errors
    /// The part that is no condition.
    pub fn read(node: &Node, style: Style) -> Result<Condition, Fault> {
        Ok(Condition { root: Part::read(node, style)? })
    }

    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// A boolean: a step that is switched on still waits for success.
    pub(super) fn of(flag: bool) -> Condition {
        Condition { root: (!flag).then_some(Part::Word(Word::Never)) }
    }

    /// Holds whatever happened.
    pub(super) fn always() -> Condition {
        Condition { root: Some(Part::Word(Word::Always)) }
    }

    /// Whether what it belongs to runs. A condition that says nothing about success waits for it.
    ///
    /// # Errors
    /// An expression whose values do not fit each other.
    pub fn runs(&self, facts: &Facts<'_>) -> Result<bool, String> {
        let Some(root) = &self.root else { return Ok(facts.status == Status::Success) };
        Ok((facts.status == Status::Success || root.is_about_status()) && root.holds(facts)?)
    }

    /// Whether a failure of the step is forgiven.
    ///
    /// # Errors
    /// As [`Condition::runs`].
    pub fn forgives(&self, facts: &Facts<'_>) -> Result<bool, String> {
        let Some(root) = &self.root else { return Ok(false) };
        root.holds(&Facts { status: Status::Failure, ..*facts })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::value::from_json;

    fn condition(value: &Json, style: Style) -> Condition {
        Condition::read(&from_json(value), style).unwrap()
    }

    fn facts(env: &Env, status: Status, ci: bool) -> Facts<'_> {
        Facts { status, ci, stack: "prod", subject: Subject::Step { owner: "deploy", step: "plan" }, env }
    }

    fn runs(condition: &Condition, status: Status, ci: bool) -> bool {
        condition.runs(&facts(&Env::default(), status, ci)).unwrap()
    }

    fn forgives(value: &Json) -> bool {
        condition(value, Style::Step).forgives(&facts(&Env::default(), Status::Success, false)).unwrap()
    }

    #[test]
    fn expressions_wait_for_success_unless_they_ask_for_the_status() {
        use Status::{Failure, Success};
        for (text, status, ci, expected) in [
            ("stack == 'prod' && ci", Success, true, true),
            ("stack == 'prod' && ci", Success, false, false),
            ("stack == 'prod' && ci", Failure, true, false),
            ("status == 'failure' && workflow == 'deploy' && step == 'plan'", Failure, false, true),
            ("component == '' && hook == '' && event == ''", Success, false, true),
        ] {
            assert_eq!(runs(&condition(&json!(text), Style::Step), status, ci), expected, "{text}");
        }
        assert!(forgives(&json!("status == 'failure'")));
    }

    #[test]
    fn hooks_know_their_component_their_name_and_the_event() {
        let text = "component == 'vpc' && hook == 'cost' && event.startsWith('after.') && workflow == ''";
        let env = Env::from_iter([("TIER", "gold")]);
        let subject = Subject::Hook { component: "vpc", hook: "cost", event: "after.terraform.plan" };
        let facts = Facts { subject, ..facts(&env, Status::Success, false) };
        for (value, expected) in [
            (json!(text), true),
            (json!("!cel env.TIER == 'gold'"), true),
            (json!([text, "ci"]), false),
            (json!({"any": [text, "ci"]}), true),
        ] {
            assert_eq!(condition(&value, Style::Hook).runs(&facts), Ok(expected), "{value}");
        }
        assert!(condition(&json!("stack == 1"), Style::Hook).runs(&facts).is_err());
    }

    #[test]
    fn steps_wait_for_success_unless_they_say_otherwise() {
        use Status::{Failure, Success};
        for (words, status, ci, expected) in [
            (json!([]), Success, false, true),
            (json!([]), Failure, false, false),
            (json!("failure"), Success, false, false),
            (json!("failure"), Failure, false, true),
            (json!("always"), Failure, false, true),
            (json!("never"), Success, false, false),
            (json!("ci"), Success, false, false),
            (json!("ci"), Success, true, true),
            (json!("ci"), Failure, true, false),
            (json!("local"), Success, false, true),
            (json!(["ci", "failure"]), Failure, false, true),
            (json!({"all": ["ci", "failure"]}), Failure, false, false),
        ] {
            assert_eq!(runs(&condition(&words, Style::Step), status, ci), expected, "{words} {status:?} {ci}");
        }
        assert!(!runs(&Condition::of(false), Success, false));
        assert!(runs(&Condition::of(true), Success, false));
        assert!(!runs(&Condition::of(true), Failure, false));
        assert!(runs(&Condition::always(), Failure, false));
    }

    #[test]
    fn hooks_want_every_entry_of_a_list_and_know_all_any_and_not() {
        use Status::{Failure, Success};
        for (when, status, ci, expected) in [
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
            (json!(true), Failure, false, false),
        ] {
            assert_eq!(runs(&condition(&when, Style::Hook), status, ci), expected, "{when} {status:?} {ci}");
        }
    }

    #[test]
    fn what_is_no_condition_is_an_error() {
        for when in [json!("stack =="), json!({"some": []}), json!({"not": {"x": 1}}), json!("nobody")] {
            assert!(Condition::read(&from_json(&when), Style::Hook).is_err(), "{when}");
        }
    }

    #[test]
    fn failures_are_forgiven_by_what_holds_then() {
        assert!(forgives(&json!("always")));
        assert!(forgives(&json!("failure")));
        assert!(!forgives(&json!("success")));
        assert!(!forgives(&json!(null)));
    }
}
