//! Identities of kind `exec`: what a program of the user's own prints, for clouds without a kind of their own.

use std::time::{Duration, Instant};

use crate::support::{Federation, Sandbox, Scanner, find_part, free_port};

const SECRET: &str = "hcloud-t0ken/of+the-project==";
const KUBE: &str = "kube-c0nfig/with+a-token==";

const AUTH: &str = r#"
auth:
  realm: plugins
  identities:
    cloud:
      kind: exec
      env: {CLOUD_NOTE: plain}
      spec: {command: [./plugin, "two words"]}
    keys: {kind: exec, region: eu-west-1, spec: {command: "./keys --for keys"}}
    behind: {kind: aws/assume-role, via: {identity: keys}, principal: {assume_role: "arn:aws:iam::444444444444:role/Behind"}}
    wrong: {kind: aws/assume-role, via: {identity: cloud}, principal: {assume_role: "arn:aws:iam::444444444444:role/Wrong"}}
"#;

/// Prints what the test wrote down, and notes that it ran and with what.
const PLUGIN: &str = r#"#!/bin/sh
echo "$1 password=$ATMOS_KEYRING_PASSWORD" >> calls
cat answer
"#;

fn script(sandbox: &Sandbox, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    sandbox.write(name, text);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.repo().join(name), mode).expect("our own file");
}

fn answer(expiration: &str) -> String {
    format!(
        r#"{{"Version":1,"Variables":{{"HCLOUD_TOKEN":"{SECRET}","HCLOUD_REGION":"fsn1"}},"Public":["HCLOUD_REGION"],
            "Files":{{"kube/config":"{KUBE}"}},"Paths":{{"KUBECONFIG":"kube/config"}},"Remove":["HCLOUD_*","OTHER_KEY"],
            "Account":"project-7","Expiration":"{expiration}"}}"#
    )
}

