//! Functions that ask outside: which values they give, who is asked, and what circles and gaps become.

use serde_json::{Value as Json, json};

use super::stated::Stated;
use super::{Error, ErrorMode, Evaluator, Memo, Nobody, Options};
use crate::component::find;
use crate::diag::Report;
use crate::stack::StackIndex;
use crate::stack::fixture::Fixture;
use crate::value::to_json;

const ATMOS: &str = "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n\
                     templates: {settings: {enabled: true, sprig: {enabled: true}}}\n";

/// The component `a` of the stack `dev`, evaluated; and who was asked.
fn run(components: &str, options: &Options) -> (Result<Json, Error>, Vec<String>) {
    let dev = format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n{components}");
    let prod =
        "vars: {stage: prod}\ncomponents:\n  terraform:\n    b: {}\n    p: {vars: {x: !terraform.state a dev id}}\n";
    let fixture = Fixture::new(&[("atmos.yaml", ATMOS), ("stacks/dev.yaml", &dev), ("stacks/prod.yaml", prod)]);
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    let instance = find(&fixture.host, &config, &index, "a", "dev", None).unwrap();
    let (memo, reach) = (Memo::default(), Stated::default());
    let evaluator = Evaluator {
        host: &fixture.host,
        config: &config,
        index: &index,
        memo: &memo,
        reach: &reach,
        identities: &Nobody,
    };
    let evaluated = evaluator.evaluate(&instance, options).map(|evaluated| to_json(&evaluated.to_map().into()));
    (evaluated, reach.asked())
}

/// What the variable `v` of `a` becomes beside components `b`, `unp`, `denied` and `s`, which states its outputs.
fn value(written: &str, options: &Options) -> Result<Json, Error> {
    let components = format!(
        "    a: {{vars: {{v: {written}}}}}\n    b: {{}}\n    unp: {{}}\n    denied: {{}}\n\
         \x20   s: {{remote_state_backend_type: static, remote_state_backend: {{static: {{id: s-1}}}}}}\n"
    );
    run(&components, options).0.map(|mut described| described["vars"]["v"].take())
}

#[test]
fn outputs_are_selected_by_name_and_expression() {
    for tag in ["!terraform.state", "!terraform.output"] {
        for (arguments, expected) in [
            ("b id", json!("b-1")),
            ("b prod id", json!("b-1")),
            ("b .map.a.b[1]", json!("two")),
            ("b list", json!([1, "x"])),
            ("b .id | \"pre-\" + .", json!("pre-b-1")),
            ("b nope", json!(null)),
            ("b .nope // \"none\"", json!("none")),
            ("b \".nope // \"\"none\"\"\"", json!("none")),
            ("b dev .nope // [1]", json!([1])),
            ("unp .id // \"none\"", json!("none")),
            ("s id", json!("s-1")),
            ("s .nope // \"x\"", json!("x")),
            ("{{ \"b\" }} {{ .vars.stage }} id", json!("b-1")),
            // What comes from a state is data.
            ("b fn", json!("!env AMBIENT")),
            ("b tpl", json!("{{ .vars.stage }}")),
        ] {
            let quoted = format!("{tag} '{}'", arguments.replace('\'', "''"));
            let found = value(&quoted, &Options::default());
            assert_eq!(found.unwrap_or_else(|error| panic!("{arguments}: {error}")), expected, "{tag} {arguments}");
        }
    }
    let masks = Options { masks_secrets: true, ..Options::default() };
    let shown = value("'{{ (atmos.Component \"b\" \"dev\").outputs.id }}'", &masks);
    assert_eq!(shown.unwrap(), json!("b-1"), "values that are only shown");
    assert_eq!(value("!terraform.output s nope", &Options::default()).unwrap(), json!(null));
    assert_eq!(value("'!terraform.state b id'", &Options::default()).unwrap(), json!("b-1"));
    assert_eq!(value("'{{ atmos.Resolve \"!terraform.state b id\" }}'", &Options::default()).unwrap(), json!("b-1"));
}

#[test]
fn a_circle_behind_a_condition_is_told_from_what_is_not_applied_yet() {
    let call = "{{ (atmos.Component \\\"a\\\" .vars.stage).vars.v }}";
    for (condition, circle) in [("true", true), ("false", false)] {
        let components = format!(
            "    a: {{vars: {{v: !terraform.state unp id}}}}\n    unp:\n      vars:\n        on: {condition}\n\
             \x20       x: \"{{{{ if .vars.on }}}}{call}{{{{ end }}}}\"\n"
        );
        let error = run(&components, &Options::default()).0.unwrap_err();
        let code = Report::from(error.clone()).code().unwrap_or_default();
        let expected = if circle { "atmos::resolve::cycle" } else { "atmos::resolve::not_provisioned" };
        assert_eq!(code, expected, "{error}");
        assert_eq!(error.to_string().contains("cycle detected"), circle, "{error}");
    }
}

