//! Types that custom tags hide, and equality of whole values.

use crate::query::error::{Fault, Outcome};
use crate::query::eval::Evaluation;
use crate::query::number::{self, Base};
use crate::query::tree::{Id, Kind, Tag, check_depth};

impl Evaluation<'_> {
    /// The tag, or for a custom one the type that its text would have without it.
    pub(in crate::query) fn guessed(&self, id: Id) -> Tag {
        let entry = self.tree.get(id);
        if entry.tag.is_core() || entry.text.is_empty() {
            return entry.tag.clone();
        }
        let text = &*entry.text;
        match text {
            "null" | "Null" | "NULL" | "~" => Tag::Null,
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Tag::Bool,
            _ if number::integer(text).is_some() => Tag::Int,
            _ if text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
                && number::float(text).is_some() =>
            {
                Tag::Float
            }
            _ => Tag::Str,
        }
    }

    pub(in crate::query) fn integer(&self, id: Id) -> Outcome<(Base, i64)> {
        number::integer(&self.tree.get(id).text)
            .ok_or_else(|| Fault::failed("a number is too large for 64 bits: value out of range"))
    }

    pub(in crate::query) fn float(&self, id: Id) -> Outcome<f64> {
        self.tree.get(id).text.parse().map_err(|_| Fault::failed("a number cannot be read as a float: invalid syntax"))
    }

    /// Same kind, same type, same text; maps in any order.
    pub(in crate::query) fn same(&mut self, left: Id, right: Id, depth: usize) -> Outcome<bool> {
        check_depth(depth)?;
        self.tree.charge(1)?;
        let kind = self.tree.kind(left);
        if kind != self.tree.kind(right) {
            return Ok(false);
        }
        match kind {
            Kind::Scalar => Ok(self.guessed(left) == self.guessed(right)
                && (self.tree.is_null(left) || self.tree.get(left).text == self.tree.get(right).text)),
            _ if self.tree.count(left) != self.tree.count(right) => Ok(false),
            Kind::List => {
                let (left, right) = (self.tree.children(left)?, self.tree.children(right)?);
                for (left, right) in left.into_iter().zip(right) {
                    if !self.same(left, right, depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Kind::Map => {
                let entries = self.tree.children(right)?;
                for pair in self.tree.children(left)?.chunks_exact(2) {
                    let Some(index) = self.key_index(&entries, pair[0])? else { return Ok(false) };
                    if !self.same(pair[1], entries[index + 1], depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// Index of the first equal key among keys and values in turn.
    pub(in crate::query) fn key_index(&mut self, entries: &[Id], key: Id) -> Outcome<Option<usize>> {
        self.tree.charge(entries.len() / 2)?;
        for index in (0..entries.len()).step_by(2) {
            let entry = self.tree.get(entries[index]);
            // The cheap half of the comparison first: most keys are other texts.
            if entry.text == self.tree.get(key).text && self.same(entries[index], key, 0)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Whether a list has an equal item.
    pub(in crate::query) fn is_among(&mut self, items: &[Id], wanted: Id) -> Outcome<bool> {
        for item in items {
            if self.same(*item, wanted, 0)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
