//! Who a component is, by its section `auth`, its setting and what was asked for. Row 12.

use super::App;
use super::access::Access;
use super::identity::{Choice, Question};
use crate::auth::resolution::{Flag, Need};
use crate::auth::validate::scoped_keys;
use crate::auth::{AuthConfig, Error, IdentityName, Severity, setting};
use crate::component::Instance;
use crate::diag::{Result, Warning};
use crate::value::Node;

/// Finds out before anything starts whether the component's setting can be read.
///
/// # Errors
/// `settings.auth` is malformed.
pub(super) fn check_setting(app: &App, instance: &Instance) -> Result<()> {
    setting::identity(&instance.sections.settings, setting::READ, &app.host.sources, &app.host.talk)?;
    Ok(())
}

/// The `auth` section that counts for a component.
pub(super) fn auth_section<'a>(app: &'a App, instance: &'a Instance) -> &'a Node {
    if instance.sections.auth.is_empty() { &app.config.auth } else { &instance.sections.auth }
}

/// Who a component is for an operation: a sub-command, or [`setting::READ`].
///
/// # Errors
/// No identity resolves where one is needed.
pub(super) fn choose(
    access: &Access,
    instance: &Instance,
    settings: &AuthConfig,
    flag: &Flag,
    need: Need,
    operation: &str,
) -> Result<Choice> {
    choose_by(access, instance, &instance.sections.settings, settings, flag, need, operation)
}

/// The same where the `settings` of the component are evaluated apart from the rest.
///
/// # Errors
/// Those of [`choose`].
pub(super) fn choose_by(
    access: &Access,
    instance: &Instance,
    section: &Node,
    settings: &AuthConfig,
    flag: &Flag,
    need: Need,
    operation: &str,
) -> Result<Choice> {
    access.choose(&Question {
        flag: flag.clone(),
        auth: settings,
        defaults: &instance.auth_defaults,
        setting: setting::identity(section, operation, &access.host.sources, &access.host.talk)?,
        need,
        instance: Some((&instance.name, &instance.stack)),
    })
}

/// Whom a component would run as, of whom nobody is signed in.
///
/// # Errors
/// Those of [`choose`].
pub(super) fn own_identity(
    app: &App,
    access: &Access,
    instance: &Instance,
    flag: &Flag,
    operation: &str,
) -> Result<Option<IdentityName>> {
    let settings = AuthConfig::read(auth_section(app, instance));
    Ok(match choose(access, instance, &settings, flag, Need::Run, operation)? {
        Choice::Identity { name, .. } => Some(name),
        Choice::None | Choice::Disabled(_) => None,
    })
}

/// That nobody tried to choose the identity in the wrong place: the run would silently be somebody else.
pub(super) fn check_keys(app: &App, instance: &Instance) -> Result<()> {
    let context = format!(" (component `{}` in stack `{}`)", instance.name, instance.stack);
    for problem in scoped_keys(&instance.sections.auth, &app.config.auth) {
        if problem.severity == Severity::Error {
            return Err(Error::misplaced_key(&problem, context, &app.host.sources).into());
        }
        let warning = Warning::new("atmos::auth::unknown_key", format!("{}{context}", problem.message));
        app.host.talk.warn(match app.host.sources.place(problem.span) {
            Some(place) => warning.at(place),
            None => warning,
        });
    }
    Ok(())
}
