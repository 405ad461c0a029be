//! Identities of Google Cloud: application default credentials, workload identity federation, service accounts, projects.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::{AT_ONCE, Federation, Refusal, find_part, free_port};

const AUTH: &str = r#"
auth:
  realm: google
  providers:
    adc: {kind: gcp/adc, spec: {endpoint_url: "URL/google"}}
    wif: &wif
      kind: gcp/workload-identity-federation
      spec: &spec
        project_id: wif-project
        project_number: 123456
        workload_identity_pool_id: ci
        workload_identity_provider_id: github
        region: europe-west1
        endpoint_url: URL/google
    acting: {kind: gcp/workload-identity-federation, spec: {<<: *spec, service_account_email: acting@acted.iam.gserviceaccount.com}}
    filed: {kind: gcp/workload-identity-federation, spec: {<<: *spec, token_source: {type: file, file_path: token}}}
  identities:
    deploy:
      kind: gcp/service-account
      via: {provider: wif}
      env: {NOTE: plain}
      principal: {service_account_email: deploy@prod-1.iam.gserviceaccount.com, region: europe-west3}
    mine: {kind: gcp/service-account, via: {provider: adc}, principal: {service_account_email: mine@prod-1.iam.gserviceaccount.com}}
    behind:
      kind: gcp/service-account
      via: {identity: deploy}
      principal:
        service_account_email: behind@other.iam.gserviceaccount.com
        project_id: third
        scopes: [https://www.googleapis.com/auth/devstorage.read_only]
        lifetime: 30m
        delegates: [between@prod-1.iam.gserviceaccount.com]
    denied: {kind: gcp/service-account, via: {provider: wif}, principal: {service_account_email: denied@prod-1.iam.gserviceaccount.com}}
    too-long: {kind: gcp/service-account, via: {provider: wif}, principal: {service_account_email: short@prod-1.iam.gserviceaccount.com, lifetime: 2h}}
    acted: {kind: gcp/project, via: {provider: acting}, principal: {project_id: acted-2, zone: europe-west1-b}}
    own: {kind: gcp/project, via: {provider: adc}, principal: {project_id: own-project}}
    from-file: {kind: gcp/project, via: {provider: filed}, principal: {project_id: p}}
    placed: {kind: gcp/project, principal: {project_id: only-a-place, region: us-east1, location: us-east1-c}}
"#;

const POOL: &str = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/ci/providers/github";
const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
fn job() -> Federation {
    let mut federation = Federation::start(AUTH);
    federation.as_job();
    federation
}

/// What a child sees, without the mask.
fn child(federation: &Federation, identity: &str, ambient: &[(&str, &str)], script: &str) -> String {
    let exec = ["auth", "exec", "-i", identity, "--", "sh", "-c", script];
    federation.sandbox.atmos_with(&[ambient, &[("ATMOS_MASK", "false")]].concat(), &exec).success().stdout
}

/// Variables of a child that have to do with Google.
fn variables(federation: &Federation, identity: &str, ambient: &[(&str, &str)]) -> Vec<String> {
    let text = child(federation, identity, ambient, "env");
    let ours = |line: &&str| ["GOOGLE_", "GCLOUD_", "CLOUDSDK_"].iter().any(|beginning| line.starts_with(beginning));
    let mut lines: Vec<String> = text.lines().filter(ours).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn job_of_github_becomes_a_service_account_without_any_key() {
    let federation = job();
    let who = ["auth", "whoami", "-i", "deploy", "-o", "json"];
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&who).success().json());
    for (key, expected) in [
        ("principal", json!("deploy@prod-1.iam.gserviceaccount.com")),
        ("account", json!("prod-1")),
        ("provider", json!("wif")),
        ("kind", json!("gcp/service-account")),
        ("region", json!("europe-west3")),
        ("valid", json!(true)),
    ] {
        assert_eq!(seen[key], expected, "{key}: {seen}");
    }
    assert_eq!(seen["environment"]["GOOGLE_OAUTH_ACCESS_TOKEN"], "***REDACTED***", "{seen}");
    let generate =
        format!(r#"generate deploy@prod-1.iam.gserviceaccount.com {{"lifetime":"3600s","scope":["{PLATFORM}"]}}"#);
    let expected = [format!("github/token {POOL}"), format!("exchange {POOL} {PLATFORM}"), generate];
    assert_eq!(calls, expected);
    // What comes from the environment is asked for each time and never kept.
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&who).success());
    assert_eq!(calls, expected);
    federation.assert_clean();
}

