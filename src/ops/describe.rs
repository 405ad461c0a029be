//! The configuration of one component, or of all of them, as documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::App;
use super::choice::auth_section;
use super::config::hide_auth;
use super::provenance::Provenance;
use super::subject::relative_path;
use super::unknown;
use crate::auth::resolution::{Flag, Inputs, Need, Resolution, resolve as resolve_identity};
use crate::auth::{AuthConfig, setting};
use crate::component::{self, Filter, Instance, Kind, Sources};
use crate::config::Config;
use crate::content::Names;
use crate::diag::{Report, Result, Talk, Warning, nearest};
use crate::resolve;
use crate::value::{Map, Node, Value, fixed_key};

/// What `describe component` shows.
#[derive(Debug, Clone)]
pub struct ComponentRequest {
    pub component: String,
    pub stack: String,
    /// Kind of the component where several have one of this name; without, the first in their order.
    pub kind: Option<String>,
    pub processing: resolve::Options,
    /// Everything that is known, whatever `describe.component.filter` says.
    pub full: bool,
    /// The part of the document that will be printed; all of it without.
    pub query: Option<String>,
    /// The names in what has a fixed shape: those of JSON where the whole document is printed so.
    pub names: Names,
}

impl ComponentRequest {
    /// The section that a query looks into, when it is a plain path: nothing else has to be evaluated.
    fn needed_section(&self) -> Option<String> {
        let path = self.query.as_deref()?.trim().strip_prefix('.')?;
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '/');
        let key = path.split(['.', '[']).next().filter(|key| !key.is_empty())?;
        path.chars().all(plain).then(|| key.to_owned())
    }

    /// Whether what will be printed would hold the description of the module.
    fn needs_module(&self) -> bool {
        const PATH: &str = ".component_info.terraform_config";
        let query = self.query.as_deref().map_or("", str::trim);
        if query.contains(|c: char| !c.is_alphanumeric() && !"_-./[]".contains(c)) {
            // What an operator gives cannot be told from its text.
            return query.contains("component_info");
        }
        let query = query.trim_end_matches('.');
        // The whole, a part that holds the description, or a part of the description.
        PATH.strip_prefix(query).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || query.strip_prefix(PATH).is_some_and(|rest| rest.starts_with(['.', '[']))
    }
}

/// What `describe stacks` shows. Empty lists and `None` mean everything.
#[derive(Debug, Clone, Default)]
pub struct StacksRequest {
    pub stack: Option<String>,
    pub components: Vec<String>,
    pub component_types: Vec<String>,
    pub sections: Vec<String>,
    pub include_empty_stacks: bool,
    /// For who compares and hides afterwards.
    pub keeps_secrets: bool,
    pub processing: resolve::Options,
}

/// What a stack manifest can define; all that `describe component` shows unless the filter is `full`.
const SCHEMA: [&str; 11] = [
    "vars",
    "settings",
    "env",
    "backend",
    "metadata",
    "overrides",
    "providers",
    "imports",
    "dependencies",
    "component",
    "hooks",
];

/// The document of one component.
///
/// # Errors
/// A component that cannot be found, put together or evaluated.
pub fn component(app: &App, request: &ComponentRequest) -> Result<Node> {
    let (written, evaluated) = instances(app, request)?;
    app.tell_undetermined(&request.processing);
    document(app, request, &written, &evaluated)
}

/// The document of one component, and where its values were written.
///
/// # Errors
/// Those of [`component`].
pub fn component_with_provenance(app: &App, request: &ComponentRequest) -> Result<(Node, Provenance)> {
    let mut request = request.clone();
    request.processing.places = true;
    let request = &request;
    let (written, evaluated) = instances(app, request)?;
    app.tell_undetermined(&request.processing);
    let provenance = Provenance::of(app, &written)?;
    Ok((document(app, request, &written, &evaluated)?, provenance))
}

