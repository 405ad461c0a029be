//! The configuration as `describe config` shows it: every key in the order of the reference, typed settings filled in,
//! and the absolute paths that follow from them.

use std::path::Path;

use super::model::Config;
use crate::host::fs;
use crate::value::{Node, map_with_capacity};

/// Order of the first level. What the table does not know follows in the order of the files.
const ORDER: [&str; 55] = [
    "base_path",
    "edition",
    "cast",
    "components",
    "stacks",
    "imports",
    "workflows",
    "logs",
    "diagnostics",
    "errors",
    "commands",
    "aliases",
    "integrations",
    "schemas",
    "templates",
    "settings",
    "describe",
    "stores",
    "secrets",
    "vendor",
    "initialized",
    "basePathAbsolute",
    "stacksBaseAbsolutePath",
    "includeStackAbsolutePaths",
    "excludeStackAbsolutePaths",
    "terraformDirAbsolutePath",
    "helmfileDirAbsolutePath",
    "packerDirAbsolutePath",
    "ansibleDirAbsolutePath",
    "kubernetesDirAbsolutePath",
    "helmDirAbsolutePath",
    "vendorDirAbsolutePath",
    "workflowsDirAbsolutePath",
    "default",
    "version",
    "validate",
    "cli_config_path",
    "import",
    "docs",
    "auth",
    "container",
    "compositions",
    "env",
    "profiler",
    "toolchain",
    "git",
    "devcontainer",
    "profiles",
    "metadata",
    "list",
    "ci",
    "ai",
    "aws",
    "mcp",
    "lsp",
];

impl Config {
    /// The whole effective configuration as one map.
    pub fn described(&self) -> Node {
        let mut all = self.document.clone();
        for (key, value) in self.typed() {
            super::defaults::set_path(&mut all, key, value);
        }
        if let Some(given) = &self.given_base_path {
            super::defaults::set_path(&mut all, "base_path", Node::from(given.as_str()));
        }
        for (key, value) in self.derived() {
            all.make_map().insert(key.into(), value);
        }
        let Some(map) = all.as_map() else { return all };
        let mut ordered = map_with_capacity(map.len());
        for (key, node) in ORDER.iter().filter_map(|key| map.get_key_value(*key)) {
            ordered.insert(key.clone(), node.clone());
        }
        for (key, node) in map {
            ordered.entry(key.clone()).or_insert_with(|| node.clone());
        }
        Node::from(ordered)
    }

    /// Settings in the types in which the program has them, also where nobody wrote them.
    fn typed(&self) -> Vec<(&'static str, Node)> {
        let text = |text: &str| Node::from(text);
        let words = |words: &[String]| Node::from(words.iter().map(|word| text(word)).collect::<Vec<_>>());
        let maybe = |value: &Option<String>| text(value.as_deref().unwrap_or_default());
        let (terraform, helmfile, stacks) = (&self.terraform, &self.helmfile, &self.stacks);
        let written = |keys: &[&str]| {
            let node = self.document.get_path(keys.iter().copied());
            node.and_then(Node::scalar_text).unwrap_or_default()
        };
        vec![
            ("components.terraform.base_path", text(&terraform.base_path_setting)),
            ("components.terraform.apply_auto_approve", terraform.apply_auto_approve.into()),
            ("components.terraform.append_user_agent", maybe(&terraform.append_user_agent)),
            ("components.terraform.deploy_run_init", terraform.deploy_run_init.into()),
            ("components.terraform.init_run_reconfigure", terraform.init_run_reconfigure.into()),
            ("components.terraform.auto_generate_backend_file", terraform.auto_generate_backend_file.into()),
            ("components.terraform.auto_generate_files", terraform.auto_generate_files.into()),
            ("components.terraform.command", written(&["components", "terraform", "command"]).into()),
            ("components.terraform.shell.prompt", maybe(&terraform.shell_prompt)),
            ("components.terraform.init.pass_vars", terraform.init_pass_vars.into()),
            ("components.terraform.plan.skip_planfile", terraform.plan_skip_planfile.into()),
            ("components.terraform.plugin_cache", terraform.plugin_cache.into()),
            ("components.helmfile.base_path", text(&helmfile.base_path_setting)),
            ("components.helmfile.use_eks", helmfile.use_eks.into()),
            ("components.helmfile.kubeconfig_path", maybe(&helmfile.kubeconfig_path)),
            ("components.helmfile.helm_aws_profile_pattern", maybe(&helmfile.helm_aws_profile_pattern)),
            ("components.helmfile.cluster_name_pattern", maybe(&helmfile.cluster_name_pattern)),
            ("components.helmfile.cluster_name_template", maybe(&helmfile.cluster_name_template)),
            ("components.helmfile.cluster_name", maybe(&helmfile.cluster_name)),
            ("components.helmfile.command", written(&["components", "helmfile", "command"]).into()),
            ("components.helmfile.auto_generate_files", helmfile.auto_generate_files.into()),
            ("stacks.base_path", text(&stacks.base_path_setting)),
            ("stacks.included_paths", words(&stacks.included_paths)),
            ("stacks.excluded_paths", words(&stacks.excluded_paths)),
            ("stacks.name_pattern", maybe(&stacks.name_pattern)),
            ("stacks.name_template", maybe(&stacks.name_template)),
            ("stacks.inherit.metadata", stacks.inherit_metadata.into()),
            ("workflows.base_path", text(&self.workflows.base_path_setting)),
            ("logs.file", text(&self.logs.file)),
            ("logs.level", text(&self.logs.level)),
            ("settings.list_merge_strategy", written(&["settings", "list_merge_strategy"]).into()),
            ("templates.settings.enabled", self.templates.enabled.into()),
            ("templates.settings.sprig.enabled", self.templates.sprig.into()),
            ("templates.settings.gomplate.enabled", self.templates.gomplate.into()),
        ]
    }

    /// What follows from the settings.
    fn derived(&self) -> Vec<(&'static str, Node)> {
        let path = |path: &Path| Node::from(path.display().to_string());
        let below = |base: &Path, words: &[String]| {
            Node::from(words.iter().map(|word| path(&fs::clean(&base.join(word)))).collect::<Vec<_>>())
        };
        let folder = |keys: &[&str]| {
            let setting = self.document.get_path(keys.iter().copied()).and_then(Node::scalar_text);
            path(&fs::clean(&self.base_path.join(setting.unwrap_or_default())))
        };
        vec![
            ("initialized", true.into()),
            ("basePathAbsolute", path(&self.base_path)),
            ("stacksBaseAbsolutePath", path(&self.stacks.base_path)),
            ("includeStackAbsolutePaths", below(&self.stacks.base_path, &self.stacks.included_paths)),
            ("excludeStackAbsolutePaths", below(&self.stacks.base_path, &self.stacks.excluded_paths)),
            ("terraformDirAbsolutePath", path(&self.terraform.base_path)),
            ("helmfileDirAbsolutePath", path(&self.helmfile.base_path)),
            ("packerDirAbsolutePath", folder(&["components", "packer", "base_path"])),
            ("ansibleDirAbsolutePath", folder(&["components", "ansible", "base_path"])),
            ("kubernetesDirAbsolutePath", folder(&["components", "kubernetes", "base_path"])),
            ("helmDirAbsolutePath", folder(&["components", "helm", "base_path"])),
            ("vendorDirAbsolutePath", folder(&["vendor", "base_path"])),
            ("workflowsDirAbsolutePath", path(&self.workflows.base_path)),
            ("default", (!self.found).into()),
            ("cli_config_path", path(&self.directory)),
        ]
    }
}
