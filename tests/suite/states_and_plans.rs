//! What a run of one component must never do to its state, and what it says to programs: states in pipes, JSON with
//! masks, saved plans, the memory of init, hooks beside data.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Sandbox, descendants, signal, wait_until};

const FOLDER: &str = "components/terraform/app";
const SECRET: &str = "correct-horse-9";
const MODULE: &str = "\
variable \"stage\" {
  default = \"\"
}
variable \"name\" {
  default = \"\"
}
variable \"password\" {
  default   = \"\"
  sensitive = true
}
variable \"pin\" {
  type      = number
  default   = 0
  sensitive = true
}
resource \"terraform_data\" \"a\" {
  input = var.name
}
output \"password\" {
  value     = var.password
  sensitive = true
}
output \"pin\" {
  value     = var.pin
  sensitive = true
}
";

/// Components over one folder, with settings of terraform.
fn sandbox(components: &str, settings: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\n\
             components:\n  helmfile: {{base_path: components/terraform}}\n  terraform: {{base_path: components/terraform, \
             auto_generate_backend_file: true{settings}}}\n"
        ),
    );
    sandbox.write(
        "stacks/dev.yaml",
        &format!(
            "vars: {{stage: dev}}\nterraform: {{backend_type: local, backend: {{local: {{}}}}}}\ncomponents:\n  terraform:\n{components}"
        ),
    );
    sandbox.write(&format!("{FOLDER}/main.tf"), MODULE);
    sandbox
}

fn with_secrets() -> Sandbox {
    let sandbox = sandbox(&format!("    app: {{vars: {{password: {SECRET}, pin: 1234567890123}}}}\n"), "");
    let sandbox = sandbox.with_terraform();
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    sandbox
}

#[test]
fn a_state_that_is_pulled_can_be_pushed_again_and_a_masked_one_is_not() {
    let sandbox = with_secrets();
    let pull = ["terraform", "state", "pull", "app", "-s", "dev"];
    let push = ["terraform", "state", "push", "app", "s.json", "-s", "dev"];
    let later = |state: &str| {
        let mut state: serde_json::Value = serde_json::from_str(state).unwrap();
        state["outputs"]["more"] = serde_json::json!({"value": "edited", "type": "string"});
        // Of a number that is a text terraform itself wants nothing.
        state["outputs"].as_object_mut().unwrap().remove("pin");
        state["serial"] = 99.into();
        sandbox.write(&format!("{FOLDER}/s.json"), &state.to_string());
    };
    let faithful = sandbox.atmos(&pull).success();
    assert!(faithful.stdout.contains(SECRET) && faithful.stdout.contains("1234567890123"), "{faithful}");
    // The log of a CI system is read by many.
    let masked = sandbox.atmos_with(&[("CI", "true")], &pull).success().says("--mask=false");
    assert!(!masked.stdout.contains(SECRET) && !masked.stdout.contains("1234567890123"), "{masked}");
    later(&masked.stdout);
    let stored = || sandbox.read(&format!("{FOLDER}/terraform.tfstate.d/dev/terraform.tfstate"));
    sandbox.atmos(&push).exits(1).says("masked values").says("-force");
    assert!(stored().contains(SECRET));
    later(&faithful.stdout);
    sandbox.atmos(&push).success();
    assert!(stored().contains(SECRET) && stored().contains("edited"), "{}", stored());
    later(&masked.stdout);
    sandbox.atmos(&[&push[..], &["-force"]].concat()).success();
    assert!(stored().contains("MASKED"));
}

