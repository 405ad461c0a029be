//! Buckets of Google that are made and deleted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::form::decoded;
use crate::google::TOKENS;
use crate::wire::{Answer, Asked};

/// Buckets with the versions of their objects, as name and generation.
#[derive(Default)]
pub(crate) struct Buckets(pub(crate) BTreeMap<String, (Value, Vec<(String, String)>)>);

fn refused(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({"error": {"code": status, "message": text}}))
}

/// Whether the request is about buckets, and not about the content of an object.
pub(crate) fn concerns(asked: &Asked) -> bool {
    let Some(rest) = asked.path.strip_prefix("/storage/v1/b") else { return false };
    let parts: Vec<&str> = rest.split('/').skip(1).collect();
    parts.len() < 2 || parts.len() == 2 && parts[1] == "o" || asked.query.starts_with("generation=")
}

pub(crate) fn answer(buckets: &mut Buckets, asked: &Asked) -> Answer {
    let token = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    if !TOKENS.contains(&token) {
        return refused(401, "Invalid Credentials");
    }
    let rest = asked.path.strip_prefix("/storage/v1/b").unwrap_or_default();
    let parts: Vec<String> = rest.split('/').skip(1).map(decoded).collect();
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let Some(name) = parts.first() else {
        if asked.method != "POST" || asked.query != "project=acme-states" {
            return refused(400, "Required parameter: project");
        }
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        // Somebody has written two versions of a state into each of them.
        let objects = ["1", "2"].map(|generation| ("vpc/dev.tfstate".to_owned(), generation.to_owned()));
        buckets.0.insert(name, (body, objects.to_vec()));
        return Answer::json(200, &json!({}));
    };
    let Some((known, objects)) = buckets.0.get_mut(name) else {
        return refused(404, "The specified bucket does not exist.");
    };
    match (asked.method.as_str(), parts.len()) {
        ("GET", 1) => Answer::json(200, known),
        ("PATCH", 1) => {
            for (key, value) in body.as_object().into_iter().flatten() {
                known[key] = value.clone();
            }
            Answer::json(200, &json!({}))
        }
        ("DELETE", 1) if !objects.is_empty() => refused(409, "The bucket you tried to delete is not empty."),
        ("DELETE", 1) => {
            buckets.0.remove(name);
            Answer::new(204, "")
        }
        ("GET", 2) if asked.query.contains("versions=true") => {
            let items = objects.iter().map(|(name, generation)| json!({"name": name, "generation": generation}));
            Answer::json(200, &json!({"items": items.collect::<Vec<_>>()}))
        }
        ("DELETE", 3) => {
            let generation = asked.query.strip_prefix("generation=").unwrap_or_default();
            objects.retain(|(name, known)| *name != parts[2] || known != generation);
            Answer::new(204, "")
        }
        _ => refused(404, "Not Found"),
    }
}
