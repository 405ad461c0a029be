//! The portal half: accounts, roles, role credentials, logout. The bearer token travels in a header of its own.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::random;
use crate::state::{Issued, Memory, State, after, epoch_millis};
use crate::sts;
use crate::wire::{Answer, Asked, Refusal};

const TOKEN_HEADER: &str = "x-amz-sso_bearer_token";

/// `GET /assignment/accounts`.
pub(crate) fn accounts(state: &State, asked: &Asked) -> Result<Answer, Refusal> {
    admit(&mut state.memory(), asked)?;
    let page_size = state.memory().knobs.page_size;
    let (page, next) = page(&state.directory().accounts, asked, page_size)?;
    let list: Vec<Value> = page
        .iter()
        .map(|account| json!({"accountId": account.id, "accountName": account.name, "emailAddress": account.email}))
        .collect();
    Ok(Answer::json(&paged(json!({"accountList": list}), next)))
}

/// `GET /assignment/roles`.
pub(crate) fn roles(state: &State, asked: &Asked) -> Result<Answer, Refusal> {
    admit(&mut state.memory(), asked)?;
    let id = required(asked, "account_id")?;
    let account = state
        .directory()
        .account(id)
        .ok_or_else(|| Refusal::portal("ResourceNotFoundException", "the account does not exist"))?;
    let knobs = state.memory().knobs.clone();
    if knobs.broken_account == id {
        return Err(Refusal::portal("ForbiddenException", "No access"));
    }
    let roles: Vec<_> =
        account.roles.iter().filter(|role| !knobs.withdrawn.contains(&format!("{id}/{role}"))).cloned().collect();
    let (page, next) = page(&roles, asked, knobs.page_size)?;
    let list: Vec<Value> = page.iter().map(|role| json!({"roleName": role, "accountId": id})).collect();
    Ok(Answer::json(&paged(json!({"roleList": list}), next)))
}

/// `GET /federation/credentials`.
pub(crate) async fn credentials(state: &State, asked: &Asked) -> Result<Answer, Refusal> {
    admit(&mut state.memory(), asked)?;
    let (account, role) = (required(asked, "account_id")?, required(asked, "role_name")?);
    let withdrawn = state.memory().knobs.withdrawn.contains(&format!("{account}/{role}"));
    let assigned = !withdrawn
        && state.directory().account(account).is_some_and(|known| known.roles.iter().any(|name| name == role));
    if !assigned {
        // The service gives the same answer for an account, a role and an assignment that do not exist.
        return Err(Refusal::portal("ForbiddenException", "No access"));
    }
    let lifetime = state.memory().knobs.credential_lifetime;
    let keys = match state.sts() {
        None => sts::Keys {
            access_key_id: random::access_key_id(),
            secret_access_key: random::secret_access_key(),
            session_token: random::session_token(),
        },
        Some(endpoint) => endpoint
            .keys_of_permission_set(account, role)
            .await
            .map_err(|message| Refusal::portal("InternalServerException", &message))?,
    };
    let issued = |kind, secret: &str| Issued {
        kind,
        secret: secret.to_owned(),
        access_key_id: Some(keys.access_key_id.clone()),
        account: Some(account.to_owned()),
        role: Some(role.to_owned()),
    };
    let both = [issued("secret_access_key", &keys.secret_access_key), issued("session_token", &keys.session_token)];
    state.memory().issued.extend(both);
    Ok(Answer::json(&json!({"roleCredentials": {
        "accessKeyId": keys.access_key_id,
        "secretAccessKey": keys.secret_access_key,
        "sessionToken": keys.session_token,
        "expiration": epoch_millis(after(lifetime)),
    }})))
}

/// `POST /logout`: the token is worth nothing afterwards, nor is any refresh token.
pub(crate) fn logout(state: &State, asked: &Asked) -> Result<Answer, Refusal> {
    let mut memory = state.memory();
    let token = admit(&mut memory, asked)?;
    memory.tokens.remove(&token);
    memory.refresh.clear();
    Ok(Answer::empty())
}

/// The token of a request that may go on.
fn admit(memory: &mut Memory, asked: &Asked) -> Result<String, Refusal> {
    if memory.take(|knobs| &mut knobs.too_many_once) {
        return Err(Refusal::portal("TooManyRequestsException", "HTTP 429 Too Many Requests"));
    }
    let rejected = memory.take(|knobs| &mut knobs.unauthorized_once);
    let token = asked.header(TOKEN_HEADER).unwrap_or_default();
    let valid = memory.tokens.get(token).is_some_and(|ends| *ends > SystemTime::now());
    if rejected || !valid || memory.knobs.reject_all {
        return Err(Refusal::portal("UnauthorizedException", "Session token not found or invalid"));
    }
    Ok(token.to_owned())
}

/// The part of a list that a request asks for, and the token of the next one.
fn page<'a, T>(all: &'a [T], asked: &Asked, page_size: usize) -> Result<(&'a [T], Option<String>), Refusal> {
    let invalid = || Refusal::portal("InvalidRequestException", "the paging parameters are not valid");
    let wanted = match asked.parameter("max_result") {
        None => page_size,
        Some(text) => text.parse::<usize>().ok().filter(|count| (1..=100).contains(count)).ok_or_else(invalid)?,
    };
    let start = match asked.parameter("next_token") {
        None => 0,
        Some(text) => text.strip_prefix("page-").and_then(|at| at.parse().ok()).ok_or_else(invalid)?,
    };
    let rest = all.get(start..).ok_or_else(invalid)?;
    let size = wanted.min(page_size).max(1).min(rest.len());
    let end = start + size;
    Ok((&rest[..size], (end < all.len()).then(|| format!("page-{end}"))))
}

fn paged(mut body: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        body["nextToken"] = Value::String(next);
    }
    body
}

fn required<'a>(asked: &'a Asked, name: &str) -> Result<&'a str, Refusal> {
    asked.parameter(name).ok_or_else(|| Refusal::portal("InvalidRequestException", &format!("{name} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Asked {
        Asked {
            method: hyper::Method::GET,
            path: String::new(),
            query: crate::wire::pairs(query),
            headers: hyper::HeaderMap::new(),
            body: hyper::body::Bytes::new(),
        }
    }

    #[test]
    fn pages_are_as_long_as_both_sides_allow_and_end_without_a_token() {
        let all: Vec<u32> = (0..5).collect();
        let table = [
            ("", 2, &[0, 1][..], Some("page-2")),
            ("next_token=page-2", 2, &[2, 3], Some("page-4")),
            ("next_token=page-4", 2, &[4], None),
            ("max_result=1", 2, &[0], Some("page-1")),
            ("max_result=100", 2, &[0, 1], Some("page-2")),
            ("max_result=100", 100, &[0, 1, 2, 3, 4], None),
        ];
        for (query, size, expected, next) in table {
            let (seen, token) = page(&all, &asked(query), size).unwrap();
            assert_eq!((seen, token.as_deref()), (expected, next), "{query} {size}");
        }
        for bad in ["max_result=0", "max_result=x", "next_token=page-9", "next_token=2"] {
            assert!(page(&all, &asked(bad), 2).is_err(), "{bad}");
        }
    }
}
