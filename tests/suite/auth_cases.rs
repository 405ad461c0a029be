//! More of the numbered acceptance cases of authentication; `case_NN` is the number, docs/auth-acceptance.md has them all.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::{Cloud, Running, Sandbox, Terminal};

const NETWORK: &str = "arn:aws:sts::333333333333:assumed-role/NetworkAdmin/";
const DATA: &str = "arn:aws:sts::444444444444:assumed-role/AWSReservedSSO_DataOps_";
const READER: &str = "arn:aws:sts::777777777777:assumed-role/AWSReservedSSO_ReadOnly_";

#[test]
fn case_06_twenty_processes_write_the_profiles_and_readers_see_whole_files() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let principal = "principal: {name: DataOps, account: {id: \"444444444444\"}}";
    let identities: Vec<String> = (0..20)
        .map(|number| format!("    p{number}: {{kind: aws/permission-set, via: {{provider: corp}}, {principal}}}\n"))
        .collect();
    let identities = identities.concat();
    cloud.sandbox.write("atmos.yaml", &text.replace("  identities:\n", &format!("  identities:\n{identities}")));
    // All of them are the same somebody, so all have their profiles in one file.
    let known = cloud.sandbox.atmos(&["auth", "env", "-i", "p0", "-f", "json"]).success().json();
    let [config, credentials] = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]
        .map(|name| std::path::PathBuf::from(known[name].as_str().unwrap()));
    assert!(config.starts_with(cloud.sandbox.home().join(".config/atmos/scenario/aws/corp")), "{known}");
    let own = "# mine\n[profile mine]\nregion = us-west-2\n";
    std::fs::write(&config, own).unwrap();
    let (done, looked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let text = std::fs::read_to_string(&config).unwrap();
                    assert!(text.starts_with(own) && text.ends_with('\n'), "{text}");
                    let profiles = text.matches("[profile p").count();
                    assert_eq!(text.matches("credential_process = ").count(), profiles, "{text}");
                    looked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let writers: Vec<Running> =
            (0..20).map(|number| cloud.sandbox.spawn(&["auth", "env", "-i", &format!("p{number}")])).collect();
        let ended: Vec<_> = writers.into_iter().map(Running::wait).collect();
        done.store(true, Ordering::Relaxed);
        for outcome in ended {
            outcome.success();
        }
    });
    let text = std::fs::read_to_string(&config).unwrap();
    assert_eq!(text.matches("[profile p").count(), 20, "{text}");
    assert!(looked.load(Ordering::Relaxed) > 20);
    for file in [config, credentials] {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[test]
fn case_09_three_identities_in_one_run_at_once_each_see_their_own() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    // A folder of its own, so that nobody waits for anybody; and nobody depends on anybody.
    let main = cloud.sandbox.read("components/terraform/vpc/main.tf");
    cloud.sandbox.write("components/terraform/dns/main.tf", &main);
    let catalog = cloud.sandbox.read("stacks/catalog/all.yaml");
    let catalog = catalog.replacen("      metadata:\n        component: vpc\n", "", 1);
    let catalog = catalog.replace("      dependencies:\n        components:\n          - name: vpc\n", "");
    cloud.sandbox.write("stacks/catalog/all.yaml", &catalog);
    for delivery in ["process", "files", "endpoint", "env"] {
        cloud.deliver_by(delivery);
        let before = cloud.sts.count("AssumeRole");
        cloud.apply(&["--components", "vpc,database,dns", "-s", "dev", "--max-concurrency", "3"]).success();
        for (component, arn) in [("vpc", NETWORK), ("database", DATA), ("dns", READER)] {
            let probe = cloud.probe(&format!("dev-{component}"));
            assert!(probe.caller().starts_with(arn), "{delivery}, {component}: {}", probe.caller());
            std::fs::remove_dir_all(cloud.probes().join(format!("dev-{component}"))).unwrap();
        }
        assert!(cloud.sts.count("AssumeRole") - before <= 1, "{delivery}: one call per distinct chain");
    }
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1);
    cloud.assert_clean();
}

