//! Views of the reports of `auth console | user | keyring | saml`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::printable::on_one_line;
use crate::auth::SamlRole;
use crate::auth::user::Rotated;
use crate::ops::auth::{ConsoleReport, KeysReport, MigrateReport, SamlRolesReport};
use crate::value::{Node, from_json};

pub fn console(report: &ConsoleReport) -> String {
    if report.opened {
        format!("✓ the browser is signed in to the console as {}", report.identity)
    } else {
        format!(
            "no browser was opened for {}; `atmos auth console -i {} --print-only` prints the address",
            report.identity,
            crate::diag::hint::word(&report.identity)
        )
    }
}

pub fn stored(report: &KeysReport) -> String {
    let identity = &report.identity;
    match (&report.access_key_id, &report.arn) {
        (None, _) => {
            format!("the access key of identity {identity} stands in the configuration; nothing is to be done")
        }
        (Some(_), Some(arn)) => {
            format!("✓ the access key of identity {identity} ({arn}) is stored in the {} keyring", report.keyring)
        }
        (Some(_), None) => {
            format!("✓ the access key of identity {identity} is stored, unchecked, in the {} keyring", report.keyring)
        }
    }
}

pub fn rotated(identity: &str, rotated: &Rotated) -> String {
    let how = if rotated.resumed { " (an earlier rotation was completed)" } else { "" };
    let also = match rotated.also.as_slice() {
        [] => String::new(),
        names => format!("; {} had the same key, and has the new one now", names.join(", ")),
    };
    format!("✓ the access key of identity {identity} is a new one, and the old one is removed{how}{also}")
}

pub fn migrated(report: &MigrateReport) -> String {
    if report.moved.is_empty() {
        return format!("the {} keyring holds nothing of this repository", report.from);
    }
    let verb = if report.kept { "copied" } else { "moved" };
    let mut text = format!("✓ {verb} from the {} keyring to the {} keyring:", report.from, report.to);
    for shown in &report.moved {
        let _ = write!(text, "\n  {shown}");
    }
    let _ = write!(text, "\nset `auth.keyring.type: {}` or ATMOS_KEYRING_TYPE={} from now on", report.to, report.to);
    text
}

/// What an identity provider offers, one role in a line.
pub fn saml_roles(report: &SamlRolesReport) -> String {
    if report.roles.is_empty() {
        return format!("provider {} offers no role\n", report.provider);
    }
    // Whoever wrote the assertion chose these names.
    let line = |offered: &SamlRole| {
        [&offered.account, &offered.role, &offered.principal].map(|text| on_one_line(text).into_owned())
    };
    let lines: Vec<[String; 3]> = report.roles.iter().map(line).collect();
    let width = lines.iter().map(|[_, role, _]| role.len()).max().unwrap_or_default();
    let mut text = format!("{:<12}  {:<width$}  PROVIDER\n", "ACCOUNT", "ROLE");
    for [account, role, principal] in lines {
        let _ = writeln!(text, "{account:<12}  {role:<width$}  {principal}");
    }
    text
}

pub fn saml_roles_json(report: &SamlRolesReport) -> Node {
    let roles: Vec<Value> = report
        .roles
        .iter()
        .map(|offered| json!({"account": offered.account, "role": offered.role, "principal": offered.principal}))
        .collect();
    from_json(&json!({"provider": report.provider, "roles": roles}))
}
