//! The seal around Leapp's workspace: AES-256-CBC with a key that OpenSSL's old derivation makes of the machine's id. It hides the
//! file and protects nothing, since every program of the machine knows the id. It is only opened. Row 5.

use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{BlockCipherDecrypt as _, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::host::md5;
use crate::value::hex;

const BLOCK: usize = 16;
const SALTED: &[u8] = b"Salted__";
const SALT: usize = 8;

/// Whether a text is sealed: base64 of what begins with OpenSSL's mark.
pub(super) fn is_sealed(text: &str) -> bool {
    text.trim_start().starts_with("U2FsdGVkX1")
}

/// The workspace, with the id of the machine as its system gives it, or in the form in which Leapp uses it.
pub(super) fn open(text: &str, machine_id: &str) -> Option<Zeroizing<String>> {
    let sealed = STANDARD.decode(text.split_whitespace().collect::<String>()).ok()?;
    let id = machine_id.trim();
    // The library that Leapp asks gives the hash of the id.
    let hashed = |id: &str| hex(&Sha256::digest(id.as_bytes()));
    let passwords = [id.to_owned(), hashed(id), hashed(&id.to_lowercase())];
    passwords.iter().find_map(|password| with_password(&sealed, password))
}

fn with_password(sealed: &[u8], password: &str) -> Option<Zeroizing<String>> {
    let (salt, content) = sealed.strip_prefix(SALTED)?.split_at_checked(SALT)?;
    if content.is_empty() || content.len() % BLOCK != 0 {
        return None;
    }
    let (key, first) = derived(password.as_bytes(), salt);
    let cipher = Aes256::new_from_slice(&*key).ok()?;
    let mut open = Zeroizing::new(Vec::with_capacity(content.len()));
    let mut before = first;
    for sealed in content.chunks_exact(BLOCK) {
        let sealed: [u8; BLOCK] = sealed.try_into().ok()?;
        let mut block = sealed.into();
        cipher.decrypt_block(&mut block);
        open.extend(block.iter().zip(before).map(|(byte, other)| byte ^ other));
        before = sealed;
    }
    let filled = usize::from(*open.last()?);
    let is_filling =
        (1..=BLOCK).contains(&filled) && open.iter().rev().take(filled).all(|byte| usize::from(*byte) == filled);
    if !is_filling {
        return None;
    }
    let length = open.len() - filled;
    open.truncate(length);
    let text = std::str::from_utf8(&open).ok().filter(|text| text.trim_start().starts_with('{'))?;
    Some(Zeroizing::new(text.to_owned()))
}

/// Key and first block: digests of the digest before, the password and the salt, one behind the other.
fn derived(password: &[u8], salt: &[u8]) -> (Zeroizing<[u8; 32]>, [u8; BLOCK]) {
    let mut all = Zeroizing::new(Vec::with_capacity(3 * BLOCK));
    let mut last: Vec<u8> = Vec::new();
    while all.len() < 3 * BLOCK {
        last = md5(&[&last, password, salt].concat()).to_vec();
        all.extend_from_slice(&last);
    }
    let (mut key, mut first) = (Zeroizing::new([0; 32]), [0; BLOCK]);
    key.copy_from_slice(&all[..32]);
    first.copy_from_slice(&all[32..]);
    (key, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf '{"_sessions": []}' | openssl enc -aes-256-cbc -md md5 -k PASSWORD -a -A` with the hash of `my-machine` as password.
    const SEALED: &str = "U2FsdGVkX18GQdTmK+0agYdK60Zha1SLLQ29n0w8YRF7YOC/f3h/BwEJIBUQsgEQ";

    #[test]
    fn workspace_opens_with_the_id_of_its_machine_only() {
        assert!(is_sealed(SEALED) && !is_sealed("{}"));
        let hash = "62a09dd881fccba21f6b2e3e19409a60032096ed3fc46491b5cbdc628a58fe52";
        for id in ["my-machine", " my-machine\n", hash] {
            assert_eq!(open(SEALED, id).as_deref().map(String::as_str), Some("{\"_sessions\": []}"), "{id}");
        }
        for id in ["", "another", "MY-MACHINE-2"] {
            assert!(open(SEALED, id).is_none(), "{id}");
        }
        for text in ["U2FsdGVkX1", "U2FsdGVkX18=", "U2FsdGVkX1+AAAAAAAAAAAAA", "%%%"] {
            assert!(open(text, "my-machine").is_none(), "{text}");
        }
    }
}
