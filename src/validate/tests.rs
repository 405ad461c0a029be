//! Every diagnostic of `validate stacks`, on small repositories.

use super::{Finding, Schema, Severity, stacks};
use crate::stack::fixture::Fixture;

/// Names a stack.
const NAMED: &str = "vars: {tenant: t, stage: dev}\n";

fn found(files: &[(&str, &str)]) -> Vec<Finding> {
    let fixture = Fixture::new(files);
    stacks(&fixture.host, &fixture.config(), &Schema::embedded().unwrap(), |_| Vec::new()).unwrap()
}

/// Severity, place, code and message of a finding.
fn line(finding: &Finding) -> String {
    let word = if finding.severity == Severity::Error { "error" } else { "warning" };
    let place = finding.site.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{word} {place} {} {}", finding.code, finding.message)
}

fn lines(files: &[(&str, &str)]) -> Vec<String> {
    found(files).iter().map(line).collect()
}

/// The findings of one manifest, `stacks/orgs/dev.yaml`; its own lines begin at 2.
fn of_manifest(manifest: &str) -> Vec<String> {
    lines(&[("stacks/orgs/dev.yaml", &format!("{NAMED}{manifest}"))])
}

/// Each row: a manifest, the beginning of its only finding behind `stacks/orgs/dev.yaml:`, a part of the message.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("components: {terraform: {a: {vras: {}}}}\n", "error 2:30", "validate::schema", "unknown key `vras`"),
    (
        "settings: {templates: x}\n",
        "error 2:23",
        "validate::schema",
        "settings.templates: expected object, but got string",
    ),
    ("name: 5\n", "error 2:7", "validate::schema", "name: expected string, but got number"),
    (
        "terraform: {backend_type: 5, backend: {s3: {a: b}}}\n",
        "error 2:27",
        "validate::schema",
        "terraform.backend_type: expected string, but got number",
    ),
    (
        "components: {terraform: {a: {metadata: {type: abstrat}}}}\n",
        "error 2:47",
        "validate::schema",
        "components.terraform.a.metadata.type: `abstrat` is not one of abstract, real",
    ),
    (
        "components: {terraform: {a: {depends_on: {1: {stage: x}}}}}\n",
        "error 2:46",
        "validate::schema",
        "components.terraform.a.depends_on.1: one of `component`, `file`, `folder` is needed",
    ),
    ("components: {terraform: {'a|b': {}}}\n", "error 2:26", "validate::schema", "`a|b` cannot be a name here"),
    (
        "components: {terraform: {a: {source: {version: x}}}}\n",
        "error 2:38",
        "validate::schema",
        "components.terraform.a.source: `uri` is missing",
    ),
    ("components: {terraform: {a: 5}}\n", "error 2:29", "component::section_type", "invalid component map type"),
    ("vars: [x]\n", "error 2:1", "stack::invalid_manifest", "mapping key \"vars\" already defined"),
    ("a: [\n", "error 2:5", "stack::invalid_manifest", "File being processed: orgs/dev.yaml"),
    ("import: [catalog/nothing]\n", "error 2:10", "stack::import_not_found", "catalog/nothing"),
    ("import: [orgs/dev]\n", "error 2:10", "stack::import_self", "imports itself"),
    ("overrides: [x]\n", "error 2:12", "stack::section_type", "invalid overrides section"),
    (
        "metadata: {name: x}\ncomponents: {terraform: {a: {}}}\n",
        "error 2:18",
        "stack::global_metadata",
        "metadata field is not allowed at global (stack-wide) scope: name",
    ),
    (
        "components: {terraform: {a: {metadata: {inherits: [zz]}}}}\n",
        "error 2:52",
        "component::base_not_defined",
        "inherits from 'zz'",
    ),
    (
        "components: {terraform: {a: {vars: {x: ä}, metadata: {inherits: [zz]}}}}\n",
        "error 2:66",
        "component::base_not_defined",
        "inherits from 'zz'",
    ),
    (
        "terraform: {backend_type: s3, backend: {gcs: {}}}\ncomponents: {terraform: {a: {}}}\n",
        "error 2:40",
        "component::backend_type",
        "has only gcs",
    ),
    (
        "components: {terraform: {a: {settings: {list_merge_strategy: x}}}}\n",
        "error 2:62",
        "component::list_strategy",
        "invalid list merge strategy: 'x'",
    ),
    ("settings: {x: !envv HOME}\n", "error 2:15", "validate::unsupported_tag", "unsupported YAML tag: '!envv'"),
    ("settings: {x: .inf}\n", "error 2:15", "validate::not_json", "`settings.x` is a number that JSON has not"),
    (
        "components: {terraform: {a: {settings: {auth: x}}}}\n",
        "error 2:47",
        "auth::invalid_setting",
        "it must be a map",
    ),
    (
        "components: {terraform: {a: {auth: {identity: x}}}}\n",
        "error 2:47",
        "auth::unknown_key",
        "unknown key `auth.identity`; did you mean `settings.auth.identity`?",
    ),
    (
        "components: {terraform: {a: {metadata: {terraform_workspace_pattern: '-{stage}'}}}}\n",
        "error 2:70",
        "backend::workspace_name",
        "invalid terraform workspace name",
    ),
    ("settings: {x: '!env HOME'}\n", "warning 2:15", "validate::quoted_function", "runs as the YAML function !env"),
    ("settings: {x: 2024-01-01}\n", "warning 2:15", "validate::date", "the unquoted date at `settings.x`"),
    ("vras: {a: 1}\n", "warning 2:1", "validate::unknown_key", "the key `vras` means nothing"),
    ("terraform: {required_version: x}\n", "warning 2:13", "validate::no_effect", "`terraform.required_version`"),
    (
        "components: {terraform: {a: {settings: {depends_on: {1: {component: b}}}}}}\n",
        "warning 2:41",
        "validate::deprecated",
        "`components.terraform.a.settings.depends_on` is deprecated; use `dependencies.components`",
    ),
    (
        "components: {terraform: {a: {settings: {depends_on: {1: {file: b}}}}}}\n",
        "warning 2:41",
        "validate::deprecated",
        "`components.terraform.a.settings.depends_on` is deprecated; use `dependencies.files`",
    ),
    (
        "components: {terraform: {a: {metadata: {inherits: [a]}}}}\n",
        "warning 2:52",
        "component::inherits_itself",
        "has no effect",
    ),
    (
        "components: {terraform: {b: {command: x}, c: {}, a: {metadata: {inherits: [b, c]}}}}\n",
        "warning 2:39",
        "component::lost_attribute",
        "`command: x` is lost: the later base `c` has no `command`",
    ),
    (
        "components: {terraform: {r: {vars: {k: 1}}, l: {vars: {k: 2}, metadata: {inherits: [r]}}, \
         m: {metadata: {inherits: [r]}}, a: {metadata: {inherits: [l, m]}}}}\n",
        "warning 2:40",
        "component::diamond",
        "`vars.k` is that of a base that is inherited twice",
    ),
    (
        "overrides: {vars: {x: 1}}\ncomponents: {terraform: {a: {overrides: {vars: {y: 1}}}}}\n",
        "warning 3:41",
        "component::lost_overrides",
        "the component's own `overrides` have no effect",
    ),
    (
        "terraform: {backend_type: s3, backend: {s3: {bucket: b}}}\n\
         components: {terraform: {b: {metadata: {type: abstract, component: x}}, a: {metadata: {inherits: [b]}}}}\n",
        "warning 3:68",
        "component::inherited_folder",
        "the inherited folder 'x' does not decide the place of the state",
    ),
    (
        "settings: {k: {x: 1}}\ncomponents: {terraform: {a: {settings: {k: 5}}}}\n",
        "warning 3:44",
        "stack::type_conflict",
        "`settings.k` is an integer here and a map in a weaker layer",
    ),
];