/// The component as it is written and as it is evaluated.
pub(super) fn instances(app: &App, request: &ComponentRequest) -> Result<(Instance, Instance)> {
    let written = app.find_of_kind(&request.component, &request.stack, request.kind.as_deref())?;
    let mut processing = request.processing.clone();
    if let Some(section) = request.needed_section() {
        // Who it is stands in `auth` and depends on `settings`.
        processing.sections.extend((section == "auth").then(|| "settings".to_owned()));
        processing.sections.push(section);
    }
    let evaluated = app.evaluate(&written, &processing)?;
    Ok((written, evaluated))
}

pub(super) fn document(
    app: &App,
    request: &ComponentRequest,
    written: &Instance,
    evaluated: &Instance,
) -> Result<Node> {
    let full = request.full || describes_fully(app);
    let mut document = sections(evaluated, &request.processing);
    hide_auth(app, &mut document);
    if full {
        add_computed(app, request, written, evaluated, &mut document)?;
    }
    document.insert(Arc::from("imports"), keys(&evaluated.imports));
    if !full {
        document.retain(|key, _| SCHEMA.contains(&&**key));
    }
    if !app.config.describe.include_empty {
        document = filled(&document);
    }
    Ok(Node::from(document))
}

/// What `describe.component.filter` says. Something unknown is the default, as in the reference.
fn describes_fully(app: &App) -> bool {
    let filter = app.config.describe.filter.as_str();
    if !["full", "schema"].contains(&filter) {
        let message = format!("`describe.component.filter` is `{filter}`, which means nothing: it counts as `schema`");
        let help = match nearest(filter, ["full", "schema"]) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write `full` or `schema`, in `atmos.yaml` or ATMOS_DESCRIBE_COMPONENT_FILTER".to_owned(),
        };
        app.host.talk.warn(Warning::new("atmos::describe::filter", message).help(help));
    }
    filter == "full"
}

/// The documents of many components, by stack, kind and name.
///
/// # Errors
/// Those of [`stacks_as`].
pub fn stacks(app: &App, request: &StacksRequest) -> Result<Node> {
    let stacks = stacks_as(app, request, |_, node| Ok(node))?;
    let document: Map = stacks
        .into_iter()
        .map(|(stack, kinds)| {
            let kinds: Map = kinds
                .into_iter()
                .map(|(kind, components)| {
                    let components: Map = components.into_iter().map(|(name, node)| (Arc::from(name), node)).collect();
                    (Arc::from(kind), Node::from(components))
                })
                .collect();
            let components = Map::from_iter([(Arc::from("components"), Node::from(kinds))]);
            (Arc::from(stack), Node::from(components))
        })
        .collect();
    Ok(Node::from(document))
}

/// What `describe stacks` shows: something for each component, by stack, kind and name.
pub type Stacks<T> = BTreeMap<String, BTreeMap<String, BTreeMap<String, T>>>;

/// A kind with its components, in their order.
type Listed<T> = (String, Vec<(String, T)>);

