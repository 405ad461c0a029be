//! Columns: a header and a template over the fields of a row.

use super::error::{Error, advice};
use super::subject::Subject;
use crate::diag::{Result, Warning};
use crate::ops::App;
use crate::template::{Functions, Nothing, Options, Reads, Source, Template};
use crate::value::{Map, Node};

/// A column that is ready to be filled.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    /// The field that is all that the column shows.
    field: Option<String>,
    /// The place of the one value that the template shows as it is.
    path: Option<Vec<String>>,
    template: Template,
    reads: Reads,
}

impl Column {
    /// # Errors
    /// The text is no template.
    pub(super) fn new(name: &str, text: &str) -> Result<Column, Error> {
        let source = Source { functions: Functions::Columns, ..Source::new(name, text) };
        let wrong =
            |cause: crate::template::Error| Error::Template { column: name.to_owned(), cause: cause.to_string() };
        let template = Template::parse(&source).map_err(wrong)?;
        Ok(Column { name: name.to_owned(), field: None, path: path(text), reads: template.reads(), template })
    }

    fn field(name: &str, field: &str) -> Result<Column, Error> {
        let column = Column::new(name, &format!("{{{{ .{field} }}}}"))?;
        Ok(Column { field: Some(field.to_owned()), ..column })
    }

    /// The text of the column in one row. What the row has not is empty.
    ///
    /// # Errors
    /// The template cannot be rendered.
    pub(super) fn cell(&self, row: &Node) -> Result<String, Error> {
        // Names of stacks may have the mark of a missing value in them, which is no missing field.
        if let Some(text) = self.field.as_ref().and_then(|field| row.get(field)).and_then(Node::as_str) {
            return Ok(text.to_owned());
        }
        let wrong =
            |cause: crate::template::Error| Error::Template { column: self.name.clone(), cause: cause.to_string() };
        let rendered = if self.reads.touches(&["raw"]) {
            let mut whole = row.as_map().cloned().unwrap_or_default();
            whole.insert("raw".into(), row.clone());
            self.template.render(Node::from(whole), &Options::default(), &mut Nothing)
        } else {
            self.template.render(row, &Options::default(), &mut Nothing)
        };
        Ok(rendered.map_err(wrong)?.replace("<no value>", ""))
    }

    /// The value behind the text of a cell: of its type where the column shows one value of the row as it is, else the text.
    pub(super) fn value(&self, row: &Node, cell: &str) -> Node {
        match &self.path {
            Some(path) => row.get_path(path.iter().map(String::as_str)).cloned().unwrap_or_default(),
            None => Node::from(cell),
        }
    }

    /// Whether the template reads a field of the row.
    pub(super) fn reads(&self, field: &str) -> bool {
        self.reads.touches(&[field]) || self.reads.touches(&["raw"])
    }
}

/// The columns of a list.
pub(super) struct Columns {
    /// Those of `--columns`, else of `atmos.yaml`, else the usual ones.
    pub shown: Vec<Column>,
    /// Those of `atmos.yaml`, which can be named wherever a column is asked for.
    pub configured: Vec<Column>,
}

impl Columns {
    /// # Errors
    /// A name that is no column, or a text that is no template.
    pub(super) fn new(
        app: &App,
        subject: Subject,
        given: &[String],
        usual: &[(&str, &str)],
        query: bool,
    ) -> Result<Columns> {
        let given = specs(given);
        if given.is_empty() {
            if let Some(configured) = configured(app, subject)? {
                return Ok(Columns { shown: configured.clone(), configured });
            }
            let shown = usual.iter().map(|(name, field)| Column::field(name, field)).collect::<Result<_, _>>()?;
            return Ok(Columns { shown, configured: Vec::new() });
        }
        // What is wrong with configured columns is no matter where others are shown.
        let configured = configured(app, subject).unwrap_or_default().unwrap_or_default();
        let every = |spec: &String| match spec.as_str() {
            "*" => subject.fields().iter().map(|field| (*field).to_owned()).collect(),
            _ => vec![spec.clone()],
        };
        let specs = given.iter().flat_map(every);
        let one = |spec: String| match chosen(subject, &spec, &configured) {
            // Rows that a query makes have fields of their own.
            Err(Error::Column { .. }) if query => {
                let (name, text) = split(&spec).unwrap_or((&spec, &spec));
                let field = text.trim().trim_start_matches('.');
                Column::field(&if name == text { title(field) } else { name.trim().to_owned() }, field)
            }
            found => found,
        };
        let shown: Vec<Column> = specs.map(one).collect::<Result<_, _>>()?;
        tell_doubles(app, &shown);
        Ok(Columns { shown, configured })
    }

