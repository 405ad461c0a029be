//! Registries and clusters of Azure: after a login, for the children of a run, by command, and gone after a logout.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Federation, Kube, who_kubectl_is};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLUSTERS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const AUTH: &str = r"
auth:
  realm: azure
  providers:
    job:
      kind: azure/oidc
      spec: {tenant_id: 11111111-2222-3333-4444-555555555555, client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee, endpoint_url: URL/entra}
    code: {kind: azure/device-code, spec: {tenant_id: 11111111-2222-3333-4444-555555555555, endpoint_url: URL/entra}}
    mine: {kind: azure/cli, spec: {tenant_id: 11111111-2222-3333-4444-555555555555, endpoint_urls: {management: URL/entra}}}
  identities:
    deploy: {kind: azure/subscription, via: {provider: job}, principal: {subscription_id: sub-2}}
    person: {kind: azure/subscription, via: {provider: code}, principal: {subscription_id: sub-4}}
    dev: {kind: azure/subscription, via: {provider: mine}, principal: {subscription_id: sub-1}}
  integrations:
    images: {kind: azure/acr, via: {identity: deploy}, spec: {registry: {name: acme}}}
    main: {kind: azure/aks, via: {provider: job}, spec: {cluster: {name: main, resource_group: rg-1, alias: dev}}}
    own: {kind: azure/aks, via: {identity: person}, spec: {auto_provision: false, cluster: {name: own, resource_group: rg-1, subscription_id: sub-9}}}
";

fn azure() -> Federation {
    let mut federation = Federation::start(AUTH);
    federation.as_job();
    federation
}

fn kubeconfig(federation: &Federation) -> Value {
    let text = std::fs::read_to_string(federation.sandbox.home().join(".config/atmos/kube/config"));
    text.map_or(Value::Null, |text| serde_yaml::from_str(&text).unwrap())
}

fn docker(federation: &Federation) -> Value {
    let text = std::fs::read(federation.sandbox.home().join(".docker/config.json"));
    text.map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap())
}

/// User and password of a registry.
fn pair(config: &Value, host: &str) -> (String, String) {
    let text = STANDARD.decode(config["auths"][host]["auth"].as_str().unwrap()).unwrap();
    let (user, password) = std::str::from_utf8(&text).unwrap().split_once(':').unwrap();
    (user.to_owned(), password.to_owned())
}

fn path(name: &str, subscription: &str) -> String {
    format!(
        "subscriptions/{subscription}/resourceGroups/rg-1/providers/Microsoft.ContainerService/managedClusters/{name}"
    )
}

#[test]
fn a_login_brings_registries_and_clusters_and_a_logout_takes_them() {
    let federation = azure();
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success());
    let expires = "ACR login: acme.azurecr.io (in ";
    assert!(seen.mentions(expires) && seen.mentions("expires in 2h 59m"), "{seen}");
    assert!(seen.mentions("AKS kubeconfig: dev →"), "{seen}");
    let management = "entra token client_credentials https://management.azure.com/.default";
    let expected = [
        "github/token api://AzureADTokenExchange".to_owned(),
        management.to_owned(),
        "github/token api://AzureADTokenExchange".to_owned(),
        management.to_owned(),
        format!("registry exchange acme.azurecr.io {TENANT}"),
        format!("azure GET {}?api-version=2024-09-01", path("main", "sub-2")),
        format!("azure POST {}/listClusterUserCredential?api-version=2024-09-01&format=exec", path("main", "sub-2")),
    ];
    assert_eq!(calls, expected, "one token for both");
    let (user, password) = pair(&docker(&federation), "acme.azurecr.io");
    assert_eq!((user.as_str(), password.split('.').count()), ("00000000-0000-0000-0000-000000000000", 3));
    let known = kubeconfig(&federation);
    let id = format!("/{}", path("main", "sub-2"));
    assert_eq!(known["clusters"][0]["name"], id, "{known}");
    assert_eq!(known["clusters"][0]["cluster"]["server"], "https://main.azmk8s.test:443");
    assert_eq!(known["clusters"][0]["cluster"]["certificate-authority-data"], "Q0E=");
    assert_eq!(
        known["contexts"][0],
        json!({"name": "dev", "context": {"cluster": id, "user": "atmos-aks-main-rg-1-sub-2"}})
    );
    let words: Vec<&str> =
        known["users"][0]["user"]["exec"]["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let expected = [
        "azure",
        "aks",
        "token",
        "--cluster-name",
        "main",
        "--resource-group",
        "rg-1",
        "--server-id",
        CLUSTERS,
        "--subscription-id",
        "sub-2",
        "--identity=deploy",
    ];
    assert_eq!(words[..12], expected);
    let file = federation.sandbox.home().join(".config/atmos/kube/config");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // Variables for who works in a shell of his own.
    let env = federation.sandbox.atmos(&["auth", "env", "-i", "deploy", "-f", "json"]).success().json();
    assert!(env["DOCKER_CONFIG"].as_str().unwrap().ends_with(".docker"), "{env}");
    assert!(env["KUBECONFIG"].as_str().unwrap().ends_with("kube/config"), "{env}");
    let seen = federation.sandbox.atmos(&["auth", "logout", "deploy"]).success();
    assert!(seen.mentions("cluster main in ") && seen.mentions("login of acme.azurecr.io in "), "{seen}");
    assert!(!file.exists() && docker(&federation)["auths"] == json!({}), "{}", docker(&federation));
}

