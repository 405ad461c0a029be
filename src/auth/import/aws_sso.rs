//! aws-sso-cli: portals, accounts and roles of its `config.yaml`. Row 5.

use std::collections::HashMap;

use super::aws_config::permission_set;
use super::draft::{Draft, Fields, account_of, role_of};
use super::known::Known;
use crate::value::Node;

/// Every role that is written down as an identity; a portal lists the others by itself. Scalars of `settings` are the texts that are
/// written there: accounts with a zero in front are no numbers.
pub fn aws_sso(settings: &Node, known: &Known) -> Draft {
    let mut draft = Draft::beside(known);
    for (name, portal) in entries(settings.get("SSOConfig")) {
        of_portal(&mut draft, name, portal, text(settings, "DefaultRegion"));
    }
    draft.settled()
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    node.and_then(Node::as_map).into_iter().flatten().map(|(key, value)| (&**key, value))
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key)?.scalar_text().filter(|text| !text.is_empty())
}

/// A role that is written down.
struct Role<'a> {
    account: String,
    name: &'a str,
    /// What it is called here.
    wanted: String,
    region: Option<String>,
    node: &'a Node,
}

impl Role<'_> {
    fn via(&self) -> Option<String> {
        text(self.node, "Via")
    }

    fn arn(&self) -> String {
        text(self.node, "ARN")
            .or_else(|| text(self.node, "Arn"))
            .unwrap_or_else(|| format!("arn:aws:iam::{}:role/{}", self.account, self.name))
    }
}

fn of_portal(draft: &mut Draft, name: &str, portal: &Node, usual: Option<String>) {
    let (Some(url), Some(region)) = (text(portal, "StartUrl"), text(portal, "SSORegion")) else {
        draft.skip(name, "the portal has no StartUrl or SSORegion");
        return;
    };
    let fields = super::draft::portal_fields(&url, &region).with("auto_provision_identities", true);
    let provider = draft.shared_provider(name, fields);
    let roles = roles(portal, usual);
    let mut made: HashMap<String, String> = HashMap::new();
    for role in roles.iter().filter(|role| role.via().is_none()) {
        let fields =
            permission_set(&provider, &role.account, role.name).maybe("principal.region", role.region.as_deref());
        made.insert(role.arn(), draft.identity(&role.wanted, Some(&role.account), fields));
    }
    // A role may be assumed by way of one that is itself assumed: as long as there is one whose way is known.
    let mut open: Vec<&Role<'_>> = roles.iter().filter(|role| role.via().is_some()).collect();
    while !open.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) = open.iter().copied().partition(|role| {
            role.via().is_some_and(|via| made.contains_key(&via) || !open.iter().any(|other| other.arn() == via))
        });
        for role in &ready {
            chained(draft, &provider, role, &mut made);
        }
        if ready.is_empty() {
            for role in rest {
                draft.skip(&role.wanted, "the roles by way of which it is assumed form a circle");
            }
            return;
        }
        open = rest;
    }
}

fn chained(draft: &mut Draft, provider: &str, role: &Role<'_>, made: &mut HashMap<String, String>) {
    let via = role.via().unwrap_or_default();
    if !made.contains_key(&via) {
        // It is one that the portal offers, and that nobody wrote down.
        let (Some(account), Some(name)) = (account_of(&via), role_of(&via)) else {
            draft.skip(&role.wanted, format!("Via `{via}` is not the ARN of a role"));
            return;
        };
        let fields = permission_set(provider, account, name);
        let identity = draft.identity(&format!("{account}/{name}"), Some(account), fields);
        made.insert(via.clone(), identity);
    }
    let before = made.get(&via).map(String::as_str);
    let fields = Fields::kind("aws/assume-role")
        .maybe("via.identity", before)
        .with("principal.assume_role", role.arn())
        .maybe("principal.external_id", text(role.node, "ExternalId"))
        .maybe("principal.source_identity", text(role.node, "SourceIdentity"))
        .maybe("principal.region", role.region.as_deref());
    let name = draft.identity(&role.wanted, Some(&role.account), fields);
    made.insert(role.arn(), name);
}

fn roles(portal: &Node, usual: Option<String>) -> Vec<Role<'_>> {
    let of_portal = text(portal, "DefaultRegion").or(usual);
    let mut roles = Vec::new();
    for (id, account) in entries(portal.get("Accounts")) {
        // The tool itself takes it as a number of twelve digits, and other programs write it without the zeros in front.
        let id = if id.bytes().all(|byte| byte.is_ascii_digit()) { format!("{id:0>12}") } else { id.to_owned() };
        let shown = text(account, "Name").unwrap_or_else(|| id.clone());
        let region = text(account, "DefaultRegion").or_else(|| of_portal.clone());
        for (name, node) in entries(account.get("Roles")) {
            let profile = text(node, "Profile").filter(|profile| !profile.contains("{{"));
            roles.push(Role {
                account: id.clone(),
                name,
                wanted: profile.unwrap_or_else(|| format!("{shown}/{name}")),
                region: text(node, "DefaultRegion").or_else(|| region.clone()),
                node,
            });
        }
    }
    roles
}
