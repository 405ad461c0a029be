//! From an evaluated component to the plain data that a run works on.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Error, RunRequest, data, files, program};
use crate::backend::{backend_json, providers_override, terraform_override};
use crate::component::Instance;
use crate::diag::{Result, Snippet};
use crate::exec::files::File;
use crate::exec::terraform::{Backend, Settings, Target, sensitive};
use crate::ops::App;
use crate::ops::provision::{self, Folder};
use crate::value::to_json;
use crate::yaml;

/// The run's view of an instance where nothing is made for it.
pub(super) fn target(app: &App, instance: &Instance, request: &RunRequest) -> Result<Target> {
    target_in(app, instance, &provision::folder(app, instance, true)?, request)
}

/// The run's view of an instance. Of the disk only the declarations of variables are read.
pub(super) fn target_in(app: &App, instance: &Instance, folder: &Folder, request: &RunRequest) -> Result<Target> {
    let terraform = &app.config.terraform;
    let asked = &request.request;
    let writes_backend = asked.auto_generate_backend_file.unwrap_or(terraform.auto_generate_backend_file);
    let sections = &instance.sections;
    check_numbers(app, instance)?;
    let command = command(app, instance, &folder.path);
    // It evaluates variables where modules, backends and encryption are named.
    let is_tofu = program::is_tofu(&command.0);
    let mut target = Target {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        context: instance.stack.clone(),
        base_component: instance.base_component.clone(),
        folder: folder.path.clone(),
        folder_name: instance.folder.clone(),
        base_path: if terraform.base_path_setting.is_empty() {
            String::new()
        } else {
            super::shown(app, &terraform.base_path)
        },
        workspace: instance.workspace.clone(),
        abstract_: instance.abstract_,
        enabled: instance.enabled,
        locked: instance.locked,
        command: command.0,
        command_source: command.1,
        backend_type: sections.backend_type.clone(),
        backend: None,
        overrides: overrides(instance)?,
        generated: generated(app, instance)?,
        vars: sections.vars.clone(),
        secret_vars: BTreeMap::new(),
        test_vars: sections.test.get("vars").cloned().unwrap_or_default(),
        env: sections.env.clone(),
        data_dir: None,
        settings: Settings {
            apply_auto_approve: terraform.apply_auto_approve,
            // Nobody said no: then it is left out where it is not needed, as before any other command.
            deploy_run_init: terraform.deploy_run_init || !terraform.deploy_run_init_set,
            // What is as it was in a folder of its own has no other instance's backend.
            init_run_reconfigure: terraform.init_run_reconfigure && (!folder.own || folder.changed),
            init_pass_vars: if terraform.init_pass_vars_set { terraform.init_pass_vars } else { is_tofu },
            init_quiet: terraform.init_quiet,
            evaluates_early: is_tofu,
            plan_skip_planfile: terraform.plan_skip_planfile,
            workspaces_enabled: terraform.workspaces_enabled,
        },
    };
    if !folder.own && data::is_isolated(app, instance, &target.folder)? {
        target.data_dir = Some(target.own_data_dir());
    }
    if app.host.masker.is_on() {
        target.secret_vars =
            sensitive::secret_variables(&target.vars, &sensitive::declarations(&target.folder), &app.host.masker);
    }
    // A dry run writes nothing, so that a missing type is no error yet, as in the reference.
    if writes_backend && !(request.dry_run && sections.backend_type.is_empty()) {
        let document = backend_json(instance)?;
        let config = to_json(&sections.backend);
        target.backend = Some(Backend { type_: sections.backend_type.clone(), config, document });
    }
    Ok(target)
}

/// What terraform gets as JSON can be written as JSON: another number than the one in the manifest must not reach it.
fn check_numbers(app: &App, instance: &Instance) -> Result<()> {
    let sections = &instance.sections;
    let written = [
        ("vars", &sections.vars),
        ("env", &sections.env),
        ("test", &sections.test),
        ("backend", &sections.backend),
        ("providers", &sections.providers),
        ("required_providers", &sections.required_providers),
        ("generate", &sections.generate),
    ];
    for (section, node) in written {
        let Some(found) = yaml::not_json(node) else { continue };
        return Err(not_json(app, instance, section, &found).into());
    }
    Ok(())
}

/// The error for a number in a section.
pub(super) fn not_json(app: &App, instance: &Instance, section: &str, found: &yaml::NotJson) -> Error {
    let place = app.host.sources.place(found.span);
    Error::NotJson {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        path: format!("{section}.{}", found.path),
        value: found.value,
        text: place.as_ref().map(Snippet::source),
        at: place.as_ref().map(Snippet::span),
        place: place.map(|place| format!(" ({place})")).unwrap_or_default(),
    }
}

/// The program and where it comes from.
fn command(app: &App, instance: &Instance, folder: &Path) -> (String, String) {
    let (configured, source) = program::configured(app, folder);
    if !instance.command_set || instance.command.is_empty() || instance.command == configured {
        return (configured, source);
    }
    (instance.command.clone(), format!("`command` of the component `{}` in `{}`", instance.name, instance.stack))
}

/// The override files that the instance has.
fn overrides(instance: &Instance) -> Result<Vec<File>> {
    let providers = providers_override(instance).map(|json| File::from_json("providers_override.tf.json", &json));
    let terraform = terraform_override(instance)?.map(|json| File::from_json("terraform_override.tf.json", &json));
    Ok(providers.into_iter().chain(terraform).collect())
}

/// The files of the `generate` section, where the configuration has it on.
fn generated(app: &App, instance: &Instance) -> Result<Vec<File>> {
    if app.config.terraform.auto_generate_files { files::generated(app, instance) } else { Ok(Vec::new()) }
}
