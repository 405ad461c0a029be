//! Sections that a component may have and that no run honours yet. What would change the result is an error, what only
//! makes a run more comfortable is a warning; nothing is passed over in silence.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::component::Instance;
use crate::diag::{Failure, Result, Warning};
use crate::ops::App;
use crate::value::Node;

/// A section that must not be ignored.
#[derive(Debug, ThisError, Diagnostic)]
#[error("`{what}` of the component `{component}` is not built yet{place}")]
#[diagnostic(code(atmos::ops::not_built), help("{help}"))]
pub(super) struct NotBuilt {
    what: String,
    component: String,
    place: String,
    help: String,
}

impl Failure for NotBuilt {}

/// Sub-commands that hooks of the reference run around.
const HOOKED: [&str; 7] = ["init", "plan", "apply", "deploy", "output", "refresh", "test"];

/// Refuses what a run of `verb` would have to honour, and warns of the rest.
///
/// # Errors
/// [`NotBuilt`] with the place of the section.
pub(super) fn check(app: &App, instance: &Instance, verb: &str, skip_hooks: bool) -> Result<()> {
    let sections = &instance.sections;
    let refuse = |what: &str, node: &Node, help: &str| {
        let place = app.host.sources.place(node.span).map(|place| format!(" ({place})")).unwrap_or_default();
        NotBuilt { what: what.to_owned(), component: instance.name.clone(), place, help: help.to_owned() }
    };
    if let Some(workdir) = sections.provision.get("workdir").filter(|node| enabled(node)) {
        return Err(refuse("provision.workdir", workdir, "set `provision.workdir.enabled: false`").into());
    }
    let folder = instance.path(&app.config);
    if !sections.source.is_empty() && folder.is_none_or(|folder| !folder.is_dir()) {
        return Err(refuse("source", &sections.source, "put the component into its folder yourself").into());
    }
    if let Some(hook) = hook(&sections.hooks, verb, instance.kind.key()).filter(|_| !skip_hooks) {
        return Err(refuse("hooks", hook, "`--skip-hooks` runs the component without its hooks").into());
    }
    let ignored = [
        ("retry", !sections.retry.is_empty()),
        ("provision.backend", sections.provision.get("backend").is_some_and(enabled)),
        ("dependencies.tools", sections.dependencies.get("tools").is_some_and(|node| !node.is_empty())),
    ];
    for (what, _) in ignored.into_iter().filter(|(_, present)| *present) {
        let message = format!("`{what}` of {} in {} is not built yet and has no effect", instance.name, instance.stack);
        app.host.talk.warn(Warning::new("atmos::ops::no_effect", message));
    }
    Ok(())
}

fn enabled(node: &Node) -> bool {
    node.get("enabled").and_then(Node::as_bool) == Some(true)
}

/// The first hook that would run before or after the sub-command.
fn hook<'a>(hooks: &'a Node, verb: &str, kind: &str) -> Option<&'a Node> {
    if kind == "terraform" && !HOOKED.contains(&verb) {
        return None;
    }
    // `deploy` and `sync` are the same events as `apply`.
    let names = if matches!(verb, "deploy" | "sync") { vec![verb, "apply"] } else { vec![verb] };
    let concerns = |event: &str| {
        let event = event.replace('-', ".");
        names.iter().any(|name| event.ends_with(&format!("{kind}.{name}")))
    };
    hooks.as_map()?.values().find(|hook| match hook.get("events").and_then(Node::as_list) {
        Some(events) => events.iter().filter_map(Node::as_str).any(concerns),
        None => hook.as_map().is_some_and(|map| !map.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn hooks_concern_only_their_events() {
        let hooks = from_json(&json!({
            "a": {"events": ["after-terraform-apply"], "kind": "store"},
            "b": {"events": ["before.terraform.plan"], "kind": "command"},
        }));
        for (verb, found) in [("plan", true), ("apply", true), ("deploy", true), ("output", false), ("validate", false)]
        {
            assert_eq!(hook(&hooks, verb, "terraform").is_some(), found, "{verb}");
        }
        let always = from_json(&json!({"a": {"kind": "command"}}));
        assert!(hook(&always, "plan", "terraform").is_some());
        assert!(hook(&always, "validate", "terraform").is_none());
    }
}
