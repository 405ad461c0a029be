//! `locals`: values for the templates of one file, in scopes. Those of a component see those of its kind, and those see
//! the ones at the top of the file; siblings do not see each other.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::frame::{SIZE, is_too_large};
use super::data::Data;
use super::failure::Failure;
use super::functions;
use super::manifest::Rendering;
use super::scalar::{Compiled, Scope, available};
use super::settle;
use super::walk::{Pass, has_templates};
use crate::diag::Warning;
use crate::value::{Map, Node, Value};

/// The kinds that have locals of their own.
const KINDS: [&str; 3] = ["terraform", "helmfile", "packer"];

/// The resolved locals of a file.
#[derive(Debug)]
pub(super) struct Locals {
    pub global: Map,
    /// Those that a kind adds or replaces.
    pub kinds: HashMap<&'static str, Map>,
}

impl Locals {
    /// The locals at the top of the file and of the kinds. `base` is what templates see besides the file's own values.
    pub(super) fn of(rendering: &Rendering<'_>, document: &Node, base: &Data) -> Result<Locals, Failure> {
        let sections = |node: &Node| ["settings", "vars", "env"].map(|key| (key, node.get(key).cloned()));
        let given = sections(document).into_iter().filter_map(|(key, node)| Some((key, node?)));
        let top = base.with(given);
        let mut locals = Locals { global: Map::default(), kinds: HashMap::new() };
        if let Some(own) = section(rendering, document.get("locals"))? {
            let resolved = resolve(rendering, &mut strict(), own, &Map::default(), &Scope::of(top.clone()))?;
            locals.global = settle::settled(rendering, resolved, &Map::default(), base);
        }
        for kind in KINDS {
            let Some(node) = document.get(kind) else { continue };
            let Some(own) = section(rendering, node.get("locals"))? else { continue };
            let over = sections(node).into_iter().filter_map(|(key, own)| {
                let own = own.filter(|own| own.as_map().is_some())?;
                Some((key, shallow(top.at([key]), &own)))
            });
            let data = top.with(over);
            let resolved = resolve(rendering, &mut strict(), own, &locals.global, &Scope::of(data))?;
            locals.kinds.insert(kind, settle::settled(rendering, resolved, &locals.global, base));
        }
        Ok(locals)
    }

    /// What a section sees that belongs to no kind. A local that only a kind has is found from there too, as in the
    /// reference.
    pub(super) fn at_top(&self) -> Node {
        let mut all = self.global.clone();
        for kind in KINDS.iter().rev() {
            for (name, node) in self.kinds.get(kind).into_iter().flatten() {
                all.entry(name.clone()).or_insert_with(|| node.clone());
            }
        }
        Node::from(all)
    }

    /// What a section of a kind sees.
    pub(super) fn of_kind(&self, kind: &str) -> Map {
        let mut all = self.global.clone();
        all.extend(self.kinds.get(kind).into_iter().flatten().map(|(name, node)| (name.clone(), node.clone())));
        all
    }
}

fn strict() -> Pass {
    Pass { strict: true, ..Pass::default() }
}

fn section<'n>(rendering: &Rendering<'_>, node: Option<&'n Node>) -> Result<Option<&'n Map>, Failure> {
    let Some(node) = node else { return Ok(None) };
    node.as_map().map(Some).ok_or_else(|| {
        Failure::new(node.span, format!("locals must be a map in '{}'", rendering.file))
            .help("write `locals:` as a map from names to values")
    })
}

/// The keys of `over` put over those of `base`, whole.
fn shallow(base: Option<&Node>, over: &Node) -> Node {
    let mut map = base.and_then(Node::as_map).cloned().unwrap_or_default();
    map.extend(over.as_map().into_iter().flatten().map(|(key, node)| (key.clone(), node.clone())));
    Node::from(map)
}

