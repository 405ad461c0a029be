//! The keys of steps, and what is said of others: nobody reads them, so a mistyped one changes what a step does.

use crate::diag::{Remark, nearest};
use crate::span::Sources;
use crate::validate::place_of_key;
use crate::value::Node;

/// Every key that a step may have, those of kinds that are not built included.
pub(super) const KEYS: [&str; 108] = [
    "action",
    "align",
    "args",
    "artifacts",
    "background",
    "body",
    "bold",
    "border",
    "border_background",
    "border_foreground",
    "code",
    "columns",
    "command",
    "component",
    "container",
    "content",
    "continue",
    "count",
    "cursor",
    "data",
    "default",
    "defaults",
    "destination",
    "dirs",
    "duration",
    "env",
    "ephemeral",
    "exclude",
    "expect",
    "export",
    "extensions",
    "fail",
    "faint",
    "fields",
    "files",
    "for",
    "foreground",
    "form",
    "format",
    "headers",
    "height",
    "hint",
    "identity",
    "include",
    "inputs",
    "interactive",
    "interpreter",
    "interval",
    "italic",
    "jitter",
    "key",
    "key_interval",
    "level",
    "limit",
    "margin",
    "markdown",
    "matrix",
    "max_concurrency",
    "method",
    "mode",
    "mtime",
    "multiple",
    "name",
    "needs",
    "options",
    "output",
    "outputs",
    "padding",
    "password",
    "path",
    "placeholder",
    "preconditions",
    "print",
    "prompt",
    "provider",
    "query",
    "rate",
    "regex",
    "repeat",
    "reset",
    "retry",
    "runtime",
    "runtime_auto_start",
    "script",
    "separator",
    "shell",
    "show",
    "source",
    "stack",
    "steps",
    "strikethrough",
    "subpath",
    "text",
    "timeout",
    "title",
    "tools",
    "tty",
    "type",
    "underline",
    "url",
    "vars",
    "viewport",
    "voice",
    "when",
    "width",
    "with",
    "working_directory",
    "write_rate",
];

const CODE: &str = "atmos::step::unknown_key";

/// The keys of a map that are none of `known`. `owner` says whose they are.
pub fn unknown_keys(node: &Node, known: &[&str], owner: &str, sources: &Sources) -> Vec<Remark> {
    // Keys with this beginning are there for anchors.
    let is_unknown = |key: &str| !known.contains(&key) && !key.starts_with("x-");
    let unknown = node.as_map().into_iter().flatten().filter(|(key, _)| is_unknown(key));
    unknown
        .map(|(key, _)| {
            let message = format!("unknown key `{key}` of {owner}: nothing reads it");
            let near = nearest(key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| "leave it out".to_owned());
            Remark::new(CODE, place_of_key(sources, node, key), message).help(help)
        })
        .collect()
}

/// The same for a list of steps, and for the steps in them.
pub fn remarks(list: &Node, owner: &str, sources: &Sources) -> Vec<Remark> {
    let nodes = list.as_list().unwrap_or_default();
    let names = super::read::names(nodes);
    let of = |(node, name): (&Node, &String)| {
        let own = format!("the step `{name}` of {owner}");
        let mut found = unknown_keys(node, &KEYS, &own, sources);
        if let Some(inner) = node.get("steps") {
            found.extend(remarks(inner, &own, sources));
        }
        found
    };
    nodes.iter().zip(&names).flat_map(of).collect()
}

