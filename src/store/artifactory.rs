//! Artifactory: a value is a file of JSON in a generic repository.

use super::line::{LIMIT, Line, excerpt};
use super::problem::Problem;
use super::settings::Spec;
use crate::fetch;
use crate::host::{HttpRequest, percent_encode_path};

/// Stands for no token at all.
const ANONYMOUS: &str = "anonymous";

pub(super) async fn read(line: &Line, spec: &Spec, name: &str) -> Result<String, Problem> {
    let call = request(line, spec, "GET", name)?;
    // Files may lie elsewhere: the server sends there.
    let answer = fetch::follow(&line.http, call, LIMIT).await;
    let answer = answer.map_err(|error| Problem::unreachable(format!("{} cannot be reached: {error}", spec.name)))?;
    match answer.status {
        200 => Ok(answer.text()),
        404 => Err(Problem::missing(name)),
        401 | 403 => Err(Problem::denied(excerpt(&answer))),
        _ => Err(Problem::refused(excerpt(&answer))),
    }
}

pub(super) async fn write(line: &Line, spec: &Spec, name: &str, text: &str) -> Result<(), Problem> {
    let call = request(line, spec, "PUT", name)?.header("content-type", "application/json");
    let answer = line.ask(HttpRequest { body: text.as_bytes().to_vec(), ..call }, |_| false).await?;
    match answer.status {
        200..=299 => Ok(()),
        401 | 403 => Err(Problem::denied(excerpt(&answer))),
        _ => Err(Problem::refused(excerpt(&answer))),
    }
}

/// A call about one file.
fn request(line: &Line, spec: &Spec, method: &'static str, name: &str) -> Result<HttpRequest, Problem> {
    let base = spec.required("url")?;
    let call = HttpRequest::new(method, format!("{}/{}", base.trim_end_matches('/'), percent_encode_path(name)));
    let token = token(line, spec)?;
    if token == ANONYMOUS {
        return Ok(call);
    }
    line.host.masker.register(&token.clone().into());
    Ok(call.header("authorization", format!("Bearer {token}")))
}

fn token(line: &Line, spec: &Spec) -> Result<String, Problem> {
    let env = &line.host.env;
    let variables = || env.get("ARTIFACTORY_ACCESS_TOKEN").or_else(|| env.get("JFROG_ACCESS_TOKEN")).map(str::to_owned);
    spec.option("access_token").or_else(variables).ok_or_else(|| {
        let reason = "there is no access token: neither `access_token` in `options`, nor ARTIFACTORY_ACCESS_TOKEN, nor \
                      JFROG_ACCESS_TOKEN";
        Problem::credentials(reason, "set one of them; `anonymous` reads without a token")
    })
}
