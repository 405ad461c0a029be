//! The tables of functions: nothing is missing, and what was left out says why.

use std::collections::BTreeSet;

use super::super::left_out::LEFT_OUT;
use super::oracle::render;
use super::world::TestWorld;
use crate::template::funcs::{gomplate, sprig};
use crate::template::{Functions, Val};

fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for function in sprig::FUNCTIONS.iter().chain(gomplate::FUNCTIONS).copied().flatten() {
        names.insert(function.name.to_owned());
    }
    for namespace in gomplate::NAMESPACES {
        for function in namespace.functions {
            assert!(
                names.insert(format!("{}.{}", namespace.name, function.name)),
                "{}.{} is there twice",
                namespace.name,
                function.name
            );
        }
    }
    names
}

#[test]
fn every_function_of_the_libraries_is_there() {
    let names = names();
    let known = include_str!("../../../../../tests/oracle/functions.txt");
    let missing: Vec<&str> = known.lines().filter(|name| !names.contains(*name)).collect();
    assert!(missing.is_empty(), "not there: {}", missing.join(" "));
    assert!(known.lines().count() > 450);
}

/// Functions that Go cannot be asked for: names are looked up over the network, or the library cannot be downloaded.
const UNASKED: [&str; 6] =
    ["getHostByName", "net.LookupIP", "net.LookupIPs", "net.ParseIP", "net.ParseIPPrefix", "net.ParseIPRange"];
/// Functions of which Go gave errors alone: `env` of sprig hides a namespace, and one function only fails.
const ONLY_ERRORS: [&str; 3] = ["env.ExpandEnv", "env.Getenv", "test.Fail"];

/// The names in a template: words, and two words with a dot between them.
fn words(text: &str, found: &mut BTreeSet<String>) {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    for part in text.split(|letter: char| !word(letter) && letter != '.') {
        let mut pieces = part.split('.').filter(|piece| !piece.is_empty());
        if let Some(first) = pieces.next().filter(|_| !part.starts_with('.')) {
            found.insert(first.to_owned());
            found.extend(pieces.next().map(|second| format!("{first}.{second}")));
        }
    }
}

#[test]
fn every_function_has_a_case_that_go_answered() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/cases");
    let (mut asked, mut count) = (BTreeSet::new(), 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        for case in file["cases"].as_array().unwrap() {
            count += 1;
            if case["expect"].is_null() {
                continue;
            }
            let lines = case["template"].as_array().cloned().unwrap_or_else(|| vec![case["template"].clone()]);
            for line in &lines {
                words(line.as_str().unwrap(), &mut asked);
            }
        }
    }
    let left_out = |name: &str| LEFT_OUT.iter().any(|function| function.name == name);
    let known = include_str!("../../../../../tests/oracle/functions.txt");
    let missing: Vec<&str> = known.lines().filter(|name| !asked.contains(*name) && !left_out(name)).collect();
    let expected: BTreeSet<&str> = UNASKED.into_iter().chain(ONLY_ERRORS).collect();
    assert_eq!(missing.into_iter().collect::<BTreeSet<_>>(), expected);
    assert!(count >= 2050, "{count} cases");
}

#[test]
fn functions_that_were_left_out_say_why() {
    let names = names();
    for function in LEFT_OUT {
        assert!(names.contains(function.name), "{} has no function", function.name);
        let text = format!("{{{{ {} }}}}", function.name);
        let error = render(&text, Functions::All, Val::Missing, &mut TestWorld::default()).unwrap_err();
        let reason = format!("{} is not built yet: {}", function.name, function.reason);
        assert!(error.ends_with(&reason), "{error}");
    }
}

#[test]
fn no_other_function_says_that_it_is_not_built() {
    for name in names() {
        if LEFT_OUT.iter().any(|function| function.name == name) {
            continue;
        }
        let text = format!("{{{{ {name} }}}}");
        let result = render(&text, Functions::All, Val::Missing, &mut TestWorld::default());
        assert!(!result.is_err_and(|error| error.contains("not built yet")), "{name}");
    }
}
