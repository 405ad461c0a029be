//! Files that a branch has changed, for checks that only look when something concerns them.

use std::path::{Path, PathBuf};

use miette::Diagnostic;

use super::App;
use crate::diag::{Failure, Result};
use crate::fetch::git_answer;
use crate::host::Host;

/// Nothing to compare with.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("there is no common commit of HEAD and `{base}` to compare with")]
#[diagnostic(
    code(atmos::ops::no_base),
    help("name a branch or commit with `--base`; a shallow clone has to be deepened first")
)]
struct NoBase {
    base: String,
}

impl Failure for NoBase {}

/// Absolute paths of what was changed since the branch left `base`, deleted, uncommitted and untracked files included.
/// Without a base that of the pull request counts, where GitHub names it, else the default branch of the remote.
pub(super) fn files(host: &Host, base: Option<&str>) -> Result<Vec<PathBuf>> {
    let git = |words: &[&str]| git_answer(host, words);
    let (asked, certain) = match base.filter(|base| !base.is_empty()) {
        Some(base) => (base.to_owned(), true),
        None => of_pull_request(host).map_or(("origin/HEAD".to_owned(), false), |base| (base, true)),
    };
    let start = git(&["merge-base", "--end-of-options", "HEAD", &asked])
        .or_else(|| (!certain).then(|| git(&["merge-base", "HEAD", "HEAD~1"])).flatten());
    let Some(start) = start else { return Err(NoBase { base: asked }.into()) };
    let root = git(&["rev-parse", "--show-toplevel"]).map_or_else(|| host.cwd.clone(), PathBuf::from);
    let range = format!("{start}...HEAD");
    let lists: [&[&str]; 3] = [
        &["diff", "--name-only", "-z", &range],
        &["diff", "--name-only", "-z", "HEAD"],
        &["ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"],
    ];
    // No answer is an empty list: everything that could fail was asked before.
    let names: String = lists.into_iter().filter_map(git).collect::<Vec<_>>().join("\0");
    let mut found: Vec<PathBuf> =
        names.split('\0').filter(|name| !name.is_empty()).map(|name| root.join(name)).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// The base of the pull request that a workflow of GitHub runs for.
fn of_pull_request(host: &Host) -> Option<String> {
    let event = host.env.get("GITHUB_EVENT_PATH").and_then(|path| std::fs::read_to_string(path).ok());
    let event: Option<serde_json::Value> = event.and_then(|text| serde_json::from_str(&text).ok());
    let commit = event.and_then(|event| event.pointer("/pull_request/base/sha")?.as_str().map(str::to_owned));
    commit.or_else(|| host.env.get("GITHUB_BASE_REF").map(|branch| format!("origin/{branch}")))
}

/// Whether a change may concern stacks: a file below their base path, or one of the configuration.
pub(super) fn concerns_stacks(app: &App, file: &Path) -> bool {
    let stacks = app.config.stacks.base_path.canonicalize().unwrap_or_else(|_| app.config.stacks.base_path.clone());
    let is_configuration = |name: &std::ffi::OsStr| {
        ["atmos.yaml", "atmos.yml", ".atmos.yaml", ".atmos.yml", "atmos.d", ".atmos.d"]
            .iter()
            .any(|known| name == *known)
    };
    file.starts_with(stacks) || file.iter().any(is_configuration)
}
