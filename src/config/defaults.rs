//! Default values. There are two sets: one as soon as any configuration file exists, and a fuller one without.

use super::constant::Constant::{self, Flag, Number, Text, Words};
use super::editions::{JOURNAL, edition_day};
use super::error::Error;
use crate::value::{Map, Node};

/// Values that hold with and without a file.
const ALWAYS: &[(&str, Constant)] = &[
    ("components.helmfile.use_eks", Flag(false)),
    ("components.terraform.append_user_agent", Text(USER_AGENT)),
    ("components.terraform.auto_provision_workdir_for_outputs", Flag(true)),
    ("components.terraform.plugin_cache", Flag(true)),
    ("components.terraform.workspace.prefix_separator", Text("-")),
    ("container.runtime.auto_start", Flag(true)),
    ("describe.component.filter", Text("schema")),
    ("describe.error_mode", Text("warn")),
    ("describe.provenance", Flag(true)),
    ("describe.settings.include_empty", Flag(true)),
    ("list.error_mode", Text("warn")),
    ("logs.file", Text("/dev/stderr")),
    ("logs.level", Text("Warning")),
    ("settings.experimental", Text("warn")),
    ("settings.inject_bitbucket_token", Flag(true)),
    ("settings.inject_github_token", Flag(true)),
    ("settings.inject_gitlab_token", Flag(true)),
    ("settings.terminal.color", Flag(true)),
    ("settings.terminal.help.filter", Flag(true)),
    ("settings.terminal.pager", Text("false")),
    ("stacks.inherit.metadata", Flag(true)),
    ("stacks.inherit.source", Flag(true)),
];

/// Values that hold only when no configuration file was found anywhere. The reference's documentation names some of
/// them as general defaults; its program does not treat them so, and neither do we.
pub(super) const WITHOUT_FILE: &[(&str, Constant)] = &[
    ("base_path", Text(".")),
    ("components.helmfile.base_path", Text("components/helmfile")),
    ("components.kubernetes.base_path", Text("components/kubernetes")),
    ("components.packer.base_path", Text("components/packer")),
    ("components.packer.command", Text("packer")),
    ("components.terraform.auto_generate_backend_file", Flag(true)),
    ("components.terraform.base_path", Text("components/terraform")),
    ("components.terraform.deploy_run_init", Flag(true)),
    ("components.terraform.init_run_reconfigure", Flag(true)),
    ("schemas.jsonschema.base_path", Text("stacks/schemas/jsonschema")),
    ("schemas.opa.base_path", Text("stacks/schemas/opa")),
    ("settings.list_merge_strategy", Text("replace")),
    ("stacks.base_path", Text("stacks")),
    ("stacks.excluded_paths", Words(&["**/_defaults.yaml"])),
    ("stacks.included_paths", Words(&["orgs/**/*"])),
    ("stacks.name_pattern", Text("{tenant}-{environment}-{stage}")),
    ("templates.settings.enabled", Flag(true)),
    ("templates.settings.gomplate.enabled", Flag(true)),
    ("templates.settings.sprig.enabled", Flag(true)),
    ("version.check.enabled", Flag(true)),
    ("version.check.frequency", Text("daily")),
    ("version.check.timeout", Number(1000)),
    ("workflows.base_path", Text("stacks/workflows")),
];

/// What an edition takes back without an effect: the program has neither.
const WITHOUT_EFFECT: [&str; 2] = ["settings.terminal.help.filter", "settings.terminal.pager"];

/// What terraform's providers tell servers about who runs them.
const USER_AGENT: &str = concat!("Atmos/", env!("CARGO_PKG_VERSION"), " (Cloud Posse; +https://atmos.tools)");

/// The lowest layer. `edition` takes back the changes of defaults after its date.
pub(super) fn layer(found: bool, edition: Option<&str>) -> Result<Node, Error> {
    let mut root = Node::empty_map();
    for (key, value) in ALWAYS {
        set(&mut root, key, *value);
    }
    if let Some(edition) = edition {
        let anchor = edition_day(edition).ok_or_else(|| Error::Edition { edition: edition.to_owned() })?;
        for (_, key, old, ..) in JOURNAL.iter().filter(|(date, ..)| **date > *anchor) {
            set(&mut root, key, *old);
        }
    }
    if !found {
        for (key, value) in WITHOUT_FILE {
            set(&mut root, key, *value);
        }
    }
    Ok(root)
}

/// The values that hold only without a file.
pub(super) fn without_file() -> Node {
    let mut root = Node::empty_map();
    for (key, value) in WITHOUT_FILE {
        set(&mut root, key, *value);
    }
    root
}

/// Keys that the edition takes back and that change nothing here.
pub(super) fn without_effect(edition: &str) -> Vec<&'static str> {
    let Some(anchor) = edition_day(edition) else { return Vec::new() };
    let taken_back = JOURNAL.iter().filter(|(date, ..)| **date > *anchor).map(|(_, key, ..)| *key);
    taken_back.filter(|key| WITHOUT_EFFECT.contains(key)).collect()
}

fn set(root: &mut Node, key: &str, value: Constant) {
    set_path(root, key, value.node());
}

/// Puts a value behind a dotted key; maps on the way are made.
pub(super) fn set_path(root: &mut Node, key: &str, value: Node) {
    let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
    let parent = path
        .split('.')
        .filter(|part| !part.is_empty())
        .fold(root, |node, part| node.make_map().entry(part.into()).or_insert_with(|| Node::from(Map::default())));
    parent.make_map().insert(last.into(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuller_set_holds_only_without_files() {
        let key = ["components", "terraform", "auto_generate_backend_file"];
        assert_eq!(layer(true, None).unwrap().get_path(key), None);
        assert_eq!(layer(false, None).unwrap().get_path(key), Some(&Node::from(true)));
    }

    #[test]
    fn editions_take_back_later_changes() {
        let metadata =
            |edition| layer(true, Some(edition)).unwrap().get_path(["stacks", "inherit", "metadata"]).cloned();
        for (edition, expected) in [("2025", true), ("2025-11", false), ("2025-12-05", false), ("2025-12-06", true)] {
            assert_eq!(metadata(edition), Some(Node::from(expected)), "{edition}");
        }
        assert_eq!(without_effect("2026-01"), ["settings.terminal.help.filter"]);
        assert!(without_effect("2026-07-06").is_empty());
        for wrong in ["25", "2025-13", "2025-1", "2025-12-06-01", "latest", "2025-00", "2026-02-31"] {
            assert!(layer(true, Some(wrong)).is_err(), "{wrong}");
        }
    }
}
