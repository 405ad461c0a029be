//! Completion: the protocol, and real shells.

use std::path::Path;

use crate::support::{Sandbox, Terminal, find_part};

fn inspect() -> Sandbox {
    Sandbox::scenario("inspect")
}

/// The candidates of a line, without what is said of them, and the directive.
fn complete(sandbox: &Sandbox, line: &str) -> (Vec<String>, String) {
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    let outcome = sandbox.atmos(&[&["__complete"][..], &words].concat()).success();
    assert!(outcome.stderr.is_empty(), "{outcome}");
    let mut lines: Vec<String> = outcome.stdout.lines().map(str::to_owned).collect();
    let directive = lines.pop().unwrap_or_default();
    (lines.iter().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect(), directive)
}

#[test]
fn names_of_the_repository_complete() {
    let sandbox = inspect();
    for (line, expected) in [
        ("atmos terraform plan ", &["app", "vpc"][..]),
        ("atmos tf plan \"\"", &["app", "vpc"]),
        ("atmos helmfile diff ", &["web"]),
        ("atmos describe component ", &["app", "vpc", "web"]),
        ("atmos validate component ", &["app", "vpc", "web"]),
        ("atmos terraform plan vpc --stack=", &["acme-dev", "acme-prod"]),
        ("atmos terraform plan vpc -s ", &["acme-dev", "acme-prod"]),
        ("atmos helmfile diff web --stack ", &["acme-dev"]),
        ("atmos describe component -s acme-prod ", &["app", "vpc"]),
        ("atmos tp ", &["app", "vpc"]),
        ("atmos describe stacks --format ", &["json", "yaml"]),
        ("atmos list components --type ", &["abstract", "all", "real"]),
        ("atmos completion ", &["bash", "fish", "powershell", "zsh"]),
        ("atmos terraform plan --dry-run=", &["false", "true"]),
        ("atmos list stacks --columns ", &["component", "stack", "vars"]),
        ("atmos terraform val", &["validate"]),
        ("atmos describe stacks --inc", &["--include-empty-stacks"]),
        ("atmos describe stacks --components vpc,", &["vpc,app", "vpc,web"]),
        ("atmos describe stacks --components=vpc,app,", &["vpc,app,web"]),
        ("atmos help describe comp", &["component"]),
        ("atmos help de", &["describe"]),
    ] {
        let (found, directive) = complete(&sandbox, line);
        assert_eq!(found, expected, "{line}");
        assert_eq!(directive, ":4", "{line}");
    }
    let (workflows, _) = complete(&sandbox, "atmos workflow ");
    assert!(workflows.contains(&"deploy".to_owned()), "{workflows:?}");
    let (_, directive) = complete(&sandbox, "atmos terraform plan vpc extra");
    assert_eq!(directive, ":0");
    let (_, directive) = complete(&sandbox, "atmos --chdir ");
    assert_eq!(directive, ":16");
}

#[test]
fn candidates_have_descriptions_unless_they_are_not_wanted() {
    let sandbox = inspect();
    let with = sandbox.atmos(&["__complete", "describe", "comp"]).success();
    assert!(with.stdout.starts_with("component\tShow the configuration of one component"), "{with}");
    let without = sandbox.atmos(&["__completeNoDesc", "describe", "comp"]).success();
    assert_eq!(without.stdout, "component\n:4\n");
}

#[test]
fn commands_and_identities_of_the_configuration_complete() {
    let sandbox = inspect();
    let config = sandbox.read("atmos.yaml");
    let more = "commands:\n- name: roll\n  description: Roll it out\n  arguments: [{name: env, values: [dev, prod]}, {name: what, type: component}]\n  flags: [{name: where, semantic_type: stack}, {name: how, values: [fast, slow]}]\n  steps: [\"true\"]\nauth:\n  providers: {p: {kind: mock/aws, region: eu-west-1}}\n  identities: {admin: {kind: mock/aws, via: {provider: p}}}\n";
    sandbox.write("atmos.yaml", &format!("{config}{more}"));
    for (line, expected) in [
        ("atmos rol", &["roll"][..]),
        ("atmos roll ", &["dev", "prod"]),
        ("atmos roll dev ", &["app", "vpc", "web"]),
        ("atmos roll --how ", &["fast", "slow"]),
        ("atmos roll --where ", &["acme-dev", "acme-prod"]),
        ("atmos terraform plan vpc --identity ", &["admin", "false"]),
    ] {
        assert_eq!(complete(&sandbox, line).0, expected, "{line}");
    }
}

#[test]
fn a_changed_repository_completes_anew() {
    let sandbox = inspect();
    assert_eq!(complete(&sandbox, "atmos terraform plan ").0, ["app", "vpc"]);
    assert_eq!(complete(&sandbox, "atmos terraform plan ").0, ["app", "vpc"]);
    let kept = sandbox.home().join(".cache/atmos/names");
    let names = Sandbox::files_below(&kept);
    assert_eq!(names.len(), 1, "{names:?}");
    let dev =
        sandbox.read("stacks/orgs/dev.yaml").replace("  terraform:\n    app:", "  terraform:\n    dns: {}\n    app:");
    sandbox.write("stacks/orgs/dev.yaml", &dev);
    assert_eq!(complete(&sandbox, "atmos terraform plan ").0, ["app", "dns", "vpc"]);
    std::fs::write(kept.join(&names[0]), "garbage\n").unwrap();
    assert_eq!(complete(&sandbox, "atmos terraform plan ").0, ["app", "dns", "vpc"]);
}

