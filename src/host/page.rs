//! Web pages in the browser of the user: the one place that opens any.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};

use super::Host;
use crate::diag::Warning;

/// Names the program that pages are opened with.
pub const BROWSER_VARIABLE: &str = "ATMOS_BROWSER";

/// Opens an address and does not wait: with the program that `named` or else `ATMOS_BROWSER` names; without one with the
/// first that the system has for it, on Linux those of `BROWSER` before the desktop's own.
///
/// A program that somebody named and that cannot be started is a warning: another browser may be signed in as somebody
/// else.
///
/// # Errors
/// No program can be started.
pub fn open_page(host: &Host, named: Option<&str>, url: &str) -> io::Result<()> {
    let by = if named.is_some() { "the configuration" } else { BROWSER_VARIABLE };
    if let Some(program) = named.or_else(|| host.env.get(BROWSER_VARIABLE)) {
        return start_browser(host, program, [url]).inspect_err(|error| {
            let message =
                format!("the browser `{}`, which {by} names, cannot be started: {error}", program.escape_debug());
            let help = "name a program that takes an address, or open the address yourself";
            host.talk.warn(Warning::new("atmos::browser", message).help(help));
        });
    }
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for command in of_variable(host, url).into_iter().chain(open::commands(url)) {
        match start(host, command) {
            Ok(()) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Starts a browser with words of its own, and does not wait.
///
/// # Errors
/// It cannot be started.
pub fn start_browser<W: AsRef<OsStr>>(
    host: &Host,
    program: &str,
    words: impl IntoIterator<Item = W>,
) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the one place that starts browsers")]
    let mut command = Command::new(program);
    command.args(words);
    start(host, command)
}

/// The browser may live for days: it gets the environment that children get, and a process group of its own.
fn start(host: &Host, mut command: Command) -> io::Result<()> {
    command.env_clear().envs(host.env.iter()).current_dir(&host.cwd);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map(drop)
}

/// The commands of `BROWSER`, as the tools of Linux read it: several with colons between, `%s` for the address, which
/// otherwise follows.
#[cfg(all(unix, not(target_os = "macos")))]
fn of_variable(host: &Host, url: &str) -> Vec<Command> {
    let written = host.env.get("BROWSER").unwrap_or_default().split(':');
    let commands = written.filter_map(|one| {
        let words = shell_words::split(one).ok()?;
        let (program, words) = words.split_first()?;
        #[expect(clippy::disallowed_methods, reason = "the one place that starts browsers")]
        let mut command = Command::new(program);
        command.args(words.iter().map(|word| word.replace("%s", url)));
        if !words.iter().any(|word| word.contains("%s")) {
            command.arg(url);
        }
        Some(command)
    });
    commands.collect()
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn of_variable(_host: &Host, _url: &str) -> Vec<Command> {
    Vec::new()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::super::testing;
    use super::*;
    use crate::host::Env;

    /// A program that writes its environment and its words down.
    fn browser(folder: &Path, name: &str) {
        let program = folder.join(name);
        std::fs::write(
            &program,
            format!(
                "#!/bin/sh\nexport -p >\"$LOG.new\"\necho \"{name} $*\" >>\"$LOG.new\"\n/bin/mv \"$LOG.new\" \"$LOG\"\n"
            ),
        )
        .unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the browser wrote down that was opened.
    fn opened(folder: &Path, variables: &[(&str, &str)], named: Option<&str>) -> String {
        let log = folder.join("log");
        let (path, place) = (folder.display().to_string(), log.display().to_string());
        let fixed = [("PATH", path.as_str()), ("LOG", &place)];
        let env: Env = fixed.into_iter().chain(variables.iter().copied()).collect();
        open_page(&testing::host(folder, env), named, "https://portal.test/x").unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !log.exists() {
            assert!(Instant::now() < deadline, "nothing was opened");
            std::thread::yield_now();
        }
        let seen = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        seen
    }

    #[test]
    fn a_browser_gets_the_environment_without_passwords() {
        let temp = tempfile::tempdir().unwrap();
        browser(temp.path(), "xdg-open");
        browser(temp.path(), "mine");
        let passwords =
            [("ATMOS_KEYRING_PASSWORD", "keyring-pw"), ("ATMOS_SAML_PASSWORD", "saml-pw"), ("DISPLAY", ":7")];
        for named in [None, Some("mine")] {
            let seen = opened(temp.path(), &passwords, named);
            assert!(seen.contains(":7") && seen.contains("https://portal.test/x"), "{seen}");
            assert!(!seen.contains("keyring-pw") && !seen.contains("saml-pw"), "{seen}");
        }
    }

    #[test]
    fn the_program_is_the_one_that_was_named_last() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["xdg-open", "mine", "of setting", "one", "two"] {
            browser(temp.path(), name);
        }
        let mine = ("ATMOS_BROWSER", "mine");
        for (variables, named, expected) in [
            (vec![], None, "xdg-open https://portal.test/x"),
            (vec![mine, ("BROWSER", "one")], None, "mine https://portal.test/x"),
            (vec![mine], Some("of setting"), "of setting https://portal.test/x"),
            (vec![("ATMOS_BROWSER", ""), ("BROWSER", "one:two")], None, "one https://portal.test/x"),
            (vec![("BROWSER", "gone:two --new 'a b' --at=%s -q")], None, "two --new a b --at=https://portal.test/x -q"),
            (vec![("BROWSER", "gone: ::'")], None, "xdg-open https://portal.test/x"),
        ] {
            let seen = opened(temp.path(), &variables, named);
            assert_eq!(seen.lines().last(), Some(expected), "{variables:?}");
        }
    }

    #[test]
    fn a_named_program_that_is_missing_is_said_and_nothing_else_opened() {
        let temp = tempfile::tempdir().unwrap();
        browser(temp.path(), "xdg-open");
        let path = temp.path().display().to_string();
        let env = Env::from_iter([("PATH", path.as_str()), ("ATMOS_BROWSER", "gone"), ("BROWSER", "xdg-open")]);
        let host = testing::host(temp.path(), env);
        open_page(&host, None, "https://portal.test/x").unwrap_err();
        assert!(!temp.path().join("log").exists());
    }
}
