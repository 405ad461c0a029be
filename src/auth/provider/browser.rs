//! Opening the portal's page for the user, and whether the browser that opens is one that the user sees. Row 5.

use super::super::aws::endpoint::check_url;
use crate::host::{Env, Host, open_page};

/// Variables of a shell on another machine than the one that the user sits at.
const REMOTE: [&str; 3] = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"];
/// Variables of Linux inside of Windows, whose browser does not reach a listener in here for sure.
const INSIDE_WINDOWS: [&str; 2] = ["WSL_DISTRO_NAME", "WSL_INTEROP"];
/// Variables of a desktop.
const DISPLAY: [&str; 2] = ["DISPLAY", "WAYLAND_DISPLAY"];

/// A browser of this very machine can be expected, so that it comes back to a listener on 127.0.0.1: somebody reads what
/// is said, there is a desktop, and the shell neither runs on another machine nor in WSL, in CI, or without a browser by
/// choice.
pub(crate) fn is_expected(host: &Host, switched_off: bool) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| host.env.get(name).is_some_and(|value| !value.is_empty()));
    let desktop = cfg!(any(target_os = "macos", target_os = "windows")) || any(&DISPLAY);
    desktop
        && host.terminal.can_show_device_code()
        && !host.terminal.ci
        && !switched_off
        && !is_off(&host.env)
        && !any(&REMOTE)
        && !any(&INSIDE_WINDOWS)
}

fn is_off(env: &Env) -> bool {
    env.get("ATMOS_NO_BROWSER").is_some_and(|value| !matches!(value, "false" | "0" | "no" | "off"))
}

/// Opens `url` in the user's browser where there is one to be expected: a terminal, no CI, not switched off by option
/// or `ATMOS_NO_BROWSER`. Failing to is no error, because the address has been shown. True when one was started.
pub fn open(host: &Host, url: &str, switched_off: bool) -> bool {
    open_with(host, None, url, switched_off)
}

/// The same with the program that a setting names, if one does.
pub(crate) fn open_with(host: &Host, program: Option<&str>, url: &str, switched_off: bool) -> bool {
    // The address came from the network: only a web page may be opened.
    may_open(host, switched_off) && check_url(url).is_ok() && open_page(host, program, url).is_ok()
}

/// Somebody may see what is opened, and wants it.
fn may_open(host: &Host, switched_off: bool) -> bool {
    !(switched_off || is_off(&host.env) || host.terminal.ci || !host.terminal.can_show_device_code())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::host::{Env, Host, Terminal, testing};

    fn host(terminal: Terminal, env: Env) -> Host {
        Host { terminal, ..testing::host(Path::new("/"), env) }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_browser_is_expected_on_a_desktop_only() {
        let seen = Terminal { stderr: true, ..Terminal::default() };
        let ci = Terminal { ci: true, ..seen };
        let forced = Terminal { forced: true, ..Terminal::default() };
        let x11 = ("DISPLAY", ":0");
        for (terminal, variables, expected) in [
            (seen, vec![x11], true),
            (seen, vec![("WAYLAND_DISPLAY", "wayland-0")], true),
            (forced, vec![x11], true),
            (seen, vec![], false),
            (seen, vec![("DISPLAY", "")], false),
            (Terminal::default(), vec![x11], false),
            (ci, vec![x11], false),
            (seen, vec![x11, ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")], false),
            (seen, vec![x11, ("SSH_TTY", "/dev/pts/1")], false),
            (seen, vec![x11, ("WSL_DISTRO_NAME", "Debian")], false),
            (seen, vec![x11, ("ATMOS_NO_BROWSER", "1")], false),
            (seen, vec![x11, ("ATMOS_NO_BROWSER", "false")], true),
        ] {
            let env = Env::from_iter(variables.clone());
            assert_eq!(super::is_expected(&host(terminal, env), false), expected, "{terminal:?} {variables:?}");
        }
        assert!(!super::is_expected(&host(seen, Env::from_iter([x11])), true));
    }

    #[test]
    fn nothing_is_opened_without_a_person() {
        let terminal = Terminal { stderr: true, ..Terminal::default() };
        let none = Env::default();
        assert!(!super::open(&host(Terminal::default(), none.clone()), "https://x", false));
        assert!(!super::open(&host(Terminal { ci: true, ..terminal }, none.clone()), "https://x", false));
        assert!(!super::open(&host(terminal, none.clone()), "https://x", true));
        assert!(!super::open(&host(terminal, Env::from_iter([("ATMOS_NO_BROWSER", "1")])), "https://x", false));
        assert!(!super::open(&host(terminal, none), "file:///etc/passwd", false));
    }
}
