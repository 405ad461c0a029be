//! Clusters: kubeconfigs that ask this program for tokens, and tokens that a real Kubernetes takes.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::{AwsServices, Cloud, Kube, Sandbox, question, who_kubectl_is};

const CLUSTER: &str = "
  integrations:
    dev-cluster:
      kind: aws/eks
      via: {identity: data-admin}
      spec: {cluster: {name: dev, region: eu-west-1, alias: dev}}
";

fn cloud(services: &AwsServices, integrations: &str) -> Cloud {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("AWS_ENDPOINT_URL_EKS", &services.url);
    let text = cloud.sandbox.read("atmos.yaml");
    cloud.sandbox.write("atmos.yaml", &format!("{}{integrations}", text.trim_end()));
    cloud
}

pub(super) fn cluster(name: &str, endpoint: &str, authority: &[u8]) -> Value {
    let data = base64::engine::general_purpose::STANDARD.encode(authority);
    json!({"name": name, "arn": format!("arn:aws:eks:eu-west-1:444444444444:cluster/{name}"), "endpoint": endpoint, "status": "ACTIVE",
           "certificateAuthority": {"data": data}})
}

fn kubeconfig(cloud: &Cloud) -> Value {
    let text = std::fs::read_to_string(cloud.sandbox.home().join(".config/atmos/kube/config"));
    text.map_or(Value::Null, |text| serde_yaml::from_str(&text).unwrap())
}

#[test]
fn kubectl_is_let_in_with_our_kubeconfig_and_token() {
    let services = AwsServices::start();
    let kube = Kube::start_with(Some(&format!("{}/authenticate", services.url)));
    services.add_cluster("dev", cluster("dev", &kube.url, &kube.authority()));
    let cloud = cloud(&services, CLUSTER);
    let login = cloud.login("data-admin").success().says("EKS kubeconfig: dev →");
    assert_eq!(services.log(), ["eks eu-west-1 GET /clusters/dev"], "{login}");
    let file = cloud.sandbox.home().join(".config/atmos/kube/config");
    let who = who_kubectl_is(&cloud.sandbox);
    assert!(who.contains("AWSReservedSSO_DataOps"), "{who}");
    // The same inside a run, where the run gives the credentials and the kubeconfig.
    let words = ["auth", "exec", "-i", "data-admin", "--", "kubectl", "get", "namespace", "default", "-o", "name"];
    assert_eq!(cloud.sandbox.atmos(&words).success().stdout, "namespace/default\n");
    cloud.assert_clean();
    // Who is logged out is told what to do, and nobody is asked.
    cloud.sandbox.atmos(&["auth", "logout", "data-admin"]).success().says("cluster dev in ");
    assert!(!file.exists());
    let words = ["aws", "eks", "token", "--cluster-name", "dev", "--region", "eu-west-1", "-i", "data-admin"];
    cloud.sandbox.atmos(&["auth", "logout", "--provider", "corp"]).success();
    cloud.sandbox.atmos(&words).exits(2).says("atmos auth login");
}

#[test]
fn a_token_is_a_question_that_is_bound_to_a_cluster() {
    let services = AwsServices::start();
    let cloud = cloud(&services, "\n");
    cloud.login("data-admin").success();
    let words = ["aws", "eks", "token", "--cluster-name", "dev", "--region", "eu-central-1", "--identity=data-admin"];
    let (answer, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&words).success().json());
    assert_eq!(requests, Vec::<String>::new(), "nobody is asked for it");
    assert_eq!(
        (&answer["kind"], &answer["apiVersion"]),
        (&json!("ExecCredential"), &json!("client.authentication.k8s.io/v1beta1"))
    );
    let expires: jiff::Timestamp = answer["status"]["expirationTimestamp"].as_str().unwrap().parse().unwrap();
    let left = expires.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((600..=840).contains(&left), "{left}");
    let url = question(answer["status"]["token"].as_str().unwrap()).unwrap();
    for part in [
        "?Action=GetCallerIdentity&Version=2011-06-15&",
        "X-Amz-Expires=60&",
        "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
        "%2Feu-central-1%2Fsts%2Faws4_request",
        "X-Amz-Security-Token=",
    ] {
        assert!(url.contains(part), "{part}: {url}");
    }
    for (words, phrase) in [
        (&["--region", "eu-west-1"][..], "--cluster-name is required"),
        (&["--cluster-name", "dev"], "--region is required"),
        (&["--cluster-name", "a/b", "--region", "eu-west-1", "-i", "data-admin"], "`a/b` is not the name of a cluster"),
        (&["--cluster-name", "dev", "--region", "eu-west-1", "-i", "data-admn"], "did you mean `data-admin`?"),
    ] {
        cloud.sandbox.atmos(&[&["aws", "eks", "token"], words].concat()).exits(1).says(phrase);
    }
}

