//! Components of whole repositories: layers, inheritance, names, backends, errors.

use serde_json::{Value as Json, json};

use super::{Filter, Instance, Kind, all, find, summaries};
use crate::stack::StackIndex;
use crate::stack::fixture::Fixture;
use crate::value::{Node, to_json};

/// Adds the variables that the name `t-dev` needs.
const NAMED: &str = "vars: {tenant: t, stage: dev}\n";

fn find_in(files: &[(&str, &str)], component: &str, stack: &str) -> Result<Instance, super::Error> {
    let fixture = Fixture::new(files);
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    find(&fixture.host, &config, &index, component, stack, None)
}

/// The component `a` of a stack that is this one manifest.
fn found(manifest: &str) -> Instance {
    find_in(&[("stacks/orgs/dev.yaml", &format!("{NAMED}{manifest}"))], "a", "t-dev").unwrap()
}

fn failure(manifest: &str) -> String {
    find_in(&[("stacks/orgs/dev.yaml", &format!("{NAMED}{manifest}"))], "a", "t-dev").unwrap_err().to_string()
}

fn vars(instance: &Instance) -> Json {
    let mut vars = to_json(&instance.sections.vars);
    for key in ["tenant", "stage"] {
        vars.as_object_mut().unwrap().remove(key);
    }
    vars
}

#[test]
fn layers_go_from_global_to_overrides() {
    let instance = found(
        "settings: {x: global}\n\
         terraform: {vars: {k: kind, o: kind}, settings: {y: kind}, command: kind-cmd}\n\
         components: {terraform: {base: {vars: {b: base, k: base}, settings: {x: base}}, \
         a: {metadata: {inherits: [base]}, vars: {k: own}, overrides: {vars: {o: over}, command: over-cmd}}}}",
    );
    assert_eq!(vars(&instance), json!({"k": "own", "o": "over", "b": "base"}));
    assert_eq!(to_json(&instance.sections.settings), json!({"x": "base", "y": "kind"}));
    assert_eq!(instance.command, "over-cmd");
    assert_eq!((instance.stack.as_str(), instance.workspace.as_str()), ("t-dev", "t-dev"));
}

#[test]
fn inheritance_is_depth_first_and_bases_win_again() {
    let linear = found(
        "components: {terraform: {grand: {vars: {x: grand}}, b1: {vars: {x: b1}, command: c1}, b2: {}, \
         b3: {metadata: {inherits: [grand]}}, a: {metadata: {inherits: [b1, b2, b3]}}}}",
    );
    assert_eq!(linear.inheritance, ["b3", "grand", "b2", "b1"]);
    assert_eq!(vars(&linear), json!({"x": "grand"}));
    assert_eq!(linear.command, "terraform", "a later base without a command clears that of an earlier one");
    let diamond = found(
        "components: {terraform: {root: {vars: {k: root}}, l: {metadata: {inherits: [root]}, vars: {k: l}}, \
         r: {metadata: {inherits: [root]}}, a: {metadata: {inherits: [l, r]}}}}",
    );
    assert_eq!(diamond.inheritance, ["r", "root", "l"]);
    assert_eq!(vars(&diamond), json!({"k": "root"}));
}

#[test]
fn a_base_that_is_named_twice_brings_back_what_it_gave_first() {
    let bases = "x: {vars: {l: [1]}}, y: {vars: {l: [2], y: 1}}, z: {vars: {l: [3]}}";
    for (inherits, list, chain) in [
        ("[x, x]", json!([1]), &["x"][..]),
        ("[x, y, x, y]", json!([1, 2]), &["y", "x"]),
        ("[x, y, x]", json!([1]), &["x"]),
        ("[x, y, x, z]", json!([1, 3]), &["z", "x"]),
    ] {
        let instance = found(&format!(
            "settings: {{list_merge_strategy: append}}\ncomponents: {{terraform: {{{bases}, \
             a: {{settings: {{list_merge_strategy: append}}, metadata: {{inherits: {inherits}}}}}}}}}"
        ));
        assert_eq!(vars(&instance)["l"], list, "{inherits}");
        assert_eq!(instance.inheritance, chain, "{inherits}");
    }
}

