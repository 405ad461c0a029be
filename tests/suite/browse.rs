//! The full-screen browser in a real terminal.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Sandbox, Terminal, Tmux, signal, wait_until};

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::scenario("inspect");
    sandbox.record(&["TERRAFORM"]);
    sandbox
}

fn start(sandbox: &Sandbox) -> Tmux<'_> {
    Tmux::start(sandbox, env!("CARGO_BIN_EXE_atmos"), 120, 30)
}

#[test]
fn stacks_components_and_values_with_their_places() {
    let sandbox = sandbox();
    let tmux = start(&sandbox);
    tmux.shows(&["Stacks", "Components", "Values", "2 stacks", "vars.", ".yaml:"]);
    // A component by its name, in the stack that is named beside it.
    tmux.press(&["f"]);
    tmux.shows(&["Find"]);
    tmux.press(&["vpc prod", "Enter"]);
    tmux.shows(&["Enter commands"]);
    tmux.press(&["Right", "/"]);
    tmux.press(&["cidr", "Enter", "Enter"]);
    let page = tmux.shows(&["vars.cidr", "set at", "catalog/vpc.yaml:"]);
    assert!(page.contains("strategy"), "{page}");
    tmux.press(&["Escape"]);
    tmux.shows(&["Enter explain"]);
    tmux.press(&["?"]);
    tmux.shows(&["one line", "Ctrl-Z"]);
    tmux.press(&["q", "q"]);
    let (status, screen) = tmux.finish();
    assert_eq!(status, "0", "{screen}");
    assert!(!screen.contains("Stacks"), "the screen is given back\n{screen}");
    assert_eq!(tmux.fact("#{alternate_on}"), "0");
}

#[test]
fn a_command_runs_on_the_ordinary_screen_and_leads_back() {
    let mut sandbox = sandbox();
    sandbox.set("STUB_EXIT_PLAN", "3");
    let tmux = start(&sandbox);
    tmux.shows(&["2 stacks"]);
    tmux.press(&["f"]);
    tmux.press(&["vpc dev", "Enter", "p"]);
    let screen =
        tmux.shows(&["▶ atmos terraform plan vpc -s acme-dev", "the stub says plan", "exit status 3. Enter: back"]);
    assert!(!screen.contains("Components"), "{screen}");
    assert!(sandbox.calls().iter().any(|call| call.starts_with("plan ")));
    tmux.press(&["Enter"]);
    // The cursor is where it was.
    tmux.shows(&["Components", "Enter commands", "vars."]);
    tmux.press(&["Enter"]);
    tmux.shows(&["terraform destroy", "validate component"]);
    tmux.press(&["p"]);
    tmux.shows(&["exit status 3."]);
    // Who leaves right after a command gets its status.
    tmux.press(&["q"]);
    let (status, _) = tmux.finish();
    assert_eq!(status, "3");
}

#[test]
fn another_size_is_another_picture() {
    let sandbox = sandbox();
    let tmux = start(&sandbox);
    tmux.shows(&["Stacks", "Components", "Values"]);
    tmux.resize(70, 20);
    let narrow = tmux.shows(&["Stacks", "Components", "? keys"]);
    assert!(!narrow.contains(" Values "), "{narrow}");
    tmux.resize(20, 5);
    tmux.shows(&["too small"]);
    tmux.resize(130, 40);
    tmux.shows(&["Stacks", "Components", "Values", "q quit"]);
    tmux.press(&["C-c"]);
    assert_eq!(tmux.finish().0, "0");
}

#[test]
fn no_color_leaves_only_bold_dim_and_reversed() {
    let mut sandbox = sandbox();
    // Cyan of the terminal: headings, and the frame that keys go to.
    let colours = |painted: &str| painted.contains("[36m") || painted.contains("[38;5;6m");
    {
        let tmux = start(&sandbox);
        tmux.shows(&["2 stacks"]);
        assert!(colours(&tmux.painted()), "{:?}", tmux.painted());
    }
    sandbox.set("NO_COLOR", "1");
    let tmux = start(&sandbox);
    tmux.shows(&["2 stacks"]);
    let painted = tmux.painted();
    let codes = painted
        .split("\u{1b}[")
        .skip(1)
        .filter_map(|piece| piece.split_once('m'))
        .flat_map(|(codes, _)| codes.split(';'));
    let other: Vec<&str> =
        codes.filter(|code| !matches!(*code, "" | "0" | "1" | "2" | "4" | "7" | "39" | "49")).collect();
    assert!(other.is_empty(), "{other:?} in {painted:?}");
    tmux.press(&["q"]);
    assert_eq!(tmux.finish().0, "0");
}

