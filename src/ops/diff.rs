//! How two stacks, or two components, differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use miette::Diagnostic;

use super::App;
use super::config;
use super::describe::{self, StacksRequest};
use super::explain::parse;
use super::names::{Named, try_names};
use super::sections::{SECTIONS, is_known, near};
use crate::component::Asked;
use crate::diag::{Failure, Result, nearest};
use crate::resolve;
use crate::value::{Map, Node, Path, Value};
use crate::yaml::Step;

/// One of the two sides.
#[derive(Debug, Clone)]
pub struct Side {
    pub stack: String,
    /// All components without.
    pub component: Option<String>,
}

/// What is compared.
#[derive(Debug, Clone)]
pub struct DiffRequest {
    pub from: Side,
    pub to: Side,
    /// All sections when empty.
    pub sections: Vec<String>,
    pub processing: resolve::Options,
}

/// One value that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub component_type: String,
    /// Of the first side where two components are compared.
    pub component: String,
    /// Empty for a whole component.
    pub path: String,
    pub from: Option<Node>,
    pub to: Option<Node>,
}

impl Difference {
    /// `added`, `removed` or `changed`.
    pub fn change(&self) -> &'static str {
        match (&self.from, &self.to) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        }
    }

    /// The difference as a record.
    pub fn record(&self) -> Node {
        let mut map = Map::default();
        let mut put = |key: &str, node: Node| drop(map.insert(Arc::from(key), node));
        put("component", Node::from(self.component.as_str()));
        put("component_type", Node::from(self.component_type.as_str()));
        put("path", Node::from(self.path.as_str()));
        put("change", Node::from(self.change()));
        for (key, value) in [("from", &self.from), ("to", &self.to)] {
            if let Some(value) = value {
                put(key, value.clone());
            }
        }
        Node::from(map)
    }
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum Error {
    #[error("there is no stack `{stack}`")]
    #[diagnostic(code(atmos::diff::unknown_stack), help("{help}"))]
    Stack { stack: String, help: String },

    #[error("there is no component `{component}` in the stack `{stack}`")]
    #[diagnostic(code(atmos::diff::unknown_component), help("{help}"))]
    Component { component: String, stack: String, help: String },

    #[error("there is no section `{section}`")]
    #[diagnostic(code(atmos::diff::unknown_section), help("{help}"))]
    Section { section: String, help: String },
}

impl Failure for Error {}

/// The differences, sorted by kind, component and path.
///
/// # Errors
/// A stack or component that is not there, or cannot be evaluated.
pub fn diff(app: &App, request: &DiffRequest) -> Result<Vec<Difference>> {
    // The cause of a stack that cannot be read is better than that it has no name.
    app.index()?;
    let asked = Asked::only([&*request.from.stack, &*request.to.stack]);
    let known = try_names(app, &asked).unwrap_or_default();
    for side in [&request.from, &request.to] {
        check(&known, side)?;
    }
    let (from, to) = (side(app, request, &request.from)?, side(app, request, &request.to)?);
    for section in &request.sections {
        let has = |side: &BTreeMap<Key, Node>| side.values().any(|node| node.get(section).is_some());
        if is_known(section) || has(&from) || has(&to) {
            continue;
        }
        let help = near(section);
        return Err(Error::Section { section: section.clone(), help }.into());
    }
    let mut found = Vec::new();
    let keys: BTreeSet<&Key> = from.keys().chain(to.keys()).collect();
    for key in keys {
        let mut add = |path: &Path, from: Option<&Node>, to: Option<&Node>| {
            let (component_type, mut component) = key.clone();
            if component.is_empty() {
                component = request.from.component.clone().unwrap_or_default();
            }
            let path = path.to_string();
            // What stands at a path that cannot be read may be a secret.
            let unread = |_| {
                path.split(['.', '[']).take(1).chain(["credentials"]).map(|key| Step::Key(key.to_owned())).collect()
            };
            let steps = parse(&path).unwrap_or_else(unread);
            let shown = |node: &Node| config::shown(app, &steps, node);
            let (from, to) = (from.map(shown), to.map(shown));
            found.push(Difference { component_type, component, path, from, to });
        };
        compare(&mut Path::new(), from.get(key), to.get(key), &mut add);
    }
    Ok(found)
}

