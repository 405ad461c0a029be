//! What is OpenTofu's alone: how it is found, variables of its init, encryption of states, `-exclude`.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Sandbox, find_part};

const FOLDER: &str = "components/terraform/app";

/// A component whose program nobody names, and programs that write down who they are.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::empty();
    settings(&sandbox, "");
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {app: {}}}\n");
    sandbox.write(&format!("{FOLDER}/main.tf"), "variable \"stage\" {}\n");
    for name in ["terraform", "tofu"] {
        let path = sandbox.root().join("bin").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\nprintf '%s\\n' \"{name} $*\" >>\"$RECORD\"\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (record, path) =
        (sandbox.root().join("record"), format!("{}:/usr/bin:/bin", sandbox.root().join("bin").display()));
    sandbox.set("RECORD", record);
    sandbox.set("PATH", path);
    sandbox
}

fn settings(sandbox: &Sandbox, terraform: &str) {
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\n\
             components: {{terraform: {{base_path: components/terraform{terraform}}}}}\n"
        ),
    );
}

/// Who ran the plan, and the words of the init before it, if it ran.
fn planned(sandbox: &Sandbox) -> (String, Option<String>) {
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    let calls = sandbox.calls();
    let program = calls.last().unwrap().split(' ').next().unwrap().to_owned();
    (program, calls.into_iter().find(|call| call.contains(" init")))
}

#[test]
fn opentofu_runs_where_files_ask_for_it_and_nobody_says_otherwise() {
    let sandbox = sandbox();
    assert_eq!(planned(&sandbox).0, "terraform");
    sandbox.write(".opentofu-version", "1.9.0\n");
    let (program, init) = planned(&sandbox);
    assert_eq!(program, "tofu");
    assert_eq!(init.unwrap(), "tofu init -var-file dev-app.terraform.tfvars.json -input=false");
    sandbox.atmos(&["terraform", "version"]).success();
    assert_eq!(sandbox.calls(), ["tofu version"]);
    // The nearer file, a stack and the configuration count for more.
    sandbox.write(&format!("{FOLDER}/.terraform-version"), "1.9.0\n");
    assert_eq!(planned(&sandbox).0, "terraform");
    std::fs::remove_file(sandbox.repo().join(FOLDER).join(".terraform-version")).unwrap();
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {app: {command: terraform}}}\n");
    let (program, init) = planned(&sandbox);
    assert_eq!(program, "terraform");
    assert!(!init.unwrap().contains("-var-file"));
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {app: {}}}\n");
    settings(&sandbox, ", command: terraform");
    assert_eq!(planned(&sandbox).0, "terraform");
    settings(&sandbox, ", init: {pass_vars: false}");
    let (program, init) = planned(&sandbox);
    assert_eq!((program.as_str(), init.unwrap().contains("-var-file")), ("tofu", false));
    let variable = [("ATMOS_COMPONENTS_TERRAFORM_COMMAND", "terraform")];
    sandbox.atmos_with(&variable, &["terraform", "plan", "app", "-s", "dev"]).success();
    assert!(sandbox.calls().iter().all(|call| call.starts_with("terraform ")));
}

#[test]
fn a_folder_that_only_opentofu_reads_is_run_by_it() {
    let sandbox = sandbox();
    let folder = sandbox.repo().join(FOLDER);
    std::fs::rename(folder.join("main.tf"), folder.join("main.tofu")).unwrap();
    assert_eq!(planned(&sandbox).0, "tofu");
}

#[test]
fn without_opentofu_terraform_runs_as_ever_and_it_is_said() {
    let sandbox = sandbox();
    sandbox.write(".opentofu-version", "1.9.0\n");
    std::fs::remove_file(sandbox.root().join("bin/tofu")).unwrap();
    let run = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    run.says("there is no `tofu` in PATH: terraform runs");
    assert!(sandbox.calls().iter().all(|call| call.starts_with("terraform ")));
}

