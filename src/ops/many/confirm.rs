//! The one question of a run of many components that change something.

use super::Error;
use crate::diag::Result;
use crate::host::prompt;
use crate::ops::App;

/// Shows what will run, in its order, and asks once for all of it.
///
/// # Errors
/// The person says no, or leaves the question.
pub(in crate::ops) fn confirm<'n>(
    app: &App,
    command: &str,
    places: impl ExactSizeIterator<Item = (&'n str, &'n str)>,
) -> Result<()> {
    let (talk, count) = (&app.host.talk, places.len());
    let plural = if count == 1 { "" } else { "s" };
    talk.info(format!("`{command}` will run for {count} component{plural}, in this order:"));
    for (component, stack) in places {
        talk.info(format!("  {component} in {stack}"));
    }
    let question = format!("Run `{command}` for all of them without being asked again?");
    match prompt::agreed(question) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Declined { command: command.to_owned() }.into()),
        Err(_) => Err(crate::auth::Error::Aborted.into()),
    }
}
