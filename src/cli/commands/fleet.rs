//! Runs of many components: what their flags mean, and what is shown at the end.

use std::path::{Path, PathBuf};

use super::super::args::{DryRunFormat, Fleet};
use super::super::error::Error;
use super::super::setup::{Context, flag};
use super::affected;
use crate::diag::{Result, Warning};
use crate::exec::relay::LogOrder;
use crate::graph::Depth;
use crate::ops::many::{self, Affected, FailureMode, Options, Selectors};
use crate::output;

/// The flags, else the variables of the sub-command (`<prefix>_ALL`, …), and where the results go. Variables that choose
/// count where no component is named.
pub(super) fn options(
    context: &Context,
    fleet: Fleet,
    prefix: &str,
    named: bool,
) -> Result<(Options, Option<PathBuf>)> {
    let env = &context.host.env;
    let own = |name: &str| env.get(&format!("{prefix}_{name}")).filter(|text| !text.is_empty()).map(str::to_owned);
    let variable = |name: &str| env.get(name).filter(|text| !named && !text.is_empty());
    let names = |given: Vec<String>, name: &str| match variable(name).filter(|_| given.is_empty()) {
        Some(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        None => given,
    };
    let depth = |given: Option<String>, name: &'static str, variable_name: &str| {
        depth(given.as_deref().or_else(|| variable(variable_name)), name)
    };
    let mut base = fleet.base;
    let is_affected = flag(fleet.affected, env, &format!("{prefix}_AFFECTED"))?;
    if is_affected {
        base.repo_path = base.repo_path.or_else(|| variable("ATMOS_REPO_PATH").map(PathBuf::from));
        base.reference = base.reference.or_else(|| variable("ATMOS_REF").map(str::to_owned));
        base.sha = base.sha.or_else(|| variable("ATMOS_SHA").map(str::to_owned));
        base.ssh_key = base.ssh_key.or_else(|| variable("ATMOS_SSH_KEY").map(PathBuf::from));
        base.ssh_key_password = base.ssh_key_password.or_else(|| variable("ATMOS_SSH_KEY_PASSWORD").map(str::to_owned));
        base.clone_target_ref = Some(flag(base.clone_target_ref, env, "ATMOS_CLONE_TARGET_REF")?);
    }
    let affected = is_affected.then(|| Affected {
        base: affected::base(context, base),
        include_uncommitted: fleet.include_uncommitted.unwrap_or(false),
        exclude_locked: fleet.exclude_locked.unwrap_or(false),
    });
    let options = Options {
        all: flag(fleet.all, env, &format!("{prefix}_ALL"))?,
        affected,
        selectors: Selectors {
            components: names(fleet.components, "ATMOS_COMPONENTS"),
            query: fleet.query.or_else(|| variable("ATMOS_QUERY").map(str::to_owned)),
            tags: names(fleet.tags, "ATMOS_TAGS"),
            labels: names(fleet.labels, "ATMOS_LABELS"),
            exclude: fleet.exclude,
        },
        dependents: depth(fleet.include_dependents, "include-dependents", "ATMOS_INCLUDE_DEPENDENTS")?,
        dependencies: depth(fleet.include_dependencies, "include-dependencies", "ATMOS_INCLUDE_DEPENDENCIES")?,
        max_concurrency: concurrency(fleet.max_concurrency.or_else(|| own("MAX_CONCURRENCY")).as_deref())?,
        failure_mode: match fleet.failure_mode.or_else(|| own("FAILURE_MODE")).as_deref() {
            None | Some("fail-fast") => FailureMode::FailFast,
            Some("keep-going") => FailureMode::KeepGoing,
            Some(other) => return Err(invalid("failure-mode", other, "fail-fast, keep-going")),
        },
        log_order: match fleet.log_order.or_else(|| own("LOG_ORDER")).as_deref() {
            None => None,
            Some("stream") => Some(LogOrder::Stream),
            Some("grouped") => Some(LogOrder::Grouped),
            Some(other) => return Err(invalid("log-order", other, "stream, grouped")),
        },
        hide_unchanged: false,
    };
    let summary = fleet.execution_summary_file.or_else(|| own("EXECUTION_SUMMARY_FILE").map(PathBuf::from));
    if let Some(path) = &summary {
        check_summary(&context.host.absolute(path))?;
    }
    Ok((options, summary))
}