#[test]
fn metadata_is_inherited_but_for_type_and_inherits() {
    let instance = found(
        "metadata: {labels: {g: 1}}\n\
         components: {terraform: {base: {metadata: {type: abstract, component: x/vpc, locked: true, labels: {b: 2}}}, \
         a: {metadata: {inherits: [base]}}}}",
    );
    let expected = json!({"labels": {"g": 1, "b": 2}, "component": "x/vpc", "locked": true, "inherits": ["base"]});
    assert_eq!(to_json(&instance.sections.metadata), expected);
    assert!(!instance.abstract_ && instance.locked && instance.enabled);
    assert_eq!((instance.component.as_str(), instance.folder.as_str()), ("a", "x/vpc"));
    assert_eq!(instance.workspace, "t-dev-a");
}

#[test]
fn circles_of_bases_are_errors() {
    for (manifest, chain) in [
        ("a: {metadata: {inherits: [b]}}, b: {metadata: {inherits: [a]}}", "'a' -> 'b' -> 'a'"),
        (
            "a: {metadata: {inherits: [b]}}, b: {metadata: {inherits: [c]}}, c: {metadata: {inherits: [b]}}",
            "'b' -> 'c' -> 'b'",
        ),
    ] {
        let message = failure(&format!("components: {{terraform: {{{manifest}}}}}"));
        assert!(message.contains("circular component inheritance detected"), "{message}");
        assert!(message.contains(chain) && message.contains("orgs/dev.yaml:2:"), "{message}");
    }
    let harmless = found("components: {terraform: {a: {component: a, metadata: {inherits: [a]}, vars: {x: 1}}}}");
    assert_eq!(vars(&harmless), json!({"x": 1}));
}

#[test]
fn wrong_types_name_the_place() {
    for (manifest, phrase) in [
        ("components: {terraform: {a: {vars: [1]}}}", "invalid component vars section: 'components.terraform.a.vars'"),
        ("components: {terraform: {a: {command: 5}}}", "invalid component command attribute"),
        ("components: {terraform: {a: null}}", "invalid component map type for component a"),
        ("components: {terraform: {a: {metadata: {inherits: b}}}}", "invalid component metadata.inherits section"),
        ("components: {terraform: {a: {metadata: {inherits: [zz]}}}}", "component not defined in any config files"),
        ("components: {terraform: [a]}", "invalid components.terraform section in file 'orgs/dev'"),
        ("terraform: {vars: 5}\ncomponents: {terraform: {a: {}}}", "invalid terraform vars section in file 'orgs/dev'"),
        ("metadata: {component: x}\ncomponents: {terraform: {a: {}}}", "metadata field is not allowed at global"),
        ("components: {terraform: {a: {settings: {list_merge_strategy: bogus}}}}", "invalid list merge strategy"),
        ("components: {terraform: {a: {component: none}}}", "inherits from 'none' (using 'component:')"),
    ] {
        let message = failure(manifest);
        assert!(message.contains(phrase) && message.contains("orgs/dev"), "{manifest}: {message}");
    }
}

#[test]
fn backends_get_what_keeps_states_apart() {
    for (backend, component, expected) in [
        ("s3: {bucket: b}", "{metadata: {component: x/vpc}}", json!({"bucket": "b", "workspace_key_prefix": "x-vpc"})),
        ("s3: {bucket: b}", "{metadata: {name: n/1}}", json!({"bucket": "b", "workspace_key_prefix": "n-1"})),
        ("s3: {workspace_key_prefix: p}", "{}", json!({"workspace_key_prefix": "p"})),
        ("gcs: {}", "{}", json!({"prefix": "a"})),
        ("azurerm: {key: glob}", "{}", json!({"key": "glob/a.terraform.tfstate"})),
        ("azurerm: {}", "{backend: {azurerm: {key: own}}}", json!({"key": "own"})),
        ("local: {path: p}", "{}", json!({"path": "p"})),
    ] {
        let kind = backend.split(':').next().unwrap();
        let instance = found(&format!(
            "terraform: {{backend_type: {kind}, backend: {{{backend}}}}}\ncomponents: {{terraform: {{a: {component}}}}}"
        ));
        assert_eq!(to_json(&instance.sections.backend), expected, "{backend}");
        assert_eq!(instance.sections.remote_state_backend_type, kind);
        assert_eq!(to_json(&instance.sections.remote_state_backend), expected);
    }
    let message =
        failure("terraform: {backend_type: local, backend: {s3: {}}}\ncomponents: {terraform: {a: {}, b: {}}}");
    assert!(message.contains("backend_type does not match any key configured under backend"), "{message}");
}

