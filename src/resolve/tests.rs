//! Functions and templates of whole instances.

use serde_json::{Value as Json, json};

use super::stated::Stated;
use super::{Error, Evaluator, Memo, Nobody, Options};
use crate::component::find;
use crate::diag::Report;
use crate::stack::StackIndex;
use crate::stack::fixture::Fixture;
use crate::value::to_json;

/// Templates with all functions.
const TEMPLATES: &str = "templates: {settings: {enabled: true, sprig: {enabled: true}, gomplate: {enabled: true}}}\n";

/// The evaluated component `a` of this manifest, with more files beside it.
fn described(atmos: &str, manifest: &str, files: &[(&str, &str)], options: &Options) -> Result<Json, Error> {
    let naming = "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n";
    let atmos = format!("{naming}{atmos}");
    let files: Vec<_> = [("atmos.yaml", atmos.as_str()), ("stacks/dev.yaml", manifest)]
        .into_iter()
        .chain(files.iter().copied())
        .collect();
    let mut fixture = Fixture::new(&files);
    let path = std::iter::once(("PATH", "/usr/bin:/bin"));
    for (name, value) in path.chain([("AMBIENT", "ambient"), ("BOTH", "ambient"), ("ATMOS_KEYRING_PASSWORD", "pw")]) {
        fixture.host.env.set(name, value);
    }
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    let instance = find(&fixture.host, &config, &index, "a", "dev", None).unwrap();
    let memo = Memo::default();
    let reach = Stated::default();
    let (host, identities) = (&fixture.host, &Nobody);
    let evaluator = Evaluator { host, config: &config, index: &index, memo: &memo, reach: &reach, identities };
    let evaluated = evaluator.evaluate(&instance, options)?;
    Ok(to_json(&evaluated.to_map().into()))
}

/// The evaluated variables of a component with these sections.
fn evaluated(atmos: &str, component: &str, options: &Options) -> Result<Json, Error> {
    let manifest = format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    a:\n{component}");
    let mut described = described(atmos, &manifest, &[], options)?;
    described["vars"].as_object_mut().unwrap().remove("stage");
    Ok(described["vars"].take())
}

/// What one variable becomes.
fn variable(atmos: &str, value: &str) -> Result<Json, Error> {
    let vars = evaluated(atmos, &format!("      vars:\n        v: {value}\n"), &Options::default())?;
    Ok(vars["v"].clone())
}

#[test]
fn env_looks_at_the_component_then_the_process_then_the_default() {
    let vars = evaluated(
        "",
        "      env: {BOTH: own, NUMBER: 5, NOTHING: null}\n\
         \x20     vars:\n\
         \x20       ambient: !env AMBIENT\n\
         \x20       both: !env BOTH\n\
         \x20       number: !env NUMBER\n\
         \x20       default: !env NONE 'd e'\n\
         \x20       null_is_unset: !env NOTHING x\n\
         \x20       none: [!env NONE]\n\
         \x20       quoted: '!env AMBIENT'\n\
         \x20       literal: !literal '!env AMBIENT {{ x }}'\n",
        &Options::default(),
    )
    .unwrap();
    assert_eq!(
        vars,
        json!({
            "ambient": "ambient", "both": "own", "number": "5", "default": "d e", "null_is_unset": "x", "none": [""],
            "quoted": "ambient", "literal": "!env AMBIENT {{ x }}",
        })
    );
}

#[test]
fn a_quoted_unset_takes_away_what_it_stands_for() {
    let component = "      vars: {a: '!unset', b: \"!unset x\", c: [1, '!unset', 2], d: {e: '!unset'}, f: 1}\n";
    let vars = evaluated("", component, &Options::default()).unwrap();
    assert_eq!(vars, json!({"c": [1, 2], "d": {}, "f": 1}));
    let off = Options { process_functions: false, ..Options::default() };
    assert_eq!(evaluated("", component, &off).unwrap()["a"], "!unset");
}

