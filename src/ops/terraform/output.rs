//! `terraform output --format`: terraform's JSON in another form.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::Error;
use super::output_names::{Shaped, fits, shaped, written_name};
use crate::exec::Output;
use crate::exec::terraform::{InitWish, Plan};
use crate::value::from_json;
use crate::{content, yaml};

/// The forms of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Yaml,
    Hcl,
    Env,
    Dotenv,
    Bash,
    Csv,
    Tsv,
    Table,
    Github,
}

const FORMS: [(&str, Form); 10] = [
    ("json", Form::Json),
    ("yaml", Form::Yaml),
    ("hcl", Form::Hcl),
    ("env", Form::Env),
    ("dotenv", Form::Dotenv),
    ("bash", Form::Bash),
    ("csv", Form::Csv),
    ("tsv", Form::Tsv),
    ("table", Form::Table),
    ("github", Form::Github),
];

impl FromStr for Form {
    type Err = Error;

    fn from_str(text: &str) -> Result<Form, Error> {
        let found = FORMS.iter().find(|(name, _)| *name == text).map(|(_, form)| *form);
        found.ok_or_else(|| Error::OutputFormat {
            format: text.to_owned(),
            supported: FORMS.map(|(name, _)| name).join(", "),
        })
    }
}

/// How outputs are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    pub form: Form,
    /// `--output-file`, for `github` also the file that the runner names.
    pub file: Option<PathBuf>,
    pub uppercase: bool,
    pub flatten: bool,
}

impl Format {
    /// JSON for ourselves.
    pub(super) fn json() -> Format {
        Format { form: Form::Json, file: None, uppercase: false, flatten: false }
    }

    /// What reads it takes values as they are.
    pub(super) fn is_for_shells(&self) -> bool {
        self.file.is_none() && matches!(self.form, Form::Env | Form::Dotenv | Form::Bash | Form::Github)
    }
}

/// What is written, and how many values are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub text: String,
    pub entries: usize,
    /// What is not in it, and why.
    pub left_out: Vec<String>,
}

/// The same run, with the outputs as data: `output -json` without anything else on standard output.
pub(super) fn as_data(plan: Plan) -> Plan {
    Plan {
        main: Some(vec!["output".to_owned(), "-no-color".to_owned(), "-json".to_owned()]),
        output: Output::Value,
        ..plan
    }
}

/// The same run whose preparation says what it says without colours: nobody asked for it, and no terminal shows it.
pub(super) fn without_colours(mut plan: Plan) -> Plan {
    if let InitWish::Implicit { args, .. } = &mut plan.init {
        args.push("-no-color".to_owned());
    }
    plan
}

/// Renders all outputs, or the one that the words name. Sensitive ones are shown only where `mask` is off, or in a file.
pub(super) fn render(data: &[u8], format: &Format, native: &[String], mask: bool) -> Result<Written, Error> {
    let values = open_values(data, format, mask)?;
    if let Some(name) = native.iter().find(|word| !word.starts_with('-')) {
        let Some(value) = values.get(name) else {
            let known = values.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::OutputNotFound { name: name.clone(), known });
        };
        return Ok(Written { text: single(name, value, format)?, entries: 1, left_out: Vec::new() });
    }
    let Shaped { values, left_out } = shaped(&values, format);
    Ok(Written { text: many(&values, format.form), entries: values.len(), left_out })
}

/// The values by their names.
fn open_values(data: &[u8], format: &Format, mask: bool) -> Result<Map<String, Value>, Error> {
    let outputs: Map<String, Value> =
        serde_json::from_slice(data).map_err(|error| Error::OutputUnreadable { reason: error.to_string() })?;
    let hides = mask && format.file.is_none();
    Ok(outputs
        .into_iter()
        .map(|(name, output)| {
            let value = output.get("value").cloned().unwrap_or_default();
            (name, if hides && output["sensitive"] == true { Value::from(crate::secret::MASK) } else { value })
        })
        .collect())
}

/// The outputs of one of many components: all of them, or the one that the words name, if it has it.
pub(super) fn values(data: &[u8], format: &Format, native: &[String], mask: bool) -> Result<Shaped, Error> {
    let mut values = open_values(data, format, mask)?;
    if let Some(wanted) = native.iter().find(|word| !word.starts_with('-')) {
        values.retain(|name, _| name == wanted);
    }
    Ok(shaped(&values, format))
}