#[test]
fn case_11_disabled_is_said_by_everything_that_needs_somebody() {
    let sandbox = Sandbox::scenario("identity-resolution");
    for command in [&["auth", "console", "--print-only"][..], &["auth", "shell"], &["auth", "process"]] {
        let seen = sandbox.atmos(&[command, &["--identity=off"]].concat()).exits(1);
        seen.says("authentication is disabled by --identity/ATMOS_IDENTITY");
        let seen = sandbox.atmos_with(&[("ATMOS_IDENTITY", "No")], command).exits(1);
        seen.says("authentication is disabled by --identity/ATMOS_IDENTITY");
    }
}

/// Phrases and statuses on which scripts may rely, as far as no other case has them.
#[test]
fn case_14_phrases_and_statuses_of_errors() {
    let mut cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    let circle = with("via: {identity: net-base}", "via: {identity: network-admin}");
    let nobody = with("via: {identity: net-base}", "via: {identity: missing}");
    let nowhere = with("name: ReadOnly, account: {name: production}", "name: ReadOnly");
    let stranger = with("kind: aws/iam-identity-center", "kind: okta/device-code");
    let half =
        with("  identities:\n", "  identities:\n    ci: {kind: aws/user, credentials: {access_key_id: AKIAHALF}}\n");
    let cases: [(&str, &[&str], i32, &str); 8] = [
        (&text, &["auth", "whoami", "-i", "nobody"], 1, "identity not found"),
        (&text, &["auth", "logout", "--provider", "nobody"], 1, "provider not found"),
        (&circle, &["auth", "whoami", "-i", "network-admin"], 1, "circular dependency"),
        (&nobody, &["auth", "whoami", "-i", "network-admin"], 1, "missing"),
        (&nowhere, &["auth", "whoami", "-i", "reader"], 2, "account specification is required in principal"),
        (&nowhere, &["auth", "validate"], 2, "account specification is required in principal"),
        (&stranger, &["auth", "validate"], 1, "unsupported provider kind: okta/device-code"),
        (&half, &["auth", "whoami", "-i", "ci"], 1, "must both be provided or both be empty"),
    ];
    for (settings, args, code, phrase) in cases {
        cloud.sandbox.write("atmos.yaml", settings);
        let seen = cloud.sandbox.atmos(args).exits(code).says(phrase);
        assert_eq!(seen.stdout, "", "{args:?}: what went wrong is no data");
    }
    // The service refuses.
    cloud.sandbox.write("atmos.yaml", &with("name: DataOps", "name: Nothing"));
    cloud.login("data-admin").exits(1).says("authentication failed").says("ForbiddenException: No access");
    cloud.sandbox.write("atmos.yaml", &text);
    cloud.sandbox.set("ATMOS_AUTH_REALM", "-bad-");
    cloud.sandbox.atmos(&["auth", "whoami"]).exits(1).says("invalid realm value");
    cloud.sandbox.remove("ATMOS_AUTH_REALM");
    // A lock that does not come free.
    let folder = cloud.sandbox.home().join(".config/atmos/scenario/aws/corp");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("config.lock")).unwrap();
    lock.lock().unwrap();
    let seen = cloud.sandbox.atmos(&["auth", "env", "-i", "reader"]).exits(1);
    let seen = seen.says("failed to acquire file lock within timeout").says("config.lock");
    assert!((Duration::from_secs(9)..Duration::from_secs(30)).contains(&seen.elapsed), "{seen}");
}

#[test]
fn case_14_person_who_breaks_off_ends_with_130() {
    let cloud = Cloud::start(&[]);
    let mut terminal = Terminal::start(cloud.sandbox.atmos_command(&["auth", "login", "--identity"]));
    terminal.expect("data-admin");
    terminal.press("\x1b");
    let (code, seen) = terminal.finish();
    assert!(code == 130 && seen.contains("user aborted"), "{code}: {seen}");
    assert_eq!(cloud.portal.operations(), Vec::<String>::new());
}

