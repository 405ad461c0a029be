//! One scalar: its compiled template, and what it gives in one rendering.

use std::sync::Arc;

use super::data::Data;
use super::failure::Failure;
use super::functions::pending;
use super::guard;
use super::manifest::{MISSING, Rendering, is_missing_key};
use super::partial;
use super::renderer::options;
use super::walk::{Deferral, Pass};
use super::world::Outside;
use crate::content::Foreign;
use crate::span::{Place, Span};
use crate::template::{self, Delimiters, Reads, Source, Template, field_reference};
use crate::value::{Map, Node, Value};
use crate::yaml;

/// A scalar with a template, compiled once for all frames.
#[derive(Debug)]
pub(super) struct Compiled {
    /// The keys, when the scalar is exactly one reference to a field.
    pub field: Option<Vec<Arc<str>>>,
    pub template: Result<Template, Arc<template::Error>>,
    pub reads: Option<Reads>,
    /// Whether it says `.locals`.
    pub locals: bool,
    /// Names of the locals that it reads by a function (`index .locals "a-b"`).
    pub indexed: Vec<Arc<str>>,
}

impl Compiled {
    pub(super) fn new(name: &str, text: &str, place: Option<Place>) -> Compiled {
        let template = Template::parse(&Source { place, ..Source::new(name, text) }).map_err(Arc::new);
        let reads = template.as_ref().ok().map(Template::reads);
        let locals = match &reads {
            Some(reads @ Reads::Paths(_)) => reads.touches(&["locals"]),
            _ => text.contains(".locals"),
        };
        let indexed = template.as_ref().ok().filter(|_| locals).map(|template| template.indexed("locals"));
        let indexed = indexed.unwrap_or_default();
        // Blanks around it do not count, as in the reference.
        let field = field_reference(text.trim(), &Delimiters::default());
        Compiled {
            field: field.map(|names| names.into_iter().map(Arc::from).collect()),
            template,
            reads,
            locals,
            indexed,
        }
    }

    /// Names of the locals that the template reads.
    pub(super) fn local_names(&self) -> impl Iterator<Item = &Arc<str>> {
        let paths = match &self.reads {
            Some(Reads::Paths(paths)) => Some(paths),
            _ => None,
        };
        paths.into_iter().flatten().filter(|path| &*path[0] == "locals").filter_map(|path| path.get(1))
    }
}

/// A scalar as it stands in the manifest.
#[derive(Clone, Copy)]
struct Written<'s> {
    compiled: &'s Compiled,
    text: &'s Arc<str>,
    span: Span,
}

/// Where a scalar stands, as far as it decides what its templates see.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub data: Data,
    /// In a component that may be given more locals when it is merged: by a base in another file, or by itself.
    pub open: bool,
    /// Locals of the component itself. Alone, too, they are texts: the reference knows them only when it renders the
    /// component, which is one text then.
    pub own: Option<Arc<Map>>,
}

impl Scope {
    /// What belongs to no component.
    pub(super) fn of(data: Data) -> Scope {
        Scope { data, open: false, own: None }
    }

    fn is_own(&self, path: &[Arc<str>]) -> bool {
        matches!(path, [root, name, ..] if &**root == "locals" && self.own.as_ref().is_some_and(|own| own.contains_key(name)))
    }
}

