//! Variables that a run or a `terraform shell` has for its own component: an atmos in its hooks, its provisioners or that
//! shell which works on another one must not take them for the user's. Pure.
//!
//! The environment carries a list of them ([`MARK`]), each with a digest of its value, so that what the user has changed since
//! stays his. Names of secrets stand there alone.

use std::borrow::Cow;
use std::ffi::OsStr;

use sha2::{Digest as _, Sha256};

use crate::host::Env;
use crate::value::hex;

/// The variable with the list: `NAME=DIGEST:LENGTH` of each, separated by spaces. The length is that of what the user
/// himself had in the variable, which ours stands behind.
pub const MARK: &str = "ATMOS_SHELL_VARIABLES";

/// Whether terraform does something else because of the variable.
fn steers(name: &str) -> bool {
    matches!(name, "TF_WORKSPACE" | "TF_DATA_DIR")
        || name.starts_with("TF_CLI_ARGS")
        || (name.starts_with("TF_VAR_") && !name.contains(char::is_whitespace))
}

/// Lists in `env` what steers terraform there and is not `before`.
pub fn mark(env: &mut Env, before: &Env, is_secret: impl Fn(&str) -> bool) {
    let mut entries = Vec::new();
    for (name, value) in env.iter() {
        let Some(name) = name.to_str().filter(|name| steers(name)) else { continue };
        let own = before.get_raw(name).map(OsStr::as_encoded_bytes);
        let value = value.as_encoded_bytes();
        if own == Some(value) {
            continue;
        }
        if is_secret(name) {
            entries.push(name.to_owned());
            continue;
        }
        let kept = own.filter(|own| value.starts_with(own)).map_or(0, <[u8]>::len);
        entries.push(format!("{name}={}:{kept}", digest(value)));
    }
    if entries.is_empty() {
        env.remove(MARK);
    } else {
        env.set(MARK, entries.join(" "));
    }
}

/// The environment without what a shell of ours has set; the same where there is none around.
pub fn without(env: &Env) -> Cow<'_, Env> {
    if !env.is_set(MARK) {
        return Cow::Borrowed(env);
    }
    let mut outside = env.clone();
    take_away(&mut outside);
    Cow::Owned(outside)
}

/// Takes away what a shell of ours has set, and gives back what the user had.
pub fn take_away(env: &mut Env) {
    let Some(marked) = env.remove(MARK) else { return };
    for entry in marked.to_string_lossy().split_whitespace() {
        let Some((name, seal)) = entry.split_once('=') else {
            env.remove(entry);
            continue;
        };
        let (seal, kept) = seal.split_once(':').unwrap_or((seal, "0"));
        let Some(value) = env.get_raw(name).map(OsStr::to_os_string) else { continue };
        if digest(value.as_encoded_bytes()) != seal {
            continue;
        }
        let kept = kept.parse().ok().and_then(|kept| value.to_str()?.get(..kept));
        env.change(name, kept.filter(|kept| !kept.is_empty()));
    }
}

/// Enough to tell a value from another one.
fn digest(value: &[u8]) -> String {
    hex(&Sha256::digest(value)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(text: &str) -> Env {
        text.split(';').filter_map(|pair| pair.split_once('=')).collect()
    }

    fn shown(env: &Env) -> String {
        let pairs = env.iter().map(|(name, value)| format!("{}={}", name.display(), value.display()));
        pairs.collect::<Vec<_>>().join(";")
    }

    #[test]
    fn what_the_shell_has_set_goes_and_what_the_user_has_set_stays() {
        for (before, shell, changed, after) in [
            // Nothing of terraform's.
            ("A=1", "A=2", "", "A=2"),
            ("A=1", "A=1;TF_WORKSPACE=dev;TF_CLI_ARGS_plan=-var-file=x;TF_VAR_a=1", "", "A=1"),
            // Ours stands behind the user's.
            ("TF_CLI_ARGS_plan=-x", "TF_CLI_ARGS_plan=-x -var-file=y", "", "TF_CLI_ARGS_plan=-x"),
            // The user's own, before and in the shell.
            (
                "TF_VAR_b=1;TF_CLI_ARGS=-x",
                "TF_VAR_b=1;TF_CLI_ARGS=-x;TF_WORKSPACE=dev",
                "",
                "TF_CLI_ARGS=-x;TF_VAR_b=1",
            ),
            ("", "TF_WORKSPACE=dev;TF_VAR_a=1", "TF_WORKSPACE=mine", "TF_WORKSPACE=mine"),
            ("", "TF_VAR_a=1", "TF_VAR_b=2", "TF_VAR_b=2"),
            // A secret has no digest.
            ("", "TF_VAR_key=secret;TF_DATA_DIR=d", "", ""),
        ] {
            let before = env(before);
            let mut found = env(shell);
            mark(&mut found, &before, |name| name == "TF_VAR_key");
            assert!(!found.get(MARK).unwrap_or_default().contains("key="), "{shell}");
            if let Some((name, value)) = changed.split_once('=') {
                found.set(name, value);
            }
            take_away(&mut found);
            assert_eq!(shown(&found), after, "{shell} {changed}");
        }
    }
}
