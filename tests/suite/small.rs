//! Repositories of a few lines: what is malformed is refused with its place before anything starts, and what one
//! component left behind goes again.

use std::os::unix::process::CommandExt as _;

use crate::support::{Outcome, Sandbox, ordinary_user};

const CONFIGURATION: &str = "stacks: {base_path: s, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: ct, auto_generate_backend_file: true, deploy_run_init: true}}\n";
const STACK: &str = "vars: {stage: x}\nterraform: {backend_type: local}\ncomponents: {terraform: {vpc: {}}}\n";

fn sandbox(configuration: &str, stack: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", &format!("{CONFIGURATION}{configuration}"));
    sandbox.write("s/x.yaml", stack);
    sandbox.write("ct/vpc/main.tf", "output \"key\" {\n  value     = \"open-sesame\"\n  sensitive = true\n}\n");
    sandbox.record(&["TERRAFORM"]);
    sandbox
}

/// The same with a real terraform.
fn real(stack: &str) -> Sandbox {
    sandbox("", stack).with_terraform()
}

const APPLY: &[&str] = &["terraform", "apply", "vpc", "-s", "x", "-auto-approve"];

#[test]
fn a_malformed_auth_section_is_refused_by_runs_and_auth_commands() {
    for (auth, message, place) in [
        ("auth: {identities: [a]}", "`auth.identities` must be a map, not list", "atmos.yaml:3:20"),
        ("auth: {identities: 5}", "`auth.identities` must be a map, not integer", "atmos.yaml:3:20"),
        ("auth: {identities: {a: 5}}", "`auth.identities.a` must be a map, not integer", "atmos.yaml:3:24"),
        ("auth: {providers: x}", "`auth.providers` must be a map, not string", "atmos.yaml:3:19"),
    ] {
        let sandbox = sandbox(&format!("{auth}\n"), STACK);
        sandbox.atmos(&["auth", "validate"]).exits(1).says(message).says(place);
        let commands: [&[&str]; 8] = [
            APPLY,
            &["auth", "whoami"],
            &["auth", "list"],
            &["auth", "login"],
            &["auth", "logout"],
            &["auth", "env"],
            &["auth", "exec", "--", "true"],
            &["auth", "process", "-i", "a"],
        ];
        for args in commands {
            sandbox.atmos(args).exits(1).says(&format!("invalid auth config: {message} ({place})"));
        }
        assert_eq!(sandbox.calls(), Vec::<String>::new(), "{auth}");
        sandbox.atmos(&[APPLY, &["--identity=false"]].concat()).success();
        assert!(!sandbox.calls().is_empty(), "{auth}");
    }
}

#[test]
fn a_malformed_setting_of_the_identity_is_refused() {
    let auth = "auth: {identities: {reader: {kind: mock, default: true}, data-admin: {kind: mock}}}\n";
    for (setting, message) in [
        ("data-admin", "invalid value of settings.auth: it must be a map, not the string `data-admin` (s/x.yaml:4:"),
        ("5", "invalid value of settings.auth: it must be a map, not a value of type integer (s/x.yaml:4:"),
        ("{identty: data-admin}", "unknown key `identty`, did you mean `identity`? (s/x.yaml:4:"),
    ] {
        let stack = format!(
            "vars: {{stage: x}}\nterraform: {{backend_type: local}}\ncomponents: {{terraform: {{vpc: {{\n  settings: {{auth: {setting}}}}}}}}}\n"
        );
        let sandbox = sandbox(auth, &stack);
        sandbox.atmos(APPLY).exits(1).says(message);
        sandbox.atmos(&[APPLY, &["--dry-run"]].concat()).exits(1).says(message);
        assert_eq!(sandbox.calls(), Vec::<String>::new(), "{setting}");
    }
    let stack = STACK.replace("vpc: {}", "vpc: {settings: {auth: {identity: data-admin, zone: a}}}");
    sandbox(auth, &stack).atmos(APPLY).success().says("settings.auth: unknown key `zone`").says("identity data-admin");
}

