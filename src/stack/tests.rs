//! Imports, merge order, circles and errors of whole repositories.

use super::fixture::Fixture;
use super::{Error, StackIndex};
use crate::value::to_json;

fn merged(files: &[(&str, &str)]) -> Result<serde_json::Value, Error> {
    let fixture = Fixture::new(files);
    let index = StackIndex::load(&fixture.host, &fixture.config())?;
    let stack = index.stacks().iter().find(|stack| *stack.key == *"orgs/dev").expect("the tests define orgs/dev");
    index.document(stack).map(|document| to_json(&document.node))
}

fn failure(files: &[(&str, &str)]) -> String {
    merged(files).unwrap_err().to_string()
}

#[test]
fn imports_merge_in_order_and_repeated_ones_win_again() {
    let catalog =
        [("stacks/catalog/a.yaml", "vars: {x: a, only_a: 1}"), ("stacks/catalog/b.yaml", "vars: {x: b, only_b: 1}")];
    for (imports, x) in [("[catalog/a, catalog/b]", "b"), ("[catalog/a, catalog/b, catalog/a]", "a")] {
        let manifest = format!("import: {imports}\nvars: {{own: 1}}");
        let document = merged(&[catalog[0], catalog[1], ("stacks/orgs/dev.yaml", &manifest)]).unwrap();
        assert_eq!(document["vars"], serde_json::json!({"x": x, "only_a": 1, "only_b": 1, "own": 1}));
    }
}

#[test]
fn imports_are_found_by_every_form() {
    let files = [
        ("stacks/orgs/_defaults.yaml", "vars: {relative: 1}"),
        ("stacks/catalog/one.yml", "vars: {yml: 1}"),
        ("stacks/catalog/parts/p.yaml", "vars: {glob: 1}"),
        ("stacks/catalog/plain.yaml.tmpl", "vars: {tmpl: 1}"),
        (
            "stacks/orgs/dev.yaml",
            "import:\n- ./_defaults\n- catalog/one\n- catalog/parts/*\n- path: catalog/plain\n  context: {a: 1}\n\
             - path: catalog/none\n  skip_if_missing: true\n",
        ),
    ];
    let document = merged(&files).unwrap();
    assert_eq!(document["vars"], serde_json::json!({"relative": 1, "yml": 1, "glob": 1, "tmpl": 1}));
}

#[test]
fn circles_and_self_imports_are_errors_with_their_chain() {
    let circle = failure(&[
        ("stacks/orgs/dev.yaml", "import: [catalog/x]"),
        ("stacks/catalog/x.yaml", "import: [catalog/y]"),
        ("stacks/catalog/y.yaml", "vars: {}\nimport: [catalog/x]"),
    ]);
    assert!(circle.contains("circular stack import: catalog/x.yaml → catalog/y.yaml → catalog/x.yaml"), "{circle}");
    assert!(circle.contains("stacks/catalog/y.yaml:2:10"), "{circle}");
    let itself = failure(&[("stacks/orgs/dev.yaml", "import: [orgs/dev]")]);
    assert!(itself.contains("stack manifest imports itself"), "{itself}");
}

#[test]
fn errors_carry_the_place_and_the_import_chain() {
    for (name, text, phrases) in [
        (
            "missing",
            "import: [catalog/none]",
            &["stack import not found", "failed to find import", "dev.yaml:1:10"][..],
        ),
        ("import", "import: {a: 1}", &["invalid import section in the file 'orgs/dev.yaml'"]),
        ("item", "import: [5]", &["invalid import '5' in the file 'orgs/dev.yaml'"]),
        ("empty item", "import: ['']", &["invalid import (empty) in the file"]),
        ("object", "import: [{context: {}}]", &["invalid import in the manifest 'orgs/dev.yaml'"]),
        ("remote", "import: ['hg::https://example.com/x//y']", &["are not supported", "dev.yaml:1:10"]),
        ("absolute import", "import: [/abs]", &["stack import not found", "import '/abs'", "dev.yaml:1:10"]),
        (
            "boolean",
            "import:\n- path: x\n  skip_if_missing: 'yes'",
            &["`skip_if_missing` is not a boolean", "dev.yaml:3:20"],
        ),
        ("list", "[a]", &["invalid stack manifest"]),
        ("components list", "components: [a]", &["invalid components section in file", "dev.yaml:1:13"]),
        ("components text", "components: hello", &["invalid components section in file", "dev.yaml:1:13"]),
        (
            "kind list",
            "components: {terraform: [a]}",
            &["invalid components.terraform section in file", "dev.yaml:1:25"],
        ),
        ("syntax", "a: [", &["invalid stack manifest", "orgs/dev.yaml"]),
        ("overrides", "overrides: 5", &["invalid overrides section in the stack manifest 'orgs/dev.yaml'"]),
        ("locals", "locals: {a: 1}\nvars: {b: '{{ .locals.b }}'}", &["no entry for key \"b\"", "dev.yaml:2:"]),
    ] {
        let message = failure(&[("stacks/orgs/dev.yaml", text)]);
        for phrase in phrases {
            assert!(message.contains(phrase), "{name}: {message}");
        }
    }
    let nested = failure(&[
        ("stacks/orgs/dev.yaml", "import: [catalog/x]"),
        ("stacks/catalog/x.yaml", "vars:\n  a: 1\n  a: 2\n"),
    ]);
    assert!(nested.contains("Import chain: → orgs/dev.yaml → catalog/x.yaml"), "{nested}");
    assert!(nested.contains("already defined"), "{nested}");
}

