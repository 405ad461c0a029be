//! The component that is run, as plain data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::exec::files::File;
use crate::exec::names::Names;
use crate::value::Node;

use super::sensitive::Declaration;

/// One terraform component in one stack, evaluated.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Name of the instance.
    pub component: String,
    /// Canonical name of the stack.
    pub stack: String,
    /// The stack's name as file names use it.
    pub context: String,
    /// What `metadata.component` names, if it is another component.
    pub base_component: Option<String>,
    /// The component's folder. Absolute.
    pub folder: PathBuf,
    /// The same below `base_path`, for messages.
    pub folder_name: String,
    /// Base path of terraform components as configured, for messages.
    pub base_path: String,
    pub workspace: String,
    /// `metadata.type: abstract`.
    pub abstract_: bool,
    pub enabled: bool,
    pub locked: bool,
    /// The program and where it was configured.
    pub command: String,
    pub command_source: String,
    pub backend_type: String,
    /// The backend that atmos writes; `None` when it writes none.
    pub backend: Option<Backend>,
    /// `providers_override.tf.json` and `terraform_override.tf.json`, as far as the instance has them.
    pub overrides: Vec<File>,
    /// Files of the `generate:` section.
    pub generated: Vec<File>,
    pub vars: Node,
    /// Variables that travel in the environment, never in a file (see [`super::sensitive`]).
    pub secret_vars: BTreeMap<String, Declaration>,
    /// Variables of the component's `test` section; null when it has none.
    pub test_vars: Node,
    pub env: Node,
    /// The data directory (`TF_DATA_DIR`) of this instance alone, relative to the folder; `None` where terraform's own or
    /// one that the user named is used.
    pub data_dir: Option<String>,
    pub settings: Settings,
}

/// The generated backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Backend {
    pub type_: String,
    /// The attributes of the backend block.
    pub config: serde_json::Value,
    /// The whole `backend.tf.json`.
    pub document: serde_json::Value,
}

/// What `atmos.yaml` says about terraform runs, after flags.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    pub apply_auto_approve: bool,
    pub deploy_run_init: bool,
    pub init_run_reconfigure: bool,
    pub init_pass_vars: bool,
    pub init_quiet: bool,
    /// The program (OpenTofu) may evaluate variables where modules and backends are named.
    pub evaluates_early: bool,
    pub plan_skip_planfile: bool,
    pub workspaces_enabled: bool,
}

/// Data directories of single instances, relative to the folder.
pub(super) const INSTANCES: &str = ".terraform/instances";
/// The file that carries the generated backend.
pub const BACKEND_FILE: &str = "backend.tf.json";
/// The same as HCL, which only `generate backends` writes. Terraform refuses both in one folder.
pub const HCL_BACKEND_FILE: &str = "backend.tf";
/// Override files that atmos writes, and removes when an instance has none.
pub const OVERRIDE_FILES: [&str; 2] = ["providers_override.tf.json", "terraform_override.tf.json"];

impl Target {
    pub fn names(&self) -> Names {
        Names::new(&self.context, &self.component, self.base_component.as_deref())
    }

    /// `<stack>/<component>`, the instance's name in records of its folder.
    pub fn id(&self) -> String {
        format!("{}/{}", self.stack, self.component)
    }

    /// The varfile: every variable that is not secret.
    pub fn varfile(&self) -> File {
        let mut vars = if self.vars.is_null() { Node::empty_map() } else { self.vars.clone() };
        if !self.secret_vars.is_empty() {
            vars.make_map().retain(|name, _| !self.secret_vars.contains_key(&**name));
        }
        File::json(self.names().varfile(), &vars)
    }

    /// The backend file of this instance.
    pub fn backend_file(&self) -> Option<File> {
        self.backend.as_ref().map(|backend| File::from_json(BACKEND_FILE, &backend.document))
    }

    /// Where the data directory of this instance alone is or would be, relative to the folder.
    pub fn own_data_dir(&self) -> String {
        format!("{INSTANCES}/{}", self.names().stem())
    }

    /// Where we keep what we know about the instance's plans.
    pub(super) fn memory_dir(&self) -> PathBuf {
        self.folder.join(self.data_dir.as_deref().unwrap_or(".terraform"))
    }

    /// Whether workspaces are of any use: not with the `http` backend, not when switched off.
    pub fn has_workspaces(&self) -> bool {
        self.settings.workspaces_enabled && self.backend_type != "http"
    }
}
