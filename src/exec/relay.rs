//! What becomes of the output of one component among many: prefixed lines, one piece at the end, or the streams as ever.
//!
//! Whatever happens to the bytes, they have passed the masker before, and the lines are read for what changes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::changes::Changes;
use super::outlet::{Outlet, Stream};
use super::process::without_colours;
use super::{Error, files};

/// How much of the end of an output is kept for the message about a failure.
const TAIL_LINES: usize = 12;
const TAIL_BYTES: usize = 8 * 1024;
/// How much of the whole output is kept at least; its end says what became of it.
const MOST_KEPT: usize = 16 * 1024 * 1024;

/// How the outputs of components that run at once are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogOrder {
    /// Each line as it comes, with the component in front of it.
    #[default]
    Stream,
    /// All of a component when it has ended.
    Grouped,
}

#[derive(Debug)]
enum Way {
    /// The children write as if they were alone.
    Direct,
    Lines {
        prefix: String,
    },
    Grouped,
}

/// The way of one component's output.
#[derive(Debug)]
pub struct Relay {
    way: Way,
    outlet: Arc<Outlet>,
    state: Mutex<State>,
    logs: Option<[(PathBuf, std::fs::File); 2]>,
}

#[derive(Debug, Default)]
struct State {
    /// The beginning of a line whose end has not come, of each stream.
    partial: [Vec<u8>; 2],
    /// What a grouped output will say.
    kept: Vec<(Stream, Vec<u8>)>,
    tail: Vec<u8>,
    changes: Option<Changes>,
    /// How the last child ended that did what was asked.
    ended: Option<u8>,
    /// Everything that is said, where somebody wants to read it.
    whole: Option<Vec<u8>>,
    /// The whole is complete.
    done: bool,
    /// The command itself runs.
    runs: bool,
    /// Somebody wants to know what changes.
    watches: bool,
}

impl Relay {
    /// The children write to the streams themselves; what passes here is only read.
    pub fn direct(outlet: &Arc<Outlet>) -> Relay {
        Relay { way: Way::Direct, outlet: outlet.clone(), state: Mutex::default(), logs: None }
    }

    /// The output of `name` as `order` says, with a copy in files if `logs` is their path without the ends of their names.
    ///
    /// # Errors
    /// A file cannot be made.
    pub fn new(outlet: &Arc<Outlet>, order: LogOrder, name: &str, logs: Option<&Path>) -> Result<Relay, Error> {
        let way = match order {
            LogOrder::Stream => Way::Lines { prefix: format!("[{name}] ") },
            LogOrder::Grouped => Way::Grouped,
        };
        let open = |path: &Path, end: &str| {
            let path = PathBuf::from(format!("{}.{end}.log", path.display()));
            files::open_private(&path).map(|file| (path, file))
        };
        let logs = match logs {
            Some(path) => Some([open(path, "stdout")?, open(path, "stderr")?]),
            None => None,
        };
        Ok(Relay { way, outlet: outlet.clone(), state: Mutex::default(), logs })
    }

    /// Keeps what the children say, for [`Relay::said`].
    #[must_use]
    pub fn keeping(self) -> Relay {
        self.lock().whole = Some(Vec::new());
        self
    }

    /// Whether what the children say is kept, so that none of them may write past us.
    pub(super) fn keeps(&self) -> bool {
        self.lock().whole.is_some()
    }

    /// Reads what the command says, also where that goes to a terminal.
    #[must_use]
    pub fn watching(self) -> Relay {
        self.lock().watches = true;
        self
    }

    /// Whether what is said now is the command's and wanted.
    pub(super) fn watches(&self) -> bool {
        let state = self.lock();
        state.watches && state.runs
    }

    /// The command itself begins: what came before it is of no interest.
    pub fn begin(&self) {
        let mut state = self.lock();
        state.whole.iter_mut().for_each(Vec::clear);
        state.runs = true;
    }

    /// The command itself has ended: what comes after it is not kept.
    pub fn close(&self) {
        let mut state = self.lock();
        (state.done, state.runs) = (true, false);
    }

    /// What was said, without colours.
    pub fn said(&self) -> String {
        without_colours(&String::from_utf8_lossy(self.lock().whole.as_deref().unwrap_or_default()))
    }

    /// The children have no stream of ours.
    pub(super) fn takes_all(&self) -> bool {
        !matches!(self.way, Way::Direct)
    }

    /// What changes, as the last line said that says so.
    pub fn changes(&self) -> Option<Changes> {
        self.lock().changes
    }

