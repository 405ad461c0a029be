//! Values of one component in all its stacks, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Rows;
use super::error::{Error, advice};
use super::facts::{Stacks, evaluated, named};
use super::stacks::kinds_of;
use crate::component::{Asked, Filter, Instance, Kind};
use crate::diag::Result;
use crate::ops::App;
use crate::ops::config::hide_auth;
use crate::query::Query;
use crate::resolve;
use crate::template::{Val, print};
use crate::value::{Map, Node, Value, to_json};

/// What `list values`, `list vars` and `list settings` show.
#[derive(Debug, Clone, Default)]
pub struct ValuesRequest {
    pub component: Option<String>,
    /// Names or patterns of stacks, separated by commas.
    pub stack: Option<String>,
    /// An expression on the values of each stack.
    pub query: Option<String>,
    /// Only so many stacks; all of them for 0.
    pub max_columns: usize,
    pub processing: resolve::Options,
}

/// Values by stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    by_stack: BTreeMap<String, Node>,
}

impl Values {
    pub fn is_empty(&self) -> bool {
        self.by_stack.is_empty()
    }

    /// Stack to values.
    pub fn document(&self) -> Node {
        Node::from(self.by_stack.iter().map(|(stack, node)| (Arc::from(stack.as_str()), node.clone())).collect::<Map>())
    }

    /// A row for each key that any stack has, a column for each stack; what is no map is one row.
    pub fn rows(&self) -> Rows {
        let keys: BTreeSet<&Arc<str>> = self.by_stack.values().filter_map(Node::as_map).flat_map(Map::keys).collect();
        let mut rows: Vec<Vec<String>> = Vec::with_capacity(keys.len() + 1);
        for key in keys {
            let cells = self.by_stack.values().map(|values| values.get(key).map(cell).unwrap_or_default());
            rows.push([key.to_string()].into_iter().chain(cells).collect());
        }
        if self.by_stack.values().any(|values| values.as_map().is_none()) {
            let cells = self.by_stack.values().map(|values| match values.as_map() {
                Some(_) => String::new(),
                None => cell(values),
            });
            rows.push(["value".to_owned()].into_iter().chain(cells).collect());
        }
        Rows {
            columns: ["Key".to_owned()].into_iter().chain(self.by_stack.keys().cloned()).collect(),
            rows,
            ..Rows::default()
        }
    }
}

/// A value in a cell: items of lists with commas between them, maps as JSON.
fn cell(node: &Node) -> String {
    let printed = |node: &Node| print(&Val::from(node)).unwrap_or_default();
    match &node.value {
        Value::List(list) => list.iter().map(printed).collect::<Vec<_>>().join(","),
        Value::Map(_) => to_json(node).to_string(),
        _ => printed(node),
    }
}

/// The variables of a component, or what a query finds among them or else in the whole component.
///
/// # Errors
/// A component that does not exist, an expression that is wrong, or an instance that cannot be evaluated.
pub fn values(app: &App, request: &ValuesRequest) -> Result<Values> {
    let component = request.component.as_deref().unwrap_or_default();
    let query = parse(request)?;
    let kinds = known(app, component, &about(request))?;
    let text = request.query.as_deref().unwrap_or_default();
    let mut sections = vec!["vars"];
    sections.extend(["settings", "env", "backend", "metadata"].iter().filter(|section| text.contains(**section)));
    let filter = Filter { components: vec![component.to_owned()], kinds, asked: about(request), ..Filter::default() };
    collect(app, request, &filter, &sections, |instance| {
        let vars = map(&instance.sections.vars);
        let Some(query) = &query else { return Ok(Some(vars)) };
        let found = query.first(&vars)?;
        let found = if found.is_null() { query.first(&whole(app, instance))? } else { found };
        Ok(Some(found).filter(|found| !found.is_null()))
    })
}

