//! The locals of a manifest, and those that a component sees.

use std::sync::Arc;

use miette::Diagnostic;

use super::App;
use crate::component::{self, Asked, usable};
use crate::diag::{Failure, Result, nearest};
use crate::merge::{ListStrategy, merge_all};
use crate::stack::Stack;
use crate::value::{Map, Node};

/// What keeps locals from being described.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("stack not found: '{stack}'")]
    #[diagnostic(code(atmos::locals::stack_not_found), help("{help}"))]
    Stack { stack: String, help: String },

    #[error("stack has no locals defined: '{stack}'")]
    #[diagnostic(
        code(atmos::locals::none),
        help("locals hold for one file: those of imported files are not the ones of the stack")
    )]
    None { stack: String },
}

impl Failure for Error {}

/// What `describe locals` shows.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Name of the stack, or key or path of its manifest.
    pub stack: String,
    pub component: Option<String>,
    /// Kind of the component where several have one of this name; without, the first in their order.
    pub kind: Option<String>,
}

/// The kinds that have locals of their own.
const KINDS: [&str; 3] = ["terraform", "helmfile", "packer"];

/// The resolved locals of the manifest of a stack, or all that a component sees.
///
/// # Errors
/// A stack or component that does not exist, or that has no locals.
pub fn describe(app: &App, request: &Request) -> Result<Node> {
    let stack = find(app, &request.stack)?;
    let own = own(app, stack)?;
    let none = || Error::None { stack: request.stack.clone() };
    let Some(name) = &request.component else {
        return if own.is_empty() { Err(none().into()) } else { Ok(Node::from(own)) };
    };
    let index = app.index()?;
    // By the name of the stack, so that it is the component that is said to be missing.
    let known = usable(&app.host, &app.config, index, component::Nameless::LeftOut, &Asked::only([]))?;
    let of_manifest = known.iter().find(|found| *found.manifest == *stack.key);
    let stack_name = of_manifest.map_or(&request.stack, |found| &found.stack);
    let instance = app.find_of_kind(name, stack_name, request.kind.as_deref())?;
    let kind = instance.kind.key();
    let locals = |node: Option<&Node>| node.and_then(|node| node.get("locals")).cloned().unwrap_or_default();
    let layers =
        [own.get("locals").cloned().unwrap_or_default(), locals(own.get(kind)), instance.sections.locals.clone()];
    if layers.iter().all(Node::is_empty) {
        return Err(none().into());
    }
    let maps: Vec<&Node> = layers.iter().filter(|node| node.as_map().is_some()).collect();
    let merged = merge_all(maps, ListStrategy::Replace);
    let nest = |key: &str, node: Node| Node::from(Map::from_iter([(Arc::from(key), node)]));
    Ok(nest("components", nest(kind, nest(&instance.name, nest("locals", merged)))))
}

/// `locals` at the top, and what each kind adds to them or replaces.
fn own(app: &App, stack: &Stack) -> Result<Map> {
    let index = app.index()?;
    // A manifest that cannot be used has no locals to show: its error comes first.
    index.document(stack)?;
    let manifest = index.own(stack);
    let mut found = Map::default();
    let global = manifest.get("locals").filter(|node| !node.is_empty());
    found.extend(global.map(|node| (Arc::from("locals"), node.clone())));
    for kind in KINDS {
        let Some(locals) = manifest.get_path([kind, "locals"]).and_then(Node::as_map) else { continue };
        if locals.is_empty() && global.is_none() {
            continue;
        }
        let differs = |(key, value): &(&Arc<str>, &Node)| global.and_then(|global| global.get(key)) != Some(*value);
        let own: Map = locals.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect();
        found.insert(Arc::from(kind), Node::from(Map::from_iter([(Arc::from("locals"), Node::from(own))])));
    }
    Ok(found)
}

/// A stack by the key or path of its manifest, or by its name.
fn find<'a>(app: &'a App, asked: &str) -> Result<&'a Stack> {
    let index = app.index()?;
    let by_key = |key: &str| index.stacks().iter().find(|stack| *stack.key == *key);
    if let Some(stack) = by_key(asked).or_else(|| index.by_path(asked)) {
        return Ok(stack);
    }
    let known = usable(&app.host, &app.config, index, component::Nameless::LeftOut, &Asked::only([]))?;
    if let Some(stack) = known.iter().find(|found| found.stack == asked).and_then(|found| by_key(&found.manifest)) {
        return Ok(stack);
    }
    // A stack without components has no name but the one that its manifest gives.
    for stack in index.stacks() {
        let name = index.document(stack).ok().and_then(|document| document.node.get("name").cloned());
        if name.as_ref().and_then(Node::as_str) == Some(asked) {
            return Ok(stack);
        }
    }
    let names = known.iter().map(|found| found.stack.as_str()).chain(index.stacks().iter().map(|stack| &*stack.key));
    let near = nearest(asked, names).map(|near| format!("did you mean `{near}`?\n")).unwrap_or_default();
    let help = format!("{near}run `atmos list stacks` to see all stacks");
    Err(Error::Stack { stack: asked.to_owned(), help }.into())
}
