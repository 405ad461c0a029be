//! `terraform backend …`: what keeps the states of a component. Row 12.

use std::sync::Arc;

use miette::Diagnostic;
use thiserror::Error as ThisError;

use super::reach::Deed;
use super::{App, protection};
use crate::auth::resolution::Flag;
use crate::component::{self, Filter, Instance, Kind};
use crate::diag::{Failure, Result, Warning};
use crate::resolve;
use crate::state::Wish;
use crate::state::keeper::{Keeper, is_made};
use crate::value::{Map, Node};

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("stack is required; specify it on the command line using the flag --stack <stack> (shorthand -s)")]
    #[diagnostic(code(atmos::backend::stack_required), help("`atmos list stacks` shows the stacks"))]
    StackRequired,

    #[error("component is required: command \"backend {command}\" requires an argument")]
    #[diagnostic(code(atmos::backend::component_required), help("name a component and its stack"))]
    ComponentRequired { command: &'static str },

    #[error("provisioning not configured: `provision.backend.enabled` of {component} in {stack} is not true")]
    #[diagnostic(
        code(atmos::backend::not_configured),
        help("set `provision: {{backend: {{enabled: true}}}}` for the component")
    )]
    NotConfigured { component: String, stack: String },

    #[error("{action} not implemented for backend type `{kind}` of {component} in {stack}")]
    #[diagnostic(code(atmos::backend::kind), help("backends that are built: s3, azurerm, gcs"))]
    Kind { action: &'static str, kind: String, component: String, stack: String },

    #[error("deleting the backend of {component} in {stack} with every state in it needs --force")]
    #[diagnostic(code(atmos::backend::force), help("look at it with `backend describe`, then add `--force`"))]
    Force { component: String, stack: String },

    #[error("backend not found: the {what} `{name}`{place} does not exist")]
    #[diagnostic(code(atmos::backend::not_found), help("correct `backend.{kind}` of the component"))]
    NotFound { what: &'static str, name: String, place: String, kind: String },
}

impl Failure for Error {}

/// One component's backend.
#[derive(Debug, Clone, Default)]
pub struct BackendRequest {
    pub component: Option<String>,
    pub stack: Option<String>,
    pub identity: Flag,
    pub force: bool,
    pub evaluation: resolve::Options,
}

/// Makes the backend, or brings it up to date.
///
/// # Errors
/// Nobody said that it may be made, its kind is not built, the service refuses.
pub async fn create(app: &App, request: &BackendRequest, command: &'static str) -> Result<()> {
    let instance = instance(app, request, command)?;
    if !is_provisioned(&instance) {
        let (component, stack) = (instance.name.clone(), instance.stack.clone());
        return Err(Error::NotConfigured { component, stack }.into());
    }
    make(app, &instance, &request.identity, command).await
}

/// The same before `init`, where a component wants it.
pub(super) async fn ensure(app: &App, instance: &Instance, identity: &Flag) -> Result<()> {
    if !is_provisioned(instance) {
        return Ok(());
    }
    check_kind(instance, "create")?;
    let (known, _) = app.keeper(instance, &wish(identity), Deed::Look).await?;
    if known.exists { Ok(()) } else { make(app, instance, identity, "create").await }
}

async fn make(app: &App, instance: &Instance, identity: &Flag, action: &'static str) -> Result<()> {
    check_kind(instance, action)?;
    let (made, _) = app.keeper(instance, &wish(identity), Deed::Make).await?;
    let (kind, changed) = match instance.sections.backend_type.as_str() {
        "azurerm" => ("azurerm", "versions of blobs are on now, and what is deleted can be had back for 30 days"),
        "gcs" => ("gcs", "versions are on now, and public access is prevented"),
        _ => (
            "S3",
            "versions are on now, encryption is AES-256, public access is blocked, and its tags are Name and ManagedBy",
        ),
    };
    if made.begun {
        let message = format!("the {} `{}` was there; {changed}", made.what, made.name);
        app.host.talk.warn(Warning::new("atmos::backend::existed", message));
    }
    let (component, stack) = (&instance.name, &instance.stack);
    app.host.talk.success(format!("Provisioned {kind} backend `{}` for {component} in {stack}", made.name));
    Ok(())
}

/// Deletes the backend with everything in it.
///
/// # Errors
/// Nobody said that it may go, it is not there, its kind is not built, the service refuses.
pub async fn delete(app: &App, request: &BackendRequest) -> Result<()> {
    let instance = instance(app, request, "delete")?;
    check_kind(&instance, "delete")?;
    protection::check_state(app, &instance, "terraform backend delete")?;
    if !request.force {
        return Err(Error::Force { component: instance.name, stack: instance.stack }.into());
    }
    let (gone, count) = app.keeper(&instance, &wish(&request.identity), Deed::Remove).await?;
    let Keeper { what, name, place, .. } = gone;
    if !gone.begun {
        let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
        return Err(Error::NotFound { what, name, place, kind: instance.sections.backend_type }.into());
    }
    let content = count.map_or("everything in it".to_owned(), |count| format!("{count} version(s) of objects"));
    app.host.talk.success(format!("Backend deleted: {what} `{name}` and {content} removed"));
    Ok(())
}

/// The backend of a component, and whether it is there.
///
/// # Errors
/// The service refuses to say.
pub async fn describe(app: &App, request: &BackendRequest) -> Result<Node> {
    let instance = instance(app, request, "describe")?;
    let sections = &instance.sections;
    let mut facts = vec![
        ("backend_type", Node::from(sections.backend_type.as_str())),
        ("backend", sections.backend.clone()),
        ("workspace", Node::from(instance.workspace.as_str())),
        ("provisioned", Node::from(is_provisioned(&instance))),
    ];
    if is_made(&sections.backend_type) {
        let (found, _) = app.keeper(&instance, &wish(&request.identity), Deed::Look).await?;
        facts.push(("exists", Node::from(found.exists)));
    }
    let named = [("component", Node::from(instance.name.as_str())), ("stack", Node::from(instance.stack.as_str()))];
    Ok(map(named.into_iter().chain(facts)))
}

/// One backend in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub component: String,
    pub stack: String,
    pub kind: String,
    /// Bucket, container or path.
    pub name: String,
    pub provisioned: bool,
}

