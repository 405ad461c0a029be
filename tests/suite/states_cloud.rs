//! States in the clouds: S3 of moto with identities, and loopback services for the other backends.

use serde_json::json;

use crate::support::{Sandbox, Storage, Sts, exchange};

const STATE: &str =
    r#"{"version": 4, "outputs": {"id": {"value": "vpc-prod"}, "token": {"value": "t0k", "sensitive": true}}}"#;
const AUTH: &str = "auth:\n  realm: scenario\n  providers:\n    base: {kind: mock/aws}\n  identities:\n\
    \x20   reader: {kind: aws/assume-role, default: true, region: eu-west-1, via: {provider: base}, principal: {assume_role: \"arn:aws:iam::123456789012:role/Reader\"}}\n\
    \x20   owner: {kind: aws/assume-role, region: eu-west-1, via: {provider: base}, principal: {assume_role: \"arn:aws:iam::123456789012:role/Owner\"}}\n";

/// A repository whose states lie in S3 of moto, with one state there.
pub(crate) fn on_s3(sts: &Sts, bucket: &str) -> Sandbox {
    let mut sandbox = Sandbox::scenario("states");
    let settings = format!("{}{AUTH}", sandbox.read("atmos.yaml"));
    sandbox.write("atmos.yaml", &settings);
    for (name, value) in [
        ("AWS_ENDPOINT_URL_S3", sts.url.as_str()),
        ("AWS_ENDPOINT_URL_STS", sts.url.as_str()),
        ("ATMOS_KEYRING_TYPE", "memory"),
    ] {
        sandbox.set(name, value);
    }
    for (path, body) in [(bucket.to_owned(), ""), (format!("{bucket}/vpc/prod/terraform.tfstate"), STATE)] {
        let answer = exchange("PUT", &format!("{}/{path}", sts.unrecorded()), body);
        assert_eq!(answer.as_ref().map(|(status, _)| *status), Some(200), "{answer:?}");
    }
    sandbox.write("stacks/catalog/s3.yaml", &format!(
        "terraform:\n  backend_type: s3\n  backend:\n    s3: {{bucket: {bucket}, key: terraform.tfstate, region: eu-west-1, encrypt: true, use_lockfile: true}}\n\
         components:\n  terraform:\n    vpc: {{}}\n"
    ));
    std::fs::remove_file(sandbox.repo().join("stacks/orgs/dev.yaml")).unwrap();
    sandbox.write("stacks/orgs/prod.yaml", "import: [catalog/s3]\nvars: {stage: prod}\n");
    sandbox
}

#[test]
fn fifty_stacks_with_one_reference_read_one_state() {
    let sts = Sts::start();
    let sandbox = on_s3(&sts, "fifty");
    for number in 0..50 {
        let text = format!(
            "import: [catalog/s3]\nvars: {{stage: s{number}}}\ncomponents:\n  terraform:\n    app: {{vars: {{vpc: !terraform.state vpc prod id, all: ['{{{{ atmos.Resolve \"!terraform.state vpc prod id\" }}}}'], none: !terraform.state vpc .id // 0}}}}\n"
        );
        sandbox.write(&format!("stacks/orgs/s{number}.yaml"), &text);
    }
    sandbox.atmos(&["list", "stacks"]).success();
    sandbox.atmos(&["list", "components"]).success();
    assert_eq!(sts.calls(), []);
    let stacks = ["describe", "stacks", "--components", "app", "--format", "json"];
    let document = sandbox.atmos(&[&stacks[..], &["--skip", "terraform.state"]].concat()).success().json();
    assert_eq!((document.as_object().unwrap().len(), sts.calls()), (50, Vec::new()));
    let document = sandbox.atmos(&stacks).success().json();
    for number in 0..50 {
        let vars = &document[format!("s{number}")]["components"]["terraform"]["app"]["vars"];
        assert_eq!((&vars["vpc"], &vars["all"], &vars["none"]), (&json!("vpc-prod"), &json!(["vpc-prod"]), &json!(0)));
    }
    let objects = sts.objects();
    let shared = objects.iter().filter(|line| *line == "GET /fifty/vpc/prod/terraform.tfstate").count();
    assert_eq!((shared, objects.len(), sts.count("AssumeRole")), (1, 51, 1), "{objects:?}");
}

