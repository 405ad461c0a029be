//! Stacks and components that somebody asked for and that do not exist: finding nothing is no error, but it is said why.

use super::App;
use super::sections::{is_known, near};
use crate::component::{self, Asked, Kind};
use crate::diag::{Result, Warning, nearest};

/// Nothing was found in the stack that was asked for: says so when there is no such stack. `is` are other names that stacks
/// may be asked for by.
///
/// # Errors
/// The stacks cannot be read.
pub(super) fn stack(app: &App, asked: &str, is: impl Fn(&str) -> bool) -> Result<()> {
    let index = app.index()?;
    let known = component::usable(&app.host, &app.config, index, component::Nameless::LeftOut, &Asked::only([asked]))?;
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

/// The same for names of components; `found` are those that were found.
///
/// # Errors
/// The stacks cannot be read.
pub(super) fn components(app: &App, asked: &[String], found: &[&str]) -> Result<()> {
    let missing: Vec<&String> = asked.iter().filter(|name| !found.contains(&name.as_str())).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let known = component::summaries(&app.host, &app.config, app.index()?)?;
    // A component also stands for those that are built on its directory.
    let names = || known.iter().flat_map(|summary| [summary.name.as_str(), summary.folder.as_str()]);
    for asked in missing.into_iter().filter(|asked| !names().any(|name| name == asked.as_str())) {
        let near = nearest(asked, names()).map(|near| format!("did you mean `{near}`?"));
        let help = near.unwrap_or_else(|| "`atmos list components` shows the components".to_owned());
        let message = format!("no stack has a component '{asked}'");
        app.host.talk.warn(Warning::new("atmos::describe::unknown_component", message).help(help));
    }
    Ok(())
}

/// The same for sections, where none was found.
pub(super) fn sections(app: &App, asked: &[String]) {
    for section in asked.iter().filter(|section| !is_known(section)) {
        let message = format!("no component has a section '{section}'");
        app.host.talk.warn(Warning::new("atmos::describe::unknown_section", message).help(near(section)));
    }
}

/// The same for kinds of components.
///
/// # Errors
/// The stacks cannot be read.
pub(super) fn kinds(app: &App, asked: &[String], found: &[&str]) -> Result<()> {
    let usual = Kind::searched();
    let is_known = |asked: &str| usual.iter().any(|kind| kind.key() == asked) || found.contains(&asked);
    let missing: Vec<&String> = asked.iter().filter(|asked| !is_known(asked)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let known = component::summaries(&app.host, &app.config, app.index()?)?;
    let names = || usual.iter().chain(known.iter().map(|summary| &summary.kind)).map(Kind::key);
    for asked in missing.into_iter().filter(|asked| !names().any(|name| name == asked.as_str())) {
        let near = nearest(asked, names()).map(|near| format!("did you mean `{near}`?"));
        let help = near
            .unwrap_or_else(|| format!("the types are {}", usual.iter().map(Kind::key).collect::<Vec<_>>().join(", ")));
        let message = format!("there are no components of the type '{asked}'");
        app.host.talk.warn(Warning::new("atmos::describe::unknown_type", message).help(help));
    }
    Ok(())
}
