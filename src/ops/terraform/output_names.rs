//! The names under which outputs are written, which shells and CI systems take as they are.

use serde_json::{Map, Value};

use super::output::{Form, Format, text};

/// Outputs under the names that they are written with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shaped {
    pub values: Map<String, Value>,
    /// What is not among them, and why.
    pub left_out: Vec<String>,
}

impl Shaped {
    /// Adds a value, of which people know by `origin`. Whoever comes first has the name.
    fn add(&mut self, name: String, value: &Value, origin: &str) {
        match self.values.get(&name) {
            None => drop(self.values.insert(name, value.clone())),
            Some(present) if present == value => {}
            Some(_) => self.left_out.push(format!("`{origin}`, as `{name}` is the name of another value")),
        }
    }
}

/// The outputs as the format wants them: nested values under one name each, in capitals, with names that are none of a
/// shell's words.
pub(super) fn shaped(values: &Map<String, Value>, format: &Format) -> Shaped {
    let mut flat =
        if format.flatten { flattened(values) } else { Shaped { values: values.clone(), left_out: Vec::new() } };
    let mut shaped = Shaped { left_out: std::mem::take(&mut flat.left_out), ..Shaped::default() };
    // A name that stays as it is comes before one that becomes the same.
    let (same, other): (Vec<_>, Vec<_>) =
        flat.values.iter().partition(|(name, _)| written_name(name, format) == ***name);
    for (name, value) in same.into_iter().chain(other) {
        if fits(value, format.form) {
            shaped.add(written_name(name, format), value, name);
        } else {
            shaped.left_out.push(format!("`{name}`, as it has several lines, which `env` cannot hold"));
        }
    }
    shaped
}

/// A line of `env` has no quotes and no end but its own: another line would be a variable of its own.
pub(super) fn fits(value: &Value, form: Form) -> bool {
    form != Form::Env || !text(value).contains(['\n', '\r'])
}

/// The name under which an output is written. What is no part of a variable's name becomes `_`: keys of maps are data, and
/// a shell would run them.
pub(super) fn written_name(name: &str, format: &Format) -> String {
    let name = if format.uppercase { name.to_uppercase() } else { name.to_owned() };
    let is_part = |letter: char| match format.form {
        Form::Bash => letter.is_ascii_alphanumeric() || letter == '_',
        // Terraform's own names may have these.
        Form::Env | Form::Dotenv | Form::Github | Form::Hcl => letter.is_alphanumeric() || "_-".contains(letter),
        Form::Json | Form::Yaml | Form::Csv | Form::Tsv | Form::Table => true,
    };
    name.chars().map(|letter| if is_part(letter) { letter } else { '_' }).collect()
}

/// Nested values under one name each: `m_b_c`, `m_l_0`.
fn flattened(values: &Map<String, Value>) -> Shaped {
    fn add(into: &mut Shaped, name: String, value: &Value) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| add(into, format!("{name}_{key}"), value)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(index, value)| add(into, format!("{name}_{index}"), value));
            }
            scalar => {
                let origin = name.clone();
                into.add(name, scalar, &origin);
            }
        }
    }
    let mut into = Shaped::default();
    // What is an output's own name is not taken away by a key.
    let (nested, own): (Vec<_>, Vec<_>) = values.iter().partition(|(_, value)| value.is_object() || value.is_array());
    own.into_iter().chain(nested).for_each(|(name, value)| add(&mut into, name.clone(), value));
    into
}