#[test]
fn each_mistake_has_its_place_and_code() {
    let mut wrong = Vec::new();
    for (manifest, start, code, message) in TABLE {
        let found = of_manifest(manifest);
        let (severity, place) = start.split_once(' ').unwrap();
        let expected = format!("{severity} stacks/orgs/dev.yaml:{place} atmos::{code} ");
        let found: Vec<&String> = found.iter().filter(|line| line.starts_with(severity)).collect();
        if !matches!(found.as_slice(), [only] if only.starts_with(&expected) && only.contains(message)) {
            wrong.push(format!("{manifest}  expected {expected}{message}\n  found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_guide_has_every_code() {
    let guide = include_str!("../../docs/guide/validate.md");
    let missing: Vec<&str> =
        TABLE.iter().map(|row| row.2).filter(|code| !guide.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_right_has_no_findings() {
    let everything = "import: [catalog/*, {path: catalog/x, context: {a: 1}, skip_if_missing: true}]\n\
         x-anchor: &anchor {a: 1}\n\
         terraform: {backend_type: s3, backend: {s3: {bucket: b}}, providers: {aws: {}}}\n\
         components:\n  terraform:\n    base/x: {metadata: {type: abstract}, vars: {l: [1], m: *anchor}}\n    \
         a: {metadata: {inherits: [base/x], enabled: !env E, tags: !append [x]}, vars: {l: !append [2], s: !env HOME}, \
         overrides: {vars: {z: 1}}, retry: {max_attempts: 2}}\n  helmfile: {h: {vars: {t: '{{ .vars.stage }}'}}}\n";
    assert_eq!(
        of_manifest(everything).join("\n"),
        "error stacks/orgs/dev.yaml:2:10 atmos::stack::import_not_found stack \
         import not found: import 'catalog/*' in file 'orgs/dev.yaml': failed to find import"
    );
    let catalog = ("stacks/catalog/y.yaml", "settings: {z: 1}\n");
    let manifest = format!("{NAMED}{everything}");
    assert_eq!(lines(&[catalog, ("stacks/orgs/dev.yaml", &manifest)]), Vec::<String>::new());
}

#[test]
fn one_broken_manifest_hides_no_other() {
    let found = lines(&[
        (
            "stacks/orgs/a.yaml",
            "vars: {tenant: t, stage: a}\nimport: [catalog/broken, catalog/none]\ncomponents: [x]\n",
        ),
        ("stacks/orgs/b.yaml", "vars: {tenant: t, stage: b}\nimport: [catalog/broken, 7]\n"),
        (
            "stacks/orgs/c.yaml",
            "vars: {tenant: t, stage: c}\ncomponents: {terraform: {one: {vras: 1}, two: {component: 5}}}\n",
        ),
        ("stacks/catalog/broken.yaml", "a: [\n"),
        ("stacks/catalog/alone.yaml", "settings: !bogus x\nname: [x]\n"),
    ]);
    let expected = [
        "stacks/catalog/alone.yaml:1:11 atmos::validate::unsupported_tag",
        "stacks/catalog/alone.yaml:2:7 atmos::validate::schema name: expected string, but got array",
        "stacks/catalog/broken.yaml:1:5 atmos::stack::invalid_manifest",
        "stacks/orgs/a.yaml:2:26 atmos::stack::import_not_found",
        "stacks/orgs/a.yaml:3:13 atmos::stack::section_type",
        "stacks/orgs/b.yaml:2:26 atmos::stack::invalid_import",
        "stacks/orgs/c.yaml:2:32 atmos::validate::schema components.terraform.one: unknown key `vras`",
        "stacks/orgs/c.yaml:2:59 atmos::component::section_type",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(&format!("error {expected}")), "{found} is not {expected}");
    }
}

#[test]
fn one_mistake_of_many_stacks_is_said_once() {
    let base =
        ("stacks/catalog/a.yaml", "components: {terraform: {a: {metadata: {inherits: [zz]}}, b: {command: 5}}}\n");
    let stack = |stage: &str| format!("vars: {{tenant: t, stage: {stage}}}\nimport: [catalog/a]\n");
    let (one, two) = (stack("one"), stack("two"));
    let found = lines(&[base, ("stacks/orgs/one.yaml", &one), ("stacks/orgs/two.yaml", &two)]);
    assert_eq!(found.len(), 2, "{found:#?}");
    let conflict = ("stacks/catalog/a.yaml", "components: {terraform: {a: {vars: {k: []}}, b: {vars: {k: []}}}}\n");
    let stack = |stage: &str| format!("vars: {{tenant: t, stage: {stage}, k: x}}\nimport: [catalog/a]\n");
    let (one, two) = (stack("one"), stack("two"));
    let found = found_of(&[conflict, ("stacks/orgs/one.yaml", &one), ("stacks/orgs/two.yaml", &two)]);
    let subjects: Vec<_> = found.iter().map(|finding| finding.subjects.join(" ")).collect();
    assert_eq!(subjects, ["a", "a", "b", "b"], "one for each pair of places");
    let also: Vec<_> = found.iter().filter_map(|finding| Some(finding.also.as_ref()?.0.to_string())).collect();
    assert_eq!(also[..2], ["stacks/orgs/one.yaml:1:34", "stacks/orgs/two.yaml:1:34"]);
}

fn found_of(files: &[(&str, &str)]) -> Vec<Finding> {
    found(files)
}

#[test]
fn a_component_of_two_manifests_is_an_error_with_both_places() {
    let manifest = |value: &str| format!("{NAMED}components:\n  terraform:\n    a: {{vars: {{x: {value}}}}}\n");
    let (one, two) = (manifest("1"), manifest("2"));
    let findings = found(&[("stacks/orgs/one.yaml", &one), ("stacks/orgs/two.yaml", &two)]);
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    let text = line(finding);
    assert!(text.starts_with("error stacks/orgs/one.yaml:4:5 atmos::component::duplicate"), "{text}");
    assert!(text.contains(
        "'a' in the stack 't-dev' is defined in more than one top-level stack manifest file: orgs/one, orgs/two"
    ));
    assert_eq!(finding.also.as_ref().unwrap().0.to_string(), "stacks/orgs/two.yaml:4:5");
    assert!(finding.help.as_ref().unwrap().contains("atmos describe component a -s orgs/two"));
    assert_eq!(lines(&[("stacks/orgs/one.yaml", &one), ("stacks/orgs/two.yaml", &one)]), Vec::<String>::new());
}

#[test]
fn every_component_that_two_manifests_import_is_reported() {
    let catalog =
        ("stacks/catalog/c.yaml", "components: {terraform: {a: {}, b: {}}, helmfile: {h: {}}, packer: {p: {}}}\n");
    let manifest = |value: &str| format!("import: [catalog/c]\nvars: {{tenant: t, stage: dev, x: {value}}}\n");
    let (one, two) = (manifest("1"), manifest("2"));
    let found = lines(&[catalog, ("stacks/orgs/one.yaml", &one), ("stacks/orgs/two.yaml", &two)]);
    let words: Vec<&str> = found.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(words, ["error", "error", "error", "warning"], "{found:#?}");
    assert!(
        found.iter().all(|line| line.contains("stacks/orgs/one.yaml:1:1 atmos::component::duplicate")),
        "{found:#?}"
    );
}

#[test]
fn cycles_are_reported_once() {
    let found = lines(&[
        ("stacks/orgs/dev.yaml", &format!("{NAMED}import: [catalog/a]\n")),
        ("stacks/catalog/a.yaml", "import: [catalog/b]\n"),
        ("stacks/catalog/b.yaml", "import: [catalog/a]\nsettings: {x: !bogus y}\n"),
    ]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains("catalog/a.yaml → catalog/b.yaml → catalog/a.yaml"), "{found:#?}");
    assert!(found[1].contains("!bogus"), "{found:#?}");
}

#[test]
fn names_that_cannot_be_made_are_errors_at_the_manifest() {
    let atmos = |naming: &str| {
        format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['orgs/**/*']{naming}}}\n\
             components: {{terraform: {{base_path: components/terraform}}}}\n"
        )
    };
    let component = "components: {terraform: {a: {}}}\n";
    for (naming, manifest, expected) in [
        (", name_pattern: '{tenant}-{stage}'", "vars: {stage: x}\n", "name_incomplete"),
        (", name_template: '{{ .vars.stage }}'", "vars: {x: y}\n", "name_template"),
        (", name_template: '{{ .vars.stage'", "vars: {x: y}\n", "name_template"),
        ("", "vars: {x: y}\n", "no_naming"),
        ("", "name: x\n", ""),
        (", name_pattern: '{tenant}'", "name: x\n", ""),
    ] {
        let (atmos, manifest) = (atmos(naming), format!("{manifest}{component}"));
        let found = lines(&[("atmos.yaml", &atmos), ("stacks/orgs/dev.yaml", &manifest)]);
        let expected: Vec<String> = Some(expected)
            .filter(|code| !code.is_empty())
            .map(|code| format!("atmos::component::{code}"))
            .into_iter()
            .collect();
        assert_eq!(found.len(), expected.len(), "{naming} {found:#?}");
        assert!(found.iter().zip(&expected).all(|(found, code)| found.contains(code)), "{naming} {found:#?}");
    }
}

#[test]
fn names_of_stacks_that_surprise_are_warnings() {
    let atmos = |naming: &str| {
        format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['orgs/**/*']{naming}}}\n\
             components: {{terraform: {{base_path: components/terraform, auto_generate_backend_file: false}}}}\n"
        )
    };
    let component = |more: &str| {
        format!(
            "vars: {{stage: dev}}\ncomponents: {{helmfile: {{}}, packer: {{p: {{}}}}, terraform: {{a: {{{more}}}}}}}\n"
        )
    };
    let pattern = component("metadata: {terraform_workspace_pattern: 'x-{stage}'}");
    for (naming, file, manifest, expected) in [
        (
            ", name_pattern: '{stage}-x'",
            "stacks/orgs/dev.yaml",
            component(""),
            "warning  atmos::validate::name_pattern `x` in",
        ),
        (
            ", name_template: '{{ .vars.stage }}'",
            "stacks/orgs/dev.yaml",
            pattern,
            "warning stacks/orgs/dev.yaml:2:101 atmos::component::empty_token `{stage}` of the pattern",
        ),
        (
            "",
            "stacks/orgs/dev.yaml.tmpl",
            "vars: {stage: dev}\ncomponents: {packer: {p: {}}}\n".to_owned(),
            "warning stacks/orgs/dev.yaml.tmpl:1:1 atmos::stack::suffix_in_name",
        ),
    ] {
        let found = lines(&[("atmos.yaml", &atmos(naming)), (file, &manifest)]);
        assert!(matches!(found.as_slice(), [only] if only.starts_with(expected)), "{expected} {found:#?}");
    }
}