fn check(known: &[Named], side: &Side) -> Result<(), Error> {
    let stacks: BTreeSet<&str> = known.iter().map(|named| named.stack.as_str()).collect();
    if !stacks.contains(side.stack.as_str()) {
        let near = nearest(&side.stack, stacks).map(|near| format!("did you mean `{near}`?"));
        let help = near.unwrap_or_else(|| "`atmos list stacks` shows the stacks".to_owned());
        return Err(Error::Stack { stack: side.stack.clone(), help });
    }
    let Some(component) = &side.component else { return Ok(()) };
    let here = known.iter().filter(|named| named.stack == side.stack).map(|named| named.component.as_str());
    let components: BTreeSet<&str> = here.collect();
    if components.contains(component.as_str()) {
        return Ok(());
    }
    let near = nearest(component, components).map(|near| format!("did you mean `{near}`?"));
    let help = near.unwrap_or_else(|| format!("`atmos list instances -s {}` shows its components", side.stack));
    Err(Error::Component { component: component.clone(), stack: side.stack.clone(), help })
}

/// Kind and name of a component; no name where one component of each side is compared.
type Key = (String, String);

fn side(app: &App, request: &DiffRequest, side: &Side) -> Result<BTreeMap<Key, Node>> {
    let sections =
        if request.sections.is_empty() { SECTIONS.map(str::to_owned).to_vec() } else { request.sections.clone() };
    let wanted = StacksRequest {
        stack: Some(side.stack.clone()),
        components: side.component.iter().cloned().collect(),
        sections,
        processing: request.processing.clone(),
        keeps_secrets: true,
        ..StacksRequest::default()
    };
    let mut found = BTreeMap::new();
    for (kind, components) in describe::stacks_as(app, &wanted, |_, node| Ok(node))?.into_values().flatten() {
        for (name, node) in components {
            match &side.component {
                Some(component) if *component == name => drop(found.insert((kind.clone(), String::new()), node)),
                Some(_) => {}
                None => drop(found.insert((kind.clone(), name), node)),
            }
        }
    }
    Ok(found)
}

/// Who is told of a difference: its path, and the two values.
type Tell<'t> = &'t mut dyn FnMut(&Path, Option<&Node>, Option<&Node>);

/// Tells what differs below a path. Lists of one length are compared item by item.
fn compare(path: &mut Path, from: Option<&Node>, to: Option<&Node>, add: Tell<'_>) {
    let (Some(left), Some(right)) = (from, to) else {
        if from.is_some() || to.is_some() {
            add(path, from, to);
        }
        return;
    };
    match (&left.value, &right.value) {
        (Value::Map(one), Value::Map(other)) => {
            let keys: BTreeSet<&Arc<str>> = one.keys().chain(other.keys()).collect();
            for key in keys {
                path.push_key(key);
                compare(path, one.get(key), other.get(key), add);
                path.pop();
            }
        }
        (Value::List(one), Value::List(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other.iter()).enumerate() {
                path.push_index(index);
                compare(path, Some(one), Some(other), add);
                path.pop();
            }
        }
        _ if crate::value::to_json(left) != crate::value::to_json(right) => add(path, from, to),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn values_are_compared_down_to_what_differs() {
        let from = from_json(&json!({"vars": {"a": 1, "b": [1, 2], "c": {"x": 1}, "same": true, "gone": 1}}));
        let to = from_json(&json!({"vars": {"a": 2, "b": [1, 3], "c": {"x": 1, "y": 2}, "same": true}}));
        let mut found = Vec::new();
        compare(&mut Path::new(), Some(&from), Some(&to), &mut |path, from, to| {
            found.push(format!("{path} {} {}", from.is_some(), to.is_some()));
        });
        assert_eq!(found, ["vars.a true true", "vars.b[1] true true", "vars.c.y false true", "vars.gone true false"]);
    }
}
