//! Keys that mean nothing, and sections that are no sections. Row 5.

use crate::auth::config::{Identity, Provider, is_meant_for_default};
use crate::auth::kind::{IdentityKind, ProviderKind};
use crate::auth::problem::Problem;
use crate::diag::nearest;
use crate::value::Node;

pub(super) const SECTION_KEYS: [&str; 13] = [
    "realm",
    "logs",
    "keyring",
    "console",
    "providers",
    "identities",
    "integrations",
    "require_identity",
    "delivery",
    "allowed_identities",
    "expected_account",
    "min_ttl",
    "audit",
];
const PROVIDER_KEYS: [&str; 22] = [
    "kind",
    "start_url",
    "region",
    "url",
    "username",
    "password",
    "driver",
    "provider_type",
    "download_browser_driver",
    "browser_type",
    "browser_executable_path",
    "auto_provision_identities",
    "session",
    "console",
    "default",
    "tags",
    "spec",
    "delivery",
    "profile_type",
    "client_id",
    "scopes",
    "audience",
];
const IDENTITY_KEYS: [&str; 17] = [
    "kind",
    "default",
    "required",
    "via",
    "provider",
    "principal",
    "credentials",
    "spec",
    "session",
    "alias",
    "env",
    "emulator",
    "tags",
    "region",
    "delivery",
    "console",
    "allowed_identities",
];

/// Sections of an entry, and what each may hold where the kind is one of AWS.
pub(in crate::auth) const PRINCIPAL_KEYS: [&str; 16] = [
    "name",
    "account",
    "region",
    "assume_role",
    "external_id",
    "duration",
    "session_name",
    "session_tags",
    "transitive_tag_keys",
    "source_identity",
    "policy",
    "policy_arns",
    "mfa_arn",
    "mfa_process",
    "target_principal",
    "task_policy_arn",
];
pub(in crate::auth) const CREDENTIALS_KEYS: [&str; 8] =
    ["access_key_id", "secret_access_key", "mfa_arn", "mfa_process", "region", "process", "webflow_enabled", "aws"];
pub(in crate::auth) const SPEC_KEYS: [&str; 4] = ["endpoint_url", "endpoint_urls", "files", "aws"];

pub(super) fn of_section(auth: &Node, problems: &mut Vec<Problem>) {
    unknown("auth", "", auth, &SECTION_KEYS, problems);
    for (key, known) in [("keyring", &["type", "spec"][..]), ("logs", &["level", "file"]), ("console", &["isolated"])] {
        section("auth", auth, key, Some(known), problems);
    }
}

pub(super) fn of_provider(who: &str, provider: &Provider, problems: &mut Vec<Problem>) {
    unknown(who, "", &provider.node, &PROVIDER_KEYS, problems);
    section(who, &provider.node, "session", Some(&["duration"]), problems);
    section(who, &provider.node, "console", Some(&["session_duration"]), problems);
    // Kinds that are modules know their own, and the mocks take whatever there is.
    let known = (provider.kind == ProviderKind::IdentityCenter).then_some(&SPEC_KEYS[..]);
    section(who, &provider.node, "spec", known, problems);
}

pub(super) fn of_identity(who: &str, identity: &Identity, problems: &mut Vec<Problem>) {
    let mut found = Vec::new();
    unknown(who, "", &identity.node, &IDENTITY_KEYS, &mut found);
    // What was meant for `default` is an error, said when the section was read.
    let place = |key: &str| identity.node.get(key).map(|value| value.span);
    let meant = identity.node.as_map().into_iter().flatten().filter(|(key, _)| is_meant_for_default(key));
    let meant: Vec<_> = meant.filter_map(|(key, _)| place(key)).collect();
    problems.extend(found.into_iter().filter(|problem| !meant.contains(&problem.span)));
    section(who, &identity.node, "session", Some(&["duration"]), problems);
    section(who, &identity.node, "via", Some(&["provider", "identity"]), problems);
    let is_aws = matches!(
        identity.kind,
        IdentityKind::PermissionSet
            | IdentityKind::AssumeRole
            | IdentityKind::AssumeRoot
            | IdentityKind::User
            | IdentityKind::CredentialProcess
            | IdentityKind::AwsAmbient
    );
    let own = |keys: &'static [&'static str]| is_aws.then_some(keys);
    section(who, &identity.node, "credentials", own(&CREDENTIALS_KEYS), problems);
    section(who, &identity.node, "spec", own(&SPEC_KEYS), problems);
    // What is no map has been reported when it was read.
    if let Some(principal) = identity.node.get("principal").filter(|_| is_aws) {
        unknown(who, "principal.", principal, &PRINCIPAL_KEYS, problems);
        section(who, principal, "account", Some(&["id", "name"]), problems);
        foreign(who, identity, principal, problems);
    }
}