#[test]
fn case_18_states_are_read_as_the_identity_that_counts() {
    let sts = Sts::start();
    let sandbox = on_s3(&sts, "identities");
    let describe = |owner: &str, role: &str, asker: &str, flags: &[&str]| {
        sandbox.write("stacks/orgs/prod.yaml", &format!(
            "import: [catalog/s3]\nvars: {{stage: prod}}\ncomponents:\n  terraform:\n    vpc: {{settings: {{{owner}}}, backend: {{s3: {{{role}}}}}}}\n    app: {{vars: {{vpc: !terraform.state vpc id, token: !terraform.state vpc token}}, settings: {{{asker}}}}}\n"
        ));
        let before = sts.calls().len();
        let args =
            [&["describe", "component", "app", "-s", "prod", "--format", "json", "--query", ".vars"], flags].concat();
        let outcome = sandbox.atmos(&args).success();
        assert_eq!(outcome.json(), json!({"stage": "prod", "vpc": "vpc-prod", "token": "<MASKED>"}), "{outcome}");
        let calls = sts.calls().split_off(before);
        let roles: Vec<String> = calls
            .iter()
            .filter(|call| call.action == "AssumeRole")
            .map(|call| call.role.rsplit('/').next().unwrap_or_default().to_owned())
            .collect();
        let signer = calls.iter().find(|call| call.line.starts_with("GET /")).map(|call| call.signer.clone());
        assert!(signer.is_some_and(|key| key.starts_with("ASIA")), "{calls:?}");
        roles
    };
    let owner = "auth: {identity: owner}";
    let role = "assume_role: {role_arn: \"arn:aws:iam::123456789012:role/Backend\", external_id: x}";
    assert_eq!(describe("", "", "", &[]), ["Reader"]);
    assert_eq!(describe("", "", owner, &[]), ["Owner"]);
    assert_eq!(describe(owner, "", "", &[]), ["Owner"]);
    assert_eq!(describe(owner, "", "", &["--identity", "reader"]), ["Reader"]);
    // The other commands that show values ask as the same.
    describe(owner, "", "", &[]);
    for (flags, expected) in [(&[][..], "Owner"), (&["--identity", "reader"], "Reader")] {
        let before = sts.calls().len();
        let outcome = sandbox.atmos(&[&["list", "vars", "app", "--format", "json"], flags].concat()).success();
        assert!(outcome.stdout.contains("vpc-prod"), "{outcome}");
        let calls = sts.calls().split_off(before);
        let roles: Vec<&str> = calls
            .iter()
            .filter(|call| call.action == "AssumeRole")
            .map(|call| call.role.rsplit('/').next().unwrap_or_default())
            .collect();
        assert_eq!(roles, [expected], "{outcome}");
    }
    assert_eq!(describe("", role, "", &[]), ["Reader", "Backend"]);
    assert_eq!(describe("", "role_arn: \"arn:aws:iam::123456789012:role/Old\"", "", &[]), ["Reader", "Old"]);
}

