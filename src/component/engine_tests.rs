//! What a repository opts in to, and marks that stand for whole sections.

use serde_json::{Value as Json, json};

use super::{Instance, find, summaries};
use crate::stack::StackIndex;
use crate::stack::fixture::Fixture;
use crate::value::to_json;

const NAMING: &str = "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'";

/// The component `a` of `dev`; `engine` goes on with the `stacks` section of the configuration.
fn find_in(engine: &str, files: &[(&str, &str)]) -> Result<Instance, String> {
    let atmos = format!("{NAMING}{engine}\n");
    let files: Vec<_> = std::iter::once(("atmos.yaml", atmos.as_str())).chain(files.iter().copied()).collect();
    let fixture = Fixture::new(&files);
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    // Lists take the short way to names; it has to find the same ones.
    let listed = summaries(&fixture.host, &config, &index).map_err(|error| error.to_string())?;
    let found = find(&fixture.host, &config, &index, "a", "dev", None).map_err(|error| error.to_string())?;
    assert!(listed.iter().any(|summary| summary.stack == found.stack && summary.name == found.name));
    Ok(found)
}

fn vars(engine: &str, files: &[(&str, &str)]) -> Json {
    to_json(&find_in(engine, files).unwrap().sections.vars)
}

#[test]
fn c3_merges_a_shared_base_once_and_below_its_heirs() {
    let manifest = "vars: {stage: dev}\ncomponents: {terraform: {root: {vars: {k: root, r: 1}}, \
         l: {metadata: {inherits: [root]}, vars: {k: l}}, r: {metadata: {inherits: [root]}}, \
         a: {metadata: {inherits: [l, r]}}}}";
    let files = [("stacks/dev.yaml", manifest)];
    assert_eq!(vars(", inherit: {linearization: depth_first}}", &files)["k"], "root");
    let instance = find_in(", inherit: {linearization: c3}}", &files).unwrap();
    assert_eq!(to_json(&instance.sections.vars), json!({"stage": "dev", "k": "l", "r": 1}));
    assert_eq!(instance.inheritance, ["r", "l", "root"]);
    let contradiction = "vars: {stage: dev}\ncomponents: {terraform: {x: {}, y: {}, \
         p: {metadata: {inherits: [x, y]}}, q: {metadata: {inherits: [y, x]}},\n a: {metadata: {inherits: [p, q]}}}}";
    let message = find_in(", inherit: {linearization: c3}}", &[("stacks/dev.yaml", contradiction)]).unwrap_err();
    assert!(message.contains("the bases of the component 'a'") && message.contains("dev.yaml:3:"), "{message}");
    assert!(message.contains("'x'") && message.contains("'y'"), "{message}");
}

#[test]
fn conflicts_of_types_are_errors_where_the_repository_wants_it() {
    let strict = "}\nsettings: {merge: {type_conflict: error}}";
    let table = [
        // Files, kind and component, base and component, component and overrides.
        ("import: [c/x]\nvars: {stage: dev, v: {a: 1}}\ncomponents: {terraform: {a: {}}}", "vars.v", "dev.yaml:2:"),
        (
            "vars: {stage: dev, w: {k: 1}}\ncomponents: {terraform: {a: {vars: {w: {k: [1]}}}}}",
            "vars.w.k",
            "dev.yaml:2:",
        ),
        (
            "vars: {stage: dev}\ncomponents: {terraform: {b: {env: {E: x}}, a: {metadata: {inherits: [b]},\n env: {E: []}}}}",
            "env.E",
            "dev.yaml:3:",
        ),
        (
            "vars: {stage: dev}\ncomponents: {terraform: {a: {settings: {s: []}, overrides: {settings: {s: 1}}}}}",
            "settings.s",
            "dev.yaml:2:",
        ),
    ];
    for (manifest, path, place) in table {
        let files = [("stacks/dev.yaml", manifest), ("stacks/c/x.yaml", "vars: {v: [1]}")];
        assert!(find_in("}", &files).is_ok(), "{path}");
        let message = find_in(strict, &files).unwrap_err();
        assert!(message.contains(&format!("type conflict at '{path}'")), "{message}");
        // Both places are named.
        assert!(message.contains(place) && message.matches(".yaml:").count() >= 2, "{message}");
    }
    let fits = "vars: {stage: dev, n: null, f: !env X}\ncomponents: {terraform: {a: {vars: {n: [1], f: {k: 1}}}}}";
    assert!(find_in(strict, &[("stacks/dev.yaml", fits)]).is_ok());
}