/// Nothing names the realm: the place of the repository does.
#[test]
fn case_15_repositories_with_equal_names_have_realms_of_their_own() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    cloud.sandbox.write("atmos.yaml", &text.replace("  realm: scenario\n", ""));
    let other = cloud.sandbox.root().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::copy(cloud.sandbox.repo().join("atmos.yaml"), other.join("atmos.yaml")).unwrap();
    std::fs::create_dir(other.join("stacks")).unwrap();
    cloud.login("data-admin").success();
    let there = |words: &[&str]| {
        let mut command = cloud.sandbox.atmos_command(words);
        command.current_dir(&other);
        cloud.sandbox.start(command, "").wait()
    };
    let who = ["auth", "whoami", "-i", "data-admin", "-o", "json"];
    let (here, elsewhere) = (cloud.sandbox.atmos(&who).success().json(), there(&who).success().json());
    assert_eq!((&here["realm_source"], &elsewhere["realm_source"]), (&json!("auto"), &json!("auto")), "{here}");
    assert_ne!(here["realm"], elsewhere["realm"]);
    // One login at the portal, two sessions.
    assert_eq!((cloud.portal.count("CreateToken"), cloud.portal.count("GetRoleCredentials")), (1, 2));
    there(&["auth", "logout", "data-admin"]).success();
    let process = ["auth", "process", "-i", "data-admin"];
    let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&process).success());
    assert_eq!(requests, Vec::<String>::new(), "a logout stays in its repository");
    cloud.assert_clean();
}

/// What decides; the component that is read, the one that reads; flags, variables; and as whom it is read.
type Row<'a> = (&'a str, String, String, &'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

/// Who reads what another component made: the same in descriptions, in varfiles of runs and in templates.
#[test]
fn case_18_runs_templates_and_descriptions_read_as_the_same_identity() {
    let cloud = Cloud::start(&[]);
    for identity in ["reader", "network-admin", "data-admin"] {
        cloud.login(identity).success();
    }
    cloud.keep_states_in_s3("matrix");
    let state = r#"{"version": 4, "outputs": {"id": {"value": "vpc-dev"}}}"#;
    let object = format!("{}/matrix/vpc/dev/terraform.tfstate", cloud.sts.unrecorded());
    assert!(crate::support::exchange("PUT", &object, state).is_some_and(|(status, _)| status == 200));
    let catalog = cloud.sandbox.read("stacks/catalog/all.yaml");
    let template = "templates: {settings: {enabled: true}}\n";
    cloud.sandbox.write("atmos.yaml", &format!("{template}{}", cloud.sandbox.read("atmos.yaml")));
    // The state is that of the component `vpc`; `asker` is who wants to know it.
    let write = |owner: &str, asker: &str| {
        let own = format!(
            "    vpc:\n      {owner}\n      vars: {{name: vpc}}\n    asker:\n      {asker}\n      metadata: {{component: vpc}}\n"
        );
        let values = "      vars:\n        name: asker\n        id: !terraform.state vpc dev id\n        again: '{{ atmos.Resolve \"!terraform.state vpc dev id\" }}'\n";
        let start = catalog.find("    vpc:\n").unwrap();
        let end = catalog.find("    database:\n").unwrap();
        cloud
            .sandbox
            .write("stacks/catalog/all.yaml", &format!("{}{own}{values}{}", &catalog[..start], &catalog[end..]));
    };
    let settings = |identity: &str| format!("settings: {{auth: {{identity: {identity}}}}}");
    let default = |identity: &str| format!("auth: {{identities: {{{identity}: {{default: true}}}}}}");
    let roles = |identity: &str| match identity {
        "data-admin" => "DataOps",
        "reader" => "ReadOnly",
        _ => "NetworkAdmin",
    };
    let variable = [("ATMOS_IDENTITY", "data-admin")];
    let rows: [Row; 7] = [
        ("the global default", String::new(), String::new(), &[], &[], "reader"),
        ("who asks", String::new(), settings("data-admin"), &[], &[], "data-admin"),
        ("the owner's default", default("data-admin"), settings("reader"), &[], &[], "data-admin"),
        ("the owner's setting", settings("network-admin"), settings("data-admin"), &[], &[], "network-admin"),
        ("the flag", settings("network-admin"), settings("reader"), &["--identity", "data-admin"], &[], "data-admin"),
        ("the variable", settings("network-admin"), settings("reader"), &[], &variable, "data-admin"),
        (
            "the flag before the variable",
            settings("network-admin"),
            String::new(),
            &["--identity", "reader"],
            &variable,
            "reader",
        ),
    ];
    for (what, owner, asker, flags, env, expected) in rows {
        write(&owner, &asker);
        for words in [
            &["describe", "component", "asker", "-s", "dev", "--format", "json"][..],
            &["terraform", "generate", "varfile", "asker", "-s", "dev", "-f", "-"],
        ] {
            if words[0] == "terraform" && !flags.is_empty() {
                // What writes files for terraform takes the variable only.
                continue;
            }
            let before = cloud.sts.calls().len();
            let seen = cloud.sandbox.atmos_with(env, &[words, flags].concat()).success();
            assert!(seen.stdout.contains("vpc-dev"), "{what}: {seen}");
            let calls = cloud.sts.calls().split_off(before);
            let signer = calls.iter().find(|call| call.line.starts_with("GET /matrix/vpc/")).map(|call| &call.signer);
            let signer = signer.unwrap_or_else(|| panic!("{what}: nobody read the state\n{seen}"));
            let issued = cloud.portal.issued();
            let role =
                issued.iter().find(|issued| issued["access_key_id"] == json!(signer)).map(|issued| &issued["role"]);
            // Keys of assumed roles come from STS, the portal does not know them.
            let role = role.and_then(|role| role.as_str()).unwrap_or("NetworkAdmin");
            assert_eq!(role, roles(expected), "{what}, {words:?}");
        }
    }
    cloud.assert_clean();
}

