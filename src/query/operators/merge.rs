//! Deep merge by `*` and the assignment of one value to another.

use std::sync::Arc;

use crate::query::error::Outcome;
use crate::query::eval::{Context, Evaluation};
use crate::query::op::Merge;
use crate::query::tree::{Id, Kind};

use super::traverse::{Part, Step};

impl Evaluation<'_> {
    /// `left * right`. `exact` is false where wildcards in keys count, as they do while `{…}` is put together.
    pub(in crate::query) fn multiply(
        &mut self,
        context: &Context,
        left: Id,
        right: Id,
        merge: Merge,
        exact: bool,
    ) -> Outcome<Id> {
        if self.tree.is_null(right) {
            return self.tree.copy(left);
        }
        let kinds = (self.tree.kind(left), self.tree.kind(right));
        let is_merge = matches!(kinds, (Kind::Map, Kind::Map) | (Kind::List, Kind::List))
            || (self.tree.is_null(left) && kinds.1 != Kind::Scalar);
        if !is_merge {
            return self.multiply_scalars(left, right);
        }
        let target = self.tree.copy(left)?;
        self.merge(&context.writer(), target, right, merge, exact)?;
        Ok(target)
    }

    /// Carries every value below `source` over to the same path below `target`.
    fn merge(&mut self, context: &Context, target: Id, source: Id, merge: Merge, exact: bool) -> Outcome<()> {
        let mut sources = Vec::new();
        let down = Step { keys: true, exact: true, ..Step::default() };
        self.descend(source, down, merge.deep_lists, 0, &mut sources)?;
        let start = self.path(source).len();
        for id in sources {
            let path = self.path(id);
            let path = path.get(start..).unwrap_or_default();
            let is_key = self.tree.get(id).is_key;
            let step = Step { existing_only: merge.existing_only, exact, ..Step::default() };
            let targets = self.walk(context, target, path, step, is_key)?;
            let kind = self.tree.kind(id);
            for target in targets {
                if merge.append && kind == Kind::List {
                    let before = self.tree.copy(target)?;
                    let sum = self.add(before, id)?;
                    self.assign(target, sum)?;
                } else if merge.only_null && !self.tree.is_null(target) {
                    // What is there stays.
                } else if kind == Kind::Scalar || (kind == Kind::List && !merge.deep_lists) {
                    self.assign(target, id)?;
                } else {
                    self.assign_kind(target, id)?;
                }
            }
        }
        Ok(())
    }

    /// The values at a path, made where they are missing; the last step gives keys if `is_key`.
    pub(in crate::query) fn walk(
        &mut self,
        context: &Context,
        from: Id,
        path: &[Part],
        step: Step,
        is_key: bool,
    ) -> Outcome<Vec<Id>> {
        let mut found = vec![from];
        for (index, part) in path.iter().enumerate() {
            let last = is_key && index + 1 == path.len();
            let step = Step { keys: last, no_values: last, ..step };
            let mut next = Vec::new();
            for id in found {
                next.extend(self.step(context, id, part, step)?);
            }
            found = next;
        }
        Ok(found)
    }

    /// Makes `target` what `source` is: content, kind and type.
    pub(in crate::query) fn assign(&mut self, target: Id, source: Id) -> Outcome<()> {
        if target == source {
            return Ok(());
        }
        let kind = self.tree.kind(source);
        let text = self.tree.text(source);
        // The target is emptied first: where it stands inside of the source, it is empty in its own new content.
        self.tree.set_children(target, Vec::new())?;
        let entry = self.tree.change(target)?;
        (entry.kind, entry.text) = (kind, text);
        let children = self.tree.children(source)?;
        self.tree.extend(target, &children)?;
        self.assign_kind(target, source)
    }

    /// Gives `target` the kind and the type of `source`; content of another kind goes.
    fn assign_kind(&mut self, target: Id, source: Id) -> Outcome<()> {
        if target == source {
            return Ok(());
        }
        let (kind, tag) = (self.tree.kind(source), self.tree.tag(source).clone());
        if self.tree.kind(target) != kind {
            self.tree.set_children(target, Vec::new())?;
            self.tree.change(target)?.text = Arc::from("");
        }
        let entry = self.tree.change(target)?;
        (entry.kind, entry.tag) = (kind, tag);
        Ok(())
    }
}
