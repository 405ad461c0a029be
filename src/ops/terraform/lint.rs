//! `terraform lint`: tflint on the folders of components, each once.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Error, files};
use crate::auth::resolution::{Flag, Need};
use crate::ci;
use crate::component::{Instance, Kind};
use crate::diag::{Result, Warning};
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};
use crate::host::fs;
use crate::ops::access::Access;
use crate::ops::annotations::Annotations;
use crate::ops::child::{self, Held};
use crate::ops::ci::summarise;
use crate::ops::github;
use crate::ops::hooks::{Analysis, Found, Report};
use crate::ops::many::{self, Asked, Crew, Fleet, Member, Outcome, Refused};
use crate::ops::{App, provision};
use crate::resolve::{self, ErrorMode};
use crate::value::Node;

const TFLINT: &str = "tflint";
const CONFIG: &str = ".tflint.hcl";

/// Which components, and how their findings are shown.
#[derive(Debug, Clone)]
pub struct LintRequest {
    /// Without one all of them.
    pub component: Option<String>,
    pub stack: Option<String>,
    pub many: many::Options,
    pub identity: Flag,
    pub evaluation: resolve::Options,
    /// What becomes of components that cannot be evaluated.
    pub error_mode: ErrorMode,
    /// So many findings of each component are shown; without it all.
    pub most: Option<usize>,
    /// With the lines of the source.
    pub rich: bool,
}

/// Checks them. What was found is on standard output; findings make a component fail.
///
/// # Errors
/// Flags that contradict each other, tflint that is not there, names that do not exist.
pub async fn lint(app: &App, request: &LintRequest) -> Result<Fleet> {
    if let Some((component, flag)) = request.component.as_ref().zip(request.many.flag()) {
        return Err(many::Error::ComponentAndFleet { component: component.clone(), flag }.into());
    }
    if let Some(flag) = request.many.beside_affected() {
        return Err(many::Error::AffectedAndFleet { flag }.into());
    }
    let access = child::access(app)?;
    // Before anything is read: without the program all of that is in vain.
    let env = child::plain_environment(app, &Held::default());
    process::find(TFLINT, "`atmos terraform lint`", &env, &app.host.cwd)?;
    let targets = targets(app, request)?;
    let members = targets.iter().map(|instance| Member {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        places: instance.path(&app.config).into_iter().collect(),
        side_by_side: None,
        identity: None,
    });
    let crew = Crew {
        app,
        options: &request.many,
        tool: "terraform",
        command: "lint".to_owned(),
        members: members.collect(),
        before: vec![Vec::new(); targets.len()],
        refused: Refused::new(&request.many, false),
        talks: true,
        keeps: false,
        changes: false,
    };
    let (targets, access) = (&targets, &access);
    let start = |at: usize, relay: Arc<Relay>| -> many::Work<'_> {
        Box::pin(async move {
            let result = Box::pin(one(app, request, &targets[at], access)).await;
            relay.close();
            result.map(|()| Outcome { code: 0, detailed: false })
        })
    };
    let fleet = many::run(&crew, start).await?;
    if fleet.failure.is_none() && !targets.is_empty() {
        app.host.talk.success(format!(
            "Linted {} component{}",
            targets.len(),
            if targets.len() == 1 { "" } else { "s" }
        ));
    }
    Ok(fleet)
}

/// The components, each in the first of its stacks, as far evaluated as files and folders need it.
fn targets(app: &App, request: &LintRequest) -> Result<Vec<Instance>> {
    let mut options = request.many.clone();
    options.selectors.components.extend(request.component.clone());
    // The sources are read as they lie there: no value of elsewhere matters.
    let evaluation =
        resolve::Options { process_functions: false, error_mode: request.error_mode, ..request.evaluation.clone() };
    let asked = Asked {
        kind: Kind::Terraform,
        options: &options,
        stack: request.stack.as_deref(),
        modifies: false,
        reverse: false,
        evaluation: &evaluation,
        comparison: &evaluation,
    };
    let mut chosen = many::choose(app, &asked)?.instances;
    chosen.sort_by(|left, right| (&left.name, &left.stack).cmp(&(&right.name, &right.stack)));
    chosen.dedup_by(|later, first| later.name == first.name);
    let evaluated: Vec<Result<Instance>> = chosen
        .into_par_iter()
        .map(|instance| match app.evaluate(&instance, &evaluation) {
            Err(report) if request.error_mode == ErrorMode::Strict => Err(report),
            Err(report) => {
                if request.error_mode == ErrorMode::Warn {
                    let message =
                        format!("{} in {} is checked as it is written: {report}", instance.name, instance.stack);
                    app.host.talk.warn(Warning::new("atmos::terraform::lint_unevaluated", message));
                }
                Ok(instance)
            }
            evaluated => evaluated,
        })
        .collect();
    evaluated.into_iter().collect()
}