#[test]
fn kubeconfigs_are_updated_by_command() {
    let services = AwsServices::start();
    services.add_cluster("dev", cluster("dev", "https://api.test", b"authority"));
    services.add_cluster("young", json!({"name": "young", "status": "CREATING"}));
    let cloud = cloud(&services, &CLUSTER.replace("cluster: {", "auto_provision: false, cluster: {"));
    cloud.login("data-admin").success();
    assert_eq!(kubeconfig(&cloud), Value::Null, "it does not follow by itself");
    let run = |words: &[&str]| cloud.sandbox.atmos(&[&["aws", "eks", "update-kubeconfig"], words].concat());
    run(&["--integration", "dev-cluster"]).success().says("EKS kubeconfig: dev →");
    let known = kubeconfig(&cloud);
    assert_eq!(known["current-context"], json!("dev"));
    assert_eq!(known["clusters"][0]["cluster"]["server"], json!("https://api.test"));
    let exec = &known["users"][0]["user"]["exec"];
    assert_eq!(known["users"][0]["name"], json!("atmos-eks-dev-eu-west-1"));
    let words: Vec<&str> = exec["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let expected = ["aws", "eks", "token", "--cluster-name", "dev", "--region", "eu-west-1", "--identity=data-admin"];
    assert_eq!(words[..8], expected);
    run(&["--integration", "dev-cluster"]).success().says("(as it was)");
    let words = ["--name", "dev", "--region", "eu-west-1", "-i", "data-admin", "--kubeconfig", "own/config"];
    run(&words).success().says("EKS kubeconfig: arn:aws:eks:eu-west-1:444444444444:cluster/dev →");
    assert!(cloud.sandbox.read("own/config").contains("https://api.test"));
    for (words, phrase) in [
        (&["--integration", "dev-clster"][..], "did you mean `dev-cluster`?"),
        (&["-i", "data-admin", "--region", "eu-west-1"], "--name is required"),
        (
            &["-i", "data-admin", "--name", "gone", "--region", "eu-west-1"],
            "ResourceNotFoundException: No cluster found",
        ),
        (&["-i", "data-admin", "--name", "young", "--region", "eu-west-1"], "status CREATING"),
    ] {
        run(words).exits(1).says(phrase);
    }
}

/// What `auth` has beside its realm, for one block.
fn with_rails(cloud: &Cloud, rails: &str, work: impl FnOnce()) {
    let before = cloud.sandbox.read("atmos.yaml");
    cloud.sandbox.write("atmos.yaml", &before.replace("realm: scenario\n", &format!("realm: scenario\n  {rails}\n")));
    work();
    cloud.sandbox.write("atmos.yaml", &before);
}

const RAILS: [(&str, &str); 3] = [
    ("allowed_identities: [reader]", "identity `data-admin` (from --identity) may not be used"),
    ("expected_account: \"111111111111\"", "wrong account: identity `data-admin` is in account 444444444444"),
    ("min_ttl: 99h", "at least 356400 s are wanted"),
];

#[test]
fn guard_rails_hold_for_kubeconfigs_by_command() {
    let services = AwsServices::start();
    services.add_cluster("dev", cluster("dev", "https://api.test", b"authority"));
    let shared = "    shared:\n      kind: aws/eks\n      via: {provider: corp}\n      spec: {auto_provision: false, cluster: {name: dev, region: eu-west-1}}\n";
    let own = CLUSTER.replace("cluster: {", "auto_provision: false, cluster: {");
    let cloud = cloud(&services, &format!("{own}{shared}"));
    cloud.login("data-admin").success();
    let run = |words: &[&str]| cloud.sandbox.atmos(&[&["aws", "eks", "update-kubeconfig"], words].concat());
    let named = ["--name", "dev", "--region", "eu-west-1", "-i", "data-admin"];
    for (rails, phrase) in RAILS {
        with_rails(&cloud, &format!("{rails}\n  audit: {{file: \"~/audit.jsonl\"}}"), || {
            run(&named).exits(1).says(phrase);
            run(&["--integration", "shared", "-i", "data-admin"]).exits(1).says(phrase);
            let words = ["aws", "eks", "update-kubeconfig", "--integration", "shared"];
            let seen = cloud.sandbox.atmos_with(&[("ATMOS_IDENTITY", "data-admin")], &words).exits(1);
            seen.says(&phrase.replace("--identity", "ATMOS_IDENTITY"));
        });
        let text = std::fs::read_to_string(cloud.sandbox.home().join("audit.jsonl")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let refused = lines.filter(|line| line["event"] == "eks-kubeconfig" && line["refused"].is_string()).count();
        assert_eq!(refused, text.lines().count(), "{text}");
    }
    assert_eq!(
        (services.log(), kubeconfig(&cloud)),
        (Vec::new(), Value::Null),
        "nobody was asked, nothing was written"
    );
    // An identity that the configuration itself names is nobody's choice.
    with_rails(&cloud, RAILS[0].0, || {
        run(&["--integration", "dev-cluster"]).success();
    });
    with_rails(&cloud, "expected_account: \"444444444444\"\n  allowed_identities: [data-admin]", || {
        run(&named).success();
    });
}

#[test]
fn guard_rails_hold_for_what_follows_a_login() {
    let services = AwsServices::start();
    services.add_cluster("dev", cluster("dev", "https://api.test", b"authority"));
    let cloud = cloud(&services, CLUSTER);
    for (rails, phrase) in RAILS {
        with_rails(&cloud, rails, || {
            let seen = cloud.login("data-admin").success().says(phrase);
            seen.says("the integrations of identity `data-admin` do not follow").says_not("EKS kubeconfig");
            cloud.sandbox.atmos(&["auth", "refresh"]).says_not("EKS kubeconfig");
        });
    }
    assert_eq!(
        (services.log(), kubeconfig(&cloud)),
        (Vec::new(), Value::Null),
        "nobody was asked, nothing was written"
    );
    cloud.login("data-admin").success().says("EKS kubeconfig: dev →").says_not("do not follow");
}

#[test]
fn children_of_a_run_have_the_kubeconfig_behind_their_own() {
    let services = AwsServices::start();
    services.add_cluster("dev", cluster("dev", "https://api.test", b"authority"));
    let mut cloud = cloud(&services, CLUSTER);
    cloud.login("data-admin").success();
    let own = cloud.sandbox.home().join(".config/atmos/kube/config").display().to_string();
    let script = "echo $KUBECONFIG $KUBE_CONFIG_PATH";
    let words = ["auth", "exec", "-i", "data-admin", "--", "sh", "-c", script];
    // First the run's own, in which nobody else has the last word, then the one of everybody.
    let seen = |sandbox: &Sandbox| {
        let stdout = sandbox.atmos(&words).success().stdout;
        let private = stdout.trim_end().rsplit_once(' ').expect("two variables").1.to_owned();
        assert!(private.contains("/run/") && private.ends_with("/kube/config"), "{stdout}");
        assert!(!std::path::Path::new(&private).exists(), "{private}");
        stdout.replace(&private, "PRIVATE")
    };
    assert_eq!(seen(&cloud.sandbox), format!("PRIVATE:{own} PRIVATE\n"));
    cloud.sandbox.set("KUBECONFIG", "/mine");
    assert_eq!(seen(&cloud.sandbox), format!("/mine:PRIVATE:{own} PRIVATE\n"));
    cloud.sandbox.set("KUBECONFIG", &own);
    assert_eq!(seen(&cloud.sandbox), format!("PRIVATE:{own} PRIVATE\n"));
    cloud.sandbox.set("KUBE_CONFIG_PATH", &own);
    assert_eq!(seen(&cloud.sandbox), format!("PRIVATE:{own} PRIVATE\n"));
    cloud.sandbox.remove("KUBE_CONFIG_PATH");
    let env = cloud.sandbox.atmos(&["auth", "env", "-i", "data-admin", "-f", "json"]).success().json();
    assert_eq!(env["KUBE_CONFIG_PATH"], json!(own));
    // Helmfile takes it before what the settings name, and the AWS program is not needed.
    let settings = "use_eks: true\n    kubeconfig_path: /nowhere\n    cluster_name: other";
    cloud.sandbox.write("atmos.yaml", &cloud.sandbox.read("atmos.yaml").replace("use_eks: false", settings));
    let script = cloud.sandbox.root().join("helmfile");
    std::fs::write(&script, "#!/bin/sh\necho \"$KUBECONFIG\" >\"$PROBE/kubeconfig\"\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    cloud.sandbox.set("ATMOS_COMPONENTS_HELMFILE_COMMAND", &script);
    cloud.sandbox.remove("KUBECONFIG");
    cloud.sandbox.atmos(&["helmfile", "sync", "web", "-s", "dev", "--identity", "data-admin"]).success();
    let seen = std::fs::read_to_string(cloud.probes().join("kubeconfig")).unwrap();
    assert!(seen.ends_with(&format!("/kube/config:{own}\n")), "{seen}");
}