#[test]
fn workspaces_follow_metadata() {
    for (metadata, workspace) in [
        ("{}", "t-dev"),
        ("{component: a}", "t-dev"),
        ("{component: vpc}", "t-dev-a"),
        ("{terraform_workspace: x/y}", "x-y"),
        (
            "{terraform_workspace_pattern: 'A-{stage}-{environment}-{component}-{base-component}', component: vpc}",
            "A-dev--a-vpc",
        ),
    ] {
        let instance = found(&format!("components: {{terraform: {{a: {{metadata: {metadata}}}}}}}"));
        assert_eq!(instance.workspace, workspace, "{metadata}");
    }
    assert_eq!(found("terraform: {backend_type: http}\ncomponents: {terraform: {a: {}}}").workspace, "default");
}

#[test]
fn list_strategy_of_a_component_rules_its_own_layers() {
    let files = [
        ("stacks/catalog/x.yaml", "vars: {l: [1, 2, 3]}"),
        (
            "stacks/orgs/dev.yaml",
            "import: [catalog/x]\nvars: {tenant: t, stage: dev, l: [9]}\n\
             components: {terraform: {a: {settings: {list_merge_strategy: append}, vars: {l: [7, 8]}}}}",
        ),
    ];
    assert_eq!(vars(&find_in(&files, "a", "t-dev").unwrap()), json!({"l": [9, 7, 8]}));
}

#[test]
fn markers_act_on_every_layer() {
    let instance = found(
        "terraform: {vars: {l: [1], gone: 1}}\n\
         components: {terraform: {a: {vars: {l: !append [2], gone: !unset }}}}",
    );
    assert_eq!(vars(&instance), json!({"l": [1, 2]}));
}

#[test]
fn stacks_are_found_by_their_canonical_name_or_their_file() {
    let files = [
        ("stacks/orgs/dev.yaml", "vars: {tenant: t, stage: dev}\ncomponents: {terraform: {a: {}}}"),
        ("stacks/orgs/named.yaml", "name: custom\nvars: {tenant: t, stage: x}\ncomponents: {terraform: {a: {}}}"),
        ("stacks/orgs/broken.yaml", "vars: ["),
    ];
    assert_eq!(find_in(&files, "a", "orgs/named").unwrap().workspace, "custom");
    assert_eq!(find_in(&files, "a", "custom").unwrap().manifest, "orgs/named");
    // The stack may be the one that cannot be read.
    let message = find_in(&files, "a", "t-none").unwrap_err().to_string();
    assert!(message.contains("invalid stack manifest"), "{message}");
    for (component, stack, phrases) in [
        ("b", "t-dev", &["invalid component", "Could not find the component `b` in the stack `t-dev`"][..]),
        ("a", "t-def", &["invalid component", "no such stack"]),
        ("a", "named", &["Could not find the component"]),
    ] {
        let message = find_in(&files[..2], component, stack).unwrap_err().to_string();
        for phrase in phrases {
            assert!(message.contains(phrase), "{component} {stack}: {message}");
        }
    }
}

#[test]
fn manifest_keys_are_answered_with_the_name() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n";
    let files = [
        ("atmos.yaml", atmos),
        ("stacks/one.yaml", "vars: {stage: dev}\ncomponents: {terraform: {a: {}}}"),
        ("stacks/two.yaml", "components: {terraform: {a: {}}}"),
    ];
    let error = find_in(&files, "a", "one").unwrap_err();
    assert!(error.to_string().contains("invalid stack: Stack `one` not found"), "{error}");
    assert!(miette::Diagnostic::help(&error).unwrap().to_string().contains("Did you mean `dev`?"));
    let incomplete = find_in(&files, "a", "prod").unwrap_err();
    assert!(miette::Diagnostic::help(&incomplete).unwrap().to_string().contains("no value for `stage`"));
}

