//! The sections that are compared.

use crate::value::{Map, Node, Value};

/// The sections that every kind compares unless the configuration names others. Their order is that of the reasons.
const DEFAULTS: [&str; 15] = [
    "vars",
    "env",
    "providers",
    "required_providers",
    "required_version",
    "generate",
    "backend",
    "backend_type",
    "remote_state_backend",
    "remote_state_backend_type",
    "auth",
    "command",
    "dependencies",
    "source",
    "provision",
];

/// What kubernetes compares before the others.
const KUBERNETES: [&str; 10] =
    ["vars", "env", "source", "provision", "generate", "provider", "paths", "manifests", "render", "validate"];

/// What helm compares before the others.
const HELM: [&str; 10] =
    ["vars", "env", "source", "provision", "generate", "render", "values", "values_files", "chart", "repositories"];

/// Which sections are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    sections: Vec<String>,
}

impl Checks {
    /// The checks for a kind of components. `configured` is `describe.affected.sections`, which takes the place of the
    /// usual ones unless it is empty.
    pub fn new(kind: &str, configured: &[String]) -> Checks {
        let own: &[&str] = match kind {
            "kubernetes" => &KUBERNETES,
            "helm" => &HELM,
            _ => &[],
        };
        let mut sections: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
        let usual: Vec<String> = DEFAULTS.iter().map(|name| (*name).to_owned()).collect();
        for section in if configured.is_empty() { &usual } else { configured } {
            // Both have reasons of their own places.
            if !sections.contains(section) && !matches!(section.as_str(), "metadata" | "settings") {
                sections.push(section.clone());
            }
        }
        Checks { sections }
    }

    /// The reasons `stack.<section>` of the sections that differ. Without `base` the component is new, and everything
    /// that it has is a reason.
    pub fn compare(&self, head: &Map, base: Option<&Map>) -> Vec<String> {
        let differs = |section: &&String| section_differs(section, head, base);
        self.sections.iter().filter(differs).map(|section| format!("stack.{section}")).collect()
    }
}

/// Whether a section differs; one that is not there is as good as an empty one.
pub(super) fn section_differs(section: &str, head: &Map, base: Option<&Map>) -> bool {
    let Some(base) = base else { return head.contains_key(section) };
    match (head.get(section), base.get(section)) {
        (Some(head), Some(base)) => !same(head, base),
        (Some(one), None) | (None, Some(one)) => !one.is_empty(),
        (None, None) => false,
    }
}

/// Deep equality. Numbers are equal by their value: `1` and `1.0` say the same.
fn same(left: &Node, right: &Node) -> bool {
    match (&left.value, &right.value) {
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, node)| right.get(key).is_some_and(|other| same(node, other)))
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| same(left, right))
        }
        (left, right) => match (number(left), number(right)) {
            (Some(one), Some(other)) => one.total_cmp(&other).is_eq() || left == right,
            _ => left == right,
        },
    }
}

fn number(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "integers that a float cannot hold are compared as they are, too")]
    match value {
        Value::Int(number) if number.unsigned_abs() < 1 << 53 => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    fn map(json: &serde_json::Value) -> Map {
        from_json(json).as_map().unwrap().clone()
    }

    #[test]
    fn sections_that_differ_appear_or_disappear_are_reasons() {
        let checks = Checks::new("terraform", &[]);
        for (head, base, reasons) in [
            (json!({"vars": {"a": 1}}), json!({"vars": {"a": 1.0}}), vec![]),
            (json!({"vars": {"a": "1"}}), json!({"vars": {"a": 1}}), vec!["stack.vars"]),
            (json!({"vars": {"a": [1, 2]}}), json!({"vars": {"a": [2, 1]}}), vec!["stack.vars"]),
            (json!({"vars": {"a": 1, "b": 2}}), json!({"vars": {"b": 2, "a": 1}}), vec![]),
            (
                json!({"env": {}, "vars": {}}),
                json!({"vars": {"x": 1}, "env": {"x": 1}}),
                vec!["stack.vars", "stack.env"],
            ),
            (json!({}), json!({"dependencies": {"files": ["x"]}}), vec!["stack.dependencies"]),
            (json!({"dependencies": {"files": []}}), json!({}), vec!["stack.dependencies"]),
            (json!({"source": {}}), json!({}), vec![]),
            (json!({"command": "tofu"}), json!({"command": "terraform"}), vec!["stack.command"]),
            (json!({"hooks": {"a": 1}, "locals": {"a": 1}}), json!({"hooks": {}}), vec![]),
        ] {
            assert_eq!(checks.compare(&map(&head), Some(&map(&base))), reasons, "{head} {base}");
        }
    }

    #[test]
    fn everything_of_a_new_component_is_a_reason() {
        let head = map(&json!({"vars": {}, "command": "", "hooks": {}, "dependencies": {"files": ["x"]}}));
        assert_eq!(
            Checks::new("terraform", &[]).compare(&head, None),
            ["stack.vars", "stack.command", "stack.dependencies"]
        );
    }

    #[test]
    fn configured_sections_take_the_place_of_the_usual_ones() {
        let configured = ["hooks", "vars", "metadata"].map(str::to_owned);
        let head = map(&json!({"vars": {"a": 1}, "hooks": {"a": 1}, "env": {"a": 1}, "metadata": {"a": 1}}));
        let base = Map::default();
        assert_eq!(Checks::new("terraform", &configured).compare(&head, Some(&base)), ["stack.hooks", "stack.vars"]);
        let head = map(&json!({"validate": {"a": 1}, "chart": "x"}));
        assert_eq!(Checks::new("kubernetes", &configured).compare(&head, Some(&base)), ["stack.validate"]);
        assert_eq!(Checks::new("helm", &[]).compare(&head, Some(&base)), ["stack.chart"]);
    }
}
