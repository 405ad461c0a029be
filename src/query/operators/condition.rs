//! Logic, comparison, and what asks questions of containers.

use std::cmp::Ordering;

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation, Sides};
use crate::query::number;
use crate::query::op::{Expr, Op, Order};
use crate::query::tree::{Id, Kind, Tag, check_depth};

use super::traverse::Step;

impl Evaluation<'_> {
    pub(in crate::query) fn condition(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        match &expr.op {
            Op::Or => self.decided(context, expr, true),
            Op::And => self.decided(context, expr, false),
            Op::Not => self.each(context, |this, id| {
                let flag = this.is_true(id);
                this.tree.boolean(Some(id), !flag).map(Some)
            }),
            Op::Alternative => self.cross(context, expr, Sides::TrueWins, &mut |this, _, left, right| {
                Ok(left.filter(|left| this.is_true(*left) || right.is_none()).or(right))
            }),
            Op::Equals { negate } => {
                let context = if *negate { context.reader() } else { context.clone() };
                self.cross(&context, expr, Sides::Any, &mut |this, _, left, right| {
                    let equal = this.are_equal(left, right)?;
                    this.tree.boolean(left.or(right), equal != *negate).map(Some)
                })
            }
            Op::Compare(order) => self.cross(context, expr, Sides::Any, &mut |this, _, left, right| {
                let (Some(first), Some(second)) = (left, right) else {
                    let flag = left.is_none() && right.is_none() && order.or_equal;
                    return this.tree.boolean(left.or(right), flag).map(Some);
                };
                let flag = this.holds(first, second, *order)?;
                this.tree.boolean(Some(first), flag).map(Some)
            }),
            Op::Min => self.extreme(context, Order { or_equal: false, greater: false }),
            Op::Max => self.extreme(context, Order { or_equal: false, greater: true }),
            Op::Any | Op::AnyCondition => self.quantified(context, expr, true),
            Op::All | Op::AllCondition => self.quantified(context, expr, false),
            Op::Contains => self.cross(&context.reader(), expr, Sides::Both, &mut |this, _, left, right| {
                let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
                if this.tree.kind(left) != this.tree.kind(right) {
                    let (inner, outer) = (this.tree.tag(right).name(), this.tree.tag(left).name());
                    return Err(Fault::failed(format!("{inner} cannot check contained in {outer}")));
                }
                let flag = this.contains(left, right, 0)?;
                this.tree.boolean(Some(left), flag).map(Some)
            }),
            Op::Has => self.has(context, expr),
            _ => self.select(context, expr),
        }
    }

    /// `or` and `and`: the left side decides if it is `wanted`.
    fn decided(&mut self, context: &Context, expr: &Expr, wanted: bool) -> Outcome<Context> {
        self.cross(&context.reader(), expr, Sides::Decided(wanted), &mut |this, _, left, right| {
            let flag = right.is_some_and(|right| this.is_true(right));
            this.tree.boolean(left.or(right), flag).map(Some)
        })
    }

    /// Scalars are equal by their text, of which the right one may be a pattern. Nothing equals null.
    fn are_equal(&mut self, left: Option<Id>, right: Option<Id>) -> Outcome<bool> {
        let (left, right) = match (left, right) {
            (None, None) => return Ok(true),
            (Some(one), None) | (None, Some(one)) => return Ok(self.tree.is_null(one)),
            (Some(left), Some(right)) => (left, right),
        };
        if self.tree.is_null(left) {
            return Ok(self.tree.is_null(right));
        }
        if self.tree.kind(left) != Kind::Scalar || self.tree.kind(right) != Kind::Scalar {
            return Ok(false);
        }
        let (text, pattern) = (self.tree.text(left), self.tree.text(right));
        self.fits(&text, &pattern)
    }

    /// Whether `left` stands before (or after) `right`.
    fn holds(&mut self, left: Id, right: Id, order: Order) -> Outcome<bool> {
        match self.tree.kind(left) {
            Kind::Map => return Err(Fault::failed("maps not yet supported for comparison")),
            Kind::List => return Err(Fault::failed("arrays not yet supported for comparison")),
            Kind::Scalar => {}
        }
        if self.tree.kind(right) != Kind::Scalar {
            let (other, own) = (self.tree.tag(right).name(), self.tree.tag(left).name());
            return Err(Fault::failed(format!("{other} cannot be compared with {own}")));
        }
        let tags = (self.guessed(left), self.guessed(right));
        let (first, second) = (self.tree.text(left), self.tree.text(right));
        let found = match tags {
            (Tag::Str, _) if super::order::time(&first).is_some() => {
                let second = super::order::time(&second).ok_or_else(|| {
                    Fault::failed("a date can only be compared with another one, but the right side is none")
                })?;
                super::order::time(&first).map(|first| first.cmp(&second))
            }
            (Tag::Int, Tag::Int) => Some(self.integer(left)?.1.cmp(&self.integer(right)?.1)),
            (Tag::Int | Tag::Float, Tag::Int | Tag::Float) => self.float(left)?.partial_cmp(&self.float(right)?),
            (Tag::Str, Tag::Str) => Some(first.cmp(&second)),
            (Tag::Null, Tag::Null) => Some(Ordering::Equal),
            (Tag::Null, _) | (_, Tag::Null) => None,
            _ => {
                let tag = self.tree.tag(left).name();
                return Err(Fault::failed(format!("{tag} not yet supported for comparison")));
            }
        };
        Ok(match found {
            Some(Ordering::Equal) => order.or_equal,
            Some(Ordering::Greater) => order.greater,
            Some(Ordering::Less) => !order.greater,
            None => false,
        })
    }

    /// The least or the greatest child.
    fn extreme(&mut self, context: &Context, order: Order) -> Outcome<Context> {
        self.each(context, |this, id| {
            let mut children = this.splat(id, Step::default())?.into_iter();
            let Some(mut best) = children.next() else { return Ok(None) };
            for child in children {
                if this.holds(child, best, order)? {
                    best = child;
                }
            }
            Ok(Some(best))
        })
    }

    /// `any`, `all` and their forms with a condition.
    fn quantified(&mut self, context: &Context, expr: &Expr, any: bool) -> Outcome<Context> {
        self.each(context, |this, id| {
            if this.tree.kind(id) != Kind::List {
                let (word, tag) = (if any { "any" } else { "all" }, this.tree.tag(id).name());
                return Err(Fault::failed(format!("{word} only supports arrays, was {tag}")));
            }
            let mut found = false;
            for item in this.tree.children(id)? {
                let seen = match &expr.right {
                    // An item without a result counts neither way.
                    Some(condition) => this.run(&context.reading(item), Some(condition))?.first(),
                    None => Some(item),
                };
                if seen.is_some_and(|seen| this.is_true(seen) == any) {
                    found = true;
                    break;
                }
            }
            this.tree.boolean(Some(id), found == any).map(Some)
        })
    }

    fn contains(&mut self, outer: Id, inner: Id, depth: usize) -> Outcome<bool> {
        check_depth(depth)?;
        self.tree.charge(1)?;
        match (self.tree.kind(outer), self.tree.kind(inner)) {
            (Kind::Map, Kind::Map) => {
                let entries = self.tree.children(outer)?;
                for pair in self.tree.children(inner)?.chunks_exact(2) {
                    let Some(index) = self.key_index(&entries, pair[0])? else { return Ok(false) };
                    if !self.contains(entries[index + 1], pair[1], depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Kind::List, Kind::List) => {
                for item in self.tree.children(inner)? {
                    if !self.has_item(outer, item, depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Kind::List, _) => self.has_item(outer, inner, depth + 1),
            (Kind::Scalar, Kind::Scalar) if self.tree.tag(outer) == self.tree.tag(inner) => {
                let (text, part) = (self.tree.text(outer), self.tree.text(inner));
                Ok(match self.tree.tag(outer) {
                    Tag::Null => true,
                    Tag::Str => text.contains(&*part),
                    _ => text == part,
                })
            }
            _ => Ok(false),
        }
    }

    fn has_item(&mut self, list: Id, wanted: Id, depth: usize) -> Outcome<bool> {
        for item in self.tree.children(list)? {
            if self.contains(item, wanted, depth)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let wanted = self.right(&context.reader(), expr)?.first();
        let text = wanted.map_or_else(|| "null".into(), |wanted| self.tree.text(wanted));
        let is_index = wanted.is_some_and(|wanted| *self.tree.tag(wanted) == Tag::Int);
        self.each(context, |this, id| {
            let flag = match this.tree.kind(id) {
                Kind::Map => {
                    let children = this.tree.children(id)?;
                    children.iter().step_by(2).any(|key| this.tree.get(*key).text == text)
                }
                Kind::List if is_index => number::integer(&text)
                    .is_some_and(|(_, index)| usize::try_from(index).is_ok_and(|index| index < this.tree.count(id))),
                _ => false,
            };
            this.tree.boolean(Some(id), flag).map(Some)
        })
    }

    pub(in crate::query) fn select(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        self.each(context, |this, id| {
            let found = this.right(&context.reading(id), expr)?;
            let kept = found.matches.iter().any(|found| this.is_true(*found));
            Ok(kept.then_some(id))
        })
    }
}
