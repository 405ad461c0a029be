use std::collections::BTreeMap;

use super::super::folder::{Folder, Variables};
use super::*;

pub(in crate::exec::terraform) fn look(folder: &Path, env: &Env) -> Folder {
    with(folder, env, None, None)
}

fn with(folder: &Path, env: &Env, init_vars: Option<&str>, variables: Option<Variables<'_>>) -> Folder {
    Folder::look(Look {
        folder,
        workspace: "dev",
        env,
        program: Path::new("/bin/sh"),
        init_args: &[],
        init_vars,
        variables,
    })
}

#[test]
fn the_fingerprint_sees_every_input_of_init() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("vpc");
    let write = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    write("main.tf", "a");
    let env = Env::default();
    let mut last = look(&folder, &env).fingerprint;
    assert_eq!(last, look(&folder, &env).fingerprint);
    for (name, content) in [
        ("main.tf", "b"),
        ("backend.tf.json", "{}"),
        (".terraform.lock.hcl", "x"),
        (".terraform/terraform.tfstate", r#"{"backend":{"type":"local","hash":1}}"#),
        (".terraform/modules/modules.json", r#"{"Modules":[{"Dir":"."},{"Dir":"../net"}]}"#),
        ("../net/main.tf", "n"),
        (".terraform/providers/h/ns/p/1.0.0/linux_amd64/bin", "p"),
    ] {
        write(name, content);
        let now = look(&folder, &env).fingerprint;
        assert_ne!(last, now, "{name}");
        last = now;
    }
    write("notes.md", "nothing");
    write("dev-vpc.terraform.tfvars.json", "{}");
    assert_eq!(last, look(&folder, &env).fingerprint);
    assert_ne!(last, look(&folder, &Env::from_iter([("TF_CLI_ARGS_init", "-upgrade")])).fingerprint);
}

#[test]
fn files_that_arguments_name_count_by_what_is_in_them() {
    let temp = tempfile::tempdir().unwrap();
    let env = Env::from_iter([("TF_CLI_ARGS_init", "-backend-config=../be.hcl")]);
    let folder = temp.path().join("vpc");
    std::fs::create_dir(&folder).unwrap();
    let missing = look(&folder, &env);
    assert!(missing.fingerprint.is_none() && missing.given.is_some());
    let mut last = missing.given;
    for text in ["bucket = \"a\"", "bucket = \"b\""] {
        std::fs::write(temp.path().join("be.hcl"), text).unwrap();
        let now = look(&folder, &env);
        assert!(now.fingerprint.is_some() && now.given != last);
        assert_eq!(now.fingerprint, look(&folder, &env).fingerprint);
        last = now.given;
    }
    assert_eq!(look(&folder, &Env::default()).given, None);
}

#[test]
fn tests_of_the_configuration_are_inputs_too() {
    let temp = tempfile::tempdir().unwrap();
    let before = look(temp.path(), &Env::default()).fingerprint;
    std::fs::create_dir(temp.path().join("tests")).unwrap();
    std::fs::write(temp.path().join("tests/a.tftest.hcl"), "run \"x\" {}").unwrap();
    let after = look(temp.path(), &Env::default()).fingerprint;
    assert_ne!(before, after);
    let elsewhere = Env::from_iter([("TF_CLI_ARGS_init", "-test-directory=other")]);
    assert_ne!(look(temp.path(), &elsewhere).fingerprint, after);
}

#[test]
fn variables_count_where_the_configuration_evaluates_them() {
    let temp = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(temp.path().join(name), text).unwrap();
    let secret = BTreeMap::from([("password".to_owned(), crate::exec::terraform::sensitive::Declaration::default())]);
    let vars = |env: &[(&str, &str)], words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let variables = Variables { words: &words, secret: &secret };
        let env: Env = env.iter().copied().collect();
        let found = with(temp.path(), &env, Some("{}"), Some(variables));
        assert!(found.fingerprint.is_some());
        (found.evaluates, found.vars)
    };
    write("main.tf", "module \"a\" {\n  source = \"./a\"\n}\n");
    assert_eq!(vars(&[("TF_VAR_a", "b")], &["-var=a=c"]), (false, None));
    write("main.tf", "module \"a\" {\n  source = \"./${var.a}\"\n}\n");
    let mut seen = vec![vars(&[], &[])];
    assert_eq!(vars(&[("TF_VAR_password", "hunter2"), ("OTHER", "x")], &[]), seen[0]);
    for (env, words) in [(&[("TF_VAR_a", "b")][..], &[][..]), (&[("TF_VAR_a", "c")], &[]), (&[], &["-var", "a=b"])] {
        seen.push(vars(env, words));
    }
    write("x.auto.tfvars", "a = \"d\"");
    seen.push(vars(&[], &[]));
    write("terraform.tfvars.json", "{}");
    seen.push(vars(&[], &[]));
    for text in ["a = \"e\"", "a = \"f\""] {
        write("more.tfvars", text);
        seen.push(vars(&[], &["-var-file", "more.tfvars"]));
    }
    for (at, one) in seen.iter().enumerate() {
        assert!(one.0 && one.1.is_some() && !seen[..at].contains(one), "{at}");
    }
    // What a function reads is not followed.
    write("locals.tf", "locals {\n  a = file(\"a.txt\")\n}\n");
    let none = Variables { words: &[], secret: &secret };
    assert_eq!(with(temp.path(), &Env::default(), Some("{}"), Some(none)).fingerprint, None);
    assert!(with(temp.path(), &Env::default(), Some("{}"), None).fingerprint.is_some());
}
