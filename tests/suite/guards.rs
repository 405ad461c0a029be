//! Guard rails: those that cannot be read stop whatever they were to guard, and those of `atmos.yaml` hold for every way in
//! which credentials leave the program. A profile that is written stays the identity that it was written for.

use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Cloud, Outcome, Sandbox};

fn configure(cloud: &Cloud, settings: &str) {
    let text = cloud.sandbox.read("atmos.yaml");
    cloud.sandbox.write("atmos.yaml", &text.replace("realm: scenario\n", &format!("realm: scenario\n  {settings}\n")));
}

/// What `auth` has beside its realm, for one block.
fn with<T>(cloud: &Cloud, settings: &str, work: impl FnOnce() -> T) -> T {
    let before = cloud.sandbox.read("atmos.yaml");
    configure(cloud, settings);
    let result = work();
    cloud.sandbox.write("atmos.yaml", &before);
    result
}

const MALFORMED: [(&str, &str); 13] = [
    ("allowed_identities: reader", "allowed_identities must be a list of names"),
    ("allowed_identities: {reader: true}", "allowed_identities must be a list of names"),
    ("allowed_identities: \"\"", "allowed_identities must be a list of names"),
    ("audit: /tmp/nobody-writes-this", "audit needs `file`"),
    ("audit: [x]", "audit needs `file`"),
    ("audit: {path: x}", "audit needs `file`"),
    ("audit: {file: [a]}", "`auth.audit.file` must be a path"),
    ("audit: {file: \"\"}", "audit.file is empty"),
    ("require_identity: 1", "`require_identity` must be a boolean"),
    ("require_identity: \"yes\"", "`require_identity` must be a boolean"),
    ("expected_account: []", "names no account"),
    ("expected_account: 4444", "`4444` is not 12 digits"),
    ("min_ttl: soon", "min_ttl `soon` is not a duration"),
];

#[test]
fn malformed_rail_of_the_configuration_refuses_every_run() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    for (settings, phrase) in MALFORMED {
        with(&cloud, settings, || {
            cloud.sandbox.atmos(&["auth", "validate"]).exits(1).says(phrase);
            for words in [
                &["terraform", "plan", "database", "-s", "dev"][..],
                &["terraform", "plan", "database", "-s", "dev", "--identity=false"],
                &["auth", "exec", "-i", "data-admin", "--", "touch", "ran"],
                &["auth", "exec", "-i", "false", "--", "touch", "ran"],
                &["auth", "process", "-i", "data-admin"],
                &["auth", "env", "--delivery", "env", "-i", "data-admin"],
            ] {
                let seen = cloud.sandbox.atmos(words).exits(1).says(phrase).says("atmos.yaml:");
                assert!(seen.stdout.is_empty(), "{seen}");
            }
            let plan = ["terraform", "plan", "database", "-s", "dev"];
            cloud.sandbox.atmos_with(&[("ATMOS_IDENTITY", "false")], &plan).exits(1).says(phrase);
        });
    }
    assert!(!cloud.sandbox.repo().join("ran").exists());
    assert!(!cloud.sandbox.repo().join("components/terraform/database/.terraform").exists(), "nothing was started");
}

#[test]
fn malformed_rail_of_a_component_refuses_its_runs_and_no_others() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let catalog = cloud.sandbox.read("stacks/catalog/all.yaml");
    for (rail, phrase) in MALFORMED {
        let own = format!("    database:\n      auth: {{{rail}}}\n");
        cloud.sandbox.write("stacks/catalog/all.yaml", &catalog.replacen("    database:\n", &own, 1));
        cloud.apply(&["database", "-s", "dev"]).exits(1).says(phrase).says("all.yaml:");
    }
    assert_eq!(Sandbox::files_below(&cloud.probes()).len(), 0, "nothing was started");
    cloud.apply(&["dns", "-s", "dev"]).success();
}

