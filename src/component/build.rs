//! The merge of all layers of one component.

use std::sync::Arc;

use super::auth_layers;
use super::backend;
use super::chain::Chain;
use super::common;
use super::error::Error;
use super::instance::{Instance, Sections};
use super::kind::Kind;
use super::layered::{self, Layered};
use super::mark::{attribute, is_marked, unmarked};
use super::own::{Own, name_of, text_of};
use super::scope::Scope;
use super::section::Section;
use super::workspace::{self, Naming, StackName};
use crate::auth;
use crate::auth::resolution::{self, ScopedDefault};
use crate::content;
use crate::merge::{ListStrategy, is_unset, merge, merge_all, settle};
use crate::stack::{self, Located};
use crate::value::{Map, Node};

/// A component with the name of its stack.
pub(crate) struct Built {
    pub instance: Instance,
    pub name: StackName,
}

/// The component `name` of a scope, merged; `None` when the stack does not have it.
///
/// # Errors
/// Whatever is wrong with the component or its bases. Other components do not matter.
pub(crate) fn build(scope: &Scope<'_>, name: &str) -> Result<Option<Built>, Error> {
    let Some(component) = scope.component(name)? else { return Ok(None) };
    if matches!(scope.kind, Kind::Custom(_)) {
        return super::custom::build(scope, name, component).map(Some);
    }
    Layers::read(scope, name, component)?.build().map(Some)
}

/// Bases from weak to strong, each with the strategy by which its lists meet those before it.
type Bases = Vec<(Arc<str>, ListStrategy)>;

/// The list strategy of a component, and its bases.
///
/// # Errors
/// Those of [`build`].
pub(crate) fn merging(scope: &Scope<'_>, name: &str) -> Result<(ListStrategy, Bases), Error> {
    let Some(component) = scope.component(name)? else { return Ok((scope.index.strategy(), Vec::new())) };
    let layers = Layers::read(scope, name, component)?;
    let mut bases = Vec::new();
    for base in &layers.chain.order {
        let settings = scope.component(base)?.and_then(|base| base.get("settings"));
        bases.push((base.clone(), scope.strategy(name, layers.inheriting, [settings])?));
    }
    Ok((layers.strategy, bases))
}

/// Everything that a component is merged from.
pub(super) struct Layers<'s, 'a> {
    pub scope: &'s Scope<'a>,
    pub name: &'s str,
    pub own: Arc<Own>,
    overrides_node: Option<Node>,
    pub overrides: Own,
    pub chain: Chain,
    pub bases: Arc<Own>,
    /// For the sections of the component; set by its own settings.
    pub strategy: ListStrategy,
    /// The strategy among its bases.
    inheriting: ListStrategy,
}

impl<'s, 'a> Layers<'s, 'a> {
    pub(super) fn read(scope: &'s Scope<'a>, name: &'s str, component: &Node) -> Result<Layers<'s, 'a>, Error> {
        let own = common::own(scope, name, component)?;
        let overrides_node = scope.overrides(name, component);
        let overrides = match &overrides_node {
            Some(node) => Own::read_overrides(scope, name, node)?,
            None => Own::default(),
        };
        let chain = Chain::of(scope, name, component)?;
        let settings = |own: &'_ Own| own.bag.get(Section::Settings).cloned();
        let (asked, overridden) = (settings(&own), settings(&overrides));
        let start = scope.index.strategy();
        let inheriting = scope.strategy(name, start, [asked.as_ref(), overridden.as_ref()])?;
        let bases = common::bases(scope, name, &chain, inheriting)?;
        let layers = [
            scope.defaults.get(Section::Settings),
            bases.bag.get(Section::Settings),
            asked.as_ref(),
            overridden.as_ref(),
        ];
        let strategy = scope.strategy(name, start, layers)?;
        let layers = Layers { scope, name, own, overrides_node, overrides, chain, bases, strategy, inheriting };
        layers.check_conflicts()?;
        Ok(layers)
    }

    pub(super) fn overrides_node(&self) -> Option<&Node> {
        self.overrides_node.as_ref()
    }

    /// Where the repository asks for it, no layer may replace a value of another shape.
    fn check_conflicts(&self) -> Result<(), Error> {
        if self.scope.strict().is_none() {
            return Ok(());
        }
        for section in Section::ALL {
            let mut merged: Option<Node> = None;
            for layer in self.sections_of(section).into_iter().flatten().filter(|layer| !layer.is_null()) {
                match &mut merged {
                    Some(merged) => stack::put(merged, layer, self.strategy, self.scope.strict(), section.key())?,
                    None => merged = Some(layer.clone()),
                }
            }
        }
        Ok(())
    }

