//! No text and no data makes the engine panic.

use std::sync::Arc;

use proptest::prelude::*;

use crate::template::{Functions, Limits, MissingKey, Nothing, Options, Source, Template, sprintf};
use crate::value::{Map, Node, Value};

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::default()),
        any::<bool>().prop_map(Node::from),
        any::<i64>().prop_map(Node::from),
        any::<u64>().prop_map(|number| Node::from(Value::UInt(number))),
        any::<f64>().prop_map(|number| Node::from(Value::Float(number))),
        ".{0,6}".prop_map(Node::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Node::from),
            prop::collection::vec(("[abc]", inner), 0..4).prop_map(|entries| {
                Node::from(entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
            }),
        ]
    })
}

/// Pieces that make templates which often compile.
fn template() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just(".".to_owned()),
        Just("$".to_owned()),
        Just("nil".to_owned()),
        "(\\.[abc]){1,3}".prop_map(|text| text),
        "\\$x(\\.[abc])?".prop_map(|text| text),
        "-?[0-9]{1,3}(\\.[0-9])?".prop_map(|text| text),
        "\"[a-c%vdqxs*.\\[\\]0-9]{0,5}\"".prop_map(|text| text),
        prop::sample::select(vec![
            "len", "index", "slice", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "print", "printf",
            "println", "html", "js", "urlquery", "call", "atmos",
        ])
        .prop_map(str::to_owned),
    ];
    let command = prop::collection::vec(word, 1..4).prop_map(|words| words.join(" "));
    let nested = (command.clone(), command.clone(), 0..4).prop_map(|(one, two, form)| match form {
        0 => format!("{one} ({two})"),
        1 => format!("{one} | {two}"),
        2 => format!("({one}).a"),
        _ => one,
    });
    let piece = (nested, 0..14, " {0,2}[a-z{}-]{0,3}").prop_map(|(pipe, form, text)| match form {
        0 => format!("{{{{ if {pipe} }}}}"),
        1 => format!("{{{{ with {pipe} }}}}"),
        2 => format!("{{{{ range {pipe} }}}}"),
        3 => format!("{{{{ range $x, $y := {pipe} }}}}"),
        4 | 5 => "{{ end }}".to_owned(),
        6 => "{{- else -}}".to_owned(),
        7 => format!("{{{{ $x := {pipe} }}}}"),
        8 => "{{ template \"t\" . }}".to_owned(),
        9 => "{{ define \"d\" }}".to_owned(),
        10 => text,
        _ => format!("{{{{ {pipe} }}}}"),
    });
    prop::collection::vec(piece, 0..8).prop_map(|pieces| format!("{{{{ $x := . }}}}{}", pieces.concat()))
}

fn run(text: &str, data: &Node) {
    let limits = Limits { depth: 50, steps: 500, output: 100_000, memory: 100_000 };
    let source = Source { functions: Functions::BuiltIn, ..Source::new("t", text) };
    if let Ok(template) = Template::parse(&source) {
        let _ = template.reads();
        for missing_key in [MissingKey::Default, MissingKey::Zero, MissingKey::Error] {
            let _ = template.render(data, &Options { missing_key, limits }, &mut Nothing);
        }
    }
}

/// Calls of every function with arguments of every kind.
fn call() -> impl Strategy<Value = String> {
    // Key derivation takes its time by design.
    let names = Functions::All.registry().names();
    let names: Vec<String> = names.into_iter().filter(|name| !is_slow(name)).collect();
    let arg = prop_oneof![
        Just(".".to_owned()),
        "\\.[abc]".prop_map(|text| text),
        prop::sample::select(vec![
            "nil",
            "true",
            "0",
            "1",
            "-1",
            "3",
            "1.5",
            "9223372036854775807",
            "-9223372036854775808",
            "1e300",
            "\"\"",
            "\"a\"",
            "\"é\"",
            "\"a,b\"",
            "\"%s\"",
            "\"(\"",
            "\"1.2.3\"",
            "\"2006-01-02\"",
            "\"10.0.0.0/8\"",
            "(list)",
            "(list 1 2)",
            "(list \"b\" \"a\")",
            "(dict)",
            "(dict \"a\" 1)",
            "(until 3)",
            "now",
        ])
        .prop_map(str::to_owned),
    ];
    (prop::sample::select(names), prop::collection::vec(arg, 0..5))
        .prop_map(|(name, args)| format!("{{{{ {name} {} }}}}", args.join(" ")))
}

fn is_slow(name: &str) -> bool {
    ["bcrypt", "htpasswd", "derivePassword", "gen", "PBKDF2", "crypto."].iter().any(|slow| name.contains(slow))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_template_or_an_error(text in "(\\{\\{|\\}\\}|[ -~]|\\PC|\n){0,40}") {
        run(&text, &Node::empty_map());
    }

    #[test]
    fn any_template_renders_any_data_or_fails(text in template(), data in node()) {
        run(&text, &data);
    }

    #[test]
    fn any_function_takes_any_arguments(text in call(), data in node()) {
        let limits = Limits { depth: 50, steps: 500, output: 100_000, memory: 100_000 };
        if let Ok(template) = Template::parse(&Source::new("t", &text)) {
            let _ = template.render(&data, &Options { limits, ..Options::default() }, &mut Nothing);
        }
    }

    #[test]
    fn any_format_takes_any_arguments(format in "(%[-+# 0]{0,2}[0-9]{0,2}(\\.[0-9])?[a-zA-Z%*]|\\[[0-9]\\]|.){0,6}", data in prop::collection::vec(node(), 0..4)) {
        let vals: Vec<_> = data.iter().map(crate::template::Val::from).collect();
        let _ = sprintf(&format, &vals);
    }
}
