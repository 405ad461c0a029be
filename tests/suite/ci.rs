//! What runs tell the CI system, and planfiles that are kept between two of its jobs. With the real terraform.

use crate::support::{Outcome, Sandbox, Sts, exchange};

const PLAN: [&str; 5] = ["terraform", "plan", "app", "-s", "dev"];
const STORE: &str = "planfiles: {stores: {here: {type: local/dir, options: {path: .plans}}}}";

/// A repository with the components `app` and `other`, which these settings are for.
fn sandbox(ci: &str, terraform: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty().with_terraform();
    let more = if terraform.is_empty() { String::new() } else { format!(", {terraform}") };
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\n\
             components: {{terraform: {{base_path: components/terraform, deploy_run_init: true{more}}}}}\n{ci}\n"
        ),
    );
    for name in ["app", "other"] {
        sandbox.write(
            &format!("components/terraform/{name}/main.tf"),
            "variable \"stage\" {\n  type = string\n}\nvariable \"text\" {\n  default = \"first\"\n}\n\
             resource \"terraform_data\" \"it\" {\n  input = var.text\n}\noutput \"text\" {\n  value = var.text\n}\n",
        );
    }
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {app: {}, other: {}}}\n");
    sandbox.set("ATMOS_CI_SHA", "abc123");
    sandbox
}

/// The same where GitHub Actions runs it.
fn on_github(terraform: &str) -> Sandbox {
    let mut sandbox = sandbox("ci: {enabled: true}", terraform);
    let file = |name: &str| sandbox.root().join(name);
    for (name, value) in [
        ("GITHUB_ACTIONS", "true".into()),
        ("CI", "true".into()),
        ("GITHUB_OUTPUT", file("output")),
        ("GITHUB_STEP_SUMMARY", file("summary")),
    ] {
        sandbox.set(name, value);
    }
    sandbox
}

/// What a file outside of the repository has had since the last look.
fn since(sandbox: &Sandbox, name: &str) -> String {
    let path = sandbox.root().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    text
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn github_is_told_of_plans_and_applies() {
    let sandbox = on_github("");
    sandbox.atmos(&PLAN).success();
    has(
        &since(&sandbox, "summary"),
        &[
            "## Resource Changes Found for `app` in `dev`",
            "<a id=\"result-dev-app\" />Plan: 1 to add, 0 to change, 0 to destroy.</summary>",
            "+ terraform_data.it",
            "atmos terraform plan app -s dev",
            "Terraform <strong>Plan</strong> Summary",
        ],
    );
    let output = since(&sandbox, "output");
    let lines = ["has_changes=true\n", "has_errors=false\n", "exit_code=0\n", "resources_to_create=1\n", "stack=dev\n"];
    has(&output, &lines);
    has(&output, &["summary<<EOF\n", "plan_summary=Plan: 1 to add, 0 to change, 0 to destroy.\n"]);

    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    has(&since(&sandbox, "summary"), &["## Apply Succeeded for `app` in `dev`", "| `text` | `first` |"]);
    has(&since(&sandbox, "output"), &["success=true\n", "output_text=first\n", "command=apply\n"]);

    sandbox.atmos(&PLAN).success();
    has(&since(&sandbox, "summary"), &["## No Changes for `app` in `dev`", "Your infrastructure matches"]);
    has(&since(&sandbox, "output"), &["has_changes=false\n"]);
    // What shows data is nobody's business.
    sandbox.atmos(&["terraform", "output", "app", "-s", "dev"]).success();
    assert_eq!(since(&sandbox, "summary") + &since(&sandbox, "output"), "");
}

#[test]
fn failures_are_told_whether_or_not_terraform_ran() {
    let sandbox = on_github("");
    sandbox.write("components/terraform/app/bad.tf", "output \"bad\" {\n  value = nothing.here\n}\n");
    sandbox.atmos(&PLAN).exits(1);
    has(&since(&sandbox, "summary"), &["## Plan Failed for `app` in `dev`", "Error: "]);
    has(&since(&sandbox, "output"), &["has_errors=true\n", "has_changes=false\n", "exit_code=1\n"]);
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\ncomponents: {terraform: {app: {metadata: {component: gone}}}}\n",
    );
    sandbox.atmos(&PLAN).exits(1);
    has(&since(&sandbox, "summary"), &["## Plan Failed for `app` in `dev`", "does not exist"]);
}

#[test]
fn other_systems_are_told_where_somebody_asks_for_it() {
    let mut quiet = sandbox("ci: {enabled: true, output: {variables: [has_changes]}}", "");
    quiet.atmos(&PLAN).success().says_not("has_changes");
    let told = quiet.atmos(&[&PLAN[..], &["--ci"]].concat()).success();
    let told = told.says("## Resource Changes Found for `app` in `dev`").says("has_changes=true");
    assert!(!told.mentions("has_errors"), "{told}");
    let file = quiet.root().join("vars.env");
    quiet.set("ATMOS_CI_OUTPUT", &file);
    quiet.atmos(&[&PLAN[..], &["--ci"]].concat()).success().says_not("has_changes=true");
    assert_eq!(since(&quiet, "vars.env"), "has_changes=true\n");
    sandbox("", "").atmos(&[&PLAN[..], &["--ci"]].concat()).success().says_not("has_changes");
}

