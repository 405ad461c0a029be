//! All stacks of a repository.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use miette::Diagnostic;
use rayon::prelude::*;

use super::duplicates;
use super::finding::{Finding, Findings, Severity, Site};
use super::manifest::Checker;
use super::schema::Schema;
use crate::auth::{self, setting, validate::scoped_keys};
use crate::backend;
use crate::component::{Checked, Instance, Kind, check};
use crate::config::Config;
use crate::diag::{Message, Remark, Talk, Warning};
use crate::host::Host;
use crate::span::Span;
use crate::stack::{self, StackIndex, all_manifests, pattern_lost};
use crate::value::Node;

/// Everything that there is to say of the stacks, sorted by place: errors of manifests and components, violations of the
/// schema, and what is strange; `more` adds what only modules of later rows know of the instances.
///
/// # Errors
/// There are no manifests, or the patterns for them are wrong.
pub fn stacks(
    host: &Host,
    config: &Config,
    schema: &Schema,
    more: impl Fn(&[Instance]) -> Vec<Remark>,
) -> Result<Vec<Finding>, stack::Error> {
    let (host, said) = listening(host);
    let index = StackIndex::load(&host, config)?;
    let survey = index.survey(&all_manifests(config));
    let mut findings = Findings::default();
    let fault = |error: &dyn Diagnostic, span: Span| Finding::error(&host.sources, error, span);
    findings.extend(survey.errors.iter().map(|error| fault(error, Span::default())));
    findings.extend(survey.remarks.iter().map(|remark| Finding::remark(&host.sources, remark)));
    let checker = Checker { host: &host, config, schema };
    let checked: Vec<Vec<Finding>> = survey.manifests.par_iter().map(|manifest| checker.check(manifest)).collect();
    findings.extend(checked.into_iter().flatten());
    let checked: Vec<Checked> = index.stacks().par_iter().map(|stack| check(&host, config, &index, stack)).collect();
    let mut instances = Vec::new();
    for (stack, checked) in index.stacks().iter().zip(checked) {
        if !checked.errors.is_empty() {
            let own = index.own(stack).span;
            findings.extend(checked.errors.iter().map(|error| fault(error, own)));
        }
        findings.extend(checked.remarks.iter().map(|remark| Finding::remark(&host.sources, remark)));
        instances.extend(checked.instances);
    }
    findings.extend(duplicates::find(&host, &index, &instances));
    findings.extend(states(&host, config, &instances));
    findings.extend(shared_states(&host, config, &instances));
    findings.extend(identities(&host, config, &instances));
    findings.extend(more(&instances).iter().map(|remark| Finding::remark(&host.sources, remark)));
    findings.extend(lost_words(config));
    let said = std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
    findings.extend(said.iter().map(Finding::warning));
    Ok(findings.finish())
}

/// A host that keeps warnings back, so that they stand among the findings.
fn listening(host: &Host) -> (Host, Arc<Mutex<Vec<Warning>>>) {
    let said: Arc<Mutex<Vec<Warning>>> = Arc::default();
    let (talk, kept) = (host.talk.clone(), said.clone());
    let talk = Talk::new(move |message| match message {
        Message::Warning(warning) => kept.lock().unwrap_or_else(PoisonError::into_inner).push(warning),
        Message::Info(line) => talk.info(line),
        Message::Success(line) => talk.success(line),
        Message::Attention(line) => talk.attention(line),
        // Nothing runs here.
        Message::Progress(_) | Message::ProgressEnd | Message::Output { .. } => {}
    });
    (Host { talk, ..host.clone() }, said)
}

/// Parts of the name pattern that are no tokens: they are left out of every name.
fn lost_words(config: &Config) -> Option<Finding> {
    let stacks = &config.stacks;
    let pattern = stacks.name_pattern.as_deref().filter(|pattern| !pattern.is_empty())?;
    if stacks.name_template.as_deref().is_some_and(|template| !template.is_empty()) {
        return None;
    }
    let lost: Vec<&str> = pattern_lost(pattern).collect();
    let message = format!("`{}` in `stacks.name_pattern: {pattern}` is left out of the names", lost.join("`, `"));
    let help = "only {namespace}, {tenant}, {environment} and {stage} between dashes count; `stacks.name_template` takes any text";
    let finding = Finding::new(Severity::Warning, "atmos::validate::name_pattern", message, None);
    (!lost.is_empty()).then(|| finding.help(Some(help.to_owned())))
}

