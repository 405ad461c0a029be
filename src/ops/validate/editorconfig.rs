//! `atmos validate editorconfig`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use regex::Regex;

use crate::diag::{Failure, Result};
use crate::fetch::git_answer;
use crate::ops::hooks::Analysis;
use crate::ops::{App, changed, github};
use crate::stack::glob_matches;
use crate::validate::editorconfig::{Complaint, Disabled, EditorConfig, check};
use crate::value::Node;

/// What is checked.
#[derive(Debug, Clone, Default)]
pub struct EditorConfigRequest {
    /// A regular expression of paths that are left out.
    pub exclude: Option<String>,
    pub ignore_defaults: bool,
    pub disabled: Disabled,
    /// Only files that were changed since the base.
    pub affected: bool,
    pub base: Option<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct EditorConfigReport {
    /// Paths of all files that were looked at, relative to the working directory.
    pub files: Vec<String>,
    pub complaints: Vec<(String, Vec<Complaint>)>,
    /// There is no `.editorconfig`.
    pub unconfigured: bool,
}

impl EditorConfigReport {
    pub fn count(&self) -> usize {
        self.complaints.iter().map(|(_, list)| list.len()).sum()
    }
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("invalid pattern '{pattern}' of files to exclude: {message}")]
#[diagnostic(code(atmos::validate::exclude_pattern), help("`--exclude` is a regular expression, such as `^vendor/`"))]
struct Pattern {
    pattern: String,
    message: String,
}

impl Failure for Pattern {}

/// Endings of files that nobody writes by hand.
const GENERATED: &str = r"(?i)(^|/)(yarn\.lock|package-lock\.json|composer\.lock|Cargo\.lock|Gemfile\.lock|go\.(mod|sum)|poetry\.lock|\.terraform\.lock\.hcl)$|\.(snap|lock|min\.(css|js)|css\.map|js\.map|png|jpe?g|gif|ico|svg|webp|bmp|avif|pdf|docx?|xlsx?|pptx?|odt|ttf|otf|woff2?|eot|mp[34]|ogg|wav|mov|avi|webm|zip|gz|tgz|bz2|xz|7z|tar|jar|wasm|so|dll|exe|pyc|class|log|bak)$|(^|/)(\.git|node_modules|\.terraform|\.yarn)/";

/// Checks the files of the repository around the working directory, or all below it where there is none.
///
/// # Errors
/// A pattern that is no expression; no base to compare with.
pub fn editorconfig(app: &App, request: &EditorConfigRequest) -> Result<EditorConfigReport> {
    let root = &app.host.cwd;
    let mut report = EditorConfigReport::default();
    let excluded = Excluded::of(app, request)?;
    let mut files = files(app);
    if request.affected {
        let changed = changed::files(&app.host, request.base.as_deref())?;
        files.retain(|file| changed.contains(&root.join(file)));
    }
    files.retain(|file| !excluded.has(file));
    files.sort();
    files.dedup();
    let own = EditorConfig::of(root);
    report.unconfigured = own.is_empty();
    for (path, problems) in own.problems() {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        report.complaints.push((name, problems.to_vec()));
    }
    let mut configs: BTreeMap<PathBuf, EditorConfig> = BTreeMap::new();
    for file in files {
        let path = root.join(&file);
        let Ok(bytes) = std::fs::read(&path) else { continue };
        // What holds no text is nothing to check.
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if text.contains('\0') {
            continue;
        }
        let folder = path.parent().unwrap_or(root);
        let config = configs.entry(folder.to_path_buf()).or_insert_with(|| EditorConfig::of(folder));
        let rules = config.rules(&path);
        let complaints = check(&rules, &text, request.disabled);
        if !complaints.is_empty() {
            report.complaints.push((file.clone(), complaints));
        }
        report.files.push(file);
    }
    Ok(report)
}

/// Sends what was found, as SARIF, to the code scanning of GitHub; `None` where that is not wanted.
pub fn publish_editorconfig(app: &App, report: String) -> Option<impl Future<Output = ()>> {
    github::wants_findings(app).then_some(async move {
        let analysis = Analysis { name: &["validate-editorconfig"], is_mild: false };
        github::publish_of(app, std::slice::from_ref(&app.host.cwd), &analysis, &report).await;
    })
}

struct Excluded {
    expressions: Vec<Regex>,
    globs: Vec<String>,
}

impl Excluded {
    fn of(app: &App, request: &EditorConfigRequest) -> Result<Excluded> {
        let mut expressions = Vec::new();
        let own = request.exclude.as_deref().filter(|text| !text.is_empty());
        for pattern in (!request.ignore_defaults).then_some(GENERATED).into_iter().chain(own) {
            let invalid = |error: regex::Error| Pattern { pattern: pattern.to_owned(), message: error.to_string() };
            expressions.push(Regex::new(pattern).map_err(invalid)?);
        }
        let section = app.config.document.get_path(["validate", "editorconfig", "exclude"]);
        let globs = section.and_then(Node::as_list).unwrap_or_default();
        let globs = globs.iter().filter_map(Node::as_str).map(str::to_owned).collect();
        Ok(Excluded { expressions, globs })
    }

    fn has(&self, file: &str) -> bool {
        self.expressions.iter().any(|expression| expression.is_match(file))
            || self.globs.iter().any(|glob| glob_matches(glob, file).unwrap_or(false))
    }
}

/// Files below the working directory that git knows or would add; all of them outside of a repository.
fn files(app: &App) -> Vec<String> {
    let words = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    if let Some(list) = git_answer(&app.host, &words) {
        return list.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    }
    let mut found = Vec::new();
    walk(&app.host.cwd, Path::new(""), &mut found);
    found
}

fn walk(root: &Path, below: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(root.join(below)) else { return };
    for entry in entries.flatten() {
        let path: PathBuf = below.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => walk(root, &path, found),
            Ok(kind) if kind.is_file() => found.push(path.display().to_string()),
            _ => {}
        }
    }
}
