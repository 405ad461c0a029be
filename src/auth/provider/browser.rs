//! Opening the portal's page for the user. Row 5.

use super::super::aws::endpoint::check_url;
use crate::host::Host;

/// Opens `url` in the user's browser where there is one to be expected: a terminal, no CI, not switched off by option
/// or `ATMOS_NO_BROWSER`. Failing to is no error, because the address has been shown. True when one was started.
pub fn open(host: &Host, url: &str, switched_off: bool) -> bool {
    let off = host.env.get("ATMOS_NO_BROWSER").is_some_and(|value| !matches!(value, "false" | "0" | "no" | "off"));
    if switched_off || off || host.terminal.ci || !host.terminal.stderr {
        return false;
    }
    // The address came from the network: only a web page may be opened.
    check_url(url).is_ok() && open::that_detached(url).is_ok()
}

#[cfg(test)]
mod tests {
    use crate::host::{Dirs, Env, Host, Terminal};

    #[test]
    fn nothing_is_opened_without_a_person() {
        let host = |terminal: Terminal, env: Env| Host {
            guard: std::sync::Arc::default(),
            dirs: Dirs::from_env(&env),
            env,
            cwd: "/".into(),
            terminal,
            exe: "atmos".into(),
            talk: crate::diag::Talk::silent(),
            masker: std::sync::Arc::default(),
            sources: std::sync::Arc::default(),
        };
        let terminal = Terminal { stderr: true, ..Terminal::default() };
        let none = Env::default();
        assert!(!super::open(&host(Terminal::default(), none.clone()), "https://x", false));
        assert!(!super::open(&host(Terminal { ci: true, ..terminal }, none.clone()), "https://x", false));
        assert!(!super::open(&host(terminal, none.clone()), "https://x", true));
        assert!(!super::open(&host(terminal, Env::from_iter([("ATMOS_NO_BROWSER", "1")])), "https://x", false));
        assert!(!super::open(&host(terminal, none), "file:///etc/passwd", false));
    }
}
