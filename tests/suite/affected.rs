//! `describe affected`: every reason, on repositories with real commits.

use serde_json::{Value, json};

use crate::support::Sandbox;

const CONFIGURATION: &str = "
base_path: .
stacks: {base_path: stacks, included_paths: ['deploy/**/*'], name_pattern: '{tenant}-{stage}'}
components:
  terraform: {base_path: components/terraform}
  helmfile: {base_path: components/helmfile}
  packer: {base_path: components/packer}
  kubernetes: {base_path: components/kubernetes}
templates: {settings: {enabled: true}}
";

const CATALOG: &str = "
components:
  terraform:
    vpc: {vars: {cidr: a}, settings: {x: 1}, env: {A: b}}
    rds: {metadata: {component: db}, dependencies: {components: [{name: vpc}]}}
    base: {metadata: {type: abstract}, vars: {x: 1}}
    off: {metadata: {component: vpc, enabled: false}}
    fixed: {metadata: {component: vpc, locked: true}}
    reader: {dependencies: {files: [config/*.json], folders: [lib]}}
    older: {settings: {depends_on: {1: {file: notes.txt}, 2: {component: rds}}}}
    hidden: {secrets: {vars: {KEY: {sops: vault}}, providers: {vault: {kind: sops/age}}}}
  helmfile:
    app: {vars: {x: 1}}
  kubernetes:
    web: {paths: [a]}
";

/// A repository whose first commit has the tag `base`.
pub(super) fn repository() -> Sandbox {
    let sandbox = Sandbox::empty();
    for (path, text) in [
        ("atmos.yaml", CONFIGURATION),
        ("stacks/catalog/all.yaml", CATALOG),
        ("stacks/deploy/dev.yaml", "import: [catalog/all]\nvars: {tenant: t, stage: dev}\n"),
        ("stacks/deploy/prod.yaml", "import: [catalog/all]\nvars: {tenant: t, stage: prod}\n"),
        ("stacks/deploy/old.yaml", "vars: {tenant: t, stage: old}\ncomponents: {terraform: {vpc: {}, gone: {}}}\n"),
        ("components/terraform/vpc/main.tf", "module \"label\" {\n  source = \"../../../modules/label\"\n}\n"),
        ("components/terraform/db/main.tf", "# db\n"),
        ("components/terraform/reader/main.tf", "# reader\n"),
        ("components/helmfile/app/helmfile.yaml", "releases: []\n"),
        ("components/kubernetes/web/a.yaml", "{}\n"),
        (
            "modules/label/main.tf",
            "module \"inner\" {\n  source = \"./inner\"\n}\nmodule \"names\" {\n source = \"../names\"\n}\n",
        ),
        ("modules/label/inner/main.tf", "# inner\n"),
        ("modules/names/main.tf", "# names\n"),
        ("config/one.json", "{}\n"),
        ("lib/deep/file", "x\n"),
        ("notes.txt", "x\n"),
        ("secrets/t-dev.hidden.enc.yaml", "x\n"),
    ] {
        sandbox.write(path, text);
    }
    sandbox.git_init();
    git(&sandbox, &["tag", "base"]);
    sandbox
}

#[track_caller]
pub(super) fn git(sandbox: &Sandbox, args: &[&str]) -> String {
    sandbox.git(&sandbox.repo(), args)
}

/// Replaces text in a file, or writes it (`old` empty), or removes it (`new` is `REMOVED`).
const REMOVED: &str = "\0";

pub(super) fn edit(sandbox: &Sandbox, path: &str, old: &str, new: &str) {
    if new == REMOVED {
        std::fs::remove_file(sandbox.repo().join(path)).unwrap();
    } else if old.is_empty() {
        sandbox.write(path, new);
    } else {
        let text = sandbox.read(path);
        assert!(text.contains(old), "{path} has no `{old}`");
        sandbox.write(path, &text.replacen(old, new, 1));
    }
}

pub(super) fn commit(sandbox: &Sandbox) {
    git(sandbox, &["add", "-A"]);
    git(sandbox, &["commit", "-q", "-m", "change"]);
}

pub(super) fn describe(sandbox: &Sandbox, args: &[&str]) -> Value {
    sandbox.atmos(&[&["describe", "affected"], args].concat()).success().json()
}

/// `stack/component: reasons` of each record.
pub(super) fn reasons(records: &Value) -> Vec<String> {
    let text = |record: &Value, key: &str| record[key].as_str().unwrap().to_owned();
    let all = |record: &Value| -> String {
        let all: Vec<&str> =
            record["affected_all"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        assert_eq!(record["affected"], all[0], "the first reason stands for all: {record}");
        all.join(" ")
    };
    let record = |record: &Value| format!("{}/{}: {}", text(record, "stack"), text(record, "component"), all(record));
    records.as_array().unwrap().iter().map(record).collect()
}

const EVERYTHING: &str = "stack.metadata stack.vars stack.env stack.providers stack.required_providers stack.required_version stack.generate stack.backend stack.backend_type stack.remote_state_backend stack.remote_state_backend_type stack.auth stack.command stack.source stack.provision stack.settings";

#[test]
fn every_reason_is_told() {
    let sandbox = repository();
    let everything = format!("t-dev/new: {EVERYTHING}");
    let catalog = "stacks/catalog/all.yaml";
    let both = |component: &str, reasons: &str| -> Vec<String> {
        ["t-dev", "t-prod"].iter().map(|stack| format!("{stack}/{component}: {reasons}")).collect()
    };
    let dev = |text: &str| vec![format!("t-dev/{text}")];
    for (path, old, new, expected) in [
        (catalog, "cidr: a", "cidr: b", both("vpc", "stack.vars")),
        (catalog, "cidr: a", "cidr: \"a\"", vec![]),
        (catalog, "{A: b}", "{A: c}", both("vpc", "stack.env")),
        (catalog, ", env: {A: b}", "", both("vpc", "stack.env")),
        (catalog, "settings: {x: 1}", "settings: {x: 2}", both("vpc", "stack.settings")),
        (
            catalog,
            "vars: {cidr: a}, settings: {x: 1}",
            "command: tofu",
            both("vpc", "stack.vars stack.command stack.settings"),
        ),
        (catalog, "{component: db}", "{component: db, description: x}", both("rds", "stack.metadata")),
        (catalog, ", dependencies: {components: [{name: vpc}]}", "", both("rds", "stack.dependencies")),
        (catalog, "abstract}, vars: {x: 1}", "abstract}, vars: {x: 2}", vec![]),
        (catalog, "enabled: false}", "enabled: false}, vars: {x: 2}", vec![]),
        (catalog, "paths: [a]", "paths: [b]", both("web", "stack.paths")),
        (catalog, "app: {vars: {x: 1}}", "app: {vars: {x: 2}}", both("app", "stack.vars")),
        (catalog, "hidden: {secrets", "hidden: {hooks: {h: {kind: store}}, secrets", vec![]),
        (
            "stacks/deploy/dev.yaml",
            "",
            "import: [catalog/all]\nvars: {tenant: t, stage: dev}\ncomponents: {terraform: {new: {}}}\n",
            vec![everything],
        ),
        ("components/terraform/db/main.tf", "db", "changed", both("rds", "component")),
        ("components/terraform/db/deep/file", "", "x", both("rds", "component")),
        ("components/helmfile/app/helmfile.yaml", "[]", "[{}]", both("app", "component")),
        ("components/kubernetes/web/a.yaml", "{}", "[]", both("web", "component")),
        ("components/helmfile/app-two/x", "", "x", vec![]),
        ("config/one.json", "{}", "[]", both("reader", "file")),
        ("config/two.yaml", "", "x", vec![]),
        ("lib/deep/file", "x", "y", both("reader", "folder")),
        ("notes.txt", "x", "y", both("older", "file")),
        ("secrets/t-dev.hidden.enc.yaml", "x", "y", dev("hidden: secret.file")),
        ("README.md", "", "x", vec![]),
    ] {
        edit(&sandbox, path, old, new);
        commit(&sandbox);
        let records = describe(&sandbox, &["--base", "base"]);
        assert_eq!(reasons(&records), expected, "{path}: {old} -> {new}");
        git(&sandbox, &["reset", "-q", "--hard", "base"]);
    }
}

#[test]
fn modules_are_followed_wherever_they_lie() {
    let sandbox = repository();
    let expected = ["t-dev/fixed", "t-dev/vpc", "t-old/vpc", "t-prod/fixed", "t-prod/vpc"];
    for path in ["modules/label/main.tf", "modules/label/inner/main.tf", "modules/names/main.tf"] {
        let text = sandbox.read(path);
        edit(&sandbox, path, "", &format!("{text}# more\n"));
        commit(&sandbox);
        let found = reasons(&describe(&sandbox, &["--base", "base"]));
        assert_eq!(found, expected.map(|name| format!("{name}: component.module")), "{path}");
        let unlocked = reasons(&describe(&sandbox, &["--base", "base", "--exclude-locked"]));
        assert_eq!(unlocked, ["t-dev/vpc", "t-old/vpc", "t-prod/vpc"].map(|name| format!("{name}: component.module")));
        git(&sandbox, &["reset", "-q", "--hard", "base"]);
    }
}

#[test]
fn links_lead_to_what_changed() {
    use std::os::unix::fs::symlink;
    let sandbox = repository();
    let at = |path: &str| sandbox.repo().join(path);
    sandbox.write("shared/main.tf", "module \"x\" {\n  source = \"../beside\"\n}\n");
    sandbox.write("shared/common.tf", "# common\n");
    sandbox.write("beside/main.tf", "# beside\n");
    sandbox.write("components/terraform/c/m.tf", "module \"m\" {\n  source = \"../lnk\"\n}\n");
    sandbox.write("components/terraform/b/main.tf", "# b\n");
    symlink("../../shared", at("components/terraform/lnk")).unwrap();
    symlink("../../../shared/common.tf", at("components/terraform/b/common.tf")).unwrap();
    symlink("../shared", at("config/linked")).unwrap();
    let stack = "vars: {tenant: t, stage: new}\ncomponents: {terraform: {b: {}, c: {}, link: {metadata: {component: lnk}}, \
                 f: {dependencies: {files: ['config/linked/common.tf']}}, g: {dependencies: {folders: ['config/*']}}}}\n";
    sandbox.write("stacks/deploy/new.yaml", stack);
    commit(&sandbox);
    git(&sandbox, &["tag", "links"]);
    for (path, text, expected) in [
        (
            "shared/common.tf",
            "# 2\n",
            vec!["b: component", "c: component.module", "f: file", "g: folder", "link: component"],
        ),
        ("beside/main.tf", "# 2\n", vec!["link: component.module"]),
        ("components/terraform/b/main.tf", "# 2\n", vec!["b: component"]),
    ] {
        sandbox.write(path, text);
        let expected: Vec<String> = expected.iter().map(|line| format!("t-new/{line}")).collect();
        let uncommitted = ["--base", "links", "-s", "t-new", "--include-uncommitted"];
        assert_eq!(reasons(&describe(&sandbox, &uncommitted)), expected, "{path}");
        commit(&sandbox);
        assert_eq!(reasons(&describe(&sandbox, &["--base", "links", "-s", "t-new"])), expected, "{path}");
        git(&sandbox, &["reset", "-q", "--hard", "links"]);
    }
    std::fs::remove_file(at("components/terraform/lnk")).unwrap();
    symlink("../../beside", at("components/terraform/lnk")).unwrap();
    commit(&sandbox);
    let found = reasons(&describe(&sandbox, &["--base", "links", "-s", "t-new"]));
    assert_eq!(found, ["t-new/c: component.module", "t-new/link: component"]);
}

#[test]
fn several_reasons_come_in_their_order() {
    let sandbox = repository();
    edit(
        &sandbox,
        "stacks/catalog/all.yaml",
        "reader: {",
        "reader: {vars: {y: 1}, settings: {y: 1}, metadata: {description: x}, ",
    );
    edit(&sandbox, "components/terraform/reader/main.tf", "# reader", "# changed");
    edit(&sandbox, "config/one.json", "{}", "[]");
    edit(&sandbox, "lib/deep/file", "x", "y");
    commit(&sandbox);
    let records = describe(&sandbox, &["--base", "base", "-s", "t-dev"]);
    assert_eq!(reasons(&records), ["t-dev/reader: stack.metadata component stack.vars stack.settings file folder"]);
    assert_eq!((&records[0]["file"], &records[0]["folder"]), (&json!("config/*.json"), &json!("lib")));
}

#[test]
fn what_was_deleted_comes_last() {
    let sandbox = repository();
    edit(&sandbox, "stacks/deploy/old.yaml", "", REMOVED);
    edit(
        &sandbox,
        "stacks/catalog/all.yaml",
        "    reader: {dependencies: {files: [config/*.json], folders: [lib]}}\n",
        "",
    );
    edit(&sandbox, "stacks/catalog/all.yaml", "    base: {metadata: {type: abstract}, vars: {x: 1}}\n", "");
    edit(&sandbox, "stacks/catalog/all.yaml", "app: {vars: {x: 1}}", "app: {vars: {x: 2}}");
    commit(&sandbox);
    let records = describe(&sandbox, &["--base", "base", "--include-dependents"]);
    let expected = [
        "t-dev/app: stack.vars",
        "t-prod/app: stack.vars",
        "t-dev/reader: deleted",
        "t-old/gone: deleted.stack",
        "t-old/vpc: deleted.stack",
        "t-prod/reader: deleted",
    ];
    assert_eq!(reasons(&records), expected);
    let expected = json!({
        "component": "gone", "component_type": "terraform", "component_path": "components/terraform/gone",
        "tenant": "t", "stage": "old", "stack": "t-old", "stack_slug": "t-old-gone", "affected": "deleted.stack",
        "affected_all": ["deleted.stack"], "dependents": [], "included_in_dependents": false, "settings": null,
        "deleted": true, "deletion_type": "stack",
    });
    assert_eq!(records[3], expected);
    assert_eq!(records[2]["deletion_type"], "component");
    // What is gone cannot be planned.
    let matrix = sandbox.atmos(&["describe", "affected", "--base", "base", "--format", "matrix"]).success().json();
    let stacks: Vec<&Value> = matrix["include"].as_array().unwrap().iter().map(|entry| &entry["stack"]).collect();
    assert_eq!(stacks, ["t-dev", "t-prod"]);
    let one = describe(&sandbox, &["--base", "base", "--stack", "t-old"]);
    assert_eq!(reasons(&one), ["t-old/gone: deleted.stack", "t-old/vpc: deleted.stack"]);
}

#[test]
fn a_renamed_component_is_a_new_and_a_deleted_one() {
    let sandbox = repository();
    edit(&sandbox, "stacks/deploy/old.yaml", "gone: {}", "renamed: {}");
    commit(&sandbox);
    let found = reasons(&describe(&sandbox, &["--base", "base"]));
    assert_eq!(found, [format!("t-old/renamed: {EVERYTHING}"), "t-old/gone: deleted".to_owned()]);
    // A manifest under another name holds the same components.
    git(&sandbox, &["reset", "-q", "--hard", "base"]);
    git(&sandbox, &["mv", "stacks/deploy/old.yaml", "stacks/deploy/other.yaml"]);
    commit(&sandbox);
    assert_eq!(describe(&sandbox, &["--base", "base"]), json!([]));
}

#[test]
fn uncommitted_manifests_always_count_and_other_files_when_asked() {
    let sandbox = repository();
    edit(&sandbox, "stacks/catalog/all.yaml", "cidr: a", "cidr: b");
    edit(&sandbox, "components/terraform/db/main.tf", "db", "changed");
    edit(&sandbox, "config/new.json", "", "{}");
    git(&sandbox, &["add", "components"]);
    let before = git(&sandbox, &["status", "--porcelain"]);
    let index = std::fs::read(sandbox.repo().join(".git/index")).unwrap();
    let found = reasons(&describe(&sandbox, &["--base", "base", "-s", "t-dev"]));
    assert_eq!(found, ["t-dev/vpc: stack.vars"]);
    let found = reasons(&describe(&sandbox, &["--base", "base", "-s", "t-dev", "--include-uncommitted"]));
    assert_eq!(found, ["t-dev/rds: component", "t-dev/reader: file", "t-dev/vpc: stack.vars"]);
    assert_eq!(git(&sandbox, &["status", "--porcelain"]), before);
    assert_eq!(std::fs::read(sandbox.repo().join(".git/index")).unwrap(), index, "the index is the user's");
}

#[test]
fn dependents_come_as_trees_and_say_who_is_in_which() {
    let sandbox = repository();
    edit(&sandbox, "stacks/catalog/all.yaml", "cidr: a", "cidr: b");
    edit(&sandbox, "components/terraform/db/main.tf", "db", "changed");
    commit(&sandbox);
    let records = describe(&sandbox, &["--base", "base", "-s", "t-dev", "--include-dependents", "--include-settings"]);
    let (rds, vpc) = (&records[0], &records[1]);
    assert_eq!((&rds["component"], &rds["included_in_dependents"]), (&json!("rds"), &json!(true)));
    assert_eq!((&vpc["component"], &vpc["included_in_dependents"]), (&json!("vpc"), &json!(false)));
    let (first, second) = (&vpc["dependents"][0], &vpc["dependents"][0]["dependents"][0]);
    assert_eq!((&first["component"], &second["component"]), (&json!("rds"), &json!("older")));
    assert_eq!(second["dependents"], json!([]));
    assert_eq!(
        (&vpc["settings"], &second["settings"]["depends_on"]["1"]["file"]),
        (&json!({"x": 1}), &json!("notes.txt"))
    );
    let queried = describe(&sandbox, &["--base", "base", "-s", "t-dev", "-q", ".[0].dependents"]);
    assert_eq!(queried, json!([]));
}

#[test]
fn a_circle_of_dependents_ends() {
    let sandbox = repository();
    edit(
        &sandbox,
        "stacks/deploy/old.yaml",
        "vpc: {}, gone: {}",
        "vpc: {dependencies: {components: [{name: gone}]}}, gone: {dependencies: {components: [{name: vpc}]}}",
    );
    commit(&sandbox);
    let records = describe(&sandbox, &["--base", "base", "--include-dependents"]);
    assert_eq!(records[0]["component"], "gone");
    assert_eq!(records[0]["dependents"][0]["dependents"][0]["component"], "gone");
    assert_eq!(records[0]["dependents"][0]["dependents"][0]["dependents"], json!([]));
}

#[test]
fn values_that_reach_into_changed_components_differ_too() {
    let sandbox = repository();
    let text = "vars: {tenant: t, stage: far}\ncomponents: {terraform: {far: {vars: {cidr: '{{ (atmos.Component \"vpc\" \"t-dev\").vars.cidr }}'}}}}\n";
    edit(&sandbox, "stacks/deploy/far.yaml", "", text);
    commit(&sandbox);
    git(&sandbox, &["tag", "-f", "base"]);
    edit(&sandbox, "stacks/catalog/all.yaml", "cidr: a", "cidr: b");
    commit(&sandbox);
    let found = reasons(&describe(&sandbox, &["--base", "base"]));
    assert_eq!(found, ["t-dev/vpc", "t-far/far", "t-prod/vpc"].map(|name| format!("{name}: stack.vars")));
}

#[test]
fn included_files_and_globs_are_seen_through() {
    let sandbox = repository();
    edit(&sandbox, "stacks/deploy/old.yaml", "vpc: {}", "vpc: {vars: {x: !include ../../config/one.json}}");
    edit(
        &sandbox,
        "stacks/deploy/glob.yaml",
        "",
        "import: ['mixins/*']\nvars: {tenant: t, stage: glob}\ncomponents: {terraform: {vpc: {}}}\n",
    );
    edit(&sandbox, "stacks/mixins/a.yaml", "", "vars: {a: 1}\n");
    commit(&sandbox);
    git(&sandbox, &["tag", "-f", "base"]);
    edit(&sandbox, "config/one.json", "{}", "[]");
    edit(&sandbox, "stacks/mixins/b.yaml", "", "vars: {b: 1}\n");
    commit(&sandbox);
    let found = reasons(&describe(&sandbox, &["--base", "base"]));
    let expected = ["t-dev/reader: file", "t-glob/vpc: stack.vars", "t-old/vpc: stack.vars", "t-prod/reader: file"];
    assert_eq!(found, expected);
}

#[test]
fn configured_sections_take_the_place_of_the_usual_ones() {
    let sandbox = repository();
    edit(&sandbox, "atmos.yaml", "", &format!("{CONFIGURATION}describe: {{affected: {{sections: [hooks]}}}}\n"));
    edit(&sandbox, "stacks/catalog/all.yaml", "cidr: a}", "cidr: b}, hooks: {h: {kind: store}}");
    commit(&sandbox);
    let found = reasons(&describe(&sandbox, &["--base", "base", "-s", "t-dev"]));
    assert_eq!(found, ["t-dev/vpc: stack.hooks"]);
}

#[test]
fn spacelift_admin_stacks_join_when_asked() {
    let sandbox = repository();
    let selector =
        "settings: {spacelift: {workspace_enabled: true, admin_stack_selector: {component: admin, stage: old}}}";
    edit(&sandbox, "stacks/catalog/all.yaml", "settings: {x: 1}", selector);
    edit(
        &sandbox,
        "stacks/deploy/old.yaml",
        "gone: {}",
        "gone: {}, admin: {settings: {spacelift: {workspace_enabled: true}}}",
    );
    commit(&sandbox);
    git(&sandbox, &["tag", "-f", "base"]);
    edit(&sandbox, "stacks/catalog/all.yaml", "cidr: a", "cidr: b");
    commit(&sandbox);
    let args = ["--base", "base", "--include-spacelift-admin-stacks"];
    let records = describe(&sandbox, &args);
    let admin = "t-old/admin: stack.settings.spacelift.admin_stack_selector";
    assert_eq!(reasons(&records), ["t-dev/vpc: stack.vars", admin, "t-prod/vpc: stack.vars"]);
    assert_eq!(records[1]["spacelift_stack"], "t-old-admin");
    edit(&sandbox, "stacks/deploy/old.yaml", "workspace_enabled: true", "workspace_enabled: false");
    let words = [&["describe", "affected"], &args[..]].concat();
    sandbox.atmos(&words).exits(1).says("but that component has Spacelift workspace disabled");
}

/// Folders of components and modules that are submodules: their commit in the tree is all that changes.
#[test]
fn submodules_that_were_moved_on_are_changes() {
    let sandbox = repository();
    let other = sandbox.home().join("other");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("main.tf"), "# one\n").unwrap();
    let near = ["-c", "protocol.file.allow=always"];
    let outside = |folder: &std::path::Path, words: &[&str]| sandbox.git(folder, &[&near[..], words].concat());
    outside(&other, &["init", "-q"]);
    outside(&other, &["add", "-A"]);
    outside(&other, &["commit", "-q", "-m", "one"]);
    let (repo, address) = (sandbox.repo(), other.display().to_string());
    for path in ["components/terraform/rds", "modules/shared"] {
        outside(&repo, &["submodule", "--quiet", "add", &address, path]);
    }
    edit(&sandbox, "stacks/catalog/all.yaml", "{component: db}", "{component: rds}");
    edit(
        &sandbox,
        "components/terraform/reader/main.tf",
        "",
        "module \"s\" {\n  source = \"../../../modules/shared\"\n}\n",
    );
    commit(&sandbox);
    git(&sandbox, &["tag", "with"]);
    let with = ["--base", "with", "--include-uncommitted"];
    assert_eq!(reasons(&describe(&sandbox, &with)), [""; 0]);
    let both = |text: &str| ["t-dev", "t-prod"].map(|stack| format!("{stack}/{text}"));
    for (path, expected) in
        [("components/terraform/rds", both("rds: component")), ("modules/shared", both("reader: component.module"))]
    {
        let folder = repo.join(path);
        std::fs::write(folder.join("main.tf"), "# two\n").unwrap();
        outside(&folder, &["commit", "-q", "-a", "-m", "two"]);
        assert_eq!(reasons(&describe(&sandbox, &with)), expected, "{path}, not committed");
        commit(&sandbox);
        assert_eq!(reasons(&describe(&sandbox, &["--base", "HEAD~1"])), expected, "{path}");
        git(&sandbox, &["tag", "-f", "with"]);
    }
}

#[test]
fn a_stack_that_nobody_has_is_told_of() {
    let sandbox = repository();
    let near = "⚠ there is no stack 't-pro'\n  did you mean `t-prod`?";
    for words in [
        &["describe", "affected", "--base", "base", "-s", "t-pro"][..],
        &["list", "affected", "--base", "base", "-s", "t-pro"],
        &["terraform", "plan", "--affected", "--base", "base", "-s", "t-pro"],
        &["describe", "stacks", "-s", "t-pro"],
        &["list", "instances", "-s", "t-pro"],
        &["list", "instances", "-s", "t-pro", "--columns", "component,vars"],
        &["list", "components", "-s", "t-pro"],
        &["list", "metadata", "-s", "t-pro"],
        &["list", "sources", "-s", "t-pro"],
        &["list", "vars", "vpc", "-s", "t-pro"],
        &["list", "dependencies", "-s", "t-pro"],
    ] {
        sandbox.atmos(words).success().says(near);
    }
    // Patterns are not names, and a stack of the other tree alone is one.
    sandbox.atmos(&["list", "instances", "-s", "*-none"]).success().says("there is no stack '*-none'");
    edit(&sandbox, "stacks/deploy/old.yaml", "", REMOVED);
    commit(&sandbox);
    for words in [["describe", "affected", "-s", "t-old"], ["describe", "affected", "-s", "t-prod"]] {
        let outcome = sandbox.atmos(&[&words[..], &["--base", "base"]].concat()).success();
        assert!(!outcome.stderr.contains("there is no stack"), "{outcome}");
    }
}

#[test]
fn deprecated_keys_are_told_of() {
    let sandbox = repository();
    let outcome = sandbox.atmos(&["describe", "affected", "--base", "base"]).success();
    let told = "`components.terraform.older.settings.depends_on` is deprecated; use `dependencies.components`";
    let outcome = outcome.says(&format!("⚠ stacks/catalog/all.yaml:10:24: {told}"));
    assert_eq!(outcome.stderr.matches(" is deprecated").count(), 1, "{outcome}");
    edit(
        &sandbox,
        "stacks/catalog/all.yaml",
        "settings: {depends_on: {1: {file: notes.txt}, 2: {component: rds}}}",
        "",
    );
    let outcome = sandbox.atmos(&["describe", "affected", "--base", "base"]).success();
    assert!(!outcome.stderr.contains("deprecated"), "{outcome}");
}

#[test]
fn a_commit_that_cannot_be_read_is_not_taken_for_none() {
    let sandbox = repository();
    edit(&sandbox, "notes.txt", "x", "y");
    commit(&sandbox);
    let head = git(&sandbox, &["rev-parse", "HEAD"]).trim().to_owned();
    let object = sandbox.repo().join(".git/objects").join(&head[..2]).join(&head[2..]);
    std::fs::remove_file(object).unwrap();
    sandbox.atmos(&["describe", "affected", "--base", "base"]).exits(1).says("the repository is damaged").says(&head);
}