#[test]
fn a_state_that_comes_by_a_pipe_is_looked_at_and_passed_on_as_it_is() {
    let sandbox = with_secrets();
    let state = sandbox.atmos(&["terraform", "state", "pull", "app", "-s", "dev"]).success().stdout;
    let stored = || sandbox.read(&format!("{FOLDER}/terraform.tfstate.d/dev/terraform.tfstate"));
    let large = "x".repeat(3_000_000);
    let mut serial = 50;
    let mut push = |more: &str, words: &[&str]| {
        serial += 1;
        let mut state: serde_json::Value = serde_json::from_str(&state).unwrap();
        state["outputs"]["more"] = serde_json::json!({"value": format!("{large}{more}"), "type": "string"});
        state["outputs"].as_object_mut().unwrap().remove("pin");
        state["serial"] = serial.into();
        let command = sandbox.atmos_command(&[&["terraform", "state", "push"][..], words, &["-s", "dev"]].concat());
        sandbox.start(command, &state.to_string()).wait()
    };
    for (place, name) in [("-", "standard input"), ("/dev/stdin", "/dev/stdin")] {
        let refused = push("<MASKED>", &["app", place]).exits(1).says("masked values").says("-force");
        assert!(refused.mentions(&format!("the state `{name}`")) && !stored().contains("MASKED"), "{refused}");
        let good = format!("as it is from {name}");
        push(&good, &["app", place]).success();
        assert!(stored().contains(&good) && stored().contains(SECRET));
    }
    // Terraform writes it with escapes.
    push("<MASKED>", &["app", "-", "-force"]).success();
    assert!(stored().contains("MASKED"));
    // What writes into the pipe may want the folder first.
    let atmos = env!("CARGO_BIN_EXE_atmos");
    let script = format!("{atmos} terraform state pull app -s dev | {atmos} terraform state push app - -s dev");
    let pipe = || {
        let mut command = sandbox.command("sh");
        command.args(["-c", &script]);
        sandbox.start(command, "").wait()
    };
    pipe().exits(1).says("masked values");
    push("again", &["app", "-", "-force"]).success();
    pipe().success();
    assert!(stored().contains("again") && stored().contains(SECRET));
}

#[test]
fn masked_numbers_leave_json_what_it_is() {
    let sandbox = with_secrets();
    for words in [&["output", "app", "-json"][..], &["show", "app", "-json"], &["state", "pull", "app"]] {
        let args = [&["terraform"], words, &["-s", "dev"]].concat();
        let outcome = sandbox.atmos_with(&[("CI", "true")], &args).success();
        let json = outcome.json();
        let text = json.to_string();
        assert!(text.contains("\"<MASKED>\"") && !text.contains("1234567890123"), "{outcome}");
    }
    let outputs = sandbox.atmos(&["terraform", "output", "app", "-s", "dev", "-json"]).json();
    assert_eq!(outputs["pin"]["value"], "<MASKED>");
}

#[test]
fn a_saved_plan_needs_nobody_wherever_its_name_stands() {
    let mut sandbox = sandbox("    app: {}\n", "");
    sandbox.record(&["TERRAFORM"]);
    for more in [
        &["foo.plan"][..],
        &["-no-color", "foo.plan"],
        &["foo.plan", "-no-color"],
        &["-json", "foo.plan"],
        &["-compact-warnings", "foo.plan"],
        &["foo.plan", "-parallelism", "5"],
        &["--", "-no-color", "foo.plan"],
    ] {
        sandbox.atmos(&[&["terraform", "apply", "app", "-s", "dev"], more].concat()).success();
        let calls = sandbox.calls();
        assert!(calls.iter().any(|call| call.starts_with("apply") && call.contains("foo.plan")), "{more:?} {calls:?}");
    }
    for more in [&["-no-color"][..], &["-parallelism", "5"], &["-var", "name=x"]] {
        sandbox.atmos(&[&["terraform", "apply", "app", "-s", "dev"], more].concat()).exits(1).says("no TTY attached");
    }
}

