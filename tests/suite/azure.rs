//! Identities of Azure: who signed in with its program, applications that trust a token, subscriptions.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::{AT_ONCE, Federation, Refusal, Scanner, find_part, free_port};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const AUTH: &str = r"
auth:
  realm: azure
  providers:
    mine: {kind: azure/cli, spec: {tenant_id: 11111111-2222-3333-4444-555555555555, location: westeurope}}
    mine-too: {kind: azure/cli, spec: {tenant_id: 11111111-2222-3333-4444-555555555555, subscription_id: sub-9, cloud_environment: usgovernment}}
    job:
      kind: azure/oidc
      spec:
        tenant_id: 11111111-2222-3333-4444-555555555555
        client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
        endpoint_url: URL/entra
    filed:
      kind: azure/oidc
      spec:
        tenant_id: 11111111-2222-3333-4444-555555555555
        client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
        token_file_path: token
        endpoint_urls: {login: URL/entra}
  identities:
    dev: {kind: azure/subscription, via: {provider: mine}, env: {NOTE: plain}, principal: {subscription_id: sub-1, resource_group: rg}}
    gov: {kind: azure/subscription, via: {provider: mine-too}, principal: {subscription_id: sub-9}}
    deploy: {kind: azure/subscription, via: {provider: job}, principal: {subscription_id: sub-2, location: northeurope}}
    pod: {kind: azure/subscription, via: {provider: filed}, principal: {subscription_id: sub-3}}
";
const EXCHANGE: &str = "github/token api://AzureADTokenExchange";
const ASSERTION: &str = "entra token client_credentials https://management.azure.com/.default";
const OF_PROGRAM: &str = "token-of/az+that-nobody-keeps==";

/// In the place of the program: takes one of tenant and subscription, as the real one does, and notes what it was called with.
const AZ: &str = r#"#!/bin/sh
echo "$* config=$AZURE_CONFIG_DIR password=$ATMOS_KEYRING_PASSWORD" >> "$(dirname "$0")/calls"
case "$*" in *--tenant*--subscription*|*--subscription*--tenant*)
  echo "Please specify only one of subscription and tenant, not both" >&2; exit 1;; esac
cat "$(dirname "$0")/answer"
"#;

fn program(federation: &Federation, text: &str) {
    federation.sandbox.write("bin/az", text);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(federation.sandbox.repo().join("bin/az"), mode).unwrap();
}

fn signed_in(tenant: &str) -> String {
    json!({"accessToken": OF_PROGRAM, "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": 4_070_908_800_i64,
        "subscription": "sub-9", "tenant": tenant, "tokenType": "Bearer"})
    .to_string()
}

/// With the program in PATH, and as a job of GitHub.
fn azure() -> Federation {
    let mut federation = Federation::start(AUTH);
    federation.as_job();
    let bin = federation.sandbox.repo().join("bin");
    let old = federation.sandbox.environment()["PATH"].clone();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&old))).unwrap();
    federation.sandbox.set("PATH", path);
    program(&federation, AZ);
    federation.sandbox.write("bin/answer", &signed_in(TENANT));
    federation
}

fn assert_clean(federation: &Federation) {
    let secret = [("token of the program".to_owned(), OF_PROGRAM.to_owned())];
    for folder in ["home", "run", "tmp"] {
        Scanner::new(secret.clone()).assert_absent_below(&federation.sandbox.root().join(folder));
    }
    federation.assert_clean();
}

/// What a child sees, without the mask.
fn child(federation: &Federation, identity: &str, ambient: &[(&str, &str)], script: &str) -> String {
    let exec = ["auth", "exec", "-i", identity, "--", "sh", "-c", script];
    federation.sandbox.atmos_with(&[ambient, &[("ATMOS_MASK", "false")]].concat(), &exec).success().stdout
}

