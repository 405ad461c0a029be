//! The age format, as far as SOPS uses it: a short message for X25519 keys.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use ring::{hkdf, hmac};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::bech32;
use super::error::Error;

const VERSION: &str = "age-encryption.org/v1";
const PREFIX: &str = "AGE-SECRET-KEY-";
/// Bytes of the nonce before the payload.
const NONCE: usize = 16;

type Key = Zeroizing<[u8; 32]>;

/// Keys of a person, for X25519.
#[derive(Default)]
pub struct AgeKeys(Vec<StaticSecret>);

impl std::fmt::Debug for AgeKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AgeKeys({})", self.0.len())
    }
}

impl AgeKeys {
    /// The keys in the text of a key file or of a variable: several, in lines or words; `#` begins a comment line.
    ///
    /// # Errors
    /// Something in it is no key of this kind, or there is none.
    pub fn parse(text: &str) -> Result<AgeKeys, Error> {
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            for word in line.split_whitespace() {
                keys.push(secret(word).map_err(|reason| Error::Key { line: index + 1, reason })?);
            }
        }
        if keys.is_empty() { Err(Error::NoKey) } else { Ok(AgeKeys(keys)) }
    }

    pub fn extend(&mut self, more: AgeKeys) {
        self.0.extend(more.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The content of an armored message; `Ok(None)` when it is for somebody else, `Err` when it is damaged.
    pub(super) fn open(&self, armored: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ()> {
        let message = dearmored(armored).ok_or(())?;
        let message = Message::parse(&message).ok_or(())?;
        for stanza in &message.stanzas {
            for key in &self.0 {
                let Some(file_key) = stanza.open(key) else { continue };
                return message.content(&file_key).map(Some).ok_or(());
            }
        }
        Ok(None)
    }
}

fn secret(word: &str) -> Result<StaticSecret, &'static str> {
    let other = ["AGE-SECRET-KEY-PQ-", "AGE-PLUGIN-", "-----BEGIN"].iter().any(|kind| word.starts_with(kind));
    if other {
        return Err("keys of plugins, of SSH and for hybrid encryption are not built");
    }
    let bytes = bech32::decode(PREFIX, word).ok_or("it is damaged, or something else")?;
    let bytes: Key = Zeroizing::new(bytes.as_slice().try_into().map_err(|_| "it has another length")?);
    Ok(StaticSecret::from(*bytes))
}

fn dearmored(text: &str) -> Option<Vec<u8>> {
    let inside = text.trim().strip_prefix("-----BEGIN AGE ENCRYPTED FILE-----")?;
    let inside = inside.strip_suffix("-----END AGE ENCRYPTED FILE-----")?;
    let packed: String = inside.split_whitespace().collect();
    STANDARD.decode(packed).ok()
}

/// One way to the key of the message, for one recipient.
struct Stanza {
    share: [u8; 32],
    wrapped: Vec<u8>,
}

struct Message<'m> {
    stanzas: Vec<Stanza>,
    /// What the seal is about.
    header: &'m [u8],
    seal: Vec<u8>,
    nonce: &'m [u8],
    payload: &'m [u8],
}

impl Message<'_> {
    fn parse(bytes: &[u8]) -> Option<Message<'_>> {
        let end = bytes.windows(5).position(|window| window == b"\n--- ")? + 4;
        let (header, rest) = bytes.split_at(end);
        let line_end = rest.iter().position(|byte| *byte == b'\n')?;
        let seal = STANDARD_NO_PAD.decode(rest[..line_end].strip_prefix(b" ")?).ok()?;
        let rest = &rest[line_end + 1..];
        let (nonce, payload) = rest.split_at_checked(NONCE)?;
        let text = std::str::from_utf8(header).ok()?;
        let mut lines = text.strip_suffix("\n---")?.lines();
        let mut stanzas = Vec::new();
        if lines.next()? != VERSION {
            return None;
        }
        while let Some(line) = lines.next() {
            let mut words = line.strip_prefix("-> ")?.split(' ');
            let kind = words.next()?;
            let mut body = String::new();
            // A body ends with a short line, which may be empty.
            loop {
                let line = lines.next()?;
                body.push_str(line);
                if line.len() < 64 {
                    break;
                }
            }
            if kind == "X25519" {
                let share = STANDARD_NO_PAD.decode(words.next()?).ok()?.try_into().ok()?;
                stanzas.push(Stanza { share, wrapped: STANDARD_NO_PAD.decode(body).ok()? });
            }
        }
        Some(Message { stanzas, header, seal, nonce, payload })
    }

    /// What is encrypted with the key of the message; SOPS never has more than one piece.
    fn content(&self, file_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let sealing = derived(&[], file_key, b"header")?;
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &*sealing), self.header, &self.seal).ok()?;
        let key = derived(self.nonce, file_key, b"payload")?;
        // The first piece is the last one.
        let nonce = Nonce::from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        ChaCha20Poly1305::new(&(*key).into()).decrypt(&nonce, self.payload).ok().map(Zeroizing::new)
    }
}

impl Stanza {
    fn open(&self, secret: &StaticSecret) -> Option<Zeroizing<Vec<u8>>> {
        let shared = secret.diffie_hellman(&PublicKey::from(self.share));
        if !shared.was_contributory() {
            return None;
        }
        let salt = [self.share, PublicKey::from(secret).to_bytes()].concat();
        let key = derived(&salt, shared.as_bytes(), b"age-encryption.org/v1/X25519")?;
        let opened = ChaCha20Poly1305::new(&(*key).into()).decrypt(&Nonce::from([0; 12]), self.wrapped.as_slice());
        opened.ok().map(Zeroizing::new)
    }
}

fn derived(salt: &[u8], key: &[u8], purpose: &[u8]) -> Option<Key> {
    let mut made = Key::default();
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key);
    extracted.expand(&[purpose], hkdf::HKDF_SHA256).ok()?.fill(&mut *made).ok()?;
    Some(made)
}