#[test]
fn equal_definitions_in_two_manifests_are_one() {
    let one = "vars: {tenant: t, stage: dev}\ncomponents: {terraform: {a: {vars: {x: 1}}}}";
    let other = "vars: {tenant: t, stage: dev}\ncomponents: {terraform: {a: {vars: {x: 2}}}}";
    let same = find_in(&[("stacks/orgs/b.yaml", one), ("stacks/orgs/c.yaml", one)], "a", "t-dev").unwrap();
    assert_eq!(same.manifest, "orgs/b");
    let error = find_in(&[("stacks/orgs/b.yaml", one), ("stacks/orgs/c.yaml", other)], "a", "t-dev").unwrap_err();
    assert!(error.to_string().contains("duplicate component configuration"), "{error}");
    assert!(error.to_string().contains("orgs/b, orgs/c"), "{error}");
}

#[test]
fn components_are_found_by_their_directory() {
    let files = [(
        "stacks/orgs/dev.yaml",
        "vars: {tenant: t, stage: dev}\ncomponents: {terraform: {a: {metadata: {component: infra/vpc}}, b/c: {}}}",
    )];
    for (path, name) in [("components/terraform/infra/vpc", "a"), ("./components/terraform/b/c", "b/c"), ("b/c", "b/c")]
    {
        assert_eq!(find_in(&files, path, "t-dev").unwrap().name, name, "{path}");
    }
}

#[test]
fn explicit_paths_are_strict() {
    let files = [(
        "stacks/orgs/dev.yaml",
        "vars: {tenant: t, stage: dev}\ncomponents: {helmfile: {web: {}}, \
         terraform: {app: {}, blue: {metadata: {component: app}}, solo: {metadata: {component: one}}}}",
    )];
    let fixture = Fixture::new(&files);
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    let search = |directory: &str, path: &str| {
        let mut host = fixture.host.clone();
        host.cwd = host.cwd.join(directory);
        find(&host, &config, &index, path, "t-dev", Some(Kind::Terraform))
    };
    assert_eq!(search("components/terraform/one", ".").unwrap().name, "solo");
    assert_eq!(search("components/terraform/app", "../one").unwrap().name, "solo");
    // What may be a name is told apart by it, as in the reference.
    assert_eq!(search("", "components/terraform/app").unwrap().name, "app");
    assert_eq!(search("components", "terraform/app").unwrap().name, "app");
    for (directory, path, phrase, detail) in [
        ("components/terraform/app", ".", "ambiguous component path", "app, blue"),
        ("", "./components/terraform/app", "ambiguous component path", "app, blue"),
        ("components/helmfile/web", ".", "path component type does not match command", "helmfile"),
        ("components/terraform/none", ".", "component not found in stack configuration", "`none`"),
        ("components/terraform", ".", "component not found in stack configuration", "all terraform"),
        ("components/terraform", ".", "failed to resolve component from path", "all terraform"),
        ("", "./elsewhere", "component not found in stack configuration", "outside"),
        ("", "/nowhere", "component not found in stack configuration", "outside"),
    ] {
        let error = search(directory, path).unwrap_err();
        assert!(error.to_string().contains(phrase) && error.to_string().contains(detail), "{path}: {error}");
        assert_eq!(crate::diag::Failure::exit_code(&error), 2, "{path}: {error}");
    }
    // A name with a slash may be a name: only what cannot be one is wrong usage, as in the reference.
    for (directory, path, code) in [("", "no/such", 1), ("", "nosuch", 1), ("components/terraform", "no/such", 1)] {
        assert_eq!(crate::diag::Failure::exit_code(&search(directory, path).unwrap_err()), code, "{directory}: {path}");
    }
    let unknown = find(&fixture.host, &config, &index, "./components/terraform/one", "none", None).unwrap_err();
    assert!(unknown.to_string().contains("stack not found: no stack `none`"), "{unknown}");
    let error = search("", "web").unwrap_err();
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default();
    assert!(help.contains("`web` is a helmfile component"), "{help}");
}

#[test]
fn a_path_means_no_component_that_is_only_inherited_from() {
    let files = [(
        "stacks/orgs/dev.yaml",
        "vars: {tenant: t, stage: dev}\ncomponents: {terraform: {vpc/defaults: {metadata: {type: abstract, component: vpc}}, \
         vpc: {metadata: {component: vpc, inherits: [vpc/defaults]}}, base: {metadata: {type: abstract, component: only}}}}",
    )];
    for (path, name) in [("./components/terraform/vpc", "vpc"), ("./components/terraform/only", "base")] {
        assert_eq!(find_in(&files, path, "t-dev").unwrap().name, name, "{path}");
    }
}

