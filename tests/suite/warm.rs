//! What a logged-in person's commands ask of the portal and of STS: nothing.

use crate::support::Cloud;

#[test]
fn warm_whoami_env_and_process_ask_nobody() {
    let cloud = Cloud::start(&[]);
    for identity in ["data-admin", "network-admin"] {
        cloud.login(identity).success();
        cloud.sandbox.atmos(&["auth", "whoami", "--identity", identity, "-o", "json"]).success();
        let commands: [&[&str]; 4] = [
            &["auth", "whoami", "--identity", identity],
            &["auth", "whoami", "--identity", identity, "-o", "json"],
            &["auth", "env", "--identity", identity],
            &["auth", "process", "--identity", identity],
        ];
        for command in commands {
            let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(command).success());
            assert_eq!(requests, Vec::<String>::new(), "{command:?}");
        }
    }
}

#[test]
fn warm_plan_asks_nobody() {
    let cloud = Cloud::start(&[]);
    cloud.login("network-admin").success();
    let plan = ["terraform", "plan", "vpc", "-s", "dev"];
    for round in ["first", "second"] {
        let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&plan).success());
        assert_eq!(requests, Vec::<String>::new(), "{round} plan after the login");
    }
}

#[test]
fn whoami_says_who_and_verify_asks_again() {
    let cloud = Cloud::start(&[]);
    cloud.login("network-admin").success();
    let who = cloud.sandbox.atmos(&["auth", "whoami", "--identity", "network-admin", "-o", "json"]).success().json();
    assert_eq!((&who["identity"], &who["account"]), (&"network-admin".into(), &"333333333333".into()), "{who}");
    assert_eq!(who["valid"], true, "{who}");
    assert!(who["principal"].as_str().unwrap().contains("assumed-role/NetworkAdmin/"), "{who}");
    // The region of the chain: the target has none, its parent has.
    assert_eq!(who["region"], "eu-central-1", "{who}");
    let verify = ["auth", "whoami", "--identity", "network-admin", "--verify"];
    let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&verify).success());
    assert_eq!(requests, ["GetCallerIdentity"]);
}

#[test]
fn process_prints_the_credentials_and_their_end() {
    let cloud = Cloud::start(&["--credential-lifetime", "3600"]);
    cloud.login("data-admin").success();
    let process = cloud.sandbox.atmos(&["auth", "process", "--identity", "data-admin"]).success();
    assert_eq!(process.stderr, "", "a program reads this: nothing beside the answer");
    let answer = process.json();
    assert_eq!(answer["Version"], 1);
    assert_eq!(answer["AccessKeyId"], cloud.last_key_of("DataOps").as_str());
    let ends: jiff::Timestamp = answer["Expiration"].as_str().unwrap().parse().unwrap();
    let left = ends.as_second() - jiff::Timestamp::now().as_second();
    assert!((3100..=3300).contains(&left), "ends {left} s from now: five minutes before the real end");
}

#[test]
fn env_names_a_config_without_keys_that_the_aws_program_understands() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let env = cloud.sandbox.atmos(&["auth", "env", "--identity", "data-admin", "--format", "json"]).success().json();
    assert_eq!(env["AWS_PROFILE"], "data-admin", "{env}");
    let mut aws = cloud.sandbox.command("/usr/bin/env");
    aws.args(["aws", "sts", "get-caller-identity"]);
    for (name, value) in env.as_object().unwrap() {
        aws.env(name, value.as_str().unwrap());
    }
    let answer = cloud.sandbox.start(aws, "").wait().success().json();
    assert!(answer["Arn"].as_str().unwrap().contains(":assumed-role/AWSReservedSSO_DataOps_"), "{answer}");
    cloud.assert_no_secret_rests();
}

#[test]
fn exec_runs_a_command_as_the_identity_and_passes_its_code_on() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let who = ["auth", "exec", "--identity", "data-admin", "--", "aws", "sts", "get-caller-identity"];
    let answer = cloud.sandbox.atmos(&who).success().json();
    assert!(answer["Arn"].as_str().unwrap().contains("AWSReservedSSO_DataOps"), "{answer}");
    cloud.sandbox.atmos(&["auth", "exec", "-i", "data-admin", "--", "sh", "-c", "exit 7"]).exits(7);
    cloud.sandbox.atmos(&["auth", "exec", "-i", "data-admin", "--", "sh", "-c", "kill -TERM $$"]).exits(143);
    cloud.sandbox.atmos(&["auth", "exec", "-i", "data-admin", "--", "no-such-program"]).exits(127);
    cloud.sandbox.atmos(&["auth", "exec", "-i", "data-admin"]).exits(1).says("no command specified");
    cloud.assert_clean();
}
