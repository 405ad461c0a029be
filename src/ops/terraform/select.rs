//! What a command is about: one component, or many of one stack or of all.

use super::{Error, RunRequest};
use crate::diag::Result;
use crate::exec::terraform::Verb;
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

/// Sub-commands that know `--all`.
const FLEET: [&str; 7] = ["init", "plan", "apply", "deploy", "destroy", "providers", "migrate"];

/// Decides by component, stack, `--all` and the flags that choose among many components.
pub(super) fn select(request: &RunRequest, verb: Verb) -> Result<Selection> {
    let command = request.request.command();
    let stack = request.stack.clone().filter(|stack| !stack.is_empty());
    let options = &request.many;
    if options.all && !FLEET.contains(&request.request.words[0].as_str()) {
        return Err(Error::AllNotSupported { command }.into());
    }
    if let Some(component) = &request.component {
        if let Some(flag) = options.flag() {
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
    let chosen = options.flag().is_some();
    if verb.single && !(chosen && request.request.words[0] == "providers") {
        return Err(Error::ComponentRequired { command }.into());
    }
    if stack.is_none() && !chosen {
        if let Some(flag) = options.closure() {
            return Err(many::Error::ClosureAlone { flag }.into());
        }
        return Err(Error::StackRequired.into());
    }
    let saved =
        [(request.request.planfile.is_some(), "--planfile"), (request.request.from_plan.is_some(), "--from-plan")];
    if let Some((_, flag)) = saved.into_iter().find(|(given, _)| *given) {
        return Err(Error::PlanfileAndFleet { flag }.into());
    }
    if request.format.is_some() {
        return Err(Error::FormatAndFleet.into());
    }
    Ok(Selection::Stack { stack })
}
