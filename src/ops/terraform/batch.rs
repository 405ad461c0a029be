//! `terraform generate varfiles` and `terraform generate backends`: the files of many components at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Error;
use crate::backend::backend_json;
use crate::component::{self, Filter, Instance, Kind, Tokens, replace_tokens};
use crate::content::{hcl_nested_block, hcl_variables};
use crate::diag::{Result, Warning, nearest};
use crate::exec::files::{self, File, ORDINARY, PRIVATE};
use crate::exec::folder_lock;
use crate::exec::terraform::{BACKEND_FILE, HCL_BACKEND_FILE as HCL_FILE, folder, sensitive};
use crate::ops::{App, describe};
use crate::resolve;
use crate::value::{Map, Node};
use crate::yaml;

/// Which files, of which components, in which form.
#[derive(Debug, Clone, Default)]
pub struct BatchRequest {
    /// Path with tokens such as `{stage}`; backends may go without one, into the folders of the components.
    pub file_template: Option<String>,
    /// `hcl` (the default), `json`, and for backends `backend-config`.
    pub format: Option<String>,
    /// Names of stacks, or keys of manifests; all of them when empty.
    pub stacks: Vec<String>,
    pub components: Vec<String>,
    pub evaluation: resolve::Options,
}

/// A file that goes to a place of its own.
struct Output {
    path: PathBuf,
    file: File,
    of: String,
}

/// Writes the variables of each component and returns how many files that were.
///
/// # Errors
/// A form that does not exist, an instance that cannot be evaluated, or a file that cannot be written.
pub fn generate_varfiles(app: &App, request: &BatchRequest) -> Result<usize> {
    let json = match format(request) {
        "json" => true,
        "hcl" => false,
        other => return Err(Error::Format { format: other.to_owned(), valid: "hcl and json" }.into()),
    };
    let template = request.file_template.as_deref().unwrap_or_default();
    let found = instances(app, request, &["vars"])?;
    let declared = declarations(app, &found);
    let outputs: Vec<Result<Option<Output>>> = found
        .par_iter()
        .map(|instance| {
            let Some(vars) = instance.sections.vars.as_map() else { return Ok(None) };
            check_numbers(app, instance, "vars", &instance.sections.vars)?;
            let mut vars = vars.clone();
            if let Some(declared) = instance.path(&app.config).and_then(|folder| declared.get(&folder)) {
                let secret = sensitive::secret_variables(&instance.sections.vars, declared, &app.host.masker);
                warn_of_secrets(app, instance, secret.keys().map(String::as_str));
                vars.retain(|name, _| !secret.contains_key(&**name));
            }
            let content = if json { yaml::emit_json(&Node::from(vars)) } else { hcl_variables(&vars) };
            let path = place(app, instance, template);
            let file = File { name: String::new(), content, mode: PRIVATE };
            Ok(Some(Output { path, file, of: id(instance) }))
        })
        .collect();
    let outputs = outputs.into_iter().collect::<Result<Vec<_>>>()?;
    write_all(app, outputs.into_iter().flatten().collect())
}

/// Writes the backend of each component and returns how many files that were.
///
/// # Errors
/// Those of [`generate_varfiles`], and a folder that does not exist.
pub async fn generate_backends(app: &App, request: &BatchRequest) -> Result<usize> {
    let form = format(request);
    if !matches!(form, "hcl" | "json" | "backend-config") {
        let valid = "hcl, json and backend-config";
        return Err(Error::Format { format: form.to_owned(), valid }.into());
    }
    // Names in paths come from variables.
    let sections: &[&str] = if request.file_template.is_some() { &["backend", "vars"] } else { &["backend"] };
    let found = instances(app, request, sections)?;
    let mut outputs = Vec::new();
    let mut done: HashSet<String> = HashSet::new();
    for instance in &found {
        if let Some(reason) = incomplete(instance) {
            let message = format!("the backend of {} is left out: {reason}", id(instance));
            app.host
                .talk
                .warn(Warning::new("atmos::terraform::no_backend", message).help(
                    "set `components.terraform.auto_generate_backend_file: false` where backends are not wanted",
                ));
            continue;
        }
        check_numbers(app, instance, "backend", &instance.sections.backend)?;
        let file = File { name: String::new(), content: backend(instance, form)?, mode: ORDINARY };
        if let Some(template) = &request.file_template {
            outputs.push(Output { path: place(app, instance, template), file, of: id(instance) });
        } else if done.insert(instance.folder.clone()) {
            // One folder has one backend: that of the first stack.
            write_beside_component(app, instance, file, form).await?;
        }
    }
    Ok(done.len() + write_all(app, outputs)?)
}

