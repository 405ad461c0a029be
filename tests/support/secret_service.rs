//! A real Secret Service: a message bus of its own and an unlocked gnome-keyring.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::background::{Background, wait_until};
use super::{Sandbox, parts};

/// Bus and keyring of one test; the sandbox gets the address of the bus.
pub(crate) struct SecretService {
    _keyring: Background,
    _bus: Background,
}

impl SecretService {
    pub(crate) fn start(sandbox: &mut Sandbox) -> SecretService {
        let socket = sandbox.runtime().join("bus");
        let address = format!("unix:path={}", socket.display());
        let mut command = command(sandbox, "dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", &format!("--address={address}")]);
        let mut bus = Background::start("dbus-daemon", &mut command);
        wait_until("the message bus listens", Duration::from_secs(20), || {
            bus.assert_alive();
            socket.exists().then_some(())
        });
        sandbox.set("DBUS_SESSION_BUS_ADDRESS", &address);

        let mut command = self::command(sandbox, "gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]).stdin(Stdio::piped());
        let mut keyring = Background::start("gnome-keyring-daemon", &mut command);
        let mut stdin = keyring.child().stdin.take().expect("a pipe");
        stdin.write_all(b"keyring").expect("the keyring reads its password");
        drop(stdin);
        wait_until("the secret service answers", Duration::from_secs(20), || {
            keyring.assert_alive();
            // Ends with 1 and says nothing when there is no such item, which is an answer.
            let asked = self::command(sandbox, "secret-tool")
                .args(["lookup", "nothing", "here"])
                .stderr(Stdio::piped())
                .output()
                .ok()?;
            asked.stderr.is_empty().then_some(())
        });
        SecretService { _keyring: keyring, _bus: bus }
    }
}

fn command(sandbox: &Sandbox, name: &str) -> Command {
    let mut command = sandbox.command(parts::program(name));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}
