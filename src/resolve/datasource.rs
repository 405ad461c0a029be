//! Data sources of templates: files, variables, and what is behind an address. Each is read once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::datafile;
pub(super) use super::datafile::as_floats;
use super::outside::Outside;
use super::settings;
use crate::diag::nearest;
use crate::fetch;
use crate::host::{HttpRequest, Once, Refused};
use crate::secret::{Secret, is_secret_name};
use crate::template::{Problem, Val, World as _};
use crate::value::Node;

/// Longest data source of another machine.
const LIMIT: usize = 16 << 20;

type Read<T> = Result<T, (String, String)>;

/// What was read already: parsed, by address and type; texts of other machines by address and headers.
#[derive(Debug, Default)]
pub(super) struct Known {
    parsed: Once<String, Read<Node>>,
    remote: Once<String, Read<Remote>>,
}

/// The address behind an alias; `None` when it is not known.
pub(super) fn address(outside: &Outside<'_, '_>, alias: &str) -> Option<String> {
    let evaluation = outside.evaluation;
    let configured = settings::datasource(evaluation.evaluator.config, evaluation.instance, alias);
    let url = configured.and_then(|source| source.get("url")?.as_str().map(str::to_owned));
    url.or_else(|| outside.defined.get(alias).cloned())
}

/// A data source, parsed by its type.
pub(super) fn read(outside: &Outside<'_, '_>, alias: &str, arguments: &[Val]) -> Result<Node, Problem> {
    let source = Address::of(outside, alias, arguments)?;
    // A variable may differ between components.
    if matches!(source.origin, Origin::Variable(_)) {
        return source.parsed(outside).map_err(said);
    }
    let known = &outside.evaluation.evaluator.memo.sources;
    known.parsed.get(source.key(), || source.parsed(outside)).map_err(said)
}

/// The text of a data source.
pub(super) fn text(outside: &Outside<'_, '_>, alias: &str, arguments: &[Val]) -> Result<String, Problem> {
    Address::of(outside, alias, arguments)?.text(outside).map(|(text, _)| text).map_err(said)
}

fn said((reason, help): (String, String)) -> Problem {
    let problem = Problem::new(reason);
    if help.is_empty() { problem } else { problem.help(help) }
}

/// What another machine sent, and of which type it says that it is.
#[derive(Debug, Clone)]
struct Remote {
    text: String,
    media_type: Option<String>,
}

#[derive(Debug)]
enum Origin {
    File(PathBuf),
    Variable(String),
    Remote { url: String, headers: Vec<(String, String)>, timeout: Duration },
}

#[derive(Debug)]
struct Address {
    origin: Origin,
    /// `?type=` of the address.
    kind: Option<String>,
}

impl Address {
    fn of(outside: &Outside<'_, '_>, alias: &str, arguments: &[Val]) -> Result<Address, Problem> {
        let url = address(outside, alias).ok_or_else(|| unknown(outside, alias))?;
        let (location, query) = url.split_once('?').unwrap_or((&url, ""));
        let below = arguments.first().and_then(Val::as_str);
        let kind = below.and_then(|below| kind(below.split_once('?')?.1)).or_else(|| kind(query));
        let (scheme, rest) = match location.split_once("://") {
            Some((scheme, rest)) => (scheme, rest),
            None => match location.split_once(':') {
                Some((scheme @ ("env" | "stdin" | "merge"), rest)) => (scheme, rest),
                Some(("file", rest)) => ("file", rest),
                _ => ("file", location),
            },
        };
        let origin = match scheme {
            "file" => {
                let path = outside.evaluation.evaluator.host.cwd.join(rest);
                Origin::File(below.map_or_else(|| path.clone(), |below| path.join(below)))
            }
            "env" => Origin::Variable(rest.trim_start_matches('/').to_owned()),
            "http" | "https" => remote(outside, alias, below.map_or(url.clone(), |below| fetch::join(&url, below))),
            scheme => return Err(not_built(alias, &format!("of the kind `{scheme}`"))),
        };
        Ok(Address { origin, kind })
    }

    /// What makes two sources the same.
    fn key(&self) -> String {
        format!("{self:?}")
    }

