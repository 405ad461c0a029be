//! Guard rails for who only looks: facts of the account, states in S3, scopes that narrow what a wider one said; and what
//! the audit log says of each use.

use serde_json::Value;

use super::states_cloud::on_s3;
use super::who::{add, refused, repository, stack};
use crate::support::{Cloud, Sandbox, Sts, put_parameter};

const KEY: &str = "AKIAAMBIENTAMBIENT00";

/// Guard rails that keep `owner` (or nobody) from a component, with what is said.
const RAILS: [(&str, &str, &str); 7] = [
    ("expected_account: '999999999999'", "owner", "wrong account: identity `owner` is in account 123456789012"),
    ("expected_account: x", "owner", "`x` is not 12 digits"),
    ("allowed_identities: []", "owner", "identity `owner` (from --identity) may not be used"),
    ("min_ttl: 999999h", "owner", "are wanted (min_ttl)"),
    ("audit: {file: /dev/full}", "owner", "cannot be written"),
    ("require_identity: true", "false", "switched off by --identity"),
    ("require_identity: maybe", "false", "must be a boolean"),
];

fn prod(sandbox: &Sandbox, components: &str) {
    let text = format!("import: [catalog/s3]\nvars: {{stage: prod}}\ncomponents:\n  terraform:\n{components}\n");
    sandbox.write("stacks/orgs/prod.yaml", &text);
}

fn lines(sandbox: &Sandbox, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.home().join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const FACT: [&str; 7] = ["describe", "component", "app", "-s", "prod", "--query", ".vars.fact"];

#[test]
fn guard_rails_hold_for_facts_of_the_account() {
    let sts = Sts::start();
    let mut sandbox = on_s3(&sts, "rails-facts");
    // Who is nobody would be this one.
    sandbox.set("AWS_ACCESS_KEY_ID", KEY);
    sandbox.set("AWS_SECRET_ACCESS_KEY", "ambient-secret-key");
    let configuration = sandbox.read("atmos.yaml");
    for (rail, identity, phrase) in RAILS {
        for fact in ["account_id", "caller_identity_arn", "caller_identity_user_id", "organization_id"] {
            prod(&sandbox, &format!("    app: {{auth: {{{rail}}}, vars: {{fact: !aws.{fact} }}}}"));
            let told = sandbox.atmos(&[&FACT[..], &["-i", identity]].concat()).exits(1).says(phrase);
            assert_eq!(told.stdout, "", "{rail} {fact}");
        }
        // Those of the configuration are no weaker.
        prod(&sandbox, "    app: {vars: {fact: !aws.account_id }}");
        sandbox
            .write("atmos.yaml", &configuration.replace("realm: scenario\n", &format!("realm: scenario\n  {rail}\n")));
        sandbox.atmos(&[&FACT[..], &["-i", identity]].concat()).exits(1).says(phrase);
        sandbox.atmos(&["list", "vars", "app", "-i", identity]).exits(1).says(phrase);
        sandbox.write("atmos.yaml", &configuration);
    }
    // The region is known without credentials, and nobody becomes anybody for it.
    prod(&sandbox, "    app: {auth: {expected_account: '999999999999'}, vars: {fact: !aws.region }}");
    let before = sts.calls().len();
    assert_eq!(sandbox.atmos(&FACT).success().stdout, "eu-west-1\n");
    assert_eq!(sts.calls().len(), before);
}

#[test]
fn facts_of_the_account_are_written_down() {
    let sts = Sts::start();
    let sandbox = on_s3(&sts, "audit-facts");
    let own = "auth: {audit: {file: ~/facts.jsonl}, expected_account: '123456789012'}";
    prod(&sandbox, &format!("    app: {{{own}, vars: {{fact: !aws.account_id , arn: !aws.caller_identity_arn }}}}"));
    assert_eq!(sandbox.atmos(&FACT).success().stdout, "123456789012\n");
    let found = lines(&sandbox, "facts.jsonl");
    assert_eq!(found.len(), 1, "one reader of one component: {found:?}");
    for (key, value) in [
        ("event", "read"),
        ("component", "app"),
        ("stack", "prod"),
        ("identity", "reader"),
        ("source", "default of the configuration"),
        ("account", "123456789012"),
    ] {
        assert_eq!(found[0][key], value, "{found:?}");
    }
    assert_eq!(found[0]["chain"], serde_json::json!(["base", "reader"]));
    sandbox.atmos(&[&FACT[..], &["-i", "owner"]].concat()).success();
    let last = lines(&sandbox, "facts.jsonl").pop().unwrap();
    assert_eq!((&last["identity"], &last["source"]), (&"owner".into(), &"--identity".into()));
    // Who was kept from it is written down, too.
    prod(
        &sandbox,
        &format!("    app: {{{}, vars: {{fact: !aws.account_id }}}}", own.replace("123456789012", "999999999999")),
    );
    sandbox.atmos(&FACT).exits(1);
    let last = lines(&sandbox, "facts.jsonl").pop().unwrap();
    assert_eq!(last["refused"], "atmos::auth::wrong_account");
}

#[test]
fn guard_rails_hold_for_states_in_s3() {
    let sts = Sts::start();
    let mut sandbox = on_s3(&sts, "rails-states");
    sandbox.set("AWS_ACCESS_KEY_ID", KEY);
    sandbox.set("AWS_SECRET_ACCESS_KEY", "ambient-secret-key");
    let configuration = sandbox.read("atmos.yaml");
    let state = "GET /rails-states/vpc/prod/terraform.tfstate";
    let reads = || sts.objects().iter().filter(|line| *line == state).count();
    for (rail, identity, phrase) in RAILS {
        let flag = ["-i", identity];
        let own = ["", "settings: {auth: {identity: reader}}, "];
        for choice in own {
            // Whether the component has a mind of its own or not: a flag goes first, and has to be allowed.
            prod(
                &sandbox,
                &format!("    vpc: {{{choice}auth: {{{rail}}}}}\n    app: {{vars: {{fact: !terraform.state vpc id}}}}"),
            );
            sandbox.atmos(&[&FACT[..], &flag].concat()).exits(1).says(phrase);
        }
        // Those of the component that asks, and of the configuration.
        prod(&sandbox, &format!("    app: {{auth: {{{rail}}}, vars: {{fact: !terraform.state vpc id}}}}"));
        sandbox.atmos(&[&FACT[..], &flag].concat()).exits(1).says(phrase);
        prod(&sandbox, "    app: {vars: {fact: !terraform.state vpc id}}");
        sandbox
            .write("atmos.yaml", &configuration.replace("realm: scenario\n", &format!("realm: scenario\n  {rail}\n")));
        sandbox.atmos(&[&FACT[..], &flag].concat()).exits(1).says(phrase);
        sandbox.write("atmos.yaml", &configuration);
    }
    assert_eq!(reads(), 0, "nothing was read: {:?}", sts.objects());
    let rails = "auth: {expected_account: '123456789012', allowed_identities: [reader], min_ttl: 5m, audit: {file: ~/states.jsonl}}";
    prod(&sandbox, &format!("    vpc: {{{rails}}}\n    app: {{vars: {{fact: !terraform.state vpc id}}}}"));
    assert_eq!(sandbox.atmos(&FACT).success().stdout, "vpc-prod\n");
    assert_eq!(reads(), 1);
    let found = lines(&sandbox, "states.jsonl");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["component"], &found[0]["account"]), (&"vpc".into(), &"123456789012".into()), "{found:?}");
}

