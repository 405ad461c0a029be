//! What a text refers to, told without rendering it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ast::{Branches, Compiled, Expr, ExprKind, List, Pipe, Step};
use super::lex::{is_alphanumeric, is_space, trims_left, trims_right};
use super::settings::{Delimiters, Template};

/// The keys of a text that is exactly one reference to a field, `{{ .a.b }}`, with or without trim markers. Such a
/// scalar can be replaced by the value itself, which keeps its type.
pub fn field_reference<'t>(text: &'t str, delimiters: &Delimiters) -> Option<Vec<&'t str>> {
    let mut inside = text.strip_prefix(delimiters.left())?.strip_suffix(delimiters.right())?;
    if trims_left(inside) {
        inside = &inside[1..];
    }
    if inside.len() >= 2 && inside.is_char_boundary(inside.len() - 2) && trims_right(&inside[inside.len() - 2..]) {
        inside = &inside[..inside.len() - 1];
    }
    let names: Vec<&str> = inside.trim_matches(is_space).strip_prefix('.')?.split('.').collect();
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(is_alphanumeric);
    // `.5` is a number; behind the first field digits may lead.
    let is_field = !names[0].starts_with(|c: char| c.is_ascii_digit()) && names.iter().all(is_name);
    is_field.then_some(names)
}

/// What a template may read of its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// At most what lies at and under these paths. A path without keys does not occur.
    Paths(BTreeSet<Vec<Arc<str>>>),
    /// The data is used as a whole somewhere (`{{ toJson . }}`), so that anything may be read.
    Everything,
}

impl Reads {
    /// Whether a value at this path may matter: the path, something above it or something under it is read.
    pub fn touches(&self, path: &[&str]) -> bool {
        match self {
            Reads::Everything => true,
            Reads::Paths(paths) => paths.iter().any(|read| read.iter().zip(path).all(|(one, two)| **one == **two)),
        }
    }
}

impl Template {
    /// What the template may read of its data: more than it does read, never less. Paths end where a value is used as
    /// a whole, handed to a function or walked through.
    pub fn reads(&self) -> Reads {
        let scan = self.scan();
        if scan.everything { Reads::Everything } else { Reads::Paths(scan.paths) }
    }

    /// The keys below `root` that functions read by their names: `x` of `index .root "x"`.
    pub fn indexed(&self, root: &str) -> Vec<Arc<str>> {
        let below = |path: Vec<Arc<str>>| (*path[0] == *root).then(|| path[1].clone());
        self.scan().indexed.into_iter().filter_map(below).collect()
    }

    fn scan(&self) -> Scan<'_> {
        let mut scan = Scan {
            compiled: &self.compiled,
            paths: BTreeSet::new(),
            everything: false,
            indexed: BTreeSet::new(),
            scopes: Vec::new(),
        };
        scan.list(&Known::root(), &self.compiled.body);
        scan
    }
}

/// What is known of a value: where in the data it comes from, if it is data at all.
#[derive(Debug, Clone)]
enum Known {
    At(Vec<Arc<str>>),
    /// Computed: what it was made of was counted when it was made.
    Other,
}

impl Known {
    fn root() -> Known {
        Known::At(Vec::new())
    }

    fn field(self, names: &[Arc<str>]) -> Known {
        match self {
            Known::At(mut path) => {
                path.extend_from_slice(names);
                Known::At(path)
            }
            Known::Other => Known::Other,
        }
    }
}

struct Scan<'t> {
    compiled: &'t Compiled,
    paths: BTreeSet<Vec<Arc<str>>>,
    everything: bool,
    /// Pairs of a key of the data and a key in it that is given to a function as a constant.
    indexed: BTreeSet<Vec<Arc<str>>>,
    /// Variables in sight, innermost last.
    scopes: Vec<(Arc<str>, Known)>,
}

impl<'t> Scan<'t> {
    fn read(&mut self, known: &Known) {
        match known {
            Known::At(path) if path.is_empty() => self.everything = true,
            Known::At(path) => {
                self.paths.insert(path.clone());
            }
            Known::Other => {}
        }
    }

