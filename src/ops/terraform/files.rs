//! The files of the `generate` section: what is in them, and `terraform generate files`.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::Error;
use crate::component::{self, Filter, Instance, Kind};
use crate::content::{hcl_attributes, hcl_module};
use crate::diag::{Result, Snippet};
use crate::exec::files::{self, File, ORDINARY, Written};
use crate::exec::folder_lock;
use crate::exec::terraform::folder as written_files;
use crate::ops::{App, describe};
use crate::resolve;
use crate::stack::glob_matches;
use crate::value::{Map, Node, Value};
use crate::yaml;

/// Which files are generated or removed.
#[derive(Debug, Clone, Default)]
pub struct FilesRequest {
    pub component: Option<String>,
    pub stack: Option<String>,
    /// `--all`: those of all components, in all stacks.
    pub all: bool,
    /// With `all`: patterns for keys of manifests, their last parts, or names of stacks.
    pub stacks: Vec<String>,
    /// With `all`.
    pub components: Vec<String>,
    pub dry_run: bool,
    /// Removes the files instead.
    pub clean: bool,
    pub evaluation: resolve::Options,
}

/// Writes or removes the generated files, and says which.
///
/// # Errors
/// No component, or one beside `--all`; an instance that cannot be evaluated, a file that cannot be put together.
pub async fn generate_files(app: &App, request: &FilesRequest) -> Result<()> {
    let instances = match (&request.component, request.all) {
        (Some(_), true) => return Err(Error::ComponentAndAll.into()),
        (None, false) => return Err(Error::ComponentRequired { command: "generate files".to_owned() }.into()),
        (Some(component), false) => vec![one(app, request, component)?],
        (None, true) => many(app, request)?,
    };
    for instance in &instances {
        if request.all {
            tracing::info!(
                target: "atmos",
                "Processing component component={} stack={}", instance.name, instance.manifest
            );
        }
        let folder = instance.path(&app.config).unwrap_or_default();
        if request.clean {
            clean(app, request, instance, &folder).await?;
        } else {
            write(app, request, instance, &folder).await?;
        }
    }
    Ok(())
}

fn one(app: &App, request: &FilesRequest, component: &str) -> Result<Instance> {
    let Some(stack) = request.stack.as_deref().filter(|stack| !stack.is_empty()) else {
        return Err(Error::StackRequired.into());
    };
    let kind = Some(Kind::Terraform);
    let found = app.find(component, stack, kind)?;
    let evaluated = app.evaluate(&found, &request.evaluation)?;
    if evaluated.sections.generate.is_empty() {
        app.host.talk.info(format!("{} in {} has no `generate` section", evaluated.name, evaluated.stack));
    }
    Ok(evaluated)
}

fn many(app: &App, request: &FilesRequest) -> Result<Vec<Instance>> {
    let filter = Filter { components: request.components.clone(), kinds: vec![Kind::Terraform], ..Filter::default() };
    let mut found = component::all(&app.host, &app.config, app.index()?, &filter)?;
    found.retain(|one| !one.abstract_ && !one.sections.generate.is_empty() && request.has_stack(one));
    let evaluated: Vec<Result<Instance>> =
        found.par_iter().map(|one| app.evaluate(one, &describe::for_instance(one, &request.evaluation))).collect();
    evaluated.into_iter().collect()
}

impl FilesRequest {
    fn has_stack(&self, instance: &Instance) -> bool {
        let last = instance.manifest.rsplit('/').next().unwrap_or_default();
        let names = [instance.manifest.as_str(), last, instance.stack.as_str()];
        let is =
            |pattern: &String| names.iter().any(|name| pattern == name || glob_matches(pattern, name).unwrap_or(false));
        self.stacks.is_empty() || self.stacks.iter().any(is)
    }
}