    /// The column that a name stands for, to sort by it.
    ///
    /// # Errors
    /// A name that is no column.
    pub(super) fn by_name(&self, subject: Subject, name: &str) -> Result<Column, Error> {
        chosen(subject, name, &self.configured).map_err(|_| {
            let columns = self.shown.iter().chain(&self.configured).map(|column| column.name.as_str());
            let known: Vec<&str> = columns.chain(subject.fields().iter().copied()).collect();
            let help = advice(name, known, "the columns are");
            Error::SortUnknown { column: name.to_owned(), help }
        })
    }
}

/// Says which headers stand twice: a record has one value under each.
fn tell_doubles(app: &App, shown: &[Column]) {
    for (index, column) in shown.iter().enumerate() {
        if shown[..index].iter().any(|earlier| earlier.name == column.name) {
            let message = format!("two columns have the name '{}': JSON and YAML show the last one", column.name);
            let help = "give one of them another name: `Name=field`";
            app.host.talk.warn(Warning::new("atmos::list::column_twice", message).help(help));
        }
    }
}

/// The path of a template that is nothing but one value.
fn path(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let path = inner.trim_matches(|c: char| c == '-' || c.is_whitespace()).strip_prefix('.')?;
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    path.split('.').all(is_name).then(|| path.split('.').map(str::to_owned).collect())
}

/// The columns that one name or `Name=Template` stands for.
fn chosen(subject: Subject, spec: &str, configured: &[Column]) -> Result<Column, Error> {
    if let Some((name, text)) = split(spec) {
        let (name, text) = (name.trim(), text.trim());
        let empty = |part| Error::ColumnEmpty { spec: spec.to_owned(), part };
        if name.is_empty() {
            return Err(empty("name"));
        }
        if text.is_empty() {
            return Err(empty("template"));
        }
        return if text.contains("{{") { Column::new(name, text) } else { Column::field(name, &field(subject, text)?) };
    }
    let same = |name: &&str| name.eq_ignore_ascii_case(spec);
    let fields = subject.fields();
    if fields.contains(&spec) {
        return Column::field(&title(spec), spec);
    }
    if let Some(column) = configured.iter().find(|column| same(&column.name.as_str())) {
        return Ok(column.clone());
    }
    if let Some((name, field)) = subject.columns().iter().find(|(name, _)| same(name)) {
        return Column::field(name, field);
    }
    let field = field(subject, spec)?;
    Column::field(&title(&field), &field)
}

/// A field of the row, or a path into one.
fn field(subject: Subject, text: &str) -> Result<String, Error> {
    let path = text.trim_start_matches('.');
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let known = subject.fields().iter().find(|field| field.eq_ignore_ascii_case(first));
    let plain = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if let Some(known) = known.filter(|_| plain) {
        return Ok(rest.map_or_else(|| (*known).to_owned(), |rest| format!("{known}.{rest}")));
    }
    let help = advice(text, subject.fields().iter().copied(), "the columns are");
    Err(Error::Column { column: text.to_owned(), list: subject.name(), help })
}

/// `Name=Template`: the sign counts only in front of a template.
fn split(spec: &str) -> Option<(&str, &str)> {
    let before = spec.find("{{").unwrap_or(spec.len());
    let sign = spec[..before].find('=')?;
    Some((&spec[..sign], &spec[sign + 1..]))
}

