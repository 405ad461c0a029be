//! Paths: keys with wildcards, indexes, slices, every value below.

use indexmap::IndexMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation};
use crate::query::number;
use crate::query::op::{Expr, Op};
use crate::query::tree::{Id, Kind, Place, Tag, check_depth};

/// How a step of a path looks at a container.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::query) struct Step {
    /// Keys are results.
    pub(in crate::query) keys: bool,
    /// Values are no results.
    pub(in crate::query) no_values: bool,
    /// A missing key is not made.
    pub(in crate::query) existing_only: bool,
    /// A key that no list can have is skipped.
    pub(in crate::query) optional: bool,
    /// `*` and `?` mean themselves.
    pub(in crate::query) exact: bool,
}

/// An element of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::query) enum Part {
    Name(Arc<str>),
    Index(i64),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Name(name) => f.write_str(name),
            Part::Index(index) => write!(f, "{index}"),
        }
    }
}

impl Evaluation<'_> {
    pub(in crate::query) fn traversal(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        match &expr.op {
            Op::Key { name, optional } => {
                let step = Step { optional: *optional, ..Step::default() };
                let mut results = Vec::new();
                for id in context.matches.iter() {
                    results.extend(self.step(context, *id, &Part::Name(name.clone()), step)?);
                }
                Ok(context.with(results))
            }
            Op::Descend { keys } => {
                let mut results = Vec::new();
                let step = Step { keys: *keys, ..Step::default() };
                for id in context.matches.iter() {
                    self.descend(*id, step, true, 0, &mut results)?;
                }
                Ok(context.with(results))
            }
            _ => self.index(context, expr),
        }
    }

    /// One step of a path; null becomes a container first where the context may be changed.
    pub(in crate::query) fn step(&mut self, context: &Context, id: Id, part: &Part, step: Step) -> Outcome<Vec<Id>> {
        if self.tree.is_null(id) && !context.read_only {
            let kind = if matches!(part, Part::Index(_)) { Kind::List } else { Kind::Map };
            let entry = self.tree.change(id)?;
            (entry.kind, entry.tag) = (kind, Tag::Unknown);
        }
        let text = match part {
            Part::Name(name) => name.clone(),
            Part::Index(index) => Arc::from(index.to_string()),
        };
        match self.tree.kind(id) {
            Kind::Scalar => Ok(Vec::new()),
            Kind::Map => {
                let key = self.tree.scalar(Tag::Str, text)?;
                self.values_of_key(context, id, key, step)
            }
            Kind::List => {
                let Some((_, index)) = number::integer(&text) else {
                    return if step.optional {
                        Ok(Vec::new())
                    } else {
                        Err(Fault::failed(format!("cannot index array with '{text}'"))
                            .help("use `[0]`, `[]` for each item, or `?` to skip lists"))
                    };
                };
                Ok(vec![self.item(id, index)?])
            }
        }
    }

    /// Every child: values of a map, items of a list. Null becomes an empty list.
    pub(in crate::query) fn splat(&mut self, id: Id, step: Step) -> Outcome<Vec<Id>> {
        if self.tree.is_null(id) {
            let entry = self.tree.change(id)?;
            (entry.kind, entry.tag) = (Kind::List, Tag::Unknown);
        }
        match self.tree.kind(id) {
            Kind::Scalar => Ok(Vec::new()),
            Kind::List => self.tree.children(id),
            Kind::Map => self.matching(id, None, step),
        }
    }

    /// Keys and values of a map under a name, or all of them. Of equal keys the last one counts.
    fn matching(&mut self, map: Id, wanted: Option<&str>, step: Step) -> Outcome<Vec<Id>> {
        let mut found: IndexMap<(bool, Arc<str>), Id> = IndexMap::new();
        for pair in self.tree.children(map)?.chunks_exact(2) {
            let key = self.tree.text(pair[0]);
            let fits = match wanted {
                None => true,
                Some(wanted) if step.exact => *key == *wanted,
                Some(wanted) => self.fits(&key, wanted)?,
            };
            if !fits {
                continue;
            }
            if step.keys {
                found.insert((true, key.clone()), pair[0]);
            }
            if !step.no_values {
                found.insert((false, key), pair[1]);
            }
        }
        Ok(found.into_values().collect())
    }

    fn values_of_key(&mut self, context: &Context, map: Id, key: Id, step: Step) -> Outcome<Vec<Id>> {
        let wanted = self.tree.text(key);
        let found = self.matching(map, Some(&wanted), step)?;
        if !found.is_empty() || step.existing_only || context.read_only {
            return Ok(found);
        }
        let value = self.tree.scalar(Tag::Null, "null")?;
        let (key, value) = self.tree.insert(map, key, value)?;
        let mut made = Vec::new();
        if step.keys {
            made.push(key);
        }
        if !step.no_values {
            made.push(value);
        }
        Ok(made)
    }

    /// The item at an index; a list that is too short is filled with nulls.
    fn item(&mut self, list: Id, index: i64) -> Outcome<Id> {
        let count = i64::try_from(self.tree.count(list)).unwrap_or(i64::MAX);
        let at = if index < 0 { count.saturating_add(index) } else { index };
        let Ok(at) = usize::try_from(at) else {
            return Err(Fault::failed(format!("index [{index}] out of range, array size is {count}")));
        };
        while self.tree.count(list) <= at {
            let null = self.tree.scalar(Tag::Null, "null")?;
            self.tree.append(list, null)?;
        }
        Ok(self.tree.children(list)?[at])
    }

    fn index(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let slice = expr.right.as_deref().and_then(|collect| collect.right.as_deref());
        if let Some(slice) = slice.filter(|slice| matches!(slice.op, Op::Entry)) {
            let found = self.left(context, expr)?;
            return self.slice(&found, slice);
        }
        let found = self.left(context, expr)?;
        let indexes = self.right(&context.reader(), expr)?;
        let indexes = match indexes.first() {
            Some(list) => self.tree.children(list)?,
            None => Vec::new(),
        };
        let step = Step { optional: matches!(expr.op, Op::Index { optional: true }), ..Step::default() };
        let mut results = Vec::new();
        for id in found.matches.iter() {
            results.extend(self.indexed(context, *id, &indexes, step)?);
        }
        Ok(context.with(results))
    }

    fn indexed(&mut self, context: &Context, id: Id, indexes: &[Id], step: Step) -> Outcome<Vec<Id>> {
        if self.tree.is_null(id) {
            let names = indexes.first().is_some_and(|first| *self.tree.tag(*first) != Tag::Int);
            let entry = self.tree.change(id)?;
            (entry.kind, entry.tag) = (if names { Kind::Map } else { Kind::List }, Tag::Unknown);
        }
        if indexes.is_empty() {
            return self.splat(id, step);
        }
        let mut results = Vec::new();
        for index in indexes {
            match self.tree.kind(id) {
                Kind::Scalar => {}
                Kind::Map => results.extend(self.values_of_key(context, id, *index, step)?),
                Kind::List => match number::integer(&self.tree.text(*index)) {
                    Some((_, index)) => results.push(self.item(id, index)?),
                    None if step.optional => {}
                    None => {
                        let tag = self.tree.tag(*index).name().to_owned();
                        return Err(Fault::failed(format!("cannot index array with '{tag}'"))
                            .help("an index has to be a whole number"));
                    }
                },
            }
        }
        Ok(results)
    }

    fn slice(&mut self, context: &Context, bounds: &Expr) -> Outcome<Context> {
        self.each(context, |this, id| {
            let from = this.left(&context.one(id), bounds)?;
            let from = this.slice_bound(&from)?;
            let to = this.right(&context.one(id), bounds)?;
            let to = this.slice_bound(&to)?;
            let tag = this.tree.tag(id).clone();
            if this.tree.kind(id) == Kind::Scalar && this.guessed(id) == Tag::Str {
                let letters: Vec<char> = this.tree.text(id).chars().collect();
                let (from, to) = clamped(from, to, letters.len());
                let text: String = letters[from..to].iter().collect();
                return this.tree.made_for(id, tag, text).map(Some);
            }
            let children = this.tree.children(id)?;
            let (from, to) = clamped(from, to, children.len());
            let list = this.tree.container_for(id, Kind::List)?;
            this.tree.change(list)?.tag = tag;
            this.tree.extend(list, &children[from..to])?;
            Ok(Some(list))
        })
    }

    fn slice_bound(&mut self, found: &Context) -> Outcome<i64> {
        let [id] = found.matches.as_slice() else {
            return Err(Fault::failed(format!("expected to find 1 number, got {} instead", found.matches.len())));
        };
        number::integer(&self.tree.text(*id))
            .map(|(_, number)| number)
            .ok_or_else(|| Fault::failed("a bound of a slice has to be a whole number"))
    }

    /// The value and everything below it, each before its children.
    pub(in crate::query) fn descend(
        &mut self,
        id: Id,
        step: Step,
        into_lists: bool,
        depth: usize,
        results: &mut Vec<Id>,
    ) -> Outcome<()> {
        check_depth(depth)?;
        results.push(id);
        let kind = self.tree.kind(id);
        if kind == Kind::Scalar || self.tree.count(id) == 0 || (kind == Kind::List && !into_lists) {
            return Ok(());
        }
        for child in self.splat(id, step)? {
            self.descend(child, step, into_lists, depth + 1, results)?;
        }
        Ok(())
    }

    /// Where an entry stands, from the root.
    pub(in crate::query) fn path(&self, id: Id) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at {
            let entry = self.tree.get(id);
            let part = match entry.place {
                _ if entry.is_key => Part::Name(entry.text.clone()),
                Place::Nowhere => break,
                Place::Index(index) => Part::Index(i64::try_from(index).unwrap_or(i64::MAX)),
                Place::Key(key) => {
                    let key = self.tree.get(key);
                    match number::integer(&key.text) {
                        Some((_, index)) if key.tag != Tag::Str => Part::Index(index),
                        _ => Part::Name(key.text.clone()),
                    }
                }
            };
            parts.push(part);
            at = entry.parent;
        }
        parts.reverse();
        parts
    }

    /// [`Evaluation::path`] as messages show it: `a.b[0]`.
    pub(in crate::query) fn shown_path(&self, id: Id) -> String {
        let mut shown = String::new();
        for part in self.path(id) {
            match part {
                Part::Name(name) if shown.is_empty() => shown.push_str(&name),
                Part::Name(name) if !name.contains('.') => {
                    shown.push('.');
                    shown.push_str(&name);
                }
                part => {
                    let _ = write!(shown, "[{part}]");
                }
            }
        }
        shown
    }

    /// Whether a text fits a pattern with `*` and `?`. Bytes, as in yq.
    pub(in crate::query) fn fits(&mut self, text: &str, pattern: &str) -> Outcome<bool> {
        if !pattern.contains(['*', '?']) {
            return Ok(text == pattern);
        }
        let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
        let (mut at, mut in_pattern, mut steps) = (0, 0, 0_usize);
        // Where to go on after a mismatch: the last star, and one byte further in the text each time.
        let mut restart: Option<(usize, usize)> = None;
        loop {
            steps += 1;
            if steps.is_multiple_of(1024) {
                self.tree.charge(256)?;
            }
            match pattern.get(in_pattern) {
                None if at == text.len() => return Ok(true),
                Some(b'*') => {
                    restart = Some((in_pattern, at + 1));
                    in_pattern += 1;
                    continue;
                }
                Some(letter) if at < text.len() && (*letter == b'?' || *letter == text[at]) => {
                    at += 1;
                    in_pattern += 1;
                    continue;
                }
                _ => {}
            }
            match restart {
                Some((star, next)) if next <= text.len() => (in_pattern, at) = (star, next),
                _ => return Ok(false),
            }
        }
    }
}

/// Bounds of a slice; negative ones count from the end.
fn clamped(from: i64, to: i64, length: usize) -> (usize, usize) {
    let clamp = |bound: i64| {
        let count = i64::try_from(length).unwrap_or(i64::MAX);
        let bound = if bound < 0 { bound.saturating_add(count) } else { bound };
        usize::try_from(bound.clamp(0, count)).unwrap_or(0)
    };
    let (from, to) = (clamp(from), clamp(to));
    (from, to.max(from))
}
