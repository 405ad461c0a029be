//! Every case of `tests/oracle/cases` of the language: what Go printed, and the whole text of its errors.

use std::path::Path;

use serde_json::Value as Json;

use crate::template::{Delimiters, Functions, MissingKey, Nothing, Options, Source, Template, Val};
use crate::value::{Map, Node, Value};

/// Data of a case, with the types that Go's YAML gives: a number with a point or an exponent is a float.
fn data(json: &Json) -> Node {
    match json {
        Json::Array(list) => Node::from(list.iter().map(data).collect::<Vec<_>>()),
        Json::Object(map) => {
            Node::from(map.iter().map(|(key, json)| (key.as_str().into(), data(json))).collect::<Map>())
        }
        Json::Number(number) if number.is_f64() => Node::from(Value::Float(number.as_f64().unwrap())),
        json => crate::value::from_json(json),
    }
}

fn render(case: &Json) -> Result<String, String> {
    let text = match &case["template"] {
        Json::Array(lines) => lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n"),
        text => text.as_str().unwrap().to_owned(),
    };
    let mut source = Source { functions: Functions::BuiltIn, ..Source::new("t", &text) };
    if let Json::Array(marks) = &case["delims"] {
        source.delimiters = Delimiters::new(marks[0].as_str().unwrap(), marks[1].as_str().unwrap()).unwrap();
    }
    let missing_key = match case["missingkey"].as_str() {
        Some("error") => MissingKey::Error,
        Some("zero") => MissingKey::Zero,
        _ => MissingKey::Default,
    };
    let options = Options { missing_key, ..Options::default() };
    let data = case.get("data").map_or(Val::Missing, |json| Val::from(data(json)));
    let template = Template::parse(&source).map_err(|error| error.to_string())?;
    template.render(data, &options, &mut Nothing).map_err(|error| error.to_string())
}

/// Runs the cases of one file; returns how many there are and what differs.
fn differences(topic: &str) -> (usize, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/oracle/cases/{topic}.json"));
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let expected = match (&case["expect"], &case["error"]) {
            (Json::String(text), _) => Ok(text.clone()),
            (_, Json::String(text)) => Err(text.clone()),
            _ => panic!("no result: {case}"),
        };
        let found = render(case);
        if found != expected {
            wrong.push(format!(
                "{}\n  data: {}\n  Go:   {expected:?}\n  ours: {found:?}",
                case["template"], case["data"]
            ));
        }
    }
    (cases.len(), wrong)
}

fn check(topic: &str, at_least: usize) {
    let (count, wrong) = differences(topic);
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= at_least, "{count} cases");
}

#[test]
fn language_is_that_of_go() {
    check("language", 150);
}

#[test]
fn printing_is_that_of_go() {
    check("printf", 150);
}

#[test]
fn built_in_functions_are_those_of_go() {
    check("builtin", 80);
}

#[test]
fn errors_are_those_of_go() {
    check("errors", 80);
}
