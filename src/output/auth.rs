//! Views of the `auth` reports.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::auth::Validity;
use crate::auth::list::{IdentityBranch, Listing};
use crate::ops::auth::{LoginReport, LogoutReport, WhoamiReport};
use crate::value::Node;

use super::Table;
use super::printable::on_one_line;

/// Rows of the login table that have a value.
pub fn login(report: &LoginReport, now: Timestamp) -> String {
    let realm = report.realm.as_ref().map(|(realm, source)| format!("{realm} ({source})"));
    let chain = (report.chain.len() > 2).then(|| report.chain.join(" → "));
    rows(&[
        ("Realm", realm),
        ("Provider", Some(report.provider.clone())),
        ("Identity", report.identity.clone()),
        ("Chain", chain),
        ("Account", report.account.clone()),
        ("Region", report.region.clone()),
        ("Expires", report.expires.map(|expires| expiry(expires, now))),
    ])
}

/// The human form of `auth whoami`, for stderr.
pub fn whoami(report: &WhoamiReport) -> String {
    let mark = mark_of(&report.validity);
    let mut text = format!("{mark} Current Authentication Status\n\n");
    text += &rows(&[
        ("Realm", Some(format!("{} ({})", report.realm, report.realm_source))),
        ("Provider", Some(report.provider.clone())),
        ("Identity", Some(report.identity.clone())),
        ("Chain", (report.chain.len() > 2).then(|| report.chain.join(" → "))),
        ("Principal", report.principal.clone()),
        ("Account", report.account.clone()),
        ("Region", report.region.clone()),
        ("Expires", report.expiration.map(|expires| expiry(expires, report.now))),
    ]);
    match &report.validity {
        Validity::Valid => {}
        Validity::Unmanaged => text += "\n  ambient (not managed): commands run in the environment as it is\n",
        Validity::Invalid(why) => {
            let _ = write!(
                text,
                "\n⚠ the credentials are refused: {why}\n  {}`atmos auth login {}-i {}` gets new ones\n",
                if report.is_inside {
                    "end the run that gives them: outside of it "
                } else {
                    "they are kept no longer: "
                },
                if report.is_inside { "--force " } else { "" },
                crate::diag::hint::word(&report.identity)
            );
        }
        Validity::Unknown(why) => {
            let _ = write!(text, "\n⚠ nobody could be asked whether the credentials are valid: {why}\n");
        }
    }
    text
}

pub(super) fn mark_of(validity: &Validity) -> &'static str {
    match validity {
        Validity::Valid => "✓",
        Validity::Invalid(_) => "✗",
        Validity::Unknown(_) => "?",
        Validity::Unmanaged => "–",
    }
}

/// For machines: true, false, or "unknown" where nobody could be asked.
pub(super) fn valid(validity: &Validity) -> serde_json::Value {
    match validity {
        Validity::Valid => json!(true),
        Validity::Invalid(_) => json!(false),
        Validity::Unknown(_) | Validity::Unmanaged => json!("unknown"),
    }
}

/// The JSON form of `auth whoami`. `home` becomes `~` in values.
pub fn whoami_json(report: &WhoamiReport, home: &str) -> Node {
    let reason = match &report.validity {
        Validity::Invalid(why) | Validity::Unknown(why) => Some(why),
        Validity::Valid | Validity::Unmanaged => None,
    };
    let mut document = json!({
        "realm": report.realm,
        "realm_source": report.realm_source,
        "provider": report.provider,
        "identity": report.identity,
        "kind": report.kind,
        "chain": report.chain,
        "valid": valid(&report.validity),
        "last_updated": report.now.to_string(),
        "environment": report.environment.iter().map(|(name, value)| (name.clone(), json!(shown(name, value, home))))
            .collect::<serde_json::Map<_, _>>(),
    });
    let optional = [
        ("principal", report.principal.clone()),
        ("account", report.account.clone()),
        ("region", report.region.clone()),
        ("expiration", report.expiration.map(|expiration| expiration.to_string())),
        ("reason", reason.cloned()),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            document[key] = json!(value);
        }
    }
    crate::value::from_json(&document)
}

/// A variable's value as `whoami` shows it: nothing that smells of a secret, the home directory as `~`.
fn shown(name: &str, value: &str, home: &str) -> String {
    let secret = ["SECRET", "TOKEN", "PASSWORD", "PRIVATE", "ACCESS_KEY", "SESSION"];
    if secret.iter().any(|word| name.contains(word)) {
        return "***REDACTED***".to_owned();
    }
    match value.strip_prefix(home).filter(|_| !home.is_empty()) {
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => value.to_owned(),
    }
}

