//! Views of `auth explain`, `auth doctor`, `auth refresh`, `auth login --all` and `auth whoami --all`.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::auth::{expiry, mark_of, valid};
use crate::auth::Validity;
use crate::ops::auth::{Decision, DoctorReport, ExplainReport, Known, Link, LoginReport, State, WhoamiAllReport, Word};
use crate::value::Node;

/// Who a component would be, for people.
pub fn explain(report: &ExplainReport) -> String {
    let mut text = format!("component  {} in {}\n", report.component, report.stack);
    let who = match &report.decision {
        Decision::Identity(name) => name.clone(),
        Decision::Disabled => "none: authentication is switched off".to_owned(),
        Decision::Nobody => "none: nothing is configured".to_owned(),
    };
    let _ = writeln!(text, "operation  {}\nidentity   {who}", report.operation);
    if let Some(chosen) = &report.chosen {
        let _ = writeln!(text, "chosen by  {}", word(chosen));
    }
    for (index, other) in report.overrides.iter().enumerate() {
        let head = if index == 0 { "overrides" } else { "" };
        let _ = writeln!(text, "{head:<9}  {}", word(other));
    }
    for (index, link) in report.chain.iter().enumerate() {
        let head = if index == 0 { "chain" } else { "" };
        let _ = writeln!(text, "{head:<9}  {}{}", if index == 0 { "" } else { "→ " }, shown(link));
    }
    if let Some(region) = &report.region {
        let _ = writeln!(text, "region     {region}");
    }
    if matches!(report.decision, Decision::Identity(_)) {
        let session = match report.expiration {
            Some(ends) => {
                format!("{}{}", expiry(ends, report.now), if report.is_live { "" } else { ", to be renewed" })
            }
            None if report.is_live => "does not end".to_owned(),
            None => "none in the cache: a run authenticates".to_owned(),
        };
        let _ = writeln!(text, "session    {session}");
    }
    if let Some(ends) = report.portal_expiration {
        let _ = writeln!(text, "portal     {}", expiry(ends, report.now));
    }
    if let Some(delivery) = report.delivery {
        let place = report.delivery_place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        let _ = writeln!(text, "delivery   {delivery}{place}");
    }
    text
}

fn word(word: &Word) -> String {
    let mut text = format!("{} = {}", word.by, word.says);
    if let Some(place) = &word.place {
        let _ = write!(text, " at {place}");
    }
    if let Some(section) = &word.section {
        let _ = write!(text, " ({section})");
    }
    text
}

fn shown(link: &Link) -> String {
    let mut text = format!("{} ({})", link.name, link.kind);
    if let Some(account) = &link.account {
        let _ = write!(text, ", account {account}");
    }
    if let Some(role) = &link.role {
        let _ = write!(text, ", {role}");
    }
    text
}

/// The same for machines.
pub fn explain_json(report: &ExplainReport) -> Node {
    let identity = match &report.decision {
        Decision::Identity(name) => json!(name),
        Decision::Disabled | Decision::Nobody => Value::Null,
    };
    let decision = match report.decision {
        Decision::Identity(_) => "identity",
        Decision::Disabled => "disabled",
        Decision::Nobody => "none",
    };
    let word = |word: &Word| {
        without_nulls(&json!({"by": word.by, "says": word.says, "place": word.place, "section": word.section}))
    };
    let link = |link: &Link| {
        without_nulls(&json!({"name": link.name, "kind": link.kind, "account": link.account, "role": link.role}))
    };
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    crate::value::from_json(&json!({
        "component": report.component,
        "stack": report.stack,
        "operation": report.operation,
        "decision": decision,
        "identity": identity,
        "chosen": report.chosen.as_ref().map(word),
        "overrides": report.overrides.iter().map(word).collect::<Vec<_>>(),
        "chain": report.chain.iter().map(link).collect::<Vec<_>>(),
        "region": report.region,
        "session": {"expiration": time(report.expiration), "live": report.is_live},
        "portal": {"expiration": time(report.portal_expiration)},
        "delivery": report.delivery.map(crate::auth::delivery::Delivery::name),
        "delivery_place": report.delivery_place,
    }))
}

