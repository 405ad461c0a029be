//! Plans that are saved now and applied later: those of many components, and what of a component may not have changed.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Outcome, Sandbox};

const CONFIGURATION: &str = "stacks: {base_path: s, included_paths: ['*'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: ct, auto_generate_backend_file: true}}\n";
const MAIN: &str = "variable \"name\" {}\nvariable \"stage\" {}\nresource \"terraform_data\" \"it\" {\n  input = var.name\n}\n\
    output \"name\" {\n  value = \"${var.name}-${var.stage}\"\n}\n";
const STACK: &str = "vars: {stage: prod}\nterraform: {backend_type: local}\ncomponents:\n  terraform:\n\
    \x20   vpc: {vars: {name: vpc}, metadata: {tags: [net]}}\n\
    \x20   db: {vars: {name: db}, dependencies: {components: [{component: vpc}]}}\n\
    \x20   app: {vars: {name: app}, dependencies: {components: [{component: db}]}}\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write("s/prod.yaml", STACK);
    for component in ["vpc", "db", "app"] {
        sandbox.write(&format!("ct/{component}/main.tf"), MAIN);
    }
    sandbox
}

fn terraform(sandbox: &Sandbox, line: &str) -> Outcome {
    let words: Vec<&str> = std::iter::once("terraform").chain(line.split(' ')).collect();
    sandbox.atmos(&words)
}

fn state(component: &str) -> String {
    format!("ct/{component}/terraform.tfstate.d/prod/terraform.tfstate")
}

#[test]
fn plans_of_many_are_applied_as_they_were_saved() {
    let sandbox = sandbox();
    terraform(&sandbox, "plan --all").success();
    let dry = terraform(&sandbox, "apply --all --from-plan --dry-run --format json").success().json();
    let argv = &dry["runs"][0]["commands"][2]["argv"];
    assert_eq!(argv[argv.as_array().unwrap().len() - 1], "prod-vpc.planfile", "{dry}");
    // Some of them, then the others.
    terraform(&sandbox, "apply --tags net --from-plan").success();
    assert!(sandbox.has(&state("vpc")) && !sandbox.has(&state("db")));
    let missing = terraform(&sandbox, "apply --all --from-plan").exits(1);
    missing.says("nothing was applied").says("vpc in prod: there is no saved plan (`prod-vpc.planfile`)");
    assert!(!sandbox.has(&state("db")));
    terraform(&sandbox, "apply -s prod --exclude vpc --from-plan --max-concurrency 2").success();
    for component in ["vpc", "db", "app"] {
        assert!(sandbox.read(&state(component)).contains(&format!("{component}-prod")));
        assert!(!sandbox.has(&format!("ct/{component}/prod-{component}.planfile")));
    }
    // A file belongs to one component.
    terraform(&sandbox, "apply --all --from-plan=x.plan").exits(1).says("cannot be used for many components");
    terraform(&sandbox, "deploy --all --planfile x.plan").exits(1).says("cannot be used for many components");
}

#[test]
fn one_plan_that_is_unfit_keeps_all_from_being_applied() {
    let sandbox = sandbox();
    terraform(&sandbox, "plan --all").success();
    std::fs::remove_file(sandbox.repo().join("ct/vpc/prod-vpc.planfile")).unwrap();
    sandbox.write("s/prod.yaml", &STACK.replace("name: app", "name: other"));
    sandbox.write("ct/db/more.tf", "");
    let refused = terraform(&sandbox, "deploy --all --from-plan --failure-mode keep-going").exits(1);
    let refused = refused.says("vpc in prod: there is no saved plan").says("app in prod: the variables have changed");
    refused.says("db in prod: `more.tf` is new").says("plan again with the same flags");
    for component in ["vpc", "db", "app"] {
        assert!(!sandbox.has(&state(component)));
    }
}