/// What `make` makes of the documents of many components. It is told stack, kind and name. Each document goes before the next
/// one is put together, so that large repositories need little memory.
///
/// # Errors
/// Any component that cannot be put together or evaluated, or what `make` refuses.
pub fn stacks_as<T: Send>(
    app: &App,
    request: &StacksRequest,
    make: impl Fn([&str; 3], Node) -> Result<T> + Sync,
) -> Result<Stacks<T>> {
    let index = app.index()?;
    let kinds: Vec<Kind> = request.component_types.iter().map(|key| Kind::from_key(key)).collect();
    let filter =
        Filter { stack: request.stack.clone(), components: Vec::new(), kinds, partial: true, ..Filter::default() };
    let describe = |instance: Instance| {
        if !request.shows(&app.config, &instance) {
            return Ok(None);
        }
        let node = describe_in_stack(app, &instance, request)?;
        let (kind, is_empty) = (instance.kind.to_string(), node.is_empty());
        let made = make([&instance.stack, &kind, &instance.name], node)?;
        Ok::<_, Report>(Some((instance.stack, kind, instance.name, is_empty, made)))
    };
    let described = app.evaluate_many(|| component::each(&app.host, &app.config, index, &filter, describe))?;
    app.tell_undetermined(&request.processing);
    if let Some(asked) = request.stack.as_deref().filter(|_| described.is_empty()) {
        unknown::stack_or_manifest(app, asked)?;
    }
    let found = || described.iter().flatten();
    if !request.components.is_empty() {
        let names: Vec<&str> = found().map(|(_, _, name, ..)| name.as_str()).collect();
        unknown::components(app, &request.components, &names)?;
    }
    if !request.component_types.is_empty() {
        let kinds: Vec<&str> = found().map(|(_, kind, ..)| kind.as_str()).collect();
        unknown::kinds(app, &request.component_types, &kinds)?;
    }
    if found().next().is_some() && found().all(|(.., is_empty, _)| *is_empty) {
        unknown::sections(app, &request.sections);
    }
    // They come in their order, so that each is of the stack and the kind before, or of a new one.
    let mut stacks: Vec<(String, bool, Vec<Listed<T>>)> = Vec::new();
    for (stack, kind, name, is_empty, made) in described.into_iter().flatten() {
        if stacks.last().is_none_or(|(last, ..)| *last != stack) {
            stacks.push((stack, false, Vec::new()));
        }
        let Some((_, filled, kinds)) = stacks.last_mut() else { continue };
        *filled |= !is_empty;
        match kinds.last_mut().filter(|(last, _)| *last == kind) {
            Some((_, components)) => components.push((name, made)),
            None => kinds.push((kind, vec![(name, made)])),
        }
    }
    let shown = stacks.into_iter().filter(|(_, filled, _)| *filled || request.include_empty_stacks);
    let mut stacks: Stacks<T> = shown
        .map(|(stack, _, kinds)| {
            let kinds = kinds.into_iter().map(|(kind, components)| (kind, components.into_iter().collect()));
            (stack, kinds.collect())
        })
        .collect();
    if request.include_empty_stacks {
        add_empty_stacks(app, request, &mut stacks)?;
    }
    Ok(stacks)
}

impl StacksRequest {
    fn shows(&self, config: &Config, instance: &Instance) -> bool {
        let listed = instance.kind.is_listed(config);
        // A component also stands for those that are built on its directory.
        let wanted = |name: &String| *name == instance.name || *name == instance.component;
        listed && (self.components.is_empty() || self.components.iter().any(wanted))
    }
}

/// What is evaluated of one among many instances.
pub(super) fn for_instance(instance: &Instance, processing: &resolve::Options) -> resolve::Options {
    let mut processing = processing.clone();
    if !instance.enabled {
        // A disabled component has no state to read.
        processing.skip.extend(["terraform.state", "terraform.output"].map(str::to_owned));
    }
    processing
}

fn describe_in_stack(app: &App, instance: &Instance, request: &StacksRequest) -> Result<Node> {
    let mut processing = request.processing.clone();
    processing.selects = true;
    if !request.sections.is_empty() {
        processing.sections.clone_from(&request.sections);
    }
    let (_, mut document) = in_stack(app, instance, &processing)?;
    if !request.keeps_secrets {
        hide_auth(app, &mut document);
    }
    if !request.sections.is_empty() {
        document.retain(|key, _| request.sections.iter().any(|section| **section == **key));
    }
    Ok(Node::from(document))
}

/// A component evaluated, and its document among those of all stacks.
pub(super) fn in_stack(app: &App, instance: &Instance, processing: &resolve::Options) -> Result<(Instance, Map)> {
    let processing = for_instance(instance, processing);
    let evaluated = app.evaluate(instance, &processing)?;
    let mut document = sections(&evaluated, &processing);
    add_identity(&evaluated, &mut document);
    let mut put = |key: &'static str, node: Node| document.insert(fixed_key(key), node);
    if evaluated.kind == Kind::Terraform {
        put("workspace", Node::from(evaluated.workspace.as_str()));
    }
    let mut information = Map::default();
    information.insert(fixed_key("component_type"), Node::from(evaluated.kind.key()));
    if let Some(path) = relative_path(&app.config, &evaluated) {
        information.insert(fixed_key("component_path"), Node::from(path));
    }
    put("component_info", Node::from(information));
    if evaluated.kind == Kind::Terraform {
        // Here only whole sections are looked at, as in the reference.
        let is_empty = |node: &Node| node.as_map().is_some_and(Map::is_empty);
        document.retain(|_, node| app.config.describe.include_empty || !is_empty(node));
    }
    Ok((evaluated, document))
}