#[test]
fn a_slash_at_the_start_means_the_folder_of_the_manifest() {
    let beside = ("stacks/orgs/catalog/o.yaml", "vars: {from: orgs}");
    for (import, from) in [("/catalog/o", "orgs"), ("{path: /catalog/o}", "orgs"), ("/../catalog/*", "top")] {
        let manifest = format!("import: [{import}]");
        let files = [beside, ("stacks/catalog/o.yaml", "vars: {from: top}"), ("stacks/orgs/dev.yaml", &manifest)];
        assert_eq!(merged(&files).unwrap()["vars"]["from"], from, "{import}");
    }
}

#[test]
fn contexts_that_double_at_each_import_are_an_error_for_everybody() {
    let names: Vec<String> = (0..24).map(|level| format!("stacks/catalog/c{level}.yaml")).collect();
    let texts: Vec<String> = (0..24)
        .map(|level| {
            if level == 0 {
                return "vars: {'x{{ .a1 }}': 1}".to_owned();
            }
            let import = |value: u8| format!("{{path: catalog/c{}, context: {{a{level}: {value}}}}}", level - 1);
            format!("import: [{}, {}]", import(1), import(2))
        })
        .collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    files.push(("stacks/orgs/dev.yaml", "import: [catalog/c23]"));
    let fixture = Fixture::new(&files);
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    let message = index.document(&index.stacks()[0]).unwrap_err().to_string();
    assert!(message.contains("the contexts of the imports below 'catalog/c"), "{message}");
    assert!(message.contains("Import chain: → orgs/dev.yaml → catalog/c23.yaml"), "{message}");
    let survey: Vec<String> = index.survey(&[]).errors.iter().map(ToString::to_string).collect();
    assert_eq!(survey, [message]);
}

#[test]
fn text_may_be_utf_16() {
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let fixture = Fixture::new(&[("stacks/orgs/dev.yaml", "")]);
        let bytes: Vec<u8> = "\u{feff}vars: {a: \u{1f600}}".encode_utf16().flat_map(order).collect();
        std::fs::write(fixture.host.cwd.join("stacks/orgs/dev.yaml"), bytes).unwrap();
        let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
        let document = to_json(&index.document(&index.stacks()[0]).unwrap().node);
        assert_eq!(document["vars"]["a"], "\u{1f600}");
    }
}

#[test]
fn bytes_that_are_no_text_have_their_place() {
    let fixture = Fixture::new(&[("stacks/orgs/dev.yaml", "")]);
    std::fs::write(fixture.host.cwd.join("stacks/orgs/dev.yaml"), b"vars:\n  \xc3\xa4: \xff\n").unwrap();
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    let error = index.document(&index.stacks()[0]).unwrap_err();
    assert!(error.to_string().contains("not valid UTF-8 at stacks/orgs/dev.yaml:2:6"), "{error}");
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    assert_eq!(help.as_deref(), Some("save the file in the encoding UTF-8"));
}

#[test]
fn excluded_and_foreign_files_are_no_stacks() {
    let fixture = Fixture::new(&[
        ("stacks/orgs/_defaults.yaml", ""),
        ("stacks/orgs/a.json", "{}"),
        ("stacks/orgs/b.yml", "# nothing"),
        ("stacks/orgs/sub/c.yaml.tmpl", "vars: {}"),
        ("stacks/catalog/x.yaml", ""),
    ]);
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    let keys: Vec<&str> = index.stacks().iter().map(|stack| &*stack.key).collect();
    assert_eq!(keys, ["orgs/b", "orgs/sub/c.yaml.tmpl"]);
    assert!(index.by_path("orgs/b").is_some());
    assert!(index.by_path("b").is_none());
}

#[test]
fn nothing_found_is_an_error() {
    let message = StackIndex::load(&Fixture::new(&[]).host, &Fixture::new(&[]).config()).unwrap_err().to_string();
    assert!(message.contains("no stack manifests found in the paths"), "{message}");
}