#[test]
fn role_is_not_assumed_without_a_session_policy_that_cannot_be_read() {
    let cloud = Cloud::start(&[]);
    cloud.login("network-admin").success();
    let text = cloud.sandbox.read("atmos.yaml");
    for (policy, phrase) in [
        ("policy_arns: {a: b}", "`policy_arns` must be a list of strings"),
        ("policy_arns: [[x]]", "`policy_arns` must be a list of strings"),
        ("policy: [x]", "`policy` must be a map"),
        ("session_tags: x", "`session_tags` must be a map of strings"),
    ] {
        let own = text.replace("session_name: net session", &format!("session_name: net session, {policy}"));
        cloud.sandbox.write("atmos.yaml", &own);
        let assumed = cloud.sts.count("AssumeRole");
        cloud.sandbox.atmos(&["auth", "validate"]).exits(2).says(phrase);
        let exec = ["auth", "exec", "-i", "network-admin", "--", "true"];
        cloud.sandbox.atmos(&exec).exits(2).says("identity `network-admin`").says(phrase);
        assert_eq!(cloud.sts.count("AssumeRole"), assumed, "{policy}");
        // The others are as good as before.
        cloud.sandbox.atmos(&["auth", "exec", "-i", "reader", "--", "true"]).success();
    }
}

/// Every command that gives out credentials of an identity.
fn all_ways(cloud: &Cloud, identity: &str) -> Vec<Outcome> {
    [
        &["auth", "exec", "-i", identity, "--", "true"][..],
        &["auth", "shell", "-i", identity, "--shell", "/bin/sh", "--", "-c", "true"],
        &["auth", "process", "-i", identity],
        &["auth", "env", "--delivery", "env", "-i", identity],
        &["auth", "env", "--login", "-i", identity],
    ]
    .iter()
    .map(|words| cloud.sandbox.atmos(words))
    .collect()
}

#[test]
fn rails_of_the_configuration_hold_for_every_command_that_gives_credentials() {
    let cloud = Cloud::start(&[]);
    for identity in ["data-admin", "reader", "network-admin"] {
        cloud.login(identity).success();
    }
    with(&cloud, "allowed_identities: [network-admin]", || {
        for seen in all_ways(&cloud, "data-admin") {
            let seen = seen.exits(1).says("identity `data-admin` (from --identity) may not be used");
            let seen = seen.says("allowed here: network-admin, reader");
            assert!(!seen.stdout.contains("AccessKey") && !seen.stdout.contains("AWS_"), "{seen}");
        }
        // That one is in the list, and this one is the default.
        for identity in ["network-admin", "reader"] {
            for seen in all_ways(&cloud, identity) {
                seen.success();
            }
        }
        let variable = [("ATMOS_IDENTITY", "data-admin")];
        cloud.sandbox.atmos_with(&variable, &["auth", "process"]).exits(1).says("from ATMOS_IDENTITY");
        // What a component is by its own settings stays its business.
        cloud.apply(&["database", "-s", "dev"]).success();
    });
    for (settings, phrase) in
        [("expected_account: \"111111111111\"", "wrong account"), ("min_ttl: 99h", "at least 356400 s are wanted")]
    {
        with(&cloud, settings, || {
            for seen in all_ways(&cloud, "data-admin") {
                let seen = seen.exits(1).says(phrase);
                assert!(!seen.stdout.contains("AccessKey") && !seen.stdout.contains("AWS_"), "{seen}");
            }
            let login = ["auth", "env", "--login", "--delivery", "env", "-i", "data-admin"];
            cloud.sandbox.atmos(&login).exits(1).says(phrase);
            if phrase == "wrong account" {
                // Nor what only leads to them.
                let seen = cloud.sandbox.atmos(&["auth", "env", "-i", "data-admin"]).exits(1).says(phrase);
                assert_eq!(seen.stdout, "");
            }
        });
    }
    with(&cloud, "expected_account: \"444444444444\"", || {
        for seen in all_ways(&cloud, "data-admin") {
            seen.success();
        }
    });
}

