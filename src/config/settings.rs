//! The keys below `settings` that mean something, and what they hold. A value of another type is an error, as in the
//! reference; a key that nobody knows is kept, and said.

use super::error::Mismatch;
use super::model::Config;
use crate::diag::{Warning, nearest};
use crate::host::Host;
use crate::value::{Node, Value, parse_bool};

/// What a key may hold. Scalars are converted as leniently as in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flag,
    Whole,
    Text,
    /// A map whose keys are known.
    Section,
    /// A map of anything.
    Map,
    /// Checked elsewhere, or not at all.
    Any,
}

const KEYS: [(&str, Kind); 72] = [
    ("atmos_bitbucket_token", Kind::Text),
    ("atmos_github_token", Kind::Text),
    ("atmos_gitlab_token", Kind::Text),
    ("atmos_pro_github_token", Kind::Text),
    ("bitbucket_token", Kind::Text),
    ("bitbucket_username", Kind::Text),
    ("components", Kind::Any),
    ("docs", Kind::Map),
    ("experimental", Kind::Any),
    ("functions", Kind::Section),
    ("functions.exec", Kind::Any),
    ("functions.exec_output_limit", Kind::Any),
    ("functions.outside_reads", Kind::Any),
    ("github_token", Kind::Text),
    ("github_username", Kind::Text),
    ("gitlab_token", Kind::Text),
    ("inject_bitbucket_token", Kind::Any),
    ("inject_github_token", Kind::Any),
    ("inject_gitlab_token", Kind::Any),
    ("list_merge_strategy", Kind::Any),
    ("markdown", Kind::Map),
    ("merge", Kind::Section),
    ("merge.type_conflict", Kind::Any),
    ("pro", Kind::Section),
    ("pro.base_url", Kind::Text),
    ("pro.endpoint", Kind::Text),
    ("pro.git_sts", Kind::Section),
    ("pro.git_sts.git_config_mode", Kind::Text),
    ("pro.git_sts.revoke_on_exit", Kind::Flag),
    ("pro.github_oidc", Kind::Section),
    ("pro.github_oidc.request_token", Kind::Text),
    ("pro.github_oidc.request_url", Kind::Text),
    ("pro.max_payload_bytes", Kind::Any),
    ("pro.token", Kind::Text),
    ("pro.workspace_id", Kind::Text),
    ("provision", Kind::Map),
    ("telemetry", Kind::Section),
    ("telemetry.enabled", Kind::Any),
    ("telemetry.endpoint", Kind::Text),
    ("telemetry.logging", Kind::Any),
    ("telemetry.token", Kind::Text),
    ("terminal", Kind::Section),
    ("terminal.alerts", Kind::Flag),
    ("terminal.color", Kind::Any),
    ("terminal.colors", Kind::Any),
    ("terminal.force_color", Kind::Any),
    ("terminal.help", Kind::Section),
    ("terminal.help.filter", Kind::Flag),
    ("terminal.mask", Kind::Section),
    ("terminal.mask.enabled", Kind::Flag),
    ("terminal.mask.literals", Kind::Any),
    ("terminal.mask.patterns", Kind::Any),
    ("terminal.mask.replacement", Kind::Text),
    ("terminal.max_width", Kind::Whole),
    ("terminal.no_color", Kind::Any),
    ("terminal.pager", Kind::Any),
    ("terminal.pagination", Kind::Any),
    ("terminal.speed", Kind::Any),
    ("terminal.syntax_highlighting", Kind::Section),
    ("terminal.syntax_highlighting.enabled", Kind::Flag),
    ("terminal.syntax_highlighting.formatter", Kind::Text),
    ("terminal.syntax_highlighting.lexer", Kind::Text),
    ("terminal.syntax_highlighting.line_numbers", Kind::Flag),
    ("terminal.syntax_highlighting.theme", Kind::Text),
    ("terminal.syntax_highlighting.wrap", Kind::Flag),
    ("terminal.tab_width", Kind::Whole),
    ("terminal.theme", Kind::Text),
    ("terminal.title", Kind::Flag),
    ("terminal.unicode", Kind::Flag),
    ("vendor", Kind::Any),
    ("yaml", Kind::Section),
    ("yaml.key_delimiter", Kind::Text),
];

/// The values of types that their keys cannot have.
pub(super) fn mismatches(host: &Host, document: &Node) -> Vec<Mismatch> {
    let one = |(key, kind): &(&str, Kind)| {
        let path: Vec<&str> = std::iter::once("settings").chain(key.split('.')).collect();
        let expected = kind.refuses(document.get_path(path.iter().copied())?)?;
        Some(Mismatch::of(host, document, &path, (expected, "environment")))
    };
    KEYS.iter().filter_map(one).collect()
}

