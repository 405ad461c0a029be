//! One configuration file at a time: read and parsed once, keys in canonical case, functions evaluated.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Error, Location, unreadable};
use super::function::Functions;
use super::paths::git_root;
use crate::fetch::{Fetcher, Settings};
use crate::host::Host;
use crate::merge::{ListStrategy, merge_into};
use crate::value::{Node, Value, map_with_capacity};
use crate::yaml;

/// Sections whose own keys belong to the schema, with the number of levels below them that do too. Everywhere else the
/// spelling of keys is the user's.
const SCHEMA_LEVELS: [(&str, usize); 9] = [
    ("stacks", 2),
    ("components", 3),
    ("logs", 1),
    ("settings", 2),
    ("templates", 2),
    ("describe", 2),
    ("workflows", 1),
    ("version", 2),
    ("profiles", 1),
];

/// More sections with keys of the schema just below them.
const MORE_SCHEMA: [&str; 3] = ["auth", "integrations", "vendor"];

/// Reads files and remembers which, in the order in which they were merged.
pub(super) struct Reader<'a> {
    pub host: &'a Host,
    /// Root of the repository around the working directory, for its `atmos.d` directories.
    pub git_root: Option<PathBuf>,
    /// The same, unless its use for paths is switched off.
    pub path_root: Option<PathBuf>,
    /// Base path from flag or environment, which imports are relative to as well.
    pub runtime_base_path: Option<String>,
    pub files: Vec<PathBuf>,
    pub fetcher: Arc<Fetcher>,
    /// What the configuration so far says about remote imports.
    pub remote: Settings,
    parsed: HashMap<PathBuf, Node>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(host: &'a Host, runtime_base_path: Option<String>) -> Reader<'a> {
        let git_root = git_root(&host.cwd);
        let switched_off = host.env.get("ATMOS_GIT_ROOT_BASEPATH") == Some("false");
        let path_root = if switched_off { None } else { git_root.clone() };
        Reader {
            host,
            git_root,
            path_root,
            runtime_base_path,
            files: Vec::new(),
            fetcher: Arc::default(),
            remote: Settings::of(&Node::empty_map(), &host.env),
            parsed: HashMap::new(),
        }
    }

    /// The content of a file as a map, empty for an empty file.
    pub(super) fn document(&mut self, path: &Path) -> Result<Node, Error> {
        if let Some(document) = self.parsed.get(path) {
            return Ok(document.clone());
        }
        let text = text(path)?;
        let node = yaml::parse(&self.host.sources, path, &self.host.cwd, Arc::from(text)).map_err(Box::new)?;
        let document = match &node.value {
            Value::Map(_) => {
                let (host, fetcher, remote) = (self.host, &*self.fetcher, &self.remote);
                let node = canonical(&undotted(&node, None));
                hide_password(host, &node);
                Functions { host, file: path, fetcher, remote }.evaluate(&node)?
            }
            Value::Null => Node::empty_map(),
            other => {
                let Location { place, source_code, at } = Location::of(self.host, node.span);
                return Err(Error::NotAMap { found: other.type_name(), place, source_code, at });
            }
        };
        self.files.push(path.to_path_buf());
        self.parsed.insert(path.to_path_buf(), document.clone());
        Ok(document)
    }
}

/// The text of a file; that it is none is an error with the place where it stops to be one.
fn text(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|cause| unreadable(path, cause))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        Error::Encoding {
            path: path.display().to_string(),
            line: good.matches('\n').count() + 1,
            column: good.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        }
    })
}

/// No program and no function gets the variable that has the password of the keyring, from the moment when it is known.
pub(super) fn hide_password(host: &Host, document: &Node) {
    if let Some(name) = document.get_path(["auth", "keyring", "spec", "password_env"]).and_then(Node::as_str) {
        host.env.hide(name);
    }
}