    /// The layers of a section, weakest first.
    fn sections_of(&self, section: Section) -> [Option<&Node>; 4] {
        [
            self.scope.defaults.get(section),
            self.bases.bag.get(section),
            self.own.bag.get(section),
            self.overrides.bag.get(section),
        ]
    }

    /// One section merged from all layers that have it.
    fn merged(&self, section: Section) -> Node {
        let layers = self.sections_of(section);
        if section != Section::Auth && layers.iter().all(Option::is_none) {
            return Node::empty_map();
        }
        let strategy = if section == Section::Retry { self.scope.index.strategy() } else { self.strategy };
        let merged = match section {
            Section::Auth => {
                let sources = &self.scope.host.sources;
                let layers: Vec<Node> =
                    layers.into_iter().flatten().map(|layer| auth_layers::with_dates(layer, sources)).collect();
                auth_layers::merged(std::iter::once(&self.scope.config.shared().auth).chain(&layers), strategy)
            }
            Section::Settings => {
                let layers: Vec<&Node> = layers.into_iter().flatten().collect();
                match auth_layers::below_dates(&layers, &self.scope.host.sources) {
                    Some(layers) => merge_all(&layers, strategy),
                    None => merge_all(layers, strategy),
                }
            }
            _ => merge_all(layers.into_iter().flatten(), strategy),
        };
        // Nothing lies below all layers.
        if is_unset(&merged) { Node::empty_map() } else { settle(&merged) }
    }

    pub(super) fn build(&self) -> Result<Built, Error> {
        let metadata = self.merged(Section::Metadata);
        let component = self.printed_component();
        let directory = metadata.get("component").and_then(text_of).unwrap_or_else(|| component.clone());
        let base = (unmarked(&directory) != self.name && !directory.is_empty()).then_some(directory);
        let base_component = base.as_deref().map(|base| unmarked(base).to_owned());
        let mut sections = self.sections(metadata)?;
        if self.scope.kind == Kind::Terraform {
            self.backends(&component, &mut sections)?;
        }
        let is = |key: &str, value: bool| sections.metadata.get(key).and_then(Node::as_bool) == Some(value);
        let own_type = self.own.bag.get(Section::Metadata).and_then(|metadata| metadata.get("type"));
        let (abstract_, enabled, locked) =
            (own_type.and_then(Node::as_str) == Some("abstract"), !is("enabled", false), is("locked", true));
        if abstract_ && self.scope.kind == Kind::Terraform {
            drop_spacelift_workspace(&mut sections.settings);
        }
        let layered = self.layered();
        for layered in &layered {
            layered.place(&mut sections, layered.written());
        }
        let value = |token: &str| sections.vars.get(token).and_then(name_of);
        let data = || self.data(&component, &sections);
        let naming = Naming { value: &value, data: &data };
        let name = workspace::stack_name(self.scope, &naming)?;
        let template_name = self.template_name(&name, &sections, &naming);
        let workspace = workspace::workspace(&workspace::Input {
            scope: self.scope,
            component: self.name,
            base: base.as_deref(),
            metadata: &sections.metadata,
            vars: &sections.vars,
            backend_type: &sections.backend_type,
            name: &name,
            data: &|| {
                let stack = Node::from(name.canonical(&self.scope.stack.key));
                let mut data = self.data(&component, &sections);
                let map = data.make_map();
                map.insert(Arc::from("atmos_stack"), stack.clone());
                map.insert(Arc::from("stack"), stack);
                data
            },
        })?;
        let key = &self.scope.stack.key;
        let instance = Instance {
            name: self.name.to_owned(),
            kind: self.scope.kind.clone(),
            stack: name.canonical(key).to_owned(),
            template_name,
            manifest: key.to_string(),
            folder: base_component.clone().unwrap_or_else(|| self.name.to_owned()),
            component,
            base_component,
            inheritance: self.chain.nearest_first(),
            imports: self.scope.index.imports(self.scope.stack),
            abstract_,
            enabled,
            locked,
            command: self.command(),
            command_set: self.sets_command(),
            workspace,
            auth_defaults: self.auth_defaults(),
            sections,
            described_auth: self.described_auth(),
            layered,
        };
        Ok(Built { instance, name })
    }

    fn template_name(&self, name: &StackName, sections: &Sections, naming: &Naming<'_>) -> Option<String> {
        let enabled = sections.settings.get_path(["spacelift", "workspace_enabled"]).and_then(Node::as_bool);
        if enabled != Some(true) || !matches!(name, StackName::Manifest(_)) {
            return None;
        }
        match workspace::configured_name(self.scope, naming) {
            Ok(StackName::Template(name)) => Some(name),
            _ => None,
        }
    }

