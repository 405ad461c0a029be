//! `atmos doctor`: what this program finds here, and what is allowed. Nothing is changed, unlocked or evaluated.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use serde::Serialize;

use super::App;
use super::terraform::configured_program;
use crate::auth::AuthConfig;
use crate::auth::store::{self, Outlook};
use crate::component;
use crate::config::{PolicyInForce, REFERENCE_VERSION, meets_constraint};
use crate::diag::Result;
use crate::exec::find_program;
use crate::value::Node;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    pub version: &'static str,
    /// Release of the reference whose behaviour this is.
    pub compatible_with: &'static str,
    pub constraint: Option<Constraint>,
    pub base_path: String,
    /// Configuration files in the order in which they were read.
    pub files: Vec<String>,
    /// What functions of manifests and templates may do.
    pub policies: Vec<PolicyInForce>,
    pub programs: Vec<Program>,
    pub keyring: Outlook,
    pub stacks: Stacks,
}

/// `version.constraint` of the configuration.
#[derive(Debug, Serialize)]
pub struct Constraint {
    pub require: String,
    pub met: bool,
}

/// A program that components are run with.
#[derive(Debug, Serialize)]
pub struct Program {
    pub kind: &'static str,
    /// As configured.
    pub command: String,
    pub path: Option<String>,
    /// The first line that it says of itself.
    pub version: Option<String>,
    pub problem: Option<String>,
}

/// What the manifests amount to.
#[derive(Debug, Default, Serialize)]
pub struct Stacks {
    pub stacks: usize,
    /// Components in stacks, abstract ones included.
    pub components: usize,
    pub problem: Option<String>,
}

/// Looks around.
///
/// # Errors
/// None so far: what is wrong stands in the report.
pub fn examine(app: &App) -> Result<Report> {
    let config = &app.config;
    let require = config.document.get_path(["version", "constraint", "require"]).and_then(Node::as_str);
    let constraint = require
        .filter(|require| !require.is_empty())
        .map(|require| Constraint { require: require.to_owned(), met: meets_constraint(require) });
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        compatible_with: REFERENCE_VERSION,
        constraint,
        base_path: config.base_path.display().to_string(),
        files: config.files.iter().map(|file| file.display().to_string()).collect(),
        policies: config.policies(&app.host),
        programs: vec![
            program(app, "terraform", &configured_program(app, &config.base_path).0),
            program(app, "helmfile", &config.helmfile.command),
        ],
        keyring: store::outlook(&app.host, &AuthConfig::read(&config.auth).keyring.settings()),
        stacks: stacks(app),
    })
}

fn stacks(app: &App) -> Stacks {
    let found = app.index().and_then(|index| Ok(component::summaries(&app.host, &app.config, index)?));
    match found {
        Ok(found) => {
            let names: BTreeSet<&str> = found.iter().map(|one| one.stack.as_str()).collect();
            Stacks { stacks: names.len(), components: found.len(), problem: None }
        }
        Err(report) => Stacks { problem: Some(report.to_string()), ..Stacks::default() },
    }
}

fn program(app: &App, kind: &'static str, command: &str) -> Program {
    let missing = |problem: String| Program {
        kind,
        command: command.to_owned(),
        path: None,
        version: None,
        problem: Some(problem),
    };
    let configured = format!("components.{kind}.command");
    let path = match find_program(command, &configured, &app.host.env, &app.host.cwd) {
        Ok(path) => path,
        Err(error) => return missing(error.to_string()),
    };
    let (version, problem) = match own_version(app, &path) {
        Ok(version) => (Some(version), None),
        Err(problem) => (None, Some(problem)),
    };
    Program { kind, command: command.to_owned(), path: Some(path.display().to_string()), version, problem }
}

/// The first line that a program says of its version.
fn own_version(app: &App, path: &Path) -> std::result::Result<String, String> {
    // Terraform would ask its makers for a newer one.
    let env = app.host.env.iter().chain([(OsStr::new("CHECKPOINT_DISABLE"), OsStr::new("1"))]);
    let child = duct::cmd(path, ["--version"]).dir(&app.host.cwd).full_env(env);
    let output = child.stdin_null().stdout_capture().stderr_capture().unchecked().run();
    let output = output.map_err(|error| format!("it does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("`--version` ended with {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.map(str::to_owned).ok_or_else(|| "it does not say its version".to_owned())
}
