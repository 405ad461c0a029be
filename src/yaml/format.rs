//! Lays a YAML text out anew: indentation, blanks behind colons, dashes and values, empty lines. Not a word changes.
//!
//! Read [`format`] first. The tree of the text says how deep each line lies ([`Planner`]); comments and empty lines go
//! with what follows them (`format_lines`). What comes out is read again: its events have to be those of the text before,
//! else it is refused.

use saphyr_parser::{Event, Parser};

use super::edit_tree::{Form, Tree, line_end, read_all};
use super::format_lines::{Lines, Place};
use super::refused::Refused;

/// Columns per level where neither the text nor anybody else says it.
const INDENT: usize = 2;

/// The text in good layout, with one line break at its end. `indent` is the number of columns per level; without it the
/// text keeps its own.
///
/// # Errors
/// The text cannot be read, or has a layout that cannot be changed safely.
pub fn format(text: &str, indent: Option<usize>) -> Result<String, Refused> {
    let trees = read_all(text)?;
    let indent = indent.or_else(|| trees.iter().find_map(|tree| own_indent(text, tree))).unwrap_or(INDENT);
    let mut planner = Planner { text, indent, lines: Lines::of(text), gaps: Vec::new() };
    for tree in &trees {
        planner.document(tree)?;
    }
    let Planner { lines, mut gaps, .. } = planner;
    gaps.sort_unstable();
    let formatted = lines.written(text, &gaps)?;
    let bare = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    if events(&formatted)? != events(text)? || bare(&formatted) != bare(text) {
        return Err(Refused::Lines { line: 1 });
    }
    Ok(formatted)
}

/// What the text says, without places.
fn events(text: &str) -> Result<Vec<Event<'_>>, Refused> {
    let all =
        Parser::new_from_str(text).map(|event| Ok(event?.0)).collect::<Result<Vec<_>, saphyr_parser::ScanError>>();
    all.map_err(|error| Refused::Syntax { reason: error.to_string() })
}

/// The indentation that the first nested map has.
fn own_indent(text: &str, tree: &Tree) -> Option<usize> {
    let Form::Map(entries) = &tree.form else { return None };
    let column = column_of(text, entries.first()?.start);
    let nested = entries.iter().filter(|entry| !entry.value.flow).find_map(|entry| match &entry.value.form {
        Form::Map(below) => below.first().map(|below| column_of(text, below.start)),
        _ => None,
    });
    nested.and_then(|nested| nested.checked_sub(column)).filter(|width| (2..=8).contains(width))
}

fn column_of(text: &str, at: usize) -> usize {
    at - text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// What introduces a text in block style at the end of a line: `|`, `>-`, `|2+`.
fn header(line: &str) -> Option<&str> {
    let line = line.split(" #").next().unwrap_or_default();
    let word = line.split_whitespace().next_back()?;
    let rest = word.strip_prefix(['|', '>'])?;
    rest.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, '+' | '-')).then_some(word)
}

struct Planner<'a> {
    text: &'a str,
    indent: usize,
    lines: Lines,
    /// Stretches of blanks that become one blank.
    gaps: Vec<(usize, usize)>,
}

/// Where a value hangs: columns of what it belongs to, before and after, and where its own parts go.
#[derive(Clone, Copy)]
struct Above {
    old: usize,
    new: usize,
    below: usize,
}

