//! A real terminal: tmux draws what the program writes, and the test reads the screen.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{Sandbox, descendants, parts, wait_until};

/// A loaded machine draws late.
const LIMIT: Duration = Duration::from_mins(1);

/// One window of a tmux server of its own. It ends with the value.
pub(crate) struct Tmux<'a> {
    sandbox: &'a Sandbox,
    socket: PathBuf,
    /// Where the exit status of the program is written.
    status: PathBuf,
}

impl Tmux<'_> {
    /// Starts words of a shell in a window of this size. Their end leaves the last screen and the exit status.
    pub(crate) fn start<'a>(sandbox: &'a Sandbox, words: &str, width: u16, height: u16) -> Tmux<'a> {
        let tmux = Tmux { sandbox, socket: sandbox.root().join("tmux"), status: sandbox.root().join("tmux-status") };
        // The status that tmux tells gets lost at times; a shell around the program does not lose it.
        let words = format!("{words}; echo $? >'{}'", tmux.status.display());
        let (width, height) = (width.to_string(), height.to_string());
        let keep = ["set-option", "-g", "remain-on-exit", "on", ";"];
        let open = ["new-session", "-d", "-x", &width, "-y", &height, words.as_str()];
        // Options need a session, and the session might have ended before they are set: an idle one comes first.
        // A server that is just starting may be taken for one that is gone.
        wait_until("a server of tmux", LIMIT, || {
            tmux.try_ask(&["new-session", "-d", "-s", "idle", "-x", &width, "-y", &height, "cat"]).ok()
        });
        tmux.ask(&[&keep[..], &open].concat());
        tmux.ask(&["kill-session", "-t", "idle"]);
        tmux
    }

    fn ask(&self, words: &[&str]) -> String {
        self.try_ask(words).unwrap_or_else(|problem| panic!("tmux {words:?}: {problem}"))
    }

    fn try_ask(&self, words: &[&str]) -> Result<String, String> {
        let mut command: Command = self.sandbox.command(parts::program("tmux"));
        command
            .env("TERM", "xterm-256color")
            .arg("-f")
            .arg("/dev/null")
            .arg("-u")
            .arg("-S")
            .arg(&self.socket)
            .args(words);
        let output = command.output().expect("tmux starts");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Types keys by the names that tmux has for them: `Enter`, `C-c`, `x`.
    pub(crate) fn press(&self, keys: &[&str]) {
        self.ask(&[&["send-keys"], keys].concat());
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        self.ask(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    /// What the screen shows.
    pub(crate) fn screen(&self) -> String {
        self.ask(&["capture-pane", "-p"])
    }

    /// The same with the sequences that make letters bold or coloured.
    pub(crate) fn painted(&self) -> String {
        self.ask(&["capture-pane", "-p", "-e"])
    }

    /// What tmux knows of the window, for example `#{alternate_on}`.
    pub(crate) fn fact(&self, format: &str) -> String {
        self.ask(&["display-message", "-p", format]).trim().to_owned()
    }

    /// Waits until the screen shows everything that is given, and returns it.
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) -> String {
        let mut last = String::new();
        let deadline = std::time::Instant::now() + LIMIT;
        loop {
            let screen = self.screen();
            if texts.iter().all(|text| screen.contains(text)) {
                return screen;
            }
            assert!(std::time::Instant::now() < deadline, "waited for {texts:?} in vain\n--- screen\n{last}");
            last = screen;
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process of the program.
    pub(crate) fn pid(&self) -> u32 {
        let shell = self.fact("#{pane_pid}").parse().expect("a number");
        wait_until("the program in tmux", LIMIT, || descendants(shell).first().copied())
    }

    /// Waits for the end of the program: its exit status, and the screen that it left.
    pub(crate) fn finish(&self) -> (String, String) {
        let status = wait_until("the end of the program in tmux", LIMIT, || {
            let text = std::fs::read_to_string(&self.status).ok()?;
            (text.ends_with('\n') && self.fact("#{pane_dead}") == "1").then(|| text.trim().to_owned())
        });
        (status, self.screen())
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let mut command: Command = self.sandbox.command(parts::program("tmux"));
        let _ = command.arg("-S").arg(&self.socket).arg("kill-server").output();
    }
}