#[test]
fn who_signed_in_with_the_program_works_in_a_subscription() {
    let federation = azure();
    let who = ["auth", "whoami", "-i", "dev", "-o", "json"];
    let seen = federation.sandbox.atmos_with(&[("AZURE_CONFIG_DIR", "/somewhere")], &who).success().json();
    for (key, expected) in [
        ("account", json!("sub-1")),
        ("provider", json!("mine")),
        ("kind", json!("azure/subscription")),
        ("region", json!("westeurope")),
    ] {
        assert_eq!(seen[key], expected, "{key}: {seen}");
    }
    assert!(seen["expiration"].as_str().unwrap().starts_with("2099-01-01T00:00:0"), "{seen}");
    federation.sandbox.atmos(&["auth", "login", "-i", "gov"]).success();
    let calls = federation.sandbox.read("bin/calls");
    let expected = format!(
        "account get-access-token --output json --tenant {TENANT} config=/somewhere password=\n\
         account get-access-token --output json --subscription sub-9 config= password=\n"
    );
    assert_eq!(calls, expected);
    // What the program says is asked for each time and never kept.
    federation.sandbox.atmos(&who).success();
    assert_eq!(federation.sandbox.read("bin/calls").lines().count(), 3);
    assert_clean(&federation);
}

#[test]
fn job_of_github_becomes_an_application_without_any_secret() {
    let federation = azure();
    let who = ["auth", "whoami", "-i", "deploy", "-o", "json"];
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&who).success().json());
    for (key, expected) in [("principal", json!(CLIENT)), ("account", json!("sub-2")), ("valid", json!(true))] {
        assert_eq!(seen[key], expected, "{key}: {seen}");
    }
    assert_eq!(calls, [EXCHANGE, ASSERTION]);
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&who).success());
    assert_eq!(calls, [EXCHANGE, ASSERTION]);
    assert_clean(&federation);
}

