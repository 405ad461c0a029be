//! An ordinary user, for what root is never refused.

use super::Sandbox;

/// Gives the sandbox to an ordinary user if root runs the tests: root can look everywhere. The user's and group's id.
pub(crate) fn ordinary_user(sandbox: &Sandbox) -> (u32, u32) {
    const NOBODY: u32 = 65534;
    let own = (rustix::process::geteuid(), rustix::process::getegid());
    if !own.0.is_root() {
        return (own.0.as_raw(), own.1.as_raw());
    }
    // The program may lie where this user cannot go.
    // By a process of its own: a child that another test forks meanwhile would keep our copy open for writing, and what is
    // open for writing cannot be started.
    let mut copy = std::process::Command::new("cp");
    let copied = copy.arg(env!("CARGO_BIN_EXE_atmos")).arg(sandbox.root().join("atmos")).status().unwrap();
    assert!(copied.success());
    for path in Sandbox::files_below(sandbox.root()) {
        for level in path.ancestors() {
            std::os::unix::fs::lchown(sandbox.root().join(level), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    for folder in ["home", "tmp", "run", "repo"] {
        std::os::unix::fs::chown(sandbox.root().join(folder), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    (NOBODY, NOBODY)
}
