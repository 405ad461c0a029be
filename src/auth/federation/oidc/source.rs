//! Where a token comes from: a variable, a file, an address, or GitHub's service for jobs. Row 5.

use std::path::Path;
use std::time::Duration;

use super::super::super::aws::endpoint::{check_url, is_loopback};
use super::super::error::Error;
use super::super::module::{Entry, Step};
use super::super::network::BROKEN;
use super::super::setting::Setting;
use super::jwt::{Jwt, Unfit, Wanted};
use crate::cloud::{Desk, Trouble, job};
use crate::host::{Env, fs};
use crate::secret::{Secret, without_userinfo};
use crate::span::Span;

/// Who gives out tokens does it at once, or something is wrong there.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest file with a token.
const LARGEST: u64 = 64 * 1024;
const URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const BEARER: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

pub(in super::super) const ISSUER: Setting = Setting::text("spec.issuer", "Issuer that the token has to have");
pub(in super::super) const TYPE: Setting =
    Setting::word("spec.token_source.type", &["environment", "file", "url"], "Where the token comes from");
pub(in super::super) const VARIABLE: Setting =
    Setting::text("spec.token_source.environment_variable", "Variable with the token");
pub(in super::super) const FILE: Setting = Setting::text("spec.token_source.file_path", "File with the token");
pub(in super::super) const ADDRESS: Setting = Setting::text("spec.token_source.url", "Address that gives the token");
pub(in super::super) const TICKET: Setting =
    Setting::secret("spec.token_source.request_token", "Bearer token for that address");
pub(in super::super) const HOSTS: Setting =
    Setting::texts("spec.token_source.allowed_hosts", "Hosts that the address may have");
pub(in super::super) const FOR: Setting =
    Setting::text("spec.token_source.audience", "Audience to ask that address for");

/// What a provider can say of its tokens, with how it says where they come from.
pub(super) const fn settings(source: Setting) -> [Setting; 9] {
    let audience = Setting::text("spec.audience", "For whom the token has to be");
    [audience, ISSUER, source, VARIABLE, FILE, ADDRESS, TICKET, HOSTS, FOR]
}

/// A place to get a token from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Source {
    Variable(String),
    File(String),
    Url(String),
    /// The service of GitHub Actions for the job that this is.
    Job,
}

/// What `spec.token_source` says; `None` without one.
///
/// # Errors
/// What is missing or wrong in it.
pub(in super::super) fn configured(entry: &Entry<'_>) -> Result<Option<Source>, (String, Span)> {
    let Some(node) = entry.at("spec.token_source") else { return Ok(None) };
    let needed = |setting: Setting| {
        let missing = || (format!("{} is required for this type", setting.path), node.span);
        entry.text(setting.path).ok_or_else(missing)
    };
    Ok(Some(match entry.text(TYPE.path).as_deref() {
        Some("environment") | None => Source::Variable(needed(VARIABLE)?),
        Some("file") => Source::File(needed(FILE)?),
        _ => match entry.text(ADDRESS.path) {
            None => Source::Job,
            Some(url) => {
                let span = entry.at(ADDRESS.path).map_or(node.span, |node| node.span);
                let host = fit(&url)
                    .map_err(|reason| (format!("{} `{}`: {reason}", ADDRESS.path, without_userinfo(&url)), span))?;
                let hosts = entry.texts(HOSTS.path);
                if !hosts.is_empty() && !hosts.iter().any(|known| known.trim().eq_ignore_ascii_case(host)) {
                    return Err((format!("host `{host}` of {} is not among {}", ADDRESS.path, HOSTS.path), span));
                }
                Source::Url(url)
            }
        },
    }))
}

/// The host of an address that a token may come from: nobody may listen on the way.
fn fit(url: &str) -> Result<&str, &'static str> {
    let host = check_url(url)?;
    let plain = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    if plain && !is_loopback(host) { Err("it must be an https URL") } else { Ok(host) }
}

/// The token of a source, looked at. `audience` is what it has to be for.
///
/// # Errors
/// There is none, or it is of no use.
pub(in super::super) async fn token(step: &Step<'_>, source: &Source, audience: Option<String>) -> Result<Jwt, Error> {
    let who = step.entry.shown();
    let no_token = |reason: String, help: &str| Error::NoToken { who: who.clone(), reason, help: help.to_owned() };
    let host = &step.context.host;
    let text = match source {
        Source::Variable(name) => {
            let value = host.env.get(name).map(str::trim).filter(|value| !value.is_empty());
            let help = "set it in the job, for example with `id_tokens` of GitLab";
            value.map(str::to_owned).ok_or_else(|| no_token(format!("the variable {name} is empty"), help))?
        }
        Source::File(file) => {
            let help = "correct the path of the file with the token, or see why it is not there";
            let failed = |reason: std::io::Error| no_token(format!("{file} cannot be read: {reason}"), help);
            fs::read_text(&host.absolute(Path::new(file)), LARGEST, "it is no file with a token")
                .map_err(failed)?
                .trim()
                .to_owned()
        }
        Source::Url(url) => {
            let asked = step.entry.text(FOR.path).or_else(|| audience.clone());
            let bearer = step.entry.text(TICKET.path);
            let help = "correct `spec.token_source`: its address, its `request_token`, its `audience`";
            let token = ask(step, &Place { url, bearer: bearer.as_deref(), audience: asked.as_deref() }, help).await?;
            return looked_at(step, token, audience);
        }
        Source::Job => {
            let (url, bearer) = job_service(step)?;
            if let Some(ready) = host.env.get("ACTIONS_ID_TOKEN").filter(|token| !token.is_empty()) {
                return looked_at(step, Secret::from(ready.to_owned()), audience);
            }
            let help = "the job needs `permissions: {id-token: write}`, and what it asks with ends with it";
            let place = Place { url: &url, bearer: Some(&bearer), audience: audience.as_deref() };
            return looked_at(step, ask(step, &place, help).await?, audience);
        }
    };
    looked_at(step, Secret::from(text), audience)
}

