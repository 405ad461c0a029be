//! Sub-commands of `atmos terraform` that terraform does not have, or that say more than terraform does.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Sandbox, Sts, Terminal, exchange, wait_until};

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components:
  terraform: {base_path: components/terraform, deploy_run_init: true, auto_generate_backend_file: true}
";
const MODULE: &str = "\
variable \"name\" {
  type = string
}
variable \"key\" {
  type      = string
  default   = \"none\"
  sensitive = true
}
resource \"terraform_data\" \"a\" {
  input = var.name
}
output \"name\" {
  value = var.name
}
output \"map\" {
  value = { b = { c = 1 }, l = [\"x\", \"y z\"] }
}
output \"key\" {
  value     = \"open-sesame\"
  sensitive = true
}
";
const FOLDER: &str = "components/terraform/app";

fn sandbox(component: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write(&format!("{FOLDER}/main.tf"), MODULE);
    stack(&sandbox, component);
    sandbox
}

fn stack(sandbox: &Sandbox, component: &str) {
    let text = format!(
        "vars: {{stage: dev}}\nterraform: {{backend_type: local, backend: {{local: {{}}}}}}\ncomponents: {{terraform: {{app: {component}}}}}\n"
    );
    sandbox.write("stacks/dev.yaml", &text);
}

fn real() -> Sandbox {
    sandbox("{vars: {name: one}}").with_terraform()
}

fn stubbed(component: &str) -> Sandbox {
    let mut sandbox = sandbox(component);
    sandbox.record(&["TERRAFORM"]);
    sandbox
}

const APPLY: [&str; 6] = ["terraform", "apply", "app", "-s", "dev", "-auto-approve"];

#[test]
fn outputs_are_shown_in_every_format() {
    let sandbox = real();
    sandbox.atmos(&APPLY).success();
    let output = |words: &[&str]| sandbox.atmos(&[&["terraform", "output", "app", "-s", "dev"], words].concat());
    let map = r#"{"b":{"c":1},"l":["x","y z"]}"#;
    for (format, expected) in [
        ("env", format!("key=<MASKED>\nmap={map}\nname=one\n")),
        ("dotenv", format!("key='<MASKED>'\nmap='{map}'\nname='one'\n")),
        ("csv", format!("key,value\nkey,<MASKED>\nmap,\"{}\"\nname,one\n", map.replace('"', "\"\""))),
        ("github", format!("key=<MASKED>\nmap={map}\nname=one\n")),
    ] {
        assert_eq!(output(&["--format", format]).success().stdout, expected, "{format}");
    }
    assert_eq!(output(&["-f", "json", "name"]).success().stdout, "\"one\"\n");
    let flat = output(&["-f", "env", "--flatten", "--uppercase"]).success();
    assert_eq!(flat.stdout, "KEY=<MASKED>\nMAP_B_C=1\nMAP_L_0=x\nMAP_L_1=y z\nNAME=one\n");
    output(&["-f", "bash", "nothing"]).exits(1).says("Output \"nothing\" not found.");
    output(&["-f", "frob"]).exits(1).says("supported formats: json, yaml, hcl, env");
    output(&["-f", "bash", "map"]).exits(1).says("use `--format json`");
    let file = sandbox.root().join("out.env");
    let path = file.display().to_string();
    for _ in 0..2 {
        assert_eq!(output(&["-f", "env", "-o", &path]).success().stdout, "");
    }
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("key=open-sesame\n").count(), 2, "added to the file, with the value itself");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let github = ["terraform", "output", "app", "-s", "dev", "-f", "github", "name"];
    sandbox.atmos_with(&[("GITHUB_OUTPUT", &path)], &github).success().says("Wrote 1 output to");
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("name=one\n"));
}