/// The values of `own`, each after those that it refers to. `outer` are the locals of the scopes around.
///
/// What a template reads by a function (`index .locals "a-b"`) decides about the order only where the value would have a
/// hole without: the reference does not look into arguments of functions, and what makes do without the local keeps its
/// value.
pub(super) fn resolve(
    rendering: &Rendering<'_>,
    pass: &mut Pass,
    own: &Map,
    outer: &Map,
    scope: &Scope,
) -> Result<Map, Failure> {
    let mut followed = Vec::new();
    loop {
        let mut attempt = pass.clone();
        match resolve_in_order(rendering, &mut attempt, own, outer, scope, &followed)? {
            Ok(resolved) => {
                *pass = attempt;
                return Ok(resolved);
            }
            Err(name) => followed.push(name),
        }
    }
}

/// The same; or the name of a local that lacks another one which it reads by a function.
fn resolve_in_order(
    rendering: &Rendering<'_>,
    pass: &mut Pass,
    own: &Map,
    outer: &Map,
    scope: &Scope,
    followed: &[Arc<str>],
) -> Result<Result<Map, Arc<str>>, Failure> {
    let (order, asks) = order(rendering, own, followed)?;
    let mut seen = outer.clone();
    seen.retain(|name, _| !own.contains_key(name));
    let mut scope = scope.clone();
    let mut dirty = true;
    for name in order {
        let node = &own[&name];
        if has_templates(node) && std::mem::take(&mut dirty) {
            scope.data = scope.data.with([("locals", Node::from(seen.clone()))]);
        }
        let value = resolve_one(rendering, pass, &scope, node);
        if asks && let Some(late) = late(rendering, node, own, &seen) {
            if value.as_ref().map_or(true, has_hole) && !followed.contains(&name) {
                return Ok(Err(name));
            }
            warn_of_late(rendering, &name, &late, node);
        }
        let value = value.map_err(|failure| {
            let after = if pass.strict { available(&scope.data) } else { String::new() };
            failure.wrapped(&format!("failed to resolve local \"{name}\" in {}: ", rendering.file), &after)
        })?;
        if is_too_large(&value, SIZE) {
            let message =
                format!("the local \"{name}\" in {} has more than {SIZE} values, or too many levels", rendering.file);
            return Err(Failure::new(node.span, message).help("locals that refer to each other multiply"));
        }
        seen.insert(name, value);
        dirty = true;
    }
    let value = |name: &Arc<str>| (name.clone(), seen.get(name).cloned().unwrap_or_default());
    Ok(Ok(own.keys().map(value).collect()))
}

/// A local that a value reads by a function before it is resolved.
fn late(rendering: &Rendering<'_>, node: &Node, own: &Map, seen: &Map) -> Option<Arc<str>> {
    let mut indexed = Vec::new();
    references(rendering, node, &|compiled, found| found.extend(compiled.indexed.iter().cloned()), &mut indexed);
    indexed.into_iter().find(|name| own.contains_key(name) && !seen.contains_key(name))
}

/// Whether something that a template looked for was not there.
fn has_hole(node: &Node) -> bool {
    match &node.value {
        Value::String(text) => text.contains("<no value>"),
        Value::Map(map) => map.values().any(has_hole),
        Value::List(list) => list.iter().any(has_hole),
        Value::Function(function) => has_hole(&function.argument),
        _ => false,
    }
}

fn warn_of_late(rendering: &Rendering<'_>, name: &str, late: &str, node: &Node) {
    let message = format!(
        "the local `{name}` in '{}' asks a function for the local `{late}`, which is resolved after it: it does without",
        rendering.file
    );
    let warning = Warning::new("atmos::stack::late_local", message).help(
        "locals are resolved by name but for those that are written as `.locals.name`: write it so, or rename one",
    );
    let host = rendering.site.host;
    host.talk.warn(match host.sources.place(node.span) {
        Some(place) => warning.at(place),
        None => warning,
    });
}

/// One value: its templates rendered, and its functions evaluated where that is possible here.
fn resolve_one(rendering: &Rendering<'_>, pass: &mut Pass, scope: &Scope, node: &Node) -> Result<Node, Failure> {
    let rendered = rendering.walk(pass, scope, node)?;
    evaluated(rendering, &rendered)
}