    /// How the command itself ended, whoever wanted it to stop; `None` where it has not begun.
    pub fn ended(&self) -> Option<u8> {
        self.lock().ended
    }

    /// A child has ended that did what was asked, and not what comes before.
    pub fn note_end(&self, code: u8) {
        self.lock().ended = Some(code);
    }

    /// Paths of the copies.
    pub fn log_files(&self) -> Vec<PathBuf> {
        self.logs.iter().flatten().map(|(path, _)| path.clone()).collect()
    }

    /// The last lines, for a message; nothing where everybody has just seen them.
    pub fn tail(&self) -> String {
        if !self.takes_all() {
            return String::new();
        }
        let state = self.lock();
        let text = without_colours(&String::from_utf8_lossy(&state.tail));
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// Reads what a child says to our own streams.
    pub(super) fn note(&self, stream: Stream, bytes: &[u8]) {
        self.lock().take_lines(stream, bytes);
    }

    /// Takes what a child says.
    ///
    /// # Errors
    /// Nobody reads our own stream any more.
    pub(super) async fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let lines = self.lock().take_lines(stream, bytes);
        self.pass(stream, lines).await
    }

    /// A child has closed its stream: what stands there without the end of a line is a line.
    ///
    /// # Errors
    /// As [`Relay::write`].
    pub(super) async fn end(&self, stream: Stream) -> io::Result<()> {
        let mut rest = std::mem::take(&mut self.lock().partial[stream.index()]);
        if rest.is_empty() {
            return Ok(());
        }
        rest.push(b'\n');
        self.lock().read(&rest);
        self.pass(stream, rest).await
    }

    /// Whole lines, to wherever they go.
    async fn pass(&self, stream: Stream, lines: Vec<u8>) -> io::Result<()> {
        use std::io::Write as _;
        if lines.is_empty() {
            return Ok(());
        }
        if let Some(logs) = &self.logs {
            // A copy that cannot be written is no reason to end what is being made.
            let mut file = &logs[stream.index()].1;
            if let Err(error) = file.write_all(&lines) {
                tracing::debug!(%error, "log file not written");
            }
        }
        match &self.way {
            Way::Direct => Ok(()),
            Way::Grouped => {
                let mut state = self.lock();
                match state.kept.last_mut() {
                    Some((last, text)) if *last == stream => text.extend_from_slice(&lines),
                    _ => state.kept.push((stream, lines)),
                }
                Ok(())
            }
            Way::Lines { prefix } => {
                let mut text = Vec::with_capacity(lines.len() + prefix.len() * 4);
                for line in lines.split_inclusive(|byte| *byte == b'\n') {
                    text.extend_from_slice(prefix.as_bytes());
                    text.extend_from_slice(line);
                }
                self.outlet.write(stream, &text).await
            }
        }
    }

    /// Says everything that was kept, between two lines of the caller's. Nobody else says anything meanwhile.
    ///
    /// # Errors
    /// Nobody reads our own streams any more.
    pub async fn replay(&self, head: (Stream, &str), foot: (Stream, &str)) -> io::Result<()> {
        let mut pieces = vec![(head.0, head.1.as_bytes().to_vec())];
        pieces.append(&mut self.lock().kept);
        pieces.push((foot.0, foot.1.as_bytes().to_vec()));
        self.outlet.write_all(&pieces).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The lines that are complete with these bytes.
    fn take_lines(&mut self, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        let partial = &mut self.partial[stream.index()];
        // What came before has no end of a line; it may be a whole document.
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            partial.extend_from_slice(bytes);
            return Vec::new();
        };
        let (complete, rest) = bytes.split_at(end + 1);
        partial.extend_from_slice(complete);
        let lines = std::mem::replace(partial, rest.to_vec());
        self.read(&lines);
        lines
    }

    fn read(&mut self, lines: &[u8]) {
        if let Some(whole) = self.whole.as_mut().filter(|_| !self.done) {
            keep_end(whole, lines, MOST_KEPT);
        }
        keep_end(&mut self.tail, lines, TAIL_BYTES);
        for line in lines.split(|byte| *byte == b'\n') {
            if let Some(found) = Changes::read(&String::from_utf8_lossy(line)) {
                self.changes = Some(Changes::after(self.changes, found));
            }
        }
    }
}

