//! Every case of `tests/oracle/cases` of the two libraries: what Go printed, and the whole text of its errors.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use super::world::TestWorld;
use crate::template::{Functions, Limits, MissingKey, Options, Source, Template, Val};
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

pub(super) fn render(text: &str, functions: Functions, data: Val, world: &mut TestWorld) -> Result<String, String> {
    render_within(text, functions, data, world, Limits::default())
}

pub(super) fn render_within(
    text: &str,
    functions: Functions,
    data: Val,
    world: &mut TestWorld,
    limits: Limits,
) -> Result<String, String> {
    let source = Source { functions, ..Source::new("t", text) };
    let template = Template::parse(&source).map_err(|error| error.to_string())?;
    let options = Options { missing_key: MissingKey::Default, limits };
    template.render(data, &options, world).map_err(|error| error.to_string())
}

fn texts(json: &Json) -> BTreeMap<String, String> {
    let entries = json.as_object().into_iter().flatten();
    entries.map(|(key, text)| (key.clone(), text.as_str().unwrap().to_owned())).collect()
}

/// Runs the cases of one file. What is known to differ says so in the case, under `differs`.
fn check(topic: &str, at_least: usize) {
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
        let functions = match case["funcs"].as_str() {
            Some("none") => Functions::BuiltIn,
            Some("sprig") => Functions::Sprig,
            _ => Functions::All,
        };
        let mut world = TestWorld {
            env: texts(&file["env"]),
            files: texts(&file["files"]),
            sources: texts(&file["datasources"]),
            ..TestWorld::default()
        };
        let data = case.get("data").map_or(Val::Missing, |json| Val::from(data(json)));
        let found = render(case["template"].as_str().unwrap(), functions, data, &mut world);
        if found != expected {
            wrong.push(format!("{}\n  Go:   {expected:?}\n  ours: {found:?}", case["template"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= at_least, "{} cases", cases.len());
}

#[test]
fn text_of_sprig() {
    check("sprig-strings", 90);
}

#[test]
fn lists_of_sprig() {
    check("sprig-lists", 40);
}

#[test]
fn maps_of_sprig() {
    check("sprig-dicts", 80);
}

#[test]
fn arithmetic_encodings_and_versions_of_sprig() {
    check("sprig-math", 60);
}

#[test]
fn dates_of_sprig() {
    check("sprig-dates", 35);
}

#[test]
fn text_files_and_small_namespaces_of_gomplate() {
    check("gomplate-strings", 85);
}

#[test]
fn collections_conversions_and_data_of_gomplate() {
    check("gomplate-data", 90);
}

/// Those that no other list asks for; what chance and the clock decide is asked for its form.
#[test]
fn functions_that_no_other_list_has() {
    check("functions", 80);
}

#[test]
fn networks_of_gomplate() {
    check("gomplate-net", 15);
}