#[test]
fn inheritance_has_bounds() {
    use std::fmt::Write as _;
    for kind in ["terraform", "job"] {
        let mut long = format!("{NAMED}components:\n  {kind}:\n");
        let mut wide = long.clone();
        for i in 0..1600 {
            writeln!(long, "    c{i}: {{metadata: {{inherits: [c{}]}}}}", i + 1).unwrap();
        }
        long.push_str("    c1600: {}\n");
        for i in 0..30 {
            for name in ["c", "d"] {
                writeln!(wide, "    {name}{i}: {{metadata: {{inherits: [c{0}, d{0}]}}}}", i + 1).unwrap();
            }
        }
        wide.push_str("    c30: {}\n    d30: {}\n");
        for (text, phrase, rest) in [(&long, "256 levels", "'c7' -> …"), (&wide, "10000 bases", "'c0' -> ")] {
            let fixture = Fixture::new(&[("stacks/orgs/dev.yaml", text)]);
            let config = fixture.config();
            let index = StackIndex::load(&fixture.host, &config).unwrap();
            let asked = Some(Kind::from_key(kind));
            let message = find(&fixture.host, &config, &index, "c0", "orgs/dev", asked).unwrap_err().to_string();
            assert!(message.contains(phrase) && message.contains(rest), "{message}");
            assert!(message.contains("stacks/orgs/dev.yaml:"), "{message}");
        }
    }
}

#[test]
fn kinds_are_searched_in_order_and_all_is_sorted() {
    let fixture = Fixture::new(&[(
        "stacks/orgs/dev.yaml",
        "vars: {tenant: t, stage: dev}\n\
         components: {helmfile: {z: {}, a: {}}, terraform: {a: {}, ab: {metadata: {type: abstract}}}, job: {j: {image: i}}}",
    )]);
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    assert_eq!(find(&fixture.host, &config, &index, "a", "t-dev", None).unwrap().kind, Kind::Terraform);
    let helmfile = find(&fixture.host, &config, &index, "a", "t-dev", Some(Kind::Helmfile)).unwrap();
    assert_eq!((helmfile.kind, helmfile.command.as_str()), (Kind::Helmfile, "helmfile"));
    let names = |filter: &Filter| -> Vec<String> {
        let instances = all(&fixture.host, &config, &index, filter).unwrap();
        instances.iter().map(|instance| format!("{}:{}", instance.kind, instance.name)).collect()
    };
    assert_eq!(names(&Filter::default()), ["terraform:a", "terraform:ab", "helmfile:a", "helmfile:z", "job:j"]);
    assert_eq!(names(&Filter { components: vec!["a".to_owned()], ..Filter::default() }), ["terraform:a", "helmfile:a"]);
    assert!(names(&Filter { stack: Some("none".to_owned()), ..Filter::default() }).is_empty());
    let listed = summaries(&fixture.host, &config, &index).unwrap();
    assert_eq!(listed.iter().filter(|summary| summary.abstract_).count(), 1);
    assert!(listed.iter().all(|summary| summary.stack == "t-dev"));
}

#[test]
fn descriptions_show_auth_of_the_configuration_for_terraform_only() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n\
                 auth: {realm: acme, providers: {p: {kind: mock, extra: 1}}}\n";
    let manifest = "vars: {stage: dev}\nauth: {identities: {i: {default: true}}}\n\
                    components: {terraform: {a: {}}, helmfile: {h: {}}}";
    let auth = |component: &str| {
        let files = [("atmos.yaml", atmos), ("stacks/dev.yaml", manifest)];
        let instance = find_in(&files, component, "dev").unwrap();
        assert!(instance.sections.auth.get_path(["providers", "p", "extra"]).is_some());
        to_json(&instance.to_map().into())["auth"].take()
    };
    let identities = json!({"i": {"default": true}});
    assert_eq!(auth("h"), json!({"identities": identities}));
    let configured = json!({
        "realm": "acme", "logs": {"file": "", "level": ""}, "keyring": {}, "providers": {"p": {"kind": "mock"}},
        "identities": identities,
    });
    assert_eq!(auth("a"), configured);
}