#[test]
fn what_is_switched_off_stays_as_written() {
    let component = "      vars: {e: !env AMBIENT, s: !store a b c}\n";
    let off = Options { process_functions: false, ..Options::default() };
    assert_eq!(evaluated("", component, &off).unwrap(), json!({"e": "!env AMBIENT", "s": "!store a b c"}));
    let skip = Options { skip: vec!["store".to_owned()], ..Options::default() };
    assert_eq!(evaluated("", component, &skip).unwrap(), json!({"e": "ambient", "s": "!store a b c"}));
}

#[test]
fn what_is_not_built_or_wrong_names_its_place() {
    for (component, phrases) in [
        ("      vars:\n        s: !store a b c\n", &["!store", "Store a not found", "vars.s", "dev.yaml:6:12"][..]),
        ("      vars: {s: !emulator x}\n", &["!emulator", "is not built yet"]),
        ("      vars: {s: '!terraform.state b c'}\n", &["Could not find the component `b`", "!terraform.state b c"]),
        ("      vars: {s: !bogus x}\n", &["unsupported YAML tag: '!bogus'"]),
        ("      vars: {s: !env a b c}\n", &["invalid Atmos YAML function", "1 or 2 arguments"]),
        ("      vars: {s: !env ''}\n", &["invalid Atmos YAML function"]),
        ("      vars: {s: !random x}\n", &["invalid Atmos YAML function", "no whole number"]),
        ("      vars: {s: !exec exit 3}\n", &["!exec", "exit status: 3", "vars.s"]),
        ("      vars: {s: !repo-root }\n", &["no git repository"]),
        ("      vars: {s: !git.sha }\n", &["!git.sha", "does not say"]),
        ("      vars: {s: !version tool}\n", &["'tool' is not locked on the track 'default'"]),
        ("      settings: {auth: {identity: !store a b c}}\n", &["must be resolvable without authentication"]),
        ("      settings: {auth: {identity: !exec whoami}}\n", &["must be resolvable without authentication"]),
        ("      settings: {auth: {identity: {apply: !exec whoami}}}\n", &["must be resolvable without authentication"]),
        ("      settings: {auth: {identity: {apply: {a: b}}}}\n", &["has a value of type map"]),
        ("      settings: {auth: {identity: [a]}}\n", &["has a value of type"]),
        ("      settings: {auth: {identity: 5}}\n", &["must be the name of an identity or `false`", "of type"]),
    ] {
        let message = evaluated("", component, &Options::default()).unwrap_err().to_string();
        for phrase in phrases {
            assert!(message.contains(phrase), "{component}: {message}");
        }
    }
}

#[test]
fn templates_render_where_they_are_enabled() {
    let component = "      vars: {t: 'a {{ .vars.stage }}'}\n";
    assert_eq!(evaluated("", component, &Options::default()).unwrap(), json!({"t": "a {{ .vars.stage }}"}));
    assert_eq!(evaluated(TEMPLATES, component, &Options::default()).unwrap(), json!({"t": "a dev"}));
    let off = Options { process_templates: false, ..Options::default() };
    assert_eq!(evaluated(TEMPLATES, component, &off).unwrap(), json!({"t": "a {{ .vars.stage }}"}));
}