/// The reference writes to the usual place and cleans the other one.
#[test]
fn base_path_of_files_holds_for_env_process_and_logout() {
    let cloud = Cloud::start(&[]);
    let base = cloud.sandbox.home().join("aws-files");
    let text = cloud.sandbox.read("atmos.yaml");
    let own = format!("      region: eu-west-1\n      spec: {{files: {{base_path: {}}}}}\n", base.display());
    cloud.sandbox.write("atmos.yaml", &text.replacen("      region: eu-west-1\n", &own, 1));
    cloud.login("data-admin").success();
    let env = cloud.sandbox.atmos(&["auth", "env", "-i", "data-admin", "-f", "json"]).success().json();
    let config = env["AWS_CONFIG_FILE"].as_str().unwrap();
    assert!(std::path::Path::new(config).starts_with(base.join("scenario/aws/corp")), "{env}");
    assert!(!cloud.sandbox.home().join(".config/atmos/scenario").exists());
    assert_eq!(std::fs::metadata(&base).unwrap().permissions().mode() & 0o777, 0o700);
    cloud.sandbox.atmos(&["auth", "logout", "data-admin", "--dry-run"]).success().says(config);
    assert!(std::path::Path::new(config).exists());
    cloud.sandbox.atmos(&["auth", "logout", "data-admin"]).success().says(config);
    let left = Sandbox::files_below(&base).into_iter().filter(|file| file.extension().is_none_or(|end| end != "lock"));
    assert_eq!(left.count(), 0);
}

/// The reference passes a name over that stands where no name is taken.
#[test]
fn login_passes_no_word_over() {
    let cloud = Cloud::start(&[]);
    let seen = cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], &["auth", "login", "data-admin"]);
    assert!(!seen.status.success(), "{seen}");
    seen.says("data-admin");
    cloud.sandbox.atmos(&["auth", "login", "--identity=false"]).exits(1).says("authentication is disabled");
    assert_eq!(cloud.portal.operations(), Vec::<String>::new());
}

#[test]
fn identities_of_a_profile_are_no_names_of_profiles() {
    let cloud = Cloud::start(&[]);
    let own = "auth: {identities: {reader: {default: false}, ops-user: {kind: mock, default: true}}}\n";
    cloud.sandbox.write("profiles/ops/atmos.yaml", own);
    let who = |words: &[&str]| cloud.sandbox.atmos(&[words, &["auth", "whoami", "-o", "json"]].concat());
    assert_eq!(who(&["--profile", "ops"]).success().json()["identity"], "ops-user");
    let exec = ["--profile", "ops", "auth", "exec", "--", "sh", "-c", "echo $MOCK_IDENTITY"];
    assert_eq!(cloud.sandbox.atmos(&exec).success().stdout, "ops-user\n");
    who(&["--profile", "ops-user"]).exits(2).says("profile not found");
    cloud.sandbox.atmos(&["auth", "whoami", "-i", "ops-user"]).exits(1).says("identity not found");
}
