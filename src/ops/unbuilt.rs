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

/// Refuses what a run would have to honour, and warns of the rest.
///
/// # Errors
/// [`NotBuilt`] with the place of the section.
pub(super) fn check(app: &App, instance: &Instance) -> Result<()> {
    let sections = &instance.sections;
    let refuse = |what: &str, node: &Node, help: &str| {
        let place = app.host.sources.place(node.span).map(|place| format!(" ({place})")).unwrap_or_default();
        NotBuilt { what: what.to_owned(), component: instance.name.clone(), place, help: help.to_owned() }
    };
    if let Some(validation) = sections.settings.get("validation").filter(|node| validates(node)) {
        let help = "policies are not checked yet; set `disabled: true` in each entry to run without them";
        return Err(refuse("settings.validation", validation, help).into());
    }
    let ignored = [("dependencies.tools", sections.dependencies.get("tools").is_some_and(|node| !node.is_empty()))];
    for (what, _) in ignored.into_iter().filter(|(_, present)| *present) {
        let message = format!("`{what}` of {} in {} is not built yet and has no effect", instance.name, instance.stack);
        app.host.talk.warn(Warning::new("atmos::ops::no_effect", message));
    }
    Ok(())
}

fn validates(node: &Node) -> bool {
    let entries = node.as_map().into_iter().flatten();
    entries.map(|(_, entry)| entry).any(|entry| entry.get("disabled").and_then(Node::as_bool) != Some(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn disabled_policies_are_no_policies() {
        assert!(validates(&from_json(&json!({"x": {"schema_type": "opa"}}))));
        assert!(!validates(&from_json(&json!({"x": {"disabled": true}}))));
        assert!(!validates(&Node::default()));
    }
}
