//! `locals` of files, kinds and components.

use miette::Diagnostic as _;
use serde_json::{Value as Json, json};

use crate::stack::fixture::{Fixture, tagged};
use crate::stack::{Error, StackIndex};

fn load(templates: bool, files: &[(&str, &str)]) -> Result<Json, Error> {
    let atmos = format!(
        "base_path: .\nstacks: {{base_path: stacks, included_paths: ['orgs/**/*'], name_pattern: '{{stage}}'}}\n\
         templates: {{settings: {{enabled: {templates}}}}}\n"
    );
    let mut fixture = Fixture::new(&[&[("atmos.yaml", atmos.as_str())][..], files].concat());
    fixture.host.env.set("FROM_OUTSIDE", "outer value");
    let index = StackIndex::load(&fixture.host, &fixture.config())?;
    index.document(&index.stacks()[0]).map(|document| tagged(&document.node))
}

fn dev(text: &str) -> Json {
    load(true, &[("stacks/orgs/dev.yaml", text)]).unwrap_or_else(|error| panic!("{error}"))
}

fn failure(text: &str) -> (String, String) {
    let error = load(true, &[("stacks/orgs/dev.yaml", text)]).unwrap_err();
    (error.to_string(), error.help().map(|help| help.to_string()).unwrap_or_default())
}

