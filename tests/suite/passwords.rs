//! Passwords of this program's own reach nobody else: no child of a run, no hook, step or command, no program that it starts
//! for itself, no function and no template.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::support::{Sandbox, Terminal, wait_until};

const PASSWORDS: [(&str, &str); 4] = [
    ("ATMOS_KEYRING_PASSWORD", "usual-password"),
    ("ATMOS_SAML_PASSWORD", "saml-password"),
    // What the environment names.
    ("NAMED", "named-password"),
    // What the configuration names.
    ("MINE", "mine-password"),
];

const ATMOS: &str = "\
base_path: .
auth: {keyring: {type: file, spec: {password_env: MINE}}}
settings: {seen: !exec 'env >>\"$LOG\"; echo of-the-configuration >>\"$LOG\"'}
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
templates: {settings: {enabled: true, sprig: {enabled: true}, gomplate: {enabled: true}}}
workflows: {base_path: flows}
components:
  terraform: {base_path: components/terraform, command: spy}
  helmfile: {base_path: components/helmfile, command: spy, use_eks: false}
  packer: {base_path: components/packer, command: spy}
commands:
  - {name: mine, steps: ['spy command']}
";
const STACK: &str = "\
vars:
  stage: dev
  functions: [!env ATMOS_KEYRING_PASSWORD none, !env ATMOS_SAML_PASSWORD none, !env NAMED none, !env MINE none]
  templates: '{{ range coll.Slice \"ATMOS_KEYRING_PASSWORD\" \"ATMOS_SAML_PASSWORD\" \"NAMED\" \"MINE\" }}{{ getenv . \"none\" }}{{ env . }}{{ expandenv (print \"$\" .) }} {{ end }}'
  run: !exec spy function
components:
  terraform:
    app:
      # Whatever a child is told: the name that counts here is the one that this program was given.
      env: {ATMOS_KEYRING_PASSWORD_ENV: OTHER}
      hooks: {look: {events: [after.terraform.plan], kind: command, command: spy, args: [hook]}}
  helmfile: {app: {}}
  packer: {app: {}}
";

fn program(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.root().join("bin").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn nobody_else_learns_a_password() {
    let mut sandbox = Sandbox::empty();
    let log = sandbox.root().join("log");
    let spy = program(&sandbox, "spy", "#!/bin/sh\nenv >>\"$LOG\"\necho \"spy: $1\" >>\"$LOG\"\n");
    let browser =
        program(&sandbox, "browser", "#!/bin/sh\nenv >>\"$LOG\"\necho browser >>\"$LOG\"\n: >\"$LOG.opened\"\n");
    let pager = program(&sandbox, "pager", "#!/bin/sh\nenv >>\"$LOG\"\necho pager >>\"$LOG\"\ncat >/dev/null\n");
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("stacks/dev.yaml", STACK);
    sandbox.write("flows/w.yaml", "workflows: {w: {steps: [{type: shell, command: spy workflow}]}}\n");
    for (folder, file) in [("terraform", "main.tf"), ("helmfile", "helmfile.yaml"), ("packer", "main.pkr.hcl")] {
        sandbox.write(&format!("components/{folder}/app/{file}"), "");
    }
    let path = sandbox.environment()["PATH"].to_string_lossy().into_owned();
    sandbox.set("PATH", format!("{}:{path}", spy.parent().unwrap().display()));
    sandbox.set("LOG", &log);
    sandbox.set("ATMOS_KEYRING_PASSWORD_ENV", "NAMED");
    sandbox.set("ATMOS_BROWSER", &browser);
    for (name, password) in PASSWORDS {
        sandbox.set(name, password);
    }
    let shown = sandbox.atmos(&["describe", "component", "app", "-s", "dev", "--query", ".vars"]).success();
    assert!(shown.stdout.contains("functions:\n  - none\n  - none\n  - none\n  - none\n"), "{shown}");
    assert!(shown.stdout.contains("templates: 'none none none none '\n"), "{shown}");
    for words in [
        &["terraform", "plan", "app", "-s", "dev"][..],
        &["helmfile", "diff", "app", "-s", "dev"],
        &["packer", "validate", "app", "-s", "dev"],
        &["workflow", "w", "-f", "w"],
        &["mine"],
        &["auth", "exec", "--identity=false", "--", "spy", "exec"],
    ] {
        sandbox.atmos(words).success();
    }
    let mut paged = sandbox.atmos_command(&["describe", "stacks"]);
    paged.env("ATMOS_PAGER", &pager);
    let (code, seen) = Terminal::start(paged).finish();
    assert_eq!(code, 0, "{seen}");
    let (code, seen) = Terminal::start(sandbox.atmos_command(&["docs"])).finish();
    assert_eq!(code, 0, "{seen}");
    wait_until("the browser is opened", std::time::Duration::from_secs(30), || {
        sandbox.root().join("log.opened").exists().then_some(())
    });
    let seen = std::fs::read_to_string(&log).unwrap();
    let everybody = [
        "of-the-configuration",
        "spy: function",
        "spy: plan",
        "spy: hook",
        "spy: --state-values-file",
        "spy: validate",
        "spy: workflow",
        "spy: command",
        "spy: exec",
        "pager",
        "browser",
    ];
    for who in everybody {
        assert!(seen.lines().any(|line| line == who), "{who} was never there: {seen}");
    }
    for password in PASSWORDS.map(|(_, password)| password) {
        assert!(!seen.contains(password), "{password}: {seen}");
    }
}