/// The parts of all `--columns`: commas separate them, except in templates.
fn specs(given: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for text in given {
        let (mut part, mut rest) = (String::new(), text.as_str());
        while let Some(letter) = rest.chars().next() {
            let inside = rest.starts_with("{{").then(|| rest.find("}}").map_or(rest.len(), |end| end + 2));
            let length = inside.unwrap_or(letter.len_utf8());
            if letter == ',' {
                found.push(std::mem::take(&mut part));
            } else {
                part.push_str(&rest[..length]);
            }
            rest = &rest[length..];
        }
        found.push(part);
    }
    found.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The header of a field: words with capitals.
fn title(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut starts = true;
    for letter in field.chars() {
        if starts {
            out.extend(letter.to_uppercase());
        } else {
            out.push(letter);
        }
        starts = !letter.is_alphanumeric() && letter != '_';
    }
    out
}

/// The columns that `atmos.yaml` gives; none where it has no or an empty list.
fn configured(app: &App, subject: Subject) -> Result<Option<Vec<Column>>> {
    for path in subject.column_settings() {
        let Some(node) = app.config.document.get_path(*path).filter(|node| !node.is_empty()) else { continue };
        let key = path.join(".");
        let wrong = |node: &Node, reason: &str| {
            let place = app.host.sources.place(node.span).map(|place| format!(" ({place})")).unwrap_or_default();
            Error::Setting { key: key.clone(), place, reason: reason.to_owned() }
        };
        let entries = node.as_list().ok_or_else(|| wrong(node, "expected a list"))?;
        let column = |entry: &Node| -> Result<Column, Error> {
            let map = entry.as_map().ok_or_else(|| wrong(entry, "expected a map with `name` and `value`"))?;
            let name = text(map, "name").ok_or_else(|| wrong(entry, "a column has no name"))?;
            let value = text(map, "value").ok_or_else(|| wrong(entry, &format!("the column '{name}' has no value")))?;
            Column::new(name, value)
        };
        return Ok(Some(entries.iter().map(column).collect::<Result<_, _>>()?));
    }
    Ok(None)
}

fn text<'m>(map: &'m Map, key: &str) -> Option<&'m str> {
    map.get(key).and_then(Node::as_str).filter(|text| !text.is_empty())
}

/// The format that `atmos.yaml` gives.
pub fn configured_format(app: &App, subject: Subject) -> Option<String> {
    let text = |path: &[&'static str; 3]| app.config.document.get_path(*path).and_then(Node::as_str);
    subject.format_settings().iter().filter_map(text).find(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_columns_except_in_templates() {
        let given = ["a, b".to_owned(), "X={{ join .tags \",\" }},c".to_owned(), String::new(), "{{ open".to_owned()];
        assert_eq!(specs(&given), ["a", "b", "X={{ join .tags \",\" }}", "c", "{{ open"]);
    }

    #[test]
    fn columns_are_found_by_field_and_by_header() {
        for (spec, name) in [
            ("component", "Component"),
            ("component_type", "Component_type"),
            ("COMPONENT_TYPE", "Component_type"),
            ("Component (base)", "Component (base)"),
            ("component (BASE)", "Component (base)"),
            ("vars.region", "Vars.Region"),
            ("Where=vars.region", "Where"),
            ("Where={{ .vars.region }}", "Where"),
        ] {
            assert_eq!(chosen(Subject::Metadata, spec, &[]).unwrap().name, name, "{spec}");
        }
    }

    #[test]
    fn a_template_of_one_value_has_a_path() {
        assert_eq!(path("{{ .vars.a_1 }}").unwrap(), ["vars", "a_1"]);
        for text in ["{{ .vars.a | upper }}", "x{{ .a }}", "{{ .a }}{{ .b }}", "{{ . }}", "{{ $x }}"] {
            assert_eq!(path(text), None, "{text}");
        }
    }

    #[test]
    fn unknown_columns_name_the_nearest() {
        let wrong = |spec: &str| chosen(Subject::Instances, spec, &[]).unwrap_err();
        let Error::Column { help, .. } = wrong("componnet") else { panic!("another error") };
        assert!(help.starts_with("did you mean `component`?"), "{help}");
        assert!(wrong("InvalidNoEquals").to_string().contains("must be in format 'Name=Template'"));
        assert!(wrong("=x").to_string().contains("empty name"));
        assert!(wrong("A=").to_string().contains("empty template"));
        assert!(wrong("A={{ .x").to_string().contains("invalid template for column \"A\""));
    }
}
