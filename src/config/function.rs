//! YAML functions in `atmos.yaml`, evaluated file by file before anything is merged.

use std::sync::Arc;

use super::error::{Error, Location};
use super::include::{Refusal, include};
use super::paths::git_root;
use super::repository;
use crate::content;
use crate::fetch::{Fetcher, Settings};
use crate::host::{Captured, Host, Limit, capture, fs};
use crate::value::{Function, Map, Node, Path, Value, from_json, map_with_capacity};

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

/// Evaluates the functions of one file.
pub(super) struct Functions<'a> {
    pub host: &'a Host,
    /// The file that they stand in.
    pub file: &'a std::path::Path,
    pub fetcher: &'a Fetcher,
    pub remote: &'a Settings,
}

fn has_functions(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.values().any(has_functions),
        Value::List(list) => list.iter().any(has_functions),
        Value::Function(_) => true,
        _ => false,
    }
}

impl Functions<'_> {
    /// `node` with its functions evaluated. `!append` and `!unset` stay: the merge needs them.
    pub(super) fn evaluate(&self, node: &Node) -> Result<Node, Error> {
        if has_functions(node) { self.walk(node, &mut Path::new()) } else { Ok(node.clone()) }
    }

    fn walk(&self, node: &Node, path: &mut Path) -> Result<Node, Error> {
        let value = match &node.value {
            Value::Map(map) => Value::Map(Arc::new(self.map(map, path)?)),
            Value::List(list) => {
                let mut evaluated = Vec::with_capacity(list.len());
                for (index, item) in list.iter().enumerate() {
                    path.push_index(index);
                    evaluated.push(self.walk(item, path)?);
                    path.pop();
                }
                Value::List(Arc::new(evaluated))
            }
            Value::Function(function) => {
                let value = self.call(node, function, path)?;
                // What a file includes is configuration itself; only what templates see of it is data.
                let is_data = match &*function.tag {
                    "!append" | "!unset" => false,
                    "!include" | "!include.raw" => path.begins_with("templates"),
                    _ => true,
                };
                return Ok(if is_data { content::as_data(&value) } else { value });
            }
            other => other.clone(),
        };
        Ok(Node::new(value, node.span))
    }

    /// A map; what `<<: !include …` brings lies below its own keys.
    fn map(&self, map: &Map, path: &mut Path) -> Result<Map, Error> {
        let mut evaluated = map_with_capacity(map.len());
        let mut included = None;
        for (key, item) in map {
            path.push_key(key);
            let value = self.walk(item, path)?;
            path.pop();
            if &**key == "<<" && matches!(item.value, Value::Function(_)) {
                let Some(map) = value.as_map() else {
                    return Err(self.failed(item, "a merge with `<<` needs a map".to_owned()));
                };
                included = Some(map.clone());
            } else {
                evaluated.insert(key.clone(), value);
            }
        }
        for (key, item) in included.into_iter().flatten() {
            evaluated.entry(key).or_insert(item);
        }
        Ok(evaluated)
    }

    fn call(&self, node: &Node, function: &Function, path: &mut Path) -> Result<Node, Error> {
        let host = self.host;
        let argument = function.argument.scalar_text().unwrap_or_default();
        let argument = argument.trim();
        let text = |text: String| Ok(Node::new(Value::String(Arc::from(text)), node.span));
        match &*function.tag {
            "!append" => {
                let argument = self.walk(&function.argument, path)?;
                Ok(Node::new(Value::Function(Arc::new(Function { tag: function.tag.clone(), argument })), node.span))
            }
            "!unset" => Ok(node.clone()),
            "!env" => {
                let (name, default) = env_argument(argument).ok_or_else(|| {
                    let expected = "expected a name and at most one default";
                    self.failed(node, format!("invalid Atmos YAML function: !env {argument}: {expected}"))
                })?;
                let value = host.env.get_raw(&name).map(|value| value.to_string_lossy().into_owned());
                text(value.or(default).unwrap_or_default().trim().to_owned())
            }
            "!repo-root" | "!git.root" => {
                let root = git_root(&host.cwd).map(|root| root.display().to_string());
                text(self.or_default(node, &function.tag, root, argument)?)
            }
            tag if tag.starts_with("!git.") && SUPPORTED.contains(&tag) => {
                text(self.or_default(node, tag, repository::fact(host, tag), argument)?)
            }
            "!cwd" => text(fs::clean(&host.cwd.join(argument)).display().to_string()),
            "!exec" => Ok(self.exec(node, argument)?.placed(node.span)),
            "!random" => {
                let number = random(argument).map_err(|reason| {
                    self.failed(node, format!("invalid Atmos YAML function: !random {argument}: {reason}"))
                })?;
                Ok(Node::new(Value::Int(number), node.span))
            }
            "!include" | "!include.raw" => {
                let included = include(self, argument, &*function.tag == "!include.raw", node.span);
                included.map_err(|Refusal { reason, help, at }| {
                    let reason = help.map_or(reason.clone(), |help| format!("{reason}; {help}"));
                    self.failed_within(node, function, at, reason)
                })
            }
            tag => {
                let Location { place, source_code, at } = Location::of(host, node.span);
                let supported = SUPPORTED.join(", ");
                let (tag, path) = (tag.to_owned(), path.to_string());
                Err(Error::UnsupportedTag { tag, path, supported, place, source_code, at })
            }
        }
    }

    /// A fact of the repository, else the default that the function names.
    fn or_default(&self, node: &Node, tag: &str, fact: Option<String>, default: &str) -> Result<String, Error> {
        match fact {
            Some(fact) => Ok(fact),
            None if !default.is_empty() => Ok(default.to_owned()),
            None => Err(self.failed(node, format!("{tag}: the git repository does not say, and no default is given"))),
        }
    }

    /// What a shell prints, as JSON if it is JSON.
    fn exec(&self, node: &Node, script: &str) -> Result<Node, Error> {
        let command = duct::cmd("sh", ["-c", script]).dir(&self.host.cwd).full_env(self.host.env.iter());
        // The configuration cannot raise its own limit.
        let limit = Limit::default();
        let output = match capture(&command, limit) {
            Ok(Captured::Ended(output)) => output,
            Ok(Captured::TooMuch) => {
                return Err(self.failed(node, format!("!exec {script}: the command prints more than {limit}")));
            }
            Err(error) => return Err(self.failed(node, format!("!exec: the shell cannot be started: {error}"))),
        };
        if !output.status.success() {
            return Err(self.failed(node, format!("!exec {script}: {}", output.status)));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let text = text.trim_end_matches('\n');
        Ok(serde_json::from_str(text).map_or_else(|_| Node::from(text), |json| from_json(&json)))
    }

    /// A failure at the character of the argument that it is about, else at the function.
    fn failed_within(&self, node: &Node, function: &Function, at: Option<usize>, reason: String) -> Error {
        let exact = at.and_then(|at| {
            let written = function.argument.as_str()?;
            let blanks = written.len() - written.trim_start().len();
            self.host.sources.place(node.span)?.within(written, blanks + at)
        });
        let Some(place) = exact else { return self.failed(node, reason) };
        let Location { place, source_code, at } = Location::at(&place);
        Error::Function { reason, place, source_code, at }
    }

    fn failed(&self, node: &Node, reason: String) -> Error {
        let Location { place, source_code, at } = Location::of(self.host, node.span);
        Error::Function { reason, place, source_code, at }
    }
}

/// A random number between bounds that are both possible: none, the upper one, or both.
fn random(argument: &str) -> Result<i64, String> {
    let words: Vec<&str> = argument.split_whitespace().collect();
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("`{text}` is no whole number"));
    let (low, high) = match words.as_slice() {
        [] => (0, 65_535),
        [high] => (0, number(high)?),
        [low, high] => (number(low)?, number(high)?),
        _ => return Err("expected at most two numbers".to_owned()),
    };
    if low >= high {
        return Err(format!("{low} is not less than {high}"));
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    // 128 bits make the bias of the remainder immeasurable.
    let span = i128::from(high) - i128::from(low) + 1;
    let offset = i128::from_ne_bytes(bytes).rem_euclid(span);
    i64::try_from(i128::from(low) + offset).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_lie_between_their_bounds() {
        for argument in ["", "1", "-3 -2"] {
            let (low, high) = match argument {
                "" => (0, 65_535),
                "1" => (0, 1),
                _ => (-3, -2),
            };
            assert!((low..=high).contains(&random(argument).unwrap()), "{argument}");
        }
        for wrong in ["x", "5 5", "1 2 3", "-1"] {
            assert!(random(wrong).is_err(), "{wrong}");
        }
    }

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
