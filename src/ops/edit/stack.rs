//! `atmos stack get`, `set` and `delete`: the manifest in which a component's own section has the value.

use std::path::PathBuf;

use super::Error;
use super::config::of_schema;
use super::file::{Done, File, What, shown};
use super::value::{Said, Type, type_of, value};
use crate::component::{Instance, Kind};
use crate::content::Names;
use crate::diag::{Result, Warning};
use crate::ops::App;
use crate::ops::explain::{self, ExplainRequest, Explanation, Setting, parse};
use crate::resolve;
use crate::resolve::describe_module;
use crate::validate::MANIFEST_SCHEMA;
use crate::value::{Node, Path};
use crate::yaml::Step;

/// A value of a component.
#[derive(Debug, Clone)]
pub struct StackWish {
    pub component: String,
    pub stack: String,
    /// Path in the component: `vars.cidr`.
    pub path: String,
    /// `--file`
    pub file: Option<PathBuf>,
}

/// A value as it is written, and where.
#[derive(Debug, Clone)]
pub struct Shown {
    pub value: Node,
    /// `file:line`
    pub place: Option<String>,
}

/// The value in force, as it is written; with `--file` that of this file.
///
/// # Errors
/// The component or the value cannot be found.
pub fn look(app: &App, wish: &StackWish) -> Result<Shown> {
    let instance = app.find(&wish.component, &wish.stack, None)?;
    if let Some(path) = &wish.file {
        let file = File::open(&app.host, &app.host.absolute(path))?;
        let value = file.get(&full(&instance, &wish.path)?).ok_or_else(|| wish.not_set())?;
        return Ok(Shown { value, place: None });
    }
    let found = explain::explain(app, &wish.question())?;
    let place = found.winner.as_ref().filter(|setting| setting.line > 0);
    let place = place.map(|setting| format!("{}:{}", setting.file, setting.line));
    Ok(Shown { value: found.value, place })
}

/// Sets the value, or removes it.
///
/// # Errors
/// The component cannot be found, the value is set elsewhere than in the component's own section, or what [`Error`] says
/// of the file.
pub fn stack(app: &App, wish: &StackWish, new: Option<(&str, Type)>) -> Result<Done> {
    let instance = app.find(&wish.component, &wish.stack, None)?;
    let steps = full(&instance, &wish.path)?;
    let explanation = explain::explain(app, &wish.question());
    let path = if let Some(file) = &wish.file {
        app.host.absolute(file)
    } else {
        // Another item goes where the list is.
        let list = if explanation.is_err() { wish.list()? } else { None };
        let list = list.and_then(|list| explain::explain(app, &list.question()).ok());
        manifest(app, wish, &instance, explanation.as_ref().ok().or(list.as_ref()), new.is_some())?
    };
    let file = File::open(&app.host, &path)?;
    warn_of_shared(app, wish, &path);
    let in_file = text_of(&steps);
    let Some((text, asked)) = new else { return file.delete(&in_file, &steps) };
    let mut known = Vec::new();
    known.extend(declared(app, &instance, &wish.path).map(|type_| Said { type_, who: "the variable is declared so" }));
    known.extend(
        of_schema(MANIFEST_SCHEMA, &steps).map(|type_| Said { type_, who: "the schema of manifests wants it" }),
    );
    let there = |node: &Node| Said { type_: type_of(node), who: "the value that is there has this type" };
    known.extend(file.get(&steps).as_ref().map(there));
    known.extend(explanation.ok().map(|found| there(&found.value)));
    let node = value(&wish.path, text, asked, &known)?;
    let done = file.set(&in_file, &steps, &node)?;
    if done.what == What::Created {
        warn_of_defeat(app, wish, &node);
    }
    Ok(done)
}

impl StackWish {
    fn question(&self) -> ExplainRequest {
        ExplainRequest {
            component: self.component.clone(),
            stack: self.stack.clone(),
            kind: None,
            path: self.path.clone(),
            processing: resolve::Options {
                process_templates: false,
                process_functions: false,
                ..resolve::Options::default()
            },
        }
    }

    /// The list that the path names an item of.
    fn list(&self) -> Result<Option<StackWish>> {
        let steps = parse(&self.path)?;
        Ok(match steps.split_last() {
            Some((Step::Index(_), above)) => Some(StackWish { path: text_of(above), ..self.clone() }),
            _ => None,
        })
    }

    fn not_set(&self) -> Error {
        let (path, component, stack) = (self.path.clone(), self.component.clone(), self.stack.clone());
        Error::NotSet { path, component, stack }
    }
}