#[test]
fn what_is_wrong_is_told_apart_and_has_a_place() {
    for (written, code, phrases) in [
        ("!terraform.state b", "atmos::resolve::arguments", &["requires 2 or 3 arguments"][..]),
        ("!terraform.state b dev x y", "atmos::resolve::arguments", &["at 1:9", "requires 2 or 3 arguments"]),
        ("!terraform.state 'b .id |'", "atmos::resolve::arguments", &["failed to evaluate YQ expression"]),
        ("!terraform.state 'b .id, .list'", "atmos::resolve::arguments", &["several values"]),
        (
            "!terraform.state unp id",
            "atmos::resolve::not_provisioned",
            &["terraform state not provisioned for component unp in stack dev"],
        ),
        ("!terraform.state denied id", "atmos::state::denied", &["no permission", "s3://b/k"]),
        ("!terraform.state 'denied .id // 1'", "atmos::state::denied", &["no permission"]),
        ("!terraform.state bb id", "atmos::component::not_in_stack", &["Could not find the component `bb`"]),
        ("!terraform.state b nowhere id", "atmos::component::unknown_stack", &["nowhere"]),
        ("!terraform.state s nope", "atmos::resolve::function", &["output 'nope' does not exist"]),
        ("!aws.account_id x", "atmos::resolve::arguments", &["takes no arguments"]),
    ] {
        let report = Report::from(value(written, &Options::default()).unwrap_err());
        let message = report.to_string();
        assert_eq!(report.code().as_deref(), Some(code), "{written}: {message}");
        for phrase in phrases.iter().chain(&["dev.yaml:4:", "'vars.v' of the component 'a'"]) {
            assert!(message.contains(phrase), "{written}: {message}");
        }
    }
}

#[test]
fn what_is_not_there_yet_may_be_shown_as_computed() {
    for mode in [ErrorMode::Warn, ErrorMode::Silent] {
        let options = Options { error_mode: mode, ..Options::default() };
        for written in [
            "!terraform.state unp id",
            "'!terraform.state unp id'",
            "'x-{{ atmos.Resolve \"!terraform.state unp id\" }}'",
            "!terraform.output unp id",
        ] {
            assert_eq!(value(written, &options).unwrap(), json!("(computed)"), "{written}");
        }
        assert_eq!(
            value("[!terraform.state unp id, !terraform.state b id]", &options).unwrap(),
            json!(["(computed)", "b-1"])
        );
        assert!(value("!terraform.state denied id", &options).is_err());
        assert!(value("!terraform.state nobody id", &options).is_err());
    }
}

#[test]
fn circles_are_printed_as_a_whole() {
    for (components, links) in [
        (
            "    a: {vars: {v: !terraform.state b id}}\n    b: {vars: {v: !terraform.output c id}}\n    c: {vars: {v: !terraform.state b id}}\n",
            &["'a' in stack 'dev'", "→ !terraform.state b id", "→ !terraform.output c id", "(cycle detected)"][..],
        ),
        ("    a: {vars: {v: !terraform.state a id}}\n", &["'a' in stack 'dev'", "→ !terraform.state a id"]),
        ("    a: {vars: {v: !terraform.state p prod id}}\n", &["'p' in stack 'prod'", "→ !terraform.state a dev id"]),
        (
            "    a: {vars: {v: '{{ (atmos.Component \"b\" \"dev\").vars.v }}'}}\n    b: {vars: {v: !terraform.state a id}}\n",
            &["→ atmos.Component", "→ !terraform.state a id", "(cycle detected)"],
        ),
    ] {
        let error = run(components, &Options::default()).0.unwrap_err();
        let message = error.to_string();
        assert!(message.contains("circular dependency detected"), "{message}");
        assert!(message.contains(".yaml:") || components.contains("atmos"), "{message}");
        for link in links {
            assert!(message.contains(link), "{components}: {message}");
        }
    }
}

#[test]
fn a_circle_is_gone_round_once() {
    // The component that is asked for first has the first name, too.
    let components = "    a: {vars: {v: !terraform.state A id}}\n    b: {vars: {v: !terraform.state a id}}\n    \
                      A: {vars: {v: '{{ (atmos.Component \"b\" \"dev\").vars.v }}'}}\n";
    let message = run(components, &Options::default()).0.unwrap_err().to_string();
    assert!(message.contains("4. Component 'a' in stack 'dev'") && !message.contains("5. Component"), "{message}");
}

