//! Why a value of a component is what it is: who set it, what was overridden, and by which imports.

use std::sync::Arc;

use miette::{Diagnostic, SourceSpan};

use super::describe::{self, ComponentRequest};
use super::provenance::Written;
use super::{App, config, kind};
use crate::component::{Candidate, Instance, Kind, Meeting, Origins, takes_part};
use crate::diag::{Failure, Result, SourceText, nearest};
use crate::merge::{ListStrategy, is_list_mark};
use crate::resolve;
use crate::span::Span;
use crate::stack::Located;
use crate::value::{Node, Value};
use crate::yaml::Step;

/// Keys that a message about a missing one lists.
const LISTED: usize = 12;

/// What `explain` was asked.
#[derive(Debug, Clone)]
pub struct ExplainRequest {
    pub component: String,
    pub stack: String,
    /// Kind of the component where several have one of this name; without, the first in their order.
    pub kind: Option<String>,
    /// Path in the description of the component: `vars.cidrs[0]`.
    pub path: String,
    pub processing: resolve::Options,
}

/// One place that gives a value.
#[derive(Debug, Clone)]
pub struct Setting {
    pub value: Node,
    /// The place; unknown for values that no file contains.
    pub span: Span,
    /// File as diagnostics name it; empty for values that no file contains.
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// Section in the file, without the path: `terraform.vars`.
    pub section: String,
    /// The base component whose section it is.
    pub base: Option<String>,
    /// Where the file is included, if it is: `file:line:column`.
    pub included: Option<String>,
    /// Manifests from that of the stack to the file; empty for `atmos.yaml`.
    pub imports: Vec<Arc<str>>,
}

/// Everything about one value.
#[derive(Debug)]
pub struct Explanation {
    pub component: String,
    pub stack: String,
    pub path: String,
    pub value: Node,
    /// What was written, where a function or a template gave the value; or why no file has it.
    pub computed: Option<Node>,
    /// The strongest place; `None` for what atmos derives itself.
    pub winner: Option<Setting>,
    /// How the layers are put together.
    pub strategy: String,
    /// Whether the other settings are part of the value; else they are overridden.
    pub merged: bool,
    /// The other places, the strongest first.
    pub others: Vec<Setting>,
}

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("invalid path '{path}': {reason}")]
    #[diagnostic(
        code(atmos::explain::path),
        help("write it as in the output of `atmos describe component`: `vars.name`, `vars.list[0]`, `vars.\"a.b\"`")
    )]
    Path { path: String, reason: &'static str },
    #[error("the component `{component}` in the stack `{stack}` has no value at '{path}'")]
    #[diagnostic(code(atmos::explain::unknown_path), help("{help}"))]
    Unknown { component: String, stack: String, path: String, help: String },
    #[error("the component `{component}` in the stack `{stack}` has no value at '{path}': it is removed{place}")]
    #[diagnostic(code(atmos::explain::unset), help("delete the `!unset` there to have the value again"))]
    Unset {
        component: String,
        stack: String,
        path: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("removes the key")]
        at: Option<SourceSpan>,
    },
}

impl Failure for Error {}

impl Error {
    /// Says how to ask for a component of the same name and another kind.
    fn add_namesakes(&mut self, kinds: &[Kind]) {
        if let Error::Unknown { component, help, .. } = self {
            for kind in kinds {
                let more = format!("`{component}` is a {kind} component, too: `--type {kind}` explains that one");
                *help = format!("{help}\n{more}");
            }
        }
    }
}

/// Explains one value of a component.
///
/// # Errors
/// A component that cannot be found or put together, or a path that leads nowhere.
pub fn explain(app: &App, request: &ExplainRequest) -> Result<Explanation> {
    let steps = parse(&request.path)?;
    let index = app.index()?;
    let written = app.find_of_kind(&request.component, &request.stack, request.kind.as_deref())?;
    let described = ComponentRequest {
        component: request.component.clone(),
        stack: request.stack.clone(),
        kind: None,
        processing: request.processing.clone(),
        full: true,
        query: Some(".vars".to_owned()),
        names: crate::content::Names::default(),
    };
    let before = describe::document(app, &described, &written, &written)?;
    let raw = walk(&before, &steps);
    let mut processing = resolve::Options { places: true, ..request.processing.clone() };
    if let Some(Step::Key(section)) = steps.first() {
        // Nothing else is shown.
        processing.sections.push(section.clone());
    }
    let after = match app.evaluate(&written, &processing) {
        Ok(evaluated) => describe::document(app, &described, &written, &evaluated)?,
        // What is wrong elsewhere in the component does not matter for a value that is written as it is.
        Err(_) if raw.as_ref().is_ok_and(|node| is_plain(node)) => before.clone(),
        Err(error) => return Err(error),
    };
    let origins = Origins::of(&app.host, &app.config, index, &written)?;
    let value = match walk(&after, &steps) {
        Ok(value) => value.clone(),
        Err(depth) => {
            let mut error = unknown(app, request, &origins, &after, &steps, depth);
            error.add_namesakes(&kind::namesakes(app, &written));
            return Err(error.into());
        }
    };
    let raw = raw.unwrap_or(&value).clone();
    let mut explanation = Explaining { app, origins, steps: &steps, written: Written::of(app, &written) }
        .explanation(request, &written, &raw, value);
    let settings = explanation.others.iter_mut().chain(&mut explanation.winner).map(|setting| &mut setting.value);
    for value in settings.chain([&mut explanation.value]).chain(&mut explanation.computed) {
        *value = config::shown(app, &steps, value);
    }
    Ok(explanation)
}