    /// `auth` as descriptions show it, if the configuration has the section: only terraform components show that, with
    /// the keys that are known.
    fn described_auth(&self) -> Option<Node> {
        let config = self.scope.config;
        if config.auth.is_empty() {
            return None;
        }
        let layers = [
            self.scope.defaults.get(Section::Auth),
            self.bases.bag.get(Section::Auth),
            self.own.bag.get(Section::Auth),
            self.overrides.bag.get(Section::Auth),
        ];
        let directory = config.found.then_some(config.directory.as_path());
        let configured = || auth::described(self.scope.host, &config.shared().auth, directory);
        let configured = (self.scope.kind == Kind::Terraform).then(|| config.described_auth.get_or_init(configured));
        Some(settle(&merge_all(configured.into_iter().chain(layers.into_iter().flatten()), self.strategy)))
    }

    /// What templates of names see: the merged component.
    fn data(&self, component: &str, sections: &Sections) -> Node {
        let mut map: Map = sections.named().into_iter().map(|(key, node)| (Arc::from(key), node.clone())).collect();
        map.extend(sections.extra.iter().map(|(key, node)| (key.clone(), node.clone())));
        let file = &*self.scope.stack.key;
        let texts = [
            ("backend_type", sections.backend_type.as_str()),
            ("remote_state_backend_type", &sections.remote_state_backend_type),
            ("component", component),
            ("atmos_component", self.name),
            ("atmos_stack_file", file),
            ("atmos_manifest", file),
            ("component_type", self.scope.kind.key()),
            ("command", &self.command()),
        ];
        map.extend(texts.map(|(key, text)| (Arc::from(key), attribute(text))));
        Node::from(map)
    }

    /// Where functions of one layer meet values of others.
    fn layered(&self) -> Vec<Layered> {
        let mut found = Vec::new();
        for section in layered::SECTIONS.into_iter().filter(|section| section.applies_to(&self.scope.kind)) {
            let configured = Some(&self.scope.config.shared().auth).filter(|_| section == Section::Auth);
            let layers = [
                configured,
                self.scope.defaults.get(section),
                self.bases.bag.get(section),
                self.own.bag.get(section),
                self.overrides.bag.get(section),
            ];
            layered::collect(section, layers.into_iter().flatten(), self.strategy, &mut found);
        }
        found
    }

    /// Which scope made which identity default: the narrowest one decides.
    fn auth_defaults(&self) -> Vec<ScopedDefault> {
        let layers = [
            (resolution::Scope::Stack, self.scope.defaults.get(Section::Auth)),
            (resolution::Scope::BaseComponent, self.bases.bag.get(Section::Auth)),
            (resolution::Scope::Component, self.own.bag.get(Section::Auth)),
            (resolution::Scope::Overrides, self.overrides.bag.get(Section::Auth)),
        ];
        resolution::layered_defaults(layers.into_iter().filter_map(|(scope, node)| Some((scope, node?))))
    }

    /// `metadata.component` of the component itself, else what its legacy attribute leads to, else its name.
    fn printed_component(&self) -> String {
        let own = self.own.bag.get(Section::Metadata).and_then(|metadata| metadata.get("component"));
        own.and_then(text_of)
            .or_else(|| self.chain.legacy.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| self.name.to_owned())
    }

    fn sections(&self, metadata: Node) -> Result<Sections, Error> {
        let mut settings = self.merged(Section::Settings);
        self.github_integration(&mut settings);
        let required_version = [&self.overrides, &*self.own, &*self.bases].into_iter().map(|own| &own.required_version);
        let applies = |section: Section| section.applies_to(&self.scope.kind);
        let merged = |section| if applies(section) { self.merged(section) } else { Node::empty_map() };
        let mut extra = Map::default();
        for section in [Section::Mocks].into_iter().chain(Section::ALL.into_iter().filter(|section| !section.is_map()))
        {
            let node = merged(section);
            if applies(section) && !(section.is_map() && node.is_empty()) && self.is_written(section) {
                extra.insert(Arc::from(section.key()), node);
            }
        }
        let provider = [&self.own.provider, &self.bases.provider, &self.scope.provider];
        if let Some(provider) = provider.into_iter().find(|provider| !provider.is_empty()) {
            extra.insert(Arc::from("provider"), attribute(provider));
        }
        Ok(Sections {
            vars: merged(Section::Vars),
            settings,
            env: merged(Section::Env),
            auth: merged(Section::Auth),
            metadata,
            overrides: self.overrides_node.as_ref().filter(|node| !is_unset(node)).map_or_else(Node::empty_map, settle),
            hooks: merged(Section::Hooks),
            providers: merged(Section::Providers),
            generate: merged(Section::Generate),
            required_providers: merged(Section::RequiredProviders),
            backend: Node::empty_map(),
            remote_state_backend: Node::empty_map(),
            source: merged(Section::Source),
            provision: merged(Section::Provision),
            dependencies: merged(Section::Dependencies),
            locals: merged(Section::Locals),
            retry: merged(Section::Retry),
            secrets: self.secrets()?,
            test: merged(Section::Test),
            backend_type: String::new(),
            remote_state_backend_type: String::new(),
            required_version: required_version.into_iter().find(|text| !text.is_empty()).cloned().unwrap_or_default(),
            extra,
        })
    }

