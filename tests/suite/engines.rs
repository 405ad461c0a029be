//! Files for engines that run atmos: Atlantis, GitLab, Argo Workflows, GitHub Actions. Those of GitLab and GitHub are checked
//! against the published schemas; of the others the structure is looked at here, since neither program nor schema can be had.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Sandbox, find_part, repository};

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
integrations:
  atlantis:
    path: out/atlantis.yaml
    config_templates:
      main: {version: 3, automerge: true, delete_source_branch_on_merge: true, parallel_plan: true, parallel_apply: true, allowed_regexp_prefixes: [dev/]}
    project_templates:
      usual:
        name: '{stage}-{component}'
        workspace: '{workspace}'
        dir: ./{component-path}
        terraform_version: v1.2
        autoplan: {enabled: true, when_modified: ['**/*.tf', 'varfiles/{stage}-{component}.tfvars.json']}
        apply_requirements: [approved]
      bare: {name: 'x-{component}', workspace: w, dir: d}
    workflow_templates: {plain: {plan: {steps: [{run: 'true'}]}}}
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    for name in ["vpc", "app"] {
        sandbox.write(&format!("components/terraform/{name}/main.tf"), "");
    }
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\nsettings: {atlantis: {config_template_name: main, project_template_name: usual}}\n\
         components:\n  terraform:\n    base: {metadata: {type: abstract}}\n    off: {metadata: {enabled: false}}\n    vpc: {}\n    \
         net/app: {metadata: {component: app}, dependencies: {components: [{component: vpc}]}}\n",
    );
    sandbox.write("stacks/prod.yaml", "vars: {stage: prod}\ncomponents: {terraform: {vpc: {settings: {atlantis: {project_template: {name: own, workspace: w, dir: d}}}}}}\n");
    sandbox
}

fn document(text: &str) -> Value {
    let sources = atmos::span::Sources::default();
    let parsed = atmos::yaml::parse(&sources, Path::new("it.yaml"), Path::new("/"), text.into());
    atmos::value::to_json(&parsed.unwrap())
}

const GENERATE: [&str; 3] = ["atlantis", "generate", "repo-config"];

#[test]
fn atlantis_knows_every_real_component_as_a_project() {
    let sandbox = sandbox();
    sandbox.atmos(&GENERATE).success();
    let text = sandbox.read("out/atlantis.yaml");
    let keys: Vec<&str> =
        text.lines().filter(|line| !line.starts_with([' ', '-'])).filter_map(|line| line.split(':').next()).collect();
    let written = document(&text);
    let expected = [
        "version",
        "automerge",
        "delete_source_branch_on_merge",
        "parallel_plan",
        "parallel_apply",
        "allowed_regexp_prefixes",
        "projects",
        "workflows",
    ];
    assert_eq!(keys, expected);
    let names: Vec<&Value> = written["projects"].as_array().unwrap().iter().map(|project| &project["name"]).collect();
    assert_eq!(names, ["dev-net-app", "dev-vpc", "own"]);
    assert_eq!(
        written["projects"][0],
        json!({
            "name": "dev-net-app",
            "workspace": "dev-net-app",
            "dir": "./components/terraform/app",
            "terraform_version": "v1.2",
            "autoplan": {"enabled": true, "when_modified": ["**/*.tf", "varfiles/dev-net-app.tfvars.json"]},
            "apply_requirements": ["approved"],
        })
    );
    let printed = sandbox
        .atmos(&[&GENERATE[..], &["--output-path", "/dev/stdout", "--components", "vpc", "--stacks", "dev"]].concat());
    assert_eq!(document(&printed.success().stdout)["projects"].as_array().map(Vec::len), Some(1));
    let chosen =
        sandbox.atmos(&[&GENERATE[..], &["--output-path", "/dev/stdout", "--project-template", "bare"]].concat());
    assert_eq!(document(&chosen.success().stdout)["projects"][0]["name"], "x-net-app");
}

