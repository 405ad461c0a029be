//! Texts before and after a change.

use serde_json::json;

use super::{Refused, Step, delete, get, set};
use crate::value::{from_json, to_json};

fn path(text: &str) -> Vec<Step> {
    let step = |part: &str| part.parse().map_or_else(|_| Step::Key(part.to_owned()), Step::Index);
    text.split('.').filter(|part| !part.is_empty()).map(step).collect()
}

#[track_caller]
fn sets(before: &str, at: &str, value: &serde_json::Value, after: &str) {
    let edited = set(before, &path(at), &from_json(value)).unwrap_or_else(|refused| panic!("{at}: {refused}"));
    assert_eq!(edited.text, after, "{at}\n{}", edited.text);
}

const FILE: &str = "\
# About the whole.
import:
  - catalog/vpc   # the base
  - \"mixins/a\"

vars:
  stage: prod # keep me
  # cidr of the network
  cidr: '10.0.0.0/16'
  empty:
  text: |
    one
    two
  secret: !env TOKEN
  list: [a, \"b\", 3]
  map: {a: 1, \"b c\": {}}

components:
    terraform:
        vpc:
            vars: {}
";

#[test]
fn values_change_and_all_else_stays() {
    for (at, value, old, new) in [
        ("vars.stage", json!("dev"), "stage: prod # keep me", "stage: dev # keep me"),
        ("vars.stage", json!("true"), "stage: prod # keep me", "stage: \"true\" # keep me"),
        ("vars.cidr", json!(null), "cidr: '10.0.0.0/16'", "cidr: null"),
        ("vars.empty", json!(5), "empty:\n", "empty: 5\n"),
        ("vars.text", json!("x"), "text: |\n    one\n    two\n", "text: x\n"),
        ("vars.secret", json!("x: y"), "secret: !env TOKEN", "secret: 'x: y'"),
        ("vars.list.1", json!(true), "[a, \"b\", 3]", "[a, true, 3]"),
        ("vars.list.0", json!("x, y"), "[a, \"b\", 3]", "[\"x, y\", \"b\", 3]"),
        ("vars.map.a", json!([1, 2]), "{a: 1,", "{a: [1,2],"),
        ("vars.list", json!(["q"]), "list: [a, \"b\", 3]", "list:\n    - q"),
        ("import.0", json!("catalog/eks"), "- catalog/vpc   #", "- catalog/eks   #"),
        ("import.1", json!("c"), "- \"mixins/a\"", "- c"),
        ("vars.stage", json!({"a": {"b": 1}}), "stage: prod # keep me", "stage: # keep me\n    a:\n      b: 1"),
    ] {
        sets(FILE, at, &value, &FILE.replacen(old, new, 1));
    }
}

#[test]
fn what_is_missing_is_made_at_the_end_of_its_map() {
    for (at, value, old, new) in [
        ("vars.new", json!(1), "{}}\n\ncomp", "{}}\n  new: 1\n\ncomp"),
        ("vars.a.b", json!("x"), "{}}\n\ncomp", "{}}\n  a:\n    b: x\n\ncomp"),
        ("vars.empty.deep", json!(1), "  empty:\n", "  empty:\n    deep: 1\n"),
        ("vars.map.z", json!("q"), "{}}\n\ncomp", "{}, z: q}\n\ncomp"),
        ("components.terraform.vpc.vars.a", json!("b"), "vars: {}\n", "vars: {a: b}\n"),
        (
            "components.terraform.eks.vars",
            json!({"x": [1]}),
            "vars: {}\n",
            "vars: {}\n        eks:\n          vars:\n            x:\n              - 1\n",
        ),
    ] {
        sets(FILE, at, &value, &FILE.replacen(old, new, 1));
    }
    // The blanks of others are theirs.
    sets("a: [ 1, 2 ]\nb: [ 3 ]\n", "b.0", &json!(4), "a: [ 1, 2 ]\nb: [4 ]\n");
    sets("", "a.b", &json!(1), "a:\n  b: 1\n");
    sets("# nothing yet", "a", &json!(1), "# nothing yet\na: 1\n");
    sets("a: 1", "b", &json!(2), "a: 1\nb: 2\n");
    sets("---\na: 1\n", "b", &json!(2), "---\na: 1\nb: 2\n");
    sets("ä: ü # ö\n", "ä", &json!("é"), "ä: é # ö\n");
    assert!(set("a: 1", &path("b"), &from_json(&json!(2))).unwrap().created);
    assert!(!set("a: 1", &path("a"), &from_json(&json!(2))).unwrap().created);
}

#[test]
fn values_go_with_their_lines() {
    for (at, old, new) in [
        ("vars.stage", "  stage: prod # keep me\n", ""),
        ("vars.text", "  text: |\n    one\n    two\n", ""),
        ("vars.list.2", ", 3]", "]"),
        ("vars.list.0", "[a, ", "["),
        ("vars.map.a", "{a: 1, ", "{"),
        ("import.0", "  - catalog/vpc   # the base\n", ""),
        ("components.terraform.vpc.vars", "\n            vars: {}\n", " {}\n"),
        ("components", "components:\n    terraform:\n        vpc:\n            vars: {}\n", ""),
    ] {
        let after = delete(FILE, &path(at)).unwrap().unwrap();
        assert_eq!(after, FILE.replacen(old, new, 1), "{at}\n{after}");
    }
    assert_eq!(delete(FILE, &path("vars.nothing")), Ok(None));
    assert_eq!(delete("l:\n  - name: a\n    v: 1\n", &path("l.0.name")).unwrap().unwrap(), "l:\n  - v: 1\n");
    assert_eq!(delete("l:\n  - a\n", &path("l.0")).unwrap().unwrap(), "l: []\n");
    assert_eq!(delete("a: 1\n", &path("a")).unwrap().unwrap(), "{}\n");
}

#[test]
fn a_comment_beside_a_key_stays_there() {
    let debug = json!("Debug");
    sets("logs: # lc\nx: 1\n", "logs.level", &debug, "logs: # lc\n  level: Debug\nx: 1\n");
    sets("logs:   # lc", "logs.level", &debug, "logs: # lc\n  level: Debug");
    sets("a:\n  logs: ~ # lc\n  x: 1\n", "a.logs.level", &debug, "a:\n  logs: # lc\n    level: Debug\n  x: 1\n");
    sets("logs: Info # lc\n", "logs", &json!({"level": "Debug"}), "logs: # lc\n  level: Debug\n");
    sets("logs: Info # lc\n", "logs", &debug, "logs: Debug # lc\n");
}

/// Every way to write a value, with every place for a comment around it.
#[test]
fn every_comment_survives() {
    let written = [
        "plain",
        "\"two\"",
        "'one'",
        "\"\"",
        "''",
        "\"a # \\\" b\"",
        "'it''s # x'",
        "~",
        "[a, \"b\"]",
        "{k: 'v'}",
        "\"on\n    two lines\"",
        "!env X",
        "!x 'y'",
        ">-#\n    text\n    # text, too\n",
        "|#\n    text\n\n",
        "|+2#\n    text\n",
        "#\n    # below\n    plain on a line of its own",
        "#\n    # below\n    k: v\n    l: \"w\"",
        "#\n    # below\n    - 'v'",
    ];
    for value in written {
        // Where the value has a place for a comment before its end, the comment is put there.
        let (head, rest) = value.split_once("#\n").map_or((value, None), |(head, rest)| (head, Some(rest)));
        let rest = rest.map(|rest| format!("\n{}", rest.trim_end_matches('\n'))).unwrap_or_default();
        let text =
            format!("# top\na:\n  b: {head} # here{rest}\n# left\n  # of it\n  c: 1\n  d: \"x\" # end\n# last\n");
        for new in [json!("new"), json!(null), json!("a: # b"), json!({"m": [1, {"n": "x"}]}), json!([])] {
            let edited = set(&text, &path("a.b"), &from_json(&new)).unwrap_or_else(|no| panic!("{no}\n{text}"));
            for comment in ["# top\n", "# here\n", "# left\n", "# of it\n", "# end\n", "# last\n", "# below\n"] {
                let is_there = edited.text.contains(comment) || !text.contains(comment);
                assert!(is_there, "{comment}{text}\n---\n{}", edited.text);
            }
        }
        let added = set(&text, &path("a.e"), &from_json(&json!(1))).unwrap().text;
        assert_eq!(added, text.replace("# end\n", "# end\n  e: 1\n"));
        let deleted = delete(&text, &path("a.b")).unwrap().unwrap();
        for comment in ["# top\n", "# left\n", "# of it\n", "# end\n", "# last\n"] {
            assert!(deleted.contains(comment), "{comment}{text}\n---\n{deleted}");
        }
    }
    let emptied = delete("a: # one\n  # two\n  b: 'x' # three\n# four\n", &path("a.b")).unwrap().unwrap();
    assert_eq!(emptied, "a: {} # one\n  # two # three\n# four\n");
}

#[test]
fn lists_grow_at_their_end() {
    sets("l:\n- a # c\n# d\n", "l.1", &json!("b"), "l:\n- a # c\n- b\n# d\n");
    sets("l:\n  - a: 1\n    b: \"x\" # c", "l.1", &json!({"a": 2}), "l:\n  - a: 1\n    b: \"x\" # c\n  - a: 2\n");
    sets("l: [\"a\"] # c\n", "l.1", &json!("b"), "l: [\"a\", b] # c\n");
    sets("l:\n- a # c\n", "l.0", &json!("b"), "l:\n- b # c\n");
    sets("l: []\n", "l.0", &json!("b"), "l: [b]\n");
    sets("l:\n  - a\n", "l.1.x.k", &json!(1), "l:\n  - a\n  - x:\n      k: 1\n");
    for (text, at) in [("l: [a]\n", "l.2"), ("l:\n  - a\n", "l.7")] {
        assert!(matches!(set(text, &path(at), &from_json(&json!(1))), Err(Refused::NotThere { .. })), "{at}");
    }
    assert!(matches!(delete("l: [a]\n", &path("l.1")), Err(Refused::NotThere { .. })));
}

#[test]
fn what_others_use_is_refused() {
    let text = "base: &base\n  a: 1\n  list: [1]\none: *base\ntwo:\n  <<: *base\n  b: 2\nx: &x 5\ny: *x\n";
    let refused = |at: &str| set(text, &path(at), &from_json(&json!(9))).unwrap_err();
    assert!(matches!(refused("one.a"), Refused::Alias { line: 4, .. }));
    assert!(matches!(refused("x"), Refused::Anchor { line: 8, .. }));
    assert!(matches!(refused("base.new"), Refused::Anchor { .. }));
    // Within what has an anchor others would change, too.
    assert!(matches!(refused("base.a"), Refused::Layout { .. }));
    // An alias gives way to a value, and a merged value to one of its own.
    sets(text, "y", &json!(6), &text.replace("y: *x", "y: 6"));
    sets(text, "two.a", &json!(6), &text.replace("  b: 2\n", "  b: 2\n  a: 6\n"));
    for (text, at, line) in [("a: 1\n", "a.b", 1), ("a:\n- 1\n", "a.3", 2), ("a: {}\n", "a.0", 1)] {
        let refused = set(text, &path(at), &from_json(&json!(1))).unwrap_err();
        assert!(matches!(&refused, Refused::NotThere { .. }), "{refused}");
        assert_eq!(refused.line(), line, "{refused}");
    }
    for text in ["a: [\n", "{{ if x }}\na: 1\n{{ end }}\n", "a: 1\na: 2\n", "a: 1\n---\nb: 2\n"] {
        let refused = set(text, &path("a"), &from_json(&json!(1)));
        assert!(matches!(refused, Err(Refused::Syntax { .. })), "{text}: {refused:?}");
    }
}

#[test]
fn values_are_read() {
    let json = |at: &str| get(FILE, &path(at)).unwrap().map(|node| to_json(&node));
    assert_eq!(json("vars.list.1"), Some(json!("b")));
    assert_eq!(json("vars.none"), None);
}

#[test]
fn comments_behind_quotes_and_brackets_stay() {
    for (text, expected) in [
        ("a: \"x\"   # why\nb: 1\n", "a: z   # why\nb: 1\n"),
        ("a: 'it''s'   # why\nb: 1\n", "a: z   # why\nb: 1\n"),
        ("a: [x]   # why\nb: 1\n", "a: z   # why\nb: 1\n"),
        ("a: |\n  \"x\" y   # z\nb: 1\n", "a: z\nb: 1\n"),
        ("a: {x: \"y\"}   # why\nb: 1\n", "a: z   # why\nb: 1\n"),
    ] {
        let edited = super::set(text, &[super::Step::Key("a".to_owned())], &crate::value::Node::from("z"));
        assert_eq!(edited.map(|edited| edited.text).as_deref(), Ok(expected), "{text}");
    }
}
