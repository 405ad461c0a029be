//! What the guard rails of a component make of the identity that it would run as: found before anybody signs in.

use std::time::Duration;

use super::super::guard::Rails;
use crate::auth::config::Identity;
use crate::auth::kind::IdentityKind;
use crate::auth::resolution::Resolution;
use crate::auth::{AuthConfig, Cloud, Problem, Severity, configured_account};
use crate::span::Span;
use crate::value::{DurationForm, Node, parse_duration};

/// How long STS lets a role live that does not say it.
const ROLE: Duration = Duration::from_hours(1);

/// Contradictions between the rails and who the component would be. What cannot be told from the configuration, such as
/// the account behind a name, is left to the run.
pub(super) fn contradictions(rails: &Rails, settings: &AuthConfig, resolution: &Resolution) -> Vec<Problem> {
    let section = &settings.node;
    let span = |key: &str| section.get(key).map_or_else(Span::default, |node: &Node| node.span);
    let error = |message: String, key: &str| Problem { severity: Severity::Error, message, span: span(key), exit: 1 };
    let identity = match resolution {
        Resolution::Identity { name, .. } => settings.identity(name.as_str()),
        Resolution::Select { .. } => None,
        Resolution::Disabled { by } => return as_nobody(rails, &format!("switched off by {by}"), &error),
        Resolution::None => return as_nobody(rails, "the configuration names nobody", &error),
    };
    let Some(identity) = identity else { return Vec::new() };
    let mut problems = Vec::new();
    if let Some(account) = configured_account(identity)
        && rails.has_account()
        && !rails.accounts().iter().any(|expected| expected == account)
    {
        let expected = rails.accounts().join(" or ");
        let message = format!("identity `{}` is in account {account}, and {expected} is expected", identity.name);
        problems.push(error(message, "expected_account"));
    }
    let cloud = Cloud::of_identity(identity);
    if let Some(cloud) = cloud.filter(|cloud| rails.has_account() && *cloud != Cloud::Aws) {
        let message = format!(
            "identity `{}` is of {cloud}, and `auth.expected_account` is an account of AWS: it never runs",
            identity.name
        );
        problems.push(error(message, "expected_account"));
    }
    let required = settings.required().into_iter().filter(|other| other.name != identity.name);
    for other in required.filter(|other| Cloud::of_identity(other).zip(cloud).is_some_and(|(a, b)| a != b)) {
        let message = format!(
            "identity `{}` is required beside `{}`, and a run is given credentials of one cloud only: it never runs",
            other.name, identity.name
        );
        let span = other.node.get("required").map_or(other.span, |node: &Node| node.span);
        problems.push(Problem { severity: Severity::Error, message, span, exit: 1 });
    }
    if let (Some(wanted), Some(life)) = (rails.min_ttl, lifetime(identity))
        && life < wanted
    {
        let message = format!(
            "credentials of identity `{}` live {} s, and at least {} s are wanted (min_ttl): it never runs",
            identity.name,
            life.as_secs(),
            wanted.as_secs()
        );
        problems.push(error(message, "min_ttl"));
    }
    problems
}

fn as_nobody(rails: &Rails, why: &str, error: &dyn Fn(String, &str) -> Problem) -> Vec<Problem> {
    if rails.without_identity(why).is_ok() {
        return Vec::new();
    }
    let key = if rails.has_account() { "expected_account" } else { "require_identity" };
    vec![error(format!("it has no identity ({why}), and `auth.{key}` is set: it never runs"), key)]
}

/// How long credentials of an identity live at most, where that is known.
pub(super) fn lifetime(identity: &Identity) -> Option<Duration> {
    let written = identity.principal.duration.as_ref().and_then(|(text, _)| parse_duration(text, DurationForm::Go));
    match identity.kind {
        IdentityKind::AssumeRoot => Some(Duration::from_mins(15)),
        IdentityKind::AssumeRole => Some(written.unwrap_or(ROLE)),
        _ => None,
    }
}
