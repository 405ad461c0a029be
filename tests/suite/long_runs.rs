//! An apply that outlives its credentials: new ones are there in time, whoever hands them over, and its state is saved.

use serde_json::json;

use crate::support::{Cloud, Federation, exchange};

/// Applies for so many seconds with credentials of so many seconds, and says by whom the first and the last request to S3
/// were signed, and how often the portal gave out credentials.
fn apply_for(delivery: &str, lifetime: &str, seconds: &str) -> (usize, usize) {
    let mut cloud = Cloud::start(&["--credential-lifetime", lifetime]);
    let bucket = format!("long-{delivery}-{lifetime}");
    cloud.keep_states_in_s3(&bucket);
    cloud.deliver_by(delivery);
    cloud.sandbox.set("PROBE_SLEEP", seconds);
    cloud.login("data-admin").success();
    let before = cloud.sts.calls().len();
    cloud.apply(&["database", "-s", "dev"]).success();
    let calls = cloud.sts.calls().split_off(before);
    let at_s3: Vec<_> = calls.iter().filter(|call| call.line.contains(&format!("/{bucket}"))).collect();
    let (first, last) = (at_s3.first().unwrap(), at_s3.last().unwrap());
    assert_ne!(first.signer, last.signer, "new credentials under way: {at_s3:?}");
    assert_eq!(last.signer, cloud.last_key_of("DataOps"));
    let written = format!("PUT /{bucket}/");
    assert!(
        at_s3.iter().any(|call| call.line.starts_with(&written) && call.signer == last.signer),
        "the state was written with the new ones: {at_s3:?}"
    );
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1, "nobody was asked to sign in again");
    let listing = format!("{}/{bucket}?list-type=2", cloud.sts.unrecorded());
    let state = exchange("GET", &listing, "").unwrap().1;
    assert!(state.contains("terraform.tfstate"), "{state}");
    cloud.assert_clean();
    let signers: std::collections::BTreeSet<_> = at_s3.iter().map(|call| &call.signer).collect();
    (cloud.portal.count("GetRoleCredentials"), signers.len())
}

/// The token of a provider reaches a child as it is, in a file that has to be new in time.
#[test]
fn private_files_are_new_five_minutes_before_the_end_also_of_a_providers_own_token() {
    let federation = Federation::start(
        "
auth:
  realm: long
  providers:
    pool:
      kind: gcp/workload-identity-federation
      spec:
        {project_number: 123456, workload_identity_pool_id: ci, workload_identity_provider_id: github,
         endpoint_url: URL/google, token_source: {type: file, file_path: token}}
  identities:
    placed: {kind: gcp/project, via: {provider: pool}, principal: {project_id: p}}
",
    );
    let audience =
        "https://iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/ci/providers/github";
    federation.sandbox.write("token", &federation.mint(&json!({"aud": audience})));
    federation.control(&json!({"seconds": 304}));
    let script = r#"
        for _ in $(seq 300); do
            test "$(cat "$CLOUDSDK_AUTH_ACCESS_TOKEN_FILE")" = "$GOOGLE_OAUTH_ACCESS_TOKEN" || { echo new; exit; }
            sleep 0.1
        done"#;
    let seen = federation.sandbox.atmos(&["auth", "exec", "-i", "placed", "--", "sh", "-c", script]).success();
    assert_eq!(seen.stdout, "new\n", "{seen}");
}

/// An SDK comes back to an endpoint as soon as less than five minutes are left.
#[test]
fn apply_by_endpoint_is_given_new_credentials_five_minutes_before_the_end() {
    let (fetched, signers) = apply_for("endpoint", "308", "14");
    // Each of the two was fetched once, however often terraform asked.
    assert!((2..=3).contains(&fetched), "{fetched} calls of GetRoleCredentials");
    assert!(signers <= 3, "{signers} keys");
}

/// An SDK runs the program of a profile again when the end that it was told has come.
#[test]
fn apply_by_process_is_given_new_credentials_at_the_end_of_the_old_ones() {
    let (fetched, signers) = apply_for("process", "12", "14");
    assert!(fetched >= 2 && signers >= 2, "{fetched} calls of GetRoleCredentials, {signers} keys");
}

/// Only when the session at the portal itself is over is there a question, and the apply goes on when it is answered.
#[test]
fn apply_whose_portal_session_has_ended_asks_the_person_and_goes_on() {
    let mut cloud = Cloud::start(&["--credential-lifetime", "12", "--token-lifetime", "10", "--no-refresh"]);
    cloud.keep_states_in_s3("over");
    cloud.sandbox.set("PROBE_SLEEP", "14");
    cloud.login("data-admin").success();
    let apply = ["terraform", "apply", "database", "-s", "dev", "--", "-auto-approve"];
    let seen = cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true"), ("ATMOS_NO_BROWSER", "1")], &apply).success();
    seen.says("Verification URL:");
    let asked = cloud.portal.count("StartDeviceAuthorization");
    // A machine that is slow needs another one before terraform starts.
    assert!((2..=4).contains(&asked), "{asked} sign-ins");
    assert!(cloud.probe("dev-database").has("finished"));
    let listing = format!("{}/over?list-type=2", cloud.sts.unrecorded());
    assert!(exchange("GET", &listing, "").unwrap().1.contains("terraform.tfstate"));
    cloud.assert_clean();
}