#[test]
fn templates_see_the_whole_component_as_it_is_written() {
    for (template, expected) in [
        ("'{{ .atmos_component }}/{{ .atmos_stack }}/{{ .atmos_stack_file }}'", json!("a/dev/dev")),
        ("'{{ .workspace }} {{ .component }} {{ .component_type }}'", json!("dev a <no value>")),
        ("'{{ .vars.none }} {{ .none.x.y }}'", json!("<no value> <no value>")),
        // Other values are seen before they are rendered or run.
        ("'{{ .settings.raw }} {{ .settings.fn }}'", json!("{{ .vars.stage }} !env AMBIENT")),
        ("'{{ env \"AMBIENT\" }} {{ env \"OWN\" }} {{ env \"STACK\" }}'", json!("ambient cli stack")),
        ("'{{ index .deps 0 }} {{ .deps_all | join \",\" }}'", json!("dev dev")),
        ("'{{ .version.tool }}'", json!("1.2.3")),
        ("'{{ file.Read \"note.txt\" }}'", json!("hello")),
        ("'{{ (datasource \"d\").k }} {{ (atmos.GomplateDatasource \"d\").n }}'", json!("v 5")),
        ("'{{ include \"d\" }}'", json!("{\"k\": \"v\", \"n\": 5}")),
        ("'{{ ds \"e\" }}'", json!("ambient")),
        ("!literal '{{ .x }}'", json!("{{ .x }}")),
        ("'{{ .settings.literal }}'", json!("{{ .x }} !env HOME")),
        ("'5{{ .vars.seven }}'", json!(57)),
        ("'{{ .vars.seven }}'", json!("7")),
        ("{'{{ .vars.stage }}-k': 1}", json!({"dev-k": 1})),
        ("['{{ .vars.stage }}']", json!(["dev"])),
    ] {
        let atmos = TEMPLATES.replace(
            "gomplate: {enabled: true}",
            "gomplate: {enabled: true, datasources: {d: {url: ./d.json}, e: {url: 'env:///AMBIENT'}}}, env: {OWN: cli, STACK: cli}",
        );
        let manifest = format!(
            "version: {{track: stable}}\nvars: {{stage: dev, seven: 7}}\ncomponents:\n  terraform:\n    a:\n\
             \x20     settings: {{literal: !literal '{{{{ .x }}}} !env HOME', raw: '{{{{ .vars.stage }}}}', fn: !env AMBIENT, templates: {{settings: {{env: {{STACK: stack}}}}}}}}\n\
             \x20     vars:\n        v: {template}\n"
        );
        let files = [
            ("note.txt", "hello"),
            ("d.json", "{\"k\": \"v\", \"n\": 5}"),
            ("versions.lock.yaml", "tracks: {stable: {tool: {version: 1.2.3}}}"),
        ];
        let described = described(&atmos, &manifest, &files, &Options::default());
        assert_eq!(
            described.unwrap_or_else(|error| panic!("{template}: {error}"))["vars"]["v"],
            expected,
            "{template}"
        );
    }
}

#[test]
fn functions_and_templates_work_together() {
    for (value, expected) in [
        ("!env AMBIENT", json!("ambient")),
        ("'!env {{ \"AMBIENT\" }}'", json!("ambient")),
        ("!env '{{ \"AMBIENT\" }}'", json!("ambient")),
        ("!template '{{ toJson (list 1 \"x\") }}'", json!([1, "x"])),
        ("'!template{{- toJson (dict \"a\" 1) -}}'", json!({"a": 1})),
        ("!exec echo 42", json!(42)),
        ("!exec \"printf '%s\\n\\n' a b\"", json!("a\n\nb")),
        ("!exec 'echo {{ .vars.stage }}'", json!("dev")),
        ("!exec '[[ a == a ]] && echo ${ATMOS_KEYRING_PASSWORD:-hidden}'", json!("hidden")),
        ("!cwd", json!("/")),
        ("!random 3 4", json!(3)),
        ("'!cwd'", json!("!cwd")),
        ("'!random 5 6'", json!("!random 5 6")),
        ("!git.branch main", json!("main")),
        ("'!include x'", json!("!include x")),
        ("'{{ atmos.Resolve \"!env AMBIENT\" }}'", json!("ambient")),
        ("'{{ atmos.Resolve \"plain\" }}'", json!("plain")),
    ] {
        let found = variable(TEMPLATES, value).unwrap_or_else(|error| panic!("{value}: {error}"));
        match value {
            "!cwd" => assert!(found.as_str().unwrap().starts_with('/'), "{found}"),
            "!random 3 4" => assert!([json!(3), json!(4)].contains(&found), "{found}"),
            _ => assert_eq!(found, expected, "{value}"),
        }
    }
}