#[test]
fn what_a_run_applies_may_overtake_a_plan_that_comes_later() {
    let sandbox = sandbox();
    let reading = STACK.replace("name: app", "name: !terraform.state vpc name");
    sandbox.write("s/prod.yaml", &reading);
    terraform(&sandbox, "deploy vpc -s prod --init").success();
    // Its outputs stay what they are: so do the plans.
    terraform(&sandbox, "plan --all").success();
    terraform(&sandbox, "apply --all --from-plan").success();
    assert!(sandbox.read(&state("app")).contains("vpc-prod-prod"));
    let changed = reading.replace("name: vpc", "name: net");
    sandbox.write("s/prod.yaml", &changed);
    terraform(&sandbox, "plan --all").success();
    let apply = "apply --all --from-plan --execution-summary-file sum.json";
    let overtaken = terraform(&sandbox, apply).exits(1);
    overtaken.says("has overtaken the plan of app in prod").says("the variables have changed");
    assert!(sandbox.read(&state("vpc")).contains("net-prod") && sandbox.read(&state("app")).contains("vpc-prod-prod"));
    let summary = sandbox.read("sum.json");
    assert!(summary.contains("overtaken") && summary.contains("succeeded"), "{summary}");
    terraform(&sandbox, "plan app -s prod").success();
    terraform(&sandbox, "apply --components app --from-plan").success();
    assert!(sandbox.read(&state("app")).contains("net-prod-prod"));
}

#[test]
fn plans_that_destroy_are_applied_in_the_order_of_a_destroy() {
    let sandbox = sandbox();
    terraform(&sandbox, "deploy --all --init").success();
    terraform(&sandbox, "plan --all -destroy").success();
    terraform(&sandbox, "plan vpc -s prod").success();
    let mixed = terraform(&sandbox, "apply --all --from-plan").exits(1);
    mixed.says("some saved plans destroy (db in prod, app in prod), others do not (vpc in prod)");
    terraform(&sandbox, "plan vpc -s prod -destroy").success();
    let gone = terraform(&sandbox, "apply --all --from-plan").success();
    let at = |name: &str| gone.stderr.find(&format!("{name} in prod\n")).unwrap_or_else(|| panic!("{name}: {gone}"));
    assert!(at("app") < at("db") && at("db") < at("vpc"), "{gone}");
    assert!(!sandbox.read(&state("vpc")).contains("terraform_data"));
}

#[test]
fn a_plan_knows_the_files_that_it_was_made_of_and_not_the_commit() {
    let sandbox = sandbox();
    let module = "variable \"x\" {}\noutput \"x\" {\n  value = var.x\n}\n";
    sandbox.write("modules/net/main.tf", module);
    let main = format!("{MAIN}module \"net\" {{\n  source = \"../../modules/net\"\n  x = file(\"policy.json\")\n}}\n");
    sandbox.write("ct/vpc/main.tf", &main);
    sandbox.write("ct/vpc/policy.json", "{}");
    sandbox.write(".gitignore", "*.planfile\n.terraform\n*.tfvars.json\nterraform.tfstate.d\n");
    sandbox.git_init();
    let commit = |message: &str| {
        sandbox.git(&sandbox.repo(), &["add", "."]);
        sandbox.git(&sandbox.repo(), &["commit", "--quiet", "--allow-empty", "-m", message]);
    };
    commit("begin");
    let (plan, apply) = ("plan vpc -s prod", "apply vpc -s prod --from-plan");
    terraform(&sandbox, plan).success();
    sandbox.write("ct/vpc/made-by-apply.txt", "");
    sandbox.write("ct/vpc/README.md", "");
    sandbox.write("ct/db/main.tf", &format!("{MAIN}\n"));
    commit("another component, documentation");
    terraform(&sandbox, apply).success();
    for (file, new) in [
        ("ct/vpc/main.tf", format!("{main}\n")),
        ("ct/vpc/policy.json", "{\"a\": 1}".to_owned()),
        ("modules/net/main.tf", format!("{module}\n")),
    ] {
        terraform(&sandbox, plan).success();
        let before = sandbox.read(file);
        sandbox.write(file, &new);
        let name = file.strip_prefix("ct/vpc/").map_or_else(|| format!("../../{file}"), str::to_owned);
        let refused = terraform(&sandbox, apply).exits(1).says(&format!("`{name}` has changed"));
        refused.says("it was made at").says("changes that were not committed").says("atmos terraform plan vpc -s prod");
        commit("changed");
        terraform(&sandbox, apply).exits(1).says("has changed; it was made at");
        // As it was, at whatever commit.
        sandbox.write(file, &before);
        commit("back");
        terraform(&sandbox, apply).success();
    }
}