/// Puts `over` on top of `target`. Unlike other lists, `commands` are put together by name.
pub(super) fn overlay(target: &mut Node, over: &Node) {
    let commands = match (target.get("commands"), over.get("commands")) {
        (Some(below), Some(above)) => merged_commands(below, above),
        _ => None,
    };
    merge_into(target, over, ListStrategy::Replace);
    if let Some(commands) = commands {
        target.make_map().insert(Arc::from("commands"), commands);
    }
}

/// Commands of both lists: of two with one name the keys of `above` win, and their sub-commands are put together too.
fn merged_commands(below: &Node, above: &Node) -> Option<Node> {
    let mut commands = below.as_list()?.to_vec();
    for command in above.as_list()? {
        let name = command.get("name");
        match commands.iter_mut().find(|known| name.is_some() && known.get("name") == name) {
            Some(known) => {
                let nested = known.get("commands").zip(command.get("commands"));
                let nested = nested.and_then(|(below, above)| merged_commands(below, above));
                let mut winner = command.clone();
                if let Some(nested) = nested.or_else(|| known.get("commands").cloned()) {
                    winner.make_map().insert(Arc::from("commands"), nested);
                }
                *known = winner;
            }
            None => commands.push(command.clone()),
        }
    }
    Some(Node::from(commands))
}

/// The document with the keys of the schema that have dots (`stacks.name_pattern`) as what they stand for. Such a key goes
/// before the same one that is written in levels. `levels` are those of the schema here and below; `None` at the top.
fn undotted(node: &Node, levels: Option<usize>) -> Node {
    let Some(map) = node.as_map().filter(|_| has_dots(node, levels)) else { return node.clone() };
    let mut written = map_with_capacity(map.len());
    let mut dotted = Vec::new();
    for (key, item) in map {
        let (first, rest) = key.split_once('.').filter(|_| is_dotted(key)).unwrap_or((key, ""));
        let below = below(first, levels);
        if rest.is_empty() {
            written.insert(key.clone(), undotted(item, Some(below)));
            continue;
        }
        let mut value = item.clone();
        for part in rest.rsplit('.') {
            value = Node::new(Value::Map(Arc::new([(Arc::from(part), value)].into_iter().collect())), item.span);
        }
        dotted.push((Arc::<str>::from(first), undotted(&value, Some(below))));
    }
    for (first, value) in dotted {
        match written.get_mut(&first) {
            Some(known) => merge_into(known, &value, ListStrategy::Replace),
            None => {
                written.insert(first, value);
            }
        }
    }
    Node::new(Value::Map(Arc::new(written)), node.span)
}

fn has_dots(node: &Node, levels: Option<usize>) -> bool {
    levels != Some(0)
        && node
            .as_map()
            .is_some_and(|map| map.iter().any(|(key, item)| is_dotted(key) || has_dots(item, Some(below(key, levels)))))
}

fn is_dotted(key: &str) -> bool {
    key.contains('.') && key.split('.').all(|part| !part.is_empty())
}

/// Levels of the schema below a key.
fn below(key: &str, levels: Option<usize>) -> usize {
    let Some(levels) = levels else {
        let known = SCHEMA_LEVELS.iter().find(|(section, _)| section.eq_ignore_ascii_case(key));
        let more = MORE_SCHEMA.iter().any(|section| section.eq_ignore_ascii_case(key));
        return known.map_or(usize::from(more), |(_, levels)| *levels);
    };
    levels.saturating_sub(1)
}

/// The document with schema keys in lower case. Documents that already are so are shared, not copied.
fn canonical(document: &Node) -> Node {
    let mut document = lower_keys(document);
    for (section, levels) in SCHEMA_LEVELS {
        let Some(node) = document.get(section) else { continue };
        if is_canonical(node, levels) {
            continue;
        }
        let lowered = lower_levels(node, levels);
        document.make_map().insert(Arc::from(section), lowered);
    }
    document
}

fn is_canonical(node: &Node, levels: usize) -> bool {
    levels == 0
        || node
            .as_map()
            .is_none_or(|map| map.iter().all(|(key, item)| !has_upper(key) && is_canonical(item, levels - 1)))
}

