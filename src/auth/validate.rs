//! Checks of a whole `auth` section: every error and warning, sorted by place.
//!
//! Read [`validate`]. Row 5.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::chain::{identity_center_problem, is_for_roles, standing_problem};
use super::config::{AuthConfig, Identity, Provider, Via};
use super::federation::{self, Before, Entry, misfit};
use super::integration;
use super::kind::{IdentityKind, ProviderKind};
use super::name::IdentityName;
use super::principal::{principal_problems, region_problem};
use super::problem::{Problem, Severity};
use super::realm;
use crate::span::{Sources, Span};

mod fits;
mod keys;
mod names;
mod rails;
mod scoped;
#[cfg(test)]
pub(crate) mod table;

pub(super) use keys::{CREDENTIALS_KEYS, PRINCIPAL_KEYS, SPEC_KEYS};
pub use rails::{audit_file, check_rails};
pub use scoped::{scoped_keys, scoped_rails};

/// Exit status of `auth validate`: 2 when the principal of an identity is among what is at fault, else 1; 0 without
/// errors.
pub fn exit_code(problems: &[Problem]) -> u8 {
    problems.iter().filter(|problem| problem.severity == Severity::Error).map(|problem| problem.exit).max().unwrap_or(0)
}

/// Every problem of the section. Errors and warnings, in the order of file and line.
pub fn validate(auth: &AuthConfig, sources: &Sources) -> Vec<Problem> {
    let mut problems = auth.problems.clone();
    section(auth, &mut problems);
    auth.providers.values().for_each(|known| provider(known, &mut problems));
    auth.identities.values().for_each(|known| identity(auth, known, &mut problems));
    names::names(auth, &mut problems);
    names::deliveries(auth, &mut problems);
    names::variables(auth, &mut problems);
    names::allowed(auth, &mut problems);
    rails::rails(&auth.node, &mut problems);
    fits::fits(auth, &mut problems);
    cycles(auth, &mut problems);
    duplicates(auth, &mut problems);
    integration::problems(auth, &mut problems);
    defaults(auth, &mut problems);
    let place = |problem: &Problem| {
        let name = sources.place(problem.span).map(|place| place.source.name.clone());
        (name, problem.span.line, problem.span.column, problem.message.clone())
    };
    problems.sort_by_cached_key(place);
    problems.dedup();
    problems
}

fn section(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    keys::of_section(&auth.node, problems);
    if let Some((value, span)) = &auth.realm
        && !value.is_empty()
        && let Err(reason) = realm::check(value)
    {
        problems.push(Problem::error(format!("invalid realm value `{value}`: {reason}"), *span));
    }
    if let Some((level, span)) = auth.logs_level.as_ref().filter(|(level, _)| !level.is_empty()) {
        let levels = ["trace", "debug", "info", "warn", "warning", "error", "off"];
        if !levels.contains(&level.to_lowercase().as_str()) {
            let known = "Trace, Debug, Info, Warn, Error, Off";
            problems.push(Problem::error(format!("invalid log level `{level}`, must be one of: {known}"), *span));
        }
    }
    if let Some((kind, span)) = auth.keyring.kind.as_ref().filter(|(kind, _)| !kind.is_empty())
        && !["system", "kernel", "file", "memory", "noop"].contains(&kind.as_str())
    {
        problems
            .push(Problem::error(format!("unknown keyring type `{kind}`: use system, kernel, file or memory"), *span));
    }
    for (name, span) in &auth.unknown_markers {
        let message = format!("invalid identity config: `{name}` is made default, but no such identity exists");
        problems.push(Problem::error(message, *span));
    }
}

fn provider(provider: &Provider, problems: &mut Vec<Problem>) {
    let who = format!("provider `{}`", provider.name);
    keys::of_provider(&who, provider, problems);
    match provider.kind {
        ProviderKind::Missing => {
            problems.push(Problem::error(format!("{who}: provider kind is required"), provider.span));
        }
        ProviderKind::Unsupported => {
            let message = format!("{who}: unsupported provider kind: {}", provider.kind_text);
            problems.push(Problem::error(message, provider.span));
        }
        ProviderKind::IdentityCenter => {
            if let Some((reason, span)) = identity_center_problem(provider) {
                problems.push(Problem::error(format!("{who}: {reason}"), span));
            }
        }
        ProviderKind::Federated(kind) => {
            let (module, entry) = (kind.module(), Entry::provider(provider));
            let errors = federation::problems(module, &entry).into_iter();
            problems.extend(errors.map(|(reason, span)| Problem::error(format!("{who}: {reason}"), span)));
            let odd = federation::remarks(module, &entry).into_iter();
            problems.extend(odd.map(|(reason, span)| Problem::warning(format!("{who}: {reason}"), span)));
        }
        ProviderKind::Mock => {}
    }
    if provider.kind != ProviderKind::IdentityCenter
        && let Some(reason) = provider.region.as_deref().and_then(region_problem)
    {
        problems.push(Problem::error(format!("{who}: {reason}"), provider.span));
    }
    if let Some(path) = &provider.spec.files_base_path
        && (path.trim().is_empty() || path.contains(['\0', '\r', '\n']))
    {
        let message = format!("{who}: spec.files.base_path must be a path without line breaks");
        problems.push(Problem::error(message, provider.span));
    }
}