#[test]
fn text_that_a_template_made_never_runs() {
    let generated = "'{{ printf \"!e%s\" \"nv AMBIENT\" }}'";
    assert_eq!(variable(TEMPLATES, generated).unwrap(), json!("!env AMBIENT"));
    for glued in ["'!env{{ \"X\" }}'", "'!{{ \"env\" }} AMBIENT'", "'{{ \"\" }}!env AMBIENT'"] {
        assert!(variable(TEMPLATES, glued).unwrap().as_str().unwrap().starts_with("!env"), "{glued}");
    }
    let resolve = "'{{ atmos.Resolve (printf \"!exec %s\" \"echo x\") }}'";
    let message = variable(TEMPLATES, resolve).unwrap_err().to_string();
    assert!(message.contains("was made by a template and does not run"), "{message}");
    let allowed = TEMPLATES.replace("enabled: true, sprig", "enabled: true, allow_generated_functions: true, sprig");
    assert_eq!(variable(&allowed, generated).unwrap(), json!("ambient"));
    assert_eq!(variable(&allowed, resolve).unwrap(), json!("x"));
}

#[test]
fn passes_work_on_what_the_last_one_gave() {
    let twice = TEMPLATES.replace("enabled: true, sprig", "enabled: true, evaluations: 2, sprig");
    let component = "      vars: {a: '{{ .vars.stage }}', b: '{{ .vars.a }}'}\n";
    assert_eq!(evaluated(TEMPLATES, component, &Options::default()).unwrap()["b"], "{{ .vars.stage }}");
    assert_eq!(evaluated(&twice, component, &Options::default()).unwrap()["b"], "dev");
    let none = twice.replace("evaluations: 2", "evaluations: -1");
    assert_eq!(evaluated(&none, component, &Options::default()).unwrap()["a"], "{{ .vars.stage }}");
    let marks = TEMPLATES.replace("enabled: true, sprig", "enabled: true, delimiters: ['<<', '>>'], sprig");
    assert_eq!(variable(&marks, "'<< .vars.stage >> {{ .x }}'").unwrap(), "dev {{ .x }}");
}

#[test]
fn functions_are_known_as_the_settings_say() {
    for (setting, template, fails) in [
        ("enabled: true", "'{{ upper \"a\" }}'", true),
        ("enabled: true, sprig: {enabled: true}", "'{{ upper \"a\" }}'", false),
        ("enabled: true, sprig: {enabled: true}", "'{{ strings.ToUpper \"a\" }}'", true),
        ("enabled: true, gomplate: {enabled: true}", "'{{ strings.ToUpper \"a\" }}'", false),
    ] {
        let result = variable(&format!("templates: {{settings: {{{setting}}}}}\n"), template);
        assert_eq!(result.is_err(), fails, "{setting} {template}: {result:?}");
    }
}

#[test]
fn broken_templates_name_their_place() {
    for (value, phrases) in [
        ("'{{ bogusfn }}'", &["dev.yaml:6", "function \"bogusfn\" not defined", "'vars.v'"][..]),
        ("'{{ if true }}x'", &["dev.yaml:6", "unexpected EOF"]),
        ("'{{ end }}'", &["dev.yaml:6", "unexpected {{end}}"]),
        ("'{{ fail \"reason\" }}'", &["dev.yaml:6", "reason"]),
        ("'{{ datasource \"x\" }}'", &["undefined datasource 'x'"]),
        ("'{{ atmos.Store \"s\" \"dev\" \"a\" \"k\" }}'", &["atmos.Store: Store s not found"]),
        ("{'{{ .vars.stage }}': 1, dev: 2}", &["two keys of one map become 'dev'"]),
    ] {
        let message = variable(TEMPLATES, value).unwrap_err().to_string();
        for phrase in phrases {
            assert!(message.contains(phrase), "{value}: {message}");
        }
    }
}