/// The backends of the components of a stack, or of all. Nobody is asked whether they are there.
///
/// # Errors
/// An instance that cannot be evaluated.
pub fn list(app: &App, stack: Option<&str>, evaluation: &resolve::Options) -> Result<Vec<Row>> {
    let stack = stack.filter(|stack| !stack.is_empty()).map(str::to_owned);
    let filter = Filter { stack, kinds: vec![Kind::Terraform], ..Filter::default() };
    let sections = ["backend", "provision"].map(str::to_owned).to_vec();
    let options = resolve::Options { sections, ..evaluation.clone() };
    let mut rows = Vec::new();
    for found in component::all(&app.host, &app.config, app.index()?, &filter)? {
        if found.abstract_ {
            continue;
        }
        let instance = app.evaluate(&found, &options)?;
        let text = |key: &str| instance.sections.backend.get(key).and_then(Node::scalar_text);
        let name = ["bucket", "container_name", "address", "path"].into_iter().find_map(text).unwrap_or_default();
        rows.push(Row {
            component: instance.name.clone(),
            stack: instance.stack.clone(),
            kind: instance.sections.backend_type.clone(),
            name,
            provisioned: is_provisioned(&instance),
        });
    }
    rows.sort_by(|left, right| (&left.stack, &left.component).cmp(&(&right.stack, &right.component)));
    Ok(rows)
}

fn is_provisioned(instance: &Instance) -> bool {
    instance.sections.provision.get_path(["backend", "enabled"]).and_then(Node::as_bool) == Some(true)
}

fn check_kind(instance: &Instance, action: &'static str) -> Result<(), Error> {
    if is_made(&instance.sections.backend_type) {
        return Ok(());
    }
    Err(Error::Kind {
        action,
        kind: instance.sections.backend_type.clone(),
        component: instance.name.clone(),
        stack: instance.stack.clone(),
    })
}

fn wish(identity: &Flag) -> Wish {
    Wish { flag: identity.clone(), runs: true }
}

fn instance(app: &App, request: &BackendRequest, command: &'static str) -> Result<Instance> {
    let component = request.component.as_deref().ok_or(Error::ComponentRequired { command })?;
    let stack = request.stack.as_deref().filter(|stack| !stack.is_empty()).ok_or(Error::StackRequired)?;
    let kind = Some(Kind::Terraform);
    let found = component::find(&app.host, &app.config, app.index()?, component, stack, kind)?;
    let identity = wish(&request.identity);
    app.evaluate(&found, &resolve::Options { identity, ..request.evaluation.clone() })
}

fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Node)>) -> Node {
    Node::from(entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
}