#[test]
fn guard_rails_hold_for_who_reads_stores_as_the_component() {
    let sts = Sts::start();
    let mut sandbox = on_s3(&sts, "rails-stores");
    sandbox.set("AWS_ENDPOINT_URL", &sts.url);
    sandbox.set("AWS_ACCESS_KEY_ID", KEY);
    sandbox.set("AWS_SECRET_ACCESS_KEY", "ambient-secret-key");
    for path in ["/rails/prod/app/id", "/other/prod/app/id"] {
        put_parameter(&sts, KEY, path, "one");
    }
    let stores = "stores:\n  params: {kind: aws/ssm, options: {region: eu-west-1, prefix: /rails}}\n  \
                  own: {kind: aws/ssm, identity: owner, options: {region: eu-west-1, prefix: /other}}\n";
    sandbox.write("atmos.yaml", &format!("{}{stores}", sandbox.read("atmos.yaml")));
    let asked = || sts.count("GetParameter");
    let before = asked();
    for (rail, identity, phrase) in RAILS {
        prod(&sandbox, &format!("    app: {{auth: {{{rail}}}, vars: {{fact: !store params app id}}}}"));
        sandbox.atmos(&[&FACT[..], &["-i", identity]].concat()).exits(1).says(phrase);
    }
    assert_eq!(asked(), before, "{:?}", sts.calls());
    let rails = "auth: {expected_account: '123456789012', min_ttl: 5m, audit: {file: ~/stores.jsonl}}";
    prod(&sandbox, &format!("    app: {{{rails}, vars: {{fact: !store params app id}}}}"));
    assert_eq!(sandbox.atmos(&FACT).success().stdout, "one\n");
    let found = lines(&sandbox, "stores.jsonl");
    assert_eq!((&found[0]["event"], &found[0]["identity"]), (&"read".into(), &"reader".into()), "{found:?}");
    // A store with an identity of its own is no business of the component.
    prod(
        &sandbox,
        "    app: {auth: {allowed_identities: [], expected_account: '999999999999'}, vars: {fact: !store own app id}}",
    );
    assert_eq!(sandbox.atmos(&FACT).success().stdout, "one\n");
}

