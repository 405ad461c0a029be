//! `exec`: what a program of the user's own prints, for clouds that have no kind of their own. Row 5.

use std::collections::HashSet;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::super::delivery::parse_given;
use super::super::error::Error as AuthError;
use super::super::given::Credentials;
use super::super::identity::credential_process::{Program, run, words};
use super::error::Error;
use super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::setting::{Setting, Shape};
use crate::cloud;
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
                    if !keys.are_keys() {
                        return Err(other("a key is empty, or has blanks or line breaks".to_owned()));
                    }
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

/// A key that an object of an answer has more than once: readers take one or the other.
struct Once(Option<String>);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Once, D::Error> {
        deserializer.deserialize_any(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Once;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let (mut seen, mut twice) = (HashSet::new(), None);
        while let Some(key) = map.next_key::<String>()? {
            twice = twice.or(map.next_value::<Once>()?.0);
            if !seen.insert(key.clone()) {
                twice.get_or_insert(key);
            }
        }
        Ok(Once(twice))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Once, A::Error> {
        let mut twice = None;
        while let Some(Once(below)) = list.next_element()? {
            twice = twice.or(below);
        }
        Ok(Once(twice))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
        Ok(Once(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Once, E> {
        Ok(Once(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
        Ok(Once(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
        Ok(Once(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Once, E> {
        Ok(Once(None))
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once(None))
    }
}

/// It is shown to people: nothing in it may add lines, or show others in another order.
fn steers(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A value that is not what its key wants, by name; the value may be secret.
fn odd_value(answer: &Map<String, Json>) -> Option<String> {
    let there = |key: &'static str| answer.get(key).filter(|value| !value.is_null()).map(|value| (key, value));
    for (key, value) in ["SessionToken", "Account", "Region", "Expiration"].into_iter().filter_map(there) {
        let Some(text) = value.as_str() else { return Some(format!("{key} is no text")) };
        if key != "SessionToken" && text.contains(steers) {
            return Some(format!("{key} has a character that steers the terminal"));
        }
        if key == "Expiration" && cloud::end(text).is_none() {
            return Some(format!("{key} is no time such as 2026-11-26T12:00:00Z"));
        }
    }
    for (key, value) in ["Variables", "Files", "Paths"].into_iter().filter_map(there) {
        let Some(map) = value.as_object() else { return Some(format!("{key} is no object")) };
        if let Some((name, _)) = map.iter().find(|(_, value)| !value.is_string()) {
            return Some(format!("{key}: the value of `{}` is no text", name.escape_debug()));
        }
    }
    for (key, value) in ["Public", "Remove"].into_iter().filter_map(there) {
        if !value.as_array().is_some_and(|list| list.iter().all(Json::is_string)) {
            return Some(format!("{key} is no list of texts"));
        }
    }
    let variables = answer.get("Variables").and_then(Json::as_object);
    let public = answer.get("Public").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let mut strange = public.filter(|name| variables.is_none_or(|known| !known.contains_key(*name)));
    strange.next().map(|name| format!("Public: `{}` is not among Variables", name.escape_debug()))
}

/// What keeps an answer from being credentials. Only names of keys are repeated: the rest may be secret.
fn strangeness(text: &str) -> Option<String> {
    let Ok(Json::Object(answer)) = serde_json::from_str::<Json>(text) else {
        return Some("it is no JSON object".to_owned());
    };
    if let Ok(Once(Some(key))) = serde_json::from_str(text) {
        return Some(format!("`{}` is there twice", key.escape_debug()));
    }
    if answer.get("Version").and_then(Json::as_i64) != Some(1) {
        return Some("Version is not 1".to_owned());
    }
    let first = |keys: &[&'static str]| keys.iter().find(|key| answer.contains_key(**key)).copied();
    match (first(&KEYS), first(&VARIABLES)) {
        (Some(key), Some(other)) => Some(format!("{key} and {other}: keys of AWS, or variables of another cloud")),
        (None, None) => Some("it has neither AccessKeyId nor Variables or Files".to_owned()),
        (Some(_), None) => {
            if let Some(reason) = odd_value(&answer) {
                return Some(reason);
            }
            let missing = ["AccessKeyId", "SecretAccessKey"].into_iter().find(|key| {
                answer.get(*key).and_then(Json::as_str).is_none_or(|text| text.is_empty() || text.contains('\0'))
            });
            missing.map(|key| format!("{key} is missing, or no text"))
        }
        (None, Some(_)) => {
            let known = |key: &str| VARIABLES.contains(&key) || OTHERS.contains(&key);
            let Some(odd) = answer.keys().find(|key| !known(key)) else { return odd_value(&answer) };
            let near = nearest(odd, VARIABLES.into_iter().chain(OTHERS));
            let near = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            Some(format!("unknown key `{}`{near}", odd.escape_debug()))
        }
    }
}