/// Keys that were meant to choose an identity, and mean nothing: a run refuses them.
fn identities(host: &Host, config: &Config, instances: &[Instance]) -> Vec<Finding> {
    let mut found = Vec::new();
    let runs = |instance: &&Instance| matches!(instance.kind, Kind::Terraform | Kind::Helmfile);
    for instance in instances.iter().filter(runs) {
        if let Err(error) = setting::identity(&instance.sections.settings, setting::READ, &host.sources, &host.talk) {
            found.push(Finding::error(&host.sources, &error, Span::default()).of(&instance.name));
        }
        for problem in scoped_keys(&instance.sections.auth, &config.auth) {
            let severity = match problem.severity {
                auth::Severity::Error => Severity::Error,
                auth::Severity::Warning => Severity::Warning,
            };
            let site = Site::at(&host.sources, problem.span);
            found.push(Finding::new(severity, "atmos::auth::unknown_key", problem.message, site).of(&instance.name));
        }
    }
    found
}

/// Components that would write one state: one folder, one workspace, one backend.
fn shared_states(host: &Host, config: &Config, instances: &[Instance]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: HashMap<(PathBuf, &str), Vec<&Instance>> = HashMap::new();
    let runs = |instance: &&Instance| instance.kind == Kind::Terraform && !instance.abstract_ && instance.enabled;
    for instance in instances.iter().filter(runs) {
        let (sections, workspace) = (&instance.sections, instance.workspace.as_str());
        let workdir = sections.provision.get_path(["workdir", "enabled"]).and_then(Node::as_bool) == Some(true);
        // A working directory of its own has a local state of its own.
        if workdir && matches!(sections.backend_type.as_str(), "" | "local") {
            continue;
        }
        let Some(folder) = instance.path(config) else { continue };
        let others = seen.entry((folder, workspace)).or_default();
        let same = |other: &&&Instance| {
            let is_other = (&other.name, &other.stack) != (&instance.name, &instance.stack);
            let (kind, backend) = (&other.sections.backend_type, &other.sections.backend);
            is_other && *kind == sections.backend_type && *backend == sections.backend
        };
        if let Some(other) = others.iter().find(same) {
            let message = format!(
                "{} in {} and {} in {} share one state: folder `{}`, workspace `{workspace}` and the backend are the same",
                other.name, other.stack, instance.name, instance.stack, instance.folder
            );
            let help = "a run of one undoes what the other made: give one of them a `metadata.terraform_workspace` or a \
                        key of the backend of its own";
            let site = Site::at(&host.sources, sections.metadata.span);
            let finding = Finding::new(Severity::Warning, "atmos::validate::shared_state", message, site);
            found.push(finding.help(Some(help.to_owned())));
        }
        others.push(instance);
    }
    found
}

/// What would make a run refuse a component, or keep its state where nobody looks for it.
fn states(host: &Host, config: &Config, instances: &[Instance]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut folders: HashMap<PathBuf, bool> = HashMap::new();
    let terraform = &config.terraform;
    let unsaid = !terraform.auto_generate_backend_file && !terraform.auto_generate_backend_file_set;
    for instance in instances.iter().filter(|instance| instance.kind == Kind::Terraform && !instance.abstract_) {
        if let Err(error) = backend::check_workspace_name(instance) {
            let span = instance.sections.metadata.get("terraform_workspace_pattern").map(|node| node.span);
            let mut finding = Finding::error(&host.sources, &error, span.unwrap_or_default());
            "invalid terraform workspace name: no run accepts one that is empty or begins with `-`"
                .clone_into(&mut finding.message);
            found.push(finding.of(&instance.name));
        }
        let configured = &instance.sections.backend;
        let kind = instance.sections.backend_type.as_str();
        if !unsaid || configured.is_empty() || matches!(kind, "" | "local") {
            continue;
        }
        let Some(folder) = instance.path(config) else { continue };
        let lost =
            *folders.entry(folder).or_insert_with_key(|folder| folder.is_dir() && !backend::declares_backend(folder));
        if lost {
            let message = format!(
                "the `{kind}` backend is configured but not written, so its state would be kept on this machine"
            );
            let help =
                "set `components.terraform.auto_generate_backend_file: true` (or `false` to keep it so on purpose)";
            let site = Site::at(&host.sources, configured.span);
            let finding = Finding::new(Severity::Error, "atmos::terraform::state_stays_local", message, site);
            found.push(finding.help(Some(help.to_owned())).of(&instance.name));
        }
    }
    found
}