#[test]
fn a_summary_may_have_a_template_of_the_repository() {
    let sandbox = on_github("");
    let text =
        sandbox.read("atmos.yaml").replace("ci: {enabled: true}", "ci: {enabled: true, templates: {base_path: ci}}");
    sandbox.write("atmos.yaml", &text);
    sandbox.write(
        "ci/terraform/plan.md",
        "{{ .Component }}/{{ .Stack }}: +{{ .Resources.Create }} {{ if .HasChanges }}{{ range .CreatedResources }}{{ . }};{{ end }}{{ end }}\n",
    );
    sandbox.atmos(&PLAN).success();
    assert_eq!(since(&sandbox, "summary"), "app/dev: +1 terraform_data.it;\n");
    sandbox.write("ci/terraform/plan.md", "{{ .Nothing.Here }}");
    sandbox.atmos(&PLAN).success().says("ci/terraform/plan.md cannot be rendered");
    has(&since(&sandbox, "summary"), &["## Resource Changes Found"]);
}

#[test]
fn a_run_of_many_components_is_told_in_one_piece() {
    let sandbox = on_github("");
    for more in [&[][..], &["--max-concurrency", "2"]] {
        sandbox.atmos(&[&["terraform", "plan", "--all"][..], more].concat()).success();
        has(
            &since(&sandbox, "summary"),
            &[
                "## Terraform Plan Summary\n\n2 components: 2 changed, 0 failed, 0 skipped",
                "| dev | app | Plan: 1 to add",
            ],
        );
        has(
            &since(&sandbox, "output"),
            &["components_total=2\n", "resources_to_create=2\n", "stack=all\n", "exit_code=2\n"],
        );
    }
    sandbox.write("components/terraform/app/bad.tf", "output \"bad\" {\n  value = nothing.here\n}\n");
    sandbox.atmos(&["terraform", "plan", "--all", "-s", "dev"]).exits(1);
    has(&since(&sandbox, "summary"), &["1 failed, 1 skipped", "### Failed Components"]);
    has(&since(&sandbox, "output"), &["components_failed=1\n", "components_skipped=1\n", "stack=dev\n"]);
}

#[test]
fn changes_are_no_failure_in_ci_unless_the_configuration_says_so() {
    let detailed = [&PLAN[..], &["-detailed-exitcode"]].concat();
    sandbox("", "").atmos(&detailed).exits(2);
    sandbox("ci: {enabled: true}", "").atmos(&detailed).success();
    sandbox("ci: {enabled: true}", "ci: {exit_codes: {0: true, 2: false}}").atmos(&detailed).exits(2);
    let forgiving = sandbox("ci: {enabled: true}", "ci: {exit_codes: {1: true}}");
    forgiving.write("components/terraform/app/bad.tf", "output \"bad\" {\n  value = nothing.here\n}\n");
    forgiving.atmos(&PLAN).success().says("calls a success");
}

fn planfile(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.atmos(&[&["terraform", "planfile"], words].concat())
}

#[test]
fn planfiles_are_kept_listed_fetched_and_deleted() {
    let mut sandbox = on_github(STORE);
    let plan = "components/terraform/app/dev-app.planfile";
    sandbox.atmos(&PLAN).success().says("Uploaded planfile to local/dir: dev/app/abc123.tfplan.tar");
    has(&since(&sandbox, "output"), &["artifact_key=dev/app/abc123.tfplan.tar\n"]);
    let plan = sandbox.repo().join(plan);
    let kept = std::fs::read(&plan).unwrap();
    std::fs::remove_file(&plan).unwrap();
    let listed = planfile(&sandbox, &["list", "--format", "json"]).success().json();
    assert_eq!((&listed[0]["component"], &listed[0]["sha"]), (&"app".into(), &"abc123".into()), "{listed}");
    let shown = planfile(&sandbox, &["show", "app", "-s", "dev", "--format", "json"]).success().json();
    assert_eq!((&shown["additions"], &shown["has_changes"]), (&1.into(), &true.into()), "{shown}");
    planfile(&sandbox, &["download", "app", "-s", "dev"]).success().says("Downloaded planfile from local/dir");
    assert!(std::fs::read(&plan).unwrap() == kept, "the plan came back changed");
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--from-plan"]).success();

    let missing = planfile(&sandbox, &["upload", "app", "-s", "dev"]).exits(1);
    missing.says("there is no planfile of app in dev").says("atmos terraform plan app -s dev");
    std::fs::write(sandbox.root().join("mine"), "x").unwrap();
    let mine = sandbox.root().join("mine");
    let words = ["upload", "other", "-s", "dev", "--sha", "def", "--planfile", mine.to_str().unwrap()];
    planfile(&sandbox, &words).success().says("dev/other/def.tfplan.tar");
    planfile(&sandbox, &["upload", "app"]).exits(1).says("--stack/-s is required");
    planfile(&sandbox, &["download", "other", "-s", "dev"]).exits(1).says("there is no planfile");
    let archive = sandbox.repo().join(".plans/dev/other/def.tfplan.tar");
    std::fs::write(&archive, "other").unwrap();
    sandbox.set("ATMOS_CI_SHA", "def");
    planfile(&sandbox, &["download", "other", "-s", "dev"]).exits(1).says("is not what was put there");
    planfile(&sandbox, &["delete", "--all"]).exits(1).says("interactive confirmation not available");
    planfile(&sandbox, &["delete", "--all", "--force"]).success().says("Deleted 2 planfile(s)");
    assert_eq!(planfile(&sandbox, &["list", "--all", "--format", "json"]).success().json(), serde_json::json!([]));
    planfile(&sandbox, &["list", "--store", "hree"]).exits(1).says("did you mean `here`?");
}

