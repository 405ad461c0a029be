//! A request over http, repeated until the answer is the one that is wanted.

use std::time::{Duration, Instant};

use regex::Regex;

use super::super::steps::{chance, pause};
use super::At;
use crate::diag::Result;
use crate::exec::Error as ExecError;
use crate::exec::signals::Signals;
use crate::fetch;
use crate::host::{Http as Client, HttpRequest, HttpResponse, percent_encode};
use crate::step::{self, Http};
use crate::value::{Map, Node};

/// Of one attempt, where the step does not say.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of an answer.
const LIMIT: usize = 4 << 20;

/// Why an answer is not what is wanted.
enum Fault {
    Unanswered(String),
    Status,
    Answer,
}

/// Sends the request, and again as `retry` says.
///
/// # Errors
/// It cannot be put together, nobody answers, or the answer is another one.
pub(in super::super) async fn http(at: &At<'_>, wanted: &Http, signals: &mut Signals) -> Result<step::Outcome> {
    let call = request(at, wanted)?;
    let answers: Vec<Regex> = wanted.answers.iter().filter_map(|text| Regex::new(text).ok()).collect();
    // The step may have a proxy of its own.
    let client = Client::new(at.env);
    let (begun, mut attempt) = (Instant::now(), 1u32);
    let place = format!("{} {}", call.method, call.authority());
    loop {
        let sent = async { Ok::<_, ExecError>(fetch::follow(&client, call.clone(), LIMIT).await) };
        let answer = signals.guard(sent).await?;
        let fault = match &answer {
            Err(error) => Some(Fault::Unanswered(error.to_string())),
            Ok(answer) => judged(answer, wanted, &answers),
        };
        let Some(fault) = fault else {
            let Ok(answer) = answer else { continue };
            at.app.host.talk.info(format!("{place}: {}", status(answer.status)));
            return Ok(outcome(&answer, attempt, begun));
        };
        let shown = match (&fault, &answer) {
            (Fault::Unanswered(reason), _) => format!("{place} has no answer: {reason}"),
            (Fault::Status, Ok(answer)) => format!("{place} was answered with {}", status(answer.status)),
            _ => format!("the answer to {place} matches none of `expect.response`"),
        };
        let help = match fault {
            Fault::Unanswered(_) => "check the address and the network; `timeout` is the time of one attempt",
            Fault::Status => "`expect.status` says which are right, `retry` how often it is tried",
            Fault::Answer => "`expect.response` are regular expressions, of which one has to match",
        };
        let failed = |shown: String| at.failed(shown, help);
        let Some(retry) = at.step.retry.as_ref().filter(|retry| is_passing(&fault, &answer, retry)) else {
            return Err(failed(shown).into());
        };
        if let Some(most) = retry.max_attempts.filter(|most| u64::from(attempt) >= *most) {
            let shown = if most > 1 { format!("{shown} (in attempt {most})") } else { shown };
            return Err(failed(shown).into());
        }
        let delay = retry.delay(attempt, chance());
        if retry.max_elapsed.is_some_and(|most| begun.elapsed() + delay > most) {
            return Err(failed(format!("{shown} (and `max_elapsed_time` is over)")).into());
        }
        attempt = attempt.saturating_add(1);
        at.app.host.talk.info(format!("{shown}; attempt {attempt} begins"));
        pause(signals, delay).await?;
    }
}

/// Whether another attempt may be answered otherwise: nobody answered, the server is busy or broken, or `retry` says so.
fn is_passing<E>(fault: &Fault, answer: &std::result::Result<HttpResponse, E>, retry: &step::Retry) -> bool {
    let Ok(answer) = answer else { return matches!(fault, Fault::Unanswered(_)) };
    let named = || retry.looks_at_output() && retry.concerns(&format!("{} {}", answer.status, answer.text()));
    matches!(answer.status, 429 | 500..) || named()
}

fn judged(answer: &HttpResponse, wanted: &Http, answers: &[Regex]) -> Option<Fault> {
    let right = if wanted.statuses.is_empty() {
        (200..300).contains(&answer.status)
    } else {
        wanted.statuses.contains(&answer.status)
    };
    if !right {
        return Some(Fault::Status);
    }
    let text = answer.text();
    (!answers.is_empty() && !answers.iter().any(|expression| expression.is_match(&text))).then_some(Fault::Answer)
}

