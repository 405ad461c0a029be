//! The two output streams.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::config::Theme;
use crate::diag::hint::Advice;
use crate::diag::{Message, Report, Talk, Warning};
use crate::secret::Masker;

use super::highlight::{Syntax, highlighted};
use super::live::Live;
use super::paint::{Role, in_role};
use super::printable::printable;
use super::{Level, diagnostic};

/// Where data, talk and errors go, and whether secrets are masked on the way.
#[derive(Clone)]
pub struct Screen {
    masker: Option<Arc<Masker>>,
    /// Talk below this level is not shown.
    level: Level,
    colour: bool,
    live: Live,
    /// Errors are one line of JSON.
    json: bool,
    theme: Arc<OnceLock<&'static Theme>>,
    /// Flags of this call, for the commands that it advises.
    flags: Arc<str>,
    /// Flags of the stack that it is about, once that is known.
    scope: Arc<OnceLock<String>>,
}

impl Screen {
    /// `masker: None` for `--mask=false`.
    pub fn new(masker: Option<Arc<Masker>>, level: Level, colour: bool) -> Screen {
        let (live, theme, flags, scope) = (Live::default(), Arc::default(), Arc::from(""), Arc::default());
        Screen { masker, level, colour, live, json: false, theme, flags, scope }
    }

    /// Errors as JSON, for programs.
    pub fn with_json_errors(self, json: bool) -> Screen {
        Screen { json, ..self }
    }

    /// Flags that the commands in advice need, to lead to where this call is; quoted.
    pub fn with_flags(self, flags: &str) -> Screen {
        Screen { flags: Arc::from(flags), ..self }
    }

    /// The same flags for commands about identities of a stack.
    pub fn set_scope(&self, flags: String) {
        let _ = self.scope.set(flags);
    }

    fn advice(&self) -> Advice {
        Advice { flags: self.flags.to_string(), scope: self.scope.get().cloned() }
    }

    /// The colours of the configuration, once it is known.
    pub fn set_theme(&self, theme: &'static Theme) {
        let _ = self.theme.set(theme);
    }

    fn theme(&self) -> Option<&'static Theme> {
        self.theme.get().copied()
    }

    /// Prints data, masked. A closed pipe is not an error: who reads has seen enough.
    pub fn data(&self, text: &str) -> io::Result<()> {
        match &self.masker {
            Some(masker) => self.raw_data(&masker.mask(text)),
            None => self.raw_data(text),
        }
    }

    /// Prints a document whose values are masked, in colours where a syntax is given, or writes it to a file. Keys stay as
    /// they are.
    pub fn document(&self, text: &str, syntax: Option<Syntax>, file: Option<&Path>) -> io::Result<()> {
        let text = self.masker.as_ref().map_or(text.into(), |masker| masker.mask_unknown(text));
        match (file, syntax) {
            (Some(path), _) => crate::host::fs::write_named(path, text.as_bytes(), 0o644),
            (None, Some(syntax)) => self.raw_data(&highlighted(&text, syntax, self.theme())),
            (None, None) => self.raw_data(&text),
        }
    }

    /// Prints data that may hold secrets on purpose (`auth env`, `auth process`).
    pub fn raw_data(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Writes data to a file instead, masked like stdout.
    pub fn data_to_file(&self, path: &Path, text: &str) -> io::Result<()> {
        let text = match &self.masker {
            Some(masker) => masker.mask(text),
            None => text.into(),
        };
        crate::host::fs::write_named(path, text.as_bytes(), 0o644)
    }

    /// Adds data to the end of a file.
    pub fn data_at_end(&self, path: &Path, text: &str) -> io::Result<()> {
        let text = match &self.masker {
            Some(masker) => masker.mask(text),
            None => text.into(),
        };
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(text.as_bytes())
    }

    /// Whether programs read the errors.
    pub fn has_json_errors(&self) -> bool {
        self.json
    }

    /// Prints an error for programs that is no diagnostic.
    pub fn error_line(&self, error: &serde_json::Value) {
        let text = error.to_string();
        let text = self.masker.as_ref().map_or(text.as_str().into(), |masker| masker.mask(&text));
        self.stderr(&format!("{text}\n"));
    }

    /// Prints an error. Masked always: an error is never a place for a secret.
    pub fn error(&self, report: &Report, verbose: bool) {
        if self.json {
            let text = diagnostic::as_json(report, &self.advice());
            let text = self.masker.as_ref().map_or(text.as_str().into(), |masker| masker.mask(&text));
            return self.stderr(&format!("{text}\n"));
        }
        let text = diagnostic::render(report, verbose, &self.advice());
        let text = match &self.masker {
            Some(masker) => masker.mask(&text).into_owned(),
            None => text,
        };
        // After masking, which knows secrets as they are.
        let text = printable(&text).into_owned();
        let text = if self.colour {
            text.replacen("**Error:**", &in_role("**Error:**", Role::Error, self.theme()), 1)
        } else {
            text
        };
        self.stderr(&text);
    }

    /// The listener for what the core says on the way.
    pub fn talk(&self) -> Talk {
        let screen = self.clone();
        Talk::new(move |message| screen.message(&message))
    }

    fn message(&self, message: &Message) {
        let line = match message {
            Message::Progress(progress) => return self.live.show(progress, self.colour),
            Message::ProgressEnd => return self.live.end(),
            Message::Output { error, bytes } => return self.output(*error, bytes),
            Message::Attention(line) => line.clone(),
            Message::Info(line) if self.level <= Level::Warning => line.clone(),
            Message::Success(line) if self.level <= Level::Warning => format!("✓ {line}"),
            Message::Warning(warning) if self.level <= Level::Warning => warning_text(warning),
            _ => return,
        };
        let line = self.advice().of(&line).into_owned();
        let line = self.masker.as_ref().map_or(line.as_str().into(), |masker| masker.mask(&line));
        self.stderr(&format!("{}\n", self.marked(&printable(&line))));
    }

    /// The mark in front of a line in its colour.
    fn marked(&self, line: &str) -> String {
        let marks = [("✓", Role::Success), ("✗", Role::Error), ("⚠", Role::Warning)];
        match marks.into_iter().find(|(mark, _)| self.colour && line.starts_with(mark)) {
            Some((mark, role)) => in_role(mark, role, self.theme()) + &line[mark.len()..],
            None => line.to_owned(),
        }
    }

    /// A failing stderr leaves nobody to tell.
    fn stderr(&self, text: &str) {
        self.output(true, text.as_bytes());
    }

    /// Bytes for a stream, above the live line.
    fn output(&self, error: bool, bytes: &[u8]) {
        self.live.aside(|| {
            if error {
                let mut stderr = io::stderr().lock();
                let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
            } else {
                let mut stdout = io::stdout().lock();
                let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
            }
        });
    }
}

fn warning_text(warning: &Warning) -> String {
    let place = warning.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let help = warning.help.as_ref().map(|help| format!("\n  {help}")).unwrap_or_default();
    format!("⚠ {place}{}{help}", warning.message)
}
