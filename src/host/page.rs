//! Web pages in the browser of the user.

use std::io;
use std::process::Stdio;

use super::Env;

/// Opens an address with the first program that the system has for it, and does not wait. The browser may live for days:
/// it gets the environment that children get, and a process group of its own.
///
/// # Errors
/// No program can be started.
pub fn open_page(env: &Env, url: &str) -> io::Result<()> {
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for mut command in open::commands(url) {
        command.env_clear().envs(env.iter());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        match command.spawn() {
            Ok(_) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_browser_gets_the_environment_without_passwords() {
        let temp = tempfile::tempdir().unwrap();
        let (program, log) = (temp.path().join("xdg-open"), temp.path().join("log"));
        std::fs::write(
            &program,
            "#!/bin/sh\nexport -p >\"$LOG.new\"\necho \"$1\" >>\"$LOG.new\"\n/bin/mv \"$LOG.new\" \"$LOG\"\n",
        )
        .unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (path, place) = (temp.path().display().to_string(), log.display().to_string());
        let env = Env::from_iter([
            ("PATH", path.as_str()),
            ("LOG", &place),
            ("ATMOS_KEYRING_PASSWORD", "keyring-pw"),
            ("ATMOS_SAML_PASSWORD", "saml-pw"),
            ("DISPLAY", ":7"),
        ]);
        open_page(&env, "https://portal.test/x").unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !log.exists() {
            assert!(Instant::now() < deadline, "nothing was opened");
            std::thread::yield_now();
        }
        let seen = std::fs::read_to_string(&log).unwrap();
        assert!(seen.contains(":7") && seen.contains("https://portal.test/x"), "{seen}");
        assert!(!seen.contains("keyring-pw") && !seen.contains("saml-pw"), "{seen}");
    }
}
