//! `terraform plan-diff`: what two plans have different.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::planfile::{fresh, ready, show};
use super::single::announce_dry_run;
use super::{Done, Error, RunRequest};
use crate::diag::Result;
use crate::exec::signals::Signals;
use crate::ops::{App, child};

/// Two plans of one component.
#[derive(Debug, Clone, Default)]
pub struct DiffRequest {
    /// A `plan`, with the words for the new one.
    pub run: RunRequest,
    /// Relative to the component's folder.
    pub orig: String,
    /// `None`: a plan that is made now.
    pub new: Option<String>,
}

/// Exit status when the plans differ.
const DIFFERENT: u8 = 2;
const HIDDEN: &str = "(sensitive value)";

/// Compares the plans. The differences are data; the code says whether there are any.
///
/// # Errors
/// A planfile that is missing, and those of a plan.
pub async fn plan_diff(app: &App, request: &DiffRequest) -> Result<Done> {
    let Some(ready) = ready(app, &request.run)? else { return Ok(Done::default()) };
    if request.run.dry_run {
        announce_dry_run(app, &request.run, &ready.target.component, &ready.target.stack);
        return Ok(Done::default());
    }
    for file in std::iter::once(&request.orig).chain(&request.new) {
        let path = ready.target.folder.join(file);
        if !path.is_file() {
            return Err(Error::PlanfileMissing { path }.into());
        }
    }
    let (access, mut signals) = (child::access(app)?, Signals::listen()?);
    let run = &request.run;
    // The new one first: making it prepares the folder for both.
    let new = match &request.new {
        Some(file) => show(app, run, &ready, file, &access, &mut signals).await?,
        None => Box::pin(fresh(app, run, &ready, &access, &mut signals)).await?,
    };
    let orig = show(app, run, &ready, &request.orig, &access, &mut signals).await?;
    let text = differences(&orig, &new);
    if text.is_empty() {
        return Ok(Done { code: 0, data: Some("The planfiles are identical\n".to_owned()), ..Done::default() });
    }
    app.host.talk.attention("plan files have differences");
    Ok(Done { code: DIFFERENT, data: Some(format!("\nDiff Output\n===========\n\n{text}")), ..Done::default() })
}

/// The differences in sections; empty where there are none.
pub(super) fn differences(orig: &Json, new: &Json) -> String {
    let mut text = String::new();
    for (title, part) in
        [("Variables", variables as fn(&Json) -> Entries), ("Resources", resources), ("Outputs", outputs)]
    {
        let lines = compared(&part(orig), &part(new));
        if !lines.is_empty() {
            let line = "-".repeat(title.len() + 1);
            text.extend([title, ":\n", &line, "\n", &lines, "\n"]);
        }
    }
    text
}

/// A scalar: what is shown of it, and what else tells it apart.
#[derive(Debug, Clone, PartialEq)]
struct Leaf {
    text: String,
    /// The value itself where it is not shown.
    hidden: Option<Json>,
}

impl std::fmt::Display for Leaf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn open(text: impl Into<String>) -> Leaf {
    Leaf { text: text.into(), hidden: None }
}

/// What is compared, by name: the leaves of its value by their path.
type Entries = BTreeMap<String, BTreeMap<String, Leaf>>;

fn compared(orig: &Entries, new: &Entries) -> String {
    let mut lines = String::new();
    let names: BTreeSet<&String> = orig.keys().chain(new.keys()).collect();
    for name in names {
        match (orig.get(name), new.get(name)) {
            (None, Some(leaves)) => lines += &whole('+', name, leaves),
            (Some(leaves), None) => lines += &whole('-', name, leaves),
            (Some(old), Some(new)) if old != new => lines += &changed(name, old, new),
            _ => {}
        }
    }
    lines
}

/// A scalar with its value, everything else by its name.
fn whole(sign: char, name: &str, leaves: &BTreeMap<String, Leaf>) -> String {
    match leaves.get("") {
        Some(value) => format!("{sign} {name}: {value}\n"),
        None => format!("{sign} {name}\n"),
    }
}

fn changed(name: &str, old: &BTreeMap<String, Leaf>, new: &BTreeMap<String, Leaf>) -> String {
    let absent = open("(none)");
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = paths.into_iter().filter(|path| old.get(*path) != new.get(*path));
    let pairs = differing.map(|path| (path, old.get(path).unwrap_or(&absent), new.get(path).unwrap_or(&absent)));
    let pairs: Vec<_> = pairs.collect();
    if let [(path, old, new)] = pairs.as_slice()
        && path.is_empty()
    {
        return format!("~ {name}: {old} => {new}\n");
    }
    let lines = pairs.into_iter().map(|(path, old, new)| {
        let path = if path.is_empty() { "value" } else { path };
        format!("  ~ {path}: {old} => {new}\n")
    });
    format!("{name}\n") + &lines.collect::<String>()
}

