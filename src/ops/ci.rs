//! Tells the CI system what runs of terraform did (`ci` of `atmos.yaml`). Row 12.
//!
//! Nothing here makes a run fail: what cannot be told is a warning.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::github::Notices;
use super::{App, planfiles};
use crate::auth::resolution::Flag;
use crate::ci::{self, Origin, Part, Platform, Report, Settings, Told};
use crate::component::{Instance, Kind};
use crate::diag::{Result, Warning};
use crate::exec::relay::Relay;
use crate::ops::many::{Fleet, Status};
use crate::span::Span;
use crate::step::Texts;
use crate::value::Node;

/// Sub-commands that are told of, and what they are called there.
const COMMANDS: [(&str, &str); 4] = [("plan", "plan"), ("apply", "apply"), ("deploy", "apply"), ("destroy", "destroy")];

/// The way to the CI system that runs us.
pub(super) struct Ci<'a> {
    app: &'a App,
    settings: Settings,
    platform: Platform,
    command: &'static str,
    /// Statuses and comments at GitHub.
    notices: Option<Notices<'a>>,
}

/// A plan that may be kept for the job that applies it.
pub(super) struct Plan<'a> {
    pub instance: &'a Instance,
    pub identity: &'a Flag,
    pub path: PathBuf,
}

