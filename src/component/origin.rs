//! Every place that gives a value to a path of a component, found again by walking the layers that it was merged from.
//!
//! Nothing here is needed to merge a component: who asks for origins pays for them.

use std::sync::Arc;

use super::build::merging;
use super::error::Error;
use super::instance::Instance;
use super::scope::Scope;
use super::section::Section;
use crate::config::Config;
use crate::host::Host;
use crate::merge::{ListStrategy, is_list_mark};
use crate::span::FileId;
use crate::stack::{FileLayer, OverrideLayer, StackIndex};
use crate::value::{Node, Value};

/// One place that gives a value.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where the value stands in its file, without the path that was asked for: `terraform.vars`.
    pub section: String,
    /// The base component that it belongs to.
    pub base: Option<String>,
    pub node: Node,
    /// Path of the manifest below the base path of the stacks; `None` for `atmos.yaml`.
    pub file: Option<String>,
    /// The manifests that lead to the file, itself included.
    pub chain: Vec<Arc<str>>,
    /// What all files say at this place is still marked (`!append` and the like) and so reaches what lies below it.
    pub waits: bool,
}

/// The layers of one component.
pub struct Origins<'a> {
    instance: &'a Instance,
    config: &'a Config,
    files: Vec<FileLayer>,
    /// The strongest first; `None` where only the component's own section counts.
    overrides: Option<Vec<OverrideLayer>>,
    /// The strongest first, each once.
    bases: Vec<(Arc<str>, ListStrategy)>,
    strategy: ListStrategy,
    /// That of the repository.
    global: ListStrategy,
    /// The files merged.
    merged: Node,
}

/// Where layers of a list meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// Defaults, bases, the component's own section, overrides.
    Levels,
    Bases,
    /// The same section in several files, or defaults of the kind and of all kinds.
    Files,
}

/// Whether a list says what it does to the one below it.
fn is_marked(node: &Node) -> bool {
    matches!(&node.value, Value::Function(function) if is_list_mark(&function.tag))
}

/// A place in a manifest: keys that lead to the section, and the base component that they belong to.
struct Level {
    keys: Vec<String>,
    base: Option<String>,
}