fn identity(auth: &AuthConfig, identity: &Identity, problems: &mut Vec<Problem>) {
    let who = format!("identity `{}`", identity.name);
    keys::of_identity(&who, identity, problems);
    match identity.kind {
        IdentityKind::Missing => {
            problems.push(Problem::error(format!("{who}: identity kind is required"), identity.span));
        }
        IdentityKind::Unsupported => {
            let message = format!("{who}: unsupported identity kind: {}", identity.kind_text);
            problems.push(Problem::error(message, identity.span));
        }
        IdentityKind::NotBuilt { .. } => {
            let message = format!("{who}: kind {} is known, but this version cannot use it yet", identity.kind_text);
            problems.push(Problem::warning(message, identity.span));
        }
        IdentityKind::User | IdentityKind::CredentialProcess | IdentityKind::AwsAmbient | IdentityKind::Ambient => {
            user_keys(identity, &who, problems);
            if let Some(reason) = standing_problem(identity) {
                problems.push(Problem::error(format!("{who}: {reason}"), identity.span));
            }
        }
        IdentityKind::Federated(kind) => {
            let (module, entry) = (kind.module(), Entry::identity(identity));
            let errors = federation::problems(module, &entry).into_iter();
            problems.extend(errors.map(|(reason, span)| Problem::principal(format!("{who}: {reason}"), span)));
            let odd = federation::remarks(module, &entry).into_iter();
            problems.extend(odd.map(|(reason, span)| Problem::warning(format!("{who}: {reason}"), span)));
            let before = match &identity.via {
                Via::Provider(name, _) => auth.provider(name).map(Before::Provider),
                Via::Identity(name, _) => auth.identity(name).map(Before::Identity),
                Via::None => Some(Before::Nothing),
                Via::Invalid(..) => None,
            };
            if let Some(reason) = before.and_then(|before| misfit(module, &before)) {
                problems.push(Problem::error(format!("{who}: {reason}"), identity.span));
            }
        }
        IdentityKind::AssumeRoot if matches!(identity.via, Via::Provider(..)) => {
            problems.push(Problem::error(format!("{who}: aws/assume-root needs `via.identity`"), identity.span));
        }
        IdentityKind::PermissionSet | IdentityKind::AssumeRole | IdentityKind::AssumeRoot | IdentityKind::Mock => {}
    }
    if let Some(reason) = identity.region.as_deref().and_then(region_problem) {
        problems.push(Problem::error(format!("{who}: {reason}"), identity.span));
    }
    for (reason, span) in principal_problems(identity) {
        problems.push(Problem::principal(format!("{who}: {reason}"), span));
    }
    unreachable_name(identity, &who, problems);
    odd_account(identity, &who, problems);
    via(auth, identity, &who, problems);
}

/// What flags and variables say is trimmed.
fn unreachable_name(identity: &Identity, who: &str, problems: &mut Vec<Problem>) {
    let name = identity.name.as_str();
    if name.trim() != name {
        let message = format!("{who}: the name begins or ends with a blank, and nobody can choose it by --identity");
        problems.push(Problem::warning(message, identity.span));
    }
}

/// The reference takes any text for the account of a role, and AWS none but its own form.
fn odd_account(identity: &Identity, who: &str, problems: &mut Vec<Problem>) {
    let Some(arn) = identity.principal.assume_role.as_deref().filter(|_| identity.kind == IdentityKind::AssumeRole)
    else {
        return;
    };
    let Some(account) = arn.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)) else { return };
    if account.len() != 12 || !account.bytes().all(|digit| digit.is_ascii_digit()) {
        let message = format!("{who}: the account of the role is `{account}`, not 12 digits");
        problems.push(Problem::warning(message, identity.principal.span));
    }
}

