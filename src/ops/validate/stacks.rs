//! `atmos validate stacks`

use super::relations::remarks;
use super::workflows::in_manifests;
use crate::diag::Result;
use crate::ops::{App, changed};
use crate::stack::glob_matches;
use crate::validate::{self, Finding, Schema, Severity};

/// What is checked.
#[derive(Debug, Clone, Default)]
pub struct StacksRequest {
    /// A schema of manifests instead of the configured one.
    pub schema: Option<String>,
    /// Patterns of manifests that are left out, relative to the base path of the project.
    pub exclude: Vec<String>,
    /// Only when something was changed that concerns stacks.
    pub affected: bool,
    /// What the changes are counted from; the default branch without.
    pub base: Option<String>,
}

/// Everything that was found, sorted by place.
#[derive(Debug, Default)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Nothing that concerns stacks was changed, and nothing was checked.
    pub unaffected: bool,
}

impl Report {
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity == severity)
    }

    pub fn has_errors(&self) -> bool {
        self.of(Severity::Error).next().is_some()
    }
}

/// Checks all manifests and components; nothing is evaluated.
///
/// # Errors
/// What keeps everything from being checked: no stacks, no schema. All else stands in the report.
pub fn stacks(app: &App, request: &StacksRequest) -> Result<Report> {
    app.config.require_stacks()?;
    let mut config = app.config.clone();
    for pattern in &request.exclude {
        if glob_matches(pattern, "").is_none() {
            return Err(validate::Error::Exclude { pattern: pattern.clone() }.into());
        }
        config.stacks.excluded_paths.push(below_stacks(&config.stacks.base_path_setting, pattern));
    }
    if request.affected
        && !changed::files(&app.host, request.base.as_deref())?.iter().any(|file| changed::concerns_stacks(app, file))
    {
        return Ok(Report { unaffected: true, ..Report::default() });
    }
    let schema = Schema::load(&app.host, &config, request.schema.as_deref())?;
    let mut findings = validate::stacks(&app.host, &config, &schema, |all| remarks(&config, all))?;
    let more = in_manifests(app, &config);
    if !more.is_empty() {
        findings = validate::sorted(findings.into_iter().chain(more));
    }
    Ok(Report { findings, unaffected: false })
}

/// A pattern below the project as one below the stacks.
fn below_stacks(base: &str, pattern: &str) -> String {
    let base = base.trim_start_matches("./").trim_end_matches('/');
    let pattern = pattern.trim_start_matches("./");
    let below = pattern.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
    below.filter(|_| !matches!(base, "" | ".")).unwrap_or(pattern).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_paths_are_those_of_the_project() {
        for (base, pattern, expected) in [
            ("stacks", "stacks/catalog/**", "catalog/**"),
            ("./stacks/", "./stacks/a.yaml", "a.yaml"),
            ("stacks", "catalog/**", "catalog/**"),
            (".", "a.yaml", "a.yaml"),
            ("stacks", "stacks-old/a.yaml", "stacks-old/a.yaml"),
        ] {
            assert_eq!(below_stacks(base, pattern), expected, "{base} {pattern}");
        }
    }
}
