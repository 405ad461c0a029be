//! States on their way out and in (`state pull`, `state push`): a mask in one would take the place of the value for ever.

use super::RunRequest;
use crate::diag::Warning;
use crate::exec::argv::{is_on, positionals};
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

/// A state that was pulled with masks is not pushed, unless it is forced.
///
/// # Errors
/// [`Error::MaskedState`].
pub(super) fn check_push(target: &Target, request: &RunRequest) -> Result<(), Error> {
    let asked = &request.request;
    if asked.words != ["state", "push"] || is_on(&asked.native, "-force") {
        return Ok(());
    }
    // What comes from standard input is terraform's alone.
    let Some(file) = positionals(&asked.native).first().copied().filter(|file| *file != "-") else { return Ok(()) };
    let path = target.folder.join(asked.raw.word(file.to_owned()));
    let state = std::fs::read(&path).unwrap_or_default();
    // A program that writes JSON anew may escape what the mask is made of.
    let escaped = MASK.replace('<', "\\u003c").replace('>', "\\u003e");
    let has = |mask: &str| state.windows(mask.len()).any(|part| part == mask.as_bytes());
    if has(MASK) || has(&escaped) { Err(Error::MaskedState { path }) } else { Ok(()) }
}
