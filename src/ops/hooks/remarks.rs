//! What in the hooks of a component means nothing: no run says it, since the reference takes it in silence.

use super::event;
use crate::component::Instance;
use crate::diag::{Remark, nearest};
use crate::value::{Node, Value};

/// Keys of hooks of every kind, those that are not built yet included.
const KEYS: [&str; 20] = [
    "args",
    "backend_config",
    "command",
    "commit",
    "config",
    "env",
    "events",
    "format",
    "kind",
    "migration",
    "mode",
    "name",
    "on_failure",
    "outputs",
    "push",
    "repository",
    "results",
    "retry",
    "type",
    "when",
];

/// The same, for steps.
const PAYLOAD: &str = "with";

/// Unknown keys, events that never come, and stores that are not there. `stores` are the names of those of the
/// configuration.
pub(in crate::ops) fn remarks(instance: &Instance, stores: &[&str]) -> Vec<Remark> {
    let mut found = Vec::new();
    for (name, hook) in instance.sections.hooks.as_map().into_iter().flatten() {
        let remark = |code, node: &Node, message: String, help: String| {
            let span = if node.span.is_known() { node.span } else { hook.span };
            Remark::new(code, span, format!("hook `{name}`: {message}")).help(help).of(&instance.name)
        };
        for (key, node) in hook.as_map().into_iter().flatten() {
            if !KEYS.contains(&&**key) && &**key != PAYLOAD {
                let help = nearest(key, KEYS.iter().copied().chain([PAYLOAD]))
                    .map_or_else(|| format!("keys of hooks: {}, {PAYLOAD}", KEYS.join(", ")), suggestion);
                let message = format!("`{key}` is no key of hooks, and nothing reads it");
                found.push(remark("atmos::hooks::unknown_key", node, message, help));
            }
        }
        for node in events(hook) {
            let Some(text) = node.as_str().filter(|text| !text.contains("{{") && !event::is_known(text)) else {
                continue;
            };
            let plain = text.trim().replace('-', ".");
            let known = event::names();
            let help = nearest(&plain, known.iter().map(String::as_str))
                .map_or_else(|| "events are named as in `after.terraform.apply`".to_owned(), suggestion);
            let message = format!("there is no event `{text}`, so that it never runs the hook");
            found.push(remark("atmos::hooks::unknown_event", node, message, help));
        }
        let kind = hook.get("kind").or_else(|| hook.get("command")).and_then(Node::as_str);
        if let Some(node) = hook.get("name").filter(|_| kind == Some("store"))
            && let Some(store) = node.as_str()
            && !store.contains("{{")
            && !stores.contains(&store)
        {
            let help = nearest(store, stores.iter().copied())
                .map_or_else(|| "name a store of `stores` in `atmos.yaml`".to_owned(), suggestion);
            found.push(remark("atmos::hooks::unknown_store", node, format!("there is no store `{store}`"), help));
        }
    }
    found
}

fn suggestion(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// The events as they are written.
fn events(hook: &Node) -> &[Node] {
    match hook.get("events") {
        Some(Node { value: Value::List(list), .. }) => list,
        Some(one) if one.as_str().is_some_and(|text| !text.is_empty()) => std::slice::from_ref(one),
        _ => &[],
    }
}
