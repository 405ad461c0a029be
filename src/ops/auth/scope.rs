//! The stack or component that an `auth` command is about: its `auth` section counts, as in a run there.
//!
//! Read [`access`]; [`lead`] has errors of runs name the commands that lead to the same place.

use miette::Diagnostic;

use super::super::App;
use super::super::access::Access;
use super::super::choice::{auth_section, check_keys};
use crate::auth::{AuthConfig, IdentityName, Options};
use crate::component::{self, Instance};
use crate::diag::hint::{with_scope, word};
use crate::diag::{Failure, Helped, Report, Result};
use crate::resolve;
use crate::value::to_json;

/// `--stack` and `--component`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub stack: Option<String>,
    /// Only with a stack.
    pub component: Option<String>,
}

impl Scope {
    /// The flags in a command line; `None` for a command about the configuration alone.
    pub fn flags(&self) -> Option<String> {
        let stack = self.stack.as_deref()?;
        Some(flags(stack, self.component.as_deref()))
    }
}

fn flags(stack: &str, component: Option<&str>) -> String {
    let component = component.map(|name| format!(" -c {}", word(name))).unwrap_or_default();
    format!("-s {}{component}", word(stack))
}

/// What [`Access::open`] opens, with the section of the stack, or of the component there.
///
/// # Errors
/// Those of [`Access::open`]; a stack or component that cannot be found or read.
pub fn access(app: &App, scope: &Scope, options: Options) -> Result<Access> {
    let access = Access::open(app, options)?;
    let Some(stack) = &scope.stack else {
        return if scope.component.is_some() { Err(ScopeError::NoStack.into()) } else { Ok(access.informed()) };
    };
    let written = match &scope.component {
        Some(component) => app.find(component, stack, None)?,
        None => top_of(app, stack)?,
    };
    let owner = app.identify(&written, &resolve::Options::default())?;
    check_keys(app, &owner)?;
    Ok(access.of_owner(auth_section(app, &owner), owner.clone()).informed())
}

/// What all components of a stack have.
fn top_of(app: &App, stack: &str) -> Result<Instance> {
    let mut tops = component::tops(&app.host, &app.config, app.index()?, stack)?;
    let first = tops.swap_remove(0);
    let same = |other: &Instance| {
        to_json(&other.sections.auth) == to_json(&first.sections.auth)
            && to_json(&other.sections.settings) == to_json(&first.sections.settings)
    };
    if let Some(other) = tops.iter().find(|other| !same(other)) {
        let manifests = format!("`{}` and `{}`", first.manifest, other.manifest);
        return Err(ScopeError::SeveralManifests { stack: first.stack, manifests }.into());
    }
    Ok(first)
}

/// An error of a component whose help leads to identities and providers that only its stack, or only itself, has.
pub(in crate::ops) fn lead(app: &App, access: &Access, instance: &Instance, report: Report) -> Report {
    let Some(help) = report.diagnostic().help().map(|help| help.to_string()) else { return report };
    if instance.sections.auth.is_empty() || !help.contains("`atmos auth ") {
        return report;
    }
    let here = AuthConfig::read(auth_section(app, instance));
    let own = names_beyond(access, &access.settings, &here);
    if own.is_empty() {
        return report;
    }
    // What the stack has for all of its components needs no component.
    let of_stack = top_of(app, &instance.stack).and_then(|top| app.identify(&top, &resolve::Options::default()));
    let (narrow, wide) = (flags(&instance.stack, Some(&instance.name)), flags(&instance.stack, None));
    let narrower = match of_stack {
        Ok(top) => names_beyond(access, &AuthConfig::read(auth_section(app, &top)), &here),
        Err(_) => own.clone(),
    };
    let flags_of = |name: Option<&str>| match name {
        Some(name) if !own.iter().any(|known| known == name) => None,
        Some(name) if narrower.iter().any(|known| known == name) => Some(narrow.clone()),
        None if !narrower.is_empty() => Some(narrow.clone()),
        _ => Some(wide.clone()),
    };
    let help = with_scope(&help, flags_of).into_owned();
    Helped { report, help }.into()
}

/// Identities and providers that `here` has and `base` has not, or not as they are here; as words of a command line.
fn names_beyond(access: &Access, base: &AuthConfig, here: &AuthConfig) -> Vec<String> {
    let (base_session, session) =
        (access.session.with_settings(base.clone().into()), access.session.with_settings(here.clone().into()));
    let fingerprint = |session: &crate::auth::Session, name: &IdentityName| {
        session.fingerprint_of(name).ok().map(|found| found.as_str().to_owned())
    };
    let identities = here.identities.keys().filter(|name| {
        let known = base.identity(name.as_str()).is_some();
        !known || fingerprint(&session, name) != fingerprint(&base_session, name)
    });
    let providers = here.providers.values().filter(|provider| {
        let known = base.provider(provider.name.as_str());
        known.is_none_or(|known| to_json(&known.node) != to_json(&provider.node))
    });
    let names = identities.map(ToString::to_string).chain(providers.map(|provider| provider.name.to_string()));
    names.map(|name| word(&name).into_owned()).collect()
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ScopeError {
    #[error("--component needs the stack that the component is in")]
    #[diagnostic(code(atmos::auth::component_without_stack), help("add `--stack <stack>`"))]
    NoStack,

    #[error("the stack `{stack}` stands in several manifests, whose `auth` or `settings` differ: {manifests}")]
    #[diagnostic(code(atmos::auth::stack_in_manifests), help("name a component with `--component <component>`"))]
    SeveralManifests { stack: String, manifests: String },
}

impl Failure for ScopeError {}
