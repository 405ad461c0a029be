//! A component in a stack, as everything above this module sees it.

use std::path::PathBuf;
use std::sync::Arc;

use super::kind::Kind;
use super::layered::Layered;
use super::mark::attribute;
use crate::auth::resolution::ScopedDefault;
use crate::config::Config;
use crate::value::{Map, Node, fixed_key, map_with_capacity};

/// Keys that the document of a component rarely exceeds, those that others add included.
const KEYS: usize = 42;

/// Effective values of the sections. Sections that the kind has not, or that nobody wrote, are empty maps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sections {
    pub vars: Node,
    pub settings: Node,
    pub env: Node,
    pub auth: Node,
    pub metadata: Node,
    pub overrides: Node,
    pub hooks: Node,
    pub providers: Node,
    pub generate: Node,
    pub required_providers: Node,
    /// The settings of the effective backend, not keyed by its type.
    pub backend: Node,
    pub remote_state_backend: Node,
    pub source: Node,
    pub provision: Node,
    pub dependencies: Node,
    pub locals: Node,
    pub retry: Node,
    pub secrets: Node,
    pub test: Node,
    pub backend_type: String,
    pub remote_state_backend_type: String,
    pub required_version: String,
    /// Sections that only some kinds have (`plugins`, `chart`, everything of a custom kind), and `mocks`.
    pub extra: Map,
}

impl Sections {
    /// The named sections of which every value may hold functions and templates.
    pub fn named(&self) -> [(&'static str, &Node); 19] {
        [
            ("vars", &self.vars),
            ("settings", &self.settings),
            ("env", &self.env),
            ("auth", &self.auth),
            ("metadata", &self.metadata),
            ("overrides", &self.overrides),
            ("hooks", &self.hooks),
            ("providers", &self.providers),
            ("generate", &self.generate),
            ("required_providers", &self.required_providers),
            ("backend", &self.backend),
            ("remote_state_backend", &self.remote_state_backend),
            ("source", &self.source),
            ("provision", &self.provision),
            ("dependencies", &self.dependencies),
            ("locals", &self.locals),
            ("retry", &self.retry),
            ("secrets", &self.secrets),
            ("test", &self.test),
        ]
    }

    /// The same sections, to be changed.
    pub fn named_mut(&mut self) -> [(&'static str, &mut Node); 19] {
        [
            ("vars", &mut self.vars),
            ("settings", &mut self.settings),
            ("env", &mut self.env),
            ("auth", &mut self.auth),
            ("metadata", &mut self.metadata),
            ("overrides", &mut self.overrides),
            ("hooks", &mut self.hooks),
            ("providers", &mut self.providers),
            ("generate", &mut self.generate),
            ("required_providers", &mut self.required_providers),
            ("backend", &mut self.backend),
            ("remote_state_backend", &mut self.remote_state_backend),
            ("source", &mut self.source),
            ("provision", &mut self.provision),
            ("dependencies", &mut self.dependencies),
            ("locals", &mut self.locals),
            ("retry", &mut self.retry),
            ("secrets", &mut self.secrets),
            ("test", &mut self.test),
        ]
    }
}

/// One component in one stack, merged; functions and templates in its values are as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Name of the component.
    pub name: String,
    pub kind: Kind,
    /// Canonical name of the stack, however it was addressed.
    pub stack: String,
    /// What the name template makes of a stack whose manifest has a name of its own: Spacelift goes by the template.
    /// Only where the component is a workspace of Spacelift.
    pub template_name: Option<String>,
    /// Key of the manifest that defines the instance.
    pub manifest: String,
    /// Directory below the base path of the kind.
    pub folder: String,
    /// What `component` prints: `metadata.component` or the legacy `component` of this instance, else its name.
    pub component: String,
    /// The directory's component where it is not the instance's own name, inherited ones included.
    pub base_component: Option<String>,
    /// Bases, nearest first, each once.
    pub inheritance: Vec<String>,
    /// Keys of all imported files, sorted.
    pub imports: Arc<[Arc<str>]>,
    pub abstract_: bool,
    pub enabled: bool,
    pub locked: bool,
    /// Program to run. Of attributes that are texts, those that are data are marked until the instance is evaluated.
    pub command: String,
    /// Somebody wrote which program it is, in a stack or in `atmos.yaml`.
    pub command_set: bool,
    pub workspace: String,
    /// Identities that the stack's own scopes make default, with the scope.
    pub auth_defaults: Vec<ScopedDefault>,
    pub sections: Sections,
    /// `auth` as descriptions show it, where that is not the section itself.
    pub described_auth: Option<Node>,
    /// Where functions of one layer meet values of others; evaluation merges them.
    pub layered: Vec<Layered>,
}

impl Instance {
    /// Absolute directory of the component; `None` for kinds without directories.
    pub fn path(&self, config: &Config) -> Option<PathBuf> {
        self.kind.base_path(config).map(|base| crate::host::fs::clean(&base.join(&self.folder)))
    }

    /// Name, stack and manifest, under the keys by which the reference gives them.
    pub fn names(&self) -> [(&'static str, &str); 5] {
        [
            ("atmos_component", &self.name),
            ("atmos_stack", &self.stack),
            ("stack", &self.stack),
            ("atmos_stack_file", &self.manifest),
            ("atmos_manifest", &self.manifest),
        ]
    }

    /// Whether two definitions of one component in different manifests say the same.
    pub(crate) fn same_configuration(&self, other: &Instance) -> bool {
        self.sections == other.sections
            && self.component == other.component
            && self.inheritance == other.inheritance
            && self.command == other.command
    }

    /// The sections of the component under their keys, as both describe commands print them: those that the kind always
    /// has, and the others where they are not empty.
    pub fn to_map(&self) -> Map {
        let mut map = map_with_capacity(KEYS);
        let mut put = |key: &'static str, node: Node| map.insert(fixed_key(key), node);
        let always = |key: &str| self.always_has(key);
        for (key, node) in self.sections.named() {
            let node = if key == "auth" { self.described_auth.as_ref().unwrap_or(node) } else { node };
            if always(key) || !node.is_empty() {
                put(key, if node.is_null() { Node::empty_map() } else { node.clone() });
            }
        }
        if self.kind == Kind::Terraform {
            put("backend_type", attribute(&self.sections.backend_type));
            put("remote_state_backend_type", attribute(&self.sections.remote_state_backend_type));
            put("required_version", attribute(&self.sections.required_version));
        }
        if !matches!(self.kind, Kind::Custom(_)) {
            put("command", attribute(&self.command));
            put("inheritance", list(&self.inheritance));
        }
        put("component", attribute(&self.component));
        map.extend(self.sections.extra.iter().map(|(key, node)| (key.clone(), node.clone())));
        map
    }

    fn always_has(&self, key: &str) -> bool {
        use super::section::Section;
        let has = |section: Section| section.applies_to(&self.kind);
        match key {
            "vars" => true,
            "settings" | "env" | "auth" | "metadata" | "overrides" => !matches!(self.kind, Kind::Custom(_)),
            "hooks" => has(Section::Hooks),
            "generate" => has(Section::Generate),
            "source" | "provision" => has(Section::Source),
            "providers" | "required_providers" | "backend" | "remote_state_backend" => self.kind == Kind::Terraform,
            _ => false,
        }
    }
}

/// A list of texts.
pub(crate) fn list(texts: &[String]) -> Node {
    Node::from(texts.iter().map(|text| Node::from(text.as_str())).collect::<Vec<_>>())
}