async fn write(app: &App, request: &FilesRequest, instance: &Instance, folder: &Path) -> Result<()> {
    let generated = generated(app, instance)?;
    if generated.is_empty() {
        return Ok(());
    }
    if request.dry_run {
        for file in &generated {
            app.host.talk.info(format!("Would generate {}", super::shown(app, &folder.join(&file.name))));
        }
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(crate::exec::Error::file("create", folder))?;
    let _lock = folder_lock::acquire(&app.host, folder).await?;
    let (mut created, mut updated, mut unchanged) = (0, 0, 0);
    let mut written = written_files::written(folder);
    for file in &generated {
        let path = super::shown(app, &folder.join(&file.name));
        let outcome = file.write(folder)?;
        if outcome != Written::Unchanged {
            written.insert(file.name.clone(), written_files::digest(file.content.as_bytes()));
        }
        match outcome {
            Written::Created => {
                created += 1;
                app.host.talk.success(format!("Created {path}"));
            }
            Written::Updated => {
                updated += 1;
                app.host.talk.success(format!("Updated {path}"));
            }
            Written::Unchanged => unchanged += 1,
        }
    }
    written_files::set_written(folder, &written)?;
    summary(app, "Generated", folder, [(created, "created"), (updated, "updated"), (unchanged, "unchanged")]);
    Ok(())
}

async fn clean(app: &App, request: &FilesRequest, instance: &Instance, folder: &Path) -> Result<()> {
    let names: Vec<&Arc<str>> =
        instance.sections.generate.as_map().into_iter().flatten().map(|(name, _)| name).collect();
    let ours = written_files::unchanged(folder);
    // Those of other tools, and of the time before the list, have what the section says now.
    let now = generated(app, instance).unwrap_or_default();
    let is_ours = |name: &str| match std::fs::read(folder.join(name)) {
        Ok(text) => {
            ours.iter().any(|own| own == name)
                || now.iter().any(|file| file.name == name && file.content.as_bytes() == text)
        }
        Err(_) => true,
    };
    let (names, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| is_ours(name));
    for name in others {
        let path = super::shown(app, &folder.join(&**name));
        app.host.talk.attention(format!("{path} stays: it is not as atmos wrote it"));
    }
    if request.dry_run {
        for name in names {
            app.host.talk.info(format!("Would delete {}", super::shown(app, &folder.join(&**name))));
        }
        return Ok(());
    }
    if !folder.is_dir() {
        return Ok(());
    }
    let _lock = folder_lock::acquire(&app.host, folder).await?;
    let mut deleted = 0;
    for name in names {
        files::check_name(folder, name)?;
        let was_there = folder.join(&**name).symlink_metadata().is_ok();
        written_files::remove_written(folder, name)?;
        if files::remove(folder, name)? || was_there {
            deleted += 1;
            app.host.talk.success(format!("Deleted {}", super::shown(app, &folder.join(&**name))));
        }
    }
    summary(app, "Cleaned", folder, [(deleted, "deleted"), (0, ""), (0, "")]);
    Ok(())
}

/// One line about a folder where something was done.
fn summary(app: &App, verb: &str, folder: &Path, counts: [(usize, &str); 3]) {
    let changed = counts.iter().any(|(count, what)| *count > 0 && *what != "unchanged");
    if changed {
        let parts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        app.host.talk.success(format!("{verb} {} ({})", super::shown(app, folder), parts.join(", ")));
    }
}

/// The files of the `generate` section of an evaluated instance, sorted by name.
///
/// # Errors
/// A template that cannot be rendered, or a value that the file cannot hold.
pub(super) fn generated(app: &App, instance: &Instance) -> Result<Vec<File>> {
    let Some(section) = instance.sections.generate.as_map() else { return Ok(Vec::new()) };
    let mut entries: Vec<_> = section.iter().collect();
    entries.sort_by(|left, right| left.0.cmp(right.0));
    let context = context(instance);
    let file = |(name, node): (&Arc<str>, &Node)| {
        let wrong = |node: &Node, cause: String| {
            let place = app.host.sources.place(node.span);
            Error::Generated {
                file: name.to_string(),
                component: instance.name.clone(),
                stack: instance.stack.clone(),
                cause,
                text: place.as_ref().map(Snippet::source),
                at: place.as_ref().map(Snippet::span),
                place: place.map(|place| format!(" ({place})")).unwrap_or_default(),
            }
        };
        let rendered = rendered(app, name, node, &context).map_err(|cause| wrong(node, cause))?;
        let content = content(name, &rendered).map_err(|cause| wrong(node, cause))?;
        Ok(File { name: name.to_string(), content, mode: ORDINARY })
    };
    entries.into_iter().map(file).collect()
}

/// What templates in generated files see.
pub(in crate::ops) fn context(instance: &Instance) -> Node {
    let mut context = instance.to_map();
    for (key, text) in instance.names() {
        context.insert(Arc::from(key), Node::from(text));
    }
    let mut put = |key: &str, text: &str| context.insert(Arc::from(key), Node::from(text));
    put("workspace", &instance.workspace);
    put("base_component", instance.base_component.as_deref().unwrap_or_default());
    for key in ["namespace", "tenant", "environment", "stage", "region"] {
        put(key, &instance.sections.vars.get(key).and_then(Node::scalar_text).unwrap_or_default());
    }
    Node::from(context)
}

/// The value with the templates in its texts rendered. Those that evaluation has rendered already are none any more.
fn rendered(app: &App, name: &str, node: &Node, context: &Node) -> Result<Node, String> {
    // What was included, or came of a function, is data.
    if node.span.is_data() && !app.config.allows_generated_functions() {
        return Ok(node.clone());
    }
    let value = match &node.value {
        Value::String(text) if text.contains("{{") => {
            let index = app.index().map_err(|error| error.to_string())?;
            let text = index.render_text(&format!("generate.{name}"), node, context, true);
            Value::String(Arc::from(text.map_err(|error| error.to_string())?))
        }
        Value::Map(map) => {
            let items = map.iter().map(|(key, item)| Ok((key.clone(), rendered(app, name, item, context)?)));
            Value::Map(Arc::new(items.collect::<Result<Map, String>>()?))
        }
        Value::List(list) => {
            let items = list.iter().map(|item| rendered(app, name, item, context));
            Value::List(Arc::new(items.collect::<Result<Vec<_>, String>>()?))
        }
        other => other.clone(),
    };
    Ok(Node::new(value, node.span))
}

/// The text of a file: texts as they are, maps in the form that the name of the file asks for, JSON without one.
fn content(name: &str, node: &Node) -> Result<String, String> {
    let ending =
        Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    match (&node.value, ending.as_str()) {
        (Value::String(text), _) => Ok(text.to_string()),
        (Value::Map(_) | Value::List(_), "yaml" | "yml") => Ok(yaml::emit(node, 2)),
        (Value::Map(map), "tf" | "hcl") => hcl_module(map),
        (Value::Map(map), "tfvars") => Ok(hcl_attributes(map)),
        (Value::Map(_) | Value::List(_), ending) if !matches!(ending, "tf" | "hcl" | "tfvars") => {
            Ok(File::json(name, node).content)
        }
        (value, _) => Err(format!("the content must be a text or a map, not {}", value.type_name())),
    }
}
