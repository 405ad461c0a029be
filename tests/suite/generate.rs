//! Files that are generated for many components, and those of the `generate` section.

use crate::support::Sandbox;

fn inspect() -> Sandbox {
    Sandbox::scenario("inspect")
}

fn varfiles(sandbox: &Sandbox, more: &[&str]) -> crate::support::Outcome {
    let args = ["terraform", "generate", "varfiles", "--file-template", "out/{tenant}-{stage}-{component}.tfvars"];
    sandbox.atmos(&[&args, more].concat())
}

#[test]
fn varfiles_of_all_components() {
    let sandbox = inspect();
    varfiles(&sandbox, &[]).success().says("Generated 4 varfiles").says("sensitive variables are left out");
    let names = ["acme-dev-app", "acme-dev-vpc", "acme-prod-app", "acme-prod-vpc"];
    for name in names {
        let text = sandbox.read(&format!("out/{name}.tfvars"));
        assert!(text.contains("tenant = \"acme\""), "{text}");
        assert!(!text.contains("hunter-two"), "{text}");
    }
    assert_eq!(
        sandbox.read("out/acme-prod-app.tfvars"),
        "image = \"registry/prod\"\n\nnote = null\n\nonly_here = true\n\nprice = \"$${dollars}\"\n\nstage = \"prod\"\n\n\
         tags = {\n  \"a,b\" = \"say \\\"hi\\\"\"\n}\n\ntenant = \"acme\"\n"
    );
    assert_eq!(
        sandbox.read("out/acme-dev-vpc.tfvars"),
        "cidr = \"10.0.0.0/16\"\n\nstage = \"dev\"\n\ntenant = \"acme\"\n\nzones = [\"a\", \"b\"]\n"
    );
}

#[test]
fn varfiles_of_some_components_as_json() {
    let sandbox = inspect();
    varfiles(&sandbox, &["--format", "json", "--stacks", "acme-dev,orgs/prod", "--components", "vpc"]).success();
    let below = sandbox.repo().join("out");
    assert_eq!(Sandbox::files_below(&below).len(), 2);
    let json: serde_json::Value = serde_json::from_str(&sandbox.read("out/acme-dev-vpc.tfvars")).unwrap();
    assert_eq!(json["zones"], serde_json::json!(["a", "b"]));
    // Each folder gets the file of its own component; what is not there is named.
    let own =
        ["terraform", "generate", "varfiles", "--file-template", "{component-path}/{stage}.json", "--format", "json"];
    sandbox
        .atmos(&[&own[..], &["--components", "app,apq", "--stacks", "acme-prod,acme-prd"]].concat())
        .success()
        .says("there is no stack 'acme-prd'")
        .says("did you mean `acme-prod`?")
        .says("there is no terraform component 'apq'");
    assert!(sandbox.read("components/terraform/app/prod.json").contains("registry/prod"));
}

#[test]
fn the_path_of_a_component_is_that_of_the_repository() {
    let sandbox = inspect();
    for (word, name) in [("varfiles", "v"), ("backends", "b")] {
        let template = format!("{name}/{{component-path}}/{{stage}}.json");
        let args = ["terraform", "generate", word, "--file-template", &template, "--format", "json"];
        sandbox.atmos(&[&args[..], &["--stacks", "acme-prod", "--components", "app"]].concat()).success();
        let found = Sandbox::files_below(&sandbox.repo().join(name));
        assert_eq!(found, [std::path::PathBuf::from("components/terraform/app/prod.json")]);
    }
}

#[test]
fn two_components_with_one_file_are_a_warning() {
    let sandbox = inspect();
    let args = [
        "terraform",
        "generate",
        "varfiles",
        "--file-template",
        "out/{stage}.json",
        "--format",
        "json",
        "--stacks",
        "acme-prod",
    ];
    sandbox.atmos(&args).success().says("out/prod.json of app in acme-prod is replaced by that of vpc in acme-prod");
}

#[test]
fn wrong_requests_are_refused_before_anything_is_written() {
    let sandbox = inspect();
    sandbox.atmos(&["terraform", "generate", "varfiles"]).exits(1).says("required flag(s) \"file-template\" not set");
    varfiles(&sandbox, &["--format", "yaml"]).exits(1).says("valid values are hcl and json");
    sandbox
        .atmos(&["terraform", "generate", "backends", "--format", "yaml"])
        .exits(1)
        .says("hcl, json and backend-config");
    assert!(!sandbox.repo().join("out").exists());
    sandbox.write(
        "stacks/orgs/bad.yaml",
        "vars: {tenant: acme, stage: bad}\ncomponents: {terraform: {vpc: {vars: {n: .inf}}}}\n",
    );
    varfiles(&sandbox, &[]).exits(1).says("stacks/orgs/bad.yaml:2:").says("vars.n");
    assert!(!sandbox.repo().join("out").exists());
}

