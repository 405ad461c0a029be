//! The back door for tests: knobs at run time, the request log, what was given away, reset.

use serde_json::{Value, json};

use crate::state::State;
use crate::wire::{Answer, Asked, Refusal};

/// `GET /_control` shows the knobs; `POST /_control` takes knobs to change, and the actions `revoke_access_tokens` and
/// `revoke_refresh_tokens` (true: everything given out so far is worthless).
pub(crate) fn control(state: &State, asked: &Asked) -> Result<Answer, Refusal> {
    let Value::Object(mut patch) = asked.json()? else {
        return Err(Refusal::oidc("InvalidRequestException", "the body is not a JSON object"));
    };
    let mut memory = state.memory();
    let mut wanted = |name: &str| patch.remove(name) == Some(Value::Bool(true));
    if wanted("revoke_access_tokens") {
        memory.tokens.clear();
    }
    if wanted("revoke_refresh_tokens") {
        memory.refresh.clear();
    }
    memory.knobs =
        memory.knobs.patched(&patch).map_err(|message| Refusal::oidc("InvalidRequestException", &message))?;
    Ok(Answer::json(&json!(memory.knobs)))
}

/// `GET /_log`: requests in the order in which they were answered, without those of this module.
pub(crate) fn log(state: &State) -> Answer {
    Answer::json(&json!(state.memory().log))
}

/// `GET /_issued`: every secret that left the server.
pub(crate) fn issued(state: &State) -> Answer {
    Answer::json(&json!(state.memory().issued))
}

/// `POST /_reset`.
pub(crate) fn reset(state: &State) -> Answer {
    state.reset();
    Answer::json(&json!({}))
}
