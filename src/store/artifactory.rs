//! Artifactory: a value is a file of JSON in a generic repository.

use super::line::{LIMIT, Line, excerpt};
use super::problem::Problem;
use super::settings::Spec;
use crate::fetch;
use crate::host::{HttpRequest, percent_encode_path};

/// Stands for no token at all.
const ANONYMOUS: &str = "anonymous";

pub(super) async fn read(line: &Line, spec: &Spec, name: &str) -> Result<String, Problem> {
    let base = spec.required("url")?;
    let path = percent_encode_path(name);
    let mut call = HttpRequest::new("GET", format!("{}/{path}", base.trim_end_matches('/')));
    let token = token(line, spec)?;
    if token != ANONYMOUS {
        line.host.masker.register(&token.clone().into());
        call = call.header("authorization", format!("Bearer {token}"));
    }
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

fn token(line: &Line, spec: &Spec) -> Result<String, Problem> {
    let env = &line.host.env;
    let variables = || env.get("ARTIFACTORY_ACCESS_TOKEN").or_else(|| env.get("JFROG_ACCESS_TOKEN")).map(str::to_owned);
    spec.option("access_token").or_else(variables).ok_or_else(|| {
        let reason = "there is no access token: neither `access_token` in `options`, nor ARTIFACTORY_ACCESS_TOKEN, nor \
                      JFROG_ACCESS_TOKEN";
        Problem::credentials(reason, "set one of them; `anonymous` reads without a token")
    })
}
