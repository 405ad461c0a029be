//! Components of kinds that the program does not know: all their keys are merged, whatever they are.

use std::sync::Arc;

use super::auth_layers;
use super::build::Built;
use super::chain::Effort;
use super::error::Error;
use super::instance::{Instance, Sections};
use super::scope::Scope;
use super::workspace::{self, Naming};
use crate::auth::resolution;
use crate::merge::{merge, settle};
use crate::stack::Located;
use crate::value::{Map, Node};

/// Keys of `metadata` that a base keeps for itself.
const NOT_INHERITED: [&str; 3] = ["type", "inherits", "component"];

pub(crate) fn build(scope: &Scope<'_>, name: &str, component: &Node) -> Result<Built, Error> {
    let mut trail = Trail { path: vec![name.to_owned()], effort: Effort::default() };
    let own = with_bases(scope, name, component, &mut trail)?;
    let top = &scope.document.node;
    let vars = shallow(top.get("vars"), own.get("vars"));
    let metadata = match (top.get("metadata"), own.get("metadata")) {
        (Some(global), Some(own)) => merge(global, own, scope.index.strategy()),
        (Some(node), None) | (None, Some(node)) => node.clone(),
        (None, None) => Node::empty_map(),
    };
    let metadata = settle(&metadata);
    let (settings, env) = (shallow(top.get("settings"), own.get("settings")), shallow(top.get("env"), own.get("env")));
    let data = || {
        let sections = [("vars", &vars), ("settings", &settings), ("env", &env), ("metadata", &metadata)];
        Node::from(sections.into_iter().map(|(key, node)| (Arc::from(key), node.clone())).collect::<Map>())
    };
    let value = |token: &str| vars.get(token).and_then(super::own::name_of);
    let stack_name = workspace::stack_name(scope, &Naming { value: &value, data: &data })?;
    let known = ["vars", "settings", "env", "metadata", "component"];
    let mut extra: Map = own
        .as_map()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !known.contains(&&***key))
        .map(|(key, node)| (key.clone(), settle(node)))
        .collect();
    extra.insert(Arc::from("component_type"), Node::from(scope.kind.key()));
    let is = |key: &str, value: bool| metadata.get(key).and_then(Node::as_bool) == Some(value);
    // The reference shows no section that it merged here.
    let auth = auth_of(scope, own.get("auth"));
    let layers = [(resolution::Scope::Stack, top.get("auth")), (resolution::Scope::Component, own.get("auth"))];
    let layers = layers.into_iter().filter_map(|(scope, node)| Some((scope, node?)));
    let key = &scope.stack.key;
    let instance = Instance {
        name: name.to_owned(),
        kind: scope.kind.clone(),
        stack: stack_name.canonical(key).to_owned(),
        manifest: key.to_string(),
        folder: name.to_owned(),
        component: name.to_owned(),
        base_component: None,
        inheritance: Vec::new(),
        imports: scope.index.imports(scope.stack),
        abstract_: metadata.get("type").and_then(Node::as_str) == Some("abstract"),
        enabled: !is("enabled", false),
        locked: is("locked", true),
        command: scope.kind.key().to_owned(),
        command_set: false,
        workspace: stack_name.canonical(key).replace('/', "-"),
        auth_defaults: resolution::layered_defaults(layers),
        template_name: None,
        sections: Sections { vars, settings, env, auth, metadata, extra, ..Sections::default() },
        described_auth: Some(Node::empty_map()),
        layered: Vec::new(),
    };
    Ok(Built { instance, name: stack_name })
}