#[test]
fn planfiles_are_kept_in_a_bucket() {
    let sts = Sts::start();
    let mut sandbox = on_github(
        "planfiles: {default: s3, stores: {s3: {type: aws/s3, options: {bucket: plans, prefix: a/b, region: eu-west-1}}}}",
    );
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIAPLANFILES0000000"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL_S3", sts.url.as_str()),
    ] {
        sandbox.set(name, value);
    }
    sandbox.atmos(&PLAN).success().says("the planfile was not kept");
    exchange("PUT", &format!("{}/plans", sts.unrecorded()), "").unwrap();
    sandbox
        .atmos(&["terraform", "plan", "--all"])
        .success()
        .says("Uploaded planfile to aws/s3: dev/other/abc123.tfplan.tar");
    let listed = planfile(&sandbox, &["list", "other", "--format", "json"]).success().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    planfile(&sandbox, &["download", "app", "-s", "dev", "-o", "fetched"]).success();
    assert!(sandbox.repo().join("fetched").is_file());
    planfile(&sandbox, &["delete", "app", "-s", "dev", "--force"]).success();
    planfile(&sandbox, &["show", "app", "-s", "dev"]).exits(1).says("there is no planfile");
}

#[test]
fn a_deploy_applies_what_was_planned_or_nothing() {
    let sandbox = on_github(STORE);
    let deploy = ["terraform", "deploy", "app", "-s", "dev"];
    let state = || {
        let path = "components/terraform/app/terraform.tfstate.d/dev/terraform.tfstate";
        std::fs::read_to_string(sandbox.repo().join(path)).unwrap_or_default()
    };
    sandbox.atmos(&deploy).exits(1).says("plan verification failed: no stored planfile was found");
    assert!(!state().contains("terraform_data"));
    sandbox.atmos(&PLAN).success();
    sandbox.atmos(&deploy).success().says("is the stored one");
    has(&state(), &["first"]);
    assert!(!sandbox.repo().join("components/terraform/app/stored.plan.tfplan").exists());
    // Somebody changed the variables after the plan had been looked at.
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\ncomponents: {terraform: {app: {vars: {text: second}}, other: {}}}\n",
    );
    let outcome = sandbox.atmos(&deploy).exits(1);
    outcome.says("plan verification failed").says("second");
    has(&state(), &["first"]);
    sandbox.atmos(&[&deploy[..], &["--verify-plan=false"]].concat()).success();
    has(&state(), &["second"]);
    self::sandbox("", "").atmos(&[&deploy[..], &["--verify-plan"]].concat()).exits(1).says("needs a planfile store");
}

#[test]
fn a_cache_between_jobs_is_said_not_to_be_there() {
    let sandbox = Sandbox::empty();
    let configured = |cache: &str| {
        let text = format!(
            "stacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\nci: {{cache: {cache}}}\n"
        );
        sandbox.write("atmos.yaml", &text);
        sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\n");
    };
    let list = ["list", "stacks"];
    configured("{enabled: true, auto: both}");
    sandbox.atmos_with(&[("CI", "true")], &list).success().says("`ci.cache` (auto: both) is not built yet");
    let silent = |variables: &[(&str, &str)]| {
        let run = sandbox.atmos_with(variables, &list).success();
        assert!(!run.mentions("ci.cache"), "{run}");
    };
    silent(&[]);
    configured("{enabled: true, auto: off}");
    silent(&[("CI", "true")]);
    let asked = [("CI", "true"), ("ATMOS_CI_CACHE_ENABLED", "true"), ("ATMOS_CI_CACHE_AUTO", "restore")];
    configured("{}");
    sandbox.atmos_with(&asked, &list).success().says("(auto: restore) is not built yet");
}
