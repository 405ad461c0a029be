//! Several identities at the same time, in every delivery: nobody is ever somebody else. The rounds are few here;
//! `scripts/identities` makes them many.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Instant;

use crate::support::Cloud;

const DATA: &str = "arn:aws:sts::444444444444:assumed-role/AWSReservedSSO_DataOps_";
const DELIVERIES: [&str; 4] = ["process", "files", "endpoint", "env"];

fn rounds(usual: usize) -> usize {
    std::env::var("ATMOS_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Figures for `scripts/identities`, where they are asked for.
fn report(line: &str) {
    let Some(file) = std::env::var_os("ATMOS_TEST_REPORT") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    writeln!(file, "{line}").unwrap();
}

/// How each delivery hands a key over, as a program of the user's would get at it.
fn key_of(delivery: &str) -> &'static str {
    match delivery {
        "process" => "sh -c \"$(sed -n 's/^credential_process *= *//p' \"$AWS_CONFIG_FILE\" | head -n 1)\"",
        "files" => "cat \"$AWS_SHARED_CREDENTIALS_FILE\"",
        "endpoint" => {
            "curl -s -H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\" \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\""
        }
        _ => "echo $AWS_ACCESS_KEY_ID",
    }
}

/// Key ids that the portal gave out, and for which permission set.
fn roles_of_keys(cloud: &Cloud) -> BTreeMap<String, String> {
    let issued = cloud.portal.issued();
    let pair = |issued: &serde_json::Value| {
        Some((issued["access_key_id"].as_str()?.to_owned(), issued["role"].as_str()?.to_owned()))
    };
    issued.iter().filter_map(pair).collect()
}

#[test]
fn three_identities_side_by_side_are_never_mixed_up_whatever_the_delivery() {
    let cloud = Cloud::start(&[]);
    let identities = [("reader", "ReadOnly"), ("net-base", "NetOps"), ("data-admin", "DataOps")];
    for (identity, _) in identities {
        cloud.login(identity).success();
    }
    let mut roles = roles_of_keys(&cloud);
    let pattern = regex::Regex::new("ASIA[A-Z2-7]{16}").unwrap();
    let (begun, rounds) = (Instant::now(), rounds(4));
    for round in 0..rounds {
        for delivery in DELIVERIES {
            let running = identities.map(|(identity, role)| {
                let exec = ["auth", "exec", "-i", identity, "--delivery", delivery, "--", "sh", "-c", key_of(delivery)];
                (role, cloud.sandbox.spawn(&exec))
            });
            for (role, run) in running {
                let seen = run.wait().success();
                let keys: Vec<&str> = pattern.find_iter(&seen.stdout).map(|found| found.as_str()).collect();
                assert!(!keys.is_empty(), "round {round}, {delivery}: {seen}");
                for key in keys {
                    if !roles.contains_key(key) {
                        // Renewed since: many rounds outlive the credentials.
                        roles = roles_of_keys(&cloud);
                    }
                    assert_eq!(roles.get(key).map(String::as_str), Some(role), "round {round}, {delivery}");
                }
            }
        }
    }
    let (commands, seconds) = (rounds * DELIVERIES.len() * identities.len(), begun.elapsed().as_secs());
    report(&format!("{commands} commands of auth exec, {seconds} s, 0 as somebody else"));
    cloud.assert_clean();
}

/// Components, and who each has to be for STS.
const COMPONENTS: [(&str, &str); 3] = [
    ("vpc", "arn:aws:sts::333333333333:assumed-role/NetworkAdmin/"),
    ("database", DATA),
    ("third", "arn:aws:sts::777777777777:assumed-role/AWSReservedSSO_ReadOnly_"),
];

#[test]
fn three_components_in_parallel_are_who_they_should_be_for_sts_and_for_s3() {
    let cloud = Cloud::start(&[]);
    cloud.keep_states_in_s3("witness");
    // A folder of its own, so that nobody waits for anybody.
    let main = cloud.sandbox.read("components/terraform/vpc/main.tf");
    cloud.sandbox.write("components/terraform/third/main.tf", &main);
    let catalog = cloud.sandbox.read("stacks/catalog/all.yaml");
    let third = "    third:\n      settings: {auth: {identity: reader}}\n      vars: {name: third}\n    vpc:\n";
    cloud.sandbox.write("stacks/catalog/all.yaml", &catalog.replacen("    vpc:\n", third, 1));
    for identity in ["reader", "network-admin", "data-admin"] {
        cloud.login(identity).success();
    }
    let (begun, rounds, mut signed) = (Instant::now(), rounds(1), 0);
    for round in 0..rounds {
        for delivery in DELIVERIES {
            cloud.deliver_by(delivery);
            signed += apply_all_three(&cloud, &format!("round {round}, {delivery}"));
        }
    }
    let (applies, seconds) = (rounds * DELIVERIES.len() * COMPONENTS.len(), begun.elapsed().as_secs());
    report(&format!("{applies} applies of terraform, {signed} signed requests to S3, {seconds} s, 0 as somebody else"));
    cloud.assert_clean();
}

/// How many requests to S3 the three signed.
fn apply_all_three(cloud: &Cloud, round: &str) -> usize {
    let before = cloud.sts.calls().len();
    let running = COMPONENTS.map(|(component, arn)| {
        let apply = ["terraform", "apply", component, "-s", "dev", "--", "-auto-approve"];
        (component, arn, cloud.sandbox.spawn(&apply))
    });
    for (component, arn, run) in running {
        run.wait().success();
        let caller = cloud.probe(&format!("dev-{component}")).caller();
        assert!(caller.starts_with(arn), "{round}, {component}: {caller}");
    }
    // Who reads or writes a state is the signer of no other one.
    let mut signers: BTreeMap<String, &str> = BTreeMap::new();
    let (mut signed, mut written) = (0, BTreeMap::new());
    for call in cloud.sts.calls().split_off(before) {
        let of = |name: &&str| call.line.contains(&format!("/{name}")) || call.line.contains(&format!("{name}/"));
        let Some(component) = COMPONENTS.map(|(name, _)| name).into_iter().find(of) else { continue };
        if !call.line.contains("/witness/") || call.signer.is_empty() {
            continue;
        }
        let known = *signers.entry(call.signer.clone()).or_insert(component);
        assert_eq!(known, component, "{round}: {} signed for two states", call.signer);
        signed += 1;
        *written.entry(component).or_insert(0) += usize::from(call.line.starts_with("PUT "));
    }
    for (component, _) in COMPONENTS {
        assert!(
            written.get(component).is_some_and(|count| *count > 0),
            "{round}: no state of {component}: {written:?}"
        );
        std::fs::remove_dir_all(cloud.probes().join(format!("dev-{component}"))).unwrap();
    }
    signed
}
