//! What all stores speak through: the way out, tokens that were obtained, and the manners of asking.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::sync::{OnceCell, Semaphore};

use super::identity::AwsKeys;
use super::problem::Problem;
use super::redis_idle::Connections;
use crate::cloud::Desk;
use crate::host::{Host, Http, HttpError, HttpRequest, HttpResponse};
use crate::secret::{Secret, without_userinfo};

/// Longest answer.
pub(super) const LIMIT: usize = 16 << 20;
const AT_A_TIME: usize = 16;
/// For a whole exchange.
const TIMEOUT: Duration = Duration::from_secs(30);

type Cell<T> = Arc<OnceCell<Result<T, Problem>>>;

/// Shared by all requests of a run.
#[derive(Debug)]
pub(super) struct Line {
    pub host: Host,
    pub http: Http,
    /// Bearer tokens, by who gave them.
    tokens: Mutex<HashMap<String, Cell<Secret>>>,
    /// Keys for AWS, by who they are for.
    keys: Mutex<HashMap<String, Cell<AwsKeys>>>,
    pub redis: Connections,
    /// Requests at a time: services slow down who asks for more.
    pub places: Semaphore,
}

impl Line {
    pub(super) fn new(host: &Host) -> Line {
        Line {
            host: host.clone(),
            http: Http::new(&host.env),
            tokens: Mutex::default(),
            keys: Mutex::default(),
            redis: Connections::default(),
            places: Semaphore::new(AT_A_TIME),
        }
    }

    /// The token of `whose`, obtained once.
    pub(super) async fn token(
        &self,
        whose: String,
        obtain: impl Future<Output = Result<Secret, Problem>>,
    ) -> Result<Secret, Problem> {
        let cell = cell(&self.tokens, whose);
        let token = cell.get_or_init(|| async {
            let token = obtain.await;
            token.inspect(|token| self.host.masker.register(token))
        });
        token.await.clone()
    }

    /// The keys of `whose`, obtained once.
    pub(super) async fn keys(
        &self,
        whose: String,
        obtain: impl Future<Output = Result<AwsKeys, Problem>>,
    ) -> Result<AwsKeys, Problem> {
        let cell = cell(&self.keys, whose);
        let keys = cell.get_or_init(|| async {
            let keys = obtain.await;
            keys.inspect(|keys| {
                self.host.masker.register(&keys.secret_access_key);
                keys.session_token.iter().for_each(|token| self.host.masker.register(token));
            })
        });
        keys.await.clone()
    }

    /// The answer to a call. One that may be better next time is asked for again; `again` sees it.
    pub(super) async fn ask(
        &self,
        call: HttpRequest,
        again: impl Fn(&HttpResponse) -> bool,
    ) -> Result<HttpResponse, Problem> {
        let call = HttpRequest { timeout: call.timeout.or(Some(TIMEOUT)), ..call };
        self.http.send_again(&call, LIMIT, again).await.map_err(|error| unanswered(&call.url, &error))
    }

    /// Where tokens of Azure and Google are asked for.
    pub(super) fn desk(&self) -> Desk<'_> {
        Desk::new(&self.host, &self.http)
    }

    /// The environment of a program that gives credentials.
    pub(super) fn environment(&self) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
        self.host.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

fn cell<T>(known: &Mutex<HashMap<String, Cell<T>>>, whose: String) -> Cell<T> {
    known.lock().unwrap_or_else(PoisonError::into_inner).entry(whose).or_default().clone()
}

fn unanswered(url: &str, error: &HttpError) -> Problem {
    let host = url.split(['?', '#']).next().unwrap_or_default();
    let host = match host.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()),
        None => String::new(),
    };
    match error {
        HttpError::Url | HttpError::Header => Problem::settings(error.to_string()),
        _ => Problem::unreachable(format!("{} cannot be reached: {error}", without_userinfo(&host))),
    }
}

/// The beginning of an answer, for a message: one line, at most 200 characters.
pub(super) fn excerpt(answer: &HttpResponse) -> String {
    let text = answer.text();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(200).collect();
    let status = format!("status {}", answer.status);
    if short.is_empty() { status } else { format!("{status}: {short}") }
}

/// The JSON of an answer about the secret `name`. `code` is what the service calls the kind of a failure.
pub(super) fn answered(answer: &HttpResponse, name: &str, code: &str) -> Result<Json, Problem> {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let explained = || {
        let text = |key: &str| json.pointer(&format!("/error/{key}")).and_then(Json::as_str);
        match (text(code), text("message")) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => excerpt(answer),
        }
    };
    match answer.status {
        200 => Ok(json),
        404 => Err(Problem::missing(name)),
        401 | 403 => Err(Problem::denied(explained())),
        _ => Err(Problem::refused(explained())),
    }
}
