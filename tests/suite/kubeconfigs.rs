//! Clusters of EKS: each run has a kubeconfig of its own, and the file of the settings is whole.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::Sandbox;

/// Adds a cluster to the file and makes it the current one, as the program of AWS does.
const AWS: &str = r#"#!/bin/sh
for word in "$@"; do
  case "$word" in
    --kubeconfig=*) file="${word#--kubeconfig=}" ;;
    --region=*) region="${word#--region=}" ;;
    --name=*) name="${word#--name=}" ;;
  esac
done
{ grep '^context ' "$file"; echo "context $name $region"; } 2>/dev/null | sort -u >"$file.new"
echo "current $name $region" >>"$file.new"
mv "$file.new" "$file"
"#;

/// Looks at its kubeconfig when the other component has its cluster, too.
const HELMFILE: &str = r#"#!/bin/sh
component=$(basename "$PWD")
if [ -p "$MEET/a" ]; then
  case "$component" in
    web) timeout 100 sh -c 'cat "$MEET/a" && echo >"$MEET/b"' ;;
    api) timeout 100 sh -c 'echo >"$MEET/a" && cat "$MEET/b"' ;;
  esac
fi
{ echo "$KUBECONFIG"; stat -c %a "$(dirname "$KUBECONFIG")"; cat "$KUBECONFIG"; } >"$MEET/$component"
"#;

fn sandbox(settings: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    let configuration = format!(
        "base_path: .\nstacks: {{base_path: stacks, included_paths: ['*'], name_pattern: '{{stage}}'}}\n\
         components:\n  helmfile: {{base_path: ch, use_eks: true, {settings}}}\n\
         auth:\n  providers: {{corp: {{kind: mock/aws, region: eu-west-1}}}}\n  \
         identities: {{alpha: {{kind: mock/aws, default: true, via: {{provider: corp}}}}}}\n"
    );
    sandbox.write("atmos.yaml", &configuration);
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\ncomponents:\n  helmfile:\n    web: {vars: {region: eu-west-1}}\n    api: {vars: {region: us-east-1}}\n",
    );
    for component in ["web", "api"] {
        sandbox.write(&format!("ch/{component}/helmfile.yaml"), "releases: []\n");
    }
    let programs = sandbox.root().join("programs");
    let meet = sandbox.root().join("meet");
    for folder in [&programs, &meet] {
        std::fs::create_dir(folder).unwrap();
    }
    for (name, script) in [("aws", AWS), ("helmfile", HELMFILE)] {
        std::fs::write(programs.join(name), script).unwrap();
        std::fs::set_permissions(programs.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = sandbox.environment()["PATH"].to_string_lossy().into_owned();
    sandbox.set("PATH", format!("{}:{path}", programs.display()));
    sandbox.set("MEET", &meet);
    sandbox.set("ATMOS_KEYRING_TYPE", "memory");
    sandbox
}

/// Path, mode of its folder, and lines of the kubeconfig that a component saw.
fn seen(sandbox: &Sandbox, component: &str) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.root().join("meet").join(component)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn assert_apart(sandbox: &Sandbox) {
    let shared = sandbox.repo().join("kc/dev-kubecfg");
    let mut paths = Vec::new();
    for (component, region) in [("web", "eu-west-1"), ("api", "us-east-1")] {
        let lines = seen(sandbox, component);
        assert_eq!(lines.last().unwrap(), &format!("current dev-k {region}"), "{lines:?}");
        assert_eq!(lines[1], "700", "{lines:?}");
        assert_ne!(Path::new(&lines[0]), shared);
        assert!(!Path::new(&lines[0]).exists(), "it goes with the run");
        paths.push(lines[0].clone());
    }
    assert_ne!(paths[0], paths[1]);
    let kept = std::fs::read_to_string(&shared).unwrap();
    assert!(kept.contains("context dev-k eu-west-1\ncontext dev-k us-east-1\ncurrent "), "{kept}");
    assert_eq!(shared.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn components_of_one_stack_that_run_at_once_never_meet_the_others_cluster() {
    let sandbox = sandbox("cluster_name: dev-k, kubeconfig_path: ../../kc");
    for pipe in ["a", "b"] {
        let made = std::process::Command::new("mkfifo").arg(sandbox.root().join("meet").join(pipe)).status().unwrap();
        assert!(made.success());
    }
    sandbox.atmos(&["helmfile", "sync", "--all", "-s", "dev", "--max-concurrency", "2"]).success();
    assert_apart(&sandbox);
    let runs = ["web", "api"].map(|component| sandbox.spawn(&["helmfile", "sync", component, "-s", "dev"]));
    for run in runs {
        run.wait().success();
    }
    assert_apart(&sandbox);
}

#[test]
fn a_folder_for_kubeconfigs_that_cannot_be_had_is_a_warning() {
    let sandbox = sandbox("cluster_name: dev-k, kubeconfig_path: /proc/none");
    let run = sandbox.atmos(&["helmfile", "sync", "web", "-s", "dev"]).success();
    run.says("cannot create `/proc/none`").says("a kubeconfig of its own");
    assert_eq!(seen(&sandbox, "web").last().unwrap(), "current dev-k eu-west-1");
}

#[test]
fn the_name_of_the_cluster_is_a_template_over_the_component() {
    let template = r#"kubeconfig_path: ../../kc, cluster_name_pattern: "{stage}-pattern", cluster_name_template: "#;
    let named = format!(r#"{template}"{{{{ .vars.stage }}}}-{{{{ .atmos_component }}}}""#);
    let sandbox = sandbox(&named);
    let sync = |words: &[&str]| sandbox.atmos(&[&["helmfile", "sync", "web", "-s", "dev"], words].concat());
    sync(&[]).success();
    assert_eq!(seen(&sandbox, "web").last().unwrap(), "current dev-web eu-west-1");
    sync(&["--cluster-name", "flag"]).success();
    assert_eq!(seen(&sandbox, "web").last().unwrap(), "current flag eu-west-1");
    let variable = [("ATMOS_COMPONENTS_HELMFILE_CLUSTER_NAME_TEMPLATE", "{{ .vars.region }}-x")];
    sandbox.atmos_with(&variable, &["helmfile", "sync", "web", "-s", "dev"]).success();
    assert_eq!(seen(&sandbox, "web").last().unwrap(), "current eu-west-1-x eu-west-1");
    sandbox.write("atmos.yaml", &sandbox.read("atmos.yaml").replace(".atmos_component", ".nothing.here"));
    let wrong = sync(&[]).exits(1);
    wrong.says("the cluster of web in dev has no name").says("cluster_name_template` (atmos.yaml:4:");
}