#[test]
fn refusals_of_commands_are_written_down() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    configure(&cloud, "audit: {file: \"~/audit.jsonl\"}\n  allowed_identities: [reader]");
    all_ways(&cloud, "data-admin");
    cloud.sandbox.atmos(&["auth", "process", "-i", "reader"]).success();
    let text = std::fs::read_to_string(cloud.sandbox.home().join("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in ["exec", "shell", "process", "env"] {
        let refused = |line: &&serde_json::Value| line["event"] == event && line["identity"] == "data-admin";
        let line = lines.iter().find(refused).unwrap_or_else(|| panic!("{event}: {text}"));
        assert_eq!(line["refused"], "atmos::auth::identity_not_allowed", "{text}");
    }
    let last = lines.last().unwrap();
    assert!(last["event"] == "process" && last["identity"] == "reader" && last.get("refused").is_none(), "{text}");
}

#[test]
fn names_that_nobody_knows_are_written_down_by_every_command() {
    let cloud = Cloud::start(&[]);
    configure(&cloud, "audit: {file: \"~/audit.jsonl\"}");
    all_ways(&cloud, "nobody");
    for words in [
        &["auth", "console"][..],
        &["auth", "login"],
        &["aws", "ecr", "login", "--registry", "111111111111.dkr.ecr.eu-west-1.amazonaws.com"],
        &["aws", "eks", "token", "--cluster-name", "c", "--region", "eu-west-1"],
    ] {
        cloud.sandbox.atmos(&[words, &["-i", "nobody"]].concat()).exits(1).says("identity not found");
    }
    let text = std::fs::read_to_string(cloud.sandbox.home().join("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    let expected = ["exec", "shell", "process", "env", "env", "console", "login", "ecr-login", "eks-token"];
    assert_eq!(events, expected, "{text}");
    for line in &lines {
        assert_eq!(
            (&line["identity"], &line["refused"]),
            (&"nobody".into(), &"atmos::auth::identity_not_found".into())
        );
    }
}

/// A command of the user's own that wants nobody's credentials gets nobody's: it is what it would be without this program.
#[test]
fn exec_without_authentication_stays_possible_where_components_need_an_identity() {
    let cloud = Cloud::start(&[]);
    configure(&cloud, "require_identity: true");
    cloud.sandbox.atmos(&["auth", "exec", "-i", "false", "--", "true"]).success();
    cloud.sandbox.atmos(&["terraform", "plan", "database", "-s", "dev", "-i", "false"]).exits(1).says("switched off");
    cloud.sandbox.atmos(&["auth", "shell", "-i", "false"]).exits(1).says("authentication is disabled");
}

#[test]
fn min_ttl_of_env_refuses_what_is_too_short() {
    let cloud = Cloud::start(&["--credential-lifetime", "3600"]);
    cloud.login("data-admin").success();
    let env = |ttl: &str| cloud.sandbox.atmos(&["auth", "env", "--login", "--min-ttl", ttl, "-i", "data-admin"]);
    env("30m").success();
    let seen = env("2h").exits(1).says("at least 7200 s are wanted");
    assert!(seen.stdout.is_empty(), "{seen}");
    env("soon").exits(1).says("invalid value `soon` of --min-ttl");
    // Variables that lead to a helper which would refuse each time are no help.
    let settings = cloud.sandbox.read("atmos.yaml");
    let standing = |ttl: &str| {
        let with = settings.replacen("realm: scenario", &format!("realm: scenario\n  min_ttl: {ttl}"), 1);
        cloud.sandbox.write("atmos.yaml", &with);
        cloud.sandbox.atmos(&["auth", "env", "-i", "data-admin"])
    };
    standing("30m").success();
    let seen = standing("2h").exits(1).says("at least 7200 s are wanted");
    assert!(seen.stdout.is_empty(), "{seen}");
}

#[test]
fn variable_that_is_no_text_names_nobody() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    cloud.sandbox.set("ATMOS_IDENTITY", std::ffi::OsString::from_vec(b"data\xff".to_vec()));
    for words in [
        &["terraform", "plan", "dns", "-s", "dev"][..],
        &["auth", "exec", "--", "true"],
        &["auth", "process"],
        &["auth", "whoami"],
        &["auth", "logout"],
    ] {
        cloud.sandbox.atmos(words).exits(1).says("identity not found");
    }
    // A flag goes first, as always.
    cloud.sandbox.atmos(&["auth", "exec", "-i", "reader", "--", "true"]).success();
}

#[test]
fn provisioned_file_starts_no_program_and_makes_nobody_default() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let wanted = "      region: eu-west-1\n      auto_provision_identities: true\n";
    cloud
        .sandbox
        .write("atmos.yaml", &text.replace("      region: eu-west-1\n", wanted).replace("      default: true\n", ""));
    cloud.login("data-admin").success();
    let cache = cloud.sandbox.home().join(".cache/atmos/auth");
    let file = Sandbox::files_below(&cache).into_iter().find(|file| file.ends_with("provisioned-identities.yaml"));
    let file = cache.join(file.unwrap());
    let sound = std::fs::read_to_string(&file).unwrap();
    let evil = "auth: {identities: {evil: {kind: exec, default: true, spec: {command: touch PWN}}}}\n";
    std::fs::write(&file, evil).unwrap();
    let seen = cloud.sandbox.atmos(&["auth", "whoami"]).exits(1).says("`evil` has the key");
    seen.says("auth login --refresh");
    assert!(!cloud.sandbox.repo().join("PWN").exists());
    std::fs::write(&file, &sound).unwrap();
    cloud.sandbox.atmos(&["auth", "whoami", "-i", "network/NetOps"]).success();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    cloud
        .sandbox
        .atmos(&["auth", "whoami", "-i", "network/NetOps"])
        .exits(1)
        .says("mode 0666")
        .says("identity not found");
    // The next login writes it anew, however young it is.
    cloud.login("data-admin").success();
    cloud.sandbox.atmos(&["auth", "whoami", "-i", "network/NetOps"]).success().says_not("mode 0666");
}