/// A row: the identity, and the variables of its child. `DIR` is the private directory, `TOKEN` a token.
type Row = (&'static str, Vec<&'static str>);

#[test]
fn child_of_each_identity_has_its_variables_and_none_of_another() {
    let federation = job();
    let key = json!({"type": "authorized_user", "client_id": "id", "client_secret": "user-secret-of-gcloud",
        "refresh_token": "refresh-token-of-gcloud", "token_uri": format!("{}/google/token", federation.url)});
    federation.sandbox.write("user.json", &key.to_string());
    let with_token = |place: &[&'static str]| {
        let token = [
            "CLOUDSDK_ACTIVE_CONFIG_NAME=config_atmos",
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=DIR/gcp/config/access_token",
            "CLOUDSDK_CONFIG=DIR/gcp/config",
            "GOOGLE_APPLICATION_CREDENTIALS=DIR/gcp/adc/application_default_credentials.json",
            "GOOGLE_OAUTH_ACCESS_TOKEN=TOKEN",
        ];
        let mut all = [&token[..], place].concat();
        all.sort_unstable();
        all
    };
    let rows: Vec<Row> = vec![
        (
            "deploy",
            with_token(&[
                "CLOUDSDK_COMPUTE_REGION=europe-west3",
                "CLOUDSDK_COMPUTE_ZONE=stays",
                "CLOUDSDK_CORE_PROJECT=prod-1",
                "GCLOUD_PROJECT=prod-1",
                "GOOGLE_CLOUD_PROJECT=prod-1",
                "GOOGLE_CLOUD_REGION=europe-west3",
                "GOOGLE_ZONE=stays",
            ]),
        ),
        (
            "acted",
            with_token(&[
                "CLOUDSDK_COMPUTE_REGION=europe-west1",
                "CLOUDSDK_COMPUTE_ZONE=europe-west1-b",
                "CLOUDSDK_CORE_PROJECT=acted-2",
                "GCLOUD_PROJECT=acted-2",
                "GOOGLE_CLOUD_PROJECT=acted-2",
                "GOOGLE_CLOUD_REGION=europe-west1",
                "GOOGLE_CLOUD_ZONE=europe-west1-b",
            ]),
        ),
        (
            "own",
            with_token(&[
                "CLOUDSDK_COMPUTE_ZONE=stays",
                "CLOUDSDK_CORE_PROJECT=own-project",
                "GCLOUD_PROJECT=own-project",
                "GOOGLE_CLOUD_PROJECT=own-project",
                "GOOGLE_REGION=old",
                "GOOGLE_ZONE=stays",
            ]),
        ),
    ];
    let user = federation.sandbox.repo().join("user.json").display().to_string();
    let ambient = [
        ("GOOGLE_APPLICATION_CREDENTIALS", user.as_str()),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "old"),
        ("GOOGLE_CREDENTIALS", "old"),
        ("GOOGLE_BACKEND_CREDENTIALS", "old"),
        ("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", "old"),
        ("GOOGLE_CLOUD_QUOTA_PROJECT", "old"),
        ("GOOGLE_BILLING_PROJECT", "old"),
        ("CLOUDSDK_BILLING_QUOTA_PROJECT", "old"),
        ("GOOGLE_GHA_CREDS_PATH", "old"),
        ("GOOGLE_PROJECT", "old"),
        ("GOOGLE_REGION", "old"),
        ("GOOGLE_ZONE", "stays"),
        ("GCLOUD_KEYFILE_JSON", "old"),
        ("CLOUDSDK_CONFIG", "/nowhere"),
        ("CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT", "old"),
        ("CLOUDSDK_CORE_ACCOUNT", "old"),
        ("CLOUDSDK_COMPUTE_ZONE", "stays"),
    ];
    for (identity, expected) in rows {
        let mut seen = variables(&federation, identity, &ambient);
        for line in &mut seen {
            let (name, value) = line.split_once('=').unwrap();
            let value = match value.split_once("/gcp/") {
                Some((directory, rest)) if directory.contains("/run/") => format!("DIR/gcp/{rest}"),
                _ if value.starts_with("ya29.") => "TOKEN".to_owned(),
                _ => value.to_owned(),
            };
            *line = format!("{name}={value}");
        }
        assert_eq!(seen, expected, "{identity}");
    }
    // Only where to work: the credentials of the shell stay.
    let expected = [
        "CLOUDSDK_COMPUTE_REGION=us-east1",
        "CLOUDSDK_COMPUTE_ZONE=us-east1-c",
        "CLOUDSDK_CORE_PROJECT=only-a-place",
        "GCLOUD_PROJECT=only-a-place",
        "GOOGLE_CLOUD_PROJECT=only-a-place",
        "GOOGLE_CLOUD_REGION=us-east1",
        "GOOGLE_CLOUD_ZONE=us-east1-c",
        "GOOGLE_OAUTH_ACCESS_TOKEN=mine",
    ];
    let seen = variables(&federation, "placed", &[("GOOGLE_OAUTH_ACCESS_TOKEN", "mine"), ("GOOGLE_PROJECT", "old")]);
    assert_eq!(seen, expected);
    federation.assert_clean();
}

