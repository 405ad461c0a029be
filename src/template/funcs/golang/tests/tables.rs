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
