//! Random names and secrets in the shapes that the service uses.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const KEY_ID_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Without vowels and look-alikes: the code is read aloud and typed.
const USER_CODE_ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    assert!(getrandom::fill(&mut bytes).is_ok(), "the system has no random numbers");
    bytes
}

fn spell<const N: usize>(alphabet: &[u8]) -> String {
    bytes::<N>().iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect()
}

/// `ASIA` and 16 characters, as temporary keys have them.
pub(crate) fn access_key_id() -> String {
    format!("ASIA{}", spell::<16>(KEY_ID_ALPHABET))
}

/// 40 characters, always with `/` and `+`: they change when URL-encoded, and a leak in that form must be found too.
pub(crate) fn secret_access_key() -> String {
    let text = STANDARD.encode(bytes::<27>());
    format!("{}/{}+{}", &text[..12], &text[12..24], &text[1..15])
}

/// A long token in base64 with padding, `/` and `+`.
pub(crate) fn session_token() -> String {
    format!("IQoJb3JpZ2luX2Vj/{}+{}==", STANDARD.encode(bytes::<96>()), STANDARD.encode(bytes::<96>()))
}

/// An opaque word for clients, codes and tokens.
pub(crate) fn opaque(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes::<33>()))
}

/// `WXYZ-BCDF`.
pub(crate) fn user_code() -> String {
    format!("{}-{}", spell::<4>(USER_CODE_ALPHABET), spell::<4>(USER_CODE_ALPHABET))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_those_of_the_service() {
        for _ in 0..50 {
            assert_eq!(access_key_id().len(), 20);
            let secret = secret_access_key();
            assert_eq!(secret.len(), 40, "{secret}");
            assert!(secret.contains('/') && secret.contains('+'));
            assert_eq!(user_code().len(), 9);
        }
        assert_ne!(opaque("aoa"), opaque("aoa"));
    }
}
