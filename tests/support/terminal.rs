//! A person at a terminal: the program on a pseudo-terminal, what it shows, what is typed.

use std::process::Command;
use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{Eof, Expect as _, Regex};

/// A program that believes to talk to a person.
pub(crate) struct Terminal {
    session: OsSession,
    seen: String,
}

impl Terminal {
    pub(crate) fn start(mut command: Command) -> Terminal {
        // The pipes of an ordinary run would hide the terminal.
        command.env("TERM", "xterm-256color");
        command.stdin(std::process::Stdio::inherit());
        let mut session = OsSession::spawn(command).expect("a pseudo-terminal");
        session.get_process_mut().set_window_size(160, 50).expect("a size");
        session.set_expect_timeout(Some(Duration::from_mins(2)));
        Terminal { session, seen: String::new() }
    }

    /// Waits for text that matches a pattern and returns the match.
    #[track_caller]
    pub(crate) fn expect(&mut self, pattern: &str) -> String {
        match self.session.expect(Regex(pattern)) {
            Ok(found) => {
                self.note(found.before());
                let text = String::from_utf8_lossy(found.get(0).unwrap_or_default()).into_owned();
                self.seen.push_str(&text);
                text
            }
            Err(error) => {
                self.note_rest();
                panic!("waited for `{pattern}`: {error}\n--- terminal\n{}", self.seen)
            }
        }
    }

    pub(crate) fn type_line(&mut self, text: &str) {
        self.session.send_line(text).expect("the program reads");
    }

    /// Types without the end of the line; `"\x03"` is Ctrl-C.
    pub(crate) fn press(&mut self, keys: &str) {
        self.session.send(keys).expect("the program reads");
    }

    /// Waits for the end; exit code as a shell reports it, and everything that the terminal showed.
    #[track_caller]
    pub(crate) fn finish(mut self) -> (i32, String) {
        match self.session.expect(Eof) {
            Ok(found) => self.note(found.before()),
            Err(error) => {
                self.note_rest();
                panic!("did not end: {error}\n--- terminal\n{}", self.seen)
            }
        }
        let code = match self.session.get_process().wait().expect("our own child") {
            WaitStatus::Exited(_, code) => code,
            WaitStatus::Signaled(_, signal, _) => 128 + signal as i32,
            other => panic!("neither exited nor killed: {other:?}"),
        };
        (code, std::mem::take(&mut self.seen))
    }

    fn note_rest(&mut self) {
        // What was read while waiting stands in a buffer of the session, which a match of anything empties.
        if let Ok(Some(found)) = self.session.check(Regex("(?s).+")).map(Some) {
            let text = found.get(0).unwrap_or_default().to_vec();
            self.note(&text);
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.seen.push_str(&String::from_utf8_lossy(bytes));
    }
}