fn variables(plan: &Json) -> Entries {
    let declared = &plan["configuration"]["root_module"]["variables"];
    let entries = plan["variables"].as_object().into_iter().flatten();
    entries.map(|(name, entry)| (name.clone(), leaves(&entry["value"], &declared[name]["sensitive"]))).collect()
}

fn outputs(plan: &Json) -> Entries {
    let entries = plan["output_changes"].as_object().into_iter().flatten();
    entries.map(|(name, change)| (name.clone(), after(change))).collect()
}

/// Resources by their addresses; what is only read is no matter.
fn resources(plan: &Json) -> Entries {
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    let managed = changes.filter(|resource| resource["mode"] != "data");
    let entry = |resource: &Json| {
        let mut leaves = after(&resource["change"]);
        // A resource is more than a value, also where it has no attribute.
        leaves.remove("");
        leaves.insert("actions".to_owned(), open(actions(&resource["change"])));
        Some((resource["address"].as_str()?.to_owned(), leaves))
    };
    managed.filter_map(entry).collect()
}

fn actions(change: &Json) -> String {
    let words = change["actions"].as_array().into_iter().flatten().filter_map(Json::as_str);
    words.collect::<Vec<_>>().join(", ")
}

/// What the plan makes of something: known values, and marks for those that are not known yet.
fn after(change: &Json) -> BTreeMap<String, Leaf> {
    let mut found = leaves(&change["after"], &change["after_sensitive"]);
    for (path, mark) in leaves(&change["after_unknown"], &Json::Null) {
        if mark.text == "true" {
            found.insert(path, open("(known after apply)"));
        }
    }
    found
}

/// Every scalar inside, by its path. `sensitive` has the shape of the value, with `true` where it is to be hidden.
fn leaves(value: &Json, sensitive: &Json) -> BTreeMap<String, Leaf> {
    fn add(found: &mut BTreeMap<String, Leaf>, path: String, value: &Json, sensitive: &Json) {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            _ if *sensitive == Json::Bool(true) => {
                found.insert(path, Leaf { text: HIDDEN.to_owned(), hidden: Some(value.clone()) });
            }
            Json::Object(map) if !map.is_empty() => {
                map.iter().for_each(|(key, value)| add(found, below(key), value, &sensitive[key]));
            }
            Json::Array(list) if !list.is_empty() => {
                list.iter().enumerate().for_each(|(index, value)| {
                    add(found, below(&index.to_string()), value, &sensitive[index]);
                });
            }
            Json::String(text) => drop(found.insert(path, open(text.as_str()))),
            other => drop(found.insert(path, open(other.to_string()))),
        }
    }
    let mut found = BTreeMap::new();
    add(&mut found, String::new(), value, sensitive);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_plans_have_no_differences_whatever_their_time() {
        let plan = |time: &str| {
            json!({
                "timestamp": time, "variables": {"a": {"value": 1}},
                "resource_changes": [{"address": "data.x.y", "mode": "data", "change": {"after": time}}],
            })
        };
        assert_eq!(differences(&plan("now"), &plan("later")), "");
    }

    #[test]
    fn differences_are_lines_in_sections() {
        let orig = json!({
            "variables": {"gone": {"value": "x"}, "name": {"value": "a"}, "pass": {"value": "s3cret"}, "m": {"value": {"k": [1]}}},
            "configuration": {"root_module": {"variables": {"pass": {"sensitive": true}}}},
            "resource_changes": [
                {"address": "t.a", "mode": "managed", "change": {"actions": ["create"], "after": {"input": "a", "tag": null}, "after_unknown": {"id": true}}},
                {"address": "t.b", "mode": "managed", "change": {"actions": ["no-op"], "after": {}}},
            ],
            "output_changes": {"o": {"after": "1"}},
        });
        let mut new = orig.clone();
        new["variables"] = json!({"name": {"value": "b"}, "new": {"value": true}, "pass": {"value": null}, "m": {"value": {"k": [2]}}});
        new["resource_changes"][0]["change"]["after"]["input"] = json!("b");
        new["resource_changes"][1]["address"] = json!("t.c");
        new["output_changes"]["o"]["after"] = json!("2");
        let text = differences(&orig, &new);
        let expected = "\
Variables:
----------
- gone: x
m
  ~ k.0: 1 => 2
~ name: a => b
+ new: true
~ pass: (sensitive value) => (sensitive value)

Resources:
----------
t.a
  ~ input: a => b
- t.b
+ t.c

Outputs:
--------
~ o: 1 => 2

";
        assert_eq!(text, expected);
        assert!(!text.contains("s3cret"));
    }
}
