//! Parts of the log that CI systems fold. They do not nest: whoever folds says so to the programs inside.

use std::fmt::Display;

use jiff::Timestamp;

use super::annotation::data;
use crate::host::Env;
use crate::value::Node;

/// Set for the programs inside a part that is folded.
pub const FOLDED: &str = "ATMOS_CI_LOG_GROUP_ACTIVE";

/// The CI system that folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    GitHub,
    GitLab,
}

/// What is one part of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One component of many.
    Component,
    /// One call of terraform for a single component.
    Phase,
    /// One step of a workflow or of a custom command.
    Step,
    /// All that one call of this program says.
    Invocation,
}

impl Groups {
    /// The system that runs us, where it is to fold such a part: `ci.groups.mode`, `ATMOS_CI_GROUPS_MODE`.
    pub fn of(env: &Env, configuration: &Node, part: Part) -> Option<Groups> {
        let enabled = configuration.get_path(["ci", "enabled"]).and_then(Node::as_bool);
        let set = env.get("ATMOS_CI_GROUPS_MODE").filter(|mode| !mode.is_empty()).map(str::to_owned);
        let mode = set.or_else(|| configuration.get_path(["ci", "groups", "mode"])?.scalar_text()).unwrap_or_default();
        let wanted = match mode.trim().to_lowercase().as_str() {
            // YAML 1.1 reads `off` as a boolean.
            "off" | "false" | "none" | "disabled" => false,
            "invocation" => part == Part::Invocation,
            _ => part != Part::Invocation,
        };
        let enabled = if part == Part::Component { enabled != Some(false) } else { enabled == Some(true) };
        if !wanted || !enabled || env.get(FOLDED).is_some_and(|active| !active.is_empty()) {
            return None;
        }
        let on = |name: &str| env.get(name).is_some_and(|value| value == "true");
        if on("GITHUB_ACTIONS") { Some(Groups::GitHub) } else { on("GITLAB_CI").then_some(Groups::GitLab) }
    }

    /// The line before a part. A line break in the title would be a command of its own.
    pub fn begin(self, title: &str, name: impl Display, now: Timestamp) -> String {
        let title: String = title.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        match self {
            Groups::GitHub => format!("::group::{}\n", data(&title)),
            Groups::GitLab => {
                format!("\u{1b}[0Ksection_start:{}:atmos_{name}[collapsed=true]\r\u{1b}[0K{title}\n", now.as_second())
            }
        }
    }

    /// The line behind it.
    pub fn end(self, name: impl Display, now: Timestamp) -> String {
        match self {
            Groups::GitHub => "::endgroup::\n".to_owned(),
            Groups::GitLab => format!("\u{1b}[0Ksection_end:{}:atmos_{name}\r\u{1b}[0K\n", now.as_second()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn the_system_around_us_folds_what_it_is_told_to() {
        let none = json!({});
        let on = json!({"ci": {"enabled": true}});
        let mode = |mode: serde_json::Value| json!({"ci": {"enabled": true, "groups": {"mode": mode}}});
        let (github, gitlab) = (&[("GITHUB_ACTIONS", "true")][..], &[("GITLAB_CI", "true")][..]);
        let inside = &[("GITHUB_ACTIONS", "true"), (FOLDED, "1")][..];
        let asked = &[("GITHUB_ACTIONS", "true"), ("ATMOS_CI_GROUPS_MODE", "off")][..];
        for (env, configuration, part, expected) in [
            (github, &none, Part::Component, Some(Groups::GitHub)),
            (gitlab, &none, Part::Component, Some(Groups::GitLab)),
            (&[("CI", "true")][..], &on, Part::Component, None),
            (github, &json!({"ci": {"enabled": false}}), Part::Component, None),
            (github, &none, Part::Phase, None),
            (github, &on, Part::Phase, Some(Groups::GitHub)),
            (github, &on, Part::Step, Some(Groups::GitHub)),
            (github, &on, Part::Invocation, None),
            (inside, &on, Part::Component, None),
            (inside, &on, Part::Phase, None),
            (asked, &on, Part::Phase, None),
            (github, &mode(json!("off")), Part::Component, None),
            (github, &mode(json!(false)), Part::Step, None),
            (github, &mode(json!("invocation")), Part::Component, None),
            (github, &mode(json!("Invocation")), Part::Invocation, Some(Groups::GitHub)),
            (github, &mode(json!("what")), Part::Phase, Some(Groups::GitHub)),
        ] {
            let env: Env = env.iter().copied().collect();
            assert_eq!(Groups::of(&env, &from_json(configuration), part), expected, "{part:?} {configuration}");
        }
    }

    #[test]
    fn a_title_is_one_line() {
        let time = Timestamp::from_second(5).unwrap();
        assert_eq!(Groups::GitHub.begin("plan a\nb 50%", 1, time), "::group::plan a b 50%25\n");
        assert_eq!(Groups::GitHub.end(1, time), "::endgroup::\n");
        assert!(Groups::GitLab.begin("x", 7, time).contains("section_start:5:atmos_7[collapsed=true]\r"));
        assert!(Groups::GitLab.end(7, time).contains("section_end:5:atmos_7\r"));
    }
}