#[test]
fn included_files_that_depend_on_the_working_directory_are_warnings() {
    let mut fixture = Fixture::new(&[
        ("stacks/orgs/dev.yaml", &format!("{NAMED}settings: {{x: !include data.yaml, y: !include ./data.yaml}}\n")),
        ("data.yaml", "a: 1\n"),
        ("stacks/orgs/data.yaml", "a: 1\n"),
        ("below/data.yaml", "a: 2\n"),
    ]);
    let schema = Schema::embedded().unwrap();
    let config = fixture.config();
    assert_eq!(stacks(&fixture.host, &config, &schema, |_| Vec::new()).unwrap().len(), 0);
    fixture.host.cwd = fixture.host.cwd.join("below");
    let found: Vec<String> =
        stacks(&fixture.host, &config, &schema, |_| Vec::new()).unwrap().iter().map(line).collect();
    assert!(matches!(found.as_slice(), [only] if only.contains(":2:15 atmos::validate::include_path")), "{found:#?}");
}

#[test]
fn a_backend_that_nobody_writes_is_an_error() {
    let manifest = format!(
        "{NAMED}terraform: {{backend_type: s3, backend: {{s3: {{bucket: b}}}}}}\ncomponents: {{terraform: {{a: {{}}, b: {{}}}}}}\n"
    );
    let found_in = |files: &[(&str, &str)]| {
        lines(
            &[
                &[
                    ("stacks/orgs/dev.yaml", manifest.as_str()),
                    ("components/terraform/b/main.tf", "terraform {\n  backend \"s3\" {}\n}\n"),
                ],
                files,
            ]
            .concat(),
        )
    };
    let main = ("components/terraform/a/main.tf", "variable \"x\" {}\n");
    let found = found_in(&[main]);
    assert!(matches!(found.as_slice(), [only] if only.contains("atmos::terraform::state_stays_local")), "{found:#?}");
    assert_eq!(found_in(&[]), Vec::<String>::new(), "no folder, no state");
}