#[test]
fn children_of_a_run_have_a_login_of_their_own() {
    let federation = azure();
    let script = "cat $DOCKER_CONFIG/config.json; echo; echo $KUBECONFIG; echo $DOCKER_CONFIG";
    let words = ["auth", "exec", "-i", "deploy", "--", "sh", "-c", script];
    let seen = federation.sandbox.atmos_with(&[("ATMOS_MASK", "false")], &words).success();
    let mut lines: Vec<&str> = seen.stdout.lines().collect();
    let folder = lines.pop().unwrap();
    assert!(folder.contains("/run/") && !std::path::Path::new(folder).exists(), "{folder}");
    assert!(lines.pop().unwrap().ends_with("kube/config"), "{seen}");
    let config: Value = serde_json::from_str(&lines.concat()).unwrap();
    assert_eq!(pair(&config, "acme.azurecr.io").0, "00000000-0000-0000-0000-000000000000");
    federation.assert_clean();
}

#[test]
fn kubectl_is_let_in_with_our_kubeconfig_and_token() {
    let federation = azure();
    let kube = Kube::start_with(Some(&format!("{}/authenticate", federation.url)));
    federation.control(&json!({"cluster": [kube.url, STANDARD.encode(kube.authority())]}));
    federation.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success();
    assert_eq!(who_kubectl_is(&federation.sandbox), "somebody-of-azure");
    // The same inside a run.
    let words = ["auth", "exec", "-i", "deploy", "--", "kubectl", "get", "namespace", "default", "-o", "name"];
    assert_eq!(federation.sandbox.atmos(&words).success().stdout, "namespace/default\n");
}

#[test]
fn tokens_are_made_for_clusters_by_what_each_provider_has() {
    let mut federation = azure();
    let token = |federation: &Federation, words: &[&str]| {
        let named = ["azure", "aks", "token", "--cluster-name", "main", "--resource-group", "rg-1"];
        federation.sandbox.atmos(&[&named[..], words].concat())
    };
    let audience = |answer: &Value| {
        let token = answer["status"]["token"].as_str().unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice::<Value>(&claims).unwrap()["aud"].as_str().unwrap().to_owned()
    };
    let answer = token(&federation, &["-i", "deploy"]).success().json();
    assert_eq!((&answer["kind"], audience(&answer)), (&json!("ExecCredential"), CLUSTERS.to_owned()));
    let expires: jiff::Timestamp = answer["status"]["expirationTimestamp"].as_str().unwrap().parse().unwrap();
    let left = expires.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3400..=3540).contains(&left), "{left}");
    // A cluster with an application of its own, and somebody who has signed in once.
    let own = "cccccccc-0000-4000-8000-000000000001";
    token(&federation, &["-i", "person"]).exits(2).says("requires an interactive terminal");
    federation.sandbox.set("ATMOS_FORCE_TTY", "true");
    federation.sandbox.set("ATMOS_NO_BROWSER", "1");
    federation.sandbox.set("CI", "");
    federation.sandbox.atmos(&["auth", "login", "-i", "person"]).success();
    federation.sandbox.remove("ATMOS_FORCE_TTY");
    let (answer, calls) =
        federation.during(|| token(&federation, &["-i", "person", "--server-id", own]).success().json());
    assert_eq!(
        (audience(&answer), calls),
        (own.to_owned(), vec![format!("entra token refresh_token {own}/.default offline_access openid profile")])
    );
    // Inside of a run the run gives it: nothing that opens the keyring is there.
    let nested = format!("{} azure aks token --cluster-name main --resource-group rg-1", env!("CARGO_BIN_EXE_atmos"));
    let exec = |identity: &str, other: &str| {
        let script = format!("{nested} -i {other}");
        federation
            .sandbox
            .atmos_with(&[("ATMOS_MASK", "false")], &["auth", "exec", "-i", identity, "--", "sh", "-c", &script])
    };
    let answer = exec("person", "person").success().json();
    assert_eq!(audience(&answer), CLUSTERS, "{answer}");
    exec("person", "deploy").exits(1).says("this run may not use it");
    // The program is asked for the cluster's token by name.
    let az = "#!/bin/sh\necho \"$*\" >> \"$(dirname \"$0\")/calls\"\ncat <<END\n{\"accessToken\": \"of-az\", \"expires_on\": 4070908800}\nEND\n";
    federation.sandbox.write("bin/az", az);
    let bin = federation.sandbox.repo().join("bin");
    std::fs::set_permissions(bin.join("az"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let old = federation.sandbox.environment()["PATH"].clone();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&old))).unwrap();
    federation.sandbox.set("PATH", path);
    assert_eq!(token(&federation, &["-i", "dev"]).success().json()["status"]["token"], "of-az");
    let expected = format!("account get-access-token --output json --tenant {TENANT} --resource {CLUSTERS}\n");
    assert_eq!(federation.sandbox.read("bin/calls"), expected);
    for (words, phrase) in [
        (&["azure", "aks", "token", "--resource-group", "g"][..], "--cluster-name is required"),
        (&["azure", "aks", "token", "--cluster-name", "c"], "--resource-group is required"),
        (
            &[
                "azure",
                "aks",
                "token",
                "--cluster-name",
                "c",
                "--resource-group",
                "g",
                "-i",
                "deploy",
                "--server-id=--x",
            ],
            "`--x` is not the id of an application",
        ),
    ] {
        federation.sandbox.atmos(words).exits(1).says(phrase);
    }
}

