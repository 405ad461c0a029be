//! Components whose kind is asked for, or is one that only commands of the configuration bring.

use miette::Diagnostic;

use super::{App, custom};
use crate::component::{Asked, Instance, Kind, Nameless, usable};
use crate::diag::{Failure, Report, Result, nearest};

/// A kind that no component is of.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("invalid component type '{asked}': there are no components of this type")]
#[diagnostic(code(atmos::component::unknown_type), help("{help}"))]
pub(super) struct UnknownKind {
    asked: String,
    help: String,
}

impl Failure for UnknownKind {}

impl App {
    /// A component as it is written. Without the name of a kind: the first of terraform, helmfile, packer, ansible and the
    /// others in their order, then of the kinds that commands bring.
    ///
    /// # Errors
    /// Those of [`App::find`], and a kind that nobody knows.
    pub fn find_of_kind(&self, component: &str, stack: &str, kind: Option<&str>) -> Result<Instance> {
        if let Some(kind) = kind {
            return self.find(component, stack, Some(named(self, kind)?));
        }
        let mut wrong = match self.find(component, stack, None) {
            Err(error) => error,
            found => return found,
        };
        for kind in custom::kinds(self) {
            match self.find(component, stack, Some(kind)) {
                // What is wrong with a component that is there says more than that there is none.
                Err(error) if is_missing(&wrong) && !is_missing(&error) => wrong = error,
                Err(_) => {}
                found => return found,
            }
        }
        Err(wrong)
    }
}

fn is_missing(error: &Report) -> bool {
    const CODES: [&str; 4] = ["not_in_stack", "unknown_stack", "path_not_found", "path_kind"];
    let code = error.code();
    code.as_deref().and_then(|code| code.strip_prefix("atmos::component::")).is_some_and(|code| CODES.contains(&code))
}

/// The kind of this name: a usual one, one that a command brings, or one that manifests have.
fn named(app: &App, asked: &str) -> Result<Kind> {
    let mut known: Vec<Kind> = Kind::searched();
    known.extend(custom::kinds(app));
    let kind = Kind::from_key(asked);
    if known.contains(&kind) {
        return Ok(kind);
    }
    let found = usable(&app.host, &app.config, app.index()?, Nameless::LeftOut, &Asked::only([]))?;
    known.extend(found.into_iter().map(|summary| summary.kind));
    if known.contains(&kind) {
        return Ok(kind);
    }
    known.sort();
    known.dedup();
    let names: Vec<&str> = known.iter().map(Kind::key).collect();
    let near = nearest(asked, names.iter().copied()).map(|near| format!("did you mean `{near}`?\n"));
    let help = format!("{}the types are {}", near.unwrap_or_default(), names.join(", "));
    Err(UnknownKind { asked: asked.to_owned(), help }.into())
}

/// The other kinds that have a component of the same name in the same stack.
pub(super) fn namesakes(app: &App, of: &Instance) -> Vec<Kind> {
    let Ok(index) = app.index_of(of) else { return Vec::new() };
    let Some(stack) = index.stacks().iter().find(|stack| *stack.key == *of.manifest) else { return Vec::new() };
    let Ok(document) = index.document(stack) else { return Vec::new() };
    let kinds = document.node.get("components").and_then(crate::value::Node::as_map).into_iter().flatten();
    let mut found: Vec<Kind> =
        kinds.filter(|(_, kind)| kind.get(&of.name).is_some()).map(|(key, _)| Kind::from_key(key)).collect();
    found.retain(|kind| *kind != of.kind);
    found.sort();
    found
}
