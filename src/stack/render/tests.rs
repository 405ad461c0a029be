//! Contexts, locals, deferral and errors of rendered manifests, in whole repositories.

use miette::Diagnostic as _;
use serde_json::{Value as Json, json};

use crate::stack::fixture::{Fixture, tagged};
use crate::stack::{Error, StackIndex};
use crate::value::to_json;

const DEV: &str = "stacks/orgs/dev.yaml";

fn atmos_yaml(templates: &str) -> String {
    format!(
        "base_path: .\nstacks: {{base_path: stacks, included_paths: ['orgs/**/*'], name_pattern: '{{stage}}'}}\n\
         templates: {{settings: {templates}}}\n"
    )
}

fn document_with(templates: &str, files: &[(&str, &str)]) -> Result<Json, Error> {
    let atmos = atmos_yaml(templates);
    let mut all = vec![("atmos.yaml", atmos.as_str())];
    all.extend_from_slice(files);
    let fixture = Fixture::new(&all);
    let index = StackIndex::load(&fixture.host, &fixture.config())?;
    let stack =
        index.stacks().iter().find(|stack| stack.key.starts_with("orgs/dev")).expect("the tests define orgs/dev");
    index.document(stack).map(|document| tagged(&document.node))
}

fn document(files: &[(&str, &str)]) -> Json {
    document_with("{enabled: true}", files).unwrap_or_else(|error| panic!("{error}"))
}

fn failure(files: &[(&str, &str)]) -> (String, String) {
    let error = document_with("{enabled: true}", files).unwrap_err();
    (error.to_string(), error.help().map(|help| help.to_string()).unwrap_or_default())
}

#[test]
fn contexts_render_values_keys_and_arguments() {
    let catalog = "components:\n  terraform:\n    'vpc-{{ .flavor }}':\n      vars:\n        flavor: '{{ .flavor }}'\n        \
                   size: '{{ .size }}'\n        tags: '{{ .tags }}'\n        port: 80{{ .size }}\n        text: 'n{{ .size }}'\n        \
                   list: ['{{ .flavor }}', plain]\n        fn: !env '{{ .flavor }}_X'\n        kept: !literal '{{ .nothing }}'\n";
    let dev = "import:\n- path: catalog/c\n  context: {flavor: blue, size: 8, tags: {a: [1]}}\n";
    let result = document(&[("stacks/catalog/c.yaml", catalog), (DEV, dev)]);
    assert_eq!(
        result["components"]["terraform"]["vpc-blue"]["vars"],
        json!({
            "flavor": "blue", "size": 8, "tags": {"a": [1]}, "port": 808, "text": "n8", "list": ["blue", "plain"],
            "fn": "!env blue_X", "kept": "!literal {{ .nothing }}",
        })
    );
}

#[test]
fn the_outer_context_wins_and_flows_on() {
    let files = [
        ("stacks/catalog/leaf.yaml", "vars: {a: '{{ .a }}', b: '{{ .b }}', m: '{{ .m }}'}"),
        (
            "stacks/catalog/middle.yaml",
            "import:\n- path: catalog/leaf\n  context: {a: inner, b: inner, m: {x: inner, y: inner}}",
        ),
        (DEV, "import:\n- path: catalog/middle\n  context: {a: outer, m: {x: outer}}"),
    ];
    assert_eq!(document(&files)["vars"], json!({"a": "outer", "b": "inner", "m": {"x": "outer", "y": "inner"}}));
}

#[test]
fn one_file_is_rendered_for_every_context() {
    let files = [
        (
            "stacks/catalog/c.yaml.tmpl",
            "components:\n  terraform:\n    {{ .name }}:\n      vars: {size: {{ .size }}}\n",
        ),
        (
            DEV,
            "import:\n- path: catalog/c\n  context: {name: a, size: 1}\n- path: catalog/c\n  context: {name: b, size: '2'}",
        ),
    ];
    assert_eq!(
        document(&files)["components"]["terraform"],
        json!({"a": {"vars": {"size": 1}}, "b": {"vars": {"size": 2}}})
    );
}

