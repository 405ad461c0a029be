//! Differential tests: the cases of `tests/oracle-yq` hold what yq itself says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::query::words::{Meaning, WORDS};
use crate::query::{Error, Query, operators};
use crate::span::Sources;
use crate::value::{Node, Value};

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle-yq/cases")
}

pub(super) fn read(text: &str) -> Node {
    let sources = Sources::new();
    crate::yaml::parse(&sources, Path::new("doc.yaml"), Path::new(""), Arc::from(text))
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What yq writes for a result, with the numbers in one form: `2.0` and `2` are one number.
fn shown(results: &[Node]) -> String {
    results.iter().map(operators::json_text).collect::<Vec<_>>().join(" ; ")
}

fn evaluate(query: &str, document: &str, environment: Option<&Node>) -> Result<Vec<Node>, Error> {
    let lookup = |name: &str| environment.and_then(|all| all.get(name)).and_then(Node::scalar_text);
    let query = Query::parse(query)?;
    let document = read(document);
    if environment.is_some() { query.evaluate_with(&document, &lookup) } else { query.evaluate(&document) }
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str)
}

#[test]
fn yq_says_the_same() {
    let mut failures = Vec::new();
    let mut count = 0;
    let mut files: Vec<_> = std::fs::read_dir(cases_folder()).unwrap().flatten().map(|file| file.path()).collect();
    files.sort();
    for file in files {
        let topic = read(&std::fs::read_to_string(&file).unwrap());
        let shared = text(&topic, "document").unwrap_or_default();
        for case in topic.get("cases").and_then(Node::as_list).unwrap() {
            count += 1;
            let query = text(case, "query").unwrap();
            let document = text(case, "document").unwrap_or(shared);
            let found = evaluate(query, document, topic.get("env"));
            let expected = match case.get("expect").map(|expect| &expect.value) {
                Some(Value::List(list)) => Ok(shown(list)),
                _ => Err(text(case, "error").unwrap_or_default().to_owned()),
            };
            let found = found.map(|results| shown(&results)).map_err(|error| error.to_string());
            let agrees = match (&expected, &found) {
                (Ok(expected), Ok(found)) => expected == found,
                (Err(expected), Err(found)) => same_core(expected, found),
                _ => false,
            };
            if !agrees {
                failures.push(format!("{query}\n   yq: {expected:?}\n   we: {found:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count}\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 1900, "{count} cases");
}

#[test]
fn every_word_of_the_language_has_a_case() {
    let mut queries = Vec::new();
    for file in std::fs::read_dir(cases_folder()).unwrap().flatten() {
        let topic = read(&std::fs::read_to_string(file.path()).unwrap());
        let cases = topic.get("cases").and_then(Node::as_list).unwrap().to_vec();
        queries.extend(
            cases
                .iter()
                .filter(|case| case.get("expect").is_some())
                .filter_map(|case| text(case, "query"))
                .map(str::to_owned),
        );
    }
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let has = |query: &str, word: &str| {
        query.match_indices(word).any(|(at, _)| {
            !is_part(query[..at].chars().next_back()) && !is_part(query[at + word.len()..].chars().next())
        })
    };
    let words = WORDS.iter().filter(|(_, meaning)| matches!(meaning, Meaning::Op(_))).map(|(word, _)| *word);
    let missing: Vec<&str> = words.filter(|word| !queries.iter().any(|query| has(query, word))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Phrases of yq that messages here keep, since scripts look for them. The rest is in our own words.
const CORE: &[&str] = &[
    "bad expression",
    "cannot be added to",
    "cannot be divided by",
    "cannot check contained in",
    "cannot convert node",
    "cannot encode",
    "cannot get keys of",
    "cannot index array with",
    "cannot modulo by",
    "cannot multiply",
    "cannot pick indices",
    "could not find matching `]`",
    "could not find matching `}`",
    "error parsing regexp",
    "expected to find one",
    "expects 1 arg",
    "expects 2 args",
    "has no keys",
    "illegal base64 data",
    "is not an array",
    "not provided in env()",
    "not yet supported for comparison",
    "only arrays are supported",
    "only supports arrays",
    "out of range",
    "please check expression syntax",
    "strings cannot be subtracted",
    "wrong number of fields",
];

/// Operators that this language leaves out say so by name.
fn same_core(expected: &str, found: &str) -> bool {
    let lexical = !expected.contains("invalid input text")
        || found.contains("invalid input text")
        || found.contains("is not supported");
    // yq says "added" of a subtraction too.
    lexical
        && CORE
            .iter()
            .all(|phrase| !expected.contains(phrase) || found.contains(phrase) || found.contains("subtracted"))
}
