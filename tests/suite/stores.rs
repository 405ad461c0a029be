//! Stores of AWS on moto, and Redis: values, how often they are asked for, by whom, and what is said when they cannot be
//! had.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Redis, Sandbox, Sts, put_parameter, put_secret};

const KEY: &str = "AKIASTORESAMBIENT000";
const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
templates: {settings: {enabled: true, evaluations: 2, sprig: {enabled: true}, gomplate: {enabled: true}}}
";

/// A repository with these stores, and the key of the environment.
fn repository(stores: &str, sts: Option<&Sts>) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", &format!("{ATMOS}stores:\n{stores}"));
    sandbox.write("components/terraform/app/main.tf", "variable \"x\" { default = null }\n");
    sandbox.set("AWS_ACCESS_KEY_ID", KEY);
    sandbox.set("AWS_SECRET_ACCESS_KEY", "ambient-secret-key");
    if let Some(sts) = sts {
        sandbox.set("AWS_ENDPOINT_URL", &sts.url);
    }
    sandbox
}

/// The stack `dev` with the component `app`, which has these variables and further sections.
fn stack(sandbox: &Sandbox, vars: &str, sections: &str) {
    let text = format!(
        "vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n{sections}      vars:\n{vars}    other: {{}}\n"
    );
    sandbox.write("stacks/dev.yaml", &text);
}

const DESCRIBE: [&str; 7] = ["describe", "component", "app", "-s", "dev", "--format", "json"];

fn described(sandbox: &Sandbox) -> Value {
    sandbox.atmos(&DESCRIBE).success().json()["vars"].take()
}

#[test]
fn parameters_and_secrets_of_aws_are_read() {
    let sts = Sts::start();
    let sandbox = repository(
        "  params: {kind: aws/ssm, options: {region: eu-west-1, prefix: /read}}\n\
         \x20 old: {type: aws-secrets-manager, options: {region: eu-west-1, prefix: read}}\n",
        Some(&sts),
    );
    put_parameter(&sts, KEY, "/read/dev/app/id", "\"vpc-1\"");
    put_parameter(&sts, KEY, "/read/prod/eu/net/vpc/ids", "{\"a\": [1, 2.5], \"b\": \"x\"}");
    put_parameter(&sts, KEY, "/read/raw", "not json");
    put_secret(&sts, KEY, "read/dev/app/number", "42");
    stack(
        &sandbox,
        "        id: !store params app id\n\
         \x20       ids: !store params prod-eu net/vpc ids\n\
         \x20       first: !store params prod-eu net/vpc ids | query .a[0]\n\
         \x20       raw: !store.get params raw\n\
         \x20       number: !store old app number\n\
         \x20       quoted: '!store params {{ .vars.stage }} app id'\n\
         \x20       none: !store params app nothing | default 'no value'\n\
         \x20       get_none: !store.get params nothing | query .x | default ''\n\
         \x20       template: '{{ (atmos.Store \"params\" \"prod-eu\" \"net/vpc\" \"ids\").b }}'\n\
         \x20       missing: '{{ atmos.Store \"params\" \"dev\" \"app\" \"nothing\" }}'\n",
        "",
    );
    assert_eq!(
        described(&sandbox),
        json!({
            "stage": "dev", "id": "vpc-1", "ids": {"a": [1, 2.5], "b": "x"}, "first": 1, "raw": "not json", "number": 42,
            "quoted": "vpc-1", "none": "no value", "get_none": "", "template": "x", "missing": "<no value>",
        })
    );
    // Each value once, though some are asked for twice and others by a template.
    assert_eq!((sts.count("GetParameter"), sts.count("GetSecretValue")), (5, 1));
    assert!(sts.calls().iter().all(|call| call.signer == KEY), "{:?}", sts.calls());
}

#[test]
fn fifty_stacks_with_one_reference_make_one_request() {
    let sts = Sts::start();
    let sandbox = repository("  params: {kind: aws/ssm, options: {region: eu-west-1, prefix: /once}}\n", Some(&sts));
    put_parameter(&sts, KEY, "/once/shared/net/id", "\"vpc-1\"");
    for number in 0..50 {
        let text = format!(
            "vars: {{stage: s{number}}}\ncomponents: {{terraform: {{a: {{vars: {{x: !store params shared net id}}}}, \
             b: {{vars: {{y: !store params shared net id | query length}}}}, \
             c: {{vars: {{z: '{{{{ atmos.Store \"params\" \"shared\" \"net\" \"id\" }}}}'}}}}}}}}\n"
        );
        sandbox.write(&format!("stacks/s{number}.yaml"), &text);
    }
    let stacks = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    let components = &stacks["s49"]["components"]["terraform"];
    assert_eq!((&components["a"]["vars"]["x"], &components["b"]["vars"]["y"]), (&json!("vpc-1"), &json!(5)));
    assert_eq!(components["c"]["vars"]["z"], "vpc-1");
    assert_eq!(sts.count("GetParameter"), 1);
}

