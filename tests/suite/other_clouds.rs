//! What `auth validate --stacks` knows of identities of other clouds than AWS.

use crate::support::Federation;

const AUTH: &str = r"
auth:
  realm: clouds
  providers:
    adc: {kind: gcp/adc}
    mine: {kind: azure/cli, spec: {tenant_id: 11111111-2222-3333-4444-555555555555}}
  identities:
    google: {kind: gcp/project, via: {provider: adc}, principal: {project_id: p}}
    azure: {kind: azure/subscription, via: {provider: mine}, principal: {subscription_id: s}}
    keys: {kind: aws/user}
";

fn stack(auth: &str) -> String {
    format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n{auth}")
}

#[test]
fn what_no_run_can_meet_is_an_error_with_its_place() {
    let federation = Federation::start(AUTH);
    let sandbox = &federation.sandbox;
    let validate = || sandbox.atmos(&["auth", "validate", "--stacks"]);
    sandbox.write("stacks/dev.yaml", &stack("      settings: {auth: {identity: google}}\n"));
    validate().success();
    for (text, phrase, place) in [
        (
            "      settings: {auth: {identity: google}}\n      auth: {expected_account: \"111111111111\"}\n",
            "identity `google` is of Google Cloud, and `auth.expected_account` is an account of AWS: it never runs",
            "stacks/dev.yaml:6:",
        ),
        (
            "      settings: {auth: {identity: azure}}\n      auth: {delivery: filez}\n",
            "auth: unknown delivery `filez`: use process, files, endpoint or env",
            "stacks/dev.yaml:6:",
        ),
        (
            "      settings: {auth: {identity: azure}}\n      auth: {identities: {keys: {kind: aws/user, required: true}}}\n",
            "identity `keys` is required beside `azure`, and a run is given credentials of one cloud only",
            "stacks/dev.yaml:6:",
        ),
    ] {
        sandbox.write("stacks/dev.yaml", &stack(text));
        let seen = validate().exits(1);
        assert!(seen.mentions(phrase) && seen.mentions(place), "{phrase}: {seen}");
        assert!(seen.mentions("component `app` in stack `dev`"), "{seen}");
    }
    // An account of AWS for somebody of AWS is no contradiction.
    let text = "      settings: {auth: {identity: keys}}\n      auth: {expected_account: \"111111111111\"}\n";
    sandbox.write("stacks/dev.yaml", &stack(text));
    validate().success();
}