fn format(request: &BatchRequest) -> &str {
    request.format.as_deref().filter(|format| !format.is_empty()).unwrap_or("hcl")
}

/// The instances that get a file, evaluated as far as the file needs it.
fn instances(app: &App, request: &BatchRequest, sections: &[&str]) -> Result<Vec<Instance>> {
    let filter = Filter { components: request.components.clone(), kinds: vec![Kind::Terraform], ..Filter::default() };
    let mut found = component::all(&app.host, &app.config, app.index()?, &filter)?;
    warn_of_unknown(app, request, &found)?;
    let named = |instance: &Instance| {
        request.stacks.is_empty()
            || request.stacks.iter().any(|stack| *stack == instance.stack || *stack == instance.manifest)
    };
    found.retain(|instance| !instance.abstract_ && named(instance));
    let mut processing = request.evaluation.clone();
    processing.sections = sections.iter().map(|section| (*section).to_owned()).collect();
    let evaluated: Vec<Result<Instance>> = found
        .par_iter()
        .map(|instance| app.evaluate(instance, &describe::for_instance(instance, &processing)))
        .collect();
    let mut evaluated = evaluated.into_iter().collect::<Result<Vec<_>>>()?;
    evaluated.retain(|instance| !instance.abstract_);
    Ok(evaluated)
}

/// Names in the request that nothing has.
fn warn_of_unknown(app: &App, request: &BatchRequest, found: &[Instance]) -> Result<()> {
    if request.stacks.is_empty() && request.components.is_empty() {
        return Ok(());
    }
    let known = component::summaries(&app.host, &app.config, app.index()?)?;
    let warn = |what: &str, name: &str, near: Option<&str>| {
        let warning = Warning::new("atmos::terraform::nothing_to_generate", format!("there is no {what} '{name}'"));
        let near = near.map(|near| format!("did you mean `{near}`?"));
        app.host.talk.warn(match near {
            Some(near) => warning.help(near),
            None => warning,
        });
    };
    for stack in &request.stacks {
        if !known.iter().any(|one| one.stack == *stack || one.manifest == *stack) {
            warn("stack", stack, nearest(stack, known.iter().map(|one| one.stack.as_str())));
        }
    }
    for name in &request.components {
        if !found.iter().any(|instance| instance.name == *name) {
            warn("terraform component", name, nearest(name, known.iter().map(|one| one.name.as_str())));
        }
    }
    Ok(())
}

fn id(instance: &Instance) -> String {
    format!("{} in {}", instance.name, instance.stack)
}

/// The path of a file: the template with every token replaced, below the working directory.
fn place(app: &App, instance: &Instance, template: &str) -> PathBuf {
    let folder = instance.path(&app.config).unwrap_or_default();
    // Where it is a folder among others it is that of the repository; at the beginning it is the place itself.
    let inside = folder.strip_prefix(&app.config.base_path).unwrap_or(&folder);
    let folder = if template.starts_with("{component-path}") { folder.as_path() } else { inside };
    let tokens = Tokens {
        component: instance.name.replace('/', "-"),
        base_component: instance.base_component.clone().unwrap_or_default().replace('/', "-"),
        terraform_workspace: instance.workspace.clone(),
        ..Tokens::from_vars(&instance.sections.vars)
    };
    // The folder is put in last: what looks like a token in its name is none.
    let parts: Vec<String> = template.split("{component-path}").map(|part| replace_tokens(&tokens, part)).collect();
    app.host.absolute(Path::new(&parts.join(&folder.display().to_string())))
}

/// Which variables each folder declares, where sensitive ones are kept out of files.
fn declarations(app: &App, found: &[Instance]) -> HashMap<PathBuf, BTreeMap<String, sensitive::Declaration>> {
    if !app.host.masker.is_on() {
        return HashMap::new();
    }
    let folders: HashSet<PathBuf> = found.iter().filter_map(|instance| instance.path(&app.config)).collect();
    folders.into_par_iter().map(|folder| (folder.clone(), sensitive::declarations(&folder))).collect()
}

fn warn_of_secrets<'n>(app: &App, instance: &Instance, names: impl Iterator<Item = &'n str>) {
    let names: Vec<&str> = names.collect();
    if !names.is_empty() {
        let message =
            format!("sensitive variables are left out of the varfile of {}: {}", id(instance), names.join(", "));
        app.host.talk.warn(Warning::new("atmos::terraform::varfile_without_secrets", message));
    }
}

