//! Whatever is asked of whatever data: an answer or an error, in bounded time and space.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::oracle::read;
use crate::query::tree::Limits;
use crate::query::{Error, Query};
use crate::value::{Map, Node, Value};

fn limit(query: &str, document: &Node) -> String {
    // Bounds of the same kind as the real ones, sooner reached.
    let limits = Limits { values: 50_000, bytes: 1_000_000, steps: 500_000 };
    let result = Query::parse(query).and_then(|query| query.run(document, None, usize::MAX, limits));
    match result {
        Err(error @ Error::Limit { .. }) => error.to_string(),
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn deep_expressions_are_refused() {
    let nested = format!("{}1{}", "(1 + ".repeat(5000), ")".repeat(5000));
    assert!(limit(&nested, &Node::default()).contains("levels"));
    assert!(limit(&vec!["."; 5000].join(" | "), &Node::default()).contains("levels"));
    assert!(
        limit(&"[".repeat(300).chars().chain("]".repeat(300).chars()).collect::<String>(), &Node::default())
            .contains("levels")
    );
    assert!(limit(&"1 + ".repeat(40_000), &Node::default()).contains("longer than"));
    let text = (0..20)
        .fold("1".to_owned(), |inner, _| format!("\"\\({})\"", inner.replace('\\', "\\\\").replace('"', "\\\"")));
    assert!(Query::parse(&text[..text.len().min(60_000)]).is_err());
    assert!(limit(".x = \"eval(.x)\" | eval(.x)", &Node::empty_map()).contains("inside of each other"));
}

#[test]
fn data_that_grows_without_end_is_refused() {
    let many = Node::from((0..400).map(Node::from).collect::<Vec<_>>());
    for query in [
        // Doubles with each item.
        ".[] as $i ireduce (\"x\"; . + .)",
        ".[] as $i ireduce ([1]; . + .)",
        ".[] as $i ireduce ({\"a\": 1}; {\"a\": ., \"b\": .})",
        // One level deeper with each item.
        ".[] as $i ireduce ([]; [.])",
        ".[] as $i ireduce (null; .x) | root | to_json",
        ".[] as $i ireduce (null; .[0]) | root | flatten",
        "setpath(.; 1)",
        ".[] as $a | .[] as $b | .[] as $c | .[] as $d | .[] as $e | $a + $b + $c",
        ".[999999999] = 1",
        ".[] as $i ireduce (\"aaaa\"; sub(\"a\", \"aaaa\"))",
        "\"x\" * 10000000 * 2",
    ] {
        limit(query, &many);
    }
}

#[test]
fn all_of_a_large_document_may_be_looked_at() {
    // The steps that an expression may take grow with the document, those without it do not.
    let rows = |count: i64| Node::from((0..count).map(Node::from).collect::<Vec<_>>());
    let limits = Limits { steps: 1_000, ..Limits::default() };
    let query = Query::parse("[.. | select(. == 7)] | length").unwrap();
    let found = query.run(&rows(20_000), None, usize::MAX, limits).unwrap();
    assert_eq!(found, [Node::from(1)]);
    let twice = Query::parse("[.[] as $a | .[] | select(. == $a)] | length").unwrap();
    assert!(matches!(twice.run(&rows(2_000), None, usize::MAX, limits), Err(Error::Limit { .. })));
}

#[test]
fn deep_documents_are_read() {
    let mut deep = Node::from(1);
    for _ in 0..120 {
        deep = Node::from(Map::from_iter([("a".into(), deep)]));
    }
    for query in ["..", "to_json | from_json", "[.. | path | length] | max", ". * {\"b\": 1}", "sort_keys(..)"] {
        Query::parse(query).unwrap().evaluate(&deep).unwrap();
    }
}

#[test]
fn patterns_are_matched_in_bounded_time() {
    let text = "a".repeat(200_000);
    let pattern = format!("{}b", "*a".repeat(500));
    let document = Node::from(Map::from_iter([("t".into(), Node::from(text)), ("p".into(), Node::from(pattern))]));
    let result = Query::parse(".t == .p").unwrap().evaluate(&document);
    assert!(matches!(result, Ok(_) | Err(Error::Limit { .. })), "{result:?}");
}

#[test]
fn an_order_that_is_none_does_not_stop_a_sort() {
    let mut text = String::new();
    for index in 0..300 {
        let _ =
            write!(text, "- {}\n- \"{}\"\n- {}.5\n- x{index}\n- [{index}]\n", index * 7 % 300, index * 11 % 300, index);
    }
    let found = Query::parse("sort | length").unwrap().first(&read(&text)).unwrap();
    assert_eq!(found, Node::from(1500));
}

fn documents() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::default()),
        any::<bool>().prop_map(Node::from),
        prop_oneof![Just(0_i64), Just(i64::MIN), Just(i64::MAX), -3_i64..9].prop_map(Node::from),
        prop_oneof![Just(u64::MAX)].prop_map(|number| Node::from(Value::UInt(number))),
        prop_oneof![Just(0.5), Just(-1e300), Just(f64::INFINITY), Just(f64::NAN)]
            .prop_map(|number| Node::from(Value::Float(number))),
        prop_oneof!["[a-c*?]{0,4}", "\\PC{0,6}", Just("0x1F".to_owned()), Just("2024-01-02".to_owned())]
            .prop_map(Node::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Node::from),
            prop::collection::vec(("[a-c]{1,2}|key|value|\\PC{0,3}", inner), 0..4).prop_map(|entries| {
                Node::from(entries.into_iter().map(|(key, node)| (key.into(), node)).collect::<Map>())
            }),
        ]
    })
}

