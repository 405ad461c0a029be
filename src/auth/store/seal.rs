//! Authenticated encryption and key derivation, in the few forms that are needed here. Row 5.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Error;
use crate::value::hex;

/// A 256-bit key, zeroed when it goes.
pub(in crate::auth) type Key = Zeroizing<[u8; 32]>;
/// Long enough to be chosen at random for every message.
pub(in crate::auth) const NONCE: usize = 24;

/// Random bytes of the operating system.
pub(in crate::auth) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Random { reason: error.to_string() })?;
    Ok(bytes)
}

/// A name that nobody can guess: 128 random bits in hexadecimal digits.
///
/// # Errors
/// The system has no random bytes.
pub fn random_name() -> Result<String, Error> {
    Ok(hex(&random::<16>()?))
}

/// Encrypts `plain` so that it opens only together with the same `context`.
pub(in crate::auth) fn seal(key: &Key, nonce: &[u8; NONCE], context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
    let cipher = XChaCha20Poly1305::new(&(**key).into());
    cipher.encrypt(&XNonce::from(*nonce), Payload { msg: plain, aad: context }).map_err(|_| Error::Seal)
}

/// Decrypts; `None` when key, nonce, context or content are not what was sealed.
pub(in crate::auth) fn open(
    key: &Key,
    nonce: &[u8; NONCE],
    context: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = XChaCha20Poly1305::new(&(**key).into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: context }).ok().map(Zeroizing::new)
}

/// Cost of a derivation: memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::auth) struct Cost {
    pub(in crate::auth) memory: u32,
    pub(in crate::auth) passes: u32,
    pub(in crate::auth) lanes: u32,
}

impl Cost {
    /// The least that OWASP recommends for argon2id: a warm command derives once, and should not be felt.
    pub(in crate::auth) const STANDARD: Cost = Cost { memory: 19 * 1024, passes: 2, lanes: 1 };

    /// That a file does not ask for absurd amounts of memory or time.
    pub(in crate::auth) fn is_sane(self) -> bool {
        self.memory <= 1024 * 1024 && (1..=64).contains(&self.passes) && (1..=64).contains(&self.lanes)
    }
}

/// Derives a key from a password with argon2id.
pub(in crate::auth) fn derive(password: &[u8], salt: &[u8; 16], cost: Cost) -> Result<Key, Error> {
    let failed = |error: argon2::Error| Error::Derive { reason: error.to_string() };
    let params = argon2::Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(failed)?;
    let mut key = Key::default();
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(password, salt, key.as_mut_slice())
        .map_err(failed)?;
    Ok(key)
}

/// Name of the file of an entry: the hash of the entry's name in 64 hex digits.
pub(in crate::auth) fn file_name(name: &str) -> String {
    hex(&Sha256::digest(name.as_bytes()))
}

/// That a file name has the form of [`file_name`].
pub(in crate::auth) fn is_file_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_needs_the_same_key_nonce_context_and_content() {
        let (key, nonce) = (Key::new([1; 32]), [2; NONCE]);
        let sealed = seal(&key, &nonce, b"context", b"plain").unwrap();
        assert_eq!(open(&key, &nonce, b"context", &sealed).unwrap().as_slice(), b"plain");
        assert!(open(&Key::new([9; 32]), &nonce, b"context", &sealed).is_none());
        assert!(open(&key, &[9; NONCE], b"context", &sealed).is_none());
        assert!(open(&key, &nonce, b"other", &sealed).is_none());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(open(&key, &nonce, b"context", &changed).is_none());
        }
    }

    #[test]
    fn derive_depends_on_password_salt_and_cost() {
        let cheap = Cost { memory: 16, passes: 1, lanes: 1 };
        let key = derive(b"password", &[0; 16], cheap).unwrap();
        assert_eq!(*key, *derive(b"password", &[0; 16], cheap).unwrap());
        assert_ne!(*key, *derive(b"passwore", &[0; 16], cheap).unwrap());
        assert_ne!(*key, *derive(b"password", &[1; 16], cheap).unwrap());
        assert_ne!(*key, *derive(b"password", &[0; 16], Cost { passes: 2, ..cheap }).unwrap());
    }

    #[test]
    fn file_name_is_a_hash() {
        assert_eq!(file_name(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert!(is_file_name(&file_name("a/b")));
        assert!(!is_file_name("lock"));
        assert!(!is_file_name(&file_name("x").to_uppercase()));
    }
}
