//! The scripts of the shells. Each asks `atmos __complete` and does nothing where that fails.

/// Shells that there are scripts for.
pub(in super::super) const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// The script of a shell.
pub(in super::super) fn script(shell: &str) -> Option<&'static str> {
    Some(match shell {
        "bash" => include_str!("scripts/atmos.bash"),
        "zsh" => include_str!("scripts/atmos.zsh"),
        "fish" => include_str!("scripts/atmos.fish"),
        "powershell" => include_str!("scripts/atmos.ps1"),
        _ => return None,
    })
}
