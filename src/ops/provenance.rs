//! Where the values of a described component were written, as notes beside its lines.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::App;
use crate::component::{Instance, Origins};
use crate::diag::Result;
use crate::span::{FileId, Sources, Span};
use crate::value::{Node, Value};

/// The place of every value of one component.
pub struct Provenance {
    /// Key of the manifest.
    pub manifest: String,
    /// Name and depth of each manifest: 1 for that of the stack, 2 for what it imports.
    files: BTreeMap<FileId, (String, usize)>,
    /// Places of the values that a function or a template gave.
    computed: HashSet<Span>,
    sources: Arc<Sources>,
}

impl Provenance {
    /// # Errors
    /// Those of merging the component.
    pub(super) fn of(app: &App, written: &Instance, evaluated: &Instance) -> Result<Provenance> {
        let origins = Origins::of(&app.host, &app.config, app.index_of(written)?, written)?;
        let mut files = BTreeMap::new();
        for file in origins.files() {
            files.entry(file.node.span.file).or_insert((file.file.clone(), file.chain.len()));
        }
        let mut computed = HashSet::new();
        for ((_, before), (_, after)) in written.sections.named().into_iter().zip(evaluated.sections.named()) {
            compare(before, after, &mut computed);
        }
        for (key, before) in &written.sections.extra {
            if let Some(after) = evaluated.sections.extra.get(key) {
                compare(before, after, &mut computed);
            }
        }
        let sources = app.host.sources.clone();
        Ok(Provenance { manifest: written.manifest.clone(), files, computed, sources })
    }

    /// The note for a value: sign, depth, file and line. `None` for what atmos derives itself.
    pub fn note(&self, node: &Node) -> Option<String> {
        let span = node.span;
        let source = self.sources.get(span.file)?;
        let (name, depth) = match self.files.get(&span.file) {
            Some((name, depth)) => (name.as_str(), *depth),
            None => (source.name.as_str(), 0),
        };
        let sign = match depth {
            _ if self.computed.contains(&span) || template_of(&self.sources, node).is_some() => '∴',
            1 => '●',
            _ => '○',
        };
        Some(format!("{sign} [{depth}] {name}:{}", span.line))
    }
}

/// The template in its file that gave a value, where the manifest was rendered before it was read.
pub(super) fn template_of(sources: &Sources, node: &Node) -> Option<String> {
    let place = sources.place(node.span)?;
    let rest = place.source.text.get(place.offset()..)?;
    let line = rest.lines().next().unwrap_or("");
    let written = if node.span.length == 0 { line } else { line.get(..place.byte_length())? };
    let left_alone = node.as_str().is_some_and(|text| text.contains("{{"));
    let is_scalar = node.as_map().is_none() && node.as_list().is_none();
    (is_scalar && !left_alone && written.contains("{{")).then(|| written.trim_matches(['"', '\'', ' ']).to_owned())
}

/// Collects the places of what differs.
fn compare(written: &Node, evaluated: &Node, computed: &mut HashSet<Span>) {
    match (&written.value, &evaluated.value) {
        (Value::Map(before), Value::Map(after)) => {
            for (key, node) in before.iter() {
                if let Some(value) = after.get(key) {
                    compare(node, value, computed);
                }
            }
        }
        (Value::List(before), Value::List(after)) if before.len() == after.len() => {
            before.iter().zip(after.iter()).for_each(|(node, value)| compare(node, value, computed));
        }
        (before, after) if before != after => add(evaluated, computed),
        _ => {}
    }
}

/// A computed value and everything in it that has a place.
fn add(node: &Node, computed: &mut HashSet<Span>) {
    if node.span.is_known() {
        computed.insert(node.span);
    }
    match &node.value {
        Value::Map(map) => map.values().for_each(|node| add(node, computed)),
        Value::List(list) => list.iter().for_each(|node| add(node, computed)),
        _ => {}
    }
}
