//! Helmfile components on a real Kubernetes API.

use crate::support::{AwsServices, Cloud, Kube, Sandbox};

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

#[test]
fn second_deploy_changes_no_object_and_destroy_takes_all_away() {
    let kube = Kube::start();
    let mut sandbox = Sandbox::example();
    sandbox.set("KUBECONFIG", &kube.kubeconfig);
    // Helm's own record of its releases is no object of the release.
    let objects = || {
        kube.kubectl(&[
            "get",
            "configmap",
            "-l",
            "!none",
            "-o",
            "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.metadata.resourceVersion}{'\\n'}{end}",
        ])
    };
    let before = objects();
    sandbox.atmos(&["helmfile", "deploy", "web", "-s", "dev"]).success();
    let first = objects();
    assert!(first != before && first.as_deref().is_some_and(|all| all.contains("web ")), "{first:?}");
    sandbox.atmos(&["helmfile", "deploy", "web", "-s", "dev"]).success();
    assert_eq!(objects(), first, "the second deploy changes nothing");
    sandbox.atmos(&["helmfile", "destroy", "web", "-s", "dev"]).success();
    assert_eq!(objects(), before);
    let releases = kube.kubectl(&["get", "secret", "-l", "owner=helm", "-o", "name"]);
    assert_eq!(releases.as_deref(), Some(""), "helm keeps no record of it");
}

/// Two components in folders of their own, each of which starts only when the other one runs, too. They meet in the folder that
/// is given back.
fn add_twin(sandbox: &Sandbox) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let folder = sandbox.repo().join("components/helmfile");
    for path in Sandbox::files_below(&folder.join("web")) {
        let text = sandbox.read(&format!("components/helmfile/web/{}", path.display()));
        sandbox.write(&format!("components/helmfile/twin/{}", path.display()), &text);
    }
    for (component, first, second) in [("web", "cat a", "echo >b"), ("twin", "echo >a", "cat b")] {
        let script = format!("cd {} && {first} && {second}", place.path().display());
        let file = format!("components/helmfile/{component}/helmfile.yaml.gotmpl");
        let (old, list) = (sandbox.read(&file), "hooks:\n");
        let old = if old.contains(list) { old } else { old + list };
        let hook =
            format!("{list}  - events: [prepare]\n    command: timeout\n    args: ['120', sh, -c, \"{script}\"]\n");
        sandbox.write(&file, &old.replace(list, &hook));
    }
    for pipe in ["a", "b"] {
        let made = std::process::Command::new("mkfifo").arg(place.path().join(pipe)).status().unwrap();
        assert!(made.success());
    }
    place
}

fn greeting(kube: &Kube) -> Option<String> {
    kube.kubectl(&["get", "configmap", "web", "-o", "jsonpath={.data.greeting}"])
}

#[test]
fn two_components_with_kubeconfigs_of_their_own_run_at_once() {
    let (one, two) = (Kube::start(), Kube::start());
    let sandbox = Sandbox::example();
    let _place = add_twin(&sandbox);
    let component = |greeting: &str, kube: &Kube| {
        let kubeconfig = kube.kubeconfig.display();
        format!("{{vars: {{namespace: default, greeting: {greeting}}}, env: {{KUBECONFIG: '{kubeconfig}'}}}}")
    };
    let manifest = format!(
        "vars: {{stage: two}}\ncomponents:\n  helmfile:\n    web: {}\n    twin: {}\n",
        component("first", &one),
        component("second", &two)
    );
    sandbox.write("stacks/orgs/acme/two.yaml", &manifest);
    let all = |verb: &str| sandbox.atmos(&["helmfile", verb, "--all", "-s", "two", "--max-concurrency", "2"]).success();
    let outcome = all("deploy");
    assert_eq!((greeting(&one).as_deref(), greeting(&two).as_deref()), (Some("first"), Some("second")), "{outcome}");
    all("destroy");
    assert_eq!((greeting(&one), greeting(&two)), (None, None));
}

#[test]
fn two_identities_with_clusters_of_their_own_never_meet_the_others() {
    let services = AwsServices::start();
    let hook = format!("{}/authenticate", services.url);
    let (one, two) = (Kube::start_with(Some(&hook)), Kube::start_with(Some(&hook)));
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("AWS_ENDPOINT_URL_EKS", &services.url);
    let _place = add_twin(&cloud.sandbox);
    let integration = |(name, identity, kube): (&str, &str, &Kube)| {
        let mut cluster = super::integrations_clusters::cluster(name, &kube.url, &kube.authority());
        if identity == "network-admin" {
            cluster["arn"] = format!("arn:aws:eks:eu-west-1:333333333333:cluster/{name}").into();
        }
        services.add_cluster(name, cluster);
        // Both stand in the same kubeconfig of everybody.
        let cluster = format!("{{name: {name}, region: eu-west-1}}");
        format!("    {name}: {{kind: aws/eks, via: {{identity: {identity}}}, spec: {{cluster: {cluster}}}}}\n")
    };
    let all = [("one", "data-admin", &one), ("two", "network-admin", &two)].map(integration).concat();
    let integrations = format!("\n  integrations:\n{all}");
    let settings = cloud.sandbox.read("atmos.yaml");
    cloud.sandbox.write("atmos.yaml", &format!("{}{integrations}", settings.trim_end()));
    let component = |greeting: &str, identity: &str| {
        format!("{{vars: {{namespace: default, greeting: {greeting}}}, settings: {{auth: {{identity: {identity}}}}}}}")
    };
    let manifest = format!(
        "vars: {{stage: two}}\ncomponents:\n  helmfile:\n    web: {}\n    twin: {}\n",
        component("first", "data-admin"),
        component("second", "network-admin")
    );
    cloud.sandbox.write("stacks/orgs/two.yaml", &manifest);
    for identity in ["data-admin", "network-admin"] {
        cloud.login(identity).success();
    }
    for _ in 0..2 {
        let words = ["helmfile", "deploy", "--all", "-s", "two", "--max-concurrency", "2"];
        let outcome = cloud.sandbox.atmos(&words).success();
        assert_eq!(
            (greeting(&one).as_deref(), greeting(&two).as_deref()),
            (Some("first"), Some("second")),
            "{outcome}"
        );
        cloud.assert_clean();
    }
}
