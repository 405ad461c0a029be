//! What a command is about: one component, or every component of a stack.

use super::{Error, RunRequest};
use crate::diag::Result;
use crate::exec::terraform::Verb;

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
const FLEET: [&str; 6] = ["init", "plan", "apply", "deploy", "destroy", "providers"];

/// Decides by component, stack and `--all`.
pub(super) fn select(request: &RunRequest, verb: Verb) -> Result<Selection> {
    let command = request.request.command();
    let stack = request.stack.clone().filter(|stack| !stack.is_empty());
    if request.all && !FLEET.contains(&request.request.words[0].as_str()) {
        return Err(Error::AllNotSupported { command }.into());
    }
    if let Some(component) = &request.component {
        if request.all {
            return Err(Error::ComponentAndFleet { component: component.clone(), flag: "--all" }.into());
        }
        let Some(stack) = stack else { return Err(Error::StackRequired.into()) };
        return Ok(Selection::One { component: component.clone(), stack });
    }
    if verb.single {
        return Err(Error::ComponentRequired { command }.into());
    }
    if stack.is_none() && !request.all {
        return Err(Error::StackRequired.into());
    }
    let saved = [
        (request.request.planfile.is_some(), "--planfile"),
        (request.request.from_plan.is_some(), "--from-plan"),
        (request.format.is_some(), "--format"),
    ];
    if let Some((_, flag)) = saved.into_iter().find(|(given, _)| *given) {
        return Err(Error::PlanfileAndFleet { flag }.into());
    }
    Ok(Selection::Stack { stack })
}
