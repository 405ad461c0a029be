//! Connections, routes, and the line that each request leaves in the log.

use std::convert::Infallible;
use std::time::{Duration, Instant, SystemTime};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::state::{Entry, State, epoch_millis};
use crate::wire::{Answer, Asked, Refusal, pairs};
use crate::{authorize, control, oidc, page, portal};

/// No request of these protocols is longer.
const LONGEST_BODY: usize = 1 << 20;

/// Serves until it is dropped.
pub(crate) async fn accept(listener: TcpListener, state: State) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, for example: others may free some.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let state = state.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(state.clone(), request));
            // A client that goes away in the middle is its own affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(state: State, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let at = SystemTime::now();
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(Refusal::oidc("InvalidRequestException", "unreadable body").into_answer().into_response()),
    };
    let query = head.uri.query().unwrap_or_default().to_owned();
    let asked = Asked {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: pairs(&query),
        headers: head.headers,
        body,
    };
    if asked.path.starts_with("/_") {
        return Ok(back_door(&state, &asked).into_response());
    }
    let latency = state.memory().knobs.latency_ms;
    tokio::time::sleep(Duration::from_millis(latency)).await;
    let operation = operation(&asked);
    let reply = route(&state, &asked, operation).await;
    let entry = Entry {
        operation,
        method: asked.method.to_string(),
        path: asked.path.clone(),
        query,
        grant: grant(&asked),
        account: asked.parameter("account_id").map(str::to_owned),
        role: asked.parameter("role_name").map(str::to_owned),
        status: reply.status.as_u16(),
        error: reply.error(),
        at_ms: epoch_millis(at),
        took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    state.memory().log.push(entry);
    Ok(reply.into_response())
}

/// The name that the service's model gives a request.
fn operation(asked: &Asked) -> &'static str {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/client/register") => "RegisterClient",
        ("POST", "/device_authorization") => "StartDeviceAuthorization",
        ("POST", "/token") => "CreateToken",
        ("GET", "/assignment/accounts") => "ListAccounts",
        ("GET", "/assignment/roles") => "ListAccountRoles",
        ("GET", "/federation/credentials") => "GetRoleCredentials",
        ("POST", "/logout") => "Logout",
        ("GET" | "POST", "/device" | "/authorize") => "Page",
        _ => "Unknown",
    }
}

async fn route(state: &State, asked: &Asked, operation: &str) -> Answer {
    if operation != "Page" && state.memory().take(|knobs| &mut knobs.server_error_once) {
        return Refusal::portal("InternalServerException", "try again").into_answer();
    }
    let reply = match operation {
        "RegisterClient" => oidc::register(state, asked),
        "StartDeviceAuthorization" => oidc::authorize_device(state, asked),
        "CreateToken" => oidc::token(state, asked),
        "ListAccounts" => portal::accounts(state, asked),
        "ListAccountRoles" => portal::roles(state, asked),
        "GetRoleCredentials" => portal::credentials(state, asked).await,
        "Logout" => portal::logout(state, asked),
        "Page" if asked.path == "/authorize" => Ok(authorize::authorize(state, asked)),
        "Page" => Ok(page::device(state, asked)),
        _ => Err(Refusal::portal("ResourceNotFoundException", "there is no such operation")),
    };
    reply.unwrap_or_else(Refusal::into_answer)
}

fn back_door(state: &State, asked: &Asked) -> Answer {
    match (&asked.method, asked.path.as_str()) {
        (&Method::GET | &Method::POST, "/_control") => {
            control::control(state, asked).unwrap_or_else(Refusal::into_answer)
        }
        (&Method::GET, "/_log") => control::log(state),
        (&Method::GET, "/_issued") => control::issued(state),
        (&Method::POST, "/_reset") => control::reset(state),
        _ => Answer::html(StatusCode::NOT_FOUND, "there is no such door\n".to_owned()),
    }
}

/// The grant type of a token request.
fn grant(asked: &Asked) -> Option<String> {
    let body = (asked.path == "/token").then(|| asked.json().ok()).flatten()?;
    body["grantType"].as_str().map(str::to_owned)
}