/// A plug-in that prints this.
fn printing(text: &str) -> String {
    format!("#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
}

fn plugins() -> Federation {
    let federation = Federation::start(AUTH);
    script(&federation.sandbox, "plugin", PLUGIN);
    federation.sandbox.write("answer", &answer("2099-01-01T00:00:00Z"));
    federation
}

fn assert_clean(federation: &Federation) {
    let secrets = [("token", SECRET), ("file", KUBE)].map(|(name, text)| (name.to_owned(), text.to_owned()));
    // The answer itself lies in the repository: the plug-in of the test prints it from there.
    for folder in ["home", "run", "tmp"] {
        Scanner::new(secrets.clone()).assert_absent_below(&federation.sandbox.root().join(folder));
    }
}

#[test]
fn an_identity_of_another_cloud_that_is_required_is_refused_and_never_left_out() {
    let both = AUTH
        .replace("keys: {kind: exec, region: eu-west-1,", "keys: {kind: exec, region: eu-west-1, required: true,")
        .replace("      kind: exec\n", "      kind: exec\n      required: true\n");
    let federation = Federation::start(&both);
    script(&federation.sandbox, "plugin", PLUGIN);
    federation.sandbox.write("answer", &answer("2099-01-01T00:00:00Z"));
    script(
        &federation.sandbox,
        "keys",
        "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKIAX\",\"SecretAccessKey\":\"k\"}'\n",
    );
    for (name, other) in [("cloud", "keys"), ("keys", "cloud")] {
        let refused =
            federation.sandbox.atmos(&["auth", "exec", "-i", name, "--", "sh", "-c", "echo started"]).exits(1);
        assert!(!refused.stdout.contains("started"), "{refused}");
        refused.says(&format!("identity `{other}` is required beside `{name}`"));
    }
}

#[test]
fn child_of_an_unknown_cloud_gets_variables_and_files_and_nothing_ambient() {
    let federation = plugins();
    let show = "env; cat \"$KUBECONFIG\"; stat -c 'mode %a' \"$KUBECONFIG\"; echo \"where $KUBECONFIG\"";
    let exec = ["auth", "exec", "-i", "cloud", "--", "sh", "-c", show];
    let ambient = [("HCLOUD_TOKEN", "old"), ("HCLOUD_CONTEXT", "old"), ("OTHER_KEY", "old"), ("AWS_PROFILE", "stays")];
    let seen = federation.sandbox.atmos_with(&[&ambient[..], &[("ATMOS_MASK", "false")]].concat(), &exec).success();
    for line in ["HCLOUD_REGION=fsn1", "CLOUD_NOTE=plain", "AWS_PROFILE=stays", "mode 600", "ATMOS_IDENTITY=cloud"] {
        assert!(seen.stdout.contains(line), "{line}: {seen}");
    }
    for line in ["HCLOUD_CONTEXT", "OTHER_KEY", "=old", "AWS_CONFIG_FILE"] {
        assert!(!seen.stdout.contains(line), "{line}: {seen}");
    }
    let folder = seen.stdout.lines().find_map(|line| line.strip_prefix("where ")).unwrap().to_owned();
    assert!(folder.contains("/run/") && !std::path::Path::new(&folder).exists(), "{folder}");
    // The program ran once, with its words as they are and without what opens the keyring; then the cache has it.
    federation.sandbox.atmos(&exec).success();
    assert_eq!(federation.sandbox.read("calls"), "two words password=\n");
    assert_clean(&federation);
}

#[test]
fn what_a_plugin_gives_is_known_to_every_command() {
    let federation = plugins();
    let sandbox = &federation.sandbox;
    sandbox.atmos(&["auth", "validate"]).success();
    // Before that nobody knows of which cloud it is.
    sandbox.atmos(&["auth", "env", "-i", "cloud"]).exits(1).says("no valid credentials of `cloud` are cached");
    sandbox.atmos(&["auth", "login", "-i", "cloud"]).success().says("project-7");
    let who = sandbox.atmos(&["auth", "whoami", "-i", "cloud", "-o", "json"]).success();
    assert_eq!(who.json()["account"], "project-7", "{who}");
    assert_eq!((&who.json()["kind"], &who.json()["valid"]), (&"exec".into(), &"unknown".into()), "{who}");
    assert!(!who.stdout.contains(SECRET), "{who}");
    sandbox.atmos(&["auth", "list"]).success();
    sandbox.atmos(&["auth", "explain", "-c", "app", "-s", "dev", "-i", "cloud"]).success();
    // The form that it reads is the form that it prints, for another run or another plug-in.
    let printed = sandbox.atmos(&["auth", "process", "-i", "cloud"]).success().json();
    assert_eq!((&printed["Variables"]["HCLOUD_TOKEN"], &printed["Account"]), (&SECRET.into(), &"project-7".into()));
    sandbox.atmos(&["auth", "env", "-i", "cloud"]).exits(1).says("gives variables, not keys of AWS");
    sandbox.atmos(&["auth", "env", "-i", "cloud", "--delivery", "env"]).exits(1).says("gives files as well");
    sandbox.atmos(&["auth", "console", "-i", "cloud"]).exits(1).says("gives no credentials of AWS");
    sandbox
        .atmos(&["auth", "login", "-i", "wrong"])
        .exits(1)
        .says("identity `cloud` of kind exec gives no credentials of AWS");
    // Inside of a run the run gives them.
    let nested = format!("{} auth process -i cloud", env!("CARGO_BIN_EXE_atmos"));
    let exec = ["auth", "exec", "-i", "cloud", "--", "sh", "-c", &nested];
    let inside = sandbox.atmos_with(&[("ATMOS_MASK", "false")], &exec).success().json();
    assert_eq!(inside["Variables"]["HCLOUD_TOKEN"], SECRET);
    assert_eq!(sandbox.read("calls").lines().count(), 1);
    sandbox.write(
        "answer",
        &answer("2099-01-01T00:00:00Z").replace("\"Files\":{\"kube/config\":\"", "\"Remove\":[],\"Account\":\""),
    );
    sandbox.atmos(&["auth", "logout", "cloud"]).success();
    sandbox.atmos(&["auth", "list"]).success();
    assert_clean(&federation);
}

#[test]
fn keys_of_aws_from_a_plugin_are_keys_like_any_other() {
    let federation = plugins();
    let id = "ASIAPLUGINPLUGINPLUG";
    let printed = format!(
        r#"{{"Version":1,"AccessKeyId":"{id}","SecretAccessKey":"plugin/secret+of-keys","SessionToken":"plugin-session-token","Expiration":"2099-01-01T00:00:00Z"}}"#
    );
    script(&federation.sandbox, "keys", &format!("#!/bin/sh\ntest \"$1 $2\" = '--for keys' && echo '{printed}'\n"));
    let env = federation.sandbox.atmos(&["auth", "exec", "-i", "keys", "--", "env"]).success();
    assert!(env.stdout.contains("AWS_PROFILE=keys") && env.stdout.contains("AWS_REGION=eu-west-1"), "{env}");
    assert!(!env.stdout.contains(id), "{env}");
    // The services of this test know no such key, so that the next step shows which one signed.
    federation.sandbox.atmos(&["auth", "login", "-i", "behind"]).exits(1).says("InvalidClientTokenId");
}

#[test]
fn plugins_that_fail_say_why_within_their_time_and_nothing_is_kept() {
    let federation = plugins();
    let begun = Instant::now();
    let good = answer("2099-01-01T00:00:00Z");
    for (name, text, phrase) in [
        ("status", "#!/bin/sh\nexit 3\n".to_owned(), "it ended with exit status: 3"),
        ("silent", "#!/bin/sh\n".to_owned(), "it printed something else than credentials"),
        ("text", "#!/bin/sh\necho token\n".to_owned(), "it printed something else than credentials"),
        (
            "version",
            format!("#!/bin/sh\necho '{}'\n", good.replace("\"Version\":1", "\"Version\":2")),
            "something else",
        ),
        ("much", "#!/bin/sh\nhead -c 2000000 /dev/zero\n".to_owned(), "it printed more than 1024 KiB"),
        ("slow", "#!/bin/sh\nexec sleep 60\n".to_owned(), "it did not end within 1 s"),
        (
            "over",
            format!("#!/bin/sh\necho '{}'\n", answer("2001-01-01T00:00:00Z").replace('\n', " ")),
            "what it gives ended at 2001",
        ),
        (
            "outside",
            format!("#!/bin/sh\necho '{}'\n", good.replace("kube/config", "../config").replace('\n', " ")),
            "is not the path of a private file",
        ),
        (
            "own",
            format!("#!/bin/sh\necho '{}'\n", good.replace("HCLOUD_REGION", "ATMOS_X").replace('\n', " ")),
            "`ATMOS_X` is not the name of a variable",
        ),
        (
            "both",
            printing(&good.replace("\"Variables\"", "\"AccessKeyId\":\"AKIAX\",\"Variables\"")),
            "AccessKeyId and Variables: keys of AWS, or variables of another cloud",
        ),
        ("tomorrow", printing(&answer("tomorrow")), "Expiration is no time such as"),
        (
            "latin 1",
            "#!/bin/sh\nprintf '{\"Version\":1,\"Variables\":{\"HCLOUD_TOKEN\":\"p\\344ss\"}}'\n".to_owned(),
            "it printed bytes that are no UTF-8",
        ),
        (
            "lines",
            printing(r#"{"Version":1,"AccessKeyId":"AKIAX\n[x]","SecretAccessKey":"s","SessionToken":"t"}"#),
            "a key is empty, or has blanks or line breaks",
        ),
        (
            "line end",
            printing(r#"{"Version":1,"AccessKeyId":"AKIAX","SecretAccessKey":"s","SessionToken":"t\r\n"}"#),
            "a key is empty, or has blanks or line breaks",
        ),
        (
            "account",
            printing(
                &good
                    .replace("\"Version\":1,", "\"Version\":1,\"Account\":\"x\\n Realm  other\",")
                    .replace("\"Account\":\"project-7\",", ""),
            ),
            "Account has a character that steers the terminal",
        ),
        (
            "number",
            printing(&good.replace(&format!("\"HCLOUD_TOKEN\":\"{SECRET}\""), "\"HCLOUD_TOKEN\":12")),
            "Variables: the value of `HCLOUD_TOKEN` is no text",
        ),
        (
            "twice",
            printing(&good.replace("\"Version\":1,", "\"Version\":1,\"Account\":\"x\",")),
            "`Account` is there twice",
        ),
        (
            "public",
            printing(&good.replace("\"Public\":[", "\"Public\":[\"Nope\",")),
            "Public: `Nope` is not among Variables",
        ),
        ("half", printing(r#"{"Version":1,"AccessKeyId":"AKIAX"}"#), "SecretAccessKey is missing, or no text"),
        ("typo", printing(&good.replace("\"Remove\"", "\"Removed\"")), "unknown key `Removed`, did you mean `Remove`?"),
        (
            "nowhere",
            printing(&good.replace("\"KUBECONFIG\":\"kube/config\"", "\"KUBECONFIG\":\"kube/other\"")),
            "Paths lets `KUBECONFIG` name `kube/other`, which is not among Files",
        ),
        (
            "twice",
            printing(&good.replace("\"KUBECONFIG\":\"kube/config\"", "\"HCLOUD_REGION\":\"kube/config\"")),
            "`HCLOUD_REGION` is among Variables and Paths",
        ),
        ("all", printing(&good.replace("\"HCLOUD_*\"", "\"*\"")), "Remove has `*`, which is no name of a variable"),
        ("nul", printing(&good.replace("\"fsn1\"", "\"fsn1\\u0000x\"")), "the value of `HCLOUD_REGION` has a NUL byte"),
        (
            "said",
            format!("#!/bin/sh\necho 'vault: permission denied' >&2\necho {SECRET}\nexit 7\n"),
            "it ended with exit status: 7; it said: vault: permission denied",
        ),
    ] {
        script(&federation.sandbox, "plugin", &text);
        federation.configure(&AUTH.replace("[./plugin, \"two words\"]", "[./plugin], timeout: 1s"));
        let seen = federation.sandbox.atmos(&["auth", "login", "-i", "cloud"]).exits(1);
        assert!(seen.mentions(phrase) && !seen.stderr.contains(SECRET), "{name}: {seen}");
    }
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    federation.configure(&AUTH.replace("./plugin, \"two words\"", "./nowhere"));
    federation.sandbox.atmos(&["auth", "login", "-i", "cloud"]).exits(1).says("it cannot be started: ");
    for (to, phrase) in [
        ("kind: exec\n", "spec.command is required"),
        ("kind: exec\n      spec: {command: \"'\"}\n", "spec.command is no command"),
        ("kind: exec\n      spec: {command: x, timeout: 2h}\n", "spec.timeout `2h` is no time of 30 minutes or less"),
        ("kind: exec\n      via: {identity: keys}\n      spec: {command: x}\n", "exec stands alone"),
        ("kind: exec\n      spec: {command: x, comand: y}\n", "unknown key `spec.comand`, did you mean `command`?"),
    ] {
        let from = "kind: exec\n      env: {CLOUD_NOTE: plain}\n      spec: {command: [./plugin, \"two words\"]}\n";
        assert!(AUTH.contains(from));
        federation.configure(&AUTH.replace(from, to));
        let seen = federation.sandbox.atmos(&["auth", "validate"]);
        assert!(seen.mentions(phrase), "{phrase}: {seen}");
    }
    assert_clean(&federation);
}

#[test]
fn terraform_runs_with_the_variables_of_a_plugin() {
    let mut federation = plugins();
    federation.sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", find_part("terraform").unwrap_or("tofu".into()));
    // Somebody else's settings of the shell must not get in the way.
    federation.sandbox.set("HCLOUD_ENDPOINT", format!("http://127.0.0.1:{}", free_port()));
    let sandbox = &federation.sandbox;
    sandbox.write("components/terraform/app/main.tf", MAIN);
    sandbox.write("stacks/dev.yaml", STACK);
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--", "-auto-approve"]).success();
    let seen = sandbox.read("components/terraform/app/seen");
    assert_eq!(seen, format!("{SECRET} {KUBE} \n"));
}

const STACK: &str = "vars: {stage: dev}\ncomponents: {terraform: {app: {settings: {auth: {identity: cloud}}}}}\n";
const MAIN: &str = r#"
variable "stage" {}
resource "terraform_data" "who" {
  provisioner "local-exec" { command = "echo \"$HCLOUD_TOKEN $(cat $KUBECONFIG) $HCLOUD_ENDPOINT\" > seen" }
}
"#;