#[test]
fn keys_of_outputs_are_not_run_by_the_shell_that_reads_them() {
    let sandbox = real();
    sandbox.write(
        &format!("{FOLDER}/main.tf"),
        "variable \"name\" {}\noutput \"tags\" {\n  value = { \"x;touch pwned;y\" = \"v\", \"$(touch pwned)\" = 1, \"n\\nINJECTED=yes\\nm\" = 2 }\n}\n",
    );
    sandbox.atmos(&APPLY).success();
    for format in ["bash", "dotenv", "env", "github"] {
        let words = ["terraform", "output", "app", "-s", "dev", "-f", format, "--flatten"];
        let text = sandbox.atmos(&words).success().stdout;
        assert_eq!(text.lines().count(), 3, "{text}");
        let script = format!("{text}\nset");
        let read = std::process::Command::new("sh").arg("-c").arg(script).current_dir(sandbox.root()).output().unwrap();
        let read = String::from_utf8_lossy(&read.stdout).into_owned();
        assert!(read.contains("tags_x_touch_pwned_y='v'") || read.contains("tags_x_touch_pwned_y=v"), "{read}");
        assert!(!read.lines().any(|line| line.starts_with("INJECTED")), "{read}");
        assert!(!sandbox.root().join("pwned").exists(), "{format}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_secret_too_large_for_the_environment_is_named() {
    let sandbox = stubbed(&format!("{{vars: {{name: one, key: '{}'}}}}", "z".repeat(140_000)));
    sandbox
        .atmos(&["terraform", "plan", "app", "-s", "dev"])
        .exits(1)
        .says("the secret variable `key` of app in dev has 137 KiB")
        .says_not("put it on PATH");
    assert!(sandbox.calls().is_empty(), "nothing is started");
}

#[test]
fn clean_takes_one_component() {
    let sandbox = stubbed("{vars: {name: one}}");
    sandbox
        .atmos(&["terraform", "clean", "app", "other", "-s", "dev", "--force"])
        .exits(1)
        .says("`other` would be a second one");
}

#[test]
fn q31_a_shell_has_what_a_run_has_and_its_code_comes_back() {
    let mut sandbox = sandbox("{vars: {name: one, key: open-sesame}}").with_terraform();
    let shell = sandbox.root().join("shell");
    std::fs::write(&shell, "#!/bin/sh\npwd\nenv\n[ $# = 0 ] || exit 9\nexit 7\n").unwrap();
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("SHELL", &shell);
    let outcome = sandbox.atmos(&["terraform", "shell", "app", "-s", "dev"]).exits(7);
    let folder = sandbox.repo().join(FOLDER).display().to_string();
    let has = |line: &str| assert!(outcome.stdout.lines().any(|found| found == line), "no `{line}`\n{outcome}");
    has(&folder);
    for line in [
        "ATMOS_STACK=dev",
        "ATMOS_COMPONENT=app",
        "ATMOS_TERRAFORM_WORKSPACE=dev",
        "ATMOS_SHLVL=1",
        "TF_CLI_ARGS_plan=-var-file=dev-app.terraform.tfvars.json",
        "TF_CLI_ARGS_console=-var-file=dev-app.terraform.tfvars.json",
    ] {
        has(line);
    }
    has(&format!("ATMOS_SHELL_WORKING_DIR={folder}"));
    assert!(!outcome.stdout.contains("TF_VAR_key"), "{outcome}");
    let outcome = outcome.says("1 secret variable(s) are not in the shell");
    assert!(sandbox.repo().join(FOLDER).join("dev-app.terraform.tfvars.json").exists(), "{outcome}");
    assert_eq!(sandbox.read(&format!("{FOLDER}/.terraform/environment")), "dev");
    let secrets = sandbox.atmos(&["terraform", "shell", "app", "-s", "dev", "--with-secrets"]).exits(7);
    assert!(secrets.stdout.contains("TF_VAR_key=open-sesame"), "{secrets}");
    let atmos = sandbox
        .read("atmos.yaml")
        .replace("deploy_run_init: true", "shell: {prompt: '{{ .Component }}@{{ .Stack }}>'}");
    sandbox.write("atmos.yaml", &atmos);
    let prompted = sandbox.atmos(&["terraform", "shell", "app", "-s", "dev"]).exits(7);
    assert!(prompted.stdout.contains("PS1=app@dev>"), "{prompted}");
    let dry = sandbox.atmos(&["terraform", "shell", "app", "-s", "dev", "--dry-run"]).success();
    assert!(dry.stdout.is_empty() && dry.stderr.contains("dev-app.terraform.tfvars.json"), "{dry}");
}

#[test]
fn q18_plans_are_compared_and_words_for_the_new_one_are_passed_on() {
    let sandbox = real();
    let diff = |words: &[&str]| sandbox.atmos(&[&["terraform", "plan-diff", "app", "-s", "dev"], words].concat());
    diff(&[]).exits(1).says("required flag(s) \"orig\" not set");
    diff(&["--orig", "nothing.plan"]).exits(1).says("does not exist");
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev", "-out=one.plan"]).success();
    let saved = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    let same = diff(&["--orig", "one.plan"]).success();
    assert_eq!(same.stdout, "The planfiles are identical\n", "{same}");
    let other = diff(&["--orig", "one.plan", "--", "-var", "name=two"]).exits(2).says("plan files have differences");
    for line in
        ["Variables:", "~ name: one => two", "Resources:", "terraform_data.a", "  ~ input: one => two", "Outputs:"]
    {
        assert!(other.stdout.lines().any(|found| found == line), "no `{line}`\n{other}");
    }
    assert!(!other.stderr.contains("Error"), "differences are no error\n{other}");
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev", "-out=two.plan", "-var", "name=two"]).success();
    diff(&["--orig=one.plan", "--new=two.plan"]).exits(2);
    assert!(sandbox.repo().join(FOLDER).join("dev-app.planfile").exists(), "the saved plan stays\n{saved}");
    let left = Sandbox::files_below(&sandbox.repo().join(FOLDER));
    assert_eq!(left.iter().filter(|file| file.to_string_lossy().ends_with(".planfile")).count(), 1, "{left:?}");
}

#[test]
fn q9_a_plan_is_written_as_a_document_and_the_saved_one_stays() {
    let sandbox = real();
    sandbox.write(&format!("{FOLDER}/dev-app.planfile"), "saved");
    let generate =
        |words: &[&str]| sandbox.atmos(&[&["terraform", "generate", "planfile", "app", "-s", "dev"], words].concat());
    let outcome = generate(&[]).success();
    assert_eq!(outcome.stdout, "", "{outcome}");
    let plan: serde_json::Value =
        serde_json::from_str(&sandbox.read(&format!("{FOLDER}/dev-app.planfile.json"))).unwrap();
    assert_eq!(plan["variables"]["name"]["value"], "one");
    assert_eq!(sandbox.read(&format!("{FOLDER}/dev-app.planfile")), "saved");
    generate(&["--format", "yaml", "--file", "plan.yaml"]).success();
    let plan: serde_json::Value = serde_yaml::from_str(&sandbox.read("plan.yaml")).unwrap();
    assert_eq!(plan["variables"]["name"]["value"], "one");
    generate(&["--format", "xml"]).exits(1).says("json, yaml");
}

#[test]
fn q26_the_old_names_of_generate_varfile_work_and_say_so() {
    let sandbox = stubbed("{vars: {name: one}}");
    for words in
        [&["terraform", "varfile", "app", "-s", "dev"][..], &["terraform", "write", "varfile", "app", "-s", "dev"]]
    {
        sandbox.atmos(words).success().says("generate varfile");
        assert!(sandbox.repo().join(FOLDER).join("dev-app.terraform.tfvars.json").exists());
        std::fs::remove_file(sandbox.repo().join(FOLDER).join("dev-app.terraform.tfvars.json")).unwrap();
    }
}

#[test]
fn failures_that_may_pass_are_tried_again() {
    let retry = |retry: &str| format!("{{vars: {{name: one}}, retry: {{{retry}}}}}");
    let count = |sandbox: &Sandbox, verb: &str| sandbox.calls().iter().filter(|call| call.starts_with(verb)).count();
    let plan = ["terraform", "plan", "app", "-s", "dev"];
    let patient = "conditions: ['/stub says plan/'], max_attempts: 3";
    let sandbox = stubbed(&retry(patient));
    let outcome = sandbox.atmos_with(&[("STUB_EXIT_PLAN", "5")], &plan).exits(5);
    let outcome = outcome
        .says("Retrying terraform subprocess after recoverable error phase=plan component=app stack=dev attempt=2");
    let outcome = outcome.says("max attempts (3) exceeded, last error: subcommand exited with code 5");
    assert_eq!(count(&sandbox, "plan"), 3, "{outcome}");
    sandbox.atmos(&plan).success();
    assert_eq!(count(&sandbox, "plan"), 1);
    for other in ["conditions: [Gateway], max_attempts: 3", "max_attempts: 3"] {
        stack(&sandbox, &retry(other));
        sandbox.atmos_with(&[("STUB_EXIT_PLAN", "5")], &plan).exits(5).says_not("Retrying");
        assert_eq!(count(&sandbox, "plan"), 1, "{other}");
    }
    stack(&sandbox, &retry("conditions: ['stub says init'], max_attempts: 2"));
    sandbox.atmos_with(&[("STUB_EXIT_INIT", "3")], &[&plan[..], &["--init"]].concat()).exits(3).says("phase=init");
    assert_eq!(count(&sandbox, "init"), 2);
    stack(&sandbox, &retry("max_attempts: many"));
    sandbox.atmos(&plan).exits(1).says("`max_attempts` in `retry` of app in dev");
}

#[test]
fn buckets_of_states_are_made_shown_and_deleted() {
    let sts = Sts::start();
    let mut sandbox = stubbed("{}");
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIABACKENDS00000000"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL_S3", sts.url.as_str()),
    ] {
        sandbox.set(name, value);
    }
    let manifest = |name: &str, provision: &str| {
        sandbox.write("stacks/dev.yaml", &format!(
            "vars: {{stage: dev}}\ncomponents: {{terraform: {{app: {{backend_type: s3, backend: {{s3: {{bucket: {name}, key: k, region: eu-west-1}}}}{provision}}}}}}}\n"
        ));
    };
    let enabled = ", provision: {backend: {enabled: true}}";
    manifest("states-own", "");
    let backend = |words: &[&str]| sandbox.atmos(&[&["terraform", "backend"], words].concat());
    backend(&["create", "app", "-s", "dev"]).exits(1).says("provisioning not configured");
    manifest("states-own", enabled);
    let exists = || backend(&["describe", "app", "-s", "dev", "--format", "json"]).success().json()["exists"] == true;
    assert!(!exists());
    backend(&["create", "app", "-s", "dev"]).success().says("Provisioned S3 backend `states-own`");
    assert!(exists());
    let ask = |what: &str| exchange("GET", &format!("{}/states-own?{what}", sts.unrecorded()), "").unwrap().1;
    for (what, phrase) in [
        ("versioning", "<Status>Enabled</Status>"),
        ("encryption", "AES256"),
        ("publicAccessBlock", "<RestrictPublicBuckets>true"),
        ("tagging", "<Value>Atmos</Value>"),
        ("location", "eu-west-1"),
    ] {
        assert!(ask(what).contains(phrase), "{what}: {}", ask(what));
    }
    backend(&["update", "app", "-s", "dev"]).success().says("the bucket `states-own` was there");
    exchange("PUT", &format!("{}/states-own/a%20b/x", sts.unrecorded()), "state").unwrap();
    exchange("DELETE", &format!("{}/states-own/a%20b/x", sts.unrecorded()), "").unwrap();
    backend(&["delete", "app", "-s", "dev"]).exits(1).says("needs --force");
    backend(&["delete", "app", "-s", "dev", "--force"]).success().says("version(s) of objects removed");
    assert!(!exists());
    backend(&["delete", "app", "-s", "dev", "--force"]).exits(1).says("backend not found");
    let listed = backend(&["list", "-s", "dev", "--format", "json"]).success().json();
    assert_eq!((&listed[0]["name"], &listed[0]["component"]), (&"states-own".into(), &"app".into()), "{listed}");
    // Where the component wants it, the first run makes it.
    manifest("states-by-run", enabled);
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success().says("Provisioned S3 backend `states-by-run`");
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success().says_not("Provisioned");
    backend(&["create", "app"]).exits(1).says("stack is required");
    stack(&sandbox, "{provision: {backend: {enabled: true}}}");
    backend(&["create", "app", "-s", "dev"]).exits(1).says("create not implemented for backend type `local`");
}