const IDENTITIES: &str = "auth:
  providers: {corp: {kind: mock/aws, region: eu-west-1}}
  identities:
    alpha: {kind: aws/assume-role, via: {provider: corp}, principal: {assume_role: 'arn:aws:iam::111111111111:role/alpha'}}
    beta: {kind: aws/assume-role, via: {provider: corp}, principal: {assume_role: 'arn:aws:iam::222222222222:role/beta'}}
    gamma: {kind: aws/assume-role, via: {provider: corp}, principal: {assume_role: 'arn:aws:iam::333333333333:role/gamma'}}
";

/// Who read parameters, by the role that was taken before; the key itself for the key of the environment.
fn readers(sandbox: &Sandbox, sts: &Sts, args: &[&str]) -> Vec<String> {
    let before = sts.calls().len();
    sandbox.atmos(args).success();
    let calls = sts.calls().split_off(before);
    let signers = calls.iter().filter(|call| call.action == "GetParameter").map(|call| call.signer.clone());
    let mut signers: Vec<String> = signers.collect();
    signers.sort();
    signers
}

#[test]
fn each_store_is_read_as_the_identity_that_it_is_for() {
    let sts = Sts::start();
    let sandbox = repository(
        "  own: {kind: aws/ssm, identity: gamma, options: {region: eu-west-1, prefix: /who}}\n\
         \x20 shared: {kind: aws/ssm, options: {region: eu-west-1, prefix: /who}}\n",
        Some(&sts),
    );
    let atmos = sandbox.read("atmos.yaml");
    sandbox.write("atmos.yaml", &format!("{atmos}{IDENTITIES}"));
    let component = |identity: &str, store: &str| {
        format!(
            "{{settings: {{auth: {{identity: {identity}}}}}, vars: {{x: !store {store} dev net id | default none}}}}"
        )
    };
    let manifest = format!(
        "vars: {{stage: dev}}\ncomponents:\n  terraform:\n    a: {}\n    b: {}\n    c: {}\n    d: {}\n",
        component("alpha", "shared"),
        component("!env WHO", "shared"),
        component("beta", "own"),
        component("false", "shared"),
    );
    sandbox.write("stacks/dev.yaml", &manifest);
    let mut sandbox = sandbox;
    sandbox.set("WHO", "beta");
    sandbox.set("ATMOS_KEYRING_TYPE", "memory");
    let describe = |component: &'static str| ["describe", "component", component, "-s", "dev"];
    let mut seen = Vec::new();
    for (component, role) in [("a", "role/alpha"), ("b", "role/beta"), ("c", "role/gamma")] {
        let before = sts.calls().len();
        let signers = readers(&sandbox, &sts, &describe(component));
        let roles: Vec<String> = sts.calls().split_off(before).into_iter().map(|call| call.role).collect();
        assert!(roles.iter().any(|taken| taken.ends_with(role)), "{component}: {roles:?}");
        assert!(roles.iter().all(|taken| taken.is_empty() || taken.ends_with(role)), "{component}: {roles:?}");
        assert_eq!(signers.len(), 1, "{component}");
        assert!(signers[0].starts_with("ASIA") && signers[0] != KEY, "{component}: {signers:?}");
        seen.extend(signers);
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
    assert_eq!(readers(&sandbox, &sts, &describe("d")), [KEY]);
    // All at once: one request for each who asks, and none of them with the answer of another.
    let together = readers(&sandbox, &sts, &["describe", "stacks"]);
    assert_eq!(together.len(), 4, "{together:?}");
    // The flag outranks the component, not the store.
    let before = sts.calls().len();
    sandbox.atmos(&["describe", "stacks", "--identity", "alpha"]).success();
    let roles: Vec<String> = sts.calls().split_off(before).into_iter().map(|call| call.role).collect();
    assert!(roles.iter().any(|role| role.ends_with("gamma")) && !roles.iter().any(|role| role.ends_with("beta")));
    sandbox.atmos(&["describe", "component", "a", "-s", "dev", "--identity", "nobody"]).says("identity not found");
}

#[test]
fn a_store_may_be_read_by_a_role() {
    let sts = Sts::start();
    let sandbox = repository(
        "  params: {kind: aws/ssm, options: {region: eu-west-1, read_role_arn: 'arn:aws:iam::444444444444:role/reader'}}\n",
        Some(&sts),
    );
    stack(
        &sandbox,
        "        x: !store params app id | default none\n        y: !store params app other | default none\n",
        "",
    );
    assert_eq!(described(&sandbox)["x"], "none");
    assert_eq!((sts.count("AssumeRole"), sts.count("GetParameter")), (1, 2));
    let calls = sts.calls();
    let read: Vec<_> = calls.iter().filter(|call| call.action == "GetParameter").collect();
    assert!(read.iter().all(|call| call.signer != KEY && call.signer == read[0].signer), "{calls:?}");
}

#[test]
fn profiles_of_the_shared_files_are_read() {
    let sts = Sts::start();
    let mut sandbox = repository("  params: {kind: aws/ssm, options: {region: eu-west-1}}\n", Some(&sts));
    stack(&sandbox, "        x: !store params app id | default none\n", "");
    sandbox.remove("AWS_ACCESS_KEY_ID");
    // What opens the keyring is not for the programs of profiles.
    sandbox.set("ATMOS_KEYRING_PASSWORD", Sandbox::KEYRING_PASSWORD);
    let config = "[profile base]\naws_access_key_id = AKIAPROFILEBASE00000\naws_secret_access_key = s\n\
                  [profile tool]\ncredential_process = test -z \"$ATMOS_KEYRING_PASSWORD\" && echo '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS000000000\", \
                  \"SecretAccessKey\": \"x\"}'\n\
                  [profile role]\nrole_arn = arn:aws:iam::555555555555:role/r\nsource_profile = base\n\
                  [profile portal]\nsso_session = corp\n";
    std::fs::create_dir(sandbox.home().join(".aws")).unwrap();
    std::fs::write(sandbox.home().join(".aws/config"), config).unwrap();
    for (profile, signer) in
        [("base", Some("AKIAPROFILEBASE00000")), ("tool", Some("AKIAPROCESS000000000")), ("role", None)]
    {
        let before = sts.calls().len();
        sandbox.atmos_with(&[("AWS_PROFILE", profile)], &DESCRIBE).success();
        let calls = sts.calls().split_off(before);
        let read = calls.iter().find(|call| call.action == "GetParameter").expect("a request");
        if let Some(signer) = signer {
            assert_eq!(read.signer, signer, "{profile}: {calls:?}");
        } else {
            assert_eq!((&*calls[0].action, &*calls[0].signer), ("AssumeRole", "AKIAPROFILEBASE00000"));
            assert_ne!(read.signer, calls[0].signer);
        }
    }
    let plan =
        |profile: &str| sandbox.atmos_with(&[("AWS_PROFILE", profile)], &["terraform", "plan", "app", "-s", "dev"]);
    plan("portal").exits(1).says("a login at a portal").says("`identity`").says("stacks/dev.yaml:6:12");
    plan("nobody").exits(1).says("the profile `nobody` of AWS_PROFILE has no credentials");
    // Where values are only shown, the default is shown, with a warning.
    let shown = sandbox.atmos_with(&[("AWS_PROFILE", "portal")], &DESCRIBE).success();
    assert_eq!(shown.json()["vars"]["x"], "none");
    shown.says("the default is shown instead");
}

#[test]
fn what_is_wrong_names_the_place_and_the_next_step() {
    let sts = Sts::start();
    let sandbox = repository(
        "  params: {kind: aws/ssm, options: {region: eu-west-1, prefix: /wrong}}\n\
         \x20 nowhere: {kind: aws/ssm, options: {region: eu-west-1, endpoint: 'http://127.0.0.1:1'}}\n\
         \x20 incomplete: {kind: aws/ssm}\n\
         \x20 typo: {kind: aws/sms}\n\
         \x20 vault: {kind: hashicorp-vault}\n\
         \x20 secrets: {kind: aws/asm, secret: true, options: {region: eu-west-1}}\n\
         \x20 other: {kind: aws/ssm, identity: nobody, options: {region: eu-west-1}}\n",
        Some(&sts),
    );
    for (value, phrases) in [
        ("!store parms app id", &["Store parms not found", "did you mean `params`?"][..]),
        ("!store params app", &["invalid Atmos YAML function", "requires 3 or 4 parameters"]),
        ("!store params app id x y", &["requires 3 or 4 parameters"]),
        ("!store.get params", &["requires 2 parameters"]),
        ("!store params app id | default a b", &["1:27", "default option accepts one value"]),
        ("!store params app 'id", &["1:12", "unterminated quoted value"]),
        ("!store params app id", &["store `params`", "has no key `/wrong/dev/app/id`", "| default"]),
        ("!store nowhere app id", &["store `nowhere`", "http://127.0.0.1:1 cannot be reached"]),
        ("!store incomplete app id", &["`region` is required", "atmos.yaml:8"]),
        ("!store typo app id", &["store type not found: `aws/sms`", "atmos.yaml:9"]),
        ("!store vault app id", &["`hashicorp/vault` are not built yet"]),
        ("!store secrets app id", &["store of secrets", "!secret"]),
        ("'{{ atmos.Store \"secrets\" \"dev\" \"app\" \"id\" }}'", &["store of secrets"]),
        ("'{{ atmos.Store \"parms\" \"dev\" \"app\" \"id\" }}'", &["Store parms not found", "params"]),
        ("!store other app id", &["identity not found", "nobody"]),
        ("!store params app id | query '.a | bogus'", &["has no key"]),
    ] {
        stack(&sandbox, &format!("        x: {value}\n"), "");
        // What is wrong inside of the arguments is shown there.
        let place = if phrases[0].starts_with("1:") { "stacks/dev.yaml:6:" } else { "stacks/dev.yaml:6:12" };
        let outcome = sandbox.atmos(&DESCRIBE).exits(1).says(place);
        for phrase in phrases {
            assert!(outcome.mentions(phrase), "{value}: {}", outcome.clean_stderr());
        }
    }
}

#[test]
fn values_are_data_whatever_they_look_like() {
    let sts = Sts::start();
    let sandbox = repository("  params: {kind: aws/ssm, options: {region: eu-west-1, prefix: /data}}\n", Some(&sts));
    put_parameter(&sts, KEY, "/data/dev/app/run", "\"!exec touch ran\"");
    put_parameter(&sts, KEY, "/data/dev/app/render", "{\"a\": \"{{ env \\\"HOME\\\" }}\"}");
    stack(
        &sandbox,
        "        run: !store params app run\n\
         \x20       render: !store params app render\n\
         \x20       by_template: '{{ atmos.Store \"params\" \"dev\" \"app\" \"run\" }}'\n\
         \x20       twice: '{{ (atmos.Store \"params\" \"dev\" \"app\" \"render\").a }}'\n\
         \x20       resolved: '{{ (atmos.Resolve \"!store params app render\").a }}'\n",
        "",
    );
    let vars = described(&sandbox);
    assert_eq!(vars["resolved"], "{{ env \"HOME\" }}");
    let other = "vars: {stage: prod}\ncomponents:\n  terraform:\n    reader:\n      vars:\n\
                 \x20       x: '{{ (atmos.Component \"app\" \"dev\").vars.render.a }}'\n";
    sandbox.write("stacks/prod.yaml", other);
    let reader = ["describe", "component", "reader", "-s", "prod", "--format", "json"];
    assert_eq!(sandbox.atmos(&reader).success().json()["vars"]["x"], "{{ env \"HOME\" }}");
    assert_eq!((&vars["run"], &vars["by_template"]), (&json!("!exec touch ran"), &json!("!exec touch ran")));
    assert_eq!((&vars["render"]["a"], &vars["twice"]), (&json!("{{ env \"HOME\" }}"), &json!("{{ env \"HOME\" }}")));
    assert!(!sandbox.repo().join("ran").exists());
}

const SECRET: &str = "correct-horse-battery";

#[test]
fn secrets_are_masked_where_they_are_shown_and_kept_out_of_files() {
    let sts = Sts::start();
    let sandbox = repository(
        "  vault: {kind: aws/ssm, secret: true, options: {region: eu-west-1, prefix: /secret}}\n\
         \x20 open: {kind: aws/ssm, options: {region: eu-west-1, prefix: /secret}}\n",
        Some(&sts),
    )
    .with_terraform();
    sandbox.write(
        "components/terraform/app/main.tf",
        "variable \"x\" {}\nvariable \"plain\" {}\noutput \"x\" { value = var.x }\n",
    );
    put_parameter(&sts, KEY, "/secret/dev/app/PASSWORD", SECRET);
    put_parameter(&sts, KEY, "/secret/dev/SHARED", "{\"a\": \"shared-secret-text\"}");
    put_parameter(&sts, KEY, "/secret/GLOBAL", "1e5");
    let text = "secrets: {vars: {SHARED: {store: vault}}}\nvars: {stage: dev}\ncomponents:\n  terraform:\n    app:\n\
                \x20     secrets: {vars: {PASSWORD: {store: vault}, GLOBAL: {store: vault, scope: global}, \
                WRONG: {store: open}, NONE: {}, FILE: {sops: s}}}\n\
                \x20     vars: {x: !secret PASSWORD, plain: visible}\n\
                \x20     settings: {shared: !secret SHARED | path .a, global: !secret GLOBAL, none: !secret MISSING | default z}\n";
    sandbox.write("stacks/dev.yaml", &text.replace(", none: !secret MISSING | default z", ""));
    let shown = sandbox.atmos(&DESCRIBE).success().json();
    assert_eq!((&shown["vars"]["x"], &shown["settings"]["shared"]), (&json!("<MASKED>"), &json!("<MASKED>")));
    assert_eq!(sts.count("GetParameter"), 0, "nobody is asked for what is not shown");
    let open = sandbox.atmos(&[&DESCRIBE[..], &["--mask=false"]].concat()).success().json();
    assert_eq!(open["vars"]["x"], SECRET);
    assert_eq!(
        (&open["settings"]["shared"], &open["settings"]["global"]),
        (&json!("shared-secret-text"), &json!("1e5"))
    );
    let apply = sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--", "-auto-approve"]).success();
    assert!(!apply.stdout.contains(SECRET) && apply.stdout.contains("<MASKED>"), "{apply}");
    sandbox.atmos(&["terraform", "generate", "varfile", "app", "-s", "dev", "--file", "vars.json"]).success();
    let varfile = sandbox.read("vars.json");
    assert!(varfile.contains("visible") && !varfile.contains(SECRET), "{varfile}");
    for (name, phrases) in [
        ("PASWORD", &["secret is not declared: `PASWORD`", "did you mean `PASSWORD`?"][..]),
        ("WRONG", &["`open`, which is no store of secrets", "secret: true"]),
        ("NONE", &["has no backend"]),
        ("FILE", &["nothing describes the provider of secrets `s`", "`secrets.providers`"]),
        ("''", &["cannot be empty"]),
    ] {
        sandbox.write("stacks/dev.yaml", &text.replace("!secret PASSWORD,", &format!("!secret {name},")));
        let outcome = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).exits(1);
        for phrase in phrases {
            assert!(outcome.mentions(phrase), "{name}: {}", outcome.clean_stderr());
        }
    }
}