#[test]
fn credentials_of_the_environment_serve_where_nobody_is_meant() {
    let sts = Sts::start();
    let mut sandbox = on_s3(&sts, "ambient");
    let app = "import: [catalog/s3]\nvars: {stage: prod}\ncomponents:\n  terraform:\n    app: {vars: {vpc: !terraform.state vpc id, account: !aws.account_id , region: !aws.region }}\n";
    sandbox.write("stacks/orgs/prod.yaml", app);
    let args = ["describe", "component", "app", "-s", "prod", "--identity=false", "--query", ".vars.vpc"];
    sandbox.atmos(&args).exits(1).says("AWS credentials of the environment: none were found").says("prod.yaml:5:");
    sandbox.atmos_with(&[("AWS_PROFILE", "nobody")], &args).exits(1).says("the AWS profile `nobody` does not exist");
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAAMBIENTAMBIENT00"),
        ("AWS_SECRET_ACCESS_KEY", "ambient-secret-key"),
        ("AWS_REGION", "eu-north-1"),
    ];
    assert_eq!(sandbox.atmos_with(&keys, &args).success().stdout, "vpc-prod\n");
    assert_eq!(sts.calls().last().unwrap().signer, "AKIAAMBIENTAMBIENT00");
    let all =
        ["describe", "component", "app", "-s", "prod", "--identity=false", "--format", "json", "--query", ".vars"];
    let vars = sandbox.atmos_with(&keys, &all).success().json();
    assert_eq!((&vars["account"], &vars["region"]), (&json!("123456789012"), &json!("eu-north-1")));
    // A profile with a program, and one that assumes a role with it.
    let config = sandbox.root().join("aws-config");
    std::fs::write(&config, "[profile helper]\nregion = eu-west-3\ncredential_process = sh -c 'echo \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIAHELPERHELPER0000\\\",\\\"SecretAccessKey\\\":\\\"helper-secret-key\\\"}\"'\n[profile role]\nsource_profile = helper\nrole_arn = arn:aws:iam::123456789012:role/Profile\n").unwrap();
    sandbox.set("AWS_CONFIG_FILE", &config);
    sandbox.atmos_with(&[("AWS_PROFILE", "helper")], &args).success();
    assert_eq!(sts.calls().last().unwrap().signer, "AKIAHELPERHELPER0000");
    sandbox.atmos_with(&[("AWS_PROFILE", "role"), ("AWS_REGION", "eu-west-1")], &args).success();
    let assumed = sts.calls().into_iter().rfind(|call| call.action == "AssumeRole").unwrap();
    assert_eq!(
        (assumed.role.as_str(), assumed.signer.as_str()),
        ("arn:aws:iam::123456789012:role/Profile", "AKIAHELPERHELPER0000")
    );
    let vars = sandbox.atmos_with(&[("AWS_PROFILE", "helper")], &all).success().json();
    assert_eq!(vars["region"], "eu-west-3");
}

#[test]
fn facts_of_the_account_are_asked_for_once() {
    let sts = Sts::start();
    let mut sandbox = on_s3(&sts, "facts");
    sandbox.set("AWS_ENDPOINT_URL_ORGANIZATIONS", &sts.url);
    for stage in ["one", "two", "three"] {
        let text = format!(
            "vars: {{stage: {stage}}}\ncomponents:\n  terraform:\n    app: {{vars: {{account: !aws.account_id , arn: !aws.caller_identity_arn , user: !aws.caller_identity_user_id , region: !aws.region , again: !aws.account_id }}}}\n    other: {{settings: {{auth: {{identity: owner}}}}, vars: {{arn: !aws.caller_identity_arn }}}}\n"
        );
        sandbox.write(&format!("stacks/orgs/{stage}.yaml"), &text);
    }
    let document = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    let components = &document["two"]["components"]["terraform"];
    let vars = &components["app"]["vars"];
    assert_eq!((&vars["account"], &vars["region"]), (&json!("123456789012"), &json!("eu-west-1")));
    assert!(vars["arn"].as_str().unwrap().contains("/Reader/") && vars["user"].is_string(), "{vars}");
    assert!(components["other"]["vars"]["arn"].as_str().unwrap().contains("/Owner/"), "{components}");
    assert_eq!((sts.count("AssumeRole"), sts.count("GetCallerIdentity")), (2, 2));
    sandbox.write(
        "stacks/orgs/org.yaml",
        "vars: {stage: org}\ncomponents:\n  terraform:\n    app: {vars: {id: !aws.organization_id }}\n",
    );
    let args = ["describe", "component", "app", "-s", "org"];
    sandbox
        .atmos(&args)
        .exits(1)
        .says("DescribeOrganization")
        .says("AWSOrganizationsNotInUseException")
        .says("org.yaml:4:");
}