#[test]
fn numbers_that_json_has_not_are_refused_and_never_make_a_duplicate() {
    for (number, shown) in [(".inf", "+Inf"), ("-.inf", "-Inf"), (".nan", "NaN")] {
        let sandbox = sandbox("", &STACK.replace("vpc: {}", &format!("vpc: {{vars: {{a: [1, {number}]}}}}")));
        let commands: [&[&str]; 3] =
            [&["terraform", "plan", "vpc", "-s", "x"], &["terraform", "generate", "varfile", "vpc", "-s", "x"], APPLY];
        for args in commands {
            let outcome = sandbox.atmos(args).exits(1);
            outcome.says(&format!("unsupported value: {shown} at 'vars.a[1]' of vpc in x")).says("s/x.yaml:3:");
        }
        assert_eq!(sandbox.calls(), Vec::<String>::new(), "{number}");
        sandbox.atmos(&["describe", "component", "vpc", "-s", "x"]).success();
        sandbox.atmos(&["describe", "stacks"]).success();
        sandbox.write("s/again.yaml", &sandbox.read("s/x.yaml"));
        sandbox.atmos(&["describe", "component", "vpc", "-s", "x"]).success();
    }
}

#[test]
fn clean_of_everything_takes_what_clean_of_one_takes() {
    let sandbox = sandbox("", STACK);
    for clean in [&["clean", "vpc", "-s", "x", "--force"][..], &["clean", "--everything", "--force"]] {
        sandbox.atmos(&["terraform", "plan", "vpc", "-s", "x"]).success();
        sandbox.write("ct/vpc/x-vpc.planfile", "");
        sandbox.write("ct/vpc/mine.planfile", "");
        sandbox.atmos(&[&["terraform"], clean].concat()).success();
        let left = Sandbox::files_below(&sandbox.repo().join("ct/vpc"));
        assert_eq!(left, ["main.tf", "mine.planfile"].map(std::path::PathBuf::from), "{clean:?}");
    }
}

#[test]
fn boolean_flags_are_switched_off_by_a_value_even_against_a_variable() {
    let sandbox = sandbox("", STACK);
    let plan = |words: &[&str]| sandbox.atmos(&[&["terraform", "plan", "vpc", "-s", "x"], words].concat());
    plan(&["--dry-run=true"]).success().says("dry run");
    assert_eq!(sandbox.calls(), Vec::<String>::new());
    plan(&["--dry-run=false", "--skip-init=1", "--skip-planfile=t"]).success();
    let seen = sandbox.calls();
    assert_eq!(seen.last().map(String::as_str), Some("plan -var-file x-vpc.terraform.tfvars.json"));
    assert!(!seen.iter().any(|call| call.starts_with("init")), "{seen:?}");
    let words = ["terraform", "plan", "vpc", "-s", "x", "--dry-run=false", "--no-color=1", "--verbose=0"];
    sandbox.atmos_with(&[("ATMOS_DRY_RUN", "true")], &words).success().says_not("dry run");
    let _ = sandbox.calls();
    plan(&["--auto-generate-backend-file", "false"]).success();
    assert!(sandbox.calls().last().is_some_and(|call| call.ends_with("-out x-vpc.planfile")));
    plan(&["--dry-run=perhaps"]).exits(1).says("use true or false");
}

#[test]
fn errors_neither_steer_the_terminal_nor_fill_it() {
    let sandbox = sandbox("", STACK);
    sandbox.write("s/x.yaml", &format!("vars: {{stage: x, a: \"{}\", b: [}}", "long ".repeat(600_000)));
    let outcome = sandbox.atmos(APPLY).exits(1);
    assert!(outcome.stderr.len() < 3_000, "{}", outcome.stderr.len());
    outcome.says("s/x.yaml:1:");
    sandbox.write(
        "s/x.yaml",
        "vars: {stage: x}\ncomponents: {terraform: {\"v\\e]0;owned\\a\": 5}}\nimport: [\"\u{9b}31m\"]\n",
    );
    for args in [APPLY, &["terraform", "apply", "v\u{1b}[2J", "-s", "\u{1b}]0;x\u{7}"]] {
        let outcome = sandbox.atmos(args).exits(1);
        let steers = |character: char| character.is_control() && character != '\n';
        assert!(!outcome.stderr.contains(steers), "{:?}", outcome.stderr);
    }
}