/// `auth env` of a clone, as a shell takes it: the variables.
fn shell_of(cloud: &Cloud, repository: &str) -> Vec<(String, String)> {
    let words = ["--chdir", repository, "auth", "env", "-i", "reader", "-f", "json"];
    let json = cloud.sandbox.atmos(&words).success().json();
    let wanted = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE"];
    wanted.iter().map(|name| ((*name).to_owned(), json[*name].as_str().unwrap().to_owned())).collect()
}

/// What the profile of such a shell gives now: the output of its helper.
fn helper_of(cloud: &Cloud, shell: &[(String, String)]) -> Outcome {
    let config = std::fs::read_to_string(&shell[0].1).unwrap();
    let profile = format!("[profile {}]", shell[2].1);
    let own = config.split_once(&profile).unwrap_or_else(|| panic!("{profile} in {config}")).1;
    let call = own.lines().find_map(|line| line.strip_prefix("credential_process = ")).unwrap();
    let mut command = cloud.sandbox.command("sh");
    command.args(["-c", call]);
    cloud.sandbox.start(command, "").wait()
}

/// A second clone with the same realm whose `reader` is somebody else.
fn clone_with_another_reader(cloud: &Cloud) -> String {
    let clone = cloud.sandbox.root().join("clone");
    std::fs::create_dir(&clone).unwrap();
    let other = cloud.sandbox.read("atmos.yaml").replace(
        "principal: {name: ReadOnly, account: {name: production}}",
        "principal: {name: DataOps, account: {id: \"444444444444\"}}",
    );
    std::fs::write(clone.join("atmos.yaml"), &other).unwrap();
    std::fs::create_dir(clone.join("stacks")).unwrap();
    clone.display().to_string()
}

