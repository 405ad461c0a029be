//! A real Secret Service: a message bus of its own and an unlocked gnome-keyring.

use std::io::Write as _;
use std::process::Stdio;
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
        let folder = sandbox.root().join("bus");
        std::fs::create_dir_all(folder.join("home")).expect("a new folder");
        let socket = folder.join("bus");
        let address = format!("unix:path={}", socket.display());
        // Names no service directory: the system's session would start a locked keyring and a password prompt by itself.
        let settings = format!(
            "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context=\"default\"><allow send_destination=\"*\"/><allow own=\"*\"/><allow receive_sender=\"*\"/></policy>
</busconfig>"
        );
        let file = folder.join("bus.conf");
        std::fs::write(&file, settings).expect("a new file");
        let mut command = Background::command(&parts::program("dbus-daemon"));
        command.args(["--nofork", "--nopidfile"]).arg(format!("--config-file={}", file.display()));
        let mut bus = Background::start("dbus-daemon", command);
        wait_until("the message bus listens", Duration::from_secs(20), || {
            bus.assert_alive();
            socket.exists().then_some(())
        });
        sandbox.set("DBUS_SESSION_BUS_ADDRESS", &address);

        let mut command = Background::command(&parts::program("gnome-keyring-daemon"));
        command.args(["--foreground", "--unlock", "--components=secrets"]).stdin(Stdio::piped());
        command.arg(format!("--control-directory={}", folder.join("control").display()));
        command.env("HOME", folder.join("home")).env("XDG_RUNTIME_DIR", &folder);
        command.env("DBUS_SESSION_BUS_ADDRESS", &address);
        let mut keyring = Background::start("gnome-keyring-daemon", command);
        let mut stdin = keyring.child().stdin.take().expect("a pipe");
        stdin.write_all(b"keyring").expect("the keyring reads its password");
        drop(stdin);
        wait_until("the secret service answers", Duration::from_secs(20), || {
            keyring.assert_alive();
            let mut lookup = sandbox.command(parts::program("secret-tool"));
            // Ends with 1 and says nothing when there is no such item, which is an answer.
            let asked = lookup.args(["lookup", "nothing", "here"]).output().ok()?;
            asked.stderr.is_empty().then_some(())
        });
        SecretService { _keyring: keyring, _bus: bus }
    }
}
