//! Policies in Rego. The only file that knows the engine behind them.
//!
//! Read [`violations`] first: policies are the package `atmos` with a set `errors`, in the old syntax of Rego or, with
//! `import rego.v1`, in the new one.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::{Map, Value as Json};

use super::error::Error;

/// What is asked of a policy.
const ERRORS: &str = "data.atmos.errors";
/// Work between two looks at the clock.
const CHECK_INTERVAL: NonZeroU32 = NonZeroU32::new(256).unwrap();

/// What a policy, with the modules and data that it imports, has against a document. No message means no objection.
///
/// # Errors
/// A file that cannot be read or is no policy, a policy that is not about `errors`, and one that takes longer than `limit`.
pub fn violations(policy: &Path, modules: &[PathBuf], input: &Json, limit: Duration) -> Result<Vec<String>, Error> {
    let shown = policy.display().to_string();
    let invalid = |message: String| Error::Policy { path: shown.clone(), message };
    let mut engine = Engine::new();
    engine.set_rego_v0(true);
    add_old_functions(&mut engine).map_err(|error| invalid(error.to_string()))?;
    for file in files(policy, modules)? {
        add(&mut engine, &file)?;
    }
    engine.set_input_json(&input.to_string()).map_err(|error| invalid(error.to_string()))?;
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: CHECK_INTERVAL });
    let start = Instant::now();
    let result = engine.eval_rule(ERRORS.to_owned());
    if start.elapsed() >= limit {
        return Err(Error::PolicyTimeout { path: shown, seconds: limit.as_secs() });
    }
    let value = result.map_err(|error| match error.to_string() {
        text if text.contains("not a valid rule path") => Error::PolicyWithoutErrors { path: shown.clone() },
        text => invalid(text),
    })?;
    let messages = match &value {
        Value::Set(set) => set.iter().map(text).collect(),
        Value::Array(list) => list.iter().map(text).collect(),
        _ => return Err(Error::PolicyWithoutErrors { path: shown }),
    };
    Ok(messages)
}

/// A message; what is no text is shown as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_json_str().unwrap_or_default(),
    }
}

/// One file of a policy, and for data the keys under which it stands.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct File {
    path: PathBuf,
    below: Vec<String>,
}

/// The policy and everything below its modules, each file once, in a stable order. Tests of policies are left out.
fn files(policy: &Path, modules: &[PathBuf]) -> Result<BTreeSet<File>, Error> {
    let mut found = BTreeSet::new();
    for root in std::iter::once(policy).chain(modules.iter().map(PathBuf::as_path)) {
        collect(root, Vec::new(), true, &mut found)?;
    }
    Ok(found)
}

fn collect(path: &Path, below: Vec<String>, named: bool, found: &mut BTreeSet<File>) -> Result<(), Error> {
    let unreadable =
        |cause: std::io::Error| Error::PolicyRead { path: path.display().to_string(), message: cause.to_string() };
    if path.is_dir() {
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let mut below = below.clone();
            if entry.path().is_dir() {
                below.push(entry.file_name().to_string_lossy().into_owned());
            }
            collect(&entry.path(), below, false, found)?;
        }
        return Ok(());
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned()).unwrap_or_default();
    let is_part = matches!(extension.as_str(), "rego" | "json" | "yaml" | "yml");
    if (named || is_part) && !name.ends_with("_test.rego") {
        let path = std::fs::canonicalize(path).map_err(unreadable)?;
        found.insert(File { path, below });
    }
    Ok(())
}

fn add(engine: &mut Engine, file: &File) -> Result<(), Error> {
    let shown = file.path.display().to_string();
    let text = std::fs::read_to_string(&file.path)
        .map_err(|cause| Error::PolicyRead { path: shown.clone(), message: cause.to_string() })?;
    let invalid = |message: String| Error::Policy { path: shown.clone(), message };
    let data = match file.path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Value::from_json_str(&text).map_err(|error| invalid(error.to_string()))?,
        Some("yaml" | "yml") => Value::from_yaml_str(&text).map_err(|error| invalid(error.to_string()))?,
        _ if assigns_walk(&text) => {
            let message = "`walk` gives one pair after the other only as `walk(value, [path, value])`: write it so";
            return Err(invalid(message.to_owned()));
        }
        _ => {
            return engine.add_policy(shown.clone(), text).map(drop).map_err(|error| invalid(error.to_string()));
        }
    };
    let data = data.to_json_str().ok().and_then(|text| serde_json::from_str::<Json>(&text).ok()).unwrap_or_default();
    let nested = file.below.iter().rev().fold(data, |data, key| Json::Object(Map::from_iter([(key.clone(), data)])));
    engine.add_data_json(&nested.to_string()).map_err(|error| invalid(error.to_string()))
}

/// Whether a policy assigns what `walk` gives. The engine would assign all pairs at once, and a rule that looks at one of
/// them would silently never object.
fn assigns_walk(text: &str) -> bool {
    text.match_indices("walk(").any(|(at, _)| text[..at].trim_end().ends_with('='))
}