/// `aws/user`: both keys or none.
fn user_keys(identity: &Identity, who: &str, problems: &mut Vec<Problem>) {
    let given = |key| identity.node.get_path(["credentials", key]).is_some_and(|node| !node.is_empty());
    if identity.kind_text == "aws/user" && given("access_key_id") != given("secret_access_key") {
        let message = format!("{who}: access_key_id and secret_access_key must both be provided or both be empty");
        problems.push(Problem::error(message, identity.span));
    }
}

fn via(auth: &AuthConfig, identity: &Identity, who: &str, problems: &mut Vec<Problem>) {
    match &identity.via {
        Via::None => {
            let needed = matches!(
                identity.kind,
                IdentityKind::PermissionSet
                    | IdentityKind::AssumeRole
                    | IdentityKind::AssumeRoot
                    | IdentityKind::NotBuilt { standalone: false }
            );
            if needed {
                problems.push(Problem::error(
                    format!("{who}: via is required for kind {}", identity.kind_text),
                    identity.span,
                ));
            }
        }
        Via::Invalid(reason, span) => problems.push(Problem::error(format!("{who}: {reason}"), *span)),
        Via::Provider(name, span) => match auth.provider(name) {
            None => problems.push(Problem::error(format!("{who}: referenced provider `{name}` does not exist"), *span)),
            Some(provider) => kinds_fit(provider, identity, who, *span, problems),
        },
        Via::Identity(name, span) => {
            if auth.identity(name).is_none() {
                problems.push(Problem::error(format!("{who}: referenced identity `{name}` does not exist"), *span));
            } else if identity.kind == IdentityKind::PermissionSet {
                problems.push(Problem::error(format!("{who}: aws/permission-set needs via.provider"), *span));
            }
        }
    }
}

/// What STS takes of somebody who signs the call, and not of a token or an assertion.
const UNSIGNED: [&str; 5] = ["external_id", "session_tags", "transitive_tag_keys", "source_identity", "mfa_arn"];

fn kinds_fit(provider: &Provider, identity: &Identity, who: &str, span: Span, problems: &mut Vec<Problem>) {
    let mut fail = |reason: &str| problems.push(Problem::error(format!("{who}: {reason}"), span));
    match (&identity.kind, &provider.kind, provider.kind_text.as_str()) {
        (IdentityKind::PermissionSet, ProviderKind::IdentityCenter, _) => {}
        (IdentityKind::PermissionSet, ProviderKind::Mock | ProviderKind::Federated(_), _) => {
            fail("aws/permission-set needs a provider of kind aws/iam-identity-center");
        }
        (IdentityKind::AssumeRole, ProviderKind::IdentityCenter, _) => {
            // The reference takes such an entry for valid, and nobody need use it.
            let message =
                format!("{who}: aws/assume-role cannot use a portal token: put an aws/permission-set between");
            problems.push(Problem::warning(message, span));
        }
        (IdentityKind::AssumeRole, ProviderKind::Federated(kind), _) => {
            if !is_for_roles(kind.module().gives()) {
                fail(&format!("aws/assume-role cannot use what a provider of kind {} gives", kind.module().kind()));
            }
            for key in UNSIGNED {
                if identity.node.get_path(["principal", key]).is_some_and(|node| !node.is_empty()) {
                    let message = format!("{who}: principal.{key} has no effect: who vouches for the session says it");
                    problems.push(Problem::warning(message, identity.principal.span));
                }
            }
        }
        (kind, _, "aws/saml") if *kind != IdentityKind::AssumeRole => {
            fail("the first identity after an aws/saml provider must be aws/assume-role");
        }
        _ => {}
    }
}

/// Every cycle once, named from its alphabetically first member.
fn cycles(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    let mut done: HashSet<&IdentityName> = HashSet::new();
    for start in auth.identities.values() {
        let mut path: Vec<&Identity> = Vec::new();
        let mut places: HashMap<&IdentityName, usize> = HashMap::new();
        let mut here = Some(start);
        while let Some(identity) = here.filter(|identity| !done.contains(&identity.name)) {
            if let Some(at) = places.insert(&identity.name, path.len()) {
                problems.extend(cycle(&path[at..]));
                break;
            }
            path.push(identity);
            here = match &identity.via {
                Via::Identity(next, _) => auth.identity(next),
                _ => None,
            };
        }
        // Whoever comes by here later finds nothing new.
        done.extend(path.iter().map(|identity| &identity.name));
    }
}

