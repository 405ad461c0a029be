//! Every sub-command for many components, with a real terraform and local states; the one question of a run; what
//! protects others before a `destroy`; dry runs as documents.

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox, Terminal};

const CONFIGURATION: &str = "stacks: {base_path: s, included_paths: ['*'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: ct, auto_generate_backend_file: true}, helmfile: {base_path: ch}}\n";
const MAIN: &str = "variable \"name\" {}\nvariable \"stage\" {}\nresource \"terraform_data\" \"it\" {\n  input = var.name\n}\n\
    output \"name\" {\n  value = \"${var.name}-${var.stage}\"\n}\n";

fn stack(stage: &str) -> String {
    format!(
        "vars: {{stage: {stage}}}\n\
         terraform: {{backend_type: local}}\n\
         components:\n  terraform:\n\
         \x20   vpc: {{vars: {{name: vpc}}}}\n\
         \x20   db: {{vars: {{name: db}}, dependencies: {{components: [{{component: vpc}}]}}}}\n\
         \x20   app: {{vars: {{name: app}}, dependencies: {{components: [{{component: db}}]}}}}\n\
         \x20 helmfile:\n    web: {{}}\n    api: {{dependencies: {{components: [{{component: web}}]}}}}\n"
    )
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", CONFIGURATION);
    for stage in ["dev-eu", "dev-us", "prod"] {
        sandbox.write(&format!("s/{stage}.yaml"), &stack(stage));
    }
    for component in ["vpc", "db", "app"] {
        sandbox.write(&format!("ct/{component}/main.tf"), MAIN);
    }
    for component in ["web", "api"] {
        sandbox.write(&format!("ch/{component}/helmfile.yaml"), "");
    }
    sandbox
}

fn terraform(sandbox: &Sandbox, line: &str) -> Outcome {
    let words: Vec<&str> = std::iter::once("terraform").chain(line.split(' ')).collect();
    sandbox.atmos(&words)
}

/// What a dry run would do, in its order.
fn chosen(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let outcome = terraform(sandbox, &format!("{line} --dry-run")).success();
    let lines = outcome.stderr.lines().filter_map(|line| line.strip_prefix("Would "));
    lines.map(|line| line.trim_end_matches(" (dry run)").to_owned()).collect()
}

#[test]
fn every_sub_command_runs_for_many_in_their_order() {
    let sandbox = sandbox();
    terraform(&sandbox, "apply --all -s dev-eu -auto-approve").success();
    for line in [
        "validate --all",
        "output --all",
        "state list --all",
        "state pull --all",
        "show --all",
        "refresh --all",
        "graph --all",
        "get --all",
        "fmt --all",
        "providers --all",
        "workspace show --all",
        "workspace --all",
        "output --components vpc,app",
        "exec --all -- state list",
    ] {
        let (atmos, native) = line.split_once(" -- ").map_or((line, String::new()), |(a, n)| (a, format!(" -- {n}")));
        let outcome = terraform(&sandbox, &format!("{atmos} -s dev-eu{native}")).success();
        let place = |name: &str| outcome.stderr.find(&format!("{name} in dev-eu"));
        assert!(place("vpc").is_some() && place("vpc") < place("app"), "{line}: {outcome}");
        assert_eq!(place("db").is_some(), line.contains("--all"), "{line}: {outcome}");
    }
    let outputs = terraform(&sandbox, "output --all -s dev-eu").success();
    let lines: Vec<&str> = outputs.stdout.lines().collect();
    assert_eq!(lines, ["name = \"vpc-dev-eu\"", "name = \"db-dev-eu\"", "name = \"app-dev-eu\""]);
    let listed = terraform(&sandbox, "state list --all -s dev-eu").success();
    assert_eq!(listed.stdout, "terraform_data.it\n".repeat(3));
    // What only says something may run at once.
    let at_once = terraform(&sandbox, "validate --all -s dev-eu --max-concurrency 2").success();
    let at_once = at_once.says("3 succeeded");
    assert!(at_once.stdout.contains("[dev-eu/vpc] "), "{at_once}");
    terraform(&sandbox, "validate --tags none").success().says("No components matched");
}

