//! Commands and aliases of `atmos.yaml`, in the scenario `steps`, with a real shell.

use crate::support::{Outcome, Sandbox};

fn scenario() -> Sandbox {
    Sandbox::scenario("steps")
}

fn lines(outcome: &Outcome) -> Vec<&str> {
    outcome.stdout.lines().collect()
}

#[test]
fn arguments_have_defaults_and_words_behind_the_dashes_are_none() {
    let sandbox = scenario();
    for (words, line) in [
        (&["greet"][..], "Hello, John Doe []"),
        (&["greet", "Neo"], "Hello, Neo []"),
        (&["greet", "--", "Neo", "-x y"], "Hello, John Doe [Neo -x y]"),
        (&["--logs-level", "Error", "greet", "Neo", "--logs-level=Off"], "Hello, Neo []"),
        // What the user says is no template.
        (&["greet", "{{ .Cwd }}"], "Hello, {{ .Cwd }} []"),
    ] {
        assert_eq!(lines(&sandbox.atmos(words).success()), [line], "{words:?}");
    }
    sandbox.atmos(&["greet", "a", "b"]).exits(1).says("unexpected argument `b`");
    sandbox.atmos(&["exit-code"]).exits(1).says("requires at least 1 argument(s)");
    sandbox.atmos(&["show", "component", "-s", "dev"]).exits(1).says("missing argument `component`");
}

#[test]
fn code_of_the_failing_step_is_that_of_the_command() {
    let sandbox = scenario();
    for code in [0, 2, 42] {
        let outcome = sandbox.atmos(&["exit-code", &code.to_string()]).exits(code);
        assert_eq!(outcome.stdout.contains("never"), code == 0, "{outcome}");
    }
}

#[test]
fn component_flags_and_variables_reach_the_steps() {
    let sandbox = scenario();
    let outcome = sandbox.atmos(&["show", "component", "vpc", "-s", "dev"]).success();
    let text = outcome.clean_stdout();
    assert!(text.starts_with("vpc dev 10.0.0.0/16 10.0.0.0/16 $HOME\n"), "{outcome}");
    assert!(text.ends_with("dashed dashed quiet [ROOT]/repo/work\n"), "{outcome}");
    let outcome = sandbox.atmos(&["show", "comp", "vpc", "--stack=prod", "--loud", "--my-flag", "-x"]).success();
    assert!(outcome.clean_stdout().ends_with("-x -x loud [ROOT]/repo/work\n"), "{outcome}");
    sandbox.atmos(&["show", "component", "vpc"]).exits(1).says("required flag(s) \"stack\" not set");
    sandbox.atmos(&["show", "component", "vpc", "--nope"]).exits(1).says("unknown flag: --nope");
    let wrong = sandbox.atmos(&["show", "component", "vpc", "-s", "dev", "--level", "mid"]).exits(1);
    wrong.says("invalid value \"mid\" for flag level (valid values: low, high)");
    sandbox.atmos(&["show", "component", "nope", "-s", "dev"]).exits(1).says("nope");
}

#[test]
fn sub_commands_merge_into_built_in_groups_and_groups_list_theirs() {
    let sandbox = scenario();
    let outcome = sandbox.atmos(&["terraform", "provision", "vpc", "-s", "dev"]).success();
    assert_eq!(lines(&outcome), ["provision vpc in dev"]);
    assert_eq!(lines(&sandbox.atmos(&["tf", "provision", "vpc", "-s", "dev"]).success()), ["provision vpc in dev"]);
    sandbox.atmos(&["show"]).exits(1).says("Available command(s):").says("1. atmos show component");
    sandbox.atmos(&["show", "componen"]).exits(1).says("did you mean `component`?");
    let outcome = sandbox.atmos(&["sho"]).exits(1).says("Unknown command").says("did you mean `show`?");
    assert_eq!(outcome.stderr.matches("terraform").count(), 1, "{outcome}");
    sandbox.atmos(&["nothing"]).exits(1).says("Invalid Command").says("no steps or subcommands");
    assert_eq!(lines(&sandbox.atmos(&["defaulted"]).success()), ["second"]);
    let outcome = sandbox.atmos(&["show", "where"]).success();
    assert_eq!(outcome.clean_stdout(), "[ROOT]/repo/work\n[ROOT]/repo/work/inner\n");
}

