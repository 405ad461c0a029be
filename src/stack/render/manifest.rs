//! One manifest in one frame: scalar by scalar, or as one text.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::error::Error;
use super::super::file::{self, File, Manifest, TemplateFile};
use super::super::frame::{self, Frame};
use super::data::Data;
use super::failure::Failure;
use super::guard;
use super::locals::{self, Locals};
use super::renderer::{Renderer, Site, options, parse_file};
use super::scalar::Scope;
use super::walk::{Deferral, Pass, Rendered, has_templates};
use super::world::Outside;
use crate::content::literal_where;
use crate::host::Host;
use crate::span::{FileId, Place, Span};
use crate::template::{self, ErrorKind};
use crate::value::{Map, Node, Value};
use crate::yaml;

/// The rendering of one manifest.
pub(super) struct Rendering<'a> {
    pub renderer: &'a Renderer,
    pub site: Site<'a>,
    /// Path of the manifest relative to the base path of the stacks.
    pub file: &'a str,
    /// What is included from other files is data, not a template of this one.
    pub own: Option<FileId>,
    /// An import gave a context: then whatever is missing is an error.
    pub explicit: bool,
    /// The name of the file ends in `.tmpl`.
    pub suffix: bool,
    /// A missing value is `<no value>`.
    pub lenient: bool,
}

/// The sections whose values templates of the same file see.
const SECTIONS: [&str; 3] = ["settings", "vars", "env"];

pub(super) fn render(renderer: &Renderer, site: Site<'_>, file: &File, frame: Frame) -> Result<Manifest, Error> {
    let rendering = Rendering {
        renderer,
        site,
        file: &file.relative,
        own: file.action.map(|action| action.file),
        explicit: frame.context != 0,
        suffix: file.template == TemplateFile::Suffix,
        lenient: frame.lenient,
    };
    // Locals of an importing file are no business of this one.
    let base = Data::new(site.pool.get(frame.context)).with([("locals", Node::default())]);
    let base =
        with_versions(&rendering, file, base).map_err(|failure| failure.into_error(site.host, rendering.file))?;
    let document = match &file.written.document {
        Ok(written) => rendering.document(file, written, &base)?,
        Err(_) if rendering.suffix && file.action.is_some() => {
            rendering.text(file, &base).map_err(|error| error.into_error(&rendering, unquoted(site.host, file)))?
        }
        Err(error) => return Err(error.clone()),
    };
    // Paths that were templates are known now.
    let document = file::include(site.host, site.layout, &file.path, &file.relative, &document)?;
    if frame::is_too_large(&document, yaml::NODE_BUDGET) {
        let message = format!("the rendered manifest has more than {} values, or too many levels", yaml::NODE_BUDGET);
        let failure = Failure::new(document.span, message).help("values that refer to each other multiply");
        return Err(failure.into_error(site.host, &file.relative));
    }
    let same_imports =
        file.written.document.as_ref().is_ok_and(|written| written.get("import") == document.get("import"));
    let imports = match &file.written.imports {
        Ok(entries) if same_imports => Ok(entries.clone()),
        _ => file::entries(site.host, site.layout, &document, &file.relative, file.base.as_ref()).map(Arc::new),
    };
    Ok(Manifest {
        id: (file.written.id.0, Some(frame)),
        key: file.written.key.clone(),
        document: Ok(document),
        imports,
    })
}

/// The data with the locked versions as `.version`, where the file speaks of them and no import gives that name another
/// meaning. The lock file is not touched otherwise.
fn with_versions(rendering: &Rendering<'_>, file: &File, base: Data) -> Result<Data, Failure> {
    let host = rendering.site.host;
    let Some((action, source)) = file.action.and_then(|action| Some((action, host.sources.get(action.file)?))) else {
        return Ok(base);
    };
    if base.at(["version"]).is_some() || !mentions_versions(&source.text) {
        return Ok(base);
    }
    let versions = &rendering.site.layout.versions;
    let written = file.written.document.as_ref().ok();
    let track = written.and_then(|document| document.get_path(["version", "track"])).and_then(Node::as_str);
    let all = versions.all(host, versions.track(track)).map_err(|reason| {
        Failure::new(action, format!("the locked versions cannot be read: {reason}"))
            .help("correct or remove the lock file")
    })?;
    Ok(base.with([("version", all)]))
}

