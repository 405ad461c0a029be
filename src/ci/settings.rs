//! `ci` of `atmos.yaml`.

use super::comment::Behavior;
use crate::value::Node;

/// `ci.checks`: which statuses a commit gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// What their names begin with.
    pub prefix: String,
    pub component: bool,
    pub add: bool,
    pub change: bool,
    pub destroy: bool,
}

/// What is told, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `ci.enabled`: nothing is told without it.
    pub enabled: bool,
    pub summary: bool,
    pub output: bool,
    /// `ci.annotations.enabled`: findings beside the lines that they are about.
    pub annotations: bool,
    /// `ci.output.variables`; empty means all of them.
    pub variables: Vec<String>,
    /// `ci.summary.template`, the name of a template instead of that of the command.
    pub template: Option<String>,
    /// `ci.templates.base_path`
    pub templates: Option<String>,
    /// `ci.templates.terraform`: command and file.
    pub files: Vec<(String, String)>,
    /// `ci.checks`, where they are switched on.
    pub checks: Option<Checks>,
    /// `ci.comments`, where they are switched on.
    pub comments: Option<Behavior>,
    /// `ci.results.enabled`: findings of scanners in the code scanning of GitHub.
    pub results: bool,
}

impl Settings {
    /// Reads the section out of the whole document.
    pub fn read(document: &Node) -> Settings {
        let at = |path: &[&str]| document.get_path(std::iter::once("ci").chain(path.iter().copied()));
        let on = |path: &[&str], usual: bool| at(path).and_then(Node::as_bool).unwrap_or(usual);
        let text = |path: &[&str]| at(path).and_then(Node::scalar_text).filter(|text| !text.is_empty());
        let list = at(&["output", "variables"]).and_then(Node::as_list).unwrap_or_default();
        let files = at(&["templates", "terraform"]).and_then(Node::as_map).into_iter().flatten();
        let status = |name: &str| on(&["checks", "statuses", name], true);
        let checks = || Checks {
            prefix: text(&["checks", "context_prefix"]).unwrap_or_else(|| "atmos".to_owned()),
            component: status("component"),
            add: status("add"),
            change: status("change"),
            destroy: status("destroy"),
        };
        let behavior = || Behavior::parse(&text(&["comments", "behavior"]).unwrap_or_default());
        Settings {
            enabled: on(&["enabled"], false),
            summary: on(&["summary", "enabled"], true),
            output: on(&["output", "enabled"], true),
            annotations: on(&["annotations", "enabled"], true),
            variables: list.iter().filter_map(Node::scalar_text).collect(),
            template: text(&["summary", "template"]),
            templates: text(&["templates", "base_path"]),
            files: files.filter_map(|(command, file)| Some((command.to_string(), file.scalar_text()?))).collect(),
            checks: on(&["checks", "enabled"], false).then(checks),
            comments: on(&["comments", "enabled"], false).then(behavior),
            results: on(&["results", "enabled"], false),
        }
    }
}

/// Whether an exit code of terraform counts as success in CI: `components.terraform.ci.exit_codes`, else 0 and 2.
pub fn passes(document: &Node, code: u8) -> bool {
    let codes = document.get_path(["components", "terraform", "ci", "exit_codes"]).and_then(Node::as_map);
    match codes {
        None => matches!(code, 0 | 2),
        Some(codes) => codes.get(code.to_string().as_str()).and_then(Node::as_bool) == Some(true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn everything_but_the_whole_is_on_unless_it_is_switched_off() {
        let settings = Settings::read(&from_json(&json!({})));
        assert!(!settings.enabled && settings.summary && settings.output && settings.annotations && !settings.results);
        let document = json!({"ci": {
            "enabled": true,
            "summary": {"enabled": false},
            "annotations": {"enabled": false},
            "output": {"variables": ["has_changes"]},
            "checks": {"enabled": true, "statuses": {"add": false}},
            "comments": {"enabled": true, "behavior": "update"},
            "results": {"enabled": true},
            "templates": {"base_path": "t", "terraform": {"plan": "p.md"}},
        }});
        let settings = Settings::read(&from_json(&document));
        assert!(settings.enabled && !settings.summary && !settings.annotations);
        assert_eq!(settings.variables, ["has_changes"]);
        assert!(settings.results);
        let checks = settings.checks.unwrap();
        assert_eq!((checks.prefix.as_str(), checks.component, checks.add), ("atmos", true, false));
        assert_eq!(settings.comments, Some(Behavior::Update));
        assert_eq!(settings.files, [("plan".to_owned(), "p.md".to_owned())]);
    }

    #[test]
    fn changes_are_no_failure_unless_the_configuration_says_so() {
        let document =
            |codes: serde_json::Value| from_json(&json!({"components": {"terraform": {"ci": {"exit_codes": codes}}}}));
        assert!(passes(&from_json(&json!({})), 2) && !passes(&from_json(&json!({})), 1));
        assert!(!passes(&document(json!({"0": true, "2": false})), 2));
        assert!(passes(&document(json!({"1": true})), 1));
    }
}
