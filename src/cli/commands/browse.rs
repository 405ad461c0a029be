//! `atmos` without words, at a terminal: the full-screen browser.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::error::Error;
use super::super::setup::{self, Context};
use crate::browse::{self, End, Entry, Look, Model, Repository, Target};
use crate::component::Asked;
use crate::config;
use crate::diag::{Message, Report, Result, Talk};
use crate::exec::{self, signals::Signals};
use crate::ops::browse::{Field, document, fields, run};
use crate::ops::{App, explain, names};
use crate::output::{Level, masked};
use crate::resolve;
use crate::value::Node;

/// Whether there is somebody to look, and a screen that can be drawn on.
pub(super) fn is_possible(context: &Context) -> bool {
    let terminal = context.host.terminal;
    let capable = !matches!(context.host.env.get("TERM"), None | Some("" | "dumb"));
    terminal.stdin && terminal.stdout && terminal.stderr && !terminal.ci && capable
}

/// Shows the browser. After a command one can come back; who does not gets the exit status of that command.
pub(super) fn start(context: &Context, app: App) -> Result<u8> {
    let base = app.config.base_path.display().to_string();
    let title = match context.host.env.get("HOME").filter(|home| !home.is_empty()) {
        Some(home) if base.starts_with(home) => base.replacen(home, "~", 1),
        _ => base,
    };
    let mut model = Model::new(title);
    let mut next = Some(app);
    loop {
        let app = match next.take() {
            Some(app) => app,
            // Files may have changed.
            None => context.app()?,
        };
        let look = look(context, &app);
        let shared = app.config.logs.level.parse().is_ok_and(|level: Level| level < Level::Warning);
        let looked = Looked::new(context, app);
        let end = heeding_signals(context, |stop| browse::run(looked, &mut model, look, shared, stop))?;
        model.forget();
        let words = match end {
            End::Quit => return Ok(0),
            End::Reload => continue,
            End::Run(words) => words,
        };
        let code = command(context, &words)?;
        let question = format!("exit status {code}. Enter: back to the stacks, q: quit");
        if !heeding_signals(context, |stop| browse::pause(&question, stop))? {
            return Ok(code);
        }
    }
}

/// Does something at the terminal that ends when somebody asks this process to end.
fn heeding_signals<T>(context: &Context, work: impl FnOnce(&mut dyn FnMut() -> bool) -> io::Result<T>) -> Result<T> {
    let mut signals = context.block_on(async { Signals::listen() })??;
    let mut asked = None;
    let result = work(&mut || {
        asked = context.block_on(signals.pending()).ok().flatten();
        asked.is_some()
    });
    match asked {
        Some(stop) => Err(exec::Error::Interrupted { stop }.into()),
        None => result.map_err(|cause| Error::Write { path: "the terminal".to_owned(), cause }.into()),
    }
}

/// Runs a command on the ordinary screen.
fn command(context: &Context, words: &[String]) -> Result<u8> {
    let app = context.app()?;
    let mut words = words.to_vec();
    if words[0] == "describe" && context.pager.get().is_none_or(Option::is_none) {
        // It would have scrolled away.
        words.push("--pager".to_owned());
    }
    let shown = shell_words::join(&words);
    context.host.talk.attention(format!("▶ atmos {shown}"));
    match context.block_on(run(&app, &words, context.global.base_path.is_some()))? {
        Ok(code) => Ok(code),
        // The terminal's Ctrl-C was for the command.
        Err(report) if report.code().as_deref() == Some("atmos::exec::interrupted") => Ok(report.exit_code()),
        Err(report) => Err(report),
    }
}

fn look(context: &Context, app: &App) -> Look {
    let theme = app.config.document.get_path(["settings", "terminal", "theme"]).and_then(Node::as_str);
    Look::new(setup::colour_of_stdout(context), theme.and_then(config::find_theme))
}

/// The repository as the browser sees it.
struct Looked {
    app: App,
    said: Arc<Mutex<Option<String>>>,
}

impl Looked {
    /// What is said on the way must not be written over the lists: it stands below them.
    fn new(context: &Context, mut app: App) -> Looked {
        let said = Arc::new(Mutex::new(None));
        let (heard, masker) = (said.clone(), context.host.masker.clone());
        app.host.talk = Talk::new(move |message| {
            if let Message::Warning(warning) = message {
                let text = masker.mask(&warning.message).into_owned();
                *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
            }
        });
        Looked { app, said }
    }

    fn told(&self, report: &Report) -> String {
        let help = report.diagnostic().help().map(|help| format!("\n\n{help}")).unwrap_or_default();
        self.app.host.masker.mask(&format!("{report}{help}")).into_owned()
    }
}

impl Repository for Looked {
    fn entries(&self) -> std::result::Result<Vec<Entry>, String> {
        let named = names::try_names(&self.app, &Asked::default()).map_err(|report| self.told(&report))?;
        let entry = |named: names::Named| Entry {
            stack: named.stack,
            kind: named.kind,
            component: named.component,
            abstract_: named.abstract_,
        };
        Ok(named.into_iter().map(entry).collect())
    }

    fn fields(&self, target: &Target) -> std::result::Result<Vec<Field>, String> {
        let found = document(&self.app, &target.kind, &target.component, &target.stack);
        let (node, provenance) = found.map_err(|report| self.told(&report))?;
        Ok(fields(&masked(&node, &self.app.host.masker), &provenance))
    }

    fn explain(&self, target: &Target, path: &str) -> std::result::Result<String, String> {
        let processing =
            resolve::Options { process_templates: false, process_functions: false, ..resolve::Options::default() };
        let request = explain::ExplainRequest {
            component: target.component.clone(),
            stack: target.stack.clone(),
            kind: None,
            path: path.to_owned(),
            processing,
        };
        let mut explanation = explain::explain(&self.app, &request).map_err(|report| self.told(&report))?;
        let masker = &self.app.host.masker;
        explanation.value = masked(&explanation.value, masker).into_owned();
        Ok(masker.mask(&crate::output::explanation(&explanation)).into_owned())
    }

    fn said(&self) -> Option<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
