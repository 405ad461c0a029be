//! What makes the next command with the same password quick: the derived key of the file keyring, sealed with the password
//! once more and much more cheaply, in the memory of the kernel. Row 5.
//!
//! Nothing opens without the password, neither here nor in the files. Somebody who runs as the same user can guess
//! passwords against this copy about ten times as fast as against the files, as long as it is there: an hour after its last
//! use, in memory only, never on a disk. `ATMOS_KEYRING_UNLOCK=off` keeps no such copy.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::seal::{self, Cost, Key, NONCE};
use crate::host::{Host, kernel_keys};
use crate::secret::{Expose as _, Secret};
use crate::value::hex;

pub(super) const VARIABLE: &str = "ATMOS_KEYRING_UNLOCK";
/// Words of [`VARIABLE`] by which nothing at all is kept.
const OFF: [&str; 4] = ["off", "false", "0", "no"];
const PREFIX: &str = "atmos:derived:";
/// How long a copy lives after its last use.
const LIFETIME: Duration = Duration::from_hours(1);
/// A few milliseconds and 4 MiB.
const COST: Cost = Cost { memory: 4 * 1024, passes: 1, lanes: 1 };
const SALT: usize = 16;

/// Copies of derived keys, by what they belong to.
#[derive(Debug, Default)]
pub(super) struct Quick {
    /// Those that this process has found or left: once is enough.
    seen: Mutex<BTreeSet<Vec<u8>>>,
}

/// That the user wants nothing to be kept between commands.
pub(super) fn is_off(host: &Host) -> bool {
    host.env.get(VARIABLE).is_some_and(|word| OFF.contains(&word.trim().to_lowercase().as_str()))
}

impl Quick {
    pub(super) fn of(host: &Host) -> Option<Quick> {
        (!is_off(host)).then(Quick::default)
    }

    /// The derived key that belongs to `of`, if it was left for this password. Whatever is wrong, deriving it helps.
    pub(super) fn get(&self, of: &[u8], password: &Secret) -> Option<Key> {
        let content = kernel_keys::get(&name(of)).ok()??;
        let (salt, rest) = content.split_first_chunk::<SALT>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        let key = seal::derive(password.expose_secret().as_bytes(), salt, COST).ok()?;
        let plain = seal::open(&key, nonce, of, sealed)?;
        let key = Key::new(plain.as_slice().try_into().ok()?);
        // That it could not be prolonged costs a derivation later.
        let _ = kernel_keys::prolong(&name(of), LIFETIME);
        self.seen().insert(of.to_vec());
        Some(key)
    }

    /// Leaves a derived key that has opened something for the next command.
    pub(super) fn keep(&self, of: &[u8], password: &Secret, derived: &Key) {
        if !self.seen().insert(of.to_vec()) {
            return;
        }
        let sealed = || {
            let (salt, nonce) = (seal::random::<SALT>().ok()?, seal::random::<NONCE>().ok()?);
            let key = seal::derive(password.expose_secret().as_bytes(), &salt, COST).ok()?;
            let sealed = seal::seal(&key, &nonce, of, derived.as_slice()).ok()?;
            Some([&salt[..], &nonce, &sealed].concat())
        };
        // A kernel without room for it is asked first, so that it costs no derivation.
        let kept = kernel_keys::get(&name(of)).ok().and_then(|_| sealed());
        let kept = kept.is_some_and(|content| kernel_keys::put(&name(of), &content, Some(LIFETIME)).is_ok());
        if !kept {
            tracing::debug!("the kernel keeps no copy of the key of the keyring");
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, BTreeSet<Vec<u8>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets all copies.
pub(super) fn forget_all() -> bool {
    kernel_keys::remove_all(PREFIX).is_ok_and(|count| count > 0)
}

/// That the kernel would keep one.
pub(super) fn is_possible() -> bool {
    kernel_keys::get(PREFIX).is_ok()
}

fn name(of: &[u8]) -> String {
    format!("{PREFIX}{}", hex(&Sha256::digest(of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_opens_with_its_password_only_and_is_left_once() {
        let of = [b"test ".as_slice(), &std::process::id().to_ne_bytes()].concat();
        let (right, wrong) = (Secret::from("right password".to_owned()), Secret::from("wrong password".to_owned()));
        let quick = Quick::default();
        assert!(quick.get(&of, &right).is_none());
        quick.keep(&of, &right, &Key::new([7; 32]));
        if !is_possible() {
            // A kernel without keyrings: then every command derives its key.
            assert!(Quick::default().get(&of, &right).is_none());
            return;
        }
        assert_eq!(*Quick::default().get(&of, &right).unwrap(), [7; 32]);
        assert!(Quick::default().get(&of, &wrong).is_none());
        assert!(Quick::default().get(b"something else", &right).is_none());
        let raw = kernel_keys::get(&name(&of)).unwrap().unwrap();
        assert!(!raw.windows(32).any(|window| window == [7; 32]), "what the kernel holds is sealed");
        // A second one of the same process is not worth a derivation.
        quick.keep(&of, &right, &Key::new([8; 32]));
        assert_eq!(*Quick::default().get(&of, &right).unwrap(), [7; 32]);
        assert!(kernel_keys::remove(&name(&of)).unwrap());
    }
}
