//! What a command is about: one component, or many of one stack or of all.

use super::{Error, Form, RunRequest};
use crate::diag::Result;
use crate::exec::terraform::{FromPlan, Verb};
use crate::ops::many;

/// The subject of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection {
    One {
        component: String,
        stack: String,
    },
    /// Every component of one stack, or of all stacks.
    Stack {
        stack: Option<String>,
    },
}

/// Whether the words of a sub-command name something in the state of one component.
fn is_about_one(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(words.as_slice(), ["state", "mv" | "push" | "rm"])
}

/// Decides by component, stack, `--all` and the flags that choose among many components.
pub(super) fn select(request: &RunRequest, verb: Verb) -> Result<Selection> {
    let command = request.request.command();
    let stack = request.stack.clone().filter(|stack| !stack.is_empty());
    let options = &request.many;
    if let Some(component) = &request.component {
        if let Some(flag) = options.flag().or(options.narrowing()) {
            return Err(many::Error::ComponentAndFleet { component: component.clone(), flag }.into());
        }
        if let Some(flag) = options.closure() {
            return Err(many::Error::ClosureAlone { flag }.into());
        }
        let Some(stack) = stack else { return Err(Error::StackRequired.into()) };
        return Ok(Selection::One { component: component.clone(), stack });
    }
    if let Some(flag) = options.beside_affected() {
        return Err(many::Error::AffectedAndFleet { flag }.into());
    }
    let chosen = options.flag();
    if let Some(flag) = chosen.filter(|_| is_about_one(&request.request.words)) {
        return Err(many::Error::AboutOne { command: format!("terraform {command}"), flag }.into());
    }
    let chosen = chosen.is_some();
    if verb.single && !chosen {
        return Err(Error::ComponentRequired { command }.into());
    }
    if stack.is_none() && !chosen {
        if let Some(flag) = options.closure().or(options.narrowing()) {
            return Err(many::Error::ClosureAlone { flag }.into());
        }
        return Err(Error::StackRequired.into());
    }
    let names_file = matches!(request.request.from_plan, Some(FromPlan::File(_)));
    let saved = [(request.request.planfile.is_some(), "--planfile"), (names_file, "--from-plan=FILE")];
    if let Some((_, flag)) = saved.into_iter().find(|(given, _)| *given) {
        return Err(Error::PlanfileAndFleet { flag }.into());
    }
    if request.format.as_ref().is_some_and(|format| !matches!(format.form, Form::Json | Form::Yaml)) {
        return Err(Error::FormatAndFleet.into());
    }
    Ok(Selection::Stack { stack })
}