#[test]
fn varfiles_and_planfiles_are_private_and_varfiles_may_go_after_each_run() {
    let sandbox = sandbox();
    let (varfile, planfile) = ("ct/vpc/prod-vpc.terraform.tfvars.json", "ct/vpc/prod-vpc.planfile");
    terraform(&sandbox, "plan vpc -s prod").success();
    for file in [varfile, planfile] {
        let mode = std::fs::metadata(sandbox.repo().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    sandbox.write("atmos.yaml", &CONFIGURATION.replace("{base_path: ct", "{base_path: ct, remove_varfiles: true"));
    let hooks = "name: vpc}, hooks: {look: {events: [after.terraform.plan], command: test, args: [-f, \
                 prod-vpc.terraform.tfvars.json], kind: command, on_failure: fail}}";
    sandbox.write("s/prod.yaml", &STACK.replace("name: vpc}", hooks));
    terraform(&sandbox, "plan vpc -s prod").success();
    assert!(!sandbox.has(varfile) && sandbox.has(planfile));
    // Also where terraform fails, and where the shell has ended.
    terraform(&sandbox, "plan vpc -s prod -var nonsense").exits(1);
    assert!(!sandbox.has(varfile));
    let shell = [("SHELL", "/bin/true")];
    sandbox.atmos_with(&shell, &["terraform", "shell", "vpc", "-s", "prod"]).success();
    assert!(!sandbox.has(varfile));
    let nowhere = [("SHELL", "/nowhere/shell")];
    sandbox.atmos_with(&nowhere, &["terraform", "shell", "vpc", "-s", "prod"]).exits(1).says("/nowhere/shell");
    assert!(!sandbox.has(varfile), "also where there is no shell");
    let env = [("ATMOS_COMPONENTS_TERRAFORM_REMOVE_VARFILES", "false")];
    sandbox.atmos_with(&env, &["terraform", "plan", "vpc", "-s", "prod"]).success();
    assert!(sandbox.has(varfile));
}

#[test]
fn a_plan_under_the_name_of_another_instance_is_not_applied_for_that_one() {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", CONFIGURATION);
    let stack = "vars: {stage: prod}\nterraform: {backend_type: local}\ncomponents:\n  terraform:\n\
                 \x20   one: {metadata: {component: vpc}, vars: {name: one}}\n    two: {metadata: {component: vpc}, vars: {name: two}}\n";
    sandbox.write("s/prod.yaml", stack);
    sandbox.write("ct/vpc/main.tf", MAIN);
    terraform(&sandbox, "plan --all").success();
    let path = |name: &str| sandbox.repo().join(format!("ct/vpc/{name}"));
    let exchange = || {
        for (from, to) in
            [("prod-one.planfile", "t"), ("prod-two.planfile", "prod-one.planfile"), ("t", "prod-two.planfile")]
        {
            std::fs::rename(path(from), path(to)).unwrap();
        }
    };
    exchange();
    let refused = terraform(&sandbox, "apply --all --from-plan").exits(1).says("nothing was applied");
    refused.says("one in prod: it was made for prod/two").says("two in prod: it was made for prod/one");
    terraform(&sandbox, "apply one -s prod --from-plan").exits(1).says("it was made for prod/two");
    // Brought from elsewhere, the plan itself tells.
    std::fs::remove_file(path(".terraform/atmos-plans.json")).unwrap();
    let refused = terraform(&sandbox, "apply one -s prod --from-plan").exits(1);
    refused.says("it was made in the workspace `prod-two`, and this one is `prod-one`");
    exchange();
    terraform(&sandbox, "apply --all --from-plan").success();
}