/// What the stack `stack` has for all its components, as an instance without a name and without a section of its own.
pub(crate) fn top(scope: &Scope<'_>, stack: &str) -> Instance {
    let top = &scope.document.node;
    let section = |key: &str| shallow(top.get(key), None);
    let (vars, settings, env) = (section("vars"), section("settings"), section("env"));
    let layers = top.get("auth").map(|node| (resolution::Scope::Stack, node));
    Instance {
        name: String::new(),
        kind: scope.kind.clone(),
        stack: stack.to_owned(),
        manifest: scope.stack.key.to_string(),
        folder: String::new(),
        component: String::new(),
        base_component: None,
        inheritance: Vec::new(),
        imports: scope.index.imports(scope.stack),
        abstract_: false,
        enabled: true,
        locked: false,
        command: String::new(),
        command_set: false,
        workspace: String::new(),
        auth_defaults: resolution::layered_defaults(layers),
        template_name: None,
        sections: Sections { vars, settings, env, auth: auth_of(scope, None), ..Sections::default() },
        described_auth: None,
        layered: Vec::new(),
    }
}

/// The `auth` section of a component over those of its stack and the configuration.
fn auth_of(scope: &Scope<'_>, own: Option<&Node>) -> Node {
    let layers = [Some(&scope.config.shared().auth), scope.document.node.get("auth"), own];
    settle(&auth_layers::merged(layers.into_iter().flatten(), scope.index.strategy()))
}

/// The component and the bases that led to the one at hand.
struct Trail {
    path: Vec<String>,
    effort: Effort,
}

/// The component over its bases. A base that is not defined is left out, as in the reference.
fn with_bases(scope: &Scope<'_>, name: &str, component: &Node, trail: &mut Trail) -> Result<Node, Error> {
    let Some(inherits) = component.get_path(["metadata", "inherits"]) else { return Ok(component.clone()) };
    let located = |node: &Node| Located::new(&scope.host.sources, node.span);
    let wrong = |node: &Node| {
        let located = located(node);
        Error::Section {
            phrase: "invalid component metadata.inherits section".to_owned(),
            path: format!("components.{}.{name}.metadata.inherits", scope.kind),
            file: scope.stack.key.to_string(),
            found: format!("found {}", node.value.type_name()),
            place: located.text,
            source_code: located.source,
            at: located.at,
        }
    };
    let mut merged = Node::empty_map();
    for entry in inherits.as_list().ok_or_else(|| wrong(inherits))? {
        let base = entry.as_str().ok_or_else(|| wrong(entry))?;
        let Some(node) = scope.component(base)? else { continue };
        if trail.path.last().is_some_and(|last| last == base) {
            continue;
        }
        if trail.path.iter().any(|known| known == base) {
            let located = located(entry);
            let names: Vec<String> = trail
                .path
                .iter()
                .skip_while(|known| *known != base)
                .chain([&base.to_owned()])
                .map(|n| format!("'{n}'"))
                .collect();
            return Err(Error::InheritanceCycle {
                chain: names.join(" -> "),
                file: scope.stack.key.to_string(),
                place: located.text,
                source_code: located.source,
                at: located.at,
            });
        }
        trail.effort.spend(scope, &trail.path, entry.span)?;
        trail.path.push(base.to_owned());
        let resolved = with_bases(scope, base, node, trail)?;
        trail.path.pop();
        merged = merge(&merged, &inheritable(&resolved), scope.index.strategy());
    }
    Ok(merge(&merged, component, scope.index.strategy()))
}

fn inheritable(base: &Node) -> Node {
    let mut base = base.clone();
    if base.get("metadata").and_then(Node::as_map).is_none() {
        return base;
    }
    let map = base.make_map();
    if let Some(metadata) = map.get_mut("metadata") {
        let inner = metadata.make_map();
        inner.retain(|key, _| !NOT_INHERITED.contains(&&**key));
        if inner.is_empty() {
            map.shift_remove("metadata");
        }
    }
    base
}

/// The global map with the keys of the component's put over it, whole.
fn shallow(global: Option<&Node>, own: Option<&Node>) -> Node {
    let maps = [global, own].into_iter().flatten().filter_map(Node::as_map);
    let merged: Map = maps.flat_map(|map| map.iter().map(|(key, node)| (key.clone(), node.clone()))).collect();
    settle(&Node::from(merged))
}