/// Whether a text has the field `.version`.
fn mentions_versions(text: &str) -> bool {
    let is_word = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(".version").any(|(at, field)| !is_word(&text[at + field.len()..]))
}

impl Rendering<'_> {
    /// A manifest that is YAML as it is written.
    fn document(&self, file: &File, written: &Node, base: &Data) -> Result<Node, Error> {
        let failed = |failure: Failure| failure.into_error(self.site.host, self.file);
        let with_locals = file::has_locals(written);
        if self.suffix && !self.explicit && !with_locals && actions_outside(self.site.host, written, file) {
            // Comments of such files are rendered too.
            match self.text(file, base) {
                Ok(document) => return Ok(document),
                Err(Broken::Template(error)) if is_missing_key(&error) => {}
                Err(error) => return Err(error.into_error(self, None)),
            }
        }
        let parts = Parts::of(self, written, base, with_locals).map_err(failed)?;
        let mut pass = Pass { left: parts.left, ..Pass::default() };
        let mut document = parts.document(self, &mut pass, written).map_err(failed)?;
        if let Some(broken) = pass.broken {
            return self.text(file, &parts.top).map_err(|error| match error {
                Broken::Template(error) if error.kind() == ErrorKind::Syntax => failed(broken),
                error => error.into_error(self, None),
            });
        }
        if pass.left && pass.rendered && !self.explicit {
            let mut pass = Pass { deferral: Deferral::File, ..Pass::default() };
            document = parts.document(self, &mut pass, written).map_err(failed)?;
        }
        Ok(document)
    }

    /// The whole text as one template.
    fn text(&self, file: &File, data: &Data) -> Result<Node, Broken> {
        let host = self.site.host;
        let Some((at, source)) = file.action.and_then(|action| Some((action.file, host.sources.get(action.file)?)))
        else {
            return Ok(Node::empty_map());
        };
        let start = host.sources.place(Span::new(at, 1, 1, 0));
        let template = parse_file(self.file, &source.text, start).map_err(Broken::Template)?;
        let lenient = self.lenient && (self.explicit || !self.site.layout.templates);
        let opening = self.site.layout.opening.as_deref();
        let mut outside = Outside::new(host, opening, &source.text, data.foreign(None, opening));
        let rendered = template.render(data.val(), &options(lenient), &mut outside).map_err(Broken::Template)?;
        let foreign = outside.foreign.into_inner();
        let path = PathBuf::from(format!("{} (rendered)", file.path.display()));
        let node =
            yaml::parse_manifest(&host.sources, &path, &host.cwd, Arc::from(rendered), self.site.layout.delimiter())
                .map_err(|error| Broken::Other(file::invalid(&error, self.file, None)))?;
        let node = guard::guarded(&node, &source.text, &foreign);
        let constants = template.constants();
        let written = || data.written([&*source.text, constants.as_str()], opening);
        let is_data = |text: &str| foreign.made_template(text, opening, written);
        let node = if foreign.is_empty() { node } else { literal_where(&node, &is_data) };
        file::top_level(host, node, self.file).map_err(Broken::Other)
    }
}

/// Why a whole text gives no manifest.
enum Broken {
    Template(template::Error),
    Other(Error),
}

impl Broken {
    /// `unquoted` is the template for which the manifest is rendered as one text.
    fn into_error(self, rendering: &Rendering<'_>, unquoted: Option<Place>) -> Error {
        let error = match self {
            Broken::Template(error) => error,
            Broken::Other(error) => return error,
        };
        let mut failure = Failure::template(&error);
        if is_missing_key(&error) {
            failure = failure.help(if rendering.explicit {
                MISSING
            } else {
                "values of components are not known yet: write the template as a quoted scalar, and it is rendered \
                 with the component"
            });
            let fails = |place: &Place| error.place().is_some_and(|at| is_within(place, at));
            if let Some(place) = unquoted.filter(|place| !rendering.explicit && !fails(place)) {
                failure = failure.help(format!(
                    "the template at {place} is not quoted, so that the file is no YAML before all its templates are rendered, and \
                     values of components are not known then: quote that one"
                ));
            }
        }
        failure.into_error(rendering.site.host, rendering.file)
    }
}