#[test]
fn sensitive_outputs_are_shown_where_masking_is_off() {
    let sandbox = real(STACK);
    sandbox.atmos(APPLY).success();
    let output = |words: &[&str]| -> Outcome {
        sandbox.atmos(&[&["terraform", "output", "vpc", "-s", "x", "--format", "json"], words].concat()).success()
    };
    assert_eq!(output(&[]).json()["key"], "<MASKED>");
    assert_eq!(output(&["--mask=false"]).json()["key"], "open-sesame");
    let env = ["terraform", "output", "vpc", "-s", "x", "--format", "env"];
    sandbox.atmos(&env).success().says("cannot be used as variables");
    sandbox.atmos(&[&env[..], &["--mask=false"]].concat()).success().says_not("cannot be used as variables");
}

#[test]
fn a_workspace_can_be_deleted_after_it_was_used() {
    let sandbox = real(STACK);
    let terraform = |words: &[&str]| sandbox.atmos(&[&["terraform"], words].concat());
    terraform(&["workspace", "vpc", "-s", "x"]).success();
    assert!(terraform(&["workspace", "list", "vpc", "-s", "x"]).success().stdout.contains("* x"));
    terraform(&["workspace", "delete", "vpc", "-s", "x"]).success();
    let list = terraform(&["workspace", "list", "vpc", "-s", "x"]).success();
    assert!(list.stdout.contains("* default") && !list.stdout.contains(" x"), "{list}");
    terraform(&["plan", "vpc", "-s", "x"]).success();
    assert!(terraform(&["workspace", "list", "vpc", "-s", "x"]).success().stdout.contains("* x"));
}

#[test]
fn a_stack_directory_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = sandbox("", STACK);
    sandbox.write("s/closed/y.yaml", &STACK.replace("stage: x", "stage: y"));
    let (uid, gid) = ordinary_user(&sandbox);
    let copy = sandbox.root().join("atmos");
    let program = if copy.exists() { copy } else { env!("CARGO_BIN_EXE_atmos").into() };
    let closed = sandbox.repo().join("s/closed");
    let run = |mode: u32| {
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut command = sandbox.command(&program);
        command.args(["list", "stacks"]).uid(uid).gid(gid);
        let outcome = sandbox.start(command, "").wait();
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
        outcome
    };
    assert_eq!(run(0o755).success().stdout, "x\ny\n");
    for mode in [0o000, 0o444] {
        run(mode).exits(1).says("failed to read the stack directory").says("s/closed").says("Permission denied");
    }
    let excluding = CONFIGURATION.replace("name_pattern", "excluded_paths: ['closed/**/*'], name_pattern");
    sandbox.write("atmos.yaml", &excluding);
    assert_eq!(run(0o000).success().stdout, "x\n");
}

#[test]
fn a_manifest_that_cannot_be_found_again_is_named() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = sandbox("", STACK);
    std::os::unix::fs::symlink(sandbox.repo().join("missing"), sandbox.repo().join("s/gone.yaml")).unwrap();
    let listed = sandbox.atmos(&["list", "stacks"]).exits(1);
    assert_eq!(listed.says("'gone'").says("the link leads nowhere").stdout, "x\n");
    sandbox.atmos(&["validate", "stacks"]).exits(1).says("gone.yaml").says("the link leads nowhere");
    std::fs::remove_file(sandbox.repo().join("s/gone.yaml")).unwrap();
    let odd = sandbox.repo().join("s").join(std::ffi::OsStr::from_bytes(b"\xff.yaml"));
    std::fs::write(&odd, STACK).unwrap();
    sandbox.atmos(&["list", "stacks"]).exits(1).says("its name is not valid UTF-8");
    std::fs::remove_file(&odd).unwrap();
    sandbox.write("s/x.yaml", &format!("{STACK}\n---\n# nothing\n"));
    sandbox.atmos(&["list", "stacks"]).success();
}

#[test]
fn locks_lie_in_the_temp_directory_where_there_is_no_cache() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = sandbox("", STACK);
    let cache = sandbox.root().join("closed");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o555)).unwrap();
    let (uid, gid) = ordinary_user(&sandbox);
    let copy = sandbox.root().join("atmos");
    let program = if copy.exists() { copy } else { env!("CARGO_BIN_EXE_atmos").into() };
    let mut command = sandbox.command(&program);
    command.args(["terraform", "generate", "backend", "vpc", "-s", "x"]);
    command.env("XDG_CACHE_HOME", &cache).uid(uid).gid(gid);
    sandbox.start(command, "").wait().success();
}

