//! Kinds of components.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Config;
use crate::value::Node;

/// What kind of tool a component is for. The order is that in which a component without a given kind is searched.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Terraform,
    Helmfile,
    Packer,
    Ansible,
    /// Any other key below `components`.
    Custom(Arc<str>),
    Kubernetes,
    Helm,
}

impl Kind {
    /// The kind that a key below `components` stands for.
    pub fn from_key(key: &str) -> Kind {
        match key {
            "terraform" => Kind::Terraform,
            "helmfile" => Kind::Helmfile,
            "packer" => Kind::Packer,
            "ansible" => Kind::Ansible,
            "kubernetes" => Kind::Kubernetes,
            "helm" => Kind::Helm,
            other => Kind::Custom(Arc::from(other)),
        }
    }

    /// The kinds in which a component is searched when none is given.
    pub fn searched() -> Vec<Kind> {
        let custom = |name: &str| Kind::Custom(Arc::from(name));
        vec![
            Kind::Terraform,
            Kind::Helmfile,
            Kind::Packer,
            Kind::Ansible,
            custom("container"),
            custom("emulator"),
            Kind::Kubernetes,
            Kind::Helm,
        ]
    }

    /// The key below `components`, which is also the name of the section with defaults of the kind.
    pub fn key(&self) -> &str {
        match self {
            Kind::Terraform => "terraform",
            Kind::Helmfile => "helmfile",
            Kind::Packer => "packer",
            Kind::Ansible => "ansible",
            Kind::Kubernetes => "kubernetes",
            Kind::Helm => "helm",
            Kind::Custom(name) => name,
        }
    }

    /// Whether lists and descriptions of many components show the kind: those of the reference, and those for which
    /// `atmos.yaml` has a command. What nobody can run is hidden.
    pub fn is_listed(&self, config: &Config) -> bool {
        match self {
            Kind::Custom(name) => {
                matches!(&**name, "container" | "emulator") || has_command(config.document.get("commands"), name)
            }
            _ => true,
        }
    }

    /// The directory that holds the components of this kind; `None` for kinds whose components have no directory.
    pub fn base_path(&self, config: &Config) -> Option<PathBuf> {
        match self {
            Kind::Terraform => Some(config.terraform.base_path.clone()),
            Kind::Helmfile => Some(config.helmfile.base_path.clone()),
            Kind::Custom(_) => None,
            kind => {
                let setting = config.document.get_path(["components", kind.key(), "base_path"]);
                let setting = setting.and_then(Node::as_str).unwrap_or("");
                Some(crate::host::fs::clean(&config.base_path.join(setting)))
            }
        }
    }

    /// The program of the kind as `atmos.yaml` has it, else the name of the kind.
    pub(crate) fn command(&self, config: &Config) -> String {
        let setting = config.document.get_path(["components", self.key(), "command"]);
        let setting = setting.and_then(Node::as_str).unwrap_or("");
        let configured = match self {
            Kind::Terraform => config.terraform.command.as_str(),
            Kind::Helmfile => config.helmfile.command.as_str(),
            Kind::Packer | Kind::Ansible => setting,
            Kind::Kubernetes | Kind::Helm | Kind::Custom(_) => "",
        };
        if configured.is_empty() { self.key().to_owned() } else { configured.to_owned() }
    }
}

/// Whether one of these commands, or of those below them, is for components of a kind.
fn has_command(commands: Option<&Node>, kind: &str) -> bool {
    let commands = commands.and_then(Node::as_list).unwrap_or_default();
    commands.iter().any(|command| {
        command.get_path(["component", "type"]).and_then(Node::as_str) == Some(kind)
            || has_command(command.get("commands"), kind)
    })
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}