/// What a logout removed, or would remove.
pub fn logout(report: &LogoutReport) -> String {
    let verb = if report.dry_run { "would remove" } else { "removed" };
    let whose = &report.whose;
    let mut text = String::new();
    let is_empty = [&report.files, &report.left, &report.keys].iter().all(|list| list.is_empty());
    if report.kept.sessions == 0 && report.kept.portals.is_empty() && is_empty {
        // What is said below is kept, or may be.
        let what = if report.notes.is_empty() { "nothing" } else { "no session" };
        let _ = writeln!(text, "✓ {whose}: {what} is kept");
        note(&mut text, report);
        return text;
    }
    let _ = writeln!(text, "✓ {verb} {} cached session(s) of {whose}", report.kept.sessions);
    for identity in &report.kept.identities {
        let _ = writeln!(text, "  identity {identity}");
    }
    for (provider, told) in &report.kept.portals {
        let note = match told {
            None => "",
            Some(true) => " (the portal was told)",
            Some(false) => " (the portal could not be told)",
        };
        let _ = writeln!(text, "  token of {provider}{note}");
    }
    for file in &report.files {
        let _ = writeln!(text, "  {file}");
    }
    for key in &report.keys {
        let _ = writeln!(text, "  keyring entry {key}");
    }
    for what in &report.left {
        let _ = writeln!(text, "✗ not removed: {what}");
    }
    note(&mut text, report);
    if let Some(until) = report.valid_until {
        let _ = writeln!(text, "  credentials that were handed out before go on to work, at the longest until {until}");
    }
    if !report.variables.is_empty() {
        let _ = writeln!(text, "  variables of this shell still give credentials: {}", report.variables.join(", "));
    }
    if !report.dry_run && !report.kept.portals.is_empty() {
        text += "  the session in your browser may go on; sign out there, too\n";
    }
    text
}

/// What stays, or may.
fn note(text: &mut String, report: &LogoutReport) {
    for what in &report.notes {
        let _ = writeln!(text, "⚠ {what}");
    }
}

/// Providers with their identities below them.
pub fn tree(listing: &Listing, now: Timestamp) -> String {
    if listing.providers.is_empty() && listing.standalone.is_empty() && listing.integrations.is_empty() {
        return "No providers or identities are configured\n".to_owned();
    }
    let mut tree = Tree::default();
    for provider in &listing.providers {
        tree.add(0, &format!("{} ({})", provider.name, provider.kind));
        for (name, value) in [("Region", &provider.region), ("Start URL", &provider.start_url)] {
            if let Some(value) = value {
                tree.add(1, &format!("{name}: {value}"));
            }
        }
        if !provider.identities.is_empty() {
            tree.add(1, "Identities");
            add_identities(&mut tree, 2, &provider.identities, now);
        }
    }
    if !listing.standalone.is_empty() {
        tree.add(0, "Standalone Identities");
        add_identities(&mut tree, 1, &listing.standalone, now);
    }
    if !listing.integrations.is_empty() {
        tree.add(0, "Integrations");
    }
    for leaf in &listing.integrations {
        let via = [("identity", &leaf.via_identity), ("provider", &leaf.via_provider)];
        let via = via.into_iter().find_map(|(what, name)| Some(format!(" of {what} {}", name.as_ref()?)));
        let by_hand = if leaf.is_automatic { "" } else { ", by command only" };
        tree.add(1, &format!("{} ({}){}{by_hand}", leaf.name, leaf.kind, via.unwrap_or_default()));
    }
    format!(" Authentication Configuration\n{}", tree.drawn())
}

/// Levels that a line is indented by; nobody follows more with the eye, and long chains would fill the screen with nothing.
const DEEPEST: usize = 60;

/// Lines with their depths, each below the nearest one before it that is less deep. Chains of identities may be long, so
/// that nothing here calls itself by them.
#[derive(Default)]
struct Tree(Vec<(usize, String)>);

impl Tree {
    fn add(&mut self, depth: usize, text: &str) {
        self.0.push((depth, on_one_line(text).into_owned()));
    }

    fn drawn(&self) -> String {
        // From behind: whether there is another line below the same one.
        let mut followed: Vec<bool> = Vec::new();
        let mut is_last: Vec<bool> = Vec::with_capacity(self.0.len());
        for (depth, _) in self.0.iter().rev() {
            followed.resize(depth + 1, false);
            is_last.push(!followed[*depth]);
            followed[*depth] = true;
        }
        let mut text = String::new();
        let mut indents: Vec<&str> = Vec::new();
        for ((depth, line), last) in self.0.iter().zip(is_last.into_iter().rev()) {
            indents.truncate(*depth);
            let (knot, rest) = if last { ("└──", "   ") } else { ("├──", "│  ") };
            let hidden = indents.len().saturating_sub(DEEPEST);
            let cut = if hidden > 0 { "… " } else { "" };
            let _ = writeln!(text, "{cut}{}{knot}{line}", indents[hidden..].concat());
            indents.push(rest);
        }
        text
    }
}

fn add_identities(tree: &mut Tree, depth: usize, identities: &[IdentityBranch], now: Timestamp) {
    let mut open: Vec<(usize, &IdentityBranch)> = identities.iter().rev().map(|identity| (depth, identity)).collect();
    while let Some((depth, identity)) = open.pop() {
        tree.add(depth, &identity_line(identity, now));
        for (name, node) in [("Principal", &identity.principal), ("Credentials", &identity.credentials)] {
            if !node.is_empty() {
                add_node(tree, depth + 1, name, node);
            }
        }
        if !identity.children.is_empty() {
            tree.add(depth + 1, "Identities");
            open.extend(identity.children.iter().rev().map(|child| (depth + 2, child)));
        }
    }
}

