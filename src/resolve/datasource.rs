//! Data sources of templates: files and variables. Each is read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::outside::Outside;
use super::settings;
use crate::content;
use crate::diag::nearest;
use crate::template::{Problem, Val, World as _};
use crate::value::{Map, Node, Value};

/// What was read already, by address.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<String, Node>>);

/// The address behind an alias; `None` when it is not known.
pub(super) fn address(outside: &Outside<'_, '_>, alias: &str) -> Option<String> {
    let evaluation = outside.evaluation;
    let configured = settings::datasource(evaluation.evaluator.config, evaluation.instance, alias);
    let url = configured.and_then(|source| source.get("url")?.as_str().map(str::to_owned));
    url.or_else(|| outside.defined.get(alias).cloned())
}

/// A data source, parsed by its type.
pub(super) fn read(outside: &Outside<'_, '_>, alias: &str, arguments: &[Val]) -> Result<Node, Problem> {
    let source = Address::of(outside, alias, arguments)?;
    let key = format!("{source:?}");
    let known = &outside.evaluation.evaluator.memo.sources.0;
    if let Some(node) = known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(node.clone());
    }
    let node = source.parsed(outside)?;
    // A variable may differ between components.
    if !matches!(source.origin, Origin::Variable(_)) {
        known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, node.clone());
    }
    Ok(node)
}

/// The text of a data source.
pub(super) fn text(outside: &Outside<'_, '_>, alias: &str, arguments: &[Val]) -> Result<String, Problem> {
    Address::of(outside, alias, arguments)?.text(outside)
}

#[derive(Debug)]
enum Origin {
    File(PathBuf),
    Variable(String),
}

#[derive(Debug)]
struct Address {
    origin: Origin,
    /// `?type=` of the address.
    kind: Option<String>,
}

impl Address {
    fn of(outside: &Outside<'_, '_>, alias: &str, arguments: &[Val]) -> Result<Address, Problem> {
        let url = address(outside, alias).ok_or_else(|| unknown(outside, alias))?;
        let (location, query) = url.split_once('?').unwrap_or((&url, ""));
        let kind = query.split('&').find_map(|pair| pair.strip_prefix("type=")).map(|kind| kind.replace("%2F", "/"));
        let (scheme, rest) = match location.split_once("://") {
            Some((scheme, rest)) => (scheme, rest),
            None => match location.split_once(':') {
                Some(("env", rest)) => ("env", rest),
                Some(("file", rest)) => ("file", rest),
                _ => ("file", location),
            },
        };
        let origin = match scheme {
            "file" => {
                let cwd = &outside.evaluation.evaluator.host.cwd;
                let mut path = cwd.join(rest);
                if let Some(below) = arguments.first().and_then(Val::as_str) {
                    path = path.join(below);
                }
                Origin::File(path)
            }
            "env" => Origin::Variable(rest.trim_start_matches('/').to_owned()),
            "http" | "https" => return Err(not_built(alias, "over http")),
            scheme => return Err(not_built(alias, &format!("of the kind `{scheme}`"))),
        };
        Ok(Address { origin, kind })
    }

    fn text(&self, outside: &Outside<'_, '_>) -> Result<String, Problem> {
        match &self.origin {
            Origin::Variable(name) => Ok(outside.variable(name).unwrap_or_default()),
            Origin::File(path) => {
                let failed = |error: std::io::Error| Problem::new(format!("open {}: {error}", path.display()));
                std::fs::read_to_string(path).map_err(failed)
            }
        }
    }

    fn parsed(&self, outside: &Outside<'_, '_>) -> Result<Node, Problem> {
        let host = outside.evaluation.evaluator.host;
        let path = match &self.origin {
            Origin::File(path) if path.is_dir() => return listing(path),
            Origin::File(path) => path.clone(),
            Origin::Variable(name) => PathBuf::from(name),
        };
        let extension = match self.kind.as_deref() {
            Some("application/json") => "json".to_owned(),
            Some("application/yaml") => "yaml".to_owned(),
            Some("application/x-env") => "env".to_owned(),
            Some("text/plain") => String::new(),
            Some(kind) => return Err(Problem::new(format!("data sources of the type `{kind}` are not built yet"))),
            None => path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase(),
        };
        let text = self.text(outside)?;
        match extension.as_str() {
            "json" | "yaml" | "yml" | "env" => {
                let name = format!("data.{extension}");
                let node = content::parse(&host.sources, &path, &host.cwd, &name, text, content::Tags::Dropped)
                    .map_err(|reason| Problem::new(format!("{}: {reason}", path.display())))?;
                Ok(if extension == "json" { as_floats(&node) } else { node })
            }
            "toml" | "csv" => Err(Problem::new(format!(
                "data sources of the type `{extension}` are not built yet ({})",
                path.display()
            ))),
            _ => Ok(Node::from(text)),
        }
    }
}

/// The names in a directory.
fn listing(path: &Path) -> Result<Node, Problem> {
    let failed = |error: std::io::Error| Problem::new(format!("open {}: {error}", path.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(Node::from(names.into_iter().map(Node::from).collect::<Vec<_>>()))
}

/// Numbers of JSON are floats for templates of the reference.
fn as_floats(node: &Node) -> Node {
    let value = match &node.value {
        #[expect(clippy::cast_precision_loss, reason = "so does the reference")]
        Value::Int(number) => Value::Float(*number as f64),
        Value::List(list) => Value::List(Arc::new(list.iter().map(as_floats).collect())),
        Value::Map(map) => {
            Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), as_floats(item))).collect::<Map>()))
        }
        other => other.clone(),
    };
    Node::new(value, node.span)
}

fn unknown(outside: &Outside<'_, '_>, alias: &str) -> Problem {
    let evaluation = outside.evaluation;
    let known = settings::datasources(evaluation.evaluator.config, evaluation.instance);
    let near = nearest(alias, known.iter().map(String::as_str));
    let help = near.map_or_else(
        || "define it below `templates.settings.gomplate.datasources`, or in `settings.templates.settings` of the stack".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Problem::new(format!("undefined datasource '{alias}'")).help(help)
}

fn not_built(alias: &str, how: &str) -> Problem {
    Problem::new(format!("the datasource '{alias}' is not built yet: data {how}")).help("use a file or `env:///NAME`")
}
