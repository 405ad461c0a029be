//! How the program speaks: errors and logs for programs, help, suggestions, colours, the pager.

use crate::support::{Sandbox, Terminal};

#[test]
fn errors_are_json_for_programs() {
    let sandbox = Sandbox::scenario("inspect");
    let missing = ["describe", "component", "vpd", "-s", "acme-dev"];
    for (env, args) in [
        (vec![], [&missing[..], &["--error-format", "json"]].concat()),
        (vec![], [&["--error-format=json"][..], &missing].concat()),
        (vec![("ATMOS_ERROR_FORMAT", "json")], missing.to_vec()),
    ] {
        let outcome = sandbox.atmos_with(&env, &args).exits(1);
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
        assert!(error["message"].as_str().unwrap().contains("vpd"), "{error}");
        assert_eq!(error["exit_code"], 1);
        assert!(error["code"].as_str().unwrap().starts_with("atmos::"), "{error}");
        assert!(error["hints"].is_array() && error["title"].is_string(), "{error}");
    }
    // Lines that are not understood at all, and configurations that cannot be read.
    for args in [&["list", "stacks", "--nope", "--error-format=json"][..], &["lst", "--error-format", "json"]] {
        let outcome = sandbox.atmos(args).exits(1);
        let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
        assert_eq!(error["exit_code"], 1, "{outcome}");
    }
    sandbox.write("stacks/orgs/dev.yaml", "vars:\n  a: [\n");
    sandbox.write("stacks/orgs/prod.yaml", "vars:\n  a: [\n");
    let outcome = sandbox.atmos(&["list", "stacks", "--error-format=json"]).exits(1);
    let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert!(error["places"][0].as_str().unwrap().starts_with("stacks/orgs/dev.yaml:"), "{error}");
    sandbox.atmos(&["list", "stacks", "--error-format=xml"]).exits(1).says("invalid format \"xml\"");
}

#[test]
fn logs_are_json_when_asked_for() {
    let sandbox = Sandbox::scenario("inspect");
    let env = [("ATMOS_LOGS_FORMAT", "json"), ("ATMOS_LOGS_LEVEL", "Debug")];
    let outcome = sandbox.atmos_with(&env, &["list", "stacks"]).success();
    let first = outcome.stderr.lines().next().unwrap();
    let record: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(record["level"], "debug", "{record}");
    assert!(record["message"].as_str().unwrap().contains("logs-level"), "{record}");
}

#[test]
fn help_has_groups_examples_and_three_sizes() {
    let sandbox = Sandbox::scenario("inspect");
    let short = sandbox.atmos(&["describe", "component", "--help"]).success();
    assert!(short.stdout.contains("USAGE") && short.stdout.contains("FLAGS:"), "{short}");
    assert!(short.stdout.contains("EXAMPLES:\n  $ atmos describe component vpc -s prod\n"), "{short}");
    assert!(!short.stdout.contains("--logs-level") && short.stdout.contains("`--help=all`"), "{short}");
    let all = sandbox.atmos(&["describe", "component", "--help=all"]).success();
    assert!(all.stdout.contains("GLOBAL FLAGS:") && all.stdout.contains("--logs-level"), "{all}");
    let usage = sandbox.atmos(&["describe", "component", "--help=usage"]).success();
    assert!(usage.stdout.contains("EXAMPLES:") && !usage.stdout.contains("FLAGS:"), "{usage}");
    let variable = sandbox.atmos_with(&[("ATMOS_HELP_FILTER", "false")], &["list", "--help"]).success();
    assert!(variable.stdout.contains("GLOBAL FLAGS:"), "{variable}");
    assert!(sandbox.atmos(&["--help"]).success().stdout.contains("BUILT-IN COMMANDS:"));
}

#[test]
fn documents_have_colours_at_a_terminal_alone() {
    let sandbox = Sandbox::scenario("inspect");
    let shown = |env: &[(&str, &str)], words: &[&str]| {
        let mut command = sandbox.atmos_command(words);
        command.envs(env.iter().copied());
        let (code, seen) = Terminal::start(command).finish();
        assert_eq!(code, 0, "{seen}");
        seen
    };
    let json = ["describe", "component", "vpc", "-s", "acme-dev", "-f", "json"];
    let key = "\u{1b}[36m\"vars\"\u{1b}[0m: {";
    assert!(shown(&[], &json).contains(key));
    let yaml = shown(&[], &["describe", "component", "vpc", "-s", "acme-dev"]);
    // Where the values come from stands beside them.
    assert!(yaml.contains("\u{1b}[36mvars\u{1b}[0m:") && yaml.contains("\u{1b}[90m# "), "{yaml}");
    assert!(shown(&[], &["describe", "stacks"]).contains("\u{1b}[36macme-dev\u{1b}[0m:"));
    let themed = shown(&[("ATMOS_THEME", "Dracula")], &json);
    assert!(themed.contains("\u{1b}[38;2;189;147;249m\"vars\"\u{1b}[0m"), "{themed}");
    assert!(!shown(&[("NO_COLOR", "1")], &json).contains('\u{1b}'));
    let piped = sandbox.atmos_with(&[("ATMOS_FORCE_COLOR", "true")], &json).success();
    assert!(!piped.stdout.contains('\u{1b}'), "{piped}");
    let config = sandbox.read("atmos.yaml");
    sandbox
        .write("atmos.yaml", &format!("{config}settings: {{terminal: {{syntax_highlighting: {{enabled: false}}}}}}\n"));
    assert!(!shown(&[], &json).contains('\u{1b}'));
}

