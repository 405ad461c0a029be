//! Asks a person for the component and the stack that a command does not name.

use super::RunRequest;
use crate::component::{self, Asked, Kind};
use crate::diag::Result;
use crate::exec::terraform::Verb;
use crate::host::prompt;
use crate::ops::App;

/// The request with what the person chose; `None` where nothing is missing or nobody can be asked.
pub(super) fn missing(app: &App, request: &RunRequest, verb: Verb) -> Result<Option<RunRequest>> {
    let many = request.many.flag().is_some();
    let stack = request.stack.as_deref().filter(|stack| !stack.is_empty());
    // A stack without a component is a run of everything in it.
    let complete = match (&request.component, stack) {
        (Some(_), Some(_)) => true,
        (None, Some(_)) => !verb.single,
        (_, None) => false,
    };
    if complete || many || request.request.words == ["version"] || !app.host.terminal.can_prompt() {
        return Ok(None);
    }
    let (component, stack) = choose(app, &Kind::Terraform, request.component.as_deref(), stack)?;
    Ok(Some(RunRequest { component: Some(component), stack: Some(stack), ..request.clone() }))
}

/// Asks for whichever of the two is missing. Only what can be run is offered.
pub(in crate::ops) fn choose(
    app: &App,
    kind: &Kind,
    component: Option<&str>,
    stack: Option<&str>,
) -> Result<(String, String)> {
    let summaries =
        component::usable(&app.host, &app.config, app.index()?, component::Nameless::LeftOut, &Asked::only([]))?;
    let offered: Vec<_> = summaries
        .into_iter()
        .filter(|summary| summary.kind == *kind && !summary.abstract_ && summary.enabled)
        .collect();
    let component = if let Some(component) = component {
        component.to_owned()
    } else {
        let names = offered.iter().filter(|summary| stack.is_none_or(|stack| stack == summary.stack));
        pick("Choose a component", names.map(|summary| summary.name.clone()).collect())?
    };
    let stack = if let Some(stack) = stack {
        stack.to_owned()
    } else {
        let folder = folder(app, kind, &component);
        let has = |summary: &&component::Summary| match &folder {
            Some(folder) => summary.folder == *folder,
            None => summary.name == component,
        };
        pick("Choose a stack", offered.iter().filter(has).map(|summary| summary.stack.clone()).collect())?
    };
    Ok((component, stack))
}

/// The folder that a component stands for which is given by its path.
fn folder(app: &App, kind: &Kind, component: &str) -> Option<String> {
    let is_path = component.starts_with('.') || component.starts_with('/');
    let base = kind.base_path(&app.config).filter(|_| is_path)?;
    let path = app.host.absolute(std::path::Path::new(component));
    Some(path.strip_prefix(base).ok()?.to_string_lossy().into_owned())
}

fn pick(title: &str, mut names: Vec<String>) -> Result<String> {
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(super::Error::StackRequired.into());
    }
    let index = prompt::pick(title, names.clone()).map_err(|_| crate::auth::Error::Aborted)?;
    Ok(names.swap_remove(index))
}
