//! Foldable sections in the logs of CI systems.

use jiff::Timestamp;

use crate::host::Env;
use crate::value::Node;

/// The CI system that folds sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sections {
    GitHub,
    GitLab,
}

impl Sections {
    /// The one that runs us, unless the configuration has sections off.
    pub(super) fn of(env: &Env, configuration: &Node) -> Option<Sections> {
        let off = configuration.get_path(["ci", "enabled"]).and_then(Node::as_bool) == Some(false)
            || configuration.get_path(["ci", "groups", "mode"]).and_then(Node::scalar_text).as_deref().is_some_and(
                // YAML 1.1 reads `off` as a boolean.
                |mode| matches!(mode, "off" | "false"),
            );
        if off {
            return None;
        }
        let on = |name: &str| env.get(name).is_some_and(|value| value == "true");
        if on("GITHUB_ACTIONS") {
            Some(Sections::GitHub)
        } else if on("GITLAB_CI") {
            Some(Sections::GitLab)
        } else {
            None
        }
    }

    /// The lines before and after a section. A line break in the title would be a command of its own.
    pub(super) fn lines(self, title: &str, number: usize, begun: Timestamp, ended: Timestamp) -> (String, String) {
        let title: String = title.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        match self {
            Sections::GitHub => (format!("::group::{title}\n"), "::endgroup::\n".to_owned()),
            Sections::GitLab => (
                format!(
                    "\u{1b}[0Ksection_start:{}:atmos_{number}[collapsed=true]\r\u{1b}[0K{title}\n",
                    begun.as_second()
                ),
                format!("\u{1b}[0Ksection_end:{}:atmos_{number}\r\u{1b}[0K\n", ended.as_second()),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn the_system_around_us_folds_unless_it_is_off() {
        let none = json!({});
        let (mode, ci) = (json!({"ci": {"groups": {"mode": "off"}}}), json!({"ci": {"enabled": false}}));
        for (name, configuration, expected) in [
            ("GITHUB_ACTIONS", &none, Some(Sections::GitHub)),
            ("GITLAB_CI", &none, Some(Sections::GitLab)),
            ("CI", &none, None),
            ("GITHUB_ACTIONS", &mode, None),
            ("GITHUB_ACTIONS", &ci, None),
        ] {
            let env = Env::from_iter([(name, "true")]);
            assert_eq!(Sections::of(&env, &from_json(configuration)), expected, "{name} {configuration}");
        }
    }

    #[test]
    fn a_title_is_one_line() {
        let time = Timestamp::from_second(5).unwrap();
        let (head, foot) = Sections::GitHub.lines("plan a\nb", 1, time, time);
        assert_eq!((head.as_str(), foot.as_str()), ("::group::plan a b\n", "::endgroup::\n"));
        assert!(Sections::GitLab.lines("x", 7, time, time).0.contains("section_start:5:atmos_7[collapsed=true]"));
    }
}