impl Planner<'_> {
    fn document(&mut self, tree: &Tree) -> Result<(), Refused> {
        let root = Above { old: 0, new: 0, below: 0 };
        let line = self.line(tree.start);
        let begin = self.lines.starts[line];
        if self.text[begin..tree.start].trim().is_empty() {
            self.place(tree.start, 0);
        } else {
            // Behind `---`.
            self.lines.keep(line);
        }
        self.content(tree, root, tree.start)
    }

    /// `from` is where what the value hangs on ends.
    fn content(&mut self, tree: &Tree, above: Above, from: usize) -> Result<(), Refused> {
        match &tree.form {
            Form::Map(_) | Form::List(_) if !tree.flow => self.block(tree, above.below, from),
            Form::Null => Ok(()),
            _ => {
                self.leaf(tree, above);
                Ok(())
            }
        }
    }

    /// The entries or items of a collection whose first begins in the column `new`, somewhere behind `from`.
    fn block(&mut self, tree: &Tree, new: usize, from: usize) -> Result<(), Refused> {
        match &tree.form {
            Form::Map(entries) => {
                for entry in entries {
                    let begin = self.lines.starts[self.line(entry.start)];
                    let before = self.text[begin..entry.start].trim();
                    if !before.chars().all(|letter| matches!(letter, '-' | ' ')) {
                        return Err(self.refused(entry.start));
                    }
                    self.place(entry.start, new);
                    let above = Above {
                        old: column_of(self.text, entry.start),
                        new,
                        below: (new / self.indent + 1) * self.indent,
                    };
                    self.value(entry.colon, &entry.value, above)?;
                }
            }
            Form::List(items) => {
                // Where its first item is no further to the right than its key, the parser has no place of a list itself.
                let mut floor = from;
                for item in items {
                    let dash = self.dash(floor).filter(|dash| *dash <= item.start);
                    let dash = dash.ok_or_else(|| self.refused(item.start))?;
                    self.place(dash, new);
                    let above = Above { old: column_of(self.text, dash), new, below: new + 2 };
                    self.value(dash + 1, item, above)?;
                    floor = item.end.max(dash + 1);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The next dash that is no part of a comment.
    fn dash(&self, floor: usize) -> Option<usize> {
        let mut at = floor;
        loop {
            let rest = self.text.get(at..)?;
            let blank = rest.len() - rest.trim_start().len();
            at += blank;
            match self.text.get(at..)?.chars().next()? {
                '#' => at = line_end(self.text, at),
                // A tag or an anchor of the list.
                '&' | '!' => at += self.text[at..].find(char::is_whitespace)?,
                '-' => return Some(at),
                _ => return None,
            }
        }
    }

    /// What stands behind a colon or dash.
    fn value(&mut self, from: usize, tree: &Tree, above: Above) -> Result<(), Refused> {
        let line = &self.text[from..line_end(self.text, from)];
        let gap = line.len() - line.trim_start().len();
        if gap > 0 && gap < line.len() {
            self.gaps.push((from, from + gap));
        }
        if let Some(header) = header(&line[gap..]).filter(|_| tree.start >= from + line.len()) {
            self.block_scalar(header, tree, above, self.line(from));
            return Ok(());
        }
        if self.line(tree.start) > self.line(from) && !matches!(tree.form, Form::Null) {
            // Tags and anchors may stand before it in its line.
            let begin = self.lines.starts[self.line(tree.start)];
            let first = begin + (self.text[begin..].len() - self.text[begin..].trim_start_matches(' ').len());
            self.place(first, above.below);
        }
        self.content(tree, above, from)
    }

    /// A scalar that is none of those, or something in brackets: its further lines go with the first.
    fn leaf(&mut self, tree: &Tree, above: Above) {
        let (first, last) = (self.line(tree.start), self.line(tree.end));
        let brackets = matches!(tree.form, Form::Map(_) | Form::List(_));
        for line in first + 1..=last {
            // Within quotes and in plain text what a line begins with means nothing; brackets keep their picture.
            self.lines.set(line, if brackets { Place::With(first) } else { Place::At(above.below) });
            self.lines.untrimmed(line - 1);
        }
        let rest = &self.text[tree.end..line_end(self.text, tree.end)];
        let comment = rest.trim_start();
        if comment.starts_with('#') && comment.len() < rest.len() {
            self.gaps.push((tree.end, tree.end + rest.len() - comment.len()));
        }
    }

    /// The lines of a text in block style move together, so that what they are indented by among themselves stays. `first` is
    /// the line before them.
    fn block_scalar(&mut self, header: &str, tree: &Tree, above: Above, first: usize) {
        let last = self.line(tree.end);
        let given = header.chars().find(char::is_ascii_digit).and_then(|digit| digit.to_digit(10));
        let given = given.map(|digit| digit as usize);
        let content = (first + 1..=last).filter(|line| !self.line_text(*line).trim().is_empty());
        let own = content.map(|line| self.line_text(line)).map(|line| line.len() - line.trim_start_matches(' ').len());
        let (Some(old), new) = (match given {
            Some(given) => (Some(above.old + given), above.new + given),
            None => (own.min(), above.below),
        }) else {
            return;
        };
        let mut end = last;
        if header.contains('+') {
            let empty = |line: usize| line < self.lines.starts.len() && self.line_text(line).trim().is_empty();
            while empty(end + 1) {
                end += 1;
            }
        }
        for line in first + 1..=end {
            self.lines.set(line, Place::Moved { old, new });
            self.lines.untrimmed(line);
        }
    }

    /// Gives the line of `at` a column if nothing stands before `at` in it.
    fn place(&mut self, at: usize, column: usize) {
        let line = self.line(at);
        if self.text[self.lines.starts[line]..at].trim().is_empty() {
            self.lines.set(line, Place::At(column));
        }
    }

    fn line(&self, at: usize) -> usize {
        self.lines.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    fn line_text(&self, line: usize) -> &str {
        let start = self.lines.starts[line];
        &self.text[start..line_end(self.text, start)]
    }

    fn refused(&self, at: usize) -> Refused {
        Refused::Lines { line: self.line(at) + 1 }
    }
}
