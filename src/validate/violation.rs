//! Errors of a schema in words for people: one line for each mistake, whatever the branches of the schema are.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::LocationSegment;
use serde_json::Value as Json;

use crate::diag::nearest;
use crate::value::{Node, Path, Value};

/// A key or an index on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub path: Vec<Step>,
    /// The key below the path that is at fault.
    pub key: Option<String>,
    /// Without the path.
    pub message: String,
    pub help: Option<String>,
    sort: Sort,
}

/// What decides which branch of several a value was meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sort {
    Type {
        expected: Vec<String>,
        got: &'static str,
    },
    Pattern,
    Required(String),
    /// Not one of certain values.
    Choice,
    Other,
}

impl Violation {
    /// Whether another one says it better: what is of the wrong type is none of the values, either.
    pub(super) fn is_said_by(&self, other: &Violation) -> bool {
        self.sort == Sort::Choice && matches!(other.sort, Sort::Type { .. }) && self.path == other.path
    }
}

/// The path as messages show it.
pub(super) fn shown(path: &[Step]) -> String {
    let mut text = Path::new();
    for step in path {
        match step {
            Step::Key(key) => text.push_key(key),
            Step::Index(index) => text.push_index(*index),
        }
    }
    let text = text.to_string();
    if text.is_empty() { "(root)".to_owned() } else { text }
}

/// The value at a path; `None` below a YAML function, which may stand for anything.
pub(super) fn value_at<'n>(manifest: &'n Node, path: &[Step]) -> Option<&'n Node> {
    let mut node = manifest;
    for step in path {
        node = match (&node.value, step) {
            (Value::Map(map), Step::Key(key)) => map.get(key.as_str())?,
            (Value::List(list), Step::Index(index)) => list.get(*index)?,
            _ => return None,
        };
    }
    Some(node).filter(|node| !matches!(node.value, Value::Function(_)))
}

/// Reads the errors of one manifest.
pub(super) struct Reader<'r> {
    pub schema: &'r Json,
    pub manifest: &'r Node,
}

impl Reader<'_> {
    pub(super) fn read(&self, error: &ValidationError<'_>) -> Vec<Violation> {
        let Some(path) = self.path(error) else { return Vec::new() };
        let one = |message: String, help: Option<String>, sort: Sort| {
            vec![Violation { path: path.clone(), key: None, message, help, sort }]
        };
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                let known = self.known_keys(error.schema_path().as_str());
                unexpected.iter().map(|key| unknown_key(&path, key, &known)).collect()
            }
            Kind::Type { kind } => {
                let expected: Vec<String> = match kind {
                    TypeKind::Single(one) => vec![one.to_string()],
                    TypeKind::Multiple(set) => set.iter().map(|one| one.to_string()).collect(),
                };
                vec![type_mismatch(path, expected, type_of(error.instance()))]
            }
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                one(format!("`{name}` is missing"), None, Sort::Required(name.to_owned()))
            }
            Kind::Enum { options } => {
                let options: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
                let got = plain(error.instance());
                let near =
                    nearest(&got, options.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                one(format!("`{got}` is not one of {}", options.join(", ")), near, Sort::Choice)
            }
            Kind::PropertyNames { error } => {
                let name = plain(error.instance());
                let message = format!("`{name}` cannot be a name here");
                let help = Some("a name has letters, digits, blanks and any of / - _ . { }".to_owned());
                vec![Violation { path, key: Some(name), message, help, sort: Sort::Other }]
            }
            Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
                self.branches(&path, context, error.instance())
            }
            Kind::OneOfMultipleValid { .. } => {
                one("fits several forms, and must fit exactly one".to_owned(), None, Sort::Other)
            }
            Kind::Pattern { .. } => one(error.masked().to_string(), None, Sort::Pattern),
            _ => one(error.masked().to_string(), None, Sort::Other),
        }
    }

    /// The way to the value; `None` where a YAML function stands for it.
    fn path(&self, error: &ValidationError<'_>) -> Option<Vec<Step>> {
        let mut path: Vec<Step> = Vec::new();
        for segment in error.instance_path().segments() {
            // Keys of digits are no indexes.
            let is_map = value_at(self.manifest, &path)?.as_map().is_some();
            path.push(match segment {
                LocationSegment::Property(name) => Step::Key(name.into_owned()),
                LocationSegment::Index(index) if is_map => Step::Key(index.to_string()),
                LocationSegment::Index(index) => Step::Index(index),
            });
        }
        value_at(self.manifest, &path).is_some().then_some(path)
    }

    /// The branch that the value was most likely meant for. A branch without mistakes of its own had only functions.
    fn branches(&self, path: &[Step], context: &[Vec<ValidationError<'static>>], instance: &Json) -> Vec<Violation> {
        let read = |errors: &Vec<ValidationError<'static>>| errors.iter().flat_map(|error| self.read(error)).collect();
        let branches: Vec<Vec<Violation>> = context.iter().map(read).collect();
        if branches.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        let misses = |violation: &&Violation| {
            violation.path == path && matches!(violation.sort, Sort::Type { .. } | Sort::Pattern)
        };
        let meant = branches.iter().filter(|branch| !branch.iter().any(|violation| misses(&violation)));
        let meant: Vec<&Vec<Violation>> = meant.collect();
        let needed: Vec<&str> = meant.iter().filter_map(|branch| only_required(branch, path)).collect();
        if needed.len() > 1 && needed.len() == meant.len() {
            let message = format!("one of `{}` is needed", needed.join("`, `"));
            return vec![Violation { path: path.to_vec(), key: None, message, help: None, sort: Sort::Other }];
        }
        if let Some(branch) = meant.into_iter().min_by_key(|branch| branch.len()) {
            return branch.clone();
        }
        let mut expected: Vec<String> = Vec::new();
        for violation in branches.iter().flatten().filter(misses) {
            let Sort::Type { expected: types, .. } = &violation.sort else { continue };
            let new: Vec<String> = types.iter().filter(|name| !expected.contains(name)).cloned().collect();
            expected.extend(new);
        }
        vec![type_mismatch(path.to_vec(), expected, type_of(instance))]
    }

    /// The keys that the schema has beside the keyword that refused one.
    fn known_keys(&self, location: &str) -> Vec<&str> {
        let parent = location.rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.schema.pointer(parent).and_then(|schema| schema.get("properties"));
        properties.and_then(Json::as_object).into_iter().flat_map(|map| map.keys().map(String::as_str)).collect()
    }
}

fn only_required<'v>(branch: &'v [Violation], path: &[Step]) -> Option<&'v str> {
    match branch {
        [Violation { sort: Sort::Required(name), path: own, .. }] if own == path => Some(name),
        _ => None,
    }
}

fn unknown_key(path: &[Step], key: &str, known: &[&str]) -> Violation {
    let near = nearest(key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let mut known = known.to_vec();
    known.sort_unstable();
    let help = near.or_else(|| (!known.is_empty()).then(|| format!("the keys are {}", known.join(", "))));
    let message = format!("unknown key `{key}`");
    Violation { path: path.to_vec(), key: Some(key.to_owned()), message, help, sort: Sort::Other }
}

fn type_mismatch(path: Vec<Step>, expected: Vec<String>, got: &'static str) -> Violation {
    let message = format!("expected {}, but got {got}", expected.join(" or "));
    let is_container = |name: &String| name == "object" || name == "array";
    let help = (got == "string" && expected.iter().any(is_container))
        .then(|| "file references must use the !include YAML tag, without quotes".to_owned());
    Violation { path, key: None, message, help, sort: Sort::Type { expected, got } }
}

fn plain(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn type_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}