impl Rendering<'_> {
    /// What a scalar gives. `typed`: a reference to a field gives the value itself, not its text.
    pub(super) fn scalar(
        &self,
        pass: &mut Pass,
        scope: &Scope,
        text: &Arc<str>,
        span: Span,
        typed: bool,
    ) -> Result<Node, Failure> {
        let compiled = self.renderer.compiled(self.site.host, self.file, span, text);
        let field = compiled.field.as_deref().filter(|_| typed);
        if let Some(path) = field
            && !(pass.deferral == Deferral::Section && is_later(&path[0]))
            && let Some(node) = scope.data.at(path.iter().map(|name| &**name))
            && (pending(node).is_some() || !pass.again && !scope.is_own(path))
        {
            // The value stands where the template stood; that it is data goes with it. What is evaluated later stays where it
            // is written: so does what goes wrong with it.
            let is_function = pending(node).is_some() || node.as_str().is_some_and(|text| text.starts_with('!'));
            let span = match node.span {
                own if is_function && own.is_known() => own,
                own if own.is_data() => span.as_data(),
                _ => span,
            };
            let found = Node::new(node.value.clone(), span);
            return if pass.strict || pass.again { Ok(found) } else { self.again(pass, scope, &found) };
        }
        let template = match &compiled.template {
            Ok(template) => template,
            // No later step looks at a local again: it would be a value with the source of a template in it.
            Err(error) if pass.strict => return Err(Failure::template(error)),
            Err(error) => {
                if self.explicit || self.suffix || compiled.locals {
                    pass.broken.get_or_insert_with(|| Failure::template(error));
                }
                pass.left = true;
                return Ok(Node::new(Value::String(text.clone()), span));
            }
        };
        if pass.deferral != Deferral::No && !compiled.locals {
            pass.left = true;
            return Ok(Node::new(Value::String(text.clone()), span));
        }
        check_pending(&compiled, scope, span)?;
        let written = Written { compiled: &compiled, text, span };
        let opening = self.site.layout.opening.as_deref();
        let foreign = scope.data.foreign(compiled.reads.as_ref(), opening);
        let mut outside = Outside::new(self.site.host, opening, text, foreign);
        match template.render(scope.data.val(), &options(self.is_lenient(pass)), &mut outside) {
            Ok(rendered) => {
                pass.rendered |= !compiled.locals;
                let foreign = outside.foreign.into_inner();
                // What is put together of data stays data: a later step may decode it.
                let place = if typed && !foreign.is_empty() { span.as_data() } else { span };
                if !foreign.made_template(&rendered, opening, || {
                    scope.data.written([&**text, template.constants().as_str()], opening)
                }) {
                    return Ok(Node::new(retyped(text, rendered, &foreign), place));
                }
                if typed {
                    return Ok(guard::data(Arc::from(rendered), span, opening));
                }
                let reason = "a text from outside that looks like a template cannot be a key or part of an argument";
                Err(Failure::new(span, reason.to_owned())
                    .help("what is read is data; write the template into the manifest"))
            }
            Err(error) if outside.later => self.later(pass, scope, written, &error).map(|value| Node::new(value, span)),
            Err(error) => self.failed(pass, scope, written, &error).map(|value| Node::new(value, span)),
        }
    }

    /// A value that stands where a reference to it stood. Templates in it are rendered with the others of the manifest,
    /// once: references in it are parts of a text by then.
    fn again(&self, pass: &mut Pass, scope: &Scope, found: &Node) -> Result<Node, Failure> {
        pass.again = true;
        let rendered = self.walk(pass, scope, found);
        pass.again = false;
        rendered
    }

    /// Whether a missing value is `<no value>`. Where a later step can still know the value, that step has it.
    fn is_lenient(&self, pass: &Pass) -> bool {
        self.lenient && !pass.strict && (self.explicit || !self.site.layout.templates)
    }

    /// A template that asks for something that is not known yet: components, stores, data sources.
    fn later(
        &self,
        pass: &mut Pass,
        scope: &Scope,
        written: Written<'_>,
        error: &template::Error,
    ) -> Result<Value, Failure> {
        if self.site.layout.templates && !pass.strict {
            return self.leave(pass, scope, written);
        }
        let help = "set `templates.settings.enabled: true` in `atmos.yaml`: then it is rendered with the component";
        Err(Failure::template(error).help(help))
    }

    fn failed(
        &self,
        pass: &mut Pass,
        scope: &Scope,
        written: Written<'_>,
        error: &template::Error,
    ) -> Result<Value, Failure> {
        if !is_missing_key(error) || pass.strict {
            return Err(Failure::template(error));
        }
        if let Some(name) = missing_local(error).filter(|_| scope.data.at(["locals"]).is_some()) {
            // A base of the component may have it; the component is rendered again when it is merged.
            if scope.open {
                return self.leave(pass, scope, written);
            }
            return Err(unknown_local(error, name, &scope.data));
        }
        let later = error.expression().and_then(root).is_some_and(is_later);
        if self.explicit && !(pass.section && later) {
            return Err(Failure::template(error).help(MISSING));
        }
        self.leave(pass, scope, written)
    }

    /// Keeps a template for the step that renders components. What only this file knows is put into it.
    fn leave(
        &self,
        pass: &mut Pass,
        scope: &Scope,
        Written { compiled, text, span }: Written<'_>,
    ) -> Result<Value, Failure> {
        pass.left = true;
        let known = |root: &str| root == "locals" || self.explicit && !is_later(root);
        if !(compiled.locals && scope.data.at(["locals"]).is_some() || self.explicit) {
            return Ok(Value::String(text.clone()));
        }
        match partial::with_constants(text, &scope.data, known) {
            Ok(partial) => Ok(Value::String(Arc::from(partial))),
            // No later step looks at it.
            Err(_) if !self.site.layout.templates => Ok(Value::String(text.clone())),
            Err(field) => Err(Failure::new(
                span,
                format!("`{field}` is used together with values that are known only when the component is merged"),
            )
            .help("give the value a local of its own, and use that alone")),
        }
    }
}

