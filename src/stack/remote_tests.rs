//! Manifests that import from elsewhere. The sources are `file://` trees: how others are fetched is tested in `fetch`.

use super::fixture::Fixture;
use super::{Error, StackIndex};
use crate::value::to_json;

/// A tree beside the repository of a test.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Tree {
        let tree = Tree(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = tree.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        tree
    }

    fn address(&self, sub: &str) -> String {
        format!("file://{}//{sub}", self.0.path().display())
    }
}

/// Merged document and printed imports of `orgs/dev`.
fn merged(files: &[(&str, &str)]) -> Result<(serde_json::Value, Vec<String>), Error> {
    let fixture = Fixture::new(files);
    let index = StackIndex::load(&fixture.host, &fixture.config())?;
    let stack = index.stacks().iter().find(|stack| *stack.key == *"orgs/dev").expect("the tests define orgs/dev");
    let document = index.document(stack)?;
    let imports = index.imports(stack).iter().map(ToString::to_string).collect();
    Ok((to_json(&document.node), imports))
}

#[test]
fn remote_manifests_merge_like_local_ones_and_keep_their_address() {
    let tree = Tree::new(&[
        ("stacks/catalog/a.yaml", "vars: {x: remote, a: 1}"),
        ("stacks/parts/b.yaml", "vars: {b: 1}"),
        ("stacks/parts/c.yml", "vars: {c: 1}"),
    ]);
    let (a, parts) = (tree.address("stacks/catalog/a"), tree.address("stacks/parts"));
    let manifest = format!("import: ['{a}', '{parts}', catalog/local]\nvars: {{x: own}}");
    let (document, imports) =
        merged(&[("stacks/orgs/dev.yaml", &manifest), ("stacks/catalog/local.yaml", "vars: {l: 1}")]).unwrap();
    assert_eq!(document["vars"], serde_json::json!({"x": "own", "a": 1, "b": 1, "c": 1, "l": 1}));
    let expected = [
        "catalog/local".to_owned(),
        format!("{a}#stacks/catalog/a.yaml"),
        format!("{parts}#stacks/parts/b.yaml"),
        format!("{parts}#stacks/parts/c.yml"),
    ];
    assert_eq!(imports, expected);
}

#[test]
fn nested_imports_are_looked_up_here_or_there() {
    let tree = Tree::new(&[
        ("stacks/catalog/a.yaml", "import: [catalog/b]"),
        ("stacks/catalog/b.yaml", "vars: {from: there}\nimport: [catalog/c, ./d]"),
        ("stacks/catalog/c.yaml", "vars: {c: there}"),
        ("stacks/catalog/d.yaml", "vars: {d: there}"),
    ]);
    let here = [("stacks/catalog/b.yaml", "vars: {from: here}")];
    for (nested, expected) in [
        ("local", serde_json::json!({"from": "here"})),
        ("remote", serde_json::json!({"from": "there", "c": "there", "d": "there"})),
    ] {
        let address = tree.address("stacks/catalog/a");
        let manifest = format!("import: [{{path: '{address}', nested_imports: {nested}}}]");
        let (document, _) = merged(&[here[0], ("stacks/orgs/dev.yaml", &manifest)]).unwrap();
        assert_eq!(document["vars"], expected, "{nested}");
    }
}

#[test]
fn where_a_tree_lies_is_shown_nowhere() {
    let tree = Tree::new(&[
        ("stacks/catalog/a.yaml", "import: [catalog/b, ./c, ../../lib/d]"),
        ("stacks/catalog/b.yaml", "vars: {b: 1}"),
        ("stacks/catalog/c.yaml", "vars: {c: 1}"),
        ("lib/d.yaml", "vars: {d: 1}"),
    ]);
    // As a cache may be given.
    let root = tree.0.path().join("stacks/..");
    let address = format!("file://{}//stacks/catalog/a", root.display());
    let manifest = format!("import: [{{path: '{address}', nested_imports: remote}}]");
    let (_, mut imports) = merged(&[("stacks/orgs/dev.yaml", &manifest)]).unwrap();
    imports.retain(|import| !import.starts_with("file://"));
    assert_eq!(imports, ["../lib/d", "catalog/b", "catalog/c"]);
}

#[test]
fn one_file_may_be_imported_in_both_ways() {
    let tree = Tree::new(&[
        ("stacks/catalog/a.yaml", "import: [catalog/b]"),
        ("stacks/catalog/b.yaml", "vars: {there: 1}\nimport: [catalog/a]"),
    ]);
    let address = tree.address("stacks/catalog/a");
    let both = format!("import: ['{address}', {{path: '{address}', nested_imports: remote}}]");
    let circle = merged(&[("stacks/catalog/b.yaml", "vars: {here: 1}"), ("stacks/orgs/dev.yaml", &both)]).unwrap_err();
    assert!(circle.to_string().contains("circular stack import"), "{circle}");
    std::fs::write(tree.0.path().join("stacks/catalog/b.yaml"), "vars: {there: 1}").unwrap();
    let files = [("stacks/catalog/b.yaml", "vars: {here: 1}"), ("stacks/orgs/dev.yaml", &both)];
    let (document, _) = merged(&files).unwrap();
    assert_eq!(document["vars"], serde_json::json!({"here": 1, "there": 1}));
}

#[test]
fn what_cannot_be_fetched_is_an_error_unless_it_may_be_missing() {
    let tree = Tree::new(&[("elsewhere/a.yaml", "vars: {}")]);
    let missing = tree.address("stacks/none");
    let failure = |import: &str| {
        let manifest = format!("import:\n- {import}\n");
        merged(&[("stacks/orgs/dev.yaml", &manifest)]).unwrap_err().to_string()
    };
    let message = failure(&missing);
    assert!(
        message.starts_with(&format!(
            "failed to download remote import '{missing}' in file 'orgs/dev.yaml': failed to find import"
        )),
        "{message}"
    );
    assert!(message.contains("stacks/orgs/dev.yaml:2:3"), "{message}");
    let secret = failure("hg::https://user:hunter2@hg.example.com/x.yaml?token=hunter3");
    assert!(secret.contains("`hg` are not supported") && !secret.contains("hunter"), "{secret}");
    let base = failure(&format!("{{path: '{}', nested_imports: remote}}", tree.address("elsewhere/a")));
    assert!(base.contains("cannot tell where the stacks of `elsewhere/a` begin"), "{base}");
    let manifest = format!("import: [{{path: '{missing}', skip_if_missing: true}}]\nvars: {{x: 1}}");
    let (document, _) = merged(&[("stacks/orgs/dev.yaml", &manifest)]).unwrap();
    assert_eq!(document["vars"], serde_json::json!({"x": 1}));
}

#[test]
fn what_a_fetched_manifest_does_not_find_here_may_be_there() {
    let tree = Tree::new(&[("stacks/catalog/a.yaml", "import: [./b]"), ("stacks/catalog/b.yaml", "vars: {b: there}")]);
    let address = tree.address("stacks/catalog/a");
    let failure = |name: &str| {
        std::fs::write(tree.0.path().join("stacks/catalog/a.yaml"), format!("import: ['{name}']")).unwrap();
        let manifest = format!("import: ['{address}']");
        merged(&[("stacks/orgs/dev.yaml", &manifest)]).unwrap_err()
    };
    for name in ["./b", "catalog/b", "../catalog/b"] {
        let error = failure(name);
        assert!(error.to_string().contains(&format!("import '{name}' in the fetched file '{address}#")), "{error}");
        let help = miette::Diagnostic::help(&error).unwrap().to_string();
        assert!(help.contains("`nested_imports: remote`"), "{help}");
    }
}
