//! Composer tables and properties, with an independent reader as oracle.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::span::Sources;
use crate::value::{Map, Node, Value, to_json};

fn read(text: &str) -> Result<Node, String> {
    let sources = Sources::new();
    parse(&sources, Path::new("/r/a.yaml"), Path::new("/r"), Arc::from(text)).map_err(|error| error.to_string())
}

fn json(text: &str) -> String {
    to_json(&read(text).unwrap()).to_string()
}

fn manifest(text: &str) -> Result<Node, String> {
    let (sources, root) = (Sources::new(), Path::new("/r"));
    parse_manifest(&sources, &root.join("a.yaml"), root, Arc::from(text), None).map_err(|error| error.to_string())
}

#[test]
fn marked_values_have_their_types() {
    for (text, expected) in [
        (
            "[!literal true, !literal 1.50, !literal 010, !literal null, !literal x, !literal '5']",
            r#"[true,1.5,8,null,"x","5"]"#,
        ),
        ("[!literal , !literal ~, !literal 2024-01-01, !literal {a: 1}]", r#"[null,null,{},{"a":1}]"#),
    ] {
        let items = manifest(text).unwrap();
        let argument = |node: &Node| match &node.value {
            Value::Function(function) => function.argument.clone(),
            _ => panic!("{text}"),
        };
        let items: Vec<Node> = items.as_list().unwrap().iter().map(argument).collect();
        assert_eq!(to_json(&Node::from(items)).to_string(), expected, "{text}");
    }
    let marks = "[!append null, !append , !append 5, !append {a: 1}, !merge.x ~, !append '5', !append [1]]";
    let expected = r#"[null,null,5,{"a":1},null,"!append 5","!append [1]"]"#;
    assert_eq!(to_json(&manifest(marks).unwrap()).to_string(), expected);
}

#[test]
fn manifests_have_keys_and_dates_of_the_reference() {
    let text = "null: 1\na: {~: 2}\n'null': 3\nd: !!timestamp 2024-01-01\nq: !!timestamp '2024-01-01 10:00:00'\n";
    assert_eq!(to_json(&manifest(text).unwrap()).to_string(), r#"{"<nil>":1,"a":{"<nil>":2},"d":{},"null":3,"q":{}}"#);
}

#[test]
fn what_the_parser_leaves_out_is_said() {
    for (text, expected) in [
        ("a: 1\nx: *foo\n", "a.yaml:2:4: unknown anchor 'foo' referenced"),
        ("x: [*a-b, 1]\n", "a.yaml:1:5: unknown anchor 'a-b' referenced"),
        ("a: 1\nx: \"a\0b\"\n", "a.yaml:2:6: control characters are not allowed: there is a NUL byte"),
        ("a: 1\n\0", "a.yaml:2:1: control characters are not allowed"),
    ] {
        let message = manifest(text).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn documents_become_nodes() {
    for (text, expected) in [
        ("", "null"),
        ("# only a comment\n", "null"),
        ("---\na: 1\n...\n", r#"{"a":1}"#),
        ("\u{feff}a: 1", r#"{"a":1}"#),
        ("a: &x {k: 1}\nb: *x", r#"{"a":{"k":1},"b":{"k":1}}"#),
        ("a: &x 1\nb: &x 2\nc: *x", r#"{"a":1,"b":2,"c":2}"#),
        ("b: &b {x: 1, y: 1}\na:\n  x: 2\n  <<: *b", r#"{"a":{"x":2,"y":1},"b":{"x":1,"y":1}}"#),
        ("<<: [{a: 1}, {a: 2, b: 2}]\nc: 3", r#"{"a":1,"b":2,"c":3}"#),
        ("x: &x {m: {p: 1}}\ny:\n  <<: *x\n  m: {q: 1}", r#"{"x":{"m":{"p":1}},"y":{"m":{"q":1}}}"#),
        ("\"<<\": {a: 1}", r#"{"<<":{"a":1}}"#),
        ("1: a\ntrue: b\n~: c\n1.5: d\n0x1F: e", r#"{"1":"a","1.5":"d","31":"e","null":"c","true":"b"}"#),
        (
            "a: !!str 5\nb: !!int \"5\"\nc: ! 5\nd: ! '5'\ne: ! {f: ! x}",
            r#"{"a":"5","b":5,"c":5,"d":"5","e":{"f":"x"}}"#,
        ),
        ("a: !env HOME\nb: !repo-root\nc: !append [1, 2]", r#"{"a":"!env HOME","b":"!repo-root","c":"!append [1,2]"}"#),
        ("a: '5'\nb: \"true\"\nc: |\n  x\n", r#"{"a":"5","b":"true","c":"x\n"}"#),
        ("a:\n- 1\n- {b: c}\n", r#"{"a":[1,{"b":"c"}]}"#),
        ("a: 2001-01-01", r#"{"a":"2001-01-01"}"#),
        // Tabs stand for blanks between a key and a plain text.
        (
            "a:\tb\nc: \td\ne:\t\tf g\nh: {i:\tj}\nk: \"x:\ty\"\n",
            r#"{"a":"b","c":"d","e":"f g","h":{"i":"j"},"k":"x:\ty"}"#,
        ),
        // Quoted texts may go on at the indentation of their key, and left of it.
        ("a:\n  b: \"one\n  t\\\"wo\n\n three\"\n  c: 'it''s\n  y'", r#"{"a":{"b":"one t\"wo\nthree","c":"it's y"}}"#),
    ] {
        let parsed: serde_json::Value = serde_json::from_str(&json(text)).unwrap();
        assert_eq!(parsed, serde_json::from_str::<serde_json::Value>(expected).unwrap(), "{text}");
    }
}

#[test]
fn faults_name_their_place() {
    for (text, expected) in [
        ("a: 1\nb: 2\na: 3\n", "yaml: a.yaml:3:1: mapping key \"a\" already defined at line 1"),
        ("m:\n  1: x\n  \"1\": y\n", "yaml: a.yaml:3:3: mapping key \"1\" already defined at line 2"),
        ("a: 1\n---\nb: 2\n", "yaml: a.yaml:2:1: the file holds more than one YAML document"),
        ("a: &x [*x]", "yaml: a.yaml:1:8: an anchor contains itself"),
        ("a: *nope", "yaml: a.yaml:1:4: unknown anchor 'nope' referenced"),
        ("<<: 5", "yaml: a.yaml:1:1: map merge requires map or sequence of maps as the value"),
        ("a: !!int x", "yaml: a.yaml:1:4: cannot decode `x` as a !!int"),
        ("[a]: 1", "yaml: a.yaml:1:1: invalid map key: a list cannot be a key"),
    ] {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }
    assert!(read("a:\tk: v\n").is_err());
    let error = read("a: 1\n  b: [\n").unwrap_err();
    assert!(error.starts_with("yaml: a.yaml:2:"), "{error}");
}

#[test]
fn places_point_at_values_tags_and_keys() {
    let sources = Sources::new();
    let text = Arc::from("vars:\n  name: wörld # c\n  home: !env HOME\n");
    let node = parse(&sources, Path::new("/r/a.yaml"), Path::new("/r"), text).unwrap();
    let place = |key: &str| sources.place(node.get("vars").unwrap().get(key).unwrap().span).unwrap();
    assert_eq!((place("name").to_string(), place("name").byte_length()), ("a.yaml:2:9".to_owned(), 6));
    assert_eq!(place("home").to_string(), "a.yaml:3:9");
}

#[test]
fn alias_bombs_and_deep_nesting_are_refused() {
    let bomb = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("{text}a{level}: &a{level} [{items}]\n")
    });
    assert!(read(&bomb).unwrap_err().contains("excessive aliasing"));
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert!(read(&deep).unwrap_err().contains("depth limit"));
    let chained: String = (0..200).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
        format!("{text}a{next}: &a{next} [*a{level}]\n", next = level + 1)
    });
    assert!(read(&chained).unwrap_err().contains("depth limit"));
}

/// Texts that look like something else, or need quotes, escapes or a block.
fn texts() -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "12:30:45",
        "2001-01-01",
        "!env HOME",
        "0x1F",
        "0o7",
        "0b1",
        "1_000",
        "1e3",
        ".5",
        "+1",
        "-",
        "?",
        "~",
        "null",
        "yes",
        "Off",
        "=",
        "<<",
        "*a",
        "&a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "---",
        "--- a",
        "...",
        "# a",
        "a #b",
        "a: b",
        "a:",
        ": a",
        "- a",
        "[a",
        "{a",
        "a]",
        ", a",
        "\u{feff}\u{85}\u{2028}\r\n",
        "\u{feff}a",
        "a\u{a0}",
        "\0",
        "\u{7f}",
        "\u{1b}[0m",
        "\u{10ffff}",
        "\u{1f980}",
        "a\n",
        "a\n\n",
        "\na",
        " a\nb",
        "a \nb",
        "a\n b\n",
        "\ta\nb\n",
        "\n",
        "\n\n",
    ];
    prop_oneof![
        "[a-z]{0,6}",
        "[ -~]{0,12}",
        "[ a:#\\-\n\t'\"]{0,10}",
        "([ \t]{0,2}[ab:#-]{0,3}\n){0,4}[ ab]{0,3}",
        "\\PC{0,8}",
        prop::collection::vec(any::<char>(), 0..6).prop_map(|chars| chars.into_iter().collect()),
        // Longer than what a reader takes as a simple key, and as a line.
        "[a-z ]{120,160}",
        prop::sample::select(ODD).prop_map(str::to_owned),
    ]
}

/// Trees without whole floats, which print as integers by design.
fn trees() -> impl Strategy<Value = Node> {
    let text = texts().boxed();
    let leaf = prop_oneof![
        Just(Node::default()),
        any::<bool>().prop_map(Node::from),
        any::<i64>().prop_map(Node::from),
        prop::sample::select(vec![i64::MIN, i64::MAX, -1, 0]).prop_map(Node::from),
        (1_u64 << 63..=u64::MAX).prop_map(|number| Node::from(Value::UInt(number))),
        any::<f64>().prop_filter("whole", |number| number.fract() != 0.0).prop_map(|f| Node::from(Value::Float(f))),
        text.clone().prop_map(Node::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Node::from),
            prop::collection::vec((text.clone(), inner), 0..5).prop_map(|entries| {
                Node::from(entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn emitted_documents_read_back(node in trees(), indent in 2_usize..6) {
        let text = emit(&node, indent);
        let back = read(&text);
        prop_assert_eq!(back.as_ref(), Ok(&node), "{}", text);
    }

    #[test]
    fn an_independent_reader_agrees(node in trees()) {
        let text = emit(&node, 2);
        let theirs: serde_json::Value = serde_yaml::from_str(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(theirs, to_json(&node), "{}", text);
    }

    #[test]
    fn json_reads_back_everywhere(node in trees()) {
        for text in [emit_json(&node), emit_json_record(&node)] {
            let theirs: serde_json::Value = serde_json::from_str(&text).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(theirs, to_json(&node), "{}", text);
        }
    }

    #[test]
    fn records_keep_the_order_of_keys(node in trees()) {
        let text = emit_record(&node, 2);
        let back = read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(emit_record(&back, 2), text);
    }

    #[test]
    fn every_number_keeps_its_value(number in any::<f64>()) {
        let text = emit(&Node::from(Value::Float(number)), 2);
        let back = read(&text).unwrap();
        if number.is_nan() {
            prop_assert_eq!(&*text, ".nan\n");
        } else if let Value::Float(back) = back.value {
            prop_assert_eq!(back.to_bits(), number.to_bits(), "{}", text);
        } else {
            // Whole, and minus zero without its sign.
            let back: f64 = back.scalar_text().unwrap().parse().unwrap();
            prop_assert_eq!(back.to_bits(), (number + 0.0).to_bits(), "{}", text);
        }
    }

    #[test]
    fn garbage_never_panics(text in "\\PC{0,60}|[\\[\\]{}:,&*!|>'\"%@?\\-#a \n\t<]{0,60}") {
        let _ = read(&text);
    }
}
