//! A certificate for one run: its key never leaves the memory of this process, and nobody trusts it afterwards.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use zeroize::Zeroizing;

use super::Error;

const HOUR: u64 = 3600;
/// Longer than any run, and shorter than anybody would use it for.
const VALID: u64 = 7 * 24 * HOUR;

/// The certificate in PEM, for who is to trust it, and what the server speaks with.
pub(super) fn make(now: Timestamp) -> Result<(String, Arc<ServerConfig>), Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map(Zeroizing::new).map_err(Error::start)?;
    let mut asked = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).map_err(Error::start)?;
    asked.distinguished_name = DistinguishedName::new();
    asked.distinguished_name.push(DnType::CommonName, "atmos registry cache of one run");
    let at = |second: u64| date_time_ymd(1970, 1, 1) + Duration::from_secs(second);
    let now = u64::try_from(now.as_second()).map_err(Error::start)?;
    (asked.not_before, asked.not_after) = (at(now.saturating_sub(HOUR)), at(now + VALID));
    asked.is_ca = IsCa::ExplicitNoCa;
    asked.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    asked.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = asked.self_signed(&*key).map_err(Error::start)?;
    // Borrowed: the one encoded copy is that which is zeroed.
    let encoded = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialized_der()));
    let signing = ring::sign::any_ecdsa_type(&encoded).map_err(Error::start)?;
    let both = CertifiedKey::new(vec![certificate.der().clone()], signing);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(Error::start)?.with_no_client_auth();
    let config = config.with_cert_resolver(Arc::new(SingleCertAndKey::from(both)));
    Ok((certificate.pem(), Arc::new(config)))
}
