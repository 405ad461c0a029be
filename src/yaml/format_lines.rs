//! The lines of a text on their way to other columns.

use super::edit_tree::line_end;
use super::refused::Refused;

/// Where a line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A comment, or nothing: goes with what is around it.
    Free,
    Keep,
    At(usize),
    /// As far as another line goes.
    With(usize),
    /// With all lines of its block.
    Moved {
        old: usize,
        new: usize,
    },
}

pub(super) struct Lines {
    /// Where each line begins.
    pub starts: Vec<usize>,
    places: Vec<Place>,
    /// Lines whose blanks at the end may mean something.
    untrimmed: Vec<bool>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Lines {
        let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { places: vec![Place::Free; starts.len()], untrimmed: vec![false; starts.len()], starts }
    }

    /// The first word on a line counts: parts of what begins there come later.
    pub(super) fn set(&mut self, line: usize, place: Place) {
        if let Some(here) = self.places.get_mut(line).filter(|here| **here == Place::Free) {
            *here = place;
        }
    }

    pub(super) fn keep(&mut self, line: usize) {
        self.set(line, Place::Keep);
    }

    pub(super) fn untrimmed(&mut self, line: usize) {
        if let Some(line) = self.untrimmed.get_mut(line) {
            *line = true;
        }
    }

    /// The text with every line in its place, and one blank in each gap.
    ///
    /// # Errors
    /// A line with something in it that nobody gave a place.
    pub(super) fn written(&self, text: &str, gaps: &[(usize, usize)]) -> Result<String, Refused> {
        let mut out = String::with_capacity(text.len());
        let (mut gaps, mut empty) = (gaps.iter().peekable(), true);
        for (line, &start) in self.starts.iter().enumerate() {
            let end = line_end(text, start);
            let (whole, place) = (&text[start..end], self.places[line]);
            let trimmed = whole.trim_start_matches(' ');
            let mut content = String::new();
            let mut from = start + whole.len() - trimmed.len();
            while let Some((begin, stop)) = gaps.next_if(|gap| gap.0 < end) {
                content.push_str(&text[from..*begin]);
                content.push(' ');
                from = *stop;
            }
            content.push_str(&text[from..end]);
            if !self.untrimmed[line] {
                content.truncate(content.trim_end().len());
            }
            let free_and_empty = place == Place::Free && content.trim().is_empty() && !self.untrimmed[line];
            if free_and_empty && empty {
                continue;
            }
            empty = free_and_empty;
            let column = self.column(text, line)?;
            let beyond = matches!(self.places[line], Place::Moved { old, .. } if whole.len() > old);
            // Blanks beyond the indentation of a text in block style are a part of it.
            if !content.is_empty() || beyond {
                out.extend(std::iter::repeat_n(' ', column));
                out.push_str(&content);
            }
            out.push('\n');
        }
        let kept = self.places.iter().rposition(|place| *place != Place::Free).is_some_and(|line| {
            matches!(self.places[line], Place::Moved { .. }) && text[self.starts[line]..].trim().is_empty()
        });
        if !kept {
            out.truncate(out.trim_end_matches('\n').len());
            out.push('\n');
        } else if !text.ends_with("\n\n") {
            out.truncate(out.trim_end_matches('\n').len() + 1);
        } else {
            // The last line break of the text makes no line of its own.
            out.pop();
        }
        Ok(if out == "\n" { String::new() } else { out })
    }

    fn column(&self, text: &str, line: usize) -> Result<usize, Refused> {
        let old = self.old(text, line);
        Ok(match self.places[line] {
            Place::Keep => old,
            Place::At(column) => column,
            Place::With(first) => {
                let (before, after) = (self.old(text, first), self.column(text, first)?);
                (old + after).saturating_sub(before)
            }
            Place::Moved { old: before, new } => (old + new).saturating_sub(before),
            Place::Free => {
                let content = text[self.starts[line]..].trim_start_matches([' ', '\t']);
                match content.chars().next() {
                    None | Some('\n') => 0,
                    Some('#') => self.of_comment(text, line, old),
                    // Marks of documents and directives.
                    _ if old == 0 && content.starts_with(['-', '.', '%']) => 0,
                    _ => return Err(Refused::Lines { line: line + 1 }),
                }
            }
        })
    }

    /// A comment stands before what follows it; where it is in line with something before it, it goes with that.
    fn of_comment(&self, text: &str, line: usize, old: usize) -> usize {
        let placed = |line: &usize| matches!(self.places[*line], Place::At(_) | Place::Keep);
        let column = |line: usize| match self.places[line] {
            Place::At(column) => column,
            _ => self.old(text, line),
        };
        let next = (line + 1..self.places.len()).find(placed);
        if let Some(next) = next.filter(|next| self.old(text, *next) == old) {
            return column(next);
        }
        match (0..line).rev().filter(placed).find(|before| self.old(text, *before) <= old) {
            Some(before) => column(before) + old - self.old(text, before),
            None => old,
        }
    }

    fn old(&self, text: &str, line: usize) -> usize {
        let rest = &text[self.starts[line]..];
        rest.len() - rest.trim_start_matches(' ').len()
    }
}