/// An address, what shows that one may ask there, and for whom the token shall be.
struct Place<'a> {
    url: &'a str,
    bearer: Option<&'a str>,
    audience: Option<&'a str>,
}

async fn ask(step: &Step<'_>, place: &Place<'_>, help: &str) -> Result<Secret, Error> {
    let context = step.context;
    let patience = context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let &Place { url, bearer, audience } = place;
    let place = job::Place { url, bearer, audience, patience };
    let desk = Desk::new(&context.host, &context.http);
    let shown = check_url(url).unwrap_or("the token service");
    let answer = context.ask(shown, job::token(desk, &place)).await;
    let token = answer.map_err(|trouble| Error::NoToken {
        who: step.entry.shown(),
        reason: plain(&trouble.to_string()),
        help: match trouble {
            Trouble::Unreachable { .. } => {
                "check the network and the proxy variables; the service may be down".to_owned()
            }
            Trouble::Broken(_) => BROKEN.to_owned(),
            _ => help.to_owned(),
        },
    })?;
    Ok(token.value)
}

fn looked_at(step: &Step<'_>, token: Secret, audience: Option<String>) -> Result<Jwt, Error> {
    step.context.host.masker.register(&token);
    let wanted = Wanted { audience, issuer: step.entry.text(ISSUER.path) };
    let read = Jwt::read(token).and_then(|token| token.check(&wanted, step.context.now_there()).map(|()| token));
    read.map_err(|Unfit { reason, help }| Error::Token { who: step.entry.shown(), reason, help })
}

/// Address and bearer token of the service for this job.
fn job_service(step: &Step<'_>) -> Result<(String, String), Error> {
    let env = &step.context.host.env;
    let unavailable =
        |reason: String, help: &str| Error::Unavailable { who: step.entry.shown(), reason, help: help.to_owned() };
    if !is_github(env) {
        return Err(unavailable(
            "this is no job of GitHub Actions (GITHUB_ACTIONS is not true)".to_owned(),
            "elsewhere choose another identity: `--identity <name>` or ATMOS_IDENTITY",
        ));
    }
    let needed = |name: &str| {
        let value = env.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        value.ok_or_else(|| {
            unavailable(
                format!("the job may not ask for a token ({name} is not set)"),
                "give the job `permissions: {id-token: write, contents: read}`; jobs of forks never get it",
            )
        })
    };
    let (bearer, url) = (needed(BEARER)?, needed(URL)?);
    if let Err(reason) = fit(&url) {
        return Err(unavailable(format!("{URL}: {reason}"), "it is set by GitHub Actions; leave it as it is"));
    }
    Ok((url, bearer))
}

fn is_github(env: &Env) -> bool {
    env.get("GITHUB_ACTIONS").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Text of the network: nothing in it may steer the terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::super::config::tests::config;
    use super::*;

    #[test]
    fn token_sources_are_read_and_checked() {
        for (source, expected) in [
            (json!({"environment_variable": "T"}), "Variable(\"T\")"),
            (json!({"type": "file", "file_path": "/t"}), "File(\"/t\")"),
            (json!({"type": "url"}), "Job"),
            (json!({"type": "url", "url": "https://a/t"}), "Url(\"https://a/t\")"),
            (json!({"type": "url", "url": "http://127.0.0.1:1/t"}), "Url(\"http://127.0.0.1:1/t\")"),
            (json!({"type": "url", "url": "https://A/t", "allowed_hosts": ["b", " a "]}), "Url(\"https://A/t\")"),
            (json!({"type": "environment"}), "spec.token_source.environment_variable is required for this type"),
            (json!({"type": "file"}), "spec.token_source.file_path is required for this type"),
            (
                json!({"type": "url", "url": "http://a/t"}),
                "spec.token_source.url `http://a/t`: it must be an https URL",
            ),
            (json!({"type": "url", "url": "x"}), "spec.token_source.url `x`: it has no scheme"),
            (
                json!({"type": "url", "url": "https://a/t", "allowed_hosts": ["b"]}),
                "host `a` of spec.token_source.url is not among spec.token_source.allowed_hosts",
            ),
        ] {
            let auth = config(&json!({"providers": {"p": {"kind": "oidc", "spec": {"token_source": source}}}}));
            let provider = auth.provider("p").unwrap();
            let shown = match configured(&Entry::provider(provider)) {
                Ok(Some(source)) => format!("{source:?}"),
                Ok(None) => "none".to_owned(),
                Err((reason, _)) => reason,
            };
            assert_eq!(shown, expected, "{source}");
        }
    }
}