/// A shell script that can be started.
fn program(sandbox: &Sandbox, name: &str, script: &str) -> PathBuf {
    sandbox.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}"));
    let path = sandbox.repo().join("bin").join(name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Has every call of the real terraform written down.
fn counted(mut sandbox: Sandbox) -> Sandbox {
    let real = sandbox.environment()["ATMOS_COMPONENTS_TERRAFORM_COMMAND"].to_string_lossy().into_owned();
    let script = format!("echo \"$*\" >>\"$RECORD\"\nexec \"{real}\" \"$@\"\n");
    let program = program(&sandbox, "counted", &script);
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", program);
    let record = sandbox.root().join("record");
    sandbox.set("RECORD", record);
    sandbox
}

#[test]
fn how_init_speaks_is_no_reason_to_run_it_again() {
    let sandbox = counted(sandbox("    app: {}\n", "").with_terraform());
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    sandbox.calls();
    for more in [&["--format", "json"][..], &[], &["--format", "json"], &["-json"]] {
        sandbox.atmos(&[&["terraform", "output", "app", "-s", "dev"], more].concat()).success();
        let calls = sandbox.calls();
        assert!(calls.len() == 1 && calls[0].starts_with("output"), "{more:?}: {calls:?}");
    }
    sandbox.atmos(&["terraform", "init", "app", "-s", "dev", "-no-color", "-lock-timeout", "5s"]).success();
    sandbox.calls();
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    let calls = sandbox.calls();
    assert!(!calls.iter().any(|call| call.starts_with("init")), "{calls:?}");
}

#[test]
fn a_changed_backend_is_refused_whoever_used_the_folder_in_between() {
    const ONE: &str =
        "    one: {metadata: {component: app}, vars: {name: one}, backend: {local: {workspace_dir: one.d}}}\n";
    const TWO: &str =
        "    two: {metadata: {component: app}, vars: {name: two}, backend: {local: {workspace_dir: two.d}}}\n";
    let apply = |sandbox: &Sandbox, name: &str| {
        sandbox.atmos(&["terraform", "apply", name, "-s", "dev", "-auto-approve"]).success();
    };
    for (between, new) in [(false, "other.d"), (true, "other.d"), (true, "two.d")] {
        let sandbox = sandbox(&format!("{ONE}{TWO}"), ", init_run_reconfigure: false").with_terraform();
        apply(&sandbox, "one");
        if between {
            apply(&sandbox, "two");
        }
        let manifest = sandbox.read("stacks/dev.yaml");
        sandbox.write("stacks/dev.yaml", &manifest.replace("one.d", new));
        let plan = ["terraform", "plan", "one", "-s", "dev"];
        sandbox.atmos(&plan).exits(1).says("Backend configuration changed");
        // As it was, it is found again.
        sandbox.write("stacks/dev.yaml", &manifest);
        let again = sandbox.atmos(&plan).success();
        assert!(again.stdout.contains("No changes"), "{again}");
        // Said once, it is taken over.
        sandbox.write("stacks/dev.yaml", &manifest.replace("one.d", "third.d"));
        sandbox.atmos(&[&plan[..], &["--init-run-reconfigure", "true"]].concat()).success();
        sandbox.atmos(&plan).success();
    }
}

const TALKS: &str = "    app: {hooks: {talk: {events: [before.terraform.plan, after.terraform.plan], kind: command, command: \
                     sh, args: [-c, 'SCRIPT']}}}\n";

#[test]
fn hooks_keep_off_the_standard_output_of_json() {
    let mut sandbox = sandbox(&TALKS.replace("SCRIPT", "echo HELLO FROM HOOK"), "");
    sandbox.record(&["TERRAFORM"]);
    let plan = ["terraform", "plan", "app", "-s", "dev"];
    let json = sandbox.atmos(&[&plan[..], &["-json"]].concat()).success();
    assert!(!json.stdout.contains("HELLO") && json.stderr.contains("HELLO FROM HOOK"), "{json}");
    let people = sandbox.atmos(&plan).success();
    assert!(people.stdout.contains("HELLO FROM HOOK"), "{people}");
}

#[test]
fn a_request_to_stop_ends_what_a_hook_has_started() {
    for (wanted, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut sandbox = sandbox(&TALKS.replace("SCRIPT", "touch \"$STARTED\"; sleep 300; echo over"), "");
        sandbox.record(&["TERRAFORM"]);
        let started = sandbox.root().join("started");
        sandbox.set("STARTED", &started);
        let run = sandbox.spawn(&["terraform", "plan", "app", "-s", "dev"]);
        let below = wait_until("the hook has started", Duration::from_mins(1), || {
            // The shell and the program in it.
            Some(descendants(run.pid())).filter(|below| started.exists() && below.len() >= 2)
        });
        run.signal(wanted);
        let outcome = run.wait().exits(code);
        assert!(outcome.elapsed < Duration::from_mins(2), "{outcome}");
        let left: Vec<u32> = below.into_iter().filter(|pid| command_line(*pid).contains("sleep")).collect();
        for pid in &left {
            signal(*pid, Signal::KILL);
        }
        assert!(left.is_empty(), "{wanted:?}: {left:?} outlived the run");
        assert!(!outcome.stdout.contains("over"), "{outcome}");
    }
}

fn command_line(pid: u32) -> String {
    String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).replace('\0', " ")
}

