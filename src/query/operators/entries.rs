//! Maps as lists of `{key, value}` and back.

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation};
use crate::query::op::Expr;
use crate::query::tree::{Id, Kind, Tag};

impl Evaluation<'_> {
    pub(in crate::query) fn keys(&mut self, id: Id) -> Outcome<Id> {
        let children = self.tree.children(id)?;
        let list = self.tree.container(Kind::List)?;
        match self.tree.kind(id) {
            Kind::Map => {
                let keys: Vec<Id> = children.into_iter().step_by(2).collect();
                self.tree.extend(list, &keys)?;
            }
            Kind::List => {
                for index in 0..children.len() {
                    let index = self.tree.scalar(Tag::Int, index.to_string())?;
                    self.tree.append(list, index)?;
                }
            }
            Kind::Scalar => {
                let tag = self.tree.tag(id).name();
                return Err(Fault::failed(format!("cannot get keys of {tag}, keys only works for maps and arrays")));
            }
        }
        Ok(list)
    }

    pub(in crate::query) fn entries(&mut self, context: &Context) -> Outcome<Context> {
        self.each(context, |this, id| {
            let children = this.tree.children(id)?;
            let pairs: Vec<(Id, Id)> = match this.tree.kind(id) {
                Kind::Map => children.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect(),
                Kind::List => {
                    let mut pairs = Vec::with_capacity(children.len());
                    for (index, item) in children.into_iter().enumerate() {
                        pairs.push((this.tree.scalar(Tag::Int, index.to_string())?, item));
                    }
                    pairs
                }
                Kind::Scalar if this.tree.is_null(id) => return Ok(None),
                Kind::Scalar => {
                    let tag = this.tree.tag(id).name();
                    return Err(Fault::failed(format!("{tag} has no keys")));
                }
            };
            let list = this.tree.container_for(id, Kind::List)?;
            let (key_name, value_name) = (this.tree.scalar(Tag::Str, "key")?, this.tree.scalar(Tag::Str, "value")?);
            for (key, value) in pairs {
                let entry = this.tree.container(Kind::Map)?;
                this.tree.insert(entry, key_name, key)?;
                this.tree.insert(entry, value_name, value)?;
                this.tree.append(list, entry)?;
            }
            Ok(Some(list))
        })
    }

    pub(in crate::query) fn map_of_entries(&mut self, id: Id) -> Outcome<Id> {
        if self.tree.kind(id) != Kind::List {
            return Err(Fault::failed("from entries only runs against arrays"));
        }
        let map = self.tree.shell(id)?;
        let entry = self.tree.change(map)?;
        (entry.kind, entry.tag) = (Kind::Map, Tag::Map);
        for (position, item) in self.tree.children(id)?.into_iter().enumerate() {
            let key = self.part_of_entry(item, "key", position)?;
            let value = self.part_of_entry(item, "value", position)?;
            self.tree.insert(map, key, value)?;
        }
        Ok(map)
    }

    fn part_of_entry(&mut self, entry: Id, name: &str, position: usize) -> Outcome<Id> {
        let children = if self.tree.kind(entry) == Kind::Map { self.tree.children(entry)? } else { Vec::new() };
        let found = children.chunks_exact(2).rev().find(|pair| &*self.tree.get(pair[0]).text == name);
        found.map(|pair| pair[1]).ok_or_else(|| {
            Fault::failed(format!("expected to find one '{name}' entry but found 0 in position {position}"))
        })
    }

    pub(in crate::query) fn with_entries(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let entries = self.entries(context)?;
        self.each(&entries, |this, list| {
            let mut changed = Vec::new();
            for entry in this.tree.children(list)? {
                let found = this.right(&context.one(entry), expr)?;
                changed.extend(found.matches.iter());
            }
            let list = this.gathered(&changed)?;
            this.map_of_entries(list).map(Some)
        })
    }
}