#[test]
fn exclude_with_one_hyphen_is_the_programs_own() {
    let sandbox = sandbox();
    let plan = ["terraform", "plan", "app", "-s", "dev", "-exclude=a.b", "-exclude", "c.d"];
    sandbox.atmos(&plan).success();
    let last = sandbox.calls().pop().unwrap();
    assert!(last.ends_with("-exclude=a.b -exclude c.d"), "{last}");
}

/// With a real OpenTofu, which is an optional part of the test bed.
fn real() -> Option<Sandbox> {
    let Some(tofu) = find_part("tofu") else {
        eprintln!("tofu is not there: scripts/testbed install tofu");
        return None;
    };
    let mut sandbox = sandbox();
    let path = sandbox.root().join("bin/tofu");
    let text = format!("#!/bin/sh\nprintf '%s\\n' \"tofu $*\" >>\"$RECORD\"\nexec '{}' \"$@\"\n", tofu.display());
    std::fs::write(&path, text).unwrap();
    sandbox.set("ATMOS_TERRAFORM_PLAN_SKIP_PLANFILE", "false");
    settings(&sandbox, ", auto_generate_backend_file: true");
    sandbox.write(".opentofu-version", "1.9.0\n");
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev, module: one}\nterraform: {backend_type: local, backend: {local: {}}}\n\
         components:\n  terraform:\n    app: {}\n    next: {vars: {found: !terraform.output app found}}\n",
    );
    Some(sandbox)
}

fn subcommands(sandbox: &Sandbox) -> Vec<String> {
    let word = |line: &String| line.split(' ').nth(1).unwrap_or_default().to_owned();
    sandbox.calls().iter().map(word).collect()
}

#[test]
fn variables_that_name_modules_reach_init() {
    let Some(sandbox) = real() else { return };
    for name in ["one", "two"] {
        let text = format!("output \"found\" {{\n  value = \"{name}\"\n}}\n");
        sandbox.write(&format!("{FOLDER}/modules/{name}/main.tf"), &text);
    }
    sandbox.write(
        &format!("{FOLDER}/main.tf"),
        "variable \"stage\" {}\nvariable \"module\" {}\nmodule \"it\" {\n  source = \"./modules/${var.module}\"\n}\n\
         output \"found\" {\n  value = module.it.found\n}\n",
    );
    sandbox.write(
        "components/terraform/next/main.tf",
        "variable \"stage\" {}\nvariable \"module\" {}\nvariable \"found\" {}\n",
    );
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    assert_eq!(subcommands(&sandbox), ["init", "workspace", "plan"]);
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--from-plan"]).success();
    assert_eq!(subcommands(&sandbox), ["apply"]);
    let output = ["terraform", "output", "app", "-s", "dev", "-raw", "found"];
    assert_eq!(sandbox.atmos(&output).success().stdout, "one");
    sandbox.atmos(&["terraform", "plan", "next", "-s", "dev"]).success();
    subcommands(&sandbox);
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    assert_eq!(subcommands(&sandbox), ["plan"], "who asked for outputs has changed nothing");
    let stack = sandbox.read("stacks/dev.yaml").replace("module: one", "module: two");
    sandbox.write("stacks/dev.yaml", &stack);
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    assert_eq!(subcommands(&sandbox), ["init", "workspace", "apply"], "another module has to be installed");
    assert_eq!(sandbox.atmos(&output).success().stdout, "two");
}

