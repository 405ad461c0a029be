//! The settings that `describe component` shows beside a component: every key that the reference has, in its order.

use super::defaults::set_path;
use super::model::Config;
use crate::value::{Map, Node, Value};

/// A setting that nobody has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Empty {
    Text,
    Flag,
    /// Null in JSON, an empty list in YAML.
    List,
    /// An empty map in JSON, left out in YAML.
    Map,
    /// Left out.
    Absent,
}

use Empty::{Absent, Flag, List, Map as Section, Text};

const SETTINGS: &[(&str, Empty)] = &[
    ("base_path", Text),
    ("components.terraform.base_path", Text),
    ("components.terraform.apply_auto_approve", Flag),
    ("components.terraform.append_user_agent", Text),
    ("components.terraform.deploy_run_init", Flag),
    ("components.terraform.init_run_reconfigure", Flag),
    ("components.terraform.auto_generate_backend_file", Flag),
    ("components.terraform.auto_generate_files", Flag),
    ("components.terraform.workspaces_enabled", Absent),
    ("components.terraform.command", Text),
    ("components.terraform.shell.prompt", Text),
    ("components.terraform.init.pass_vars", Flag),
    ("components.terraform.plan.skip_planfile", Flag),
    ("components.terraform.lint", Section),
    ("components.terraform.planfiles", Section),
    ("components.terraform.plugin_cache", Flag),
    ("components.terraform.plugin_cache_dir", Absent),
    ("components.terraform.auto_provision_workdir_for_outputs", Flag),
    ("components.terraform.source", Absent),
    ("components.terraform.ci", Section),
    ("components.terraform.workspace", Section),
    ("components.terraform.rc", Absent),
    ("components.terraform.cache", Absent),
    ("components.terraform.platforms", Absent),
    ("components.helmfile.base_path", Text),
    ("components.helmfile.use_eks", Flag),
    ("components.helmfile.kubeconfig_path", Text),
    ("components.helmfile.helm_aws_profile_pattern", Text),
    ("components.helmfile.cluster_name_pattern", Text),
    ("components.helmfile.cluster_name_template", Text),
    ("components.helmfile.cluster_name", Text),
    ("components.helmfile.command", Text),
    ("components.helmfile.auto_generate_files", Flag),
    ("components.helmfile.source", Absent),
    ("components.helmfile.plugins", Absent),
    ("components.packer.base_path", Text),
    ("components.packer.command", Text),
    ("components.packer.auto_generate_files", Flag),
    ("components.packer.source", Absent),
    ("components.ansible.base_path", Text),
    ("components.ansible.command", Text),
    ("components.ansible.auto_generate_files", Flag),
    ("components.kubernetes.base_path", Text),
    ("components.kubernetes.provider", Text),
    ("components.kubernetes.auto_generate_files", Flag),
    ("components.kubernetes.source", Absent),
    ("components.helm.base_path", Text),
    ("components.helm.auto_generate_files", Flag),
    ("components.helm.source", Absent),
    ("components.helm.plugins", Absent),
    ("components.helm.repositories", Absent),
    ("components.list", Section),
    ("stacks.base_path", Text),
    ("stacks.included_paths", List),
    ("stacks.excluded_paths", List),
    ("stacks.name_pattern", Text),
    ("stacks.name_template", Text),
    ("stacks.list", Section),
    ("stacks.inherit", Section),
    ("workflows.base_path", Text),
    ("workflows.list.format", Text),
    ("workflows.list.columns", List),
];

/// What stands in the sections of lists and planfiles, whenever these are shown.
const INSIDE: &[(&str, &str, Empty)] = &[
    ("components.terraform.planfiles", "default", Text),
    ("components.list", "format", Text),
    ("components.list", "columns", List),
    ("stacks.list", "format", Text),
    ("stacks.list", "columns", List),
];

/// Defaults of this program that the reference applies without showing them.
const HIDDEN: &[(&str, &str, &str)] =
    &[("components.terraform.workspace", "prefix_separator", "-"), ("stacks.inherit", "source", "true")];

impl Config {
    /// `base_path`, `components`, `stacks` and `workflows`, filled in. JSON shows more of what is empty than YAML.
    pub fn for_component(&self, json: bool) -> Node {
        let all = self.described();
        let mut shown = Node::empty_map();
        for (path, empty) in SETTINGS {
            // Lists are filled in where nobody has written them.
            let source = if *empty == List { &self.document } else { &all };
            let written = source.get_path(path.split('.')).filter(|node| !node.is_null());
            let node = match empty {
                Section => section(path, written, json),
                _ => written.cloned().or_else(|| empty.node(json)),
            };
            if let Some(node) = node {
                set_path(&mut shown, path, node);
            }
        }
        self.add_other_kinds(&mut shown, json);
        shown
    }