/// Stacks without components have a name only where it does not come from variables.
fn add_empty_stacks<T>(app: &App, request: &StacksRequest, stacks: &mut Stacks<T>) -> Result<()> {
    let index = app.index()?;
    let named = |setting: &Option<String>| setting.as_deref().is_some_and(|text| !text.is_empty());
    let from_variables = named(&app.config.stacks.name_pattern) || named(&app.config.stacks.name_template);
    for stack in index.stacks() {
        // What is wrong with it was said.
        let Ok(document) = index.document(stack) else { continue };
        let name = match document.node.get("name").and_then(Node::as_str) {
            Some(name) if !name.is_empty() => name,
            _ if from_variables => continue,
            _ => &*stack.key,
        };
        if request.stack.as_deref().is_none_or(|asked| asked == name || asked == &*stack.key) {
            stacks.entry(name.to_owned()).or_default();
        }
    }
    Ok(())
}

/// What is known of a component beside its sections.
fn add_computed(
    app: &App,
    request: &ComponentRequest,
    written: &Instance,
    evaluated: &Instance,
    document: &mut Map,
) -> Result<()> {
    add_identity(evaluated, document);
    add_resolved(app, evaluated, document);
    let found = Sources::of(app.index_of(written)?, written);
    let mut put = |key: &str, node: Node| document.insert(Arc::from(key), node);
    put("component_type", Node::from(evaluated.kind.key()));
    put("component_info", information(app, request, evaluated)?);
    put("workspace", Node::from(evaluated.workspace.as_str()));
    put("deps", texts(&found.winners()));
    put("deps_all", texts(&found.all(&written.manifest)));
    put("sources", found.into_node());
    put("cli_args", texts(&["describe".to_owned(), "component".to_owned()]));
    put("tf_cli_vars", Node::empty_map());
    put("atmos_cli_config", app.config.for_component(request.names == Names::Json));
    if let Some(name) = component::spacelift_stack(&app.config, written) {
        put("spacelift_stack", Node::from(component::unmarked(&name)));
    }
    if let Some(name) = component::atlantis_project(&app.config, written) {
        put("atlantis_project", Node::from(component::unmarked(&name)));
    }
    if let Some(arguments) = app.host.env.get("TF_CLI_ARGS") {
        let arguments = shell_words::split(arguments).unwrap_or_else(|_| vec![arguments.to_owned()]);
        let variables = component::cli_variables(&arguments);
        put("env_tf_cli_args", texts(&arguments));
        if !variables.is_empty() {
            put("env_tf_cli_vars", Node::from(variables));
        }
    }
    Ok(())
}

/// The sections of a component, with the nulls where the reference has them.
fn sections(instance: &Instance, processing: &resolve::Options) -> Map {
    let mut document = instance.to_map();
    if !processing.process_templates && instance.inheritance.is_empty() && document.contains_key("inheritance") {
        document.insert(Arc::from("inheritance"), Node::default());
    }
    document
}

/// Name, stack and manifest, under the names by which the reference gives them.
fn add_identity(instance: &Instance, document: &mut Map) {
    for (key, text) in instance.names() {
        document.insert(fixed_key(key), Node::from(text));
    }
}