#[test]
fn unknown_themes_are_told_of_where_colours_are_seen() {
    let sandbox = Sandbox::scenario("inspect");
    let list = |colour: &'static str| {
        sandbox.atmos_with(&[("ATMOS_THEME", "dracla"), ("ATMOS_FORCE_COLOR", colour)], &["list", "stacks"]).success()
    };
    list("true").says("there is no theme 'dracla'").says("did you mean `Dracula`?");
    list("false").says_not("theme");
}

#[test]
fn mistyped_names_are_answered_with_near_ones() {
    let sandbox = Sandbox::scenario("inspect");
    for (line, said) in [
        (&["descrbe"][..], "did you mean `describe`?"),
        (&["describe", "componnet"], "did you mean `component`?"),
        (&["list", "stacks", "--fromat", "json"], "--format"),
        (&["describe", "component", "vpd", "-s", "acme-dev"], "vpc"),
        (&["describe", "component", "vpc", "-s", "acme-dve"], "acme-dev"),
        (&["terraform", "plan", "vpd", "-s", "acme-dev"], "vpc"),
        (&["workflow", "deplyo"], "deploy"),
        (&["completion", "bsh"], "did you mean `bash`?"),
    ] {
        sandbox.atmos(line).exits(1).says(said);
    }
}

#[test]
fn colour_obeys_all_four_switches() {
    let sandbox = Sandbox::scenario("inspect");
    let shown = |env: &[(&str, &str)], more: &[&str]| {
        let outcome =
            sandbox.atmos_with(env, &[&["describe", "component", "vpd", "-s", "acme-dev"][..], more].concat());
        outcome.exits(1).stderr.contains('\u{1b}')
    };
    for (env, more, expected) in [
        (&[][..], &[][..], false),
        (&[("CI", "true")], &[], false),
        (&[("CLICOLOR_FORCE", "1")], &[], true),
        (&[("ATMOS_FORCE_COLOR", "true")], &[], true),
        (&[], &["--force-color"], true),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], &[], false),
        (&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], &[], false),
        (&[("CLICOLOR_FORCE", "1")], &["--no-color"], false),
    ] {
        assert_eq!(shown(env, more), expected, "{env:?} {more:?}");
    }
}

#[test]
fn themes_colour_what_is_said() {
    let sandbox = Sandbox::scenario("no-auth");
    let line = ["validate", "stacks", "--force-color"];
    let plain = sandbox.atmos(&line);
    assert!(plain.stderr.contains("\u{1b}[32m✓\u{1b}[0m"), "{plain}");
    let dracula = sandbox.atmos_with(&[("ATMOS_THEME", "dracula")], &line);
    assert!(dracula.stderr.contains("\u{1b}[38;2;80;250;123m✓\u{1b}[0m"), "{dracula}");
}

#[test]
fn long_data_goes_through_a_pager_on_a_terminal_only() {
    let sandbox = Sandbox::scenario("inspect");
    sandbox.write("pager", "#!/bin/sh\necho PAGED\ncat >/dev/null\n");
    let pager = format!("sh {}", sandbox.repo().join("pager").display());
    let command = |more: &[&str]| {
        let mut command = sandbox.atmos_command(&[&["describe", "stacks"][..], more].concat());
        command.env("ATMOS_PAGER", &pager);
        command
    };
    let (code, seen) = Terminal::start(command(&[])).finish();
    assert!(code == 0 && seen.contains("PAGED") && !seen.contains("acme-dev"), "{seen}");
    for more in [&["--pager=false"][..], &["--stack", "nope"]] {
        let (_, seen) = Terminal::start(command(more)).finish();
        assert!(!seen.contains("PAGED"), "{seen}");
    }
    let piped = sandbox.atmos_with(&[("ATMOS_PAGER", &pager)], &["describe", "stacks"]).success();
    assert!(!piped.stdout.contains("PAGED"), "{piped}");
}