#[test]
fn secrets_carry_the_scope_of_their_place() {
    let instance =
        found("secrets: {vars: {s: {store: x}}}\ncomponents: {terraform: {a: {secrets: {vars: {i: {store: y}}}}}}");
    let expected = json!({"vars": {"s": {"store": "x", "scope": "stack"}, "i": {"store": "y", "scope": "instance"}}});
    assert_eq!(to_json(&instance.sections.secrets), expected);
}

#[test]
fn sources_may_be_short() {
    let instance = found("components: {terraform: {a: {source: 'github.com/x/y'}}}");
    assert_eq!(instance.sections.source.get("uri").and_then(Node::as_str), Some("github.com/x/y"));
}

#[test]
fn a_broken_component_answers_only_for_itself() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/*'], name_pattern: '{stage}'}\n";
    let dev = "vars: {stage: dev}\ncomponents:\n  terraform:\n    aaa: {metadata: {inherits: [nowhere]}}\n    \
               two: {metadata: {inherits: [twob]}}\n    twob: {metadata: {inherits: [two]}}\n    fine: {}\n";
    let prod = "vars: {stage: prod}\ncomponents: {terraform: {ok: {}}}\n";
    let files = [("atmos.yaml", atmos), ("stacks/orgs/dev.yaml", dev), ("stacks/orgs/prod.yaml", prod)];
    for (component, stack, message, helps) in [
        ("two", "dev", "circular component inheritance detected: 'two' -> 'twob' -> 'two'", vec![]),
        ("aaa", "dev", "inherits from 'nowhere'", vec![]),
        ("fime", "dev", "no such component", vec!["did you mean the component `fine`", "'aaa' of the manifest"]),
        ("fime", "orgs/dev", "no such component", vec!["did you mean the component `fine`"]),
        ("fine", "dve", "no such stack", vec!["did you mean the stack `dev`", "'aaa' of the manifest"]),
        ("fine", "prod", "the stack has no such component", vec![]),
    ] {
        let error = find_in(&files, component, stack).unwrap_err();
        assert!(error.to_string().contains(message), "{component} {stack}: {error}");
        let help = miette::Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default();
        assert!(helps.iter().all(|part| help.contains(part)), "{component} {stack}: {help}");
    }
    assert!(find_in(&files, "ok", "prod").is_ok());
}

#[test]
fn an_unreadable_manifest_answers_for_what_may_be_its_own() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/*'], name_pattern: '{stage}'}\n";
    let prod = "vars: {stage: prod}\ncomponents: {terraform: {ok: {}}}\n";
    let files = [("atmos.yaml", atmos), ("stacks/orgs/bad.yaml", "a: ["), ("stacks/orgs/prod.yaml", prod)];
    let error = find_in(&files, "ok", "prdo").unwrap_err();
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert!(error.to_string().contains("no such stack"), "{error}");
    assert!(help.contains("did you mean the stack `prod`") && help.contains("'orgs/bad' cannot be used"), "{help}");
    let error = find_in(&files, "ok", "bad").unwrap_err().to_string();
    assert!(error.contains("invalid stack manifest") && error.contains("orgs/bad"), "{error}");
}

#[test]
fn lists_of_an_unknown_stack_say_nothing_of_faults_elsewhere() {
    let fixture = Fixture::new(&[
        ("atmos.yaml", "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n"),
        ("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {a: {metadata: {inherits: [x]}}, b: {}}}"),
    ]);
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    let of = |stack: &str| {
        let filter = Filter { stack: Some(stack.to_owned()), partial: true, ..Filter::default() };
        all(&fixture.host, &config, &index, &filter).map(|found| found.len())
    };
    assert_eq!((of("dve").unwrap(), of("dev").unwrap()), (0, 1));
}

#[test]
fn a_component_that_the_file_of_a_stack_does_not_have_is_what_is_missing() {
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/*'], name_pattern: '{stage}'}\n";
    let prod = "vars: {stage: prod}\ncomponents: {terraform: {app: {}}}\n";
    let error = find_in(&[("atmos.yaml", atmos), ("stacks/orgs/prod.yaml", prod)], "ap", "orgs/prod").unwrap_err();
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert!(error.to_string().contains("no such component"), "{error}");
    assert!(help.contains("did you mean the component `app`"), "{help}");
}
