//! The settings that the rest of the program reads.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::engine::Engine;
use super::error::Error;
use crate::fetch::{self, Fetcher};
use crate::host::{Host, Rules};
use crate::merge::ListStrategy;
use crate::value::Node;

/// The whole configuration: typed where the program decides by it, and the merged document beside it.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// At least one configuration file exists.
    pub found: bool,
    /// Every file that was merged, in reading order.
    pub files: Vec<PathBuf>,
    /// Directory of `atmos.yaml`; the working directory when there is none.
    pub directory: PathBuf,
    /// Every directory that `--config` and `--config-path` named; otherwise `directory` alone.
    pub directories: Vec<PathBuf>,
    /// Absolute.
    pub base_path: PathBuf,
    /// `base_path` as a flag or the environment gives it.
    pub given_base_path: Option<String>,
    pub stacks: Stacks,
    pub terraform: Terraform,
    pub helmfile: Helmfile,
    pub workflows: Workflows,
    pub logs: Logs,
    pub settings: Settings,
    pub engine: Engine,
    pub templates: Templates,
    pub describe: Describe,
    /// Names of the profiles in force, lowest first.
    pub profiles: Vec<String>,
    /// `env:` as a map; the lowest layer of every component's `env`.
    pub env: Node,
    /// `auth:` as a map, in the spelling of the files.
    pub auth: Node,
    /// The same as descriptions of components show it; filled by who describes one first.
    pub described_auth: OnceLock<Node>,
    /// What components merge of the configuration; filled by who merges one first.
    pub shared: OnceLock<Shared>,
    /// The whole merged document with defaults, unknown keys included.
    pub document: Node,
    /// `imports:` and the injection of tokens, for manifests that import from elsewhere.
    pub remote: fetch::Settings,
    /// What was fetched already; one for the whole run.
    pub fetcher: Arc<Fetcher>,
    /// `ATMOS_*` names of `env:` that the process environment does not have; they count as if it had.
    pub promoted: BTreeMap<String, String>,
}

/// Sections of the configuration that lie below those of components. What was read there is data, as in manifests.
#[derive(Debug, Clone)]
pub struct Shared {
    pub env: Node,
    pub auth: Node,
    /// `integrations.github`
    pub github: Option<Node>,
}

/// `stacks:`
#[derive(Debug, Clone, Default)]
pub struct Stacks {
    /// Absolute.
    pub base_path: PathBuf,
    /// As configured; empty when it is missing.
    pub base_path_setting: String,
    /// Globs relative to `base_path`.
    pub included_paths: Vec<String>,
    /// Globs relative to `base_path`.
    pub excluded_paths: Vec<String>,
    pub name_pattern: Option<String>,
    pub name_template: Option<String>,
    pub inherit_metadata: bool,
    pub inherit_source: bool,
}

/// `components.terraform:`
#[derive(Debug, Clone, Default)]
pub struct Terraform {
    /// Absolute.
    pub base_path: PathBuf,
    /// As configured; empty when it is missing.
    pub base_path_setting: String,
    /// `terraform` unless configured.
    pub command: String,
    pub apply_auto_approve: bool,
    pub deploy_run_init: bool,
    /// `deploy_run_init` stands in a file or variable, and is not just the default.
    pub deploy_run_init_set: bool,
    pub init_run_reconfigure: bool,
    pub auto_generate_backend_file: bool,
    /// `auto_generate_backend_file` stands in a file or variable, and is not just the default.
    pub auto_generate_backend_file_set: bool,
    pub auto_generate_files: bool,
    pub workspaces_enabled: bool,
    /// `None` when it was set to the empty text.
    pub append_user_agent: Option<String>,
    pub init_pass_vars: bool,
    /// `init.pass_vars` stands in a file or variable, and is not just the default.
    pub init_pass_vars_set: bool,
    /// What the implicit init says is shown only where it fails.
    pub init_quiet: bool,
    /// Every instance has a data directory of its own.
    pub isolate_data_dir: bool,
    pub plan_skip_planfile: bool,
    pub plugin_cache: bool,
    /// Where providers are cached; `None` when `plugin_cache` is off.
    pub plugin_cache_dir: Option<PathBuf>,
    /// No varfile stays behind a run.
    pub remove_varfiles: bool,
    /// Stands for `/` in default state prefixes.
    pub workspace_prefix_separator: String,
    pub shell_prompt: Option<String>,
}

/// `components.helmfile:`
#[derive(Debug, Clone, Default)]
pub struct Helmfile {
    /// Absolute.
    pub base_path: PathBuf,
    /// As configured; empty when it is missing.
    pub base_path_setting: String,
    /// `helmfile` unless configured.
    pub command: String,
    pub use_eks: bool,
    pub auto_generate_files: bool,
    pub kubeconfig_path: Option<String>,
    pub cluster_name: Option<String>,
    pub cluster_name_pattern: Option<String>,
    pub cluster_name_template: Option<String>,
    pub helm_aws_profile_pattern: Option<String>,
}

/// `workflows:`
#[derive(Debug, Clone, Default)]
pub struct Workflows {
    /// Absolute.
    pub base_path: PathBuf,
    /// As configured; empty when it is missing.
    pub base_path_setting: String,
}

/// `logs:`
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// One of Trace, Debug, Info, Warning, Error, Off.
    pub level: String,
    pub file: String,
}

/// `settings:`
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub list_merge_strategy: ListStrategy,
    /// `settings.terminal.tab_width`: columns per level of YAML output.
    pub tab_width: usize,
    /// `settings.experimental`: silence, disable, warn or error.
    pub experimental: String,
    /// `settings.functions`: what functions may do outside of the repository.
    pub functions: Rules,
    pub git_sts: GitSts,
}

/// `settings.pro.git_sts`: what integrations of kind `github/sts` do that do not say it themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitSts {
    /// `env` or `file`.
    pub mode: Option<String>,
    pub revoke: Option<bool>,
}

/// `templates.settings:`
#[derive(Debug, Clone, Default)]
pub struct Templates {
    pub enabled: bool,
    pub sprig: bool,
    pub gomplate: bool,
    pub evaluations: u32,
    /// Opening and closing delimiter; `None` for the usual `{{` and `}}`.
    pub delimiters: Option<(String, String)>,
    pub ignore_missing_values: bool,
}

impl Templates {
    /// What a template of a component begins with.
    pub fn opening(&self) -> &str {
        self.delimiters.as_ref().map_or("{{", |(opening, _)| opening)
    }
}

/// `describe:`
#[derive(Debug, Clone, Default)]
pub struct Describe {
    pub provenance: bool,
    /// `describe.component.filter`: schema or full.
    pub filter: String,
    /// strict, warn or silent.
    pub error_mode: String,
    pub include_empty: bool,
    pub eager_evaluation: bool,
}

impl Config {
    /// What every command that reads stacks needs.
    ///
    /// # Errors
    /// `stacks.base_path` or `stacks.included_paths` is missing.
    pub fn require_stacks(&self) -> Result<(), Error> {
        if self.stacks.base_path_setting.is_empty() {
            return Err(Error::StacksBasePath);
        }
        if self.stacks.included_paths.is_empty() {
            return Err(Error::StacksIncludedPaths);
        }
        Ok(())
    }

    /// A variable of the process environment, or an `ATMOS_*` name of the configuration's `env:` section; not empty.
    pub fn variable<'a>(&'a self, host: &'a Host, name: &str) -> Option<&'a str> {
        let promoted = || self.promoted.get(name).map(String::as_str).filter(|value| !value.is_empty());
        host.env.get(name).or_else(promoted)
    }
}
