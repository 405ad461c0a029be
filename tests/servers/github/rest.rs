//! The REST service of one repository, `acme/infra`.

use serde_json::{Value, json};

use crate::wire::{Answer, Asked};
use crate::{State, content};

/// A token that may do everything, and one that may do nothing.
const TOKENS: [&str; 2] = ["Bearer ghs_may_everything_0001", "Bearer ghs_may_nothing_0002"];

pub(crate) fn answer(state: &mut State, asked: &Asked, path: &str) -> Answer {
    let who = TOKENS.iter().position(|token| *token == asked.header("authorization"));
    match who {
        Some(0) => {}
        Some(_) => return Answer::json(403, &json!({"message": "Resource not accessible by integration"})),
        None => return Answer::json(401, &json!({"message": "Bad credentials"})),
    }
    if asked.header("accept") != "application/vnd.github+json" || asked.header("user-agent").is_empty() {
        return Answer::json(400, &json!({"message": "accept and user-agent are wanted"}));
    }
    let parts: Vec<&str> = path.split('/').collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("POST", ["statuses", commit]) => status(state, &content(asked), commit),
        ("POST", ["code-scanning", "sarifs"]) => findings(state, &content(asked)),
        ("GET", ["issues", number, "comments"]) => comments(state, asked, number),
        ("POST", ["issues", number, "comments"]) => {
            let body = content(asked)["body"].as_str().unwrap_or_default().to_owned();
            if body.chars().count() > 65536 {
                return Answer::json(422, &json!({"message": "Validation Failed"}));
            }
            let id = state.id();
            state.comments.entry(number.parse().unwrap_or_default()).or_default().push((id, body));
            Answer::json(201, &json!({"id": id}))
        }
        ("PATCH", ["issues", "comments", id]) => {
            let body = content(asked)["body"].as_str().unwrap_or_default().to_owned();
            let id: u64 = id.parse().unwrap_or_default();
            match state.comments.values_mut().flatten().find(|(known, _)| *known == id) {
                Some((_, known)) => *known = body,
                None => return Answer::json(404, &json!({"message": "Not Found"})),
            }
            Answer::json(200, &json!({"id": id}))
        }
        ("GET", ["actions", "artifacts"]) => artifacts(state, asked),
        ("GET", ["actions", "artifacts", id, "zip"]) => {
            let port = state.port;
            match find(state, id) {
                Some(at) => {
                    let url = format!("http://127.0.0.1:{port}/blob/{}?sig=read", state.artifacts[at].blob);
                    Answer::new(302, "").header("location", url)
                }
                None => Answer::json(404, &json!({"message": "Not Found"})),
            }
        }
        ("DELETE", ["actions", "artifacts", id]) => match find(state, id) {
            Some(at) => {
                state.artifacts.remove(at);
                Answer::new(204, "")
            }
            None => Answer::json(404, &json!({"message": "Not Found"})),
        },
        _ => Answer::json(404, &json!({"message": "Not Found"})),
    }
}

fn status(state: &mut State, body: &Value, commit: &str) -> Answer {
    let text = |key: &str| body[key].as_str().unwrap_or_default();
    let known = ["error", "failure", "pending", "success"].contains(&text("state"));
    if !known || text("description").chars().count() > 140 {
        return Answer::json(422, &json!({"message": "Validation Failed"}));
    }
    let mut status = body.clone();
    status["commit"] = Value::from(commit);
    state.statuses.push(status);
    Answer::json(201, &json!({"id": state.statuses.len()}))
}

/// Packed by gzip, in base64; taken for work that is done later.
fn findings(state: &mut State, body: &Value) -> Answer {
    use std::io::Read as _;
    let text = |key: &str| body[key].as_str().unwrap_or_default();
    let is_commit = text("commit_sha").len() == 40 && text("commit_sha").bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut report = String::new();
    let packed = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text("sarif")).unwrap_or_default();
    let is_packed = flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut report).is_ok();
    let report: Value = serde_json::from_str(&report).unwrap_or_default();
    if !is_commit || !text("ref").starts_with("refs/") || !is_packed || !report["runs"].is_array() {
        return Answer::json(400, &json!({"message": "Invalid request."}));
    }
    state.findings.push(json!({"commit": text("commit_sha"), "ref": text("ref"), "report": report}));
    let id = state.id().to_string();
    Answer::json(
        202,
        &json!({"id": id, "url": format!("https://api.github.com/repos/acme/infra/code-scanning/sarifs/{id}")}),
    )
}

fn comments(state: &State, asked: &Asked, number: &str) -> Answer {
    let number: u64 = number.parse().unwrap_or_default();
    let parameter =
        |name: &str, usual: usize| crate::parameter(asked, name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (page, size) = (parameter("page", 1), parameter("per_page", 30).min(100));
    let all = state.comments.get(&number).map(Vec::as_slice).unwrap_or_default();
    let shown = all.iter().skip((page - 1) * size).take(size);
    let shown: Vec<Value> = shown.map(|(id, body)| json!({"id": id, "body": body})).collect();
    let answer = Answer::json(200, &json!(shown));
    if all.len() > page * size {
        let link = format!("<http://x{}?per_page={size}&page={}>; rel=\"next\"", asked.path, page + 1);
        return answer.header("link", link);
    }
    answer
}

/// The place of an artifact whose run has ended.
fn find(state: &State, id: &str) -> Option<usize> {
    let id = id.parse().ok()?;
    state.artifacts.iter().position(|artifact| state.ended && artifact.id == Some(id))
}

fn artifacts(state: &State, asked: &Asked) -> Answer {
    let name = crate::parameter(asked, "name");
    let all = state.artifacts.iter().filter(|artifact| state.ended && artifact.id.is_some());
    let all = all.filter(|artifact| name.as_ref().is_none_or(|name| *name == artifact.name));
    let shown: Vec<Value> = all
        .map(|artifact| {
            let size = state.blobs.get(&artifact.blob).map(Vec::len).unwrap_or_default();
            json!({
                "id": artifact.id, "name": artifact.name, "size_in_bytes": size, "expired": false,
                "created_at": "2026-01-02T03:04:05Z", "expires_at": artifact.expires,
            })
        })
        .collect();
    Answer::json(200, &json!({"total_count": shown.len(), "artifacts": shown}))
}