fn request(at: &At<'_>, wanted: &Http) -> Result<HttpRequest> {
    let url = at.render(&at.step.command)?.trim().to_owned();
    let authority = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    if authority.is_none_or(|(_, rest)| rest.is_empty() || rest.starts_with('/')) {
        // What is no address must not be repeated: it may hold a token.
        let help = "`url` is a whole address, such as https://example.com/hook";
        return Err(at.failed("`url` is no address", help).into());
    }
    let mut headers = at.pairs(&wanted.headers)?;
    let kind = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let kind = kind.map(|(_, value)| value.to_ascii_lowercase());
    let form = at.pairs(&wanted.form)?;
    let body = match (&wanted.body, &kind) {
        (Some(body), _) => at.render(body)?,
        (None, _) if form.is_empty() => String::new(),
        (None, Some(kind)) if kind.contains("application/json") => {
            let object = form.into_iter().map(|(name, value)| (name, value.into())).collect();
            serde_json::Value::Object(object).to_string()
        }
        (None, kind) => {
            if kind.is_none() {
                headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
            }
            encoded(form)
        }
    };
    Ok(HttpRequest {
        method: wanted.method,
        url: with_query(&url, at.pairs(&wanted.query)?),
        headers,
        body: body.into_bytes(),
        timeout: Some(at.step.timeout.unwrap_or(PATIENCE)),
    })
}

/// Names and values as a form has them, sorted.
fn encoded(mut pairs: Vec<(String, String)>) -> String {
    pairs.sort();
    let pair = |(name, value): &(String, String)| format!("{}={}", percent_encode(name), percent_encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&").replace("%20", "+")
}

/// The address with further parameters. They take the place of those of the same name.
fn with_query(url: &str, pairs: Vec<(String, String)>) -> String {
    if pairs.is_empty() {
        return url.to_owned();
    }
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let names: Vec<String> = pairs.iter().map(|(name, _)| percent_encode(name)).collect();
    let kept = query.split('&').filter(|pair| !pair.is_empty());
    let kept = kept.filter(|pair| !names.iter().any(|name| pair.split('=').next() == Some(name)));
    let query = kept.map(str::to_owned).chain([encoded(pairs)]).collect::<Vec<_>>().join("&");
    fragment.map_or_else(|| format!("{path}?{query}"), |fragment| format!("{path}?{query}#{fragment}"))
}

fn outcome(answer: &HttpResponse, attempts: u32, begun: Instant) -> step::Outcome {
    let mut headers = Map::default();
    for (name, value) in &answer.headers {
        let name: Vec<String> = name.split('-').map(capital).collect();
        let entry = headers.entry(name.join("-").into()).or_insert_with(|| Node::from(""));
        let before = entry.as_str().filter(|before| !before.is_empty()).map(|before| format!("{before}, "));
        *entry = Node::from(before.unwrap_or_default() + value);
    }
    let more = vec![
        ("status_code", Node::from(i64::from(answer.status))),
        ("status", Node::from(status(answer.status))),
        ("response_headers", Node::from(headers)),
        ("attempts", Node::from(i64::from(attempts))),
        ("duration", Node::from(format!("{:?}", begun.elapsed()))),
    ];
    let text = answer.text();
    step::Outcome { value: text.clone(), stdout: text, more, ..step::Outcome::default() }
}

/// The name of a header as people write it.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The number with its usual words.
fn status(code: u16) -> String {
    let words = match code {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return code.to_string(),
    };
    format!("{code} {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_and_put_in() {
        let pairs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(encoded(pairs(&[("b", "x y"), ("a", "1&2")])), "a=1%262&b=x+y");
        assert_eq!(with_query("http://h/p", Vec::new()), "http://h/p");
        assert_eq!(with_query("http://h/p?a=1&c=3#f", pairs(&[("a", "2")])), "http://h/p?c=3&a=2#f");
    }

    #[test]
    fn headers_have_their_usual_names() {
        let headers = [("content-type", "a"), ("x-id", "1"), ("x-id", "2")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let answer = HttpResponse { status: 418, headers, body: b"tea".to_vec() };
        let outcome = outcome(&answer, 2, Instant::now());
        let more = |key: &str| outcome.more.iter().find(|(known, _)| *known == key).map(|(_, node)| node).unwrap();
        assert_eq!(more("response_headers").get("X-Id").and_then(Node::as_str), Some("1, 2"));
        assert_eq!((more("status").as_str(), outcome.value.as_str()), (Some("418"), "tea"));
    }
}