fn login_there(cloud: &Cloud, there: &str) {
    let words = ["--chdir", there, "auth", "login", "--no-browser", "-i", "reader"];
    cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], &words).success();
}

#[test]
fn clones_with_one_realm_and_unlike_identities_keep_their_profiles_apart() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    let text = cloud.sandbox.read("atmos.yaml");
    let (here, there) = (cloud.sandbox.repo().display().to_string(), clone_with_another_reader(&cloud));
    let first = shell_of(&cloud, &here);
    login_there(&cloud, &there);
    let second = shell_of(&cloud, &there);
    assert_eq!(first[2].1, "reader");
    assert_eq!(second[2].1, "reader", "the profile has the name that it always had");
    assert_ne!(first[0].1, second[0].1, "and a file of its own");
    let (reader, data) = (cloud.last_key_of("ReadOnly"), cloud.last_key_of("DataOps"));
    for _ in 0..2 {
        assert_eq!(helper_of(&cloud, &first).success().json()["AccessKeyId"], reader);
        assert_eq!(helper_of(&cloud, &second).success().json()["AccessKeyId"], data);
        // In whatever order they ask again.
        assert_eq!((shell_of(&cloud, &here), shell_of(&cloud, &there)), (first.clone(), second.clone()));
    }
    // Who leaves takes his own away.
    cloud.sandbox.atmos(&["--chdir", &there, "auth", "logout", "reader"]).success();
    let again = helper_of(&cloud, &first).success().json();
    assert_eq!(again["AccessKeyId"], cloud.last_key_of("ReadOnly"));
    assert!(!Path::new(&second[0].1).exists());
    // A clone with the same identity shares the line of the first.
    std::fs::write(Path::new(&there).join("atmos.yaml"), &text).unwrap();
    assert_eq!(shell_of(&cloud, &there), first);
}

#[test]
fn shell_of_a_clone_that_logged_out_is_nobody_whatever_other_clones_do() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    let (here, there) = (cloud.sandbox.repo().display().to_string(), clone_with_another_reader(&cloud));
    let first = shell_of(&cloud, &here);
    let folder = Path::new(&first[0].1).parent().unwrap().to_path_buf();
    cloud.sandbox.atmos(&["auth", "logout", "reader"]).success().says(&first[0].1);
    login_there(&cloud, &there);
    let second = shell_of(&cloud, &there);
    helper_of(&cloud, &second).success();
    for (old, new) in first.iter().zip(&second).take(2) {
        assert_ne!(old, new);
        assert!(!Path::new(&old.1).exists(), "{old:?}: the profile is gone, and nobody else takes its place");
    }
    // Who logs in again is who he was, in the shell of before as well.
    cloud.login("reader").success();
    assert_eq!(shell_of(&cloud, &here), first);
    assert_eq!(helper_of(&cloud, &first).success().json()["AccessKeyId"], cloud.last_key_of("ReadOnly"));
    assert_eq!(helper_of(&cloud, &second).success().json()["AccessKeyId"], cloud.last_key_of("DataOps"));
    for (repository, shell) in [(&here, &first), (&there, &second)] {
        cloud.sandbox.atmos(&["--chdir", repository, "auth", "logout", "reader"]).success().says(&shell[0].1);
    }
    let left =
        Sandbox::files_below(&folder).into_iter().filter(|file| file.extension().is_none_or(|end| end != "lock"));
    assert_eq!(left.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

#[test]
fn first_shells_of_two_clones_at_one_moment_take_no_line_from_each_other() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    let (here, there) = (cloud.sandbox.repo().display().to_string(), clone_with_another_reader(&cloud));
    login_there(&cloud, &there);
    let words = |repository| ["--chdir", repository, "auth", "env", "-i", "reader", "-f", "json"];
    let asked: Vec<_> = (0..4).flat_map(|_| [&here, &there]).map(|clone| cloud.sandbox.spawn(&words(clone))).collect();
    let told: Vec<_> = asked.into_iter().map(|one| one.wait().success().json()["AWS_CONFIG_FILE"].clone()).collect();
    for pair in told.chunks(2) {
        assert_eq!(pair, &told[..2]);
        assert_ne!(pair[0], pair[1], "whoever is first: no file holds two chains");
    }
    for (repository, who) in [(&here, "ReadOnly"), (&there, "DataOps")] {
        let given = helper_of(&cloud, &shell_of(&cloud, repository)).success().json();
        assert_eq!(given["AccessKeyId"], cloud.last_key_of(who));
    }
}