/// What to do about a value that no import gives.
pub(super) const MISSING: &str =
    "pass the value in the `context` of the import, or set `ignore_missing_template_values: true` there";

pub(super) fn is_missing_key(error: &template::Error) -> bool {
    error.phrase().starts_with("map has no entry for key")
}

/// The first template action of a file that begins a value, or a line, without a quote: there YAML ends.
fn unquoted(host: &Host, file: &File) -> Option<Place> {
    let first = host.sources.place(file.action?)?;
    let text = first.source.text.clone();
    let begins = |at: &usize| {
        let line = text[..*at].rsplit('\n').next().unwrap_or_default().trim();
        !line.starts_with('#') && (line.is_empty() || line.ends_with([':', '-', ',', '[', '{']))
    };
    text.match_indices("{{").map(|(at, _)| at).find(begins).map(|at| first.at_offset(at))
}

/// Whether a place lies in the template action that begins at another one.
fn is_within(action: &Place, place: &Place) -> bool {
    let start = action.offset();
    let end = action.source.text[start..].find("}}").map_or(start, |length| start + length);
    (start..=end).contains(&place.offset())
}

/// Whether the text of a file has template actions that are no part of a value or a key: in comments, that is.
fn actions_outside(host: &Host, written: &Node, file: &File) -> bool {
    let source = file.action.and_then(|action| host.sources.get(action.file));
    let all = source.map_or(0, |source| source.text.matches("{{").count());
    let mut inside = Inside::default();
    inside.count(written);
    inside.actions < all
}

/// Actions in values and keys, those behind aliases once.
#[derive(Default)]
struct Inside {
    seen: HashSet<Span>,
    actions: usize,
}

impl Inside {
    fn count(&mut self, node: &Node) {
        match &node.value {
            Value::String(text) if self.seen.insert(node.span) => self.actions += text.matches("{{").count(),
            Value::Map(map) if self.seen.insert(node.span) => {
                for (key, item) in map.iter() {
                    self.actions += key.matches("{{").count();
                    self.count(item);
                }
            }
            Value::List(list) if self.seen.insert(node.span) => list.iter().for_each(|item| self.count(item)),
            Value::Function(function) => self.count(&function.argument),
            _ => {}
        }
    }
}

/// What is known of a manifest before it is rendered as a whole.
struct Parts {
    /// Data of everything that belongs to no kind.
    top: Data,
    locals: Option<Locals>,
    /// Rendered `settings`, `vars` and `env` of a file with locals.
    sections: Vec<(&'static str, Node)>,
    /// A template in one of them stays.
    left: bool,
}

impl Parts {
    fn of(rendering: &Rendering<'_>, written: &Node, base: &Data, with_locals: bool) -> Result<Parts, Failure> {
        let mut parts = Parts { top: base.clone(), locals: None, sections: Vec::new(), left: false };
        if !with_locals {
            return Ok(parts);
        }
        let locals = Locals::of(rendering, written, base)?;
        parts.top = base.with([("locals", locals.at_top())]);
        // Each section sees those before it.
        for key in SECTIONS {
            let Some(section) = written.get(key).filter(|node| node.as_map().is_some_and(|map| !map.is_empty())) else {
                continue;
            };
            let scope = Scope::of(parts.top.clone());
            let mut pass = Pass { section: true, ..Pass::default() };
            let mut rendered = rendering.walk(&mut pass, &scope, section)?;
            if pass.left {
                let mut pass = Pass { section: true, deferral: Deferral::Section, ..Pass::default() };
                rendered = rendering.walk(&mut pass, &scope, section)?;
            }
            parts.top = parts.top.with([(key, rendered.clone())]);
            parts.sections.push((key, rendered));
        }
        // With all three known, does any of their templates still wait for the component?
        let scope = Scope::of(parts.top.clone());
        for (key, _) in &parts.sections {
            let mut pass = Pass { section: true, ..Pass::default() };
            let known = written.get(key).map(|section| rendering.walk(&mut pass, &scope, section));
            parts.left |= pass.left || matches!(known, Some(Err(_)));
        }
        parts.locals = Some(locals);
        Ok(parts)
    }

