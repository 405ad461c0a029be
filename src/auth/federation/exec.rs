//! `exec`: what a program of the user's own prints, for clouds that have no kind of their own. Row 5.

use std::time::Duration;

use serde_json::Value as Json;

use super::super::delivery::parse_given;
use super::super::error::Error as AuthError;
use super::super::given::Credentials;
use super::super::identity::credential_process::{Program, run, words};
use super::error::Error;
use super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::setting::{Setting, Shape};
use crate::diag::nearest;
use crate::secret::Expose as _;
use crate::span::Span;
use crate::value::{DurationForm, parse_duration};

/// A program that may talk to a person is waited for longer than one that may not.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_WITH_PERSON: Duration = Duration::from_mins(5);
/// Longest time that one may ask for.
const LONGEST: Duration = Duration::from_mins(30);
const COMMAND: &str = "spec.command";
const TIMEOUT: &str = "spec.timeout";
const HELP: &str = "run `spec.command` yourself to see what it prints: one JSON object with Version 1, and AccessKeyId and \
                    SecretAccessKey, or Variables and Files (docs/guide/kinds.md)";

/// Keys of the one form of an answer and of the other, and those that go with the second.
const KEYS: [&str; 3] = ["AccessKeyId", "SecretAccessKey", "SessionToken"];
const VARIABLES: [&str; 5] = ["Variables", "Files", "Paths", "Public", "Remove"];
const OTHERS: [&str; 4] = ["Version", "Account", "Region", "Expiration"];

pub(crate) struct Exec;

impl Module for Exec {
    fn kind(&self) -> &'static str {
        "exec"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 2] = [
            Setting { path: COMMAND, shape: Shape::Texts, required: true, about: "The program with its arguments" },
            Setting::text(TIMEOUT, "How long it may take"),
        ];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Credentials
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        let command = program(entry).err().map(|reason| (format!("{COMMAND} {reason}"), entry.span_of(COMMAND)));
        let limit = patience(entry, false).err().map(|reason| (reason, entry.span_of(TIMEOUT)));
        command.into_iter().chain(limit).collect()
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let (context, entry) = (step.context, step.entry);
            let failed = |reason: String| -> AuthError {
                Error::Program { who: entry.shown(), reason, help: HELP.to_owned() }.into()
            };
            let talks = context.may_prompt();
            let program = Program {
                words: program(&entry).map_err(|reason| failed(format!("{COMMAND} {reason}")))?,
                patience: patience(&entry, talks).map_err(failed)?,
                talks,
            };
            let printed = run(context, program).await?.map_err(|reason| failed(format!("it {reason}")))?;
            let now = context.host.now();
            let given = match strangeness(&printed) {
                None => {
                    parse_given(&printed, now).ok_or_else(|| "a value is of another type than it should be".to_owned())
                }
                Some(reason) => Err(reason),
            };
            let other = |reason| failed(format!("it printed something else than credentials: {reason}"));
            let mut given = given.map_err(other)?;
            given.mask(&context.host.masker);
            if let Some(end) = given.expiration().filter(|end| *end <= now) {
                return Err(failed(format!("what it gives ended at {end:.0}, and it is {now:.0} now")));
            }
            match &mut given {
                Credentials::Aws(keys) => {
                    keys.region = step.region.map(str::to_owned);
                    keys.session_token = keys.session_token.take().filter(|token| !token.expose_secret().is_empty());
                }
                Credentials::Environment(given) => {
                    if let Some(reason) = given.problem() {
                        return Err(failed(reason));
                    }
                }
            }
            Ok(match given {
                Credentials::Aws(keys) => Proof::Aws(keys),
                Credentials::Environment(given) => Proof::Environment(given, None),
            })
        })
    }
}

/// A list as it is, a text by the rules of a shell.
fn program(entry: &Entry<'_>) -> Result<Vec<String>, String> {
    let list = entry.at(COMMAND).is_some_and(|node| node.as_list().is_some());
    let written = entry.texts(COMMAND);
    let words = if list { written } else { words(written.first().map(String::as_str).unwrap_or_default())? };
    if words.first().is_none_or(String::is_empty) { Err("is no command".to_owned()) } else { Ok(words) }
}

fn patience(entry: &Entry<'_>, talks: bool) -> Result<Duration, String> {
    let Some(text) = entry.text(TIMEOUT) else { return Ok(if talks { PATIENCE_WITH_PERSON } else { PATIENCE }) };
    let read = parse_duration(&text, DurationForm::Go).filter(|read| !read.is_zero() && *read <= LONGEST);
    read.ok_or_else(|| format!("{TIMEOUT} `{text}` is no time of 30 minutes or less, such as 45s"))
}

/// What keeps an answer from being credentials. Only names of keys are repeated: the rest may be secret.
fn strangeness(text: &str) -> Option<String> {
    let Ok(Json::Object(answer)) = serde_json::from_str::<Json>(text) else {
        return Some("it is no JSON object".to_owned());
    };
    if answer.get("Version").and_then(Json::as_i64) != Some(1) {
        return Some("Version is not 1".to_owned());
    }
    let first = |keys: &[&'static str]| keys.iter().find(|key| answer.contains_key(**key)).copied();
    match (first(&KEYS), first(&VARIABLES)) {
        (Some(key), Some(other)) => Some(format!("{key} and {other}: keys of AWS, or variables of another cloud")),
        (None, None) => Some("it has neither AccessKeyId nor Variables or Files".to_owned()),
        (Some(_), None) => {
            let missing = ["AccessKeyId", "SecretAccessKey"].into_iter().find(|key| {
                answer.get(*key).and_then(Json::as_str).is_none_or(|text| text.is_empty() || text.contains('\0'))
            });
            missing.map(|key| format!("{key} is missing, or no text"))
        }
        (None, Some(_)) => {
            let known = |key: &str| VARIABLES.contains(&key) || OTHERS.contains(&key);
            let odd = answer.keys().find(|key| !known(key))?;
            let near = nearest(odd, VARIABLES.into_iter().chain(OTHERS));
            let near = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            Some(format!("unknown key `{}`{near}", odd.escape_debug()))
        }
    }
}