#[test]
fn two_projects_of_one_name_are_told() {
    let sandbox = sandbox();
    let stack = sandbox.read("stacks/dev.yaml") + "    net-app: {metadata: {component: app}}\n";
    sandbox.write("stacks/dev.yaml", &stack);
    sandbox.atmos(&GENERATE).success().says("several projects have one name, which Atlantis refuses: `dev-net-app`");
    sandbox.atmos(&[&GENERATE[..], &["--components", "net-app"]].concat()).success().says_not("refuses");
}

#[test]
fn limits_of_gitlab_and_github_are_told() {
    let sandbox = sandbox();
    let stack = |many: usize| {
        let names: Vec<String> = (0..many).map(|at| format!("c{at}")).collect();
        let single = names.iter().map(|name| format!("    {name}: {{metadata: {{component: app}}}}\n"));
        let needs = names.iter().take(51).map(|name| format!("{{component: {name}}}"));
        let needs = needs.collect::<Vec<_>>().join(", ");
        let last = format!("    z: {{metadata: {{component: app}}, dependencies: {{components: [{needs}]}}}}\n");
        let all = single.chain([last]).collect::<String>();
        sandbox.write("stacks/dev.yaml", &format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n{all}"));
    };
    stack(51);
    let pipeline = |format: &str| {
        let words = ["terraform", "generate", "pipeline", "--all", "-s", "dev", "--format", format];
        sandbox.atmos(&words).success()
    };
    pipeline("gitlab").says("GitLab refuses jobs that wait for more than 50 others: z in dev (51)");
    pipeline("argo").says_not("refuses");
    let matrix = || sandbox.atmos(&["list", "instances", "-f", "matrix", "-s", "dev"]).success();
    matrix().says_not("GitHub Actions takes");
    stack(256);
    let seen = matrix();
    assert_eq!(seen.json()["include"].as_array().unwrap().len(), 257);
    seen.says("the matrix has 257 entries, and GitHub Actions takes 256");
}

#[test]
fn templates_of_atlantis_that_are_missing_are_named() {
    let sandbox = sandbox();
    let with = |more: &[&str]| sandbox.atmos(&[&GENERATE[..], more].concat());
    with(&["--config-template", "mian"]).exits(1).says("did you mean `main`?");
    with(&["--project-template", "usul"]).exits(1).says("did you mean `usual`?");
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {vpc: {}}}\n");
    with(&[]).exits(1).says("atlantis project template is not specified for the component 'vpc'");
    with(&["--project-template", "usual"]).exits(1).says("atlantis config template is not specified");
    with(&["x"]).exits(1);
}

#[test]
fn atlantis_is_told_of_what_a_branch_changes() {
    let sandbox = sandbox();
    sandbox.git_init();
    let only = [&GENERATE[..], &["--affected-only", "--base", "HEAD", "--output-path", "/dev/stdout"]].concat();
    assert_eq!(sandbox.atmos(&only).success().stdout, "");
    sandbox.write("components/terraform/app/main.tf", "# changed\n");
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-q", "-m", "second"]);
    let only = only.iter().map(|word| if *word == "HEAD" { "HEAD~1" } else { word }).collect::<Vec<_>>();
    let changed = document(&sandbox.atmos(&only).success().stdout);
    let names: Vec<&Value> = changed["projects"].as_array().unwrap().iter().map(|project| &project["name"]).collect();
    assert_eq!(names, ["dev-net-app"]);
}