/// Whether evaluation cannot change a value.
fn is_plain(node: &Node) -> bool {
    match &node.value {
        Value::Function(_) => false,
        Value::String(text) => !text.contains("{{") && !text.starts_with('!'),
        Value::List(list) => list.iter().all(is_plain),
        Value::Map(map) => map.values().all(is_plain),
        _ => true,
    }
}

struct Explaining<'a> {
    app: &'a App,
    origins: Origins<'a>,
    steps: &'a [Step],
    written: Written,
}

impl<'a> Explaining<'a> {
    fn explanation(&self, request: &ExplainRequest, written: &Instance, raw: &Node, value: Node) -> Explanation {
        let mut candidates = self.candidates();
        let indexed = self.steps.iter().any(|step| matches!(step, Step::Index(_)));
        let (strategy, merged) = self.strategy(&value, &candidates);
        // Of a value that several layers make up, the strongest of them stands first, whichever began it.
        let whole = merged && !indexed && raw.span.is_known() && !candidates.is_empty();
        let same = |candidate: &Candidate| candidate.node.span == raw.span && raw.span.is_known();
        let at = if whole { Some(0) } else { candidates.iter().position(same) };
        // Attributes such as `backend_type` have no place of their own.
        let at = at.or_else(|| {
            let text = raw.as_str().filter(|text| !raw.span.is_known() && !text.is_empty())?;
            candidates.iter().position(|candidate| candidate.node.as_str() == Some(text))
        });
        let winner = match at {
            Some(at) => Some(self.setting(candidates.remove(at))),
            // A part of what a function gives, or a file that is included, stands where the whole does.
            None if raw.span.is_known()
                && let Some(whole) = self.whole(raw.span) =>
            {
                Some(self.setting(Candidate { node: raw.clone(), ..whole }))
            }
            // An item, or a part of a value in another form, has its place all the same.
            None if raw.span.is_known() => {
                let holding = candidates.iter().position(|candidate| holds(&candidate.node, raw.span));
                let of_file = |candidate: &Candidate| candidate.node.span.file == raw.span.file;
                let at = holding.or_else(|| candidates.iter().position(of_file));
                let mut setting = at.map_or_else(
                    || self.unlisted(raw.span),
                    |at| self.setting(Candidate { node: raw.clone(), ..candidates[at].clone() }),
                );
                setting.value = raw.clone();
                at.filter(|_| indexed).map(|at| candidates.remove(at));
                Some(setting)
            }
            None => None,
        };
        let rendered = || super::provenance::template_of(&self.app.host.sources, raw);
        let computed = if let Some(gave) = self.gave(written, &value) {
            Some(gave)
        } else if *raw != value || is_function(raw) {
            Some(raw.clone())
        } else if winner.is_none() {
            Some(Node::from("derived by atmos from other values"))
        } else {
            rendered().map(Node::from)
        };
        Explanation {
            component: written.name.clone(),
            stack: written.stack.clone(),
            path: request.path.trim_start_matches('.').to_owned(),
            value,
            computed,
            winner,
            strategy,
            merged,
            others: candidates.into_iter().map(|candidate| self.setting(candidate)).collect(),
        }
    }

    /// The function or template that gave the value: the one at its place, else the strongest of those that met the
    /// values of other layers at the path.
    fn gave(&self, written: &Instance, value: &Node) -> Option<Node> {
        let keys = || self.steps.iter().map(|step| if let Step::Key(key) = step { key.as_str() } else { "" });
        let met = || {
            let layered = written.layered.iter().find(|one| one.path.iter().map(|key| &**key).eq(keys()))?;
            layered.values.iter().rev().find(|node| takes_part(node))
        };
        self.written.gave(value).or_else(met).cloned()
    }