#[test]
fn profile_gives_nobody_else_when_the_configuration_changes() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    cloud.login("data-admin").success();
    let here = cloud.sandbox.repo().display().to_string();
    let shell = shell_of(&cloud, &here);
    let text = cloud.sandbox.read("atmos.yaml");
    let other = text
        .replace("{name: ReadOnly, account: {name: production}}", "{name: DataOps, account: {id: \"444444444444\"}}");
    cloud.sandbox.write("atmos.yaml", &other);
    let seen = helper_of(&cloud, &shell).exits(1).says("another one than when this profile was written");
    let seen = seen.says("auth env -i reader");
    assert!(seen.stdout.is_empty(), "{seen}");
    // Who asks anew has a profile for whom the name stands for now, and the shell of before stays nobody.
    let anew = shell_of(&cloud, &here);
    assert_ne!(anew[0], shell[0]);
    assert_eq!(helper_of(&cloud, &anew).success().json()["AccessKeyId"], cloud.last_key_of("DataOps"));
    helper_of(&cloud, &shell).exits(1).says("another one than when this profile was written");
    // A logout takes both away.
    cloud.sandbox.atmos(&["auth", "logout", "reader"]).success().says(&anew[0].1).says(&shell[0].1);
    assert!(!Path::new(&anew[0].1).exists() && !Path::new(&shell[0].1).exists());
}

#[test]
fn realm_that_cannot_be_read_is_no_automatic_realm() {
    let sandbox = Sandbox::scenario("identity-center");
    let text = sandbox.read("atmos.yaml");
    for (settings, phrase) in [
        ("realm: [a]", "`realm` must be a string"),
        ("realm: {a: b}", "`realm` must be a string"),
        ("keyring: file", "`keyring` must be a map"),
        ("keyring: {type: [file]}", "`type` must be a string"),
    ] {
        sandbox.write("atmos.yaml", &text.replace("realm: scenario", settings));
        sandbox.atmos(&["auth", "validate"]).exits(1).says(phrase);
        sandbox.atmos(&["auth", "process", "-i", "reader"]).exits(1).says(phrase).says("atmos.yaml:");
        sandbox.atmos(&["terraform", "plan", "dns", "-s", "dev"]).exits(1).says(phrase);
    }
}

#[test]
fn settings_that_count_in_the_configuration_alone_warn_elsewhere() {
    let sandbox = Sandbox::scenario("identity-center");
    let catalog = sandbox.read("stacks/catalog/all.yaml");
    for (setting, key) in
        [("realm: other", "realm"), ("keyring: {type: memory}", "keyring"), ("logs: {level: Debug}", "logs")]
    {
        let own = format!("    database:\n      auth: {{{setting}}}\n");
        sandbox.write("stacks/catalog/all.yaml", &catalog.replacen("    database:\n", &own, 1));
        let seen = sandbox.atmos(&["auth", "validate", "--stacks"]).success();
        seen.says(&format!("`auth.{key}` of a stack or component has no effect")).says("all.yaml:");
    }
}
