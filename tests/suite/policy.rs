//! `settings.functions`: what functions of manifests may do outside of the repository.

use crate::support::{Sandbox, Terminal};

const DESCRIBE: [&str; 7] = ["describe", "component", "app", "-s", "dev", "--format", "json"];

/// A repository with this policy and one value in its component.
fn repository(policy: &str, value: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let atmos = "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
                 templates: {settings: {enabled: true, gomplate: {enabled: true, datasources: {\
                 out: {url: ../home/secret.json}, in: {url: ./data.json}, far: {url: 'http://127.0.0.1:1/x'}}}}}\n";
    sandbox.write("atmos.yaml", &format!("{atmos}settings: {{functions: {policy}}}\nvars: !exec echo \"{{}}\"\n"));
    sandbox.write("data.json", "{\"a\": \"inside\"}");
    std::fs::write(sandbox.home().join("secret.json"), "{\"a\": \"outside\"}").unwrap();
    std::os::unix::fs::symlink("../home", sandbox.repo().join("link")).unwrap();
    let stack = format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n      vars:\n        x: {value}\n");
    sandbox.write("stacks/dev.yaml", &stack);
    sandbox
}

#[test]
fn what_is_denied_is_not_done() {
    for (value, result) in [
        ("!exec echo ran", Err("settings.functions.exec")),
        ("'{{ atmos.Resolve \"!exec echo ran\" }}'", Err("settings.functions.exec")),
        ("!include ../../home/secret.json .a", Err("settings.functions.outside_reads")),
        ("!include link/secret.json .a", Err("settings.functions.outside_reads")),
        ("!include http://127.0.0.1:1/x.json .a", Err("settings.functions.outside_reads")),
        ("!include data.json .a", Ok("inside")),
        ("'{{ file.Read \"link/secret.json\" }}'", Err("settings.functions.outside_reads")),
        ("'{{ file.Exists \"link/secret.json\" }}'", Err("settings.functions.outside_reads")),
        ("'{{ file.IsDir \"../home\" }}'", Err("settings.functions.outside_reads")),
        ("'{{ file.Walk \"link\" }}'", Err("settings.functions.outside_reads")),
        ("'{{ file.ReadDir \"link\" }}'", Err("settings.functions.outside_reads")),
        ("'{{ file.Exists \"data.json\" }}'", Ok("true")),
        ("'{{ file.Exists \"none/yet\" }}'", Ok("false")),
        ("'{{ (datasource \"in\").a }}'", Ok("inside")),
        ("'{{ (datasource \"out\").a }}'", Err("settings.functions.outside_reads")),
        ("'{{ include \"out\" }}'", Err("settings.functions.outside_reads")),
        ("'{{ datasource \"far\" }}'", Err("settings.functions.outside_reads")),
        ("'{{ net.LookupIP \"leaked.localhost\" }}'", Err("settings.functions.outside_reads")),
    ] {
        let sandbox = repository("{exec: deny, outside_reads: deny}", value);
        let outcome = sandbox.atmos(&DESCRIBE);
        match result {
            Ok(expected) => assert_eq!(outcome.success().json()["vars"]["x"], expected, "{value}"),
            Err(key) => {
                drop(outcome.exits(1).says("is not allowed").says(key).says("`deny`").says("stacks/dev.yaml:6"));
            }
        }
    }
}

