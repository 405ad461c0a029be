//! YAML functions in `atmos.yaml`, evaluated file by file before anything is merged.

use std::sync::Arc;

use super::error::{Error, Location};
use super::paths::git_root;
use crate::host::{Host, fs};
use crate::value::{Function, Node, Path, Value};

/// The tags that the reference knows in `atmos.yaml`, in the order in which it lists them.
const SUPPORTED: [&str; 17] = [
    "!env",
    "!exec",
    "!include",
    "!include.raw",
    "!repo-root",
    "!git.root",
    "!git.sha",
    "!git.branch",
    "!git.ref",
    "!git.repository",
    "!git.owner",
    "!git.name",
    "!git.host",
    "!git.url",
    "!cwd",
    "!random",
    "!unset",
];

/// Name and default of the argument of `!env`: one or two words, quoted where they hold blanks. `None` for anything
/// else.
pub fn env_argument(argument: &str) -> Option<(String, Option<String>)> {
    let mut words = shell_words::split(argument).ok()?.into_iter();
    let name = words.next().filter(|name| !name.is_empty())?;
    let default = words.next();
    words.next().is_none().then_some((name, default))
}

/// `node` with its functions evaluated. `!append` and `!unset` stay: the merge needs them.
pub(super) fn evaluate(host: &Host, node: &Node) -> Result<Node, Error> {
    if has_functions(node) { walk(host, node, &mut Path::new()) } else { Ok(node.clone()) }
}

fn has_functions(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.values().any(has_functions),
        Value::List(list) => list.iter().any(has_functions),
        Value::Function(_) => true,
        _ => false,
    }
}

fn walk(host: &Host, node: &Node, path: &mut Path) -> Result<Node, Error> {
    let value = match &node.value {
        Value::Map(map) => {
            let mut evaluated = crate::value::Map::with_capacity(map.len());
            for (key, item) in map.iter() {
                path.push_key(key);
                evaluated.insert(key.clone(), walk(host, item, path)?);
                path.pop();
            }
            Value::Map(Arc::new(evaluated))
        }
        Value::List(list) => {
            let mut evaluated = Vec::with_capacity(list.len());
            for (index, item) in list.iter().enumerate() {
                path.push_index(index);
                evaluated.push(walk(host, item, path)?);
                path.pop();
            }
            Value::List(Arc::new(evaluated))
        }
        Value::Function(function) => return call(host, node, function, path),
        other => other.clone(),
    };
    Ok(Node::new(value, node.span))
}

fn call(host: &Host, node: &Node, function: &Function, path: &mut Path) -> Result<Node, Error> {
    let argument = function.argument.scalar_text().unwrap_or_default();
    let argument = argument.trim();
    let text = |text: String| Ok(Node::new(Value::String(Arc::from(text)), node.span));
    match &*function.tag {
        "!append" => {
            let argument = walk(host, &function.argument, path)?;
            Ok(Node::new(Value::Function(Arc::new(Function { tag: function.tag.clone(), argument })), node.span))
        }
        "!unset" => Ok(node.clone()),
        "!env" => {
            let (name, default) = env_argument(argument).ok_or_else(|| {
                failed(
                    host,
                    node,
                    format!("invalid Atmos YAML function: !env {argument}: expected a name and at most one default"),
                )
            })?;
            let value = host.env.get_raw(&name).map(|value| value.to_string_lossy().into_owned());
            text(value.or(default).unwrap_or_default().trim().to_owned())
        }
        "!repo-root" | "!git.root" => match git_root(&host.cwd) {
            Some(root) => text(root.display().to_string()),
            None if !argument.is_empty() => text(argument.to_owned()),
            None => {
                Err(failed(host, node, format!("{}: not in a git repository, and no default is given", function.tag)))
            }
        },
        "!cwd" => text(fs::clean(&host.cwd.join(argument)).display().to_string()),
        tag if SUPPORTED.contains(&tag) => {
            let Location { place, source_code, at } = Location::of(host, node.span);
            Err(Error::NotBuilt { tag: tag.to_owned(), place, source_code, at })
        }
        tag => {
            let Location { place, source_code, at } = Location::of(host, node.span);
            let supported = SUPPORTED.join(", ");
            Err(Error::UnsupportedTag {
                tag: tag.to_owned(),
                path: path.to_string(),
                supported,
                place,
                source_code,
                at,
            })
        }
    }
}

fn failed(host: &Host, node: &Node, reason: String) -> Error {
    let Location { place, source_code, at } = Location::of(host, node.span);
    Error::Function { reason, place, source_code, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_arguments_are_one_or_two_words() {
        let some = |name: &str, default: Option<&str>| Some((name.to_owned(), default.map(str::to_owned)));
        for (text, expected) in [
            ("HOME", some("HOME", None)),
            ("HOME fallback", some("HOME", Some("fallback"))),
            ("HOME 'two words'", some("HOME", Some("two words"))),
            ("HOME ''", some("HOME", Some(""))),
            ("", None),
            ("a b c", None),
            ("'open", None),
        ] {
            assert_eq!(env_argument(text), expected, "{text}");
        }
    }
}
