//! Components whose states can be migrated, and where that is recorded: `terraform migrate list`.

use rayon::prelude::*;

use super::Rows;
use super::facts::record;
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::component::{self, Filter, Instance, Kind};
use crate::diag::Result;
use crate::exec::terraform::migration::{History, TFMIGRATE, storage};
use crate::ops::App;
use crate::query::Query;
use crate::resolve;
use crate::value::Node;

/// What `terraform migrate list` shows.
#[derive(Debug, Clone, Default)]
pub struct MigrationsRequest {
    pub stack: Option<String>,
    /// Names; all of them when empty.
    pub components: Vec<String>,
    /// An expression that is true for the components to show.
    pub query: Option<String>,
    pub view: View,
    pub processing: resolve::Options,
}

/// The terraform components that can run, by stack and name.
///
/// # Errors
/// A view or an expression that is wrong, or an instance that cannot be evaluated.
pub fn migrations(app: &App, request: &MigrationsRequest) -> Result<Rows> {
    let shape = Shape::new(app, Subject::Migrations, &request.view)?;
    let shape = if request.view.sort.is_none() && !shape.shows(&["Component", "Stack"]) {
        Shape::with(app, Subject::Migrations, &request.view, Subject::Migrations.columns(), &[])?
    } else {
        shape
    };
    let query = request.query.as_deref().map(Query::parse).transpose()?;
    let filter = Filter {
        stack: request.stack.clone(),
        components: request.components.clone(),
        kinds: vec![Kind::Terraform],
        ..Filter::default()
    };
    let mut found = component::all(&app.host, &app.config, app.index()?, &filter)?;
    found.retain(|instance| !instance.abstract_ && instance.enabled);
    let mut processing = request.processing.clone();
    if query.is_none() {
        processing.sections = ["hooks", "backend"].map(str::to_owned).to_vec();
    }
    let fits = |instance: &Instance| match &query {
        // What the expression cannot be asked of does not fit.
        Some(query) => query.is_true(&Node::from(instance.to_map())).unwrap_or(false),
        None => true,
    };
    let rows: Vec<Result<Option<Node>>> = found
        .par_iter()
        .map(|instance| {
            let evaluated = app.evaluate(instance, &processing)?;
            Ok(fits(&evaluated).then(|| row(&evaluated)))
        })
        .collect();
    let rows = rows.into_iter().collect::<Result<Vec<_>>>()?;
    shape.apply(rows.into_iter().flatten().collect())
}

fn row(instance: &Instance) -> Node {
    let sections = &instance.sections;
    let history = History::of(&instance.stack, &instance.folder, &instance.workspace);
    let known = storage(&sections.backend_type, &sections.backend);
    let kept = |name: &str| {
        let value = known.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        Node::from(value.unwrap_or_default())
    };
    let hook = hook(&sections.hooks);
    let of_hook = |key: &str| Node::from(hook.and_then(|(_, hook)| hook.get(key)?.as_str()).unwrap_or_default());
    let mode = match (hook, of_hook("mode")) {
        (Some(_), mode) if mode.as_str() == Some("") => Node::from("dynamic"),
        (_, mode) => mode,
    };
    record([
        ("component", Node::from(instance.name.as_str())),
        ("stack", Node::from(instance.stack.as_str())),
        ("workspace", Node::from(history.workspace.as_str())),
        ("hook", Node::from(hook.map_or("", |(name, _)| name))),
        ("mode", mode),
        ("migration", of_hook("migration")),
        ("config", of_hook("config")),
        ("history_storage", kept("storage")),
        ("history_bucket", kept("bucket")),
        ("history_key", Node::from(history.key.as_str())),
        ("history_role_arn", kept("role_arn")),
        ("terraform_backend", Node::from(sections.backend_type.as_str())),
        ("tfmigrate_enabled", Node::from(hook.is_some())),
        ("history_namespace", Node::from(history.namespace.as_str())),
        ("history_region", kept("region")),
        ("history_profile", kept("profile")),
        ("history_endpoint", kept("endpoint")),
        ("history_kms_key_id", kept("kms_key_id")),
    ])
}

/// The first hook of the kind, by name.
fn hook(hooks: &Node) -> Option<(&str, &Node)> {
    let all = hooks.as_map()?.iter().map(|(name, hook)| (&**name, hook));
    let ours = all.filter(|(_, hook)| hook.get("kind").and_then(Node::as_str) == Some(TFMIGRATE));
    ours.min_by_key(|(name, _)| *name)
}