#[test]
fn a_person_is_asked_for_what_is_missing() {
    let sandbox = stubbed("{vars: {name: one}}");
    sandbox.write(
        "stacks/prod.yaml",
        "vars: {stage: prod}\nterraform: {backend_type: local}\ncomponents: {terraform: {app: {}, base: {metadata: {type: abstract}}}}\n",
    );
    let mut terminal = Terminal::start(sandbox.atmos_command(&["terraform", "plan"]));
    terminal.expect("Choose a component");
    terminal.press("\r");
    terminal.expect("Choose a stack");
    terminal.type_line("prod");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("base"), "{seen}");
    assert!(sandbox.calls().iter().any(|call| call.contains("prod-app.planfile")), "{seen}");
    let mut terminal = Terminal::start(sandbox.atmos_command(&["terraform", "plan", "app"]));
    terminal.expect("Choose a stack");
    terminal.press("\x03");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 130, "{seen}");
    assert_eq!(sandbox.calls(), Vec::<String>::new());
    sandbox.atmos(&["terraform", "plan", "app"]).exits(1).says("stack is required");
}

#[test]
fn terraforms_own_configuration_is_written_for_the_run_and_goes_with_it() {
    let mut sandbox = stubbed("{env: {}}");
    sandbox.remove("TF_CLI_CONFIG_FILE");
    let settings = sandbox.read("atmos.yaml");
    let rc = "    rc: {enabled: true, disable_checkpoint: true, credentials: {app.terraform.io: {token: t0ken-of-the-run}}}\n";
    let with = |rc: &str| {
        settings.replace(
            "  terraform: {base_path: components/terraform, deploy_run_init: true, auto_generate_backend_file: true}\n",
            &format!("  terraform:\n    base_path: components/terraform\n{rc}"),
        )
    };
    sandbox.write("atmos.yaml", &with(rc));
    let program = sandbox.root().join("looks");
    std::fs::write(&program, "#!/bin/sh\necho \"$TF_CLI_CONFIG_FILE\"\n[ \"$TF_CLI_CONFIG_FILE\" = \"$TOFU_CLI_CONFIG_FILE\" ] && cat \"$TF_CLI_CONFIG_FILE\" && stat -c %a \"$TF_CLI_CONFIG_FILE\" \"${TF_CLI_CONFIG_FILE%/*}\"\n[ -z \"$KILL\" ] || kill -9 $PPID\nexit 0\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", &program);
    let output = sandbox.atmos(&["terraform", "validate", "app", "-s", "dev"]).success();
    let path = output.stdout.lines().next().unwrap_or_default();
    for line in [
        "credentials \"app.terraform.io\" {",
        "  token = \"t0ken-of-the-run\"",
        "disable_checkpoint = true",
        "600",
        "700",
    ] {
        assert!(output.stdout.lines().any(|found| found == line), "no `{line}`\n{output}");
    }
    let path = std::path::Path::new(path);
    assert!(path.extension().is_some_and(|extension| extension == "tfrc") && !path.exists(), "{output}");
    // A killed run cannot take it away; the next one does.
    let left = || {
        let all = Sandbox::files_below(sandbox.root());
        all.into_iter().filter(|path| path.extension().is_some_and(|end| end == "tfrc")).count()
    };
    sandbox.atmos_with(&[("KILL", "1")], &["terraform", "validate", "app", "-s", "dev"]).exits(128 + 9);
    assert_eq!(left(), 1);
    sandbox.atmos(&["terraform", "validate", "app", "-s", "dev"]).success();
    assert_eq!(left(), 0);
    sandbox.set("TF_CLI_CONFIG_FILE", "/dev/null");
    let own = sandbox.atmos(&["terraform", "validate", "app", "-s", "dev"]);
    assert!(own.stdout.starts_with("/dev/null\n"), "the user's own goes before it\n{own}");
    sandbox.remove("TF_CLI_CONFIG_FILE");
    sandbox.write("atmos.yaml", &with("    rc: {enabled: true, credentials: 5}\n"));
    sandbox
        .atmos(&["terraform", "validate", "app", "-s", "dev"])
        .exits(1)
        .says("`components.terraform.rc` cannot be used");
}

