//! Secrets in files of SOPS, which the real program encrypted for a throwaway age key.

use serde_json::json;

use crate::support::Sandbox;

const PASSWORD: &str = "correct-horse-battery";

/// The repository, with the key of the provider that wants one from a variable.
fn repository() -> Sandbox {
    let mut sandbox = Sandbox::scenario("secret-files");
    let keys = sandbox.read("secrets/keys.txt");
    sandbox.set("MY_AGE_KEY", keys.lines().last().unwrap());
    sandbox
}

fn describe<'a>(component: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["describe", "component", component, "-s", "dev", "--format", "json", "--query", ".vars"], more].concat()
}

#[test]
fn secrets_are_masked_for_people_and_open_for_runs() {
    let sandbox = repository();
    let shown = sandbox.atmos(&describe("api", &[])).success().json();
    assert_eq!(shown, json!({"stage": "dev", "password": "<MASKED>", "deep": "<MASKED>", "none": "<MASKED>"}));
    let open = sandbox.atmos(&describe("api", &["--mask=false"])).success().json();
    assert_eq!(open["password"], PASSWORD);
    assert_eq!((&open["deep"], &open["none"]), (&json!("three-three"), &json!("none-at-all")));
    sandbox.atmos(&["terraform", "deploy", "api", "-s", "dev"]).success().says_not(PASSWORD);
    let varfile = sandbox.repo().join("components/terraform/api/dev-api.terraform.tfvars.json");
    let written = std::fs::read_to_string(varfile).unwrap_or_default();
    assert!(!written.contains(PASSWORD) && !written.contains("three-three"), "{written}");
    let seen = sandbox.atmos(&["terraform", "output", "api", "-s", "dev", "--format", "json"]).success();
    assert_eq!(seen.json()["seen"], "21 11 none-at-all");
}

#[test]
fn a_varfile_of_helmfile_does_not_have_what_the_environment_gets() {
    let sandbox = repository();
    let varfile = sandbox.atmos(&["helmfile", "generate", "varfile", "cache", "-s", "dev", "--file", "/dev/stdout"]);
    let varfile = varfile.success();
    assert!(varfile.stdout.contains("size: 3") && !varfile.stdout.contains(PASSWORD), "{varfile}");
}

#[test]
fn keys_come_from_the_provider_or_from_the_environment_of_sops() {
    let sandbox = repository();
    let args = describe("tokened", &["--mask=false"]);
    sandbox
        .atmos(&args)
        .exits(1)
        .says("none of the age keys at hand opens it")
        .says("SOPS_AGE_KEY_FILE")
        .says("dev.yaml:");
    let keys = sandbox.read("secrets/keys.txt");
    let key = keys.lines().last().unwrap();
    let file = sandbox.repo().join("secrets/other-keys.txt");
    for (name, value) in [("SOPS_AGE_KEY", key), ("SOPS_AGE_KEY_FILE", file.to_str().unwrap())] {
        let vars = sandbox.atmos_with(&[(name, value)], &args).success().json();
        assert_eq!(vars["password"], "token-of-the-api-alone", "{name}");
    }
    let wrong = sandbox.atmos_with(&[("SOPS_AGE_KEY", "hunter22hunter22")], &args).exits(1);
    wrong.says("SOPS_AGE_KEY: line 1 is no age key").says_not("hunter22");
    let usual = sandbox.home().join(".config/sops/age");
    std::fs::create_dir_all(&usual).unwrap();
    std::fs::write(usual.join("keys.txt"), &keys).unwrap();
    sandbox.atmos(&args).success();
}

#[test]
fn a_file_for_one_component_is_found_by_its_names() {
    let sandbox = repository();
    let stack =
        sandbox.read("stacks/dev.yaml").replace("!secret DB_PASSWORD\n        deep", "!secret TOKEN\n        deep");
    sandbox.write("stacks/dev.yaml", &stack);
    let vars = sandbox.atmos(&describe("api", &["--mask=false"])).success().json();
    assert_eq!(vars["password"], "token-of-the-api-alone");
}

#[test]
fn what_is_wrong_has_a_place_and_a_next_step() {
    let sandbox = repository();
    let stack = sandbox.read("stacks/dev.yaml");
    let told = |from: &str, to: &str, phrases: &[&str]| {
        sandbox.write("stacks/dev.yaml", &stack.replace(from, to));
        let outcome = sandbox.atmos(&describe("api", &["--mask=false"])).exits(1).says("dev.yaml:");
        for phrase in phrases {
            assert!(outcome.mentions(phrase), "{phrase}: {outcome}");
        }
        assert!(!outcome.mentions(PASSWORD), "{outcome}");
    };
    told("{sops: common}\n  providers", "{sops: comon}\n  providers", &["`comon`", "did you mean `common`?"]);
    told("!secret absent | default none-at-all", "!secret absent", &["not initialized", "`absent`", "| default"]);
    told("!secret DB_PASSWORD", "!secret DB_PASSWROD", &["not declared", "did you mean `DB_PASSWORD`?"]);
    told("{sops: common}\n  providers", "{sops: common, store: x}\n  providers", &["two backends"]);
    std::fs::remove_file(sandbox.repo().join("secrets/dev.api.enc.yaml")).unwrap();
    told("!secret DB_PASSWORD\n        deep", "!secret TOKEN\n        deep", &["no file", "secrets/dev.api.enc.yaml"]);
    let text = sandbox.read("secrets/dev.enc.yaml");
    sandbox.write("secrets/dev.enc.yaml", &text.replace("in the open", "changed"));
    told("", "", &["secrets/dev.enc.yaml does not open", "seal"]);
}
