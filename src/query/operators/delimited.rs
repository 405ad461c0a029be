//! Tables as text: CSV and TSV.

use crate::query::error::{Fault, Outcome};
use crate::query::eval::Evaluation;
use crate::query::tree::{Id, Kind, Tag};

const SCALARS: &str = "csv encoding only works for arrays of scalars (string/numbers/booleans)";
const OBJECTS: &str =
    "csv object encoding only works for arrays of flat objects (string key => string/numbers/boolean value)";

impl Evaluation<'_> {
    /// A list of scalars as one row, a list of lists or of maps as a table; a scalar as itself.
    pub(super) fn delimited(&mut self, id: Id, separator: char) -> Outcome<String> {
        match self.tree.kind(id) {
            Kind::Scalar => return Ok(self.tree.text(id).trim_end_matches('\n').to_owned()),
            Kind::Map => {
                let tag = self.tree.tag(id).name();
                return Err(Fault::failed(format!("csv encoding only works for arrays, got: {tag}")));
            }
            Kind::List => {}
        }
        let items = self.tree.children(id)?;
        let mut out = String::new();
        match items.first().map(|first| self.tree.kind(*first)) {
            None => {}
            Some(Kind::Scalar) => self.row(&items, separator, &mut out)?,
            Some(Kind::List) => {
                for (index, item) in items.into_iter().enumerate() {
                    self.needs_kind(item, Kind::List, SCALARS, index)?;
                    let cells = self.tree.children(item)?;
                    self.row(&cells, separator, &mut out)?;
                }
            }
            Some(Kind::Map) => self.table(&items, separator, &mut out)?,
        }
        Ok(out.trim_end_matches('\n').to_owned())
    }

    fn needs_kind(&self, id: Id, kind: Kind, what: &str, index: usize) -> Outcome<()> {
        if self.tree.kind(id) == kind {
            return Ok(());
        }
        let tag = self.tree.tag(id).name();
        Err(Fault::failed(format!("{what}, child[{index}] is a {tag}")))
    }

    fn row(&mut self, cells: &[Id], separator: char, out: &mut String) -> Outcome<()> {
        for (index, cell) in cells.iter().enumerate() {
            self.needs_kind(*cell, Kind::Scalar, SCALARS, index)?;
            if index > 0 {
                out.push(separator);
            }
            let text = self.tree.text(*cell);
            self.tree.charge_text(text.len())?;
            push_field(&text, separator, out);
        }
        out.push('\n');
        Ok(())
    }

    /// The keys of the first map are the columns.
    fn table(&mut self, items: &[Id], separator: char, out: &mut String) -> Outcome<()> {
        let Some(first) = items.first() else { return Ok(()) };
        let header: Vec<Id> = self.tree.children(*first)?.into_iter().step_by(2).collect();
        self.row(&header, separator, out)?;
        for (index, item) in items.iter().enumerate() {
            self.needs_kind(*item, Kind::Map, OBJECTS, index)?;
            let entries = self.tree.children(*item)?;
            let mut cells = Vec::with_capacity(header.len());
            for key in &header {
                cells.push(match self.key_index(&entries, *key)? {
                    Some(index) => entries[index + 1],
                    None => self.tree.scalar(Tag::Null, "")?,
                });
            }
            self.row(&cells, separator, out)?;
        }
        Ok(())
    }

    /// A table with a header as a list of maps.
    pub(super) fn read_delimited(&mut self, text: &str, separator: char) -> Outcome<Id> {
        let mut rows = records(text.trim_start_matches('\u{feff}'), separator)?.into_iter();
        let Some(header) = rows.next() else {
            return Err(Fault::failed("EOF").help("there is no table in an empty text"));
        };
        let list = self.tree.container(Kind::List)?;
        for (index, row) in rows.enumerate() {
            if row.len() != header.len() {
                return Err(Fault::failed(format!("record {}: wrong number of fields", index + 2)));
            }
            let map = self.tree.container(Kind::Map)?;
            for (name, field) in header.iter().zip(row) {
                let key = self.tree.made(Tag::Str, name.clone())?;
                let value = self.field(field)?;
                self.tree.insert(map, key, value)?;
            }
            self.tree.append(list, map)?;
        }
        Ok(list)
    }

    /// A field has the type that its text has in YAML.
    fn field(&mut self, text: String) -> Outcome<Id> {
        if text.is_empty() {
            return self.tree.scalar(Tag::Null, "");
        }
        match self.read_yaml(&text) {
            Ok(id) if *self.tree.tag(id) != Tag::Str => Ok(id),
            Err(fault) if matches!(*fault.cause, crate::query::error::Cause::Limit(_)) => Err(fault),
            _ => self.tree.made(Tag::Str, text),
        }
    }
}

fn push_field(text: &str, separator: char, out: &mut String) {
    let quoted = text.contains([separator, '"', '\r', '\n']) || text.starts_with(char::is_whitespace) || text == "\\.";
    if quoted {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

/// Rows of fields; empty lines are skipped.
fn records(text: &str, separator: char) -> Outcome<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.peek() {
        if matches!(first, '\n' | '\r') {
            rest.next();
            continue;
        }
        let mut row = Vec::new();
        loop {
            let (field, end) = field(&mut rest, separator)?;
            row.push(field);
            if end != Some(separator) {
                break;
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

/// One field with what ended it.
fn field(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, separator: char) -> Outcome<(String, Option<char>)> {
    let mut field = String::new();
    if rest.next_if_eq(&'"').is_some() {
        loop {
            match rest.next() {
                None => return Err(Fault::failed("extraneous or missing \" in quoted-field")),
                Some('"') if rest.next_if_eq(&'"').is_some() => field.push('"'),
                Some('"') => break,
                Some(letter) => field.push(letter),
            }
        }
        rest.next_if_eq(&'\r');
        return match rest.next() {
            end if end.is_none_or(|end| end == separator || end == '\n') => Ok((field, end)),
            _ => Err(Fault::failed("extraneous or missing \" in quoted-field")),
        };
    }
    loop {
        match rest.next() {
            Some('"') => return Err(Fault::failed("bare \" in non-quoted field")),
            Some(letter) if letter != separator && letter != '\n' => field.push(letter),
            end => {
                if end != Some(separator) && field.ends_with('\r') {
                    field.pop();
                }
                return Ok((field, end));
            }
        }
    }
}