#[test]
fn a_plugin_cache_that_cannot_be_made_is_only_said() {
    let mut sandbox = stubbed("{}");
    sandbox.write("stacks/prod.yaml", &sandbox.read("stacks/dev.yaml").replace("stage: dev", "stage: prod"));
    sandbox.set("XDG_CACHE_HOME", "/proc/none");
    let outcome = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    outcome.says("cannot create the plugin cache `/proc/none/atmos/terraform/plugins`, going on without it");
    let many = sandbox.atmos(&["terraform", "plan", "--all"]).success();
    assert_eq!(many.stderr.matches("going on without it").count(), 1, "{many}");
    sandbox.remove("XDG_CACHE_HOME");
    sandbox.set("HOME", "/proc");
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
}

#[test]
fn clean_takes_the_plugin_cache_where_it_is_asked_to() {
    let sandbox = stubbed("{}");
    sandbox.atmos(&["terraform", "validate", "app", "-s", "dev"]).success();
    let cache = sandbox.home().join(".cache/atmos/terraform/plugins");
    std::fs::write(cache.join("plugin"), "").unwrap();
    sandbox.atmos(&["terraform", "clean", "--cache"]).exits(1).says("interactive confirmation not available");
    sandbox.atmos(&["terraform", "clean", "--cache", "--dry-run"]).success().says("Total: 1 files would be deleted");
    sandbox.atmos(&["terraform", "clean", "--cache", "--force"]).success();
    assert!(!cache.exists() && sandbox.repo().join(FOLDER).join("main.tf").exists());
    sandbox.atmos(&["terraform", "clean", "--cache", "--force"]).success().says("Nothing to delete");
}