/// Every circle of three by the three ways to ask, but for that of `atmos.Component` alone, which evaluates all.
#[test]
fn circles_of_three_by_mixed_ways_are_printed_as_a_whole() {
    let asks = |way: usize, other: &str| match way {
        0 => format!("!terraform.state {other} id"),
        1 => format!("!terraform.output {other} id"),
        _ => format!("'{{{{ (atmos.Component \"{other}\" .stack).outputs.id }}}}'"),
    };
    let link = |way: usize, other: &str| match way {
        0 => format!("→ !terraform.state {other} id"),
        1 => format!("→ !terraform.output {other} id"),
        _ => format!("→ atmos.Component(\"{other}\", \"dev\")"),
    };
    for number in 0..27 {
        let ways = [number / 9, number / 3 % 3, number % 3];
        let lines = [("a", "b"), ("b", "c"), ("c", "a")].iter().zip(ways);
        let lines: Vec<String> =
            lines.map(|((name, other), way)| format!("    {name}: {{vars: {{v: {}}}}}", asks(way, other))).collect();
        let components = lines.join("\n") + "\n";
        let (described, asked) = run(&components, &Options::default());
        let message = described.unwrap_err().to_string();
        let chain = format!(
            "1. Component 'a' in stack 'dev'\n  2. Component 'b' in stack 'dev'\n     {}\n  3. Component 'c' in stack 'dev'\n     \
             {}\n  4. Component 'a' in stack 'dev'\n     {} (cycle detected)",
            link(ways[0], "b"),
            link(ways[1], "c"),
            link(ways[2], "a")
        );
        assert!(message.contains("circular dependency detected") && message.contains(&chain), "{components}{message}");
        assert!(asked.is_empty(), "{components}{asked:?}");
    }
    // A condition keeps the component from asking for itself.
    let conditional = "    a: {vars: {v: !terraform.state b id}}\n\
                       \x20   b: {vars: {v: '{{ if ne .atmos_component \"b\" }}{{ (atmos.Component \"b\" .stack).outputs.id }}{{ end }}'}}\n";
    assert_eq!(run(conditional, &Options::default()).0.unwrap()["vars"]["v"], "b-1");
    // So does a command that leaves templates as they are.
    let templates = "    a: {vars: {v: !terraform.state b id}}\n\
                     \x20   b: {vars: {v: '{{ (atmos.Component \"a\" .stack).outputs.id }}'}}\n";
    let unrendered = Options { process_templates: false, ..Options::default() };
    assert_eq!(run(templates, &unrendered).0.unwrap()["vars"]["v"], "b-1");
}

#[test]
fn only_what_is_needed_of_the_other_component_is_evaluated() {
    let components = "    a: {vars: {v: !terraform.state b id}}\n\
                      \x20   b: {vars: {v: !terraform.state unp id, w: !store x y z}, settings: {s: !exec false}}\n    unp: {}\n";
    let (described, asked) = run(components, &Options::default());
    assert_eq!(described.unwrap()["vars"]["v"], "b-1");
    assert_eq!(asked, ["state b in dev as a"]);
}

#[test]
fn several_states_are_asked_for_once_each() {
    let components = "    a: {vars: {v: !terraform.state b id, w: [!terraform.state c id], x: !terraform.state b list}}\n\
                      \x20   b: {}\n    c: {}\n";
    let (described, asked) = run(components, &Options::default());
    assert_eq!(described.unwrap()["vars"], json!({"stage": "dev", "v": "b-1", "w": ["c-1"], "x": [1, "x"]}));
    assert!(asked.iter().all(|line| ["state b in dev as a", "state c in dev as a"].contains(&line.as_str())));
    let skip = Options { skip: vec!["terraform.state".to_owned()], ..Options::default() };
    let (described, asked) = run(components, &skip);
    assert_eq!(described.unwrap()["vars"]["v"], "!terraform.state b id");
    assert!(asked.is_empty());
}

#[test]
fn the_component_that_chooses_an_identity_is_who_asks() {
    let auth = "settings: {auth: {identity: '{{ .vars.stage }}-admin'}}";
    for (a, b, owner) in [("", "", "a"), (auth, "", "a"), ("", auth, "b"), (auth, auth, "b")] {
        let separator = if a.is_empty() { "" } else { ", " };
        let components = format!("    a: {{vars: {{v: !terraform.state b id}}{separator}{a}}}\n    b: {{{b}}}\n");
        let (described, asked) = run(&components, &Options::default());
        described.unwrap();
        assert_eq!(asked, [format!("state b in dev as {owner}")], "{components}");
    }
}

#[test]
fn facts_of_the_account_are_those_of_the_component() {
    assert_eq!(value("!aws.account_id", &Options::default()).unwrap(), json!("AccountId of a"));
    assert_eq!(value("'!aws.region'", &Options::default()).unwrap(), json!("Region of a"));
    let components = "    a: {settings: {auth: {identity: !aws.region }}}\n";
    let error = run(components, &Options::default()).0.unwrap_err();
    assert!(error.to_string().contains("resolvable without authentication"), "{error}");
    let components =
        "    a: {vars: {v: !aws.region }, auth: {identities: {x: {principal: {account: !aws.account_id }}}}}\n";
    let error = run(components, &Options::default()).0.unwrap_err();
    assert!(error.to_string().contains("resolvable without authentication"), "{error}");
}
