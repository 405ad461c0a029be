use serde_json::json;

use super::*;
use crate::exec::files::File;
use crate::host::testing::{self, put};
use crate::value::from_json;

fn host(root: &Path) -> Host {
    testing::host(root, [("HOME", root)].into_iter().collect())
}

#[test]
fn a_plan_of_other_inputs_is_refused_and_an_unknown_one_is_not() {
    let temp = tempfile::tempdir().unwrap();
    let (host, folder) = (host(temp.path()), temp.path());
    let target = Target {
        component: "vpc".to_owned(),
        stack: "dev".to_owned(),
        workspace: "dev".to_owned(),
        folder: folder.to_path_buf(),
        vars: from_json(&json!({"a": 1})),
        backend_type: "local".to_owned(),
        ..Target::default()
    };
    check(&host, &target, "p").unwrap();
    put(folder, &[("p", "plan"), ("main.tf", "1"), ("m/a.tf", "1"), ("notes.txt", "1")]);
    put(folder, &[(".terraform/modules/modules.json", r#"{"Modules": [{"Dir": "m"}]}"#)]);
    remember(&host, &target, &folder.join(".terraform"), "p", false).unwrap();
    check(&host, &target, "p").unwrap();
    let told = |target: &Target| match check(&host, target, "p") {
        Err(Error::PlanOutdated { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let other = Target { vars: from_json(&json!({"a": 2})), ..target.clone() };
    assert_eq!(told(&other), "the variables have changed");
    let moved = Target { workspace: "w".to_owned(), backend_type: "s3".to_owned(), ..target.clone() };
    assert_eq!(told(&moved), "the backend has changed; the workspace was `dev` and is `w`");
    assert_eq!(told(&Target { stack: "prod".to_owned(), ..target.clone() }), "it was made for dev/vpc");
    let provider = File::from_json("providers_override.tf.json", &json!({}));
    let overridden = Target { overrides: vec![provider], ..target.clone() };
    assert_eq!(told(&overridden), "overrides or files of `generate` have changed");
    // What terraform does not read is no source, and the list of modules may go.
    put(folder, &[("notes.txt", "2"), ("backend.tf.json", "{}")]);
    std::fs::remove_dir_all(folder.join(".terraform/modules")).unwrap();
    check(&host, &target, "p").unwrap();
    put(folder, &[("main.tf", "2"), ("new.tf", "")]);
    std::fs::remove_file(folder.join("m/a.tf")).unwrap();
    assert_eq!(told(&target), "`m/a.tf` is gone; `main.tf` has changed; `new.tf` is new");
    for name in ["b.tf", "c.tf"] {
        put(folder, &[(name, "")]);
    }
    assert!(told(&target).ends_with("; 2 more files have changed"));
    // Somebody put another plan there: it is not the one that is known.
    put(folder, &[("p", "another")]);
    check(&host, &other, "p").unwrap();
}

#[test]
fn a_plan_is_known_under_the_name_of_another_one_too() {
    let temp = tempfile::tempdir().unwrap();
    let (host, folder) = (host(temp.path()), temp.path());
    let target = |name: &str, own: bool| Target {
        component: name.to_owned(),
        stack: "dev".to_owned(),
        folder: folder.to_path_buf(),
        data_dir: own.then(|| format!(".terraform/instances/dev-{name}")),
        ..Target::default()
    };
    for own in [false, true] {
        for name in ["a", "b"] {
            put(folder, &[(&format!("dev-{name}.planfile"), &format!("plan of {name} {own}"))]);
            let data = folder.join(".terraform");
            remember(&host, &target(name, own), &data, &format!("dev-{name}.planfile"), name == "b").unwrap();
        }
        check(&host, &target("a", own), "dev-a.planfile").unwrap();
        std::fs::copy(folder.join("dev-b.planfile"), folder.join("dev-a.planfile")).unwrap();
        let error = check(&host, &target("a", own), "dev-a.planfile").unwrap_err();
        assert!(error.to_string().contains("it was made for dev/b"), "{error}");
        assert!(destroys(&target("a", own), "dev-a.planfile"));
    }
}

#[test]
fn a_plan_says_itself_of_which_workspace_it_is() {
    use std::io::Write as _;
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path());
    // version 3, and a backend with its type and its workspace.
    let plan = [&[0x08, 3, 0x6a, 10, 0x0a, 1, b's', 0x1a, 5][..], b"dev-a"].concat();
    assert_eq!(workspace_of(&plan).as_deref(), Some("dev-a"));
    assert_eq!(workspace_of(&[0x08, 3]), None);
    let mut archive = zip::ZipWriter::new(std::fs::File::create(temp.path().join("p")).unwrap());
    archive.start_file("tfplan", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(&plan).unwrap();
    archive.finish().unwrap();
    let mut target = Target { folder: temp.path().to_path_buf(), workspace: "dev-a".to_owned(), ..Target::default() };
    target.settings.workspaces_enabled = true;
    check(&host, &target, "p").unwrap();
    target.workspace = "dev-b".to_owned();
    let error = check(&host, &target, "p").unwrap_err().to_string();
    assert!(error.contains("it was made in the workspace `dev-a`, and this one is `dev-b`"), "{error}");
    // Who chooses the workspace himself, or has none, knows.
    target.env = from_json(&json!({"TF_WORKSPACE": "dev-a"}));
    check(&host, &target, "p").unwrap();
    target.settings.workspaces_enabled = false;
    target.env = crate::value::Node::default();
    check(&host, &target, "p").unwrap();
}

#[test]
fn the_mode_of_a_plan_is_found_between_its_other_fields() {
    // version 3, a field of bytes, one of 8 bytes, one of 4, and the mode.
    let head = [0x08, 3, 0x12, 2, 0xff, 0xff, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4];
    for (tail, mode) in [
        (&[][..], Some(0)),
        (&[0x88, 0x01, 0x01], Some(1)),
        (&[0x88, 0x01, 0x02], Some(2)),
        (&[0x88, 0x01], None),
        (&[0x12, 0x7f], None),
        (&[0xff; 11], None),
        (&[0x0b], None),
    ] {
        assert_eq!(mode_of(&[&head, tail].concat()), mode, "{tail:?}");
    }
    assert_eq!(content(Path::new("/nonexistent")), None);
}

#[test]
fn what_was_asked_for_counts_where_a_plan_cannot_be_read() {
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path());
    let target = Target { folder: temp.path().to_path_buf(), ..Target::default() };
    put(temp.path(), &[("p", "encrypted"), ("q", "encrypted, too")]);
    remember(&host, &target, &temp.path().join(".terraform"), "p", true).unwrap();
    assert!(destroys(&target, "p") && !destroys(&target, "q"));
    put(temp.path(), &[("p", "another")]);
    assert!(!destroys(&target, "p"));
}