#[test]
fn one_wrong_command_breaks_no_other() {
    let sandbox = scenario();
    sandbox.atmos(&["list", "stacks"]).success().says_not("reserved");
    sandbox.atmos(&["greet"]).success().says_not("reserved");
    let outcome = sandbox.atmos(&["broken"]).exits(1).says("reserved flag name").says("verbose");
    assert_eq!(outcome.stdout, "");
    sandbox
        .atmos(&["validate", "config"])
        .success()
        .says("reserved flag name")
        .says("atmos.yaml:")
        .says("but not both");
    let outcome = sandbox.atmos(&["two-origins"]).exits(1).says("but not both");
    assert_eq!(outcome.stdout, "");
}

#[test]
fn component_types_of_ones_own_are_known_everywhere() {
    let sandbox = scenario();
    let outcome = sandbox.atmos(&["script", "job", "--in", "dev"]).success();
    assert_eq!(lines(&outcome), ["demo component command"]);
    let outcome = sandbox.atmos(&["describe", "component", "job", "-s", "dev", "--query", ".vars.app"]).success();
    assert_eq!(outcome.stdout.trim(), "demo");
}

#[test]
fn steps_run_as_the_identity_of_the_command() {
    let sandbox = scenario().with_file_keyring();
    assert_eq!(lines(&sandbox.atmos(&["as"]).success()), ["reader reader no password", "writer"]);
    let outcome = sandbox.atmos(&["as", "--identity", "writer"]).success();
    assert_eq!(lines(&outcome), ["writer writer no password", "writer"]);
    // An atmos in the step is nobody, too.
    assert_eq!(lines(&sandbox.atmos(&["as", "--identity=false"]).success()), ["none false no password", ""]);
    assert_eq!(lines(&sandbox.atmos(&["as", "-i", "writer"]).success()), ["writer writer no password", "writer"]);
    let outcome = sandbox.atmos(&["as-nobody"]).exits(1);
    outcome.says("authentication failed for identity \"nobody\" in custom command \"as-nobody\": identity not found");
    assert_eq!(Sandbox::files_below(&sandbox.runtime()), [std::path::PathBuf::from("atmos/run/lock")]);
}

#[test]
fn steps_reach_this_program_and_what_others_gave() {
    let mut sandbox = scenario();
    assert_eq!(lines(&sandbox.atmos(&["results"]).success()).last(), Some(&"got one oneone"));
    sandbox.set("PATH", "/usr/bin:/bin");
    assert_eq!(lines(&sandbox.atmos(&["own"]).success()), ["Hello, path []", "Hello, search []"]);
    sandbox.atmos(&["loop"]).exits(1).says("exceeds maximum allowed depth").says("Infinite recursion");
}

#[test]
fn aliases_stand_for_whole_lines_and_never_for_built_in_commands() {
    let sandbox = scenario();
    assert_eq!(lines(&sandbox.atmos(&["ls"]).success()), ["dev", "prod"]);
    assert_eq!(lines(&sandbox.atmos(&["hello", "Neo"]).success()), ["Hello, Neo []"]);
    assert_eq!(lines(&sandbox.atmos(&["greet-alias"]).success()), ["Hello, Ann []"]);
    let outcome = sandbox.atmos(&["dc", "vpc", "-s", "dev", "--query", ".vars.cidr"]).success();
    assert_eq!(outcome.stdout.trim(), "10.0.0.0/16");
    assert_eq!(lines(&sandbox.atmos(&["list", "stacks"]).success()), ["dev", "prod"]);
    sandbox.atmos(&["code", "5"]).exits(5);
    sandbox.atmos(&["circle"]).exits(1).says("leads back to itself").says("circle → circular → circle");
    let elsewhere = sandbox.atmos(&["-C", "work", "ls"]).success();
    assert_eq!(lines(&elsewhere), ["dev", "prod"]);
}