/// Keys below `principal` that only some kinds of AWS look at; the others are for all of them.
const OWN_KEYS: [(&str, &[IdentityKind]); 12] = [
    ("name", &[IdentityKind::PermissionSet]),
    ("assume_role", &[IdentityKind::AssumeRole]),
    ("external_id", &[IdentityKind::AssumeRole]),
    ("session_name", &[IdentityKind::AssumeRole]),
    ("session_tags", &[IdentityKind::AssumeRole]),
    ("transitive_tag_keys", &[IdentityKind::AssumeRole]),
    ("source_identity", &[IdentityKind::AssumeRole]),
    ("policy", &[IdentityKind::AssumeRole]),
    ("policy_arns", &[IdentityKind::AssumeRole]),
    ("target_principal", &[IdentityKind::AssumeRoot]),
    ("task_policy_arn", &[IdentityKind::AssumeRoot]),
    // Of a permission set more is said elsewhere.
    ("duration", &[IdentityKind::AssumeRole, IdentityKind::AssumeRoot, IdentityKind::PermissionSet]),
];

/// Keys that are right, and of another kind.
fn foreign(who: &str, identity: &Identity, principal: &Node, problems: &mut Vec<Problem>) {
    for (key, kinds) in &OWN_KEYS {
        if let Some(value) = principal.get(key).filter(|value| !value.is_empty() && !kinds.contains(&identity.kind)) {
            let message = format!("{who}: principal.{key} has no effect with kind {}", identity.kind_text);
            problems.push(Problem::warning(message, value.span));
        }
    }
}

/// One that is not a map counts for nothing, so that whoever wrote it would have something else than he means.
fn section(who: &str, node: &Node, key: &str, known: Option<&[&str]>, problems: &mut Vec<Problem>) {
    let Some(section) = node.get(key).filter(|section| !section.is_null()) else { return };
    if section.as_map().is_none() {
        let message = format!("{who}: `{key}` must be a map, not {}", section.value.type_name());
        // `via` says the same in words of its own.
        if key != "via" {
            problems.push(Problem::error(message, section.span));
        }
        return;
    }
    if let Some(known) = known {
        unknown(who, &format!("{key}."), section, known, problems);
    }
}

fn unknown(who: &str, path: &str, node: &Node, known: &[&str], problems: &mut Vec<Problem>) {
    let Some(map) = node.as_map() else { return };
    for (key, value) in map.iter().filter(|(key, _)| !known.contains(&&***key)) {
        let near = nearest(key, known.iter().copied()).map(|near| format!(", did you mean `{near}`?"));
        let message = format!("{who}: unknown key `{path}{key}`{}", near.unwrap_or_default());
        problems.push(Problem::warning(message, value.span));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::auth::config::tests::config;
    use crate::auth::validate::validate;
    use crate::span::Sources;

    #[test]
    fn keys_of_every_section_are_known() {
        let user = |more: serde_json::Value| {
            let mut entry = json!({"kind": "aws/user"});
            entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"identities": {"i": entry}})
        };
        for (section, phrase) in [
            (json!({"keyring": {"typ": "file"}}), "auth: unknown key `keyring.typ`, did you mean `type`?"),
            (json!({"keyring": "file"}), "auth: `keyring` must be a map, not"),
            (json!({"indentities": {}}), "auth: unknown key `indentities`, did you mean `identities`?"),
            (user(json!({"credentials": {"mfa": "x"}})), "identity `i`: unknown key `credentials.mfa`"),
            (user(json!({"credentials": "x"})), "identity `i`: `credentials` must be a map"),
            (user(json!({"session": "8h"})), "identity `i`: `session` must be a map"),
            (user(json!({"session": {"lenght": "8h"}})), "identity `i`: unknown key `session.lenght`"),
            (user(json!({"principal": {"acount": {}}})), "unknown key `principal.acount`, did you mean `account`?"),
            (user(json!({"spec": {"endpoint": "x"}})), "unknown key `spec.endpoint`, did you mean `endpoint_url`?"),
            (
                json!({"identities": {"i": {"kind": "mock", "via": {"provder": "p"}}}}),
                "unknown key `via.provder`, did you mean `provider`?",
            ),
            (json!({"providers": {"p": {"kind": "mock", "spec": []}}}), "provider `p`: `spec` must be a map"),
            (json!({"providers": {"p": {"kind": "gcp/adc", "spec": "x"}}}), "provider `p`: `spec` must be a map"),
        ] {
            let problems = validate(&config(&section), &Sources::new());
            let found = problems.iter().filter(|problem| problem.message.contains(phrase)).count();
            assert_eq!(found, 1, "{phrase}: {problems:?}");
        }
    }
}
