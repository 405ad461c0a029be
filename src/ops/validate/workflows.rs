//! `atmos validate workflows`: the files of workflows as a run reads them.

use std::path::PathBuf;

use super::files::{Checked, FilesReport, read, shown};
use crate::diag::Result;
use crate::ops::{App, changed, workflows};
use crate::span::Sources;
use crate::stack::{all_manifests, glob_matches};
use crate::validate::{Error, Finding, Schema, document, sorted};
use crate::value::{Map, Node};
use crate::workflow;

/// The key that files of workflows have at their top.
const KEY: &str = "workflows";

/// Which files are checked.
#[derive(Debug, Clone, Default)]
pub struct WorkflowsRequest {
    pub exclude: Vec<String>,
    /// Only files that were changed since the base.
    pub affected: bool,
    pub base: Option<String>,
}

/// Checks every file of workflows; nothing is started or written.
///
/// # Errors
/// No directory of workflows, a pattern that is none, and no base to compare with.
pub fn workflows(app: &App, request: &WorkflowsRequest) -> Result<FilesReport> {
    if let Some(pattern) = request.exclude.iter().find(|pattern| glob_matches(pattern, "").is_none()) {
        return Err(Error::Exclude { pattern: pattern.clone() }.into());
    }
    let changed = if request.affected { Some(changed::files(&app.host, request.base.as_deref())?) } else { None };
    let schema = Schema::embedded()?;
    let mut report = FilesReport::default();
    for path in workflows::paths(app)? {
        let file = shown(app, &path);
        let excluded = request.exclude.iter().any(|pattern| glob_matches(pattern, &file).unwrap_or(false));
        if excluded || changed.as_ref().is_some_and(|changed| !changed.contains(&path)) {
            continue;
        }
        let findings = match read(app, &path) {
            Ok(node) => of_file(&app.host.sources, &schema, &node),
            Err(findings) => findings,
        };
        report.files.push(Checked { file, findings });
    }
    Ok(report)
}

/// Whether there is anything that [`workflows`] would look at.
pub fn has_workflow_files(app: &App) -> bool {
    workflows::paths(app).is_ok_and(|paths| !paths.is_empty())
}

fn of_file(sources: &Sources, schema: &Schema, node: &Node) -> Vec<Finding> {
    let Some(section) = node.get(KEY) else {
        let problem = workflows::Error::NoWorkflows;
        let finding = Finding::placed(sources, &problem, node.span);
        return vec![finding.as_warning()];
    };
    // The rest of the file is nobody's business here.
    let only: Map = [(KEY.into(), section.clone())].into_iter().collect();
    let mut found = document(sources, schema, &Node::new(Node::from(only).value, node.span));
    found.extend(of_workflows(sources, section));
    sorted(found)
}

/// What a run would say of the workflows below the key, beside what the schema says.
fn of_workflows(sources: &Sources, section: &Node) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, node) in section.as_map().into_iter().flatten() {
        for fault in workflow::faults(name, node, sources) {
            if matches!(fault, workflow::Error::NoSteps { .. }) && node.get("steps").is_none() {
                continue;
            }
            let finding = Finding::placed(sources, &fault, node.span);
            let later = finding.code == "atmos::step::not_built";
            found.push(if later { finding.as_warning() } else { finding });
        }
        let strange = node.get("steps").map(|steps| workflow::remarks_of_steps(name, steps, sources));
        found.extend(strange.unwrap_or_default().iter().map(|remark| Finding::remark(sources, remark)));
    }
    found
}

/// The same for manifests of stacks that have workflows; the schema and the syntax are seen to already. All of it are
/// warnings: the reference takes such manifests, and no stack is the worse for a workflow that cannot run.
pub(super) fn in_manifests(app: &App, config: &crate::config::Config) -> Vec<Finding> {
    let has = |path: &PathBuf| std::fs::read_to_string(path).is_ok_and(|text| text.contains(KEY));
    let nodes = all_manifests(config).into_iter().filter(has).filter_map(|path| read(app, &path).ok());
    let found = nodes.filter_map(|node| node.get(KEY).map(|section| of_workflows(&app.host.sources, section)));
    found.flatten().map(Finding::as_warning).collect()
}