/// The key that was mistyped where this one is missing.
pub(super) fn mistyped<'n>(node: &'n Node, missing: &str) -> Option<&'n str> {
    let unknown = node.as_map().into_iter().flatten().map(|(key, _)| &**key).filter(|key| !KEYS.contains(key));
    nearest(missing, unknown)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::{Kind, read};
    use super::*;
    use crate::validate::{MANIFEST_SCHEMA, Schema, document};
    use crate::value::from_json;

    fn schema_of(definition: &str) -> Json {
        let schema: Json = serde_json::from_str(MANIFEST_SCHEMA).unwrap();
        schema["$defs"][definition].clone()
    }

    #[test]
    fn the_published_schema_has_the_same_keys() {
        let schema = schema_of("workflow_step");
        let published: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut sorted = published.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, KEYS);
    }

    /// What the reader takes, the schema takes; what it refuses for its form, the schema refuses.
    #[test]
    fn the_published_schema_takes_what_runs() {
        let schema = Schema::embedded().unwrap();
        let both = |step: &Json| {
            let sources = Sources::new();
            let list = from_json(&json!([step]));
            let manifest = from_json(&json!({"workflows": {"w: ü": {"steps": [step], "env": {"A": 1, "B": null}}}}));
            let found = document(&sources, &schema, &manifest);
            let told = found.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; ");
            (read(&list, &Kind::Atmos, "it", &sources).is_ok(), found.is_empty(), told)
        };
        for step in [
            json!("describe stacks"),
            json!({"command": "x", "retry": {"max_attempts": 2, "conditions": ["/x/"], "multiplier": 0.5}}),
            json!({"command": "x", "retry": {"max_attempts": "2", "conditions": "x", "initial_delay": 2}}),
            json!({"command": "x", "retry": null, "when": true, "continue": false, "timeout": 30, "name": 1}),
            json!({"command": "x", "when": ["ci", {"any": ["local", true]}], "env": {"A": 1, "B": true, "C": null}}),
            json!({"type": "http", "url": "http://x", "expect": {"status": 200, "response": "ok"}, "query": {"n": 1}}),
            json!({"type": "confirm", "prompt": "x", "default": true}),
            json!({"type": "filter", "prompt": "x", "options": [1, "b"], "limit": "2"}),
            json!({"type": "matrix", "matrix": {"n": [1, true]}, "steps": ["x", {"command": "y", "needs": "step1"}]}),
            json!({"type": "parallel", "steps": ["x"], "max_concurrency": "2", "output": "grouped"}),
            json!({"type": "env", "vars": {"A": 1}}),
            json!({"type": "require", "tools": "sh"}),
            json!({"type": "exit", "code": "3"}),
            json!({"type": "table", "data": [{"a": 1}], "columns": "a"}),
        ] {
            assert_eq!(both(&step), (true, true, String::new()), "{step}");
        }
        for step in [
            json!([1]),
            json!({"command": ["x"]}),
            json!({"command": "x", "env": ["A=1"]}),
            json!({"command": "x", "retry": {"backoff_strategy": "quick"}}),
            json!({"command": "x", "timeout": ["1s"]}),
            json!({"command": "x", "when": {"either": []}}),
            json!({"type": "http", "url": "x", "expect": 200}),
            json!({"type": "parallel", "steps": ["x"], "output": {"mode": "loud"}}),
            json!({"type": "matrix", "matrix": {"n": []}, "steps": ["x"]}),
        ] {
            let (reads, fits, _) = both(&step);
            assert!(!reads && !fits, "{step}: {reads} {fits}");
        }
    }

    #[test]
    fn unknown_keys_are_named_in_steps_of_steps_too() {
        let list =
            from_json(&json!([{"name": "a", "comand": "x"}, {"type": "parallel", "steps": [{"q": 1, "wehn": "ci"}]}]));
        let found: Vec<String> =
            remarks(&list, "it", &Sources::new()).iter().map(|one| format!("{} {}", one.message, one.help)).collect();
        assert_eq!(
            found,
            [
                "unknown key `comand` of the step `a` of it: nothing reads it did you mean `command`?",
                "unknown key `q` of the step `step1` of the step `step2` of it: nothing reads it leave it out",
                "unknown key `wehn` of the step `step1` of the step `step2` of it: nothing reads it did you mean `when`?",
            ]
        );
    }
}
