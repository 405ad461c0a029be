//! Steps that start no program: they say something, ask something, wait, or end the run.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use inquire::error::InquireResult;
use miette::Diagnostic;

use super::actions::{self, At};
use super::steps::{Runner, pause};
use crate::diag::{Failure, Result};
use crate::host::{Env, prompt};
use crate::secret::Secret;
use crate::step::{self, Answer, Asked, Form, Kind, Level, Said, Step, Texts};

/// How long a step sleeps that does not say how long.
const NAP: Duration = Duration::from_secs(1);

/// What can go wrong with them.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(super) enum Error {
    #[error("{place}the step `{step}` asks a person, and there is none here")]
    #[diagnostic(code(atmos::step::nobody), help("give it a `default`, which counts without a terminal and in CI"))]
    Nobody { step: String, place: String },

    #[error("the step `{step}` was not answered")]
    #[diagnostic(code(atmos::step::unanswered), help("run it again, or begin at this step with --from-step"))]
    Unanswered { step: String },

    #[error("{place}the step `{step}` offers a choice of files, but there is none in {folder}")]
    #[diagnostic(code(atmos::step::no_files), help("`path` says where they are, `extensions` which count"))]
    NoFiles { step: String, folder: String, place: String },

    /// The run ends here; no error for anybody.
    #[error("a step ended the run with status {code}")]
    #[diagnostic(code(atmos::step::exit))]
    Exit { code: u8 },
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::Exit { code } => *code,
            _ => 1,
        }
    }
}

/// The code of [`Error::Exit`].
pub(super) const EXIT: &str = "atmos::step::exit";

/// Does what the step says; `None` where that is to start programs.
///
/// # Errors
/// A text that cannot be rendered, nobody who answers, a request to stop, and the end that a step asks for.
pub(super) async fn done(
    runner: &mut Runner<'_>,
    texts: &Texts<'_>,
    step: &Step,
    env: &Env,
    cwd: &Path,
) -> Result<Option<step::Outcome>> {
    let work = At { app: runner.app, texts, step, env, cwd };
    let value = match &step.kind {
        Kind::Said(said) => work.say(said, &runner.stages)?,
        Kind::Asked(asked) => work.ask(asked)?,
        Kind::Sleep => {
            let time = step.timeout.unwrap_or(NAP);
            pause(&mut runner.signals, time).await?;
            format!("{time:?}")
        }
        Kind::Exit(code) => {
            let text = work.render(&step.command)?;
            if !text.is_empty() {
                runner.app.host.talk.info(text);
            }
            return Err(Error::Exit { code: *code }.into());
        }
        Kind::Require(wanted) => return actions::require(&work, wanted).map(Some),
        Kind::Http(wanted) => return actions::http(&work, wanted, &mut runner.signals).await.map(Some),
        Kind::Archive(wanted) => return actions::archive(&work, wanted).map(Some),
        Kind::Junit(wanted) => return actions::junit(&work, wanted).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(step::Outcome { stdout: value.clone(), value, ..step::Outcome::default() }))
}

/// What a step would do, for a dry run.
pub(super) fn described(step: &Step, text: &str) -> Option<String> {
    Some(match &step.kind {
        Kind::Said(_) => format!("say: {text}"),
        Kind::Asked(_) => format!("ask: {text}"),
        Kind::Sleep => format!("sleep for {:?}", step.timeout.unwrap_or(NAP)),
        Kind::Exit(code) => format!("end with status {code}"),
        Kind::Require(_) => "look for what it requires".to_owned(),
        Kind::Http(http) => format!("send {} {text}", http.method),
        Kind::Archive(archive) => format!("pack {text} into {}", archive.destination),
        Kind::Junit(junit) => format!("read results of tests: {}", junit.files.join(", ")),
        Kind::Parallel(_) => {
            let names: Vec<&str> = step.children.iter().map(|step| step.name.as_str()).collect();
            format!("run at once: {}", names.join(", "))
        }
        _ => return None,
    })
}

