//! A stack that somebody asked for and that does not exist: finding nothing is no error, but it is said why.

use super::App;
use crate::component;
use crate::diag::{Result, Warning, nearest};

/// Nothing was found in the stack that was asked for: says so when there is no such stack. `is` are other names that stacks
/// may be asked for by.
///
/// # Errors
/// The stacks cannot be read.
pub(super) fn stack(app: &App, asked: &str, is: impl Fn(&str) -> bool) -> Result<()> {
    let index = app.index()?;
    let known = component::usable(&app.host, &app.config, index, component::Nameless::LeftOut)?;
    if known.iter().any(|summary| summary.stack == asked || is(&summary.stack)) {
        return Ok(());
    }
    let help = match nearest(asked, known.iter().map(|summary| summary.stack.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`atmos list stacks` shows the stacks".to_owned(),
    };
    let message = format!("there is no stack '{asked}'");
    app.host.talk.warn(Warning::new("atmos::describe::unknown_stack", message).help(help));
    Ok(())
}

/// The same where stacks may also be asked for by their manifests.
///
/// # Errors
/// Those of [`stack`].
pub(super) fn stack_or_manifest(app: &App, asked: &str) -> Result<()> {
    let index = app.index()?;
    if index.by_path(asked).is_some() || index.stacks().iter().any(|stack| *stack.key == *asked) {
        return Ok(());
    }
    stack(app, asked, |_| false)
}
