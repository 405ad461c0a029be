//! Signatures of AWS (version 4) on requests that no SDK makes. Row 5.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign as signature,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use jiff::Timestamp;

use super::super::creds::AwsCredentials;
use crate::host::HttpRequest;
use crate::secret::Expose;

/// The service whose paths are signed as they are sent.
const S3: &str = "s3";

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
    let identity: Identity = Credentials::new(
        &credentials.access_key_id,
        credentials.secret_access_key.expose_secret(),
        credentials.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
        None,
        "atmos",
    )
    .into();
    let seconds = u64::try_from(now.as_second()).map_err(|error| error.to_string())?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let mut settings = SigningSettings::default();
    if service == S3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable =
        SignableRequest::new(request.method, request.url.as_str(), headers, SignableBody::Bytes(&request.body))
            .map_err(|error| error.to_string())?;
    let (instructions, _) = signature(signable, &parameters).map_err(|error| error.to_string())?.into_parts();
    let added: Vec<(String, String)> =
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    request.headers.extend(added);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    /// The example of the documentation of S3, "GET Object".
    #[test]
    fn requests_are_signed_as_documented() {
        let credentials = AwsCredentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: None,
            expiration: None,
            issued: Timestamp::UNIX_EPOCH,
            region: None,
        };
        let url = "https://examplebucket.s3.amazonaws.com/test.txt";
        let mut request = HttpRequest::get(url).header("range", "bytes=0-9");
        let now = "2013-05-24T00:00:00Z".parse().unwrap();
        sign(&mut request, &credentials, "us-east-1", "s3", now).unwrap();
        let header = |wanted: &str| {
            request.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).unwrap()
        };
        let expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert!(header("authorization").ends_with(expected), "{}", header("authorization"));
        assert_eq!(header("x-amz-date"), "20130524T000000Z");
    }
}
