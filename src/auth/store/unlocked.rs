//! By choice: the key of the file keyring between two commands, so that the second one needs no password and derives
//! nothing. Row 5.
//!
//! The derivation is meant to be slow: that is what the password stands on. Whoever asks for it (`ATMOS_KEYRING_UNLOCK`, a
//! duration) has the derived key in a file of `XDG_RUNTIME_DIR`, which ends with the login session, for that long. Until
//! then every program of the same user can open the keyring, those of a run too.

use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::private;
use super::quick::{VARIABLE, is_off};
use super::seal::Key;
use crate::diag::Warning;
use crate::host::{Host, fs, trust};
use crate::value::{DurationForm, hex, parse_duration};

/// Where keys rest, and for how long.
pub(super) struct Unlocked {
    root: PathBuf,
    lifetime: Duration,
}

impl Unlocked {
    /// `None` unless it was asked for, and where the login session has no directory of its own.
    pub(super) fn of(host: &Host) -> Option<Unlocked> {
        if is_off(host) {
            return None;
        }
        let wanted = host.env.get(VARIABLE).map(str::trim).filter(|value| !value.is_empty())?;
        let warn = |message: &str| {
            let warning = Warning::new("atmos::auth::store::unlock", format!("{VARIABLE}={wanted}: {message}"));
            host.talk.warn(warning.help("give a duration such as `8h`, `off`, or leave it away"));
        };
        let Some(lifetime) = parse_duration(wanted, DurationForm::Go).filter(|lifetime| !lifetime.is_zero()) else {
            warn("it is not a duration, and nothing is kept");
            return None;
        };
        let Some(runtime) = &host.dirs.runtime else {
            warn("nothing is kept, because there is no XDG_RUNTIME_DIR");
            return None;
        };
        Some(Unlocked { root: runtime.join("atmos"), lifetime })
    }

    fn path(&self, of: &[u8]) -> PathBuf {
        self.root.join("unlocked").join(hex(&Sha256::digest(of)))
    }

    /// The key that belongs to a salt and a cost, if it is young enough. Whatever is wrong with the file, the password
    /// helps.
    pub(super) fn get(&self, of: &[u8]) -> Option<Key> {
        let path = self.path(of);
        let written = std::fs::metadata(&path).ok()?.modified().ok()?;
        if !written.elapsed().is_ok_and(|age| age < self.lifetime) {
            let _ = fs::remove_file_if_present(&path);
            return None;
        }
        trust::check(path.parent()?).ok()?;
        let content = private::read(&path).ok()??;
        Some(Key::new(content.as_slice().try_into().ok()?))
    }

    /// Keeps a key that has opened something.
    pub(super) fn keep(&self, of: &[u8], key: &Key) {
        let path = self.path(of);
        let kept = path.parent().is_some_and(|directory| trust::private_dir(&self.root, directory).is_ok())
            && fs::write_atomic(&path, key.as_slice(), 0o600).is_ok();
        if !kept {
            tracing::debug!(path = %path.display(), "the key of the keyring is not kept");
        }
    }

    /// Forgets a key.
    pub(super) fn forget(&self, of: &[u8]) {
        let _ = fs::remove_file_if_present(&self.path(of));
    }
}

/// Forgets all keys, whether or not any are asked for now. True when there were some.
pub(super) fn forget_all(host: &Host) -> bool {
    let Some(runtime) = &host.dirs.runtime else { return false };
    std::fs::remove_dir_all(runtime.join("atmos").join("unlocked")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::store::open::tests::host;

    fn unlocked(value: &str, directory: &std::path::Path) -> Option<Unlocked> {
        let mut host = host(directory, &[(VARIABLE, value)]);
        host.dirs.runtime = Some(directory.to_path_buf());
        Unlocked::of(&host)
    }

    #[test]
    fn keys_are_kept_only_when_asked_and_for_as_long_as_asked() {
        let temp = tempfile::tempdir().unwrap();
        assert!(unlocked("", temp.path()).is_none() && unlocked("always", temp.path()).is_none());
        let long = unlocked("8h", temp.path()).unwrap();
        assert!(long.get(b"salt").is_none());
        long.keep(b"salt", &Key::new([7; 32]));
        assert_eq!(*long.get(b"salt").unwrap(), [7; 32]);
        assert!(long.get(b"other salt").is_none());
        let short = unlocked("1ns", temp.path()).unwrap();
        assert!(short.get(b"salt").is_none(), "too old");
        assert!(long.get(b"salt").is_none(), "and gone");
        long.keep(b"salt", &Key::new([7; 32]));
        long.forget(b"salt");
        assert!(long.get(b"salt").is_none());
    }
}