/// The path in a manifest.
fn full(instance: &Instance, path: &str) -> Result<Vec<Step>> {
    let above = ["components", instance.kind.key(), &instance.name].map(|key| Step::Key(key.to_owned()));
    Ok(above.into_iter().chain(parse(path)?).collect())
}

fn text_of(steps: &[Step]) -> String {
    let mut path = Path::new();
    for step in steps {
        match step {
            Step::Key(key) => path.push_key(key),
            Step::Index(index) => path.push_index(*index),
        }
    }
    path.to_string()
}

/// The manifest whose section of this component has the value. What nobody sets goes to the manifest of the stack.
fn manifest(
    app: &App,
    wish: &StackWish,
    instance: &Instance,
    explanation: Option<&Explanation>,
    setting: bool,
) -> Result<PathBuf> {
    let index = app.index_of(instance)?;
    let own = index.stacks().iter().find(|stack| *stack.key == *instance.manifest).map(|stack| stack.path.clone());
    let own_shown = own.as_ref().map(|path| shown(&app.host, path)).unwrap_or_default();
    let section = format!("components.{}.{}.", instance.kind.key(), instance.name);
    let Some(winner) = explanation.and_then(|found| found.winner.as_ref()) else {
        return match own {
            Some(own) if setting && explanation.is_none() => Ok(own),
            _ => Err(wish.not_set().into()),
        };
    };
    // What is included or fetched is no manifest of this repository.
    let is_foreign = winner.included.is_some() || app.host.sources.is_copy(winner.span.file);
    let is_own = !is_foreign && winner.base.is_none() && format!("{}.", winner.section).starts_with(&section);
    if let Some(source) = app.host.sources.get(winner.span.file).filter(|_| is_own) {
        return Ok(source.path.clone());
    }
    let (path, component, stack) = (wish.path.clone(), wish.component.clone(), wish.stack.clone());
    let help = if setting {
        format!(
            "`--file <manifest>` sets it for this component in a manifest of your choice, for example --file {own_shown}"
        )
    } else {
        "nothing of the component's own can be removed; `atmos stack set` gives the component another value".to_owned()
    };
    Err(Error::Elsewhere { path, component, stack, why: said(winner), help }.into())
}

fn said(winner: &Setting) -> String {
    let base = winner.base.as_ref().map(|base| format!(" of the base component {base}")).unwrap_or_default();
    let place = if winner.file.is_empty() { "no file".to_owned() } else { format!("{}:{}", winner.file, winner.line) };
    format!("it comes from `{}`{base} at {place}", winner.section)
}

/// A file that others import changes their values, too.
fn warn_of_shared(app: &App, wish: &StackWish, path: &std::path::Path) {
    let Ok(index) = app.index() else { return };
    if !index.stacks().iter().any(|stack| stack.path == path) {
        let file = shown(&app.host, path);
        let (component, stack) = (&wish.component, &wish.stack);
        let message = format!(
            "{file} is imported: the change concerns every stack that imports it, not only {component} in {stack}"
        );
        app.host.talk.warn(Warning::new("atmos::edit::shared", message));
    }
}

/// Something stronger, an override for example, may hide what was written.
fn warn_of_defeat(app: &App, wish: &StackWish, node: &Node) {
    let App { host, config, locate, .. } = app;
    let after = App::new(host.clone(), config.clone(), locate.clone());
    if let Ok(found) = explain::explain(&after, &wish.question())
        && found.value != *node
        && node.as_map().is_none()
        && node.as_list().is_none()
    {
        let why = found.winner.as_ref().map(said).unwrap_or_default();
        let message = format!("`{}` keeps another value: {why}", wish.path);
        host.talk.warn(Warning::new("atmos::edit::overridden", message));
    }
}

/// The type that the component's module declares for a variable.
fn declared(app: &App, instance: &Instance, path: &str) -> Option<Type> {
    let steps = parse(path).ok()?;
    let [Step::Key(section), Step::Key(name)] = steps.as_slice() else { return None };
    if section != "vars" || instance.kind != Kind::Terraform {
        return None;
    }
    let module = describe_module(&instance.path(&app.config)?, Names::Yaml).ok()?;
    let type_ = module.get_path(["variables", name, "type"])?.as_str()?.trim().to_owned();
    match type_.as_str() {
        "string" => Some(Type::String),
        "bool" => Some(Type::Bool),
        // Both whole numbers and others: the text decides.
        "number" | "any" | "" => None,
        _ => Some(Type::Yaml),
    }
}