#[test]
fn private_files_are_of_the_run_alone() {
    let federation = job();
    let script = r#"
        cd "${CLOUDSDK_CONFIG%/config}"
        find . -type f -exec stat -c '%a %n' {} + | sort
        find . -type d -exec stat -c '%a' {} + | sort -u
        cat config/properties config/configurations/config_config_atmos
        printf %s "$GOOGLE_OAUTH_ACCESS_TOKEN" | cmp - config/access_token && echo same
        grep -c "$GOOGLE_OAUTH_ACCESS_TOKEN" adc/application_default_credentials.json
        tr ',' '\n' < adc/application_default_credentials.json | grep -o '"type":"[a-z_]*"'
        echo "note $NOTE"; pwd
    "#;
    let seen = child(&federation, "deploy", &[], script);
    let (rest, folder) = seen.trim_end().rsplit_once('\n').unwrap();
    let expected = "600 ./adc/application_default_credentials.json\n600 ./config/access_token\n\
        600 ./config/configurations/config_config_atmos\n600 ./config/properties\n700\n\
        [core]\nproject = prod-1\n[compute]\nregion = europe-west3\n[core]\nproject = prod-1\n[compute]\nregion = europe-west3\n\
        same\n1\n\"type\":\"authorized_user\"\nnote plain";
    assert_eq!(rest, expected);
    assert!(folder.contains("/run/") && !std::path::Path::new(folder).exists(), "{folder}");
    federation.assert_clean();
    let mode = std::fs::metadata(federation.sandbox.runtime()).unwrap().permissions().mode();
    assert_eq!(mode & 0o77, 0);
}

#[test]
fn chain_of_service_accounts_asks_each_for_the_next() {
    let federation = job();
    let who = ["auth", "whoami", "-i", "behind", "-o", "json"];
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&who).success().json());
    assert_eq!(
        (&seen["principal"], &seen["account"]),
        (&json!("behind@other.iam.gserviceaccount.com"), &json!("third"))
    );
    assert_eq!(seen["chain"], json!(["wif", "deploy", "behind"]), "{seen}");
    let last = concat!(
        r#"generate behind@other.iam.gserviceaccount.com {"delegates":["projects/-/serviceAccounts/between@prod-1.iam.gserviceaccount.com"],"#,
        r#""lifetime":"1800s","scope":["https://www.googleapis.com/auth/devstorage.read_only"]}"#
    );
    assert_eq!(calls.len(), 4, "{calls:?}");
    assert_eq!(calls[3], last);
    let end = seen["expiration"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let left = end.duration_since(jiff::Timestamp::now()).as_mins();
    assert!((28..=30).contains(&left), "{seen}");
    // One token of the job serves all that a process does.
    let all = ["auth", "login", "--all", "--provider", "acting"];
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&all).success());
    assert_eq!(calls.iter().filter(|call| call.starts_with("github/token")).count(), 1, "{calls:?}");
    federation.assert_clean();
}