fn evaluated(rendering: &Rendering<'_>, node: &Node) -> Result<Node, Failure> {
    Ok(match &node.value {
        Value::Function(_) => functions::evaluate(rendering.site.host, node, rendering.site.layout.opening.as_deref())?,
        Value::Map(map) if map.values().any(has_functions) => {
            let items = map.iter().map(|(key, item)| Ok((key.clone(), evaluated(rendering, item)?)));
            Node::new(Value::Map(Arc::new(items.collect::<Result<Map, Failure>>()?)), node.span)
        }
        Value::List(list) if list.iter().any(has_functions) => {
            let items = list.iter().map(|item| evaluated(rendering, item));
            Node::new(Value::List(Arc::new(items.collect::<Result<Vec<_>, Failure>>()?)), node.span)
        }
        _ => node.clone(),
    })
}

fn has_functions(node: &Node) -> bool {
    match &node.value {
        Value::Function(_) => true,
        Value::Map(map) => map.values().any(has_functions),
        Value::List(list) => list.iter().any(has_functions),
        _ => false,
    }
}

/// The names of `own` so that each comes after those that its value refers to; those that `followed` names also after what
/// they ask functions for. And whether any asks a function at all.
fn order(rendering: &Rendering<'_>, own: &Map, followed: &[Arc<str>]) -> Result<(Vec<Arc<str>>, bool), Failure> {
    let mut names: Vec<&Arc<str>> = own.keys().collect();
    names.sort();
    let asks = Cell::new(false);
    let read = |compiled: &Compiled, found: &mut Vec<Arc<str>>| {
        asks.set(asks.get() || !compiled.indexed.is_empty());
        found.extend(compiled.local_names().cloned());
    };
    let mut needs: HashMap<&str, Vec<Arc<str>>> = HashMap::new();
    for name in &names {
        let mut found = Vec::new();
        references(rendering, &own[*name], &read, &mut found);
        if followed.contains(name) {
            let indexed = |compiled: &Compiled, found: &mut Vec<_>| found.extend(compiled.indexed.iter().cloned());
            references(rendering, &own[*name], &indexed, &mut found);
        }
        found.retain(|needed| own.contains_key(needed));
        found.sort();
        found.dedup();
        needs.insert(name, found);
    }
    let mut done: HashMap<Arc<str>, bool> = HashMap::new();
    let mut order = Vec::with_capacity(own.len());
    for name in names {
        // Names on the way down, each with how many of its needs were followed.
        let mut way: Vec<(Arc<str>, usize)> = Vec::new();
        if !done.contains_key(name) {
            done.insert(name.clone(), false);
            way.push((name.clone(), 0));
        }
        while let Some((current, followed)) = way.last_mut() {
            let Some(next) = needs[&**current].get(*followed).cloned() else {
                done.insert(current.clone(), true);
                order.push(current.clone());
                way.pop();
                continue;
            };
            *followed += 1;
            match done.get(&next) {
                Some(true) => {}
                Some(false) => return Err(cycle(rendering, own, &way, &next)),
                None => {
                    done.insert(next.clone(), false);
                    way.push((next, 0));
                }
            }
        }
    }
    Ok((order, asks.get()))
}

fn cycle(rendering: &Rendering<'_>, own: &Map, way: &[(Arc<str>, usize)], closing: &Arc<str>) -> Failure {
    let start = way.iter().position(|(name, _)| name == closing).unwrap_or(0);
    let chain: Vec<&str> = way[start..].iter().map(|(name, _)| &**name).chain([&**closing]).collect();
    let message = format!(
        "circular dependency in locals of '{}'. Dependency cycle detected: {}",
        rendering.file,
        chain.join(" → ")
    );
    Failure::new(own[closing].span, message).help("write one of these values without a reference to the next one")
}

/// The locals that the templates in a value read, as `of` tells them.
fn references(
    rendering: &Rendering<'_>,
    node: &Node,
    of: &impl Fn(&Compiled, &mut Vec<Arc<str>>),
    found: &mut Vec<Arc<str>>,
) {
    match &node.value {
        Value::String(text) if text.contains("{{") => {
            let compiled = rendering.renderer.compiled(rendering.site.host, rendering.file, node.span, text);
            of(&compiled, found);
        }
        Value::Map(map) => map.values().for_each(|item| references(rendering, item, of, found)),
        Value::List(list) => list.iter().for_each(|item| references(rendering, item, of, found)),
        Value::Function(function) => references(rendering, &function.argument, of, found),
        _ => {}
    }
}