/// The settings of a component, or of all components by their names.
///
/// # Errors
/// Those of [`values`].
pub fn settings(app: &App, request: &ValuesRequest) -> Result<Values> {
    let query = parse(request)?;
    let asked = |instance: &Instance| -> Result<Option<Node>, Error> {
        let settings = map(&instance.sections.settings);
        let Some(query) = &query else { return Ok(Some(settings)) };
        Ok(Some(query.first(&settings)?).filter(|found| !found.is_null()))
    };
    if let Some(component) = &request.component {
        let kinds = known(app, component, &about(request))?;
        let filter = Filter { components: vec![component.clone()], kinds, asked: about(request), ..Filter::default() };
        return collect(app, request, &filter, &["settings"], asked);
    }
    let stacks = patterns(request)?;
    let wanted = |instance: &Instance| stacks.iter().any(|stacks| stacks.has(&instance.stack));
    let found = evaluated(
        app,
        &Filter { asked: about(request), ..Filter::default() },
        &request.processing,
        &["settings"],
        wanted,
    )?;
    if found.is_empty() {
        stacks.iter().try_for_each(|stacks| stacks.tell(app))?;
    }
    let mut by_stack: BTreeMap<String, Node> = BTreeMap::new();
    for instance in found {
        let Some(settings) = asked(&instance)?.filter(|settings| !settings.is_empty()) else { continue };
        let components = by_stack.entry(instance.stack).or_insert_with(Node::empty_map);
        components.make_map().entry(Arc::from(instance.name)).or_insert(settings);
    }
    Ok(limited(by_stack, request.max_columns))
}

fn parse(request: &ValuesRequest) -> Result<Option<Query>, Error> {
    let text = request.query.as_deref().filter(|text| !text.is_empty());
    Ok(text.map(Query::parse).transpose()?)
}

/// One value for each stack that has the component, terraform's before that of helmfile.
fn collect(
    app: &App,
    request: &ValuesRequest,
    filter: &Filter,
    sections: &[&str],
    value: impl Fn(&Instance) -> Result<Option<Node>, Error>,
) -> Result<Values> {
    let stacks = patterns(request)?;
    let wanted = |instance: &Instance| stacks.iter().any(|stacks| stacks.has(&instance.stack));
    let mut by_stack = BTreeMap::new();
    let found = evaluated(app, filter, &request.processing, sections, wanted)?;
    if found.is_empty() {
        stacks.iter().try_for_each(|stacks| stacks.tell(app))?;
    }
    for instance in found {
        if by_stack.contains_key(&instance.stack) {
            continue;
        }
        if let Some(found) = value(&instance)? {
            by_stack.insert(instance.stack, found);
        }
    }
    Ok(limited(by_stack, request.max_columns))
}

fn limited(by_stack: BTreeMap<String, Node>, most: usize) -> Values {
    let most = if most == 0 { usize::MAX } else { most };
    Values { by_stack: by_stack.into_iter().take(most).collect() }
}

fn patterns(request: &ValuesRequest) -> Result<Vec<Stacks<'_>>, Error> {
    let text = request.stack.as_deref().unwrap_or_default();
    text.split(',').map(|pattern| Stacks::new(Some(pattern.trim()))).collect()
}

/// The stacks that the answer is about.
fn about(request: &ValuesRequest) -> Asked {
    let patterns = request.stack.as_deref().unwrap_or_default().split(',').map(str::trim);
    // An empty pattern stands for all stacks.
    if patterns.clone().any(str::is_empty) { Asked::default() } else { Asked::only(patterns) }
}

/// The kinds in which values of a component are looked for.
fn known(app: &App, component: &str, asked: &Asked) -> Result<Vec<Kind>> {
    let found = named(app, asked)?;
    let kinds = kinds_of(&found, component);
    if kinds.is_empty() {
        let mut names: Vec<&str> = found.iter().map(|summary| summary.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let help = advice(component, names, "the components are");
        return Err(Error::Component { component: component.to_owned(), help }.into());
    }
    // Of these two the reference shows values; a name that only others have means theirs.
    let usual = [Kind::Terraform, Kind::Helmfile];
    Ok(if kinds.iter().any(|kind| usual.contains(kind)) { usual.to_vec() } else { kinds })
}

fn map(node: &Node) -> Node {
    if node.as_map().is_some() { node.clone() } else { Node::empty_map() }
}

fn whole(app: &App, instance: &Instance) -> Node {
    let mut document = instance.to_map();
    hide_auth(app, &mut document);
    Node::from(document)
}
