//! Text: case, splitting, joining, conversion. What takes a regular expression is in [`regex`](super::regex).

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation};
use crate::query::number;
use crate::query::op::{Expr, Op};
use crate::query::tree::{Id, Kind, Tag};

/// What helps where text is needed.
const TO_STRING: &str = "turn it into text before, with `to_string`";

impl Evaluation<'_> {
    pub(in crate::query) fn string(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        match &expr.op {
            Op::Substitute | Op::Match | Op::Capture | Op::Test => self.regular_expression(context, expr),
            Op::Split => {
                let separator = self.right_text(context, expr)?;
                self.each(context, |this, id| {
                    if this.tree.is_null(id) {
                        return Ok(None);
                    }
                    this.needs_text(id, "cannot split", ", can only split strings", TO_STRING)?;
                    this.split_text(id, &separator).map(Some)
                })
            }
            Op::Join => {
                let separator = self.right_text(context, expr)?;
                self.each(context, |this, id| this.join(id, &separator).map(Some))
            }
            Op::ToString => self.each(context, |this, id| {
                let text = this.printed(id)?;
                this.tree.replacement(id, Tag::Str, text).map(Some)
            }),
            Op::ToNumber => self.each(context, |this, id| this.number(id).map(Some)),
            op => self.each(context, |this, id| {
                let action = if matches!(op, Op::Trim) { "cannot trim" } else { "cannot change case with" };
                this.needs_text(id, action, ", can only operate on strings", TO_STRING)?;
                let (tag, text) = (this.tree.tag(id).clone(), this.tree.text(id));
                let text: String = match op {
                    Op::Trim => text.trim().to_owned(),
                    Op::Upcase => text.chars().map(|letter| single(letter, letter.to_uppercase())).collect(),
                    _ => text.chars().map(|letter| single(letter, letter.to_lowercase())).collect(),
                };
                this.tree.made_for(id, tag, text).map(Some)
            }),
        }
    }

    pub(in crate::query) fn needs_text(&self, id: Id, before: &str, after: &str, help: &str) -> Outcome<()> {
        if self.guessed(id) == Tag::Str {
            return Ok(());
        }
        Err(Fault::failed(format!("{before} {}{after}", self.tree.tag(id).name())).help(help))
    }

    /// The parts of a text as a list in its place.
    pub(in crate::query) fn split_text(&mut self, id: Id, separator: &str) -> Outcome<Id> {
        let text = self.tree.text(id);
        let list = self.tree.container_for(id, Kind::List)?;
        if text.is_empty() {
            return Ok(list);
        }
        let parts: Vec<&str> = if separator.is_empty() {
            text.char_indices().map(|(index, letter)| &text[index..index + letter.len_utf8()]).collect()
        } else {
            text.split(separator).collect()
        };
        for part in parts {
            let part = self.tree.scalar(Tag::Str, part)?;
            self.tree.append(list, part)?;
        }
        Ok(list)
    }

    fn join(&mut self, id: Id, separator: &str) -> Outcome<Id> {
        if self.tree.kind(id) != Kind::List {
            let tag = self.tree.tag(id).name();
            return Err(Fault::failed(format!("cannot join with {tag}, can only join arrays of scalars")));
        }
        let mut text = String::new();
        for (index, item) in self.tree.children(id)?.into_iter().enumerate() {
            if index > 0 {
                text.push_str(separator);
                self.tree.charge_text(separator.len())?;
            }
            if !self.tree.is_null(item) {
                text.push_str(&self.tree.get(item).text);
            }
        }
        self.tree.made_for(id, Tag::Str, text)
    }

    fn number(&mut self, id: Id) -> Outcome<Id> {
        let path = || self.shown_path(id);
        if self.tree.kind(id) != Kind::Scalar {
            let tag = self.tree.tag(id).name();
            return Err(Fault::failed(format!("cannot convert node at path {} of tag {tag} to number", path())));
        }
        let text = self.tree.text(id);
        let tag = match self.tree.tag(id) {
            Tag::Int | Tag::Float => return Ok(id),
            _ if number::integer(&text).is_some() => Tag::Int,
            _ if !text.starts_with('.') && number::float(&text).is_some() => Tag::Float,
            _ if text.starts_with('.') && text.parse::<f64>().is_ok() => Tag::Float,
            tag => {
                let tag = tag.name();
                return Err(Fault::failed(format!(
                    "cannot convert node value at path {} of tag {tag} to number",
                    path()
                )));
            }
        };
        self.tree.replacement(id, tag, text)
    }
}

/// A letter in the other case, where that is one letter.
fn single(letter: char, mut mapped: impl ExactSizeIterator<Item = char>) -> char {
    if mapped.len() == 1 { mapped.next().unwrap_or(letter) } else { letter }
}