#[test]
fn quirks_between_files_are_warnings() {
    let named = |manifest: &str| format!("{NAMED}{manifest}");
    for (files, code) in [
        (
            vec![
                ("stacks/catalog/a.yaml", "name: x\n".to_owned()),
                ("stacks/orgs/dev.yaml", "import: [catalog/a]\n".to_owned()),
            ],
            "stack::imported_name",
        ),
        (
            vec![
                ("stacks/catalog/a.yaml", String::new()),
                ("stacks/catalog/b.yml", String::new()),
                ("stacks/orgs/dev.yaml", named("import: ['catalog/*']\n")),
            ],
            "stack::pattern_extension",
        ),
        (
            vec![
                ("stacks/catalog/a.yaml", "vars: {k: {x: 1}}\n".to_owned()),
                ("stacks/orgs/dev.yaml", "import: [catalog/a]\nvars: {tenant: t, stage: dev, k: [1]}\n".to_owned()),
            ],
            "stack::type_conflict",
        ),
        (vec![("stacks/orgs/dev.yaml", named("import: ['catalog/{{ .x }}']\n"))], "stack::import_skipped"),
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let found = lines(&files);
        let only = matches!(found.as_slice(), [only] if only.starts_with("warning stacks/") && only.contains(&format!("atmos::{code} ")));
        assert!(only, "{code}: {found:#?}");
    }
}

