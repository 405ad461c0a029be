//! Renditions of manifests, each made once, and compiled templates.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::super::error::Error;
use super::super::file::{File, Manifest};
use super::super::frame::{Frame, Pool};
use super::super::load::Layout;
use super::manifest;
use super::scalar::Compiled;
use super::world::Outside;
use crate::content::{Foreign, Written};
use crate::host::Host;
use crate::span::Span;
use crate::template::{self, MissingKey, Options, Reads, Source, Template};
use crate::value::Node;

/// What a rendering needs of the repository.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub host: &'a Host,
    pub layout: &'a Layout,
    pub pool: &'a Pool,
}

/// Compiled templates by place and text.
type Templates = HashMap<(Span, Arc<str>), Arc<Compiled>>;

/// The renditions so far, and the compiled templates of all scalars: a file that is imported in many ways is compiled
/// once.
#[derive(Debug, Default)]
pub(crate) struct Renderer {
    /// As of [`Layout`].
    opening: Option<Arc<str>>,
    renditions: Mutex<HashMap<(usize, Frame), Arc<Manifest>>>,
    compiled: RwLock<Templates>,
}

impl Renderer {
    pub(crate) fn new(layout: &Layout) -> Renderer {
        Renderer { opening: layout.opening.clone(), ..Renderer::default() }
    }

    /// What `file` says in `frame`.
    ///
    /// # Errors
    /// The first problem in the templates of the file.
    pub(crate) fn manifest(&self, site: Site<'_>, file: &File, frame: Frame) -> Result<Arc<Manifest>, Error> {
        let key = (file.written.id.0, frame);
        if let Some(known) = self.renditions.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let rendered = Arc::new(manifest::render(self, site, file, frame)?);
        let mut renditions = self.renditions.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(renditions.entry(key).or_insert(rendered).clone())
    }

    /// The compiled template of a scalar.
    pub(super) fn compiled(&self, host: &Host, name: &str, span: Span, text: &Arc<str>) -> Arc<Compiled> {
        let key = (span, text.clone());
        if let Some(known) = self.compiled.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let new = Arc::new(Compiled::new(name, text, host.sources.place(span)));
        let mut compiled = self.compiled.write().unwrap_or_else(PoisonError::into_inner);
        compiled.entry(key).or_insert(new).clone()
    }

    /// A text outside of manifests' values, such as the path of an import, with this data.
    pub(crate) fn text(
        &self,
        host: &Host,
        (name, span): (&str, Span),
        text: &str,
        data: &Node,
        lenient: bool,
    ) -> Result<String, Arc<template::Error>> {
        let mut foreign = Foreign::default();
        if renders_texts(text) {
            foreign.note_marked(data, self.opening.as_deref());
        }
        Ok(self.rendered(host, (name, span), (text, data), lenient, foreign)?.0)
    }

    /// The same, with whether the result has a template or begins like a function that is data.
    pub(crate) fn marked(
        &self,
        host: &Host,
        named: (&str, Span),
        text: &str,
        data: &Node,
    ) -> Result<(String, bool), Arc<template::Error>> {
        let opening = self.opening.as_deref();
        let mut foreign = Foreign::default();
        match &self.compiled(host, named.0, named.1, &Arc::from(text)).reads {
            Some(Reads::Paths(paths)) => {
                for path in paths {
                    foreign.note_marked_at(data, path.iter().map(|key| &**key), opening);
                }
            }
            _ => foreign.note_marked(data, opening),
        }
        let (rendered, foreign) = self.rendered(host, named, (text, data), false, foreign)?;
        let written = || {
            let mut written = Written::default();
            written.text(text);
            written.node(data, opening);
            written
        };
        let made = foreign.made_function(&rendered, text) || foreign.made_template(&rendered, opening, written);
        Ok((rendered, made))
    }

    /// A rendered text, and what was read for it: `foreign`, and what the template reached outside.
    fn rendered(
        &self,
        host: &Host,
        (name, span): (&str, Span),
        (text, data): (&str, &Node),
        lenient: bool,
        foreign: Foreign,
    ) -> Result<(String, Foreign), Arc<template::Error>> {
        let compiled = self.compiled(host, name, span, &Arc::from(text));
        let template = compiled.template.as_ref().map_err(Arc::clone)?;
        let mut outside = Outside::new(host, self.opening.as_deref(), text, foreign);
        let rendered = template.render(data, &options(lenient), &mut outside).map_err(Arc::new)?;
        Ok((rendered, outside.foreign.into_inner()))
    }
}

impl Renderer {
    /// What a text reads of its data; `None` when it is no template.
    pub(crate) fn reads(&self, host: &Host, name: &str, text: &str) -> Option<Reads> {
        self.compiled(host, name, Span::default(), &Arc::from(text)).reads.clone()
    }
}

/// A whole file as one template.
pub(super) fn parse_file(
    name: &str,
    text: &str,
    place: Option<crate::span::Place>,
) -> Result<Template, template::Error> {
    Template::parse(&Source { place, ..Source::new(name, text) })
}

/// Whether a template may render texts that it puts together.
fn renders_texts(text: &str) -> bool {
    text.contains("tmpl") || text.contains("tpl")
}

pub(super) fn options(lenient: bool) -> Options {
    let missing_key = if lenient { MissingKey::Default } else { MissingKey::Error };
    Options { missing_key, ..Options::default() }
}