/// Adds to what is kept, of which at least the last `most` bytes stay. What goes, goes in one piece now and then: everything
/// behind it moves.
fn keep_end(kept: &mut Vec<u8>, more: &[u8], most: usize) {
    kept.extend_from_slice(more);
    if kept.len() > 2 * most {
        kept.drain(..kept.len() - most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlet() -> Arc<Outlet> {
        Arc::new(Outlet::kept())
    }

    #[tokio::test]
    async fn lines_are_whole_and_have_their_prefix() {
        let outlet = outlet();
        let relay = Relay::new(&outlet, LogOrder::Stream, "dev/vpc", None).unwrap();
        let other = Relay::new(&outlet, LogOrder::Stream, "dev/db", None).unwrap();
        relay.write(Stream::Out, b"one\ntw").await.unwrap();
        other.write(Stream::Out, b"three\n").await.unwrap();
        relay.write(Stream::Out, b"o\n").await.unwrap();
        relay.write(Stream::Err, b"end").await.unwrap();
        relay.end(Stream::Err).await.unwrap();
        assert_eq!(outlet.text(Stream::Out), "[dev/vpc] one\n[dev/db] three\n[dev/vpc] two\n");
        assert_eq!(outlet.text(Stream::Err), "[dev/vpc] end\n");
    }

    #[test]
    fn of_a_long_output_the_end_is_kept_and_what_goes_goes_seldom() {
        let (mut kept, mut moves) = (Vec::new(), 0);
        for number in 0..1000_u32 {
            let before = kept.len();
            keep_end(&mut kept, format!("{number:04}").as_bytes(), 100);
            moves += usize::from(kept.len() < before);
            assert!(kept.ends_with(format!("{number:04}").as_bytes()) && kept.len() <= 200);
        }
        assert!(kept.len() >= 100 && moves < 50, "{} bytes, moved {moves} times", kept.len());
    }

    #[test]
    fn a_line_may_come_in_many_pieces() {
        let mut state = State::default();
        let pieces = ["one", " two", "\nthr", "ee\nfour\nfi", "ve"];
        let lines: Vec<Vec<u8>> = pieces.iter().map(|piece| state.take_lines(Stream::Out, piece.as_bytes())).collect();
        assert_eq!(lines, [&b""[..], b"", b"one two\n", b"three\nfour\n", b""]);
        assert_eq!(state.partial[Stream::Out.index()], b"five");
    }

    #[tokio::test]
    async fn a_group_comes_in_one_piece_and_in_its_order() {
        let outlet = outlet();
        let relay = Relay::new(&outlet, LogOrder::Grouped, "dev/vpc", None).unwrap();
        relay.write(Stream::Out, b"one\n").await.unwrap();
        relay.write(Stream::Err, b"two\n").await.unwrap();
        assert_eq!(outlet.text(Stream::Out), "");
        relay.replay((Stream::Err, "head\n"), (Stream::Err, "foot\n")).await.unwrap();
        assert_eq!((outlet.text(Stream::Out), outlet.text(Stream::Err)), ("one\n".into(), "head\ntwo\nfoot\n".into()));
    }

    #[tokio::test]
    async fn what_changes_and_the_end_are_known_and_copies_are_private() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("logs/dev__vpc");
        let relay = Relay::new(&outlet(), LogOrder::Grouped, "dev/vpc", Some(&path)).unwrap();
        for number in 0..100 {
            relay.write(Stream::Out, format!("line {number}\n").as_bytes()).await.unwrap();
        }
        relay.write(Stream::Out, b"\x1b[1mPlan:\x1b[0m 1 to add, 2 to change, 3 to destroy.\n").await.unwrap();
        assert_eq!(relay.changes(), Some(Changes { add: 1, change: 2, destroy: 3, import: 0, other: false }));
        assert_eq!(relay.tail().lines().count(), TAIL_LINES);
        let log = std::fs::read_to_string(temp.path().join("logs/dev__vpc.stdout.log")).unwrap();
        assert!(log.starts_with("line 0\n"), "{log}");
        assert_eq!(relay.log_files().len(), 2);
    }

    #[tokio::test]
    async fn the_whole_output_of_the_command_is_kept_where_somebody_wants_it() {
        let relay = Relay::new(&outlet(), LogOrder::Grouped, "dev/vpc", None).unwrap().keeping();
        relay.write(Stream::Err, b"init\n").await.unwrap();
        relay.begin();
        relay.write(Stream::Out, b"\x1b[1mone\x1b[0m\n").await.unwrap();
        relay.note(Stream::Err, b"two\n");
        relay.close();
        relay.write(Stream::Out, b"a hook\n").await.unwrap();
        assert_eq!(relay.said(), "one\ntwo\n");
    }
}
