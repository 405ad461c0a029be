//! The real registries.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;

use crate::fetch;
use crate::host::{Env, Http, HttpRequest, HttpResponse};
use crate::secret::{Expose as _, Secret};

/// Answers of registries.
pub(super) const ANSWER: usize = 16 << 20;
/// Packages of providers.
const PACKAGE: usize = 2 << 30;
const WHOLE: Duration = Duration::from_mins(10);
/// Of a package, which may be large and its network slow; that it has stopped is seen much earlier.
const LONG: Duration = Duration::from_hours(2);

/// Why there is no answer, as terraform gets it.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub status: u16,
    pub reason: String,
}

impl Trouble {
    pub(super) fn missing(reason: impl Into<String>) -> Trouble {
        Trouble { status: 404, reason: reason.into() }
    }

    pub(super) fn broken(reason: impl Into<String>) -> Trouble {
        Trouble { status: 502, reason: reason.into() }
    }
}

/// Asks registries, each with the token that is for it.
pub(super) struct Upstream {
    http: Http,
    env: Env,
    tokens: BTreeMap<String, Secret>,
    services: Mutex<BTreeMap<(String, &'static str), String>>,
}

impl Upstream {
    pub(super) fn new(env: Env, tokens: BTreeMap<String, Secret>) -> Upstream {
        Upstream { http: Http::new(&env), env, tokens, services: Mutex::default() }
    }

    /// Where a host has a service.
    pub(super) async fn service(&self, host: &str, name: &'static str) -> Result<String, Trouble> {
        let key = (host.to_owned(), name);
        let known = self.services.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let url = format!("https://{host}/.well-known/terraform.json");
        let answer = self.json(&url, host).await?;
        let Some(text) = answer[name].as_str() else {
            return Err(Trouble::missing(format!("{host} has no service {name}")));
        };
        let mut found = fetch::join(&url, text);
        if !found.ends_with('/') {
            found.push('/');
        }
        self.services.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        Ok(found)
    }

    pub(super) async fn json(&self, url: &str, host: &str) -> Result<Json, Trouble> {
        let answer = self.get(url, host, ANSWER).await?;
        serde_json::from_slice(&answer.body).map_err(|error| Trouble::broken(format!("{}: {error}", fetch::shown(url))))
    }

    /// What stands there. The token of `host` goes to that host only.
    pub(super) async fn get(&self, url: &str, host: &str, limit: usize) -> Result<HttpResponse, Trouble> {
        let answer = fetch::follow(&self.http, self.call(url, host, WHOLE), limit).await;
        judged(url, answer)
    }

    /// The same of a package, which goes to `sink` as it comes.
    pub(super) async fn package(&self, url: &str, host: &str, sink: &mut (dyn Write + Send)) -> Result<(), Trouble> {
        let answer = fetch::follow_into(&self.http, self.call(url, host, LONG), PACKAGE, sink).await;
        judged(url, answer).map(drop)
    }

    fn call(&self, url: &str, host: &str, timeout: Duration) -> HttpRequest {
        let call = HttpRequest { timeout: Some(timeout), ..HttpRequest::get(url) };
        let ours = call.authority() == host && url.starts_with("https:");
        match ours.then(|| self.token(host)).flatten() {
            Some(token) => call.header("authorization", format!("Bearer {}", token.expose_secret())),
            None => call,
        }
    }

    /// `TF_TOKEN_<host>`, as terraform spells it, else what its files say.
    fn token(&self, host: &str) -> Option<Secret> {
        let name = host.split(':').next().unwrap_or(host).replace('-', "__").replace('.', "_");
        let variable = ["TF_TOKEN_", "TOFU_TOKEN_"].iter().find_map(|start| self.env.get(&format!("{start}{name}")));
        variable.map(|text| Secret::from(text.to_owned())).or_else(|| self.tokens.get(host).cloned())
    }
}

fn judged(url: &str, answer: Result<HttpResponse, fetch::Error>) -> Result<HttpResponse, Trouble> {
    let shown = fetch::shown(url);
    let answer = answer.map_err(|error| Trouble::broken(format!("{shown}: {error}")))?;
    match answer.status {
        200..300 => Ok(answer),
        404 => Err(Trouble::missing(format!("{shown} does not exist"))),
        status => Err(Trouble::broken(format!("{shown} answered with status {status}"))),
    }
}
