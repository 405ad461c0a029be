//! `[…]` and `{…}`: lists and maps made of results.

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation, Sides};
use crate::query::op::{Expr, Merge, Op};
use crate::query::tree::{Id, Kind};

use super::traverse::Step;

impl Evaluation<'_> {
    pub(in crate::query) fn construction(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        match expr.op {
            Op::Collect => self.collect(context, expr),
            Op::Entry => self.entries_of_map(context, expr),
            _ => self.collect_map(context),
        }
    }

    fn collect(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        if context.matches.is_empty() {
            let list = self.tree.container(Kind::List)?;
            self.tree.change(list)?.text = "[]".into();
            return Ok(context.one(list));
        }
        self.each(context, |this, id| {
            let list = this.tree.container_for(id, Kind::List)?;
            let found = this.right(&context.one(id), expr)?;
            this.tree.extend(list, &found.matches)?;
            Ok(Some(list))
        })
    }

    /// A list of all matches.
    pub(in crate::query) fn gathered(&mut self, items: &[Id]) -> Outcome<Id> {
        let list = self.tree.container(Kind::List)?;
        self.tree.extend(list, items)?;
        Ok(list)
    }

    /// `key: value`: for each match a list of maps with one entry, one for each pair of key and value.
    fn entries_of_map(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let mut lists = Vec::new();
        let contexts: Vec<Context> = if context.matches.is_empty() {
            vec![context.clone()]
        } else {
            context.matches.iter().map(|id| context.one(*id)).collect()
        };
        for context in contexts {
            let maps = self.cross(&context, expr, Sides::Both, &mut |this, _, key, value| {
                let (Some(key), Some(value)) = (key, value) else { return Ok(None) };
                let map = this.tree.container(Kind::Map)?;
                this.tree.insert(map, key, value)?;
                Ok(Some(map))
            })?;
            lists.push(self.gathered(&maps.matches)?);
        }
        let list = self.gathered(&lists)?;
        Ok(context.one(list))
    }

    /// Merges what the entries gave: every combination of them is a map.
    fn collect_map(&mut self, context: &Context) -> Outcome<Context> {
        let context = context.writer();
        let Some(first) = context.first() else {
            let map = self.tree.container(Kind::Map)?;
            // What is empty has a text of its own, which joining and grouping see.
            self.tree.change(map)?.text = "{}".into();
            return Ok(context.one(map));
        };
        let rows = self.tree.children(first)?.len();
        let mut rotated: Vec<Vec<Id>> = vec![Vec::new(); rows];
        for entry in context.matches.iter() {
            let children = self.tree.children(*entry)?;
            if children.len() < rows {
                return Err(Fault::failed("the parts of a map have different numbers of entries"));
            }
            for (row, child) in rotated.iter_mut().zip(children) {
                row.push(child);
            }
        }
        let mut results = Vec::new();
        for row in rotated {
            for map in self.combined(&context, row)? {
                let copy = self.tree.copy(map)?;
                self.tree.detach(copy);
                results.push(copy);
            }
        }
        Ok(context.with(results))
    }

    fn combined(&mut self, context: &Context, row: Vec<Id>) -> Outcome<Vec<Id>> {
        let mut maps: Vec<Id> = Vec::new();
        for entry in row {
            let choices = self.splat(entry, Step::default())?;
            if maps.is_empty() {
                maps = choices;
                continue;
            }
            let mut merged = Vec::with_capacity(maps.len() * choices.len());
            for map in &maps {
                for choice in &choices {
                    let copy = self.tree.copy(*map)?;
                    merged.push(self.multiply(context, copy, *choice, Merge::default(), false)?);
                }
            }
            maps = merged;
        }
        Ok(maps)
    }
}