/// `auth.resolved`: who the component is for everything that only reads, where `settings.auth.identity` has a say in it.
/// Without that setting the section stays as the reference shows it. What is wrong with the setting is said by runs.
fn add_resolved(app: &App, instance: &Instance, document: &mut Map) {
    let (sources, talk) = (&app.host.sources, Talk::silent());
    let setting = setting::identity(&instance.sections.settings, setting::READ, sources, &talk).ok().flatten();
    if setting.is_none_or(Node::is_null) {
        return;
    }
    let variable = app.host.env.lossy("ATMOS_IDENTITY");
    let inputs = Inputs {
        flag: Flag::NotGiven,
        env: variable.as_deref(),
        setting,
        auth: &AuthConfig::read(auth_section(app, instance)),
        defaults: &instance.auth_defaults,
        can_prompt: false,
        need: Need::Optional,
        instance: None,
    };
    let (identity, source) = match resolve_identity(&inputs, sources) {
        Ok(Resolution::Identity { name, source }) => (Node::from(name.as_str()), source.to_string()),
        Ok(Resolution::Disabled { by }) => (Node::from(false), by.to_string()),
        Ok(Resolution::None | Resolution::Select { .. }) | Err(_) => return,
    };
    let resolved =
        Map::from_iter([(Arc::from("identity"), identity), (Arc::from("source"), Node::from(source.as_str()))]);
    let auth = document.entry(Arc::from("auth")).or_insert_with(Node::empty_map);
    auth.make_map().insert(Arc::from("resolved"), Node::from(resolved));
}

fn information(app: &App, request: &ComponentRequest, instance: &Instance) -> Result<Node> {
    let mut information = Map::default();
    information.insert(Arc::from("component_type"), Node::from(instance.kind.key()));
    if let Some(path) = instance.path(&app.config) {
        information.insert(Arc::from("component_path"), Node::from(path.display().to_string()));
        if instance.kind == Kind::Terraform && request.needs_module() {
            information.insert(Arc::from("terraform_config"), resolve::describe_module(&path, request.names)?);
        }
    }
    Ok(Node::from(information))
}

/// What `describe.settings.include_empty: false` leaves of a component: no map and no text without content, at any depth,
/// but for the items of lists.
fn filled(map: &Map) -> Map {
    let kept = |node: &Node| match &node.value {
        Value::Map(map) => {
            let map = filled(map);
            (!map.is_empty()).then(|| Node::new(Node::from(map).value, node.span))
        }
        Value::String(text) if text.is_empty() => None,
        _ => Some(node.clone()),
    };
    map.iter().filter_map(|(key, node)| Some((key.clone(), kept(node)?))).collect()
}

fn keys(keys: &[Arc<str>]) -> Node {
    Node::from(keys.iter().map(|key| Node::from(Value::String(key.clone()))).collect::<Vec<_>>())
}

fn texts(texts: &[String]) -> Node {
    Node::from(texts.iter().map(|text| Node::from(text.as_str())).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_printed_needs_the_module() {
        for (query, expected) in [
            (None, true),
            (Some("."), true),
            (Some(".component_info"), true),
            (Some(".component_info.terraform_config.variables"), true),
            (Some(".component_info.component_path"), false),
            (Some(".component"), false),
            (Some(".vars"), false),
            (Some(".vars | keys"), false),
            (Some(".component_info | keys"), true),
        ] {
            let request = ComponentRequest {
                component: String::new(),
                stack: String::new(),
                kind: None,
                processing: resolve::Options::default(),
                full: true,
                query: query.map(str::to_owned),
                names: Names::default(),
            };
            assert_eq!(request.needs_module(), expected, "{query:?}");
        }
    }

    #[test]
    fn plain_paths_need_one_section() {
        for (query, expected) in [
            (None, None),
            (Some("."), None),
            (Some(".vars"), Some("vars")),
            (Some(" .vars.a-b[0].c"), Some("vars")),
            (Some(".[\"vars\"]"), None),
            (Some(".vars | keys"), None),
            (Some(".vars + .env"), None),
            (Some("vars"), None),
        ] {
            let request = ComponentRequest {
                component: String::new(),
                stack: String::new(),
                kind: None,
                processing: resolve::Options::default(),
                full: true,
                query: query.map(str::to_owned),
                names: Names::default(),
            };
            assert_eq!(request.needed_section().as_deref(), expected, "{query:?}");
        }
    }
}