    /// Settings of kinds of components that the configuration brings.
    fn add_other_kinds(&self, shown: &mut Node, json: bool) {
        let known = |kind: &str| SETTINGS.iter().any(|(path, _)| path.split('.').nth(1) == Some(kind));
        let all = self.document.get("components").and_then(Node::as_map).into_iter().flatten();
        let others: Map =
            all.filter(|(kind, _)| !known(kind)).map(|(kind, node)| (kind.clone(), node.clone())).collect();
        if json {
            let others = if others.is_empty() { Node::default() } else { Node::from(others) };
            set_path(shown, "components.Plugins", others);
        } else if let Some(Value::Map(components)) = shown.make_map().get_mut("components").map(|node| &mut node.value)
        {
            std::sync::Arc::make_mut(components).extend(others);
        }
    }
}

fn section(path: &str, written: Option<&Node>, json: bool) -> Option<Node> {
    let hidden = |key: &str, node: &Node| {
        let text = node.scalar_text().unwrap_or_default();
        HIDDEN.iter().any(|(section, name, value)| (*section, *name, *value) == (path, key, &*text))
    };
    let written: Map = written
        .and_then(Node::as_map)
        .into_iter()
        .flatten()
        .filter(|(key, node)| !hidden(key, node))
        .map(|(key, node)| (key.clone(), node.clone()))
        .collect();
    if written.is_empty() && !json {
        return None;
    }
    let mut section = Node::from(Map::default());
    for (_, key, empty) in INSIDE.iter().filter(|(owner, ..)| *owner == path) {
        set_path(&mut section, key, empty.node(json).unwrap_or_default());
    }
    section.make_map().extend(written);
    Some(section)
}

impl Empty {
    fn node(self, json: bool) -> Option<Node> {
        match self {
            Text => Some(Node::from("")),
            Flag => Some(Node::from(false)),
            List if json => Some(Node::default()),
            List => Some(Node::from(Vec::new())),
            Section if json => Some(Node::empty_map()),
            Section | Absent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Project;
    use super::*;

    fn described(more: &str, json: bool) -> Node {
        let text = format!("base_path: .\nstacks: {{base_path: stacks, name_pattern: '{{stage}}'}}\n{more}");
        Project::new(&[("repo/atmos.yaml", &text)]).load().for_component(json)
    }

    fn keys(node: &Node, path: &[&str]) -> String {
        let map = node.get_path(path.iter().copied()).and_then(Node::as_map).unwrap();
        map.keys().map(|key| &**key).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn json_shows_every_setting_in_the_order_of_the_reference() {
        let all = described("components: {terraform: {base_path: c, command: tofu}, mock: {a: 1}}\n", true);
        for (path, expected) in [
            (&[][..], "base_path components stacks workflows"),
            (&["components"], "terraform helmfile packer ansible kubernetes helm list Plugins"),
            (
                &["components", "terraform"],
                "base_path apply_auto_approve append_user_agent deploy_run_init init_run_reconfigure \
                 auto_generate_backend_file auto_generate_files command shell init plan lint planfiles plugin_cache \
                 auto_provision_workdir_for_outputs ci workspace",
            ),
            (&["components", "terraform", "workspace"], ""),
            (&["components", "Plugins", "mock"], "a"),
            (&["components", "list"], "format columns"),
            (&["stacks"], "base_path included_paths excluded_paths name_pattern name_template list inherit"),
            (&["stacks", "inherit"], "metadata"),
        ] {
            assert_eq!(keys(&all, path), expected, "{path:?}");
        }
        assert!(all.get_path(["stacks", "excluded_paths"]).is_some_and(Node::is_null));
        let written = described("list: {}\nworkflows: {list: {columns: []}}\n", true);
        assert_eq!(written.get_path(["workflows", "list", "columns"]), Some(&Node::from(Vec::new())));
    }

    #[test]
    fn yaml_leaves_empty_sections_out() {
        let all = described("components: {terraform: {base_path: c}, list: {format: json}, mock: {a: 1}}\n", false);
        for (path, shown) in [
            ("components.terraform.lint", false),
            ("components.terraform.shell.prompt", true),
            ("components.Plugins", false),
            ("components.mock.a", true),
            ("components.list.columns", true),
            ("stacks.list", false),
            ("workflows.list.columns", true),
        ] {
            assert_eq!(all.get_path(path.split('.')).is_some(), shown, "{path}");
        }
        assert_eq!(all.get_path(["stacks", "excluded_paths"]), Some(&Node::from(Vec::new())));
    }
}