#[test]
fn redis_is_read() {
    let redis = Redis::start();
    let mut sandbox = repository(
        "  cache: {kind: redis, options: {prefix: app}}\n  second: {type: redis, options: {url: URL, stack_delimiter: '-'}}\n",
        None,
    );
    let atmos = sandbox.read("atmos.yaml").replace("URL", &format!("'{}'", redis.url(Redis::PASSWORD, 3)));
    sandbox.write("atmos.yaml", &atmos);
    sandbox.set("ATMOS_REDIS_URL", redis.url(Redis::PASSWORD, 0));
    redis.set(0, "app/ue1-dev/app/id", "{\"a\": \"ä\"}");
    redis.set(0, "app:raw", "plain text");
    redis.set(3, "/ue1/dev/app/list", "[1, 2]");
    let mut vars = "        id: !store cache ue1-dev app id\n        raw: !store.get cache raw\n\
                    \x20       list: !store second ue1-dev app list\n        none: !store cache app id | default none\n"
        .to_owned();
    for number in 0..20 {
        let _ = writeln!(vars, "        n{number}: !store cache ue1-dev app missing{number} | default none");
    }
    stack(&sandbox, &vars, "");
    let found = described(&sandbox);
    assert_eq!((&found["id"], &found["raw"]), (&json!({"a": "ä"}), &json!("plain text")));
    assert_eq!((&found["list"], &found["none"]), (&json!([1, 2]), &json!("none")));
    assert_eq!(redis.reads(), 24);
    let wrong = [("ATMOS_REDIS_URL", &*redis.url("wrong", 0))];
    stack(&sandbox, "        id: !store cache ue1-dev app id\n", "");
    let refused = sandbox.atmos_with(&wrong, &DESCRIBE).exits(1).says("WRONGPASS").says("stacks/dev.yaml:6:13");
    assert!(!refused.stderr.contains("redis://"), "{refused}");
    sandbox
        .atmos_with(&[("ATMOS_REDIS_URL", "redis://127.0.0.1:1")], &DESCRIBE)
        .exits(1)
        .says("127.0.0.1:1 cannot be reached");
    sandbox.atmos_with(&[("ATMOS_REDIS_URL", "127.0.0.1:1")], &DESCRIBE).exits(1).says("it has no scheme");
    sandbox.remove("ATMOS_REDIS_URL");
    sandbox.atmos(&DESCRIBE).exits(1).says("there is no address");
}