fn identity_line(identity: &IdentityBranch, now: Timestamp) -> String {
    let mut text = format!("{} ({})", identity.name, identity.kind);
    if identity.default {
        text += " [DEFAULT]";
    }
    if let Some(alias) = &identity.alias {
        let _ = write!(text, " [ALIAS: {alias}]");
    }
    if identity.is_live {
        text = format!("● {text}");
        if let Some(expiration) = identity.expiration {
            let _ = write!(text, " {}", remaining(expiration.duration_since(now)).replace(' ', ""));
        }
    }
    text
}

fn add_node(tree: &mut Tree, depth: usize, name: &str, node: &Node) {
    match (node.as_map(), node.as_list()) {
        (Some(map), _) => {
            tree.add(depth, name);
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            for (key, value) in entries {
                add_node(tree, depth + 1, key, value);
            }
        }
        (_, Some(list)) => {
            let items: Vec<_> = list.iter().map(|item| item.scalar_text().unwrap_or_default()).collect();
            tree.add(depth, &format!("{name}: {}", items.join(", ")));
        }
        _ => tree.add(depth, &format!("{name}: {}", node.scalar_text().unwrap_or_default())),
    }
}

/// Identities as rows, nested ones below their parents.
pub fn table(listing: &Listing, now: Timestamp) -> Table {
    let shown = |text: &str| on_one_line(text).into_owned();
    let columns = ["Status", "Name", "Kind", "Via provider", "Via identity", "Default", "Alias", "Expires"];
    let mut table = Table { columns: columns.map(str::to_owned).to_vec(), ..Table::default() };
    for provider in &listing.providers {
        let row = ["", provider.name.as_str(), &provider.kind, "", "", if provider.default { "✓" } else { "" }, "", ""];
        table.rows.push(row.map(shown).to_vec());
    }
    let mut open: Vec<&IdentityBranch> = listing.standalone.iter().rev().collect();
    open.extend(listing.providers.iter().rev().flat_map(|provider| provider.identities.iter().rev()));
    while let Some(identity) = open.pop() {
        let expires = identity.expiration.map(|expiration| remaining(expiration.duration_since(now)));
        table.rows.push(vec![
            if identity.is_live { "●" } else { "" }.to_owned(),
            shown(identity.name.as_str()),
            shown(&identity.kind),
            shown(identity.via_provider.as_deref().unwrap_or_default()),
            shown(identity.via_identity.as_deref().unwrap_or_default()),
            if identity.default { "✓" } else { "" }.to_owned(),
            shown(identity.alias.as_deref().unwrap_or_default()),
            expires.unwrap_or_default(),
        ]);
        open.extend(identity.children.iter().rev());
    }
    for leaf in &listing.integrations {
        let via = |name: &Option<String>| name.clone().unwrap_or_default();
        let (provider, identity) = (via(&leaf.via_provider), via(&leaf.via_identity));
        let [none, default, alias, expires] = [const { String::new() }; 4];
        table.rows.push(vec![none, leaf.name.clone(), leaf.kind.clone(), provider, identity, default, alias, expires]);
    }
    table
}

/// `Name  value` lines, the rows without a value left out.
fn rows(rows: &[(&str, Option<String>)]) -> String {
    let present: Vec<_> = rows.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).collect();
    let width = present.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    present.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "  {name:<width$}  {value}");
        text
    })
}

/// Local time and what is left of it.
pub(super) fn expiry(expires: Timestamp, now: Timestamp) -> String {
    let local = expires.to_zoned_datetime(TimeZone::system());
    let left = expires.duration_since(now);
    let left = if left.is_positive() { remaining(left) } else { "expired".to_owned() };
    format!("{} ({left})", local.strftime("%Y-%m-%d %H:%M:%S %Z"))
}

/// `1h 5m`, `5m`, `40s`.
fn remaining(left: SignedDuration) -> String {
    match (left.as_hours(), left.as_mins() % 60) {
        _ if left.is_negative() => "expired".to_owned(),
        (0, 0) => format!("{}s", left.as_secs()),
        (0, minutes) => format!("{minutes}m"),
        (hours, minutes) => format!("{hours}h {minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_time_is_short() {
        for (seconds, text) in [(40, "40s"), (300, "5m"), (3600, "1h 0m"), (3900, "1h 5m"), (-3, "expired")] {
            assert_eq!(remaining(SignedDuration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn shown_values_hide_secrets_and_home() {
        assert_eq!(shown("AWS_SESSION_TOKEN", "x", "/h"), "***REDACTED***");
        assert_eq!(shown("AWS_CONFIG_FILE", "/h/.config/a", "/h"), "~/.config/a");
        assert_eq!(shown("AWS_CONFIG_FILE", "/home2/a", "/h"), "/home2/a");
    }
}