/// The effective overrides of a component.
fn overrides(files: &[(&str, &str)], component: &str) -> serde_json::Value {
    let fixture = Fixture::new(files);
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    let stack = index.stacks().iter().find(|stack| *stack.key == *"orgs/dev").unwrap();
    index.overrides(stack, "terraform", component).map_or(serde_json::Value::Null, |node| to_json(&node))
}

#[test]
fn overrides_reach_what_is_imported_later() {
    let files = [
        ("stacks/catalog/first.yaml", "components: {terraform: {first: {}}}"),
        ("stacks/catalog/hard.yaml", "overrides: {vars: {a: global}}\nterraform: {overrides: {vars: {a: kind, b: 1}}}"),
        ("stacks/catalog/second.yaml", "components: {terraform: {second: {overrides: {vars: {z: own}}}}}"),
        (
            "stacks/orgs/dev.yaml",
            "import: [catalog/first, catalog/hard, catalog/second]\ncomponents: {terraform: {own: {}}}",
        ),
    ];
    let reached = serde_json::json!({"vars": {"a": "kind", "b": 1}});
    assert_eq!(overrides(&files, "first"), serde_json::Value::Null);
    assert_eq!(overrides(&files, "second"), reached, "the component's own overrides are replaced, as in the reference");
    assert_eq!(overrides(&files, "own"), reached);
}

#[test]
fn outer_overrides_win_and_reach_everything() {
    let files = [
        ("stacks/catalog/x.yaml", "overrides: {vars: {a: inner, b: inner}}\ncomponents: {terraform: {x: {}}}"),
        ("stacks/orgs/dev.yaml", "import: [catalog/x]\noverrides: {vars: {a: outer}}"),
    ];
    assert_eq!(overrides(&files, "x"), serde_json::json!({"vars": {"a": "outer", "b": "inner"}}));
}

#[test]
fn appending_overrides_count_once() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/*'], name_pattern: '{stage}'}\n\
                 settings: {list_merge_strategy: append}\n";
    let files = [
        ("atmos.yaml", atmos),
        ("stacks/mixins/hard.yaml", "overrides: {vars: {l: [1]}}"),
        ("stacks/catalog/a.yaml", "import: [mixins/hard]\ncomponents: {terraform: {a: {}}}"),
        ("stacks/catalog/b.yaml", "import: [mixins/hard]\ncomponents: {terraform: {a: {}}}"),
        ("stacks/orgs/dev.yaml", "import: [catalog/a, catalog/b]"),
    ];
    assert_eq!(overrides(&files, "a"), serde_json::json!({"vars": {"l": [1]}}));
}

#[test]
fn tags_in_overrides_end_where_files_are_merged() {
    let component = "components: {terraform: {x: {}}}";
    let over = "overrides: {vars: {l: !append [q]}}";
    let both = format!("{over}\n{component}");
    let waits = serde_json::json!({"vars": {"l": "!append [\"q\"]"}});
    let is_list = serde_json::json!({"vars": {"l": ["q"]}});
    for (catalog, dev, expected) in [
        ("vars: {}", both.clone(), &waits),
        (&*both, "import: [catalog/y]\nvars: {stage: dev}".to_owned(), &is_list),
        (component, format!("import: [catalog/y]\n{over}"), &is_list),
        (over, format!("import: [catalog/y]\n{component}"), &is_list),
    ] {
        let files = [("stacks/catalog/y.yaml", catalog), ("stacks/orgs/dev.yaml", &*dev)];
        assert_eq!(&overrides(&files, "x"), expected, "{dev}");
    }
}

#[test]
fn lists_of_overrides_meet_each_other_file_by_file() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/*'], name_pattern: '{stage}'}\n\
                 settings: {list_merge_strategy: merge}\n";
    for (imports, first) in [("catalog/z, catalog/y", ["imported", "z"]), ("catalog/y, catalog/z", ["p", "q"])] {
        let dev = format!(
            "import: [{imports}]\noverrides: {{vars: {{l: [p, q, r]}}}}\ncomponents: {{terraform: {{own: {{}}}}}}"
        );
        let files = [
            ("atmos.yaml", atmos),
            ("stacks/catalog/y.yaml", "components: {terraform: {x: {}}}"),
            ("stacks/catalog/z.yaml", "overrides: {vars: {l: [imported, z]}}"),
            ("stacks/orgs/dev.yaml", &*dev),
        ];
        let expected = serde_json::json!({"vars": {"l": [first[0], first[1], "r"]}});
        assert_eq!(overrides(&files, "own"), expected, "{imports}");
        assert_eq!(overrides(&files, "x"), expected, "{imports}");
    }
}