    fn is_written(&self, section: Section) -> bool {
        self.scope.defaults.get(section).is_some()
            || self.bases.bag.get(section).is_some()
            || self.own.bag.get(section).is_some()
    }

    fn backends(&self, component: &str, sections: &mut Sections) -> Result<(), Error> {
        let input = backend::Input {
            scope: self.scope,
            component: self.name,
            base: component,
            metadata: &sections.metadata,
            bases: &self.bases,
            own: &self.own,
        };
        let backend = input.backend()?;
        let remote = input.remote_state(&backend, self.scope.index.strategy())?;
        sections.backend = settle(&backend.settings);
        sections.backend_type = backend.kind;
        sections.remote_state_backend = settle(&remote.settings);
        sections.remote_state_backend_type = remote.kind;
        Ok(())
    }

    /// The program as the stacks have it.
    fn written_command(&self) -> Option<&String> {
        let layers = [&self.overrides.command, &self.own.command, &self.bases.command, &self.scope.command];
        layers.into_iter().find(|command| !command.is_empty())
    }

    fn sets_command(&self) -> bool {
        let node = self.scope.config.document.get_path(["components", self.scope.kind.key(), "command"]);
        self.written_command().is_some() || node.and_then(text_of).is_some_and(|text| !text.is_empty())
    }

    fn command(&self) -> String {
        self.written_command().cloned().unwrap_or_else(|| {
            let (kind, config) = (&self.scope.kind, self.scope.config);
            let node = config.document.get_path(["components", kind.key(), "command"]);
            let read = node.map(|node| content::literal_data(node, config.opening()));
            let read = read.as_ref().and_then(text_of).filter(|text| is_marked(text));
            read.unwrap_or_else(|| kind.command(config))
        })
    }

    /// `integrations.github` of `atmos.yaml` lies below `settings.integrations.github`.
    fn github_integration(&self, settings: &mut Node) {
        let Some(global) = &self.scope.config.shared().github else { return };
        if global.as_map().is_none_or(Map::is_empty) {
            return;
        }
        let merged = match settings.get_path(["integrations", "github"]).filter(|own| own.as_map().is_some()) {
            Some(own) => merge(global, own, self.strategy),
            None => global.clone(),
        };
        let integrations = settings.make_map().entry(Arc::from("integrations")).or_default();
        integrations.make_map().insert(Arc::from("github"), merged);
    }

    /// Each declaration carries the scope that its place gives it.
    fn secrets(&self) -> Result<Node, Error> {
        let section = Section::Secrets;
        let layers = [
            (self.scope.defaults.get(section), "stack"),
            (self.bases.bag.get(section), "instance"),
            (self.own.bag.get(section), "instance"),
            (self.overrides.bag.get(section), "instance"),
        ];
        let mut tagged = Vec::new();
        for (layer, scope) in layers {
            if let Some(layer) = layer {
                tagged.push(self.tag_secrets(layer, scope)?);
            }
        }
        Ok(settle(&merge_all(&tagged, self.strategy)))
    }

    fn tag_secrets(&self, layer: &Node, scope: &str) -> Result<Node, Error> {
        let mut tagged = layer.clone();
        let Some(declared) = layer.get("vars").and_then(Node::as_map) else { return Ok(tagged) };
        let mut vars = declared.clone();
        for (name, node) in &mut vars {
            if node.as_map().is_none() {
                continue;
            }
            let existing = node.get("scope").and_then(Node::as_str).unwrap_or("");
            if !matches!(existing, "" | "global") && existing != scope {
                let located = Located::new(&self.scope.host.sources, node.span);
                return Err(Error::Section {
                    phrase: "invalid component secrets section".to_owned(),
                    path: format!("secrets.vars.{name}"),
                    file: self.scope.stack.key.to_string(),
                    found: format!("scope '{existing}' where only '{scope}' or 'global' can be"),
                    place: located.text,
                    source_code: located.source,
                    at: located.at,
                });
            }
            if existing != "global" {
                node.make_map().insert(Arc::from("scope"), Node::from(scope));
            }
        }
        tagged.make_map().insert(Arc::from("vars"), Node::from(vars));
        Ok(tagged)
    }
}

/// Abstract components get no Spacelift stack.
fn drop_spacelift_workspace(settings: &mut Node) {
    if settings.get_path(["spacelift", "workspace_enabled"]).is_none() {
        return;
    }
    if let Some(spacelift) = settings.make_map().get_mut("spacelift") {
        spacelift.make_map().shift_remove("workspace_enabled");
    }
}