/// The members of a cycle in the order in which each leads to the next.
fn cycle(members: &[&Identity]) -> Option<Problem> {
    let (first, _) = members.iter().enumerate().min_by_key(|(_, member)| &member.name)?;
    let (behind, before) = members.split_at(first);
    let ordered: Vec<&Identity> = before.iter().chain(behind).copied().collect();
    let names: Vec<_> = ordered.iter().chain(ordered.first()).map(|member| format!("`{}`", member.name)).collect();
    let Via::Identity(_, span) = &ordered.last()?.via else { return None };
    Some(Problem::error(format!("identity cycle detected: circular dependency {}", names.join(" -> ")), *span))
}

fn duplicates(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    let mut report = |what: &str, names: Vec<(String, String, Span)>| {
        let mut groups: BTreeMap<String, Vec<(String, Span)>> = BTreeMap::new();
        for (folded, name, span) in names {
            groups.entry(folded).or_default().push((name, span));
        }
        for group in groups.into_values().filter(|group| group.len() > 1) {
            let names: Vec<_> = group.iter().map(|(name, _)| format!("`{name}`")).collect();
            let span = group[group.len() - 1].1;
            problems.push(Problem::error(format!("{what}: {}", names.join(", ")), span));
        }
    };
    let folded = |name: &str, span| (name.to_lowercase(), name.to_owned(), span);
    report(
        "identity names that differ only in case",
        auth.identities.values().map(|identity| folded(identity.name.as_str(), identity.span)).collect(),
    );
    report(
        "provider names that differ only in case",
        auth.providers.values().map(|provider| folded(provider.name.as_str(), provider.span)).collect(),
    );
    let alias = |identity: &Identity| {
        let (alias, span) = identity.alias.clone()?;
        Some((alias.clone(), format!("{alias}` of `{}", identity.name), span))
    };
    report("duplicate alias", auth.identities.values().filter_map(alias).collect());
}

