//! How packer is called, and what its builds say. A recording stub stands for the program.

use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components: {packer: {base_path: components/packer}}
";
const VARFILE: &str = "dev-image.packer.vars.json";

fn sandbox(component: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("components/packer/image/main.pkr.hcl", "");
    stack(&sandbox, component);
    sandbox.record(&["PACKER"]);
    sandbox
}

fn stack(sandbox: &Sandbox, component: &str) {
    sandbox
        .write("stacks/dev.yaml", &format!("vars: {{stage: dev}}\ncomponents: {{packer: {{image: {component}}}}}\n"));
}

fn last(sandbox: &Sandbox) -> String {
    sandbox.calls().pop().unwrap_or_default()
}

#[test]
fn commands_get_the_variables_and_the_template() {
    let sandbox = sandbox("{vars: {name: one}}");
    for (words, expected) in [
        (&["init", "image", "-s", "dev"][..], format!("init -var-file {VARFILE} .")),
        (&["build", "image", "-s", "dev", "--", "-color=false"], format!("build -var-file {VARFILE} -color=false .")),
        (
            &["validate", "image", "-s", "dev", "-t", "main.pkr.hcl"],
            format!("validate -var-file {VARFILE} main.pkr.hcl"),
        ),
        (&["inspect", "image", "--stack=dev", "--template=x"], format!("inspect -var-file {VARFILE} x")),
    ] {
        sandbox.atmos(&[&["packer"], words].concat()).success();
        assert_eq!(last(&sandbox), expected, "{words:?}");
        assert!(!sandbox.repo().join("components/packer/image").join(VARFILE).exists(), "the varfile goes");
    }
    for template in ["main.json", "[main.json, other.json]"] {
        stack(&sandbox, &format!("{{settings: {{packer: {{template: {template}}}}}}}"));
        sandbox.atmos(&["pk", "build", "image", "-s", "dev"]).success();
        assert_eq!(last(&sandbox), format!("build -var-file {VARFILE} main.json"));
    }
    sandbox.atmos(&["packer", "version"]).success();
    assert_eq!(last(&sandbox), "version");
}

#[test]
fn q4_failures_keep_their_code_dry_runs_start_nothing_and_flags_are_not_dropped() {
    let mut sandbox = sandbox("{}");
    sandbox.atmos(&["packer", "build", "image", "-s", "dev", "--dry-run"]).success().says("Would build image in dev");
    sandbox.atmos(&["packer", "build", "image", "-s", "dev", "-color=false"]).exits(1);
    sandbox.atmos(&["packer", "build", "image"]).exits(1).says("stack is required");
    sandbox.atmos(&["packer", "build", "-s", "dev"]).exits(1).says("component is required");
    assert_eq!(last(&sandbox), "");
    let failing = sandbox.root().join("fails");
    std::fs::write(&failing, "#!/bin/sh\ncat \"$3\"\nexit 4\n").unwrap();

    std::fs::set_permissions(&failing, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_PACKER_COMMAND", &failing);
    let failed = sandbox.atmos(&["packer", "build", "image", "-s", "dev"]).exits(4);
    assert!(failed.stdout.contains("\"stage\": \"dev\""), "{failed}");
    assert!(!sandbox.repo().join("components/packer/image").join(VARFILE).exists());
}

#[test]
fn components_that_must_not_be_built_are_refused() {
    for (metadata, verb, code, phrase) in [
        ("{type: abstract}", "build", 1, "abstract component cannot be provisioned"),
        ("{locked: true}", "build", 1, "locked component cannot be provisioned"),
        ("{type: abstract}", "inspect", 0, ""),
        ("{enabled: false}", "build", 0, "is not enabled and skipped"),
        ("{component: nothing}", "build", 1, "points to the Packer component `nothing`"),
    ] {
        let sandbox = sandbox(&format!("{{metadata: {metadata}}}"));
        sandbox.atmos(&["packer", verb, "image", "-s", "dev"]).exits(code).says(phrase);
    }
}

#[test]
fn the_last_build_is_shown() {
    let sandbox = sandbox("{vars: {manifest_file_name: built.json}}");
    sandbox.atmos(&["packer", "output", "image", "-s", "dev"]).exits(1).says("packer manifest is missing");
    sandbox.write("components/packer/image/built.json", r#"{"builds": [{"artifact_id": "us-east-2:ami-1"}]}"#);
    let all = sandbox.atmos(&["packer", "output", "image", "-s", "dev"]).success();
    let document: serde_json::Value = serde_yaml::from_str(&all.stdout).unwrap();
    assert_eq!(document["builds"][0]["artifact_id"], "us-east-2:ami-1");
    let one = ["packer", "output", "image", "-s", "dev", "--query", ".builds[0].artifact_id"];
    assert_eq!(sandbox.atmos(&one).success().stdout, "us-east-2:ami-1\n");
    sandbox.write("components/packer/image/built.json", "no");
    sandbox.atmos(&["packer", "output", "image", "-s", "dev"]).exits(1).says("cannot be read");
}