impl Kind {
    /// The type that is expected, where the value has another one.
    fn refuses(self, node: &Node) -> Option<&'static str> {
        let fits = match (self, &node.value) {
            (Kind::Any, _) | (_, Value::Null | Value::Function(_)) => true,
            (Kind::Section | Kind::Map, value) => matches!(value, Value::Map(_)),
            (_, Value::Map(_) | Value::List(_)) => false,
            (Kind::Flag, Value::String(text)) => text.is_empty() || parse_bool(text).is_some(),
            (Kind::Whole, Value::String(text)) => text.is_empty() || is_whole(text),
            _ => true,
        };
        let expected = match self {
            Kind::Section | Kind::Map => "map",
            Kind::Flag => "boolean",
            Kind::Whole => "integer",
            Kind::Text | Kind::Any => "string",
        };
        (!fits).then_some(expected)
    }
}

/// A number in the notations of Go.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).replace('_', "");
    let lower = digits.to_ascii_lowercase();
    [("0x", 16), ("0o", 8), ("0b", 2)]
        .iter()
        .find_map(|(prefix, radix)| Some(i64::from_str_radix(lower.strip_prefix(prefix)?, *radix)))
        .unwrap_or_else(|| lower.parse())
        .is_ok()
}

impl Config {
    /// Keys below `settings` that mean nothing, each with its place and the nearest known one.
    pub fn unknown_settings(&self, host: &Host) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(settings) = self.document.get("settings") {
            search(host, settings, "", &mut warnings);
        }
        warnings
    }

    /// Says in CI that nothing is kept between jobs where that is wanted.
    pub(super) fn warn_of_cache(&self, host: &Host) {
        let at = |key: &str| self.document.get_path(["ci", "cache", key]);
        let auto = at("auto").and_then(Node::as_str).unwrap_or_default();
        let is_wanted = at("enabled").and_then(Node::as_bool) == Some(true);
        if host.terminal.ci && is_wanted && ["restore", "save", "both"].contains(&auto) {
            let message = format!("`ci.cache` (auto: {auto}) is not built yet: nothing is kept for later jobs");
            let help = "actions/cache keeps the same between jobs; docs/guide/ci.md says which folders";
            host.talk.warn(Warning::new("atmos::ci::cache", message).help(help));
        }
    }

    /// Warns of those that are mistyped: other keys may be somebody's own.
    pub(super) fn warn_of_mistyped_settings(&self, host: &Host) {
        let mistyped = self
            .unknown_settings(host)
            .into_iter()
            .filter(|warning| warning.help.as_ref().is_some_and(|help| help.starts_with(SUGGESTION)));
        mistyped.for_each(|warning| host.talk.warn(warning));
    }
}

/// How the help for a mistyped key begins.
const SUGGESTION: &str = "did you mean";

fn search(host: &Host, node: &Node, prefix: &str, warnings: &mut Vec<Warning>) {
    for (key, item) in node.as_map().into_iter().flatten() {
        let path = format!("{prefix}{key}");
        match KEYS.iter().find(|(known, _)| *known == path) {
            Some((_, Kind::Section)) => search(host, item, &format!("{path}."), warnings),
            Some(_) => {}
            None => {
                let beside = KEYS.iter().filter_map(|(known, _)| known.strip_prefix(prefix));
                let near = nearest(key, beside.filter(|known| !known.contains('.')));
                let help = match near {
                    Some(near) => format!("{SUGGESTION} `settings.{prefix}{near}`?"),
                    None => "leave it out; values for manifests belong into `settings` of a stack".to_owned(),
                };
                let message = format!("settings.{path} is no setting of `atmos.yaml`, and nothing reads it");
                let warning = Warning::new("atmos::config::unknown_setting", message).help(help);
                warnings.push(match host.sources.place(item.span) {
                    Some(place) => warning.at(place),
                    None => warning,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_order_and_their_sections_are_known() {
        assert!(KEYS.is_sorted_by_key(|(key, _)| key.replace('.', " ")));
        for (key, _) in KEYS {
            if let Some((section, _)) = key.rsplit_once('.') {
                assert!(KEYS.contains(&(section, Kind::Section)), "{key}");
            }
        }
    }

    #[test]
    fn scalars_are_converted_as_in_the_reference() {
        for (kind, value, expected) in [
            (Kind::Whole, Node::from("0x10"), None),
            (Kind::Whole, Node::from("-12"), None),
            (Kind::Whole, Node::from("wide"), Some("integer")),
            (Kind::Whole, Node::from(true), None),
            (Kind::Flag, Node::from("yes"), Some("boolean")),
            (Kind::Flag, Node::from("T"), None),
            (Kind::Flag, Node::from(2), None),
            (Kind::Text, Node::from(5), None),
            (Kind::Text, Node::from(Vec::new()), Some("string")),
            (Kind::Section, Node::from(Vec::new()), Some("map")),
            (Kind::Map, Node::from("x"), Some("map")),
            (Kind::Section, Node::default(), None),
        ] {
            assert_eq!(kind.refuses(&value), expected, "{kind:?} {value:?}");
        }
    }
}
