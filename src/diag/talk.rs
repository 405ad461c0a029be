//! What the program says while it works. The core hands messages to [`Talk`]; `cli` decides how they look on stderr.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// A warning with its stable code and the next step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// Stable code, for example `atmos::auth::no_keyring`.
    pub code: &'static str,
    pub message: String,
    /// `file:line:column` where a file is at fault.
    pub place: Option<String>,
    pub help: Option<String>,
}

impl Warning {
    pub fn new(code: &'static str, message: impl Into<String>) -> Warning {
        Warning { code, message: message.into(), place: None, help: None }
    }

    pub fn at(mut self, place: impl std::fmt::Display) -> Warning {
        self.place = Some(place.to_string());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Warning {
        self.help = Some(help.into());
        self
    }
}

/// One thing said on stderr. Never data: data goes to stdout at the end of a command.
#[derive(Debug, Clone)]
pub enum Message {
    /// Progress or outcome worth a line, for example `identity: network-admin …`.
    Info(String),
    /// Done, with a check mark where the terminal shows one.
    Success(String),
    Warning(Warning),
    /// Lines for a person who has to act now (device code, waiting for a lock). Shown even when quiet.
    Attention(String),
    /// How far a run of many components is. Shown at a terminal, until the next one or [`Message::ProgressEnd`].
    Progress(Progress),
    ProgressEnd,
    /// Output of somebody else for the terminal, as it is.
    Output {
        error: bool,
        bytes: Vec<u8>,
    },
}

/// How far a run of many components is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: usize,
    pub failed: usize,
    pub total: usize,
    /// What runs now.
    pub running: Vec<String>,
}

/// Cheap handle to the listener for messages; every warning is passed on once per process.
#[derive(Clone)]
pub struct Talk {
    inner: Arc<Inner>,
}

struct Inner {
    listener: Box<dyn Fn(Message) + Send + Sync>,
    warned: Mutex<BTreeSet<Warning>>,
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Talk")
    }
}

impl Talk {
    pub fn new(listener: impl Fn(Message) + Send + Sync + 'static) -> Talk {
        Talk { inner: Arc::new(Inner { listener: Box::new(listener), warned: Mutex::default() }) }
    }

    /// A listener that hears nothing, for tests and for commands whose talk nobody wants.
    pub fn silent() -> Talk {
        Talk::new(|_| {})
    }

    pub fn info(&self, line: impl Into<String>) {
        (self.inner.listener)(Message::Info(line.into()));
    }

    pub fn success(&self, line: impl Into<String>) {
        (self.inner.listener)(Message::Success(line.into()));
    }

    pub fn attention(&self, line: impl Into<String>) {
        (self.inner.listener)(Message::Attention(line.into()));
    }

    pub fn progress(&self, progress: Progress) {
        (self.inner.listener)(Message::Progress(progress));
    }

    pub fn progress_end(&self) {
        (self.inner.listener)(Message::ProgressEnd);
    }

    /// Output of somebody else, for a stream of ours that is a terminal.
    pub fn output(&self, error: bool, bytes: &[u8]) {
        (self.inner.listener)(Message::Output { error, bytes: bytes.to_vec() });
    }

    /// Whether a warning with this code was given.
    pub fn has_warned(&self, code: &str) -> bool {
        self.inner.warned.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|warning| warning.code == code)
    }

    pub fn warn(&self, warning: Warning) {
        let fresh = self.inner.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(warning.clone());
        if fresh {
            (self.inner.listener)(Message::Warning(warning));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_passed_on_once() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = heard.clone();
        let talk = Talk::new(move |message| sink.lock().unwrap().push(format!("{message:?}")));
        talk.warn(Warning::new("atmos::x", "a"));
        talk.warn(Warning::new("atmos::x", "a"));
        talk.warn(Warning::new("atmos::x", "b"));
        assert_eq!(heard.lock().unwrap().len(), 2);
    }
}