#[test]
fn outputs_of_many_are_one_document() {
    let sandbox = sandbox();
    terraform(&sandbox, "apply --components vpc,db -s dev-* -auto-approve").success();
    let both = |stage: &str| json!({"vpc": {"name": format!("vpc-{stage}")}, "db": {"name": format!("db-{stage}")}});
    let expected = json!({"dev-eu": both("dev-eu"), "dev-us": both("dev-us")});
    for more in ["", " --max-concurrency 2"] {
        let found = terraform(&sandbox, &format!("output --components vpc,db -s dev-* --format json{more}")).success();
        assert_eq!(serde_json::from_str::<Value>(&found.stdout).unwrap(), expected, "{found}");
    }
    let yaml = terraform(&sandbox, "output --components vpc -s dev-eu --format yaml").success();
    assert_eq!(yaml.stdout, "dev-eu:\n  vpc:\n    name: vpc-dev-eu\n");
    terraform(&sandbox, "output --all -s dev-eu --format csv").exits(1).says("--format json");
    terraform(&sandbox, "output --components vpc -s dev-eu --format json --output-file o.json").success();
    assert_eq!(serde_json::from_str::<Value>(&sandbox.read("o.json")).unwrap()["dev-eu"]["vpc"]["name"], "vpc-dev-eu");
}

#[test]
fn what_is_about_one_component_says_so() {
    let sandbox = sandbox();
    for (line, phrase) in [
        ("console --all -s prod", "`atmos terraform console` is about one"),
        ("import --components vpc -s prod", "`atmos terraform import` is about one"),
        ("force-unlock --all -s prod", "`atmos terraform force-unlock` is about one"),
        ("shell --all", "`atmos terraform shell` is about one"),
        ("state rm --all -s prod", "`terraform state rm` is about one"),
        ("state push --tags a -s prod", "`terraform state push` is about one"),
        ("validate vpc -s prod --all", "can't be used with --all"),
        ("validate vpc -s prod --exclude db", "can't be used with --exclude"),
        ("validate --exclude db", "--exclude needs a selection of many components"),
    ] {
        terraform(&sandbox, line).exits(1).says(phrase);
    }
}

#[test]
fn names_to_leave_out_and_patterns_of_stacks() {
    let sandbox = sandbox();
    for (line, expected) in [
        ("plan --all -s prod --exclude db", &["plan vpc in prod", "plan app in prod"][..]),
        ("plan -s prod --exclude v*,app", &["plan db in prod"]),
        ("plan --components vpc,d* -s dev-eu --exclude vpc", &["plan db in dev-eu"]),
        ("plan --components vpc -s dev-*", &["plan vpc in dev-eu", "plan vpc in dev-us"]),
        ("validate -s {prod,dev-us} --exclude db --exclude app", &["validate vpc in dev-us", "validate vpc in prod"]),
        ("plan --components vpc -s prod --include-dependents --exclude db", &["plan vpc in prod", "plan app in prod"]),
        ("destroy --components vp? -s prod", &["destroy vpc in prod"]),
    ] {
        let mut found = chosen(&sandbox, line);
        if line.contains("-s {") {
            found.sort();
        }
        assert_eq!(found, expected, "{line}");
    }
    for (line, phrase, help) in [
        ("plan --all -s prod --exclude dbs", "no component `dbs`", "did you mean `db`?"),
        ("plan --all -s prod --exclude x*", "no component `x*`", "atmos list components"),
        ("plan --components vpd*", "no component `vpd*`", "did you mean `vpc`?"),
        ("plan --all -s prodd*", "stack prodd* does not exist", "did you mean `prod`?"),
        ("plan --all -s a[b", "invalid pattern `a[b`", "close every bracket"),
    ] {
        terraform(&sandbox, &format!("{line} --dry-run")).exits(1).says(phrase).says(help);
    }
}

#[test]
fn a_person_is_asked_once_for_the_whole_run() {
    let sandbox = sandbox();
    let start = |line: &str| {
        let words: Vec<&str> = std::iter::once("terraform").chain(line.split(' ')).collect();
        Terminal::start(sandbox.atmos_command(&words))
    };
    let state = "ct/vpc/terraform.tfstate.d/prod/terraform.tfstate";
    let mut terminal = start("apply --all -s prod");
    terminal.expect("will run for 3 components");
    terminal.expect("app in prod");
    terminal.expect("terraform apply. for all of them");
    terminal.type_line("n");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 1, "{seen}");
    assert!(!sandbox.repo().join(state).exists() && seen.contains("not confirmed"), "{seen}");
    let mut terminal = start("apply --all -s prod --max-concurrency 2");
    terminal.expect("terraform apply. for all of them");
    terminal.type_line("y");
    let (code, seen) = terminal.finish();
    assert!(code == 0 && seen.contains("3 succeeded") && !seen.contains("Enter a value"), "{code} {seen}");
    assert!(sandbox.read(state).contains("vpc-prod"));
    // Answered beforehand; and Ctrl-C leaves the question.
    let (code, seen) = start("apply --all -s prod --yes").finish();
    assert!(code == 0 && !seen.contains("all of them"), "{code} {seen}");
    let mut terminal = start("destroy --all -s prod");
    terminal.expect("terraform destroy. for all of them");
    terminal.press("\x03");
    assert_eq!(terminal.finish().0, 130);
    // Without a terminal nobody is asked, and it is said what to do.
    terraform(&sandbox, "apply --all -s prod").exits(1).says("-auto-approve");
    terraform(&sandbox, "destroy vpc -s prod --yes").success();
    assert!(!sandbox.read(state).contains("vpc-prod"));
}

