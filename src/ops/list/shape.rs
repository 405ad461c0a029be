//! From rows to what is shown of them: filter, projection, columns, order.

use rayon::prelude::*;

use super::Rows;
use super::closure::Closure;
use super::column::{Column, Columns};
use super::error::Error;
use super::subject::Subject;
use crate::diag::Result;
use crate::ops::App;
use crate::query::Query;
use crate::value::{Map, Node, Value};

/// How a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// `--columns`: names, or `Name=Template`.
    pub columns: Vec<String>,
    /// `--sort`: `column:asc,column:desc`.
    pub sort: Option<String>,
    /// `--filter`: an expression that is true for the rows to show.
    pub filter: Option<String>,
    /// `--query`: an expression that makes another row of each row.
    pub query: Option<String>,
    /// `--tags`: one of them is enough.
    pub tags: Vec<String>,
    /// `--labels`: all of them, as `key=value,key:value`.
    pub labels: Option<String>,
    /// `--typed`: the values of the rows, too, and not their text alone.
    pub typed: bool,
    /// `--no-header`
    pub headless: bool,
    /// Shows also what the chosen components depend on or what depends on them, and then terraform components only.
    pub closure: Option<Closure>,
}

/// A view that was read and found right, before any stack was.
pub(super) struct Shape {
    columns: Vec<Column>,
    order: Vec<Key>,
    filter: Option<Query>,
    query: Option<Query>,
    tags: Vec<String>,
    labels: Vec<(String, String)>,
    typed: bool,
    headless: bool,
}

struct Key {
    by: By,
    descending: bool,
}

enum By {
    /// A column that is shown.
    Shown(usize),
    Column(Column),
}

impl Shape {
    /// # Errors
    /// A column, order, label or expression that is wrong.
    pub(super) fn new(app: &App, subject: Subject, view: &View) -> Result<Shape> {
        Shape::with(app, subject, view, subject.columns(), subject.order())
    }

    /// The same with other columns and another order than the usual ones.
    pub(super) fn with(
        app: &App,
        subject: Subject,
        view: &View,
        usual: &[(&str, &str)],
        order: &[&str],
    ) -> Result<Shape> {
        let columns = Columns::new(app, subject, &view.columns, usual, view.query.is_some())?;
        let query = |text: &Option<String>| -> Result<Option<Query>, Error> {
            let text = text.as_deref().filter(|text| !text.is_empty());
            Ok(text.map(Query::parse).transpose()?)
        };
        Ok(Shape {
            order: keys(subject, view.sort.as_deref(), order, &columns)?,
            filter: query(&view.filter)?,
            query: query(&view.query)?,
            tags: view.tags.iter().map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect(),
            labels: labels(view.labels.as_deref().unwrap_or_default())?,
            columns: columns.shown,
            typed: view.typed,
            headless: view.headless,
        })
    }

    /// The same without a choice by tags and labels: somebody has chosen already.
    pub(super) fn chosen(self) -> Shape {
        Shape { tags: Vec::new(), labels: Vec::new(), ..self }
    }

    /// Whether a field of the rows matters.
    pub(super) fn reads(&self, field: &str) -> bool {
        if matches!(field, "tags" | "labels" | "metadata") && self.selects() {
            return true;
        }
        let sorted = self.order.iter().filter_map(|key| match &key.by {
            By::Column(column) => Some(column),
            By::Shown(_) => None,
        });
        let mut queries = self.filter.iter().chain(&self.query);
        self.columns.iter().chain(sorted).any(|column| column.reads(field))
            || queries.any(|query| may_read(query.text(), field))
    }

    /// Whether there are columns with all these headers.
    pub(super) fn shows(&self, headers: &[&str]) -> bool {
        headers.iter().all(|header| self.columns.iter().any(|column| column.name == *header))
    }

    /// Whether tags or labels choose among the rows.
    pub(super) fn selects(&self) -> bool {
        !self.tags.is_empty() || !self.labels.is_empty()
    }