impl<'a> Origins<'a> {
    /// # Errors
    /// Those of merging the component.
    pub fn of(
        host: &'a Host,
        config: &'a Config,
        index: &'a StackIndex,
        instance: &'a Instance,
    ) -> Result<Origins<'a>, Error> {
        let mut origins = Origins {
            instance,
            config,
            files: Vec::new(),
            overrides: None,
            bases: Vec::new(),
            strategy: index.strategy(),
            global: index.strategy(),
            merged: Node::default(),
        };
        let Some(stack) = index.stacks().iter().find(|stack| *stack.key == *instance.manifest) else {
            return Ok(origins);
        };
        origins.files = index.layers(stack)?;
        origins.merged = index.document(stack)?.node.clone();
        origins.overrides = index.override_layers(stack, instance.kind.key(), &instance.name);
        if let Some(scope) = Scope::new(host, config, index, stack, instance.kind.clone())? {
            let (strategy, order) = merging(&scope, &instance.name)?;
            origins.strategy = strategy;
            for base in order.into_iter().rev() {
                if !origins.bases.iter().any(|(known, _)| *known == base.0) {
                    origins.bases.push(base);
                }
            }
        }
        Ok(origins)
    }

    /// How lists of the component are merged where these layers of the section `key` meet, the strongest first: settings of
    /// a stack or component count between levels only, and those of bases also among bases.
    pub fn strategies(&self, key: &str, candidates: &[Candidate]) -> Vec<(Meeting, ListStrategy)> {
        if matches!(key, "retry" | "backend" | "remote_state_backend") {
            return vec![(Meeting::Files, self.global)];
        }
        let level = |candidate: &Candidate| match (&candidate.base, candidate.section.as_str()) {
            (Some(_), _) => 1,
            (None, section) if section.split('.').any(|key| key == "overrides") => 3,
            (None, section) if section.starts_with("components.") => 2,
            (None, _) => 0,
        };
        let mut found = Vec::new();
        for pair in candidates.windows(2) {
            let [stronger, weaker] = pair else { continue };
            let meeting = match &stronger.base {
                _ if level(stronger) != level(weaker) => (Meeting::Levels, self.strategy),
                Some(base) if stronger.base != weaker.base => {
                    let own = self.bases.iter().find(|(known, _)| **known == **base);
                    (Meeting::Bases, own.map_or(self.strategy, |(_, strategy)| *strategy))
                }
                _ => (Meeting::Files, self.global),
            };
            if !found.contains(&meeting) {
                found.push(meeting);
            }
        }
        if found.is_empty() { vec![(Meeting::Levels, self.strategy)] } else { found }
    }

    /// The manifests of the stack, the strongest first.
    pub fn files(&self) -> &[FileLayer] {
        &self.files
    }

    /// The manifest with this number.
    pub fn file(&self, id: FileId) -> Option<&FileLayer> {
        self.files.iter().find(|file| file.node.span.file == id)
    }

    /// Everything that gives a value to `path` below the section or attribute `key`, the strongest first.
    pub fn candidates(&self, key: &str, path: &[&str]) -> Vec<Candidate> {
        let mut found = Vec::new();
        self.add_overrides(key, path, &mut found);
        for level in self.levels(key) {
            self.add_level(&level, key, path, &mut found);
        }
        let sections = &self.instance.sections;
        if key == "remote_state_backend" && sections.backend_type == sections.remote_state_backend_type {
            // What terraform uses itself is the first layer of what others read.
            found.extend(self.candidates("backend", path));
        }
        self.add_configuration(key, path, &mut found);
        found
    }

    /// The component, its bases, its kind and the top of the manifest, as far as they can have the key.
    fn levels(&self, key: &str) -> Vec<Level> {
        let kind = &self.instance.kind;
        let section = Section::of_key(key);
        let below = |name: &str| ["components", kind.key(), name].map(str::to_owned).to_vec();
        let mut levels = vec![Level { keys: below(&self.instance.name), base: None }];
        let inherited = match section {
            Some(Section::Metadata) => self.config.stacks.inherit_metadata,
            Some(Section::Source | Section::Provision) => self.config.stacks.inherit_source,
            _ => true,
        };
        let bases = self.bases.iter().filter(|_| inherited);
        levels.extend(bases.map(|(base, _)| Level { keys: below(base), base: Some(base.to_string()) }));
        if section.is_none_or(|section| section.has_kind_level(kind)) {
            levels.push(Level { keys: vec![kind.key().to_owned()], base: None });
        }
        if section.is_some_and(|section| section.has_global(kind)) {
            levels.push(Level { keys: Vec::new(), base: None });
        }
        levels
    }

    fn add_level(&self, level: &Level, key: &str, path: &[&str], found: &mut Vec<Candidate>) {
        if key == "metadata" && level.base.is_some() && matches!(path.first(), Some(&("inherits" | "type"))) {
            return;
        }
        let name: Vec<&str> = level.keys.iter().map(String::as_str).chain(self.section_keys(key)).collect();
        let whole = || name.iter().copied().chain(path.iter().copied());
        let waits = self.merged.get_path(whole()).is_some_and(is_marked);
        for file in &self.files {
            let Some(node) = file.node.get_path(whole()) else { continue };
            found.push(Candidate {
                section: name.join("."),
                base: level.base.clone(),
                node: node.clone(),
                file: Some(file.file.clone()),
                chain: file.chain.clone(),
                waits,
            });
        }
    }

    fn add_overrides(&self, key: &str, path: &[&str], found: &mut Vec<Candidate>) {
        let allowed = match Section::of_key(key) {
            Some(section) => section.has_overrides(),
            None => matches!(key, "command" | "required_version"),
        };
        if !allowed {
            return;
        }
        let Some(layers) = &self.overrides else {
            let keys = ["components", self.instance.kind.key(), &self.instance.name, "overrides"];
            return self.add_level(&Level { keys: keys.map(str::to_owned).to_vec(), base: None }, key, path, found);
        };
        for layer in layers {
            let Some(node) = layer.node.get_path([key].into_iter().chain(path.iter().copied())) else { continue };
            let file = self.file(layer.node.span.file);
            found.push(Candidate {
                section: format!("{}.{key}", layer.section),
                base: None,
                node: node.clone(),
                file: file.map(|file| file.file.clone()),
                chain: file.map(|file| file.chain.clone()).unwrap_or_default(),
                waits: is_marked(node),
            });
        }
    }

    /// What `atmos.yaml` gives to components.
    fn add_configuration(&self, key: &str, path: &[&str], found: &mut Vec<Candidate>) {
        let kind = self.instance.kind.key();
        let (section, node) = match (key, path) {
            ("env", path) => ("env", self.config.env.get_path(path.iter().copied())),
            ("command", []) => ("components", self.config.document.get_path(["components", kind, "command"])),
            ("auth", path) => ("auth", self.config.auth.get_path(path.iter().copied())),
            ("settings", ["integrations", "github", rest @ ..]) => {
                let keys = ["integrations", "github"].into_iter().chain(rest.iter().copied());
                ("integrations.github", self.config.document.get_path(keys))
            }
            _ => return,
        };
        if let Some(node) = node {
            let section = if key == "command" { format!("{section}.{kind}") } else { section.to_owned() };
            let chain = Vec::new();
            found.push(Candidate { section, base: None, node: node.clone(), file: None, chain, waits: false });
        }
    }

    /// Backends are written by type and described without it.
    fn section_keys<'k>(&'k self, key: &'k str) -> impl Iterator<Item = &'k str> {
        let sections = &self.instance.sections;
        let kind = match key {
            "backend" => sections.backend_type.as_str(),
            "remote_state_backend" => sections.remote_state_backend_type.as_str(),
            _ => "",
        };
        [key].into_iter().chain(Some(kind).filter(|kind| !kind.is_empty()))
    }
}