/// Functions that Rego has given up and policies still use.
fn add_old_functions(engine: &mut Engine) -> Result<(), impl std::fmt::Display> {
    engine.add_extension(
        "re_match".to_owned(),
        2,
        Box::new(|words: Vec<Value>| {
            let matches = match words.as_slice() {
                [Value::String(pattern), Value::String(text)] => {
                    regex::Regex::new(pattern).ok().map(|pattern| pattern.is_match(text))
                }
                _ => None,
            };
            Ok(matches.map_or(Value::Undefined, Value::from))
        }),
    )?;
    engine.add_extension(
        "any".to_owned(),
        1,
        Box::new(|words: Vec<Value>| Ok(truth(&words, |all| all.contains(&true)))),
    )?;
    engine.add_extension(
        "all".to_owned(),
        1,
        Box::new(|words: Vec<Value>| Ok(truth(&words, |all| !all.contains(&false)))),
    )?;
    engine.add_extension(
        "set_diff".to_owned(),
        2,
        Box::new(|words: Vec<Value>| match words.as_slice() {
            [Value::Set(left), Value::Set(right)] => {
                let mut rest = Value::new_set();
                let set = rest.as_set_mut()?;
                left.iter().filter(|item| !right.contains(item)).for_each(|item| {
                    set.insert(item.clone());
                });
                Ok(rest)
            }
            _ => Ok(Value::Undefined),
        }),
    )
}

/// Whether any or all of a list or set are true.
fn truth(words: &[Value], decide: impl Fn(&[bool]) -> bool) -> Value {
    let is_true = |value: &Value| *value == Value::Bool(true);
    match words {
        [Value::Array(list)] => Value::from(decide(&list.iter().map(is_true).collect::<Vec<_>>())),
        [Value::Set(set)] => Value::from(decide(&set.iter().map(is_true).collect::<Vec<_>>())),
        _ => Value::Undefined,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(files: &[(&str, &str)], modules: &[&str], input: &Json) -> Result<Vec<String>, Error> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let modules: Vec<PathBuf> = modules.iter().map(|name| folder.path().join(name)).collect();
        violations(&folder.path().join(files[0].0), &modules, input, Duration::from_secs(5))
    }

    #[test]
    fn both_syntaxes_give_their_messages() {
        let old = "package atmos\nerrors[message] {\n  input.vars.stage == \"prod\"\n  message := sprintf(\"no %s\", [input.vars.stage])\n}\nerrors[\"short\"] { not re_match(\"^[a-z]{3,}$\", input.vars.name) }\n";
        let new = "package atmos\nimport rego.v1\nerrors contains msg if {\n  some name in input.names\n  msg := concat(\" \", [\"bad\", name])\n}\n";
        let input = json!({"vars": {"stage": "prod", "name": "a"}, "names": ["x", "y"]});
        assert_eq!(check(&[("p.rego", old)], &[], &input).unwrap(), ["no prod", "short"]);
        assert_eq!(check(&[("p.rego", new)], &[], &input).unwrap(), ["bad x", "bad y"]);
        assert!(check(&[("p.rego", old)], &[], &json!({"vars": {"name": "abc"}})).unwrap().is_empty());
    }

    #[test]
    fn modules_are_files_and_folders_with_data_and_without_tests() {
        let policy =
            "package atmos\nimport data.atmos.constants.words\nerrors[words.no] { data.limits.most < input.n }\n";
        let files = [
            ("p.rego", policy),
            ("shared/constants.rego", "package atmos.constants\nwords := {\"no\": \"too much\"}\n"),
            ("shared/limits/limits.yaml", "most: 3\n"),
            ("shared/constants_test.rego", "this is no policy"),
            ("shared/README.md", "neither"),
        ];
        assert_eq!(check(&files, &["shared"], &json!({"n": 4})).unwrap(), ["too much"]);
        assert!(check(&files, &["shared", "shared/constants.rego"], &json!({"n": 3})).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_policy_of_ours_is_refused() {
        let refused = |text: &str| check(&[("p.rego", text)], &[], &json!({})).unwrap_err().to_string();
        assert!(refused("package other\nerrors[\"x\"] { true }\n").starts_with("invalid Rego policy"));
        assert!(refused("package atmos\nerrors = \"x\"\n").starts_with("invalid Rego policy"));
        assert!(refused("package atmos\nerrors[ {").contains("p.rego"));
        let walk = "package atmos\nerrors[\"x\"] { [path, value] := walk(input); value == 1 }\n";
        assert!(refused(walk).contains("`walk(value, [path, value])`"));
        let missing = violations(Path::new("/nowhere/p.rego"), &[], &json!({}), Duration::from_secs(1)).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/p.rego"), "{missing}");
    }

    #[test]
    fn endless_policies_end_with_the_time() {
        let policy = "package atmos\nerrors[\"x\"] {\n  a := numbers.range(1, 3000)[_]\n  b := numbers.range(1, 3000)[_]\n  c := numbers.range(1, 3000)[_]\n  a + b + c == 0\n}\n";
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p.rego"), policy).unwrap();
        let error = violations(&folder.path().join("p.rego"), &[], &json!({}), Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, Error::PolicyTimeout { .. }), "{error}");
    }
}
