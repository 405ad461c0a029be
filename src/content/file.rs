//! The content of a file as a value.

use std::path::Path;
use std::sync::Arc;

use super::{dotenv, hcl};
use crate::span::Sources;
use crate::value::{Map, Node, Quoted, Value, from_json, function_text};
use crate::yaml;

/// The value that `text` is by the extension of `name`; text stays text for extensions that are not known. `tags` says
/// what YAML functions in it become.
///
/// # Errors
/// A reason with the place in the file, where the text is not what its name says.
pub fn parse(sources: &Sources, path: &Path, cwd: &Path, name: &str, text: String, tags: Tags) -> Result<Node, String> {
    match extension(name).as_str() {
        "json" => serde_json::from_str(&text).map(|json| from_json(&json)).map_err(|error| format!("{name}: {error}")),
        "yaml" | "yml" => {
            let node = yaml::parse(sources, path, cwd, Arc::from(text)).map_err(|error| error.to_string())?;
            Ok(without_tags(&node, tags))
        }
        "env" => dotenv::parse(&text).map(Node::from).map_err(|reason| format!("{name}: {reason}")),
        "hcl" | "tf" | "tfvars" => hcl::parse(&text).map(Node::from).map_err(|error| format!("{name}:{error}")),
        _ => Ok(Node::from(text)),
    }
}

/// Whether a file of this name is text that nothing is known of.
pub fn is_text(name: &str) -> bool {
    !matches!(extension(name).as_str(), "json" | "yaml" | "yml" | "env" | "hcl" | "tf" | "tfvars")
}

/// The extension that decides; `.env` and `.env.local` are both `env`.
fn extension(name: &str) -> String {
    let name = name.split(['?', '#']).next().unwrap_or_default();
    let base = name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    if base == ".env" || base.starts_with(".env.") {
        return "env".to_owned();
    }
    base.rsplit_once('.').map(|(_, extension)| extension.to_owned()).unwrap_or_default()
}

/// What becomes of tags in YAML files that are no manifests. They never run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tags {
    /// What was tagged stays.
    Dropped,
    /// The function is a text, as it is written.
    Text,
}

fn without_tags(node: &Node, tags: Tags) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let items = map.iter().map(|(key, item)| (key.clone(), without_tags(item, tags)));
            Value::Map(Arc::new(items.collect::<Map>()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(|item| without_tags(item, tags)).collect())),
        Value::Function(function) if tags == Tags::Text => Value::String(Arc::from(function_text(function))),
        Value::Function(function) => return without_tags(&function.argument, tags),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// Path and query of an argument: the path may be quoted, the query is what follows it, with or without quotes.
pub fn split_argument(argument: &str) -> Option<(String, Quoted)> {
    let whole = argument.trim_end();
    let argument = whole.trim_start();
    let (path, rest) = match argument.chars().next()? {
        quote @ ('"' | '\'') => argument[1..].split_once(quote)?,
        _ => argument.split_once(char::is_whitespace).unwrap_or((argument, "")),
    };
    let rest = rest.trim();
    let query = Quoted::new(rest, whole.len() - rest.len());
    (!path.is_empty()).then(|| (path.to_owned(), query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::to_json;

    fn parsed(name: &str, text: &str) -> Result<String, String> {
        let path = Path::new("/r").join(name);
        parse(&Sources::new(), &path, Path::new("/r"), name, text.to_owned(), Tags::Dropped)
            .map(|node| to_json(&node).to_string())
    }

    #[test]
    fn the_extension_decides() {
        for (name, text, expected) in [
            ("a.json", "{\"a\": [1, 2.5]}", r#"{"a":[1,2.5]}"#),
            ("a.YML", "a: !env HOME\nb: yes", r#"{"a":"HOME","b":"yes"}"#),
            (".env.local", "A=1", r#"{"A":"1"}"#),
            ("x.tfvars", "a = 1", r#"{"a":1}"#),
            ("notes", "a: 1", r#""a: 1""#),
            ("https://h/x.json?v=1", "{}", "{}"),
        ] {
            assert_eq!(parsed(name, text).unwrap(), expected, "{name}");
        }
        assert!(parsed("a.json", "{").unwrap_err().contains("a.json"));
        let error = parsed("a.yaml", "a: [").unwrap_err();
        assert!(error.contains("a.yaml:"), "{error}");
    }

    #[test]
    fn path_and_query_are_split() {
        for (argument, path, query, start) in [
            ("a.yaml", "a.yaml", "", 6),
            ("'a b.yaml' .x.y", "a b.yaml", ".x.y", 11),
            (" a.yaml  '.x | \"a\" + .' ", "a.yaml", ".x | \"a\" + .", 10),
        ] {
            let (found, part) = split_argument(argument).unwrap();
            assert_eq!((found.as_str(), part.text.as_str(), part.place(0)), (path, query, start), "{argument}");
        }
        assert_eq!(split_argument(""), None);
    }
}
