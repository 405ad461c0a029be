//! Logins of registries: after a login, for the children of a run, by command, and gone after a logout.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::{AwsServices, Cloud, Objects, PASSWORD, PUBLIC_PASSWORD, exchange_with, free_port};

const HOST: &str = "444444444444.dkr.ecr.eu-west-1.amazonaws.com";
const REGISTRY: &str = "
  integrations:
    images:
      kind: aws/ecr
      via: {identity: data-admin}
      spec: {registry: {account_id: \"444444444444\", region: eu-west-1}}
    everywhere:
      kind: aws/ecr-public
      via: {provider: corp}
      spec: {auto_provision: false}
";
/// What a client of the registry sends.
const PAIR: &str = "QVdTOnBhc3N3b3JkLW9mLXRoZS1yZWdpc3RyeS0wMTIzNDU2Nzg5";

/// A cloud whose registries are these services.
fn cloud(services: &AwsServices, integrations: &str) -> Cloud {
    let mut cloud = Cloud::start(&[]);
    for name in ["AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_ECR_PUBLIC", "AWS_ENDPOINT_URL_EKS"] {
        cloud.sandbox.set(name, &services.url);
    }
    configure(&cloud, integrations);
    cloud
}

fn configure(cloud: &Cloud, integrations: &str) {
    let text = cloud.sandbox.read("atmos.yaml");
    let own = text.split("\n  integrations:").next().unwrap();
    cloud.sandbox.write("atmos.yaml", &format!("{}{integrations}", own.trim_end()));
}

fn docker(cloud: &Cloud) -> Value {
    let text = std::fs::read(cloud.sandbox.home().join(".docker/config.json"));
    text.map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap())
}

fn write_docker(cloud: &Cloud, config: &Value) {
    let folder = cloud.sandbox.home().join(".docker");
    std::fs::create_dir_all(folder.join("contexts")).unwrap();
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

#[test]
fn a_login_brings_that_of_the_registry_and_a_logout_takes_it() {
    let services = AwsServices::start();
    let cloud = cloud(&services, REGISTRY);
    let before = json!({"auths": {"ghcr.io": {"auth": "eDp5"}}, "HttpHeaders": {"X": "y"}});
    write_docker(&cloud, &before);
    let login = cloud.login("data-admin").success().says(&format!("ECR login: {HOST}")).says("expires in 1");
    assert!(!login.mentions(PASSWORD) && !login.mentions(PAIR), "{login}");
    assert_eq!(
        services.log(),
        ["ecr eu-west-1 AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"],
        "and nothing that does not follow by itself"
    );
    let mut after = before.clone();
    after["auths"][HOST] = json!({"auth": PAIR});
    assert_eq!(docker(&cloud), after);
    let file = cloud.sandbox.home().join(".docker/config.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // The proof of the credentials: a registry that wants them.
    let registry =
        Objects::start(&["--basic", "--login", &format!("AWS:{PASSWORD}")], &[("oci/app/latest/x.txt", b"x")]);
    let url = format!("http://{}/v2/app/manifests/latest", registry.address);
    let ask = |pair: &str| exchange_with("GET", &url, &[("Authorization", &format!("Basic {pair}"))], "").unwrap().0;
    let pair = docker(&cloud)["auths"][HOST]["auth"].as_str().unwrap().to_owned();
    assert_eq!((ask("QVdTOm5v"), ask(&pair)), (401, 200));

    cloud.sandbox.atmos(&["auth", "logout", "data-admin", "--dry-run"]).success().says(&format!("login of {HOST}"));
    assert_eq!(docker(&cloud), after);
    // What cannot be removed is told, and the rest of the logout is done.
    std::fs::write(&file, "{").unwrap();
    let refused = cloud.sandbox.atmos(&["auth", "logout", "data-admin"]).exits(1).says("cached session(s)");
    refused.says(&format!("not removed: logins of {HOST}"));
    write_docker(&cloud, &after);
    cloud.sandbox.atmos(&["auth", "logout", "data-admin"]).success().says(&format!("login of {HOST}"));
    assert_eq!(docker(&cloud), before);
    cloud.assert_clean();
}

#[test]
fn children_of_a_run_have_a_private_configuration() {
    let services = AwsServices::start();
    let cloud = cloud(&services, REGISTRY);
    cloud.login("data-admin").success();
    let own = json!({"auths": {"ghcr.io": {"auth": "eDp5"}}, "credsStore": "nowhere"});
    write_docker(&cloud, &own);
    let script = "cp $DOCKER_CONFIG/config.json $PROBE/docker; stat -c '%a' $DOCKER_CONFIG $DOCKER_CONFIG/config.json \
                  >$PROBE/modes; echo $DOCKER_CONFIG >$PROBE/folder; ls $DOCKER_CONFIG >$PROBE/names";
    cloud.sandbox.atmos(&["auth", "exec", "-i", "data-admin", "--", "sh", "-c", script]).success();
    let read = |name: &str| std::fs::read_to_string(cloud.probes().join(name)).unwrap();
    let mut expected = own.clone();
    expected["auths"][HOST] = json!({"auth": PAIR});
    expected["credHelpers"] = json!({HOST: ""});
    assert_eq!(serde_json::from_str::<Value>(&read("docker")).unwrap(), expected);
    assert_eq!((read("modes").as_str(), read("names").as_str()), ("700\n600\n", "config.json\ncontexts\n"));
    let folder = read("folder");
    let folder = std::path::Path::new(folder.trim());
    assert!(folder.starts_with(cloud.sandbox.runtime()) && !folder.exists(), "{}", folder.display());
    assert_eq!(docker(&cloud), own, "what the user has stays as it is");
    assert!(cloud.sandbox.home().join(".docker/contexts").is_dir(), "links were not followed");
    // Runs of terraform are no different; of many components one asks.
    let before = services.log().len();
    cloud.apply(&["vpc", "-s", "dev", "--identity", "data-admin"]).success();
    assert!(cloud.probe("dev-vpc").environment().contains_key("DOCKER_CONFIG"));
    assert_eq!(services.log().len(), before + 1);
    // Another identity has nothing of it.
    cloud.sandbox.atmos(&["auth", "exec", "-i", "reader", "--", "sh", "-c", "[ -z \"$DOCKER_CONFIG\" ]"]).success();
    cloud.assert_clean();
}

#[test]
fn a_failure_is_a_warning_and_breaks_nothing() {
    let services = AwsServices::start();
    let mut cloud = cloud(&services, REGISTRY);
    cloud.sandbox.set("AWS_ENDPOINT_URL_ECR", format!("http://127.0.0.1:{}", free_port()));
    let login = cloud.login("data-admin").success().says("integration `images` of kind aws/ecr failed");
    let login =
        login.says("`atmos aws ecr login images` tries again").says("atmos.yaml:").says("Authentication successful");
    assert_eq!(docker(&cloud), Value::Null, "{login}");
    let exec = cloud.sandbox.atmos(&["auth", "exec", "-i", "data-admin", "--", "sh", "-c", "echo ran"]).success();
    assert_eq!(exec.says("integration `images` of kind aws/ecr failed").stdout, "ran\n");
    cloud.sandbox.atmos(&["aws", "ecr", "login", "images"]).exits(1).says("GetAuthorizationToken of");
    // What is no configuration of docker is not overwritten.
    cloud.sandbox.set("AWS_ENDPOINT_URL_ECR", &services.url);
    let file = cloud.sandbox.home().join(".docker/config.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "{\"auths\": \"topsecret").unwrap();
    let refused =
        cloud.sandbox.atmos(&["aws", "ecr", "login", "images"]).exits(1).says("not the configuration of docker");
    assert!(!refused.mentions("topsecret"), "{refused}");
    configure(&cloud, "\n  integrations:\n    images: {kind: aws/ecr, via: {identity: data-admin}}\n");
    let login = cloud.login("data-admin").success();
    login.says("`spec.registry.account_id` is required for aws/ecr");
}

#[test]
fn the_command_logs_in_by_name_identity_or_registry() {
    let services = AwsServices::start();
    let mut cloud = cloud(&services, REGISTRY);
    cloud.login("data-admin").success();
    let run = |words: &[&str]| cloud.sandbox.atmos(&[&["aws", "ecr", "login"], words].concat());
    let public = |run: &dyn Fn() -> crate::support::Outcome| {
        run().success().says("ECR login: public.ecr.aws");
        assert!(docker(&cloud)["auths"]["public.ecr.aws"]["auth"].is_string());
        std::fs::remove_file(cloud.sandbox.home().join(".docker/config.json")).unwrap();
    };
    let pair = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("AWS:{PUBLIC_PASSWORD}"));
    public(&|| run(&["--public", "-i", "data-admin"]));
    public(&|| run(&["--registry", "public.ecr.aws", "-i", "data-admin"]));
    run(&["--identity", "data-admin"]).success().says(&format!("ECR login: {HOST}"));
    let other = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
    assert_eq!(docker(&cloud)["auths"]["public.ecr.aws"]["auth"], json!(pair), "also what does not follow by itself");
    run(&["IMAGES"]).success();
    for (words, phrase) in [
        (&[][..], "nothing to log in to"),
        (&["imges"], "did you mean `images`?"),
        (&["images", "--public"], "--public cannot be combined with an integration"),
        (&["images", "--registry", HOST], "--registry cannot be combined"),
        (&["images", "-i", "reader"], "--identity cannot be combined"),
        (&["--public", "--registry", HOST], "--public cannot be combined with --registry"),
        (&["--registry", "ghcr.io"], "`ghcr.io` is not the name of a registry of AWS"),
        (&["--registry", other], "AWS credentials of the environment"),
    ] {
        run(words).exits(1).says(phrase);
    }
    // Without an identity it is who the environment is.
    cloud.sandbox.set("AWS_ACCESS_KEY_ID", "AKIAREGISTRYREGISTRY");
    cloud.sandbox.set("AWS_SECRET_ACCESS_KEY", "registry-secret-key-0123456789");
    let before = services.log().len();
    cloud.sandbox.atmos(&["aws", "ecr", "login", "-r", other, "-r", HOST]).success();
    assert_eq!(services.log().len(), before + 2);
    assert_eq!(docker(&cloud)["auths"][other]["auth"], json!(PAIR));
}

#[test]
fn the_answer_of_another_implementation_is_understood() {
    let mut cloud = Cloud::start(&[]);
    let url = cloud.sts.url.clone();
    cloud.sandbox.set("AWS_ENDPOINT_URL_ECR", &url);
    configure(&cloud, REGISTRY);
    cloud.login("data-admin").success().says(&format!("ECR login: {HOST}"));
    assert_eq!(cloud.sts.count("GetAuthorizationToken"), 1);
    assert!(docker(&cloud)["auths"][HOST]["auth"].is_string());
}