#[test]
fn application_default_credentials_are_found_in_every_form() {
    let mut federation = Federation::start(AUTH);
    let (account, key) = federation.service_account();
    federation.control(&key);
    let who = ["auth", "whoami", "-i", "mine", "-o", "json"];
    let own = ["auth", "exec", "-i", "own", "--", "sh", "-c", "echo $GOOGLE_CLOUD_PROJECT"];
    let named = |path: &std::path::Path| path.display().to_string();
    let run = |federation: &Federation, variables: &[(&str, &str)], token: &str| {
        let (seen, calls) = federation.during(|| federation.sandbox.atmos_with(variables, &who).success().json());
        assert_eq!(seen["principal"], "mine@prod-1.iam.gserviceaccount.com", "{seen}");
        assert_eq!(calls[0], token, "{calls:?}");
        assert!(calls.last().unwrap().starts_with("generate mine@"), "{calls:?}");
    };
    run(&federation, &[("GOOGLE_APPLICATION_CREDENTIALS", &named(&account))], "token jwt-bearer");
    // Who signed in with gcloud.
    let user = json!({"type": "authorized_user", "client_id": "id", "client_secret": "user-secret-of-gcloud",
        "refresh_token": "refresh-token-of-gcloud", "token_uri": format!("{}/google/token", federation.url)});
    let folder = federation.sandbox.home().join(".config/gcloud");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("application_default_credentials.json");
    std::fs::write(&file, user.to_string()).unwrap();
    run(&federation, &[], "token refresh_token");
    federation.sandbox.atmos(&own).success();
    // Who signed in to act as somebody else.
    let acted = format!("{}/google/v1/projects/-/serviceAccounts/first@p.iam.gserviceaccount.com", federation.url);
    let acting = json!({"type": "impersonated_service_account", "source_credentials": user,
        "service_account_impersonation_url": format!("{acted}:generateAccessToken"), "delegates": []});
    std::fs::write(&file, acting.to_string()).unwrap();
    run(&federation, &[], "token refresh_token");
    // What the actions of GitHub write: a token of an address, exchanged.
    let external = json!({
        "type": "external_account", "audience": POOL, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{}/google/v1/token", federation.url),
        "service_account_impersonation_url": format!("{acted}:generateAccessToken"),
        "credential_source": {
            "url": format!("{}/github/token?audience=https%3A{}", federation.url, POOL.replace('/', "%2F")),
            "headers": {"Authorization": "Bearer request-token-of-this-job"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    });
    std::fs::write(&file, external.to_string()).unwrap();
    run(&federation, &[], &format!("github/token https:{POOL}"));
    // The machine, where there is nothing else.
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(&account).unwrap();
    federation.sandbox.set("GCE_METADATA_HOST", federation.url.trim_start_matches("http://"));
    run(&federation, &[], "metadata token");
    federation.sandbox.set("GCE_METADATA_HOST", format!("127.0.0.1:{}", free_port()));
    let login = ["auth", "login", "-i", "mine"];
    federation
        .sandbox
        .atmos(&login)
        .exits(1)
        .says("provider `adc` cannot be used here: there are no application default credentials")
        .says("gcloud auth application-default login");
    for (text, phrase) in [
        (None, "cannot be read: No such file"),
        (Some("nonsense".to_owned()), "the credentials are not JSON"),
        (Some("{}".to_owned()), "credentials of the type `(none)` are not built yet"),
        (
            Some(json!({"type": "service_account", "client_email": "x", "private_key": "y"}).to_string()),
            "the private key",
        ),
        (
            Some(external.to_string().replace("http://127.0.0.1", "http://tokens.example")),
            "name an address that is not https",
        ),
    ] {
        let file = federation.sandbox.repo().join("named.json");
        let _ = std::fs::remove_file(&file);
        if let Some(text) = &text {
            std::fs::write(&file, text).unwrap();
        }
        let variables = [("GOOGLE_APPLICATION_CREDENTIALS", named(&file))];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        federation.sandbox.atmos_with(&variables, &login).exits(1).says(phrase);
        let _ = std::fs::remove_file(&file);
    }
    federation.assert_clean();
}

#[test]
fn what_google_or_a_token_is_wrong_about_is_said_and_nothing_is_kept() {
    let federation = job();
    let cases: Vec<Refusal> = vec![
        ("outside", "deploy", json!({}), vec![("GITHUB_ACTIONS", "")], vec!["this is no job of GitHub Actions"], 0),
        (
            "issuer",
            "deploy",
            json!({"claims": {"iss": "https://evil.example"}}),
            vec![],
            vec![
                "no token for provider `wif`",
                "The issuer in ID Token",
                "issuer `https://evil.example`",
                "trust the issuer",
            ],
            2,
        ),
        ("forged", "deploy", json!({"forge": true}), vec![], vec!["invalid signature"], 2),
        (
            "subject",
            "deploy",
            json!({"claims": {"sub": "repo:acme/infra:pull_request"}}),
            vec![],
            vec!["rejected by the attribute condition", "subject `repo:acme/infra:pull_request`"],
            2,
        ),
        (
            "audience of the job",
            "deploy",
            json!({"claims": {"aud": "other"}}),
            vec![],
            vec!["it is for `other`, not for `//iam.googleapis.com/projects/123456"],
            1,
        ),
        (
            "audience of a file",
            "from-file",
            json!({}),
            vec![],
            vec!["The audience in ID Token [sts.amazonaws.com] does not match", "audience `sts.amazonaws.com`"],
            1,
        ),
        (
            "denied",
            "denied",
            json!({}),
            vec![],
            vec![
                "no token for identity `denied`",
                "Permission 'iam.serviceAccounts.getAccessToken' denied",
                "roles/iam.serviceAccountTokenCreator",
            ],
            3,
        ),
        (
            "odd token",
            "deploy",
            json!({"google_answer": {"access_token": "abc\r\ndef"}}),
            vec![],
            vec!["characters that no token has"],
            2,
        ),
        (
            "odd end",
            "deploy",
            json!({"google_answer": {"expires_in": "soon"}}),
            vec![],
            vec!["`expires_in` of the answer is no number"],
            2,
        ),
        (
            "far end",
            "deploy",
            json!({"google_answer": {"expires_in": 1e30}}),
            vec![],
            vec!["`expires_in` of the answer is no number"],
            2,
        ),
        ("lifetime", "too-long", json!({}), vec![], vec!["cannot exceed 3600s"], 3),
        ("over", "deploy", json!({"seconds": 0}), vec![], vec!["what was given is over already", "clock"], 2),
        ("no token", "deploy", json!({"token_body": "{}"}), vec![], vec!["the answer has no token"], 1),
    ];
    let from_file = ["auth", "login", "-i", "from-file"];
    federation.sandbox.write("token", &federation.mint(&json!({"aud": format!("https:{POOL}")})));
    federation.sandbox.atmos(&from_file).success().says("p");
    federation.sandbox.write("token", &federation.mint(&json!({})));
    federation.assert_refused(cases);
    std::fs::remove_file(federation.sandbox.repo().join("token")).unwrap();
    federation.assert_clean();
}

#[test]
fn service_of_google_that_is_down_or_slow_is_named_within_its_time() {
    let federation = job();
    for path in [
        "/google/v1/token",
        "/google/v1/projects/-/serviceAccounts/deploy%40prod-1.iam.gserviceaccount.com:generateAccessToken",
    ] {
        federation.control(&json!({"hang": path}));
        let login = ["auth", "login", "-i", "deploy", "--timeout", "1s"];
        let seen = federation.sandbox.atmos(&login).exits(1).says("no complete answer within 1 s").says("may be down");
        assert!(seen.elapsed < AT_ONCE, "{seen}");
    }
    federation.control(&json!({}));
    let port = free_port();
    let gone = AUTH.replace("endpoint_url: URL/google", &format!("endpoint_url: \"http://127.0.0.1:{port}\""));
    federation.configure(&gone);
    let login = ["auth", "login", "-i", "deploy"];
    federation.sandbox.atmos(&login).exits(1).says(&format!("127.0.0.1:{port} cannot be reached"));
    federation.configure(&AUTH.replace("endpoint_url: URL/google", "endpoint_url: http://sts.example"));
    federation
        .sandbox
        .atmos(&login)
        .exits(1)
        .says("invalid endpoint `http://sts.example`")
        .says("it must be an https URL");
    federation.assert_clean();
}

#[test]
fn user_that_google_wants_to_see_again_is_told_how() {
    let federation = Federation::start(AUTH);
    let user = json!({"type": "authorized_user", "client_id": "id", "client_secret": "user-secret-of-gcloud",
        "refresh_token": "refresh-token-of-gcloud", "token_uri": format!("{}/google/token", federation.url)});
    federation.sandbox.write("user.json", &user.to_string());
    federation.control(&json!({"reauthenticate": true}));
    let variables = [("GOOGLE_APPLICATION_CREDENTIALS", "user.json")];
    let login = ["auth", "login", "--provider", "adc"];
    let seen = federation.sandbox.atmos_with(&variables, &login).exits(1).says("reauth related error (invalid_rapt)");
    assert!(seen.mentions("gcloud auth application-default login"), "{seen}");
    assert!(!seen.stderr.contains("refresh-token-of-gcloud"), "{seen}");
}

#[test]
fn variables_before_any_login_are_those_of_google() {
    let federation = job();
    let env = |name: &str| federation.sandbox.atmos(&["auth", "env", "-i", name, "-f", "json"]).success();
    for (name, project, region, zone, whole) in [
        ("deploy", "prod-1", json!("europe-west3"), Value::Null, false),
        ("acted", "acted-2", json!("europe-west1"), json!("europe-west1-b"), false),
        ("placed", "only-a-place", json!("us-east1"), json!("us-east1-c"), true),
    ] {
        let seen = env(name);
        let json = seen.json();
        assert_eq!((&json["GOOGLE_CLOUD_PROJECT"], &json["GOOGLE_CLOUD_REGION"]), (&json!(project), &region), "{seen}");
        assert_eq!((&json["CLOUDSDK_COMPUTE_ZONE"], &json["AWS_PROFILE"]), (&zone, &Value::Null), "{seen}");
        assert_eq!(seen.mentions("are not among these variables"), !whole, "{seen}");
    }
    let shell = federation.sandbox.atmos(&["auth", "env", "-i", "deploy"]).success();
    assert!(shell.stdout.contains("unset GOOGLE_APPLICATION_CREDENTIALS\n"), "{shell}");
    assert!(!shell.stdout.contains("AWS_"), "{shell}");
    assert!(federation.log().is_empty(), "nobody was asked");
}

#[test]
fn entries_of_google_are_checked_listed_and_explained() {
    let federation = job();
    let sandbox = &federation.sandbox;
    sandbox.atmos(&["auth", "validate"]).success().says_not("cannot use it yet");
    let list = sandbox.atmos(&["auth", "list", "-f", "json"]).success();
    assert_eq!(list.json()["providers"]["adc"]["kind"], "gcp/adc", "{list}");
    let tree = sandbox.atmos(&["auth", "list"]).success();
    assert!(tree.stdout.contains("deploy") && tree.stdout.contains("gcp/service-account"), "{tree}");
    sandbox.atmos(&["auth", "explain", "-c", "app", "-s", "dev", "-i", "behind"]).success();
    sandbox.atmos(&["auth", "login", "-i", "deploy"]).success().says("prod-1");
    sandbox.atmos(&["auth", "logout", "deploy"]).success();
    let env = ["auth", "env", "-i", "placed", "--delivery", "env", "--login", "-f", "dotenv"];
    let seen = sandbox.atmos(&env).success();
    assert!(seen.stdout.contains("GOOGLE_CLOUD_PROJECT=only-a-place\n"), "{seen}");
    // Inside of a run the run gives the token, and no other way leads to it.
    let nested = format!("{} auth process -i deploy", env!("CARGO_BIN_EXE_atmos"));
    let (inside, calls) = federation.during(|| child(&federation, "deploy", &[], &nested));
    let inside: Value = serde_json::from_str(&inside).unwrap();
    assert!(inside["Variables"]["GOOGLE_OAUTH_ACCESS_TOKEN"].as_str().unwrap().starts_with("ya29.c."), "{inside}");
    assert_eq!(calls.len(), 3, "{calls:?}");
    for (from, to, phrase, code) in [
        ("        project_number: 123456\n", "", "provider `wif`: spec.project_number is required", 1),
        ("        workload_identity_pool_id: ci\n", "", "spec.workload_identity_pool_id is required", 1),
        ("workload_identity_pool_id: ci", "workload_identity_pool: ci", "valid", 0),
        ("project_number: 123456", "project_number: a/b", "spec.project_number `a/b` is not a name", 1),
        ("{type: file, file_path: token}", "{type: file}", "spec.token_source.file_path is required", 1),
        ("region: europe-west1\n", "regoin: europe-west1\n", "unknown key `spec.regoin`, did you mean `region`?", 0),
        ("principal: {project_id: p}", "principal: {}", "identity `from-file`: principal.project_id is required", 2),
        (
            "service_account_email: denied@prod-1.iam.gserviceaccount.com",
            "service_account_email: me@acme.com",
            "principal.service_account_email `me@acme.com` is not that of a service account",
            2,
        ),
        ("lifetime: 30m", "lifetime: 13h", "principal.lifetime `13h` is no time of 12h or less", 2),
        ("lifetime: 30m", "lifetme: 30m", "unknown key `principal.lifetme`, did you mean `lifetime`?", 0),
        ("      via: {identity: deploy}\n", "", "identity `behind`: via is required for kind gcp/service-account", 1),
        (
            "via: {provider: adc}, principal: {service",
            "via: {provider: gone}, principal: {service",
            "`gone` does not exist",
            1,
        ),
        (
            "    adc: {kind: gcp/adc,",
            "    adc: {kind: github/oidc,",
            "gcp/service-account needs a provider of Google Cloud (gcp/…), and `adc` is of kind github/oidc",
            1,
        ),
        (
            "    deploy:\n      kind: gcp/service-account\n      via: {provider: wif}\n",
            "    deploy:\n      kind: mock\n",
            "gcp/service-account needs an identity of Google Cloud (gcp/…), and `deploy` is of kind mock",
            1,
        ),
        (
            "    own: {kind: gcp/project,",
            "    own: {kind: aws/assume-role,",
            "aws/assume-role cannot use what a provider of kind gcp/adc gives",
            2,
        ),
    ] {
        assert!(AUTH.contains(from), "{from}");
        federation.configure(&AUTH.replace(from, to));
        let seen = federation.sandbox.atmos(&["auth", "validate"]).exits(code);
        assert!(seen.mentions(phrase), "{phrase}\n{seen}");
    }
}

#[test]
fn terraform_runs_as_the_service_account() {
    let mut federation = job();
    federation.sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", find_part("terraform").unwrap_or("tofu".into()));
    let sandbox = &federation.sandbox;
    sandbox.write("components/terraform/app/main.tf", MAIN);
    sandbox.write("stacks/dev.yaml", STACK);
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--", "-auto-approve"]).success();
    let seen = sandbox.read("components/terraform/app/seen");
    assert_eq!(seen, "token prod-1\n");
    federation.assert_clean();
}

const STACK: &str = "vars: {stage: dev}\ncomponents: {terraform: {app: {settings: {auth: {identity: deploy}}}}}\n";
const MAIN: &str = r#"
variable "stage" {}
resource "terraform_data" "who" {
  provisioner "local-exec" {
    command = "case $GOOGLE_OAUTH_ACCESS_TOKEN in ya29.c.*) echo token $GOOGLE_PROJECT$GOOGLE_CLOUD_PROJECT;; esac > seen"
  }
}
"#;