#[test]
fn help_shows_what_was_added() {
    let sandbox = scenario();
    let outcome = sandbox.atmos(&["--help"]).success();
    for phrase in ["greet", "Says hello", "ALIASES", "alias for `list stacks`", "terraform"] {
        assert!(outcome.stdout.contains(phrase), "{phrase}\n{outcome}");
    }
    for words in
        [&["show", "component", "--help"][..], &["help", "show", "component"], &["show", "component", "--help=all"]]
    {
        let outcome = sandbox.atmos(words).success();
        for phrase in ["--stack", "-s", "Name of the stack", "[component]", "--identity"] {
            assert!(outcome.stdout.contains(phrase), "{phrase}\n{outcome}");
        }
    }
    // What is added has groups of its own.
    let page = |words: &[&str]| sandbox.atmos(words).success().stdout;
    for (text, own) in [(page(&["--help"]), "greet"), (page(&["terraform", "--help"]), "provision")] {
        let (built_in, added) = text.split_once("CUSTOM COMMANDS:\n").unwrap_or_else(|| panic!("{text}"));
        let line = |text: &str| text.lines().any(|line| line.split_whitespace().next() == Some(own));
        assert!(line(added) && !line(built_in), "{text}");
    }
    let show = page(&["show", "--help"]);
    assert!(show.contains("\nCOMMANDS:\n") && !show.contains("BUILT-IN"), "{show}");
    // Help is there with a broken configuration too.
    sandbox.write("atmos.yaml", "commands: [\n");
    sandbox.atmos(&["--help"]).success();
    sandbox.atmos(&["greet"]).exits(1).says("atmos.yaml");
}

/// A command, how it is called, and what is said of it. The names of the commands are those that the call needs.
const MISTAKES: [(&str, &[&str], &str); 5] = [
    ("{name: x, arguments: [{name: a}, {name: a}], steps: ['true']}", &["x", "1"], "duplicate argument"),
    ("{name: x, arguments: [{required: true}], steps: ['true']}", &["x", "1"], "without a name"),
    ("{name: x, flags: [{name: '--foo'}], steps: ['true']}", &["x", "--foo", "1"], "the flag `--foo`"),
    ("{name: x, flags: [{name: 'a=b'}], steps: ['true']}", &["x"], "the flag `a=b`"),
    ("{name: x, flags: [{name: ''}], steps: ['true']}", &["x"], "without a name"),
];

#[test]
fn mistakes_in_one_command_are_said_with_their_place_and_break_no_other() {
    let sandbox = Sandbox::empty();
    for (command, call, phrase) in MISTAKES {
        sandbox.write("atmos.yaml", &format!("commands:\n  - {{name: sound, steps: ['echo yes']}}\n  - {command}\n"));
        sandbox.atmos(call).exits(1).says(phrase).says("atmos.yaml:3:");
        sandbox.atmos(&["validate", "config"]).says(phrase).says("atmos.yaml:3:").says_not("panicked");
        assert_eq!(sandbox.atmos(&["sound"]).success().says_not(phrase).stdout, "yes\n");
        assert!(sandbox.atmos(&["--help"]).success().stdout.contains("sound"));
        sandbox.atmos(&["x", "--help"]).success();
    }
}

#[test]
fn names_that_stand_for_something_else_are_said_and_break_nothing() {
    let sandbox = Sandbox::empty();
    for (commands, call, phrase) in [
        (
            "[{name: x, aliases: [x, y, y, z, '-q', help], steps: ['echo yes']}, {name: z, steps: ['true']}]",
            "x",
            "own name",
        ),
        ("[{name: help, steps: ['true']}, {name: x, steps: ['echo yes']}]", "x", "`help` is the word"),
        (
            "[{name: x, default: y, commands: [{name: help, steps: ['true']}, {name: y, steps: ['echo yes']}]}]",
            "x",
            "`help`",
        ),
        (
            "[{name: x, flags: [{name: f, type: bool, default: maybe}], steps: ['echo yes']}]",
            "x",
            "neither true nor false",
        ),
        ("[{name: y, aliases: [x], steps: ['true']}, {name: x, steps: ['echo yes']}]", "x", "another command"),
    ] {
        sandbox.write("atmos.yaml", &format!("commands: {commands}\n"));
        assert_eq!(sandbox.atmos(&[call]).success().stdout, "yes\n", "{commands}");
        sandbox.atmos(&["--help"]).success();
        sandbox.atmos(&["help"]).success();
        sandbox.atmos(&[call, "--help"]).success();
        sandbox.atmos(&["validate", "config"]).says(phrase).says("atmos.yaml:1:");
    }
}