#[test]
fn whatever_names_a_module_makes_init_run_again() {
    let Some(sandbox) = real() else { return };
    for name in ["one", "two", "three", "four", "five"] {
        let text = format!("output \"found\" {{\n  value = \"{name}\"\n}}\n");
        sandbox.write(&format!("{FOLDER}/modules/{name}/main.tf"), &text);
    }
    let plain = "variable \"stage\" {}\noutput \"found\" {\n  value = module.it.found\n}\n";
    let called = |source: &str| format!("{plain}module \"it\" {{ source = \"./modules/{source}\" }}\n");
    let variable = "variable \"module\" {\n  default = \"one\"\n}\n";
    let stack = |more: &str| {
        sandbox.write(
            "stacks/dev.yaml",
            &format!(
                "vars: {{stage: dev}}\nterraform: {{backend_type: local, backend: {{local: {{}}}}}}\n\
                 components: {{terraform: {{app: {{{more}}}}}}}\n"
            ),
        );
    };
    let plan = |env: &[(&str, &str)], more: &[&str]| {
        let words = [&["terraform", "plan", "app", "-s", "dev", "-no-color"], more].concat();
        let outcome = sandbox.atmos_with(env, &words).success();
        let found = outcome.stdout.lines().find_map(|line| line.split_once("+ found = \"")).map(|(_, rest)| rest);
        let ran = subcommands(&sandbox).contains(&"init".to_owned());
        (found.unwrap_or_default().trim_end_matches('"').to_owned(), ran)
    };
    let expect = |found: (String, bool), name: &str, ran: bool| assert_eq!(found, (name.to_owned(), ran));
    // What decides nothing is left alone.
    sandbox.write(&format!("{FOLDER}/main.tf"), &(called("one") + variable));
    stack("");
    expect(plan(&[], &[]), "one", true);
    stack("vars: {module: two}");
    expect(plan(&[("TF_VAR_module", "three")], &["-var=module=four"]), "one", false);
    sandbox.write(&format!("{FOLDER}/main.tf"), &(called("${var.module}") + variable));
    expect(plan(&[], &[]), "two", true);
    expect(plan(&[], &[]), "two", false);
    expect(plan(&[], &["-var=module=five"]), "five", true);
    stack("");
    expect(plan(&[("TF_VAR_module", "three")], &[]), "three", true);
    stack("env: {TF_VAR_module: four}");
    expect(plan(&[], &[]), "four", true);
    sandbox.write(&format!("{FOLDER}/x.auto.tfvars"), "module = \"five\"\n");
    expect(plan(&[], &[]), "five", true);
    expect(plan(&[], &[]), "five", false);
    // What a function reads is read again each time.
    sandbox.write(
        &format!("{FOLDER}/main.tf"),
        &format!("{}{variable}locals {{\n  which = trimspace(file(\"which.txt\"))\n}}\n", called("${local.which}")),
    );
    for name in ["one", "two"] {
        sandbox.write(&format!("{FOLDER}/which.txt"), name);
        expect(plan(&[], &[]), name, true);
    }
}

#[test]
fn states_are_encrypted_by_the_environment() {
    let Some(mut sandbox) = real() else { return };
    sandbox.write(
        &format!("{FOLDER}/main.tf"),
        "variable \"stage\" {}\nvariable \"module\" {}\noutput \"found\" {\n  value = var.stage\n}\n",
    );
    sandbox.write(
        "components/terraform/next/main.tf",
        "variable \"stage\" {}\nvariable \"module\" {}\nvariable \"found\" {}\n",
    );
    sandbox.set(
        "TF_ENCRYPTION",
        "key_provider \"pbkdf2\" \"own\" {\n  passphrase = \"correct-horse-battery-staple\"\n}\n\
         method \"aes_gcm\" \"own\" {\n  keys = key_provider.pbkdf2.own\n}\n\
         state {\n  method = method.aes_gcm.own\n}\nplan {\n  method = method.aes_gcm.own\n}\n",
    );
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--from-plan"]).success();
    let state = sandbox.read(&format!("{FOLDER}/terraform.tfstate.d/dev/terraform.tfstate"));
    assert!(state.contains("encrypted_data") && !state.contains("\"outputs\""), "{state}");
    // Who has the key reads it, also where the value is another component's.
    let output = sandbox.atmos(&["terraform", "output", "app", "-s", "dev", "-raw", "found"]).success();
    assert_eq!(output.stdout, "dev");
    sandbox.atmos(&["terraform", "plan", "next", "-s", "dev"]).success();
    assert!(sandbox.read("components/terraform/next/dev-next.terraform.tfvars.json").contains("\"found\": \"dev\""));
    // What reads states without the program says why it cannot.
    let stack = sandbox.read("stacks/dev.yaml").replace("!terraform.output", "!terraform.state");
    sandbox.write("stacks/dev.yaml", &stack);
    sandbox.atmos(&["terraform", "plan", "next", "-s", "dev"]).exits(1).says("it is encrypted by OpenTofu");
}
