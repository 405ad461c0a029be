//! `atlantis generate repo-config`: the file by which Atlantis knows the components as projects. Row 12.

use std::collections::BTreeSet;
use std::sync::Arc;

use miette::Diagnostic;
use rayon::prelude::*;
use thiserror::Error as ThisError;

use super::{App, affected};
use crate::component::{self, Filter, Instance, Kind, Tokens, replace_tokens};
use crate::diag::{Failure, Result, Warning, nearest};
use crate::resolve;
use crate::value::{Map, Node};

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error(
        "atlantis {what} template `{name}` is not defined in `integrations.atlantis.{what}_templates` in `atmos.yaml`{of}"
    )]
    #[diagnostic(code(atmos::atlantis::unknown_template), help("{help}"))]
    UnknownTemplate { what: &'static str, name: String, of: String, help: String },

    #[error("atlantis project template is not specified for the component '{component}' in {stack}")]
    #[diagnostic(
        code(atmos::atlantis::no_project_template),
        help(
            "set `settings.atlantis.project_template_name` or `settings.atlantis.project_template` for it, or choose one \
             of `integrations.atlantis.project_templates` with `--project-template`"
        )
    )]
    NoProjectTemplate { component: String, stack: String },

    #[error("atlantis config template is not specified")]
    #[diagnostic(
        code(atmos::atlantis::no_config_template),
        help(
            "set `settings.atlantis.config_template_name` or `settings.atlantis.config_template` in the stacks, or choose \
             one of `integrations.atlantis.config_templates` with `--config-template`"
        )
    )]
    NoConfigTemplate,
}

impl Failure for Error {}

/// What is generated.
#[derive(Debug, Clone, Default)]
pub struct RepoConfigRequest {
    pub config_template: Option<String>,
    pub project_template: Option<String>,
    /// All of them when empty.
    pub stacks: Vec<String>,
    pub components: Vec<String>,
    /// Only what differs from another commit.
    pub affected: Option<affected::Request>,
    pub evaluation: resolve::Options,
}

/// The document; `None` where nothing is affected, and no file is to be written.
///
/// # Errors
/// A template that is not there or not named, a stack that cannot be evaluated.
pub fn repo_config(app: &App, request: &RepoConfigRequest) -> Result<Option<Node>> {
    let chosen = match &request.affected {
        None => None,
        Some(wanted) => {
            let found = affected::describe(app, wanted)?.affected.into_iter().map(|one| one.subject);
            let ours = found.filter(|subject| subject.component_type == "terraform");
            let places: Vec<(String, String)> = ours.map(|subject| (subject.stack, subject.component)).collect();
            if places.is_empty() {
                return Ok(None);
            }
            Some(places)
        }
    };
    let filter = Filter { kinds: vec![Kind::Terraform], ..Filter::default() };
    let mut found = component::all(&app.host, &app.config, app.index()?, &filter)?;
    found.retain(|instance| {
        let named = request.components.is_empty() || request.components.contains(&instance.name);
        let of_stack = request.stacks.is_empty()
            || request.stacks.iter().any(|stack| *stack == instance.stack || *stack == instance.manifest);
        let is_chosen = chosen
            .as_ref()
            .is_none_or(|chosen| chosen.iter().any(|(stack, name)| *stack == instance.stack && *name == instance.name));
        !instance.abstract_ && instance.enabled && named && of_stack && is_chosen
    });
    let sections = ["vars", "settings"].map(str::to_owned).to_vec();
    let options = resolve::Options { sections, ..request.evaluation.clone() };
    let evaluated: Vec<Result<Instance>> = found.par_iter().map(|instance| app.evaluate(instance, &options)).collect();
    let mut evaluated = evaluated.into_iter().collect::<Result<Vec<_>>>()?;
    evaluated.sort_by(|one, two| (&one.manifest, &one.name).cmp(&(&two.manifest, &two.name)));
    let projects = evaluated.iter().map(|instance| project(app, request, instance)).collect::<Result<Vec<_>, _>>()?;
    warn_of_names(app, &projects);
    let config = config(app, request, &evaluated)?;
    let mut document = Map::default();
    for (key, usual) in [
        ("version", Some(Node::from(0))),
        ("automerge", Some(Node::from(false))),
        ("delete_source_branch_on_merge", None),
        ("parallel_plan", Some(Node::from(false))),
        ("parallel_apply", Some(Node::from(false))),
        ("allowed_regexp_prefixes", Some(Node::from(Vec::new()))),
    ] {
        if let Some(value) = config.get(key).filter(|value| !value.is_null()).cloned().or(usual) {
            document.insert(Arc::from(key), value);
        }
    }
    document.insert(Arc::from("projects"), Node::from(projects));
    let own = evaluated.iter().rev().find_map(|instance| {
        atlantis(instance, "workflow_templates").filter(|templates| templates.as_map().is_some()).cloned()
    });
    let workflows = own.or_else(|| template_section(app, "workflow_templates").cloned());
    if let Some(workflows) = workflows.filter(|workflows| !workflows.is_empty()) {
        document.insert(Arc::from("workflows"), crate::yaml::in_order(&workflows));
    }
    Ok(Some(Node::from(document)))
}

fn atlantis<'i>(instance: &'i Instance, key: &str) -> Option<&'i Node> {
    instance.sections.settings.get_path(["atlantis", key]).filter(|node| !node.is_empty())
}