#[test]
fn keys_with_the_delimiter_stand_for_levels_unless_quoted() {
    let split = "}\nsettings: {yaml: {key_delimiter: '.'}}";
    let manifest = "vars.stage: dev\nvars: {x.y: 1, x: {z: 2}, 'q.r': 3, .h: 4, a..b: 5}\n\
         components.terraform.a.vars.deep.er: [6]\n";
    let expected = json!({"stage": "dev", "x": {"y": 1, "z": 2}, "q.r": 3, ".h": 4, "a..b": 5, "deep": {"er": [6]}});
    assert_eq!(vars(split, &[("stacks/dev.yaml", manifest)]), expected);
    let plain = "vars: {stage: dev, x.y: 1}\ncomponents: {terraform: {a: {}}}";
    assert_eq!(vars("}", &[("stacks/dev.yaml", plain)]), json!({"stage": "dev", "x.y": 1}));
    let rendered = "import: [{path: c/x, context: {v: 7}}]\nvars.stage: dev\ncomponents.terraform.a: {}\n";
    let context = ("stacks/c/x.yaml.tmpl", "vars.o.p: '{{ .v }}'\n{{ if .v }}vars.o.q: 8{{ end }}\n");
    assert_eq!(
        vars(split, &[("stacks/dev.yaml", rendered), context]),
        json!({"stage": "dev", "o": {"p": "7", "q": 8}})
    );
}

#[test]
fn whole_sections_and_components_can_be_unset() {
    let base = "settings: {g: 1}\nenv: {E: 1}\nterraform: {vars: {k: 1}, settings: {k: 1}}\n\
         components: {terraform: {gone: {vars: {a: 1}}, b: {vars: {b: 1}, metadata: {locked: true}}, \
         a: {vars: {low: 1}, settings: {low: 1}}}, helmfile: {h: {}}}";
    let manifest = "import: [c/x]\nvars: {stage: dev}\nenv: !unset\n\
         components: {terraform: {gone: !unset , a: {metadata: {inherits: [b]}, settings: !unset }}, helmfile: !unset }";
    let instance = find_in("}\nenv: {GLOBAL: 1}", &[("stacks/dev.yaml", manifest), ("stacks/c/x.yaml", base)]).unwrap();
    assert_eq!(to_json(&instance.sections.vars), json!({"stage": "dev", "k": 1, "b": 1, "low": 1}));
    assert_eq!(to_json(&instance.sections.settings), json!({}));
    assert_eq!(to_json(&instance.sections.env), json!({}));
    let fixture = Fixture::new(&[
        ("atmos.yaml", &format!("{NAMING}}}\n")),
        ("stacks/dev.yaml", manifest),
        ("stacks/c/x.yaml", base),
    ]);
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    let names: Vec<String> =
        summaries(&fixture.host, &config, &index).unwrap().into_iter().map(|summary| summary.name).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn templates_of_manifests_see_the_locked_versions() {
    let lock = "version: 1\ntracks:\n  default: {tf: {version: 1.2.3}}\n  edge: {tf: {version: 2.0.0-rc1}}\n";
    let own = "locals: {l: 'v{{ .version.tf }}'}\nvars: {stage: dev, l: '{{ .locals.l }}', v: '{{ .version.tf }}'}\n\
         components: {terraform: {a: {}}}\nimport: [{path: c/x, context: {c: 1}}, {path: c/y, context: {version: mine}}]\n";
    let files = [
        ("versions.lock.yaml", lock),
        ("stacks/dev.yaml", own),
        ("stacks/c/x.yaml", "version: {track: edge}\nvars: {x: '{{ .version.tf }}'}\n"),
        ("stacks/c/y.yaml", "vars: {y: '{{ .version }}'}\n"),
    ];
    let expected = json!({"stage": "dev", "l": "v1.2.3", "v": "1.2.3", "x": "2.0.0-rc1", "y": "mine"});
    assert_eq!(vars("}", &files), expected);
    let broken = [("versions.lock.yaml", "a: [\n"), files[1], files[2], files[3]];
    let message = find_in("}", &broken).unwrap_err();
    assert!(
        message.contains("the locked versions cannot be read") && message.contains("versions.lock.yaml"),
        "{message}"
    );
}

#[test]
fn a_stack_whose_name_lacks_a_variable_says_which() {
    let files = [("stacks/dev.yaml", "vars: {}\ncomponents: {terraform: {a: {}}}")];
    let atmos = format!("{NAMING}}}\n");
    let fixture = Fixture::new(&[("atmos.yaml", atmos.as_str()), files[0]]);
    let config = fixture.config();
    let index = StackIndex::load(&fixture.host, &config).unwrap();
    let error = find(&fixture.host, &config, &index, "a", "dev", None).unwrap_err();
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert!(help.contains("no value for `stage`") && !help.contains("did you mean"), "{help}");
}

#[test]
fn lists_say_what_they_do_to_those_below_in_both_stages() {
    let catalog = "vars: {l: [1], r: [1], m: [{name: a, x: 1}]}";
    let manifest = "import: [c/x]\nvars: {stage: dev, l: !prepend [0], m: !merge.name [{name: a, y: 2}, {name: b}]}\n\
         components: {terraform: {a: {vars: {l: !prepend [-1], r: !replace [9], m: !merge.name [{name: b, z: 3}]}}}}";
    let files = [("stacks/dev.yaml", manifest), ("stacks/c/x.yaml", catalog)];
    let expected = json!({
        "stage": "dev", "l": [-1, 0, 1], "r": [9], "m": [{"name": "a", "x": 1, "y": 2}, {"name": "b", "z": 3}]
    });
    assert_eq!(vars("}\nsettings: {list_merge_strategy: append}", &files), expected);
}