#[test]
fn nothing_breaks_the_line_of_a_shell() {
    let sandbox = inspect();
    sandbox.write("stacks/orgs/dev.yaml", "a: [\n");
    // A broken manifest makes the list shorter: the one of the other stack is sound.
    assert_eq!(complete(&sandbox, "atmos terraform plan vpc -s ").0, ["acme-prod"]);
    sandbox.write("stacks/orgs/prod.yaml", "a: [\n");
    assert_eq!(complete(&sandbox, "atmos terraform plan "), (vec![], ":4".to_owned()));
    sandbox.write("atmos.yaml", "a: [\n");
    assert_eq!(complete(&sandbox, "atmos terraform plan "), (vec![], ":4".to_owned()));
    assert_eq!(complete(&sandbox, "atmos terraform pla").0, ["plan", "plan-diff", "planfile"]);
    assert_eq!(complete(&sandbox, "atmos describe stacks --format ").0, ["yaml", "json"]);
    assert_eq!(complete(&sandbox, "atmos --chdir /nowhere terraform plan ").1, ":4");
    sandbox.atmos(&["completion", "tcsh"]).exits(1).says("shells: bash, zsh, fish, powershell");
}

/// What a real bash makes of a line that ends in a tab.
fn bash(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let script = format!(
        "source <(atmos completion bash)\nCOMP_LINE={line}\nCOMP_POINT=${{#COMP_LINE}}\n\
         COMP_WORDS=({})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n_atmos_complete atmos\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        cut(line),
        line = shell_words::quote(line),
    );
    let mut command = sandbox.command("bash");
    command.args(["--norc", "-c", &script]);
    let folder = Path::new(env!("CARGO_BIN_EXE_atmos")).parent().unwrap().display().to_string();
    let path = sandbox.environment()["PATH"].to_string_lossy();
    command.env("PATH", format!("{folder}:{path}"));
    let output = command.output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The words as bash cuts them, `=` and `:` for themselves.
fn cut(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split(' ') {
        let mut rest = word;
        while let Some(at) = rest.find(['=', ':']) {
            words.extend([rest[..at].to_owned(), rest[at..=at].to_owned()]);
            rest = &rest[at + 1..];
        }
        words.push(rest.to_owned());
    }
    words.iter().map(|word| shell_words::quote(word).into_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn bash_completes() {
    let sandbox = inspect();
    assert_eq!(bash(&sandbox, "atmos terraform plan v"), ["vpc"]);
    assert_eq!(bash(&sandbox, "atmos terraform plan vpc --stack=acme-p"), ["acme-prod"]);
    assert_eq!(bash(&sandbox, "atmos terraform plan vpc -s acme"), ["acme-dev", "acme-prod"]);
    assert_eq!(bash(&sandbox, "atmos descr"), ["describe"]);
    sandbox.write("atmos.yaml", "a: [\n");
    assert_eq!(bash(&sandbox, "atmos terraform plan v"), [""]);
}

/// What a real zsh makes of a line that ends in a tab.
fn zsh(sandbox: &Sandbox, line: &str) -> String {
    sandbox.write(
        "zsh/.zshrc",
        "PS1='ready> '\nautoload -Uz compinit && compinit -D -u\nsource <(atmos completion zsh)\n\
         show() { zle -I; print -r -- \"line=<$BUFFER>\"; BUFFER=''; }\nzle -N show\nbindkey '^G' show\n",
    );
    let mut command = sandbox.command("zsh");
    let folder = Path::new(env!("CARGO_BIN_EXE_atmos")).parent().unwrap().display().to_string();
    let path = sandbox.environment()["PATH"].to_string_lossy();
    command.args(["-d", "-i"]).current_dir(sandbox.repo());
    command.env("PATH", format!("{folder}:{path}")).env("ZDOTDIR", sandbox.repo().join("zsh"));
    let mut terminal = Terminal::start(command);
    terminal.expect("ready> ");
    terminal.press(&format!("{line}\t\x07"));
    let shown = terminal.expect("line=<[^>]*>");
    terminal.press("exit\r");
    terminal.finish();
    shown["line=<".len()..shown.len() - 1].to_owned()
}

#[test]
fn zsh_completes() {
    if find_part("zsh").is_none() {
        return;
    }
    let sandbox = inspect();
    // A word that goes on has no blank behind it, and one that is done has.
    assert_eq!(zsh(&sandbox, "atmos config get stac"), "atmos config get stacks");
    assert_eq!(zsh(&sandbox, "atmos terraform plan v"), "atmos terraform plan vpc ");
    assert_eq!(zsh(&sandbox, "atmos terraform plan vpc --stack=acme-p"), "atmos terraform plan vpc --stack=acme-prod ");
}

#[test]
fn scripts_are_sound_where_their_shells_are() {
    let sandbox = inspect();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = sandbox.atmos(&["completion", shell]).success().stdout;
        sandbox.write("script", &script);
        if find_part(shell).is_none() {
            continue;
        }
        let output = sandbox.command(shell).args([check, "script"]).current_dir(sandbox.repo()).output().unwrap();
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(sandbox.atmos(&["completion", "powershell"]).success().stdout.contains("Register-ArgumentCompleter"));
}
