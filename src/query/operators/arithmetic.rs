//! `+ - * / %` on numbers, text, lists and maps.

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation, Sides};
use crate::query::number::{float_text, integer_text};
use crate::query::op::{Expr, Op};
use crate::query::tree::{Id, Kind, Tag};

/// Longest text that a repetition may give.
const REPEATED_LIMIT: usize = 10 * 1024 * 1024;

impl Evaluation<'_> {
    pub(in crate::query) fn arithmetic(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let context = context.reader();
        match &expr.op {
            Op::Add => {
                // Adding nothing changes nothing, but nothing cannot be added to where nothing is looked at.
                let sides = if context.matches.is_empty() { Sides::Both } else { Sides::Any };
                self.cross(&context, expr, sides, &mut |this, _, left, right| match (left, right) {
                    (Some(left), Some(right)) => this.add(left, right).map(Some),
                    (Some(one), None) | (None, Some(one)) => this.tree.copy(one).map(Some),
                    (None, None) => Ok(None),
                })
            }
            op => self.cross(&context, expr, Sides::Both, &mut |this, context, left, right| {
                let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
                match op {
                    Op::Subtract => this.subtract(left, right),
                    Op::Multiply(merge) => this.multiply(context, left, right, *merge, true),
                    Op::Divide => this.divide(left, right),
                    _ => this.remainder(left, right),
                }
                .map(Some)
            }),
        }
    }

    /// `!!str (a.b)`, as messages show a value.
    fn shown(&self, id: Id) -> String {
        format!("{} ({})", self.tree.tag(id).name(), self.shown_path(id))
    }

    /// A copy of `value` in the place of `owner`.
    fn copy_for(&mut self, owner: Id, value: Id) -> Outcome<Id> {
        let copy = self.tree.copy(value)?;
        Ok(self.tree.placed(owner, copy))
    }

    pub(in crate::query) fn add(&mut self, left: Id, right: Id) -> Outcome<Id> {
        if self.tree.is_null(left) {
            return self.copy_for(left, right);
        }
        match (self.tree.kind(left), self.tree.kind(right)) {
            (Kind::Map, Kind::Map) => self.add_maps(left, right),
            (Kind::List, kind) => {
                let sum = self.tree.copy(left)?;
                if kind == Kind::List {
                    let items = self.tree.children(right)?;
                    self.tree.extend(sum, &items)?;
                } else if !self.tree.is_null(right) {
                    self.tree.append(sum, right)?;
                }
                Ok(sum)
            }
            (Kind::Scalar, Kind::Scalar) => self.add_scalars(left, right),
            _ => {
                let (right, left) = (self.shown(right), self.shown(left));
                Err(Fault::failed(format!("{right} cannot be added to a {left}")))
            }
        }
    }

    fn add_maps(&mut self, left: Id, right: Id) -> Outcome<Id> {
        let sum = self.tree.copy(left)?;
        for pair in self.tree.children(right)?.chunks_exact(2) {
            let mut entries = self.tree.children(sum)?;
            match self.key_index(&entries, pair[0])? {
                None => {
                    self.tree.insert(sum, pair[0], pair[1])?;
                }
                Some(index) => {
                    entries[index + 1] = self.copy_for(entries[index + 1], pair[1])?;
                    self.tree.set_children(sum, entries)?;
                }
            }
        }
        Ok(sum)
    }

    fn add_scalars(&mut self, left: Id, right: Id) -> Outcome<Id> {
        let tags = (self.guessed(left), self.guessed(right));
        let (first, second) = (self.tree.text(left), self.tree.text(right));
        match tags {
            (Tag::Str, Tag::Null) => self.tree.copy(left),
            (Tag::Str, _) => self.scalar_like(left, self.tree.tag(left).clone(), format!("{first}{second}")),
            (_, Tag::Str) => self.scalar_like(left, self.tree.tag(right).clone(), format!("{first}{second}")),
            tags => {
                let word = "added to";
                self.calculate(left, right, tags, i64::wrapping_add, |a, b| a + b)
                    .unwrap_or_else(|(left, right)| Err(Fault::failed(format!("{left} cannot be {word} {right}"))))
            }
        }
    }

    /// A scalar in the place of `owner`, with its own kind of tag.
    fn scalar_like(&mut self, owner: Id, tag: Tag, text: String) -> Outcome<Id> {
        self.tree.charge_text(text.len())?;
        let copy = self.tree.shell(owner)?;
        let entry = self.tree.change(copy)?;
        (entry.kind, entry.tag, entry.text) = (Kind::Scalar, tag, text.into());
        Ok(copy)
    }

    /// Integers give an integer, written as the left one is; any float gives a float. Other types are given back as
    /// names for the message.
    fn calculate(
        &mut self,
        left: Id,
        right: Id,
        tags: (Tag, Tag),
        integers: fn(i64, i64) -> i64,
        floats: fn(f64, f64) -> f64,
    ) -> Result<Outcome<Id>, (String, String)> {
        match tags {
            (Tag::Int, Tag::Int) => Ok(self.calculate_integers(left, right, integers)),
            (Tag::Int | Tag::Float, Tag::Int | Tag::Float) => Ok(self.calculate_floats(left, right, floats)),
            (left, right) => Err((left.name().to_owned(), right.name().to_owned())),
        }
    }

    fn calculate_integers(&mut self, left: Id, right: Id, integers: fn(i64, i64) -> i64) -> Outcome<Id> {
        let ((base, first), (_, second)) = (self.integer(left)?, self.integer(right)?);
        let tag = self.tree.tag(left).clone();
        self.scalar_like(left, tag, integer_text(base, integers(first, second)))
    }

    fn calculate_floats(&mut self, left: Id, right: Id, floats: fn(f64, f64) -> f64) -> Outcome<Id> {
        let number = floats(self.float(left)?, self.float(right)?);
        let tag = self.tree.tag(left).clone();
        let tag = if tag.is_core() { Tag::Float } else { tag };
        self.scalar_like(left, tag, float_text(number))
    }

    pub(in crate::query) fn subtract(&mut self, left: Id, right: Id) -> Outcome<Id> {
        if self.tree.is_null(left) {
            return self.copy_for(left, right);
        }
        match (self.tree.kind(left), self.tree.kind(right)) {
            (Kind::Map, _) => Err(Fault::failed("maps not yet supported for subtraction")),
            (Kind::List, Kind::List) => {
                let removed = self.tree.children(right)?;
                let mut kept = Vec::new();
                for item in self.tree.children(left)? {
                    if !self.is_among(&removed, item)? {
                        kept.push(item);
                    }
                }
                let list = self.tree.shell(left)?;
                self.tree.extend(list, &kept)?;
                Ok(list)
            }
            (Kind::Scalar, Kind::Scalar) => {
                let tags = (self.guessed(left), self.guessed(right));
                if tags.0 == Tag::Str {
                    return Err(Fault::failed("strings cannot be subtracted"));
                }
                self.calculate(left, right, tags, i64::wrapping_sub, |a, b| a - b).unwrap_or_else(|(left, right)| {
                    Err(Fault::failed(format!("{right} cannot be subtracted from {left}")))
                })
            }
            _ => {
                let (right, left) = (self.shown(right), self.tree.tag(left).name());
                Err(Fault::failed(format!("{right} cannot be subtracted from {left}")))
            }
        }
    }

    fn divide(&mut self, left: Id, right: Id) -> Outcome<Id> {
        let refused = |this: &Self| {
            let (left, right) = (this.shown(left), this.shown(right));
            Err(Fault::failed(format!("{left} cannot be divided by {right}")))
        };
        let scalars = self.tree.kind(left) == Kind::Scalar && self.tree.kind(right) == Kind::Scalar;
        if self.tree.is_null(left) || !scalars {
            return refused(self);
        }
        match (self.guessed(left), self.guessed(right)) {
            (Tag::Str, Tag::Str) => {
                let separator = self.tree.text(right);
                self.split_text(left, &separator)
            }
            (Tag::Int | Tag::Float, Tag::Int | Tag::Float) => self.calculate_floats(left, right, |a, b| a / b),
            (left, right) => Err(Fault::failed(format!("{} cannot be divided by {}", left.name(), right.name()))),
        }
    }

    fn remainder(&mut self, left: Id, right: Id) -> Outcome<Id> {
        let scalars = self.tree.kind(left) == Kind::Scalar && self.tree.kind(right) == Kind::Scalar;
        if self.tree.is_null(left) || !scalars {
            let (left, right) = (self.shown(left), self.shown(right));
            return Err(Fault::failed(format!("{left} cannot modulo by {right}")));
        }
        let tags = (self.guessed(left), self.guessed(right));
        if tags == (Tag::Int, Tag::Int) && self.integer(right)?.1 == 0 {
            return Err(Fault::failed("cannot modulo by 0"));
        }
        // Zero was refused above.
        self.calculate(left, right, tags, |a, b| a.checked_rem(b).unwrap_or(0), |a, b| a % b)
            .unwrap_or_else(|(left, right)| Err(Fault::failed(format!("{left} cannot modulo by {right}"))))
    }

    pub(in crate::query) fn multiply_scalars(&mut self, left: Id, right: Id) -> Outcome<Id> {
        let tags = (self.guessed(left), self.guessed(right));
        match tags {
            (Tag::Str, Tag::Int) => self.repeat(left, right, left),
            (Tag::Int, Tag::Str) => self.repeat(right, left, left),
            tags => self.calculate(left, right, tags, i64::wrapping_mul, |a, b| a * b).unwrap_or_else(|_| {
                let (left, right) = (self.tree.tag(left).name(), self.tree.tag(right).name());
                Err(Fault::failed(format!("cannot multiply {left} with {right}")))
            }),
        }
    }

    fn repeat(&mut self, text: Id, count: Id, owner: Id) -> Outcome<Id> {
        let (tag, text) = (self.tree.tag(text).clone(), self.tree.text(text));
        let count = self.integer(count)?.1;
        let Ok(count) = usize::try_from(count) else {
            return Err(Fault::failed(format!("cannot repeat string by a negative number ({count})")));
        };
        if text.len().saturating_mul(count) > REPEATED_LIMIT {
            return Err(Fault::limit(format!("result of repeating string would exceed {REPEATED_LIMIT} bytes")));
        }
        self.scalar_like(owner, tag, text.repeat(count))
    }
}