#[test]
fn the_commands_work_by_name_identity_or_registry_and_say_what_is_wrong() {
    let federation = azure();
    let run = |words: &[&str]| federation.sandbox.atmos(&[&["azure"], words].concat());
    run(&["acr", "login", "images"]).success().says("ACR login: acme.azurecr.io");
    run(&["acr", "login", "-i", "deploy"]).success().says("ACR login: acme.azurecr.io");
    run(&["acr", "login", "-r", "Other.azurecr.io", "-i", "deploy"]).success().says("ACR login: other.azurecr.io");
    assert_eq!(docker(&federation)["auths"].as_object().unwrap().len(), 2);
    run(&["aks", "update-kubeconfig", "--integration", "main", "-i", "deploy"]).success().says("AKS kubeconfig: dev →");
    let named = ["aks", "update-kubeconfig", "-i", "deploy", "--resource-group", "rg-1", "--cluster-name"];
    let id = format!("/{}", path("second", "sub-2"));
    run(&[&named[..], &["second", "--kubeconfig", "own/config"]].concat())
        .success()
        .says(&format!("AKS kubeconfig: {id} →"));
    assert!(federation.sandbox.read("own/config").contains("https://second.azmk8s.test"));
    for (words, phrase) in [
        (&["acr", "login"][..], "nothing to log in to"),
        (&["acr", "login", "imags"], "did you mean `images`?"),
        (&["acr", "login", "main"], "is of kind azure/aks, which this command is not for"),
        (&["acr", "login", "-r", "ghcr.io", "-i", "deploy"], "`ghcr.io` is not the name of a registry of Azure"),
        (&["aks", "update-kubeconfig", "-i", "deploy"], "--cluster-name is required"),
        (&["aks", "update-kubeconfig", "--integration", "images"], "is of kind azure/acr"),
        (&[&named[..], &["gone"]].concat(), "The Resource 'gone' was not found"),
        (&[&named[..], &["local"]].concat(), "it does not know accounts of Microsoft Entra"),
        (&[&named[..], &["a/b"]].concat(), "its name or that of its group"),
        (
            &[&named[..], &["second", "--alias", "dev"]].concat(),
            "context `dev` of one kubeconfig is that of cluster `second` and of integration `main`",
        ),
    ] {
        run(words).exits(1).says(phrase);
    }
    // A failure after a login is a warning, with the command that tries again.
    federation.configure(
        &AUTH.replace("{name: main, resource_group: rg-1, alias: dev}", "{name: gone, resource_group: rg-1}"),
    );
    let seen = federation.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success();
    assert!(seen.mentions("integration `main` of kind azure/aks failed"), "{seen}");
    assert!(seen.mentions("`atmos azure aks update-kubeconfig --integration main` tries again"), "{seen}");
    federation.sandbox.atmos(&["auth", "validate"]).success();
}

#[test]
fn guard_rails_hold_for_kubeconfigs_and_what_follows_a_login() {
    let federation = azure();
    federation.configure(&AUTH.replace("realm: azure", "realm: azure\n  allowed_identities: [dev]"));
    let phrase = "identity `deploy` (from --identity) may not be used";
    let named = ["--cluster-name", "second", "--resource-group", "rg-1", "-i", "deploy"];
    for words in [&named[..], &["--integration", "main", "-i", "deploy"]] {
        federation.sandbox.atmos(&[&["azure", "aks", "update-kubeconfig"], words].concat()).exits(1).says(phrase);
    }
    // Who comes from the provider of an integration is somebody's choice as well.
    let chosen = [("ATMOS_IDENTITY", "deploy")];
    let words = ["azure", "aks", "update-kubeconfig", "--integration", "main"];
    federation.sandbox.atmos_with(&chosen, &words).exits(1).says(&phrase.replace("--identity", "ATMOS_IDENTITY"));
    let login = federation.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success().says(phrase);
    login.says("the integrations of identity `deploy` do not follow");
    assert_eq!((kubeconfig(&federation), docker(&federation)), (Value::Null, Value::Null));
}
