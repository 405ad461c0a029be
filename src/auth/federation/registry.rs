//! The kinds that there are. Row 5.

use super::azure::{Assertion, DEVICE_CODE, INTERACTIVE, Program, Subscription};
use super::exec::Exec;
use super::google::{Defaults, Project, ServiceAccount, Workload};
use super::module::Module;
use super::oidc::{Github, Gitlab, Token};
use super::pro::{ProIdentity, ProProvider};
use super::saml::Saml;

/// Kinds of providers: one line each.
static PROVIDERS: &[&dyn Module] = &[
    &Github,
    &Gitlab,
    &Token,
    &Saml,
    &Defaults,
    &Workload,
    &Program,
    &Assertion,
    &DEVICE_CODE,
    &INTERACTIVE,
    &ProProvider,
];

/// Kinds of identities: one line each.
static IDENTITIES: &[&dyn Module] = &[&Exec, &ServiceAccount, &Project, &Subscription, &ProIdentity];

/// A kind that is in the list. Equal when the kinds are.
#[derive(Clone, Copy)]
pub struct Registered(&'static dyn Module);

impl Registered {
    pub(crate) fn module(self) -> &'static dyn Module {
        self.0
    }
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.kind())
    }
}

impl PartialEq for Registered {
    fn eq(&self, other: &Registered) -> bool {
        self.0.kind() == other.0.kind()
    }
}

impl Eq for Registered {}

/// The kind of provider of that name.
pub(crate) fn provider(kind: &str) -> Option<Registered> {
    find(PROVIDERS, kind)
}

/// The kind of identity of that name.
pub(crate) fn identity(kind: &str) -> Option<Registered> {
    find(IDENTITIES, kind)
}

/// All kinds of providers, or of identities.
pub(crate) fn modules(identities: bool) -> &'static [&'static dyn Module] {
    if identities { IDENTITIES } else { PROVIDERS }
}

fn find(list: &'static [&'static dyn Module], kind: &str) -> Option<Registered> {
    list.iter().find(|module| module.kind() == kind).map(|module| Registered(*module))
}