#[test]
fn flags_of_an_import_decide_what_is_rendered_and_what_may_be_missing() {
    let catalog = ("stacks/catalog/c.yaml", "vars: {a: '{{ .a }}', b: 'x {{ .b }}'}");
    for (flags, expected) in [
        ("skip_templates_processing: true", json!({"a": "{{ .a }}", "b": "x {{ .b }}"})),
        ("ignore_missing_template_values: true", json!({"a": 1, "b": "x <no value>"})),
    ] {
        let dev = format!("import:\n- path: catalog/c\n  context: {{a: 1}}\n  {flags}\n");
        assert_eq!(document(&[catalog, (DEV, &dev)])["vars"], expected, "{flags}");
    }
    let dev = "import:\n- path: catalog/c\n  context: {a: 1}\n";
    let global =
        document_with("{enabled: true, ignore_missing_template_values: true}", &[catalog, (DEV, dev)]).unwrap();
    assert_eq!(global["vars"]["b"], "x <no value>");
    // The flag of an import says nothing about what the imported file imports.
    let middle = ("stacks/catalog/m.yaml", "import: [catalog/c]");
    let dev = "import:\n- path: catalog/m\n  context: {a: 1}\n  ignore_missing_template_values: true\n";
    let (message, _) = failure(&[catalog, middle, (DEV, dev)]);
    assert!(message.contains("map has no entry for key \"b\""), "{message}");
}

#[test]
fn a_value_that_a_context_lacks_has_its_place_expression_and_chain() {
    let (message, help) = failure(&[
        ("stacks/catalog/c.yaml", "vars:\n  a: '{{ .a }}'\n  b: 'x {{ .later | upper }}'\n"),
        ("stacks/catalog/m.yaml", "import: [catalog/c]"),
        (DEV, "import:\n- path: catalog/m\n  context: {a: 1}\n"),
    ]);
    for phrase in [
        "invalid stack manifest: template: stacks/catalog/c.yaml:3:",
        "at <.later>: map has no entry for key \"later\"",
        "File being processed: catalog/c.yaml",
        "Import chain: → orgs/dev.yaml → catalog/m.yaml → catalog/c.yaml",
    ] {
        assert!(message.contains(phrase), "{phrase}: {message}");
    }
    assert!(help.contains("`context`"), "{help}");
}

#[test]
fn broken_templates_matter_only_to_the_stacks_that_import_them() {
    let fixture = Fixture::new(&[
        (DEV, "vars: {a: 1}"),
        ("stacks/orgs/prod.yaml", "import:\n- path: catalog/t\n  context: {x: 1}"),
        ("stacks/catalog/t.yaml", "vars: {b: '{{ .y }}'}"),
    ]);
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    let results: Vec<bool> = index.stacks().iter().map(|stack| index.document(stack).is_ok()).collect();
    assert_eq!(results, [true, false]);
}

#[test]
fn texts_that_are_no_yaml_before_they_are_rendered_are_rendered_whole() {
    let text =
        "vars:\n{{- range $i := .list }}\n  v{{ $i }}: {{ $i }}\n{{- end }}\n{{- if .no }}\n  no: 1\n{{- end }}\n";
    let dev = "import:\n- path: catalog/t\n  context: {list: [1, 2], no: false}\n";
    assert_eq!(document(&[("stacks/catalog/t.yaml.tmpl", text), (DEV, dev)])["vars"], json!({"v1": 1, "v2": 2}));
    // In files of another name that is an error, as in the reference.
    let (message, help) = failure(&[("stacks/catalog/t.yaml", text), (DEV, dev)]);
    assert!(message.contains("invalid stack manifest"), "{message}");
    assert!(help.contains("rename it to `.yaml.tmpl`"), "{help}");
}

#[test]
fn what_a_rendered_text_does_wrong_is_shown_in_the_rendered_text() {
    let text = "vars:\n{{- range $i := .list }}\n  same: {{ $i }}\n{{- end }}\n";
    let dev = "import:\n- path: catalog/t\n  context: {list: [1, 2]}\n";
    let (message, _) = failure(&[("stacks/catalog/t.yaml.tmpl", text), (DEV, dev)]);
    assert!(message.contains("already defined"), "{message}");
    assert!(message.contains("catalog/t.yaml.tmpl (rendered):3:"), "{message}");
}

#[test]
fn templates_over_several_scalars_are_rendered_whole() {
    let text = "vars:\n  a: '{{ if .on }}yes'\n  b: 'x{{ end }}'\n";
    let dev = "import:\n- path: catalog/t\n  context: {on: true}\n";
    assert_eq!(document(&[("stacks/catalog/t.yaml", text), (DEV, dev)])["vars"], json!({"a": "yes", "b": "x"}));
    let broken = "vars:\n  a: 1\n  b: '{{ if .on }}yes'\n";
    let (message, _) = failure(&[("stacks/catalog/t.yaml", broken), (DEV, dev)]);
    assert!(message.contains("template: stacks/catalog/t.yaml:3"), "{message}");
}