impl At<'_> {
    fn say(&self, said: &Said, stages: &[crate::span::Span]) -> Result<String> {
        let mut text = self.render(&self.step.command)?;
        let parts = said.parts.iter().map(|(name, text)| Ok((name.as_str(), self.render(text)?)));
        let parts: Vec<(&str, String)> = parts.collect::<Result<_>>()?;
        let talk = &self.app.host.talk;
        match said.form {
            Form::Info | Form::Plain if text.is_empty() => {}
            Form::Info => talk.info(format!("ℹ {text}")),
            Form::Plain => talk.info(text.trim_end()),
            Form::Success => talk.success(text.as_str()),
            // Each counts, also where another one said the same.
            Form::Warning => talk.info(format!("⚠ {text}")),
            Form::Error => talk.info(format!("✗ {text}")),
            Form::Hint => talk.info(format!("💡 {text}")),
            Form::Blank(lines) => talk.info("\n".repeat(lines - 1)),
            Form::Stage => {
                let title = if text.is_empty() { self.step.name.clone() } else { text.clone() };
                let at = stages.iter().position(|span| *span == self.step.span).map_or(1, |at| at + 1);
                talk.info(format!("[Stage {at}/{}] {title}", stages.len().max(at)));
                text = title;
            }
            Form::Value => {
                if !parts.is_empty() {
                    let parts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
                    text = parts.join(&said.separator);
                }
            }
            Form::Data => {
                if text.is_empty() {
                    text = table(&parts.iter().map(|(_, cell)| cell.as_str()).collect::<Vec<_>>(), said.columns);
                }
                let shown = self.app.host.masker.mask(&format!("{}\n", text.trim_end_matches('\n'))).into_owned();
                talk.output(false, shown.as_bytes());
            }
            Form::Log(level) => self.log(level, &text, &parts),
        }
        Ok(text)
    }

    fn log(&self, level: Level, text: &str, fields: &[(&str, String)]) {
        let fields = fields.iter().fold(String::new(), |mut all, (name, value)| {
            let _ = write!(all, " {name}={value}");
            all
        });
        let line = self.app.host.masker.mask(&format!("{text}{fields}")).into_owned();
        match level {
            Level::Trace => tracing::trace!(target: "atmos", "{line}"),
            Level::Debug => tracing::debug!(target: "atmos", "{line}"),
            Level::Info => tracing::info!(target: "atmos", "{line}"),
            Level::Warning => tracing::warn!(target: "atmos", "{line}"),
            Level::Error => tracing::error!(target: "atmos", "{line}"),
        }
    }

    fn ask(&self, asked: &Asked) -> Result<String> {
        let default = asked.default.as_deref().map(|text| self.render(text)).transpose()?;
        let step = || self.step.name.clone();
        if !self.app.host.terminal.can_prompt() {
            let default = default.ok_or_else(|| Error::Nobody { step: step(), place: self.place() })?;
            return Ok(match &asked.answer {
                Answer::YesOrNo => is_yes(&default).to_string(),
                Answer::SomeOf(..) => default.split(',').map(str::trim).collect::<Vec<_>>().join("\n"),
                _ => default,
            });
        }
        let question = self.render(&self.step.command)?;
        let answer = match &asked.answer {
            Answer::Line => line(question, default, asked.placeholder.clone()),
            Answer::Lines => lines(&question, default),
            Answer::Password => {
                let password = prompt::ask(move || inquire::Password::new(&question).without_confirmation().prompt());
                password.inspect(|text| self.app.host.masker.register(&Secret::from(text.clone())))
            }
            Answer::YesOrNo => {
                let yes = default.as_deref().is_some_and(is_yes);
                let ask = move || inquire::Confirm::new(&question).with_default(yes).prompt();
                prompt::ask(ask).map(|yes| yes.to_string())
            }
            Answer::OneOf(options) => choose(question, self.rendered(options)?, default.as_deref()),
            Answer::SomeOf(options, most) => {
                let options = self.rendered(options)?;
                let several = prompt::ask(move || inquire::MultiSelect::new(&question, options).prompt());
                several.map(|chosen| chosen.into_iter().take(*most).collect::<Vec<_>>().join("\n"))
            }
            Answer::File(path, endings) => {
                let folder = self.app.host.absolute(std::path::Path::new(&self.render(path)?));
                let files = files(&folder, endings);
                if files.is_empty() {
                    let folder = folder.display().to_string();
                    return Err(Error::NoFiles { step: step(), folder, place: self.place() }.into());
                }
                choose(question, files, default.as_deref()).map(|file| folder.join(file).display().to_string())
            }
        };
        answer.map_err(|_| Error::Unanswered { step: step() }.into())
    }
}

fn line(question: String, default: Option<String>, hint: String) -> InquireResult<String> {
    prompt::ask(move || {
        let mut text = inquire::Text::new(&question);
        text.default = default.as_deref();
        text.placeholder = Some(hint.as_str()).filter(|hint| !hint.is_empty());
        text.prompt()
    })
}

/// Lines up to an empty one.
fn lines(question: &str, mut default: Option<String>) -> InquireResult<String> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let question = if all.is_empty() { format!("{question} (an empty line ends)") } else { "…".to_owned() };
        let line = line(question, default.take(), String::new())?;
        if line.is_empty() {
            return Ok(all.join("\n"));
        }
        all.push(line);
    }
}

fn choose(question: String, options: Vec<String>, default: Option<&str>) -> InquireResult<String> {
    let at = default.and_then(|default| options.iter().position(|option| option == default)).unwrap_or(0);
    prompt::ask(move || inquire::Select::new(&question, options).with_starting_cursor(at).prompt())
}

fn is_yes(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "yes" | "true")
}

/// Symbolic links are not followed, so that nothing goes in a circle.
pub(super) fn files(folder: &Path, endings: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() => {
                    found.extend(path.strip_prefix(folder).map(|path| path.display().to_string()));
                }
                _ => {}
            }
        }
    }
    let matches = |file: &String| {
        let end = |ending: &String| {
            file.to_lowercase().ends_with(&format!(".{}", ending.trim_start_matches('.').to_lowercase()))
        };
        endings.is_empty() || endings.iter().any(end)
    };
    found.retain(matches);
    found.sort();
    found
}

/// Cells in columns that are as wide as they have to be.
fn table(cells: &[&str], columns: usize) -> String {
    if columns == 0 {
        return String::new();
    }
    let width =
        |column: usize| cells.iter().skip(column).step_by(columns).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &[&str]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.chunks(columns).map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_columns() {
        assert_eq!(table(&["name", "n", "a", "10", "long one", "2"], 2), "name      n\na         10\nlong one  2");
        assert_eq!(table(&[], 0), "");
    }

    #[test]
    fn files_are_chosen_by_their_ends() {
        let temp = tempfile::tempdir().unwrap();
        for file in ["a.yaml", "sub/b.YML", "c.tf"] {
            let path = temp.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let ends = |ends: &[&str]| files(temp.path(), &ends.iter().map(|end| (*end).to_owned()).collect::<Vec<_>>());
        assert_eq!(ends(&[]), ["a.yaml", "c.tf", "sub/b.YML"]);
        assert_eq!(ends(&["yaml", ".yml"]), ["a.yaml", "sub/b.YML"]);
    }
}
