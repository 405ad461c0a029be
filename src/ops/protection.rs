//! `settings.deletion_protection`: what nobody takes away by accident.
//!
//! A run that would destroy a protected component is refused before it starts, and of many components all of them are named
//! at once. Nothing on the command line lifts the protection: it is a line of the manifests, whose change others can see.

use miette::{Diagnostic, SourceSpan};
use rayon::prelude::*;
use thiserror::Error as ThisError;

use super::App;
use crate::component::Instance;
use crate::diag::{Failure, Result, SourceText};
use crate::resolve::Options;
use crate::stack::Located;
use crate::value::{Node, Value};

/// The setting.
const KEY: &str = "deletion_protection";

#[derive(Debug, ThisError, Diagnostic)]
pub(super) enum Error {
    #[error("`{command}` is refused, for this is protected against deletion (settings.deletion_protection): {}", protected.join(", "))]
    #[diagnostic(
        code(atmos::protection::protected),
        help(
            "to destroy it all the same, write `settings.deletion_protection: false` for it in its manifest, where others see \
             the change; in a run of many components `--exclude` leaves it out"
        )
    )]
    Protected {
        command: String,
        /// `component in stack`, each with the place of its setting.
        protected: Vec<String>,
    },

    #[error("`settings.deletion_protection` of {component} in {stack} is neither true nor false{place}")]
    #[diagnostic(code(atmos::protection::setting), help("write `true` or `false`; what is unclear protects"))]
    Setting {
        component: String,
        stack: String,
        place: String,
        #[source_code]
        source_code: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },
}

impl Failure for Error {}

/// Refuses what destroys an evaluated component that is protected.
///
/// # Errors
/// It is protected, or nobody can tell.
pub(super) fn check(app: &App, instance: &Instance, command: &str) -> Result<(), Error> {
    refuse(protected(app, instance)?.into_iter().collect(), command)
}

/// Refuses what takes the state of an evaluated component that is protected or locked.
///
/// # Errors
/// Those of [`check`]; it is locked.
pub(super) fn check_state(app: &App, instance: &Instance, command: &str) -> Result<()> {
    check(app, instance, command)?;
    if instance.locked {
        return Err(crate::exec::Error::Locked { component: instance.name.clone() }.into());
    }
    Ok(())
}

/// [`check`] of many components, as the manifests have them, before the first one is evaluated in full. One that cannot be
/// evaluated is left to its own turn, where that fails.
///
/// # Errors
/// Any of them is protected: then all that are.
pub(super) fn check_all(app: &App, instances: &[Instance], evaluation: &Options, command: &str) -> Result<()> {
    let protected = instances.par_iter().map(|instance| {
        if !is_open(instance) {
            return protected(app, instance);
        }
        let settings = Options { sections: vec!["settings".to_owned()], ..evaluation.clone() };
        match app.evaluate(instance, &settings) {
            Ok(evaluated) => protected(app, &evaluated),
            Err(report) => {
                tracing::debug!("whether {} in {} is protected is told later: {report}", instance.name, instance.stack);
                Ok(None)
            }
        }
    });
    let protected: Vec<Option<String>> = protected.collect::<Result<_, Error>>()?;
    Ok(refuse(protected.into_iter().flatten().collect(), command)?)
}

pub(super) fn refuse(protected: Vec<String>, command: &str) -> Result<(), Error> {
    if protected.is_empty() {
        return Ok(());
    }
    Err(Error::Protected { command: command.to_owned(), protected })
}

/// Only evaluation tells what the setting is.
fn is_open(instance: &Instance) -> bool {
    let settings = &instance.sections.settings;
    let is_layered = instance.layered.iter().any(|one| one.path.first().is_some_and(|key| &**key == "settings"));
    let is_written = match settings.get(KEY).map(|node| &node.value) {
        None => settings.is_null() || settings.as_map().is_some(),
        Some(value) => matches!(value, Value::Bool(_) | Value::Null),
    };
    is_layered || !is_written
}

/// What the component is called where it is protected, with the place that says so.
pub(super) fn protected(app: &App, instance: &Instance) -> Result<Option<String>, Error> {
    let Some(node) = instance.sections.settings.get(KEY) else { return Ok(None) };
    let place = app.host.sources.place(node.span).map(|place| format!(" ({place})"));
    match flag(node) {
        Some(true) => Ok(Some(format!("{} in {}{}", instance.name, instance.stack, place.unwrap_or_default()))),
        Some(false) => Ok(None),
        None => {
            let located = Located::new(&app.host.sources, node.span);
            Err(Error::Setting {
                component: instance.name.clone(),
                stack: instance.stack.clone(),
                place: located.text,
                source_code: located.source,
                at: located.at,
            })
        }
    }
}

/// A template gives a text. Nothing is no answer: below a stack that is protected it would lift the protection unseen.
fn flag(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clearly_false_does_not_protect() {
        for (node, expected) in [
            (Node::from(true), Some(true)),
            (Node::from(false), Some(false)),
            // Somebody began to write something.
            (Node::default(), None),
            (Node::from("true"), Some(true)),
            (Node::from(" false"), Some(false)),
            (Node::from("yes"), None),
            (Node::from(""), None),
            (Node::empty_map(), None),
        ] {
            assert_eq!(flag(&node), expected, "{node:?}");
        }
    }
}