fn template_section<'a>(app: &'a App, key: &str) -> Option<&'a Node> {
    app.config.document.get_path(["integrations", "atlantis", key])
}

/// A template of `atmos.yaml`.
fn named(app: &App, what: &'static str, name: &str, of: &str) -> Result<Node, Error> {
    let templates = template_section(app, if what == "config" { "config_templates" } else { "project_templates" });
    let templates = templates.and_then(Node::as_map);
    if let Some(template) = templates.and_then(|templates| templates.get(name)) {
        return Ok(template.clone());
    }
    let near = templates.and_then(|templates| nearest(name, templates.keys().map(|key| &**key)));
    let help = near
        .map_or_else(|| "define it there, or correct the name".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Error::UnknownTemplate { what, name: name.to_owned(), of: of.to_owned(), help })
}

/// The template of one component with its tokens replaced.
fn project(app: &App, request: &RepoConfigRequest, instance: &Instance) -> Result<Node, Error> {
    let of = format!(", which {} in {} names", instance.name, instance.stack);
    let own = atlantis(instance, "project_template").filter(|template| template.as_map().is_some());
    let template = match (&request.project_template, own, atlantis(instance, "project_template_name")) {
        (Some(name), _, _) => named(app, "project", name, "")?,
        (None, Some(own), _) => own.clone(),
        (None, None, Some(name)) => named(app, "project", &name.scalar_text().unwrap_or_default(), &of)?,
        (None, None, None) => {
            let (component, stack) = (instance.name.clone(), instance.stack.clone());
            return Err(Error::NoProjectTemplate { component, stack });
        }
    };
    let path = instance.path(&app.config).unwrap_or_default();
    let path = path.strip_prefix(&app.host.cwd).unwrap_or(&path).display().to_string();
    let tokens = Tokens {
        component: instance.name.replace('/', "-"),
        base_component: instance.base_component.clone().unwrap_or_default(),
        ..Tokens::from_vars(&instance.sections.vars)
    };
    let replaced = |text: &str| {
        // The folder is put in last: what looks like a token in its name is none.
        let parts = text.split("{component-path}").map(|part| {
            let parts = part.split("{workspace}").map(|part| replace_tokens(&tokens, part));
            parts.collect::<Vec<_>>().join(&instance.workspace)
        });
        parts.collect::<Vec<_>>().join(&path)
    };
    let text = |key: &str| template.get(key).and_then(Node::scalar_text).unwrap_or_default();
    let mut project = Map::default();
    let mut put = |key: &str, node: Node| drop(project.insert(Arc::from(key), node));
    put("name", Node::from(replaced(&text("name"))));
    put("workspace", Node::from(replaced(&text("workspace"))));
    if let Some(workflow) = template.get("workflow").filter(|workflow| !workflow.is_empty()) {
        put("workflow", workflow.clone());
    }
    put("dir", Node::from(replaced(&text("dir"))));
    if !text("terraform_version").is_empty() {
        put("terraform_version", Node::from(text("terraform_version")));
    }
    if template.get("delete_source_branch_on_merge").and_then(Node::as_bool) == Some(true) {
        put("delete_source_branch_on_merge", Node::from(true));
    }
    let patterns = template.get_path(["autoplan", "when_modified"]).and_then(Node::as_list).unwrap_or_default();
    let patterns = patterns.iter().filter_map(Node::scalar_text).map(|pattern| Node::from(replaced(&pattern)));
    let enabled = template.get_path(["autoplan", "enabled"]).and_then(Node::as_bool).unwrap_or_default();
    let autoplan = [("enabled", Node::from(enabled)), ("when_modified", Node::from(patterns.collect::<Vec<_>>()))];
    put("autoplan", Node::from(autoplan.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>()));
    if let Some(requirements) = template.get("apply_requirements").filter(|node| !node.is_empty()) {
        put("apply_requirements", requirements.clone());
    }
    Ok(Node::from(project))
}

/// Atlantis refuses a file with two projects of one name.
fn warn_of_names(app: &App, projects: &[Node]) {
    let mut names: Vec<&str> = projects.iter().filter_map(|project| project.get("name")?.as_str()).collect();
    names.sort_unstable();
    let twice: BTreeSet<&str> =
        names.windows(2).filter(|pair| pair[0] == pair[1] && !pair[0].is_empty()).map(|pair| pair[0]).collect();
    if !twice.is_empty() {
        let names = twice.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let message = format!("several projects have one name, which Atlantis refuses: {names}");
        let help = "`name` of the project template knows {stage}, {component} and more; `/` in a component becomes `-`";
        app.host.talk.warn(Warning::new("atmos::atlantis::names", message).help(help));
    }
}

/// The template of the whole file: the flag's, else that of the last component that names one.
fn config(app: &App, request: &RepoConfigRequest, instances: &[Instance]) -> Result<Node, Error> {
    if let Some(name) = &request.config_template {
        return named(app, "config", name, "");
    }
    for instance in instances.iter().rev() {
        if let Some(own) = atlantis(instance, "config_template").filter(|template| template.as_map().is_some()) {
            return Ok(own.clone());
        }
        if let Some(name) = atlantis(instance, "config_template_name").and_then(Node::scalar_text) {
            return named(app, "config", &name, &format!(", which {} in {} names", instance.name, instance.stack));
        }
    }
    Err(Error::NoConfigTemplate)
}
