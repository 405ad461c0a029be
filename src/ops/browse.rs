//! What the full-screen browser shows: the values of a component as they are written, with their places. Nothing is
//! evaluated, so that looking at a component neither runs nor asks anything.

use super::steps::{Program, Runner};
use super::{App, child};
use crate::auth::resolution::Flag;
use crate::component::Kind;
use crate::diag::Result;
use crate::ops::provenance::Provenance;
use crate::value::{Node, Value, to_json};

/// One value of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As `explain` takes it.
    pub path: String,
    /// On one line.
    pub value: String,
    /// Who set it; none for what atmos derives itself.
    pub note: Option<String>,
}

/// The sections of a component as they are written, and the places of their values.
///
/// # Errors
/// A component that cannot be found or put together.
pub fn document(app: &App, kind: &str, component: &str, stack: &str) -> Result<(Node, Provenance)> {
    let instance = app.find(component, stack, Some(Kind::from_key(kind)))?;
    let provenance = Provenance::of(app, &instance)?;
    let mut document = instance.to_map();
    super::config::hide_auth(app, &mut document);
    Ok((Node::from(document), provenance))
}

/// Every value of a document, one after the other. Sections without content are left out.
pub fn fields(document: &Node, provenance: &Provenance) -> Vec<Field> {
    let mut found = Vec::new();
    for (key, node) in document.as_map().into_iter().flatten() {
        if !node.is_empty() {
            add(node, key_text(key), &|node| provenance.note(node), &mut found);
        }
    }
    found
}

fn add(node: &Node, path: String, note: &dyn Fn(&Node) -> Option<String>, found: &mut Vec<Field>) {
    match &node.value {
        Value::Map(map) if !map.is_empty() => {
            for (key, node) in map.iter() {
                add(node, format!("{path}.{}", key_text(key)), note, found);
            }
        }
        Value::List(list) if !list.is_empty() => {
            for (index, node) in list.iter().enumerate() {
                add(node, format!("{path}[{index}]"), note, found);
            }
        }
        _ => found.push(Field { path, value: value_text(node), note: note(node) }),
    }
}

/// A key in a path.
fn key_text(key: &str) -> String {
    let plain = !key.is_empty() && !key.contains(['.', '[', '"']);
    if plain { key.to_owned() } else { format!("\"{key}\"") }
}

/// A value on one line.
fn value_text(node: &Node) -> String {
    let text = match node.scalar_text() {
        Some(text) if text.is_empty() => "\"\"".to_owned(),
        Some(text) => text,
        None => {
            let json = to_json(node);
            json.as_str().map_or_else(|| json.to_string(), str::to_owned)
        }
    };
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    if lines.next().is_some() { format!("{first} …") } else { first.to_owned() }
}

/// Runs this program with these words at the terminal, as a step of a workflow would, and returns its exit status.
///
/// # Errors
/// It cannot be started, or somebody asked for the end.
pub async fn run(app: &App, words: &[String], base_path: bool) -> Result<u8> {
    let mut runner = Runner::new(app, "the browser".to_owned(), Flag::NotGiven, base_path)?;
    let program = Program::Atmos(words.to_vec());
    let env = runner.environment(&[], &child::Held::default(), &program, &app.host.cwd);
    let ended = runner.run(&program, &app.host.cwd, &env, None, None).await?;
    Ok(ended.outcome.code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn every_value_stands_on_a_line_of_its_own() {
        let node = from_json(&json!({
            "cidrs": ["10.0.0.0/8", {"name": "b"}], "a.b": 1, "none": null, "empty": {}, "text": "one\ntwo\n", "blank": "",
        }));
        let mut found = Vec::new();
        add(&node, "vars".to_owned(), &|_| None, &mut found);
        let lines: Vec<String> = found.iter().map(|field| format!("{}={}", field.path, field.value)).collect();
        let expected = [
            "vars.\"a.b\"=1",
            "vars.blank=\"\"",
            "vars.cidrs[0]=10.0.0.0/8",
            "vars.cidrs[1].name=b",
            "vars.empty={}",
            "vars.none=null",
            "vars.text=one …",
        ];
        assert_eq!(lines, expected);
    }
}