    /// The manifest with everything rendered that can be.
    fn document(&self, rendering: &Rendering<'_>, pass: &mut Pass, written: &Node) -> Result<Node, Failure> {
        let scope = Scope::of(self.top.clone());
        let mut document = Rendered::with_capacity(8);
        for (key, node) in written.as_map().into_iter().flatten() {
            let known = self.sections.iter().find(|(name, _)| **name == **key);
            let rendered = match (&**key, &self.locals) {
                ("locals", Some(locals)) => Node::new(Node::from(locals.global.clone()).value, node.span),
                _ if known.is_some() => known.map(|(_, rendered)| rendered.clone()).unwrap_or_default(),
                ("components", _) => self.components(rendering, pass, node)?,
                (kind, Some(locals)) if locals.kinds.contains_key(kind) => {
                    let scope = self.kind_scope(kind);
                    let own = Node::from(locals.kinds[kind].clone());
                    section(rendering, pass, &scope, node, &own)?
                }
                _ => rendering.walk(pass, &scope, node)?,
            };
            document.insert(rendering.key(pass, &scope, key, node.span)?, rendered)?;
        }
        Ok(Node::new(Node::from(document.map).value, written.span))
    }

    fn kind_scope(&self, kind: &str) -> Scope {
        let data = match &self.locals {
            Some(locals) => self.top.with([("locals", Node::from(locals.of_kind(kind)))]),
            None => self.top.clone(),
        };
        Scope::of(data)
    }

    fn components(&self, rendering: &Rendering<'_>, pass: &mut Pass, node: &Node) -> Result<Node, Failure> {
        let top = Scope::of(self.top.clone());
        let Some(kinds) = node.as_map().filter(|_| has_templates(node)) else {
            return rendering.walk(pass, &top, node);
        };
        let mut rendered = Rendered::with_capacity(kinds.len());
        for (kind, components) in kinds {
            let scope = self.kind_scope(kind);
            let inner = match components.as_map() {
                Some(components) => {
                    let mut inner = Rendered::with_capacity(components.len());
                    for (name, node) in components {
                        let item = component(rendering, pass, &scope, node)?;
                        inner.insert(rendering.key(pass, &scope, name, node.span)?, item)?;
                    }
                    Node::from(inner.map)
                }
                None => rendering.walk(pass, &scope, components)?,
            };
            let key = rendering.key(pass, &scope, kind, components.span)?;
            rendered.insert(key, Node::new(inner.value, components.span))?;
        }
        Ok(Node::new(Node::from(rendered.map).value, node.span))
    }
}

/// A component with its own locals.
fn component(rendering: &Rendering<'_>, pass: &mut Pass, kind: &Scope, node: &Node) -> Result<Node, Failure> {
    let own = node.get("locals").and_then(Node::as_map);
    let merged = rendering.site.layout.templates;
    let has_base = || node.get_path(["metadata", "inherits"]).is_some_and(|bases| !bases.is_empty());
    let open = !rendering.explicit && (merged || own.is_some() || has_base());
    let mut scope = Scope { open, ..kind.clone() };
    // Without the step that renders components their locals are never there, as in the reference.
    let Some(own) = own.filter(|_| has_templates(node) && (merged || rendering.explicit)) else {
        return rendering.walk(pass, &scope, node);
    };
    let outer = kind.data.at(["locals"]).and_then(Node::as_map).cloned().unwrap_or_default();
    let resolved = locals::resolve(rendering, pass, own, &outer, &scope)?;
    let mut all: Map = outer;
    all.extend(resolved.iter().map(|(name, node)| (name.clone(), node.clone())));
    scope.data = scope.data.with([("locals", Node::from(all))]);
    scope.own = Some(Arc::new(resolved.clone()));
    section(rendering, pass, &scope, node, &Node::from(resolved))
}

/// A section whose `locals` are known.
fn section(
    rendering: &Rendering<'_>,
    pass: &mut Pass,
    scope: &Scope,
    node: &Node,
    locals: &Node,
) -> Result<Node, Failure> {
    let mut rendered = Rendered::with_capacity(8);
    for (key, item) in node.as_map().into_iter().flatten() {
        let value = match &**key {
            "locals" => Node::new(locals.value.clone(), item.span),
            _ => rendering.walk(pass, scope, item)?,
        };
        rendered.insert(rendering.key(pass, scope, key, item.span)?, value)?;
    }
    Ok(Node::new(Node::from(rendered.map).value, node.span))
}
