//! What is read is data: files, variables, stores and what templates make of them are never run as templates or functions.

use serde_json::{Value, json};

use crate::support::{Redis, Sandbox};

/// Makes a file when it is run.
const EVIL: &str = "{{ atmos.Resolve `!exec touch PWN; echo x` }}";
const KEY: &str = "{\"{{ atmos.Resolve `!exec touch PWN; echo x` }}\": 1}";
/// The same, encoded.
const ENCODED: &str = "e3sgYXRtb3MuUmVzb2x2ZSBgIWV4ZWMgdG91Y2ggUFdOOyBlY2hvIHhgIH19";
const DESCRIBE: [&str; 7] = ["describe", "component", "app", "-s", "dev", "--format", "json"];

/// A repository with the component `app` in the stack `dev`; `settings` are more of `templates.settings`.
fn repository(settings: &str, component: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\ncomponents: {{terraform: {{base_path: components/terraform}}}}\n\
             stacks: {{base_path: stacks, included_paths: ['dev*'], name_template: '{{{{ .vars.stage }}}}'}}\n\
             templates: {{settings: {{enabled: true, {settings}sprig: {{enabled: true}}, gomplate: {{enabled: true, \
             datasources: {{k: {{url: ./data/k.json}}, m: {{url: ./data/m.json}}}}}}}}}}\n"
        ),
    );
    sandbox.write("components/terraform/app/main.tf", "");
    sandbox.write("data/v.txt", EVIL);
    sandbox.write("data/b.txt", ENCODED);
    sandbox.write("data/k.json", KEY);
    sandbox.write("data/k.yaml", &format!("\"{EVIL}\": {{a: 1}}\n"));
    sandbox.write("data/m.json", "{\"{{ env `HIDDEN` }}\": \"{{ env `HIDDEN` }}\"}");
    sandbox.set("HIDDEN", "hidden-value");
    sandbox.set("EV", EVIL);
    stack(&sandbox, component);
    sandbox
}