fn without_nulls(value: &Value) -> Value {
    let entries = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    Value::Object(entries.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// What `auth doctor` found, for people.
pub fn doctor(report: &DoctorReport) -> String {
    let width = report.findings.iter().map(|finding| finding.about.len()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "{} {:<width$}  {}", mark(finding.state), finding.about, finding.text);
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  {:<width$}  → {help}", "");
        }
    }
    text
}

fn mark(state: State) -> &'static str {
    match state {
        State::Good => "✓",
        State::Note => "·",
        State::Warning => "⚠",
        State::Bad => "✗",
    }
}

/// The same for machines.
pub fn doctor_json(report: &DoctorReport) -> Node {
    let state = |state| match state {
        State::Good => "good",
        State::Note => "note",
        State::Warning => "warning",
        State::Bad => "bad",
    };
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let help = finding.help.as_deref();
            without_nulls(&json!({
                "state": state(finding.state), "about": finding.about, "text": finding.text, "help": help
            }))
        })
        .collect();
    crate::value::from_json(&json!({"findings": findings}))
}

/// One line for each identity that was authenticated.
pub fn logins(done: &[LoginReport], now: Timestamp) -> String {
    let name = |report: &LoginReport| report.identity.clone().unwrap_or_else(|| report.provider.clone());
    let width = done.iter().map(|report| name(report).chars().count()).max().unwrap_or(0);
    done.iter().fold(String::new(), |mut text, report| {
        let account = report.account.as_deref().unwrap_or("-");
        let ends = report.expires.map_or_else(|| "does not end".to_owned(), |ends| expiry(ends, now));
        let _ = writeln!(text, "✓ {:<width$}  {account:<12}  {ends}", name(report));
        text
    })
}

/// Every identity on a line of its own, for people.
pub fn whoami_all(report: &WhoamiAllReport) -> String {
    let mut text = format!("Realm {} ({})\n", report.realm, report.realm_source);
    let width =
        report.identities.iter().map(|one| one.description.identity.as_str().chars().count()).max().unwrap_or(0);
    for Known { description, default, validity } in &report.identities {
        let mark = validity.as_ref().map_or("·", mark_of);
        let mut parts: Vec<String> = Vec::new();
        parts.extend(default.then(|| "default".to_owned()));
        match validity {
            None if description.expiration.is_some() => {
                parts.push("over; `atmos auth refresh` or a login renews it".to_owned());
            }
            None => parts.push("no credentials here".to_owned()),
            Some(Validity::Unmanaged) => parts.push("ambient (not managed)".to_owned()),
            Some(validity) => {
                let principal = description.caller.as_ref().map(|caller| caller.arn.clone());
                let account = description.account.as_ref().map(|account| format!("account {account}"));
                parts.extend(principal.or(account));
                parts.extend(description.expiration.map(|ends| expiry(ends, report.now)));
                if let Validity::Invalid(why) | Validity::Unknown(why) = validity {
                    parts.push(why.clone());
                }
            }
        }
        let _ = writeln!(text, "  {mark} {:<width$}  {}", description.identity.as_str(), parts.join(", "));
    }
    text
}

/// The same for machines.
pub fn whoami_all_json(report: &WhoamiAllReport) -> Node {
    let one = |Known { description, default, validity }: &Known| {
        let mut document = json!({
            "identity": description.identity.as_str(),
            "kind": description.kind,
            "provider": description.provider,
            "chain": description.chain,
            "default": default,
            "valid": validity.as_ref().map_or(Value::Bool(false), valid),
        });
        let optional = [
            ("principal", description.caller.as_ref().map(|caller| caller.arn.clone())),
            ("account", description.account.clone()),
            ("region", description.region.clone()),
            ("expiration", description.expiration.map(|ends| ends.to_string())),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                document[key] = json!(value);
            }
        }
        document
    };
    let identities: Vec<Value> = report.identities.iter().map(one).collect();
    crate::value::from_json(&json!({
        "realm": report.realm,
        "realm_source": report.realm_source,
        "identities": identities,
        "last_updated": report.now.to_string(),
    }))
}
