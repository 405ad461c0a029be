//! The init that atmos runs by itself: tried again where its failure passes, quiet where it is wanted, and alone at the
//! cache of providers.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Outcome, Sandbox};

/// Components in folders of their own, and a program in the place of terraform: `script` is what it does.
fn sandbox(terraform: &str, script: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    settings(&sandbox, terraform);
    let names = ["a", "b", "c", "d"];
    let components: Vec<String> = names.iter().map(|name| format!("{name}: {{}}")).collect();
    let stack = format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{{}}}}}\n", components.join(", "));
    sandbox.write("stacks/dev.yaml", &stack);
    for name in names {
        sandbox.write(&format!("components/terraform/{name}/main.tf"), "variable \"stage\" {}\n");
    }
    let stub = sandbox.root().join("stub");
    std::fs::write(&stub, format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$RECORD\"\n{script}\n")).unwrap();
    std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", stub);
    let (record, top) = (sandbox.root().join("record"), sandbox.root().to_owned());
    sandbox.set("RECORD", record);
    sandbox.set("TOP", top);
    sandbox
}

/// An `atmos.yaml` with more settings for terraform, each behind a comma.
pub(crate) fn settings(sandbox: &Sandbox, terraform: &str) {
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\n\
             components: {{terraform: {{base_path: components/terraform{terraform}}}}}\n"
        ),
    );
}

fn calls(sandbox: &Sandbox) -> Vec<String> {
    sandbox.calls().iter().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
}

fn plan(sandbox: &Sandbox) -> Outcome {
    sandbox.atmos(&["terraform", "plan", "a", "-s", "dev"])
}

