//! Atmos Pro: how instances fare, told by a token of its own or for one that GitHub vouches with.

use serde_json::json;

use crate::wire::{Answer, Asked};
use crate::{State, content, parameter};

pub(crate) fn answer(state: &mut State, asked: &Asked, path: &str) -> Answer {
    let body = content(asked);
    match (asked.method.as_str(), path) {
        ("GET", "oidc") => {
            let audience = parameter(asked, "audience");
            if asked.header("authorization") != "Bearer runner-may-ask" || audience.as_deref() != Some("atmos-pro.com")
            {
                return Answer::json(401, &json!({"message": "no"}));
            }
            Answer::json(200, &json!({"value": "github-vouches"}))
        }
        ("POST", "api/v1/auth/github-oidc") => {
            if body["token"] != "github-vouches" || body["workspaceId"] != "ws-1" {
                return Answer::json(403, &json!({"success": false, "errorMessage": "unknown workspace"}));
            }
            Answer::json(200, &json!({"success": true, "data": {"token": "pro-session-token"}}))
        }
        ("PATCH", "api/v1/repos/acme/infra/instances") => {
            let known = ["Bearer pro-own-token-01", "Bearer pro-session-token"];
            if !known.contains(&asked.header("authorization")) {
                return Answer::json(
                    401,
                    &json!({"success": false, "errorMessage": "token is not valid", "traceId": "t-1"}),
                );
            }
            let stack = parameter(asked, "stack").unwrap_or_default();
            let component = parameter(asked, "component").unwrap_or_default();
            let mut told = body;
            told["instance"] = json!(format!("{component} in {stack}"));
            state.told.push(told);
            Answer::json(200, &json!({"success": true}))
        }
        _ => Answer::json(404, &json!({"success": false, "errorMessage": "no such address"})),
    }
}