    fn list(&mut self, dot: &Known, list: &'t List) {
        for step in list {
            match step {
                Step::Text(_) | Step::Break(_) | Step::Continue(_) => {}
                Step::Action(pipe) if pipe.variables.is_empty() => self.used(dot, pipe),
                Step::Action(pipe) => {
                    self.pipe(dot, pipe);
                }
                Step::If(branches) => self.branches(dot, branches, false),
                Step::With(branches) => self.branches(dot, branches, true),
                Step::Range(range) => {
                    let mark = self.scopes.len();
                    // The items are parts of what is read as a whole.
                    self.used(dot, &range.pipe);
                    for (_, known) in &mut self.scopes[mark..] {
                        *known = Known::Other;
                    }
                    self.list(&Known::Other, &range.body);
                    if let Some(otherwise) = &range.otherwise {
                        self.list(dot, otherwise);
                    }
                    self.scopes.truncate(mark);
                }
                Step::Template { name, pipe, .. } => self.call(dot, name, pipe.as_ref()),
            }
        }
    }

    fn branches(&mut self, dot: &Known, all: &'t Branches, with: bool) {
        let mark = self.scopes.len();
        for (pipe, list) in &all.branches {
            let known = self.pipe(dot, pipe);
            self.read(&known);
            self.list(if with { &known } else { dot }, list);
        }
        if let Some(otherwise) = &all.otherwise {
            self.list(dot, otherwise);
        }
        self.scopes.truncate(mark);
    }

    /// A defined template is not followed (it may call itself): it reads what it gets as a whole.
    fn call(&mut self, dot: &Known, name: &str, pipe: Option<&'t Pipe>) {
        if let Some(pipe) = pipe {
            self.used(dot, pipe);
        }
        if name == &*self.compiled.name {
            self.everything = true;
        }
    }

    /// A pipeline whose value is used as a whole.
    fn used(&mut self, dot: &Known, pipe: &'t Pipe) {
        let known = self.pipe(dot, pipe);
        self.read(&known);
    }

    fn pipe(&mut self, dot: &Known, pipe: &'t Pipe) -> Known {
        let mut known = Known::Other;
        for command in &pipe.commands {
            // A value that is piped on becomes an argument.
            self.read(&known);
            known = match command.words.split_first() {
                Some((first, args)) => {
                    let mut first_arg = None;
                    for arg in args {
                        let arg = self.expr(dot, arg);
                        self.read(&arg);
                        first_arg.get_or_insert(arg);
                    }
                    if let (ExprKind::Function(function), Some(Known::At(path)), Some(key)) =
                        (&first.kind, first_arg, args.get(1))
                        && let ([root], Some(key)) = (path.as_slice(), constant(key))
                        && matches!(function.name(), "index" | "get" | "hasKey")
                    {
                        self.indexed.insert(vec![root.clone(), Arc::from(key)]);
                    }
                    self.expr(dot, first)
                }
                None => Known::Other,
            };
        }
        for name in &pipe.variables {
            if pipe.assigns {
                // The variable may hold either from here on: its old value counts as read, the new one too.
                self.read(&known);
                if let Some((_, held)) = self.scopes.iter_mut().rev().find(|(held, _)| held == name) {
                    let old = std::mem::replace(held, Known::Other);
                    self.read(&old);
                }
            } else {
                self.scopes.push((name.clone(), known.clone()));
            }
        }
        known
    }

    fn expr(&mut self, dot: &Known, expr: &'t Expr) -> Known {
        match &expr.kind {
            ExprKind::Dot => dot.clone(),
            ExprKind::Field(fields) => dot.clone().field(fields),
            ExprKind::Variable { name, fields } => {
                let held = self.scopes.iter().rev().find(|(held, _)| held == name);
                let known = match held {
                    Some((_, known)) => known.clone(),
                    None if **name == *"$" => Known::root(),
                    None => Known::Other,
                };
                known.field(fields)
            }
            ExprKind::Chain { base, fields } => self.expr(dot, base).field(fields),
            ExprKind::Pipe(pipe) => self.pipe(dot, pipe),
            ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String { .. }
            | ExprKind::Function(_) => Known::Other,
        }
    }
}

/// The text of a constant.
fn constant(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::String { val, .. } => val.as_str(),
        _ => None,
    }
}