/// The outputs of many components: by stack, then by component.
pub(super) fn of_many(found: BTreeMap<String, BTreeMap<String, Map<String, Value>>>, form: Form) -> Written {
    let entries = found.values().flat_map(BTreeMap::values).map(Map::len).sum();
    let stack = |(stack, components): (String, BTreeMap<String, Map<String, Value>>)| {
        let components = components.into_iter().map(|(name, values)| (name, Value::Object(values)));
        (stack, Value::Object(components.collect()))
    };
    let text = document(&Value::Object(found.into_iter().map(stack).collect()), form);
    Written { text, entries, left_out: Vec::new() }
}

/// One value. Formats of lines hold no lists and maps.
fn single(name: &str, value: &Value, format: &Format) -> Result<String, Error> {
    let lines = matches!(format.form, Form::Env | Form::Dotenv | Form::Bash | Form::Csv | Form::Tsv);
    if lines && (value.is_array() || value.is_object()) {
        return Err(Error::OutputNotScalar { name: name.to_owned() });
    }
    if !fits(value, format.form) {
        return Err(Error::OutputLines { name: name.to_owned() });
    }
    let shown = written_name(name, format);
    Ok(match format.form {
        Form::Json | Form::Yaml => document(value, format.form),
        Form::Csv | Form::Tsv => {
            let between = delimiter(format.form);
            format!("{}{between}{}\n", cell(&shown, between), cell(&text(value), between))
        }
        _ => many(&Map::from_iter([(shown, value.clone())]), format.form),
    })
}

fn many(values: &Map<String, Value>, form: Form) -> String {
    let values: BTreeMap<&String, &Value> = values.iter().collect();
    // Only documents have a word for nothing.
    let present = values.iter().filter(|(_, value)| !value.is_null());
    let lines = |line: &dyn Fn(&str, &str) -> String| -> String {
        present.clone().map(|(name, value)| line(name, &text(value))).collect()
    };
    match form {
        Form::Json | Form::Yaml => {
            let sorted = values.iter().map(|(name, value)| ((*name).clone(), (*value).clone())).collect();
            document(&Value::Object(sorted), form)
        }
        Form::Hcl => {
            let attribute = |name: &String, value: &Value| {
                let node = from_json(&Value::Object(Map::from_iter([(name.clone(), value.clone())])));
                node.as_map().map(content::hcl_attributes).unwrap_or_default()
            };
            present.map(|(name, value)| attribute(name, value)).collect()
        }
        Form::Env => lines(&|name, text| format!("{name}={text}\n")),
        Form::Dotenv => lines(&|name, text| format!("{name}='{}'\n", text.replace('\'', "'\\''"))),
        Form::Bash => lines(&|name, text| format!("export {name}={}\n", shell_words::quote(text))),
        Form::Csv | Form::Tsv => {
            let between = delimiter(form);
            format!("key{between}value\n")
                + &lines(&|name, text| format!("{}{between}{}\n", cell(name, between), cell(text, between)))
        }
        Form::Table => {
            let rows: Vec<(String, String)> = present.map(|(name, value)| ((*name).clone(), text(value))).collect();
            table(&rows)
        }
        Form::Github => lines(&github),
    }
}

fn document(value: &Value, form: Form) -> String {
    let node = from_json(value);
    if form == Form::Json { yaml::emit_json(&node) } else { yaml::emit(&node, 2) }
}

/// Texts as they are, everything else as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn delimiter(form: Form) -> &'static str {
    if form == Form::Tsv { "\t" } else { "," }
}

fn cell(text: &str, between: &str) -> String {
    if text.contains(['"', '\n', '\r']) || text.contains(between) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// A line for the file of outputs of GitHub Actions. A text of several lines stands between two marks that it does not
/// hold.
fn github(name: &str, text: &str) -> String {
    if !text.contains(['\n', '\r']) {
        return format!("{name}={text}\n");
    }
    let plain = format!("ATMOS_EOF_{name}");
    let numbered = (0..).map(|number| format!("{plain}_{number}"));
    let mark =
        std::iter::once(plain.clone()).chain(numbered).find(|mark| !text.contains(mark)).unwrap_or(plain.clone());
    format!("{name}<<{mark}\n{text}\n{mark}\n")
}

/// Columns with a head, also in a pipe: forms for programs are there beside it.
fn table(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max("Key".len());
    let head = format!("{:width$}  Value\n", "Key");
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    rows.iter().fold(head, |table, (name, text)| table + &format!("{:width$}  {}\n", line(name), line(text)))
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
