//! The service of the runner for artifacts (Twirp with JSON), and the storage behind it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::wire::{Answer, Asked};
use crate::{Artifact, State, content};

fn no(status: u16, code: &str, text: &str) -> Answer {
    Answer::json(status, &json!({"code": code, "msg": text}))
}

pub(crate) fn answer(state: &mut State, asked: &Asked, method: &str) -> Answer {
    let body = content(asked);
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let (run, job, name) = (text("workflow_run_backend_id"), text("workflow_job_run_backend_id"), text("name"));
    let Some((own_run, own_job)) = job_of(asked.header("authorization")) else {
        return no(401, "unauthenticated", "token rejected");
    };
    if asked.header("content-type") != "application/json" || run != own_run {
        return no(403, "permission_denied", "not your run");
    }
    let at = |state: &State| {
        state.artifacts.iter().position(|known| known.run == run && known.job == job && known.name == name)
    };
    match method {
        "CreateArtifact" => {
            let taken = state.artifacts.iter().any(|known| known.run == run && known.name == name);
            if taken {
                return no(409, "already_exists", "an artifact with this name already exists on the workflow run");
            }
            if body["version"] != 4 || job != own_job || name.contains('/') || text("expires_at").is_empty() {
                return no(400, "invalid_argument", "version, job, name or expires_at");
            }
            let blob = state.id().to_string();
            let url = format!("http://127.0.0.1:{}/blob/{blob}?sig=write", state.port);
            state.artifacts.push(Artifact { id: None, name, run, job, blob, expires: text("expires_at") });
            Answer::json(200, &json!({"ok": true, "signed_upload_url": url}))
        }
        "FinalizeArtifact" => {
            let Some(at) = at(state) else { return no(404, "not_found", "no such artifact") };
            let blob = state.blobs.get(&state.artifacts[at].blob).cloned().unwrap_or_default();
            let sum = atmos::value::hex(digest(&SHA256, &blob).as_ref());
            if text("size") != blob.len().to_string() || text("hash") != format!("sha256:{sum}") {
                return no(400, "invalid_argument", "size or hash");
            }
            let id = state.id();
            state.artifacts[at].id = Some(id);
            Answer::json(200, &json!({"ok": true, "artifact_id": id.to_string()}))
        }
        "ListArtifacts" => {
            let wanted = text("name_filter");
            let all = state.artifacts.iter().filter(|known| known.run == run && known.id.is_some());
            let all = all.filter(|known| wanted.is_empty() || known.name == wanted);
            let shown: Vec<Value> = all
                .map(|known| {
                    json!({
                        "workflow_run_backend_id": known.run, "workflow_job_run_backend_id": known.job,
                        "database_id": known.id.map(|id| id.to_string()), "name": known.name, "size": "1",
                    })
                })
                .collect();
            Answer::json(200, &json!({"artifacts": shown}))
        }
        "GetSignedArtifactURL" => match at(state) {
            Some(at) => {
                let url = format!("http://127.0.0.1:{}/blob/{}?sig=read", state.port, state.artifacts[at].blob);
                Answer::json(200, &json!({"signed_url": url}))
            }
            None => no(404, "not_found", "no such artifact"),
        },
        "DeleteArtifact" => match at(state) {
            Some(at) => {
                state.artifacts.remove(at);
                Answer::json(200, &json!({"ok": true, "artifact_id": "1"}))
            }
            None => no(404, "not_found", "no such artifact"),
        },
        _ => no(404, "bad_route", "no handler"),
    }
}

/// Run and job in the scopes of a token.
fn job_of(authorization: &str) -> Option<(String, String)> {
    let claims = authorization.strip_prefix("Bearer ")?.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let scope = claims["scp"].as_str()?.split(' ').find_map(|scope| scope.strip_prefix("Actions.Results:"))?;
    let (run, job) = scope.split_once(':')?;
    Some((run.to_owned(), job.to_owned()))
}

/// The address is the permission; a token beside it is refused, as the storage does.
pub(crate) fn blob(state: &mut State, asked: &Asked, name: &str) -> Answer {
    if !asked.header("authorization").is_empty() {
        return Answer::new(400, "AuthenticationFailed");
    }
    match (asked.method.as_str(), asked.query.as_str()) {
        ("PUT", "sig=write") if asked.header("x-ms-blob-type") == "BlockBlob" => {
            state.blobs.insert(name.to_owned(), asked.body.clone());
            Answer::new(201, "")
        }
        ("GET", "sig=read") => {
            state.blobs.get(name).map_or_else(|| Answer::new(404, ""), |blob| Answer::new(200, blob.clone()))
        }
        _ => Answer::new(403, "AuthenticationFailed"),
    }
}
