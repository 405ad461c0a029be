//! Values from the states and outputs of other components, with a real terraform and a local backend.

use serde_json::json;

use crate::support::Sandbox;

fn applied() -> Sandbox {
    let sandbox = Sandbox::scenario("states");
    sandbox.atmos(&["terraform", "apply", "vpc", "-s", "dev", "--", "-auto-approve"]).success();
    sandbox
}

fn describe<'a>(component: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["describe", "component", component, "-s", "dev", "--format", "json", "--query", ".vars"], more].concat()
}

#[test]
fn states_of_a_local_backend_reach_values_and_runs() {
    let sandbox = applied();
    let vars = sandbox.atmos(&describe("app", &["--mask=false"])).success().json();
    let expected = json!({
        "stage": "dev", "vpc": "vpc-dev", "zone": "b", "password": "line one of dev\nline two", "pin": "73",
        "command": "!exec touch made-by-a-state",
    });
    assert_eq!(vars, expected);
    sandbox.atmos(&["terraform", "deploy", "app", "-s", "dev"]).success();
    let outcome = sandbox.atmos(&["terraform", "output", "app", "-s", "dev", "--format", "json"]).success();
    assert_eq!(outcome.json()["seen"], "vpc-dev b  24 2");
    // What a state holds is data, and it was not run on the way.
    assert!(!sandbox.repo().join("made-by-a-state").exists());
}

#[test]
fn sensitive_outputs_are_masked_as_whole_values_and_kept_out_of_files() {
    let sandbox = applied();
    for format in ["json", "yaml"] {
        let args = ["describe", "component", "app", "-s", "dev", "--format", format];
        let outcome = sandbox.atmos(&args).success();
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!all.contains("line one") && !all.contains("line two"), "{outcome}");
        assert!(outcome.stdout.matches("<MASKED>").count() == 2, "{outcome}");
        assert!(outcome.stdout.contains("vpc-dev"), "{outcome}");
    }
    let length = ["describe", "component", "app", "-s", "dev", "--query", ".vars.password | length"];
    assert_eq!(sandbox.atmos(&length).success().stdout, "24\n");
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    let varfile = sandbox.read("components/terraform/app/dev-app.terraform.tfvars.json");
    assert!(varfile.contains("vpc-dev") && !varfile.contains("line one") && !varfile.contains("73"), "{varfile}");
}

#[test]
fn what_is_masked_for_people_is_the_value_for_terraform() {
    let sandbox = applied();
    let more = r#"
vars: {stage: dev}
terraform: {backend_type: local, backend: {local: {}}}
components:
  terraform:
    both:
      metadata: {component: app}
      vars:
        vpc: !terraform.state vpc password
        command: !terraform.output vpc password
        zone: '{{ (atmos.Component "vpc" .vars.stage).outputs.password }}'
"#;
    sandbox.write("stacks/orgs/more.yaml", more);
    let shown = sandbox.atmos(&describe("both", &["--mask=false"])).success().json();
    let secret = "line one of dev\nline two";
    assert_eq!((&shown["vpc"], &shown["command"]), (&json!(secret), &json!(secret)));
    // A template's text is read as YAML again, which folds lines.
    assert_eq!(shown["zone"], "line one of dev line two");
    // A secret inside of a text is one, too.
    let inside = more.replace("state vpc password", "state vpc .password + \"-suffix\"").replace("zone: ", "instead: ");
    sandbox.write("stacks/orgs/more.yaml", &inside.replace(".outputs.password", ".outputs.id"));
    sandbox.atmos(&["terraform", "plan", "both", "-s", "dev"]).success().says_not("line two");
    let varfile = sandbox.read("components/terraform/app/dev-both.terraform.tfvars.json");
    assert!(varfile.contains("vpc-dev") && !varfile.contains("line"), "{varfile}");
    sandbox.write("stacks/orgs/more.yaml", more);
    // The state was read first, so that the secret was known when terraform was asked.
    sandbox.atmos(&["terraform", "deploy", "both", "-s", "dev"]).success().says_not("line two");
    let state = sandbox.read("components/terraform/app/terraform.tfstate.d/dev-both/terraform.tfstate");
    assert!(!state.contains("<MASKED>"), "{state}");
}