#[test]
fn components_see_each_other_and_circles_end() {
    let manifest = |a: &str, b: &str| {
        format!(
            "vars: {{stage: dev}}\ncomponents:\n  terraform:\n    a: {{vars: {{v: '{a}'}}}}\n    b:\n\
             \x20     vars: {{x: '{b}', y: !env AMBIENT}}\n\
             \x20   c: {{remote_state_backend_type: static, remote_state_backend: {{static: {{id: c-1}}}}}}\n"
        )
    };
    let run = |a: &str, b: &str| described(TEMPLATES, &manifest(a, b), &[], &Options::default());
    let of = |name: &str, path: &str| format!("{{{{ (atmos.Component \"{name}\" .vars.stage).{path} }}}}");
    assert_eq!(run(&of("b", "vars.x"), "{{ .atmos_component }}").unwrap()["vars"]["v"], "b");
    assert_eq!(run(&of("b", "vars.y"), "").unwrap()["vars"]["v"], "ambient");
    assert_eq!(run(&of("b", "deps_all"), "").unwrap()["vars"]["v"], "[dev]");
    assert_eq!(run(&of("b", "sources.vars.y.Name"), "").unwrap()["vars"]["v"], "y");
    assert_eq!(run(&of("b", "component_info.component_type"), "").unwrap()["vars"]["v"], "terraform");
    assert_eq!(run(&of("b", "atmos_cli_config.components.terraform.plugin_cache"), "").unwrap()["vars"]["v"], "true");
    assert_eq!(run(&of("c", "outputs.id"), "").unwrap()["vars"]["v"], "c-1");
    assert_eq!(run(&of("b", "outputs.id"), "").unwrap()["vars"]["v"], "b-1");
    for (a, b, phrase) in [
        (of("b", "vars.x"), of("a", "vars.v"), "circular dependency detected"),
        (of("none", "vars"), String::new(), "none"),
    ] {
        let error = run(&a, &b).unwrap_err();
        assert!(error.to_string().contains(phrase), "{error}");
        assert_eq!(Report::from(error).exit_code(), 1);
    }
}

#[test]
fn the_module_of_another_component_has_the_names_of_fields() {
    let manifest = "vars: {stage: dev}\ncomponents:\n  terraform:\n    a:\n      vars:\n\
        \x20       v: '{{ (atmos.Component \"b\" .vars.stage).component_info.terraform_config.Variables.cidr.Default }}'\n\
        \x20       w: '{{ (atmos.Component \"b\" .vars.stage).component_info.terraform_config.RequiredCore }}'\n\
        \x20   b: {}\n";
    let module =
        "terraform {\n  required_version = \">= 1.5\"\n}\nvariable \"cidr\" {\n  default = \"10.0.0.0/8\"\n}\n";
    let atmos = format!("components: {{terraform: {{base_path: components/terraform}}}}\n{TEMPLATES}");
    let files = [("components/terraform/b/main.tf", module)];
    let vars = described(&atmos, manifest, &files, &Options::default()).unwrap()["vars"].take();
    assert_eq!((&vars["v"], &vars["w"]), (&json!("10.0.0.0/8"), &json!("[>= 1.5]")));
}

#[test]
fn functions_of_one_layer_merge_with_values_of_others() {
    let manifest = "vars: {stage: dev, m: {a: 1, b: 1}, n: !template '{\"a\": 9, \"z\": 1}', l: [1, 2], o: !env AMBIENT, p: !template '[7]'}\n\
                    settings: {list_merge_strategy: append}\n\
                    components:\n  terraform:\n    a:\n      vars:\n\
                    \x20       m: !template '{\"a\": 5, \"c\": 1}'\n\
                    \x20       n: {a: 10, q: 2}\n\
                    \x20       l: !template '[3]'\n\
                    \x20       o: plain\n\
                    \x20       p: plain\n";
    let vars = described("", manifest, &[], &Options::default()).unwrap()["vars"].take();
    let expected = json!({
        "stage": "dev", "m": {"a": 5, "b": 1, "c": 1}, "n": {"a": 10, "z": 1, "q": 2}, "l": [1, 2, 3], "o": "plain",
        // A plain value adds nothing to a list that is appended to.
        "p": [7],
    });
    assert_eq!(vars, expected);
    let off = Options { process_functions: false, ..Options::default() };
    let vars = described("", manifest, &[], &off).unwrap()["vars"].take();
    assert_eq!((&vars["n"], &vars["l"]), (&json!({"a": 10, "q": 2}), &json!([1, 2])));
}