#[test]
fn template_files_without_values_are_rendered_or_left_for_components() {
    let text = "# {{ $x := \"from a comment\" }}\nvars:\n  a: '{{ $x }}'\n";
    assert_eq!(document(&[("stacks/orgs/dev.yaml.tmpl", text)])["vars"]["a"], "from a comment");
    let text = "vars:\n  a: '{{ .vars.stage }}-{{ \"b\" | upper }}'\n  c: '{{ \"c\" | upper }}'\n  stage: s\n";
    let left = json!({"a": "{{ .vars.stage }}-{{ \"b\" | upper }}", "c": "{{ \"c\" | upper }}", "stage": "s"});
    assert_eq!(document(&[("stacks/orgs/dev.yaml.tmpl", text)])["vars"], left);
    let (message, help) = failure(&[("stacks/orgs/dev.yaml.tmpl", "vars: {a: {{ .vars.stage }}}")]);
    assert!(message.contains("map has no entry for key \"vars\""), "{message}");
    assert!(help.contains("quoted scalar"), "{help}");
}

#[test]
fn import_paths_see_what_was_imported_before_and_their_context() {
    let files = [
        ("stacks/orgs/_defaults.yaml", "settings: {region: ue1}\nvars: {stage: dev}"),
        ("stacks/catalog/ue1.yaml", "vars: {region: one}"),
        ("stacks/catalog/uw2.yaml", "vars: {region: two}"),
        ("stacks/catalog/nested.yaml", "import: ['catalog/{{ .settings.region }}']"),
        (DEV, "import:\n- ./_defaults\n- catalog/nested\nvars: {own: 1}"),
        ("stacks/orgs/eve.yaml", "import:\n- path: 'catalog/{{ .region }}'\n  context: {region: uw2}\n"),
        ("stacks/orgs/fay.yaml", "settings: {region: ue1}\nimport: ['catalog/{{ .settings.region }}']"),
        ("stacks/orgs/gil.yaml", "import: [orgs/gil_base, catalog/nested]"),
        ("stacks/orgs/gil_base.yaml", "settings: {region: uw2}"),
    ];
    assert_eq!(document(&files)["vars"], json!({"stage": "dev", "region": "one", "own": 1}));
    let atmos = atmos_yaml("{enabled: true}");
    let fixture = Fixture::new(&[&[("atmos.yaml", atmos.as_str())][..], &files[..]].concat());
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    let of = |key: &str| {
        let stack = index.stacks().iter().find(|stack| *stack.key == *key).expect("a stack of the test");
        index.document(stack)
    };
    assert_eq!(to_json(&of("orgs/eve").unwrap().node)["vars"]["region"], "two");
    assert_eq!(to_json(&of("orgs/gil").unwrap().node)["vars"]["region"], "two", "one file, another path");
    let error = of("orgs/fay").unwrap_err();
    let message = error.to_string();
    for phrase in [
        "failed to render Go template in import path: import path 'catalog/{{ .settings.region }}' in file 'orgs/fay.yaml'",
        "map has no entry for key \"settings\"",
        "stacks/orgs/fay.yaml:2:",
    ] {
        assert!(message.contains(phrase), "{message}");
    }
    assert!(error.help().is_some_and(|help| help.to_string().contains("earlier import")));
}

#[test]
fn imports_in_rendered_files_are_found_and_missing_ones_reported() {
    let files = [
        ("stacks/catalog/late.yaml", "vars: {late: '{{ .region }}'}"),
        ("stacks/catalog/c.yaml", "import: ['catalog/{{ .file }}']"),
        (DEV, "import:\n- path: catalog/c\n  context: {file: late, region: r}\n"),
    ];
    assert_eq!(document_with("{enabled: false}", &files).unwrap()["vars"], json!({"late": "r"}));
    let dev = "import:\n- path: catalog/c\n  context: {file: nowhere}\n";
    let (message, _) = failure(&[files[0], files[1], (DEV, dev)]);
    assert!(message.contains("stack import not found: import 'catalog/nowhere' in file 'catalog/c.yaml'"), "{message}");
}

