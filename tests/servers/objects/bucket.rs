//! Google Cloud Storage: objects with `alt=media`, and lists in pages of two.

use std::path::Path;

use serde_json::{Value, json};

use crate::Options;
use crate::wire::{Answer, Request, decode};

const PAGE: usize = 2;

/// `path` is what follows `/storage/v1/b/`.
pub(crate) fn answer(options: &Options, request: &Request, path: &str) -> Answer {
    if let Some(token) = &options.token
        && request.authorization != format!("Bearer {token}")
    {
        return refusal(401, "Anonymous caller does not have storage.objects.get access");
    }
    let Some((bucket, rest)) = path.split_once("/o") else { return refusal(404, "Not Found") };
    let folder = options.folder.join("gcs").join(decode(bucket));
    if !folder.is_dir() {
        return refusal(404, "The specified bucket does not exist.");
    }
    match rest.strip_prefix('/') {
        Some(object) => match std::fs::read(folder.join(decode(object))) {
            Ok(bytes) if request.parameter("alt") == "media" => Answer::bytes(bytes),
            Ok(_) => refusal(400, "this server gives content only"),
            Err(_) => refusal(404, "No such object"),
        },
        None => list(&folder, request),
    }
}

fn list(folder: &Path, request: &Request) -> Answer {
    let mut names = Vec::new();
    walk(folder, folder, &mut names);
    names.retain(|name| name.starts_with(request.parameter("prefix")));
    names.sort();
    let start: usize = request.parameter("pageToken").parse().unwrap_or_default();
    let items: Vec<Value> = names.iter().skip(start).take(PAGE).map(|name| json!({ "name": name })).collect();
    let mut body = json!({"kind": "storage#objects", "items": items});
    if start + PAGE < names.len() {
        body["nextPageToken"] = json!((start + PAGE).to_string());
    }
    Answer::json(200, &body)
}

fn walk(root: &Path, folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(root, &path, names);
        } else if let Ok(below) = path.strip_prefix(root) {
            names.push(below.to_string_lossy().into_owned());
        }
    }
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"error": {"code": status, "message": message}}))
}
