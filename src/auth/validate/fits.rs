//! What a login or a run refuses though each entry by itself is sound: steps that do not fit together, addresses that are
//! none, times that are none. Row 5.

use crate::auth::aws::endpoint::check_url;
use crate::auth::bounds::shown;
use crate::auth::chain::base_problem;
use crate::auth::clouds::Cloud;
use crate::auth::config::{AuthConfig, Identity, Via};
use crate::auth::federation::endpoint_problem;
use crate::auth::kind::{IdentityKind, ProviderKind};
use crate::auth::problem::Problem;
use crate::secret::without_userinfo;
use crate::value::{DurationForm, Node, parse_duration};

pub(super) fn fits(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    for identity in auth.identities.values() {
        let who = format!("identity `{}`", identity.name);
        base(auth, identity, &who, problems);
        let is_elsewhere = matches!(Cloud::of_identity(identity), Some(Cloud::Google | Cloud::Azure));
        endpoints(&who, &identity.node, is_elsewhere, problems);
        times(identity, &who, problems);
    }
    for provider in auth.providers.values() {
        let who = format!("provider `{}`", provider.name);
        let is_elsewhere = matches!(Cloud::of_provider(provider), Some(Cloud::Google | Cloud::Azure));
        endpoints(&who, &provider.node, is_elsewhere, problems);
        let form = match provider.kind {
            ProviderKind::IdentityCenter => DurationForm::Go,
            _ => DurationForm::DaysAndSeconds,
        };
        time(&who, &provider.node, ["session", "duration"], form, problems);
    }
    one_cloud(auth, problems);
}

/// Whom a role of AWS is assumed as.
fn base(auth: &AuthConfig, identity: &Identity, who: &str, problems: &mut Vec<Problem>) {
    let Via::Identity(name, span) = &identity.via else { return };
    if !matches!(identity.kind, IdentityKind::AssumeRole | IdentityKind::AssumeRoot) {
        return;
    }
    if let Some(reason) = auth.identity(name).and_then(|before| base_problem(&identity.kind_text, before)) {
        problems.push(Problem::error(format!("{who}: {reason}"), *span));
    }
}

/// Addresses in place of the public ones.
fn endpoints(who: &str, node: &Node, is_elsewhere: bool, problems: &mut Vec<Problem>) {
    let single = [
        &["spec", "endpoint_url"][..],
        &["spec", "aws", "resolver", "url"],
        &["credentials", "aws", "resolver", "url"],
    ];
    let single = single.iter().filter_map(|path| Some((path.join("."), node.get_path(path.iter().copied())?)));
    let urls = node.get_path(["spec", "endpoint_urls"]);
    let several = urls.and_then(Node::as_map).into_iter().flatten();
    let several = several.map(|(service, url)| (format!("spec.endpoint_urls.{service}"), url));
    let pairs = urls.and_then(Node::as_list).unwrap_or_default().iter();
    let pairs = pairs.filter_map(|pair| {
        Some((format!("spec.endpoint_urls.{}", pair.get("key")?.scalar_text()?), pair.get("value")?))
    });
    for (path, url) in single.chain(several).chain(pairs) {
        let Some(text) = url.scalar_text().filter(|text| !text.is_empty()) else { continue };
        let reason = if is_elsewhere { endpoint_problem(&text) } else { check_url(&text).err() };
        if let Some(reason) = reason {
            let message =
                format!("{who}: {path} `{}` cannot be used: {reason}", shown(without_userinfo(&text)).escape_debug());
            problems.push(Problem::error(message, url.span));
        }
    }
}

fn times(identity: &Identity, who: &str, problems: &mut Vec<Problem>) {
    if let Some(node) = identity.node.get_path(["principal", "duration"]).filter(|node| !node.is_empty())
        && identity.kind == IdentityKind::PermissionSet
    {
        let message =
            format!("{who}: principal.duration has no effect: the permission set says how long its sessions last");
        problems.push(Problem::warning(message, node.span));
    }
    if matches!(identity.kind, IdentityKind::AssumeRole | IdentityKind::AssumeRoot) {
        time(who, &identity.node, ["principal", "duration"], DurationForm::Go, problems);
    }
    time(who, &identity.node, ["session", "duration"], DurationForm::DaysAndSeconds, problems);
}

/// One that cannot be read is passed over by a login, with a warning.
fn time(who: &str, node: &Node, path: [&str; 2], form: DurationForm, problems: &mut Vec<Problem>) {
    let Some(node) = node.get_path(path) else { return };
    let Some(text) = node.scalar_text().filter(|text| !text.is_empty()) else { return };
    if parse_duration(&text, form).is_none() {
        let path = path.join(".");
        let message =
            format!("{who}: {path} `{}` is not a duration such as 1h, and has no effect", text.escape_debug());
        problems.push(Problem::warning(message, node.span));
    }
}