fn check_numbers(app: &App, instance: &Instance, section: &str, node: &Node) -> Result<()> {
    match yaml::not_json(node) {
        Some(found) => Err(super::target::not_json(app, instance, section, &found).into()),
        None => Ok(()),
    }
}

/// Writes the files, in their order. Of several for one place the last one stays.
fn write_all(app: &App, outputs: Vec<Output>) -> Result<usize> {
    let mut last: BTreeMap<PathBuf, Output> = BTreeMap::new();
    for output in outputs {
        let of = output.of.clone();
        let path = output.path.clone();
        let Some(lost) = last.insert(path.clone(), output) else { continue };
        if last.get(&path).is_some_and(|kept| kept.file.content != lost.file.content) {
            let message = format!("{} of {} is replaced by that of {of}", super::shown(app, &path), lost.of);
            app.host.talk.warn(Warning::new("atmos::terraform::same_file", message).help(
                "give each component in each stack its own path: `--file-template` knows {stage}, {component} and more",
            ));
        }
    }
    for output in last.values() {
        output.file.write_among_many(&output.path)?;
    }
    Ok(last.len())
}

/// Why a component has no backend to write.
fn incomplete(instance: &Instance) -> Option<&'static str> {
    let sections = &instance.sections;
    match sections.backend_type.as_str() {
        "" => Some("it has no backend_type"),
        "local" => None,
        _ if sections.backend.is_empty() => Some("its backend section is empty"),
        _ => None,
    }
}

fn backend(instance: &Instance, form: &str) -> Result<String> {
    let sections = &instance.sections;
    let empty = Map::default();
    let map = sections.backend.as_map().unwrap_or(&empty);
    Ok(match form {
        "json" => File::from_json("", &backend_json(instance)?).content,
        "backend-config" => hcl_variables(map),
        _ if sections.backend_type == "cloud" => {
            let document = crate::value::from_json(&backend_json(instance)?);
            let cloud = document.get_path(["terraform", "cloud"]).and_then(Node::as_map).cloned().unwrap_or_default();
            cloud_block(&cloud)
        }
        kind => {
            debug_assert_eq!(kind, "hcl");
            hcl_nested_block("terraform", "backend", &[&sections.backend_type], map)
        }
    })
}

/// Terraform's `cloud` is no backend, and its `workspaces` is a block.
fn cloud_block(cloud: &Map) -> String {
    let mut rest = cloud.clone();
    let workspaces = rest.shift_remove("workspaces");
    let block = hcl_nested_block("terraform", "cloud", &[], &rest);
    let Some(workspaces) = workspaces.as_ref().and_then(Node::as_map) else { return block };
    let inner = hcl_nested_block("cloud", "workspaces", &[], workspaces);
    let inner = inner.lines().skip(1).take_while(|line| *line != "}");
    let inner = inner.fold(String::new(), |out, line| out + "  " + line + "\n");
    block.strip_suffix("  }\n}\n").map_or(block.clone(), |head| format!("{head}{inner}  }}\n}}\n"))
}

/// Writes the backend into the folder of the component. Two files with a backend in one folder would be an error of
/// terraform: the one that atmos writes in the other form goes.
async fn write_beside_component(app: &App, instance: &Instance, file: File, form: &str) -> Result<()> {
    let folder = instance.path(&app.config).unwrap_or_default();
    if !folder.is_dir() {
        return Err(super::no_folder(app, instance).into());
    }
    let _lock = folder_lock::acquire(&app.host, &folder).await?;
    if form == "json" {
        folder::remove_written(&folder, HCL_FILE)?;
        let own = ["hcl", "backend-config"].map(|form| backend(instance, form));
        let written = std::fs::read_to_string(folder.join(HCL_FILE)).ok();
        if own.into_iter().flatten().any(|content| Some(content) == written) {
            files::remove(&folder, HCL_FILE)?;
        }
    } else {
        files::remove(&folder, BACKEND_FILE)?;
    }
    let name = if form == "json" { BACKEND_FILE } else { HCL_FILE };
    let file = File { name: name.to_owned(), ..file };
    file.write(&folder)?;
    if form != "json" {
        // A run that writes the other form takes it away.
        folder::add_written(&folder, HCL_FILE, &file.content)?;
    }
    Ok(())
}