#[test]
fn helmfile_asks_once_before_it_destroys_many() {
    let mut sandbox = sandbox();
    sandbox.record(&["HELMFILE"]);
    let mut terminal = Terminal::start(sandbox.atmos_command(&["helmfile", "destroy", "--all", "-s", "prod"]));
    terminal.expect("helmfile destroy. for all of them");
    terminal.type_line("n");
    assert_eq!(terminal.finish().0, 1);
    assert_eq!(sandbox.calls(), Vec::<String>::new());
    let yes = sandbox.atmos_command(&["helmfile", "destroy", "--all", "-s", "prod", "--yes"]);
    assert_eq!(Terminal::start(yes).finish().0, 0);
    sandbox.atmos(&["helmfile", "destroy", "--all", "-s", "prod"]).success();
    assert_eq!(sandbox.calls().len(), 4);
}

#[test]
fn exec_runs_any_command_as_a_run_would() {
    let sandbox = sandbox();
    terraform(&sandbox, "exec vpc -s prod -- apply -auto-approve").success();
    let state = sandbox.read("ct/vpc/terraform.tfstate.d/prod/terraform.tfstate");
    assert!(state.contains("vpc-prod"), "the workspace and the variables are those of the instance: {state}");
    let raw = terraform(&sandbox, "exec vpc -s prod -- output -raw name").success();
    assert_eq!(raw.stdout, "vpc-prod");
    terraform(&sandbox, "exec vpc -s prod -- frobnicate").exits(1);
    terraform(&sandbox, "exec vpc -s prod").exits(1).says("has nothing to run");
    terraform(&sandbox, "exec vpc -s prod output -- x").exits(1).says("`output` stands before `--`");
    sandbox.write("s/prod.yaml", &stack("prod").replace("vpc: {", "vpc: {metadata: {locked: true}, "));
    terraform(&sandbox, "exec vpc -s prod -- destroy -auto-approve").exits(1).says("locked");
    terraform(&sandbox, "exec vpc -s prod -- output").success();
}

#[test]
fn helmfile_exec_adds_the_varfile() {
    let mut sandbox = sandbox();
    sandbox.record(&["HELMFILE"]);
    sandbox.atmos(&["helmfile", "exec", "web", "-s", "prod", "--", "list", "--output", "json"]).success();
    let calls = sandbox.calls();
    assert!(calls.len() == 1 && calls[0].contains("prod-web.helmfile.vars.yaml list --output json"), "{calls:?}");
    sandbox.atmos(&["helmfile", "exec", "web", "-s", "prod"]).exits(1).says("has nothing to run");
    // What it runs is treated as it is by itself: of many, those that are locked are passed over.
    sandbox.write("s/prod.yaml", &stack("prod").replace("web: {}", "web: {metadata: {locked: true}}"));
    sandbox.calls();
    let run = sandbox.atmos(&["helmfile", "exec", "--all", "-s", "prod", "--", "sync"]).success();
    run.says("web in prod is locked and skipped");
    let calls = sandbox.calls();
    assert!(calls.len() == 1 && calls[0].contains("prod-api.helmfile.vars.yaml sync"), "{calls:?}");
    sandbox.atmos(&["helmfile", "exec", "web", "-s", "prod", "--", "sync"]).exits(1).says("locked");
}