/// `--hide no-changes`
pub(super) fn hidden(given: Option<&str>) -> Result<bool> {
    match given {
        None | Some("") => Ok(false),
        Some("no-changes") => Ok(true),
        Some(other) => Err(invalid("hide", other, "no-changes")),
    }
}

/// Whether a dry run is shown as a document.
pub(super) fn is_json(dry: &DryRunFormat, dry_run: bool) -> Result<bool> {
    match dry.format.as_deref() {
        None | Some("") => Ok(false),
        Some("json") if dry_run => Ok(true),
        Some("json") => Err(Error::Usage {
            message: "--format is about a dry run here".to_owned(),
            help: "add `--dry-run`; terraform's own JSON is `-json`".to_owned(),
        }
        .into()),
        Some(other) => Err(invalid("format", other, "json")),
    }
}

/// Everything, a number of levels, or nothing.
fn depth(given: Option<&str>, name: &'static str) -> Result<Option<Depth>> {
    match given {
        None | Some("" | "false" | "0") => Ok(None),
        Some("true" | "all" | "-1") => Ok(Some(Depth::All)),
        Some(text) => match text.parse() {
            Ok(levels) => Ok(Some(Depth::Levels(levels))),
            Err(_) => Err(invalid(name, text, "a number of levels, true, false")),
        },
    }
}

fn concurrency(given: Option<&str>) -> Result<usize> {
    let Some(text) = given else { return Ok(1) };
    match text.parse::<usize>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(invalid("max-concurrency", text, "a number from 1 on")),
    }
}

fn invalid(flag: &'static str, value: &str, valid: &'static str) -> crate::diag::Report {
    Error::FlagValue { flag, value: value.to_owned(), valid }.into()
}

/// Shows what became of each component and writes it to the file; the failure of the run is returned after that.
pub(super) fn report(context: &Context, fleet: Option<many::Fleet>, summary: Option<&Path>) -> Result<()> {
    let Some(fleet) = fleet else { return Ok(()) };
    if fleet.results.len() > 1 {
        context.host.talk.info(output::fleet_table(&fleet).trim_end());
    }
    let written = summary.map(|path| write(context, &fleet, &context.host.absolute(path)));
    match (fleet.failure, written) {
        (Some(failure), Some(Err(report))) => {
            context.host.talk.warn(Warning::new("atmos::cli::summary", report.to_string()));
            Err(failure)
        }
        (Some(failure), _) => Err(failure),
        (None, written) => written.unwrap_or(Ok(())),
    }
}

/// Refuses a summary that could not be written when everything is done. Nothing is made yet.
fn check_summary(path: &Path) -> Result<()> {
    let refuse = |cause: std::io::Error| Err(Error::Write { path: path.display().to_string(), cause }.into());
    if path.is_dir() {
        return refuse(std::io::ErrorKind::IsADirectory.into());
    }
    let Some(there) = path.ancestors().find(|path| path.symlink_metadata().is_ok()) else { return Ok(()) };
    if there != path && !there.is_dir() {
        return refuse(std::io::ErrorKind::NotADirectory.into());
    }
    // Rights do not say everything: there are folders that take no files at all.
    let tried = match there.metadata() {
        Ok(about) if about.is_dir() => tempfile::tempfile_in(there).map(drop),
        Ok(about) if about.is_file() => std::fs::OpenOptions::new().append(true).open(there).map(drop),
        _ => can_write(there),
    };
    tried.or_else(refuse)
}

/// A pipe has no other end yet that it could be opened with.
#[cfg(unix)]
fn can_write(path: &Path) -> std::io::Result<()> {
    Ok(rustix::fs::access(path, rustix::fs::Access::WRITE_OK)?)
}

#[cfg(not(unix))]
fn can_write(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn write(context: &Context, fleet: &many::Fleet, path: &Path) -> Result<()> {
    let junit = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
    let text = if junit { output::fleet_junit(fleet) } else { output::fleet_json(fleet) };
    if let Some(parent) = path.parent() {
        let made = crate::host::fs::create_dirs(parent);
        made.map_err(|cause| Error::Write { path: parent.display().to_string(), cause })?;
    }
    let written = context.screen.data_to_file(path, &text);
    written.map_err(|cause| Error::Write { path: path.display().to_string(), cause }.into())
}