#[test]
fn q22_backends_leave_one_backend_in_a_folder() {
    let sandbox = inspect();
    let generate =
        |more: &[&str]| sandbox.atmos(&[&["terraform", "generate", "backends", "--components", "app"], more].concat());
    sandbox.write("components/terraform/app/backend.tf.json", "{}");
    generate(&[]).success().says("Generated 1 backend file");
    assert_eq!(
        sandbox.read("components/terraform/app/backend.tf"),
        "terraform {\n  backend \"s3\" {\n    bucket               = \"acme-state\"\n    key                  = \"app.tfstate\"\n    \
         workspace_key_prefix = \"app\"\n  }\n}\n"
    );
    assert!(!sandbox.repo().join("components/terraform/app/backend.tf.json").exists());
    generate(&["--format", "json"]).success();
    assert!(!sandbox.repo().join("components/terraform/app/backend.tf").exists());
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.read("components/terraform/app/backend.tf.json")).unwrap();
    assert_eq!(json["terraform"]["backend"]["s3"]["key"], "app.tfstate");
    // What somebody else wrote stays.
    sandbox.write("components/terraform/app/backend.tf", "# mine\n");
    generate(&["--format", "json"]).success();
    assert_eq!(sandbox.read("components/terraform/app/backend.tf"), "# mine\n");
    generate(&["--format", "backend-config", "--file-template", "b/{stage}/{component}.hcl"]).success();
    assert_eq!(
        sandbox.read("b/dev/app.hcl"),
        "bucket = \"acme-state\"\n\nkey = \"app.tfstate\"\n\nworkspace_key_prefix = \"app\"\n"
    );
}

#[test]
fn a_run_takes_a_backend_away_that_was_written_as_hcl() {
    let sandbox = inspect();
    let generate = ["terraform", "generate", "backends", "--components", "app"];
    let json = ["terraform", "generate", "backend", "app", "-s", "acme-dev"];
    let hcl = || sandbox.repo().join("components/terraform/app/backend.tf").exists();
    sandbox.atmos(&generate).success();
    assert!(hcl());
    sandbox.atmos(&json).success();
    assert!(!hcl() && sandbox.repo().join("components/terraform/app/backend.tf.json").exists());
    // What somebody changed stays.
    sandbox.atmos(&generate).success();
    sandbox.write("components/terraform/app/backend.tf", "# mine\n");
    sandbox.atmos(&json).success();
    assert!(hcl());
}

#[test]
fn backends_that_are_not_complete_are_left_out() {
    let sandbox = inspect();
    sandbox.atmos(&["terraform", "generate", "backends"]).success().says("the backend of vpc in acme-dev is left out");
    sandbox.write(
        "stacks/orgs/new.yaml",
        "vars: {tenant: acme, stage: new}\ncomponents: {terraform: {gone: {backend_type: local}}}\n",
    );
    let args = ["terraform", "generate", "backends", "--components", "gone"];
    sandbox.atmos(&args).exits(1).says("points to the Terraform component `gone`");
    sandbox.write(
        "stacks/orgs/new.yaml",
        "vars: {tenant: acme, stage: new}\ncomponents: {terraform: {app: {backend_type: cloud, backend: {cloud: \
         {organization: acme, workspaces: {name: 'x-{terraform_workspace}'}}}}}}\n",
    );
    let args = ["terraform", "generate", "backends", "--stacks", "acme-new", "--file-template", "{component}.tf"];
    sandbox.atmos(&args).success();
    assert_eq!(
        sandbox.read("app.tf"),
        "terraform {\n  cloud {\n    organization = \"acme\"\n    workspaces {\n      name = \"x-acme-new\"\n    }\n  }\n}\n"
    );
}

#[test]
fn files_of_the_generate_section() {
    let sandbox = inspect();
    let generate = |more: &[&str]| sandbox.atmos(&[&["terraform", "generate", "files"], more].concat());
    generate(&["app", "-s", "acme-prod", "--dry-run"])
        .success()
        .says("Would generate components/terraform/app/README.md");
    assert!(!sandbox.repo().join("components/terraform/app/README.md").exists());
    generate(&["app", "-s", "acme-prod"])
        .success()
        .says("Created components/terraform/app/versions.tf")
        .says("(2 created)");
    assert_eq!(sandbox.read("components/terraform/app/README.md"), "app of prod\n");
    assert_eq!(
        sandbox.read("components/terraform/app/versions.tf"),
        "terraform {\n  required_version = \">= 1.5\"\n}\n"
    );
    let again = generate(&["--all"]).success();
    assert!(!again.mentions("created") && !again.mentions("updated"), "{again}");
    generate(&["app", "-s", "acme-prod", "--clean"]).success().says("Deleted components/terraform/app/README.md");
    assert!(!sandbox.repo().join("components/terraform/app/versions.tf").exists());
    generate(&["app", "-s", "acme-dev"]).success().says("has no `generate` section");
    generate(&["app"]).exits(1).says("stack is required");
    generate(&[]).exits(1).says("component is required");
    generate(&["app", "--all"]).exits(1).says("cannot specify both component and --all");
}

#[test]
fn q15_files_that_cannot_be_generated_fail_the_command() {
    let sandbox = inspect();
    let stack = |generate: &str| {
        let head = "vars: {tenant: acme, stage: bad}\ncomponents: {terraform: {app: {generate: ";
        sandbox.write("stacks/orgs/bad.yaml", &format!("{head}{generate}}}}}}}\n"));
    };
    let run = || sandbox.atmos(&["terraform", "generate", "files", "app", "-s", "acme-bad"]);
    stack("{sub/dir/a.json: {a: 1}}");
    run().success();
    assert_eq!(sandbox.read("components/terraform/app/sub/dir/a.json"), "{\n  \"a\": 1\n}\n");
    stack("{../x.json: {a: 1}}");
    run().exits(1).says("../x.json");
    stack("{x.tf: [1]}");
    run().exits(1).says("`x.tf` of app in acme-bad cannot be generated").says("orgs/bad.yaml:2:");
    stack("{x.tf: {resource: {a: 1}}}");
    run().exits(1).says("the block resource \"a\" must be a map");
}
