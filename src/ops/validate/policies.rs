//! Schemas and policies of one component: `settings.validation`, or what the command line names instead.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use miette::Diagnostic;
use serde_json::Value as Json;

use crate::component::Instance;
use crate::content::Names;
use crate::diag::{Failure, Result};
use crate::host::Env;
use crate::ops::App;
use crate::ops::describe::{self, ComponentRequest};
use crate::resolve;
use crate::validate::{self, Error, Finding, Schema, policy_violations};
use crate::value::{Map, Node, to_json};

/// Seconds that a policy has where nothing else is said.
const SECONDS: u64 = 20;

/// What the command line says instead of the entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Override {
    pub schema_path: Option<String>,
    pub schema_type: Option<String>,
    pub module_paths: Vec<String>,
    pub timeout: Option<u64>,
}

/// One check of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Check {
    /// Key of the entry; none for that of the command line.
    name: Option<String>,
    schema_type: String,
    schema_path: String,
    module_paths: Vec<String>,
    timeout: u64,
    /// `" (file:line:column)"`, or nothing.
    place: String,
}

/// What checks had against a component.
#[derive(Debug, Default)]
pub struct PolicyReport {
    /// How many checks there were.
    pub checks: usize,
    pub objections: Vec<Objection>,
}

/// One check that failed.
#[derive(Debug)]
pub struct Objection {
    /// `validation failed` or `OPA policy violations detected`.
    pub phrase: &'static str,
    /// The entry of the component.
    pub check: Option<String>,
    /// The schema or policy, as it was named.
    pub file: String,
    pub messages: Vec<String>,
    /// The same for schemas, with places.
    pub findings: Vec<Finding>,
}

impl PolicyReport {
    /// The objections as lines: a phrase for each check, and what it says below.
    pub fn text(&self) -> String {
        let block = |objection: &Objection| {
            let check = objection.check.as_ref().map(|name| format!("`{name}`, ")).unwrap_or_default();
            let head = format!("{} ({check}{})", objection.phrase, objection.file);
            let lines = objection.messages.iter().map(|message| format!("\n- {}", message.replace('\n', "\n  ")));
            lines.fold(head, |text, line| text + &line)
        };
        self.objections.iter().map(block).collect::<Vec<_>>().join("\n\n")
    }
}

/// A run that must not be.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("the component '{component}' did not pass the validation policies in the stack '{stack}'\n\n{text}")]
#[diagnostic(
    code(atmos::validate::component),
    help(
        "`atmos validate component {component} -s {stack}` checks it without a run; `disabled: true` in an entry of `settings.validation` switches it off"
    )
)]
struct Refused {
    component: String,
    stack: String,
    text: String,
}

impl Failure for Refused {}

/// Checks a component before its run: `words` are the command, `native` what terraform gets.
///
/// # Errors
/// An objection, or a check that cannot be carried out.
pub(in crate::ops) fn before_run(
    app: &App,
    written: &Instance,
    evaluated: &Instance,
    words: &[&str],
    native: &[String],
) -> Result<()> {
    let report = check(app, written, evaluated, &Override::default(), words, native)?;
    if report.objections.is_empty() {
        return Ok(());
    }
    let (component, stack) = (evaluated.name.clone(), evaluated.stack.clone());
    Err(Refused { component, stack, text: report.text() }.into())
}