    /// Whether the metadata of a component has one of the tags and all labels.
    pub(super) fn admits(&self, metadata: &Node) -> bool {
        let has = |tag: &Node| tag.scalar_text().is_some_and(|tag| self.tags.contains(&tag));
        let tags = metadata.get("tags").and_then(Node::as_list).unwrap_or_default();
        let is = |(key, value): &(String, String)| {
            metadata.get_path(["labels", key]).and_then(Node::scalar_text).as_ref() == Some(value)
        };
        (self.tags.is_empty() || tags.iter().any(has)) && self.labels.iter().all(is)
    }

    /// The rows as they are shown.
    ///
    /// # Errors
    /// An expression or template that does not fit a row.
    pub(super) fn apply(&self, rows: Vec<Node>) -> Result<Rows> {
        let shown: Vec<Result<Option<Line>, Error>> = rows.into_par_iter().map(|row| self.line(row)).collect();
        let mut lines: Vec<Line> = Vec::with_capacity(shown.len());
        for line in shown {
            lines.extend(line?);
        }
        lines.sort_by(|left, right| {
            let mut pairs = self.order.iter().enumerate().map(|(index, key)| {
                let order = key.of(left, index).cmp(key.of(right, index));
                if key.descending { order.reverse() } else { order }
            });
            pairs.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut rows = Rows {
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
            headless: self.headless,
            ..Rows::default()
        };
        for line in lines {
            rows.rows.push(line.cells);
            rows.values.extend(line.values);
        }
        Ok(rows)
    }

    fn line(&self, row: Node) -> Result<Option<Line>, Error> {
        if let Some(filter) = &self.filter
            && !truth(&filter.first(&row)?)
        {
            return Ok(None);
        }
        let row = match &self.query {
            Some(query) => match projected(&row, &query.first(&row)?) {
                Some(row) => row,
                None => return Ok(None),
            },
            None => row,
        };
        let cells: Vec<String> = self.columns.iter().map(|column| column.cell(&row)).collect::<Result<_, _>>()?;
        let values = || self.columns.iter().zip(&cells).map(|(column, cell)| column.value(&row, cell)).collect();
        let values = self.typed.then(values);
        let key = |key: &Key| match &key.by {
            By::Column(column) => column.cell(&row),
            By::Shown(_) => Ok(String::new()),
        };
        Ok(Some(Line { cells, values, keys: self.order.iter().map(key).collect::<Result<_, _>>()? }))
    }
}

struct Line {
    cells: Vec<String>,
    values: Option<Vec<Node>>,
    /// Texts to sort by that are no cells; empty where they are.
    keys: Vec<String>,
}

impl Key {
    fn of<'l>(&self, line: &'l Line, index: usize) -> &'l str {
        match self.by {
            By::Shown(column) => &line.cells[column],
            By::Column(_) => &line.keys[index],
        }
    }
}

/// `column:order,…`, or the usual order.
fn keys(subject: Subject, spec: Option<&str>, usual: &[&str], columns: &Columns) -> Result<Vec<Key>, Error> {
    let by = |name: &str| match columns.shown.iter().position(|column| column.name.eq_ignore_ascii_case(name)) {
        Some(index) => Ok(By::Shown(index)),
        None => columns.by_name(subject, name).map(By::Column),
    };
    let Some(spec) = spec.filter(|spec| !spec.is_empty()) else {
        return usual.iter().map(|name| Ok(Key { by: by(name)?, descending: false })).collect();
    };
    let parts = spec.split(',').map(str::trim).filter(|part| !part.is_empty());
    let key = |part: &str| {
        let wrong = || Error::Sort { spec: part.to_owned() };
        let (name, order) = part.rsplit_once(':').ok_or_else(wrong)?;
        let descending = match order.trim().to_ascii_lowercase().as_str() {
            "asc" | "ascending" => false,
            "desc" | "descending" => true,
            _ => return Err(wrong()),
        };
        Ok(Key { by: by(name.trim())?, descending })
    };
    parts.map(key).collect()
}

