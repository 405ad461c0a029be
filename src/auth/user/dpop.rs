//! Proofs of possession (RFC 9449): a token is of use only to who has the key that it was asked for with. Row 5.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use zeroize::Zeroizing;

use crate::auth::store::seal::random;

/// A coordinate of the curve P-256, in bytes.
const COORDINATE: usize = 32;

/// The key of a sign-in. It goes into the encrypted cache with the refresh token that belongs to it.
pub(super) struct ProofKey {
    /// In the form PKCS #8.
    bytes: Zeroizing<Vec<u8>>,
}

impl ProofKey {
    /// A new key; the error says in words why there is none.
    pub(super) fn generate() -> Result<ProofKey, String> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| "no key could be made".to_owned())?;
        Ok(ProofKey { bytes: Zeroizing::new(made.as_ref().to_vec()) })
    }

    /// A key that was kept, as text.
    pub(super) fn from_text(text: &str) -> Option<ProofKey> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let key = ProofKey { bytes };
        key.pair().ok()?;
        Some(key)
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(&*self.bytes))
    }

    fn pair(&self) -> Result<EcdsaKeyPair, String> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.bytes, &SystemRandom::new())
            .map_err(|_| "the key is damaged".to_owned())
    }

    /// The proof for one request, with the `nonce` of the service if it wants one.
    pub(super) fn proof(&self, method: &str, url: &str, now: Timestamp, nonce: Option<&str>) -> Result<String, String> {
        let pair = self.pair()?;
        // An uncompressed point: a mark, then both coordinates.
        let point = pair.public_key().as_ref();
        let (x, y) = point
            .get(1..)
            .filter(|rest| rest.len() == 2 * COORDINATE)
            .map(|rest| rest.split_at(COORDINATE))
            .ok_or_else(|| "the key is damaged".to_owned())?;
        let id = random::<16>().map_err(|error| error.to_string())?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let header = json!({
            "typ": "dpop+jwt", "alg": "ES256",
            "jwk": {"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)},
        });
        let mut claims = json!({"jti": encode(&id), "htm": method, "htu": url, "iat": now.as_second()});
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature =
            pair.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| "nothing was signed".to_owned())?;
        Ok(format!("{signed}.{}", encode(signature.as_ref())))
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    fn part(proof: &str, index: usize) -> Value {
        let bytes = URL_SAFE_NO_PAD.decode(proof.split('.').nth(index).unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn proofs_are_signed_by_the_key_that_they_name_and_survive_the_cache() {
        let key = ProofKey::generate().unwrap();
        let key = ProofKey::from_text(&key.to_text()).unwrap();
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let proof = key.proof("POST", "https://x/v1/token", now, Some("n")).unwrap();
        let (header, claims) = (part(&proof, 0), part(&proof, 1));
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert_eq!(
            (&claims["htm"], &claims["htu"], &claims["nonce"]),
            (&json!("POST"), &json!("https://x/v1/token"), &json!("n"))
        );
        assert_eq!(claims["iat"], now.as_second());
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(header["jwk"][name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let (signed, signature) = proof.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &signature).unwrap();
        let again = key.proof("POST", "https://x/v1/token", now, None).unwrap();
        assert_ne!(part(&again, 1)["jti"], claims["jti"], "each proof counts once");
        assert!(ProofKey::from_text("nonsense").is_none());
    }
}
