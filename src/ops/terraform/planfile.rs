//! `terraform generate planfile`: a plan as a document.

use std::path::PathBuf;
use std::str::FromStr;

use serde_json::Value as Json;

use super::single::{self, Ready, Work, children};
use super::{Error, RunRequest, ask};
use crate::auth::resolution::Need;
use crate::component::{self, Kind};
use crate::diag::Result;
use crate::exec::Output;
use crate::exec::files::{File, PRIVATE, narrow, remove};
use crate::exec::signals::Signals;
use crate::ops::access::Access;
use crate::ops::hooks::Skip;
use crate::ops::{App, child};
use crate::value::from_json;
use crate::yaml;

/// How the document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlanfileForm {
    #[default]
    Json,
    Yaml,
}

impl FromStr for PlanfileForm {
    type Err = Error;

    fn from_str(text: &str) -> Result<PlanfileForm, Error> {
        match text {
            "json" => Ok(PlanfileForm::Json),
            "yaml" => Ok(PlanfileForm::Yaml),
            other => Err(Error::Format { format: other.to_owned(), valid: "json, yaml" }),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct PlanfileRequest {
    /// A `plan`, with the words for terraform.
    pub run: RunRequest,
    /// `None`: beside the planfile, in the component's folder.
    pub file: Option<PathBuf>,
    pub form: PlanfileForm,
}

/// Plans, and writes the plan as a document.
///
/// # Errors
/// Those of a plan.
pub async fn generate_planfile(app: &App, request: &PlanfileRequest) -> Result<()> {
    let Some(ready) = ready(app, &request.run)? else { return Ok(()) };
    if request.run.dry_run {
        single::announce_dry_run(app, &request.run, &ready.target.component, &ready.target.stack);
        return Ok(());
    }
    let (access, mut signals) = (child::access(app)?, Signals::listen()?);
    let plan = Box::pin(fresh(app, &request.run, &ready, &access, &mut signals)).await?;
    let (extension, content) = match request.form {
        PlanfileForm::Json => ("json", format!("{plan:#}\n")),
        PlanfileForm::Yaml => ("yaml", yaml::emit(&from_json(&plan), 2)),
    };
    let name = format!("{}.{extension}", ready.target.names().planfile());
    let file = File { name, content, mode: PRIVATE };
    let path = match &request.file {
        Some(path) => app.host.absolute(path),
        None => ready.target.folder.join(&file.name),
    };
    file.write_to(&path)?;
    app.host.talk.success(format!("Generated planfile {}", super::shown(app, &path)));
    Ok(())
}

/// The component of a request that is about exactly one.
pub(super) fn ready(app: &App, request: &RunRequest) -> Result<Option<Ready>> {
    let command = || Error::ComponentRequired { command: request.request.command() };
    let stack = request.stack.as_deref().filter(|stack| !stack.is_empty());
    let (component, stack) = match (request.component.as_deref(), stack) {
        (Some(component), Some(stack)) => (component.to_owned(), stack.to_owned()),
        (component, stack) if app.host.terminal.can_prompt() => ask::choose(app, &Kind::Terraform, component, stack)?,
        (None, _) => return Err(command().into()),
        (Some(_), None) => return Err(Error::StackRequired.into()),
    };
    let kind = Some(Kind::Terraform);
    let found = component::find(&app.host, &app.config, app.index()?, &component, &stack, kind)?;
    // Hooks belong to the commands that people give.
    single::prepare(app, &RunRequest { skip_hooks: Skip::All, ..request.clone() }, &found)
}

/// A new plan as JSON. The planfile that `plan` saves is left alone.
pub(super) async fn fresh(
    app: &App,
    request: &RunRequest,
    ready: &Ready,
    access: &Access,
    signals: &mut Signals,
) -> Result<Json> {
    let name = format!("{}.{}", std::process::id(), ready.target.names().planfile());
    let mut run = request.clone();
    run.request.words = vec!["plan".to_owned()];
    run.request.skip_planfile = Some(true);
    run.request.native.splice(..0, ["-out".to_owned(), name.clone()]);
    run.output = Some(Output::Stderr);
    let planned = children(app, alone(&run, ready), access, signals).await;
    let shown = match planned.and_then(|_| Ok(narrow(&ready.target.folder.join(&name))?)) {
        Ok(()) => show(app, request, ready, &name, access, signals).await,
        Err(report) => Err(report),
    };
    let removed = remove(&ready.target.folder, &name);
    let plan = shown?;
    removed?;
    Ok(plan)
}

/// A run of one component by itself.
fn alone<'a>(request: &'a RunRequest, ready: &'a Ready) -> Work<'a> {
    Work { request, ready, need: Need::Run, relay: None }
}

/// A planfile as JSON.
pub(super) async fn show(
    app: &App,
    request: &RunRequest,
    ready: &Ready,
    file: &str,
    access: &Access,
    signals: &mut Signals,
) -> Result<Json> {
    let mut run = request.clone();
    run.request.words = vec!["show".to_owned()];
    run.request.native = vec!["-no-color".to_owned(), "-json".to_owned(), file.to_owned()];
    run.request.init_pass_vars = Some(false);
    (run.output, run.without_variables) = (Some(Output::Value), true);
    let finished = children(app, alone(&run, ready), access, signals).await?;
    let plan = serde_json::from_slice(&finished.data);
    Ok(plan.map_err(|error| Error::OutputUnreadable { reason: error.to_string() })?)
}