/// A run is given credentials of one cloud: two of different ones that are both required are never had.
fn one_cloud(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    let mut first: Option<(&Identity, Cloud)> = None;
    for identity in auth.required() {
        let Some(cloud) = Cloud::of_identity(identity) else { continue };
        match first {
            None => first = Some((identity, cloud)),
            Some((other, known)) if known != cloud => {
                let message = format!(
                    "identities `{}` ({known}) and `{}` ({cloud}) are both required, and a run is given credentials of \
                     one cloud only: it never runs",
                    other.name, identity.name
                );
                let span = identity.node.get("required").map_or(identity.span, |node: &Node| node.span);
                problems.push(Problem::error(message, span));
                return;
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::auth::config::tests::config;
    use crate::auth::validate::{exit_code, validate};
    use crate::span::Sources;

    #[test]
    fn what_no_login_would_take_is_reported() {
        let role = "arn:aws:iam::111111111111:role/x";
        let above = |identity: serde_json::Value, kind: &str| {
            let principal = json!({"assume_role": role, "target_principal": "111111111111",
                "task_policy_arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"});
            json!({"providers": {"adc": {"kind": "gcp/adc"}}, "identities": {
                "base": identity, "i": {"kind": kind, "via": {"identity": "base"}, "principal": principal}}})
        };
        let google = json!({"kind": "gcp/project", "via": {"provider": "adc"}, "principal": {"project_id": "p"}});
        let endpoint =
            |kind: &str, url: &str| json!({"providers": {"p": {"kind": kind, "spec": {"endpoint_url": url}}}});
        for (section, phrase, exit) in [
            (
                above(google.clone(), "aws/assume-role"),
                "identity `i`: aws/assume-role needs credentials of AWS, and `base` of kind gcp/project is of Google Cloud",
                1,
            ),
            (above(google, "aws/assume-root"), "identity `i`: aws/assume-root needs credentials of AWS", 1),
            (above(json!({"kind": "ambient"}), "aws/assume-role"), "identity of kind ambient has no credentials", 1),
            (above(json!({"kind": "ambient"}), "aws/assume-root"), "identity of kind ambient has no credentials", 1),
            (endpoint("gcp/adc", "http://sts.example"), "spec.endpoint_url `http://sts.example` cannot be used", 1),
            (endpoint("mock", "sts.example"), "`sts.example` cannot be used: it has no scheme", 1),
            (
                json!({"identities": {"i": {"kind": "aws/user", "spec": {"endpoint_urls": {"sts": "ftp://x"}}}}}),
                "identity `i`: spec.endpoint_urls.sts `ftp://x` cannot be used",
                1,
            ),
            (
                json!({"identities": {"i": {"kind": "aws/user", "spec": {"endpoint_urls": [{"key": "sts", "value": "::::"}]}}}}),
                "identity `i`: spec.endpoint_urls.sts `::::` cannot be used",
                1,
            ),
            (
                json!({"identities": {"i": {"kind": "aws/user", "spec": {"aws": {"resolver": {"url": "::::"}}}}}}),
                "identity `i`: spec.aws.resolver.url `::::` cannot be used",
                1,
            ),
            (
                json!({"providers": {"p": {"kind": "aws/iam-identity-center", "region": "r", "start_url": "https://x"}},
                    "identities": {"i": {"kind": "aws/permission-set", "via": {"provider": "p"},
                        "principal": {"name": "x", "account": {"name": "y"}, "duration": 3600}}}}),
                "identity `i`: principal.duration has no effect",
                0,
            ),
            (
                json!({"identities": {"i": {"kind": "aws/user", "session": {"duration": "long"}}}}),
                "identity `i`: session.duration `long` is not a duration",
                0,
            ),
        ] {
            let problems = validate(&config(&section), &Sources::new());
            let found = problems.iter().filter(|problem| problem.message.contains(phrase)).count();
            assert_eq!((found, exit_code(&problems)), (1, exit), "{phrase}: {problems:?}");
        }
        let both = json!({"providers": {"adc": {"kind": "gcp/adc"}}, "identities": {
            "a": {"kind": "aws/user", "required": true},
            "b": {"kind": "gcp/project", "required": true, "via": {"provider": "adc"}, "principal": {"project_id": "p"}}}});
        let problems = validate(&config(&both), &Sources::new());
        assert!(problems[0].message.contains("`a` (AWS) and `b` (Google Cloud) are both required"), "{problems:?}");
        let fine = json!({"providers": {"adc": {"kind": "gcp/adc", "spec": {"endpoint_url": "http://127.0.0.1:1"}}},
            "identities": {"a": {"kind": "aws/user", "session": {"duration": "1d"}, "required": true}}});
        assert_eq!(validate(&config(&fine), &Sources::new()), []);
    }
}