#[test]
fn an_abstract_component_is_refused_as_such_before_its_backend_is_looked_at() {
    let stack = "vars: {stage: x}\ncomponents: {terraform: {vpc: {metadata: {type: abstract}}}}\n";
    let sandbox = sandbox("", stack);
    for verb in ["plan", "apply", "deploy", "workspace"] {
        sandbox
            .atmos(&["terraform", verb, "vpc", "-s", "x"])
            .exits(1)
            .says("abstract component cannot be provisioned")
            .says_not("backend_type");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_says_what_it_is_and_where() {
    let sandbox = sandbox("", STACK);
    let path = sandbox.repo().join("atmos.yaml");
    let says = |make: &dyn Fn(), phrases: &[&str]| {
        let _ = std::fs::remove_file(&path);
        make();
        let mut outcome = sandbox.atmos(&["list", "stacks"]).exits(1);
        for phrase in phrases {
            outcome = outcome.says(phrase);
        }
        if path.is_dir() {
            std::fs::remove_dir(&path).unwrap();
        }
    };
    let write = |bytes: &[u8]| std::fs::write(&path, bytes).unwrap();
    let list = format!("{}\n", CONFIGURATION.lines().next().unwrap());
    says(&|| write(format!("{list}components: [x]\n").as_bytes()), &["'components'", "map", "list", "atmos.yaml:2:13"]);
    says(
        &|| write(format!("{list}components: {{terraform: [x]}}\n").as_bytes()),
        &["'components.terraform'", "atmos.yaml:2:25"],
    );
    says(&|| write(b"stacks:\n  base_path: \xff\n"), &["failed to read config", "atmos.yaml:2:14", "UTF-8"]);
    says(&|| std::fs::create_dir(&path).unwrap(), &["atmos.yaml is a directory"]);
    says(&|| std::os::unix::fs::symlink("atmos.yaml", &path).unwrap(), &["atmos.yaml is a link that leads nowhere"]);
    says(&|| std::os::unix::fs::symlink("nothing", &path).unwrap(), &["atmos.yaml is a link to nothing"]);
    says(
        &|| assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success()),
        &["atmos.yaml is a pipe, socket or device"],
    );
}

#[test]
fn messages_name_what_was_typed_and_what_there_is() {
    let sandbox = sandbox("", STACK);
    sandbox
        .atmos(&["terraform", "version", "d1", "-s", "y"])
        .exits(1)
        .says("unexpected argument: d1")
        .says_not("flag: d1");
    let outcome = sandbox.atmos(&["terraform", "deploy", "vpc", "-s", "x", "-auto-approve=false"]).exits(1);
    outcome.says("leave `-auto-approve=false` away").says_not("use `atmos terraform deploy`");
    sandbox.atmos(&["helmfile", "bogus", "web", "-s", "x"]).exits(1).says("sync").says("lint").says("list");
}

#[test]
fn a_fleet_names_who_runs_and_who_was_skipped() {
    let stack = STACK.replace("vpc: {}", "a: {metadata: {component: vpc}}, b: {metadata: {component: vpc}}");
    let sandbox = sandbox("", &stack);
    let all = ["terraform", "apply", "--all", "-s", "x", "-auto-approve"];
    sandbox.atmos(&all).success().says("a in x").says("b in x");
    let outcome = sandbox.atmos_with(&[("STUB_EXIT_APPLY", "1")], &all);
    outcome.exits(1).says("1 component(s) skipped after an earlier failure: b in x");
}

#[test]
fn a_varfile_goes_to_standard_output_when_asked() {
    let sandbox = sandbox("", &STACK.replace("vpc: {}", "vpc: {vars: {a: 1}}"));
    let outcome = sandbox.atmos(&["terraform", "generate", "varfile", "vpc", "-s", "x", "-f", "-"]).success();
    assert_eq!(outcome.json(), serde_json::json!({"a": 1, "stage": "x"}));
    assert!(!sandbox.repo().join("-").exists());
}

#[test]
fn a_stack_of_several_manifests_counts_once() {
    let sandbox = sandbox("", STACK);
    sandbox.write("s/x-too.yaml", STACK);
    sandbox.write("s/x-more.yaml", &STACK.replace("vpc", "dns"));
    let list = sandbox.atmos(&["list", "components", "--format", "csv"]).success();
    assert_eq!(list.stdout, "Component,Type,Stacks\ndns,terraform,1\nvpc,terraform,1\n");
    assert_eq!(sandbox.atmos(&["list", "stacks"]).success().stdout, "x\n");
}