fn stack(sandbox: &Sandbox, component: &str) {
    sandbox
        .write("stacks/dev.yaml", &format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n{component}"));
}

/// Nothing of the data ran.
fn is_clean(sandbox: &Sandbox) -> bool {
    !sandbox.repo().join("PWN").exists()
}

fn described(sandbox: &Sandbox) -> Value {
    let vars = sandbox.atmos(&DESCRIBE).success().json()["vars"].take();
    assert!(is_clean(sandbox), "{vars}");
    vars
}

#[test]
fn keys_of_included_files_are_no_templates() {
    let component = "      vars:\n        json: !include data/k.json\n        yaml: !include data/k.yaml\n        \
                     inner: {x: !include data/k.json }\n        <<: !include data/k.json\n";
    for settings in ["", "evaluations: 3, ", "delimiters: ['[[', ']]'], "] {
        let sandbox = repository(settings, component);
        let commands: [&[&str]; 5] = [
            &["describe", "stacks"],
            &["list", "vars", "app"],
            &["explain", "app", "-s", "dev", "vars.json"],
            &["terraform", "generate", "varfile", "app", "-s", "dev"],
            &["validate", "stacks"],
        ];
        for command in commands {
            sandbox.atmos(command);
            assert!(is_clean(&sandbox), "{command:?}");
        }
        let vars = described(&sandbox);
        let key: Value = serde_json::from_str(KEY).unwrap();
        assert_eq!((&vars["json"], &vars["inner"]["x"], &vars[EVIL]), (&key, &key, &json!(1)), "{settings}");
        assert_eq!(vars["yaml"], json!({EVIL: {"a": 1}}));
    }
}

#[test]
fn keys_of_locals_are_no_templates_either() {
    let sandbox = repository("", "");
    sandbox.write(
        "stacks/dev.yaml",
        "locals: {l: !include data/k.json , t: !include data/v.txt }\nvars: {stage: dev, '{{ .locals.t | len }}': 1}\n\
         components: {terraform: {app: {vars: {x: '{{ .locals.l }}', y: 'a {{ .locals.t }}'}}}}\n",
    );
    let vars = described(&sandbox);
    assert_eq!((&vars["x"][EVIL], &vars["y"], &vars["45"]), (&json!(1), &json!(format!("a {EVIL}")), &json!(1)));
}

#[test]
fn contexts_of_imports_may_hold_data() {
    for settings in ["", "evaluations: 2, "] {
        let sandbox = repository(settings, "      vars: {}\n");
        sandbox.write(
            "stacks/catalog/c.yaml",
            "components:\n  terraform:\n    app:\n      vars:\n        y: 'x {{ .inc }}'\n        z: '{{ .inc }}'\n        \
             l: 'x {{ .lit }}'\n        m: '{{ .map }}'\n        n: 'x {{ .map.a }}'\n        b: '{{ .b }}'\n        \
             c: 'y {{ .b }}'\n        d: \"{{ .vars.b | b64dec }}\"\n",
        );
        sandbox.write(
            "stacks/dev.yaml",
            &format!(
                "import: [{{path: catalog/c, context: {{inc: !include data/v.txt , lit: !literal \"{EVIL}\" , \
                 map: !include data/k.yaml , b: !include data/b.txt }}}}]\nvars: {{stage: dev}}\n"
            )
            .replace(", map: !include data/k.yaml", ", map: {a: !include data/v.txt , k: !include data/k.yaml }"),
        );
        let outcome = sandbox.atmos(&DESCRIBE);
        // The template that needs the component's values cannot be used in a file with a context.
        outcome.exits(1).says("vars");
        let catalog = sandbox.read("stacks/catalog/c.yaml");
        sandbox.write("stacks/catalog/c.yaml", &catalog.replace("        d: \"{{ .vars.b | b64dec }}\"\n", ""));
        let vars = described(&sandbox);
        let with_x = format!("x {EVIL}");
        for (name, expected) in [("y", with_x.as_str()), ("z", EVIL), ("l", &with_x), ("n", &with_x), ("b", ENCODED)] {
            assert_eq!(vars[name], expected, "{name}");
        }
        assert_eq!(vars["m"]["k"], json!({EVIL: {"a": 1}}));
    }
}

#[test]
fn later_passes_render_no_data() {
    let literal = format!("!literal '{EVIL}'");
    let component = format!(
        "      vars:\n        z: !include data/v.txt\n        b: !include data/b.txt\n        k: !include data/k.json\n        \
         l: {literal}\n        ok: '{{{{ .vars.stage }}}}'\n        made: '{{{{ .vars.z }}}}'\n        lit: '{{{{ .vars.l }}}}'\n        \
         enc: '{{{{ .vars.b | b64dec }}}}'\n        key: '{{{{ toJson .vars.k }}}}'\n        env: '{{{{ getenv \"EV\" }}}}'\n        ds: '{{{{ ds `k` | toJson }}}}'\n        file: '{{{{ file.Read \"data/b.txt\" | b64dec }}}}'\n        \
         last: '{{{{ .vars.ok }}}}'\n        idiom: '{{{{ env \"HOME\" | len }}}}{{{{ \"{{{{\" }}}} .vars.stage {{{{ \"}}}}\" }}}}'\n        \
         keys: '{{{{ range $k, $v := ds `m` }}}}{{{{ $k }}}}{{{{ end }}}}'\n        \
         run: '{{{{ `{{{{ atmos.Resolve .vars.cmd }}}}` }}}} {{{{ .vars.cmd }}}}'\n        cmd: !literal '!exec touch PWN'\n"
    );
    for passes in [2, 3] {
        let sandbox = repository(&format!("evaluations: {passes}, "), &component);
        let broken = sandbox.atmos(&DESCRIBE);
        broken.exits(1).says("does not run");
        assert!(is_clean(&sandbox));
        let run = component.lines().filter(|line| !line.contains(" run: ")).collect::<Vec<_>>().join("\n");
        stack(&sandbox, &format!("{run}\n"));
        let vars = described(&sandbox);
        for (name, expected) in
            [("made", EVIL), ("lit", EVIL), ("enc", EVIL), ("env", EVIL), ("file", EVIL), ("last", "dev"), ("key", KEY)]
        {
            let normal = |text: &str| text.replace(' ', "");
            assert_eq!(normal(vars[name].as_str().unwrap()), normal(expected), "{name}");
        }
        assert_eq!(vars["keys"], "{{ env `HIDDEN` }}");
        assert!(vars["idiom"].as_str().unwrap().ends_with("dev"), "{}", vars["idiom"]);
    }
}

#[test]
fn keys_in_stores_are_data() {
    let redis = Redis::start();
    let component = "      vars:\n        a: '{{ atmos.Store `c` .vars.stage `app` `k` | toJson }}'\n        \
                     b: '{{ range $k, $v := atmos.Store `c` .vars.stage `app` `k` }}{{ $k }}{{ end }}'\n        \
                     c: '{{ toJson (atmos.Resolve `!store c app k`) }}'\n        \
                     d: '{{ merge (atmos.Store `c` .vars.stage `app` `k`) (dict) | toJson }}'\n";
    let mut sandbox = repository("evaluations: 2, ", component);
    let atmos = sandbox.read("atmos.yaml");
    sandbox.write("atmos.yaml", &format!("{atmos}stores: {{c: {{kind: redis, options: {{prefix: p}}}}}}\n"));
    sandbox.set("ATMOS_REDIS_URL", redis.url(Redis::PASSWORD, 0));
    redis.set(0, "p/dev/app/k", "{\"{{ env `HIDDEN` }}\": 1}");
    let vars = described(&sandbox);
    for name in ["a", "b", "c", "d"] {
        assert!(vars[name].as_str().unwrap().contains("{{ env `HIDDEN` }}"), "{name}: {}", vars[name]);
    }
}

#[test]
fn a_whole_file_that_is_a_template_marks_what_it_reads_and_nothing_else() {
    let mut sandbox = repository("", "      vars: {}\n");
    std::fs::remove_file(sandbox.repo().join("stacks/dev.yaml")).unwrap();
    sandbox.write("data/ud.sh", "echo {{ `x` }}\n# !exec touch PWN");
    sandbox.write("data/run.txt", "!exec touch PWN");
    sandbox.set("X", "{{ .vars.stage }}");
    sandbox.write(
        "stacks/dev.yaml.tmpl",
        "vars: {stage: dev}\n# {{ len .a }}\ncomponents:\n  terraform:\n    app:\n      vars:\n        u: {{ file.Read \"data/ud.sh\" | quote }}\n        \
         n: \"{{`{{ .atmos_component }}`}}\"\n        i: '{{ \"{{\" }} .atmos_component {{ \"}}\" }}'\n        t: \"{{ getenv `X` }}\"\n        \
         e: !exec echo 1\n        r: {{ file.Read \"data/run.txt\" | quote }}\n        f: {{ file.Read \"data/run.txt\" }}\n        \
         {{ file.Read \"data/v.txt\" | quote }}: 1\n        v: \"{{`{{ .vars.stage }}`}}\"\n"
            .replace("# {{ len .a }}\n", "# {{ len \"a\" }}\n")
            .as_str(),
    );
    let vars = described(&sandbox);
    assert_eq!(
        vars,
        json!({
            "stage": "dev", "u": "echo {{ `x` }}\n# !exec touch PWN", "n": "app", "i": "app", "t": "{{ .vars.stage }}", "e": 1,
            "r": "!exec touch PWN", "f": "!exec touch PWN", EVIL: 1,
            // What is read and what is written are the same text here: it stays data.
            "v": "{{ .vars.stage }}",
        })
    );
}

#[test]
fn a_literal_is_its_text_wherever_it_is_printed() {
    let component = "      vars:\n        z: [!literal \"!env HOME\" ]\n        y: '{{ .vars.z }}'\n        m: {k: !literal '{{ x }}' }\n        \
                     w: '{{ .vars.m }} {{ toJson .vars.m }}'\n";
    let vars = described(&repository("", component));
    assert_eq!((&vars["y"], &vars["w"]), (&json!("[!env HOME]"), &json!("map[k:{{ x }}] {\"k\":\"{{ x }}\"}")));
}

#[test]
fn the_mark_of_what_was_read_is_never_shown() {
    let mut sandbox = repository("", "      vars: {z: !include data/v.txt }\n");
    sandbox.set("EV2", "!env HOME");
    let stack = sandbox.read("stacks/dev.yaml");
    sandbox.write("stacks/dev.yaml", &format!("locals: {{t: !include data/v.txt , e: !env EV2}}\n{stack}"));
    let commands: [&[&str]; 4] = [
        &["describe", "locals", "-s", "dev"],
        &["explain", "app", "-s", "dev", "vars.z"],
        &["describe", "component", "app", "-s", "dev", "--query", "."],
        &["describe", "component", "app", "-s", "dev", "--provenance"],
    ];
    for command in commands {
        let outcome = sandbox.atmos(command).success();
        assert!(outcome.stdout.contains("!exec touch PWN") && !outcome.stdout.contains("!literal"), "{outcome}");
        assert!(is_clean(&sandbox), "{command:?}");
    }
}

#[test]
fn attributes_and_names_may_be_data() {
    for attribute in [
        "command",
        "backend_type",
        "remote_state_backend_type",
        "metadata: {terraform_workspace",
        "metadata: {component",
    ] {
        let end = if attribute.contains('{') { "}" } else { "" };
        let sandbox = repository("evaluations: 2, ", &format!("      {attribute}: !include data/v.txt {end}\n"));
        let outcome = sandbox.atmos(&[&DESCRIBE[..], &["--query", "."]].concat());
        assert!(is_clean(&sandbox), "{attribute}: {}", outcome.clean_stderr());
        assert!(!outcome.clean_stdout().contains("!literal"), "{attribute}");
    }
    let sandbox = repository("", "      vars: {stage: !include data/v.txt }\n");
    let stacks = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    assert!(is_clean(&sandbox), "{stacks}");
    assert_eq!(stacks[EVIL]["components"]["terraform"]["app"]["workspace"], EVIL);
}

#[test]
fn generated_files_hold_data_as_it_is() {
    for settings in ["", "enabled: false, "] {
        let component = "      vars: {t: 1}\n      generate:\n        a.txt: !include data/m.json\n        b.txt: 'x {{ getenv \"EV2\" }}'\n        \
                         c.txt: '{{ .vars.t }}'\n        d.sh: !include.raw data/m.json\n        e.txt: !env EV2\n";
        let mut sandbox = repository("", component);
        let atmos = sandbox.read("atmos.yaml");
        if !settings.is_empty() {
            sandbox.write("atmos.yaml", &atmos.replace("{enabled: true, sprig", "{enabled: false, sprig"));
        }
        sandbox.set("EV2", "{{ env `HIDDEN` }}");
        sandbox.atmos(&["terraform", "generate", "files", "app", "-s", "dev"]).success();
        let read = |name: &str| sandbox.read(&format!("components/terraform/app/{name}"));
        assert_eq!(read("c.txt").trim(), "1");
        for name in ["a.txt", "b.txt", "d.sh", "e.txt"] {
            assert!(!read(name).contains("hidden-value"), "{settings}{name}: {}", read(name));
        }
    }
}

#[test]
fn a_template_renders_no_text_that_was_read() {
    for read in ["getenv \"EV\"", ".vars.z", "file.Read \"data/b.txt\" | b64dec"] {
        for settings in ["", "evaluations: 2, "] {
            let component =
                format!("      vars:\n        z: !include data/v.txt\n        y: '{{{{ tmpl.Inline ({read}) . }}}}'\n");
            let sandbox = repository(settings, &component);
            sandbox.atmos(&DESCRIBE).exits(1).says("a text that was read is data and is not rendered");
            assert!(is_clean(&sandbox), "{read}");
        }
    }
    let written =
        "      vars: {y: '{{ tmpl.Inline \"{{ .vars.stage }} {{ getenv `HIDDEN` }}\" . }}', t: '{{ .vars.stage }}'}\n";
    assert_eq!(described(&repository("", written))["y"], "dev hidden-value");
    let allowed =
        repository("allow_generated_functions: true, ", "      vars: {y: '{{ tmpl.Inline (getenv \"EV\") . }}'}\n");
    assert_eq!(allowed.atmos(&DESCRIBE).success().json()["vars"]["y"], "x");
}

#[test]
fn data_may_be_templates_where_the_repository_wants_it() {
    let component = "      vars: {z: !include data/v.txt , k: !include data/k.json }\n";
    let sandbox = repository("allow_generated_functions: true, ", component);
    let vars = sandbox.atmos(&DESCRIBE).success().json()["vars"].take();
    assert_eq!(vars["k"], json!({"x": 1}));
    assert!(!is_clean(&sandbox));
}

#[test]
fn tags_and_labels_run_nothing_for_a_choice() {
    let metadata =
        |label: &str| format!("      metadata: {{tags: [dev], labels: {{b: {label}}}}}\n      vars: {{t: !labels }}\n");
    let refused = [
        "!exec 'touch PWN; echo 1'",
        "'{{ atmos.Resolve `!exec touch PWN` }}'",
        "'{{ $a := atmos }}{{ $a.Resolve `!exec touch PWN` }}'",
    ];
    let commands: [&[&str]; 6] = [
        &["list", "components", "--tags", "dev"],
        &["list", "instances", "--labels", "b=1"],
        &["list", "stacks", "--tags", "dev"],
        &["list", "metadata", "--tags", "dev"],
        &["describe", "stacks"],
        &["terraform", "plan", "--all", "--tags", "dev", "--dry-run"],
    ];
    for label in refused {
        let sandbox = repository("", &metadata(label));
        for command in commands {
            sandbox.atmos(command).exits(1).says("forbidden function in labels/tags selector");
            assert!(is_clean(&sandbox), "{command:?}");
        }
    }
    let sandbox = repository("", &metadata("!env NOPE lab"));
    let listed = sandbox.atmos(&["list", "components", "--labels", "b=lab"]).success();
    assert!(listed.stdout.contains("app"), "{listed}");
    assert_eq!(described(&sandbox)["t"], json!({"b": "lab"}));
    let eager = repository("", &metadata("!exec 'echo 1'"));
    let atmos = eager.read("atmos.yaml");
    eager.write("atmos.yaml", &format!("{atmos}describe: {{settings: {{eager_evaluation: true}}}}\n"));
    eager.atmos(&["describe", "stacks"]).success();
}

/// Gives `PWNED` when it is rendered.
const EVIL_PRINT: &str = "{{ print \"PW\" \"NED\" }}";

#[test]
fn attributes_and_names_are_data_for_other_templates() {
    let reads = "vars: {tenant: !include data/p.txt , x: '{{ .workspace }}', y: '{{ .command }}', z: '{{ .backend_type }}', \
                 u: '{{ .component }}', s: '{{ .spacelift_stack }}', a: '{{ .atlantis_project }}', \
                 k: '{{ .atmos_stack }}', b: '{{ .backend.key }}{{ .backend.prefix }}'}";
    for attribute in [
        "command: !include data/p.txt",
        "backend_type: !include data/p.txt",
        "remote_state_backend_type: !include data/p.txt",
        "required_version: !include data/p.txt",
        "metadata: {component: dst, terraform_workspace: !include data/p.txt }",
        "metadata: {component: !include data/p.txt }",
        "metadata: {terraform_workspace_pattern: !include data/p.txt }",
        "metadata: {terraform_workspace_pattern: '{tenant}-x'}",
        "metadata: {component: !include data/p.txt , terraform_workspace_pattern: '{base-component}-x'}",
        "metadata: {terraform_workspace_template: '{{ .vars.tenant }}'}",
        "metadata: {terraform_workspace_template: '{{ env \"PRINT\" }}'}",
        "settings: {spacelift: {workspace_enabled: true, stack_name_pattern: '{tenant}-x'}}",
        "settings: {spacelift: {workspace_enabled: true, stack_name: !include data/p.txt }}",
        "settings: {atlantis: {project_template: {name: '{tenant}-x'}}}",
        "metadata: {component: !include data/p.txt }\n      backend_type: gcs\n      backend: {gcs: {bucket: b}}",
        "metadata: {component: !include data/p.txt }\n      backend_type: azurerm\n      backend: {azurerm: {container_name: b}}",
    ] {
        for passes in [2, 3] {
            let mut sandbox =
                repository(&format!("evaluations: {passes}, "), &format!("      {attribute}\n      {reads}\n"));
            sandbox.write("data/p.txt", EVIL_PRINT);
            sandbox.set("PRINT", EVIL_PRINT);
            let outcome = sandbox.atmos(&[&DESCRIBE[..], &["--query", "."]].concat()).success();
            let shown = outcome.clean_stdout();
            assert!(!shown.contains("PWNED") && !shown.contains("!literal"), "{attribute}: {shown}");
            let vars = outcome.json()["vars"].take();
            let read = ["x", "y", "z", "u", "s", "a", "b"]
                .iter()
                .any(|name| vars[*name].as_str().unwrap_or_default().contains(EVIL_PRINT));
            // Where stacks are named by a template, tokens of variables are empty, as in the reference.
            let is_shown = !attribute.starts_with('r') && !attribute.contains("workspace_pattern: '{tenant}");
            assert!(read || !is_shown, "{attribute}: {vars}");
        }
    }
}

#[test]
fn names_of_stacks_are_data() {
    let written = "      metadata: {terraform_workspace_pattern: '{tenant}-x'}\n      \
                   settings: {spacelift: {workspace_enabled: true}}\n      \
                   vars: {x: '{{ .workspace }}', y: '{{ .atmos_stack }}', z: '{{ .spacelift_stack }}'}\n";
    let by_token = format!("{EVIL_PRINT}-x");
    for (naming, workspace) in [("name_template: '{{ .vars.stage }}'", "-x"), ("name_pattern: '{tenant}'", &by_token)] {
        let sandbox = repository("evaluations: 2, ", "");
        sandbox.write("data/p.txt", EVIL_PRINT);
        let atmos = sandbox.read("atmos.yaml").replace("name_template: '{{ .vars.stage }}'", naming);
        sandbox.write("atmos.yaml", &atmos);
        sandbox.write(
            "stacks/dev.yaml",
            &format!(
                "vars: {{stage: !include data/p.txt , tenant: !include data/p.txt }}\n\
                 components:\n  terraform:\n    app:\n{written}"
            ),
        );
        let stacks = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
        let vars = &stacks[EVIL_PRINT]["components"]["terraform"]["app"]["vars"];
        assert_eq!((&vars["x"], &vars["y"]), (&json!(workspace), &json!(EVIL_PRINT)), "{stacks}");
        assert!(!stacks.to_string().contains("PWNED"), "{stacks}");
    }
}

#[test]
fn written_templates_beside_tokens_are_rendered() {
    let component = "      metadata: {component: dst, terraform_workspace_pattern: '{component}-{{ .vars.t }}'}\n      \
                     settings: {spacelift: {workspace_enabled: true, stack_name_pattern: '{tenant}-{{ .vars.t }}'}}\n      \
                     vars: {t: 1, tenant: !include data/ok.txt , s: '{{ .spacelift_stack }}'}\n";
    let sandbox = repository("evaluations: 2, ", component);
    sandbox.write("data/ok.txt", "acme");
    let described = sandbox.atmos(&[&DESCRIBE[..], &["--query", "."]].concat()).success().json();
    assert_eq!((&described["workspace"], &described["vars"]["s"]), (&json!("app-1"), &json!("acme-1")));
    let template = component.replace(
        "terraform_workspace_pattern: '{component}-{{ .vars.t }}'",
        "terraform_workspace_template: 'w-{{ \"{{\" }} .vars.t {{ \"}}\" }}-{{ `{{ .vars.t }}` }}'",
    );
    stack(&sandbox, &template);
    let described = sandbox.atmos(&[&DESCRIBE[..], &["--query", "."]].concat()).success().json();
    assert_eq!(described["workspace"], "w-1-1");
}

#[test]
fn variables_for_templates_are_data() {
    let component = "      settings: {templates: {settings: {env: {ES: !env PRINT , EF: !env FOO , SELF: !env SELF , \
                     W: '{{ .vars.stage }}', EX: !exec 'echo 5' , DEF: !include data/p.txt }}}}\n      \
                     vars:\n        a: '{{ env \"TENV\" }}'\n        b: '{{ env \"ES\" }}'\n        c: '{{ env \"EF\" }}'\n        \
                     d: '{{ env \"SELF\" }}'\n        e: '{{ env \"W\" }}'\n        f: '{{ getenv \"EX\" }}'\n        \
                     g: '{{ env \"INC\" }}'\n        h: '{{ env \"DEF\" }}'\n        i: '{{ expandenv \"$TENV $EF\" }}'\n";
    let mut sandbox = repository("evaluations: 2, env: {TENV: !env PRINT , INC: !include ../data/p.txt }, ", component);
    let atmos = sandbox.read("atmos.yaml").replace("../data", "data");
    sandbox.write("atmos.yaml", &atmos);
    sandbox.write("data/p.txt", EVIL_PRINT);
    sandbox.set("PRINT", EVIL_PRINT);
    sandbox.set("FOO", "foo-env");
    sandbox.set("SELF", "self-env");
    let vars = described(&sandbox);
    for name in ["a", "b", "g", "h"] {
        assert_eq!(vars[name], EVIL_PRINT, "{name}: {vars}");
    }
    let rest = ["c", "d", "e", "f", "i"].map(|name| vars[name].as_str().map_or(vars[name].to_string(), str::to_owned));
    assert_eq!(rest, ["foo-env", "self-env", "dev", "5", &format!("{EVIL_PRINT} foo-env")]);
}

#[test]
fn a_variable_for_templates_that_fails_is_an_error() {
    let component = "      settings: {templates: {settings: {env: {ES: !terraform.state a b c d }}}}\n      \
                     vars: {a: '{{ env \"ES\" }}'}\n";
    repository("", component).atmos(&DESCRIBE).exits(1).says("requires 2 or 3 arguments");
}

#[test]
fn custom_commands_render_no_variables() {
    let mut sandbox = repository("", "      vars: {}\n");
    let atmos = sandbox.read("atmos.yaml");
    sandbox.write(
        "atmos.yaml",
        &format!(
            "{atmos}commands:\n  - name: c1\n    arguments: [{{name: a}}]\n    \
             env: [{{key: X, value: !env PRINT }}, {{key: Y, value: 'a {{{{ .Arguments.a }}}}'}}]\n    \
             steps:\n      - 'echo \"$X\" \"$Y\"'\n      - {{command: 'echo \"$Z\"', env: {{Z: !env PRINT }}}}\n      \
             - !exec 'printf \"echo \\\"%s\\\"\" \"{{{{ .Arguments.a }}}}\"'\n  \
             - name: c2\n    env: {{X: !env PRINT }}\n    steps: ['echo \"$X\"']\n  \
             - name: c3\n    arguments: [{{name: a}}]\n    steps: !include data/steps.yaml\n"
        ),
    );
    sandbox.write("data/steps.yaml", "['echo {{ .Arguments.a }}']\n");
    sandbox.set("PRINT", EVIL_PRINT);
    let first = sandbox.atmos(&["c1", "5"]).success();
    assert_eq!(first.stdout, format!("{EVIL_PRINT} a 5\n{EVIL_PRINT}\n{{{{ .Arguments.a }}}}\n"));
    assert_eq!(sandbox.atmos(&["c2"]).success().stdout, format!("{EVIL_PRINT}\n"));
    // A file with steps is a part of the configuration.
    assert_eq!(sandbox.atmos(&["c3", "5"]).success().stdout, "5\n");
}

#[test]
fn what_components_have_of_the_configuration_may_be_data() {
    let component = "      settings: {atlantis: {project_template_name: p}}\n      vars: {c: '{{ .command }}', a: '{{ .atlantis_project }}'}\n";
    for passes in [1, 2] {
        let mut sandbox = repository(&format!("evaluations: {passes}, "), component);
        let atmos = sandbox.read("atmos.yaml");
        let atmos = atmos.replace("terraform: {base_path", "terraform: {command: !env PRINT , base_path");
        sandbox.write(
            "atmos.yaml",
            &format!(
                "{atmos}auth: {{providers: {{p: {{kind: mock/aws}}}}, identities: {{x: {{kind: mock/aws, via: {{provider: p}}, \
                 principal: {{name: !env PRINT , run: !env RUN }}}}}}}}\n\
                 env: {{PLAIN: !env PRINT , INTERP: !env RUN }}\n\
                 integrations: {{github: {{gitops: {{role: !env PRINT }}}}, atlantis: {{project_templates: {{p: {{name: !env PRINT }}}}}}}}\n"
            ),
        );
        sandbox.set("PRINT", EVIL_PRINT);
        sandbox.set("RUN", "!exec touch PWN");
        let described = sandbox.atmos(&[&DESCRIBE[..], &["--query", "."]].concat()).success().json();
        assert!(is_clean(&sandbox));
        let at = |path: &str| described.pointer(path).and_then(Value::as_str).unwrap_or_default();
        for path in [
            "/auth/identities/x/principal/name",
            "/settings/integrations/github/gitops/role",
            "/command",
            "/env/PLAIN",
            "/vars/c",
            "/vars/a",
            "/atlantis_project",
        ] {
            assert_eq!(at(path), EVIL_PRINT, "{path}: {described}");
        }
        assert_eq!(at("/auth/identities/x/principal/run"), "!exec touch PWN");
    }
}
