//! The management of Azure, as far as resource groups, storage accounts and their containers go.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::wire::{Answer, Asked};

/// The token that Entra gives for the management.
pub(crate) const TOKEN: &str = "entra-management-token";

/// What there is, by address.
#[derive(Default)]
pub(crate) struct Azure {
    pub(crate) resources: BTreeMap<String, Value>,
    /// Accounts that are being made, and how often they were asked for.
    making: BTreeMap<String, u32>,
}

fn refused(status: u16, code: &str, text: &str) -> Answer {
    Answer::json(status, &json!({"error": {"code": code, "message": text}}))
}

pub(crate) fn answer(azure: &mut Azure, port: u16, asked: &Asked) -> Answer {
    if asked.header("authorization") != format!("Bearer {TOKEN}") {
        return refused(401, "InvalidAuthenticationToken", "The access token is invalid.");
    }
    if !asked.query.starts_with("api-version=20") {
        return refused(400, "MissingApiVersionParameter", "The api-version query parameter is required.");
    }
    let path = asked.path.to_lowercase();
    if path.starts_with("/subscriptions/closed/") {
        return refused(403, "AuthorizationFailed", "The client does not have authorization.");
    }
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    if let Some(account) = path.strip_suffix("/operation") {
        let rounds = azure.making.entry(account.to_owned()).or_default();
        *rounds += 1;
        let done = *rounds > 1;
        return if done { Answer::json(200, &json!({})) } else { pending(port, account) };
    }
    match asked.method.as_str() {
        "GET" if path.ends_with("/containers") => {
            let below = format!("{path}/");
            let names = azure.resources.keys().filter_map(|known| known.strip_prefix(&below));
            Answer::json(200, &json!({"value": names.map(|name| json!({"name": name})).collect::<Vec<_>>()}))
        }
        "GET" => match azure.resources.get(&path) {
            Some(known) => Answer::json(200, known),
            None => refused(404, "ResourceNotFound", "It was not found."),
        },
        "PUT" => {
            // Everything lies in something that has to be there.
            let parent = parent(&path);
            if parent.is_some_and(|parent| !azure.resources.contains_key(parent)) {
                return refused(404, "ParentResourceNotFound", "Its parent was not found.");
            }
            let is_new = azure.resources.insert(path.clone(), body).is_none();
            let account = path.contains("/storageaccounts/") && !path.contains("/blobservices/");
            if account {
                let services = json!({"properties": {"deleteRetentionPolicy": {"enabled": true, "days": 45}}});
                azure.resources.insert(format!("{path}/blobservices/default"), services);
                return pending(port, &path);
            }
            Answer::json(if is_new { 201 } else { 200 }, &json!({}))
        }
        "DELETE" => {
            azure.resources.retain(|known, _| *known != path && !known.starts_with(&format!("{path}/")));
            Answer::new(200, "")
        }
        _ => refused(405, "MethodNotAllowed", "No."),
    }
}

fn pending(port: u16, account: &str) -> Answer {
    let url = format!("http://127.0.0.1:{port}{account}/operation?api-version=2023-05-01");
    Answer::new(202, "").header("location", url).header("retry-after", "0")
}

/// The resource in which one lies; a group lies in its subscription, which is there.
fn parent(path: &str) -> Option<&str> {
    let (before, _) = path.rsplit_once('/')?;
    let before = before.strip_suffix("/containers").or(before.strip_suffix("/blobservices")).unwrap_or(before);
    let before = before.strip_suffix("/providers/microsoft.storage/storageaccounts").unwrap_or(before);
    (!before.ends_with("/resourcegroups")).then_some(before)
}