#[test]
fn everything_is_allowed_unless_the_configuration_says_otherwise() {
    for (value, expected) in [
        ("!exec echo ran", "ran"),
        ("!include ../../home/secret.json .a", "outside"),
        ("'{{ (datasource \"out\").a }}'", "outside"),
    ] {
        assert_eq!(repository("{}", value).atmos(&DESCRIBE).success().json()["vars"]["x"], expected, "{value}");
    }
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let sandbox = repository("{exec: ask, outside_reads: ask}", "!exec echo ran");
    let refused = sandbox.atmos(&DESCRIBE).exits(1);
    refused.says("`settings.functions.exec` is `ask`").says("ATMOS_SETTINGS_FUNCTIONS_EXEC=allow");
    let allowed = sandbox.atmos_with(&[("ATMOS_SETTINGS_FUNCTIONS_EXEC", "allow")], &DESCRIBE).success();
    assert_eq!(allowed.json()["vars"]["x"], "ran");
    let wrong = [("ATMOS_SETTINGS_FUNCTIONS_EXEC", "maybe")];
    sandbox.atmos_with(&wrong, &DESCRIBE).exits(1).says("`maybe` is no policy").says("allow, ask or deny");
    let sandbox = repository("{exec: [allow]}", "1");
    sandbox.atmos(&DESCRIBE).exits(1).says("settings.functions.exec").says("atmos.yaml:4");
}

#[test]
fn a_person_is_asked_once() {
    for (answer, code, shown) in [("y", 0, "ran"), ("n", 1, "you did not agree")] {
        let sandbox = repository("{exec: ask}", "!exec echo ran");
        sandbox.write(
            "stacks/prod.yaml",
            "vars: {stage: prod}\ncomponents: {terraform: {b: {vars: {x: !exec echo ran}}}}\n",
        );
        let mut terminal = Terminal::start(sandbox.atmos_command(&["describe", "stacks"]));
        terminal.expect("A function wants to run `echo ran`");
        terminal.type_line(answer);
        let (found, text) = terminal.finish();
        assert!(found == code && text.contains(shown), "{found}: {text}");
        assert!(text.matches("A function wants").count() <= 3, "the same question twice: {text}");
    }
}

/// A text that would start a program if it were a template.
const PROGRAM: &str = "{{ atmos.Resolve `!exec touch made-by-data; echo ran` }}";

#[test]
fn what_is_read_is_never_a_template() {
    let mut sandbox = Sandbox::empty();
    sandbox.set("FROM_OUTSIDE", PROGRAM);
    sandbox.write("components/terraform/app/main.tf", "");
    sandbox.write("conf/evil.txt", PROGRAM);
    sandbox.write("conf/inc.yaml", &format!("x: '{PROGRAM}'\n"));
    sandbox.write("stacks/ft.yaml.tmpl", "vars:\n  tmpl: '{{ getenv \"FROM_OUTSIDE\" }}'\n");
    let settings = |more: &str| {
        format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['deploy/*'], name_template: '{{{{ .vars.stage }}}}'}}\n\
             components: {{terraform: {{base_path: components/terraform}}}}\n\
             templates: {{settings: {{enabled: true, {more}sprig: {{enabled: true}}, gomplate: {{enabled: true, datasources: {{cfg: {{url: ./conf/inc.yaml}}}}}}}}}}\n"
        )
    };
    sandbox.write(
        "stacks/deploy/t.yaml",
        "import: [ft]\n\
         locals: {d: !env FROM_OUTSIDE, e: '{{ env `FROM_OUTSIDE` }}', f: '{{ file.Read `conf/evil.txt` }}'}\n\
         vars: {stage: t, s: '{{ .locals.d }}'}\n\
         components:\n  terraform:\n    app:\n      vars:\n\
         \x20       d: '{{ .locals.d }}'\n\
         \x20       more: 'a {{ .locals.d }}'\n\
         \x20       e: '{{ .locals.e }}'\n\
         \x20       f: '{{ .locals.f }}'\n\
         \x20       j: !include conf/inc.yaml\n\
         \x20       raw: !include.raw conf/evil.txt\n\
         \x20       env: '{{ getenv \"FROM_OUTSIDE\" }}'\n\
         \x20       ds: '{{ (ds \"cfg\").x }}'\n\
         \x20       file: '{{ file.Read \"conf/evil.txt\" }}'\n",
    );
    for more in ["", "evaluations: 3, "] {
        sandbox.write("atmos.yaml", &settings(more));
        let seen = sandbox.atmos(&["describe", "component", "app", "-s", "t", "--format", "json", "--query", ".vars"]);
        let vars = seen.success().json();
        for name in ["s", "d", "e", "f", "raw", "env", "ds", "file", "tmpl"] {
            assert_eq!(vars[name], PROGRAM, "{more}{name}: {vars}");
        }
        assert_eq!((&vars["more"], &vars["j"]["x"]), (&format!("a {PROGRAM}").into(), &PROGRAM.into()), "{more}{vars}");
        assert!(!sandbox.repo().join("made-by-data").exists(), "{more}{vars}");
    }
}