/// Carries out every check that is not switched off.
pub(super) fn check(
    app: &App,
    written: &Instance,
    evaluated: &Instance,
    instead: &Override,
    words: &[&str],
    native: &[String],
) -> Result<PolicyReport> {
    let checks = checks(app, evaluated, instead)?;
    let mut report = PolicyReport { checks: checks.len(), objections: Vec::new() };
    if checks.is_empty() {
        return Ok(report);
    }
    let input = input(app, written, evaluated, words, native)?;
    let mut json: Option<Json> = None;
    for check in &checks {
        tracing::debug!(target: "atmos", component = evaluated.name, schema = check.schema_type, file = check.schema_path, "Validating");
        let found = match check.schema_type.as_str() {
            "jsonschema" => by_schema(app, check, &input)?,
            "opa" => by_policy(app, check, json.get_or_insert_with(|| to_json(&input)))?,
            kind => {
                let near = crate::diag::nearest(kind, ["jsonschema", "opa"]);
                let help = near.map_or_else(
                    || "correct `schema_type` of the entry, or `--schema-type`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(Error::SchemaType { kind: kind.to_owned(), place: check.place.clone(), help }.into());
            }
        };
        report.objections.extend(found);
    }
    Ok(report)
}

/// The checks in the order of the entries.
fn checks(app: &App, instance: &Instance, instead: &Override) -> Result<Vec<Check>> {
    if let (Some(path), Some(kind)) = (&instead.schema_path, &instead.schema_type) {
        return Ok(vec![of_command_line(instead, path, kind)]);
    }
    let checks = of_entries(app, instance, instead)?;
    if checks.is_empty() { asked_alone(instead).map_err(Into::into) } else { Ok(checks) }
}

/// The check that the command line asks for where no entry is in force. What it says must not come to nothing.
fn asked_alone(instead: &Override) -> Result<Vec<Check>, Error> {
    let alone = |flag: &'static str, needs: &'static str| Err(Error::FlagAlone { flag, needs });
    let Some(path) = &instead.schema_path else {
        return match (&instead.schema_type, instead.module_paths.is_empty()) {
            (Some(_), _) => alone("--schema-type", "--schema-path"),
            (None, false) => alone("--module-paths", "--schema-path"),
            (None, true) => Ok(Vec::new()),
        };
    };
    let kind = match Path::new(path).extension().and_then(|ending| ending.to_str()) {
        Some("json" | "yaml" | "yml") => "jsonschema",
        Some("rego") => "opa",
        _ => return alone("--schema-path", "--schema-type"),
    };
    Ok(vec![of_command_line(instead, path, kind)])
}

fn of_command_line(instead: &Override, path: &str, kind: &str) -> Check {
    Check {
        schema_type: kind.to_owned(),
        schema_path: path.to_owned(),
        module_paths: instead.module_paths.clone(),
        timeout: instead.timeout.filter(|timeout| *timeout > 0).unwrap_or(SECONDS),
        ..Check::default()
    }
}

fn of_entries(app: &App, instance: &Instance, instead: &Override) -> Result<Vec<Check>> {
    let Some(section) = instance.sections.settings.get("validation").filter(|node| !node.is_null()) else {
        return Ok(Vec::new());
    };
    let place = |node: &Node| app.host.sources.place(node.span).map(|at| format!(" ({at})")).unwrap_or_default();
    let wrong =
        |node: &Node, problem: String| Error::Entry { component: instance.name.clone(), place: place(node), problem };
    let Some(entries) = section.as_map() else {
        return Err(wrong(section, format!("expected a map of entries, found {}", section.value.type_name())).into());
    };
    let mut checks = Vec::new();
    for (name, entry) in entries {
        if entry.as_map().is_none() {
            return Err(wrong(entry, format!("`{name}`: expected a map, found {}", entry.value.type_name())).into());
        }
        if entry.get("disabled").and_then(Node::as_bool) == Some(true) {
            continue;
        }
        let text = |key: &str| entry.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
        let modules = entry.get("module_paths").and_then(Node::as_list).unwrap_or_default();
        let seconds = |node: &Node| match node.value {
            crate::value::Value::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        let timeout = match entry.get("timeout").filter(|node| !node.is_null()) {
            Some(node) => {
                seconds(node).ok_or_else(|| wrong(node, format!("`{name}.timeout`: expected a number of seconds")))?
            }
            None => 0,
        };
        let timeout = instead.timeout.filter(|timeout| *timeout > 0).unwrap_or(timeout);
        let own_modules = || modules.iter().filter_map(Node::as_str).map(str::to_owned).collect();
        let check = Check {
            name: Some(name.to_string()),
            schema_type: instead.schema_type.clone().unwrap_or_else(|| text("schema_type")),
            schema_path: instead.schema_path.clone().unwrap_or_else(|| text("schema_path")),
            module_paths: if instead.module_paths.is_empty() { own_modules() } else { instead.module_paths.clone() },
            timeout: if timeout == 0 { SECONDS } else { timeout },
            place: place(entry),
        };
        if check.schema_path.is_empty() {
            return Err(wrong(entry, format!("`{name}` has no `schema_path`")).into());
        }
        checks.push(check);
    }
    Ok(checks)
}

/// Everything that is known of the component, and the environment.
fn input(app: &App, written: &Instance, evaluated: &Instance, words: &[&str], native: &[String]) -> Result<Node> {
    let request = ComponentRequest {
        component: evaluated.name.clone(),
        stack: evaluated.stack.clone(),
        kind: None,
        processing: resolve::Options::default(),
        full: true,
        // Nothing of the module is read for a check.
        names: Names::default(),
        query: Some(".component_info.component_path".to_owned()),
    };
    let mut node = describe::document(app, &request, written, evaluated)?;
    let map = node.make_map();
    let words: Vec<Node> = words.iter().map(|word| Node::from(*word)).collect();
    map.insert(Arc::from("cli_args"), Node::from(words));
    map.insert(Arc::from("tf_cli_vars"), Node::from(crate::component::cli_variables(native)));
    map.insert(Arc::from("process_env"), environment(&app.host.env));
    Ok(node)
}

fn environment(env: &Env) -> Node {
    let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    Node::from(env.iter().map(|(name, value)| (text(name).into(), Node::from(text(value)))).collect::<Map>())
}

fn by_schema(app: &App, check: &Check, input: &Node) -> Result<Option<Objection>> {
    let path = file(app, check, "jsonschema")?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::SchemaRead { path: check.schema_path.clone(), message: error.to_string() })?;
    let schema = Schema::parse(&check.schema_path, &text)?;
    let findings = validate::document(&app.host.sources, &schema, input);
    if findings.is_empty() {
        return Ok(None);
    }
    let line = |finding: &Finding| {
        let place = finding.site.as_ref().map(|site| format!("{site}: ")).unwrap_or_default();
        let help = finding.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{place}{}{help}", finding.message)
    };
    let messages = findings.iter().map(line).collect();
    Ok(Some(objection("validation failed", check, messages, findings)))
}

fn by_policy(app: &App, check: &Check, input: &Json) -> Result<Option<Objection>> {
    let path = file(app, check, "opa")?;
    let base = base(app, "opa");
    let modules: Vec<PathBuf> = check.module_paths.iter().map(|module| base.join(module)).collect();
    let messages = policy_violations(&path, &modules, input, Duration::from_secs(check.timeout))?;
    Ok((!messages.is_empty()).then(|| objection("OPA policy violations detected", check, messages, Vec::new())))
}

fn objection(phrase: &'static str, check: &Check, messages: Vec<String>, findings: Vec<Finding>) -> Objection {
    Objection { phrase, check: check.name.clone(), file: check.schema_path.clone(), messages, findings }
}

/// The file of a check: as it is named, else below the base path of its kind.
fn file(app: &App, check: &Check, kind: &'static str) -> Result<PathBuf, Error> {
    let base = base(app, kind);
    let candidates = [app.host.absolute(Path::new(&check.schema_path)), base.join(&check.schema_path)];
    candidates.into_iter().find(|file| file.is_file()).ok_or_else(|| Error::SchemaFile {
        path: check.schema_path.clone(),
        kind,
        base: base.display().to_string(),
        place: check.place.clone(),
    })
}

fn base(app: &App, kind: &str) -> PathBuf {
    let setting = app.config.document.get_path(["schemas", kind, "base_path"]).and_then(Node::as_str);
    app.config.base_path.join(setting.unwrap_or_default())
}
