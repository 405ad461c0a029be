//! What records of components (dependents, affected ones) say of the component itself.

use std::path::Path;

use crate::component::{self, Instance, Kind};
use crate::config::Config;
use crate::graph::Context;
use crate::host::fs;
use crate::value::Node;

/// A component in a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subject {
    pub component: String,
    pub component_type: String,
    /// Directory of the component, relative as the configuration has it; empty for kinds of which the reference gives none.
    pub component_path: String,
    pub context: Context,
    pub stack: String,
    /// `<stack>-<component>` without slashes in the component.
    pub stack_slug: String,
    pub spacelift_stack: Option<String>,
    pub atlantis_project: Option<String>,
}

impl Subject {
    /// The sections that have to be evaluated before [`Subject::of`].
    pub(super) const SECTIONS: [&'static str; 2] = ["vars", "settings"];

    pub(super) fn of(config: &Config, evaluated: &Instance) -> Subject {
        let terraform = evaluated.kind == Kind::Terraform;
        Subject {
            component: evaluated.name.clone(),
            component_type: evaluated.kind.to_string(),
            component_path: path(config, evaluated).unwrap_or_default(),
            context: Context::of(&evaluated.sections.vars),
            stack: evaluated.stack.clone(),
            stack_slug: Subject::slug(&evaluated.stack, &evaluated.name),
            spacelift_stack: terraform.then(|| component::spacelift_stack(config, evaluated)).flatten(),
            atlantis_project: terraform.then(|| component::atlantis_project(config, evaluated)).flatten(),
        }
    }
}

/// The directory of a component below the base path of the project as it is written.
fn path(config: &Config, instance: &Instance) -> Option<String> {
    if !matches!(instance.kind, Kind::Terraform | Kind::Helmfile | Kind::Packer) {
        return None;
    }
    let base = config.document.get("base_path").and_then(Node::as_str).unwrap_or_default();
    Some(fs::clean(&Path::new(base).join(relative_path(config, instance)?)).display().to_string())
}

/// The directory of a component as `describe stacks` shows it: below the base path of the kind as it is written.
pub(super) fn relative_path(config: &Config, instance: &Instance) -> Option<String> {
    let base = match &instance.kind {
        Kind::Terraform | Kind::Helmfile | Kind::Packer | Kind::Ansible => {
            config.document.get_path(["components", instance.kind.key(), "base_path"])?.as_str()?
        }
        Kind::Custom(name) if &**name == "container" => "components/container",
        // The others are not told where they lie.
        _ => return None,
    };
    if base.is_empty() {
        return None;
    }
    let folder = &instance.folder;
    let is_clean = |path: &str| path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if is_clean(base) && is_clean(folder) {
        return Some(format!("{base}/{folder}"));
    }
    Some(fs::clean(&Path::new(base).join(folder)).display().to_string())
}

impl Subject {
    pub(super) fn slug(stack: &str, component: &str) -> String {
        format!("{stack}-{}", component.replace('/', "-"))
    }

    /// By what records are sorted among each other.
    pub(super) fn key(&self) -> (&str, &str, &str, &str) {
        (&self.stack_slug, &self.component, &self.stack, &self.component_type)
    }
}