    /// The text and what it is called by those who sent it.
    fn text(&self, outside: &Outside<'_, '_>) -> Read<(String, Option<String>)> {
        match &self.origin {
            Origin::Variable(name) => Ok((outside.variable(name).unwrap_or_default(), None)),
            Origin::File(path) => {
                may_read(outside, path)?;
                let failed = |error: std::io::Error| (format!("open {}: {error}", path.display()), String::new());
                Ok((std::fs::read_to_string(path).map_err(failed)?, None))
            }
            Origin::Remote { url, headers, timeout } => {
                let known = &outside.evaluation.evaluator.memo.sources.remote;
                let remote = known.get(format!("{url} {headers:?}"), || ask(outside, url, headers, *timeout))?;
                Ok((remote.text, remote.media_type))
            }
        }
    }

    fn parsed(&self, outside: &Outside<'_, '_>) -> Read<Node> {
        let path = match &self.origin {
            Origin::File(path) if path.is_dir() => {
                may_read(outside, path)?;
                return datafile::listing(path).map_err(|reason| (reason, String::new()));
            }
            Origin::File(path) => path.clone(),
            Origin::Variable(name) => PathBuf::from(name),
            Origin::Remote { url, .. } => PathBuf::from(fetch::shown(url)),
        };
        let (text, media_type) = self.text(outside)?;
        let kind = self.kind.as_deref().or(media_type.as_deref());
        let host = outside.evaluation.evaluator.host;
        datafile::parsed(host, &path, kind, text).map_err(|reason| (reason, String::new()))
    }
}

/// `type` among the parameters of an address.
fn kind(query: &str) -> Option<String> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("type="))
        .map(|kind| kind.replace("%2F", "/").replace("%2f", "/"))
}

fn remote(outside: &Outside<'_, '_>, alias: &str, url: String) -> Origin {
    let evaluation = outside.evaluation;
    let (config, instance) = (evaluation.evaluator.config, evaluation.instance);
    let headers = settings::headers(config, instance, alias);
    let masker = &evaluation.evaluator.host.masker;
    masker.register_user(&url);
    for (name, value) in &headers {
        if name.eq_ignore_ascii_case("authorization") || is_secret_name(name) {
            masker.register(&Secret::from(value.clone()));
        }
    }
    Origin::Remote { url, headers, timeout: settings::timeout(config, instance) }
}

fn may_read(outside: &Outside<'_, '_>, path: &Path) -> Read<()> {
    outside.evaluation.evaluator.host.may_read(path).map_err(refused)
}

fn refused(refused: Refused) -> (String, String) {
    (refused.to_string(), refused.help)
}

/// Asks another machine, once.
fn ask(outside: &Outside<'_, '_>, url: &str, headers: &[(String, String)], timeout: Duration) -> Read<Remote> {
    let host = outside.evaluation.evaluator.host;
    let shown = fetch::shown(url);
    host.may_fetch(&shown).map_err(refused)?;
    let help = || "check the address, the network, and `templates.settings.gomplate.timeout` (seconds)".to_owned();
    let request = headers.iter().fold(HttpRequest::get(url), |all, (name, value)| all.header(name, value.as_str()));
    let answer = fetch::answer(host, HttpRequest { timeout: Some(timeout), ..request }, LIMIT);
    let answer = answer.map_err(|error| (format!("GET {shown}: {error}"), help()))?;
    if answer.status != 200 {
        return Err((format!("Unexpected HTTP status {} on GET from {shown}", answer.status), help()));
    }
    let media_type = answer.header("content-type").and_then(|value| value.split(';').next());
    let media_type = media_type.map(|value| value.trim().to_ascii_lowercase()).filter(|value| !value.is_empty());
    Ok(Remote { text: answer.text(), media_type })
}

fn unknown(outside: &Outside<'_, '_>, alias: &str) -> Problem {
    let evaluation = outside.evaluation;
    let known = settings::datasources(evaluation.evaluator.config, evaluation.instance);
    let near = nearest(alias, known.iter().map(String::as_str));
    let help = near.map_or_else(
        || "define it below `templates.settings.gomplate.datasources`, or in `settings.templates.settings` of the stack".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Problem::new(format!("undefined datasource '{alias}'")).help(help)
}

fn not_built(alias: &str, how: &str) -> Problem {
    Problem::new(format!("the datasource '{alias}' is not built yet: data {how}"))
        .help("use a file, `https://…` or `env:///NAME`")
}
