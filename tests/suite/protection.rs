//! `settings.deletion_protection`: what would take a protected component away is refused before it starts.

use crate::support::{Outcome, Sandbox};

const CONFIGURATION: &str = "stacks: {base_path: s, included_paths: ['*'], name_pattern: '{stage}'}\n\
    templates: {settings: {enabled: true}}\n\
    components: {terraform: {base_path: ct, auto_generate_backend_file: true}, helmfile: {base_path: ct}}\n";
const STACK: &str = "vars: {stage: prod}\nterraform: {backend_type: local}\ncomponents:\n  terraform:\n\
    \x20   vpc:\n      settings:\n        deletion_protection: true\n\
    \x20   db: {dependencies: {components: [{component: vpc}]}}\n\
    \x20   app: {settings: {deletion_protection: '{{ eq .vars.stage \"prod\" }}'}}\n\
    \x20 helmfile:\n    web: {settings: {deletion_protection: true}}\n    api: {}\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write("s/prod.yaml", STACK);
    for component in ["vpc", "db", "app", "web", "api"] {
        sandbox.write(&format!("ct/{component}/main.tf"), "resource \"terraform_data\" \"it\" {}\n");
        sandbox.write(&format!("ct/{component}/helmfile.yaml"), "");
    }
    sandbox
}

fn terraform(sandbox: &Sandbox, line: &str) -> Outcome {
    let words: Vec<&str> = std::iter::once("terraform").chain(line.split(' ')).collect();
    sandbox.atmos(&words)
}

fn is_there(sandbox: &Sandbox, component: &str) -> bool {
    let state = format!("ct/{component}/terraform.tfstate.d/prod/terraform.tfstate");
    sandbox.has(&state) && sandbox.read(&state).contains("terraform_data")
}

#[test]
fn whatever_takes_a_protected_component_away_is_refused() {
    let sandbox = sandbox();
    terraform(&sandbox, "deploy --all --init").success();
    terraform(&sandbox, "plan vpc -s prod -destroy").success();
    terraform(&sandbox, "plan vpc -s prod -destroy -out gone.plan").success();
    for line in [
        "destroy vpc -s prod -auto-approve",
        "apply vpc -s prod -destroy -auto-approve",
        "deploy vpc -s prod -destroy",
        "apply vpc -s prod --from-plan",
        "apply vpc -s prod --from-plan=gone.plan",
        "apply vpc -s prod --planfile gone.plan",
        "apply vpc -s prod gone.plan",
        "exec vpc -s prod -- destroy -auto-approve",
        "exec vpc -s prod -- apply gone.plan",
        "exec vpc -s prod -- workspace delete -force prod",
        "exec vpc -s prod -- -chdir=. destroy -auto-approve",
        "exec vpc -s prod -- -chdir=. apply -destroy=True -auto-approve",
        "apply --components vpc --from-plan",
        "clean vpc -s prod --everything --force",
        "clean --everything --force",
        "destroy vpc -s prod --dry-run",
    ] {
        let refused = terraform(&sandbox, line).exits(1).says("is protected against deletion");
        assert!(refused.mentions("vpc in prod (s/prod.yaml:7:30)"), "{line}: {refused}");
        assert!(is_there(&sandbox, "vpc"), "{line}");
    }
    sandbox.atmos(&["terraform", "destroy", "app", "-s", "prod", "-auto-approve"]).exits(1).says("app in prod");
    // No variable of terraform lifts it either, wherever it is set.
    for (name, value, line) in [
        ("TF_CLI_ARGS_apply", "-destroy", "apply vpc -s prod -auto-approve"),
        ("TF_CLI_ARGS_apply", "-lock=false '-destroy'", "deploy --all"),
        ("TF_CLI_ARGS", "-destroy", "exec vpc -s prod -- apply -auto-approve"),
        ("TF_CLI_ARGS_apply", "gone.plan", "apply vpc -s prod -auto-approve"),
        ("TF_CLI_ARGS_workspace_delete", "-force", "workspace delete vpc -s prod"),
    ] {
        let words: Vec<&str> = std::iter::once("terraform").chain(line.split(' ')).collect();
        let refused = sandbox.atmos_with(&[(name, value)], &words).exits(1);
        let refused = refused.says("is protected against deletion");
        assert!(is_there(&sandbox, "vpc"), "{name} {refused}");
    }
    let env = "vpc:\n      env: {TF_CLI_ARGS_apply: -destroy}";
    sandbox.write("s/prod.yaml", &STACK.replace("vpc:\n", &format!("{env}\n")));
    for line in ["apply vpc -s prod -auto-approve", "deploy --all"] {
        terraform(&sandbox, line).exits(1).says("is protected against deletion");
        assert!(is_there(&sandbox, "vpc"), "{line}");
    }
    sandbox.write("s/prod.yaml", STACK);
    // It protects what was made, and nothing else.
    terraform(&sandbox, "deploy vpc -s prod").success();
    terraform(&sandbox, "state list vpc -s prod").success();
    terraform(&sandbox, "clean vpc -s prod --force").success();
    assert!(is_there(&sandbox, "vpc"));
    terraform(&sandbox, "state rm vpc terraform_data.it -s prod").success();
    terraform(&sandbox, "deploy vpc -s prod --init").success();
    // Lifted by the line of the manifest.
    sandbox.write("s/prod.yaml", &STACK.replace("deletion_protection: true", "deletion_protection: false"));
    terraform(&sandbox, "destroy vpc -s prod -auto-approve").success();
    assert!(!is_there(&sandbox, "vpc"));
}

