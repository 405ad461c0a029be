//! Single values: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.

use std::sync::Arc;

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::value::Value;

/// AES-256 with the long nonces of SOPS.
type Cipher = AesGcm<Aes256, U32>;

/// The key of one file.
pub(super) struct DataKey(Cipher);

/// A value, and its text as the seal counts it.
pub(super) struct Opened {
    pub value: Value,
    pub bytes: Zeroizing<Vec<u8>>,
}

impl DataKey {
    /// `None` when it has another length.
    pub(super) fn new(key: &[u8]) -> Option<DataKey> {
        Cipher::new_from_slice(key).ok().map(DataKey)
    }

    /// Opens a value that stands at this place of the document.
    pub(super) fn open(&self, text: &str, place: &str) -> Result<Opened, &'static str> {
        if text.is_empty() {
            return Ok(Opened { value: Value::from(String::new()), bytes: Zeroizing::default() });
        }
        let parts = Parts::of(text).ok_or("is not encrypted, though it should be")?;
        let part = |text: &str| STANDARD.decode(text).map_err(|_| "is damaged");
        let nonce: [u8; 32] = part(parts.nonce)?.try_into().map_err(|_| "has a nonce of another length")?;
        let sealed = [part(parts.data)?, part(parts.tag)?].concat();
        let payload = Payload { msg: &sealed, aad: place.as_bytes() };
        let plain = self.0.decrypt(&nonce.into(), payload).map_err(|_| "is damaged, or stood somewhere else")?;
        let plain = Zeroizing::new(plain);
        let text = std::str::from_utf8(&plain).map_err(|_| "is no text")?;
        let value = value(text, parts.kind).ok_or("is not of the type that it says")?;
        Ok(Opened { value, bytes: plain })
    }
}

struct Parts<'t> {
    data: &'t str,
    nonce: &'t str,
    tag: &'t str,
    kind: &'t str,
}

impl Parts<'_> {
    fn of(text: &str) -> Option<Parts<'_>> {
        let inside = text.strip_prefix("ENC[AES256_GCM,data:")?.strip_suffix(']')?;
        let (data, rest) = inside.split_once(",iv:")?;
        let (nonce, rest) = rest.split_once(",tag:")?;
        let (tag, kind) = rest.split_once(",type:")?;
        Some(Parts { data, nonce, tag, kind })
    }
}

fn value(text: &str, kind: &str) -> Option<Value> {
    Some(match kind {
        "int" => text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::UInt)).ok()?,
        "float" => Value::Float(text.parse().ok()?),
        "bool" => Value::Bool(text.to_ascii_lowercase().parse().ok()?),
        "str" | "bytes" | "time" => Value::String(Arc::from(text)),
        _ => return None,
    })
}