#[test]
fn what_a_function_meets_stays_as_it_is_written() {
    let manifest = "vars: {stage: dev, s: !env AMBIENT, m: !template '{\"a\": 9}'}\n\
                    components:\n  terraform:\n    a:\n      vars:\n\
                    \x20       s: '{{ .vars.stage }}'\n\
                    \x20       m: {b: '{{ .vars.stage }}', c: !template '{{ .vars.stage }}', d: !literal '{{ x }}'}\n\
                    \x20       plain: '{{ .vars.stage }}'\n";
    let vars = described(TEMPLATES, manifest, &[], &Options::default()).unwrap()["vars"].take();
    let expected = json!({
        "stage": "dev", "s": "{{ .vars.stage }}", "plain": "dev",
        "m": {"a": 9, "b": "{{ .vars.stage }}", "c": "dev", "d": "{{ x }}"},
    });
    assert_eq!(vars, expected);
    let off = Options { process_functions: false, ..Options::default() };
    let vars = described(TEMPLATES, manifest, &[], &off).unwrap()["vars"].take();
    assert_eq!(vars["s"], json!("dev"));
}

#[test]
fn only_what_is_needed_is_evaluated() {
    let component = "      settings: {s: !store a b c}\n      vars: {e: !env AMBIENT}\n";
    assert!(evaluated("", component, &Options::default()).is_err());
    let vars = Options { sections: vec!["vars".to_owned()], ..Options::default() };
    assert_eq!(evaluated("", component, &vars).unwrap(), json!({"e": "ambient"}));
}

#[test]
fn labels_are_those_of_the_component() {
    let component = "      metadata: {tags: ['{{ .vars.stage }}'], labels: {b: 2, a: '{{ .vars.stage }}'}}\n\
                     \x20     vars: {t: !tags , l: !labels , k: !labels.keys , v: '!labels.values'}\n";
    assert_eq!(
        evaluated(TEMPLATES, component, &Options::default()).unwrap(),
        json!({"t": ["dev"], "l": {"a": "dev", "b": "2"}, "k": ["a", "b"], "v": ["dev", "2"]})
    );
}

#[test]
fn included_files_are_data() {
    let manifest = "vars: {stage: dev}\ncomponents:\n  terraform:\n    a:\n      vars:\n\
                    \x20       <<: !include data/below.env\n\
                    \x20       y: !include ../data/x.yaml .a.b\n\
                    \x20       t: !include data/x.tfvars\n\
                    \x20       raw: !include.raw data/x.tfvars\n\
                    \x20       own: mine\n";
    let files = [
        ("data/x.yaml", "a: {b: ['!env AMBIENT', '{{ .vars.stage }}']}"),
        ("data/x.tfvars", "n = 1\n"),
        ("data/below.env", "own=theirs\nmore=yes\n"),
    ];
    let vars = described(TEMPLATES, manifest, &files, &Options::default()).unwrap()["vars"].take();
    let expected = json!({
        "stage": "dev", "own": "mine", "more": "yes", "y": ["!env AMBIENT", "{{ .vars.stage }}"], "t": {"n": 1}, "raw": "n = 1\n",
    });
    assert_eq!(vars, expected);
}

#[test]
fn a_missing_value_is_an_error_where_the_repository_wants_it() {
    let strict = "templates: {settings: {enabled: true, missing_values: error}}\n";
    assert_eq!(variable(TEMPLATES, "'{{ .vars.none }}'").unwrap(), "<no value>");
    let message = variable(strict, "'{{ .vars.none }}'").unwrap_err().to_string();
    assert!(message.contains("map has no entry for key \"none\"") && message.contains("dev.yaml:"), "{message}");
}
