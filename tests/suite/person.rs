//! A person at a terminal: logs in inside a plan, answers terraform's question, types a password once, changes her mind.

use std::process::Command;

use crate::support::{Cloud, Sandbox, Terminal};

fn command(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.atmos_command(args);
    // Whatever would open a browser: this one does nothing.
    command.env("BROWSER", "/bin/true");
    command
}

/// Waits for the address with the code and presses the button on the page.
fn answer_portal(cloud: &Cloud, terminal: &mut Terminal, decision: &str) {
    let shown = terminal.expect("user_code=[A-Z]{4}-[A-Z]{4}");
    cloud.portal.decide(shown.trim_start_matches("user_code="), decision);
}

#[test]
fn plan_logs_in_when_needed_and_goes_on() {
    let cloud = Cloud::unattended(&[]);
    let mut terminal = Terminal::start(command(&cloud.sandbox, &["terraform", "plan", "vpc", "-s", "dev"]));
    answer_portal(&cloud, &mut terminal, "approve");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("1 to add"), "{seen}");
    assert!(seen.contains("\u{1b}["), "terraform's colours show\n{seen}");
    let wanted = ["vpc", "dev", "network-admin", "333333333333", "process"];
    assert!(seen.lines().any(|line| wanted.iter().all(|word| line.contains(word))), "{wanted:?}\n{seen}");
    let plan = ["terraform", "plan", "vpc", "-s", "dev"];
    let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&plan).success());
    assert_eq!(requests, Vec::<String>::new(), "the login of the first plan is kept");
    cloud.assert_clean();
}

#[test]
fn denial_on_the_page_ends_the_run_before_terraform() {
    let cloud = Cloud::unattended(&[]);
    let mut terminal = Terminal::start(command(&cloud.sandbox, &["terraform", "plan", "vpc", "-s", "dev"]));
    answer_portal(&cloud, &mut terminal, "deny");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("aws sso token creation failed"), "{seen}");
    assert!(!cloud.sandbox.repo().join("components/terraform/vpc/.terraform").exists());
}

#[test]
fn question_of_terraform_reaches_the_person_and_her_answer_terraform() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    for (answer, code, applied) in [("no", 1, false), ("yes", 0, true)] {
        let mut terminal = Terminal::start(command(&cloud.sandbox, &["terraform", "apply", "database", "-s", "dev"]));
        terminal.expect("Enter a value:");
        terminal.type_line(answer);
        let (seen_code, seen) = terminal.finish();
        assert_eq!(seen_code, code, "{seen}");
        assert_eq!(cloud.probe("dev-database").has("finished"), applied, "{seen}");
    }
}

#[test]
fn password_of_the_file_keyring_is_asked_once() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    // The first time it is chosen.
    let mut terminal = Terminal::start(command(&cloud.sandbox, &["auth", "login", "--no-browser", "-i", "data-admin"]));
    terminal.expect("(?i)new password");
    terminal.type_line(Sandbox::KEYRING_PASSWORD);
    terminal.expect("(?i)again");
    terminal.type_line(Sandbox::KEYRING_PASSWORD);
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains(Sandbox::KEYRING_PASSWORD), "the password is not shown\n{seen}");
    cloud.assert_clean();
    // The second time it opens: one question for a whole run over three components.
    let apply = ["terraform", "apply", "--all", "-s", "dev", "--", "-auto-approve"];
    let mut terminal = Terminal::start(command(&cloud.sandbox, &apply));
    terminal.expect("(?i)password");
    terminal.type_line(Sandbox::KEYRING_PASSWORD);
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    assert!(cloud.probe("dev-vpc").caller().contains("NetworkAdmin"));
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1, "the keyring was opened");
    cloud.assert_clean();
}

#[test]
fn interrupt_while_the_portal_is_awaited_ends_the_program() {
    let cloud = Cloud::unattended(&[]);
    let mut terminal = Terminal::start(command(&cloud.sandbox, &["auth", "login", "-i", "data-admin"]));
    terminal.expect("user_code=[A-Z]{4}-[A-Z]{4}");
    terminal.press("\u{3}");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 130, "{seen}");
    cloud.assert_clean();
}

#[test]
fn person_waits_for_the_login_of_another_process_or_ends_the_wait() {
    let cloud = Cloud::unattended(&[]);
    let login = ["auth", "login", "--no-browser", "-i", "data-admin"];
    let mut first = Terminal::start(command(&cloud.sandbox, &login));
    let shown = first.expect("user_code=[A-Z]{4}-[A-Z]{4}");
    let mut impatient = Terminal::start(command(&cloud.sandbox, &login));
    impatient.expect("waiting for another process");
    impatient.press("\u{3}");
    let (code, seen) = impatient.finish();
    assert_eq!(code, 130, "{seen}");
    let mut patient = Terminal::start(command(&cloud.sandbox, &login));
    patient.expect("waiting for another process");
    cloud.portal.decide(shown.trim_start_matches("user_code="), "approve");
    for terminal in [first, patient] {
        let (code, seen) = terminal.finish();
        assert_eq!(code, 0, "{seen}");
    }
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1);
    cloud.assert_clean();
}

#[test]
fn interrupt_during_an_apply_lets_terraform_end() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("PROBE_SLEEP", "60");
    cloud.login("data-admin").success();
    let apply = ["terraform", "apply", "database", "-s", "dev", "--", "-auto-approve"];
    let mut terminal = Terminal::start(command(&cloud.sandbox, &apply));
    terminal.expect("Provisioning with 'local-exec'");
    std::thread::sleep(std::time::Duration::from_secs(2));
    terminal.press("\u{3}");
    terminal.expect("(?i)interrupt");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 130, "{seen}");
    cloud.assert_clean();
}

#[test]
fn identity_without_a_default_is_chosen_from_a_list() {
    let cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml").replace("      default: true\n", "");
    cloud.sandbox.write("atmos.yaml", &settings);
    let mut terminal = Terminal::start(command(&cloud.sandbox, &["auth", "login", "--no-browser"]));
    terminal.expect("data-admin");
    // The list is sorted: the first entry is the one under the cursor.
    terminal.press("\r");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    assert_eq!(cloud.portal.log().last().unwrap()["role"], "DataOps");
}
