//! States on their way out and in (`state pull`, `state push`): a mask in one would take the place of the value for ever.

use std::io::Read as _;
use std::path::PathBuf;

use super::RunRequest;
use crate::diag::{Result, Warning};
use crate::exec::argv::{is_on, positionals};
use crate::exec::signals::Signals;
use crate::exec::terraform::Target;
use crate::exec::{Error, Output, stdout_is_file};
use crate::ops::App;
use crate::secret::MASK;

/// How `state pull` prints the state: as terraform does into a file, and into a pipe that is no log; else as everything
/// else, and masked values are spoken of.
pub(super) fn pulled(app: &App, request: &RunRequest) -> Option<Output> {
    let terminal = app.host.terminal;
    if request.request.words != ["state", "pull"] || terminal.stdout || !app.host.masker.is_on() {
        return None;
    }
    if stdout_is_file() || !terminal.ci {
        return Some(Output::Given);
    }
    let message = format!("secrets in the state are shown as {MASK}: a CI system reads this output");
    let help = "write the state into a file, or add `--mask=false`; a masked state cannot be pushed";
    app.host.talk.warn(Warning::new("atmos::terraform::masked_state", message).help(help));
    None
}

/// A state that can be read only once: what comes by standard input, or out of another pipe.
#[derive(Debug)]
pub(super) struct Pushed {
    /// How the command names it.
    word: String,
    state: Vec<u8>,
}

impl Pushed {
    pub(super) fn state(&self) -> &[u8] {
        &self.state
    }

    /// Terraform reads it from standard input, wherever it came from.
    pub(super) fn take_the_place_in(&self, args: &mut [String]) {
        if let Some(word) = args.iter_mut().rev().find(|word| **word == self.word) {
            STDIN.clone_into(word);
        }
    }
}

/// What stands for standard input.
const STDIN: &str = "-";

/// A state that was pulled with masks is not pushed, unless it is forced. One that can be read only once is handed back.
/// That is done before the folder is taken, which whoever writes the state into the pipe may be waiting for.
///
/// # Errors
/// [`Error::MaskedState`], and what comes by standard input cannot be read.
pub(super) async fn pushed(target: &Target, request: &RunRequest, signals: &mut Signals) -> Result<Option<Pushed>> {
    let asked = &request.request;
    let (words, native) = asked.meant();
    if words != ["state", "push"] || is_on(native, "-force") {
        return Ok(None);
    }
    let stdin = || native.iter().find(|word| *word == STDIN).map(String::as_str);
    let Some(word) = positionals(native).first().copied().or_else(stdin) else { return Ok(None) };
    let path = target.folder.join(asked.raw.word(word.to_owned()));
    if word != STDIN && path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        // What cannot be read is for terraform to complain of.
        refuse_masked(&std::fs::read(&path).unwrap_or_default(), path.display().to_string())?;
        return Ok(None);
    }
    let (name, source) = if word == STDIN {
        ("standard input".to_owned(), None)
    } else if path.exists() {
        (path.display().to_string(), Some(path.clone()))
    } else {
        return Ok(None);
    };
    let state = signals.guard(read(source)).await?.map_err(Error::file("read", std::path::Path::new(&name)))?;
    refuse_masked(&state, name)?;
    Ok(Some(Pushed { word: word.to_owned(), state }))
}

/// Reads a file, or standard input without one, to its end, in a thread that nobody waits for: who asks to stop must not
/// have to wait for somebody else.
async fn read(source: Option<PathBuf>) -> Result<std::io::Result<Vec<u8>>, Error> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let reader = std::thread::Builder::new().spawn(move || {
        let mut state = Vec::new();
        let read = match source {
            Some(path) => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut state)),
            None => std::io::stdin().lock().read_to_end(&mut state),
        };
        // Nobody is left who wants it: the run has been stopped.
        let _ = sender.send(read.map(|_| state));
    });
    if let Err(error) = reader {
        return Ok(Err(error));
    }
    Ok(receiver.await.unwrap_or_else(|_| Err(std::io::Error::other("the reader has ended early"))))
}

fn refuse_masked(state: &[u8], name: String) -> Result<(), Error> {
    // A program that writes JSON anew may escape what the mask is made of.
    let escaped = MASK.replace('<', "\\u003c").replace('>', "\\u003e");
    let has = |mask: &str| state.windows(mask.len()).any(|part| part == mask.as_bytes());
    if has(MASK) || has(&escaped) { Err(Error::MaskedState { name }) } else { Ok(()) }
}