#[test]
fn what_s3_refuses_is_told_apart() {
    let sts = Sts::start();
    let storage = Storage::start();
    let mut sandbox = on_s3(&sts, "refusals");
    let describe = |sandbox: &Sandbox, bucket: &str| {
        sandbox.write("stacks/orgs/prod.yaml", &format!(
            "import: [catalog/s3]\nvars: {{stage: prod}}\nterraform: {{backend: {{s3: {{bucket: {bucket}}}}}}}\ncomponents:\n  terraform:\n    vpc: {{metadata: {{terraform_workspace: default}}}}\n    app: {{vars: {{vpc: !terraform.state vpc .id // \"default\"}}}}\n"
        ));
        sandbox.atmos(&["describe", "component", "app", "-s", "prod", "--query", ".vars.vpc"])
    };
    let outcome =
        describe(&sandbox, "no-such-bucket").exits(1).says("NoSuchBucket").says("prod.yaml:7:").says("the bucket");
    outcome.says("make the bucket before its states are read");
    assert_eq!(describe(&sandbox, "refusals").success().stdout, "default\n");
    sandbox.set("AWS_ENDPOINT_URL_S3", &storage.url);
    let outcome = describe(&sandbox, "s3-denied").exits(1).says("no permission").says("AccessDenied: Access Denied");
    outcome.says("s3:GetObject").says("s3://s3-denied/terraform.tfstate").says("prod.yaml:7:");
    describe(&sandbox, "s3-newer").exits(1).says("it has version 5").says("update atmos");
    describe(&sandbox, "s3-broken").exits(1).says("HTTP status 503").says("SlowDown");
    assert_eq!(storage.log().iter().filter(|line| line.contains("s3-broken")).count(), 3, "two further attempts");
    sandbox.set("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
    describe(&sandbox, "refusals").exits(1).says("cannot reach 127.0.0.1:1");
}

/// A repository with states in a backend of this type.
fn elsewhere(kind: &str, settings: &str) -> Sandbox {
    let sandbox = Sandbox::scenario("states");
    sandbox.write("stacks/orgs/dev.yaml", &format!(
        "vars: {{stage: dev}}\nterraform: {{backend_type: {kind}, backend: {{{kind}: {{{settings}}}}}}}\ncomponents:\n  terraform:\n    vpc: {{}}\n    none: {{}}\n    app: {{vars: {{vpc: !terraform.state vpc id, none: !terraform.state none .id // \"none\"}}}}\n"
    ));
    sandbox
}

const VARS: [&str; 8] = ["describe", "component", "app", "-s", "dev", "--format", "json", "--query"];

fn values(sandbox: &Sandbox, env: &[(&str, &str)]) -> serde_json::Value {
    let mut vars = sandbox.atmos_with(env, &[&VARS[..], &[".vars"]].concat()).success().json();
    vars.as_object_mut().unwrap().remove("stage");
    vars
}

#[test]
fn azurerm_states_are_read_by_key_signature_and_login() {
    let storage = Storage::start();
    let key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    let endpoint = format!("AccountName=devstoreaccount1;BlobEndpoint={}/devstoreaccount1", storage.url);
    let with_key = format!("{endpoint};AccountKey={key}");
    let sandbox = elsewhere("azurerm", "storage_account_name: devstoreaccount1, container_name: tfstate");
    let expected = json!({"vpc": "azure-dev", "none": "none"});
    let connection = "AZURE_STORAGE_CONNECTION_STRING";
    assert_eq!(values(&sandbox, &[(connection, &with_key)]), expected);
    assert_eq!(values(&sandbox, &[(connection, &endpoint), ("ARM_ACCESS_KEY", key)]), expected);
    assert_eq!(
        values(&sandbox, &[(connection, &endpoint), ("ARM_SAS_TOKEN", "?sv=2021-12-02&sig=abc%2Bdef")]),
        expected
    );
    let login = [
        (connection, endpoint.as_str()),
        ("AZURE_AUTHORITY_HOST", &storage.url),
        ("ARM_TENANT_ID", "tenant-1"),
        ("ARM_CLIENT_ID", "client-1"),
    ];
    assert_eq!(values(&sandbox, &[&login[..], &[("ARM_CLIENT_SECRET", "s3cr3t-of-entra")]].concat()), expected);
    assert_eq!(values(&sandbox, &[&login[..], &[("ARM_OIDC_TOKEN", "federated-token")]].concat()), expected);
    let args = [&VARS[..], &[".vars"]].concat();
    let wrong = [&login[..], &[("ARM_CLIENT_SECRET", "wrong-secret-of-entra")]].concat();
    let outcome = sandbox.atmos_with(&wrong, &args).exits(1).says("AADSTS7000215").says("dev.yaml:7:");
    assert!(!outcome.mentions("wrong-secret"), "{outcome}");
    sandbox
        .atmos_with(&[(connection, &endpoint), ("ARM_ACCESS_KEY", "YWJj")], &args)
        .exits(1)
        .says("no permission")
        .says("AuthenticationFailed");
    let sandbox = elsewhere("azurerm", "storage_account_name: devstoreaccount1, container_name: nowhere");
    sandbox.atmos_with(&[(connection, &with_key)], &args).exits(1).says("the container").says("ContainerNotFound");
}

#[test]
fn gcs_states_are_read_by_service_account_user_and_impersonation() {
    let storage = Storage::start();
    let account = json!({
        "type": "service_account", "client_email": "states@project.iam.gserviceaccount.com", "private_key_id": "key-1",
        "private_key": storage.google_key, "token_uri": format!("{}/google/token", storage.url),
    });
    let user = json!({
        "type": "authorized_user", "client_id": "user-client", "client_secret": "user-secret-of-google",
        "refresh_token": "1//refresh", "token_uri": format!("{}/google/token", storage.url),
    });
    let sandbox = elsewhere("gcs", "bucket: tfstate");
    let (account, user) = (account.to_string(), user.to_string());
    let custom = ("GOOGLE_STORAGE_CUSTOM_ENDPOINT", storage.url.as_str());
    // Tokens are masked wherever they stand, so the state says only which one it was.
    let id = |who: u8| json!({"vpc": format!("google-{who}"), "none": "none"});
    assert_eq!(values(&sandbox, &[custom, ("GOOGLE_CREDENTIALS", &account)]), id(0));
    assert_eq!(values(&sandbox, &[custom, ("GOOGLE_OAUTH_ACCESS_TOKEN", "user-token")]), id(1));
    let file = sandbox.root().join("adc.json");
    std::fs::write(&file, &user).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(values(&sandbox, &[custom, ("GOOGLE_APPLICATION_CREDENTIALS", file)]), id(1));
    let iam = format!("{}/iam/v1/", storage.url);
    let other = [
        custom,
        ("GOOGLE_CREDENTIALS", &account),
        ("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", "other@project.test"),
        ("GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT", &iam),
    ];
    assert_eq!(values(&sandbox, &other), id(2));
    let args = [&VARS[..], &[".vars"]].concat();
    sandbox
        .atmos_with(&[custom], &args)
        .exits(1)
        .says("nothing says who reads")
        .says("gcloud auth application-default login");
    sandbox
        .atmos_with(&[custom, ("GOOGLE_OAUTH_ACCESS_TOKEN", "stale-token")], &args)
        .exits(1)
        .says("no permission")
        .says("Invalid Credentials");
    let federated = "{\"type\": \"external_account\"}";
    sandbox.atmos_with(&[custom, ("GOOGLE_CREDENTIALS", federated)], &args).exits(1).says("external_account");
    let sandbox = elsewhere("gcs", "bucket: nowhere");
    sandbox
        .atmos_with(&[custom, ("GOOGLE_CREDENTIALS", &account)], &args)
        .exits(1)
        .says("The specified bucket does not exist");
}

#[test]
fn http_states_are_read_with_user_and_headers() {
    let storage = Storage::start();
    let sandbox = elsewhere(
        "http",
        &format!("address: \"{}/http/state\", username: states, headers: {{X-Tenant: blue}}", storage.url),
    );
    let args = [&VARS[..], &[".vars.vpc"]].concat();
    let password = [("TF_HTTP_PASSWORD", "s3cr3t-of-http")];
    assert_eq!(sandbox.atmos_with(&password, &args).success().json(), "http-1");
    sandbox.atmos(&args).exits(1).says("no permission").says("HTTP status 401").says("/http/state");
    let sandbox = elsewhere("http", &format!("address: \"{}/http/none\"", storage.url));
    assert_eq!(values(&sandbox, &[]), json!({"vpc": "(computed)", "none": "none"}));
    let sandbox = elsewhere("consul", "path: x");
    sandbox.atmos(&args).exits(1).says("unsupported backend type `consul`").says("!terraform.output");
}