fn defaults(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    let defaults = auth.defaults();
    if let [_, .., last] = defaults.as_slice() {
        let names: Vec<_> = defaults.iter().map(|identity| identity.name.as_str()).collect();
        let message =
            format!("multiple default identities: {}; without a terminal none of them is used", names.join(", "));
        problems.push(Problem::warning(message, last.span));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::config::tests::config;
    use super::*;

    fn check(json: &serde_json::Value) -> (Vec<String>, u8) {
        let problems = validate(&config(json), &Sources::new());
        (problems.iter().map(|problem| problem.message.clone()).collect(), exit_code(&problems))
    }

    #[test]
    fn names_that_nobody_can_choose_and_odd_accounts_are_warned_of() {
        let (problems, code) = check(&json!({
            "providers": {"p": {"kind": "aws/iam-identity-center", "region": "eu-west-1", "start_url": "https://x"}},
            "identities": {
                " lead": {"kind": "aws/permission-set", "via": {"provider": "p"},
                          "principal": {"name": "x", "account": {"id": "111111111111"}}},
                "role": {"kind": "aws/assume-role", "via": {"identity": " lead"},
                         "principal": {"assume_role": "arn:aws:iam::222:role/x"}},
            },
        }));
        assert_eq!(code, 0, "{problems:?}");
        for phrase in ["the name begins or ends with a blank", "the account of the role is `222`, not 12 digits"] {
            assert_eq!(problems.iter().filter(|problem| problem.contains(phrase)).count(), 1, "{problems:?}");
        }
    }

    #[test]
    fn a_sound_section_has_no_problems() {
        let sound = json!({
            "realm": "acme", "logs": {"level": "debug"}, "keyring": {"type": "file"},
            "providers": {"corp": {"kind": "aws/iam-identity-center", "region": "r", "start_url": "https://x/start"}},
            "identities": {"a": {"kind": "aws/permission-set", "default": true, "via": {"provider": "CORP"},
                                 "principal": {"name": "x", "account": {"id": "111111111111"}}}},
            "integrations": {"e": {"kind": "aws/eks", "via": {"identity": "a"},
                                    "spec": {"cluster": {"name": "c", "region": "r"}}}},
        });
        assert_eq!(check(&sound), (vec![], 0));
        assert_eq!(check(&json!(null)), (vec![], 0));
    }

    #[test]
    fn every_rule_reports() {
        for (section, phrase, exit) in [
            (json!({"realm": "A b"}), "invalid realm value", 1),
            (json!({"logs": {"level": "loud"}}), "invalid log level", 1),
            (json!({"keyring": {"type": "vault"}}), "unknown keyring type", 1),
            (json!({"sso": {}}), "unknown key `sso`", 0),
            (json!({"providers": {"p": {}}}), "provider kind is required", 1),
            (json!({"providers": {"p": {"kind": "x"}}}), "unsupported provider kind: x", 1),
            (json!({"providers": {"p": {"kind": "aws/iam-identity-center"}}}), "start_url is required", 1),
            (json!({"providers": {"p": {"kind": "aws/saml", "region": "r"}}}), "url is required", 1),
            (json!({"providers": {"p": {"kind": "mock"}, "P": {"kind": "mock"}}}), "differ only in case", 1),
            (json!({"identities": {"i": {"via": {"provider": "p"}}}}), "identity kind is required", 1),
            (
                json!({"identities": {"i": {"kind": "aws/user", "credentials": {"access_key_id": "x"}}}}),
                "must both be",
                1,
            ),
            (json!({"identities": {"i": {"kind": "mock", "via": {}}}}), "exactly one of", 1),
            (
                json!({"providers": {"p": {"kind": "aws/iam-identity-center", "start_url": "https://x",
                                           "region": "eu-west-1; rm -rf"}}}),
                "region `eu-west-1; rm -rf` is not the name",
                1,
            ),
            (json!({"providers": {"p": {"kind": "mock/aws", "region": "EU"}}}), "region `EU` is not the name", 1),
            (json!({"identities": {"i": {"kind": "mock", "region": "a b"}}}), "region `a b` is not the name", 1),
            (
                json!({"identities": {"i": {"kind": "mock", "principal": {"region": "x/y"}}}}),
                "region `x/y` is not the name",
                2,
            ),
            (json!({"identities": {"i": {"kind": "mock", "principal": "x"}}}), "`principal` must be a map", 2),
            (json!({"identities": {"i": {"kind": "mock", "principal": {"name": []}}}}), "`name` must be a string", 2),
            (
                json!({"identities": {"i": {"kind": "mock", "via": {"provider": "p"}}}}),
                "provider `p` does not exist",
                1,
            ),
            (
                json!({"identities": {"i": {"kind": "mock", "via": {"identity": "p"}}}}),
                "identity `p` does not exist",
                1,
            ),
            (json!({"identities": {"i": {"kind": "aws/assume-role"}}}), "via is required", 2),
            (
                json!({"identities": {"i": {"kind": "mock", "via": {"identity": "i"}}}}),
                "circular dependency `i` -> `i`",
                1,
            ),
            (json!({"identities": {"i": {"default": true}}}), "invalid identity config", 1),
            (
                json!({"identities": {"i": {"kind": "mock", "alias": "x"}, "j": {"kind": "mock", "alias": "x"}}}),
                "duplicate alias: `x` of `i`, `x` of `j`",
                1,
            ),
            (
                json!({"identities": {"i": {"kind": "mock", "default": true}, "j": {"kind": "mock", "default": true}}}),
                "multiple default identities: i, j",
                0,
            ),
            (json!({"integrations": {"e": {"kind": "x", "via": {"provider": "p"}}}}), "referenced provider `p`", 1),
        ] {
            let (messages, code) = check(&section);
            assert!(messages.iter().any(|message| message.contains(phrase)), "{phrase}: {messages:?}");
            assert_eq!(code, exit, "{phrase}: {messages:?}");
        }
    }

    #[test]
    fn long_chains_are_looked_at_in_no_time() {
        let via = |name: String| json!({"kind": "mock", "via": {"identity": name}});
        let mut identities: serde_json::Map<_, _> =
            (1..3000).map(|at| (format!("i{at}"), via(format!("i{}", at - 1)))).collect();
        identities.insert("i0".to_owned(), via("i2999".to_owned()));
        identities.insert("aside".to_owned(), via("i7".to_owned()));
        let start = std::time::Instant::now();
        let (messages, _) = check(&json!({ "identities": identities }));
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains("`i0` -> `i2999` -> `i2998`"), "{:.200}", messages[0]);
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }

    #[test]
    fn one_cycle_is_reported_once() {
        let via = |name: &str| json!({"kind": "mock", "via": {"identity": name}});
        let (messages, _) = check(&json!({"identities": {"b": via("c"), "a": via("b"), "c": via("a"), "d": via("a")}}));
        assert_eq!(messages, ["identity cycle detected: circular dependency `a` -> `b` -> `c` -> `a`"]);
    }
}