#[test]
fn what_is_read_is_no_template_in_the_delimiters_of_the_repository_either() {
    let program = PROGRAM.replace("{{", "[[").replace("}}", "]]");
    let mut sandbox = Sandbox::empty();
    sandbox.set("FROM_OUTSIDE", &program);
    sandbox.write("components/terraform/app/main.tf", "");
    sandbox.write("conf/inc.yaml", &format!("x: '{program}'\n"));
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform}}\n\
         templates: {settings: {enabled: true, delimiters: ['[[', ']]']}}\n",
    );
    sandbox.write(
        "stacks/t.yaml",
        "locals: {d: !env FROM_OUTSIDE}\nvars: {stage: t}\ncomponents:\n  terraform:\n    app:\n      vars:\n\
         \x20       d: '{{ .locals.d }}'\n        j: !include ../conf/inc.yaml .x\n        own: '[[ .vars.stage ]]'\n",
    );
    let describe = ["describe", "component", "app", "-s", "t", "--format", "json", "--query", ".vars"];
    let vars = sandbox.atmos(&describe).success().json();
    for (name, expected) in [("d", program.as_str()), ("j", &program), ("own", "t")] {
        assert_eq!(vars[name], expected, "{name}: {vars}");
    }
    assert!(!sandbox.repo().join("made-by-data").exists(), "{vars}");
}

#[test]
fn a_command_that_prints_without_end_is_stopped() {
    for (policy, command, limit) in [
        ("{}", "yes", "64 MiB"),
        ("{exec_output_limit: 2KiB}", "head -c 2049 /dev/zero", "2 KiB"),
        ("{exec_output_limit: 100}", "yes | cat", "100 bytes"),
    ] {
        let sandbox = repository(policy, &format!("!exec {command}"));
        let outcome = sandbox.atmos(&DESCRIBE).exits(1);
        outcome.says(&format!("the command prints more than {limit}")).says("settings.functions.exec_output_limit");
    }
    let sandbox = repository("{exec_output_limit: 4}", "!exec printf abcd");
    assert_eq!(sandbox.atmos(&DESCRIBE).success().json()["vars"]["x"], "abcd");
    let sandbox = repository("{exec_output_limit: much}", "1");
    sandbox.atmos(&DESCRIBE).exits(1).says("`settings.functions.exec_output_limit`").says("atmos.yaml:");
    let sandbox = repository("{}", "1");
    sandbox.write("atmos.yaml", &sandbox.read("atmos.yaml").replace("echo \"{}\"", "yes"));
    sandbox.atmos(&DESCRIBE).exits(1).says("the command prints more than 64 MiB").says("atmos.yaml:");
}

#[test]
fn a_mistyped_policy_is_refused_and_not_allowed() {
    for (policy, key) in
        [("functions: {exce: deny}", "settings.functions.exce"), ("function: {exec: deny}", "settings.function")]
    {
        let sandbox = repository("{}", "!exec touch ran");
        let atmos = sandbox.read("atmos.yaml").replace("functions: {}", policy);
        sandbox.write("atmos.yaml", &atmos);
        sandbox.atmos(&DESCRIBE).exits(1).says(&format!("`{key}` is no policy of functions")).says("atmos.yaml:");
        assert!(!sandbox.repo().join("ran").exists());
    }
}