    /// What is written above the path at a place.
    fn whole(&self, span: Span) -> Option<Candidate> {
        let key = |step: &'a Step| if let Step::Key(key) = step { Some(key.as_str()) } else { None };
        let keys: Vec<&str> = self.steps.iter().map_while(key).collect();
        let (section, keys) = keys.split_first()?;
        let above = (0..=keys.len()).rev().map(|count| &keys[..count]);
        above.flat_map(|keys| self.origins.candidates(section, keys)).find(|candidate| candidate.node.span == span)
    }

    /// What gives a value to the path, up to the first index: items of lists have no identity of their own.
    fn candidates(&self) -> Vec<Candidate> {
        let mut keys = self.steps.iter().map_while(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        let Some(section) = keys.next() else { return Vec::new() };
        self.origins.candidates(section, &keys.collect::<Vec<_>>())
    }

    fn strategy(&self, value: &Node, candidates: &[Candidate]) -> (String, bool) {
        let indexed = self.steps.iter().any(|step| matches!(step, Step::Index(_)));
        let tag = effective_mark(candidates);
        match &value.value {
            Value::Map(_) if !indexed => ("maps merge key by key".to_owned(), true),
            Value::List(_) => self.of_lists(tag, candidates),
            _ if indexed => self.of_lists(tag, candidates),
            _ => ("the strongest layer wins".to_owned(), false),
        }
    }

    fn of_lists(&self, tag: Option<&str>, candidates: &[Candidate]) -> (String, bool) {
        if let Some(tag) = tag.filter(|tag| *tag != "!append") {
            return (format!("the list tagged `{tag}` decides what becomes of those below"), tag != "!replace");
        }
        let key = match self.steps.first() {
            Some(Step::Key(key)) => key.as_str(),
            _ => "",
        };
        let found = self.origins.strategies(key, candidates);
        let merged = tag.is_some() || found.iter().any(|(_, strategy)| *strategy != ListStrategy::Replace);
        let same = found.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let text = match found.first() {
            Some((_, strategy)) if same => of_strategy(*strategy, tag.is_some()).to_owned(),
            _ => {
                let parts = found.iter().map(|(meeting, strategy)| {
                    let place = match meeting {
                        Meeting::Levels => "between levels",
                        Meeting::Bases => "between bases",
                        Meeting::Files => "between files of one level",
                    };
                    format!("{place} {}", of_strategy(*strategy, tag.is_some()))
                });
                parts.collect::<Vec<_>>().join("; ")
            }
        };
        (text, merged)
    }

    fn setting(&self, candidate: Candidate) -> Setting {
        let Candidate { section, base, node, chain, .. } = candidate;
        Setting { value: node.clone(), section, base, imports: chain, ..self.unlisted(node.span) }
    }

    /// A place of which nothing but the place is known.
    fn unlisted(&self, span: Span) -> Setting {
        let sources = &self.app.host.sources;
        let source = sources.get(span.file);
        let included = sources.included(span.file);
        let manifest = self.origins.file(included.map_or(span.file, |at| at.file));
        Setting {
            value: Node::default(),
            span,
            file: source.map(|source| source.name.clone()).unwrap_or_default(),
            line: span.line,
            column: span.column,
            section: String::new(),
            base: None,
            included: included.and_then(|at| sources.place(at)).map(|place| place.to_string()),
            imports: manifest.map(|file| file.chain.clone()).unwrap_or_default(),
        }
    }
}

fn of_strategy(strategy: ListStrategy, has_append: bool) -> &'static str {
    match strategy {
        ListStrategy::Append => "lists are appended (list_merge_strategy: append)",
        ListStrategy::Merge => "lists merge item by item (list_merge_strategy: merge)",
        ListStrategy::Replace if has_append => "lists are appended where `!append` is written",
        ListStrategy::Replace => "the strongest list wins (list_merge_strategy: replace)",
    }
}

/// The tag by which the strongest list meets the next one. Between files of one level each tag counts. Bases and defaults
/// meet what the files make of a list together, and that may have lost its tag.
fn effective_mark(candidates: &[Candidate]) -> Option<&str> {
    let [strongest, next, ..] = candidates else { return None };
    let same_level = strongest.section == next.section && strongest.base == next.base;
    list_mark(&strongest.node).filter(|_| same_level || strongest.waits)
}

/// Whether an item of a list, or something in it, stands at this place.
fn holds(node: &Node, span: Span) -> bool {
    let below = |node: &Node| node.span == span || holds(node, span);
    match &node.value {
        Value::List(list) => list.iter().any(below),
        Value::Map(map) => map.values().any(below),
        Value::Function(function) => holds(&function.argument, span),
        _ => false,
    }
}