/// A function that is evaluated later is a value of its own, never a part of a text.
fn check_pending(compiled: &Compiled, scope: &Scope, span: Span) -> Result<(), Failure> {
    for name in compiled.local_names() {
        if let Some(function) = scope.data.at(["locals", name]).and_then(pending) {
            return Err(Failure::new(
                span,
                format!(
                    "the local `{name}` is the YAML function `{}`; using its value in a template is not built yet",
                    function.tag
                ),
            )
            .help(format!("use it alone, as \"{{{{ .locals.{name} }}}}\", or call the function where it is used")));
        }
    }
    Ok(())
}

/// Whether the component has values of this name, besides those of the file.
fn is_later(root: &str) -> bool {
    matches!(root, "vars" | "settings" | "env")
}

/// The first key of an expression such as `.vars.x` or `$.vars.x`.
fn root(expression: &str) -> Option<&str> {
    let expression = expression.strip_prefix('$').unwrap_or(expression).strip_prefix('.')?;
    expression.split('.').next()
}

/// The local that a template did not find.
fn missing_local(error: &template::Error) -> Option<&str> {
    let expression = error.expression()?;
    let path = expression.strip_prefix('$').unwrap_or(expression).strip_prefix(".locals.")?;
    path.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

fn unknown_local(error: &template::Error, name: &str, data: &Data) -> Failure {
    let known = data.local_names();
    let near = known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, name), *known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0).then_with(|| right.1.cmp(left.1)));
    let help = match near {
        Some((_, near)) if near != name => format!("did you mean the local `{near}`?"),
        _ => "define it under `locals` of this file: other files do not see locals, and are not seen".to_owned(),
    };
    Failure::template(error).wrapped("", &available(data)).help(help)
}

/// The locals in sight, for messages.
pub(super) fn available(data: &Data) -> String {
    match data.local_names() {
        names if names.is_empty() => "\nAvailable locals at this scope: none".to_owned(),
        names => format!("\nAvailable locals at this scope: {}", names.join(", ")),
    }
}

/// A rendered text with its type.
fn retyped(written: &str, rendered: String, foreign: &Foreign) -> Value {
    match yaml::reread(written, rendered) {
        Value::String(text) => guard::text(text, written, foreign),
        other => other,
    }
}

/// The text of a value where a text is needed: a key, an argument.
pub(super) fn text_of(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Function(function) if &*function.tag == guard::LITERAL => text_of(&function.argument.value),
        other => Node::from(other.clone()).scalar_text().map(Arc::from),
    }
}