/// What runs have installed are links to it.
#[test]
fn plugin_cache_is_not_cleaned_under_a_run_that_uses_it() {
    let mut sandbox = stubbed("{env: {}}");
    let cache = sandbox.home().join(".cache/atmos/terraform/plugins");
    let program = sandbox.root().join("works");
    let script = "#!/bin/sh\n[ \"$1\" = validate ] || exit 0\n\
                  \"$ATMOS_BIN\" terraform clean --cache --force 2>&1\n\
                  : >\"$MARKS/begun\"\nwhile [ ! -e \"$MARKS/go\" ]; do sleep 0.1; done\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", &program);
    sandbox.set("ATMOS_BIN", env!("CARGO_BIN_EXE_atmos"));
    let marks = sandbox.root().to_path_buf();
    sandbox.set("MARKS", &marks);
    let run = sandbox.spawn(&["terraform", "validate", "app", "-s", "dev"]);
    wait_until("the program is at work", std::time::Duration::from_mins(1), || {
        marks.join("begun").exists().then_some(())
    });
    std::fs::write(cache.join("plugin"), "").unwrap();
    let clean = ["terraform", "clean", "--cache", "--force"];
    let busy = sandbox.atmos_with(&[("ATMOS_FOLDER_LOCK_TIMEOUT", "100ms")], &clean).exits(1);
    busy.says("waiting for another atmos process").says(&cache.display().to_string());
    // Another run is not kept out.
    assert!(cache.join("plugin").exists());
    std::fs::write(marks.join("go"), "").unwrap();
    // Below the run nobody waits for it: it would wait for ever.
    let seen = run.wait().success();
    assert!(seen.stdout.contains("is in use by the run around this command"), "{seen}");
    sandbox.atmos(&clean).success().says("Deleted 1 files");
}

