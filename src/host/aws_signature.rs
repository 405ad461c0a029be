//! Signatures of AWS (version 4) on requests that no SDK makes. Row 2.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningInstructions,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use jiff::Timestamp;

use super::{HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret};

/// The service whose paths are signed as they are sent.
const S3: &str = "s3";

/// Who signs, and for what.
#[derive(Debug, Clone, Copy)]
pub struct AwsSigner<'a> {
    pub access_key_id: &'a str,
    pub secret_access_key: &'a Secret,
    pub session_token: Option<&'a Secret>,
    pub region: &'a str,
    pub service: &'a str,
}

impl AwsSigner<'_> {
    /// Adds the headers of the signature. The address has to be encoded already; headers that are there are signed too.
    ///
    /// # Errors
    /// Why the request cannot be signed: an address or a header that is none.
    pub fn sign(&self, request: &mut HttpRequest, now: Timestamp) -> Result<(), String> {
        let instructions = self.instructions(request, SigningSettings::default(), now)?;
        let added: Vec<(String, String)> =
            instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        request.headers.extend(added);
        Ok(())
    }

    /// The address of the request with the signature in it: who has it can make the request for as long as `lifetime`.
    ///
    /// # Errors
    /// As [`AwsSigner::sign`].
    pub fn presign(&self, request: &HttpRequest, lifetime: Duration, now: Timestamp) -> Result<Secret, String> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(lifetime);
        let instructions = self.instructions(request, settings, now)?;
        let mut url = request.url.clone();
        for (name, value) in instructions.params() {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            url.push_str(&percent_encode(value));
        }
        Ok(Secret::from(url))
    }

    fn instructions(
        &self,
        request: &HttpRequest,
        mut settings: SigningSettings,
        now: Timestamp,
    ) -> Result<SigningInstructions, String> {
        let token = self.session_token.map(|token| token.expose_secret().to_owned());
        let secret = self.secret_access_key.expose_secret();
        let identity: Identity = Credentials::new(self.access_key_id, secret, token, None, "atmos").into();
        let seconds = u64::try_from(now.as_second()).map_err(|error| error.to_string())?;
        let mut body = SignableBody::Bytes(&request.body);
        if self.service == S3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            if settings.signature_location == SignatureLocation::QueryParams {
                body = SignableBody::UnsignedPayload;
            } else {
                settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            }
        }
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .settings(settings)
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(request.method, request.url.as_str(), headers, body)
            .map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| error.to_string())?.into_parts();
        Ok(instructions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// Who signs in the documentation of S3.
    fn example(secret: &Secret) -> AwsSigner<'_> {
        AwsSigner {
            access_key_id: "AKIAIOSFODNN7EXAMPLE",
            secret_access_key: secret,
            session_token: None,
            region: "us-east-1",
            service: S3,
        }
    }

    /// The examples of the documentation of S3: an object, and a list of objects.
    #[test]
    fn requests_are_signed_as_documented() {
        let secret = Secret::from(EXAMPLE_SECRET.to_owned());
        let signer = example(&secret);
        let base = "https://examplebucket.s3.amazonaws.com";
        for (mut request, expected) in [
            (
                HttpRequest::get(format!("{base}/test.txt")).header("range", "bytes=0-9"),
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                HttpRequest::get(format!("{base}/?max-keys=2&prefix=J")),
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            signer.sign(&mut request, "2013-05-24T00:00:00Z".parse().unwrap()).unwrap();
            let header = |wanted: &str| {
                request.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).unwrap()
            };
            assert!(header("authorization").ends_with(&format!("Signature={expected}")), "{}", header("authorization"));
            assert_eq!(header("x-amz-date"), "20130524T000000Z");
        }
    }

    /// The example of the documentation of S3.
    #[test]
    fn addresses_are_signed_as_documented() {
        let secret = Secret::from(EXAMPLE_SECRET.to_owned());
        let signer = example(&secret);
        let request = HttpRequest::get("https://examplebucket.s3.amazonaws.com/test.txt");
        let now = "2013-05-24T00:00:00Z".parse().unwrap();
        let url = signer.presign(&request, Duration::from_hours(24), now).unwrap();
        let url = url.expose_secret();
        for part in [
            "https://examplebucket.s3.amazonaws.com/test.txt?",
            "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request",
            "X-Amz-Date=20130524T000000Z",
            "X-Amz-Expires=86400",
            "X-Amz-SignedHeaders=host",
            "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        ] {
            assert!(url.contains(part), "{part}: {url}");
        }
    }

    /// As the SDK for Python signs the question behind the token of a cluster.
    #[test]
    fn headers_and_session_tokens_are_part_of_a_signed_address() {
        let (secret, token) = ("secret-key-of-the-example".to_owned(), "token/of+the=example".to_owned());
        let (secret, token) = (Secret::from(secret), Secret::from(token));
        let signer = AwsSigner {
            access_key_id: "ASIAEXAMPLE",
            secret_access_key: &secret,
            session_token: Some(&token),
            region: "eu-west-1",
            service: "sts",
        };
        let url = "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15";
        let request = HttpRequest::get(url).header("x-k8s-aws-id", "dev");
        let now = "2030-01-02T03:04:05Z".parse().unwrap();
        let signed = signer.presign(&request, Duration::from_mins(1), now).unwrap();
        let expected = "X-Amz-Signature=8aaaee9422357aa1742bff6f6869b5aa449d78bb0c713457ccfc192f3315f60c";
        assert!(signed.expose_secret().contains(expected), "{}", signed.expose_secret());
        assert!(signed.expose_secret().contains("X-Amz-Security-Token=token%2Fof%2Bthe%3Dexample"));
    }
}
