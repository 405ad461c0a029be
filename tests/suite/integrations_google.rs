//! Clusters of Google: kubeconfigs that ask this program for tokens, and tokens that a real Kubernetes takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Federation, Kube, who_kubectl_is};

const AUTH: &str = r"
auth:
  realm: google
  providers:
    wif:
      kind: gcp/workload-identity-federation
      spec:
        project_number: 123456
        workload_identity_pool_id: ci
        workload_identity_provider_id: github
        endpoint_url: URL/google
  identities:
    deploy: {kind: gcp/service-account, via: {provider: wif}, principal: {service_account_email: deploy@prod-1.iam.gserviceaccount.com}}
    placed: {kind: gcp/project, principal: {project_id: only-a-place}}
  integrations:
    main: {kind: gcp/gke, via: {identity: deploy}, spec: {cluster: {name: main, project_id: prod-1, location: europe-west1, alias: prod}}}
";
const ID: &str = "projects/prod-1/locations/europe-west1/clusters/main";

fn google() -> Federation {
    let mut federation = Federation::start(AUTH);
    federation.as_job();
    federation
}

fn kubeconfig(federation: &Federation) -> Value {
    let text = std::fs::read_to_string(federation.sandbox.home().join(".config/atmos/kube/config"));
    text.map_or(Value::Null, |text| serde_yaml::from_str(&text).unwrap())
}

#[test]
fn a_login_brings_the_cluster_and_a_logout_takes_it() {
    let federation = google();
    let (_, calls) = federation.during(|| {
        federation.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success().says("GKE kubeconfig: prod →")
    });
    assert_eq!(calls.last().unwrap(), &format!("container GET {ID}"), "{calls:?}");
    let known = kubeconfig(&federation);
    assert_eq!(
        known["clusters"][0],
        json!({"name": ID, "cluster": {"server": "https://203.0.113.7", "certificate-authority-data": "Q0E="}})
    );
    let user = "atmos-gke-main-prod-1-europe-west1";
    assert_eq!(known["contexts"][0], json!({"name": "prod", "context": {"cluster": ID, "user": user}}));
    let words = &known["users"][0]["user"]["exec"]["args"];
    assert_eq!([&words[0], &words[1], &words[2], &words[3]], ["gcp", "gke", "token", "--identity=deploy"], "{words}");
    let seen = federation.sandbox.atmos(&["auth", "logout", "deploy"]).success();
    assert!(seen.mentions("cluster main in ") && kubeconfig(&federation) == Value::Null, "{seen}");
    federation.assert_clean();
}

#[test]
fn what_a_person_has_in_a_kubeconfig_stays() {
    let federation = google();
    let file = federation.sandbox.home().join(".config/atmos/kube/config");
    let mine = |context: &str| {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": context,
            "clusters": [{"name": "mine", "cluster": {"server": "https://mine.test"}}],
            "contexts": [{"name": context, "context": {"cluster": "mine", "user": "me"}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
        })
    };
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let login = || federation.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success();
    let logout = || federation.sandbox.atmos(&["auth", "logout", "deploy"]).success();
    let update = ["gcp", "gke", "update-kubeconfig", "--integration", "main"];
    // A context of that name that leads elsewhere.
    std::fs::write(&file, mine("prod").to_string()).unwrap();
    login()
        .says("context `prod` in ")
        .says("is not one of atmos (cluster `mine`, user `me`)")
        .says("spec.cluster.alias");
    federation.sandbox.atmos(&update).exits(1).says("context `prod` in ");
    federation.sandbox.atmos(&[&update[..], &["--alias", "other"]].concat()).success();
    logout();
    assert_eq!(kubeconfig(&federation), mine("prod"));
    // Children of a run have the cluster all the same, in a file of their own.
    let words = ["auth", "exec", "-i", "deploy", "--", "sh", "-c", "cat $KUBE_CONFIG_PATH"];
    let seen = federation.sandbox.atmos(&words).success();
    assert!(seen.stdout.contains("atmos-gke-main-prod-1-europe-west1"), "{seen}");
    // Where kubectl leads is the choice of the person.
    std::fs::write(&file, mine("home").to_string()).unwrap();
    login().says("GKE kubeconfig: prod →").says("the current context stays home");
    assert_eq!(kubeconfig(&federation)["current-context"], json!("home"));
    federation.sandbox.atmos(&update).success();
    assert_eq!(kubeconfig(&federation)["current-context"], json!("prod"));
    logout();
    assert_eq!(kubeconfig(&federation), mine("home"));
}

#[test]
fn kubectl_is_let_in_with_our_kubeconfig_and_token() {
    let federation = google();
    let kube = Kube::start_with(Some(&format!("{}/authenticate", federation.url)));
    federation.control(&json!({"cluster": [kube.url, STANDARD.encode(kube.authority())]}));
    federation.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success();
    assert_eq!(who_kubectl_is(&federation.sandbox), "somebody-of-google");
    // The same inside a run, where the run gives the token.
    let words = ["auth", "exec", "-i", "deploy", "--", "kubectl", "get", "namespace", "default", "-o", "name"];
    assert_eq!(federation.sandbox.atmos(&words).success().stdout, "namespace/default\n");
    federation.assert_clean();
}

#[test]
fn the_commands_say_what_is_wrong() {
    let federation = google();
    let run = |words: &[&str]| federation.sandbox.atmos(&[&["gcp", "gke"], words].concat());
    let answer = run(&["token", "-i", "deploy"]).success().json();
    assert!(answer["status"]["token"].as_str().unwrap().starts_with("ya29."), "{answer}");
    let expires: jiff::Timestamp = answer["status"]["expirationTimestamp"].as_str().unwrap().parse().unwrap();
    assert!((3400..=3540).contains(&expires.duration_since(jiff::Timestamp::now()).as_secs()), "{answer}");
    run(&["update-kubeconfig", "--integration", "main"]).success().says("GKE kubeconfig: prod →");
    let named =
        ["update-kubeconfig", "-i", "deploy", "--project-id", "prod-1", "--location", "europe-west1", "--cluster-name"];
    for (words, phrase) in [
        (&["token", "-i", "placed"][..], "has no token of Google"),
        (&["update-kubeconfig", "-i", "deploy", "--cluster-name", "main"], "--project-id is required"),
        (&[&named[..], &["gone"]].concat(), "Not found: projects/prod-1/locations/europe-west1/clusters/gone"),
        (&[&named[..], &["young"]].concat(), "the cluster has no address yet (status PROVISIONING)"),
        (&[&named[..], &["plain"]].concat(), "the address of the cluster is not private"),
        (&["update-kubeconfig", "--integration", "man"], "did you mean `main`?"),
    ] {
        run(words).exits(1).says(phrase);
    }
    federation.sandbox.atmos(&["gcp", "gk"]).exits(1).says("did you mean");
}

#[test]
fn guard_rails_hold_for_kubeconfigs_and_what_follows_a_login() {
    let federation = google();
    federation.configure(&AUTH.replace("realm: google", "realm: google\n  allowed_identities: [placed]"));
    let named = ["--cluster-name", "main", "--project-id", "prod-1", "--location", "europe-west1", "-i", "deploy"];
    let phrase = "identity `deploy` (from --identity) may not be used";
    for words in [&named[..], &["--integration", "main", "-i", "deploy"]] {
        federation.sandbox.atmos(&[&["gcp", "gke", "update-kubeconfig"], words].concat()).exits(1).says(phrase);
    }
    let login = federation.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success().says(phrase);
    login.says("the integrations of identity `deploy` do not follow");
    assert_eq!(kubeconfig(&federation), Value::Null);
}