#[test]
fn a_broken_repository_is_explained_on_the_screen() {
    let sandbox = sandbox();
    sandbox.write("stacks/orgs/dev.yaml", "vars: [\n");
    sandbox.write("stacks/orgs/prod.yaml", "vars: [\n");
    let tmux = start(&sandbox);
    tmux.shows(&["The stacks cannot be read", "dev.yaml"]);
    // Mended and read again.
    sandbox.write("stacks/orgs/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {vpc: {vars: {cidr: x}}}}\n");
    tmux.press(&["q", "r"]);
    tmux.shows(&["vars."]);
    tmux.press(&["q"]);
    assert_eq!(tmux.finish().0, "0");
}

#[test]
fn who_ends_the_process_gets_the_terminal_back() {
    let sandbox = sandbox();
    let tmux = start(&sandbox);
    tmux.shows(&["2 stacks"]);
    assert_eq!(tmux.fact("#{alternate_on}"), "1");
    signal(tmux.pid(), Signal::TERM);
    let (status, _) = tmux.finish();
    assert_eq!(status, "143");
    assert_eq!(tmux.fact("#{alternate_on}"), "0");
}

#[test]
fn control_z_gives_the_terminal_to_the_shell_and_fg_comes_back() {
    let sandbox = sandbox();
    let tmux = Tmux::start(&sandbox, "PS1='ready> ' exec bash --norc -i", 120, 30);
    tmux.shows(&["ready>"]);
    tmux.press(&[env!("CARGO_BIN_EXE_atmos"), "Enter"]);
    tmux.shows(&["2 stacks"]);
    tmux.press(&["C-z"]);
    tmux.shows(&["Stopped", "ready>"]);
    tmux.press(&["fg", "Enter"]);
    tmux.shows(&["2 stacks", "q quit"]);
    tmux.press(&["q"]);
    tmux.shows(&["ready>"]);
}

#[test]
fn without_a_screen_there_is_help() {
    let sandbox = sandbox();
    let piped = sandbox.atmos(&[]).success();
    assert!(piped.stdout.contains("USAGE") && !piped.stdout.contains('\u{1b}'), "{piped}");
    let command = |args: &[&str], variable: (&str, &str)| -> Command {
        let mut command = sandbox.atmos_command(args);
        command.env(variable.0, variable.1);
        command
    };
    for (args, variable) in
        [(&["--interactive=false"][..], ("A", "b")), (&[], ("CI", "true")), (&[], ("ATMOS_INTERACTIVE", "false"))]
    {
        let (code, seen) = Terminal::start(command(args, variable)).finish();
        assert!(
            code == 0 && seen.contains("USAGE") && !seen.contains("\u{1b}[?1049h"),
            "{args:?} {variable:?}: {seen}"
        );
    }
    // A terminal that can do nothing.
    let tmux = Tmux::start(&sandbox, &format!("TERM=dumb {}", env!("CARGO_BIN_EXE_atmos")), 100, 60);
    let (status, screen) = tmux.finish();
    assert!(status == "0" && screen.contains("USAGE"), "{screen}");
}

#[test]
fn a_terminal_that_goes_away_ends_it() {
    let sandbox = sandbox();
    let tmux = start(&sandbox);
    tmux.shows(&["2 stacks"]);
    let command = format!("/proc/{}/cmdline", tmux.pid());
    assert!(std::fs::read_to_string(&command).unwrap().contains("atmos"));
    drop(tmux);
    wait_until("the end of the program", Duration::from_secs(20), || {
        std::fs::read_to_string(&command).unwrap_or_default().is_empty().then_some(())
    });
}
