//! The federation endpoint of the web console: a token for a session.

use serde_json::{Value, json};

use crate::query::pairs;
use crate::state::State;
use crate::{Asked, Reply, random};

/// `getSigninToken`. Keys in an address are refused: addresses are written down everywhere.
pub(crate) fn answer(state: &State, asked: &Asked) -> Reply {
    let refuse = |status, why: &str| Reply(status, "text/html", format!("<html>{why}</html>"));
    let mut memory = state.memory();
    let form = pairs(&String::from_utf8_lossy(&asked.body));
    let length = form.get("SessionDuration").cloned().unwrap_or_default();
    memory.log.push(format!("getSigninToken {length}").trim().to_owned());
    if asked.query.contains("Session=") {
        return refuse(400, "keys in the address");
    }
    if memory.knobs.signin_status != 200 {
        // As a careless service would, it repeats what it was sent.
        return refuse(memory.knobs.signin_status, &String::from_utf8_lossy(&asked.body));
    }
    if memory.knobs.refuse_length && !length.is_empty() {
        return refuse(400, "SessionDuration");
    }
    let session: Value = form.get("Session").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let known = memory.sessions.get(session["sessionId"].as_str().unwrap_or_default());
    let right =
        known.is_some_and(|known| session["sessionKey"] == known.secret && session["sessionToken"] == known.token);
    if !right {
        return refuse(400, "unknown session");
    }
    let token = random::opaque("signin/");
    memory.issued.push(token.clone());
    Reply(200, "application/json", json!({ "SigninToken": token }).to_string())
}
