//! Texts that a password seals in the way of the Go version of atmos: compact JWE (RFC 7516) with `PBES2-HS256+A128KW`
//! around the key and `A256GCM` around the text (RFC 7518, 4.8 and 5.3). They are only opened. Row 5.

use std::num::NonZeroU32;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherDecrypt as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::pbkdf2;
use serde::Deserialize;
use zeroize::Zeroizing;

const ALGORITHM: &str = "PBES2-HS256+A128KW";
const ENCRYPTION: &str = "A256GCM";
/// The Go version takes 8192. What a file asks for beyond this would keep the program busy and nothing else.
const MOST_ROUNDS: u32 = 2_000_000;
/// A half of a block, the unit in which keys are wrapped.
const HALF: usize = 8;

/// Why a text stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It is none of these texts, or it was changed.
    Damaged,
    WrongPassword,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    p2c: u32,
    p2s: String,
    /// What a reader has to understand, and compression: neither is known here.
    crit: Option<serde_json::Value>,
    zip: Option<serde_json::Value>,
}

/// The text that a password opens.
///
/// # Errors
/// [`Closed`].
pub fn open(token: &str, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let parts: Vec<&str> = token.trim().split('.').collect();
    let [head, key, nonce, sealed, tag] = parts[..] else { return Err(Closed::Damaged) };
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Closed::Damaged);
    let header: Header = serde_json::from_slice(&decode(head)?).map_err(|_| Closed::Damaged)?;
    if header.alg != ALGORITHM || header.enc != ENCRYPTION || header.crit.is_some() || header.zip.is_some() {
        return Err(Closed::Damaged);
    }
    let rounds = NonZeroU32::new(header.p2c).filter(|rounds| rounds.get() <= MOST_ROUNDS).ok_or(Closed::Damaged)?;
    let wrapping = derive(password, rounds, &decode(&header.p2s)?);
    let key = unwrap(&wrapping, &decode(key)?)?;
    let nonce: [u8; 12] = decode(nonce)?.try_into().map_err(|_| Closed::Damaged)?;
    let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_| Closed::Damaged)?;
    let sealed = [decode(sealed)?, decode(tag)?].concat();
    let payload = Payload { msg: &sealed, aad: head.as_bytes() };
    cipher.decrypt(&nonce.into(), payload).map(Zeroizing::new).map_err(|_| Closed::Damaged)
}

/// The key that wraps keys: PBKDF2 with HMAC-SHA-256. The algorithm's name is part of the salt.
fn derive(password: &[u8], rounds: NonZeroU32, input: &[u8]) -> Zeroizing<[u8; 16]> {
    let salt = [ALGORITHM.as_bytes(), &[0], input].concat();
    let mut key = Zeroizing::new([0; 16]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password, &mut *key);
    key
}

/// AES key wrap backwards (RFC 3394, 2.2.2). A wrong password shows here.
fn unwrap(wrapping: &[u8; 16], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
    const UNTOUCHED: [u8; HALF] = [0xa6; HALF];
    let Some((head, rest)) = wrapped.split_first_chunk::<HALF>() else { return Err(Closed::Damaged) };
    // A key of 256 bits, or a shorter one of the samples; a long one is nobody's key.
    if rest.is_empty() || rest.len() % HALF != 0 || rest.len() > 8 * HALF {
        return Err(Closed::Damaged);
    }
    let cipher = Aes128::new(wrapping.into());
    let (mut head, mut rest) = (u64::from_be_bytes(*head), Zeroizing::new(rest.to_vec()));
    let mut step = 6 * u64::try_from(rest.len() / HALF).map_err(|_| Closed::Damaged)?;
    while step > 0 {
        for half in rest.chunks_exact_mut(HALF).rev() {
            let mut block = [0; 2 * HALF];
            block[..HALF].copy_from_slice(&(head ^ step).to_be_bytes());
            block[HALF..].copy_from_slice(half);
            let mut block = block.into();
            cipher.decrypt_block(&mut block);
            let mut first = [0; HALF];
            first.copy_from_slice(&block[..HALF]);
            head = u64::from_be_bytes(first);
            half.copy_from_slice(&block[HALF..]);
            step -= 1;
        }
    }
    if head == u64::from_be_bytes(UNTOUCHED) { Ok(rest) } else { Err(Closed::WrongPassword) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by the library that the Go version uses.
    const TOKEN: &str = include_str!("../../../fixtures/reference-keyring/atmos_users_worker");
    const PASSWORD: &[u8] = b"correct-horse/battery+staple";

    fn rounds(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    #[test]
    fn keys_are_derived_and_unwrapped_as_in_the_samples_of_the_standards() {
        // RFC 7517, appendix C.
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let password = b"Thus from my lips, by yours, my sin is purged.";
        let wrapping = derive(password, rounds(4096), &decode("2WCTcJZ1Rvd_CJuJripQ1w"));
        assert_eq!(*wrapping, [110, 171, 169, 92, 129, 92, 109, 117, 233, 242, 116, 233, 170, 14, 24, 75]);
        let wrapped = decode("TrqXOwuNUfDV9VPTNbyGvEJ9JMjefAVn-TR1uIxR9p6hsRQh9Tk7BA");
        let key = unwrap(&wrapping, &wrapped).unwrap();
        assert_eq!((key.len(), &key[..4], &key[28..]), (32, &[111, 27, 25, 52][..], &[195, 48, 253, 182][..]));
        // RFC 3394, 4.1.
        let wrapping: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let wrapped = 0x1FA6_8B0A_8112_B447_AEF3_4BD8_FB5A_7B82_u128.to_be_bytes();
        let wrapped = [&wrapped[..], &0x9D3E_8623_71D2_CFE5_u64.to_be_bytes()].concat();
        let expected = 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF_u128.to_be_bytes();
        assert_eq!(unwrap(&wrapping, &wrapped).unwrap().as_slice(), expected);
        assert_eq!(unwrap(&[0; 16], &wrapped), Err(Closed::WrongPassword));
    }

    #[test]
    fn a_text_of_the_go_version_opens_with_its_password_only() {
        let text = open(TOKEN, PASSWORD).unwrap();
        assert!(text.starts_with(b"{\"Key\":\"atmos_users_worker\",\"Data\":\""));
        assert_eq!(open(TOKEN, b"battery staple"), Err(Closed::WrongPassword));
    }

    #[test]
    fn changed_and_foreign_texts_stay_closed() {
        let parts: Vec<&str> = TOKEN.trim().split('.').collect();
        let with = |at: usize, text: &str| {
            let mut parts = parts.clone();
            parts[at] = text;
            parts.join(".")
        };
        let head = |text: &str| with(0, &URL_SAFE_NO_PAD.encode(text));
        let known = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
        let texts = [
            String::new(),
            "hello".to_owned(),
            parts[..4].join("."),
            format!("{TOKEN}.x"),
            with(1, ""),
            with(1, "AAAA"),
            with(1, &"A".repeat(4000)),
            with(2, "AAAA"),
            with(3, ""),
            with(4, parts[2]),
            head("{}"),
            head(&known.replace("A256GCM", "A128GCM")),
            head(&known.replace("HS256", "HS512")),
            head(&known.replace("\"alg\"", "\"zip\":\"DEF\",\"alg\"")),
            head(&known.replace("8192", "4294967295")),
            head(&known.replace("8192", "0")),
            // Sealed with the text, though it says nothing.
            head(&known.replace("\"created\"", "\"Created\"")),
        ];
        for text in texts {
            assert_eq!(open(&text, PASSWORD), Err(Closed::Damaged), "{text}");
        }
    }
}