#[test]
fn terraform_is_asked_itself_where_no_command_of_a_component_is_meant() {
    let mut sandbox = sandbox("    app: {}\n", "");
    let program = program(&sandbox, "echoes", "echo \"called $*.\"; exit 3\n");
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", program);
    for (words, call) in [
        (&["-chdir=components"][..], "-chdir=components"),
        (&["-chdir=components", "version"], "-chdir=components version"),
        (&["-chdir=components", "-version", "-json"], "-chdir=components version -json"),
        (&["--version"], "version"),
    ] {
        let outcome = sandbox.atmos(&[&["terraform"], words].concat()).exits(3);
        assert_eq!(outcome.stdout, format!("called {call}.\n"), "{words:?}");
    }
    sandbox.atmos(&["terraform"]).exits(1).says("requires a subcommand");
    // Of a component the folder is ours to choose.
    sandbox.atmos(&["terraform", "-chdir=components", "plan", "app", "-s", "dev"]).exits(1);
}

#[test]
fn bytes_before_the_hyphens_reach_terraform_too() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut sandbox = sandbox("    app: {}\n", "");
    sandbox.record(&["TERRAFORM"]);
    let mut command = sandbox.atmos_command(&["terraform", "plan", "app", "-s", "dev", "-no-color", "-var"]);
    command.arg(std::ffi::OsString::from_vec(b"name=a\xff".to_vec()));
    sandbox.start(command, "").wait().success();
    let record = std::fs::read(sandbox.root().join("record")).unwrap();
    assert!(record.windows(7).any(|part| part == b"name=a\xff"), "{}", String::from_utf8_lossy(&record));
    // A component has a name that is text.
    let mut command = sandbox.atmos_command(&["terraform", "plan", "-s", "dev"]);
    command.arg(std::ffi::OsString::from_vec(b"app\xff".to_vec()));
    sandbox.start(command, "").wait().exits(1).says("UTF-8");
}

#[test]
fn a_program_that_cannot_be_started_is_not_called_absent() {
    let sandbox = sandbox("    app: {}\n", "");
    let program = sandbox.repo().join("atmos.yaml");
    let env = [("ATMOS_COMPONENTS_TERRAFORM_COMMAND", program.to_str().unwrap())];
    sandbox.atmos_with(&env, &["terraform", "plan", "app", "-s", "dev"]).exits(1).says("not executable");
}

#[test]
fn what_is_destroyed_beyond_the_choice_is_spoken_of() {
    let sandbox = sandbox(
        "    app: {}\n    two: {metadata: {component: app}, dependencies: {components: [{component: app}]}}\n",
        "",
    );
    let destroy = ["terraform", "destroy", "--components", "two", "-s", "dev", "--dry-run"];
    sandbox.atmos(&[&destroy[..], &["--include-dependencies"]].concat()).success().says("others may need it, too");
    sandbox.atmos(&destroy).success().says_not("others may need it");
}

#[test]
fn q30_codes_of_helpers_of_helmfile_are_not_passed_on() {
    let mut sandbox =
        sandbox("    app: {}\n  helmfile:\n    web: {metadata: {component: app}, vars: {region: eu-west-1}}\n", "");
    let settings = sandbox.read("atmos.yaml");
    let more = "{base_path: components/terraform, use_eks: true, kubeconfig_path: /nowhere, cluster_name_pattern: 'c', \
                helm_aws_profile_pattern: p}";
    sandbox.write("atmos.yaml", &settings.replace("{base_path: components/terraform}", more));
    sandbox.record(&["HELMFILE"]);
    let aws = program(&sandbox, "aws", "echo no such cluster >&2\nexit 255\n");
    let path = format!("{}:{}", aws.parent().unwrap().display(), sandbox.environment()["PATH"].to_string_lossy());
    sandbox.set("PATH", path);
    sandbox
        .atmos(&["helmfile", "sync", "web", "-s", "dev"])
        .exits(1)
        .says("no such cluster")
        .says("failed with code 255");
}