#[test]
fn locals_refer_to_each_other_in_any_order_and_keep_types() {
    let result = dev("\
settings: {region: {primary: ue1}}
vars: {stage: dev, n: 3}
locals:
  name: '{{ .locals.prefix }}-{{ .vars.stage }}'
  prefix: '{{ .locals.ns }}-{{ .settings.region.primary }}'
  ns: acme
  map: {a: [1, '{{ .vars.n }}'], text: 'n{{ .vars.n }}'}
  alias: '{{ .locals.map }}'
  out: !env FROM_OUTSIDE
  none: !env NOT_THERE_AT_ALL fallback
components:
  terraform:
    c: {vars: {name: '{{ .locals.name }}', map: '{{ .locals.alias }}', out: 'x {{ .locals.out }}', none: '{{ .locals.none }}'}}
");
    assert_eq!(
        result["components"]["terraform"]["c"]["vars"],
        json!({
            "name": "acme-ue1-dev", "map": {"a": [1, 3], "text": "n3"}, "out": "x outer value", "none": "fallback",
        })
    );
}

#[test]
fn settings_vars_and_env_see_those_before_them() {
    let result = dev("\
locals: {a: x}
settings: {s: '{{ .locals.a }}1'}
vars: {v: '{{ .settings.s }}2', later: '{{ .vars.v }}'}
env: {E: '{{ .vars.v }}3'}
components: {terraform: {c: {vars: {all: '{{ .settings.s }}/{{ .vars.v }}/{{ .env.E }}'}}}}
");
    assert_eq!(result["settings"], json!({"s": "x1"}));
    // A variable that refers to its own section waits for the component, and so do all others of the section.
    assert_eq!(result["vars"], json!({"v": "{{ .settings.s }}2", "later": "{{ .vars.v }}"}));
    let result = dev(
        "locals: {a: x}\nsettings: {s: '{{ .locals.a }}1'}\nvars: {v: '{{ .settings.s }}2'}\nenv: {E: '{{ .vars.v }}3'}",
    );
    assert_eq!((&result["vars"], &result["env"]), (&json!({"v": "x12"}), &json!({"E": "x123"})));
}

#[test]
fn scopes_nest_and_kinds_do_not_see_each_other() {
    let text = "\
locals: {a: top, shared: top}
terraform: {locals: {shared: tf, only_tf: '{{ .locals.a }}-tf'}, vars: {x: '{{ .locals.shared }}'}}
helmfile: {locals: {only_hf: hf}}
vars: {top: '{{ .locals.shared }}', lent: '{{ .locals.only_tf }}'}
components:
  terraform:
    c:
      locals: {own: '{{ .locals.only_tf }}-{{ .locals.a }}', a: own}
      vars: {own: '{{ .locals.own }}', a: '{{ .locals.a }}', shared: '{{ .locals.shared }}'}
    d: {vars: {a: '{{ .locals.a }}'}}
  helmfile:
    h: {vars: {shared: '{{ .locals.shared }}', hf: '{{ .locals.only_hf }}'}}
";
    let result = dev(text);
    let component = &result["components"]["terraform"]["c"];
    assert_eq!(component["vars"], json!({"own": "top-tf-own", "a": "own", "shared": "tf"}));
    assert_eq!(component["locals"], json!({"own": "top-tf-own", "a": "own"}));
    assert_eq!(result["components"]["terraform"]["d"]["vars"]["a"], "top");
    assert_eq!(result["components"]["helmfile"]["h"]["vars"], json!({"shared": "top", "hf": "hf"}));
    assert_eq!(result["terraform"]["vars"]["x"], "tf");
    assert_eq!(result["vars"], json!({"top": "top", "lent": "top-tf"}));
    let leaking = text.replace("hf: '{{ .locals.only_hf }}'", "hf: 'x{{ .locals.only_tf }}'");
    let error = load(false, &[("stacks/orgs/dev.yaml", &leaking)]).unwrap_err().to_string();
    assert!(error.contains("map has no entry for key \"only_tf\""), "{error}");
    assert!(error.contains("Available locals at this scope: a, only_hf, shared"), "{error}");
}

#[test]
fn locals_stay_in_their_file_and_replace_nothing_elsewhere() {
    let files = [
        ("stacks/catalog/c.yaml", "vars: {imported: 1, both: imported}\nsettings: {s: imported}"),
        (
            "stacks/orgs/dev.yaml",
            "import: [catalog/c]\nlocals: {p: x}\nvars: {own: '{{ .locals.p }}', both: own}\nsettings: {t: own}",
        ),
    ];
    let result = load(true, &files).unwrap();
    assert_eq!(result["vars"], json!({"imported": 1, "both": "own", "own": "x"}));
    assert_eq!(result["settings"], json!({"s": "imported", "t": "own"}));
    // What is imported does not see the locals of the importing file: it is no template at all.
    let files = [("stacks/catalog/c.yaml", "vars: {a: '{{ .locals.p }}'}"), files[1]];
    assert_eq!(load(true, &files).unwrap()["vars"]["a"], "{{ .locals.p }}");
}

#[test]
fn templates_of_components_wait_and_keep_the_locals_of_their_file() {
    let result = dev("\
locals: {p: x, q: 'say \"hi\"'}
vars: {stage: dev}
components:
  terraform:
    c:
      vars:
        plain: '{{ .locals.p }}'
        field: '{{ .vars.stage }}'
        name: '{{ .atmos_component }}'
        mixed: '{{ .locals.q }} {{ .atmos_component | printf \"%s-%s\" .locals.p }}'
        piped: '{{ .locals.p | upper }}'
        own: '{{ .vars.stage | upper }}'
        inherited: '{{ .locals.of_a_base }}'
");
    assert_eq!(
        result["components"]["terraform"]["c"]["vars"],
        json!({
            "plain": "x",
            "field": "dev",
            "name": "{{ .atmos_component }}",
            "mixed": "{{ \"say \\\"hi\\\"\" }} {{ .atmos_component | printf \"%s-%s\" \"x\" }}",
            "piped": "X",
            "own": "{{ .vars.stage | upper }}",
            "inherited": "{{ .locals.of_a_base }}",
        })
    );
    let alone = dev(
        "locals: {p: x}\nvars: {stage: dev}\ncomponents: {terraform: {c: {vars: {own: '{{ .vars.stage | upper }}'}}}}",
    );
    assert_eq!(alone["components"]["terraform"]["c"]["vars"]["own"], "DEV");
}

#[test]
fn foreign_templates_are_left_alone() {
    let result = dev("locals: {p: x}\nvars: {alert: '{{ $labels.instance }} down', p: '{{ .locals.p }}'}");
    assert_eq!(result["vars"], json!({"alert": "{{ $labels.instance }} down", "p": "x"}));
}

#[test]
fn cycles_unknown_names_and_wrong_types_are_errors_with_places() {
    for (text, phrases) in [
        (
            "locals:\n  a: '{{ .locals.b }}'\n  b: 'x {{ .locals.c }}'\n  c: '{{ .locals.a }}'\nvars: {v: '{{ .locals.a }}'}",
            &["circular dependency in locals", "Dependency cycle detected: a → b → c → a", "dev.yaml:2:"][..],
        ),
        ("locals: {a: 'x{{ .locals.a }}'}", &["Dependency cycle detected: a → a"]),
        (
            "locals:\n  a: 'x {{ .locals.zz }}'\n  b: 1\n",
            &["failed to resolve local \"a\" in orgs/dev.yaml", "map has no entry for key \"zz\"", "dev.yaml:2:"],
        ),
        (
            "locals: {name: x}\nvars:\n  v: '{{ .locals.nmae }}'",
            &["no entry for key \"nmae\"", "dev.yaml:3:", "Available locals at this scope: name"],
        ),
        ("locals: [1]\nvars: {v: '{{ 1 }}'}", &["locals must be a map in", "dev.yaml:1:9"]),
        ("locals: [1]", &["locals must be a map in", "dev.yaml:1:9"]),
        (
            "locals: {s: !terraform.state vpc id}\nvars: {v: 'x{{ .locals.s }}'}",
            &["the local `s` is the YAML function `!terraform.state`", "not built yet", "dev.yaml:2:"],
        ),
    ] {
        let (message, help) = failure(text);
        for phrase in phrases {
            assert!(message.contains(phrase), "{phrase}: {message}");
        }
        assert!(!help.is_empty(), "{message}");
    }
    let (_, help) = failure("locals: {name: x}\nvars: {v: '{{ .locals.nmae }}'}");
    assert_eq!(help, "did you mean the local `name`?");
}

#[test]
fn functions_that_wait_pass_through_a_local() {
    let result = dev("locals: {s: !terraform.state vpc id}\nvars: {v: '{{ .locals.s }}'}");
    assert_eq!(result["vars"]["v"], "!terraform.state vpc id");
}

#[test]
fn locals_that_multiply_end_with_an_error() {
    let mut text = "locals:\n  l0: [1]\n".to_owned();
    for step in 1..10 {
        let items = vec![format!("'{{{{ .locals.l{} }}}}'", step - 1); 10].join(", ");
        text = format!("{text}  l{step}: [{items}]\n");
    }
    text.push_str("vars: {v: '{{ .locals.l9 }}'}\n");
    let (message, _) = failure(&text);
    assert!(message.contains("has more than 100000 values"), "{message}");
}

#[test]
fn locals_that_nest_end_with_an_error() {
    let mut text = "locals:\n  l0: [1]\n".to_owned();
    for step in 1..3000 {
        text = format!("{text}  l{step}: ['{{{{ .locals.l{} }}}}']\n", step - 1);
    }
    let (message, _) = failure(&format!("{text}vars: {{v: '{{{{ .locals.l2999 }}}}'}}\n"));
    assert!(message.contains("or too many levels"), "{message}");
}

#[test]
fn the_environment_cannot_bring_in_functions() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/**/*'], name_pattern: '{stage}'}\n";
    let dev = "locals: {a: !env EVIL}\nvars: {v: '{{ .locals.a }}', w: 'x {{ .locals.a }}'}";
    let mut fixture = Fixture::new(&[("atmos.yaml", atmos), ("stacks/orgs/dev.yaml", dev)]);
    fixture.host.env.set("EVIL", "!exec id");
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    let document = tagged(&index.document(&index.stacks()[0]).unwrap().node);
    assert_eq!(document["vars"], json!({"v": "!literal !exec id", "w": "x !exec id"}));
}

#[test]
fn a_local_that_is_no_template_is_an_error_where_it_stands() {
    for text in ["{{ .locals.p | uppr }}-x", "{{ .locals.p", "{{ if }}"] {
        for manifest in [
            format!("locals:\n  p: a\n  broken: \"{text}\"\nvars: {{stage: dev}}\n"),
            format!("vars: {{stage: dev}}\nterraform:\n  locals: {{p: a, broken: \"{text}\"}}\n"),
        ] {
            for templates in [false, true] {
                let error = load(templates, &[("stacks/orgs/dev.yaml", &manifest)]).unwrap_err().to_string();
                assert!(error.contains("failed to resolve local \"broken\""), "{manifest}: {error}");
                assert!(error.contains("stacks/orgs/dev.yaml:3:"), "{manifest}: {error}");
            }
        }
    }
}

#[test]
fn locals_that_are_read_by_a_function_are_there_whatever_their_names() {
    for other in ["0-region", "z-region"] {
        let result = dev(&format!(
            "locals: {{'{other}': eu, name: 'app-{{{{ index .locals \"{other}\" }}}}', up: '{{{{ index .locals \"{other}\" | upper }}}}'}}\n\
             vars: {{n: '{{{{ .locals.name }}}}', u: '{{{{ .locals.up }}}}'}}\n"
        ));
        assert_eq!(result["vars"], json!({"n": "app-eu", "u": "EU"}), "{other}");
    }
    // What makes do without keeps its value, as in the reference, and there is no circle of what has none there.
    let text = "locals: {a: '{{ if index .locals \"b\" }}x{{ else }}y{{ end }}', b: '{{ .locals.a }}', \
                c: '{{ index .locals \"d-e\" | default \"none\" }}', d-e: 1}\nvars: {a: '{{ .locals.b }}', c: '{{ .locals.c }}'}\n";
    assert_eq!(dev(text)["vars"], json!({"a": "y", "c": "none"}));
    let (message, _) = failure("locals: {a: '{{ index .locals \"b\" }}', b: '{{ .locals.a }}'}\n");
    assert!(message.contains("Dependency cycle detected: a → b → a"), "{message}");
}

#[test]
fn a_local_that_does_without_another_one_is_a_warning() {
    use std::sync::{Arc, Mutex};

    let text = "locals: {c: '{{ index .locals \"d-e\" | default \"none\" }}', d-e: 1}\nvars: {c: '{{ .locals.c }}'}\n";
    let mut fixture = Fixture::new(&[("stacks/orgs/dev.yaml", text)]);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = heard.clone();
    fixture.host.talk = crate::diag::Talk::new(move |message| sink.lock().unwrap().push(format!("{message:?}")));
    let index = StackIndex::load(&fixture.host, &fixture.config()).unwrap();
    index.document(&index.stacks()[0]).unwrap();
    let heard = heard.lock().unwrap().join("\n");
    assert!(
        heard.contains("asks a function for the local `d-e`") && heard.contains("stacks/orgs/dev.yaml:1:"),
        "{heard}"
    );
}

/// What a component with these variables is given, with and without the step that renders components.
fn both(text: &str) -> [Json; 2] {
    [true, false].map(|templates| {
        let result = load(templates, &[("stacks/orgs/dev.yaml", text)]).unwrap_or_else(|error| panic!("{error}"));
        result["components"]["terraform"]["c"].clone()
    })
}

#[test]
fn a_local_that_reads_a_variable_which_reads_a_local_has_its_value() {
    let text = "\
locals:
  org: acme
  num: 5
  bucket: '{{ .vars.namespace }}-state'
  table: '{{ .settings.prefix }}-lock'
  host: '{{ .env.ZONE }}.example'
  two: '{{ .locals.bucket }}'
  map: {a: '{{ .vars.namespace }}', b: ['{{ .vars.namespace }}x'], n: '{{ .vars.num }}'}
vars: {stage: dev, namespace: '{{ .locals.org }}', num: '{{ .locals.num }}'}
settings: {prefix: '{{ .locals.org }}'}
env: {ZONE: '{{ .locals.org }}'}
terraform: {backend: {s3: {bucket: '{{ .locals.bucket }}'}}}
components:
  terraform:
    c:
      vars:
        bucket: '{{ .locals.bucket }}'
        table: '{{ .locals.table }}'
        host: '{{ .locals.host }}'
        two: '{{ .locals.two }}'
        map: '{{ .locals.map }}'
        part: 'x-{{ .locals.bucket }}'
        piped: '{{ .locals.bucket | upper }}'
";
    for component in both(text) {
        assert_eq!(
            component["vars"],
            json!({
                "bucket": "acme-state", "table": "acme-lock", "host": "acme.example", "two": "acme-state",
                "map": {"a": "acme", "b": ["acmex"], "n": "5"}, "part": "x-acme-state", "piped": "ACME-STATE",
            })
        );
    }
    assert_eq!(dev(text)["terraform"]["backend"]["s3"]["bucket"], "acme-state");
}

#[test]
fn values_that_are_templates_see_the_file_when_they_are_meant_alone() {
    let text = "\
locals: {l: '{{ .vars.text }}', mixed: '{{ .vars.mixed }}'}
vars: {stage: dev, region: us, name: acme, text: '{{ .vars.region }}-x', mixed: '{{ .locals.org }}-{{ .vars.region }}'}
terraform: {locals: {org: '{{ .vars.name }}'}}
components:
  terraform:
    c: {vars: {region: eu, alone: '{{ .locals.l }}', part: 'n-{{ .locals.l }}', mixed: 'n-{{ .locals.mixed }}'}}
";
    let [component, _] = both(text);
    assert_eq!(component["vars"]["alone"], "us-x");
    // Not alone it is a text that the component renders.
    assert_eq!(component["vars"]["part"], "n-{{ .vars.region }}-x");
    let component_later = dev("\
locals: {org: acme, l: '{{ .vars.text }}-y'}
vars: {stage: dev, text: '{{ .locals.org }}-{{ .atmos_component }}'}
components: {terraform: {c: {vars: {alone: '{{ .locals.l }}', part: 'n-{{ .locals.l }}'}}}}
");
    let vars = &component_later["components"]["terraform"]["c"]["vars"];
    assert_eq!(vars["alone"], "{{ \"acme\" }}-{{ .atmos_component }}-y");
    assert_eq!(vars["part"], "n-{{ \"acme\" }}-{{ .atmos_component }}-y");
}

#[test]
fn a_local_and_a_variable_that_read_each_other_come_to_an_end() {
    let [component, _] = both(
        "locals: {a: '{{ .vars.a }}', b: '{{ .vars.a }}{{ .vars.a }}'}\nvars: {a: '{{ .locals.a }}'}\n\
         components: {terraform: {c: {vars: {a: fix}}}}",
    );
    assert_eq!(component["vars"]["a"], "fix");
}

#[test]
fn locals_of_a_component_are_texts_whatever_its_file_has() {
    let body = "\
vars: {stage: dev}
components:
  terraform:
    c:
      locals: {port: 8080, on: true, tags: {team: x}, l: [1, 2], state: !terraform.state a b}
      vars:
        port: '{{ .locals.port }}'
        on: '{{ .locals.on }}'
        tags: '{{ .locals.tags }}'
        l: '{{ .locals.l }}'
        part: 'p{{ .locals.port }}'
      env: {PORT: '{{ .locals.port }}'}
    heir: {metadata: {inherits: [c]}, vars: {same: '{{ .locals.port }}'}}
";
    let [on, off] = both(&format!("locals: {{unrelated: 1}}\n{body}"));
    assert_eq!(on["vars"], json!({"port": "8080", "on": "true", "tags": "map[team:x]", "l": "[1 2]", "part": "p8080"}));
    assert_eq!(on["env"]["PORT"], "8080");
    // Without the step that renders components they are never there.
    assert_eq!(off, both(body)[1]);
    let own = body.replace("port: '{{ .locals.port }}'\n", "port: '{{ .locals.state }}'\n");
    let [on, _] = both(&format!("locals: {{unrelated: 1}}\n{own}"));
    assert_eq!(on["vars"]["port"], "!terraform.state a b");
}

#[test]
fn blanks_around_a_local_do_not_make_it_a_text() {
    let text = "\
locals: {port: 5, on: true, tags: {k: v}, list: [a, b], text: str, sp: ' {{ .locals.port }} '}
components:
  terraform:
    c:
      vars:
        tags: |
          {{ .locals.tags }}
        list: |
          {{ .locals.list }}
        port: |
          {{ .locals.port }}
        text: |
          {{ .locals.text }}
        folded: >-
          {{ .locals.tags }}
        trailing: '{{ .locals.on }} '
        quoted: ' {{ .locals.port }} '
        sp: '{{ .locals.sp }}'
";
    for component in both(text) {
        assert_eq!(
            component["vars"],
            json!({
                "tags": {"k": "v"}, "list": ["a", "b"], "port": 5, "text": "str", "folded": {"k": "v"},
                "trailing": true, "quoted": 5, "sp": 5,
            })
        );
    }
}