#[test]
fn the_environment_of_a_component_is_printed_without_a_shell() {
    let sandbox = sandbox();
    let own = "vpc: {env: {REGION_NAME: 'eu west', GONE: null}, ";
    sandbox.write("s/prod.yaml", &stack("prod").replace("vpc: {", own));
    let found = terraform(&sandbox, "env vpc -s prod --format json").success().json();
    let of = |name: &str| found[name].as_str().map(str::to_owned);
    assert_eq!((of("REGION_NAME").as_deref(), of("ATMOS_STACK").as_deref()), (Some("eu west"), Some("prod")));
    assert_eq!((of("ATMOS_TERRAFORM_WORKSPACE").as_deref(), of("ATMOS_SHLVL")), (Some("prod"), None));
    let bash = terraform(&sandbox, "env vpc -s prod --format bash").success();
    assert!(bash.stdout.contains("export REGION_NAME='eu west'\n") && bash.stdout.contains("unset GONE\n"), "{bash}");
    let dotenv = terraform(&sandbox, "env vpc -s prod").success();
    assert!(dotenv.stdout.contains("REGION_NAME='eu west'\n"), "{dotenv}");
    terraform(&sandbox, "env vpc -s prod --format toml").exits(1);
    assert!(!sandbox.repo().join("ct/vpc/.terraform").exists(), "nothing was started");
}

#[test]
fn who_needs_what_is_destroyed_is_named() {
    let sandbox = sandbox();
    for (line, said) in [
        ("destroy vpc -s prod", Some("db in prod depends on vpc in prod and will not be destroyed")),
        ("destroy --components db,vpc -s prod", Some("app in prod depends on db in prod")),
        ("destroy --components db --include-dependencies -s prod", Some("app in prod depends on db in prod")),
        ("apply vpc -s prod -destroy", Some("db in prod depends on vpc in prod")),
        ("destroy --all -s prod", None),
        ("destroy app -s prod", None),
        ("apply vpc -s prod", None),
    ] {
        let outcome = terraform(&sandbox, &format!("{line} --dry-run")).success();
        match said {
            Some(said) => outcome.says(said),
            None => outcome.says_not("depends on"),
        };
    }
    terraform(&sandbox, "destroy vpc -s prod -auto-approve").success().says("db in prod depends on vpc in prod");
}

#[test]
fn who_needs_what_is_destroyed_from_another_stack_is_named() {
    let sandbox = sandbox();
    sandbox.write("s/prod.yaml", &stack("prod"));
    let more = "vars: {stage: edge}\nterraform: {backend_type: local, backend: {local: {}}}\ncomponents:\n  terraform:\n    \
                vpc: {metadata: {component: app}, vars: {name: x}, dependencies: {components: [{name: vpc, stack: prod}]}}\n    \
                old: {metadata: {component: app}, vars: {name: x}, settings: {depends_on: {1: {component: vpc, stack: prod}}}}\n    \
                far: {metadata: {component: app}, vars: {name: x}, settings: {depends_on: {1: {component: vpc, stage: prod}}}}\n    \
                own: {metadata: {component: app}, vars: {name: x}, settings: {depends_on: {1: {component: vpc}}}}\n  helmfile:\n    \
                vpc: {dependencies: {components: [{name: vpc, stack: prod}, {name: vpc, stack: prod, kind: terraform}]}}\n";
    sandbox.write("s/edge.yaml", more);
    terraform(&sandbox, "destroy vpc -s prod --dry-run")
        .success()
        .says("db in prod, far in edge, old in edge, vpc in edge depend on vpc in prod and will not be destroyed");
}

#[test]
fn states_of_locked_components_are_left_alone() {
    let sandbox = sandbox();
    terraform(&sandbox, "apply vpc -s prod -auto-approve").success();
    sandbox.write("s/prod.yaml", &stack("prod").replace("vpc: {", "vpc: {metadata: {locked: true}, "));
    let state = "ct/vpc/terraform.tfstate.d/prod/terraform.tfstate";
    let before = sandbox.read(state);
    for line in [
        "state rm vpc terraform_data.it -s prod",
        "state mv vpc terraform_data.it terraform_data.other -s prod",
        "state push vpc other.tfstate -s prod",
        "state replace-provider vpc a b -s prod -auto-approve",
        "force-unlock vpc 0 -s prod -force",
        "refresh vpc -s prod",
        "exec vpc -s prod -- -chdir=. apply -auto-approve",
        "workspace delete vpc -s prod -force",
        "clean vpc -s prod --everything --force",
        "clean --everything --force",
    ] {
        terraform(&sandbox, line).exits(1).says("locked");
    }
    assert_eq!(sandbox.read(state), before);
    terraform(&sandbox, "state list vpc -s prod").success();
}

