//! What makes a list or map out of another one.

use indexmap::IndexMap;
use std::sync::Arc;

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation};
use crate::query::number;
use crate::query::op::{Expr, Op};
use crate::query::tree::{Id, Kind, Place, Tag};

use super::traverse::Step;

/// What `array_to_map` is short for.
const ARRAY_TO_MAP: &str = "(.[] | select(. != null) ) as $i ireduce({}; .[$i | key] = $i)";

impl Evaluation<'_> {
    pub(in crate::query) fn container(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        match &expr.op {
            Op::Map => self.map(context, expr),
            Op::Filter => self.each(context, |this, id| {
                let children = this.splat(id, Step::default())?;
                let kept = this.select(&context.with(children), expr)?;
                this.gathered(&kept.matches).map(Some)
            }),
            Op::Pick => self.pick(context, expr),
            Op::Omit => self.omit(context, expr),
            Op::First => self.first_item(context, expr),
            Op::Sort | Op::SortBy => self.sort_by(context, expr.right.as_deref()),
            Op::GroupBy => self.group_by(context, expr),
            Op::Unique | Op::UniqueBy => self.unique_by(context, expr.right.as_deref()),
            Op::Reverse => self.each(context, |this, id| {
                if this.tree.kind(id) != Kind::List {
                    return Err(this.no_array(id, "an array"));
                }
                let list = this.tree.container_for(id, Kind::List)?;
                let mut items = this.tree.children(id)?;
                items.reverse();
                this.tree.extend(list, &items)?;
                Ok(Some(list))
            }),
            Op::Pivot => self.each(context, |this, id| this.pivot(id).map(Some)),
            Op::ArrayToMap => self.run_source(context, ARRAY_TO_MAP, expr),
            Op::Keys => self.each(context, |this, id| this.keys(id).map(Some)),
            Op::ToEntries => self.entries(context),
            Op::FromEntries => self.each(context, |this, id| this.map_of_entries(id).map(Some)),
            _ => self.with_entries(context, expr),
        }
    }

    fn no_array(&self, id: Id, wanted: &str) -> Fault {
        let (path, tag) = (self.shown_path(id), self.tree.tag(id).name());
        Fault::failed(format!("node at path [{path}] is not {wanted} (it's a {tag})"))
    }

    fn map(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        self.each(context, |this, id| {
            let children = this.splat(id, Step::default())?;
            if children.is_empty() {
                return this.tree.copy(id).map(Some);
            }
            let found = this.right(&context.with(children), expr)?;
            this.gathered(&found.matches).map(Some)
        })
    }

    /// The first result of the right side as a list of keys or indexes.
    fn wanted(&mut self, context: &Context, expr: &Expr) -> Outcome<Vec<Id>> {
        match self.right(context, expr)?.first() {
            Some(list) => self.tree.children(list),
            None => Ok(Vec::new()),
        }
    }

    fn pick(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let wanted = self.wanted(context, expr)?;
        self.each(context, |this, id| {
            let children = this.tree.children(id)?;
            let mut picked = Vec::new();
            for key in &wanted {
                match this.tree.kind(id) {
                    Kind::Map => {
                        if let Some(index) = this.key_index(&children, *key)? {
                            picked.extend_from_slice(&children[index..index + 2]);
                        }
                    }
                    Kind::List => {
                        let Some((_, index)) = number::integer(&this.tree.text(*key)) else {
                            return Err(Fault::failed("cannot index array with a key that is no whole number"));
                        };
                        picked.extend(usize::try_from(index).ok().and_then(|index| children.get(index)));
                    }
                    Kind::Scalar => {}
                }
            }
            if this.tree.kind(id) == Kind::Scalar {
                let (tag, path) = (this.tree.tag(id).name(), this.shown_path(id));
                return Err(Fault::failed(format!("cannot pick indices from type {tag} ({path})")));
            }
            let result = this.tree.shell(id)?;
            this.tree.extend(result, &picked)?;
            Ok(Some(result))
        })
    }

    fn omit(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let unwanted = self.wanted(context, expr)?;
        if unwanted.is_empty() || context.matches.iter().any(|id| self.tree.kind(*id) == Kind::Scalar) {
            return Ok(context.clone());
        }
        self.each(context, |this, id| {
            let children = this.tree.children(id)?;
            let mut kept = Vec::new();
            if this.tree.kind(id) == Kind::Map {
                for pair in children.chunks_exact(2) {
                    if !this.is_among(&unwanted, pair[0])? {
                        kept.extend_from_slice(pair);
                    }
                }
            } else {
                for (index, item) in children.into_iter().enumerate() {
                    let index = this.tree.scalar(Tag::Int, index.to_string())?;
                    if !this.is_among(&unwanted, index)? {
                        kept.push(item);
                    }
                }
            }
            let result = this.tree.shell(id)?;
            this.tree.extend(result, &kept)?;
            Ok(Some(result))
        })
    }

    /// The first child, or the first one that meets the condition.
    fn first_item(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        self.each(context, |this, id| {
            let Some(condition) = expr.right.as_deref() else {
                return Ok(this.tree.children(id)?.first().copied());
            };
            for child in this.splat(id, Step::default())? {
                let found = this.run(&context.one(child), Some(condition))?;
                if found.matches.iter().any(|found| this.is_true(*found)) {
                    return Ok(Some(child));
                }
            }
            Ok(None)
        })
    }

    fn sort_by(&mut self, context: &Context, by: Option<&Expr>) -> Outcome<Context> {
        self.each(context, |this, id| {
            let values: Vec<Id> = match this.tree.kind(id) {
                Kind::Scalar => return Err(this.no_array(id, "an array or map")),
                Kind::List => this.tree.children(id)?,
                Kind::Map => this.tree.children(id)?.into_iter().skip(1).step_by(2).collect(),
            };
            let mut items = Vec::with_capacity(values.len());
            for value in values {
                let keys = this.run(&context.reading(value), by)?;
                items.push((value, (*keys.matches).clone()));
            }
            let result = this.tree.shell(id)?;
            for value in this.sorted(items)? {
                match this.tree.get(value).place {
                    Place::Key(key) if this.tree.kind(id) == Kind::Map => {
                        this.tree.insert(result, key, value)?;
                    }
                    _ => this.tree.append(result, value)?,
                }
            }
            Ok(Some(result))
        })
    }

    fn group_by(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        self.each(context, |this, id| {
            if this.tree.kind(id) != Kind::List {
                return Err(Fault::failed("only arrays are supported for group by"));
            }
            let mut groups: IndexMap<Arc<str>, Vec<Id>> = IndexMap::new();
            for item in this.tree.children(id)? {
                let key = this.right(&context.reading(item), expr)?.first();
                let key = key.map_or_else(|| "null".into(), |key| this.tree.text(key));
                groups.entry(key).or_default().push(item);
            }
            let result = this.tree.container_for(id, Kind::List)?;
            for group in groups.into_values() {
                let group = this.gathered(&group)?;
                this.tree.append(result, group)?;
            }
            Ok(Some(result))
        })
    }

    fn unique_by(&mut self, context: &Context, by: Option<&Expr>) -> Outcome<Context> {
        self.each(context, |this, id| {
            if this.tree.kind(id) != Kind::List {
                return Err(Fault::failed("only arrays are supported for unique"));
            }
            let mut seen: IndexMap<Arc<str>, Id> = IndexMap::new();
            for item in this.tree.children(id)? {
                let key = match this.run(&context.reading(item), by)?.first() {
                    Some(key) => this.printed(key)?,
                    None => "null".into(),
                };
                seen.entry(key).or_insert(item);
            }
            let result = this.tree.container_for(id, Kind::List)?;
            let kept: Vec<Id> = seen.into_values().collect();
            this.tree.extend(result, &kept)?;
            Ok(Some(result))
        })
    }

    /// Rows to columns; what a row lacks is null.
    fn pivot(&mut self, id: Id) -> Outcome<Id> {
        if *self.tree.tag(id) != Tag::List {
            let tag = self.tree.tag(id).name();
            return Err(Fault::failed(format!("cannot pivot node of type {tag}")));
        }
        let rows = self.tree.children(id)?;
        let Some(first) = rows.first() else {
            return Err(Fault::failed("can only pivot elements of !!seq or !!map types, received none"));
        };
        let tag = self.tree.tag(*first).clone();
        if let Some(other) = rows.iter().map(|row| self.tree.tag(*row)).find(|other| **other != tag) {
            let (first, other) = (tag.name(), other.name());
            return Err(Fault::failed(format!("sequence contains elements of {first} and {other} types")));
        }
        let is_map = match tag {
            Tag::Map => true,
            Tag::List => false,
            tag => {
                let tag = tag.name();
                return Err(Fault::failed(format!("can only pivot elements of !!seq or !!map types, received {tag}")));
            }
        };
        let mut columns: IndexMap<Arc<str>, Vec<Option<Id>>> = IndexMap::new();
        for (row_index, row) in rows.iter().enumerate() {
            for (key, value) in self.cells(*row, is_map)? {
                let column = columns.entry(key).or_default();
                self.tree.charge(row_index.saturating_sub(column.len()))?;
                column.resize(row_index.max(column.len()), None);
                column.push(Some(value));
            }
        }
        let result = self.tree.container(if is_map { Kind::Map } else { Kind::List })?;
        for (key, mut column) in columns {
            column.resize(rows.len().max(column.len()), None);
            let mut cells = Vec::with_capacity(column.len());
            for cell in column {
                cells.push(match cell {
                    Some(cell) => cell,
                    None => self.tree.scalar(Tag::Null, "")?,
                });
            }
            let column = self.gathered(&cells)?;
            if is_map {
                let key = self.tree.scalar(Tag::Str, key)?;
                self.tree.insert(result, key, column)?;
            } else {
                self.tree.append(result, column)?;
            }
        }
        Ok(result)
    }

    fn cells(&mut self, row: Id, is_map: bool) -> Outcome<Vec<(Arc<str>, Id)>> {
        let children = self.tree.children(row)?;
        Ok(if is_map {
            children.chunks_exact(2).map(|pair| (self.tree.text(pair[0]), pair[1])).collect()
        } else {
            children.into_iter().enumerate().map(|(index, item)| (index.to_string().into(), item)).collect()
        })
    }
}