#[test]
fn terraform_is_asked_for_outputs_and_writes_nothing_but_what_it_needs() {
    let sandbox = applied();
    let varfile = "components/terraform/vpc/dev-vpc.terraform.tfvars.json";
    let outcome = sandbox.atmos(&describe("by-output", &[])).success().says("Fetching id output from vpc in dev");
    let expected = json!({
        "stage": "dev", "vpc": "vpc-dev", "zone": "a", "templated": "vpc-dev", "missing": null, "instead": "none yet",
    });
    assert_eq!(outcome.json(), expected);
    assert_eq!(outcome.stderr.matches("Fetching").count(), 2, "one for each component: {outcome}");
    assert!(!sandbox.repo().join(varfile).exists(), "apply has removed it and nobody needs it");
    sandbox.atmos(&["terraform", "deploy", "by-output", "-s", "dev"]).success();
}

#[test]
fn what_is_not_provisioned_is_computed_for_people_and_an_error_for_runs() {
    let sandbox = Sandbox::scenario("states");
    let outcome = sandbox.atmos(&describe("waiting", &[])).success();
    assert_eq!(outcome.json(), json!({"stage": "dev", "vpc": "(computed)", "instead": "none yet"}));
    outcome.says("1 value(s) could not be determined and are shown as (computed)");
    sandbox.atmos(&describe("waiting", &["--error-mode", "silent"])).success().says_not("could not be determined");
    for args in [&describe("waiting", &["--error-mode", "strict"])[..], &["terraform", "plan", "waiting", "-s", "dev"]]
    {
        let outcome = sandbox.atmos(args).exits(1);
        let outcome = outcome.says("terraform state not provisioned for component pending in stack dev");
        outcome.says("catalog/all.yaml:31:14").says("atmos terraform apply pending -s dev");
    }
    sandbox.atmos(&["list", "stacks"]).success();
    sandbox.atmos(&describe("waiting", &["--skip", "terraform.state"])).success().says_not("determined");
}

#[test]
fn outputs_of_what_was_never_applied_are_those_of_the_reference() {
    let sandbox = Sandbox::scenario("states");
    sandbox.write(
        "stacks/orgs/dev.yaml",
        r#"
vars: {stage: dev}
terraform: {backend_type: local, backend: {local: {}}}
components:
  terraform:
    b: {metadata: {component: vpc}}
    a:
      vars:
        output: !terraform.output b id
        default: !terraform.output b .id // "dflt"
        state: !terraform.state b id
        template: '{{ (atmos.Component "b" .vars.stage).outputs.id }}'
        all: '{{ toJson (atmos.Component "b" .vars.stage).outputs }}'
"#,
    );
    let vars = sandbox.atmos(&describe("a", &[])).success().json();
    let expected = json!({
        "stage": "dev", "output": null, "default": "dflt", "state": "(computed)", "template": "<no value>", "all": "{}",
    });
    assert_eq!(vars, expected);
}

#[test]
fn many_components_see_what_those_before_them_made() {
    let sandbox = Sandbox::scenario("states");
    sandbox.write(
        "stacks/orgs/dev.yaml",
        "vars: {stage: dev}\nterraform: {backend_type: local, backend: {local: {}}}\ncomponents:\n  terraform:\n\
         \x20   zz-vpc: {metadata: {component: vpc}, vars: {name: vpc}}\n\
         \x20   app:\n      dependencies: {components: [{component: zz-vpc}]}\n\
         \x20     vars: {vpc: !terraform.state zz-vpc id, zone: !terraform.output 'zz-vpc .zones[0]'}\n",
    );
    sandbox.atmos(&["terraform", "apply", "-s", "dev", "--dry-run"]).success().says("Would apply app in dev");
    sandbox.atmos(&["terraform", "plan", "-s", "dev"]).exits(1).says("not provisioned for component zz-vpc");
    sandbox.atmos(&["terraform", "deploy", "-s", "dev"]).success();
    let seen = || {
        sandbox.atmos(&["terraform", "output", "app", "-s", "dev", "--format", "json"]).success().json()["seen"].take()
    };
    assert_eq!(seen(), "vpc-dev a  0 0");
    let stack = sandbox.read("stacks/orgs/dev.yaml").replace("name: vpc", "name: net");
    sandbox.write("stacks/orgs/dev.yaml", &stack);
    sandbox.atmos(&["terraform", "deploy", "--all"]).success();
    assert_eq!(seen(), "net-dev a  0 0");
}