/// The tag of a list that says what it does to those below.
fn list_mark(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Function(function) if is_list_mark(&function.tag) => Some(&function.tag),
        _ => None,
    }
}

fn is_function(node: &Node) -> bool {
    matches!(node.value, Value::Function(_))
}

/// The value behind the steps; else how many of them lead somewhere.
fn walk<'n>(document: &'n Node, steps: &[Step]) -> std::result::Result<&'n Node, usize> {
    steps.iter().enumerate().try_fold(document, |node, (depth, step)| {
        let next = match step {
            Step::Key(key) => node.get(key),
            Step::Index(index) => node.as_list().and_then(|list| list.get(*index)),
        };
        next.ok_or(depth)
    })
}

/// `vars.a`, `.vars.a`, `vars["a.b"]`, `vars."a.b"`, `vars.list[0]`.
pub(super) fn parse(path: &str) -> std::result::Result<Vec<Step>, Error> {
    let fail = |reason| Error::Path { path: path.to_owned(), reason };
    let mut steps = Vec::new();
    let mut rest = path.trim();
    rest = rest.strip_prefix('.').unwrap_or(rest);
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix("[\"") {
            let (key, after) = inner.split_once("\"]").ok_or_else(|| fail("a quote or bracket is not closed"))?;
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('[') {
            let (number, after) = inner.split_once(']').ok_or_else(|| fail("a bracket is not closed"))?;
            steps.push(Step::Index(number.parse().map_err(|_| fail("an index is a number from 0"))?));
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('"') {
            let (key, after) = inner.split_once('"').ok_or_else(|| fail("a quote is not closed"))?;
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(fail("a key is missing"));
            }
            steps.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        if let Some(after) = rest.strip_prefix('.') {
            if after.is_empty() {
                return Err(fail("a key is missing at the end"));
            }
            rest = after;
        }
    }
    if steps.is_empty() { Err(fail("it is empty")) } else { Ok(steps) }
}

/// The path leads nowhere behind its first `depth` steps.
fn unknown(
    app: &App,
    request: &ExplainRequest,
    origins: &Origins<'_>,
    document: &Node,
    steps: &[Step],
    depth: usize,
) -> Error {
    let (component, stack, path) = (request.component.clone(), request.stack.clone(), request.path.clone());
    let keys: Option<Vec<&str>> =
        steps.iter().map(|step| if let Step::Key(key) = step { Some(&**key) } else { None }).collect();
    if let Some([section, rest @ ..]) = keys.as_deref()
        && let Some(first) = origins.candidates(section, rest).into_iter().next()
        && matches!(&first.node.value, Value::Function(function) if &*function.tag == "!unset")
    {
        let located = Located::new(&app.host.sources, first.node.span);
        return Error::Unset {
            component,
            stack,
            path,
            place: located.text,
            source_code: located.source,
            at: located.at,
        };
    }
    let above = text(&steps[..depth]);
    let place = if above.is_empty() { "the description".to_owned() } else { format!("`{above}`") };
    let help = match walk(document, &steps[..depth]).map(|node| &node.value) {
        Ok(Value::Map(map)) if !map.is_empty() => {
            let mut known: Vec<&str> = map.keys().map(|key| &**key).collect();
            known.sort_unstable();
            let wanted = text(&steps[depth..=depth]);
            let near = nearest(&wanted, known.iter().copied());
            let near = near.map(|near| {
                let prefix = if above.is_empty() { String::new() } else { format!("{above}.") };
                let quote = if near.contains(['.', '[', ' ']) { "\"" } else { "" };
                format!("did you mean '{prefix}{quote}{near}{quote}'?\n")
            });
            let more = if known.len() > LISTED { ", …" } else { "" };
            known.truncate(LISTED);
            format!("{}{place} has: {}{more}", near.unwrap_or_default(), known.join(", "))
        }
        Ok(Value::List(list)) => format!("{place} is a list of {} items; the first one is `{above}[0]`", list.len()),
        Ok(Value::Map(_)) => format!("{place} is empty"),
        Ok(value) => format!("{place} is of type {} and has no keys", value.type_name()),
        Err(_) => "run `atmos describe component` to see all values".to_owned(),
    };
    Error::Unknown { component, stack, path, help }
}

fn text(steps: &[Step]) -> String {
    let mut path = crate::value::Path::new();
    for step in steps {
        match step {
            Step::Key(key) => path.push_key(key),
            Step::Index(index) => path.push_index(*index),
        }
    }
    path.to_string()
}
