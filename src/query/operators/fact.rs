//! What is known about a value: length, type, place.

use crate::query::error::Outcome;
use crate::query::eval::{Context, Evaluation};
use crate::query::op::{Expr, Op};
use crate::query::tree::{Id, Kind, Place, Tag};

use super::traverse::Part;

impl Evaluation<'_> {
    pub(in crate::query) fn fact(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        self.each(context, |this, id| match &expr.op {
            Op::KeyOf => this.key(id),
            Op::Parent { level } => Ok(this.ancestor(id, *level)),
            Op::Root => Ok(this.ancestor(id, -1)),
            Op::SplitDocument => {
                this.tree.set_parent(id, None);
                Ok(Some(id))
            }
            Op::IsKey => {
                let flag = this.tree.get(id).is_key;
                this.tree.boolean(Some(id), flag).map(Some)
            }
            Op::Path => this.path_list(id).map(Some),
            Op::Parents => {
                let mut parents = Vec::new();
                let mut at = this.tree.get(id).parent;
                while let Some(parent) = at {
                    parents.push(parent);
                    at = this.tree.get(parent).parent;
                }
                this.gathered(&parents).map(Some)
            }
            op => {
                let (tag, text) = this.described(id, op);
                this.tree.replacement(id, tag, text).map(Some)
            }
        })
    }

    fn described(&self, id: Id, op: &Op) -> (Tag, String) {
        let entry = self.tree.get(id);
        match op {
            Op::Line => (Tag::Int, entry.span.line.to_string()),
            Op::Column => (Tag::Int, entry.span.column.to_string()),
            Op::Tag => (Tag::Str, entry.tag.name().to_owned()),
            Op::Kind => {
                let name = match entry.kind {
                    Kind::Scalar => "scalar",
                    Kind::List => "seq",
                    Kind::Map => "map",
                };
                (Tag::Str, name.to_owned())
            }
            _ => {
                let length = match entry.kind {
                    Kind::Scalar if entry.tag == Tag::Null => 0,
                    Kind::Scalar => entry.text.len(),
                    Kind::List => self.tree.count(id),
                    Kind::Map => self.tree.count(id) / 2,
                };
                (Tag::Int, length.to_string())
            }
        }
    }

    fn key(&mut self, id: Id) -> Outcome<Option<Id>> {
        match self.tree.get(id).place {
            Place::Nowhere => Ok(None),
            Place::Key(key) => Ok(Some(key)),
            Place::Index(index) => {
                let parent = self.tree.get(id).parent;
                let key = self.tree.scalar(Tag::Int, index.to_string())?;
                self.tree.set_parent(key, parent);
                Ok(Some(key))
            }
        }
    }

    fn ancestor(&self, id: Id, level: i64) -> Option<Id> {
        let mut line = vec![id];
        while let Some(parent) = line.last().and_then(|last| self.tree.get(*last).parent) {
            line.push(parent);
        }
        let count = i64::try_from(line.len() - 1).unwrap_or(i64::MAX);
        let level = if level < 0 { (count + level + 1).max(0) } else { level };
        usize::try_from(level).ok().and_then(|level| line.get(level)).copied()
    }

    fn path_list(&mut self, id: Id) -> Outcome<Id> {
        let list = self.tree.container_for(id, Kind::List)?;
        for part in self.path(id) {
            let part = match part {
                Part::Name(name) => self.tree.scalar(Tag::Str, name)?,
                Part::Index(index) => self.tree.scalar(Tag::Int, index.to_string())?,
            };
            self.tree.append(list, part)?;
        }
        Ok(list)
    }
}
