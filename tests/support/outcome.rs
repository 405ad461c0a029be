//! What a run of the program left: status, outputs, time; and the outputs without what differs from run to run.

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use regex::Regex;

/// One finished run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
    pub(super) root: std::path::PathBuf,
}

impl Outcome {
    /// Exit code as a shell reports it: 128 and the number of the signal for one that was killed.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().or_else(|| self.status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
    }

    /// The run, if it succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> Outcome {
        self.exits(0)
    }

    /// The run, if it ended with this code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Outcome {
        assert_eq!(self.code(), code, "{self}");
        self
    }

    /// Fails unless stderr contains the phrase, however it was wrapped to the width of a terminal.
    #[track_caller]
    pub(crate) fn says(self, phrase: &str) -> Outcome {
        assert!(self.mentions(phrase), "stderr does not say `{phrase}`\n{self}");
        self
    }

    #[track_caller]
    pub(crate) fn says_not(self, phrase: &str) -> Outcome {
        assert!(!self.mentions(phrase), "stderr says `{phrase}`\n{self}");
        self
    }

    pub(crate) fn mentions(&self, phrase: &str) -> bool {
        flat(&self.stderr).contains(flat(phrase).trim_end())
    }

    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{self}"))
    }

    /// Stdout without colours.
    pub(crate) fn plain_stdout(&self) -> String {
        without_ansi(&self.stdout)
    }

    pub(crate) fn clean_stdout(&self) -> String {
        clean(&self.stdout, &self.root)
    }

    pub(crate) fn clean_stderr(&self) -> String {
        clean(&self.stderr, &self.root)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "$ {}   # {} after {:?}", self.command, self.status, self.elapsed)?;
        writeln!(f, "--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr)
    }
}

/// One line with single blanks, without the frame characters of a diagnostic.
fn flat(text: &str) -> String {
    let plain = without_ansi(text);
    let words = plain.split(|letter: char| letter.is_whitespace() || "│╭╰─·┬▲×├".contains(letter));
    words.filter(|word| !word.is_empty()).fold(String::new(), |mut line, word| {
        let _ = write!(line, "{word} ");
        line
    })
}

fn without_ansi(text: &str) -> String {
    replace(text, r"\x1b\[[0-9;?]*[A-Za-z]", "")
}

/// Paths, versions, ports, times and spans of time by their names.
pub(super) fn clean(text: &str, root: &Path) -> String {
    let mut text = without_ansi(text).replace(&*root.to_string_lossy(), "[ROOT]");
    if let Ok(real) = root.canonicalize() {
        text = text.replace(&*real.to_string_lossy(), "[ROOT]");
    }
    let rules = [
        (r"\b(127\.0\.0\.1|localhost):\d{2,5}\b", "$1:[PORT]"),
        (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?( [A-Z]{3,4})?", "[TIME]"),
        (r"\b(\d+h)? ?\d+m( ?\d+s)?\b", "[SPAN]"),
        (r"\b\d+(\.\d+)?(ms|µs|s)\b", "[SPAN]"),
        (r"(?i)\b(terraform|opentofu|atmos) v?\d+\.\d+\.\d+\S*", "$1 [VERSION]"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[UUID]"),
    ];
    for (pattern, by) in rules {
        text = replace(&text, pattern, by);
    }
    text
}

fn replace(text: &str, pattern: &str, by: &str) -> String {
    Regex::new(pattern).expect("the pattern is a constant").replace_all(text, by).into_owned()
}

#[test]
fn clean_names_what_differs_from_run_to_run() {
    let seen = clean(
        "\x1b[1mat\x1b[0m /tmp/x/repo http://127.0.0.1:4711 2026-01-02T03:04:05Z Terraform v1.11.4",
        Path::new("/tmp/x"),
    );
    assert_eq!(seen, "at [ROOT]/repo http://127.0.0.1:[PORT] [TIME] Terraform [VERSION]");
    assert_eq!(flat("  × a long\n  │ message"), "a long message ");
}
