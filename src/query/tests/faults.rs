//! Errors: the marked place, the stable code, the next step, and what is left out.

use std::path::Path;

use miette::Diagnostic as _;

use super::oracle::read;
use crate::query::words::{Meaning, WORDS};
use crate::query::{Error, Query};
use crate::value::Node;

const DOCUMENT: &str = "a: {b: secret-value}\nlist: [3, 1]\ntext: hello\n";

fn fault(query: &str) -> Error {
    match Query::parse(query) {
        Ok(query) => query.evaluate(&read(DOCUMENT)).unwrap_err(),
        Err(error) => error,
    }
}

/// The marked part of the expression, the code and the help.
fn described(error: &Error) -> (String, String, String) {
    let label = error.labels().unwrap().next().unwrap();
    let source = error.source_code().unwrap().read_span(label.inner(), 0, 0).unwrap();
    let marked = String::from_utf8_lossy(source.data()).into_owned();
    let text = |part: Option<Box<dyn std::fmt::Display + '_>>| part.map(|part| part.to_string()).unwrap_or_default();
    (marked, text(error.code()), text(error.help()))
}

#[test]
fn errors_mark_the_part_that_failed() {
    for (query, marked, code) in [
        (".a | mapp(.b)", "mapp", "atmos::query::syntax"),
        (".a | uppcase", "uppcase", "atmos::query::syntax"),
        (".a[", "[", "atmos::query::syntax"),
        ("(.a | {\"x\": 1", "{", "atmos::query::syntax"),
        (".a | ", "|", "atmos::query::syntax"),
        (".a foo", "foo", "atmos::query::syntax"),
        ("\"never closed", "\"never closed", "atmos::query::syntax"),
        ("1e999", "1e999", "atmos::query::syntax"),
        (".list | load(\"x\")", "load", "atmos::query::unsupported"),
        ("if .a then 1", "if", "atmos::query::unsupported"),
        (".list | .x", ".x", "atmos::query::evaluation"),
        (".a | .b - 1", "-", "atmos::query::evaluation"),
        (".text | test(\"[\")", "test", "atmos::query::evaluation"),
        ("\"x\\(.list.y)\"", "\"x\\(.list.y)\"", "atmos::query::evaluation"),
        ("strenv(HOME)", "strenv(HOME)", "atmos::query::evaluation"),
        ("error(\"no\")", "error", "atmos::query::evaluation"),
    ] {
        let error = fault(query);
        let (found, found_code, _) = described(&error);
        assert_eq!((found.as_str(), found_code.as_str()), (marked, code), "{query}: {error}");
        let whole = error.to_string();
        assert!(whole.starts_with(&format!("failed to evaluate YQ expression '{query}': ")), "{whole}");
    }
}

#[test]
fn errors_name_the_next_step() {
    for (query, help) in [
        (".a | mapp(.b)", "did you mean `map`?"),
        (".list | sort_bye(.x)", "did you mean `sort_by`?"),
        (".a | zzzzzzz", "there is no operator `zzzzzzz`"),
        (".list.x", "use `[0]`, `[]` for each item"),
        ("if .a then 1", "use `select(…)`"),
        ("strenv(X)", "use `!env`"),
        (".list as $x", "write `.a as $x | .b + $x`"),
    ] {
        let (_, _, found) = described(&fault(query));
        assert!(found.contains(help), "{query}: {found}");
    }
}

#[test]
fn errors_do_not_tell_values() {
    for query in [
        ".a.b | to_number",
        ".a.b - 1",
        ".list[.a.b]",
        ".list | pick([.[]] | map(\"secret-value\"))",
        ".a.b | from_json | .x | error",
        ".a.b * .a.b",
        ".a.b | @base64d",
        ".a.b | keys",
    ] {
        let error = fault(query);
        let (_, _, help) = described(&error);
        let cause = error.to_string().replace(query, "");
        assert!(!cause.contains("secret-value") && !help.contains("secret-value"), "{query}: {error}");
    }
}

