//! The sections of a component: which kinds have them and which layers they are merged from.

use super::kind::Kind;
use crate::value::Node;

/// A section that is merged layer by layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Vars,
    Settings,
    Env,
    Auth,
    Hooks,
    Generate,
    Providers,
    RequiredProviders,
    Secrets,
    Dependencies,
    Locals,
    Metadata,
    Test,
    Mocks,
    Backend,
    RemoteStateBackend,
    Source,
    Provision,
    Retry,
    // Sections of any type from here on.
    Plugins,
    Paths,
    Manifests,
    Validate,
    Render,
    Chart,
    Values,
    ValuesFiles,
    Repositories,
    Version,
    Repository,
    Namespace,
    Name,
}

/// Number of [`Section`]s.
const COUNT: usize = 32;

impl Section {
    pub(crate) const ALL: [Section; COUNT] = [
        Section::Vars,
        Section::Settings,
        Section::Env,
        Section::Auth,
        Section::Hooks,
        Section::Generate,
        Section::Providers,
        Section::RequiredProviders,
        Section::Secrets,
        Section::Dependencies,
        Section::Locals,
        Section::Metadata,
        Section::Test,
        Section::Mocks,
        Section::Backend,
        Section::RemoteStateBackend,
        Section::Source,
        Section::Provision,
        Section::Retry,
        Section::Plugins,
        Section::Paths,
        Section::Manifests,
        Section::Validate,
        Section::Render,
        Section::Chart,
        Section::Values,
        Section::ValuesFiles,
        Section::Repositories,
        Section::Version,
        Section::Repository,
        Section::Namespace,
        Section::Name,
    ];

    /// The section that a key of a manifest stands for.
    pub(crate) fn of_key(key: &str) -> Option<Section> {
        Section::ALL.into_iter().find(|section| section.key() == key)
    }

    pub(crate) fn key(self) -> &'static str {
        match self {
            Section::Vars => "vars",
            Section::Settings => "settings",
            Section::Env => "env",
            Section::Auth => "auth",
            Section::Hooks => "hooks",
            Section::Generate => "generate",
            Section::Providers => "providers",
            Section::RequiredProviders => "required_providers",
            Section::Secrets => "secrets",
            Section::Dependencies => "dependencies",
            Section::Locals => "locals",
            Section::Metadata => "metadata",
            Section::Test => "test",
            Section::Mocks => "mocks",
            Section::Backend => "backend",
            Section::RemoteStateBackend => "remote_state_backend",
            Section::Source => "source",
            Section::Provision => "provision",
            Section::Retry => "retry",
            Section::Plugins => "plugins",
            Section::Paths => "paths",
            Section::Manifests => "manifests",
            Section::Validate => "validate",
            Section::Render => "render",
            Section::Chart => "chart",
            Section::Values => "values",
            Section::ValuesFiles => "values_files",
            Section::Repositories => "repositories",
            Section::Version => "version",
            Section::Repository => "repository",
            Section::Namespace => "namespace",
            Section::Name => "name",
        }
    }

    /// Whether components of this kind have the section.
    pub(crate) fn applies_to(self, kind: &Kind) -> bool {
        use Kind::{Helm, Helmfile, Kubernetes, Packer, Terraform};
        match self {
            Section::Vars
            | Section::Settings
            | Section::Env
            | Section::Auth
            | Section::Secrets
            | Section::Dependencies
            | Section::Locals
            | Section::Metadata
            | Section::Retry => true,
            Section::Hooks => matches!(kind, Terraform | Helmfile | Kubernetes | Helm),
            Section::Generate => matches!(kind, Terraform | Kubernetes | Helm),
            Section::Source | Section::Provision => matches!(kind, Terraform | Helmfile | Packer | Kubernetes | Helm),
            Section::Providers
            | Section::RequiredProviders
            | Section::Test
            | Section::Mocks
            | Section::Backend
            | Section::RemoteStateBackend => *kind == Terraform,
            Section::Plugins => matches!(kind, Helm | Helmfile),
            Section::Paths | Section::Manifests | Section::Validate => *kind == Kubernetes,
            Section::Render => matches!(kind, Kubernetes | Helm),
            _ => *kind == Helm,
        }
    }

    /// Whether the top level of a manifest is a layer.
    pub(crate) fn has_global(self, kind: &Kind) -> bool {
        match self {
            Section::Vars
            | Section::Settings
            | Section::Env
            | Section::Auth
            | Section::Dependencies
            | Section::Metadata => true,
            Section::Hooks | Section::Generate => matches!(kind, Kind::Terraform | Kind::Kubernetes | Kind::Helm),
            Section::Secrets => matches!(kind, Kind::Terraform | Kind::Helmfile | Kind::Packer | Kind::Ansible),
            _ => false,
        }
    }

    /// Whether the section of the kind (`terraform:` ...) is a layer.
    pub(crate) fn has_kind_level(self, kind: &Kind) -> bool {
        match self {
            Section::Vars | Section::Settings | Section::Env | Section::Auth | Section::Dependencies => true,
            Section::Hooks | Section::Generate | Section::Source | Section::Provision => {
                matches!(kind, Kind::Terraform | Kind::Kubernetes | Kind::Helm)
            }
            Section::Providers | Section::Backend | Section::RemoteStateBackend => *kind == Kind::Terraform,
            Section::Paths | Section::Manifests | Section::Validate | Section::Render => *kind == Kind::Kubernetes,
            _ => false,
        }
    }

    /// Whether `overrides` may hold the section.
    pub(crate) fn has_overrides(self) -> bool {
        matches!(
            self,
            Section::Vars
                | Section::Settings
                | Section::Env
                | Section::Auth
                | Section::Secrets
                | Section::Retry
                | Section::Providers
                | Section::RequiredProviders
                | Section::Hooks
                | Section::Generate
        )
    }

    /// Whether the section must be a map.
    pub(crate) fn is_map(self) -> bool {
        (self as usize) < Section::Plugins as usize
    }

    /// The stable phrase for a value of the wrong type in a component.
    pub(crate) fn component_phrase(self) -> String {
        match self {
            Section::Test | Section::Mocks | Section::Retry => "invalid configuration".to_owned(),
            section => format!("invalid component {} section", section.key()),
        }
    }
}

/// The sections that components of each kind have, by the name of the kind.
#[cfg(test)]
pub(crate) fn section_keys() -> Vec<(&'static str, Vec<&'static str>)> {
    ["terraform", "helmfile", "packer", "kubernetes", "helm"]
        .into_iter()
        .map(|name| {
            let kind = Kind::from_key(name);
            let sections = Section::ALL.into_iter().filter(|section| section.applies_to(&kind));
            (name, sections.map(Section::key).collect())
        })
        .collect()
}

/// One value per section, absent where a layer has none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bag {
    nodes: [Option<Node>; COUNT],
}

impl Bag {
    pub(crate) fn get(&self, section: Section) -> Option<&Node> {
        self.nodes[section as usize].as_ref()
    }

    pub(crate) fn set(&mut self, section: Section, node: Node) {
        self.nodes[section as usize] = Some(node);
    }

    pub(crate) fn take(&mut self, section: Section) -> Option<Node> {
        self.nodes[section as usize].take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_its_own_slot() {
        for (index, section) in Section::ALL.into_iter().enumerate() {
            assert_eq!(section as usize, index, "{}", section.key());
        }
    }
}