#[test]
fn templates_that_are_none_are_errors_where_templates_are_rendered() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform}}\n\
         templates: {settings: {enabled: true, sprig: {enabled: true}, gomplate: {enabled: true}}}\n";
    let manifest =
        "vars: {stage: dev}\ncomponents: {terraform: {a: {vars: {x: 'a {{ bogus }}', y: !template '{{ end }}'}}}}\n";
    let found = lines(&[("atmos.yaml", atmos), ("stacks/orgs/dev.yaml", manifest)]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found.iter().all(|line| line.starts_with("error stacks/orgs/dev.yaml:2:") && line.contains("template")),
        "{found:#?}"
    );
    assert_eq!(
        lines(&[("stacks/orgs/dev.yaml", &manifest.replace("vars: {", "vars: {tenant: t, "))]),
        Vec::<String>::new()
    );
}

#[test]
fn the_schema_has_the_sections_of_the_program() {
    let schema = Schema::embedded().unwrap();
    let has = |definition: &str, key: &str| schema.document["$defs"][definition]["properties"].get(key).is_some();
    for (kind, keys) in crate::component::section_keys() {
        for key in keys {
            assert!(has(&format!("{kind}_component"), key), "a {kind} component has `{key}`");
        }
    }
}

#[test]
fn components_with_one_state_are_told() {
    let of = |more: &str| {
        let base = "metadata: {component: x}";
        let rest = "b: {metadata: {component: x}}, own: {}, off: {metadata: {component: x, enabled: false, terraform_workspace: w}}";
        of_manifest(&format!(
            "components: {{terraform: {{a/b: {{{base}}}, a-b: {{{base}{more}}}, {rest}, c: {{metadata: {{component: x, terraform_workspace: w}}}}}}}}\n"
        ))
    };
    let found = of("");
    let [only] = found.as_slice() else { panic!("{found:#?}") };
    assert!(only.starts_with("warning stacks/orgs/dev.yaml:2:"), "{only}");
    let phrase = "a/b in t-dev and a-b in t-dev share one state: folder `x`, workspace `t-dev-a-b`";
    assert!(only.contains("validate::shared_state") && only.contains(phrase), "{only}");
    assert_eq!(of(", backend_type: s3, backend: {s3: {bucket: b, key: k}}"), Vec::<String>::new());
    assert_eq!(of(", provision: {workdir: {enabled: true}}"), Vec::<String>::new());
}

#[test]
fn a_schema_of_the_user_may_refuse_anything_and_no_schema_is_an_error() {
    let fixture = Fixture::new(&[("stacks/orgs/dev.yaml", NAMED)]);
    let check = |schema: &str| {
        let schema = Schema::parse("mine.json", schema)?;
        Ok::<_, super::Error>(
            stacks(&fixture.host, &fixture.config(), &schema, |_| Vec::new())
                .unwrap()
                .iter()
                .map(line)
                .collect::<Vec<_>>(),
        )
    };
    let found = check(r#"{"properties": {"vars": {"properties": {"stage": {"const": "prod"}}}}}"#).unwrap();
    assert!(
        matches!(found.as_slice(), [only] if only.contains("dev.yaml:1:26 atmos::validate::schema vars.stage: ")),
        "{found:#?}"
    );
    for broken in ["{", r#"{"type": 5}"#, r#"{"$ref": "https://example.com/other.json"}"#] {
        let error = check(broken).unwrap_err().to_string();
        assert!(error.contains("'mine.json' is not valid"), "{error}");
    }
}
