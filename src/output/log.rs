//! Log lines: level tag, message, `key=value` pairs, no timestamp.

use std::fmt::{self, Write as _};
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;

use super::printable::printable;
use crate::secret::Masker;

/// Levels of `logs.level`, from the most talkative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    Trace,
    Debug,
    Info,
    #[default]
    Warning,
    Error,
    Off,
}

impl FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Level, ()> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "trace" => Level::Trace,
            "debug" => Level::Debug,
            "info" => Level::Info,
            "warning" | "warn" => Level::Warning,
            "error" => Level::Error,
            "off" => Level::Off,
            _ => return Err(()),
        })
    }
}

/// Sends log events of `level` and above to `file` (`/dev/stderr`, `/dev/stdout`, `/dev/null` or a path, appended).
/// With `json` each is an object on a line of its own. Further calls in one process have no effect.
pub fn start(level: Level, file: &str, json: bool, masker: Arc<Masker>) -> io::Result<()> {
    let filter = match level {
        Level::Trace => tracing::Level::TRACE,
        Level::Debug => tracing::Level::DEBUG,
        Level::Info => tracing::Level::INFO,
        Level::Warning => tracing::Level::WARN,
        Level::Error => tracing::Level::ERROR,
        Level::Off => return Ok(()),
    };
    let sink: Box<dyn io::Write + Send> = match file {
        "" | "/dev/stderr" => Box::new(io::stderr()),
        "/dev/stdout" => Box::new(io::stdout()),
        "/dev/null" => return Ok(()),
        path => Box::new(open(Path::new(path))?),
    };
    let layer = Lines { sink: Mutex::new(sink), json, masker }
        .with_filter(tracing_subscriber::filter::LevelFilter::from_level(filter))
        .with_filter(tracing_subscriber::filter::filter_fn(|meta| meta.target().starts_with("atmos")));
    let _ = tracing_subscriber::registry().with(layer).try_init();
    Ok(())
}

/// A new file is for this user only, whatever the umask: it says what is run and as whom.
fn open(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

struct Lines {
    sink: Mutex<Box<dyn io::Write + Send>>,
    json: bool,
    masker: Arc<Masker>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let tag = match *event.metadata().level() {
            tracing::Level::TRACE => "TRCE",
            tracing::Level::DEBUG => "DEBU",
            tracing::Level::INFO => "INFO",
            tracing::Level::WARN => "WARN",
            tracing::Level::ERROR => "ERRO",
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = if self.json {
            let mut record = serde_json::Map::from_iter([
                ("level".to_owned(), event.metadata().level().to_string().to_lowercase().into()),
                ("message".to_owned(), fields.message.into()),
            ]);
            record.extend(fields.values.into_iter().map(|(name, text)| (name, text.into())));
            format!("{}\n", serde_json::Value::Object(record))
        } else {
            format!("{tag} {}{}\n", fields.message, fields.pairs)
        };
        let mut sink = self.sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = sink.write_all(printable(&self.masker.mask(&line)).as_bytes());
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    pairs: String,
    values: Vec<(String, String)>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        self.add(field, &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }
}

impl Fields {
    fn add(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            text.clone_into(&mut self.message);
            return;
        }
        self.values.push((field.name().to_owned(), text.to_owned()));
        if text.contains(char::is_whitespace) {
            let _ = write!(self.pairs, " {}={text:?}", field.name());
        } else {
            let _ = write!(self.pairs, " {}={text}", field.name());
        }
    }
}
