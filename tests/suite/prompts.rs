//! A question is open at a terminal, and somebody ends the program: the terminal is the person's again, as it was.

use std::process::Command;

use rustix::process::Signal;

use crate::support::{Cloud, Sandbox, Terminal, signal};

/// The program in a shell that says its process first, its exit status and the settings of the terminal at the end.
fn in_a_shell(sandbox: &Sandbox, args: &[&str]) -> Terminal {
    let script = r#"stty sane; sh -c 'echo "pid=$$;"; exec "$@"' sh "$@"; echo "code=$?;"; stty -a; echo "done;""#;
    let mut command: Command = sandbox.command("/bin/sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_atmos")]).args(args).env("BROWSER", "/bin/true");
    Terminal::start(command)
}

/// Sends the signal while the question is open, and looks at what is left.
#[track_caller]
fn ended(sandbox: &Sandbox, args: &[&str], question: &str, wanted: Signal, code: i32) {
    let mut terminal = in_a_shell(sandbox, args);
    let pid = terminal.expect("pid=[0-9]+;");
    let pid: u32 = pid.trim_start_matches("pid=").trim_end_matches(';').parse().unwrap();
    terminal.expect(question);
    signal(pid, wanted);
    terminal.expect("code=");
    let status = terminal.expect("[0-9]+;");
    assert_eq!(status, format!("{code};"), "{args:?} {wanted:?}");
    let settings = terminal.expect("(?s)cs8.*done;");
    let (_, seen) = terminal.finish();
    for flag in ["echo", "icanon", "isig", "icrnl", "opost"] {
        let is_on = settings.split_whitespace().any(|word| word.trim_end_matches(';') == flag);
        assert!(is_on, "{flag} after {args:?} {wanted:?}: {settings}");
    }
    let after = &seen[seen.rfind("\u{1b}[?2004h").expect("pasted text is marked while a question is open")..];
    assert!(after.contains("\u{1b}[?2004l") && after.contains("\u{1b}[?25h"), "{seen:?}");
    assert!(!seen.contains("Error") && !seen.contains("panicked"), "{seen}");
}

#[test]
fn a_signal_at_a_question_before_anything_listens_leaves_a_usable_terminal() {
    let sandbox = Sandbox::of_stack("vars: {stage: dev}\ncomponents: {terraform: {app: {vars: {a: 1}}}}\n");
    sandbox.write("profiles/dev/x.yaml", "logs: {level: Info}\n");
    sandbox.write("profiles/other/x.yaml", "logs: {level: Info}\n");
    for (wanted, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        ended(&sandbox, &["describe", "config", "--profile"], "Choose a profile", wanted, code);
    }
}

#[test]
fn a_signal_at_the_question_of_a_step_ends_the_workflow() {
    let sandbox = Sandbox::of_stack("vars: {stage: dev}\ncomponents: {terraform: {app: {vars: {a: 1}}}}\n");
    let steps = "commands:\n  - name: release\n    steps:\n      - {name: v, type: input, prompt: Version?}\n      - echo never\n";
    sandbox.write("atmos.d/release.yaml", steps);
    for (wanted, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        ended(&sandbox, &["release"], "Version\\?", wanted, code);
    }
}

#[test]
fn a_signal_at_the_password_of_the_keyring_ends_logins_and_runs() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("network-admin").success();
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    let login = ["auth", "login", "--no-browser", "-i", "data-admin"];
    let plan = ["terraform", "plan", "vpc", "-s", "dev"];
    for (args, wanted, code) in [
        (&login[..], Signal::TERM, 143),
        (&login, Signal::HUP, 129),
        (&plan, Signal::TERM, 143),
        (&plan, Signal::INT, 130),
    ] {
        ended(&cloud.sandbox, args, "(?i)password", wanted, code);
    }
    cloud.assert_clean();
}

/// What is typed at a question still answers it, and what ends it still ends it.
#[test]
fn a_question_is_answered_and_left_as_ever() {
    let sandbox = Sandbox::of_stack("vars: {stage: dev}\ncomponents: {terraform: {app: {vars: {a: 1}}}}\n");
    sandbox.write("profiles/dev/x.yaml", "logs: {level: Info}\n");
    sandbox.write("profiles/other/x.yaml", "components: {terraform: {command: chosen-one}}\n");
    let words = ["describe", "config", "--profile"];
    let mut terminal = Terminal::start(sandbox.atmos_command(&words));
    terminal.expect("Choose a profile");
    // Down, then Enter.
    terminal.press("\u{1b}[B\r");
    let (code, seen) = terminal.finish();
    assert!(code == 0 && seen.contains("chosen-one"), "{code} {seen}");
    let mut terminal = Terminal::start(sandbox.atmos_command(&words));
    terminal.expect("Choose a profile");
    terminal.press("\u{3}");
    assert_eq!(terminal.finish().0, 1);
}

/// Every question goes by way of the one place that puts the terminal back.
#[test]
fn no_prompt_is_opened_elsewhere() {
    let source = crate::support::repository().join("src");
    for path in Sandbox::files_below(&source) {
        let text = std::fs::read_to_string(source.join(&path)).unwrap();
        let is_the_place = path.ends_with("host/prompt.rs") || path.ends_with("host/put_back.rs");
        for (at, _) in text.match_indices("prompt()").filter(|_| !is_the_place) {
            // A closure that is given to it may be some lines long.
            let before: Vec<&str> = text[..at].lines().rev().take(12).collect();
            let is_asked = text[at..].starts_with("prompt()")
                && before.iter().any(|line| line.contains("ask(") || line.contains("ask ="));
            let is_a_fact = text[..at].ends_with("can_") || text[..at].ends_with("may_");
            assert!(is_asked || is_a_fact, "{}: {}", path.display(), before[0]);
        }
    }
}