async fn one(app: &App, request: &LintRequest, instance: &Instance, access: &Access) -> Result<()> {
    let mut signals = Signals::listen()?;
    let folder = provision::folder(app, instance, false)?.path;
    if app.config.terraform.auto_generate_files {
        for file in files::generated(app, instance)? {
            std::fs::create_dir_all(&folder).map_err(ExecError::file("create", &folder))?;
            file.write(&folder)?;
        }
    }
    if !folder.is_dir() {
        return Err(super::no_folder(app, instance).into());
    }
    // Rules of plugins may ask a cloud; that is for who says as whom.
    let held = match &request.identity {
        Flag::NotGiven | Flag::Disabled => Held::default(),
        flag => signals.guard(child::hold(app, access, instance, flag, Need::Run, "lint")).await?,
    };
    let mut args = vec!["--format=sarif".to_owned(), format!("--chdir={}", folder.display())];
    args.extend(config(app, &folder).map(|path| format!("--config={}", path.display())));
    let launch = Launch {
        program: TFLINT.to_owned(),
        configured: "`atmos terraform lint`".to_owned(),
        args: args.into_iter().map(Into::into).collect(),
        cwd: app.host.cwd.clone(),
        env: child::environment(app, &instance.sections.env, &held),
        output: Output::Apart,
        stderr: None,
        hangup: Hangup::Terminates,
    };
    let outcome = process::run(&launch, child::surroundings(&app.host), &mut signals).await;
    let outcome = held.close_after(outcome).await?;
    if let Some(stop) = outcome.stop {
        return Err(ExecError::Interrupted { stop }.into());
    }
    let report = Report::Findings { file: None };
    let content = String::from_utf8_lossy(&outcome.captured).into_owned();
    let mut found = report.findings(&content);
    found.sort_by(Found::by_weight);
    show(app, request, instance, &found);
    tell(app, instance, &folder, (&report, &content), &found);
    let analysis = Analysis { name: &["atmos", &instance.name, TFLINT], is_mild: false };
    github::publish(app, instance, &folder, &analysis, &content).await;
    match outcome.code {
        0 => Ok(()),
        code if found.is_empty() => {
            app.host.talk.output(true, app.host.masker.mask(&String::from_utf8_lossy(&outcome.errors)).as_bytes());
            Err(ExecError::child_failed(TFLINT.to_owned(), code, None).into())
        }
        _ => {
            let (component, stack) = (instance.name.clone(), instance.stack.clone());
            Err(Error::Lint { component, stack, count: found.len() }.into())
        }
    }
}

/// The configuration that is nearest: of the component, of all components, of the repository, of `atmos.yaml`.
fn config(app: &App, folder: &Path) -> Option<PathBuf> {
    let base = &app.config.base_path;
    let top = base.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(base);
    let near = [folder, &app.config.terraform.base_path, top].map(|folder| folder.join(CONFIG));
    let written = app.config.document.get_path(["components", "terraform", "lint", "config"]).and_then(Node::as_str);
    let written = written.map(str::trim).filter(|text| !text.is_empty()).map(|text| fs::clean(&base.join(text)));
    near.into_iter().find(|path| path.is_file()).or(written)
}

/// Prints what was found in one component.
fn show(app: &App, request: &LintRequest, instance: &Instance, found: &[Found]) {
    let shown = &found[..found.len().min(request.most.unwrap_or(usize::MAX))];
    let title = format!("tflint of `{}` in `{}`", instance.name, instance.stack);
    let mut text = if request.rich {
        shown.iter().fold(format!("{title}\n"), |text, one| text + &rich(app, one))
    } else {
        ci::findings(&title, &shown.iter().map(Found::row).collect::<Vec<_>>())
    };
    if request.rich && found.is_empty() {
        text += "no findings\n";
    }
    if shown.len() < found.len() {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "\n… and {} more (`--max-findings 0` shows all)", found.len() - shown.len());
    }
    let text = format!("{}\n", text.trim_matches('\n'));
    app.host.talk.output(false, app.host.masker.mask(&text).as_bytes());
}

/// A finding with the line that it is about.
fn rich(app: &App, one: &Found) -> String {
    let mut text = format!("\n{} [{}]: {}\n", one.level(), one.rule, one.message);
    if one.file.is_some() {
        let _ = writeln!(text, "  --> {}", one.place());
    }
    let source = one.file.as_ref().and_then(|file| std::fs::read_to_string(app.host.cwd.join(file)).ok());
    let index = one.line.and_then(|line| usize::try_from(line).ok()).and_then(|line| line.checked_sub(1));
    if let Some((line, index)) = source.as_ref().zip(index).and_then(|(text, at)| Some((text.lines().nth(at)?, at))) {
        let number = (index + 1).to_string();
        let _ = writeln!(text, "{:width$} |\n{number} | {line}", "", width = number.len());
    }
    text
}

/// Tells the CI system.
fn tell(app: &App, instance: &Instance, folder: &Path, (report, content): (&Report, &str), found: &[Found]) {
    let subject = format!("`{}` in `{}`", instance.name, instance.stack);
    if let Some(text) = report.summary(TFLINT, &subject, content) {
        summarise(app, &app.host.masker.mask(&text));
    }
    let Some(annotations) = Annotations::of(app) else { return };
    let folders = annotations.folders(instance, folder);
    let all = found.iter().map(|one| ci::Annotation {
        level: if one.is_error() { ci::Level::Error } else { ci::Level::Warning },
        place: one.file.as_ref().and_then(|file| annotations.place(&folders, file, one.line)),
        title: format!("{TFLINT}: {}", one.rule),
        message: one.message.clone(),
        subjects: vec![format!("{} in {}", instance.name, instance.stack)],
    });
    annotations.show(all.collect());
}
