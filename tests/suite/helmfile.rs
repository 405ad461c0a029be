//! Helmfile components on a real Kubernetes API.

use crate::support::{Cloud, Kube, Sandbox};

#[test]
fn deploy_puts_the_release_on_the_cluster_as_the_identity() {
    let kube = Kube::start();
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("KUBECONFIG", &kube.kubeconfig);
    cloud.login("data-admin").success();
    let deploy = cloud.sandbox.atmos(&["helmfile", "deploy", "web", "-s", "dev"]).success();
    let read = |path: &str| kube.kubectl(&["get", "configmap", "web", "-o", &format!("jsonpath={{.data.{path}}}")]);
    assert_eq!(read("greeting").as_deref(), Some("hello"), "{deploy}");
    assert_eq!(read("stage").as_deref(), Some("dev"));
    let environment = cloud.probe("dev-web").environment();
    assert_eq!(environment.get("AWS_PROFILE").map(String::as_str), Some("data-admin"));
    assert!(cloud.probe("dev-web").caller().contains("AWSReservedSSO_DataOps"));
    let varfile = cloud.sandbox.repo().join("components/helmfile/web/dev-web.helmfile.vars.yaml");
    assert!(!varfile.exists(), "the varfile goes after a success");
    cloud.assert_clean();
    cloud.sandbox.atmos(&["helmfile", "destroy", "web", "-s", "dev"]).success();
    assert_eq!(read("greeting"), None);
    cloud.assert_clean();
}

#[test]
fn kubeconfig_of_the_settings_reaches_helmfile() {
    let kube = Kube::start();
    let sandbox = Sandbox::example();
    let settings = sandbox.read("atmos.yaml");
    let path = kube.kubeconfig.display();
    let settings = settings.replace("    use_eks: false", &format!("    use_eks: false\n    kubeconfig_path: {path}"));
    sandbox.write("atmos.yaml", &settings);
    sandbox.atmos(&["helmfile", "sync", "web", "-s", "prod"]).success();
    let stage = kube.kubectl(&["get", "configmap", "web", "-o", "jsonpath={.data.stage}"]);
    assert_eq!(stage.as_deref(), Some("prod"));
}

#[test]
fn failure_of_helmfile_keeps_its_code_and_the_varfile() {
    let sandbox = Sandbox::example();
    sandbox.write("components/helmfile/web/chart/templates/broken.yaml", "{{ fail \"on purpose\" }}\n");
    let template = sandbox.atmos(&["helmfile", "template", "web", "-s", "dev"]);
    assert_ne!(template.code(), 0);
    let template = template.says("subcommand exited with code");
    assert!(sandbox.repo().join("components/helmfile/web/dev-web.helmfile.vars.yaml").exists(), "{template}");
}

#[test]
fn dry_run_starts_nothing() {
    let sandbox = Sandbox::example();
    let before = Sandbox::files_below(&sandbox.repo());
    sandbox.atmos(&["helmfile", "sync", "web", "-s", "dev", "--dry-run"]).success();
    assert_eq!(Sandbox::files_below(&sandbox.repo()), before);
}

#[test]
fn varfile_is_generated_as_yaml() {
    let sandbox = Sandbox::example();
    sandbox.atmos(&["helmfile", "generate", "varfile", "web", "-s", "dev"]).success();
    let text = sandbox.read("components/helmfile/web/dev-web.helmfile.vars.yaml");
    let values: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!((&values["greeting"], &values["stage"]), (&"hello from dev".into(), &"dev".into()));
}
