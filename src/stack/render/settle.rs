//! Locals that took over a value which reads locals itself (`bucket: "{{ .vars.namespace }}-state"` of
//! `namespace: "{{ .locals.org }}"`): at that time the value was a template, and now it is what it says.

use std::collections::HashMap;
use std::sync::Arc;

use super::data::Data;
use super::manifest::Rendering;
use super::partial;
use super::scalar::{Compiled, Scope};
use super::walk::{Pass, has_templates};
use crate::template::Reads;
use crate::value::{Map, Node, Value};

/// `resolved` with the templates rendered that read locals and nothing else; in others the locals become constants. Those
/// that read each other stay what they are. `outer` are the locals of the scopes around.
pub(super) fn settled(rendering: &Rendering<'_>, resolved: Map, outer: &Map, base: &Data) -> Map {
    if !resolved.values().any(|node| has_templates(node) && !rendering.is_included(node.span)) {
        return resolved;
    }
    let mut settling = Settling { rendering, base, outer, map: resolved, done: HashMap::new() };
    let names: Vec<Arc<str>> = settling.map.keys().cloned().collect();
    for name in &names {
        settling.settle(name);
    }
    settling.map
}

struct Settling<'a> {
    rendering: &'a Rendering<'a>,
    base: &'a Data,
    outer: &'a Map,
    map: Map,
    /// Whether a local is finished; one that is not is being looked at.
    done: HashMap<Arc<str>, bool>,
}

impl Settling<'_> {
    fn settle(&mut self, name: &Arc<str>) {
        let Some(node) = self.map.get(name).cloned().filter(has_templates) else { return };
        if self.done.contains_key(name) {
            return;
        }
        self.done.insert(name.clone(), false);
        let mut reads = Vec::new();
        self.reads(&node, &mut reads);
        for needed in &reads {
            self.settle(needed);
        }
        if !reads.is_empty() && reads.iter().all(|needed| self.done.get(needed) != Some(&false)) {
            let mut all = self.outer.clone();
            all.extend(self.map.iter().map(|(name, node)| (name.clone(), node.clone())));
            let scope = Scope::of(self.base.with([("locals", Node::from(all))]));
            let value = self.value(&scope, &node);
            self.map.insert(name.clone(), value);
        }
        self.done.insert(name.clone(), true);
    }

    /// The locals that templates in a value read.
    fn reads(&self, node: &Node, found: &mut Vec<Arc<str>>) {
        match &node.value {
            Value::String(text) => {
                found.extend(self.compiled(node, text).iter().flat_map(|it| it.local_names().cloned()));
            }
            Value::Map(map) => map.values().for_each(|item| self.reads(item, found)),
            Value::List(list) => list.iter().for_each(|item| self.reads(item, found)),
            _ => {}
        }
    }

    fn value(&self, scope: &Scope, node: &Node) -> Node {
        let value = match &node.value {
            Value::String(text) => return self.text(scope, node, text).unwrap_or_else(|| node.clone()),
            Value::Map(map) => {
                let items = map.iter().map(|(key, item)| (key.clone(), self.value(scope, item)));
                Value::Map(Arc::new(items.collect()))
            }
            Value::List(list) => Value::List(Arc::new(list.iter().map(|item| self.value(scope, item)).collect())),
            _ => return node.clone(),
        };
        Node::new(value, node.span)
    }

    /// What a text says; `None` where it stays.
    fn text(&self, scope: &Scope, node: &Node, text: &Arc<str>) -> Option<Node> {
        let compiled = self.compiled(node, text)?;
        let only_locals = match &compiled.reads {
            Some(Reads::Paths(paths)) => paths.iter().all(|path| &*path[0] == "locals"),
            _ => false,
        };
        if only_locals {
            let mut pass = Pass { strict: true, again: true, ..Pass::default() };
            return self.rendering.scalar(&mut pass, scope, text, node.span, true).ok();
        }
        let partial = partial::with_constants(text, &scope.data, |root| root == "locals").ok()?;
        Some(Node::new(Value::String(Arc::from(partial)), node.span))
    }

    /// A text that is a template of this file, and reads locals.
    fn compiled(&self, node: &Node, text: &Arc<str>) -> Option<Arc<Compiled>> {
        if !text.contains("{{") || self.rendering.is_included(node.span) {
            return None;
        }
        let rendering = self.rendering;
        let compiled = rendering.renderer.compiled(rendering.site.host, rendering.file, node.span, text);
        compiled.locals.then_some(compiled)
    }
}