#[test]
fn names_that_nobody_knows_are_told_apart() {
    let sandbox = applied();
    let stack = |function: &str| {
        sandbox.write("stacks/orgs/dev.yaml", &format!(
            "import: [catalog/all]\nvars: {{stage: dev}}\ncomponents:\n  terraform:\n    odd:\n      vars:\n        x: {function}\n"
        ));
        sandbox.atmos(&describe("odd", &[]))
    };
    stack("!terraform.state vpcc id")
        .exits(1)
        .says("Could not find the component `vpcc`")
        .says("did you mean the component `vpc`");
    stack("!terraform.state vpc deb id")
        .exits(1)
        .says("deb")
        .says("did you mean the stack `dev`")
        .says("dev.yaml:7:12");
    stack("!terraform.state vpc").exits(1).says("terraform function requires 2 or 3 arguments").says("dev.yaml:7:29");
    stack("!terraform.state odd id").exits(1).says("circular dependency detected").says("(cycle detected)");
}

#[test]
fn a_state_of_a_newer_format_says_so() {
    let sandbox = applied();
    let file = "components/terraform/vpc/terraform.tfstate.d/dev/terraform.tfstate";
    let newer = sandbox.read(file).replace("\"version\": 4", "\"version\": 5");
    sandbox.write(file, &newer);
    let outcome = sandbox.atmos(&describe("app", &[])).exits(1).says("it has version 5").says(file);
    outcome.says("catalog/all.yaml:15:14").says("!terraform.output");
    sandbox.write(file, "");
    let vars = sandbox.atmos(&describe("app", &[])).success().json();
    assert_eq!(vars["vpc"], "(computed)");
}

#[test]
fn places_of_a_local_backend_are_those_of_terraform() {
    let sandbox = Sandbox::scenario("states");
    let state = |id: &str| json!({"version": 4, "outputs": {"id": {"value": id}}}).to_string();
    let stack = |backend: &str| {
        let text = format!(
            "import: [catalog/all]\nvars: {{stage: dev}}\nterraform: {{backend: {{local: {{{backend}}}}}}}\ncomponents:\n  terraform:\n\
             \x20   one: {{metadata: {{component: vpc, terraform_workspace: default}}}}\n\
             \x20   reader: {{vars: {{a: !terraform.state vpc id, b: !terraform.state one id}}}}\n"
        );
        sandbox.write("stacks/orgs/dev.yaml", &text);
        let vars = sandbox.atmos(&describe("reader", &[])).success().json();
        (vars["a"].as_str().unwrap().to_owned(), vars["b"].as_str().unwrap().to_owned())
    };
    let folder = "components/terraform/vpc";
    sandbox.write(&format!("{folder}/terraform.tfstate.d/dev/terraform.tfstate"), &state("workspace"));
    sandbox.write(&format!("{folder}/terraform.tfstate"), &state("default"));
    sandbox.write(&format!("{folder}/own.tfstate"), &state("own"));
    sandbox.write("states/dev/terraform.tfstate", &state("elsewhere"));
    assert_eq!(stack(""), ("workspace".to_owned(), "default".to_owned()));
    // `path` is for the workspace `default` alone.
    assert_eq!(stack("path: own.tfstate"), ("workspace".to_owned(), "own".to_owned()));
    assert_eq!(stack("workspace_dir: ../../../states"), ("elsewhere".to_owned(), "default".to_owned()));
}