#[test]
fn rendered_circles_and_endless_contexts_end_with_an_error() {
    let (message, _) = failure(&[
        ("stacks/catalog/a.yaml", "import: ['catalog/{{ .next }}']"),
        ("stacks/catalog/b.yaml", "import: [catalog/a]"),
        (DEV, "import:\n- path: catalog/a\n  context: {next: b}\n"),
    ]);
    assert!(message.contains("circular stack import: catalog/a.yaml → catalog/b.yaml → catalog/a.yaml"), "{message}");
    let ten = |name: &str| vec![format!("'{{{{ .{name} }}}}'"); 10].join(", ");
    let mut files = vec![(DEV.to_owned(), "import:\n- path: catalog/n0\n  context: {v0: [1]}\n".to_owned())];
    for step in 0..8 {
        let (next, list) = (step + 1, ten(&format!("v{step}")));
        files.push((
            format!("stacks/catalog/n{step}.yaml"),
            format!("import:\n- path: catalog/n{next}\n  context: {{v{next}: [{list}]}}\n"),
        ));
    }
    files.push(("stacks/catalog/n8.yaml".to_owned(), "vars: {}".to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (message, _) = failure(&files);
    assert!(message.contains("the context of the import"), "{message}");
    assert!(message.contains("is too large"), "{message}");
}

#[test]
fn contexts_are_maps_and_flags_booleans() {
    for (entry, phrase) in [
        ("{path: catalog/c, context: [1]}", "`context` is not a map"),
        (
            "{path: catalog/c, ignore_missing_template_values: 'yes'}",
            "`ignore_missing_template_values` is not a boolean",
        ),
    ] {
        let dev = format!("import:\n- {entry}\n");
        let (message, _) = failure(&[("stacks/catalog/c.yaml", ""), (DEV, &dev)]);
        assert!(message.contains(phrase) && message.contains("dev.yaml:2:"), "{message}");
    }
}

#[test]
fn keys_that_become_one_are_an_error() {
    let (message, _) = failure(&[
        ("stacks/catalog/c.yaml", "vars:\n  '{{ .a }}': 1\n  '{{ .b }}': 2\n"),
        (DEV, "import:\n- path: catalog/c\n  context: {a: x, b: x}\n"),
    ]);
    assert!(message.contains("mapping key \"x\" already defined"), "{message}");
    assert!(message.contains("stacks/catalog/c.yaml:3:"), "{message}");
}

#[test]
fn overrides_and_imports_of_renditions_are_those_of_their_context() {
    let atmos = atmos_yaml("{enabled: true}");
    let fixture = Fixture::new(&[
        ("atmos.yaml", &atmos),
        ("stacks/catalog/o.yaml", "overrides: {vars: {x: '{{ .x }}'}}\ncomponents: {terraform: {'c-{{ .x }}': {}}}"),
        (DEV, "import:\n- path: catalog/o\n  context: {x: one}\n- path: catalog/o\n  context: {x: two}\n"),
    ]);
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    let stack = &index.stacks()[0];
    let overrides = |name: &str| index.overrides(stack, "terraform", name).map(|node| to_json(&node));
    assert_eq!(overrides("c-one"), Some(json!({"vars": {"x": "one"}})));
    assert_eq!(overrides("c-two"), Some(json!({"vars": {"x": "two"}})));
    assert_eq!(index.imports(stack).iter().map(|key| &**key).collect::<Vec<_>>(), ["catalog/o"]);
    let imported = index.imported(stack).into_iter().map(|(_, node)| to_json(&node)["overrides"]["vars"]["x"].clone());
    assert_eq!(imported.collect::<Vec<_>>(), ["two", "one"], "the strongest first");
}

#[test]
fn nothing_becomes_a_function_by_rendering() {
    let catalog = "vars: {a: '{{ .x }}{{ .y }}', b: '!env {{ .y }}', c: !env '{{ .y }}'}";
    let context = "context: {x: '!exec ', y: id}";
    let dev = format!("import:\n- path: catalog/c\n  {context}\n- path: catalog/t\n  {context}\n");
    let text = "vars:\n{{- if true }}\n  t: {{ .x }}{{ .y }}\n  u: !env {{ .y }}\n{{- end }}\n";
    let files = [("stacks/catalog/c.yaml", catalog), ("stacks/catalog/t.yaml.tmpl", text), (DEV, &dev)];
    assert_eq!(
        document(&files)["vars"],
        json!({
            "a": "!literal !exec id", "b": "!env id", "c": "!env id", "t": "!literal !exec id", "u": "!env id",
        })
    );
}

#[test]
fn a_template_without_quotes_is_named_as_what_the_others_suffer_from() {
    let text = "# {{ 1 }}\nvars: {stage: dev}\ncomponents: {terraform: {c: {vars: {x: {{ add 1 1 }}, y: \"{{ .vars.stage }}\"}}}}\n";
    let (message, help) = failure(&[("stacks/orgs/dev.yaml.tmpl", text)]);
    assert!(message.contains("map has no entry for key \"vars\""), "{message}");
    assert!(help.contains("the template at stacks/orgs/dev.yaml.tmpl:3:40 is not quoted"), "{help}");
}