#[test]
fn guard_rails_hold_for_who_makes_a_bucket_as_the_component() {
    let sts = Sts::start();
    let mut sandbox = on_s3(&sts, "rails-buckets");
    sandbox.set("AWS_ACCESS_KEY_ID", KEY);
    sandbox.set("AWS_SECRET_ACCESS_KEY", "ambient-secret-key");
    let app = |rails: &str| {
        let own = "provision: {backend: {enabled: true}}, backend: {s3: {bucket: rails-made}}";
        prod(&sandbox, &format!("    app: {{{own}, auth: {{{rails}}}}}"));
    };
    let backend = |verb: &str, more: &[&str]| {
        sandbox.atmos(&[&["terraform", "backend", verb, "app", "-s", "prod"], more].concat())
    };
    let asked = || sts.calls().iter().filter(|call| call.line.contains("rails-made")).count();
    for (rail, identity, phrase) in RAILS {
        app(rail);
        for verb in ["describe", "create"] {
            backend(verb, &["-i", identity]).exits(1).says(phrase);
        }
        backend("delete", &["--force", "-i", identity]).exits(1).says(phrase);
    }
    assert_eq!(asked(), 0, "{:?}", sts.calls());
    app("expected_account: '123456789012', audit: {file: ~/buckets.jsonl}");
    backend("create", &[]).success();
    assert!(asked() > 0);
    assert_eq!(lines(&sandbox, "buckets.jsonl")[0]["component"], "app");
}

#[test]
fn lines_of_commands_say_as_much_as_those_of_runs() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let text = cloud.sandbox.read("atmos.yaml");
    let own = "realm: scenario\n  audit: {file: \"~/audit.jsonl\"}\n";
    cloud.sandbox.write("atmos.yaml", &text.replace("realm: scenario\n", own));
    cloud.sandbox.atmos(&["auth", "exec", "-i", "data-admin", "--", "true"]).success();
    cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).success();
    cloud.sandbox.atmos(&["auth", "env", "--delivery", "env", "-i", "data-admin"]).success();
    let variable = [("ATMOS_IDENTITY", "data-admin")];
    cloud.sandbox.atmos_with(&variable, &["auth", "process"]).success();
    let found = lines(&cloud.sandbox, "audit.jsonl");
    let (run, others) = found.split_first().unwrap();
    let said: Vec<_> = others.iter().map(|line| [&line["event"], &line["delivery"], &line["source"]]).collect();
    let expected =
        [["process", "process", "--identity"], ["env", "env", "--identity"], ["process", "process", "ATMOS_IDENTITY"]];
    assert_eq!(said, expected, "{found:?}");
    for line in others {
        for key in ["identity", "chain", "account", "expiration"] {
            assert!(!run[key].is_null() && line[key] == run[key], "{key}: {found:?}");
        }
    }
    // Who is refused is told apart as well.
    let refuse = text.replace("realm: scenario\n", &format!("{own}  expected_account: \"999999999999\"\n"));
    cloud.sandbox.write("atmos.yaml", &refuse);
    cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).exits(1);
    let last = lines(&cloud.sandbox, "audit.jsonl").pop().unwrap();
    assert_eq!((&last["refused"], &last["source"]), (&"atmos::auth::wrong_account".into(), &"--identity".into()));
    assert_eq!(last["chain"], run["chain"], "{last}");
}

const PLAN: [&str; 5] = ["terraform", "plan", "vpc", "-s", "prod"];

#[test]
fn date_in_a_narrower_scope_hides_no_identity_of_a_wider_one() {
    let sandbox = repository("{}");
    for (component, phrase) in [
        ("{settings: {auth: 2024-01-02}}", "it must be a map, not a date"),
        ("{settings: {auth: {identity: 2024-01-02}}}", "it is a date without quotes"),
        ("{settings: {auth: {identity: {plan: 2024-01-02}}}}", "has a value of type map"),
        ("{metadata: {inherits: [base]}}", "it is a date without quotes"),
    ] {
        stack(
            &sandbox,
            &format!(
                "{{terraform: {{base: {{metadata: {{type: abstract}}, settings: {{auth: {{identity: 2024-01-02}}}}}}, vpc: {component}}}}}\n\
                 settings: {{auth: {{identity: {{plan: reader, default: data}}}}}}"
            ),
        );
        refused(&sandbox, sandbox.atmos(&PLAN)).says(phrase).says("prod.yaml:2:");
        sandbox.atmos(&["auth", "validate", "--stacks"]).exits(1).says(phrase);
    }
    // What stands below the date again counts.
    let healed = "{terraform: {vpc: {settings: {auth: {identity: {plan: data}}}}}}\nterraform: {settings: {auth: {identity: 2024-01-02}}}";
    stack(&sandbox, &format!("{healed}\nsettings: {{auth: {{identity: reader}}}}"));
    sandbox.atmos(&PLAN).success().says("identity data");
}