/// `key=value,key:value`; the first of the two signs counts.
pub(in crate::ops) fn labels(text: &str) -> Result<Vec<(String, String)>, Error> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (key, value) = pair.split_once(['=', ':']).ok_or_else(|| Error::Label { pair: pair.to_owned() })?;
        if key.trim().is_empty() {
            return Err(Error::Label { pair: pair.to_owned() });
        }
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    pairs.map(pair).collect()
}

/// What a filter keeps: everything but false, null, zero, and what is empty.
fn truth(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !matches!(&**text, "" | "false" | "null"),
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::List(list) => !list.is_empty(),
        Value::Map(map) => !map.is_empty(),
        _ => true,
    }
}

/// The row that a query makes: the keys of a map, or one `value`; stack and component stay. Null takes the row away.
fn projected(row: &Node, result: &Node) -> Option<Node> {
    let own = match &result.value {
        Value::Null => return None,
        Value::Map(map) if map.is_empty() => return None,
        Value::Map(map) => map.as_ref().clone(),
        _ => Map::from_iter([("value".into(), result.clone())]),
    };
    let mut made = Map::default();
    for key in ["stack", "component"] {
        made.extend(row.get(key).map(|node| (key.into(), node.clone())));
    }
    made.extend(own);
    Some(Node::from(made))
}

/// Words of expressions that use nothing but what they are given.
const HARMLESS: [&str; 10] = ["select", "and", "or", "not", "true", "false", "null", "test", "contains", "downcase"];

/// Whether an expression may look at a field of its document: it names it, or it uses the document as a whole.
fn may_read(text: &str, field: &str) -> bool {
    let mut outside = String::with_capacity(text.len());
    // Texts in quotes name nothing unless a bracket or a function takes them for a key.
    for (index, part) in text.split('"').enumerate() {
        outside.push_str(if index % 2 == 0 { part } else { "\"" });
    }
    let words = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'));
    let names = text.split(words).any(|word| word == field);
    let mut letters = outside.chars().peekable();
    let mut whole = false;
    while let Some(letter) = letters.next() {
        // A dot that begins no name is the document, or everything below it.
        whole |= letter == '.' && letters.peek().is_none_or(|next| !(next.is_alphanumeric() || *next == '_'));
    }
    let calls = outside.split(|c: char| words(c) && c != '.').filter(|word| {
        let starts = word.starts_with(|c: char| c.is_alphabetic());
        starts && !HARMLESS.contains(word)
    });
    names || whole || calls.count() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_tell_what_they_read() {
        for (text, vars, settings) in [
            (".vars.stage == \"prod\"", true, false),
            (".component == \"vars\"", true, false),
            (".enabled", false, false),
            (".vars.a and .settings.b", true, true),
            (".", true, true),
            ("to_entries", true, true),
            (".[\"component\"]", true, true),
            ("select(.component | test(\"x\"))", false, false),
            ("has(\"vars\")", true, true),
            (". | length", true, true),
        ] {
            assert_eq!((may_read(text, "vars"), may_read(text, "settings")), (vars, settings), "{text}");
        }
    }

    #[test]
    fn labels_take_the_first_of_two_signs() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(labels("a=b:c, d:e=f,").unwrap(), [pair("a", "b:c"), pair("d", "e=f")]);
        for wrong in ["a", "=b", " :x"] {
            assert!(labels(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_keep_what_is_true() {
        for (json, expected) in [
            (serde_json::json!(null), false),
            (serde_json::json!("false"), false),
            (serde_json::json!("no"), true),
            (serde_json::json!(0), false),
            (serde_json::json!([]), false),
            (serde_json::json!({"a": 1}), true),
        ] {
            assert_eq!(truth(&crate::value::from_json(&json)), expected, "{json}");
        }
    }
}
