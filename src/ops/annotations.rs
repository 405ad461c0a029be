//! Findings of runs and checks, shown by the CI system beside the lines that they are about. Row 12.

use std::path::{Path, PathBuf};

use super::App;
use crate::ci::{Annotation, Level, Platform, Settings, diagnostics};
use crate::component::Instance;
use crate::host::fs;
use crate::validate::{Finding, Severity};

/// Sub-commands of terraform in whose output errors and warnings are looked for.
const COMMANDS: [&str; 9] = ["plan", "apply", "deploy", "destroy", "init", "validate", "refresh", "import", "test"];

/// The way to a CI system that shows findings.
#[derive(Debug)]
pub(super) struct Annotations<'a> {
    app: &'a App,
    /// What the service takes paths to be relative to.
    top: PathBuf,
}

impl<'a> Annotations<'a> {
    /// `None` where nothing is shown: it is switched off, or no system runs us that would.
    pub(super) fn of(app: &'a App) -> Option<Annotations<'a>> {
        let settings = Settings::read(&app.config.document);
        let shown = settings.enabled && settings.annotations && Platform::is_github(&app.host.env);
        shown.then(|| Annotations::at(app))
    }

    /// For who wants only to know which files are meant.
    pub(super) fn at(app: &'a App) -> Annotations<'a> {
        let top = app.host.env.get("GITHUB_WORKSPACE").filter(|top| !top.is_empty());
        Annotations { app, top: top.map_or_else(|| app.host.cwd.clone(), PathBuf::from) }
    }

    /// The same for a sub-command of terraform.
    pub(super) fn of_run(app: &'a App, words: &[String]) -> Option<Annotations<'a>> {
        let known = matches!(words, [word] if COMMANDS.contains(&word.as_str()));
        known.then(|| Annotations::of(app)).flatten()
    }

    /// What terraform found wrong with a component. `folder` is where it ran.
    pub(super) fn read(&self, instance: &Instance, folder: &Path, said: &str) -> Vec<Annotation> {
        let folders = self.folders(instance, folder);
        let subject = format!("{} in {}", instance.name, instance.stack);
        let all = diagnostics(said).into_iter().map(|one| Annotation {
            level: one.level,
            place: one.place.and_then(|(file, line)| self.place(&folders, &file, Some(line))),
            title: one.summary,
            message: one.detail,
            subjects: vec![subject.clone()],
        });
        all.collect()
    }

    /// Where the files are that a run of the component speaks of: a copy of its folder is in nobody's repository.
    pub(super) fn folders(&self, instance: &Instance, folder: &Path) -> Vec<PathBuf> {
        instance.path(&self.app.config).into_iter().chain([folder.to_path_buf()]).collect()
    }

    /// A file as the service knows it; nothing for one that is not in the repository, or made by us.
    pub(super) fn place(&self, folders: &[PathBuf], file: &str, line: Option<u64>) -> Option<(String, Option<u64>)> {
        let path = PathBuf::from(file);
        let all = folders.iter().chain([&self.top]).map(|folder| fs::clean(&folder.join(&path)));
        let there = all.filter_map(|path| path.canonicalize().ok()).find(|path| path.is_file())?;
        let below = there.strip_prefix(self.top.canonicalize().ok()?).ok()?.to_path_buf();
        let copied = below.components().any(|part| part.as_os_str() == ".terraform");
        let text = below.to_str()?;
        (!copied && !text.ends_with(".tfvars.json")).then(|| (text.to_owned(), line))
    }

    /// Shows them, each once.
    pub(super) fn show(&self, all: Vec<Annotation>) {
        for annotation in Annotation::gathered(all) {
            self.app.host.talk.attention(annotation.to_string());
        }
    }
}

/// Shows what a check found, where a CI system wants it.
pub fn of_findings<'f>(app: &App, findings: impl IntoIterator<Item = &'f Finding>) {
    let Some(annotations) = Annotations::of(app) else { return };
    let all = findings.into_iter().map(|finding| {
        let place = finding.site.as_ref();
        let place = place.and_then(|site| {
            annotations.place(std::slice::from_ref(&app.host.cwd), &site.file, Some(site.line.into()))
        });
        let help = finding.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        Annotation {
            level: match finding.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
            },
            place,
            title: finding.code.clone(),
            message: format!("{}{help}", finding.message),
            subjects: Vec::new(),
        }
    });
    annotations.show(all.collect());
}
