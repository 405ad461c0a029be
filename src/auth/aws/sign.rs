//! Signed requests of an identity that no SDK makes. Row 5.

use jiff::Timestamp;

use super::super::creds::AwsCredentials;
use crate::host::{AwsSigner, HttpRequest};

/// Adds the headers of the signature. The address has to be encoded already; headers that are there are signed too.
///
/// # Errors
/// Why the request cannot be signed: an address or a header that is none.
pub fn sign(
    request: &mut HttpRequest,
    credentials: &AwsCredentials,
    region: &str,
    service: &str,
    now: Timestamp,
) -> Result<(), String> {
    let signer = AwsSigner {
        access_key_id: &credentials.access_key_id,
        secret_access_key: &credentials.secret_access_key,
        session_token: credentials.session_token.as_ref(),
        region,
        service,
    };
    signer.sign(request, now)
}
