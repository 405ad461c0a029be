//! Where the values of a described component were written, as notes beside its lines.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::App;
use crate::component::{Instance, Origins};
use crate::diag::Result;
use crate::merge::is_list_mark;
use crate::span::{FileId, Sources, Span};
use crate::value::{Node, Value};

/// The place of every value of one component.
pub struct Provenance {
    /// Key of the manifest.
    pub manifest: String,
    /// Name and depth of each manifest: 1 for that of the stack, 2 for what it imports.
    files: BTreeMap<FileId, (String, usize)>,
    written: Written,
    sources: Arc<Sources>,
}

impl Provenance {
    /// # Errors
    /// Those of merging the component.
    pub(super) fn of(app: &App, written: &Instance) -> Result<Provenance> {
        let origins = Origins::of(&app.host, &app.config, app.index_of(written)?, written)?;
        let mut files = BTreeMap::new();
        for file in origins.files() {
            files.entry(file.node.span.file).or_insert((file.file.clone(), file.chain.len()));
        }
        let sources = app.host.sources.clone();
        Ok(Provenance { manifest: written.manifest.clone(), files, written: Written::of(app, written), sources })
    }

    /// The note for a value: sign, depth, file and line. `None` for what atmos derives itself.
    pub fn note(&self, node: &Node) -> Option<String> {
        let span = node.span;
        let source = self.sources.get(span.file)?;
        let (name, depth) = if let Some((name, depth)) = self.files.get(&span.file) {
            (name.as_str(), *depth)
        } else {
            // What a manifest includes is one step behind it.
            let including = self.sources.included(span.file).and_then(|at| self.files.get(&at.file));
            (source.name.as_str(), including.map_or(0, |(_, depth)| depth + 1))
        };
        let sign = match depth {
            _ if self.written.gave(node).is_some() || template_of(&self.sources, node).is_some() => '∴',
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

/// The functions and templates of a component as they are written, by their places.
pub(super) struct Written(HashMap<Span, Node>);

impl Written {
    pub(super) fn of(app: &App, instance: &Instance) -> Written {
        let mut written = Written(HashMap::new());
        let opening = app.config.templates.opening();
        let named = instance.sections.named();
        let sections = named.iter().map(|(_, node)| *node).chain(instance.sections.extra.values());
        // What lies below a function of another layer is there, too.
        let layers = instance.layered.iter().flat_map(|layered| &layered.values);
        sections.chain(&instance.described_auth).chain(layers).for_each(|node| written.add(node, opening));
        written
    }

    fn add(&mut self, node: &Node, opening: &str) {
        match &node.value {
            Value::Map(map) => map.values().for_each(|node| self.add(node, opening)),
            Value::List(list) => list.iter().for_each(|node| self.add(node, opening)),
            Value::Function(function) if is_list_mark(&function.tag) => self.add(&function.argument, opening),
            Value::Function(_) => self.put(node),
            Value::String(text) if text.starts_with('!') || text.contains(opening) => self.put(node),
            _ => {}
        }
    }

    fn put(&mut self, node: &Node) {
        if node.span.is_known() {
            self.0.insert(node.span, node.clone());
        }
    }

    /// The function or the template that gave a value, or that gave the whole of which it is a part.
    pub(super) fn gave(&self, node: &Node) -> Option<&Node> {
        self.0.get(&node.span).filter(|written| *written != node)
    }
}
