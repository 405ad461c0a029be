//! A certificate for one run: its key never leaves the memory of this process, and nobody trusts it afterwards.

use std::sync::Arc;

use base64::Engine as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Error;

/// Object identifiers, encoded.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const EXTENDED_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const SERVER: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const BITS: u8 = 0x03;

/// The certificate in PEM, for who is to trust it, and what the server speaks with.
pub(super) fn make(now: Timestamp) -> Result<(String, Arc<ServerConfig>), Error> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).map_err(Error::start)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random);
    let pair = pair.map_err(Error::start)?;
    let mut serial = [0_u8; 16];
    getrandom::fill(&mut serial).map_err(Error::start)?;
    // Positive, and of its full length.
    serial[0] = serial[0] & 0x7f | 0x40;
    let body = body(&serial, now, pair.public_key().as_ref());
    let signature = pair.sign(&random, &body).map_err(Error::start)?;
    let whole = sequence(&[body, algorithm(), bits(signature.as_ref())]);
    let text = base64::engine::general_purpose::STANDARD.encode(&whole);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(document.as_ref().to_vec()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(Error::start)?.with_no_client_auth();
    let config = config.with_single_cert(vec![CertificateDer::from(whole)], key).map_err(Error::start)?;
    Ok((pem, Arc::new(config)))
}

fn body(serial: &[u8], now: Timestamp, key: &[u8]) -> Vec<u8> {
    let name = sequence(&[tagged(
        0x31,
        &sequence(&[tagged(OID, COMMON_NAME), tagged(0x0c, b"atmos registry cache of one run")]),
    )]);
    let hour = 3600;
    let from = Timestamp::from_second(now.as_second() - hour).unwrap_or(now);
    // Longer than any run, and shorter than anybody would use it for.
    let until = Timestamp::from_second(now.as_second() + 7 * 24 * hour).unwrap_or(now);
    let public = sequence(&[sequence(&[tagged(OID, EC_PUBLIC_KEY), tagged(OID, P256)]), bits(key)]);
    let names = [tagged(0x82, b"localhost"), tagged(0x87, &[127, 0, 0, 1])].concat();
    let extensions = sequence(&[
        extension(ALTERNATIVE_NAME, false, &tagged(SEQUENCE, &names)),
        extension(CONSTRAINTS, true, &sequence(&[])),
        extension(USAGE, true, &tagged(BITS, &[0x07, 0x80])),
        extension(EXTENDED_USAGE, false, &sequence(&[tagged(OID, SERVER)])),
    ]);
    sequence(&[
        tagged(0xa0, &tagged(0x02, &[2])),
        tagged(0x02, serial),
        algorithm(),
        name.clone(),
        sequence(&[time(from), time(until)]),
        name,
        public,
        tagged(0xa3, &extensions),
    ])
}

fn algorithm() -> Vec<u8> {
    sequence(&[tagged(OID, ECDSA_SHA256)])
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let mark = if critical { tagged(0x01, &[0xff]) } else { Vec::new() };
    sequence(&[tagged(OID, id), mark, tagged(OCTETS, value)])
}

/// Until 2049 in the short form.
fn time(at: Timestamp) -> Vec<u8> {
    let at = at.to_zoned_datetime(TimeZone::UTC);
    let text = format!(
        "{:02}{:02}{:02}{:02}{:02}{:02}Z",
        at.year().rem_euclid(100),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    tagged(0x17, text.as_bytes())
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tagged(BITS, &[&[0], bytes].concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(SEQUENCE, &parts.concat())
}

fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = body.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    match body.len() {
        0..0x80 => out.push(digits.first().copied().unwrap_or_default()),
        // A length has at most eight bytes.
        _ => out.extend([0x80 | u8::try_from(digits.len()).unwrap_or(8)].iter().chain(&digits)),
    }
    out.extend_from_slice(body);
    out
}
