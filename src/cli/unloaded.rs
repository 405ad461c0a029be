//! An identity that is nowhere in the configuration in force, while a profile that nobody asked for has it: the error says
//! so, and a person at a terminal may go on with that profile.

use std::ffi::OsString;

use super::setup::Context;
use crate::auth::resolution::is_default;
use crate::config;
use crate::diag::{Helped, Lacking, Report};
use crate::host::prompt;
use crate::value::Node;

/// The error with the profiles that would help, and their names.
pub(super) fn told(context: &Context, report: Report) -> (Report, Vec<String>) {
    let Some(lacking) = report.lacking() else { return (report, Vec::new()) };
    let says = |document: &Node| has(document, lacking);
    let profiles = config::profiles_that(&context.host, &context.config_flags(), says).unwrap_or_default();
    let (what, list) = match (lacking, profiles.as_slice()) {
        (_, []) => return (report, profiles),
        (Lacking::Identity(name), names) => (format!("defines `{name}`"), names.join("`, `")),
        (Lacking::Default, names) => ("has a default identity".to_owned(), names.join("`, `")),
    };
    let help = match profiles.as_slice() {
        [one] => format!("the profile `{one}` {what}: add `--profile {one}`"),
        _ => format!("each of the profiles `{list}` {what}: add `--profile <name>`"),
    };
    (Helped::before(help, report).into(), profiles)
}

/// The words of the same call with a profile that a person agreed to. Only of `auth` commands, which have done nothing by
/// then, and only where nobody has chosen profiles: she knows which ones she wants.
pub(super) fn again(context: &Context, words: &[OsString], profiles: &[String]) -> Option<Vec<OsString>> {
    let is_chosen = !context.global.profile.is_empty() || context.host.env.is_set("ATMOS_PROFILE");
    let [profile] = profiles else { return None };
    if is_chosen || !context.label().starts_with("atmos auth ") || !context.host.terminal.can_prompt() {
        return None;
    }
    prompt::agreed(format!("Go on with the profile `{profile}`?")).ok().filter(|agreed| *agreed)?;
    let (program, rest) = words.split_first()?;
    let flag = OsString::from(format!("--profile={profile}"));
    Some([program.clone(), flag].into_iter().chain(rest.iter().cloned()).collect())
}

fn has(document: &Node, lacking: Lacking<'_>) -> bool {
    let Some(identities) = document.get_path(["auth", "identities"]).and_then(Node::as_map) else { return false };
    identities.iter().any(|(name, entry)| match lacking {
        Lacking::Identity(wanted) => {
            let alias = entry.get("alias").and_then(Node::as_str);
            let is_it =
                name.eq_ignore_ascii_case(wanted) || alias.is_some_and(|alias| alias.eq_ignore_ascii_case(wanted));
            // An entry without a kind is about an identity that stands elsewhere.
            is_it && entry.get("kind").is_some()
        }
        Lacking::Default => is_default(entry),
    })
}