fn lower_levels(node: &Node, levels: usize) -> Node {
    let mut lowered = lower_keys(node);
    if levels > 1 && lowered.as_map().is_some() {
        for item in lowered.make_map().values_mut() {
            *item = lower_levels(item, levels - 1);
        }
    }
    lowered
}

/// One level of keys in lower case; two spellings of one key merge, the later on top.
fn lower_keys(node: &Node) -> Node {
    let Some(map) = node.as_map().filter(|map| map.keys().any(|key| has_upper(key))) else { return node.clone() };
    let mut lowered = map_with_capacity(map.len());
    for (key, item) in map {
        let key = if has_upper(key) { Arc::from(key.to_lowercase()) } else { key.clone() };
        match lowered.get_mut(&key) {
            Some(known) => merge_into(known, item, ListStrategy::Replace),
            None => {
                lowered.insert(key, item.clone());
            }
        }
    }
    Node::new(Value::Map(Arc::new(lowered)), node.span)
}

fn has_upper(key: &str) -> bool {
    key.chars().any(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{from_json, to_json};

    #[test]
    fn schema_keys_are_lowered_and_user_keys_are_kept() {
        let node = from_json(&serde_json::json!({
            "Base_Path": "x", "env": {"FOO": 1}, "auth": {"identities": {"Dev": {}}},
            "Components": {"Terraform": {"Base_Path": "c"}},
            "templates": {"Settings": {"env": {"AWS_PROFILE": "p"}}}
        }));
        let expected = serde_json::json!({
            "base_path": "x", "env": {"FOO": 1}, "auth": {"identities": {"Dev": {}}},
            "components": {"terraform": {"base_path": "c"}},
            "templates": {"settings": {"env": {"AWS_PROFILE": "p"}}}
        });
        assert_eq!(to_json(&canonical(&node)), expected);
    }

    #[test]
    fn keys_with_dots_stand_for_levels_where_the_schema_says_the_keys() {
        for (written, expected) in [
            (
                serde_json::json!({
                    "stacks.name_pattern": "p", "stacks": {"base_path": "s", "name_pattern": "lower"},
                    "components.terraform.command": "top",
                    "components": {"terraform.command": "nested", "terraform": {"base_path": "c", "init.pass_vars": true}},
                    "auth": {"identities": {"a.b": {"kind": "k"}}, "keyring.type": "file"},
                    "Auth.Realm": "r", "env": {"a.b": 1}, "templates": {"settings": {"env": {"a.b": 1}}},
                    "commands": [{"a.b": 1}], ".x": 1, "y.": 2,
                }),
                serde_json::json!({
                    "stacks": {"base_path": "s", "name_pattern": "p"},
                    "components": {"terraform": {"base_path": "c", "init": {"pass_vars": true}, "command": "top"}},
                    "auth": {"identities": {"a.b": {"kind": "k"}}, "keyring": {"type": "file"}, "Realm": "r"},
                    "env": {"a.b": 1}, "templates": {"settings": {"env": {"a.b": 1}}},
                    "commands": [{"a.b": 1}], ".x": 1, "y.": 2,
                }),
            ),
            (serde_json::json!({"base_path": "."}), serde_json::json!({"base_path": "."})),
        ] {
            assert_eq!(to_json(&canonical(&undotted(&from_json(&written), None))), expected);
        }
    }

    #[test]
    fn commands_merge_by_name() {
        let mut target = from_json(&serde_json::json!({"commands": [
            {"name": "a", "d": 1, "commands": [{"name": "x"}]}, {"name": "b"}
        ]}));
        let over = from_json(&serde_json::json!({"commands": [{"name": "a", "d": 2, "commands": [{"name": "y"}]}]}));
        overlay(&mut target, &over);
        let expected = serde_json::json!({"commands": [
            {"name": "a", "d": 2, "commands": [{"name": "x"}, {"name": "y"}]}, {"name": "b"}
        ]});
        assert_eq!(to_json(&target), expected);
    }
}