#[test]
fn child_of_each_identity_has_its_variables_and_none_of_another() {
    let federation = azure();
    let token = federation.mint(&json!({"aud": "api://AzureADTokenExchange"}));
    federation.sandbox.write("token", &token);
    let file = federation.sandbox.repo().join("token").display().to_string();
    let place = |subscription: &str, location: &str| {
        let mut lines =
            vec![format!("ARM_SUBSCRIPTION_ID={subscription}"), format!("AZURE_SUBSCRIPTION_ID={subscription}")];
        if !location.is_empty() {
            lines.extend([format!("ARM_LOCATION={location}"), format!("AZURE_LOCATION={location}")]);
        }
        lines
    };
    let application = |file: &str| {
        ["ARM", "AZURE"]
            .iter()
            .flat_map(|cloud| [format!("{cloud}_CLIENT_ID={CLIENT}"), format!("{cloud}_TENANT_ID={TENANT}")])
            .chain([
                "ARM_USE_OIDC=true".to_owned(),
                format!("ARM_OIDC_TOKEN_FILE_PATH={file}"),
                format!("AZURE_FEDERATED_TOKEN_FILE={file}"),
                "AZURE_CONFIG_DIR=DIR/azure/config".to_owned(),
            ])
            .collect::<Vec<_>>()
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let stays = "ARM_ACCESS_KEY=of-one-storage-account";
    // Whoever signed in with the program did so in that folder.
    let dev = words(&[
        "ARM_USE_CLI=true",
        "AZURE_CONFIG_DIR=/somewhere",
        "AZURE_RESOURCE_GROUP=rg",
        "MSI_ENDPOINT=old",
        stays,
    ]);
    let gov = words(&[
        "ARM_USE_CLI=true",
        "ARM_ENVIRONMENT=usgovernment",
        "AZURE_ENVIRONMENT=usgovernment",
        "AZURE_CONFIG_DIR=/somewhere",
        "MSI_ENDPOINT=old",
        stays,
    ]);
    let rows = [
        ("dev", [place("sub-1", "westeurope"), dev].concat()),
        ("gov", [place("sub-9", ""), gov].concat()),
        ("deploy", [place("sub-2", "northeurope"), application("DIR/azure/federated-token"), words(&[stays])].concat()),
        // What Kubernetes renews is read where it lies.
        ("pod", [place("sub-3", ""), application(&file), words(&[stays])].concat()),
    ];
    let ambient = [
        "ARM_CLIENT_ID",
        "ARM_CLIENT_SECRET",
        "ARM_CLIENT_CERTIFICATE_PATH",
        "ARM_SUBSCRIPTION_ID",
        "ARM_TENANT_ID",
        "ARM_USE_MSI",
        "ARM_USE_OIDC",
        "ARM_OIDC_TOKEN",
        "ARM_ENVIRONMENT",
        "ARM_AUXILIARY_TENANT_IDS",
        "ARM_METADATA_HOSTNAME",
        "AZURE_AUTH_LOCATION",
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "MSI_ENDPOINT",
        "MSI_SECRET",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_SUBSCRIPTION_ID",
        "AZURE_TENANT_ID",
        "AZURE_REGION",
        "AZURE_DEFAULTS_GROUP",
        "AZURE_DEFAULTS_LOCATION",
        "AZURE_USERNAME",
        "AZURE_PASSWORD",
    ];
    let mut ambient: Vec<(&str, &str)> = ambient.iter().map(|name| (*name, "old")).collect();
    ambient.extend([("AZURE_CONFIG_DIR", "/somewhere"), ("ARM_ACCESS_KEY", "of-one-storage-account")]);
    for (identity, mut expected) in rows {
        expected.sort();
        let text = child(&federation, identity, &ambient, "env");
        let clouds = ["ARM_", "AZURE_", "IDENTITY_", "MSI_"];
        let ours = text.lines().filter(|line| clouds.iter().any(|prefix| line.starts_with(prefix)));
        let mut seen: Vec<String> = ours
            .map(|line| {
                let (name, value) = line.split_once('=').unwrap();
                match value.split_once("/azure/") {
                    Some((directory, rest)) if directory.contains("/run/") => format!("{name}=DIR/azure/{rest}"),
                    _ => line.to_owned(),
                }
            })
            .collect();
        seen.sort();
        assert_eq!(seen, expected, "{identity}");
        assert_eq!(text.contains("NOTE=plain"), identity == "dev", "{identity}");
    }
    std::fs::remove_file(&file).unwrap();
    assert_clean(&federation);
}

#[test]
fn private_files_of_an_application_are_of_the_run_alone() {
    let federation = azure();
    let script = r#"
        cd "${AZURE_CONFIG_DIR%/config}"
        find . -type f -exec stat -c '%a %n' {} + | sort
        find . -type d -exec stat -c '%a' {} + | sort -u
        cmp "$AZURE_FEDERATED_TOKEN_FILE" "$ARM_OIDC_TOKEN_FILE_PATH" && echo same
        grep -c "$(cat federated-token)" config/service_principal_entries.json
        cat config/azureProfile.json; echo; pwd
    "#;
    let seen = child(&federation, "deploy", &[], script);
    let mut lines: Vec<&str> = seen.lines().collect();
    let folder = lines.pop().unwrap();
    let profile: Value = serde_json::from_str(lines.pop().unwrap()).unwrap();
    let expected = [
        "600 ./config/azureProfile.json",
        "600 ./config/service_principal_entries.json",
        "600 ./federated-token",
        "700",
        "same",
        "1",
    ];
    assert_eq!(lines, expected);
    let subscription = &profile["subscriptions"][0];
    assert_eq!((&subscription["id"], &subscription["tenantId"]), (&json!("sub-2"), &json!(TENANT)), "{profile}");
    assert_eq!(subscription["user"], json!({"name": CLIENT, "type": "servicePrincipal"}), "{profile}");
    assert!(folder.contains("/run/") && !std::path::Path::new(folder).exists(), "{folder}");
    assert_clean(&federation);
}

#[test]
fn program_that_gives_nothing_is_explained_within_its_time() {
    let federation = azure();
    let login = ["auth", "login", "-i", "dev", "--timeout", "1s"];
    for (name, text, phrases) in [
        (
            "signed out",
            "#!/bin/sh\necho \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1\n".to_owned(),
            vec!["no token for provider `mine`", "Please run 'az login' to setup account", "az login --tenant 1111"],
        ),
        ("text", "#!/bin/sh\necho token\n".to_owned(), vec!["gave no token: it printed none"]),
        ("slow", "#!/bin/sh\nexec sleep 60\n".to_owned(), vec!["1 s", "no token for provider `mine`"]),
        (
            "other tenant",
            format!("#!/bin/sh\necho '{}'\n", signed_in("99999999-2222-3333-4444-555555555555")),
            vec!["az gives a token of the tenant 99999999-2222", "11111111-2222-3333-4444-555555555555 is wanted"],
        ),
        (
            "over",
            format!("#!/bin/sh\necho '{}'\n", signed_in(TENANT).replace("4070908800", "1000000000")),
            vec!["az gives a token that is over", "what was given is over already", "az login --tenant 1111"],
        ),
        (
            "empty",
            format!("#!/bin/sh\necho '{}'\n", signed_in(TENANT).replace(OF_PROGRAM, "")),
            vec!["gave no token: it printed none"],
        ),
        (
            "no token",
            format!("#!/bin/sh\necho '{}'\n", signed_in(TENANT).replace(OF_PROGRAM, "two words")),
            vec!["gave no token: what it printed is no token"],
        ),
        (
            "endless",
            format!("#!/bin/sh\necho '{{\"accessToken\": \"{OF_PROGRAM}\", \"tenant\": \"{TENANT}\"}}'\n"),
            vec!["gave no token: it does not say when that ends"],
        ),
    ] {
        program(&federation, &text);
        let seen = federation.sandbox.atmos(&login).exits(1);
        assert!(seen.elapsed < AT_ONCE, "{name}: {seen}");
        for phrase in phrases {
            assert!(seen.mentions(phrase) && !seen.stderr.contains(OF_PROGRAM), "{name}: {phrase}: {seen}");
        }
    }
    std::fs::remove_file(federation.sandbox.repo().join("bin/az")).unwrap();
    let nowhere = [("PATH", "/nowhere")];
    federation.sandbox.atmos_with(&nowhere, &login).exits(1).says("there is no program `az` in PATH");
    assert_clean(&federation);
}

#[test]
fn program_that_hangs_ends_with_all_that_it_started() {
    let federation = azure();
    let script = "#!/bin/sh\nsleep 600 &\necho $$ $! > \"$(dirname \"$0\")/started\"\nwait\n";
    program(&federation, script);
    let seen = federation.sandbox.atmos(&["auth", "login", "-i", "dev", "--timeout", "1s"]).exits(1);
    assert!(seen.mentions("1 s") && seen.elapsed < AT_ONCE, "{seen}");
    for process in federation.sandbox.read("bin/started").split_whitespace() {
        // One that has ended may wait for its parent to take notice.
        let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{process}: {state}");
    }
}

#[test]
fn token_of_another_subscription_is_refused() {
    let federation = azure();
    let (asked, other) = ("aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002");
    federation.configure(&AUTH.replace("subscription_id: sub-9, cloud", &format!("subscription_id: {asked}, cloud")));
    federation.sandbox.write("bin/answer", &signed_in(TENANT).replace("sub-9", other));
    let login = ["auth", "login", "-i", "gov"];
    federation
        .sandbox
        .atmos(&login)
        .exits(1)
        .says(&format!("a token of the subscription {other}, and {asked} is wanted"));
    federation.sandbox.write("bin/answer", &signed_in(TENANT).replace("sub-9", &asked.to_uppercase()));
    federation.sandbox.atmos(&login).success();
}

#[test]
fn what_entra_or_a_token_is_wrong_about_is_said_and_nothing_is_kept() {
    let federation = azure();
    federation.sandbox.write("token", &federation.mint(&json!({})));
    let cases: Vec<Refusal> = vec![
        ("outside", "deploy", json!({}), vec![("GITHUB_ACTIONS", "")], vec!["this is no job of GitHub Actions"], 0),
        (
            "issuer",
            "deploy",
            json!({"claims": {"iss": "https://evil.example"}}),
            vec![],
            vec![
                "no token for provider `job`",
                "AADSTS700213",
                "assertion iss 'https://evil.example'",
                "federated credential",
            ],
            2,
        ),
        ("forged", "deploy", json!({"forge": true}), vec![], vec!["AADSTS700027"], 2),
        (
            "subject",
            "deploy",
            json!({"claims": {"sub": "repo:acme/infra:pull_request"}}),
            vec![],
            vec!["assertion sub 'repo:acme/infra:pull_request'", "subject `repo:acme/infra:pull_request`"],
            2,
        ),
        (
            "audience of the job",
            "deploy",
            json!({"claims": {"aud": "other"}}),
            vec![],
            vec!["it is for `other`, not for `api://AzureADTokenExchange`"],
            1,
        ),
        (
            "audience of a file",
            "pod",
            json!({}),
            vec![],
            vec!["assertion aud 'sts.amazonaws.com'", "audience `sts.amazonaws.com`"],
            1,
        ),
        ("over", "deploy", json!({"seconds": 0}), vec![], vec!["what was given is over already", "clock"], 2),
    ];
    federation.assert_refused(cases);
    std::fs::remove_file(federation.sandbox.repo().join("token")).unwrap();
    federation.sandbox.atmos(&["auth", "login", "-i", "pod"]).exits(1).says("token cannot be read: No such file");
    // The variable of Kubernetes is taken where the configuration names no file.
    let token = federation.mint(&json!({"aud": "api://AzureADTokenExchange"}));
    federation.control(&json!({}));
    federation.sandbox.write("elsewhere", &token);
    let file = [("AZURE_FEDERATED_TOKEN_FILE", "elsewhere")];
    let login = ["auth", "login", "-i", "deploy"];
    let (_, calls) = federation.during(|| federation.sandbox.atmos_with(&file, &login).success());
    assert_eq!(calls, [ASSERTION]);
    std::fs::remove_file(federation.sandbox.repo().join("elsewhere")).unwrap();
    // Down, slow, or where anybody could listen.
    federation.control(&json!({"hang": format!("/entra/{TENANT}/oauth2/v2.0/token")}));
    let seen = federation.sandbox.atmos(&["auth", "login", "-i", "deploy", "--timeout", "1s"]).exits(1);
    assert!(seen.mentions("no complete answer within 1 s") && seen.elapsed < AT_ONCE, "{seen}");
    let gone = format!("http://127.0.0.1:{}", free_port());
    for (to, phrase) in [
        (format!("endpoint_url: \"{gone}\""), "cannot be reached"),
        ("endpoint_url: http://login.example".to_owned(), "it must be an https URL"),
    ] {
        federation.configure(&AUTH.replace("endpoint_url: URL/entra", &to));
        federation.sandbox.atmos(&login).exits(1).says(phrase);
    }
    assert_clean(&federation);
}

#[test]
fn variables_before_any_login_are_those_of_azure() {
    let federation = azure();
    let env = |name: &str| federation.sandbox.atmos(&["auth", "env", "-i", name, "-f", "json"]);
    // The program needs nothing else; what an application shows is not there before it has signed in.
    let seen = env("dev").success();
    assert!(!seen.mentions("are not among these variables"), "{seen}");
    let all = json!({"ARM_SUBSCRIPTION_ID": "sub-1", "AZURE_SUBSCRIPTION_ID": "sub-1", "ARM_LOCATION": "westeurope",
        "AZURE_LOCATION": "westeurope", "AZURE_RESOURCE_GROUP": "rg", "ARM_USE_CLI": "true", "NOTE": "plain"});
    assert_eq!(seen.json(), all);
    let seen = env("gov").success().json();
    assert_eq!((&seen["ARM_ENVIRONMENT"], &seen["AWS_PROFILE"]), (&json!("usgovernment"), &Value::Null), "{seen}");
    let seen = env("deploy").success().says("the credentials of identity `deploy` are not among these variables");
    assert_eq!(seen.json()["ARM_LOCATION"], "northeurope", "{seen}");
    assert_eq!(seen.json()["ARM_USE_CLI"], Value::Null, "{seen}");
    // Nobody else's credentials stay where these variables go.
    let shell = federation.sandbox.atmos(&["auth", "env", "-i", "deploy"]).success();
    assert!(shell.stdout.contains("unset ARM_CLIENT_SECRET\n") && !shell.stdout.contains("AWS_"), "{shell}");
    federation
        .sandbox
        .atmos(&["auth", "env", "-i", "deploy", "--delivery", "process"])
        .exits(1)
        .says("gives variables, not keys of AWS");
    let who = federation.sandbox.atmos(&["auth", "whoami", "-i", "dev", "-o", "json"]).success();
    assert!(!who.stdout.contains("AWS_"), "{who}");
}

#[test]
fn entries_of_azure_are_checked_listed_and_explained() {
    let federation = azure();
    let sandbox = &federation.sandbox;
    sandbox.atmos(&["auth", "validate"]).success().says_not("cannot use it yet");
    let list = sandbox.atmos(&["auth", "list", "-f", "json"]).success();
    assert_eq!(list.json()["providers"]["job"]["kind"], "azure/oidc", "{list}");
    sandbox.atmos(&["auth", "list"]).success();
    sandbox.atmos(&["auth", "explain", "-c", "app", "-s", "dev", "-i", "dev"]).success();
    sandbox.atmos(&["auth", "login", "-i", "dev"]).success().says("sub-1");
    sandbox.atmos(&["auth", "logout", "dev"]).success();
    let env = sandbox.atmos(&["auth", "env", "-i", "dev", "--delivery", "env", "--login", "-f", "dotenv"]);
    assert!(env.success().stdout.contains("ARM_USE_CLI=true\n"));
    for (from, to, phrase, code) in [
        (
            "        client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\n        endpoint_url",
            "        endpoint_url",
            "spec.client_id is required",
            1,
        ),
        (
            "{tenant_id: 11111111-2222-3333-4444-555555555555, location",
            "{location",
            "provider `mine`: spec.tenant_id is required",
            1,
        ),
        (
            "tenant_id: 11111111-2222-3333-4444-555555555555, location",
            "tenant_id: --x, location",
            "spec.tenant_id `--x` is no id",
            1,
        ),
        ("cloud_environment: usgovernment", "cloud_environment: moon", "spec.cloud_environment `moon` is not known", 1),
        (
            "principal: {subscription_id: sub-9}",
            "principal: {}",
            "identity `gov`: principal.subscription_id is required",
            2,
        ),
        (
            "resource_group: rg",
            "resource_grup: rg",
            "unknown key `principal.resource_grup`, did you mean `resource_group`?",
            0,
        ),
        ("via: {provider: job}, ", "", "via is required for kind azure/subscription", 1),
        ("via: {provider: job}, ", "via: {identity: dev}, ", "azure/subscription needs via.provider", 1),
        (
            "    mine: {kind: azure/cli,",
            "    mine: {kind: gcp/adc,",
            "azure/subscription needs a provider of Azure (azure/…), and `mine` is of kind gcp/adc",
            1,
        ),
    ] {
        assert!(AUTH.contains(from), "{from}");
        federation.configure(&AUTH.replace(from, to));
        let seen = federation.sandbox.atmos(&["auth", "validate"]).exits(code);
        assert!(seen.mentions(phrase), "{phrase}\n{seen}");
    }
}

#[test]
fn terraform_runs_in_the_subscription() {
    let mut federation = azure();
    federation.sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", find_part("terraform").unwrap_or("tofu".into()));
    federation.sandbox.set("ARM_CLIENT_SECRET", "of somebody else");
    let sandbox = &federation.sandbox;
    sandbox.write("components/terraform/app/main.tf", MAIN);
    sandbox.write("stacks/dev.yaml", STACK);
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--", "-auto-approve"]).success();
    let seen = sandbox.read("components/terraform/app/seen");
    assert_eq!(seen, "sub-2 true 3\n");
    assert_clean(&federation);
}

const STACK: &str = "vars: {stage: dev}\ncomponents: {terraform: {app: {settings: {auth: {identity: deploy}}}}}\n";
const MAIN: &str = r#"
variable "stage" {}
resource "terraform_data" "who" {
  provisioner "local-exec" {
    command = "echo $ARM_SUBSCRIPTION_ID $ARM_USE_OIDC$ARM_CLIENT_SECRET $(tr . '\n' < $ARM_OIDC_TOKEN_FILE_PATH | grep -c .) > seen"
  }
}
"#;