/// Expressions that parse most of the time.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        ".",
        ".a",
        ".b",
        ".a.b",
        ".[]",
        ".[0]",
        ".[-1]",
        ".[1:]",
        "..",
        "...",
        ".a[]",
        ".*",
        "1",
        "-2",
        "0x1F",
        "1.5",
        "\"a\"",
        "\"x\\(.a)y\"",
        "null",
        "true",
        "[]",
        "{}",
        "length",
        "keys",
        "to_entries",
        "from_entries",
        "sort",
        "unique",
        "reverse",
        "flatten",
        "flatten(1)",
        "first",
        "tag",
        "kind",
        "path",
        "key",
        "parent",
        "parents",
        "root",
        "line",
        "is_key",
        "not",
        "any",
        "all",
        "min",
        "max",
        "upcase",
        "trim",
        "to_string",
        "to_number",
        "to_json",
        "@json",
        "from_json",
        "to_yaml",
        "from_yaml",
        "@csv",
        "@tsv",
        "@csvd",
        "@base64",
        "@base64d",
        "@uri",
        "@urid",
        "@sh",
        "pivot",
        "array_to_map",
        "splitDoc",
        "$x",
    ])
    .prop_map(str::to_owned);
    let unary = prop::sample::select(vec![
        "select",
        "map",
        "map_values",
        "filter",
        "sort_by",
        "group_by",
        "unique_by",
        "any_c",
        "all_c",
        "has",
        "contains",
        "pick",
        "omit",
        "del",
        "with_entries",
        "sort_keys",
        "join",
        "split",
        "test",
        "match",
        "capture",
        "first",
        "explode",
        "delpaths",
        "eval",
        "error",
    ]);
    let binary = prop::sample::select(vec![
        " | ",
        ", ",
        " + ",
        " - ",
        " * ",
        " *+ ",
        " *d ",
        " *?n ",
        " / ",
        " % ",
        " == ",
        " != ",
        " < ",
        " >= ",
        " and ",
        " or ",
        " // ",
        " = ",
        " |= ",
        " += ",
        " -= ",
        " *= ",
        " as $x | ",
        " ref $x | ",
        ": ",
    ]);
    leaf.prop_recursive(4, 24, 3, move |inner| {
        prop_oneof![
            (inner.clone(), binary.clone(), inner.clone()).prop_map(|(left, op, right)| format!("{left}{op}{right}")),
            (inner.clone(), binary.clone(), inner.clone())
                .prop_map(|(left, op, right)| format!("({left}){op}({right})")),
            (unary.clone(), inner.clone()).prop_map(|(name, inner)| format!("{name}({inner})")),
            inner.clone().prop_map(|inner| format!("[{inner}]")),
            (inner.clone(), inner.clone()).prop_map(|(key, value)| format!("{{{key}: {value}}}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left}[{right}]")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(items, start, step)| format!("({items}) as $x ireduce ({start}; {step})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("sub({left}; {right})")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("setpath({left}; {right})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn random_expressions_on_random_data_never_panic(query in expressions(), document in documents()) {
        if let Ok(parsed) = Query::parse(&query) {
            let _ = parsed.evaluate(&document);
        }
    }

    #[test]
    fn garbage_is_an_error_or_an_expression(
        query in "\\PC{0,40}|[.a-c\\[\\](){}|,:;\"\\\\$@*?!=<>+/%~0-9 \n-]{0,40}",
        document in documents(),
    ) {
        if let Ok(parsed) = Query::parse(&query) {
            let _ = parsed.evaluate(&document);
        }
    }

    #[test]
    fn the_whole_document_is_itself(document in documents()) {
        let found = Query::parse(".").unwrap().evaluate(&document).unwrap();
        prop_assert_eq!(format!("{found:?}"), format!("[{document:?}]"));
    }
}