#[test]
fn a_run_of_many_is_refused_as_a_whole_and_names_them_all() {
    let sandbox = sandbox();
    terraform(&sandbox, "deploy --all --init").success();
    for line in ["destroy --all -auto-approve", "destroy -s prod -auto-approve --failure-mode keep-going"] {
        let refused = terraform(&sandbox, line).exits(1).says("`terraform destroy` is refused").says("--exclude");
        let refused = refused.says("vpc in prod (s/prod.yaml:").says("app in prod (s/prod.yaml:");
        assert!(!refused.mentions("db in prod (s/"), "{refused}");
        assert!(["vpc", "db", "app"].iter().all(|component| is_there(&sandbox, component)));
    }
    terraform(&sandbox, "destroy --all --exclude vpc,app -auto-approve").success();
    assert!(is_there(&sandbox, "vpc") && !is_there(&sandbox, "db"));
    // Another stage is not protected by the template.
    let dev = STACK.replace("stage: prod", "stage: dev");
    sandbox.write("s/dev.yaml", &dev);
    terraform(&sandbox, "destroy app -s dev -auto-approve").success();
    sandbox.write("s/dev.yaml", &dev.replace("deletion_protection: true", "deletion_protection: maybe"));
    let unclear = terraform(&sandbox, "destroy vpc -s dev -auto-approve").exits(1);
    unclear.says("neither true nor false").says("s/dev.yaml:7:30");
    terraform(&sandbox, "destroy --all -s dev -auto-approve").exits(1).says("neither true nor false");
}

#[test]
fn releases_are_protected_the_same_way() {
    let mut sandbox = sandbox();
    sandbox.record(&["HELMFILE"]);
    for line in [
        "destroy web -s prod",
        "destroy --all -s prod",
        "exec web -s prod -- destroy",
        "exec web -s prod -- -q destroy",
        "exec web -s prod -- -e prod destroy",
        "exec web -s prod -- --environment=prod destroy",
        "diff web -s prod --global-options=destroy",
    ] {
        let words: Vec<&str> = std::iter::once("helmfile").chain(line.split(' ')).collect();
        sandbox.atmos(&words).exits(1).says("is protected against deletion").says("web in prod (s/prod.yaml:");
    }
    assert_eq!(sandbox.calls(), Vec::<String>::new());
    sandbox.atmos(&["helmfile", "destroy", "api", "-s", "prod"]).success();
}

/// Nobody is asked for credentials before: the bucket stays, whoever called.
#[test]
fn what_keeps_the_state_of_a_protected_component_is_not_deleted() {
    let sandbox = sandbox();
    let bucket = "terraform: {backend_type: s3, backend: {s3: {bucket: acme-states, region: eu-west-1}}}";
    sandbox.write("s/prod.yaml", &STACK.replace("terraform: {backend_type: local}", bucket));
    for component in ["vpc", "app"] {
        let line = format!("backend delete {component} -s prod --force");
        terraform(&sandbox, &line).exits(1).says("is protected against deletion").says(component);
    }
}