#[test]
fn the_environment_is_closed_unless_it_is_given() {
    let query = Query::parse("strenv(HOME) + \"/x\"").unwrap();
    assert!(query.evaluate(&Node::default()).unwrap_err().to_string().contains("env operations have been disabled"));
    let given = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
    assert_eq!(query.evaluate_with(&Node::default(), &given).unwrap(), [Node::from("/home/me/x")]);
}

#[test]
fn every_word_is_in_the_documentation() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/query.md")).unwrap();
    let (supported, left_out) = page.split_once("## Left out").unwrap();
    for (word, meaning) in WORDS {
        let quoted = format!("`{word}`");
        match meaning {
            Meaning::Op(_) => assert!(supported.contains(&quoted), "{word} is not in the table of what is supported"),
            Meaning::Missing(reason) => {
                assert!(left_out.contains(&quoted), "{word} is not in the table of what is left out");
                let (marked, code, help) = described(&fault(&format!(".a | {word}")));
                assert_eq!((marked.as_str(), code.as_str()), (*word, "atmos::query::unsupported"));
                assert!(help.starts_with(reason), "{help}");
            }
        }
    }
}

#[test]
fn the_document_stays_as_it_was() {
    let document = read(DOCUMENT);
    let before = format!("{document:?}");
    for query in [".a.b = 1", "del(.list[0])", ".list[] |= . + 1", ".new.deep = 1", "sort_keys(..)", ".list | flatten"]
    {
        Query::parse(query).unwrap().evaluate(&document).unwrap();
        assert_eq!(format!("{document:?}"), before, "{query}");
    }
}

#[test]
fn untouched_parts_are_shared_and_keep_their_places() {
    let document = read("a:\n  b: [1, 2]\nc: 3\n");
    let found = Query::parse(".c = 4").unwrap().first(&document).unwrap();
    let (before, after) = (document.get("a").unwrap(), found.get("a").unwrap());
    assert_eq!(before.span, after.span);
    match (&before.value, &after.value) {
        (crate::value::Value::Map(before), crate::value::Value::Map(after)) => {
            assert!(std::sync::Arc::ptr_eq(before, after));
        }
        _ => panic!("a is no map"),
    }
}

#[test]
fn first_and_is_true_take_the_first_result() {
    let document = read(DOCUMENT);
    let first = |query: &str| Query::parse(query).unwrap().first(&document).unwrap();
    assert_eq!(first(".list[]"), Node::from(3));
    assert_eq!(first(".list[] | select(. > 9)"), Node::default());
    for (query, expected) in
        [(".text == \"h*\"", true), (".text", false), (".nope", false), (".list[] | . > 2", true), ("\"true\"", false)]
    {
        assert_eq!(Query::parse(query).unwrap().is_true(&document).unwrap(), expected, "{query}");
    }
}

#[test]
fn yaml_functions_stay_functions() {
    let document = read("a: !env HOME\nb: {c: !exec ls}\n");
    let first = |query: &str| Query::parse(query).unwrap().first(&document).unwrap();
    assert_eq!(first(".a"), *document.get("a").unwrap());
    assert_eq!(first(".b.x = 1 | .b.c"), *document.get("b").unwrap().get("c").unwrap());
    assert_eq!(first(".a | tag"), Node::from("!env"));
}

#[test]
fn nothing_becomes_a_yaml_function() {
    let document = read("a: !env HOME\ntext: \"!exec ls\"\nname: \"!exec\"\n");
    for (query, expected) in [
        (".a |= tag | .a", "!env"),
        (".a = .text | .a", "!exec ls"),
        (".a + \"x\"", "HOMEx"),
        (".text tag = \"!exec\" | .text", "!exec ls"),
        (".text tag = .name | .text", "!exec ls"),
        (".text | from_yaml", "ls"),
        ("\"[!exec ls]\" | from_yaml | .[0]", "ls"),
        ("{\"a\": \"x\"} * {\"a\": .a} | .a | to_string", "HOME"),
        ("\"a\\n!exec ls\\n\" | @csvd | .[0].a", "!exec ls"),
    ] {
        assert_eq!(Query::parse(query).unwrap().first(&document).unwrap(), Node::from(expected), "{query}");
    }
}