#[test]
fn a_dry_run_is_a_document() {
    let sandbox = sandbox();
    let secret = "vpc: {env: {TOKEN_OF_VPC: dont-show-me}, ";
    sandbox.write("s/prod.yaml", &stack("prod").replace("vpc: {", secret));
    let before = Sandbox::files_below(&sandbox.repo());
    let outcome = terraform(&sandbox, "plan vpc -s prod -lock=false --dry-run --format json").success();
    assert!(!outcome.stdout.contains("dont-show-me"), "{outcome}");
    let found = outcome.json();
    assert_eq!((&found["tool"], &found["command"]), (&json!("terraform"), &json!("plan")));
    let run = &found["runs"][0];
    assert_eq!((&run["component"], &run["stack"], &run["workspace"]), (&json!("vpc"), &json!("prod"), &json!("prod")));
    assert!(run["cwd"].as_str().unwrap().ends_with("ct/vpc"));
    let steps: Vec<&str> = run["commands"].as_array().unwrap().iter().filter_map(|one| one["step"].as_str()).collect();
    assert_eq!(steps, ["init", "workspace", "main"]);
    let main: Vec<&str> =
        run["commands"][2]["argv"].as_array().unwrap().iter().skip(1).filter_map(Value::as_str).collect();
    assert_eq!(main.join(" "), "plan -var-file prod-vpc.terraform.tfvars.json -out prod-vpc.planfile -lock=false");
    let names: Vec<&str> = run["environment"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&"TOKEN_OF_VPC") && names.contains(&"TF_IN_AUTOMATION"), "{names:?}");
    let written = json!(["backend.tf.json", "prod-vpc.planfile", "prod-vpc.terraform.tfvars.json"]);
    assert_eq!(run["files"]["written"], written);
    let many = terraform(&sandbox, "destroy --all -s dev-* --dry-run --format json").success().json();
    let order: Vec<&str> =
        many["runs"].as_array().unwrap().iter().filter_map(|run| run["component"].as_str()).collect();
    assert_eq!(order.iter().filter(|name| **name == "app").count(), 2);
    assert_eq!((order.first(), order.last()), (Some(&"app"), Some(&"vpc")));
    let helmfile =
        sandbox.atmos(&["helmfile", "sync", "--all", "-s", "prod", "--dry-run", "--format", "json"]).success();
    let argv = &helmfile.json()["runs"][0]["commands"][0]["argv"];
    assert_eq!(argv[3], "sync", "{helmfile}");
    assert_eq!(Sandbox::files_below(&sandbox.repo()), before, "nothing is written");
    terraform(&sandbox, "plan vpc -s prod --format json").exits(1).says("--dry-run");
    terraform(&sandbox, "plan vpc -s prod --dry-run --format toml").exits(1).says("--format");
}

#[test]
fn a_saved_plan_of_other_variables_is_not_applied() {
    let sandbox = sandbox();
    let state = "ct/vpc/terraform.tfstate.d/prod/terraform.tfstate";
    terraform(&sandbox, "plan vpc -s prod").success();
    sandbox.write("s/prod.yaml", &stack("prod").replace("name: vpc", "name: other"));
    let refused = terraform(&sandbox, "apply vpc -s prod --from-plan").exits(1);
    refused.says("the variables have changed").says("atmos terraform plan vpc -s prod").says("--planfile");
    assert!(!sandbox.repo().join(state).exists());
    // Planned again it is applied; and whoever names the file has the old one.
    terraform(&sandbox, "plan vpc -s prod").success();
    terraform(&sandbox, "apply vpc -s prod --from-plan").success();
    assert!(sandbox.read(state).contains("other-prod"));
    terraform(&sandbox, "plan vpc -s prod -out mine.plan").success();
    sandbox.write("s/prod.yaml", &stack("prod").replace("name: vpc", "name: third"));
    terraform(&sandbox, "apply vpc -s prod --from-plan=mine.plan").exits(1).says("the variables have changed");
    terraform(&sandbox, "apply vpc -s prod --planfile mine.plan").success();
    // A backend at another place is another state.
    sandbox.write("s/prod.yaml", &stack("prod"));
    terraform(&sandbox, "plan vpc -s prod").success();
    let moved = "terraform: {backend_type: local, backend: {local: {workspace_dir: elsewhere}}}";
    sandbox.write("s/prod.yaml", &stack("prod").replace("terraform: {backend_type: local}", moved));
    terraform(&sandbox, "apply vpc -s prod --from-plan").exits(1).says("the backend has changed");
}