impl<'a> Ci<'a> {
    /// `None` where nothing is to be told: it is not switched on, no CI system runs us, or the command is none of which
    /// something is told. `asked` is `--ci`.
    pub(super) fn of(app: &'a App, asked: bool, words: &[String]) -> Option<Ci<'a>> {
        let settings = Settings::read(&app.config.document);
        let [word] = words else { return None };
        let (_, command) = COMMANDS.iter().find(|(known, _)| known == word)?;
        if !settings.enabled {
            return None;
        }
        let platform = Platform::of(&app.host.env, asked)?;
        let notices = Notices::of(app, &settings, command);
        Some(Ci { app, settings, platform, command, notices })
    }

    /// What became of one component, read from what it said.
    pub(super) fn report<T>(&self, instance: (&str, &str), relay: &Relay, code: u8, result: &Result<T>) -> Report {
        let said = relay.said();
        let (component, stack) = instance;
        Report {
            component: component.to_owned(),
            stack: stack.to_owned(),
            command: self.command.to_owned(),
            code,
            failure: result.as_ref().err().map(|report| self.app.host.masker.mask(&report.to_string()).into_owned()),
            told: Told::read(self.command, &said),
        }
    }

    /// One that never began.
    pub(super) fn untold(&self, component: &str, stack: &str) -> Report {
        let (component, stack, command) = (component.to_owned(), stack.to_owned(), self.command.to_owned());
        Report { stack, component, command, ..Report::default() }
    }

    /// Tells of one component.
    pub(super) async fn one(&self, report: &Report, plan: Option<Plan<'_>>) {
        let key = match plan {
            Some(plan) => self.keep(report, &plan).await,
            None => None,
        };
        let comments = self.notices.is_some();
        let whole = (self.settings.summary || comments).then(|| self.summary(report));
        let summary = whole.clone().filter(|_| self.settings.summary);
        self.tell(summary.as_deref(), &ci::of_one(report, summary.as_deref(), key.as_deref(), &self.settings));
        if let Some(notices) = &self.notices {
            notices.one(report, &whole.unwrap_or_default()).await;
        }
    }

    /// Says that the run of a component begins, where that is wanted.
    pub(super) async fn begins(&self, component: &str, stack: &str) {
        if let (Some(notices), Ok(found)) = (&self.notices, self.app.find(component, stack, Some(Kind::Terraform)))
            && found.enabled
        {
            notices.begins(&found.name, &found.stack).await;
        }
    }

    /// Says that it was stopped.
    pub(super) async fn stopped(&self, component: &str, stack: &str) {
        if let Some(notices) = &self.notices {
            notices.stopped(component, stack).await;
        }
    }

    /// Tells of a run of many components.
    pub(super) async fn many(&self, fleet: &Fleet, reports: Vec<Report>, stack: Option<&str>) {
        let part = |(report, result): (Report, &super::many::NodeResult)| Part {
            skipped: (result.status == Status::Skipped)
                .then(|| result.error.clone().unwrap_or_else(|| "skipped".to_owned())),
            milliseconds: result.milliseconds(),
            report: Report {
                failure: (result.status == Status::Failed)
                    .then(|| result.error.clone().unwrap_or_else(|| "failed".to_owned())),
                ..report
            },
        };
        let parts: Vec<Part> = reports.into_iter().zip(&fleet.results).map(part).collect();
        let text = ci::many(self.command, &parts);
        let variables = ci::of_many(self.command, stack, &parts, &text, &self.settings);
        self.tell(self.settings.summary.then_some(text.as_str()), &variables);
        if let Some(notices) = &self.notices {
            notices.many(&parts, stack, &text).await;
        }
    }

    /// Keeps the plan of a component where planfiles are kept. Gives its name there.
    pub(super) async fn keep(&self, report: &Report, plan: &Plan<'_>) -> Option<String> {
        let kept = planfiles::Settings::read(&self.app.config.document).is_configured();
        if self.command != "plan" || report.has_errors() || !kept {
            return None;
        }
        match planfiles::keep(self.app, plan.instance, plan.identity, report, &plan.path).await {
            Ok(kept) => {
                let kept = kept?;
                self.app.host.talk.info(format!("Uploaded planfile to {}: {}", kept.store, kept.key));
                Some(kept.key)
            }
            Err(error) => {
                self.warn(
                    format!("the planfile was not kept: {error}"),
                    error.diagnostic().help().map(|help| help.to_string()),
                );
                None
            }
        }
    }

    fn warn(&self, message: String, help: Option<String>) {
        warn(self.app, message, help);
    }

    fn tell(&self, summary: Option<&str>, variables: &[(String, String)]) {
        if let Some(summary) = summary {
            self.put(self.platform.summary.as_deref(), summary);
        }
        if self.settings.output {
            self.put(self.platform.output.as_deref(), &ci::written(variables));
        }
    }

    fn put(&self, file: Option<&Path>, text: &str) {
        put(self.app, &self.platform, file, text);
    }

    /// The summary by the template of the repository, else by our own.
    fn summary(&self, report: &Report) -> String {
        let name = self.settings.template.as_deref().unwrap_or(self.command);
        let Some((path, text)) = self.template(name) else { return ci::summary(report) };
        match self.render(&text, report) {
            Ok(text) => text,
            Err(error) => {
                let shown = path.strip_prefix(&self.app.host.cwd).unwrap_or(&path).display();
                self.warn(format!("the template {shown} cannot be rendered: {error}"), None);
                ci::summary(report)
            }
        }
    }

    /// A file of `ci.templates.terraform`, else one in the folder of templates.
    fn template(&self, name: &str) -> Option<(PathBuf, String)> {
        let base = &self.app.config.base_path;
        let folder = self.settings.templates.as_ref().map(|folder| base.join(folder));
        let named = self
            .settings
            .files
            .iter()
            .find(|(command, _)| command == name)
            .map(|(_, file)| folder.as_ref().unwrap_or(base).join(file));
        let usual = folder.as_ref().map(|folder| folder.join("terraform").join(format!("{name}.md")));
        named.into_iter().chain(usual).find_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            Some((path, text))
        })
    }

    fn render(&self, text: &str, report: &Report) -> std::result::Result<String, crate::step::Error> {
        let host = &self.app.host;
        let components = |component: &str, stack: &str| {
            super::workflow::component_document(self.app, component, stack, None, &Flag::NotGiven)
        };
        let mut texts = Texts::new(host, &components);
        let data = ci::data(report, &Origin::of(&host.env), env!("CARGO_PKG_VERSION"));
        for (name, value) in data.as_map().into_iter().flatten() {
            texts.set(name, Node::clone(value));
        }
        texts.render("the template of the summary", Span::default(), text, &host.env)
    }
}

fn warn(app: &App, message: String, help: Option<String>) {
    let warning = Warning::new("atmos::ci::failed", message);
    app.host.talk.warn(help.into_iter().fold(warning, Warning::help));
}

/// Appends to the file of the CI system; where it has none, people see it.
fn put(app: &App, platform: &Platform, file: Option<&Path>, text: &str) {
    let host = &app.host;
    let Some(file) = file else {
        if platform.shows() {
            host.talk.attention(text.trim_end());
        }
        return;
    };
    let path = host.absolute(file);
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        let help = format!("{} wants it there", platform.name);
        warn(app, format!("{} cannot be written: {error}", path.display()), Some(help));
    }
}

/// Adds to the summary of the job, where a CI system that is known runs us and is told of runs.
pub(super) fn summarise(app: &App, text: &str) {
    let settings = Settings::read(&app.config.document);
    let platform = Platform::of(&app.host.env, false).filter(|_| settings.enabled && settings.summary);
    if let Some(platform) = platform {
        put(app, &platform, platform.summary.as_deref(), text);
    }
}