#[test]
fn components_become_jobs_behind_what_they_depend_on() {
    let sandbox = sandbox();
    let generate = |engine: &str, more: &[&str]| {
        let words = ["terraform", "generate", "pipeline", "--all", "--format", engine];
        sandbox.atmos(&[&words[..], more].concat())
    };
    let gitlab = document(&generate("gitlab", &["--image", "registry/atmos:1"]).success().stdout);
    assert_eq!(gitlab["plan net/app in dev"]["needs"], json!(["plan vpc in dev"]));
    assert_eq!(gitlab["plan net/app in dev"]["script"], json!(["atmos terraform plan net/app -s dev"]));
    assert_eq!(gitlab["default"]["image"], "registry/atmos:1");
    assert!(gitlab.get("plan vpc in prod").is_some(), "{gitlab}");
    let argo = document(&generate("argo", &["-s", "dev", "--run", "destroy"]).success().stdout);
    let tasks = argo["spec"]["templates"][0]["dag"]["tasks"].as_array().unwrap().clone();
    let names: Vec<&Value> = tasks.iter().map(|task| &task["name"]).collect();
    assert_eq!(names, ["dev-net-app", "dev-vpc"]);
    assert_eq!(tasks[1]["dependencies"], json!(["dev-net-app"]));
    generate("jenkins", &[]).exits(1).says("supported values: gitlab, argo");
    generate("gitlab", &["--run", "fmt"]).exits(1).says("supported values: plan, apply, deploy, destroy");
}

/// Fails unless a document is one of those that the published schema of an engine describes.
#[track_caller]
fn fits(sandbox: &Sandbox, schema: &str, text: &str) {
    sandbox.write("checked.yaml", text);
    let checker = find_part("check-jsonschema").expect("missing part check-jsonschema: run scripts/testbed install");
    let output = sandbox.command(checker).args(["--builtin-schema", schema, "checked.yaml"]).output().unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn pipelines_of_gitlab_fit_the_published_schema() {
    let sandbox = sandbox();
    let all = ["terraform", "generate", "pipeline", "--all", "--format", "gitlab"];
    for more in [&[][..], &["--image", "registry/atmos:1"], &["--run", "apply"], &["--run", "destroy", "-s", "dev"]] {
        fits(&sandbox, "vendor.gitlab-ci", &sandbox.atmos(&[&all[..], more].concat()).success().stdout);
    }
    sandbox.git_init();
    let none = ["terraform", "generate", "pipeline", "--affected", "--base", "HEAD", "--format", "gitlab"];
    let nothing = sandbox.atmos(&none).success().stdout;
    if !nothing.is_empty() {
        fits(&sandbox, "vendor.gitlab-ci", &nothing);
    }
}

/// The workflow of the guide, with what `describe affected` gives in the place of the expression that GitHub evaluates.
#[test]
fn matrix_of_affected_components_fits_a_workflow_of_github() {
    let sandbox = sandbox();
    sandbox.git_init();
    sandbox.write("components/terraform/app/main.tf", "# changed\n");
    sandbox.git(&sandbox.repo(), &["commit", "-q", "-a", "-m", "second"]);
    let words = ["describe", "affected", "--format", "matrix", "--base", "HEAD~1"];
    let matrix = sandbox.atmos(&words).success().stdout;
    let guide = std::fs::read_to_string(repository().join("docs/guide/ci.md")).unwrap();
    let (_, behind) = guide.split_once("```yaml\n# .github/workflows/").expect("the guide has a workflow");
    let (workflow, _) = behind.split_once("\n```").unwrap();
    let workflow = format!("# {workflow}\n");
    fits(&sandbox, "vendor.github-workflows", &workflow);
    let expression = "${{ fromJSON(needs.affected.outputs.matrix) }}";
    assert!(workflow.contains(expression), "{workflow}");
    fits(&sandbox, "vendor.github-workflows", &workflow.replace(expression, matrix.trim()));
    let found = document(&matrix);
    let names: Vec<&Value> = found["include"].as_array().unwrap().iter().map(|one| &one["component"]).collect();
    assert_eq!(names, ["net/app"], "{matrix}");
    for key in ["component", "stack"] {
        assert!(
            workflow.contains(&format!("matrix.{key} ")) && found["include"][0][key].is_string(),
            "{key}: {matrix}"
        );
    }
}