#[test]
fn secrets_get_into_a_varfile_by_word_only() {
    let sandbox = stubbed("{vars: {name: one, key: open-sesame}}");
    let file = "components/terraform/app/dev-app.terraform.tfvars.json";
    sandbox
        .atmos(&["terraform", "generate", "varfile", "app", "-s", "dev"])
        .success()
        .says("left out of the varfile: key");
    assert!(!sandbox.read(file).contains("open-sesame"));
    sandbox.atmos(&["terraform", "generate", "varfile", "app", "-s", "dev", "--with-secrets"]).success();
    assert!(sandbox.read(file).contains("open-sesame"));
    assert_eq!(sandbox.repo().join(file).metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn required_providers_are_written_where_there_are_any() {
    let sandbox = stubbed("{required_version: '>= 1.5', required_providers: {aws: {source: hashicorp/aws}}}");
    let generate = ["terraform", "generate", "required-providers", "app", "-s", "dev"];
    sandbox.atmos(&generate).success();
    let text = sandbox.read("components/terraform/app/terraform_override.tf.json");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["terraform"]["required_providers"]["aws"]["source"], "hashicorp/aws");
    stack(&sandbox, "{}");
    sandbox.atmos(&generate).success().says("requires no versions");
}

#[test]
fn a_folder_of_several_components_asks_which() {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", "stacks: {base_path: s, included_paths: ['**/*'], name_pattern: '{stage}'}\ncomponents: {terraform: {base_path: ct}}\n");
    sandbox.write("ct/app/main.tf", "");
    let components = "base: {metadata: {type: abstract, component: app}}, app: {}, blue: {metadata: {component: app}, vars: {colour: blue}}";
    sandbox.write("s/dev.yaml", &format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{{components}}}}}\n"));
    let line = ["describe", "component", "./ct/app", "-s", "dev", "-q", ".vars.colour"];
    sandbox.atmos(&line).exits(2).says("Matching components: app, blue");
    let mut command = sandbox.atmos_command(&line);
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(command);
    terminal.expect("Choose one");
    terminal.type_line("blue");
    let (code, shown) = terminal.finish();
    assert!(code == 0 && shown.trim_end().ends_with("blue"), "{shown}");
}
