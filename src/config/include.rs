//! `!include` and `!include.raw` in `atmos.yaml`: the content of another file, by its extension.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::function::Functions;
use crate::content;
use crate::host::fs;
use crate::value::{Map, Node, Value, function_text};
use crate::yaml;

/// Directories whose files are looked after as if they lay beside them.
const DROP_IN: [&str; 2] = ["atmos.d", ".atmos.d"];

/// Why a file cannot be included: the reason, and whether it is only not built yet.
pub(super) struct Refusal {
    pub reason: String,
    pub unbuilt: bool,
}

fn refused(reason: impl Into<String>) -> Refusal {
    Refusal { reason: reason.into(), unbuilt: false }
}

/// The value of `!include ARGUMENT`; as text in any case with `raw`.
pub(super) fn include(functions: &Functions<'_>, argument: &str, raw: bool) -> Result<Node, Refusal> {
    let (name, query) = split(argument).ok_or_else(|| refused(format!("!include {argument}: expected a path")))?;
    let file = locate(functions, &name)?;
    let bytes = std::fs::read(&file).map_err(|error| refused(format!("{}: {error}", file.display())))?;
    let text = String::from_utf8(bytes).map_err(|_| refused(format!("{} is not UTF-8 text", file.display())))?;
    let content = if raw { Node::from(text) } else { parse(functions, &file, &name, text)? };
    select(&content, &query)
}

/// Path and query. The path may be quoted; the query is what follows it.
fn split(argument: &str) -> Option<(String, String)> {
    let argument = argument.trim();
    let (name, rest) = match argument.chars().next()? {
        quote @ ('"' | '\'') => argument[1..].split_once(quote)?,
        _ => argument.split_once(char::is_whitespace).unwrap_or((argument, "")),
    };
    let rest = rest.trim();
    let bare = rest.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\''])).unwrap_or(rest);
    (!name.is_empty()).then(|| (name.to_owned(), bare.to_owned()))
}

/// The file: beside the including one, else below the working directory, else fetched.
fn locate(functions: &Functions<'_>, name: &str) -> Result<PathBuf, Refusal> {
    if name.contains("://") || name.contains("::") || name.starts_with("git@") {
        return fetched(functions, name);
    }
    let path = Path::new(name);
    let mut directory = functions.file.parent().unwrap_or(Path::new("/"));
    if directory.file_name().is_some_and(|last| DROP_IN.iter().any(|drop_in| last == *drop_in)) {
        directory = directory.parent().unwrap_or(directory);
    }
    let candidates = [fs::clean(&directory.join(path)), functions.host.absolute(path)];
    let found = candidates.iter().find(|candidate| candidate.is_file());
    found.cloned().ok_or_else(|| {
        refused(format!(
            "could not find local file '{name}', neither in {} nor in the working directory",
            directory.display()
        ))
    })
}

fn fetched(functions: &Functions<'_>, address: &str) -> Result<PathBuf, Refusal> {
    let found = functions.fetcher.resolve(functions.host, functions.remote, address, None);
    let mut found = found.map_err(|error| refused(format!("{}: {error}", crate::fetch::shown(address))))?;
    if found.files.len() > 1 {
        return Err(refused(format!("{} is more than one file", crate::fetch::shown(address))));
    }
    found.files.pop().map(|file| file.path).ok_or_else(|| refused("nothing was fetched"))
}

fn parse(functions: &Functions<'_>, file: &Path, name: &str, text: String) -> Result<Node, Refusal> {
    match extension(name).as_str() {
        "json" | "yaml" | "yml" => {
            let host = functions.host;
            let node = yaml::parse(&host.sources, file, &host.cwd, Arc::from(text));
            node.map(|node| as_data(&node)).map_err(|error| refused(error.to_string()))
        }
        "env" => Ok(Node::from(content::parse_dotenv(&text).map_err(refused)?)),
        "hcl" | "tf" | "tfvars" => {
            Err(Refusal { reason: format!("including HCL ({name}) in atmos.yaml"), unbuilt: true })
        }
        _ => Ok(Node::from(text)),
    }
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

/// What another file says is data: a function in it is text, and never runs.
fn as_data(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let items = map.iter().map(|(key, item)| (key.clone(), as_data(item)));
            Value::Map(Arc::new(items.collect::<Map>()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(as_data).collect())),
        Value::Function(function) => Value::String(Arc::from(function_text(function))),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// A plain path such as `.a.b`.
fn select(content: &Node, query: &str) -> Result<Node, Refusal> {
    if query.is_empty() || query == "." {
        return Ok(content.clone());
    }
    let plain = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let Some(keys) = query.strip_prefix('.').filter(|keys| keys.split('.').all(plain)) else {
        return Err(Refusal { reason: format!("the expression `{query}` of !include in atmos.yaml"), unbuilt: true });
    };
    Ok(content.get_path(keys.split('.')).cloned().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotenv_lines_become_texts() {
        let text = "# c\nA=1\nexport Foo_b = x y # note\nQ=\"a\\n$A \\$A\"\nS='$A'\nR=${A}${NO}b\nEMPTY=\n";
        let map = content::parse_dotenv(text).unwrap();
        let pairs: Vec<(&str, &str)> = map.iter().map(|(key, node)| (&**key, node.as_str().unwrap())).collect();
        let expected = [("A", "1"), ("Foo_b", "x y"), ("Q", "a\n1 $A"), ("S", "$A"), ("R", "1b"), ("EMPTY", "")];
        assert_eq!(pairs, expected);
        assert!(content::parse_dotenv("nonsense").is_err() && content::parse_dotenv("A=\"open").is_err());
    }

    #[test]
    fn the_name_of_a_file_decides_its_kind() {
        for (name, expected) in [
            (".env", "env"),
            ("a/.env.local", "env"),
            ("prod.env", "env"),
            ("x.YAML", "yaml"),
            ("https://h/x.json?v=1", "json"),
            ("notes", ""),
        ] {
            assert_eq!(extension(name), expected, "{name}");
        }
    }

    #[test]
    fn path_and_query_are_split() {
        let some = |name: &str, query: &str| Some((name.to_owned(), query.to_owned()));
        assert_eq!(split("a.yaml"), some("a.yaml", ""));
        assert_eq!(split("'a b.yaml' .x.y"), some("a b.yaml", ".x.y"));
        assert_eq!(split("a.yaml \".x\""), some("a.yaml", ".x"));
        assert_eq!(split(""), None);
    }
}
