//! S3: signed requests with the keys of the environment, unsigned ones without any.

use super::address;
use super::bucket::Keeper;
use super::error::Error;
use super::http;
use super::object::{Object, encode};
use crate::host::xml::{elements, unescaped};
use crate::host::{AwsSigner, Host, HttpRequest, HttpResponse, Profiles, aws_domain, aws_endpoint, chosen_profile};
use crate::secret::Secret;

/// A list of keys, or a refusal.
const ANSWER_LIMIT: usize = 16 << 20;
/// Where buckets are whose region nobody names.
const REGION: &str = "us-east-1";

/// Keys to sign with.
struct Keys {
    id: String,
    secret: Secret,
    token: Option<Secret>,
}

/// One bucket.
pub(super) struct Client<'a> {
    host: &'a Host,
    endpoint: Option<String>,
    region: String,
    bucket: &'a str,
    keys: Option<Keys>,
}

impl<'a> Client<'a> {
    pub(super) fn new(host: &'a Host, object: &'a Object, query: &str) -> Result<Client<'a>, Error> {
        let keys = keys(host, query)?;
        for secret in keys.iter().flat_map(|keys| [Some(&keys.secret), keys.token.as_ref()]).flatten() {
            host.masker.register(secret);
        }
        let get = |names: &[&str]| names.iter().find_map(|name| host.env.get(name)).map(str::to_owned);
        let elsewhere = || aws_endpoint(&host.env, "AWS_ENDPOINT_URL_S3").map(str::to_owned);
        let endpoint = object.endpoint.clone().or_else(elsewhere);
        let region = object.region.clone().or_else(|| get(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
        Ok(Client {
            host,
            endpoint: endpoint.map(|url| url.trim_end_matches('/').to_owned()),
            region: region.unwrap_or_else(|| REGION.to_owned()),
            bucket: &object.bucket,
            keys,
        })
    }

    fn url(&self, key: &str, query: &str) -> String {
        let (key, bucket) = (encode(key, "/"), self.bucket);
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        if let Some(endpoint) = &self.endpoint {
            return format!("{endpoint}/{bucket}/{key}{query}");
        }
        let server = format!("s3.{}.{}", self.region, aws_domain(&self.region));
        // The certificate covers one label only.
        if bucket.contains('.') {
            format!("https://{server}/{bucket}/{key}{query}")
        } else {
            format!("https://{bucket}.{server}/{key}{query}")
        }
    }

    /// One request. A bucket in another region says where it is, and is asked there.
    fn ask(&mut self, key: &str, query: &str, limit: usize) -> Result<HttpResponse, Error> {
        let answer = self.ask_here(key, query, limit)?;
        let elsewhere = answer.header("x-amz-bucket-region").filter(|region| **region != *self.region);
        match elsewhere.map(str::to_owned).filter(|_| matches!(answer.status, 301 | 307 | 400)) {
            Some(region) => {
                self.region = region;
                self.ask_here(key, query, limit)
            }
            None => Ok(answer),
        }
    }

    fn ask_here(&self, key: &str, query: &str, limit: usize) -> Result<HttpResponse, Error> {
        let mut request = HttpRequest::get(self.url(key, query));
        if let Some(Keys { id, secret, token }) = &self.keys {
            let signer = AwsSigner {
                access_key_id: id,
                secret_access_key: secret,
                session_token: token.as_ref(),
                region: &self.region,
                service: "s3",
            };
            let signed = signer.sign(&mut request, self.host.now());
            signed.map_err(|_| Error::failed("the request cannot be signed"))?;
        }
        http::send(self.host, request, limit)
    }

    fn refused(&self, answer: &HttpResponse) -> Error {
        let text = String::from_utf8_lossy(&answer.body);
        let said = tags(&text, "Code").into_iter().chain(tags(&text, "Message")).collect::<Vec<_>>().join(": ");
        let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
        let help = if self.keys.is_some() {
            "check that the keys may read the bucket (s3:GetObject, for folders s3:ListBucket), and its region"
        } else {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE of a profile with keys; without keys only \
             public objects can be had"
        };
        Error::Failed {
            reason: format!("the bucket `{}` answered with status {}{said}", self.bucket, answer.status),
            help: help.to_owned(),
        }
    }
}

impl Keeper for Client<'_> {
    fn get(&mut self, key: &str, version: Option<&str>, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        let query = version.map(|version| format!("versionId={}", encode(version, ""))).unwrap_or_default();
        let answer = self.ask(key, &query, limit)?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            // A bucket that is not there is no missing object.
            404 if !String::from_utf8_lossy(&answer.body).contains("NoSuchBucket") => Ok(None),
            _ => Err(self.refused(&answer)),
        }
    }

    fn list(&mut self, prefix: &str, limit: usize) -> Result<(Vec<String>, bool), Error> {
        let mut keys = Vec::new();
        let mut page = String::new();
        loop {
            // Parameters in the order of their names, as the signature has them.
            let query = format!("{page}list-type=2&prefix={}", encode(prefix, ""));
            let answer = self.ask("", &query, ANSWER_LIMIT)?;
            if answer.status != 200 {
                return Err(self.refused(&answer));
            }
            let text = String::from_utf8_lossy(&answer.body);
            keys.extend(tags(&text, "Key"));
            let next = tags(&text, "NextContinuationToken").into_iter().next();
            if keys.len() > limit {
                return Ok((keys, true));
            }
            match next {
                Some(next) => page = format!("continuation-token={}&", encode(&next, "")),
                None => return Ok((keys, false)),
            }
        }
    }
}

/// The texts of all elements of a name.
fn tags(xml: &str, name: &str) -> Vec<String> {
    elements(xml, name).map(unescaped).collect()
}

/// The keys of the address, of the environment, or of a profile that has keys.
fn keys(host: &Host, query: &str) -> Result<Option<Keys>, Error> {
    let secret = |text: String| Secret::from(text);
    if let Some(id) = address::parameter(query, "aws_access_key_id") {
        let key = address::parameter(query, "aws_access_key_secret").unwrap_or_default();
        let token = address::parameter(query, "aws_access_token").map(secret);
        return Ok(Some(Keys { id, secret: Secret::from(key), token }));
    }
    let env = &host.env;
    let named = address::parameter(query, "aws_profile");
    if let (None, Some(id), Some(key)) = (&named, env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")) {
        let token = env.get("AWS_SESSION_TOKEN").map(Secret::from);
        return Ok(Some(Keys { id: id.to_owned(), secret: Secret::from(key), token }));
    }
    let is_asked = named.is_some();
    let profile = named.unwrap_or_else(|| chosen_profile(env).to_owned());
    let profiles = Profiles::read(env, &host.cwd);
    let found = profiles.keys(&profile).map(|keys| Keys {
        id: keys.id.to_owned(),
        secret: Secret::from(keys.secret),
        token: keys.token.map(Secret::from),
    });
    if is_asked && found.is_none() {
        return Err(Error::Failed {
            reason: format!("the AWS profile `{profile}` has no keys in the shared files of AWS tools"),
            help: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead".to_owned(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_without_a_parser_of_xml() {
        let xml = "<R><C><Key>a/b &amp; c&#x41;.yaml</Key></C><C><Key>d</Key></C><Next></Next></R>";
        assert_eq!(tags(xml, "Key"), ["a/b & cA.yaml", "d"]);
        assert_eq!(tags(xml, "Next"), [""]);
        assert!(tags(xml, "None").is_empty() && tags("<Key>open", "Key").is_empty());
    }
}