#[test]
fn narrower_scope_narrows_and_widens_rails_by_its_own_word_alone() {
    let sandbox = repository("{}");
    let plan = |identity: &str| sandbox.atmos(&[&PLAN[..], &["-i", identity]].concat());
    let wide = "auth: {allowed_identities: [data, reader], expected_account: ['222222222222', '111111111111'], require_identity: true}";
    let with = |own: &str| stack(&sandbox, &format!("{{terraform: {{vpc: {{auth: {{{own}}}}}}}}}\n{wide}"));
    for strategy in ["replace", "append", "merge"] {
        add(&sandbox, &format!("settings: {{list_merge_strategy: {strategy}}}"));
        with("");
        plan("data").success();
        plan("reader").success();
        refused(forgotten(&sandbox), plan("admin")).says("wrong account");
        // Narrower, whatever happens to other lists.
        with("allowed_identities: [reader]");
        plan("reader").success();
        refused(forgotten(&sandbox), plan("data")).says("allowed here: admin, reader");
        with("expected_account: ['111111111111']");
        plan("reader").success();
        refused(forgotten(&sandbox), plan("data")).says("wrong account");
        // Nothing of the widest list is left where a layer between them has one, whatever comes behind that.
        let between = "allowed_identities: !append [admin], expected_account: ~";
        let text = format!(
            "{{terraform: {{vpc: {{auth: {{{between}}}}}}}}}\nterraform: {{auth: {{allowed_identities: [reader]}}}}\n\
             auth: {{allowed_identities: [data]}}"
        );
        stack(&sandbox, &text);
        plan("reader").success();
        refused(forgotten(&sandbox), plan("data")).says("allowed here: admin, reader");
        // Wider where the component says so itself.
        with("allowed_identities: !append [admin], expected_account: ['333333333333']");
        plan("admin").success();
        refused(forgotten(&sandbox), plan("reader")).says("wrong account");
        // Null takes a rail away, and nothing else does.
        with("require_identity: ~, expected_account: ~");
        plan("false").success();
        with("expected_account: ~");
        refused(forgotten(&sandbox), plan("false")).says("auth.require_identity");
        with("require_identity: false");
        refused(forgotten(&sandbox), plan("false")).says("auth.expected_account");
    }
}

#[test]
fn what_a_manifest_imports_does_not_widen_its_rails() {
    let mut sandbox = repository("{}");
    sandbox.set("ATMOS_STACKS_EXCLUDED_PATHS", "catalog/**/*");
    let plan = |identity: &str| sandbox.atmos(&[&PLAN[..], &["-i", identity]].concat());
    let wide = "allowed_identities: [data, reader]";
    sandbox.write("stacks/catalog/wide.yaml", &format!("auth: {{{wide}}}\n"));
    sandbox.write("stacks/catalog/kind.yaml", &format!("terraform: {{auth: {{{wide}}}}}\n"));
    sandbox.write("stacks/catalog/own.yaml", &format!("components: {{terraform: {{vpc: {{auth: {{{wide}}}}}}}}}\n"));
    for strategy in ["replace", "append", "merge"] {
        add(&sandbox, &format!("settings: {{list_merge_strategy: {strategy}}}"));
        for (import, components, text) in [
            ("wide", "{terraform: {vpc: {}}}", "auth: {allowed_identities: [reader]}"),
            ("kind", "{terraform: {vpc: {}}}", "terraform: {auth: {allowed_identities: [reader]}}"),
            ("own", "{terraform: {vpc: {auth: {allowed_identities: [reader]}}}}", ""),
        ] {
            stack(&sandbox, &format!("{components}\nimport: [catalog/{import}]\n{text}"));
            plan("reader").success();
            refused(forgotten(&sandbox), plan("data")).says("allowed here: admin, reader");
        }
    }
}

/// The same, with nothing started so far.
fn forgotten(sandbox: &Sandbox) -> &Sandbox {
    let _ = std::fs::remove_file(sandbox.root().join("log"));
    sandbox
}