/// Two failures of a registry, then it is there again.
const FLAKY: &str = "\
[ \"$1\" = \"${WHICH:-init}\" ] || exit 0
if [ -e \"$TOP/two\" ]; then echo 'all is well'; exit 0; fi
if [ -e \"$TOP/one\" ]; then touch \"$TOP/two\"; else touch \"$TOP/one\"; fi
echo \"${SAYS:-Error: could not query provider registry: net/http: TLS handshake timeout}\" >&2
exit 1";

fn again(sandbox: &Sandbox) {
    for name in ["one", "two"] {
        let _ = std::fs::remove_file(sandbox.root().join(name));
    }
    calls(sandbox);
}

#[test]
fn an_init_that_fails_for_reasons_that_pass_is_tried_again() {
    let sandbox = sandbox(", init: {retry: {initial_delay: 1ms}}", FLAKY);
    let done = plan(&sandbox).success();
    done.says("Retrying terraform subprocess after recoverable error phase=init component=a stack=dev attempt=2")
        .says("attempt=3")
        .says("all is well");
    assert_eq!(calls(&sandbox), ["init", "init", "init", "workspace", "plan"]);
    // What will not pass fails at once, with its own code.
    again(&sandbox);
    let denied = sandbox.atmos_with(&[("SAYS", "Error: no such provider")], &["terraform", "plan", "b", "-s", "dev"]);
    denied.exits(1).says("no such provider").says_not("Retrying");
    assert_eq!(calls(&sandbox), ["init"]);
    // Other commands are not begun twice, whatever they say.
    again(&sandbox);
    let apply = ["terraform", "apply", "a", "-s", "dev", "-auto-approve"];
    sandbox.atmos_with(&[("WHICH", "apply")], &apply).exits(1).says_not("Retrying");
    assert_eq!(calls(&sandbox).iter().filter(|call| *call == "apply").count(), 1);
}

#[test]
fn retries_of_init_are_there_by_themselves_and_can_be_switched_off_or_bounded() {
    let sandbox = sandbox("", FLAKY);
    // One failure is enough here: the wait is a real one.
    std::fs::write(sandbox.root().join("one"), "").unwrap();
    plan(&sandbox).success().says("Retrying").says("all is well");
    again(&sandbox);
    settings(&sandbox, ", init: {retry: false}");
    sandbox.atmos(&["terraform", "plan", "b", "-s", "dev"]).exits(1).says_not("Retrying");
    assert_eq!(calls(&sandbox), ["init"]);
    again(&sandbox);
    settings(&sandbox, ", init: {retry: {initial_delay: 1ms, max_attempts: 2}}");
    let bounded = sandbox.atmos(&["terraform", "plan", "b", "-s", "dev"]).exits(1);
    bounded.says("max attempts (2) exceeded");
    assert_eq!(calls(&sandbox), ["init", "init"]);
    settings(&sandbox, ", init: {retry: often}");
    let wrong = sandbox.atmos(&["terraform", "plan", "b", "-s", "dev"]).exits(1);
    wrong.says("`components.terraform.init.retry`").says("atmos.yaml:3:");
}

#[test]
fn a_quiet_init_is_heard_only_where_it_fails() {
    let script = "[ \"$1\" = init ] || exit 0\necho 'Initializing provider plugins'; echo careful >&2; exit ${CODE:-0}";
    let sandbox = sandbox("", script);
    let quiet = ["terraform", "plan", "a", "-s", "dev", "--quiet-init"];
    sandbox.atmos(&quiet).success().says_not("Initializing").says_not("careful");
    let recorded = sandbox.calls();
    assert!(recorded[0].contains("-input=false"), "nobody could see a question: {recorded:?}");
    plan(&sandbox).success().says("Initializing");
    let failed = sandbox.atmos_with(&[("CODE", "3"), ("ATMOS_QUIET_INIT", "true")], &quiet[..5]).exits(3);
    let failed = failed.says("Initializing provider plugins").says("careful");
    assert!(failed.stdout.is_empty(), "{failed}");
    settings(&sandbox, ", init: {quiet: true}");
    plan(&sandbox).success().says_not("Initializing");
    sandbox.atmos(&["terraform", "plan", "a", "-s", "dev", "--quiet-init=false"]).success().says("Initializing");
    // Who asks for an init wants to see it.
    let asked = sandbox.atmos(&["terraform", "init", "a", "-s", "dev"]).success().says("careful");
    assert!(asked.stdout.contains("Initializing"), "{asked}");
    sandbox.atmos(&["terraform", "init", "a", "-s", "dev", "--quiet-init"]).success().says_not("careful");
    let many = ["terraform", "plan", "--all", "--max-concurrency", "2", "--failure-mode", "keep-going"];
    let many = sandbox.atmos_with(&[("CODE", "3")], &many).exits(3);
    many.says("[dev/a] Initializing provider plugins").says("[dev/d] careful");
}

#[test]
fn inits_that_share_a_cache_of_providers_come_one_after_the_other() {
    // An init that finds somebody at the cache fails.
    let script = "[ \"$1\" = init ] || exit 0\n[ -n \"$TF_PLUGIN_CACHE_DIR\" ] || exit 8\nmkdir \"$TOP/alone\" || exit 7\n\
                  i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done\nrmdir \"$TOP/alone\"";
    let sandbox = sandbox("", script);
    let all = ["terraform", "plan", "--all", "--max-concurrency", "4"];
    sandbox.atmos(&all).success().says_not("waiting for another");
    let runs = ["a", "b", "c"].map(|name| sandbox.spawn(&["terraform", "init", name, "-s", "dev"]));
    for run in runs {
        run.wait().success();
    }
    // The user's own cache is one, too.
    let own = sandbox.root().join("own");
    sandbox.atmos_with(&[("TF_PLUGIN_CACHE_DIR", own.to_str().unwrap())], &all).success();
}

#[test]
fn inits_without_a_cache_run_at_once() {
    let script = "[ \"$1\" = init ] || exit 0\n[ -z \"$TF_PLUGIN_CACHE_DIR\" ] || exit 8\ntouch \"$TOP/in-$(basename \"$PWD\")\"\n\
                  i=0; until [ -e \"$TOP/in-a\" ] && [ -e \"$TOP/in-b\" ]; do i=$((i+1)); [ $i -lt 1200 ] || exit 7; sleep 0.05; done";
    let sandbox = sandbox(", plugin_cache: false", script);
    sandbox.atmos(&["terraform", "plan", "--components", "a,b", "--max-concurrency", "2"]).success();
}

#[test]
fn the_flag_that_passes_variables_to_init_goes_before_the_setting_either_way() {
    for (setting, flag, passes) in [
        ("true", None, true),
        ("true", Some("--init-pass-vars=false"), false),
        ("false", None, false),
        ("false", Some("--init-pass-vars"), true),
    ] {
        let sandbox = sandbox(&format!(", init: {{pass_vars: {setting}}}"), "exit 0");
        let words = ["terraform", "plan", "a", "-s", "dev"];
        sandbox.atmos(&words.into_iter().chain(flag).collect::<Vec<_>>()).success();
        let init = sandbox.calls().into_iter().find(|call| call.starts_with("init")).expect("an init");
        assert_eq!(init.contains("-var-file"), passes, "{setting} {flag:?}: {init}");
    }
}
